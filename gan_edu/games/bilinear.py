"""The bilinear game xy, the smallest in which gradient descent circles."""

from __future__ import annotations

from typing import Annotated

import torch
from torch import Tensor

from gan_edu.games.game import Game
from gan_edu.games.planar import planar
from gan_edu.parameters import Range, method


@method
def bilinear(
    dimensions: Annotated[int, Range(1, 1000, slider=(1, 8))] = 1,
    condition: Annotated[float, Range(1, 1e6, slider=(1, 100), log=True)] = 1.0,
) -> Game:
    """One player minimises x . A y over x, the other -x . A y over y.

        loss_x = x . A y        loss_y = -x . A y        A = diag(a_1, ..., a_n), from 1 down to 1 / condition

    In one dimension A = 1: min over x of xy, min over y of -xy. The vector field (grad loss_x, grad loss_y) =
    (y, -x) is a pure rotation: following it never comes nearer to the only equilibrium, 0.

    Args:
        dimensions: n, numbers per player; 1 can be drawn on a page.
        condition: Ratio of the fastest rotation to the slowest one, where there are several; they are spaced evenly
            on a logarithmic scale.

    Returns:
        The game, in float64: theta_g is x, theta_d is y.

    Raises:
        ValueError: If a parameter is out of its range.

    Example:
        >>> game = bilinear()
        >>> players = {"theta_g": torch.tensor([[2.0]]), "theta_d": torch.tensor([[3.0]])}
        >>> game.generator_loss(players, None), game.discriminator_loss(players, None)
        (tensor([6.]), tensor([-6.]))

    Reference:
        Goodfellow (2016), NIPS 2016 Tutorial: Generative Adversarial Networks, arXiv 1701.00160, sec. 7. Gidel et
        al. (2019), A Variational Inequality Perspective on Generative Adversarial Networks, arXiv 1802.10551, sec. 2.
    """
    strengths = condition ** -torch.linspace(0, 1, dimensions, dtype=torch.float64)

    def value(x: Tensor, y: Tensor) -> Tensor:
        coupled = x * y if dimensions == 1 else x * strengths.to(x) * y
        return coupled.sum(-1)

    return planar(value, lambda x, y: -value(x, y), dimensions)
