"""The catalogue: every method there is, found by scanning the folders. Adding a file adds a method.

A file defines a method when it holds a function of its own name marked with `gan_edu.parameters.method`.
"""

from __future__ import annotations

import ast
import difflib
import functools
import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from gan_edu.parameters import Parameter, parameters

FOLDERS = ("data", "games", "remedies", "dynamics", "optimizers", "samplers")


@dataclass(frozen=True)
class Entry:
    """One method of the catalogue."""

    name: str
    folder: str
    function: Callable[..., Any]

    @property
    def summary(self) -> str:
        """The first line of the docstring."""
        return (inspect.getdoc(self.function) or "").split("\n", 1)[0]

    @property
    def parameters(self) -> dict[str, Parameter]:
        """What can be set."""
        return parameters(self.function)

    @property
    def takes_target(self) -> bool:
        """Whether a game learns a target; planar games bring their own."""
        return "target" in self.parameters


@functools.cache
def entries(folder: str) -> dict[str, Entry]:
    """All methods of one folder, by name.

    Args:
        folder: One of `FOLDERS`.

    Raises:
        ValueError: If there is no such folder.

    Example:
        >>> "ring" in entries("data")
        True
    """
    if folder not in FOLDERS:
        raise ValueError(f"folder must be one of {', '.join(FOLDERS)}; got {folder!r}")
    try:
        package = importlib.import_module(f"gan_edu.{folder}")
    except ModuleNotFoundError:
        return {}
    found = {}
    for info in pkgutil.iter_modules(package.__path__):
        module = importlib.import_module(f"gan_edu.{folder}.{info.name}")
        function = getattr(module, info.name, None)
        if getattr(function, "is_method", False):
            found[info.name] = Entry(info.name, folder, function)  # type: ignore[arg-type]
    return found


def find(folder: str, name: str) -> Callable[..., Any]:
    """The method of that name, or a ValueError that lists the names there are."""
    known = entries(folder)
    if name not in known:
        close = difflib.get_close_matches(name, known, 1)
        hint = f" (did you mean {close[0]!r}?)" if close else ""
        raise ValueError(f"{folder} must be one of {', '.join(sorted(known))}; got {name!r}{hint}")
    return known[name].function


def name_of(text: str) -> str:
    """The name in front of the colon: `ring` in `ring:modes=5`."""
    return text.partition(":")[0].strip()


def parse(text: str, folder: str, **given: Any) -> Any:
    """Make a thing from the way it is written on a command line: `ring:modes=5,radius=2`.

    Args:
        text: A name, and after a colon its arguments; values are Python literals, bare words are strings.
        folder: Where to look for the name.
        **given: Further arguments, such as `target=` for a game.

    Raises:
        ValueError: If the text, the name or a value makes no sense.

    Example:
        >>> parse("ring:modes=5", "data").n_modes
        5
    """
    name, rest = name_of(text), text.partition(":")[2]
    arguments = {}
    for part in _split(rest):
        key, equals, value = part.partition("=")
        if not equals or not key.strip():
            raise ValueError(f"arguments must be written name:key=value,key=value; got {text!r}")
        arguments[key.strip()] = _literal(value.strip())
    return find(folder, name)(**given, **arguments)


def around(game: Any, remedies: Iterable[str]) -> Any:
    """A game with remedies around it, each written as on a command line, the innermost first.

    Raises:
        ValueError: If a text, a name or a value makes no sense, or two of them don't go together.

    Example:
        >>> game = around(parse("gan", "games", target=parse("ring", "data")), ["packing:pack=2", "unrolled"])
        >>> game.recipe["name"], game.recipe["arguments"]["game"]["name"]
        ('unrolled', 'packing')
    """
    for remedy in remedies:
        game = parse(remedy, "remedies", game=game)
    return game


def build(recipe: Mapping[str, Any]) -> Any:
    """Make a thing again from its recipe, nested recipes first.

    Args:
        recipe: As stamped by `gan_edu.parameters.method`: folder, name and arguments.

    Raises:
        ValueError: If a part was made by hand and so can't be rebuilt, or is not in the catalogue.

    Example:
        >>> build({"folder": "data", "name": "ring", "arguments": {"modes": 5}}).n_modes
        5
    """
    arguments = {}
    described = parameters(find(recipe["folder"], recipe["name"]))
    for name, value in recipe["arguments"].items():
        if isinstance(value, Mapping) and "folder" in value:
            value = build(value)
        elif value is None and name in described and not described[name].optional:
            raise ValueError(
                f"{recipe['name']}: {name} was made by hand, so it can't be rebuilt from a file; "
                "use things from the catalogue, or rebuild it in code"
            )
        arguments[name] = value
    return find(recipe["folder"], recipe["name"])(**arguments)


def _split(text: str) -> list[str]:
    """Split at commas outside brackets."""
    parts, depth = [""], 0
    for character in text:
        depth += (character in "([{") - (character in ")]}")
        if character == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += character
    return [part for part in parts if part.strip()]


def _literal(text: str) -> Any:
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return {"true": True, "false": False, "none": None}.get(text.lower(), text)
