"""What a check says to a learner, and the net that turns every mistake into a sentence."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from typing import Any

from gan_edu.lessons.texts import TEXTS


@dataclass(frozen=True, repr=False)
class Feedback:
    """The outcome of a check; the last line of a cell shows it.

    Args:
        passed: Whether the answer is right.
        text: What is right, or a hint that does not give the answer away.

    Example:
        >>> Feedback(True, "The ring has eight modes.")
        ✔ Right. The ring has eight modes.
        >>> bool(Feedback(False, "Count again."))
        False
    """

    passed: bool
    text: str

    def __bool__(self) -> bool:
        return self.passed

    def __repr__(self) -> str:
        return f"{'✔' if self.passed else '✘'} {TEXTS['right' if self.passed else 'not_yet']}. {self.text}"

    def _repr_html_(self) -> str:
        # the sign and the word say it without colour; a faint tint is legible on light and dark pages
        line, tint = ("#00916A", "#00916A22") if self.passed else ("#B15E00", "#E69F0022")
        head, _, rest = repr(self).partition(". ")
        style = f"border-left:5px solid {line};background:{tint};padding:8px 12px;font-size:14px"
        return f'<div role="status" style="{style}"><b>{escape(head)}.</b> {escape(rest)}</div>'


class Hint(Exception):
    """Raised inside a check to stop with a hint."""


def exercise(check: Callable[..., str]) -> Callable[..., Feedback]:
    """Make a check that never raises out of a function that returns praise or raises `Hint`.

    Args:
        check: Takes the learner's answers; returns a sentence if they are right.

    Returns:
        The same check; whatever goes wrong inside is told as a hint.

    Example:
        >>> @exercise
        ... def check_two(value):
        ...     if as_number(value) != 2:
        ...         raise Hint("Think of one plus one.")
        ...     return "One plus one."
        >>> check_two(...), check_two("two").passed, check_two(2).passed
        (✘ Not yet. Still empty: put your answer in place of the dots and run the cell again., False, True)
    """

    @functools.wraps(check)
    def checked(*answers: Any) -> Feedback:
        if any(answer is None or answer is ... for answer in answers):
            return Feedback(False, TEXTS["empty"])
        try:
            return Feedback(True, check(*answers))
        except Hint as hint:
            return Feedback(False, str(hint))
        except Exception as error:  # a learner's mistake is never a traceback
            return Feedback(False, TEXTS["failed"].format(kind=type(error).__name__, error=error))

    return checked


def as_number(answer: Any) -> float:
    """A learner's number, as Python, numpy or torch gives it.

    Raises:
        Hint: If it is none.

    Example:
        >>> as_number(3)
        3.0
    """
    try:
        if isinstance(answer, bool | str):
            raise TypeError
        return float(answer)
    except (TypeError, ValueError, RuntimeError):
        raise Hint(TEXTS["not_number"].format(got=_short(answer))) from None


def as_rates(generator_rate: Any, discriminator_rate: Any) -> dict[str, float]:
    """A learner's two learning rates, by the names of the settings.

    Raises:
        Hint: If one is no number above 0 and up to 1.

    Example:
        >>> as_rates(0.1, 1e-3)
        {'generator_learning_rate': 0.1, 'discriminator_learning_rate': 0.001}
    """
    rates = {
        "generator_learning_rate": as_number(generator_rate),
        "discriminator_learning_rate": as_number(discriminator_rate),
    }
    for name, rate in rates.items():
        if not 0 < rate <= 1:
            raise Hint(f"The {name.replace('_', ' ')} should lie between 0 and 1; got {rate:g}.")
    return rates


def call(function: Any, *arguments: Any) -> Any:
    """What a learner's function returns.

    Raises:
        Hint: If it is no function, stops with an error, or returns nothing.

    Example:
        >>> call(abs, -3)
        3
    """
    if not callable(function):
        raise Hint(TEXTS["not_callable"].format(got=_short(function)))
    try:
        result = function(*arguments)
    except Exception as error:
        raise Hint(TEXTS["raised"].format(kind=type(error).__name__, error=error)) from None
    if result is None or result is ...:
        raise Hint(TEXTS["empty"])
    return result


def _short(answer: Any) -> str:
    text = repr(answer)
    return text if len(text) <= 40 else f"{text[:39]}…"
