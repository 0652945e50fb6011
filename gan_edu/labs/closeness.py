"""The closeness lab: what a discriminator sees that compares the examples of a batch with each other."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from gan_edu.data.target import Target
from gan_edu.games.game import Game
from gan_edu.labs.charts import Paced
from gan_edu.labs.collapse import open_lab
from gan_edu.labs.controls import LABEL_WIDTH
from gan_edu.labs.lab import Lab
from gan_edu.labs.stage import PATIENCE
from gan_edu.labs.texts import TEXTS
from gan_edu.labs.worker import Worker
from gan_edu.training import Settings
from gan_edu.views.closeness import Closeness, closeness_at

if TYPE_CHECKING:
    from gan_edu.figures.picture import Picture

WIDTH = 470
"""Of the heat maps in pixels: what is left beside the stage."""
ALL = -1
"""In place of a kernel: the mean of all."""


class ClosenessPanel(Paced):
    """Heat maps of a real and of a generated batch, by one kernel or by all, drawn as often as charts are.

    Args:
        ask: Gives what `show` needs, whenever the maps are to be drawn; None when nobody looks.
        busy: Whether the training wants all the time that it can get.
    """

    def __init__(self, ask: Callable[[], dict[str, Any] | None], busy: Callable[[], bool]) -> None:
        super().__init__(ask, busy, self.show)
        self.alt = ""
        self.kernel = widgets.SelectionSlider(
            options=[(TEXTS["closeness_all"], ALL)],
            value=ALL,
            description=TEXTS["closeness_kernel"],
            tooltip=TEXTS["help_closeness_kernel"],
            layout=widgets.Layout(width="auto"),
            style={"description_width": LABEL_WIDTH},
        )
        self.kernel.observe(lambda _: self.request(), "value")
        self.image = widgets.Image(format="png", layout=widgets.Layout(width="100%", max_width=f"{WIDTH}px"))
        self.image.add_class("gan-lab-closeness")
        self.told = widgets.HTML().add_class("gan-lab-note")
        self.box = widgets.VBox([self.kernel, self.image, self.told])
        self.box.layout = widgets.Layout(flex="1 1 440px", max_width=f"{WIDTH + 10}px", overflow="visible")

    def show(self, seen: Closeness, theme: str = "light", recorded: bool = False) -> None:
        """Show a moment.

        Args:
            seen: What there is to see.
            theme: Of the page.
            recorded: Whether it is the end of the recorded run.
        """
        from gan_edu.figures.closeness_map import closeness_map

        if len(self.kernel.options) != seen.kernels + 1:
            chosen = self.kernel.value
            self.kernel.options = [
                (TEXTS["closeness_all"], ALL),
                *((str(b + 1), b) for b in range(seen.kernels)),
            ]
            self.kernel.value = chosen if chosen < seen.kernels else ALL
        kernel = None if self.kernel.value == ALL else self.kernel.value
        batches = {TEXTS["closeness_real"]: seen.real, TEXTS["closeness_fake"]: seen.fake}
        picture = closeness_map(batches, kernel=kernel, width=WIDTH, theme=theme)
        self.image.value, self.alt = picture.png(), picture.alt
        words = TEXTS["closeness_recorded" if recorded else "closeness_at"].format(
            step=seen.step, examples=len(seen.real.modes)
        )
        more = "" if seen.learned else " " + TEXTS["closeness_alone"]
        self.told.value = f'<div role="group" aria-label="{escape(picture.alt)}">{escape(words + more)}</div>'


class ClosenessLab(Lab):
    """A lab whose stage has heat maps beside it: who is close to whom, in a real batch and in a generated one."""

    subject = "closeness"

    def __init__(self, settings: Settings, *, curves: dict[str, Any] | None = None, **options: Any) -> None:
        told = (curves or {}).pop("closeness", None)
        self._recorded = Closeness.from_json(told) if told else None
        self.maps_worker = Worker(self._failed)
        super().__init__(settings, curves=curves, **options)

    def arrange(self) -> list[widgets.Widget]:
        """The parts, from top to bottom."""
        tabs = widgets.Tab([self.charts.box, self.share.box])
        tabs.titles = [TEXTS[f"tab_{name}"] for name in ("charts", "share")]
        self.tabs = tabs
        self.maps = ClosenessPanel(
            self._closeness_now, lambda: self.worker.running and not self.transport.every_frame
        )
        return [self.main, self.message, self.transport.box, self.slow.box, self._controls, tabs]

    def draw(self) -> None:
        """Show the moment that is looked at."""
        super().draw()
        self.maps.request()

    def close(self) -> None:
        """Stop for good."""
        self.maps_worker.stop()
        super().close()

    def closeness(self) -> Closeness:
        """Of the moment that is shown: the end of the recorded run while that plays."""
        if self._recorded is not None and self.stage.mode != "live":
            return self._recorded
        with self.lock:
            frame = self.session.frame
        return closeness_at(frame, self.population)

    def _closeness_now(self) -> dict[str, Any] | None:
        if not self.stage.wait(PATIENCE):
            return None
        recorded = self._recorded is not None and self.stage.mode != "live"
        return {"seen": self.closeness(), "theme": self.stage.shown_theme, "recorded": recorded}

    def _lay_out(self) -> None:
        stages = [self.stage] if self.other is None else [self.beside, self.stage]
        self.main.children = [*stages, self.maps.box]

    def _first_seen(self, widget: Any, content: dict[str, Any], buffers: Any) -> None:
        super()._first_seen(widget, content, buffers)
        if content["kind"] == "ready" and not self.maps_worker.running:
            self.maps.request()
            self.maps_worker.start(self._draw_maps)

    def _draw_maps(self, stop: threading.Event) -> None:
        self.maps.run(stop)


def closeness_lab(
    preset: str = "batches",
    *,
    target: str | Target | None = None,
    game: str | Game | None = None,
    remedies: Sequence[str] | None = None,
    size: int = 400,
    key: str | None = None,
    fallback: bool | None = None,
    **settings: Any,
) -> Lab | Picture:
    """What a discriminator that compares examples sees, live: the closeness of a batch, kernel by kernel.

    Args:
        preset: Settings to begin with: `batches`, `one_by_one` or `compared_by_a_strong_d`.
        target: As for `gan_edu.labs.collapse.collapse_lab`, as is all that follows.
        game: In place of the preset's.
        remedies: In place of the preset's. Without minibatch discrimination D's features are compared by a random T.
        size: Greatest width of the stage in pixels.
        key: Of the lab.
        fallback: Show a strip of pictures in place of widgets.
        **settings: As for `gan_edu.training.train`, on top of the preset's.

    Returns:
        The lab, or the strip.

    Raises:
        ValueError: If a name is unknown, a setting is out of range, or a part was made by hand.

    Example:
        >>> closeness_lab("rotating")
        Traceback (most recent call last):
            ...
        ValueError: preset must be one of batches, one_by_one, compared_by_a_strong_d; got 'rotating'
    """
    shown: dict[str, Any] = {"size": size, "key": key, "fallback": fallback}
    return open_lab(ClosenessLab, preset, target, game, remedies, settings, **shown)
