"""The generators lab: several generators, a discriminator that tells them apart, and who draws what."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from gan_edu.data.target import Target
from gan_edu.games.game import Game
from gan_edu.labs.collapse import opened, settings_of
from gan_edu.labs.lab import Lab
from gan_edu.labs.stage import PATIENCE
from gan_edu.labs.texts import TEXTS
from gan_edu.training import Settings
from gan_edu.views.generators import GeneratorsSeen, generators_seen

if TYPE_CHECKING:
    from gan_edu.figures.picture import Picture

WIDTH = 470
"""Of the picture, in pixels: what is left beside the stage."""
SHARP = 1.5
"""Pixels of the file for every pixel of the picture."""


class GeneratorsLab(Lab):
    """A lab with a picture of the generators beside the stage: D's territories, and who draws which mode."""

    subject = "generators"

    def __init__(self, settings: Settings, *, curves: dict[str, Any] | None = None, **options: Any) -> None:
        told = (curves or {}).pop("generators", None)
        self._recorded = GeneratorsSeen.from_json(told) if told else None
        super().__init__(settings, curves=curves, **options)

    def arrange(self) -> list[widgets.Widget]:
        """The parts, from top to bottom."""
        tabs = widgets.Tab([self.charts.box, self.drawing.box, self.share.box])
        tabs.titles = [TEXTS[f"tab_{name}"] for name in ("charts", "draw", "share")]
        self.tabs = tabs
        self.image = widgets.Image(format="png", layout=widgets.Layout(width="100%", max_width=f"{WIDTH}px"))
        self.image.add_class("gan-lab-generators")
        self.told = widgets.HTML(TEXTS["generators_coming"]).add_class("gan-lab-note")
        self.seen_box = widgets.VBox([self.image, self.told])
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

    def seen(self) -> GeneratorsSeen:
        """The generators of the run in hand at the moment that is looked at; the end of a recorded run."""
        if self.plays_recorded and self._recorded is not None:
            return self._recorded
        with self.lock:
            frame = self.session.frame
        return generators_seen(frame, self.population)

    def show_generators(self) -> None:
        """Draw who is where."""
        from gan_edu.figures.generator_map import generator_map

        seen = self.seen()
        name = f"{self.session.run.name}, " if len(self.session.runs) > 1 else ""
        title = name + TEXTS["step_at"].format(step=seen.step)
        figure = generator_map(seen, title=title, width=WIDTH, theme=self.stage.shown_theme)
        self.image.value = figure.png(SHARP)
        words = TEXTS["generators_told" if seen.told_apart else "generators_alone"]
        if self.plays_recorded:
            words = f"{TEXTS['generators_recorded']} {words}"
        self.told.value = f'<div role="img" aria-label="{escape(figure.alt)}">{escape(words)}</div>'

    def _curves_now(self) -> dict[str, Any] | None:
        # at the charts' pace, and first: plotly's import takes seconds
        if not self.stage.wait(PATIENCE):
            self.charts.request()  # the browser is late: its picture must not stay behind
            return None
        self.show_generators()
        return super()._curves_now()


def generators_lab(
    preset: str = "mad",
    *,
    target: str | Target | None = None,
    game: str | Game | None = None,
    remedies: Sequence[str] | None = None,
    size: int = 480,
    key: str | None = None,
    fallback: bool | None = None,
    **settings: Any,
) -> Lab | Picture:
    """Several generators, live: one colour and marker each, D's territories, and each one's share of every mode.

    Args:
        preset: Settings to begin with: `mad`, `isolated`, `few`, `similar` or `one_generator`.
        target: As for `gan_edu.labs.collapse.collapse_lab`, as is all the rest.
        game: In place of the preset's, such as `"mad_gan:generators=5,shared=1"`.
        remedies: In place of the preset's.
        size: Greatest width of the stage in pixels.
        key: Of the lab.
        fallback: Show a strip of pictures in place of widgets.
        **settings: As for `gan_edu.training.train`, on top of the preset's.

    Returns:
        The lab, or the strip.

    Raises:
        ValueError: As for the collapse lab.

    Example:
        >>> generators_lab("rotating")
        Traceback (most recent call last):
            ...
        ValueError: preset must be one of mad, isolated, few, similar, one_generator; got 'rotating'
    """
    wanted = settings_of(preset, target, game, settings, GeneratorsLab.subject, remedies)
    plain = target is None and game is None and remedies is None and not settings
    return opened(GeneratorsLab, wanted, preset, plain=plain, size=size, key=key, fallback=fallback)
