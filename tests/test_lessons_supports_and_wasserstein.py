"""Checks of the notebook about supports: right answers pass, wrong ones get the hint that fits them."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from gan_edu.lessons import supports_and_wasserstein as lesson
from gan_edu.lessons.feedback import Feedback
from gan_edu.views.parallel_lines import slopes


def slope_of(f, x, **kind):
    x = x.detach().requires_grad_()
    return torch.autograd.grad(f(x).sum(), x, **{"create_graph": True, **kind})[0].norm(dim=-1)


def between(x_real, x_fake, u):
    return u * x_real + (1 - u) * x_fake


def right(f, x_real, x_fake, u):
    return (slope_of(f, between(x_real, x_fake, u)) - 1).square().mean()


def of_mean(f, x_real, x_fake, u):
    x = between(x_real, x_fake, u).requires_grad_()
    (slope,) = torch.autograd.grad(f(x).mean(), x, create_graph=True)
    return (slope.norm(dim=-1) - 1).square().mean()


def cut(f, x_real, x_fake, u):
    return (slope_of(f, between(x_real, x_fake, u), create_graph=False) - 1).square().mean()


def on_lengths(kind):
    return lambda f, x, g, u: kind(slope_of(f, between(x, g, u)))


def at(place):
    return lambda f, x, g, u: (slope_of(f, place(x, g)) - 1).square().mean()


def detached(f, x, g, u):
    return right(f, x, g, u).detach() + 0 * f.a


S = torch.sort
MOVER, PENALTY, SLOPE, NOISE = (
    f"check_{name}" for name in ("earth_mover", "penalty", "penalised_slope", "best_noise")
)

# every wrong answer, with a word of its hint; None marks a right answer
ANSWERS = [
    (MOVER, lambda x, y: (S(x).values - S(y).values).abs().mean(), None),
    (MOVER, lambda x, y: np.abs(np.sort(x.numpy()) - np.sort(y.numpy())).mean(), None),
    (MOVER, lambda x, y: (x - y).abs().mean(), "same number"),
    (MOVER, lambda x, y: (x.mean() - y.mean()).abs(), "cancel"),
    (MOVER, lambda x, y: (S(x).values - S(y).values).square().mean(), "W_2"),
    (MOVER, lambda x, y: (S(x).values - S(y).values).square().mean().sqrt(), "W_2"),
    (MOVER, lambda x, y: (S(x).values - S(y).values).abs().sum(), "1/n"),
    (MOVER, lambda x, y: (S(x).values - y).abs().mean(), "Only one"),
    (MOVER, lambda x, y: (x - S(y).values).abs().mean(), "Only one"),
    (MOVER, lambda x, y: 0.0, "Put both"),
    (MOVER, lambda x, y: None, "empty"),
    (MOVER, 1.9, "function itself"),
    (PENALTY, right, None),
    (PENALTY, lambda f, x, g, u: right(f, g, x, u), None),  # u is as good as 1 - u
    (PENALTY, cut, "create_graph"),
    (PENALTY, detached, "create_graph"),
    (PENALTY, of_mean, "six times"),
    (PENALTY, on_lengths(lambda n: (n.square() - 1).square().mean()), "*square*"),
    (PENALTY, on_lengths(lambda n: (n - 1).abs().mean()), "each point"),
    (PENALTY, on_lengths(lambda n: (n.mean() - 1).square()), "each point"),
    (PENALTY, on_lengths(lambda n: n.square().mean()), "slope 0"),
    (PENALTY, on_lengths(lambda n: (n - 1).clamp_min(0).square().mean()), "one-sided"),
    (PENALTY, at(lambda x, g: x), "one end"),
    (PENALTY, at(lambda x, g: g), "one end"),
    (PENALTY, at(lambda x, g: (x + g) / 2), "half way"),
    (PENALTY, lambda f, x, g, u: torch.tensor(5.0), "Points between"),
    (PENALTY, lambda f, x, g, u: f.missing, "AttributeError"),
    (SLOPE, lambda t, s: 1 + t / (2 * s), None),
    (SLOPE, lambda t, s: 1.0, "a little steeper"),
    (SLOPE, lambda t, s: 1 + t / s, "derivative of a square"),
    (SLOPE, lambda t, s: t / (2 * s), "pulls to 1"),
    (SLOPE, lambda t, s: 1 - t / (2 * s), "sign"),
    (SLOPE, lambda t, s: 1 + 2 * s * t, "stronger penalty"),
    (SLOPE, lambda t, s: 2.0, "derivative by s"),
    (SLOPE, lambda t, s: "steep", "number"),
    (NOISE, 0.41, None),
    (NOISE, 0.37, None),
    (NOISE, 0, "no overlap"),
    (NOISE, 0.1, "hardly overlap"),
    (NOISE, 1.0, "blurred into one"),
    (NOISE, -0.4, "at least 0"),
    (NOISE, math.inf, "at least 0"),
    (NOISE, "much", "number"),
]


@pytest.mark.parametrize(("name", "answer", "word"), ANSWERS)
def test_answers(name, answer, word):
    feedback = getattr(lesson, name)(answer)
    assert isinstance(feedback, Feedback)
    assert bool(feedback) == (word is None), feedback
    assert word is None or word in feedback.text


def test_no_noise_is_better_than_the_best():
    tried = np.linspace(0.02, 2, 1000)
    found = [float(slopes(1.0, float(noise))["minimax"]) for noise in tried]
    assert abs(tried[int(np.argmax(found))] - lesson.BEST_NOISE) < 0.003


def test_hints_keep_the_answer():
    """No hint about the noise gives away where the best one is."""
    for name, answer, word in ANSWERS:
        if name == NOISE and word is not None:
            assert "0.4" not in lesson.check_best_noise(answer).text.replace(f"{answer}", "")
