"""Consensus optimization: both players also descend the length of the vector field."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from torch import Tensor

from gan_edu.dynamics.dynamics import Dynamics, Field, Mover, Slopes, differentiate, follow_field, slopes_at
from gan_edu.games.game import Batch, Game, Players
from gan_edu.parameters import Range, method


@method
def consensus(
    strength: Annotated[float, Range(0, 1000, slider=(0, 3), step=0.05, label="consensus γ")] = 1.0,
) -> Dynamics:
    """Simultaneous steps along the field plus a regulariser that pulls towards points where it is short.

        w <- w - eta (v + gamma J^T v)        J^T v = grad of |v|²/2

    It is drawn to every point where v = 0, also to the wrong ones (hills); on xy it equals symplectic gradient
    adjustment.

    Args:
        strength: gamma. On xy, 0 leaves the orbit, and converging needs gamma > eta (1 + gamma²) / 2.

    Returns:
        The dynamics. On xy the radius changes by sqrt((1 - eta gamma)² + eta²) a step.

    Raises:
        ValueError: If the strength is negative or not a number.

    Example:
        >>> consensus(strength=0.5).recipe["arguments"]
        {'strength': 0.5}

    Reference:
        Mescheder, Nowozin, Geiger (2017), The Numerics of GANs, arXiv 1705.10461, sec. 3.
    """

    def field(game: Game) -> Field:
        def bent(players: Players, batch: Batch, rates: Mapping[Mover, Tensor]) -> Slopes:
            here, v = slopes_at(game, players, batch)
            energy = (v.theta_d.square().sum(-1) + v.theta_g.square().sum(-1)) / 2
            pull_d, pull_g = differentiate(energy, here["theta_d"], here["theta_g"])
            return v._replace(theta_d=v.theta_d + strength * pull_d, theta_g=v.theta_g + strength * pull_g)

        return bent

    return Dynamics(("theta_d",), follow_field, field=field)
