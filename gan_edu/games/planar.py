"""Planar games: each player is a point, so a game can be drawn on a page and solved by hand.

The generator's parameters are x and the discriminator's are y. They are GANs in small: G(z) = x whatever z is, the
data is the point 0, and the discriminator is the linear critic -y . s. Their losses are exact expectations, so no
data is drawn, and they are played in float64.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from gan_edu.data.target import Target
from gan_edu.games.game import Batch, Game, Players
from gan_edu.networks.network import Network

ARRIVED = 0.03  # x is as good as the data within this distance
SETTINGS = {"dynamics": "simultaneous", "optimizer": "sgd", "learning_rate": 0.2, "batch_size": 1}

PlanarLoss = Callable[[Tensor, Tensor], Tensor]


def planar(loss_x: PlanarLoss, loss_y: PlanarLoss, dimensions: int = 1) -> Game:
    """A game of two points.

    Args:
        loss_x: (x, y), each (R, n) -> (R,), minimised over x = theta_g.
        loss_y: (x, y), each (R, n) -> (R,), minimised over y = theta_d.
        dimensions: n, numbers per player.

    Returns:
        The game; its equilibrium is x = y = 0.
    """

    def init(shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
        return torch.randn((*shape, dimensions), generator=generator, device=generator.device).double()

    def forged(x: Tensor, z: Tensor) -> Tensor:
        return x.unsqueeze(-2).expand(*x.shape[:-1], z.shape[-2], dimensions)

    def criticised(y: Tensor, s: Tensor) -> Tensor:
        return -(s * y.unsqueeze(-2)).sum(-1, keepdim=True)

    def of_x(game: Game, players: Players, batch: Batch) -> Tensor:
        return loss_x(players["theta_g"], players["theta_d"])

    def of_y(game: Game, players: Players, batch: Batch) -> Tensor:
        return loss_y(players["theta_g"], players["theta_d"])

    origin = Target(
        name="the point 0",
        components=torch.zeros(1, dimensions, dtype=torch.float64),
        stds=torch.tensor([ARRIVED / 3], dtype=torch.float64),
        weights=torch.ones(1, dtype=torch.float64),
        modes=torch.zeros(1, dtype=torch.long),
    )
    return Game(
        target=origin,
        generator=Network(forged, init, dimensions, 0, dimensions),
        discriminator=Network(criticised, init, dimensions, dimensions, 1),
        discriminator_aim=of_y,
        generator_aim=of_x,
        latent_dim=0,
        discriminator_sees_data=False,
        settings=SETTINGS,
    )
