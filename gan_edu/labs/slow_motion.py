"""Slow motion: one training step after another, each in ten captioned pictures."""

from __future__ import annotations

import dataclasses
import threading
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from gan_edu import views
from gan_edu.labs.texts import TEXTS
from gan_edu.labs.transport import button

if TYPE_CHECKING:
    from gan_edu.labs.lab import Lab

NEEDED = ("field", "data", "samples", "arrows", "trails", "curves", "tiles")


class SlowMotion:
    """The row of controls for slow motion, and the job that shows it.

    What is shown is the step that the training makes: after the tenth picture it is recorded, and the next one
    begins.
    """

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self._next = threading.Event()
        self._layers: list[str] = []
        self.toggle = widgets.ToggleButton(
            description=TEXTS["slow"], tooltip=TEXTS["slow_help"], layout=widgets.Layout(width="auto")
        )
        self.toggle.observe(self._toggled, "value")
        self.pace = widgets.FloatSlider(
            2.5, min=0.5, max=10, step=0.5, description=TEXTS["slow_pace"], readout_format=".1f"
        )
        self.pace.style.description_width = "124px"
        self.by_hand = widgets.Checkbox(
            False, description=TEXTS["slow_by_hand"], indent=False, layout=widgets.Layout(width="auto")
        )
        self.forward = button("slow_next", lambda _: self._next.set(), icon="step-forward")
        self.box = widgets.HBox([self.pace, self.by_hand, self.forward]).add_class("gan-lab-row")
        self.box.layout.display = "none"

    def _toggled(self, change: dict[str, Any]) -> None:
        lab = self._lab
        if not change["new"]:
            lab.worker.stop()
            return
        lab.worker.stop()
        lab.live()
        lab.go_on()
        self._layers = list(lab.stage.layers)
        lab.stage.layers = [*dict.fromkeys([*self._layers, *NEEDED])]
        self.box.layout.display = ""
        lab.worker.start(self._play)
        lab.refresh()

    def _play(self, stop: threading.Event) -> None:
        lab = self._lab
        try:
            while not stop.is_set():
                with lab.lock:
                    session = lab.session
                    session.apply_wanted()
                    pictures, _ = views.stages_of_a_step(session.frame, lab.population)
                for picture in pictures:
                    self._next.clear()
                    lab.stage.show(dataclasses.replace(picture, title=session.run.name))
                    if self._wait(stop):
                        return
                with lab.lock:
                    session.advance(steps=1)
                lab.refresh()
        finally:
            self.box.layout.display = "none"
            lab.stage.layers = self._layers
            stop.set()
            self.toggle.value = False

    def _wait(self, stop: threading.Event) -> bool:
        """Until the next picture is due; True when slow motion has been stopped."""
        waited = 0.0
        while not stop.is_set() and not self._next.wait(0.05):
            waited += 0.05
            if waited >= self.pace.value and not self.by_hand.value:
                break
        return stop.is_set()
