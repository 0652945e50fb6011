"""Checks of the notebook about the stabilisers: right answers pass, wrong ones get the hint that fits them."""

from __future__ import annotations

import math

import pytest
import torch

from gan_edu.lessons import stabilisers
from gan_edu.lessons.feedback import Feedback


def together(u, reference):
    return torch.cat([reference, u[None]])


def statistics(u, reference):
    n = len(reference)
    mean = (u + n * reference.mean(0)) / (n + 1)
    return mean, (u**2 + n * (reference**2).mean(0)) / (n + 1) - mean**2


def with_variance(variance):
    return lambda u, r: (together(u, r).mean(0), variance(together(u, r), r))


# every wrong answer, with a word of its hint; None marks a right answer
ANSWERS = [
    ("check_remember", (lambda m, x, t: m + (x - m) / t,), None),
    ("check_remember", (lambda m, x, t: torch.tensor(((t - 1) * m + x) / t),), None),
    ("check_remember", (lambda m, x, t: m + (x - m) / (t + 1),), "Count again"),
    ("check_remember", (lambda m, x, t: m + x / t,), "their weight"),
    ("check_remember", (lambda m, x, t: (m + x) / t,), "their weight"),  # right for t = 2
    ("check_remember", (lambda m, x, t: (m + x) / 2,), "Half and half"),
    ("check_remember", (lambda m, x, t: m - (x - m) / t,), "sign"),
    ("check_remember", (lambda m, x, t: 0.9 * m + 0.1 * x,), "Multiply"),
    ("check_remember", (lambda m, x, t: None,), "empty"),
    ("check_remember", (lambda m, x: m,), "TypeError"),
    ("check_remember", (3,), "function itself"),
    ("check_smoothed_answer", (lambda p, q, a, b: (a * p + b * q) / (p + q),), None),
    ("check_smoothed_answer", (lambda p, q, a, b: b + (a - b) * p / (p + q),), None),
    ("check_smoothed_answer", (lambda p, q, a, b: p / (p + q),), "labels 1 and 0"),
    ("check_smoothed_answer", (lambda p, q, a, b: a * p / (a * p + q),), "as many as before"),
    ("check_smoothed_answer", (lambda p, q, a, b: (a * q + b * p) / (p + q),), "places"),
    ("check_smoothed_answer", (lambda p, q, a, b: a * p / (p + q),), "own label"),
    ("check_smoothed_answer", (lambda p, q, a, b: a * p + b * q + 1,), "no probability"),
    ("check_smoothed_answer", (lambda p, q, a, b: 0.5,), "mean label"),
    ("check_smoothed_answer", (lambda p, q, a, b: "p",), "number"),
    ("check_virtual_statistics", (statistics,), None),
    ("check_virtual_statistics", (with_variance(lambda t, r: t.var(0, unbiased=False)),), None),
    ("check_virtual_statistics", (lambda u, r: (r.mean(0), r.var(0)),), "reference batch alone; the"),
    ("check_virtual_statistics", (lambda u, r: ((u + r.mean(0)) / 2, r.var(0)),), "not half"),
    ("check_virtual_statistics", (lambda u, r: (r.mean(), r.var()),), "each of the 5"),
    ("check_virtual_statistics", (lambda u, r: (u, u),), "n + 1 examples"),
    ("check_virtual_statistics", (lambda u, r: u.mean(),), "two tensors"),
    ("check_virtual_statistics", (lambda u, r: ("a", "b"),), "two tensors"),
    ("check_virtual_statistics", (with_variance(lambda t, r: r.var(0, unbiased=False)),), "alone."),
    ("check_virtual_statistics", (with_variance(lambda t, r: r.var(0)),), "alone."),
    ("check_virtual_statistics", (with_variance(lambda t, r: t.var(0)),), "one less"),
    ("check_virtual_statistics", (with_variance(lambda t, r: t.std(0, unbiased=False)),), "square is asked"),
    ("check_virtual_statistics", (with_variance(lambda t, r: t.square().mean(0)),), "taken away"),
    ("check_virtual_statistics", (with_variance(lambda t, r: t[0]),), "less the mean squared"),
    ("check_label", (0.9, math.log(9)), None),
    ("check_label", (0.9, 2.197), None),
    ("check_label", (0.45, 2.2), "only half"),
    ("check_label", (1.5, 2.2), "between 0.5 and 1"),
    ("check_label", (0.75, 2.2), "says 0.375"),
    ("check_label", (0.9, 0.9), "which logit"),
    ("check_label", (0.9, -2.197), "wrong sign"),
    ("check_label", (0.9, 9.0), "solve"),
    ("check_label", ("a", 1.0), "number"),
    ("check_strength", (0.5,), None),
    ("check_strength", (0.1,), "power −0.962, faster"),
    ("check_strength", (1,), "power −0.2, more slowly"),
    ("check_strength", (-0.5,), "positive"),
    ("check_strength", (...,), "empty"),
]


@pytest.mark.parametrize(("name", "answers", "word"), ANSWERS)
def test_answers(name, answers, word):
    feedback = getattr(stabilisers, name)(*answers)
    assert isinstance(feedback, Feedback)
    assert bool(feedback) == (word is None), feedback
    assert word is None or word in feedback.text


def test_quiz():
    """One right answer, and a reason for each choice."""
    assert len(stabilisers.QUIZ) == 5
    for question in stabilisers.QUIZ:
        assert len(set(question.choices)) == len(question.choices)
        assert all(len(why) > 40 for why in question.why)
    assert len({question.correct for question in stabilisers.QUIZ}) == 3  # no letter is always right


def test_hints_keep_the_answer():
    """No hint gives away what is asked."""
    for name, answers, word in ANSWERS:
        if word is not None:
            text = getattr(stabilisers, name)(*answers).text
            assert "0.5" not in text or name != "check_strength"
            assert "2.197" not in text
