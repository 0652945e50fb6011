"""Checks and quiz of the notebook about the GAN game."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from torch import Tensor

from gan_edu.data.line import line
from gan_edu.games.gan import gan
from gan_edu.lessons.feedback import Hint, as_number, as_rates, call, exercise
from gan_edu.lessons.question import Question
from gan_edu.recording import record
from gan_edu.views.densities import densities

SEEDS, WANTED, STEPS, STEPS_PER_FRAME = 8, 6, 1000, 25
NEAR = 0.06
"""How far a loss may be from its line on average."""
WRONG = 0.1
"""Divergence above which samples count as wrong; in the notebook the healthy run ends at about 0.01."""
LAST = 10
"""Frames that a loss is averaged over."""


@exercise
def check_best_answer(function: Any) -> str:
    """A learner's `best_answer(p, q, r)`: the best D(x) where a share r of the points is real."""
    p, q = torch.tensor([0.3, 0.1, 0.0, 0.8]), torch.tensor([0.1, 0.3, 0.5, 0.0])
    answers = {r: _as_tensor(call(function, p.clone(), q.clone(), r), p) for r in (0.5, 0.2, 0.9)}

    def is_(kind: Any) -> bool:
        return all(torch.allclose(answer, kind(r), atol=1e-4) for r, answer in answers.items())

    if is_(lambda r: r * p / (r * p + (1 - r) * q)):
        return "With r = 1/2 it is p / (p + q): the GAN shows D as many real points as generated ones."
    if is_(lambda r: p / (p + q)):
        raise Hint("That is right for r = 1/2. With more real points the best D says real more often.")
    if is_(lambda r: (1 - r) * q / (r * p + (1 - r) * q)) or is_(lambda r: q / (p + q)):
        raise Hint("That is the probability that the point is generated. D says how probable it is real.")
    if is_(lambda r: (1 - r) * p / ((1 - r) * p + r * q)):
        raise Hint("r is the share of the real points; it belongs to p.")
    if is_(lambda r: r * p / (p + q)):
        raise Hint("Where no sample ever is, q = 0, the best D says 1. Yours says r.")
    if any(bool(((answer < 0) | (answer > 1)).any()) for answer in answers.values()):
        raise Hint("D(x) is a probability: yours leaves the interval from 0 to 1.")
    raise Hint(
        "Write the score at one x, r p log y + (1 - r) q log(1 - y), and set its derivative by y to zero."
    )


def _as_tensor(answer: Any, like: Tensor) -> Tensor:
    try:
        tensor = torch.as_tensor(answer, dtype=like.dtype)
    except (TypeError, ValueError, RuntimeError):
        raise Hint(f"A number for every x is wanted; got {type(answer).__name__}.") from None
    if tensor.shape != like.shape:
        raise Hint(
            f"For {len(like)} values of p and q give {len(like)} back; got shape {tuple(tensor.shape)}."
        )
    if not bool(tensor.isfinite().all()):
        raise Hint("Some answers are not finite. Where p or q alone is zero there is a clear answer, 0 or 1.")
    return tensor


@exercise
def check_value(answer: Any) -> str:
    """C(G) for data that are uniform on [0, 2] and samples that are uniform on [0, 1]."""
    value = as_number(answer)
    truth = 0.5 * math.log(1 / 3) + math.log(2 / 3)
    twice_jsd = truth + math.log(4)
    if abs(value - truth) < 0.005:
        return f"So the divergence is {twice_jsd / 2:.3f} of at most 0.693, with half of the data missing."
    if abs(value + truth) < 0.005:
        raise Hint("The size is right. V is a mean of logarithms of probabilities: which sign can it have?")
    if abs(value - twice_jsd) < 0.005 or abs(value - twice_jsd / 2) < 0.005:
        raise Hint("That belongs to the divergence alone. C(G) has another term.")
    if abs(value - truth / math.log(10)) < 0.005 or abs(value - truth / math.log(2)) < 0.005:
        raise Hint("Mind the base of the logarithm: it is e.")
    if abs(value + math.log(4)) < 0.005:
        raise Hint("That is the value where q = p. Here D can tell some of the real points for sure.")
    if abs(value - (math.log(1 / 3) + math.log(2 / 3))) < 0.005:
        raise Hint("Only half of the real points are on [0, 1]. What does the best D say to the others?")
    if abs(value - 0.5 * math.log(1 / 3)) < 0.005 or abs(value - math.log(2 / 3)) < 0.005:
        raise Hint("That is one of the two terms: real points and samples are both scored.")
    raise Hint("Cut the line in two pieces, [0, 1] and (1, 2]; on each of them D* is one number.")


@exercise
def check_slopes(minimax_slope: Any, non_saturating_slope: Any) -> str:
    """Slopes of both generator losses against the logit where D says 0.01."""
    slopes = as_number(minimax_slope), as_number(non_saturating_slope)
    truth = -0.01, -0.99

    def are(first: float, second: float) -> bool:
        near = (abs(a - b) <= 0.002 * max(1, abs(b)) for a, b in zip(slopes, (first, second), strict=True))
        return all(near)

    if are(*truth):
        return "A factor of 99, (1 - D) / D: and the surer D is, the larger it grows."
    if are(0.01, 0.99):
        raise Hint("The sizes are right. When the logit rises, does the loss rise or fall?")
    if are(-0.99, -0.01) or are(0.99, 0.01):
        raise Hint("One of them saturates where D is sure that the sample is fake. Which?")
    if are(-1 / 0.99, -1 / 0.01) or are(1 / 0.99, 1 / 0.01):
        raise Hint("Those are slopes against D. Against the logit there is a factor D (1 - D) more.")
    raise Hint("Differentiate -softplus(l) and softplus(-l) by l, and write the outcome with D.")


@exercise
def check_fooled_losses(generator_rate: Any, discriminator_rate: Any) -> str:
    """Learning rates with which both losses end on their lines while the samples are wrong."""
    rates = as_rates(generator_rate, discriminator_rate)
    game = gan(line(means=[-1.5, 1.5], stds=[0.5, 0.5]), width=32, latent_dim=4, activation="tanh")
    recording = record(
        game,
        runs=SEEDS,
        steps=STEPS,
        steps_per_frame=STEPS_PER_FRAME,
        batch_size=64,
        optimizer="adam:beta1=0.5",
        progress=False,
        **rates,
    )
    lines = {"theta_d": 2 * math.log(2), "theta_g": math.log(2)}
    off = {name: recording.losses(name)[-LAST:].mean(0) - at for name, at in lines.items()}
    on_line = np.all([np.abs(value) < NEAR for value in off.values()], axis=0)
    last = recording[-1]
    divergence = np.array([densities(last, run).criterion / 2 + math.log(2) for run in range(SEEDS)])
    fooled = int((on_line & (divergence > WRONG) & last.alive.numpy()).sum())
    told = (
        f"Losses on their lines: {int(on_line.sum())} of {SEEDS} seeds. Samples that are wrong: "
        f"{int((divergence > WRONG).sum())} of {SEEDS}. Both: {fooled}"
    )
    if fooled >= WANTED:
        return f"{told}. Who looks at the losses alone calls this a success."
    if int((divergence > WRONG).sum()) < WANTED:
        raise Hint(f"{told}. Too few samples are wrong: D tells G too well what to mend.")
    if float(off["theta_d"].mean()) < -NEAR:
        raise Hint(f"{told}. L_D is below its line: D wins. It should be behind, not ahead.")
    raise Hint(f"{told}. Some runs' losses are off their lines: D never comes back to 1/2 there.")


QUIZ = (
    Question(
        "At some x the data's density is 0.3 and the generator's is 0.1. What does the best D say there?",
        ("0.3", "0.75", "1: there are more real points than generated ones", "It depends on the network"),
        correct=1,
        why=(
            "That is the density of the data alone. D compares it with the generator's.",
            "p / (p + q) = 0.3 / 0.4: of all points there, three of four are real.",
            "It would be wrong for one point in four, and log(1 - 1) is minus infinity: an endless penalty.",
            "A trained D does. The best D is the maximum over all functions, whatever the network can do.",
        ),
    ),
    Question(
        "A trained D reaches V(D, G) = -1.2. What do you know about C(G), the value against the best D?",
        ("C(G) is -1.2", "C(G) is at most -1.2", "C(G) is at least -1.2"),
        correct=2,
        why=(
            "Only if D is the best answer, and trained networks are not quite.",
            "The best D scores more than any other, not less.",
            "C(G) is the maximum over all D. So a learned D measures the divergence from below.",
        ),
    ),
    Question(
        "L_D has been 1.386 and L_G 0.693 for a thousand steps. What follows?",
        (
            "The generator draws the data's distribution",
            "D can't tell its samples from the data, for the one reason or the other",
            "The discriminator's learning rate is too high",
        ),
        correct=1,
        why=(
            "Only if D is the best answer to these samples. A slow D shows the same losses with wrong samples.",
            "There may be nothing to tell, or D may be behind. The losses are the same.",
            "A D that learns fast would have found a difference, if there is one: L_D would be lower.",
        ),
    ),
    Question(
        "D is sure that all samples are fake. Which generator loss still has a large gradient, and why?",
        (
            "The minimax loss, because log(1 - D) is steep near D = 0",
            "The non-saturating loss, because its slope against the logit is -(1 - D)",
            "Both: they have the same fixed point",
        ),
        correct=1,
        why=(
            "It is steep near D = 1. Near D = 0 it is flat against the logit: its slope is -D.",
            "Near D = 0 that is almost -1, while the minimax loss has -D, almost 0.",
            "Where they end is another question than how hard they push on the way.",
        ),
    ),
    Question(
        "G can draw one bell only, the data are two bells, and D is perfect at every step. Do both generator "
        "losses end with the same bell?",
        (
            "Yes: the gradients differ in size alone",
            "No: against the best D they go down two different divergences",
        ),
        correct=1,
        why=(
            "At one sample they do. But the factor differs from sample to sample, so the mean points elsewhere.",
            "2 JSD for minimax, KL(q|p) - 2 JSD for non-saturating; they agree only at q = p, out of reach here.",
        ),
    ),
)
