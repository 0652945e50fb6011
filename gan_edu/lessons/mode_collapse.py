"""Checks and quiz of the notebook about mode collapse."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from gan_edu.data.ring import ring
from gan_edu.data.target import Target
from gan_edu.games.gan import gan
from gan_edu.lessons.feedback import Hint, as_number, as_rates, call, exercise
from gan_edu.lessons.question import Question
from gan_edu.metrics.modes import basins, modes_covered
from gan_edu.recording import record

SEEDS, WANTED, STEPS = 16, 12, 1000


@exercise
def check_mode_counter(function: Any) -> str:
    """A learner's `count_modes(samples, centres, std)`: modes with a fifth of their fair share within 3 std."""
    for samples, target in _cases():
        truth = int(modes_covered(samples, target))
        answer = call(function, samples.clone(), target.components.clone(), float(target.stds[0]))
        value = as_number(answer)
        if value == truth:
            continue
        told = f"On one of the test sets your function counts {value:g} of {target.n_modes} modes. "
        if value == int(modes_covered(samples, target, fair_share=0.0)):
            raise Hint(
                told + "One stray sample seems to be enough for you; a fifth of the fair share is asked for."
            )
        if value == int(basins(samples, target)):
            raise Hint(told + "It seems to count samples however far from the centre they are.")
        if value > target.n_modes:
            raise Hint(told + "That is more than there are: count modes, not samples.")
        raise Hint(
            told + "Take three steps: nearest centre, near enough, enough of them. Print each for few points."
        )
    return "It agrees with the package on sharp, blurred, collapsed and lopsided samples, and on a stray one."


def _cases() -> list[tuple[Tensor, Target]]:
    generator = torch.Generator().manual_seed(0)
    target, blurred, wide = ring(), ring(std=0.3), ring(modes=5, radius=3.0, std=0.2)
    one = target.components[2] + 0.05 * torch.randn(1000, 2, generator=generator)
    perfect = target.sample(2000, generator)
    lopsided = perfect[target.nearest(perfect)[1] < 5]
    stray = torch.cat([lopsided, target.components[6:7]])
    halo = torch.cat([lopsided, 1.2 * target.components[5:].repeat(100, 1)])
    return [
        (perfect, target),
        (one, target),
        (lopsided, target),
        (halo, target),
        (stray, target),
        (blurred.sample(2000, generator), target),
        (wide.sample(500, generator), wide),
    ]


@exercise
def check_perfect_share(answer: Any) -> str:
    """The high-quality share of a perfect sampler of two-dimensional Gaussians."""
    value, truth = as_number(answer), 1 - math.exp(-4.5)
    if abs(value - truth) < 0.002:
        return "So 100 % would be suspicious: samples that are too sharp beat the data at this metric."
    if abs(value - 0.9973) < 0.0008:
        raise Hint(
            "That is three standard deviations on a line. In the plane the distance has two coordinates."
        )
    if abs(value - 1) < 0.0005:
        raise Hint("Even a perfect sampler's Gaussians have tails beyond three standard deviations.")
    if abs(value - (1 - truth)) < 0.002:
        raise Hint("That is the share which falls outside.")
    if abs(value - 100 * truth) < 0.2:
        raise Hint("As a share between 0 and 1, please.")
    raise Hint(
        "Draw many points from the target itself and look how many are within three standard deviations."
    )


@exercise
def check_endpoint_ring(distinct: Any, heaviest: Any) -> str:
    """The ring whose angles come from `linspace(0, 2π, 8)`: distinct modes, and the weight of the heaviest."""
    modes, weight = as_number(distinct), as_number(heaviest)
    if modes == 8:
        raise Hint("Print the eight centres, rounded to three digits. Are all different?")
    if modes != 7:
        raise Hint(
            f"{modes:g} distinct centres? Round before you compare: in a computer sin(2π) is not quite 0."
        )
    if abs(weight - 0.25) < 0.01:
        return "A correct counter can never find eight modes there, and one mode is twice as heavy as the others."
    if abs(weight - 1 / 7) < 0.01:
        raise Hint("The modes are counted rightly. All eight angles are drawn equally often: who gets two?")
    raise Hint(
        "The modes are counted rightly. For the weight: each of the eight angles is drawn one time in eight."
    )


@exercise
def check_covering_rates(generator_rate: Any, discriminator_rate: Any) -> str:
    """Learning rates with which at least 12 of 16 seeds reach every basin of the ring of 8."""
    rates = as_rates(generator_rate, discriminator_rate)
    recording = record(
        gan(ring(), width=32),
        runs=SEEDS,
        steps=STEPS,
        steps_per_frame=100,
        batch_size=64,
        optimizer="adam:beta1=0.5",
        progress=False,
        **rates,
    )
    target, samples = ring(), recording.samples(n=1000)
    reached = basins(samples, target)
    covering = int(((reached == 8) & recording[-1].alive).sum())
    told = f"{covering} of {SEEDS} seeds reach all eight basins"
    if covering >= WANTED:
        return f"{told}, with no remedy at all: the collapse was in the settings."
    if not bool(recording[-1].alive.all()):
        raise Hint(f"{told}; some runs diverged. Smaller steps may help.")
    early = basins(recording.samples(len(recording) // 2, n=1000), target)
    if float(early.float().mean()) + 1 < float(reached.float().mean()):
        raise Hint(f"{told}, and more of them all the time: this pair is too slow for {STEPS} steps.")
    mean = float(reached.float().mean())
    raise Hint(
        f"{told}; {mean:.1f} basins on average. Read the map again: which side of its diagonal covers?"
    )


QUIZ = (
    Question(
        "All samples sit on one mode, and a while later all on another. Why does the generator move on?",
        (
            "Random batches shake it loose",
            "The discriminator has learned that this mode is suspicious, and its slope now points elsewhere",
            "The optimiser's momentum carries it over",
        ),
        correct=1,
        why=(
            "The batches differ at every step, but the jump comes also with very large ones.",
            "Real points are there as well, but so many fakes are that D lowers its answer there. Then G leaves.",
            "It happens with plain gradient steps too; momentum changes the rhythm.",
        ),
    ),
    Question(
        "In the frozen collapse D knows all eight modes. Why are no samples pushed to the missing ones?",
        (
            "The generator feels D's slope only at its own samples, and there it points back to their own mode",
            "D has never seen the missing modes",
            "D's loss does not contain real data",
        ),
        correct=0,
        why=(
            "Around the mode that it holds D says fake: a wall that a sample would have to climb.",
            "It sees real points of all modes in every batch, and says real at all of them.",
            "Half of its loss is about real data.",
        ),
    ),
    Question(
        "A table says that method A captures 8 of 8 modes. What do you ask first?",
        (
            "How many samples were drawn, how many make a mode captured, and how many are of high quality",
            "Which optimiser was used",
            "Nothing: 8 of 8 is 8 of 8",
        ),
        correct=0,
        why=(
            "One stray sample can capture a mode, and with enough samples a blurred ring captures all of them.",
            "That is worth knowing, but it does not tell you what the number means.",
            "A uniform cloud over the whole square would score 8 of 8 as well by the usual rule.",
        ),
    ),
    Question(
        "Paper 1 reports 1 mode for the plain GAN on the ring, paper 2 reports 6.3. Who is wrong?",
        (
            "Paper 1",
            "Paper 2",
            "Probably nobody: networks, optimiser and steps differ, so the numbers can't be compared",
        ),
        correct=2,
        why=(
            "The stability map shows pairs of learning rates that give 1 mode, every time.",
            "The stability map shows pairs of learning rates that cover nearly all.",
            "A comparison needs the same networks, settings, data and counting on both sides, and several seeds.",
        ),
    ),
)
