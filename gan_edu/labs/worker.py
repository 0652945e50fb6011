"""Work in a thread of its own, so that every control answers while a lab trains."""

from __future__ import annotations

import contextvars
import threading
import traceback
from collections.abc import Callable
from types import TracebackType

import torch

Job = Callable[[threading.Event], None]
"""Work that looks at the event often, and ends soon after it is set."""


class FairLock:
    """A lock that a waiting thread gets before the one that has just released it takes it again.

    A plain lock is nearly always won back by a loop that releases it for a moment, and a button would wait.

    Example:
        >>> lock = FairLock()
        >>> with lock:
        ...     pass
    """

    def __init__(self) -> None:
        self._door, self._room = threading.Lock(), threading.Lock()

    def __enter__(self) -> None:
        with self._door:
            self._room.acquire()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self._room.release()


class Worker:
    """One job at a time in a background thread.

    Args:
        on_error: Gets the exception and its traceback as text when a job fails: a thread's own goes unseen.
        on_end: Is called when a job has ended, in whatever way.

    Example:
        >>> worker = Worker(on_error=print)
        >>> worker.start(lambda stop: None)
        >>> worker.stop()
        >>> worker.running
        False
    """

    def __init__(
        self, on_error: Callable[[BaseException, str], None], on_end: Callable[[], None] = lambda: None
    ) -> None:
        self._on_error, self._on_end = on_error, on_end
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def running(self) -> bool:
        """Whether a job is at work and has not been told to stop."""
        return self._thread is not None and self._thread.is_alive() and not self._stop.is_set()

    def start(self, job: Job) -> None:
        """Stop what is running, then run the job in a new thread."""
        self.stop()
        stop = self._stop = threading.Event()
        # a copied context: without it some kernels can't send widget updates from a thread
        context = contextvars.copy_context()
        self._thread = threading.Thread(target=context.run, args=(self._run, job, stop), daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Tell the job to stop, and wait for it (unless it is the job itself that asks)."""
        self._stop.set()
        thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join()

    def _run(self, job: Job, stop: threading.Event) -> None:
        torch.set_num_threads(1)  # toy networks: more threads spin and wait, and the browser needs a core
        try:
            job(stop)
        except Exception as error:  # shown in the lab, whatever it is
            self._on_error(error, traceback.format_exc())
        finally:
            stop.set()
            self._on_end()
