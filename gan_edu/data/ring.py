"""The ring: equal Gaussians on a circle, the classic picture of mode collapse."""

from __future__ import annotations

import math
from typing import Annotated

import torch

from gan_edu.data.target import Target
from gan_edu.parameters import Range, method


@method
def ring(
    modes: Annotated[int, Range(1, 256, slider=(1, 16))] = 8,
    radius: Annotated[float, Range(0.01, 1e3, slider=(0.5, 4), step=0.1)] = 2.0,
    std: Annotated[float, Range(1e-6, 1e3, slider=(0.01, 0.5), log=True)] = 0.05,
) -> Target:
    """Equal Gaussians at equal angles on a circle.

    centre_i = radius (cos 2πi/M, sin 2πi/M), i = 0..M-1: the end of the circle is left out, so the M modes
    are distinct (`linspace(0, 2π, M)` with both ends, as in some published code, gives M - 1 of them).

    Args:
        modes: M, how many Gaussians.
        radius: Of the circle.
        std: Standard deviation of each Gaussian.

    Returns:
        A two-dimensional target with M modes of weight 1/M.

    Raises:
        ValueError: If a parameter is out of its range.

    Example:
        >>> ring(modes=2).components.round(decimals=3).tolist()
        [[2.0, 0.0], [-2.0, 0.0]]

    Reference:
        Metz, Poole, Pfau, Sohl-Dickstein (2016), Unrolled Generative Adversarial Networks, arXiv 1611.02163,
        sec. 3.1.
    """
    angles = torch.arange(modes, dtype=torch.float64) * (2 * math.pi / modes)
    centres = radius * torch.stack([angles.cos(), angles.sin()], -1)
    return Target(
        name="ring",
        components=centres.float(),
        stds=torch.full((modes,), std),
        weights=torch.full((modes,), 1 / modes),
        modes=torch.arange(modes),
    )
