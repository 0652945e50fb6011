"""Checks and quiz of the notebook about the stabilisers."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from gan_edu.lessons.feedback import Hint, as_number, call, exercise
from gan_edu.lessons.question import Question

NUMBERS = (2.0, -1.0, 0.7, 4.0, -3.0)
LABELS = ((0.9, 0.0), (0.9, 0.1), (0.75, 0.0), (1.0, 0.0))
DENSITIES = ((0.3, 0.1), (0.05, 0.4), (0.2, 0.2))
NEAR = 1e-6


@exercise
def check_remember(function: Any) -> str:
    """A learner's `remember(mean, theta, t)`: the mean of t numbers from that of the first t - 1 and the t-th."""
    mean = NUMBERS[0]
    for t, theta in enumerate(NUMBERS[1:], 2):
        truth, value = sum(NUMBERS[:t]) / t, as_number(call(function, mean, theta, t))

        def is_(other: float, value: float = value) -> bool:
            return abs(value - other) < NEAR

        if is_(truth):
            mean = truth
            continue
        told = f"With mean {mean:g}, theta {theta:g} and t = {t} it gives {value:g}. "
        if is_(mean + (theta - mean) / (t + 1)):
            raise Hint(told + "Count again: theta is the t-th number, so how much of the mean is it?")
        if is_(mean + theta / t) or is_((mean + theta) / t):
            raise Hint(told + "The old mean stands for t − 1 numbers: give it their weight.")
        if is_((mean + theta) / 2):
            raise Hint(told + "Half and half: then the last number counts as much as all before it together.")
        if is_(mean - (theta - mean) / t):
            raise Hint(told + "It moves away from theta: mind the sign.")
        raise Hint(
            told + f"The mean of these {t} numbers is {truth:g}. Multiply the old mean by t − 1 first."
        )
    return "So no history is kept: the mean and a counter are enough, however long the training is."


@exercise
def check_smoothed_answer(function: Any) -> str:
    """A learner's `smoothed_answer(p_data, p_g, real, fake)`: the best D for smoothed labels."""
    for real, fake in LABELS:
        for p, q in DENSITIES:
            value = as_number(call(function, p, q, real, fake))
            if abs(value - (real * p + fake * q) / (p + q)) < NEAR:
                continue
            told = f"With p_data = {p}, p_g = {q} and the labels {real} and {fake} it says {value:.3g}. "
            if abs(value - p / (p + q)) < NEAR:
                raise Hint(told + "That is the best D for the labels 1 and 0.")
            if abs(value - real * p / (real * p + q)) < NEAR:
                raise Hint(told + "Real points are as many as before: only their label is another.")
            if abs(value - (real * q + fake * p) / (p + q)) < NEAR:
                raise Hint(told + "The two labels have changed places.")
            if abs(value - real * p / (p + q)) < NEAR:
                raise Hint(
                    told + "Right for one-sided smoothing. What does a generated point's own label add?"
                )
            if not 0 <= value <= 1:
                raise Hint(told + "That is no probability.")
            raise Hint(
                told + "At this place a share p/(p + q) of the points is real. What is their mean label?"
            )
    return (
        "The best answer is the mean label at that place; without smoothing that is the share of real points."
    )


@exercise
def check_virtual_statistics(function: Any) -> str:
    """A learner's `virtual_statistics(u, reference)`: mean and variance of one example and its reference batch."""
    random = torch.Generator().manual_seed(0)
    for n in (3, 16):
        u = 2 * torch.randn(5, generator=random, dtype=torch.float64) + 1
        reference = torch.randn(n, 5, generator=random, dtype=torch.float64)
        together = torch.cat([reference, u[None]])
        answer = call(function, u.clone(), reference.clone())
        mean, variance = _pair(answer)
        if not _same(mean, together.mean(0)):
            if _same(mean, reference.mean(0)):
                raise Hint("That is the mean of the reference batch alone; the example itself joins it.")
            if _same(mean, (u + reference.mean(0)) / 2):
                raise Hint("The example is one of n + 1, and not half of the batch.")
            if mean.shape != u.shape:
                raise Hint(
                    f"One mean for each of the {len(u)} features is wanted; got shape {tuple(mean.shape)}."
                )
            raise Hint("The mean is off. It is that of n + 1 examples, n of them from the reference batch.")
        if _same(variance, together.var(0, unbiased=False)):
            continue
        if _same(variance, reference.var(0, unbiased=False)) or _same(variance, reference.var(0)):
            raise Hint("The mean is right. The variance is that of the reference batch alone.")
        if _same(variance, together.var(0)):
            raise Hint("Divide by n + 1, as batch norm does, and not by one less.")
        if _same(variance, together.std(0, unbiased=False)):
            raise Hint("The mean is right. That is the standard deviation; its square is asked for.")
        if _same(variance, together.square().mean(0)):
            raise Hint(
                "The mean is right. From the mean of the squares the square of the mean is to be taken away."
            )
        raise Hint("The mean is right. The variance is the mean of the n + 1 squares, less the mean squared.")
    return "No other example of the batch is in it: that is all there is to virtual batch norm."


def _pair(answer: Any) -> tuple[Tensor, Tensor]:
    try:
        mean, variance = (torch.as_tensor(part, dtype=torch.float64) for part in answer)
    except (TypeError, ValueError):
        raise Hint("Return two tensors: the mean, and the variance.") from None
    return mean, variance


def _same(one: Tensor, other: Tensor) -> bool:
    return one.shape == other.shape and bool(torch.allclose(one, other, rtol=0, atol=NEAR))


@exercise
def check_label(alpha: Any, largest_logit: Any) -> str:
    """The one-sided label with which D = 0.45 at the equilibrium, and the largest logit that the best D then has."""
    label, logit = as_number(alpha), as_number(largest_logit)
    if abs(label - 0.45) < 1e-3:
        raise Hint("That is what D says at the equilibrium. There only half of the points are real.")
    if not 0.5 <= label <= 1:
        raise Hint(f"A label for real points lies between 0.5 and 1; got {label:g}.")
    if abs(label - 0.9) > 1e-3:
        raise Hint(f"With the label {label:g} the best D says {label / 2:.3g} where both are equally dense.")
    truth = math.log(9)
    if abs(logit - truth) < 5e-3:
        return "Without smoothing there is no largest logit: the surer, the better."
    if abs(logit - 0.9) < 5e-3:
        raise Hint("The label is right. 0.9 is the largest probability: which logit has it?")
    if abs(logit + truth) < 5e-3:
        raise Hint("The label is right. The logit has the wrong sign.")
    raise Hint("The label is right. Where there are only real points D says 0.9; solve sigmoid(l) = 0.9.")


@exercise
def check_strength(answer: Any) -> str:
    """The strength with which historical averaging on xy goes to 0 like one over the root of t."""
    strength = as_number(answer)
    if strength <= 0:
        raise Hint("A pull is positive; with none the players would go round, or leave.")
    power = 1 / (1 + 4 * strength**2)
    if abs(strength - 0.5) < 1e-3:
        return "Then a hundred times the steps are needed for a tenth of the distance."
    side = "faster" if power > 0.5 else "more slowly"
    raise Hint(
        f"With λ = {strength:g} it falls like t to the power −{power:.3g}, {side} than one over the root."
    )


QUIZ = (
    Question(
        "Historical averaging pulls each player to the mean of where it has been. What counts in that mean?",
        (
            "Mostly the last few hundred steps",
            "All steps since the start, each as much as any other",
            "Mostly the first steps",
        ),
        correct=1,
        why=(
            "That would be an exponential average. The paper's is uniform, which is often overlooked.",
            "That is why it stiffens: after t steps a new point moves the mean by one part in t.",
            "They count as much as the others, no more. But the mean has a hard time to get away from them.",
        ),
    ),
    Question(
        "On xy, λ is made ten times as large, from 0.1 to 1. What happens to the distance after many steps?",
        (
            "It is larger: players who stay near their mean can't lead it anywhere",
            "It is smaller: a stronger pull brakes more",
            "It is the same: only the mean decides",
        ),
        correct=0,
        why=(
            "The distance falls like t to the power −1/(1 + 4λ²): −0.96 for 0.1, and −0.2 for 1.",
            "The turning is braked more, but the mean itself comes in only as fast as the players leave it behind.",
            "The mean moves because the players differ from it; by how much they differ depends on λ.",
        ),
    ),
    Question(
        "Generated samples lie where there are next to no data. Which labels take their slope away?",
        (
            "1 and 0",
            "0.9 and 0",
            "0.9 and 0.1",
        ),
        correct=2,
        why=(
            "The best D is p_data / (p_data + p_G): small there, and still falling, so its logit has a slope.",
            "The best D is 0.9 times the one before: the slope of log D is the very same.",
            "The best D tends to 0.1, a constant, where p_G rules: its logit is flat.",
        ),
    ),
    Question(
        "With batch norm in G, the same z gives another x in another batch. What does virtual batch norm do?",
        (
            "It averages over many batches, so that the difference is small",
            "It no longer normalises",
            "It uses a batch that was fixed at the start, and the example itself",
        ),
        correct=2,
        why=(
            "That is what is done to use a trained batch norm network, not virtual batch norm.",
            "It normalises, and what is learned is as if it did: only the source of the statistics is another.",
            "So x depends on z and on that batch alone, at the price of a second forward pass.",
        ),
    ),
    Question(
        "In the table virtual batch norm covers the ring. What can be said after this notebook?",
        (
            "Virtual batch norm cures mode collapse, because samples no longer depend on each other",
            "Normalising G helped in these settings, and plain batch norm helped as well",
            "Nothing: eight seeds are an anecdote",
        ),
        correct=1,
        why=(
            "Then plain batch norm, with which they do depend on each other, should not help. It does.",
            "What both have in common is that they normalise. Why that helps is another question.",
            "Eight of eight against none of eight, in two settings, is more than luck. Other settings are open.",
        ),
    ),
)
