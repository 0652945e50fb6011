"""Checks and quiz of the notebook about generators that must not be alike."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from gan_edu.lessons.feedback import Hint, as_number, call, exercise
from gan_edu.lessons.question import Question


@exercise
def check_margin(function: Any) -> str:
    """A learner's `margin_of(real, cosine)`: D (k,) and cosines (k, k) at one z -> U_i (k,)."""
    random = torch.Generator().manual_seed(0)
    real, features = torch.rand(4, generator=random), torch.randn(4, 3, generator=random)
    phi = torch.nn.functional.normalize(features, dim=-1)
    cosine = phi @ phi.mT
    answer = _as_tensor(call(function, real.clone(), cosine.clone()))
    if answer.shape == ():
        raise Hint("One number: that is one margin, or their mean. Every generator has its own, shape (k,).")
    if answer.shape != (4,):
        raise Hint(f"For four generators the answer has shape (4,). Yours has {tuple(answer.shape)}.")
    rivals = (real.sum() - real) + (cosine.sum(-1) - 1)

    def is_(other: Tensor) -> bool:
        return torch.allclose(answer, other.to(answer), atol=1e-5)

    if is_(real - rivals / 3):
        two = _as_tensor(call(function, torch.tensor([0.9, 0.1]), torch.tensor([[1.0, -1.0], [-1.0, 1.0]])))
        if not torch.allclose(two, torch.tensor([1.8, 0.2]), atol=1e-5):
            raise Hint("Right for four generators, but not for two. What depends on k?")
        return "Its mean over the generators is minus the mean cosine: whatever D says, the leads cancel."
    if is_(rivals / 3 - real):
        raise Hint("That is the shortfall, which the loss punishes. The margin has the other sign.")
    if is_(real - (real.sum() + cosine.sum(-1)) / 4) or is_(real - (real.sum() + cosine.sum(-1)) / 3):
        raise Hint("Nobody competes with itself: the sum is over j ≠ i, and every cosine of i with i is 1.")
    if is_(real - rivals / 4):
        raise Hint("The sum is right. How many others does each generator have?")
    if is_(real - rivals):
        raise Hint("That takes the sum over the others; the margin takes their mean.")
    if is_(real - (real.sum() - real) / 3 + (cosine.sum(-1) - 1) / 3):
        raise Hint("The more alike, the larger the lead that is asked for. Yours rewards being alike.")
    if is_(real - (real.sum() - real) / 3):
        raise Hint("Where is the cosine? Without it, looking like others costs nothing.")
    if is_((-(real - rivals / 3)).clamp_min(0)) or is_((real - rivals / 3).clamp_max(0)):
        raise Hint("The switch comes later, in the loss. The margin itself may have either sign.")
    raise Hint(
        "D of generator i, less the mean over all others of what D says of them plus the cosine with i."
    )


def _as_tensor(answer: Any) -> Tensor:
    try:
        tensor = torch.as_tensor(answer, dtype=torch.float32)
    except (TypeError, ValueError, RuntimeError):
        raise Hint(f"A tensor of shape (k,) is wanted; got {type(answer).__name__}.") from None
    if not bool(tensor.isfinite().all()):
        raise Hint("Some of your numbers are not finite.")
    return tensor


@exercise
def check_needed(answer: Any) -> str:
    """The D(G_i) from which on the condition holds against rivals with D = 0.5 and a cosine of 0.7."""
    value = as_number(answer)
    if abs(value - 1.2) < 1e-6:
        return "1.2, and D is a probability: this condition can't hold, whatever the generator does."
    if abs(value - 0.7) < 1e-6:
        raise Hint("That is the lead that is asked for. It is a lead over what the others have.")
    if abs(value - 0.5) < 1e-6:
        raise Hint("So it would be if the drawings had nothing in common. What does the cosine add?")
    if abs(value - 0.35) < 1e-6:
        raise Hint("The cosine is added to what D says of the others, not multiplied with it.")
    if abs(value + 0.2) < 1e-6:
        raise Hint("Being alike makes it harder. In your answer it makes it easier.")
    if abs(value - 1) < 1e-6:
        raise Hint("You have cut it at 1, as D can't say more? First work out what the condition asks for.")
    raise Hint("All others are the same here, so the mean over them is any one of them.")


@exercise
def check_highest_mean(function: Any) -> str:
    """A learner's `highest_mean(k)`: the largest mean margin that k generators can have at one z."""
    values = {k: as_number(call(function, k)) for k in (2, 3, 8)}

    def are(other: Any) -> bool:
        return all(abs(value - other(k)) < 1e-6 for k, value in values.items())

    if are(lambda k: 1 / (k - 1)):
        return "1 for two that are opposed, 1/7 for eight: many can't all be opposed to one another."
    if are(lambda k: -1 / (k - 1)):
        raise Hint("That is the least mean cosine. The margin is minus the cosine.")
    if are(lambda k: 1.0):
        raise Hint("Then each pair would be opposed. Two can do that; can three?")
    if are(lambda k: 0.0):
        raise Hint("So it is where features are never negative, as ReLU's. Here they may point anywhere.")
    if are(lambda k: 1 / k):
        raise Hint("Nearly: over how many pairs i ≠ j is the mean taken?")
    if are(lambda k: 2.0):
        raise Hint("That would take D = 1 for a generator and 0 for all others, for every generator at once.")
    raise Hint("It is minus the mean cosine. How small can the cosines of k unit vectors be, all together?")


QUIZ = (
    Question(
        "At one z the condition holds for G_1 and fails for G_2. Which gradient does each of them get there?",
        (
            "Both that of the game and that of the term, G_2's weighted more",
            "G_1 that of the game alone, G_2 that of the game and of the term",
            "G_1 none, G_2 that of the term",
        ),
        correct=1,
        why=(
            "max(0, −U) is 0 where U is positive, and so is its slope: for G_1 the term is not there.",
            "The term is a switch, at every z and for each generator.",
            "The game goes on for both. The term only comes on top.",
        ),
    ),
    Question(
        "Eight generators have found eight different modes, all networks are ReLU. Where does the condition fail?",
        (
            "Nowhere: they differ",
            "Where a mode has two generators",
            "Nearly everywhere: the modes share some of D's units, so the cosines are far above 0",
        ),
        correct=2,
        why=(
            "In the plane they do. D's features of two modes are still alike, and the condition asks about these.",
            "There too, but not only there.",
            "Different is not opposed. What was meant as a switch is a penalty that is always on.",
        ),
    ),
    Question(
        "Two generators draw the very same point. How hard does the cosine push them apart?",
        (
            "Not at all: the cosine is at its greatest, where its slope is 0",
            "As hard as it ever does",
            "That depends on λ",
        ),
        correct=0,
        why=(
            "The push is blind just where it is needed. Classes of D push hardest there.",
            "Its value is the greatest, 1. A push is a slope.",
            "λ times 0 is 0.",
        ),
    ),
    Question(
        "A paper shows eight generators with this term, on all modes, beside one generator that drops five. "
        "What do you ask for?",
        (
            "A larger λ",
            "The same with λ = 0, over many seeds",
            "More training for the one generator",
        ),
        correct=1,
        why=(
            "First one would like to know whether λ does anything.",
            "Eight tries do most of it. What the term adds is the difference from λ = 0.",
            "That is fair too, but does not tell the term from the eight tries.",
        ),
    ),
)
