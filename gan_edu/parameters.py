"""Parameters describe themselves: one annotation gives validation, the slider, its label and the docs.

    @method
    def ring(modes: Annotated[int, Range(1, 64)] = 8, ...) -> Target: ...

`method` checks every argument against its annotation and stamps the result with its *recipe*: the
folder, the name and the arguments, as plain JSON values, from which `gan_edu.catalogue.build` makes it again.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import inspect
import math
import types
import typing
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, ParamSpec, TypeVar, Union, get_args, get_origin

REQUIRED = inspect.Parameter.empty
P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True)
class Range:
    """What a number may be, and how a slider offers it.

    Args:
        low: Smallest legal value.
        high: Largest legal value.
        step: Slider step; whole numbers step by 1.
        log: The slider moves on a logarithmic scale.
        slider: `(low, high)` of the slider where it is narrower than what is legal.
        label: What people read; made from the parameter's name when empty.
    """

    low: float
    high: float
    step: float | None = None
    log: bool = False
    slider: tuple[float, float] | None = None
    label: str = ""


@dataclass(frozen=True)
class Parameter:
    """One parameter of a method, as menus, sliders, the command line and the docs need it."""

    name: str
    kind: Literal["int", "float", "bool", "choice", "other"]
    default: Any = REQUIRED
    range: Range | None = None
    choices: tuple[Any, ...] = ()
    optional: bool = False
    made: type | None = None
    """The dataclass that a value must be, such as Target or Game."""

    @property
    def label(self) -> str:
        """What people read beside the slider."""
        return (self.range.label if self.range else "") or self.name.replace("_", " ")

    @property
    def low(self) -> float | None:
        """Smallest legal value."""
        return self.range.low if self.range else None

    @property
    def high(self) -> float | None:
        """Largest legal value."""
        return self.range.high if self.range else None

    def check(self, value: Any) -> Any:
        """Return the value in its declared type, or raise one ValueError that says rule, value, choices."""
        if value is None and self.optional:
            return None
        if self.kind == "choice":
            if value not in self.choices:
                names = ", ".join(map(repr, self.choices))
                raise ValueError(f"{self.name} must be one of {names}; got {value!r}")
        elif self.kind == "bool":
            if not isinstance(value, bool):
                raise ValueError(f"{self.name} must be True or False; got {value!r}")
        elif self.kind in ("int", "float"):
            return self._check_number(value)
        elif self.made and not isinstance(value, self.made):
            raise ValueError(f"{self.name} must be a {self.made.__name__}; got {_short(value)}")
        return value

    def _check_number(self, value: Any) -> int | float:
        whole = self.kind == "int"
        low, high = (self.range.low, self.range.high) if self.range else (-math.inf, math.inf)
        rule = f"{self.name} must be a {'whole ' if whole else ''}number from {low:g} to {high:g}"
        if not isinstance(value, int | float) and hasattr(value, "item"):
            with contextlib.suppress(
                ValueError, RuntimeError, TypeError
            ):  # several numbers at once fail below
                value = value.item()
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ValueError(f"{rule}; got {value!r}")
        if not low <= value <= high or (whole and value % 1 != 0):  # nan fails the comparison
            raise ValueError(f"{rule}; got {value!r}")
        return int(value) if whole else float(value)


def parameters(function: Callable[..., Any]) -> dict[str, Parameter]:
    """The parameters of a method, read from its signature."""
    function = inspect.unwrap(function)
    hints = typing.get_type_hints(function, include_extras=True)
    signature = inspect.signature(function)
    return {
        name: _parameter(name, hints.get(name, Any), p.default) for name, p in signature.parameters.items()
    }


def _parameter(name: str, hint: Any, default: Any) -> Parameter:
    given_range, optional = None, False
    while True:  # Annotated[int | None, Range()] and Annotated[int, Range()] | None mean the same
        members = get_args(hint) if get_origin(hint) in (Union, types.UnionType) else ()
        if get_origin(hint) is Annotated:
            hint, *extras = get_args(hint)
            given_range = next((e for e in extras if isinstance(e, Range)), given_range)
        elif type(None) in members:
            rest = [m for m in members if m is not type(None)]
            hint, optional = rest[0] if len(rest) == 1 else Any, True
        else:
            break
    if get_origin(hint) is Literal:
        return Parameter(name, "choice", default, choices=get_args(hint), optional=optional)
    kind = {int: "int", float: "float", bool: "bool"}.get(hint, "other")
    made = hint if dataclasses.is_dataclass(hint) and isinstance(hint, type) else None
    return Parameter(name, kind, default, range=given_range, optional=optional, made=made)  # type: ignore[arg-type]


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) < 60 else type(value).__name__


def method(function: Callable[P, R]) -> Callable[P, R]:
    """Check the arguments of `function`, and stamp the frozen dataclass that it returns with its recipe.

    Args:
        function: Annotated, in a file of its own name; it returns a frozen dataclass with a field `recipe`.

    Returns:
        The function, which raises one ValueError for an argument that is unknown or not what its annotation says.

    Example:
        >>> from gan_edu.data.ring import ring
        >>> ring(modes=4).recipe["arguments"]
        {'modes': 4, 'radius': 2.0, 'std': 0.05}
        >>> ring(modes=0)
        Traceback (most recent call last):
        ValueError: ring: modes must be a whole number from 1 to 256; got 0
    """
    described = None
    signature = inspect.signature(function)
    folder = function.__module__.split(".")[-2]

    @functools.wraps(function)
    def checked(*args: P.args, **kwargs: P.kwargs) -> R:
        nonlocal described
        if described is None:  # annotations are read on first use: importing stays cheap
            described = parameters(function)
        try:
            bound = signature.bind(*args, **kwargs)
        except TypeError as error:
            raise ValueError(f"{function.__name__}: {error}; parameters are {', '.join(described)}") from None
        bound.apply_defaults()
        for name, value in bound.arguments.items():
            try:
                bound.arguments[name] = described[name].check(value)
            except ValueError as error:
                raise ValueError(f"{function.__name__}: {error}") from None
        result = function(*bound.args, **bound.kwargs)
        arguments = {name: plain(value) for name, value in bound.arguments.items()}
        recipe = {"folder": folder, "name": function.__name__, "arguments": arguments}
        return dataclasses.replace(result, recipe=recipe)  # type: ignore[type-var]

    checked.is_method = True  # type: ignore[attr-defined]
    return checked


def plain(value: Any) -> Any:
    """A value as JSON can hold it: recipes stand for what they make, nested lists for arrays."""
    if isinstance(value, str | int | float | bool) or value is None:
        return value
    if getattr(value, "recipe", None) is not None:
        return value.recipe
    if isinstance(value, Mapping):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [plain(v) for v in value]
    if hasattr(value, "tolist"):
        return value.tolist()
    return None  # a thing made by hand: it trains, but can't be rebuilt from a file


def describe(recipe: Mapping[str, Any]) -> str:
    """A recipe as people write it, with the default arguments left in: `ring(modes=8, radius=2.0, std=0.05)`."""
    parts = []
    for name, value in recipe["arguments"].items():
        if isinstance(value, Mapping) and "folder" in value:
            parts.append(describe(value))
        else:
            text = repr(value)
            parts.append(f"{name}={text if len(text) < 60 else '…'}")
    return f"{recipe['name']}({', '.join(parts)})"


def peel(recipe: Mapping[str, Any]) -> tuple[list[Mapping[str, Any]], Mapping[str, Any]]:
    """The remedies around a game, inner first, and the game itself.

    Args:
        recipe: Of the whole game.

    Example:
        >>> from gan_edu.games.bilinear import bilinear
        >>> from gan_edu.remedies.unrolled import unrolled
        >>> remedies, inner = peel(unrolled(bilinear(), steps=3).recipe)
        >>> [remedy["name"] for remedy in remedies], inner["name"]
        (['unrolled'], 'bilinear')
    """
    remedies: list[Mapping[str, Any]] = []
    while recipe["folder"] == "remedies":
        remedies.insert(0, recipe)
        recipe = recipe["arguments"]["game"]
    return remedies, recipe


def wrap(recipe: Mapping[str, Any], remedies: Iterable[Mapping[str, Any]]) -> Mapping[str, Any]:
    """Put remedies around a game's recipe, inner first: what `peel` takes apart."""
    for remedy in remedies:
        recipe = {**remedy, "arguments": {**remedy["arguments"], "game": recipe}}
    return recipe
