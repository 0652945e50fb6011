"""Transport: play, pause, step, timeline, reset, fork, compare, slow motion, and which run is in hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from gan_edu.labs.controls import Control
from gan_edu.labs.texts import TEXTS
from gan_edu.training import NUMBERS

if TYPE_CHECKING:
    from gan_edu.labs.lab import Lab

ICONS = {"train": "play", "pause": "pause"}
STYLES = {"train": "success", "pause": "warning"}


class Transport:
    """The buttons, the timeline and the menus of runs under the stage.

    Handlers are for what learners do. The timeline is moved by the worker too, which must not set them off; the
    menus are changed only by what learners do, and are silent meanwhile.
    """

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self._silent = False
        self.play = button("train", self._play, icon="play", style="success")
        self.steps = [button(f"step_{who}", lambda _, who=who: lab.step(who)) for who in ("both", "D", "G")]
        self.fork = button("fork", lambda _: lab.fork(), icon="code-fork")
        self.reset = button("reset", lambda _: lab.reset(), icon="refresh")
        self.compare = widgets.ToggleButton(
            description=TEXTS["compare"], tooltip=TEXTS["compare_help"], layout=widgets.Layout(width="auto")
        )
        self.compare.observe(self._heard(lambda on: lab.compare(on)), "value")
        self._steps = Control(
            NUMBERS["steps_per_frame"], lab.session.running.steps_per_frame, TEXTS["help_steps_per_frame"]
        )
        self._steps.widget.layout.flex = "1 1 260px"
        self._steps.widget.style.description_width = "124px"
        self.pace = _menu("pace", [(TEXTS["pace_every"], True), (TEXTS["pace_full"], False)])
        self.timeline = widgets.IntSlider(
            0, 0, 0, description=TEXTS["timeline"], readout=False, tooltip=TEXTS["timeline_help"],
            layout=widgets.Layout(flex="1 1 200px", width="auto"), style={"description_width": "70px"},
        )  # fmt: skip
        self.timeline.observe(self._heard(lambda index: lab.scrub(index)), "value")
        self.place = widgets.HTML(layout=widgets.Layout(width="240px"))
        self.runs, self.beside, self.population = (
            _menu("run_menu"),
            _menu("compare_with"),
            _menu("population"),
        )
        self.runs.observe(self._heard(lambda name: lab.take(name)), "value")
        self.beside.observe(self._heard(lambda name: lab.take(name, beside=True)), "value")
        self.population.observe(self._heard(self._look_at), "value")

    @property
    def box(self) -> widgets.Widget:
        """All rows."""
        slow = self._lab.slow.toggle
        rows = [
            [self.play, *self.steps, self.reset, self.fork, self.compare, slow],
            [self.timeline, self.place],
            [self._steps.widget, self.pace, self.runs, self.beside, self.population],
        ]
        return widgets.VBox([widgets.HBox(row).add_class("gan-lab-row") for row in rows])

    @property
    def steps_per_frame(self) -> int:
        """Generator updates between two frames."""
        return self._steps.value

    @property
    def every_frame(self) -> bool:
        """Whether training waits until each frame has been drawn."""
        return bool(self.pace.value)

    def refresh(self) -> None:
        """Say where the session stands."""
        lab = self._lab
        session, name = lab.session, "pause" if lab.worker.running else "train"
        if self.play.description != TEXTS[name]:
            with self.play.hold_sync():
                self.play.description, self.play.tooltip = TEXTS[name], TEXTS[f"{name}_help"]
                self.play.icon, self.play.button_style = ICONS[name], STYLES[name]
        last, position = len(session.recording) - 1, session.position
        tell(self.timeline, max=last, value=position)
        step, count = TEXTS["step_at"].format(step=session.frame.step), TEXTS["frame_at"]
        self.place.value = f"{step} · {count.format(k=position + 1, n=last + 1)}"
        names = [run.name for run in session.runs]
        labels = {run.name: f"{run.name} ({run.note})" if run.note else run.name for run in session.runs}
        self._offer(self.runs, [(labels[n], n) for n in names], session.run.name, len(names) > 1)
        others = [(labels[n], n) for n in names if n != session.run.name]
        beside = lab.other.name if lab.other is not None else None
        self._offer(self.beside, others, beside, beside is not None)
        runs = len(session.frame.alive)
        choices = [(TEXTS["of"].format(k=k + 1, n=runs), k) for k in range(runs)]
        self._offer(self.population, choices, lab.population, runs > 1)
        if self.compare.value != (beside is not None):
            with self._silence():
                self.compare.value = beside is not None

    def _offer(self, menu: widgets.Dropdown, options: list[tuple[str, Any]], value: Any, shown: bool) -> None:
        if list(menu.options) != options or (menu.value != value and value is not None):
            with self._silence(), menu.hold_sync():
                menu.options = options
                menu.value = value
        menu.layout.display = "" if shown else "none"

    def _play(self, _: widgets.Button) -> None:
        if self._lab.worker.running:
            self._lab.pause()
        else:
            self._lab.train()

    def _look_at(self, run: int) -> None:
        self._lab.population = run
        self._lab.draw()

    def _heard(self, act: Callable[[Any], object]) -> Callable[[dict[str, Any]], None]:
        def handler(change: dict[str, Any]) -> None:
            if not self._silent and change["new"] is not None:
                act(change["new"])

        return handler

    @contextmanager
    def _silence(self) -> Iterator[None]:
        before, self._silent = self._silent, True
        try:
            yield
        finally:
            self._silent = before


def tell(widget: widgets.Widget, **state: Any) -> None:
    """Change what the browser shows, from any thread, without calling the observers.

    Setting a trait would not do: while a message from the browser is being handled, traitlets hold back the
    notifications of *all* threads and then fire them as if they belonged to that message.
    """
    widget._trait_values.update(state)
    widget.send_state(list(state))


def button(
    name: str, act: Callable[[widgets.Button], object], icon: str = "", style: str = ""
) -> widgets.Button:
    """A button with its words from TEXTS."""
    made = widgets.Button(
        description=TEXTS[name], tooltip=TEXTS[f"{name}_help"], icon=icon, button_style=style
    )
    made.layout = widgets.Layout(width="auto")
    made.on_click(act)
    return made


def _menu(name: str, options: list[tuple[str, Any]] | None = None) -> widgets.Dropdown:
    return widgets.Dropdown(
        options=options or [], description=TEXTS[name], layout=widgets.Layout(width="auto", max_width="270px"),
        style={"description_width": "auto"},
    )  # fmt: skip
