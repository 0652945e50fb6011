"""Checks and quiz of the notebook about several generators."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from gan_edu.lessons.feedback import Hint, as_number, call, exercise
from gan_edu.lessons.question import Question


@exercise
def check_best_discriminator(function: Any) -> str:
    """A learner's `best_discriminator(p, q)`: p (n,) and q (k, n) densities at n places -> (k + 1, n)."""
    random = torch.Generator().manual_seed(0)
    p, q = torch.rand(6, generator=random), torch.rand(3, 6, generator=random)
    answer = _as_tensor(call(function, p.clone(), q.clone()))
    every = torch.cat([q, p[None]])
    if answer.shape == (6, 4):
        raise Hint("One row for every class, one column for every place: yours is the other way round.")
    if answer.shape == (6,):
        raise Hint(
            "One number for every place: that is one class. D has k + 1 of them, and says all of them at once."
        )
    if answer.shape == (3, 6):
        raise Hint("The class of real data is missing: k + 1 rows, the last one is real.")
    if answer.shape != (4, 6):
        raise Hint(
            f"For p of shape (6,) and q of shape (3, 6) the answer has shape (4, 6). Yours has {tuple(answer.shape)}."
        )

    def is_(other: Tensor) -> bool:
        return torch.allclose(answer, other.to(answer), atol=1e-5)

    if is_(every / every.sum(0)):
        alone = _as_tensor(call(function, p[:1].clone(), q[:1, :1].clone()))
        if not torch.allclose(
            alone[:, 0], torch.stack([q[0, 0], p[0]]).to(alone) / (p[0] + q[0, 0]), atol=1e-5
        ):
            raise Hint("Right for three generators. With one it should be the D* of notebook 1.")
        return "With one generator the last row is p / (p + p_G), the D* of notebook 1."
    if is_(torch.cat([p[None], q]) / every.sum(0)):
        raise Hint(
            "The right numbers in another order: here the generators come first, and real is the last class."
        )
    if is_(torch.cat([q / 3, p[None]]) / (p + q.mean(0))):
        raise Hint(
            "That weighs every generator by 1/k. In D's loss every generator has a term of its own, with weight 1."
        )
    if is_(torch.cat([q / (p + q), (p / (p + q.sum(0)))[None]])):
        raise Hint(
            "Each generator is compared with the data alone. All k + 1 numbers must sum to 1 at every place."
        )
    if is_(every.softmax(0)):
        raise Hint(
            "A softmax is of logits. Densities need no exponential: they only have to be made to sum to 1."
        )
    if not torch.allclose(answer.sum(0), torch.ones(6).to(answer), atol=1e-4):
        raise Hint("D says k + 1 probabilities: at every place they must sum to 1. Yours don't.")
    raise Hint("Who made a point at x? Each of the k + 1 in proportion to its density there.")


def _as_tensor(answer: Any) -> Tensor:
    try:
        tensor = torch.as_tensor(answer, dtype=torch.float32)
    except (TypeError, ValueError, RuntimeError):
        raise Hint(f"A tensor of shape (k + 1, n) is wanted; got {type(answer).__name__}.") from None
    if not bool(tensor.isfinite().all()):
        raise Hint("Some of your numbers are not finite.")
    return tensor


@exercise
def check_loss_apart(function: Any) -> str:
    """A learner's `loss_apart(k)`: D's loss at its best where the mixture is right and generators share no point."""

    def apart(k: int) -> float:
        return (k + 1) * math.log(k + 1) - k * math.log(k)

    values = {k: as_number(call(function, k)) for k in (1, 3, 8)}

    def are(other: Any) -> bool:
        return all(abs(value - other(k)) < 1e-4 for k, value in values.items())

    if are(apart):
        return f"2 log 2 for one generator, as in notebook 1; {apart(8):.2f} for eight."
    if are(lambda k: -apart(k)):
        raise Hint("That is the value, which D maximises. Its loss, which is minimised, is minus that.")
    if are(lambda k: (k + 1) * math.log(k + 1)):
        raise Hint(
            "That is right where all generators draw the same. Where they share no point, D_i is larger."
        )
    if are(lambda k: math.log(k + 1)):
        raise Hint("That is the real half of the loss. What does D pay for the k generators?")
    if are(lambda k: 2 * math.log(2)):
        raise Hint("That is for one generator. It depends on k.")
    if are(lambda k: math.log(k + 1) + math.log((k + 1) / k)):
        raise Hint("Nearly: there is a term for every generator, and they are summed.")
    raise Hint(
        "At a point of G_i's: p = p_Gi / k and no other generator is there. So what is D_{k+1} there, and what D_i?"
    )


@exercise
def check_shared_modes(answer: Any) -> str:
    """How many of eight equal modes at least two of three generators with equal weights must share."""
    value = as_number(answer)
    if abs(value - 2) < 1e-6:
        return "2: eight modes go into three equal shares of 8/3 with two cuts through a mode."
    if abs(value) < 1e-6:
        raise Hint("Then each generator has whole modes only: how many, if it draws a third of all samples?")
    if abs(value - 1) < 1e-6:
        raise Hint("One generator with whole modes is possible then? A third of the samples is 8/3 modes.")
    if abs(value - 8 / 3) < 0.05:
        raise Hint(
            "That is how much each generator has to draw, in modes. How many modes are cut by such shares?"
        )
    if abs(value - 3) < 1e-6:
        raise Hint(
            "It can be done with fewer. Lay the eight modes in a row and cut the row into three equal parts."
        )
    if abs(value - 8) < 1e-6:
        raise Hint("If all draw all, all are shared. But what is the least?")
    raise Hint(
        "Lay the eight modes in a row, and cut the row into three equal parts. How many modes are cut?"
    )


QUIZ = (
    Question(
        "Where do the generators of a MAD-GAN get to know of each other?",
        (
            "Each is told to keep a distance from the others' samples",
            "Only through D: to tell them apart, it says real less often where another one draws",
            "They share their latent points",
        ),
        correct=1,
        why=(
            "There is no such term in the generators' loss. It is the ordinary −log D(real).",
            "Where another generator draws, D says its class, and so not real: that is the push away.",
            "Each gets its own. And that would not push anything apart.",
        ),
    ),
    Question(
        "The mixture is right, and each of eight generators draws one mode of its own. What does the best D say at a "
        "mode?",
        ("real 1/2", "real 1/9, its generator 8/9", "each class 1/9"),
        correct=1,
        why=(
            "That is for one generator. Here the data are one voice of nine, and only two of them speak there.",
            "p is 1/8 of p_Gi there: 1/8 to 1 makes 1/9 to 8/9.",
            "So it is where all generators draw all of the data. Then there is nothing to tell apart.",
        ),
    ),
    Question(
        "All eight generators draw the whole ring, perfectly. Is that an equilibrium?",
        (
            "No: they must differ",
            "Yes: D says real with 1/9 everywhere, and no generator can do better",
            "Only without the classes",
        ),
        correct=1,
        why=(
            "Nothing in the game asks for that. D would like it, as it pays less when they differ.",
            "The mean of the p_Gi is p, which is all that an equilibrium asks for. Apart is not better, for them.",
            "With classes too: the real class has 1/9 everywhere.",
        ),
    ),
    Question(
        "Somebody reports that eight generators cover the ring where one does not. What is the fair comparison "
        "for the (k+1)-way D?",
        (
            "One generator, as before",
            "Eight generators with a two-way D, and one generator with as many parameters",
            "More training for the one",
        ),
        correct=1,
        why=(
            "Then the method gets the credit for eight tries, too.",
            "So one learns what comes from the eight tries, what from the size, and what is left for the classes.",
            "That may be asked too, but says nothing about the classes.",
        ),
    ),
)
