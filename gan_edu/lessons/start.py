"""Checks and quiz of the first notebook."""

from __future__ import annotations

import itertools
import math
from typing import Any

import torch
from torch import Tensor

from gan_edu.data.ring import ring
from gan_edu.data.target import Target
from gan_edu.games.gan import gan
from gan_edu.lessons.feedback import Hint, as_number, call, exercise
from gan_edu.lessons.question import Question


@exercise
def check_parameter_count(answer: Any) -> str:
    """How many numbers the generator of the tour has to learn."""
    value, game = as_number(answer), gan(ring())
    sizes = (game.latent_dim, 64, 64, 2)
    without_biases = sum(i * o for i, o in itertools.pairwise(sizes))
    if value == game.generator.n_parameters:
        return "Every weight and every bias: one point in a space of so many dimensions is one generator."
    if value == without_biases:
        raise Hint("Those are the weights. What else does a layer add to what it has multiplied?")
    if value == game.discriminator.n_parameters:
        raise Hint("That is the discriminator. The generator starts from z and ends in a point.")
    raise Hint(
        "A layer from a to b units has a table of a times b weights, and one more number per unit of b."
    )


@exercise
def check_undecided_loss(answer: Any) -> str:
    """The discriminator's loss when it says 1/2 to everything."""
    value, truth = as_number(answer), 2 * math.log(2)
    if abs(value - truth) < 0.01:
        return "It is the line that the discriminator's loss creeps up to whenever the generator fools it."
    if abs(value - truth / 2) < 0.01:
        raise Hint("That is one of the two terms. The discriminator sees real points and generated ones.")
    if abs(value - 0.5) < 0.01:
        raise Hint("That is what it answers. Put this answer into the formula of the loss.")
    if abs(value + truth) < 0.01:
        raise Hint("Mind the sign: losses are minimised here.")
    if abs(value - 2) < 0.01 or abs(value - 2 * math.log10(2)) < 0.01:
        raise Hint("Mind the base of the logarithm: it is e.")
    raise Hint("Put D(x) = 1/2 and D(G(z)) = 1/2 into the formula; averages of one number are that number.")


@exercise
def check_ring_sampler(function: Any) -> str:
    """A learner's `sample_ring(n, generator)`: eight Gaussians of width 0.05 on a circle of radius 2."""
    n, truth = 4000, ring()
    x = call(function, n, torch.Generator().manual_seed(0))
    if not isinstance(x, Tensor) or tuple(x.shape) != (n, 2):
        got = tuple(x.shape) if isinstance(x, Tensor) else type(x).__name__
        raise Hint(f"For n = {n} a tensor of shape ({n}, 2) should come back; got {got}.")
    x = x.float()
    if not bool(x.isfinite().all()):
        raise Hint("Some of the points are not finite.")
    radius = x.norm(dim=-1)
    if abs(float(radius.mean()) - 2) > 0.1:
        raise Hint(
            f"The points should lie about 2 from the centre; yours lie {float(radius.mean()):.2f} from it."
        )
    distance, mode = truth.nearest(x)
    share = torch.bincount(mode[distance < 4], minlength=8) / n
    near = float(share.sum())
    if near < 0.9 and float(radius.std()) < 0.1:
        raise Hint("The circle is right, the angles are not: eight directions, 45° apart, the first along x.")
    if near < 0.9:
        raise Hint("The points scatter too widely around the centres: 0.05 is the standard deviation.")
    if float(share.min()) < 0.02:
        raise Hint(
            f"Only {int((share > 0.02).sum())} different modes turn up. Print your angles: are two of them the same "
            "direction, or is one never drawn?"
        )
    if float(share.max() - share.min()) > 0.05:
        raise Hint("All modes should be equally likely; one of yours is far heavier than another.")
    spread = float((distance * 0.05).square().mean().div(2).sqrt())
    if abs(spread - 0.05) > 0.004:
        raise Hint(f"The standard deviation around a centre should be 0.05; yours is {spread:.3f}.")
    again = call(function, n, torch.Generator().manual_seed(0))
    if not torch.equal(x, again.float()):
        raise Hint(
            "The same generator should give the same points: hand it to every function that draws numbers."
        )
    return "Eight distinct modes of equal weight: a sampler that several published demos would have needed."


@exercise
def check_drawing(target: Any) -> str:
    """A target of two strokes, one of which has three quarters of the ink."""
    if not isinstance(target, Target):
        raise Hint(f"Hand in what drawn(points=...) gives; got {type(target).__name__}.")
    if target.name != "drawn" or target.n_modes != 2:
        raise Hint(f"Two strokes are wanted, so two modes; yours has {target.n_modes}.")
    heavy = float(target.mode_weights.max())
    if abs(heavy - 0.75) > 0.02:
        raise Hint(f"The longer stroke has {heavy:.0%} of the ink. Ink is spread evenly: compare lengths.")
    return "A mode's weight is its share of the ink: three quarters of the samples will come from one stroke."


QUIZ = (
    Question(
        "What does the generator see of the real data?",
        (
            "A batch of real points at every step",
            "Only the slope of the discriminator at its own samples",
            "The real density, up to a factor",
        ),
        correct=1,
        why=(
            "The real points go to the discriminator. The generator's loss has no x_real in it.",
            "Everything it learns about the data comes through D's gradient where its own samples lie.",
            "Nobody knows the density of real data. That is why two networks play instead.",
        ),
    ),
    Question(
        "The discriminator answers 1/2 everywhere. What does that prove?",
        (
            "The generator is perfect",
            "The discriminator is broken",
            "Neither: it can't tell them apart, for the one reason or the other",
        ),
        correct=2,
        why=(
            "It would be so for the best possible discriminator. This one may be weak, or not trained.",
            "It may be, but against a perfect generator 1/2 is the best answer that there is.",
            "At a perfect generator the best D says 1/2; a useless D says it too. So look at samples as well.",
        ),
    ),
    Question(
        "A GAN's losses have not changed for a thousand steps. Has it converged?",
        (
            "Yes, as for a classifier",
            "Not necessarily: the samples may still move, or cover one mode only",
        ),
        correct=1,
        why=(
            "A classifier goes down a hill that stands still. Here both losses depend on an opponent who moves.",
            "The loss says who is winning against whom, not how good the samples are.",
        ),
    ),
)
