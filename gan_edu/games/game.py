"""A game: who plays, and what each player wants. Both losses are *minimised* and keep the run axis.

Axes: R runs, B batch, P parameters.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor

from gan_edu.data.target import Target
from gan_edu.networks.network import Network

Players = Mapping[str, Tensor]
"""The players' parameter vectors: theta_d (R, P_d) and theta_g (R, P_g)."""


class Batch(NamedTuple):
    """What a loss is estimated on: x_real (R, B, d) and latent points z (R, B, l)."""

    x_real: Tensor
    z: Tensor


Loss = Callable[[Players, Batch], Tensor]


@dataclass(frozen=True)
class Game:
    """Two players and two losses.

    Args:
        target: What should be learned.
        generator: z (..., B, l), theta_g -> x_fake (..., B, d).
        discriminator: x (..., B, d), theta_d -> logits (..., B, 1).
        discriminator_loss: (players, batch) -> (R,), minimised over theta_d.
        generator_loss: (players, batch) -> (R,), minimised over theta_g.
        latent_dim: l, numbers per latent point, z ~ N(0, I).
        generator_sees_data: Whether the generator's loss looks at x_real; if not, no data is drawn for it.
        discriminator_sees_data: The same of the discriminator's; planar games know their expectations exactly.
        settings: Training settings that suit the game (learning rates, batch size, ...), unless overridden.
        recipe: How to make it again; see `gan_edu.parameters.method`.
    """

    target: Target
    generator: Network
    discriminator: Network
    discriminator_loss: Loss
    generator_loss: Loss
    latent_dim: int
    generator_sees_data: bool = False
    discriminator_sees_data: bool = True
    settings: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    recipe: Mapping[str, Any] | None = None

    @property
    def is_planar(self) -> bool:
        """Whether the players are points without networks, see `gan_edu.games.planar`."""
        return not self.latent_dim

    def init(self, runs: int, generator: torch.Generator) -> dict[str, Tensor]:
        """Fresh players: theta_d and theta_g of shape (runs, P)."""
        return {
            "theta_d": self.discriminator.init((runs,), generator),
            "theta_g": self.generator.init((runs,), generator),
        }

    def draw(self, runs: int, batch_size: int, generator: torch.Generator) -> Batch:
        """A fresh batch for every run."""
        return Batch(
            self.target.sample((runs, batch_size), generator), self.draw_latent((runs, batch_size), generator)
        )

    def draw_without_data(self, runs: int, batch_size: int, generator: torch.Generator) -> Batch:
        """A fresh batch for a loss that looks at no real data: x_real is (runs, 0, d)."""
        nothing = torch.empty((runs, 0, self.target.dim), device=generator.device)
        return Batch(nothing, self.draw_latent((runs, batch_size), generator))

    def draw_latent(self, shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
        """Z ~ N(0, I) of shape (*shape, l)."""
        return torch.randn((*shape, self.latent_dim), generator=generator, device=generator.device)

    def prob_real(self, theta_d: Tensor, x: Tensor) -> Tensor:
        """D(x), the probability that x is real: (..., B, d) -> (..., B)."""
        return self.discriminator(theta_d, x).squeeze(-1).sigmoid()

    def to(self, device: torch.device | str) -> Game:
        """The same game with its target on another device."""
        return dataclasses.replace(self, target=self.target.to(device))
