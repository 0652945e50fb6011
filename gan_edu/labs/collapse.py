"""The collapse lab: why a GAN that could draw every mode draws two."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from gan_edu import catalogue
from gan_edu.data.target import Target
from gan_edu.games.game import Game
from gan_edu.labs import recorded
from gan_edu.labs.fallback import no_widgets, strip
from gan_edu.labs.lab import Lab
from gan_edu.presets import PRESETS
from gan_edu.training import Settings, resolve

if TYPE_CHECKING:
    from gan_edu.figures.picture import Picture


def collapse_lab(
    preset: str = "rotating",
    *,
    target: str | Target | None = None,
    game: str | Game | None = None,
    remedies: Sequence[str] | None = None,
    size: int = 480,
    key: str | None = None,
    fallback: bool | None = None,
    **settings: Any,
) -> Lab | Picture:
    """Mode collapse, live: train, pause, step, scrub back, fork, compare, draw the data.

    Args:
        preset: Settings to begin with; see `gan_edu.presets.PRESETS`.
        target: In place of the preset's, such as `"grid:side=3"`.
        game: In place of the preset's, such as `"gan:width=32"`.
        remedies: In place of the preset's, such as `["unrolled:steps=5"]`.
        size: Greatest width of the stage in pixels.
        key: Of the lab: making another with the same key stops the first. By default the notebook's cell.
        fallback: Show a strip of pictures in place of widgets; by default where widgets are known not to work.
        **settings: As for `gan_edu.training.train`, on top of the preset's.

    Returns:
        The lab, or the strip.

    Raises:
        ValueError: If a name is unknown, a setting is out of range, or a part was made by hand: a lab's menus can
            only say what is in the catalogue.

    Example:
        >>> lab = collapse_lab(width="x")
        Traceback (most recent call last):
            ...
        ValueError: settings must be among dynamics, optimizer, learning_rate, generator_learning_rate, \
discriminator_learning_rate, decay_steps, batch_size, runs, seed, steps_per_frame, device, start; got width
    """
    shown: dict[str, Any] = {"size": size, "key": key, "fallback": fallback}
    return open_lab(Lab, preset, target, game, remedies, settings, **shown)


def open_lab(
    kind: type[Lab],
    preset: str,
    target: str | Target | None,
    game: str | Game | None,
    remedies: Sequence[str] | None,
    settings: dict[str, Any],
    **shown: Any,
) -> Lab | Picture:
    """A lab of some kind, which opens on the preset's recorded run if nothing else is asked for."""
    wanted = settings_of(preset, target, game, settings, kind.subject, remedies)
    plain = target is None and game is None and remedies is None and not settings
    return opened(kind, wanted, preset, plain=plain, **shown)


def opened(
    kind: type[Lab],
    wanted: Settings,
    preset: str,
    *,
    plain: bool,
    size: int,
    key: str | None,
    fallback: bool | None,
) -> Lab | Picture:
    """A lab of some kind, with the preset's recorded run if it is plain; a strip where widgets can't show."""
    if no_widgets() if fallback is None else fallback:
        return strip(wanted, steps=PRESETS[preset].steps)
    run, curves = recorded.load(preset) if plain else (b"", {})
    return kind(wanted, recorded=run, curves=curves, size=size, key=key)


def settings_of(
    preset: str,
    target: str | Target | None,
    game: str | Game | None,
    settings: dict[str, Any],
    lab: str = "collapse",
    remedies: Sequence[str] | None = None,
) -> Settings:
    """The settings that a lab begins with.

    Raises:
        ValueError: If they make no sense, the preset is not the lab's, or a part was made by hand.
    """
    names = [name for name, offered in PRESETS.items() if offered.lab == lab]
    if preset not in names:
        raise ValueError(f"preset must be one of {', '.join(names)}; got {preset!r}")
    chosen = PRESETS[preset]
    if isinstance(target, str) or target is None:
        target = catalogue.parse(target or chosen.target, "data")
    made = game if isinstance(game, Game) else catalogue.parse(game or chosen.game, "games", target=target)
    if remedies is None:  # a game that was made elsewhere brings its own
        remedies = () if isinstance(game, Game) else chosen.remedies
    made = catalogue.around(made, remedies)
    # one rate for both players beats the rates that the preset has for each
    both = "learning_rate" in settings
    preset_settings = {k: v for k, v in chosen.settings.items() if not (both and k.endswith("learning_rate"))}
    wanted = resolve(made, {**preset_settings, **settings})
    Settings.from_json(wanted.as_json())  # raises for what was made by hand
    return wanted
