"""Settings as text that runs: a command for the terminal and a call for Python."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Any

from gan_edu import catalogue
from gan_edu.parameters import peel
from gan_edu.training import Settings

NUMBERS = (
    "generator_learning_rate",
    "discriminator_learning_rate",
    "batch_size",
    "runs",
    "seed",
    "steps_per_frame",
    "device",
)

Recipe = Mapping[str, Any]


def as_command(settings: Settings, steps: int) -> str:
    r"""The command that trains the same.

    Args:
        settings: Whose parts are all from the catalogue.
        steps: Generator updates.

    Raises:
        ValueError: If a part was made by hand.

    Example:
        >>> from gan_edu.presets import PRESETS
        >>> from gan_edu.training import resolve
        >>> print(as_command(resolve(PRESETS["frozen"].make(), PRESETS["frozen"].settings), 600))
        gan-edu train --target ring --game gan --dynamics alternating:discriminator_steps=5 \
          --optimizer adam:beta1=0.0 --generator-learning-rate 0.001 --discriminator-learning-rate 0.001 \
          --batch-size 256 --runs 1 --seed 0 --steps-per-frame 10 --device cpu --steps 600
    """
    remedies, game = peel(_recipe(settings.game))
    words = [("target", written(game["arguments"]["target"])), ("game", written(game))]
    words += [("remedy", written(remedy)) for remedy in remedies]
    words += [(name, written(_recipe(getattr(settings, name)))) for name in ("dynamics", "optimizer")]
    words += [(name, str(getattr(settings, name))) for name in _numbers(settings)] + [("steps", str(steps))]
    lines = ["gan-edu train"]
    for name, value in words:
        part = f"--{name.replace('_', '-')} {shlex.quote(value)}"
        if len(lines[-1]) + len(part) > 98:
            lines.append(" ")
        lines[-1] += f" {part}"
    return " \\\n".join(lines)


def as_python(settings: Settings, steps: int) -> str:
    """The Python call that trains the same.

    Args:
        settings: Whose parts are all from the catalogue.
        steps: Generator updates.

    Raises:
        ValueError: If a part was made by hand.

    Example:
        >>> from gan_edu.presets import PRESETS
        >>> from gan_edu.training import resolve
        >>> print(as_python(resolve(PRESETS["rotating"].make(), {}), 100).splitlines()[-1])
        )
    """
    made = {name: _recipe(getattr(settings, name)) for name in ("game", "dynamics", "optimizer")}
    homes = sorted({home for recipe in made.values() for home in _homes(recipe)})
    lines = [
        "from gan_edu import record",
        *(f"from gan_edu.{folder}.{name} import {name}" for folder, name in homes),
    ]
    lines += ["", "recording = record(", f"    {_call(made['game'])},", f"    steps={steps},"]
    lines += [f"    {name}={_call(made[name])}," for name in ("dynamics", "optimizer")]
    lines += [f"    {name}={getattr(settings, name)!r}," for name in _numbers(settings)]
    return "\n".join([*lines, ")"])


def _numbers(settings: Settings) -> list[str]:
    return ["decay_steps", *NUMBERS] if settings.decay_steps else [*NUMBERS]


def _recipe(made: Any) -> Recipe:
    if made.recipe is None:
        raise ValueError(
            f"{type(made).__name__} was made by hand, so it can't be written down; use the catalogue"
        )
    return made.recipe


def _changed(recipe: Recipe) -> dict[str, Any]:
    """The arguments that are not the default ones, but for what is made from a recipe itself."""
    described = catalogue.entries(recipe["folder"])[recipe["name"]].parameters
    arguments = recipe["arguments"].items()
    return {k: v for k, v in arguments if not isinstance(v, Mapping) and v != _plain(described[k].default)}


def _plain(value: Any) -> Any:
    return [_plain(part) for part in value] if isinstance(value, list | tuple) else value


def written(recipe: Recipe) -> str:
    """A recipe as it is written on a command line, without the default arguments.

    Example:
        >>> from gan_edu.data.ring import ring
        >>> written(ring(modes=5).recipe)
        'ring:modes=5'
    """
    arguments = ",".join(f"{name}={value!r}" for name, value in _changed(recipe).items())
    return recipe["name"] + (f":{arguments}" if arguments else "")


def _call(recipe: Recipe) -> str:
    inner = [(name, value) for name, value in recipe["arguments"].items() if isinstance(value, Mapping)]
    parts = [_call(value) for _, value in inner] + [
        f"{name}={value!r}" for name, value in _changed(recipe).items()
    ]
    return f"{recipe['name']}({', '.join(parts)})"


def _homes(recipe: Recipe) -> set[tuple[str, str]]:
    inner = [_homes(value) for value in recipe["arguments"].values() if isinstance(value, Mapping)]
    return {(recipe["folder"], recipe["name"])}.union(*inner)
