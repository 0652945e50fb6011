"""Checks and quiz of the notebook about rejection and Metropolis-Hastings."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from gan_edu.lessons.feedback import Hint, as_number, call, exercise
from gan_edu.lessons.question import Question

PAIRS = ((0.0, 2.0), (0.5, 1.5), (1.0, 3.0))
"""Means and standard deviations of proposals that a formula is tried on."""
CHAINS = ((2.0, 0.01), (3.3746, 0.05), (1000.0, 0.1))
"""sup w and distances that a formula is tried on; the last is no whole number of anything."""
EXTREME = 1000.0
"""A logit whose exponential is no number in any precision."""


@exercise
def check_least_bound(function: Any) -> str:
    """A learner's `least_bound(mean, s)`: sup w of p = N(0, 1) and q = N(mean, s²), s > 1."""
    answers = [as_number(call(function, mean, s)) for mean, s in PAIRS]

    def is_(kind: Callable[[float, float], float]) -> bool:
        return all(
            math.isclose(a, kind(m, s), rel_tol=1e-3) for a, (m, s) in zip(answers, PAIRS, strict=True)
        )

    if is_(lambda m, s: s * math.exp(m**2 / (2 * (s**2 - 1)))):
        return (
            f"With mean 1 and s = 3 that is {3 * math.exp(1 / 16):.3f}. With s = 1.01 it is "
            f"{1.01 * math.exp(1 / (2 * 0.0201)):.1e}: a proposal must be wider than the target, and clearly so."
        )
    if is_(lambda m, s: m**2 / (2 * (s**2 - 1)) + math.log(s)):
        raise Hint("That is log M. M itself was asked for.")
    if is_(lambda m, s: s):
        raise Hint("That holds where both have the same mean. If q is shifted, w is not highest at 0.")
    if is_(lambda m, s: s * math.exp(m**2 / (2 * s**2))):
        raise Hint("That is w at 0, where p is highest. Where is the *ratio* highest?")
    if is_(lambda m, s: s * math.exp(-(m**2) / 2)):
        raise Hint("That is w at the mean of q, where q is highest. Where is the *ratio* highest?")
    if is_(lambda m, s: math.exp(m**2 / (2 * (s**2 - 1)))):
        raise Hint("Right place, but densities have constants: q's has 1/s in front.")
    if is_(lambda m, s: math.exp(m**2 / (2 * (s**2 - 1))) / s):
        raise Hint("Upside down: a wide q is low, so the envelope has to lift it.")
    if is_(lambda m, s: s**2 * math.exp(m**2 / (2 * (s**2 - 1)))):
        raise Hint("The factor in front of a density is 1/s, not 1/s².")
    raise Hint(
        "Set the derivative of log w(x) = log s - x²/2 + (x - mean)²/(2 s²) to zero, and put that x in."
    )


@exercise
def check_least_proposals(function: Any) -> str:
    """A learner's `least_proposals(M, tv)`: the least K for which (1 - 1/M)^K <= tv."""
    answers = [as_number(call(function, bound, tv)) for bound, tv in CHAINS]
    exact = [math.log(tv) / math.log1p(-1 / bound) for bound, tv in CHAINS]

    def is_(kind: Callable[[float], float], off: float = 1e-6) -> bool:
        return all(abs(a - kind(e)) <= off for a, e in zip(answers, exact, strict=True))

    if is_(math.ceil):
        missing = math.ceil(math.log(0.1) / math.log1p(-1 / 1_408_004))
        return (
            f"For the missing mode and a distance of 0.1 that would be {missing:,}. It is only a bound: chains are "
            "often much nearer, but nothing less holds for every start."
        )
    if is_(lambda e: e):
        raise Hint(
            "Nobody can make a fraction of a proposal. Round, in the direction that keeps the promise."
        )
    if is_(math.floor):
        raise Hint("With that many the distance may still be a little too large: round the other way.")
    if is_(lambda e: math.ceil(e) + 1):
        raise Hint("One less is enough.")
    if is_(lambda e: -math.ceil(e)) or is_(lambda e: -e) or is_(lambda e: math.floor(-e)):
        raise Hint("Mind the sign: both logarithms are negative.")
    close = [math.ceil(-bound * math.log(tv)) for bound, tv in CHAINS]
    if answers == close:
        raise Hint("log(1 - 1/M) is nearly -1/M for large M only, and these are not all large.")
    if all(
        abs(a - math.log(tv) / math.log(1 / bound)) < 1.01
        for a, (bound, tv) in zip(answers, CHAINS, strict=True)
    ):
        raise Hint("What is raised to the power K is 1 - 1/M: the chance that a proposal does *not* do it.")
    raise Hint("Take the logarithm of (1 - 1/M)^K = tv and solve for K. Then round.")


@exercise
def check_accept(function: Any) -> str:
    """A learner's `accept(here, there, coin)`: from logits and coins, all (n,), which chains move."""
    draw = torch.Generator().manual_seed(0)
    here, there = 3 * torch.randn(2, 500, generator=draw)
    coin = torch.rand(500, generator=draw)
    truth = coin.double() < (there - here).double().clamp_max(0).exp()
    moves = _moves(call(function, here.clone(), there.clone(), coin.clone()), 500)
    if bool((moves == truth).all()):
        extreme = torch.tensor([EXTREME, -EXTREME, EXTREME, -EXTREME, 90.0, -torch.inf, 0.0])
        others = torch.tensor([EXTREME - 1, -EXTREME - 1, -EXTREME, EXTREME, 95.0, 0.0, -torch.inf])
        coins = torch.tensor([0.3, 0.3, 1e-6, 0.999, 0.9, 0.9, 0.0001])
        goes = torch.tensor([True, True, False, True, True, True, False])
        came = _moves(call(function, extreme, others, coins), len(goes))
        if bool((came == goes).all()):
            return "No exponential of a logit, only of a difference that is at most 0, or none at all."
        wrong = int((came != goes).nonzero()[0])
        pair = f"from logit {extreme[wrong]:g} to {others[wrong]:g}"
        raise Hint(
            f"Right for small logits. But {pair}, with the coin {coins[wrong]:g}, it goes wrong: what is too large?"
        )
    if bool((moves == ~truth).all()):
        raise Hint("Turned round: it moves where it should stay.")
    if bool((moves == (coin.double() < (here - there).double().clamp_max(0).exp())).all()):
        raise Hint("That goes to where w is *lower*: which of the two logits is to be subtracted?")
    if bool((moves == (there > here)).all()) or bool((moves == (there >= here)).all()):
        raise Hint(
            "That only climbs, and would end at the highest w. Sometimes it has to go down: the coin is for that."
        )
    ratio = there.sigmoid() / here.sigmoid()
    if bool((moves == (coin < ratio)).all()):
        raise Hint("D itself is not the ratio of densities: D / (1 - D) is.")
    if bool((moves == (coin < (there - here).sigmoid())).all()):
        raise Hint(
            "sigmoid of the difference is Barker's rule: right as well, but it refuses more. Take the minimum."
        )
    if bool((moves == (coin < there - here)).all()):
        raise Hint("A difference of logits is the *logarithm* of a ratio. The coin is not.")
    raise Hint("w = exp(logit), and a chain moves if coin < w(there) / w(here).")


def _moves(answer: Any, n: int) -> Tensor:
    """A learner's decisions as (n,) booleans."""
    if not isinstance(answer, Tensor) or answer.shape != (n,):
        came = tuple(answer.shape) if isinstance(answer, Tensor) else type(answer).__name__
        raise Hint(
            f"It should give one decision for each of the {n} chains, a tensor of shape ({n},); got {came}."
        )
    if answer.dtype != torch.bool:
        raise Hint("Decisions are True or False: compare something with something.")
    return answer


@exercise
def check_acceptance(function: Any) -> str:
    """A learner's `acceptance(real, fake)`: of an MH chain at stationarity, from logits of real and fake points."""
    draw = torch.Generator().manual_seed(0)
    told = []
    for shift in (0.5, 1.0, 2.0):  # logits of N(0, 1) and N(shift, 1): shift²/2 - shift x
        real, fake = torch.randn(2, 400, generator=draw) + torch.tensor([[0.0], [shift]])
        told.append((shift**2 / 2 - shift * real, shift**2 / 2 - shift * fake))
    answers = [as_number(call(function, real.clone(), fake.clone())) for real, fake in told]
    aucs = [float((real[:, None] > fake).double().mean()) for real, fake in told]
    rates = [float((fake - real[:, None]).double().clamp_max(0).exp().mean()) for real, fake in told]

    def is_(values: list[float], off: float = 0.004) -> bool:
        return all(abs(a - value) < off for a, value in zip(answers, values, strict=True))

    if is_([2 * (1 - auc) for auc in aucs]):
        return (
            f"For AUCs of {aucs[0]:.2f}, {aucs[1]:.2f} and {aucs[2]:.2f}: {answers[0]:.0%}, {answers[1]:.0%} and "
            f"{answers[2]:.0%}. No chain was needed. For a D that is wrong this need not be what its chains do: "
            "the AUC sees only in which order it puts points."
        )
    if is_(rates):
        return (
            "The mean of min(1, w'/w) over all pairs of a real start and a proposal. For a D that is right it equals "
            f"2(1 - AUC), here {2 * (1 - aucs[0]):.3f}, {2 * (1 - aucs[1]):.3f} and {2 * (1 - aucs[2]):.3f}."
        )
    if is_(aucs):
        raise Hint("That is the AUC. The surer D ranks real over fake, the *less* is accepted.")
    if is_([1 - auc for auc in aucs]):
        raise Hint("With D = 1/2 everywhere every proposal is accepted, and the AUC is 1/2.")
    if is_([2 * auc for auc in aucs]) or is_([2 * auc - 1 for auc in aucs]):
        raise Hint(
            "Turned round: which of the two has the higher logit in AUC, and where does acceptance go as D wins?"
        )
    raise Hint(
        "AUC: the share of all pairs in which the real point has the higher logit, real[:, None] > fake. Then?"
    )


QUIZ = (
    Question(
        "D's last bias is off, so that every logit is too high by 1. What does Metropolis-Hastings do?",
        (
            "It accepts e times as often",
            "It accepts exactly what it accepted before",
            "It can't start from real points any more",
        ),
        correct=1,
        why=(
            "Both sides of the ratio grow e times. What happens to the ratio?",
            "Only differences of logits occur, also of the start: the constant drops out.",
            "The logit of the start is too high by the same 1.",
        ),
    ),
    Question(
        "Rejection runs with half of the right M. How would you notice, looking only at what it prints?",
        (
            "Acceptance drops",
            "Some acceptance probabilities have to be cut off at 1",
            "The samples repeat",
        ),
        correct=1,
        why=(
            "It doubles, at first sight a success.",
            "Wherever w > M. If nobody counts these, it is silent: acceptance even rises.",
            "Rejection never repeats anything.",
        ),
    ),
    Question(
        "A chain of an MH-GAN starts at a real point. Why is that point never given out?",
        (
            "It follows the wrong distribution",
            "It is data: a sampler that hands out its data scores well in every test and has drawn nothing",
            "Its logit is too high",
        ),
        correct=1,
        why=(
            "It follows exactly the right one; that is why chains start there.",
            "In the table above this cheat gives a perfect 25 % in the missing mode.",
            "Some are, and their chains get stuck; but that is not the reason.",
        ),
    ),
    Question(
        "D's AUC rises from .90 to .95, D being the best one each time. How much does MH accept now?",
        (
            "As often: calibration sees to that",
            "Half as often",
            "About 5 % less often",
        ),
        correct=1,
        why=(
            "A calibrated D that separates well has few real-looking fakes to offer.",
            "2(1 - AUC): from 20 % down to 10 %.",
            "It is 1 - AUC that counts, and that halves.",
        ),
    ),
    Question(
        "G never draws the digit 7. Which of these samplers brings it back?",
        (
            "MH with a large K",
            "DRS with γ = 0",
            "None: they choose among the draws of G",
        ),
        correct=2,
        why=(
            "K proposals without a 7 contain no 7.",
            "It refuses draws, it makes none.",
            "Where q is 0, w is infinite and nothing helps. A rare 7 can come back, at a price.",
        ),
    ),
)
