"""Checks of the notebook about rejection and Metropolis-Hastings: right answers pass, wrong ones get their hint."""

from __future__ import annotations

import math

import pytest
import torch

from gan_edu.lessons import rejection_vs_metropolis
from gan_edu.lessons.feedback import Feedback


def least_bound(mean, s):
    return s * math.exp(mean**2 / (2 * (s**2 - 1)))


def proposals(bound, tv):
    return math.log(tv) / math.log(1 - 1 / bound)


def auc(real, fake):
    return float((real[:, None] > fake).double().mean())


def by_ratios(here, there, coin):
    return coin < there.exp() / here.exp()


def by_probabilities(here, there, coin):
    here, there = here.sigmoid(), there.sigmoid()
    return coin < there / (1 - there) / (here / (1 - here))


def by_differences(here, there, coin):
    return coin < (there - here).exp()


# every wrong answer, with a word of its hint; None marks a right answer
ANSWERS = [
    ("check_least_bound", (least_bound,), None),
    ("check_least_bound", (lambda m, s: torch.tensor(least_bound(m, s)),), None),
    ("check_least_bound", (lambda m, s: math.log(least_bound(m, s)),), "That is log M"),
    ("check_least_bound", (lambda m, s: s,), "same mean"),
    ("check_least_bound", (lambda m, s: s * math.exp(m**2 / (2 * s**2)),), "w at 0"),
    ("check_least_bound", (lambda m, s: s * math.exp(-(m**2) / 2),), "mean of q"),
    ("check_least_bound", (lambda m, s: least_bound(m, s) / s,), "constants"),
    ("check_least_bound", (lambda m, s: least_bound(m, s) / s**2,), "Upside down"),
    ("check_least_bound", (lambda m, s: least_bound(m, s) * s,), "not 1/s²"),
    ("check_least_bound", (lambda m, s: s + m,), "derivative"),
    ("check_least_bound", (lambda m: m,), "TypeError"),
    ("check_least_bound", (2.0,), "function itself"),
    ("check_least_bound", (lambda m, s: "s",), "number"),
    ("check_least_proposals", (lambda b, t: math.ceil(proposals(b, t)),), None),
    ("check_least_proposals", (proposals,), "fraction"),
    ("check_least_proposals", (lambda b, t: math.floor(proposals(b, t)),), "other way"),
    ("check_least_proposals", (lambda b, t: math.ceil(proposals(b, t)) + 1,), "One less"),
    ("check_least_proposals", (lambda b, t: -math.ceil(proposals(b, t)),), "sign"),
    ("check_least_proposals", (lambda b, t: -proposals(b, t),), "sign"),
    ("check_least_proposals", (lambda b, t: math.ceil(-b * math.log(t)),), "large M only"),
    ("check_least_proposals", (lambda b, t: math.ceil(math.log(t) / math.log(1 / b)),), "does *not*"),
    ("check_least_proposals", (lambda b, t: b * t,), "logarithm"),
    ("check_accept", (lambda h, t, c: c.log() < t - h,), None),
    ("check_accept", (lambda h, t, c: c < (t - h).clamp(max=0).exp(),), None),
    ("check_accept", (lambda h, t, c: c.double().log() < (t - h).double(),), None),
    ("check_accept", (by_differences,), None),  # exp of a large difference is inf, and right
    ("check_accept", (by_ratios,), "too large"),
    ("check_accept", (by_probabilities,), "too large"),
    ("check_accept", (lambda h, t, c: c.log() >= t - h,), "Turned round"),
    ("check_accept", (lambda h, t, c: c.log() < h - t,), "lower"),
    ("check_accept", (lambda h, t, c: t > h,), "only climbs"),
    ("check_accept", (lambda h, t, c: c < t.sigmoid() / h.sigmoid(),), "D itself"),
    ("check_accept", (lambda h, t, c: c < (t - h).sigmoid(),), "Barker"),
    ("check_accept", (lambda h, t, c: c < t - h,), "logarithm"),
    ("check_accept", (lambda h, t, c: c < 0.5,), "w = exp(logit)"),
    ("check_accept", (lambda h, t, c: True,), "one decision"),
    ("check_accept", (lambda h, t, c: t - h,), "True or False"),
    ("check_acceptance", (lambda r, f: 2 * (1 - auc(r, f)),), None),
    ("check_acceptance", (lambda r, f: (f - r[:, None]).clamp(max=0).exp().mean(),), None),
    ("check_acceptance", (auc,), "That is the AUC"),
    ("check_acceptance", (lambda r, f: 1 - auc(r, f),), "1/2 everywhere"),
    ("check_acceptance", (lambda r, f: 2 * auc(r, f),), "Turned round"),
    ("check_acceptance", (lambda r, f: 2 * auc(r, f) - 1,), "Turned round"),
    ("check_acceptance", (lambda r, f: 0.5,), "all pairs"),
    ("check_acceptance", (lambda r, f: ...,), "empty"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "answers", "word"), ANSWERS)
def test_answers(name, answers, word):
    feedback = getattr(rejection_vs_metropolis, name)(*answers)
    assert isinstance(feedback, Feedback)
    assert bool(feedback) == (word is None), feedback
    assert word is None or word in feedback.text


def test_numbers_that_are_told():
    """What a check says is what theory says."""
    told = rejection_vs_metropolis.check_least_bound(least_bound).text
    assert f"{3 * math.exp(1 / 16):.3f}" in told
    assert f"{least_bound(1, 1.01):.1e}" in told
    told = rejection_vs_metropolis.check_least_proposals(lambda b, t: math.ceil(proposals(b, t))).text
    assert "3,242," in told  # 1,408,004 log 10 = 3.242 million
    told = rejection_vs_metropolis.check_acceptance(lambda r, f: 2 * (1 - auc(r, f))).text
    for shift in (0.5, 1.0, 2.0):  # AUC of N(0, 1) against N(shift, 1)
        theory = 0.5 * (1 + math.erf(shift / 2))
        said = [
            float(word.strip(",:")) for word in told.split() if word.strip(",:").replace(".", "").isdigit()
        ]
        assert min(abs(value - theory) for value in said) < 0.05


def test_hints_keep_the_answer():
    """No hint gives away what is asked."""
    for name, answers, word in ANSWERS:
        if word is not None:
            text = getattr(rejection_vs_metropolis, name)(*answers).text
            assert "s exp(" not in text
            assert "coin.log() <" not in text
            assert "2(1 - AUC)" not in text
