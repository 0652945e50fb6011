"""A lab: controls, stage, charts and transport around one session. Each lab of the course is made of this."""

from __future__ import annotations

import dataclasses
import threading
import time
from html import escape
from importlib import import_module
from typing import Any

import ipywidgets as widgets

from gan_edu import catalogue, views
from gan_edu.data.target import Target
from gan_edu.games.game import Game
from gan_edu.labs.charts import Charts, panels_of_modes
from gan_edu.labs.draw_target import DrawTarget
from gan_edu.labs.registry import replace
from gan_edu.labs.session import Run, Session, Who
from gan_edu.labs.settings_panel import SettingsPanel
from gan_edu.labs.share_panel import SharePanel
from gan_edu.labs.slow_motion import SlowMotion
from gan_edu.labs.stage import PATIENCE, Stage
from gan_edu.labs.style import STYLE
from gan_edu.labs.texts import TEXTS
from gan_edu.labs.transport import Transport
from gan_edu.labs.worker import FairLock, Worker
from gan_edu.parameters import peel, wrap
from gan_edu.presets import PRESETS
from gan_edu.recording import Recording
from gan_edu.training import Settings, resolve

LAYERS = ("field", "data", "samples", "curves", "tiles")
DRAWN_PER_SECOND = 18
SHARE_OF_TIME = 0.3
"""At full speed, the part of the time that pictures may take from training."""
WORDS_EVERY = 0.5
TIMELINE_EVERY = 0.33


class Lab(widgets.VBox):
    """A training that can be watched, stopped, changed, scrubbed back, forked and compared.

    Args:
        settings: What is trained.
        recorded: A packed run that plays until something is trained.
        curves: Arrays for the charts of that run.
        size: Greatest width of the stage.
        key: Of the lab, so that making it again stops the old one; by default the notebook's cell.
    """

    with_charts = True
    subject = "collapse"
    """Whose presets are offered."""
    layers: tuple[str, ...] = LAYERS
    """Those that are drawn at first."""

    def __init__(
        self,
        settings: Settings,
        *,
        recorded: bytes = b"",
        curves: dict[str, Any] | None = None,
        size: int = 480,
        key: str | None = None,
    ) -> None:
        replace(self, key)  # before anything else: an old lab must not go on sending to views that are gone
        self.session = Session(settings)
        self.other: Run | None = None
        self.population = 0
        self.lock = FairLock()
        self.worker = Worker(self._failed, self._ended)
        self.trace = ""
        self._curves = curves or None
        self._caches: dict[str, views.Cache] = {}
        self._words = ""
        self._words_at = self._told_at = self._drawn_at = self._drawing = 0.0
        offered = offered_layers(settings.game.target)
        self.stage = Stage(
            on_theme=lambda: self.charts.request(),
            size=size,
            layers=list(self.layers),
            offered=offered,
            alt=TEXTS["alt"],
        )
        if recorded:
            self.stage.run, self.stage.autoplay, self.stage.mode = recorded, True, "player"
        self.beside = Stage(size=size, layers=list(self.layers), alt=TEXTS["alt_other"])
        for trait in ("layers", "offered"):
            widgets.link((self.stage, trait), (self.beside, trait))
        self.panel = SettingsPanel(settings, self._wish, self.use_preset, self.subject)
        self.transport = Transport(self)
        self.charts = Charts(
            self._curves_now, lambda: self.worker.running and not self.transport.every_frame, self.panels
        )
        self.charts_worker = Worker(self._failed)
        self.slow = SlowMotion(self)
        self.drawing = DrawTarget(self.use_target, self.say)
        self.share = SharePanel(self)
        self.message = widgets.HTML().add_class("gan-lab-message")
        super().__init__()
        self.add_class("gan-lab")
        self.main = widgets.HBox().add_class("gan-lab-main")
        self._controls = self.controls().add_class("gan-lab-panel")
        self.children = [widgets.HTML(STYLE).add_class("gan-lab-style"), *self.arrange()]
        self._lay_out()
        if recorded:
            self.say("recorded")
            self.refresh()
        else:
            self.draw()
        self.stage.on_msg(self._first_seen)
        self.stage.observe(lambda _: None if self.worker.running else self.draw(), "layers")

    def arrange(self) -> list[widgets.Widget]:
        """The parts, from top to bottom."""
        tabs = widgets.Tab([self.charts.box, self.drawing.box, self.share.box])
        tabs.titles = [TEXTS[f"tab_{name}"] for name in ("charts", "draw", "share")]
        self.tabs = tabs
        return [self.main, self.message, self.transport.box, self.slow.box, tabs]

    def panels(self, game: Game) -> list[Any]:
        """The panels of the charts."""
        return panels_of_modes(game)

    def controls(self) -> widgets.VBox:
        """What stands beside the stage."""
        return self.panel.box()

    def _lay_out(self) -> None:
        stages = [self.stage] if self.other is None else [self.beside, self.stage]
        self.main.children = [*stages, self._controls]

    # ---- what buttons do

    def train(self) -> None:
        """Train live until paused."""
        self.live()
        self.go_on()
        self.worker.start(self._train)
        self.refresh()

    def pause(self) -> None:
        """Stop training."""
        self.worker.stop()
        self.draw()

    def step(self, who: Who = "both") -> None:
        """One step of both players, or one update of one of them."""
        self.worker.stop()
        self.live()
        self.go_on()
        with self.lock:
            self.session.advance(who, steps=1)
            self._keep_up()
        self.draw()

    def live(self) -> None:
        """From the recorded run to the live one."""
        if self.stage.mode != "live":
            self.stage.mode = "live"
            self._curves = None
            self.message.value = ""

    def go_on(self) -> None:
        """Fork if what is shown is not the newest moment, and say so."""
        if not self.session.at_newest:
            self.fork()

    def fork(self) -> Run:
        """A new run from the moment that is shown; the old one keeps all of its frames."""
        self.worker.stop()
        self.live()
        with self.lock:
            old, step = self.session.run.name, self.session.frame.step
            run = self.session.fork()
        self.say("forked", step=step, name=run.name, old=old)
        self.draw()
        return run

    def scrub(self, index: int) -> None:
        """Look at another frame; pauses the training."""
        self.worker.stop()
        self.live()
        with self.lock:
            self.session.scrub(index)
        self.draw()

    def reset(self) -> None:
        """Start afresh with the settings of the controls; the old run is kept."""
        training = self.worker.running
        self.worker.stop()
        self.live()
        with self.lock:
            old, run = self.session.run.name, self.session.reset()
        self.population = min(self.population, len(self.session.frame.alive) - 1)
        self.say("fresh_run", name=run.name, more=TEXTS["kept"].format(name=old) if old != run.name else "")
        self.panel.say_waiting(self.session.waiting)
        self.draw()
        if training:
            self.train()

    def compare(self, on: bool) -> None:
        """Put a twin beside the run in hand, or take it away."""
        training = self.worker.running
        self.worker.stop()
        if on:
            self.live()
            with self.lock:
                self.other, run = self.session.twin()
            self.say("compared", name=run.name, old=self.other.name)
        else:
            self.other = None
        self._lay_out()
        self.draw()
        if training:
            self.train()

    def take(self, name: str, beside: bool = False) -> None:
        """Put a kept run in hand, or beside the one in hand."""
        self.worker.stop()
        self.live()
        with self.lock:
            run = self.session.named(name)
            if beside:
                self.other = run
            else:
                self.session.take(run)
                self.population = min(self.population, len(self.session.frame.alive) - 1)
                self.panel.set(self.session.wanted)
                self.say("switched", name=name, note=run.note)
        self.draw()

    def adopt(self, recording: Recording, note: str = "") -> None:
        """Put a recording that was loaded in hand."""
        self.worker.stop()
        self.live()
        with self.lock:
            run = self.session.adopt(recording, note)
        self.panel.set(self.session.wanted)
        self.say("switched", name=run.name, note=note)
        self.draw()

    def close(self) -> None:
        """Stop for good."""
        self.worker.stop()
        self.charts_worker.stop()
        for part in (self.stage, self.beside, self.drawing.stage, self.charts):
            part.close()
        widgets.VBox.close(self)

    # ---- settings

    def use_preset(self, name: str) -> None:
        """Start a run with the settings of a preset, and train it."""
        preset = PRESETS[name]
        keep = {"seed": self.session.wanted.seed, "runs": self.session.wanted.runs}
        self.use(resolve(preset.make(), {**keep, **preset.settings}), fresh=True)
        if not self.worker.running:
            self.train()

    def use_target(self, target: Target) -> None:
        """Train on another target from now on."""
        wanted = self.session.wanted
        remedies, game = peel(wanted.game.recipe or {})
        game = {**game, "arguments": {**game["arguments"], "target": target.recipe}}
        self.use(dataclasses.replace(wanted, game=catalogue.build(wrap(game, remedies))))
        if not self.worker.running:
            self.train()

    def use(self, settings: Settings, fresh: bool = False) -> None:
        """Make controls and training follow these settings."""
        self.panel.set(settings)
        self._wish(settings, fresh)

    def _wish(self, wanted: Settings | ValueError, fresh: bool = False) -> None:
        if isinstance(wanted, ValueError):
            self.say("refused", error=wanted)
            self.panel.set(self.session.wanted)
            return
        with self.lock:
            waited = self.session.waiting
            self.session.change(wanted)
            other_shape = wanted.game.target.dim != self.session.running.game.target.dim
        if fresh or other_shape:
            self.reset()
            if other_shape:
                self.say("new_shape", name=self.session.run.name)
        self.stage.offered = offered_layers(self.session.running.game.target)
        waiting = self.session.waiting
        self.panel.say_waiting(waiting)
        if waiting and waiting != waited:  # the note in the panel may be folded away
            self.say("fresh_waiting", names=", ".join(waiting).replace("_", " "))
        if not self.worker.running and self.stage.mode == "live":
            self.draw()

    # ---- pictures and words

    def say(self, key: str, more: str = "", **values: Any) -> None:
        """Tell what has happened."""
        words = TEXTS[key].format(**values) + more
        self.message.value = f'<div role="status">{escape(words)}</div>'

    def draw(self) -> None:
        """Show the moment that is looked at."""
        began = time.perf_counter()
        training = self.worker.running
        with self.lock:
            session = self.session
            if began - self._words_at > WORDS_EVERY or not training:
                self._words = views.sentence(session.recording, session.position, self.population)
                self._words_at = began
            titled = len(session.runs) > 1
            self.stage.show(
                views.scene(
                    session.recording,
                    session.position,
                    self.population,
                    layers=self.stage.layers,
                    caption=self._words,
                    title=session.run.name if titled else "",
                    target=session.next_target,
                )
            )
            if self.other is not None:
                self._draw_beside(self.other)
            told = began - self._told_at > TIMELINE_EVERY or not training
        if told:
            self._told_at = began
            self.refresh()
        self.charts.request()
        self._drawn_at = time.perf_counter()
        self._drawing = self._drawn_at - began

    def _draw_beside(self, other: Run) -> None:
        index = self.session.beside(other)
        run = min(self.population, len(other.recording[index].alive) - 1)
        words = views.sentence(other.recording, index, run)
        self.beside.show(
            views.scene(
                other.recording, index, run, layers=self.stage.layers, caption=words, title=other.name
            )
        )

    def _curves_now(self) -> dict[str, Any] | None:
        # plotly stumbles over news for a view that is gone, and says nothing; the stage answers, so it is asked
        if not self.stage.wait(PATIENCE):
            return None
        theme = self.stage.shown_theme
        with self.lock:
            session = self.session
            if self._curves is not None:
                return {"settings": session.running, "a": self._curves, "theme": theme}
            runs = [session.run] if self.other is None else [self.other, session.run]
            arrays = [
                views.metrics_over_time(
                    run.recording,
                    min(self.population, len(run.recording[0].alive) - 1),
                    cache=self._caches.setdefault(f"{run.name} {self.population}", {}),
                )
                for run in runs
            ]
            return {
                "settings": session.frame.settings,
                "a": arrays[0],
                "b": arrays[1] if self.other is not None else None,
                "cursor": None if session.at_newest else session.frame.step,
                "theme": theme,
            }

    def refresh(self) -> None:
        """Say where the session stands, in timeline, menus and text."""
        self.transport.refresh()
        if not self.worker.running:
            self.share.refresh()

    def _keep_up(self) -> None:
        if self.other is not None:
            self.session.keep_up(self.other)

    def _train(self, stop: threading.Event) -> None:
        import_tracer()
        while not stop.is_set():
            with self.lock:
                frame = self.session.advance(steps=self.transport.steps_per_frame)
                self._keep_up()
            if frame is None:
                break
            pause = max(1 / DRAWN_PER_SECOND, self._drawing / SHARE_OF_TIME)
            if self.transport.every_frame:
                self.draw()
                patience = time.monotonic() + PATIENCE
                # short waits: whoever stops this thread may be the one that the browser's news come through
                while not (stop.is_set() or self.stage.wait(0.05, behind=1)) and time.monotonic() < patience:
                    if not self.stage.viewed:
                        break
            elif time.perf_counter() - self._drawn_at > pause:
                self.draw()

    def _first_seen(self, _widget: Any, content: dict[str, Any], _buffers: Any) -> None:
        if content["kind"] == "ready" and not self.charts_worker.running:
            self.charts_worker.start(self._get_ready)

    def _get_ready(self, stop: threading.Event) -> None:
        """After the first picture, what takes seconds: the engine's first step, and plotly."""
        import_tracer()
        with self.lock:
            training = self.session.recording.training
            if training is not None and not stop.is_set():
                training.warm_up()
        if self.with_charts:
            self.charts.request()
            self.charts.run(stop)

    def _failed(self, error: BaseException, trace: str) -> None:
        self.trace = trace
        self.say("failed", error=f"{type(error).__name__}: {error}")

    def _ended(self) -> None:
        self.draw()


def import_tracer() -> None:
    """What the engine's first trace of a process imports, a second or two: here, so that no control waits for it.

    Importing is all that can go without the lab's lock: the tracer patches torch while it is at work.
    """
    import_module("torch._dynamo")


def offered_layers(target: Target) -> list[str]:
    """What the legend offers for pictures of a target, beside what the pictures have."""
    if target.image_shape:
        return ["tiles"]
    if target.dim == 1:
        return ["data", "samples", "arrows"]
    return ["data", "samples", "manifold", "trails", *(["field", "arrows"] if target.dim == 2 else [])]
