"""Annotations become checks, sliders and recipes."""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np
import pytest
import torch

from gan_edu import catalogue
from gan_edu.data.ring import ring
from gan_edu.parameters import REQUIRED, Parameter, Range, describe, method, parameters, plain


@dataclass(frozen=True)
class Thing:
    values: tuple
    recipe: Any = None


@method
def thing(
    required,
    count: Annotated[int, Range(1, 8)] = 3,
    rate: Annotated[float, Range(0, 1, step=0.1, log=True, slider=(0.1, 0.9), label="learning rate")] = 0.5,
    choice: Literal["left", "right"] = "left",
    flag: bool = False,
    maybe: Annotated[float | None, Range(-1, 1)] = None,
    side: Literal["up"] | None = None,
    free: Sequence[float] = (1.0, 2.0),
    plain_int: int = 0,
) -> Thing:
    """Make a thing."""
    return Thing((required, count, rate, choice, flag, maybe, side, free, plain_int))


KNOWN = parameters(thing)


def test_parameters_are_read_from_the_signature() -> None:
    assert list(KNOWN) == [
        "required",
        "count",
        "rate",
        "choice",
        "flag",
        "maybe",
        "side",
        "free",
        "plain_int",
    ]
    assert [p.kind for p in KNOWN.values()] == (
        ["other", "int", "float", "choice", "bool", "float", "choice", "other", "int"]
    )
    assert [p.optional for p in KNOWN.values()] == [False] * 5 + [True] * 2 + [False] * 2
    assert KNOWN["required"].default is REQUIRED
    assert KNOWN["count"].default == 3
    assert KNOWN["choice"].choices == ("left", "right")
    assert KNOWN["side"].choices == ("up",)
    assert (KNOWN["count"].low, KNOWN["count"].high) == (1, 8)
    assert KNOWN["plain_int"].low is None
    rate = KNOWN["rate"].range
    assert rate is not None
    assert (rate.step, rate.log, rate.slider) == (0.1, True, (0.1, 0.9))


def test_labels() -> None:
    assert KNOWN["rate"].label == "learning rate"
    assert KNOWN["plain_int"].label == "plain int"


GOOD = [
    ("count", 1, 1),
    ("count", 8, 8),
    ("count", 4.0, 4),
    ("count", np.int64(5), 5),
    ("count", np.float32(5), 5),
    ("count", torch.tensor(6), 6),
    ("rate", 0, 0.0),
    ("rate", 1, 1.0),
    ("rate", np.float32(0.25), 0.25),
    ("rate", np.array(0.5), 0.5),
    ("rate", torch.tensor(0.75), 0.75),
    ("choice", "right", "right"),
    ("flag", True, True),
    ("maybe", None, None),
    ("maybe", -1, -1.0),
    ("side", None, None),
    ("free", [3, 4], [3, 4]),
    ("plain_int", -(10**9), -(10**9)),
]


@pytest.mark.parametrize(("name", "value", "expected"), GOOD)
def test_good_values_come_back_in_their_declared_type(name: str, value: object, expected: object) -> None:
    checked = KNOWN[name].check(value)
    assert checked == expected
    assert type(checked) is type(expected)


BAD = [
    ("count", 0, "count must be a whole number from 1 to 8; got 0"),
    ("count", 9, "count must be a whole number from 1 to 8; got 9"),
    ("count", 2.5, "count must be a whole number from 1 to 8; got 2.5"),
    ("count", True, "count must be a whole number from 1 to 8; got True"),
    ("count", "3", "count must be a whole number from 1 to 8; got '3'"),
    ("count", None, "count must be a whole number from 1 to 8; got None"),
    ("count", math.nan, "count must be a whole number from 1 to 8; got nan"),
    ("count", math.inf, "count must be a whole number from 1 to 8; got inf"),
    ("count", [3], r"count must be a whole number from 1 to 8; got [3]"),
    ("count", np.array([3, 4]), "count must be a whole number from 1 to 8; got array([3, 4])"),
    ("rate", 1.01, "rate must be a number from 0 to 1; got 1.01"),
    ("rate", -1e-9, "rate must be a number from 0 to 1; got -1e-09"),
    ("rate", math.nan, "rate must be a number from 0 to 1; got nan"),
    ("choice", "up", "choice must be one of 'left', 'right'; got 'up'"),
    ("choice", None, "choice must be one of 'left', 'right'; got None"),
    ("choice", ["left"], "choice must be one of 'left', 'right'; got ['left']"),
    ("side", "down", "side must be one of 'up'; got 'down'"),
    ("flag", 1, "flag must be True or False; got 1"),
    ("flag", "yes", "flag must be True or False; got 'yes'"),
    ("maybe", 2, "maybe must be a number from -1 to 1; got 2"),
    ("plain_int", 0.5, "plain_int must be a whole number from -inf to inf; got 0.5"),
    ("plain_int", math.inf, "plain_int must be a whole number from -inf to inf; got inf"),
    ("plain_int", "x", "plain_int must be a whole number from -inf to inf; got 'x'"),
]


@pytest.mark.parametrize(("name", "value", "message"), BAD)
def test_bad_values_get_the_rule_the_value_and_the_choices(name: str, value: object, message: str) -> None:
    with pytest.raises(ValueError, match="must be") as caught:
        KNOWN[name].check(value)
    assert str(caught.value) == message
    with pytest.raises(ValueError, match="must be") as caught:
        thing("here", **{name: value})  # type: ignore[arg-type]
    assert str(caught.value) == f"thing: {message}"


def test_the_function_sees_checked_values() -> None:
    made = thing("a", np.int64(2), rate=1)
    assert made.values == ("a", 2, 1.0, "left", False, None, None, (1.0, 2.0), 0)
    assert type(made.values[1]) is int
    assert type(made.values[2]) is float


@pytest.mark.parametrize(
    ("arguments", "message"),
    [((), "missing a required argument"), ((1, 2, 3, "left", False, None, None, (), 0, 1), "too many")],
)
def test_a_call_that_does_not_fit_lists_the_parameters(arguments: tuple, message: str) -> None:
    with pytest.raises(ValueError, match=f"thing: {message}.*; parameters are required, count, rate"):
        thing(*arguments)


def test_an_unknown_name_lists_the_parameters() -> None:
    with pytest.raises(
        ValueError, match="unexpected keyword argument 'size'; parameters are required, count"
    ):
        thing(1, size=3)  # type: ignore[call-arg]


def test_recipe_holds_all_arguments_as_json() -> None:
    made = thing(np.float32(0.5), free=np.array([1.0, 2.0]), maybe=torch.tensor(0.25))
    assert made.recipe["name"] == "thing"
    assert json.loads(json.dumps(made.recipe)) == made.recipe
    assert made.recipe["arguments"] == {
        "required": 0.5,
        "count": 3,
        "rate": 0.5,
        "choice": "left",
        "flag": False,
        "maybe": 0.25,
        "side": None,
        "free": [1.0, 2.0],
        "plain_int": 0,
    }


def test_a_recipe_inside_a_recipe() -> None:
    made = thing(ring(modes=3))
    assert made.recipe["arguments"]["required"] == ring(modes=3).recipe
    assert describe(made.recipe).startswith("thing(ring(modes=3, radius=2.0, std=0.05), count=3")


def test_build_makes_a_recipe_again() -> None:
    target = ring(modes=5, radius=1, std=0.1)
    assert target.recipe == {
        "folder": "data",
        "name": "ring",
        "arguments": {"modes": 5, "radius": 1.0, "std": 0.1},
    }
    again = catalogue.build(json.loads(json.dumps(target.recipe)))
    assert again.recipe == target.recipe
    assert torch.equal(again.components, target.components)


def test_describe_shortens_long_values() -> None:
    text = describe({"name": "drawn", "arguments": {"points": [[0.0, 1.0]] * 50, "std": 0.1}})
    assert text == "drawn(points=…, std=0.1)"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (3, 3),
        (None, None),
        ("a", "a"),
        ((1, (2, 3)), [1, [2, 3]]),
        ({1: (2,)}, {"1": [2]}),
        (np.arange(3), [0, 1, 2]),
        (np.float64(0.5), 0.5),
        (torch.tensor([[1.0]]), [[1.0]]),
        (object(), None),
    ],
)
def test_plain(value: object, expected: object) -> None:
    assert plain(value) == expected
    json.dumps(plain(value))


def test_method_keeps_name_doc_and_signature() -> None:
    assert thing.__name__ == "thing"
    assert thing.__doc__ == "Make a thing."
    assert thing.is_method  # type: ignore[attr-defined]


def test_every_method_of_the_catalogue_can_be_called_with_its_slider_ends() -> None:
    """Sliders offer only what is legal, and defaults pass their own checks."""
    for folder in catalogue.FOLDERS:
        for entry in catalogue.entries(folder).values():
            for parameter in entry.parameters.values():
                _check_slider(f"{folder}/{entry.name}", parameter)


def _check_slider(where: str, parameter: Parameter) -> None:
    if parameter.default is not REQUIRED and parameter.kind != "other":
        assert parameter.check(parameter.default) == parameter.default, where
    if parameter.range is not None:
        low, high = parameter.range.slider or (parameter.range.low, parameter.range.high)
        assert parameter.range.low <= low < high <= parameter.range.high, where
        parameter.check(low)
        parameter.check(high)
        if parameter.range.log and parameter.range.slider:
            assert low > 0, where


def test_none_may_stand_inside_or_outside_of_the_annotation():
    def inside(n: Annotated[int | None, Range(1, 5)] = None): ...
    def outside(n: Annotated[int, Range(1, 5)] | None = None): ...

    assert parameters(inside) == parameters(outside)
    parameter = parameters(outside)["n"]
    assert (parameter.kind, parameter.optional, parameter.high) == ("int", True, 5)
