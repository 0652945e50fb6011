"""Checks and quiz of the notebook about feature matching."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from gan_edu.data.ring import ring
from gan_edu.lessons.feedback import Hint, as_number, call, exercise
from gan_edu.lessons.question import Question

SPREAD, BATCH = 1.9, 64
"""Of the exercise about noise: tr Cov f(x), and the examples in a batch."""
UNITS = 128
"""Of the exercise about few points."""
MOST_FEATURES = 8
POINTS = 4000
PLAIN = 10
"""So many times larger than the noise of POINTS is a difference that is plain to see."""
TURN = math.pi / 8


@exercise
def check_gap(function: Any) -> str:
    """A learner's `gap(f_real, f_fake)`: the loss of G from features (B, F) of both batches."""
    generator = torch.Generator().manual_seed(0)
    real = torch.randn(64, 5, generator=generator)
    fake = 0.5 + 2 * torch.randn(64, 5, generator=generator)
    mixed = real[torch.randperm(64, generator=generator)]
    if abs(as_number(call(function, real.clone(), mixed.clone()))) > 1e-4:
        raise Hint(
            "The same batch in another order should cost nothing. Yours compares example with example: "
            "average each batch first."
        )
    answers = [as_number(call(function, real.clone(), other.clone())) for other in (fake, fake[:16])]
    gaps = [real.mean(0) - other.mean(0) for other in (fake, fake[:16])]

    def are(kind: Any) -> bool:
        return all(math.isclose(a, float(kind(g)), rel_tol=1e-4) for a, g in zip(answers, gaps, strict=True))

    if are(lambda g: g.square().sum()):
        return "The order of the examples does not matter, and the batches need not be equally large."
    if are(lambda g: g.square().mean()):
        raise Hint(
            "That is the mean of the squares over the features, as the released code has it. Here: the sum."
        )
    if are(lambda g: g.norm()):
        raise Hint("That is the distance. The loss is its square.")
    if are(lambda g: g.abs().sum()):
        raise Hint("Squares, not absolute values.")
    if are(lambda g: g.sum().square()):
        raise Hint("Square each feature's difference before you add them: else two errors can cancel.")
    raise Hint(f"Yours gives {answers[0]:.4g} on a test pair. Two means, their difference, squares, a sum.")


@exercise
def check_noise(answer: Any) -> str:
    """The mean of G's loss where p_G = p, for tr Cov f = 1.9 and batches of 64."""
    value, truth = as_number(answer), 2 * SPREAD / BATCH
    if abs(value - truth) < 0.02 * truth:
        return "So a loss of 0.06 may mean a perfect generator. Four times the batch, a quarter of the noise."
    if value == 0:
        raise Hint(
            "It would be 0 with expectations. Both means are taken over 64 points, and both miss theirs."
        )
    if abs(value - truth / 2) < 0.02 * truth:
        raise Hint("That is how far one batch's mean is from the expectation. There are two batches.")
    if abs(value - math.sqrt(truth)) < 0.02 or abs(value - math.sqrt(truth / 2)) < 0.02:
        raise Hint("That is a distance. The loss is its square.")
    if abs(value - 2 * SPREAD) < 0.02 or abs(value - SPREAD) < 0.02:
        raise Hint("That is the spread of single points. How much smaller is the variance of a mean of 64?")
    raise Hint(
        "The variance of a mean is the variance of one point over n. Add it up over features and batches."
    )


@exercise
def check_points(answer: Any) -> str:
    """How many weighted points can always match the means of 128 features, whatever p is."""
    value = as_number(answer)
    if value == UNITS + 1:
        return "Carathéodory's theorem: a point of a convex set in n dimensions needs no more than n + 1 corners."
    if value == UNITS:
        raise Hint("Try one feature that is 0 or 1, with mean 0.3. Is one point enough?")
    if value == 2:
        raise Hint(
            "Two are enough for one feature. What about two features, with a mean inside of a triangle?"
        )
    if value > 1000 or math.isinf(value):
        raise Hint("Far fewer. E f(x) is a point with 128 coordinates: a mean of others, with weights.")
    raise Hint("Count for one feature, then for two: E f(x) lies in the convex hull of what f can put out.")


def impostors(n: int, generator: torch.Generator) -> dict[str, Tensor]:
    """Samples that are wrong, by name, (n, 2) each.

    Args:
        n: How many of each.
        generator: Of the random numbers.

    Example:
        >>> list(impostors(3, torch.Generator().manual_seed(0)))
        ['a blob in the middle', 'a Gaussian', 'a circle', 'the ring, turned', 'the ring, shrunk']
    """
    real = ring().sample(n, generator)
    angle = 2 * math.pi * torch.rand(n, generator=generator)
    circle = 2 * torch.stack([angle.cos(), angle.sin()], -1)
    turn = torch.tensor([[math.cos(TURN), math.sin(TURN)], [-math.sin(TURN), math.cos(TURN)]])
    width = math.sqrt(2 + 0.05**2)  # of each coordinate of the ring
    return {
        "a blob in the middle": 0.05 * torch.randn(n, 2, generator=generator),
        "a Gaussian": width * torch.randn(n, 2, generator=generator),
        "a circle": circle + 0.05 * torch.randn(n, 2, generator=generator),
        "the ring, turned": real @ turn,
        "the ring, shrunk": real / 2,
    }


@exercise
def check_features(function: Any) -> str:
    """A learner's `f(x)`: at most 8 features whose means tell the ring of 8 from its impostors."""
    generator = torch.Generator().manual_seed(0)
    data, again = (ring().sample(POINTS, generator) for _ in range(2))
    of_data = _features(call(function, data.clone()))
    noise = 2 * float(of_data.var(0).sum()) / POINTS
    same = float((of_data.mean(0) - _features(call(function, again.clone())).mean(0)).square().sum())
    if same > PLAIN * noise + 1e-9:
        raise Hint(
            "Two batches of the ring itself should agree. Does your f give one x always the same features?"
        )
    gaps = {}
    for name, fake in impostors(POINTS, generator).items():
        gaps[name] = float((of_data.mean(0) - _features(call(function, fake)).mean(0)).square().sum())
    least = PLAIN * max(noise, 1e-6)
    fooled = [name for name, gap in gaps.items() if not gap > least]
    if not fooled:
        told = ", ".join(f"{name} {gap:.2g}" for name, gap in gaps.items())
        return f"Gaps: {told}. Noise: {noise:.2g}. Is there an impostor that fools your f too?"
    if len(fooled) == len(gaps):
        raise Hint("All impostors have the means of the data. What differs between the ring and its middle?")
    advice = {
        "a blob in the middle": "Every real point is about 2 away from the middle, whichever way.",
        "a Gaussian": "The mean and the covariance agree. The distance from the middle does not vary for the ring.",
        "a circle": "Only the angle tells them apart: which function of it repeats eight times a turn?",
        "the ring, turned": "It has eight modes at the same distances, half a step further round.",
        "the ring, shrunk": "It has eight modes in the same directions, and it is half as large.",
    }
    raise Hint(f"Fooled by {', '.join(fooled)}. {advice[fooled[-1]]}")


def _features(values: Any) -> Tensor:
    """(N, K), K at most 8."""
    if not isinstance(values, Tensor):
        raise Hint(f"A tensor of features is wanted; got {type(values).__name__}.")
    values = values.unsqueeze(-1) if values.ndim == 1 else values
    if values.ndim != 2 or len(values) != POINTS or not 1 <= values.shape[1] <= MOST_FEATURES:
        raise Hint(
            f"For {POINTS} points give 1 to {MOST_FEATURES} features each; got shape {tuple(values.shape)}. "
            "torch.stack(..., -1) puts them side by side."
        )
    if not bool(values.isfinite().all()):
        raise Hint("Some features are not finite. Is there a division by zero, or the logarithm of one?")
    return values.double()


QUIZ = (
    Question(
        "Why does a generator that matches features not run to a single point, as the plain one does?",
        (
            "Its loss is about the mean of a whole batch, and one point rarely has the mean features of all the data",
            "The discriminator pushes the samples apart",
            "Its gradient is too small to run",
        ),
        correct=0,
        why=(
            "The plain loss is a mean over samples, each of which wants the same place. This one can't be split so.",
            "D does what it has always done. What has changed is what G asks of it.",
            "It moves as fast as before; samples stop where the means agree.",
        ),
    ),
    Question(
        "What does the discriminator minimise under feature matching?",
        (
            "Minus the gap, so that its features tell real from generated",
            "The same loss as before: real from generated, by its last layer",
            "Nothing, its features are held",
        ),
        correct=1,
        why=(
            "That would be another game, one of mean differences. The paper leaves D's objective as it was.",
            "So nobody raises the gap on purpose. That D's steps mostly raise it is a finding, not the design.",
            "It goes on training. With held features the toy was covered too, but it did not get sharper.",
        ),
    ),
    Question(
        "G's loss has been at 0.06 for a thousand steps. The noise of two batches is 0.06. What do you do?",
        (
            "Lower the learning rate until it goes on falling",
            "Look at larger batches before you say anything: at this size a perfect generator has this loss",
            "Stop: G is perfect",
        ),
        correct=1,
        why=(
            "It can't fall: 2 tr Cov / n is left of it at p_G = p, whatever the rate.",
            "Four times as many points leave a quarter of the noise, and show what is below it.",
            "It may be. A blur four times as wide as the modes cost less than that noise above.",
        ),
    ),
    Question(
        "Samples match E f(x) exactly, for all 32 features of a frozen f. What do you know about them?",
        (
            "They have the distribution of the data",
            "They have as many modes as the data",
            "32 numbers: 33 points may do it, and they may lie where no data are",
        ),
        correct=2,
        why=(
            "That would need all functions, not 32 of them.",
            "Above, 33 points far from every mode came closer to them than a batch of real data does.",
            "What keeps G honest is that f does not stay as it is.",
        ),
    ),
    Question(
        "A colleague matches features by (f_real - f_fake).square().mean(), with both f of shape (batch, "
        "features). What is this?",
        (
            "Feature matching, as in the released code",
            "A loss that punishes a generator even for drawing the real batch in another order",
        ),
        correct=1,
        why=(
            "There the batch is averaged first, and then the squares are averaged over the features.",
            "It compares example with example. Against it the best G sends every z to the mean of the features.",
        ),
    ),
)
