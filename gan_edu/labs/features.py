"""The features lab: what the hidden units of the discriminator see, while a generator learns to match their means."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from gan_edu.data.target import Target
from gan_edu.games.game import Game
from gan_edu.labs.beside import BesideLab
from gan_edu.labs.collapse import open_lab
from gan_edu.labs.lab import Lab
from gan_edu.labs.texts import TEXTS
from gan_edu.training import Frame, Settings
from gan_edu.views.features import FeaturesSeen, features_seen

if TYPE_CHECKING:
    from gan_edu.figures.picture import Picture

COLUMNS = 3


class FeaturesLab(BesideLab):
    """A lab with a picture of the discriminator's features, and the switch of feature matching always in sight."""

    subject = "features"
    seen_type = FeaturesSeen

    def __init__(self, settings: Settings, **options: Any) -> None:
        self._keep: list[int] = []
        self._top = 0.0
        super().__init__(settings, **options)

    def above(self) -> list[widgets.Widget]:
        """The switch, and which layer is looked at."""
        remedies = self.panel.remedies
        self.layer = remedies.forms["feature_matching"].controls["below"].widget
        self.layer.description = TEXTS["features_layer"]
        self.say_depth()
        return [remedies.switches["feature_matching"], self.layer]

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

    def look(self, frame: Frame, run: int) -> FeaturesSeen:
        """What the features see.

        Raises:
            ValueError: If there is no such layer, or it looks at several examples at once.
        """
        return features_seen(frame, run, below=self.below, keep=self._keep)

    def picture(self, seen: FeaturesSeen, title: str, **look: Any) -> tuple[Picture, str]:
        """Units over the plane, and the means of all."""
        from gan_edu.figures.feature_maps import feature_maps

        means = float(max(seen.real.max(), seen.fake.max()))
        if not self._top / 2 < means <= self._top:  # the axis stays as long as it fits
            self._top = 1.25 * means
        self._keep = seen.units.tolist()
        words = TEXTS["features_recorded" if self.plays_recorded else "features_told"]
        return feature_maps(seen, top=self._top, title=title, columns=COLUMNS, **look), words

    def reset(self) -> None:
        """Start afresh with the settings of the controls; the old run is kept."""
        super().reset()
        self.say_depth()


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
    shown: dict[str, Any] = {"size": size, "key": key, "fallback": fallback}
    return open_lab(FeaturesLab, preset, target, game, remedies, settings, **shown)
