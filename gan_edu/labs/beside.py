"""A lab with a picture of its own beside the stage, for what happens inside of the players."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from gan_edu.labs.lab import Lab
from gan_edu.labs.stage import PATIENCE
from gan_edu.labs.texts import TEXTS
from gan_edu.training import Frame, Settings

if TYPE_CHECKING:
    from gan_edu.figures.picture import Picture

WIDTH = 470
"""Of the picture, in pixels: what is left beside the stage."""
SHARP = 1.5
"""Pixels of the file for every pixel of the picture."""


class BesideLab(Lab):
    """A lab that draws what `look` finds in a frame, as often as its charts.

    A kind of it says what is looked at (`seen_type`, `look`), how it is drawn (`picture`) and what stands above the
    picture (`above`). Its texts begin with its `subject`.
    """

    seen_type: Any
    """What is looked at; `from_json` reads what was kept of the end of a recorded run."""

    def __init__(self, settings: Settings, *, curves: dict[str, Any] | None = None, **options: Any) -> None:
        told = (curves or {}).pop(self.subject, None)
        self._recorded = self.seen_type.from_json(told) if told else None
        super().__init__(settings, curves=curves, **options)

    def look(self, frame: Frame, run: int) -> Any:
        """What is seen in one run of a frame.

        Raises:
            ValueError: If there is nothing to be seen, and why; the lab says so in place of the picture.
        """
        raise NotImplementedError

    def picture(self, seen: Any, title: str, **look: Any) -> tuple[Picture, str]:
        """The picture of what is seen, and what is said below it."""
        raise NotImplementedError

    def above(self) -> list[widgets.Widget]:
        """Controls above the picture."""
        return []

    def arrange(self) -> list[widgets.Widget]:
        """The parts, from top to bottom."""
        tabs = widgets.Tab([self.charts.box, self.drawing.box, self.share.box])
        tabs.titles = [TEXTS[f"tab_{name}"] for name in ("charts", "draw", "share")]
        self.tabs = tabs
        self.image = widgets.Image(format="png", layout=widgets.Layout(width="100%", max_width=f"{WIDTH}px"))
        self.image.add_class(f"gan-lab-{self.subject}")
        self.told = widgets.HTML(TEXTS[f"{self.subject}_coming"]).add_class("gan-lab-note")
        self.seen_box = widgets.VBox([*self.above(), self.image, self.told])
        self.seen_box.layout = widgets.Layout(
            flex="1 1 440px", max_width=f"{WIDTH + 10}px", overflow="visible"
        )
        return [self.main, self.message, self.transport.box, self.slow.box, self._controls, tabs]

    def _lay_out(self) -> None:
        stages = [self.stage] if self.other is None else [self.beside, self.stage]
        self.main.children = [*stages, self.seen_box]

    @property
    def plays_recorded(self) -> bool:
        """Whether the recorded run is shown."""
        return self._recorded is not None and self.stage.mode != "live"

    def seen(self) -> Any:
        """What there is to see at the moment that is looked at; the end of a recorded run.

        Raises:
            ValueError: As for `look`.
        """
        if self.plays_recorded:
            return self._recorded
        with self.lock:
            frame = self.session.frame
        return self.look(frame, self.population)

    def show_seen(self) -> None:
        """Draw it, or say why it can't be drawn."""
        try:
            seen = self.seen()
        except ValueError as error:
            self.image.layout.display = "none"
            self.told.value = escape(TEXTS[f"{self.subject}_none"].format(error=error))
            return
        name = f"{self.session.run.name}, " if len(self.session.runs) > 1 else ""
        title = name + TEXTS["step_at"].format(step=seen.step)
        figure, words = self.picture(seen, title, width=WIDTH, theme=self.stage.shown_theme)
        self.image.value = figure.png(SHARP)
        self.image.layout.display = ""
        self.told.value = f'<div role="img" aria-label="{escape(figure.alt)}">{escape(words)}</div>'

    def _curves_now(self) -> dict[str, Any] | None:
        # at the charts' pace, and first: plotly's import takes seconds
        if not self.stage.wait(PATIENCE):
            return None
        self.show_seen()
        return super()._curves_now()
