"""A quadratic game with as much rotation and as much potential as you like."""

from __future__ import annotations

from typing import Annotated

from torch import Tensor

from gan_edu.games.game import Game
from gan_edu.games.planar import planar
from gan_edu.parameters import Range, method


@method
def quadratic(
    rotation: Annotated[float, Range(-10, 10, slider=(-2, 2), step=0.05)] = 1.0,
    potential: Annotated[float, Range(-10, 10, slider=(-1, 1), step=0.05)] = 0.3,
) -> Game:
    """Both players stand in a bowl of their own, and turn about each other.

        loss_x = potential x²/2 + rotation xy        loss_y = potential y²/2 - rotation xy

    The Jacobian of the vector field is [[p, r], [-r, p]] with eigenvalues p ± ir. With r = 0 it is the gradient of
    one function (a potential game), with p = 0 it is the game xy (a Hamiltonian one).

    Args:
        rotation: r, how strongly the players pull at each other.
        potential: p, curvature of the bowls; below 0 they are hills, and staying at 0 is no longer right.

    Returns:
        The game, in float64: theta_g is x, theta_d is y.

    Raises:
        ValueError: If a parameter is out of its range.

    Example:
        >>> import torch
        >>> players = {"theta_g": torch.tensor([[2.0]]), "theta_d": torch.tensor([[1.0]])}
        >>> quadratic(rotation=1, potential=0.5).generator_loss(players, None)
        tensor([3.])

    Reference:
        Balduzzi et al. (2018), The Mechanics of n-Player Differentiable Games, arXiv 1802.05642, sec. 2.
    """

    def loss_x(x: Tensor, y: Tensor) -> Tensor:
        return (potential / 2 * x * x + rotation * x * y).sum(-1)

    def loss_y(x: Tensor, y: Tensor) -> Tensor:
        return (potential / 2 * y * y - rotation * x * y).sum(-1)

    return planar(loss_x, loss_y)
