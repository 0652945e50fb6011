"""Where to compute: the choice of a device, its errors, and whole steps as one CUDA graph."""

from __future__ import annotations

import ctypes
import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from gan_edu.dynamics.dynamics import State

if TYPE_CHECKING:
    from gan_edu.games.game import Game

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # from malloc.h
DEVICES = ("auto", "cpu", "cuda", "mps")
WORTH_IT = 2e9
"""Multiplications a step from which a GPU is chosen by itself; below, a CPU core is done before it has started."""


def available() -> tuple[str, ...]:
    """The devices of this machine, best last: `("cpu",)`, `("cpu", "cuda")`, ..."""
    found = ["cpu"]
    if torch.backends.mps.is_available():
        found.append("mps")
    if torch.cuda.is_available():
        found.append("cuda")
    return tuple(found)


def choose(device: str, game: Game, samples: int) -> str:
    """The device to train on.

    Args:
        device: auto, cpu, cuda or mps. `auto` takes CUDA when it is there and the step is large enough to gain
            from it, and the CPU otherwise.
        game: Its networks tell how much a sample costs.
        samples: Samples a step, all runs together.

    Raises:
        ValueError: If the device is unknown or not there.
    """
    if device not in DEVICES:
        raise ValueError(f"device must be one of {', '.join(DEVICES)}; got {device!r}")
    found = available()
    if device == "auto":
        work = 6.0 * samples * (game.discriminator.n_parameters + game.generator.n_parameters)
        return found[-1] if work >= WORTH_IT else "cpu"
    if device not in found:
        raise ValueError(f"device must be one that this machine has ({', '.join(found)}); got {device!r}")
    return device


@functools.cache
def keep_freed_memory() -> bool:
    """Ask the C library not to hand freed memory back to the system after every step.

    A step frees buffers of a megabyte and asks for them again at once; glibc gives them back each time, and the
    page faults then cost more than the arithmetic: a population of 16 at width 64 trains 1.6 times faster without
    (`benchmarks/tricks.py`).

    Returns:
        Whether the library understood; other systems than Linux have no such habit.
    """
    try:
        libc = ctypes.CDLL(None)
        return bool(libc.mallopt(M_MMAP_THRESHOLD, 2**25)) and bool(libc.mallopt(M_TRIM_THRESHOLD, 2**28))
    except (OSError, AttributeError, TypeError):
        return False


def synchronise(device: str) -> None:
    """Wait until the device has done what it was given, so that a clock tells the truth."""
    if device == "cuda":
        torch.cuda.synchronize()
    elif device == "mps":
        torch.mps.synchronize()


@contextmanager
def memory_errors(runs: int) -> Iterator[None]:
    """Turn an out-of-memory failure into one sentence that says what to do."""
    try:
        yield
    except (torch.OutOfMemoryError, MemoryError, RuntimeError) as error:
        if not isinstance(error, torch.OutOfMemoryError | MemoryError) and "allocate" not in str(error):
            raise
        raise MemoryError(
            f"out of memory with {runs} runs at once; use fewer runs, a smaller batch or a narrower network"
        ) from error


class CapturedStep:
    """One training step recorded as a CUDA graph: replayed without Python, one launch for hundreds of kernels.

    Args:
        step: state -> state, pure but for the random numbers that it draws from `generator`.
        state: A state of the shapes to come.
        generator: Its random numbers; it is at the same place afterwards as before.
    """

    def __init__(self, step: Callable[[State], State], state: State, generator: torch.Generator) -> None:
        self._static = _map(state, torch.clone)
        before = generator.get_state()
        side = torch.cuda.Stream()
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(
            side
        ):  # libraries set themselves up in the first calls, which may not be captured
            for _ in range(3):
                step(self._static)
        torch.cuda.current_stream().wait_stream(side)
        self._graph = torch.cuda.CUDAGraph()
        self._graph.register_generator_state(generator)
        with torch.cuda.graph(self._graph):
            _copy(self._static, step(self._static))
        generator.set_state(before)

    def __call__(self, state: State, calls: int) -> State:
        """The state after so many steps, in memory of its own."""
        _copy(self._static, state)
        for _ in range(calls):
            self._graph.replay()
        return _map(self._static, torch.clone)


def _map(state: State, change: Callable[[Tensor], Tensor]) -> State:
    """A state with every tensor changed."""
    return State.from_named({path: change(tensor) for path, tensor in state.named().items()}, state.step)


def _copy(into: State, state: State) -> None:
    for static, value in zip(into.named().values(), state.named().values(), strict=True):
        static.copy_(value)
