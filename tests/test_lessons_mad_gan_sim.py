"""Checks of the notebook about similarity: right answers pass, wrong ones get the hint that fits them."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from gan_edu.games.mad_gan_sim import condition
from gan_edu.lessons import mad_gan_sim as lesson
from gan_edu.lessons.feedback import Feedback


def parts(real, cosine):
    return real.sum() - real, cosine.sum(-1) - 1, len(real)


def margin(real, cosine):
    prob, alike, k = parts(real, cosine)
    return real - (prob + alike) / (k - 1)


def divided_by(n):
    def wrong(real, cosine):
        prob, alike, _ = parts(real, cosine)
        return real - (prob + alike) / n

    return wrong


def rewarded(real, cosine):
    prob, alike, k = parts(real, cosine)
    return real - (prob - alike) / (k - 1)


def no_cosine(real, cosine):
    return real - (real.sum() - real) / (len(real) - 1)


def with_itself(real, cosine):
    return real - (real.sum() + cosine.sum(-1)) / len(real)


# every wrong answer, with a word of its hint; None marks a right answer
ANSWERS = [
    ("check_margin", margin, None),
    ("check_margin", lambda real, cosine: margin(real, cosine).numpy(), None),
    ("check_margin", lambda real, cosine: margin(real, cosine).double(), None),
    ("check_margin", lambda real, cosine: margin(real, cosine).mean(), "its own"),
    ("check_margin", lambda real, cosine: margin(real, cosine)[:2], "(4,)"),
    ("check_margin", lambda real, cosine: -margin(real, cosine), "other sign"),
    ("check_margin", divided_by(3), "two"),
    ("check_margin", divided_by(4), "how many others"),
    ("check_margin", divided_by(1), "their mean"),
    ("check_margin", with_itself, "itself"),
    ("check_margin", rewarded, "rewards"),
    ("check_margin", no_cosine, "where is the cosine"),
    ("check_margin", lambda real, cosine: margin(real, cosine).clamp_max(0), "switch"),
    ("check_margin", lambda real, cosine: (-margin(real, cosine)).clamp_min(0), "switch"),
    ("check_margin", lambda real, cosine: real, "less the mean"),
    ("check_margin", lambda real, cosine: real / 0, "not finite"),
    ("check_margin", lambda real, cosine: "U", "tensor"),
    ("check_margin", lambda real, cosine: None, "empty"),
    ("check_margin", 0.5, "function itself"),
    ("check_needed", 1.2, None),
    ("check_needed", np.float64(1.2), None),
    ("check_needed", 0.7, "lead"),
    ("check_needed", 0.5, "in common"),
    ("check_needed", 0.35, "multiplied"),
    ("check_needed", -0.2, "easier"),
    ("check_needed", 1, "cut it"),
    ("check_needed", 5, "any one"),
    ("check_needed", None, "empty"),
    ("check_highest_mean", lambda k: 1 / (k - 1), None),
    ("check_highest_mean", lambda k: torch.tensor(1 / (k - 1)), None),
    ("check_highest_mean", lambda k: -1 / (k - 1), "least mean cosine"),
    ("check_highest_mean", lambda k: 1, "can three"),
    ("check_highest_mean", lambda k: 0, "ReLU"),
    ("check_highest_mean", lambda k: 1 / k, "how many pairs"),
    ("check_highest_mean", lambda k: 2, "at once"),
    ("check_highest_mean", lambda k: k, "unit vectors"),
    ("check_highest_mean", lambda k: None, "empty"),
    ("check_highest_mean", 0.1, "function itself"),
]


@pytest.mark.parametrize(("name", "answer", "word"), ANSWERS)
def test_answers(name, answer, word):
    feedback = getattr(lesson, name)(answer)
    assert isinstance(feedback, Feedback)
    assert bool(feedback) == (word is None), feedback
    assert word is None or word.lower() in feedback.text.lower(), feedback


def test_the_answers_are_those_of_the_game():
    """The margin is the game's; the lead of exercise 2 is where it changes its sign."""
    random = torch.Generator().manual_seed(3)
    prob, phi = torch.rand(6, generator=random), torch.randn(6, 4, generator=random)
    unit = phi / phi.norm(dim=-1, keepdim=True)
    torch.testing.assert_close(margin(prob, unit @ unit.mT), condition(prob[None], phi[None], 6)[0, 0])
    cosine = torch.full((8, 8), 0.7).fill_diagonal_(1)
    for lead, holds in ((1.21, True), (1.19, False)):
        real = torch.tensor([lead, *[0.5] * 7])
        assert bool(margin(real, cosine)[0] >= 0) == holds


def test_hints_keep_the_answer():
    for name, answer, word in ANSWERS:
        if word is not None and name == "check_needed":
            assert "1.2" not in getattr(lesson, name)(answer).text
