"""Checks of the notebook about minibatch discrimination: each wrong answer gets the hint that fits it."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from gan_edu.lessons import minibatch_discrimination
from gan_edu.lessons.feedback import Feedback


def pairs(M):
    return (M[:, None] - M[None, :]).abs().sum(-1)


def rest(M):
    c = torch.exp(-pairs(M))
    return (c.sum(1) - 1) / (len(M) - 1)


def by_loops(M):
    n, kernels, _ = M.shape
    o = torch.zeros(n, kernels)
    for i in range(n):
        for b in range(kernels):
            o[i, b] = sum(torch.exp(-(M[i, b] - M[j, b]).abs().sum()) for j in range(n) if j != i) / (n - 1)
    return o


def squared(M):
    return (torch.exp(-(M[:, None] - M[None, :]).square().sum(-1)).sum(1) - 1) / (len(M) - 1)


def euclidean(M):
    distance = (M[:, None] - M[None, :]).square().sum(-1).sqrt()
    return (torch.exp(-distance).sum(1) - 1) / (len(M) - 1)


def six_only(M):
    return rest(M) if len(M) == 6 else rest(M) * (len(M) - 1) / 5


def nowhere(M):
    return rest(M) / 0


# every wrong answer, with a word of its hint; None marks a right answer
ANSWERS = [
    ("check_closeness_to_the_rest", rest, None),
    ("check_closeness_to_the_rest", by_loops, None),
    ("check_closeness_to_the_rest", lambda M: rest(M).numpy(), None),
    ("check_closeness_to_the_rest", lambda M: rest(M).double(), None),
    ("check_closeness_to_the_rest", lambda M: torch.exp(-pairs(M)).mean(1), "own twin"),
    ("check_closeness_to_the_rest", lambda M: (torch.exp(-pairs(M)).sum(1) - 1) / len(M), "still counts it"),
    ("check_closeness_to_the_rest", lambda M: torch.exp(-pairs(M)).sum(1), "is a sum"),
    ("check_closeness_to_the_rest", lambda M: torch.exp(-pairs(M)).sum(1) - 1, "is a sum"),
    ("check_closeness_to_the_rest", squared, "squares"),
    ("check_closeness_to_the_rest", euclidean, "squares"),
    ("check_closeness_to_the_rest", lambda M: pairs(M).sum(1) / (len(M) - 1), "exp(−distance)"),
    ("check_closeness_to_the_rest", lambda M: rest(M).T, "other way round"),
    ("check_closeness_to_the_rest", lambda M: rest(M).mean(-1), "(6, 3)"),
    ("check_closeness_to_the_rest", lambda M: torch.exp(-pairs(M)), "(6, 6, 3)"),
    ("check_closeness_to_the_rest", lambda M: rest(M) ** 2, "Build it up"),
    ("check_closeness_to_the_rest", six_only, "exactly 1"),
    ("check_closeness_to_the_rest", nowhere, "not finite"),
    ("check_closeness_to_the_rest", lambda M: "o", "tensor"),
    ("check_closeness_to_the_rest", lambda M: None, "empty"),
    ("check_closeness_to_the_rest", lambda M: M @ torch.zeros(9), "RuntimeError"),
    ("check_closeness_to_the_rest", 3.0, "function itself"),
    ("check_best_accuracy", 1 - 1 / 128, None),
    ("check_best_accuracy", 0.9922, None),
    ("check_best_accuracy", np.float64(0.9922), None),
    ("check_best_accuracy", 15 / 16, "two points"),
    ("check_best_accuracy", 63 / 64, "Half of all packs"),
    ("check_best_accuracy", 1 - 1 / 1024, "any of the eight"),
    ("check_best_accuracy", 1.0, "now and then"),
    ("check_best_accuracy", 0.5, "one point"),
    ("check_best_accuracy", 0.992, "Four digits"),
    ("check_best_accuracy", 99.22, "between 0 and 1"),
    ("check_best_accuracy", 0.75, "all three lie on one mode"),
    ("check_best_accuracy", "most", "number"),
    ("check_megabytes", 20, None),
    ("check_megabytes", torch.tensor(20.0), None),
    ("check_megabytes", 5, "4 bytes"),
    ("check_megabytes", 5_000_000, "4 bytes"),
    ("check_megabytes", 20_000_000, "another unit"),
    ("check_megabytes", 20 * 10**6 / 2**20, "2^20"),
    ("check_megabytes", 4, "before the sum"),
    ("check_megabytes", 0.2, "PAIR"),
    ("check_megabytes", 9.9, "twice"),
    ("check_megabytes", 100, "shape"),
    ("check_megabytes", None, "empty"),
]


@pytest.mark.parametrize(("name", "answer", "word"), ANSWERS)
def test_answers(name, answer, word):
    feedback = getattr(minibatch_discrimination, name)(answer)
    assert isinstance(feedback, Feedback)
    assert bool(feedback) == (word is None), feedback
    assert word is None or word in feedback.text


def test_the_best_accuracies_are_those_of_the_best_d():
    """Packs of m points of the ring's eight modes, counted: the best D says fake if and only if all share a mode."""
    random = torch.Generator().manual_seed(0)
    for m, best in ((1, 1 / 2), (2, 15 / 16), (3, 1 - 1 / 128)):
        real = torch.randint(8, (200_000, m), generator=random)
        taken_for_real = (real != real[:, :1]).any(-1).float().mean()
        assert float(taken_for_real + 1) / 2 == pytest.approx(best, abs=0.002)
        assert best == 1 - 8 / 8**m / 2
    assert "1 − 8/8^m / 2" in minibatch_discrimination.check_best_accuracy(0.9922).text


def test_hints_keep_the_answer():
    """No hint gives away what is asked."""
    for name, answer, word in ANSWERS:
        if word is not None and name != "check_closeness_to_the_rest":
            text = getattr(minibatch_discrimination, name)(answer).text
            assert not any(told in text for told in ("0.992", "1/128", "20 MB"))
