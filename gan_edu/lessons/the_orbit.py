"""Checks and quiz of the notebook about the orbit."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from gan_edu.games.bilinear import bilinear
from gan_edu.lessons.feedback import Hint, as_number, call, exercise
from gan_edu.lessons.question import Question
from gan_edu.trajectory import trajectory

STARTS = ((1.0, 0.3), (0.2, -1.5), (-2.0, 1.0))
RATES = (0.1, 0.5)
RATE = 0.2
"""Step size of the exercises that name one."""

Step = Callable[[float, float, float], tuple[float, float]]


def _y_first(x: float, y: float, eta: float) -> tuple[float, float]:
    y = y + eta * x
    return x - eta * y, y


def _x_first(x: float, y: float, eta: float) -> tuple[float, float]:
    x = x - eta * y
    return x, y + eta * x


def _spread(function: Any, step: Step) -> float:
    """How far a function of (x, y, eta) moves along paths, relative to how far it differs between them."""
    moved, sizes = 0.0, []
    for eta in RATES:
        for x, y in STARTS:
            values = []
            for _ in range(40):
                values.append(as_number(call(function, x, y, eta)))
                x, y = step(x, y, eta)
            if not all(map(math.isfinite, values)):
                raise Hint("Some of its values are not finite.")
            moved = max(moved, max(values) - min(values))
            sizes.append(values[0])
    apart = max(sizes) - min(sizes)
    if apart < 1e-9:
        raise Hint("It has the same value everywhere. Find one that tells a large orbit from a small one.")
    return moved / apart


@exercise
def check_conserved(function: Any) -> str:
    """A learner's `conserved(x, y, eta)`: what alternating steps keep if x moves first."""
    if _spread(function, _x_first) < 1e-6:
        return (
            "The same ellipse, mirrored. So the order of the players matters, but not for how far they get."
        )
    if _spread(function, _y_first) < 1e-6:
        raise Hint("That is kept if y moves first, as in the package. Here x moves first.")
    if abs(as_number(call(function, 1.0, 0.0, 0.5)) - as_number(call(function, 0.0, 1.0, 0.5))) < 1e-9 and (
        abs(as_number(call(function, 1.0, 1.0, 0.5)) - 2 * as_number(call(function, 1.0, 0.0, 0.5))) < 1e-9
    ):
        raise Hint(
            "The distance is kept by the flow, not by steps: on the ellipse it goes up and down. A term is missing."
        )
    raise Hint(
        "It changes along the path. Write the new x and y into x² + y² and look for what makes up the difference."
    )


@exercise
def check_optimistic(function: Any) -> str:
    """A learner's `optimistic(w, slope, last, eta)`: one number's optimistic step."""
    w, slope, last, eta = 1.0, 0.7, -0.4, 0.25
    value = as_number(call(function, w, slope, last, eta))
    truth = w - 2 * eta * slope + eta * last

    def is_(other: float) -> bool:
        return abs(value - other) < 1e-6

    if is_(truth):
        told = _play_optimistic(function)
        return f"In 400 steps of {RATE:g} on xy the distance falls to {told:.2g} of what it was."
    if is_(w - eta * slope):
        raise Hint("That is the plain step: it does not use the last slope.")
    if is_(w - 2 * eta * slope - eta * last):
        raise Hint("The last step is taken back: mind its sign.")
    if is_(w + 2 * eta * slope - eta * last):
        raise Hint("That goes uphill: both players minimise.")
    if is_(w - eta * slope + eta * last):
        raise Hint("Count: the new slope is expected to change by as much as it did last time.")
    if is_(w - 2 * eta * last + eta * slope):
        raise Hint("The two slopes have changed places.")
    raise Hint("Expect the next slope to be slope + (slope - last), and take a plain step along it.")


def _play_optimistic(function: Any) -> float:
    """How near 400 steps come to 0, after they were compared with the package's."""
    x, y = start = STARTS[0]
    last_x, last_y = y, -x
    for _ in range(400):
        slope_x, slope_y = y, -x
        x, y = call(function, x, slope_x, last_x, RATE), call(function, y, slope_y, last_y, RATE)
        last_x, last_y = slope_x, slope_y
    ours = trajectory(bilinear(), steps=400, start=start, dynamics="optimistic", learning_rate=RATE)[-1, 0]
    if math.dist((x, y), ours.tolist()) > 1e-9:
        raise Hint("One step is right, but a whole path is not. Does your function keep something in mind?")
    return math.hypot(x, y) / math.hypot(*start)


@exercise
def check_smallest_gamma(answer: Any) -> str:
    """The consensus strength from which on xy converges at step size 0.2."""
    gamma = as_number(answer)
    low, high = ((1 - sign * math.sqrt(1 - RATE**2)) / RATE for sign in (1, -1))
    if abs(gamma - low) < 2e-4:
        return f"From there up to {high:.2f}: too much of it overshoots. Below, consensus only leaves more slowly."
    if abs(gamma - high) < 0.01:
        raise Hint("That is where it stops to converge again. Asked is where it begins.")
    factor = math.hypot(1 - RATE * gamma, RATE)
    told = f"With γ = {gamma:g} the radius is multiplied by {factor:.6f} each step"
    if abs(gamma - RATE / 2) < 2e-4:
        raise Hint(f"{told}: η/2 is so near that one is tempted. A little more is needed.")
    if factor > 1:
        raise Hint(f"{told}: that leaves.")
    raise Hint(f"{told}: that comes in, but a smaller γ does too.")


@exercise
def check_brake(simultaneous: Any, alternating: Any) -> str:
    """Predictions, "in" or "out": what momentum -0.5 does on xy to simultaneous and to alternating steps."""
    told, wrong = [], []
    for name, answer in (("simultaneous", simultaneous), ("alternating", alternating)):
        if answer not in ("in", "out"):
            raise Hint(f'Write "in" or "out" for each; got {answer!r} for the {name} steps.')
        path = trajectory(
            bilinear(),
            steps=400,
            start=STARTS[0],
            dynamics=name,
            optimizer="momentum:beta=-0.5",
            learning_rate=RATE,
        )[:, 0]
        distance = path.norm(dim=-1)
        ratio = float(distance[-1] / distance[0])
        if (ratio < 1) != (answer == "in"):
            wrong.append(name)
        told.append(f"{name} ×{ratio:.2f}")
    found = f"After 400 steps the distance is: {', '.join(told)}"
    if not wrong:
        return f"{found}. The brake helps only those who take turns."
    raise Hint(
        f"{found}. Now say in one sentence what you had overlooked, and correct {' and '.join(wrong)}."
    )


QUIZ = (
    Question(
        "Both players step at the same time on xy, with a very small step size. What happens in the long run?",
        (
            "They circle for ever",
            "They spiral out, slowly",
            "They reach 0, slowly",
        ),
        correct=1,
        why=(
            "That is the continuous flow. Every real step goes along the tangent and ends a little further out.",
            "The square of the distance grows by 1 + eta² each step, whatever eta is.",
            "The slope is at right angles to the way to 0: no step has any part that leads there.",
        ),
    ),
    Question(
        "How does extragradient know which way to turn?",
        (
            "It knows where the equilibrium is",
            "It takes a smaller step",
            "It follows the slope at the place where a plain step would end, and there it already points inwards",
        ),
        correct=2,
        why=(
            "No dynamics knows that: all they see are the two players' own slopes.",
            "Smaller steps only leave more slowly. The direction is what has to change.",
            "One step ahead the field has turned by the angle eta, and the turned field has a part towards 0.",
        ),
    ),
    Question(
        "The eigenvalues of one step are 0.98 + 0.2i and 0.98 - 0.2i. What does the path do?",
        (
            "It stays at about the same distance and turns",
            "It falls to zero in some 50 steps, since 0.98 is below 1",
            "It leaves, since there is an imaginary part",
        ),
        correct=0,
        why=(
            "Their length is the root of 0.98² + 0.2², which is 1.0002: almost on the unit circle.",
            "The real part alone does not count: the length of the complex number does, and it is 1.0002.",
            "An imaginary part makes it turn. Whether it leaves is decided by the length.",
        ),
    ),
    Question(
        "A paper cures xy with a new method and concludes that it will stabilise GANs. What do you ask?",
        (
            "Whether its step size was small enough",
            "How it compares at equal cost on GANs, over several seeds and in more than one setting",
            "Nothing: near an equilibrium every game looks like xy",
        ),
        correct=1,
        why=(
            "That is worth knowing, but it says nothing about GANs.",
            "Above, the same method helped in one setting, and made no difference in another.",
            "Most games are a mix of rotation and potential, and a GAN in training is far from any equilibrium.",
        ),
    ),
    Question(
        "The averages of all iterates converge on xy. When do they not?",
        (
            "If the iterates spiral out",
            "If the iterates circle for ever",
            "If the starting point is far away",
        ),
        correct=0,
        why=(
            "The last turns are the largest, so that they rule the mean: it spirals out as well.",
            "That is where averaging is at its best: what turns about a point has its mean there.",
            "It takes longer, in proportion, but it converges.",
        ),
    ),
)
