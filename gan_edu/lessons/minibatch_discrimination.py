"""Checks and quiz of the notebook about minibatch discrimination."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from gan_edu.lessons.feedback import Hint, as_number, call, exercise
from gan_edu.lessons.question import Question


@exercise
def check_closeness_to_the_rest(function: Any) -> str:
    """A learner's `closeness_to_the_rest(M)`: (n, kernels, C) -> (n, kernels), the mean over the others."""
    M = torch.randn(6, 3, 4, generator=torch.Generator().manual_seed(0))
    answer = _as_tensor(call(function, M.clone()))
    n = len(M)
    differences = M[:, None] - M[None, :]
    c = torch.exp(-differences.abs().sum(-1))
    if answer.shape == (3, n):
        raise Hint("One row for every example, one column for every kernel: yours is the other way round.")
    if answer.shape != (n, 3):
        raise Hint(
            f"For M of shape (6, 3, 4) the answer has shape (6, 3): o of 6 examples by 3 kernels. Yours has "
            f"{tuple(answer.shape)}. Over which axes should be summed?"
        )

    def is_(other: Tensor) -> bool:
        return torch.allclose(answer, other.to(answer), atol=1e-5)

    if is_((c.sum(1) - 1) / (n - 1)):
        twins = _as_tensor(call(function, M[:1].expand(5, -1, -1).clone()))
        if not torch.allclose(twins, torch.ones(5, 3).to(twins), atol=1e-5):
            raise Hint("Right for six strangers, but five equal examples should each get exactly 1.")
        return "Equal examples get 1, whatever the size of the batch."
    if is_(c.mean(1)):
        raise Hint("Every example is its own twin: c(i, i) = 1 is still in your mean.")
    if is_((c.sum(1) - 1) / n):
        raise Hint("The example itself is left out of the sum, but the division still counts it.")
    if is_(c.sum(1)) or is_(c.sum(1) - 1):
        raise Hint("That is a sum. The mean over the others is wanted, which does not grow with the batch.")
    wrong = torch.exp(-differences.square().sum(-1).sqrt()), torch.exp(-differences.square().sum(-1))
    if any(is_((each.sum(1) - 1) / (n - 1)) for each in wrong):
        raise Hint("Your distance squares the differences. The L1 norm sums their absolute values.")
    if is_((c.log().sum(1)) / (1 - n)) or is_((torch.exp(differences.abs().sum(-1)).sum(1) - 1) / (n - 1)):
        raise Hint("Those are distances, or grow with them. Closeness is exp(−distance): 1 for twins.")
    raise Hint(
        "Build it up: differences of all pairs, their L1 norm over C, exp(−norm), the mean over the others."
    )


def _as_tensor(answer: Any) -> Tensor:
    try:
        tensor = torch.as_tensor(answer, dtype=torch.float32)
    except (TypeError, ValueError, RuntimeError):
        raise Hint(f"A tensor of shape (n, kernels) is wanted; got {type(answer).__name__}.") from None
    if not bool(tensor.isfinite().all()):
        raise Hint("Some of your numbers are not finite.")
    return tensor


@exercise
def check_best_accuracy(answer: Any) -> str:
    """The best accuracy of a D that sees three points of a batch, real from all eight modes or fake from one."""
    value = as_number(answer)
    if abs(value - (1 - 1 / 128)) < 5e-5:
        return "1 − 1/128: and 1 − 8/8^m / 2 for packs of m. Each further point makes D eight times as sure."
    if abs(value - 15 / 16) < 5e-4:
        raise Hint("That is for two points. How probable is it that three real points lie on one mode?")
    if abs(value - 63 / 64) < 5e-4:
        raise Hint(
            "That is the share of real packs that are told right. Half of all packs are fake: what of those?"
        )
    if abs(value - (1 - 1 / 1024)) < 5e-4:
        raise Hint("(1/8)³ is the probability of three points on one given mode. It may be any of the eight.")
    if abs(value - 1) < 5e-4 or abs(value - 100) < 0.5:
        raise Hint("Nearly, but now and then three real points do lie on one mode.")
    if abs(value - 0.5) < 0.01:
        raise Hint("That is for one point. Three points of a fake batch have something in common.")
    if abs(value - (1 - 1 / 128)) < 0.002 or abs(value - 99.22) < 0.1:
        raise Hint("The idea is right. Four digits, as a share between 0 and 1.")
    raise Hint("The best D says fake exactly if all three lie on one mode. Of which packs is that wrong?")


@exercise
def check_megabytes(answer: Any) -> str:
    """What all differences of a batch of 100, with 100 kernels of 5 numbers, take in float32."""
    value = as_number(answer)

    def near(truth: float) -> bool:
        return abs(value - truth) <= 0.005 * truth

    if near(20):
        return "20 MB for a tensor that only its sum over C is wanted of; with twice the batch 80 MB."
    if near(5) or near(5e6):
        raise Hint("So many numbers it has, in millions. Each takes 4 bytes.")
    if near(20e6) or near(20e3):
        raise Hint("The right digits in another unit: a megabyte is 1,000,000 bytes.")
    if near(20 / 1.048576):
        raise Hint("That is in units of 2^20 bytes. Here a megabyte is 10^6.")
    if near(4):
        raise Hint("That is c, after the sum over the 5 numbers of a kernel. What is there before the sum?")
    if near(0.2):
        raise Hint("That is M itself, one row for each example. The difference has one for each PAIR.")
    if near(9.9) or near(10):
        raise Hint("Each pair is in it twice, (i, j) and (j, i): the plain code does not save that half.")
    raise Hint("Which shape has M[:, None] - M[None, :] for M of shape (100, 100, 5)?")


QUIZ = (
    Question(
        "A generator draws perfect points of one mode, another mode for every batch. Why can no discriminator of "
        "single points tell them from data, however large it is?",
        (
            "Its gradient vanishes",
            "Each single point has the same distribution in both kinds of batches",
            "It would need more training",
        ),
        correct=1,
        why=(
            "It has gradients enough. There is nothing that they could point to.",
            "So every function of one point has the same distribution for both, and is right half of the time.",
            "The curve in the notebook is flat. There is nothing to learn from one point.",
        ),
    ),
    Question(
        "M_b of two examples is the same. What is their closeness c_b?",
        ("0", "1", "It depends on T"),
        correct=1,
        why=(
            "The distance is 0. c is exp of minus the distance.",
            "exp(−0) = 1: by this kernel they are twins.",
            "T decides whether M_b is the same. Once it is, the closeness is 1.",
        ),
    ),
    Question(
        "Somebody puts the real and the generated half into one batch and compares all with all. What is lost?",
        (
            "Nothing: D still sees everything",
            "A collapsed generator's samples now also have strangers in their batch, and real examples get twins "
            "where the generator sits: o tells the two kinds apart less well",
            "The gradient of D",
        ),
        correct=1,
        why=(
            "It sees each example's closeness to a mixture of both kinds, one number instead of two.",
            "With separate batches o is about 1/8 against 1 in the cleanest case; mixed, both come closer.",
            "It is there as before.",
        ),
    ),
    Question(
        "The batch grows from 64 to 128. How much more work is comparing all pairs?",
        ("twice", "four times", "the same: it is a matrix product"),
        correct=1,
        why=(
            "The number of examples doubles. That of pairs does not.",
            "n² pairs, for every kernel and each of its numbers.",
            "M = f T is one, and grows like n. The pairs are the cost.",
        ),
    ),
    Question(
        "A trained D with this layer gets one image and says 0.9. What is missing in that sentence?",
        (
            "The learning rate",
            "The other images of the batch",
            "Nothing",
        ),
        correct=1,
        why=(
            "It made the weights, but they are fixed now.",
            "Among copies of itself the same image may get 0.1. D(x) is a function of the whole batch.",
            "o is the mean closeness to the others. Which others?",
        ),
    ),
)
