"""Checks and quiz of the notebook about the unrolled GAN."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch

from gan_edu.data.ring import ring
from gan_edu.games.bilinear import bilinear
from gan_edu.games.gan import gan
from gan_edu.lessons.feedback import Hint, as_number, call, exercise
from gan_edu.lessons.question import Question
from gan_edu.metrics.modes import basins
from gan_edu.presets import PRESETS
from gan_edu.recording import record
from gan_edu.remedies.unrolled import unrolled
from gan_edu.trajectory import trajectory

SEEDS, WANTED, STEPS, AHEAD = 8, 7, 300, 5
POINTS = ((0.8, 0.3), (-0.7, 2.0), (0.4, -1.5))
RATE = 0.1
"""Step size of the exercise that asks for a factor, with three steps ahead."""


@exercise
def check_surrogate(function: Any) -> str:
    """A learner's `surrogate(x, y, k, eta)`: the loss of x against the y of k steps later."""
    for k, eta in ((1, 0.2), (3, 0.1), (0, 0.5)):
        for x, y in POINTS:
            point = torch.tensor(x, dtype=torch.float64, requires_grad=True)
            other = torch.tensor(y, dtype=torch.float64)
            value = call(function, point, other, k, eta)
            loss = as_number(value.detach() if isinstance(value, torch.Tensor) else value)
            if abs(loss - (x * y + k * eta * x * x)) > 1e-9:
                _explain(loss, x, y, k, eta)
            if not (isinstance(value, torch.Tensor) and value.requires_grad):
                raise Hint(
                    "The value is right, but no gradient flows from it to x: return a tensor made of x."
                )
            (slope,) = torch.autograd.grad(value, point)
            if abs(float(slope) - (y + 2 * k * eta * x)) < 1e-9:
                continue
            if abs(float(slope) - (y + k * eta * x)) < 1e-9:
                raise Hint(
                    "The value is right; its gradient is that of a y which does not depend on x: cut off."
                )
            raise Hint("The value is right, its gradient is not. Is anything detached, or changed in place?")
    return "A parabola with its lowest point at −y/(2kη): now x is told where to stop."


def _explain(loss: float, x: float, y: float, k: int, eta: float) -> None:
    """The hint for a wrong loss."""
    if abs(loss - (x * y - k * eta * x * x)) < 1e-9:
        raise Hint("y steps the wrong way. It minimises −xy: which sign has its slope?")
    if abs(loss - x * y) < 1e-9:
        raise Hint("That is the plain loss: y has not moved.")
    if abs(loss - (x * y + eta * x * x)) < 1e-9:
        raise Hint(f"With k = {k} the other player steps once only.")
    raise Hint(
        f"At x = {x:g}, y = {y:g}, k = {k}, η = {eta:g} it should be x times the y of then; got {loss:g}."
    )


@exercise
def check_factor(answer: Any) -> str:
    """By what the distance is multiplied each step on xy, with three steps ahead and step size 0.1."""
    value, ahead = as_number(answer), 3
    told = {through: math.sqrt(1 - (1 + through) * ahead * RATE**2 + RATE**2) for through in (True, False)}
    if abs(value - told[True]) < 5e-4:
        game = unrolled(bilinear(), ahead, RATE, "sgd")
        path = trajectory(game, steps=400, start=POINTS[0], dynamics="simultaneous", learning_rate=RATE)[:, 0]
        left = float(path[-1].norm() / path[0].norm())
        return (
            f"After 400 steps {left:.2g} of the distance is left; {told[True] ** 400:.2g} was to be expected."
        )
    if abs(value - told[True] ** 2) < 5e-4:
        raise Hint("That is the determinant. Two eigenvalues share it: how long is each?")
    if abs(value - told[False]) < 5e-4:
        raise Hint("That is for a look-ahead that is cut off. The gradient through it counts as well.")
    if abs(value - math.sqrt(1 + RATE**2)) < 5e-4:
        raise Hint("That is the plain step, which does not look ahead at all.")
    if value >= 1:
        raise Hint("Beyond 1 it would leave. See what three steps ahead did in the picture.")
    raise Hint("Write one step as a matrix: x ← x − η(y + 2kηx), y ← y + ηx. Its determinant tells.")


BROKEN: dict[str, frozenset[int]] = {
    "A": frozenset({1}),
    "B": frozenset({1, 3}),
    "C": frozenset({2}),
    "D": frozenset(),
}
"""Which of the three demands each of the four programs breaks."""
LOOK_AGAIN = {
    "A": "What is in the graph of D_later's weights after an optimizer has stepped in place?",
    "B": "Its weights are put back. What else has moved when an optimizer steps?",
    "C": "Follow theta to the last line: who ends with it?",
    "D": "Read what theta depends on, and what is left in D when the function ends.",
}


@exercise
def check_fakes(broken: Any) -> str:
    """A learner's list of the demands that each of four programs breaks."""
    if not isinstance(broken, Mapping) or set(broken) != set(BROKEN):
        raise Hint(f"Give a dict with the keys {', '.join(BROKEN)}.")
    if any(demands is ... for demands in broken.values()):
        raise Hint("Some are still empty. A program that breaks nothing gets set().")
    for name, demands in broken.items():
        if not isinstance(demands, set | frozenset | list | tuple) or not set(demands) <= {1, 2, 3}:
            raise Hint(f"For {name} give a set of the numbers 1 to 3; got {demands!r}.")
    wrong = [name for name, truth in BROKEN.items() if set(broken[name]) != truth]
    if not wrong:
        return (
            "All four. A test for each demand takes three lines, and no reading finds as much as a test does."
        )
    name = wrong[0]
    extra = set(broken[name]) - BROKEN[name]
    kind = f"it keeps demand {min(extra)}" if extra else "it breaks one that you don't name"
    raise Hint(
        f"{len(BROKEN) - len(wrong)} of {len(BROKEN)} are right. Program {name}: {kind}. {LOOK_AGAIN[name]}"
    )


@exercise
def check_cut_rate(rate: Any) -> str:
    """The rate inside with which a look-ahead of five steps, cut off, makes 7 of 8 seeds reach every basin."""
    value = as_number(rate)
    if not 0 < value <= 0.1:
        raise Hint(f"Look for it between 0 and 0.1; got {value:g}.")
    recording = record(
        unrolled(gan(ring()), AHEAD, value, "sgd", through=False),
        runs=SEEDS,
        steps=STEPS,
        steps_per_frame=100,
        progress=False,
        **PRESETS["unrolled"].settings,
    )
    reached = basins(recording.samples(), ring())
    covering = int((reached == 8).sum())
    told = f"{covering} of {SEEDS} seeds reach all eight basins"
    if covering >= WANTED:
        return f"{told}, with no gradient through the steps: about twice the rate, for less than the cost."
    raise Hint(
        f"{told}, {float(reached.float().mean()):.1f} on average. What does the gradient through the steps do "
        "to the length of the look-ahead? Make up for it."
    )


QUIZ = (
    Question(
        "After the generator has looked five steps ahead, where does the discriminator go?",
        (
            "To where the five steps have led it",
            "One ordinary step, from where it was before anyone looked ahead",
            "Nowhere, in this round it has moved already",
        ),
        correct=1,
        why=(
            "Those steps were taken in thought only: they made a loss for the generator, and are thrown away.",
            "Its weights, and what its optimizer remembers, are as if nobody had looked ahead.",
            "It moves in every round; what is unrolled is the generator's idea of it, not the player.",
        ),
    ),
    Question(
        "One looks ahead with a rate of 0.02 and k = 5, another with 0.1 and k = 1. What differs most?",
        (
            "The cost: both look about equally far, the first for 11 steps' worth, the second for 3",
            "The first looks five times as far",
            "Nothing at all",
        ),
        correct=0,
        why=(
            "As long as the slopes change little on the way, rate times k is what counts.",
            "Five small steps of 0.02 lead about as far as one of 0.1.",
            "Along a way that bends five small steps follow it better; and they cost more.",
        ),
    ),
    Question(
        "On xy a look-ahead of k steps that is cut off moves both players exactly as …",
        (
            "no look-ahead at all",
            "one of 2k steps with its gradient",
            "one of k/2 steps with its gradient",
        ),
        correct=2,
        why=(
            "It comes in, too, from k = 2 on.",
            "The other way round: what is cut off is half of the pull.",
            "y + kηx in place of y + 2kηx: the gradient through the steps counts the look-ahead twice.",
        ),
    ),
    Question(
        "As k grows without end, the gradient through the steps …",
        (
            "takes over: nothing else is left",
            "vanishes: at its best, D does not gain from any small move",
            "stays half of all",
        ),
        correct=1,
        why=(
            "It grows at first, and goes to zero later.",
            "What is left is the slope of C(G), the worth of the game against the best D.",
            "That holds as long as η times k is small.",
        ),
    ),
    Question(
        "Unrolling cures the chase round the ring. What do you expect of it where a strong D has frozen the samples?",
        (
            "The same: a collapse is a collapse",
            "Little: there D is ahead already, and what is missing is a way to the other modes",
            "That cannot be known before it has been tried",
        ),
        correct=1,
        why=(
            "Two diseases, two causes. Here it even made things worse.",
            "Above it reached fewer basins than no look-ahead at all did, whichever seed.",
            "True of every remedy; but knowing the cause makes a good guess, and it was right.",
        ),
    ),
)
