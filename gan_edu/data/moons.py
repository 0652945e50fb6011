"""The moons: two half circles that reach into each other, so that no straight line parts the modes."""

from __future__ import annotations

import math
from typing import Annotated

import torch

from gan_edu.data.target import Target
from gan_edu.parameters import Range, method


@method
def moons(noise: Annotated[float, Range(0.01, 10, slider=(0.02, 0.3), log=True)] = 0.1) -> Target:
    """Two interleaved half circles with Gaussian noise.

    upper moon: (cos t, sin t)    lower moon: (1 - cos t, 1/2 - sin t)    t in [0, pi], plus N(0, noise^2 I)

    Scikit-learn's `make_moons` for many points. Each arc is cut into equal pieces, at most as long as the
    noise is wide, whose middles are the components: the density is exact, and smooth along the moons.

    Args:
        noise: Standard deviation of the noise.

    Returns:
        A two-dimensional target of two modes, upper and lower, of weight 1/2.

    Raises:
        ValueError: If the noise is out of its range.

    Example:
        >>> moons().mode_weights.tolist()
        [0.5, 0.5]

    Reference:
        Pedregosa et al. (2011), Scikit-learn: machine learning in Python, JMLR 12,
        `sklearn.datasets.make_moons`.
    """
    # At least 32, so that wide noise still lies along a curve; a power of two keeps 1/C exact.
    points = 2 ** max(5, math.ceil(math.log2(math.pi / noise)))
    t = (torch.arange(points, dtype=torch.float64) + 0.5) * math.pi / points
    upper = torch.stack([t.cos(), t.sin()], -1)
    lower = torch.stack([1 - t.cos(), 0.5 - t.sin()], -1)
    return Target(
        name="moons",
        components=torch.cat([upper, lower]).float(),
        stds=torch.full((2 * points,), noise),
        weights=torch.full((2 * points,), 1 / (2 * points)),
        modes=torch.arange(2).repeat_interleave(points),
        labels=("upper", "lower"),
    )
