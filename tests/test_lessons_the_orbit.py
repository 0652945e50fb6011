"""Checks of the notebook about the orbit: right answers pass, wrong ones get the hint that fits them."""

from __future__ import annotations

import math

import pytest
import torch

from gan_edu.lessons import the_orbit
from gan_edu.lessons.feedback import Feedback


class Remembers:
    """A step that is right when it is called for the first time."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, w, slope, last, eta):
        self.calls += 1
        return w - eta * (2 * slope - last) if self.calls == 1 else w - eta * slope


def scaled(x, y, eta):
    return (x**2 + y**2 - eta * x * y) * 3 - 1


def optimistic(w, slope, last, eta):
    return w - eta * (2 * slope - last)


LOW, HIGH = (1 - math.sqrt(0.96)) / 0.2, (1 + math.sqrt(0.96)) / 0.2

# every wrong answer, with a word of its hint; None marks a right answer
ANSWERS = [
    ("check_conserved", (lambda x, y, e: x**2 + y**2 - e * x * y,), None),
    ("check_conserved", (scaled,), None),  # any function of a conserved quantity is one
    ("check_conserved", (lambda x, y, e: torch.tensor(x**2 + y**2 - e * x * y),), None),
    ("check_conserved", (lambda x, y, e: x**2 + y**2 + e * x * y,), "Here x moves first"),
    ("check_conserved", (lambda x, y, e: x**2 + y**2,), "term is missing"),
    ("check_conserved", (lambda x, y, e: math.hypot(x, y),), "changes along"),
    ("check_conserved", (lambda x, y, e: x * y,), "changes along"),
    ("check_conserved", (lambda x, y, e: 1.0,), "same value everywhere"),
    ("check_conserved", (lambda x, y, e: math.inf,), "not finite"),
    ("check_conserved", (lambda x, y, e: None,), "empty"),
    ("check_conserved", (lambda x, y: x,), "TypeError"),
    ("check_conserved", (1.0,), "function itself"),
    ("check_optimistic", (optimistic,), None),
    ("check_optimistic", (lambda w, s, p, e: w - e * s,), "plain step"),
    ("check_optimistic", (lambda w, s, p, e: w - 2 * e * s - e * p,), "sign"),
    ("check_optimistic", (lambda w, s, p, e: w + 2 * e * s - e * p,), "uphill"),
    ("check_optimistic", (lambda w, s, p, e: w - e * s + e * p,), "Count"),
    ("check_optimistic", (lambda w, s, p, e: w - e * (2 * p - s),), "places"),
    ("check_optimistic", (lambda w, s, p, e: w,), "Expect"),
    ("check_optimistic", (lambda w, s, p, e: "w",), "number"),
    ("check_optimistic", (Remembers(),), "keep something"),
    ("check_smallest_gamma", (LOW,), None),
    ("check_smallest_gamma", (0.1010,), None),
    ("check_smallest_gamma", (HIGH,), "stops"),
    ("check_smallest_gamma", (0.1,), "tempted"),
    ("check_smallest_gamma", (0.05,), "that leaves"),
    ("check_smallest_gamma", (1,), "smaller γ does too"),
    ("check_smallest_gamma", ("a lot",), "number"),
    ("check_brake", ("out", "in"), None),
    ("check_brake", ("in", "in"), "correct simultaneous"),
    ("check_brake", ("out", "out"), "correct alternating"),
    ("check_brake", ("in", "out"), "simultaneous and alternating"),
    ("check_brake", ("inwards", "in"), 'Write "in"'),
]


@pytest.mark.parametrize(("name", "answers", "word"), ANSWERS)
def test_answers(name, answers, word):
    feedback = getattr(the_orbit, name)(*answers)
    assert isinstance(feedback, Feedback)
    assert bool(feedback) == (word is None), feedback
    assert word is None or word in feedback.text


def test_numbers_that_are_told():
    """What a check says is what theory says."""
    told = the_orbit.check_optimistic(optimistic).text
    assert "0.00021" in told  # methods: a factor of 0.979 a step, 400 steps
    low, high = (float(word.strip(".:×")) for word in _numbers(the_orbit.check_brake("out", "in").text))
    assert 3.2 < low < 3.4  # 1.0030 ** 400
    assert 0.08 < high < 0.11  # 0.9941 ** 400
    assert f"{math.hypot(1 - 0.2, 0.2):.6f}" in the_orbit.check_smallest_gamma(1).text


def _numbers(text: str) -> list[str]:
    return [word.rstrip(",") for word in text.split() if word.startswith("×")]


def test_hints_keep_the_answer():
    """No hint gives away what is asked."""
    for name, answers, word in ANSWERS:
        if word is not None and name == "check_smallest_gamma":
            assert "0.101" not in getattr(the_orbit, name)(*answers).text
