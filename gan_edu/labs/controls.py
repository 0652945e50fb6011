"""Widgets made from parameters: what the catalogue says about a method becomes its sliders, boxes and menus."""

from __future__ import annotations

import ast
import inspect
import math
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import ipywidgets as widgets

from gan_edu import catalogue
from gan_edu.labs.texts import TEXTS
from gan_edu.parameters import REQUIRED, Parameter

LABEL_WIDTH = "128px"
ELSEWHERE = ("points", "frozen")
"""Parameters that get no text box: they are set by drawing, and by boxes to tick."""


class Control:
    """A widget for one parameter, whose value is always a legal one.

    Args:
        parameter: What it sets.
        value: To start with.
        help: A sentence, shown when the pointer rests on the control.

    Example:
        >>> from gan_edu.training import NUMBERS
        >>> Control(NUMBERS["batch_size"], 128).value
        128
    """

    def __init__(self, parameter: Parameter, value: Any, help: str = "") -> None:
        self.parameter = parameter
        self.widget: Any = _widget(parameter, value)
        self.widget.description = parameter.label
        self.widget.tooltip = help or parameter.label
        self.widget.layout = widgets.Layout(width="auto", min_width="0", margin="1px 0")
        self.widget.style.description_width = LABEL_WIDTH

    @property
    def value(self) -> Any:
        """What the control says, checked.

        Raises:
            ValueError: If the value is out of the parameter's range, or its text makes no sense.
        """
        raw = self.widget.value
        if isinstance(self.widget, widgets.Text):
            try:
                raw = ast.literal_eval(raw)
            except (ValueError, SyntaxError):
                raise ValueError(
                    f"{self.parameter.label} must be written as in Python; got {raw!r}"
                ) from None
        return self.parameter.check(raw)

    @value.setter
    def value(self, value: Any) -> None:
        if isinstance(self.widget, widgets.SelectionSlider):
            values = {number for _, number in self.widget.options}
            if value not in values:
                self.widget.options = _labelled({*values, value})
        elif isinstance(self.widget, widgets.IntSlider):
            self.widget.min, self.widget.max = min(self.widget.min, value), max(self.widget.max, value)
        self.widget.value = repr(value) if isinstance(self.widget, widgets.Text) else value


def _widget(parameter: Parameter, value: Any) -> widgets.Widget:
    if parameter.kind == "bool":
        return widgets.Checkbox(value=value, indent=True)
    if parameter.kind == "choice":
        options = [(str(choice).replace("_", " "), choice) for choice in parameter.choices]
        return widgets.Dropdown(options=options, value=value)
    limits = parameter.range
    if parameter.kind not in ("int", "float") or parameter.optional or limits is None:
        return widgets.Text(value=repr(value), continuous_update=False)
    low, high = limits.slider or (limits.low, limits.high)
    if parameter.kind == "int":
        low, high = min(low, value), max(high, value)  # a legal value always has a place
        return widgets.IntSlider(value=value, min=int(low), max=int(high), step=int(limits.step or 1))
    numbers = _logarithmic(low, high) if limits.log else _even(low, high, limits.step)
    # a slider of listed numbers: one of any number would round what it is given, and train with that
    return widgets.SelectionSlider(options=_labelled({*numbers, value}), value=value)


def _logarithmic(low: float, high: float) -> list[float]:
    """Round numbers at about equal ratios: 1, 1.5, 2, 3, 5, 7, 10, ..."""
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    numbers = [float(f"{digit}e{power}") for power in powers for digit in (1, 1.5, 2, 3, 5, 7)]
    return [low, *(number for number in numbers if low < number < high), high]


def _even(low: float, high: float, step: float | None) -> list[float]:
    """Multiples of a round step, about fifty of them."""
    rough = (high - low) / 50
    power = 10 ** math.floor(math.log10(rough))
    every = step or next(digit * power for digit in (1, 2, 5, 10) if digit * power >= rough * 0.999)
    inner = [round(k * every, 12) for k in range(math.ceil(low / every), math.floor(high / every) + 1)]
    return [low, *(number for number in inner if low < number < high), high]


def _labelled(numbers: Iterable[float]) -> list[tuple[str, float]]:
    return [(f"{number:g}", number) for number in sorted(numbers)]


class Form:
    """The controls of one method.

    Args:
        entry: The method.
        arguments: To start with; the defaults for the rest.
        skip: Names of parameters that get no control.

    Example:
        >>> form = Form(catalogue.entries("data")["ring"], {"modes": 5})
        >>> form.arguments["modes"], form.arguments["radius"]
        (5, 2.0)
    """

    def __init__(
        self, entry: catalogue.Entry, arguments: Mapping[str, Any], skip: Iterable[str] = ()
    ) -> None:
        self.entry = entry
        helps = argument_help(entry.function)
        self.controls: dict[str, Control] = {}
        self._rest: dict[str, Any] = {}
        for name, parameter in entry.parameters.items():
            value = arguments.get(name, parameter.default)
            if value is REQUIRED:
                continue
            if name in skip or name in ELSEWHERE:
                self._rest[name] = value
            else:
                self.controls[name] = Control(parameter, value, helps.get(name, ""))

    @property
    def arguments(self) -> dict[str, Any]:
        """What the controls say, checked."""
        return {**self._rest, **{name: control.value for name, control in self.controls.items()}}

    def set(self, arguments: Mapping[str, Any]) -> None:
        """Make the controls say this."""
        for name, value in arguments.items():
            if name in self.controls:
                self.controls[name].value = value
            elif name in self._rest:
                self._rest[name] = value

    def observe(self, handler: Callable[[Any], None]) -> None:
        """Call the handler when a value changes."""
        for control in self.controls.values():
            control.widget.observe(handler, "value")

    def widgets(self, names: Iterable[str] | None = None) -> list[widgets.Widget]:
        """The widgets, of all parameters or of some."""
        return [control.widget for name, control in self.controls.items() if names is None or name in names]


def argument_help(function: Callable[..., Any]) -> dict[str, str]:
    """What the docstring's `Args:` says about each parameter.

    Example:
        >>> from gan_edu.data.ring import ring
        >>> sorted(argument_help(ring)) == ["modes", "radius", "std"]
        True
    """
    text = inspect.getdoc(function) or ""
    found = re.search(r"^Args:\n((?:[ ]{4}.*\n?|\n)*)", text, re.MULTILINE)
    if not found:
        return {}
    helps: dict[str, str] = {}
    names: list[str] = []
    for line in found[1].splitlines():
        entry = re.match(r"^ {4}([\w, ]+): (.*)$", line)
        if entry:
            names = entry[1].split(", ")
            helps |= dict.fromkeys(names, entry[2])
        else:
            for name in names:
                helps[name] += " " + line.strip()
    return helps


def menu(folder: str, value: str) -> widgets.Dropdown:
    """A menu of the methods of a folder of the catalogue; of games, those that learn a target like the one chosen."""
    known = catalogue.entries(folder)
    entries = [entry for entry in known.values() if entry.takes_target == known[value].takes_target]
    summaries = "\n".join(f"{entry.name}: {entry.summary}" for entry in entries)
    dropdown = widgets.Dropdown(
        options=[(entry.name.replace("_", " "), entry.name) for entry in entries],
        value=value,
        description=TEXTS[f"menu_{folder}"],
        layout=widgets.Layout(width="auto", margin="1px 0"),
        tooltip=summaries,
    )
    dropdown.style.description_width = LABEL_WIDTH
    return dropdown
