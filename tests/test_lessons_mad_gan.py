"""Checks of the notebook about several generators: right answers pass, wrong ones get the hint that fits them."""

from __future__ import annotations

from math import log

import numpy as np
import pytest
import torch

from gan_edu.data.ring import ring
from gan_edu.games.mad_gan import mad_gan
from gan_edu.lessons import mad_gan as lesson
from gan_edu.lessons.feedback import Feedback


def best(p, q):
    every = torch.cat([q, p[None]])
    return every / every.sum(0)


def three_only(p, q):
    return best(p, q) if len(q) == 3 else best(p, q) / 2


def apart(k):
    return (k + 1) * log(k + 1) - k * log(k)


# every wrong answer, with a word of its hint; None marks a right answer
ANSWERS = [
    ("check_best_discriminator", best, None),
    ("check_best_discriminator", lambda p, q: best(p, q).numpy(), None),
    ("check_best_discriminator", lambda p, q: best(p, q).double(), None),
    ("check_best_discriminator", lambda p, q: best(p, q).T, "other way round"),
    ("check_best_discriminator", lambda p, q: p / (p + q.sum(0)), "one class"),
    ("check_best_discriminator", lambda p, q: q / (p + q.sum(0)), "missing"),
    ("check_best_discriminator", lambda p, q: best(p, q)[:2], "(4, 6)"),
    ("check_best_discriminator", lambda p, q: best(p, q).roll(1, 0), "another order"),
    (
        "check_best_discriminator",
        lambda p, q: torch.cat([q / 3, p[None]]) / (p + q.mean(0)),
        "weight 1",
    ),
    (
        "check_best_discriminator",
        lambda p, q: torch.cat([q / (p + q), (p / (p + q.sum(0)))[None]]),
        "data alone",
    ),
    ("check_best_discriminator", lambda p, q: torch.cat([q, p[None]]).softmax(0), "logits"),
    ("check_best_discriminator", lambda p, q: torch.cat([q, p[None]]), "sum to 1"),
    ("check_best_discriminator", lambda p, q: best(p.square(), q.square()), "in proportion"),
    ("check_best_discriminator", three_only, "notebook 1"),
    ("check_best_discriminator", lambda p, q: best(p, q) / 0, "not finite"),
    ("check_best_discriminator", lambda p, q: "D", "tensor"),
    ("check_best_discriminator", lambda p, q: None, "empty"),
    ("check_best_discriminator", 0.5, "function itself"),
    ("check_loss_apart", apart, None),
    ("check_loss_apart", lambda k: torch.tensor(apart(k)), None),
    ("check_loss_apart", lambda k: -apart(k), "maximises"),
    ("check_loss_apart", lambda k: (k + 1) * log(k + 1), "draw the same"),
    ("check_loss_apart", lambda k: log(k + 1), "real half"),
    ("check_loss_apart", lambda k: 2 * log(2), "one generator"),
    ("check_loss_apart", lambda k: log(k + 1) + log((k + 1) / k), "summed"),
    ("check_loss_apart", lambda k: k, "what is D_{k+1} there"),
    ("check_loss_apart", lambda k: None, "empty"),
    ("check_loss_apart", 3.14, "function itself"),
    ("check_shared_modes", 2, None),
    ("check_shared_modes", np.float64(2), None),
    ("check_shared_modes", 0, "whole modes only"),
    ("check_shared_modes", 1, "8/3 modes"),
    ("check_shared_modes", 8 / 3, "cut by such"),
    ("check_shared_modes", 3, "fewer"),
    ("check_shared_modes", 8, "the least"),
    ("check_shared_modes", 5, "in a row"),
    ("check_shared_modes", None, "empty"),
]


@pytest.mark.parametrize(("name", "answer", "word"), ANSWERS)
def test_answers(name, answer, word):
    feedback = getattr(lesson, name)(answer)
    assert isinstance(feedback, Feedback)
    assert bool(feedback) == (word is None), feedback
    assert word is None or word in feedback.text


def test_the_answers_are_those_of_the_game():
    """The loss is that of the best D on places that the generators have for themselves, and of the game's line."""
    for k in (1, 3, 8):
        p = torch.full((k,), 1 / k, dtype=torch.float64)
        q = torch.eye(k, dtype=torch.float64)
        said = best(p, q).log()
        loss = -(p * said[-1]).sum() - sum(said[i, i] for i in range(k))
        assert float(loss) == pytest.approx(apart(k))
        line = mad_gan(ring(), k, width=8).equilibrium.discriminator_loss
        assert line == pytest.approx(apart(k))


def test_two_shared_modes_are_enough_and_needed():
    """Eight modes in a row, cut in three equal parts: two modes are cut. With one, some share has no third part."""
    third = 8 / 3
    cuts = [third, 2 * third]
    assert len({int(cut) for cut in cuts}) == 2
    assert all(cut != int(cut) for cut in cuts)
    # all but one mode whole: two generators have whole modes only, or three share one; sums of wholes are no 8/3
    assert not any(abs(whole - third) < 1e-9 for whole in range(9))


def test_hints_keep_the_answer():
    for name, answer, word in ANSWERS:
        if word is not None and name == "check_loss_apart":
            assert "log" not in getattr(lesson, name)(answer).text
