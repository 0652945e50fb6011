"""Two parallel lines: data on {0} x [0, 1], a generator's samples on {theta} x [0, 1], and all that is known of them.

Across the lines everything happens, along them both are the same: so every distance is one of the two points 0 and
theta, or, with noise, of the bells N(0, sigma²) and N(theta, sigma²). With delta = theta / sigma and u ~ N(0, 1)

    JSD = log 2 - E softplus(u delta - delta²/2)        KL = delta² / 2        W_1 = |theta|
    D*(x) = sigmoid((theta² - 2 x theta) / (2 sigma²))  f*(x) = -sign(theta) (x - theta / 2)

Without noise JSD is log 2 and KL infinite wherever theta is not 0. Means over u are taken by the trapezoid rule,
which for such integrands is exact to many digits.

Reference:
    Arjovsky, Chintala, Bottou (2017), Wasserstein GAN, arXiv 1701.07875, example 1.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gan_edu.scenes import Scene

LOSSES = ("minimax", "non_saturating", "likelihood", "wasserstein")
"""What the generator can be told to minimise."""
REACH = 1.5
"""Pictures show theta and x from -REACH to REACH."""
NODES = 241
FARTHEST = 1e3
"""Where a descent that leaves for good is cut off."""
POINTS = 40
"""Points of each line that are drawn."""

_u = np.linspace(-9, 9, 601)
_weights = np.exp(-(_u**2) / 2)
_weights /= _weights.sum()


def _log_odds(theta: Any, noise: float) -> tuple[np.ndarray, np.ndarray]:
    """Delta (...), and u delta - delta²/2 (..., K): the log odds of D* at noisy fakes, with the sign of theta out."""
    delta = np.abs(np.asarray(theta, dtype=np.float64)) / noise
    return delta, _u * delta[..., None] - delta[..., None] ** 2 / 2


def _checked(noise: float) -> float:
    if not (math.isfinite(noise) and noise >= 0):
        raise ValueError(f"noise must be a finite number of at least 0; got {noise!r}")
    return float(noise)


def jensen_shannon(theta: Any, noise: float = 0.0) -> np.ndarray:
    """Jensen-Shannon divergence of the two lines: (...) -> (...), nats, from 0 to log 2.

    Args:
        theta: Where the generator's line is.
        noise: sigma, added to both.

    Raises:
        ValueError: If the noise is negative or not finite.

    Example:
        >>> jensen_shannon([0.0, 0.01, 1.0]).round(4), jensen_shannon([0.01, 1.0], noise=0.5).round(4)
        (array([0.    , 0.6931, 0.6931]), array([0.    , 0.3368]))
    """
    if not _checked(noise):
        return np.where(np.asarray(theta) == 0, 0.0, math.log(2))
    _, odds = _log_odds(theta, noise)
    return np.maximum(math.log(2) - np.logaddexp(0, odds) @ _weights, 0)  # rounding must not take it below


def kullback_leibler(theta: Any, noise: float = 0.0) -> np.ndarray:
    """KL of either line from the other, delta² / 2: (...) -> (...), nats; infinite without noise unless theta = 0.

    Args:
        theta: Where the generator's line is.
        noise: sigma, added to both.

    Raises:
        ValueError: If the noise is negative or not finite.

    Example:
        >>> kullback_leibler([0.0, 1.0]), kullback_leibler(1.0, noise=0.5)
        (array([ 0., inf]), np.float64(2.0))
    """
    theta = np.asarray(theta, dtype=np.float64)
    if not _checked(noise):
        return np.where(theta == 0, 0.0, np.inf)
    return (theta / noise) ** 2 / 2


def earth_mover(theta: Any) -> np.ndarray:
    """W_1 of the two lines, |theta|, whatever the noise: every grain is carried straight across.

    Args:
        theta: Where the generator's line is.

    Example:
        >>> earth_mover([-0.5, 2.0])
        array([0.5, 2. ])
    """
    return np.abs(np.asarray(theta, dtype=np.float64))


def slopes(theta: Any, noise: float = 0.0) -> dict[str, np.ndarray]:
    """What the generator is told: the derivative by theta of its loss, with the opponent at its best, and held.

        minimax         E log(1 - D*):  (theta/sigma²) E_G D*, which is twice the derivative of JSD
        non_saturating  -E log D*:      (theta/sigma²) E_G (1 - D*)
        likelihood      KL:             theta/sigma²
        wasserstein     -E f*:          sign(theta)

    Without noise the first is 0 everywhere: D* may be flat at both lines. The next two have no finite value there.

    Args:
        theta: Where the generator's line is.
        noise: sigma, added to both.

    Returns:
        By name of the loss, as in `LOSSES`; minus it is the direction in which theta is pushed.

    Raises:
        ValueError: If the noise is negative or not finite.

    Example:
        >>> {name: round(float(slope), 4) for name, slope in slopes(1.0, noise=0.5).items()}
        {'minimax': 0.8992, 'non_saturating': 3.1008, 'likelihood': 4.0, 'wasserstein': 1.0}
    """
    theta = np.asarray(theta, dtype=np.float64)
    side = np.sign(theta)
    if not _checked(noise):
        with np.errstate(invalid="ignore"):
            steep = np.where(side == 0, 0.0, side * np.inf)
        return dict(zip(LOSSES, (np.zeros_like(side), steep, steep, side), strict=True))
    _, odds = _log_odds(theta, noise)
    steep = theta / noise**2
    taken_for_real = (
        np.exp(-np.logaddexp(0, -odds)) @ _weights
    )  # E_G D*: the log odds keep its sign if u has none
    return dict(zip(LOSSES, (steep * taken_for_real, steep * (1 - taken_for_real), steep, side), strict=True))


def best_discriminator(x: Any, theta: float, noise: float = 0.0) -> np.ndarray:
    """D*(x), the probability that a point at x is real: (...) -> (...).

    Without noise only its values on the two lines matter, 1 and 0. Between them any D is as good; given is what D*
    becomes when the noise goes to 0, a step half way, flat at both lines.

    Args:
        x: Across the lines.
        theta: Where the generator's line is.
        noise: sigma, added to both.

    Raises:
        ValueError: If the noise is negative or not finite.

    Example:
        >>> best_discriminator([0.0, 0.5, 1.0], theta=1.0), best_discriminator([0.0, 0.5], 1.0, noise=1.0).round(2)
        (array([1. , 0.5, 0. ]), array([0.62, 0.5 ]))
    """
    odds = theta**2 / 2 - np.asarray(x, dtype=np.float64) * theta
    if not _checked(noise):
        return (np.sign(odds) + 1) / 2
    return np.exp(-np.logaddexp(0, -odds / noise**2))


def best_critic(x: Any, theta: float) -> np.ndarray:
    """f*(x), which reaches W_1 and is 1-Lipschitz; 0 half way: (...) -> (...).

    Outside of the two lines another slope would do as well. Noise changes nothing.

    Args:
        x: Across the lines.
        theta: Where the generator's line is.

    Example:
        >>> best_critic([0.0, 0.8], theta=0.8)
        array([ 0.4, -0.4])
    """
    return -np.sign(theta) * (np.asarray(x, dtype=np.float64) - theta / 2)


def descent(
    theta: float, loss: str, *, noise: float = 0.0, rate: float = 0.05, steps: int = 60
) -> np.ndarray:
    """Gradient descent of theta, against the best opponent anew at every step: (steps + 1,), or fewer.

        theta <- theta - rate slope

    It ends where the slope is not finite, and where theta has left for good.

    Args:
        theta: Where it begins.
        loss: One of `LOSSES`.
        noise: sigma, added to both.
        rate: Of learning, above 0.
        steps: How many, at most.

    Raises:
        ValueError: If the loss is unknown, or a number is out of its range.

    Example:
        >>> descent(0.2, "wasserstein", steps=5).round(2), descent(0.2, "minimax", steps=2)
        (array([0.2 , 0.15, 0.1 , 0.05, 0.  , 0.  ]), array([0.2, 0.2, 0.2]))
    """
    if loss not in LOSSES:
        raise ValueError(f"loss must be one of {', '.join(LOSSES)}; got {loss!r}")
    if not (math.isfinite(rate) and rate > 0 and steps >= 0 and math.isfinite(theta)):
        raise ValueError(
            f"theta must be finite, rate above 0 and steps at least 0; got {theta!r}, {rate!r} and {steps!r}"
        )
    path = [float(theta)]
    for _ in range(steps):
        slope = float(slopes(path[-1], noise)[loss])
        if not math.isfinite(slope) or abs(path[-1]) > FARTHEST:
            break
        moved = path[-1] - rate * slope
        path.append(0.0 if abs(moved) < 1e-12 else moved)  # so that a last step that should end on 0 does
    return np.array(path)


@dataclass(frozen=True, eq=False)
class ParallelLines:
    """Everything that one picture of the two lines needs.

    Args:
        theta: Where the generator's line is.
        noise: sigma.
        x: (K,) nodes from -REACH to REACH.
        prob_real: (K,) D* at the nodes.
        critic: (K,) f* at the nodes.
        distances: (K,) jensen_shannon, kullback_leibler and earth_mover if theta were at the nodes; nan for infinity.
        values: the same three at theta.
        slopes: by loss, at theta.
        real: (P, 2) points of the data's line as D sees them, with their noise.
        fake: (P, 2) those of the generator's line.
    """

    theta: float
    noise: float
    x: np.ndarray
    prob_real: np.ndarray
    critic: np.ndarray
    distances: dict[str, np.ndarray]
    values: dict[str, float]
    slopes: dict[str, float]
    real: np.ndarray
    fake: np.ndarray


def parallel_lines(theta: float, noise: float = 0.0) -> ParallelLines:
    """Two lines that are theta apart, seen through noise: points, landscapes, distances and slopes.

    Args:
        theta: Where the generator's line is.
        noise: sigma, added to both.

    Raises:
        ValueError: If theta is not finite, or the noise negative.

    Example:
        >>> seen = parallel_lines(1.0)
        >>> seen.values["earth_mover"], seen.slopes["minimax"], seen.fake[0].round(2).tolist()
        (1.0, 0.0, [1.0, 0.01])
    """
    if not math.isfinite(theta):
        raise ValueError(f"theta must be a finite number; got {theta!r}")
    x = np.linspace(-REACH, REACH, NODES)
    jsd, kl, w = jensen_shannon(x, noise), kullback_leibler(x, noise), earth_mover(x)
    if not noise:
        jsd = np.where(x == 0, np.nan, jsd)  # its one point at 0 would look like a slope
    real, fake = _points(theta, noise)
    return ParallelLines(
        theta=float(theta),
        noise=float(noise),
        x=x,
        prob_real=best_discriminator(x, theta, noise),
        critic=best_critic(x, theta),
        distances={
            "jensen_shannon": jsd,
            "kullback_leibler": np.where(np.isfinite(kl), kl, np.nan),
            "earth_mover": w,
        },
        values={
            "jensen_shannon": float(jensen_shannon(theta, noise)),
            "kullback_leibler": float(kullback_leibler(theta, noise)),
            "earth_mover": float(earth_mover(theta)),
        },
        slopes={name: float(slope) for name, slope in slopes(theta, noise).items()},
        real=real,
        fake=fake,
    )


def _points(theta: float, noise: float) -> tuple[np.ndarray, np.ndarray]:
    """Points of both lines with their noise, the same every time."""
    random = np.random.default_rng(0)
    along = (np.arange(POINTS) + 0.5) / POINTS
    shaken = noise * random.standard_normal((2, POINTS, 2))
    there = np.stack([np.zeros(POINTS), along], -1), np.stack([np.full(POINTS, theta), along], -1)
    return there[0] + shaken[0], there[1] + shaken[1]


RACE = (("minimax", 0.0), ("minimax", 0.5), ("wasserstein", 0.0))
"""Losses and noises of the three generators that `race` shows, from top to bottom."""


def race(words: Sequence[str], *, caption: str = "", rate: float = 0.05, steps: int = 40) -> list[Scene]:
    """Three generators that start at theta = 1, one above the other, step by step: who gets to the data?

    Args:
        words: What is written beside each.
        caption: What is asked; {step} is filled in.
        rate: Of learning.
        steps: How many.

    Returns:
        A scene for each step, for the player.

    Example:
        >>> [scene.step for scene in race(("a", "b", "c"), steps=2)]
        [0, 1, 2]
    """
    paths = [descent(1.0, loss, noise=noise, rate=rate, steps=steps) for loss, noise in RACE]
    lanes = [2.4 - 1.2 * k for k in range(len(RACE))]  # where each begins, upwards
    scenes = []
    for step in range(steps + 1):
        data, samples, arrows, notes = [], [], [], []
        for path, lane, (loss, noise), name in zip(paths, lanes, RACE, words, strict=True):
            theta = path[step]
            shift = np.array([0.0, lane])
            seen = _points(theta, 0.0)  # without the noise: it is D who sees that
            data.append(seen[0] + shift)
            samples.append(seen[1] + shift)
            push = -rate * float(slopes(theta, noise)[loss])
            arrows.append([theta, lane + 0.5, theta + 3 * push, lane + 0.5])
            notes.append((1.25, lane + 0.5, f"{name}: θ = {theta:.2f}".replace("-", "−")))
        scenes.append(
            Scene(
                extent=(-0.6, 3.2, -0.1, 3.7),
                step=step,
                caption=caption.format(step=step),
                data=np.concatenate(data),
                samples=np.concatenate(samples),
                arrows=np.array(arrows),
                notes=tuple(notes),
            )
        )
    return scenes
