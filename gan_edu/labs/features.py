"""The features lab: what the hidden units of the discriminator see, while a generator learns to match their means."""

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
from gan_edu.views.features import FeaturesSeen, features_seen

if TYPE_CHECKING:
    from gan_edu.figures.picture import Picture

WIDTH = 470
"""Of the picture, in pixels: what is left beside the stage."""
COLUMNS = 3
SHARP = 1.5
"""Pixels of the file for every pixel of the picture."""


class FeaturesLab(Lab):
    """A lab with a picture of the discriminator's features, and the switch of feature matching always in sight."""

    subject = "features"

    def __init__(self, settings: Settings, *, curves: dict[str, Any] | None = None, **options: Any) -> None:
        told = (curves or {}).pop("features", None)
        self._recorded = FeaturesSeen.from_json(told) if told else None
        self._keep: list[int] = []
        self._top = 0.0
        super().__init__(settings, curves=curves, **options)

    def arrange(self) -> list[widgets.Widget]:
        """The parts, from top to bottom."""
        tabs = widgets.Tab([self.charts.box, self.drawing.box, self.share.box])
        tabs.titles = [TEXTS[f"tab_{name}"] for name in ("charts", "draw", "share")]
        self.tabs = tabs
        remedies = self.panel.remedies
        self.layer = remedies.forms["feature_matching"].controls["below"].widget
        self.layer.description = TEXTS["features_layer"]
        self.image = widgets.Image(format="png", layout=widgets.Layout(width="100%", max_width=f"{WIDTH}px"))
        self.image.add_class("gan-lab-features")
        self.told = widgets.HTML(TEXTS["features_coming"]).add_class("gan-lab-note")
        self.seen_box = widgets.VBox(
            [remedies.switches["feature_matching"], self.layer, self.image, self.told]
        )
        self.seen_box.layout = widgets.Layout(
            flex="1 1 440px", max_width=f"{WIDTH + 10}px", overflow="visible"
        )
        self.say_depth()
        return [self.main, self.message, self.transport.box, self.slow.box, self._controls, tabs]

    def _lay_out(self) -> None:
        stages = [self.stage] if self.other is None else [self.beside, self.stage]
        self.main.children = [*stages, self.seen_box]

    @property
    def below(self) -> int:
        """Which layer is looked at, whether or not it is matched."""
        return self.layer.value

    def say_depth(self) -> None:
        """Let the slider end at the discriminator's first layer."""
        network, depth = self.session.running.game.discriminator, 0
        while network.body is not None:
            network, depth = network.body, depth + 1
        self.layer.max = max(depth, self.layer.value)

    @property
    def plays_recorded(self) -> bool:
        """Whether the recorded run is shown."""
        return self.stage.mode != "live"

    def seen(self) -> FeaturesSeen:
        """What the features of the run in hand see at the moment that is looked at; the end of a recorded run.

        Raises:
            ValueError: If there is no such layer, or it looks at several examples at once.
        """
        if self.plays_recorded and self._recorded is not None:
            return self._recorded
        with self.lock:
            frame = self.session.frame
        return features_seen(frame, self.population, below=self.below, keep=self._keep)

    def show_features(self) -> None:
        """Draw what the features see, or say why they can't be drawn."""
        from gan_edu.figures.feature_maps import feature_maps

        try:
            seen = self.seen()
        except ValueError as error:
            self.image.layout.display = "none"
            self.told.value = escape(TEXTS["features_none"].format(error=error))
            return
        means = float(max(seen.real.max(), seen.fake.max()))
        if not self._top / 2 < means <= self._top:  # the axis stays as long as it fits
            self._top = 1.25 * means
        self._keep = seen.units.tolist()
        name = f"{self.session.run.name}, " if len(self.session.runs) > 1 else ""
        title = name + TEXTS["step_at"].format(step=seen.step)
        look = {"columns": COLUMNS, "width": WIDTH, "theme": self.stage.shown_theme}
        figure = feature_maps(seen, top=self._top, title=title, **look)
        self.image.value = figure.png(SHARP)
        self.image.layout.display = ""
        words = TEXTS["features_recorded" if self.plays_recorded else "features_told"]
        self.told.value = f'<div role="img" aria-label="{escape(figure.alt)}">{escape(words)}</div>'

    def reset(self) -> None:
        """Start afresh with the settings of the controls; the old run is kept."""
        super().reset()
        self.say_depth()

    def _curves_now(self) -> dict[str, Any] | None:
        # at the charts' pace, and first: plotly's import takes seconds
        if not self.stage.wait(PATIENCE):
            self.charts.request()  # the browser is late: its picture must not stay behind
            return None
        self.show_features()
        return super()._curves_now()


def features_lab(
    preset: str = "matching",
    *,
    target: str | Target | None = None,
    game: str | Game | None = None,
    remedies: Sequence[str] | None = None,
    size: int = 480,
    key: str | None = None,
    fallback: bool | None = None,
    **settings: Any,
) -> Lab | Picture:
    """What f sees, live: units of the discriminator over the plane, and their means over data and over samples.

    Args:
        preset: Settings to begin with: `matching`, `matching_strong_d`, `matching_first_layer` or
            `matching_untrained`.
        target: As for `gan_edu.labs.collapse.collapse_lab`, as is all the rest.
        game: In place of the preset's.
        remedies: In place of the preset's; `[]` for the plain game.
        size: Greatest width of the stage in pixels.
        key: Of the lab.
        fallback: Show a strip of pictures in place of widgets.
        **settings: As for `gan_edu.training.train`, on top of the preset's.

    Returns:
        The lab, or the strip.

    Raises:
        ValueError: As for the collapse lab.

    Example:
        >>> features_lab("rotating")
        Traceback (most recent call last):
            ...
        ValueError: preset must be one of matching, matching_strong_d, matching_first_layer, matching_untrained; \
got 'rotating'
    """
    wanted: Settings = settings_of(preset, target, game, settings, FeaturesLab.subject, remedies)
    plain = target is None and game is None and remedies is None and not settings
    return opened(FeaturesLab, wanted, preset, plain=plain, size=size, key=key, fallback=fallback)
