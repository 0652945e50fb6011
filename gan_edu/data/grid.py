"""The grid: equal Gaussians on a square lattice, the harder picture of mode collapse."""

from __future__ import annotations

from typing import Annotated

import torch

from gan_edu.data.target import Target
from gan_edu.parameters import Range, method


@method
def grid(
    side: Annotated[int, Range(1, 32, slider=(2, 7))] = 5,
    spacing: Annotated[float, Range(0.01, 1e3, slider=(0.5, 4), step=0.1)] = 2.0,
    std: Annotated[float, Range(1e-6, 1e3, slider=(0.01, 0.5), log=True)] = 0.05,
) -> Target:
    """Equal Gaussians on a square lattice, centred at the origin.

    centre_ij = spacing (i - (side - 1)/2, j - (side - 1)/2), i, j = 0..side-1

    The defaults are the papers' raw coordinates, -4 to 4 in steps of 2. Coordinates have a standard deviation
    of 2.83 then; some published code divides by it (spacing 0.707, std 0.018), which makes 3 standard
    deviations a far smaller target to hit.

    Args:
        side: Gaussians along an edge; there are side^2 in all.
        spacing: Distance between neighbours.
        std: Standard deviation of each Gaussian.

    Returns:
        A two-dimensional target with side^2 modes of weight 1/side^2, row by row from the lower left.

    Raises:
        ValueError: If a parameter is out of its range.

    Example:
        >>> grid(side=2).components.tolist()
        [[-1.0, -1.0], [1.0, -1.0], [-1.0, 1.0], [1.0, 1.0]]

    Reference:
        Srivastava, Valkov, Russell, Gutmann, Sutton (2017), VEEGAN, arXiv 1705.07761, sec. 4.1; settings as
        in Lin, Khetan, Fanti, Oh (2018), PacGAN, arXiv 1712.04086, sec. 4.1.
    """
    axis = spacing * (torch.arange(side) - (side - 1) / 2)
    y, x = torch.meshgrid(axis, axis, indexing="ij")
    modes = side**2
    return Target(
        name="grid",
        components=torch.stack([x.reshape(-1), y.reshape(-1)], -1),
        stds=torch.full((modes,), std),
        weights=torch.full((modes,), 1 / modes),
        modes=torch.arange(modes),
    )
