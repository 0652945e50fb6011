"""Checks of the notebook about feature matching: right answers pass, wrong ones get the hint that fits them."""

from __future__ import annotations

import math

import pytest
import torch

from gan_edu.data.ring import ring
from gan_edu.lessons import feature_matching
from gan_edu.lessons.feature_matching import POINTS, impostors
from gan_edu.lessons.feedback import Feedback


def gap(f_real, f_fake):
    return (f_real.mean(0) - f_fake.mean(0)).square().sum()


def radius_and_waves(x):
    angle = 8 * torch.atan2(x[:, 1], x[:, 0])
    return torch.stack([x.norm(dim=1), angle.cos()], -1)


def moments(x):
    return torch.stack([x[:, 0], x[:, 1], x[:, 0] ** 2, x[:, 1] ** 2, x[:, 0] * x[:, 1]], -1)


class Moody:
    """Features that change from call to call."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, x):
        self.calls += 1
        return x + self.calls


# every wrong answer, with a word of its hint; None marks a right answer
ANSWERS = [
    ("check_gap", (gap,), None),
    ("check_gap", (lambda r, f: float(gap(r, f)),), None),
    ("check_gap", (lambda r, f: (r[: len(f)] - f[: len(r)]).square().sum(-1).mean(),), "another order"),
    ("check_gap", (lambda r, f: (r.mean(0) - f.mean(0)).square().mean(),), "released code"),
    ("check_gap", (lambda r, f: (r.mean(0) - f.mean(0)).norm(),), "its square"),
    ("check_gap", (lambda r, f: (r.mean(0) - f.mean(0)).abs().sum(),), "absolute"),
    ("check_gap", (lambda r, f: (r.mean(0) - f.mean(0)).sum().square(),), "cancel"),
    ("check_gap", (lambda r, f: 3 * gap(r, f),), "Yours gives"),
    ("check_gap", (lambda r, f: r.mean(0) - f.mean(0),), "number"),
    ("check_gap", (lambda r, f: None,), "empty"),
    ("check_gap", (3,), "function itself"),
    ("check_noise", (0.059375,), None),
    ("check_noise", (2 * 1.9 / 64,), None),
    ("check_noise", (0,), "Both means"),
    ("check_noise", (1.9 / 64,), "two batches"),
    ("check_noise", (math.sqrt(2 * 1.9 / 64),), "a distance"),
    ("check_noise", (3.8,), "single points"),
    ("check_noise", (17,), "variance of one point"),
    ("check_noise", ("little",), "number"),
    ("check_points", (129,), None),
    ("check_points", (128,), "one point enough"),
    ("check_points", (2,), "triangle"),
    ("check_points", (math.inf,), "Far fewer"),
    ("check_points", (10_000,), "Far fewer"),
    ("check_points", (64,), "convex hull"),
    ("check_features", (radius_and_waves,), None),
    ("check_features", (lambda x: x,), "All impostors"),
    ("check_features", (lambda x: torch.zeros(len(x), 1),), "All impostors"),
    ("check_features", (moments,), "the ring, turned"),
    ("check_features", (lambda x: x.norm(dim=1),), "the ring, turned"),
    (
        "check_features",
        (lambda x: torch.stack([(8 * torch.atan2(x[:, 1], x[:, 0])).cos()], 1),),
        "the ring, shrunk. It has",
    ),
    ("check_features", (Moody(),), "always the same"),
    ("check_features", (lambda x: x.mean(0),), "1 to 8 features"),
    ("check_features", (lambda x: x.repeat(1, 5),), "1 to 8 features"),
    ("check_features", (lambda x: (0 * x).log(),), "not finite"),
    ("check_features", (lambda x: 3.0,), "tensor"),
    ("check_features", (lambda x: x.undefined,), "AttributeError"),
]


@pytest.mark.parametrize(("name", "answers", "word"), ANSWERS)
def test_answers(name, answers, word):
    feedback = getattr(feature_matching, name)(*answers)
    assert isinstance(feedback, Feedback)
    assert bool(feedback) == (word is None), feedback
    assert word is None or word in feedback.text


def test_impostors_are_what_they_are_called():
    """Mean and covariance of three of them are those of the ring; two others are smaller."""
    random = torch.Generator().manual_seed(1)
    fakes = impostors(POINTS, random)
    real = ring().sample(POINTS, random)
    for name in ("a Gaussian", "a circle", "the ring, turned"):
        assert (fakes[name].mean(0) - real.mean(0)).abs().max() < 0.15, name
        assert (fakes[name].T.cov() - real.T.cov()).abs().max() < 0.15, name
    assert fakes["a blob in the middle"].norm(dim=1).max() < 0.3
    assert abs(fakes["the ring, shrunk"].norm(dim=1).mean() - 1) < 0.01
    turned, circle = torch.cdist(fakes["the ring, turned"], ring().components), fakes["a circle"].norm(dim=1)
    assert turned.min() > 0.4  # 2 sin(22.5° / 2) = 0.78 between the nearest modes, and the noise of both
    assert (circle - 2).abs().max() < 0.3


def test_hints_keep_the_answer():
    """No hint gives away the number that is asked for."""
    for name, answers, word in ANSWERS:
        if word is not None and name in ("check_noise", "check_points"):
            text = getattr(feature_matching, name)(*answers).text
            assert "0.059" not in text
            assert "129" not in text
