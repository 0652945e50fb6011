"""Transport: play, pause, step, timeline, reset, fork, compare."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

import ipywidgets as widgets

from gan_edu.labs.controls import Control
from gan_edu.labs.texts import TEXTS
from gan_edu.training import NUMBERS

if TYPE_CHECKING:
    from gan_edu.labs.lab import Lab


class Transport:
    """The buttons and the timeline under the stage."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self._mine = threading.local()
        self.play = button("train", self._play, icon="play", style="success")
        self.steps = [button(f"step_{who}", lambda _, who=who: lab.step(who)) for who in ("both", "D", "G")]
        self.fork = button("fork", lambda _: lab.fork())
        self.reset = button("reset", lambda _: lab.reset(), icon="refresh")
        self._steps = Control(NUMBERS["steps_per_frame"], lab.session.running.steps_per_frame, TEXTS["help_steps_per_frame"])
        self.pace = widgets.Dropdown(
            options=[(TEXTS["pace_every"], True), (TEXTS["pace_full"], False)], value=True,
            description=TEXTS["pace"], layout=widgets.Layout(width="240px"),
        )
        self.pace.style.description_width = "44px"
        self.timeline = widgets.IntSlider(
            0, 0, 0, description=TEXTS["timeline"], readout=False, tooltip=TEXTS["timeline_help"],
            layout=widgets.Layout(flex="1 1 200px", width="auto"),
        )
        self.timeline.observe(self._scrub, "value")
        self.place = widgets.HTML(layout=widgets.Layout(width="150px"))
        first = widgets.HBox([self.play, *self.steps, self.fork, self.reset]).add_class("gan-lab-row")
        second = widgets.HBox([self.timeline, self.place]).add_class("gan-lab-row")
        third = widgets.HBox([self._steps.widget, self.pace]).add_class("gan-lab-row")
        self.box = widgets.VBox([first, second, third])

    @property
    def steps_per_frame(self) -> int:
        """Generator updates between two frames."""
        return self._steps.value

    @property
    def every_frame(self) -> bool:
        """Whether training waits until each frame has been drawn."""
        return self.pace.value

    def refresh(self) -> None:
        """Say where the session stands."""
        session, playing = self._lab.session, self._lab.worker.running
        name = "pause" if playing else "train"
        if self.play.description != TEXTS[name]:
            self.play.description, self.play.tooltip = TEXTS[name], TEXTS[f"{name}_help"]
            self.play.icon = "pause" if playing else "play"
            self.play.button_style = "warning" if playing else "success"
        last, position = len(session.recording) - 1, session.position
        self._mine.moving = True
        try:
            with self.timeline.hold_sync():
                if last >= self.timeline.value:
                    self.timeline.max = last
                self.timeline.value = position
                self.timeline.max = last
        finally:
            self._mine.moving = False
        self.place.value = TEXTS["step_at"].format(step=session.frame.step)

    def _play(self, _: widgets.Button) -> None:
        if self._lab.worker.running:
            self._lab.pause()
        else:
            self._lab.train()

    def _scrub(self, change: dict[str, int]) -> None:
        if not getattr(self._mine, "moving", False):
            self._lab.scrub(change["new"])


def button(name: str, act: Callable[[widgets.Button], object], icon: str = "", style: str = "") -> widgets.Button:
    """A button with its words from TEXTS."""
    made = widgets.Button(description=TEXTS[name], tooltip=TEXTS[f"{name}_help"], icon=icon, button_style=style)
    made.layout = widgets.Layout(width="auto")
    made.on_click(act)
    return made
