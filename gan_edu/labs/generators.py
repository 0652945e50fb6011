"""The generators lab: several generators, a discriminator that tells them apart, and who draws what."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from gan_edu.data.target import Target
from gan_edu.games.game import Game
from gan_edu.labs.beside import BesideLab
from gan_edu.labs.collapse import open_lab
from gan_edu.labs.lab import Lab
from gan_edu.labs.texts import TEXTS
from gan_edu.training import Frame
from gan_edu.views.generators import GeneratorsSeen, generators_seen

if TYPE_CHECKING:
    from gan_edu.figures.picture import Picture


class GeneratorsLab(BesideLab):
    """A lab with a picture of the generators beside the stage: D's territories, and who draws which mode."""

    subject = "generators"
    seen_type = GeneratorsSeen

    def look(self, frame: Frame, run: int) -> GeneratorsSeen:
        """Who is where."""
        return generators_seen(frame, run)

    def picture(self, seen: GeneratorsSeen, title: str, **look: Any) -> tuple[Picture, str]:
        """Territories, and shares of the modes."""
        from gan_edu.figures.generator_map import generator_map

        words = TEXTS["generators_told" if seen.told_apart else "generators_alone"]
        if self.plays_recorded:
            words = f"{TEXTS['generators_recorded']} {words}"
        return generator_map(seen, title=title, **look), words


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
    shown: dict[str, Any] = {"size": size, "key": key, "fallback": fallback}
    return open_lab(GeneratorsLab, preset, target, game, remedies, settings, **shown)
