"""Checks and quiz of the notebook about supports and the Wasserstein distance."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from gan_edu.lessons.feedback import Hint, as_number, call, exercise
from gan_edu.lessons.question import Question
from gan_edu.views.parallel_lines import slopes

PLACES = ((0.5, 0.1), (1.0, 1.0), (1.92, 10.0))
"""Distances of the lines and strengths of the penalty that a formula is tried on."""
BEST_NOISE = 0.4068
"""Of all noises the one with the steepest minimax slope at theta = 1."""


@exercise
def check_earth_mover(function: Any) -> str:
    """A learner's `earth_mover(x, y)`: W_1 of as many points x and y on a line, (n,) each."""
    draw = torch.Generator().manual_seed(0)
    # neither set lies on one side of the other: else the difference of their means would do
    pairs = [(torch.randn(n, generator=draw), 2 * torch.randn(n, generator=draw) + 0.3) for n in (7, 50)]
    answers = [as_number(call(function, x.clone(), y.clone())) for x, y in pairs]

    def is_(kind: Callable[[Tensor, Tensor], Tensor]) -> bool:
        return all(abs(a - float(kind(x, y))) < 1e-4 for a, (x, y) in zip(answers, pairs, strict=True))

    def between(x: Tensor, y: Tensor) -> Tensor:
        return x.sort().values - y.sort().values

    if is_(lambda x, y: between(x, y).abs().mean()):
        return (
            "On a line no plan beats the sorted one: two paths that cross can be uncrossed at no extra cost."
        )
    if is_(lambda x, y: (x - y).abs().mean()):
        raise Hint("That carries each grain to the one with the same number. Which plan is the cheapest?")
    if is_(lambda x, y: (x.mean() - y.mean()).abs()) or is_(lambda x, y: between(x, y).mean().abs()):
        raise Hint(
            "The means can agree though the points do not: what is carried left and right must not cancel."
        )
    if is_(lambda x, y: between(x, y).square().mean()) or is_(
        lambda x, y: between(x, y).square().mean().sqrt()
    ):
        raise Hint("The squares belong to W_2. The earth mover pays for the distance itself.")
    if is_(lambda x, y: between(x, y).abs().sum()):
        raise Hint("Each of the n grains weighs 1/n.")
    if is_(lambda x, y: (x.sort().values - y).abs().mean()) or is_(
        lambda x, y: (x - y.sort().values).abs().mean()
    ):
        raise Hint("Only one of the two is in order.")
    raise Hint("Put both in order, and carry the first to the first, the second to the second, and so on.")


class _Bowl:
    """f(x) = a |x|² / 2, whose slope at x is a x; a is what a critic would learn."""

    def __init__(self) -> None:
        self.a = torch.tensor(0.7, requires_grad=True)

    def __call__(self, x: Tensor) -> Tensor:
        return self.a * x.square().sum(-1, keepdim=True) / 2


@exercise
def check_penalty(function: Any) -> str:
    """A learner's `penalty(f, x_real, x_fake, u)`: WGAN-GP's, without its strength."""
    draw = torch.Generator().manual_seed(1)
    x_real, x_fake = (torch.randn(6, 2, generator=draw) + shift for shift in (0.5, -1.0))
    u = torch.rand(6, 1, generator=draw)
    critic = _Bowl()
    answer = call(function, critic, x_real, x_fake, u)
    value = as_number(answer.detach() if isinstance(answer, Tensor) else answer)
    middle = u * x_real + (1 - u) * x_fake

    def is_(truth: Tensor) -> bool:
        return abs(value - float(truth)) < 1e-4 * max(1, abs(float(truth)))

    def slope(x: Tensor) -> Tensor:
        return (0.7 * x).norm(dim=-1)

    lengths = slope(middle)
    if is_((lengths - 1).square().mean()) or is_((slope((1 - u) * x_real + u * x_fake) - 1).square().mean()):
        if not (isinstance(answer, Tensor) and answer.requires_grad):
            raise Hint("The number is right, but the critic can't learn from it: pass create_graph=True.")
        (learned,) = torch.autograd.grad(answer, critic.a, allow_unused=True)
        if learned is None or abs(float(learned)) < 1e-9:
            raise Hint("The number is right, but it does not depend on the critic: pass create_graph=True.")
        return "The gradient of a gradient: the critic now learns how steep it should be."
    if is_((lengths / 6 - 1).square().mean()):
        raise Hint(
            "Your slopes are six times too small, and there are six points: sum before you differentiate."
        )
    if is_((lengths.square() - 1).square().mean()):
        raise Hint("That compares the *square* of the length with one.")
    if is_((lengths - 1).abs().mean()) or is_((lengths.mean() - 1).square()) or is_((lengths - 1).mean()):
        raise Hint("Square what each point is off by, then take the mean.")
    if is_(lengths.square().mean()) or is_(lengths.mean()):
        raise Hint("That asks for slope 0. Which slope does the penalty ask for?")
    if is_((lengths - 1).clamp_min(0).square().mean()):
        raise Hint(
            "A one-sided penalty, which the paper mentions too; here slopes below one are to cost as well."
        )
    if is_((slope(x_real) - 1).square().mean()) or is_((slope(x_fake) - 1).square().mean()):
        raise Hint("That looks at one end of the way only. Where between the two points should it look?")
    if is_((slope((x_real + x_fake) / 2) - 1).square().mean()):
        raise Hint("Not always half way: u says where between the two points.")
    raise Hint(
        "Points between, their slopes by torch.autograd.grad, the slopes' lengths, minus one, squared, mean."
    )


@exercise
def check_penalised_slope(function: Any) -> str:
    """A learner's `penalised_slope(theta, strength)`: how steep the best penalised critic of two lines is."""
    answers = [as_number(call(function, theta, strength)) for theta, strength in PLACES]

    def is_(kind: Callable[[float, float], float]) -> bool:
        return all(abs(a - kind(t, s)) < 1e-3 for a, (t, s) in zip(answers, PLACES, strict=True))

    if is_(lambda t, s: 1 + t / (2 * s)):
        return (
            f"For θ = 1.92 and λ = 0.1 that is {1 + 1.92 / 0.2:.1f}, for λ = 10 it is {1 + 1.92 / 20:.2f}. "
            "Compare with the table above."
        )
    if is_(lambda t, s: 1.0):
        raise Hint(
            "With slope exactly 1 the penalty is 0 and so is its derivative: a little steeper gains more."
        )
    if is_(lambda t, s: 1 + t / s):
        raise Hint("Almost: what is the derivative of a square?")
    if is_(lambda t, s: t / (2 * s)):
        raise Hint("The penalty pulls to 1, not to 0.")
    if is_(lambda t, s: 1 - t / (2 * s)):
        raise Hint("The critic *gains* by being steeper: mind the sign.")
    if is_(lambda t, s: 1 + 2 * s * t) or is_(lambda t, s: 1 + 2 * s / t) or is_(lambda t, s: 1 + s * t):
        raise Hint("A stronger penalty should bring the slope nearer to 1.")
    raise Hint("With slope s the critic gains sθ and pays λ(s − 1)². Set the derivative by s to zero.")


@exercise
def check_best_noise(answer: Any) -> str:
    """The noise with which the minimax slope of two lines, one apart, is steepest."""
    noise = as_number(answer)
    if not (math.isfinite(noise) and noise >= 0):
        raise Hint(f"Noise is a standard deviation: a number of at least 0; got {noise:g}.")
    slope = float(slopes(1.0, noise)["minimax"])
    best = float(slopes(1.0, BEST_NOISE)["minimax"])
    told = f"With σ = {noise:g} the slope is {slope:.3g}"
    if slope > 0.98 * best:
        return f"{told}; the steepest is {best:.3f}, at σ = {BEST_NOISE:.2f}. Less is blind, more is blurred."
    if noise == 0:
        raise Hint(f"{told}: no overlap, no slope.")
    direction = "The lines hardly overlap" if noise < BEST_NOISE else "The lines are blurred into one"
    raise Hint(f"{told}: {slope / best:.0%} of what another noise gives. {direction}.")


QUIZ = (
    Question(
        "Two lines share no point, and D is perfect. What does a generator that minimises log(1 - D) feel?",
        (
            "A push towards the data",
            "Nothing: D may be flat where it stands",
            "A push away from the data",
        ),
        correct=1,
        why=(
            "For that D would have to slope where the generator is. A perfect D has no reason to.",
            "The loss is at its limit, log 2 for the JSD, wherever the line stands. A constant has no slope.",
            "A constant has no slope at all, in either direction.",
        ),
    ),
    Question(
        "Why does noise on real and generated points help?",
        (
            "It makes the discriminator worse",
            "It gives the two distributions common ground, so that how far apart they are shows in D",
            "It keeps the generator from memorising the data",
        ),
        correct=1,
        why=(
            "A bad D alone helps nobody: an untrained one has no useful slope either.",
            "With common ground the best D is smooth, and its slope between them points to the data.",
            "The generator never sees the data; only D does.",
        ),
    ),
    Question(
        "A critic's weights are clipped to ±0.01. Its estimate of the distance is tiny. Why?",
        (
            "The generator is nearly perfect",
            "Three layers of small weights allow only a tiny slope, and the estimate has that slope as a factor",
            "RMSProp is too slow for it",
        ),
        correct=1,
        why=(
            "It was tiny for the untrained generator, too.",
            "Clipping makes the critic K-Lipschitz with some K that nobody knows: here far below one.",
            "Nine in ten of its weights are at the bound: it has gone as far as it may.",
        ),
    ),
    Question(
        "WGAN-GP's penalty is zero on average. Is the critic 1-Lipschitz?",
        (
            "Yes, that is what the penalty says",
            "Not necessarily: it looks only at points on lines between real and generated ones",
            "Yes, if the penalty's strength is at least 10",
        ),
        correct=1,
        why=(
            "It says that slopes are 1 where it has looked.",
            "Elsewhere nothing is asked; and with a finite strength even there the slope is above 1.",
            "Strength changes how near to 1 the slopes are where it looks, not where it looks.",
        ),
    ),
    Question(
        "A critic's loss falls steadily. What must hold so that this means progress?",
        (
            "The critic is trained well at every step, and how steep it may be does not change",
            "Nothing: it is a distance",
            "The generator's loss falls as well",
        ),
        correct=0,
        why=(
            "Only then is it a fixed multiple of the distance, or a fixed function of it.",
            "It is a *lower bound* of one. A critic that gets worse lowers it too.",
            "The generator's loss, -E f(G), moves with f, which may be shifted by any number.",
        ),
    ),
)
