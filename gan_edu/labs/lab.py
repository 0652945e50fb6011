"""A lab: controls, stage, charts and transport around one session. Each lab of the course is made of this."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from html import escape
from typing import Any

import ipywidgets as widgets

from gan_edu import views
from gan_edu.labs.registry import replace
from gan_edu.labs.session import Session, Who
from gan_edu.labs.settings_panel import SettingsPanel
from gan_edu.labs.stage import Stage
from gan_edu.labs.texts import TEXTS
from gan_edu.labs.transport import Transport
from gan_edu.labs.worker import FairLock, Worker
from gan_edu.training import Settings

LAYERS = ("field", "data", "samples", "curves", "tiles")
OFFERED = ("arrows", "manifold", "trails")
DRAWN_PER_SECOND = 25
SHARE_OF_TIME = 0.2
"""At full speed, the part of the time that pictures may take from training."""
WORDS_EVERY = 0.5
TIMELINE_EVERY = 0.2


class Lab(widgets.VBox):
    """A training that can be watched, stopped, changed, scrubbed back, forked and compared."""

    def __init__(self, settings: Settings, *, size: int = 500, key: str | None = None) -> None:
        self.session = Session(settings)
        self.population = 0
        self.lock = FairLock()
        self.worker = Worker(self._failed, self._ended)
        self.stage = Stage(size=size, layers=list(LAYERS), alt=TEXTS["alt"])
        self.panel = SettingsPanel(settings, self._wish)
        self.transport = Transport(self)
        self.message = widgets.HTML().add_class("gan-lab-message")
        self._words = ""
        self._words_at = self._timeline_at = self._drawn_at = 0.0
        self._drawing = 0.0
        super().__init__()
        self.add_class("gan-lab")
        self.children = self.arrange()
        self.draw()
        replace(self, key)

    def arrange(self) -> tuple[widgets.Widget, ...]:
        """The parts, from top to bottom."""
        row = widgets.HBox([self.stage, self.panel.box()]).add_class("gan-lab-main")
        return (row, self.message, self.transport.box)

    # ---- what buttons do

    def train(self) -> None:
        """Train live until paused."""
        self.go_on()
        self.worker.start(self._train)
        self.transport.refresh()

    def pause(self) -> None:
        """Stop training."""
        self.worker.stop()
        self.transport.refresh()
        self.draw()

    def step(self, who: Who = "both") -> None:
        """One step of both players, or one update of one of them."""
        self.worker.stop()
        self.go_on()
        with self.lock:
            self.session.advance(who, steps=1)
        self.draw()

    def go_on(self) -> None:
        """Fork if what is shown is not the newest moment, and say so."""
        if not self.session.at_newest:
            self.fork()

    def fork(self) -> None:
        """A new run from the moment that is shown."""
        with self.lock:
            old, step = self.session.run.name, self.session.frame.step
            run = self.session.fork()
        self.say("forked", step=step, name=run.name, old=old)
        self.draw()

    def scrub(self, index: int) -> None:
        """Look at another frame; pauses the training."""
        self.worker.stop()
        with self.lock:
            self.session.scrub(index)
        self.draw()

    def reset(self) -> None:
        """Start afresh with the settings of the controls; the old run is kept."""
        playing = self.worker.running
        self.worker.stop()
        with self.lock:
            old, run = self.session.run.name, self.session.reset()
        self.say("fresh_run", name=run.name, more=TEXTS["kept"].format(name=old) if old != run.name else "")
        self.draw()
        if playing:
            self.train()

    def close(self) -> None:
        """Stop for good."""
        self.worker.stop()
        super().close()

    # ---- settings

    def _wish(self, wanted: Settings | ValueError) -> None:
        if isinstance(wanted, ValueError):
            self.say("refused", error=wanted)
            self.panel.set(self.session.wanted)
            return
        with self.lock:
            self.session.change(wanted)
        self.panel.say_waiting(self.session.waiting)

    # ---- pictures and words

    def say(self, key: str, more: str = "", **values: Any) -> None:
        """Tell what has happened."""
        words = TEXTS[key].format(**values) + more
        self.message.value = f'<div role="status">{escape(words)}</div>'

    def draw(self) -> None:
        """Show the moment that is looked at, now."""
        began = time.perf_counter()
        with self.lock:
            recording, position = self.session.recording, self.session.position
            if began - self._words_at > WORDS_EVERY or not self.worker.running:
                self._words = views.judge(recording, position, self.population).sentence
                self._words_at = began
            layers = self.stage.layers
            title = self.session.run.name if len(self.session.runs) > 1 else ""
            picture = views.scene(
                recording, position, self.population, layers=layers, caption=self._words, title=title
            )
            self.stage.show(picture)
        if began - self._timeline_at > TIMELINE_EVERY or not self.worker.running:
            self._timeline_at = began
            self.transport.refresh()
        self._drawn_at = time.perf_counter()
        self._drawing = self._drawn_at - began

    def _train(self, stop: threading.Event) -> None:
        while not stop.is_set():
            with self.lock:
                frame = self.session.advance(steps=self.transport.steps_per_frame)
            if frame is None:
                break
            if self.transport.every_frame:
                self.draw()
                self.stage.wait()
            elif time.perf_counter() - self._drawn_at > max(1 / DRAWN_PER_SECOND, self._drawing / SHARE_OF_TIME):
                self.draw()

    def _failed(self, error: BaseException, trace: str) -> None:
        self.say("failed", error=f"{type(error).__name__}: {error}")
        self.trace = trace

    def _ended(self) -> None:
        self.draw()
