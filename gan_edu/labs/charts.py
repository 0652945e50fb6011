"""The charts of a lab: one plotly figure, made after the first picture and updated a few times a second."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

import ipywidgets as widgets
import numpy as np

from gan_edu.games.game import Game
from gan_edu.labs.texts import TEXTS
from gan_edu.metrics.metric import METRICS
from gan_edu.metrics.perfect import perfect
from gan_edu.training import Settings
from gan_edu.views import JUDGED

CALM, BUSY = 0.5, 2.0
"""Seconds between two updates, and while training at full speed: each takes the browser 150 ms of a core."""
WIDTH = 800
"""Of the figure, in pixels: what a notebook's cell has at 1,024."""

Arrays = Mapping[str, np.ndarray]


class Paced:
    """What is drawn when that is asked for, a few times a second at most.

    Args:
        ask: Gives what `show` needs, whenever there is to be a drawing; None when nobody looks yet.
        busy: Whether the training wants all the time that it can get.
        show: Draws.
    """

    def __init__(
        self,
        ask: Callable[[], dict[str, Any] | None],
        busy: Callable[[], bool],
        show: Callable[..., None],
    ) -> None:
        self._ask, self._busy, self._show, self._wanted = ask, busy, show, threading.Event()
        self._shown_at = 0.0

    def request(self) -> None:
        """Ask for a drawing soon; many requests make one drawing."""
        self._wanted.set()

    def run(self, stop: threading.Event) -> None:
        """Draw whenever that is asked for, a few times a second at most; for a thread."""
        while not stop.is_set():
            if self._wanted.wait(0.2):
                # asked again and again: who pauses sees the newest at once
                while time.monotonic() < self._shown_at + (BUSY if self._busy() else CALM) and not stop.wait(
                    0.1
                ):
                    pass
                self._wanted.clear()
                shown = self._ask()
                if shown is None:  # nobody looks, or the browser is late: what is drawn must not stay behind
                    self._wanted.set()
                    stop.wait(CALM)
                elif not stop.is_set():
                    self._show(**shown)
                    self._shown_at = time.monotonic()


class Charts(Paced):
    """Losses, modes and the high-quality share over training, of one run or two.

    `box` says that the charts are being made until the first have been: importing plotly takes seconds.

    Args:
        ask: Gives what `show` needs, whenever the charts are to be drawn; None when nobody looks yet.
        busy: Whether the training wants all the time that it can get.
        panels: Gives the panels for a game; always as many, of as many lines.
    """

    def __init__(
        self,
        ask: Callable[[], dict[str, Any] | None],
        busy: Callable[[], bool],
        panels: Callable[[Game], list[Any]],
    ) -> None:
        super().__init__(ask, busy, self.show)
        self._make_panels = panels
        self.box = widgets.VBox([widgets.HTML(TEXTS["charts_coming"])]).add_class("gan-lab-charts")
        self._figure: Any = None
        self._about: Any = None

    def show(
        self,
        settings: Settings,
        a: Arrays,
        b: Arrays | None = None,
        cursor: float | None = None,
        theme: str = "light",
    ) -> None:
        """Show these curves; the first time, or for other panels or another theme, a new figure is made."""
        from gan_edu.figures.charts import training_chart, update_training_chart

        panels = self._make_panels(settings.game)
        about = (panels, theme)
        if about == self._about:
            update_training_chart(self._figure, panels, a, b, cursor=cursor)
        else:
            figure = training_chart(panels, a, b, cursor=cursor, theme=theme)
            figure.layout.width = WIDTH
            self._take(figure)
            self._about = about

    def _take(self, figure: Any) -> None:
        """Put a figure into the one widget that there is: each costs five megabytes, and stays for ever."""
        if self._figure is None:
            from plotly.graph_objects import FigureWidget

            self._figure = FigureWidget(figure)
            self._figure._config = {**self._figure._config, "displayModeBar": False}
            self.box.children = [self._figure]
            return
        with self._figure.batch_update():  # the traces are the same ones: only values and colours are new
            for old, new in zip(self._figure.data, figure.data, strict=True):
                old.update(
                    x=new.x, y=new.y, line=new.line, marker=new.marker, visible=new.visible, meta=new.meta
                )
            self._figure.update_layout(figure.layout, overwrite=True)

    def close(self) -> None:
        """Give the figure back."""
        if self._figure is not None:
            self._figure.close()


def panels_of_modes(game: Game) -> list[Any]:
    """Losses, modes and the high-quality share."""
    from gan_edu.figures.charts import loss_panel, metric_panel, modes_panel

    share = METRICS["high_quality_share"]
    low, high = share.limits(game.target)
    line = perfect(share, game.target, n=JUDGED)
    return [
        loss_panel(game.equilibrium),
        modes_panel(game.target.n_modes),
        metric_panel(share.name, share.label, low=low, high=high, perfect=line),
    ]
