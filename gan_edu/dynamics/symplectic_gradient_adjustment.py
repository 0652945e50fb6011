"""Symplectic gradient adjustment: steer against the rotation only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

import torch
from torch import Tensor

from gan_edu.dynamics.dynamics import Dynamics, Field, Mover, Slopes, differentiate, follow_field, slopes_at
from gan_edu.games.game import Batch, Game, Players
from gan_edu.parameters import Range, method

NUDGE = 0.1  # decides the sign where the adjustment neither helps nor hurts


@method
def symplectic_gradient_adjustment(
    strength: Annotated[float, Range(0, 1000, slider=(0, 3), step=0.05, label="adjustment λ")] = 1.0,
    align: bool = True,
) -> Dynamics:
    """Simultaneous steps along the field, turned by the antisymmetric part A of its Jacobian J.

        w <- w - eta (v + lambda A^T v)        A = (J - J^T)/2,   A^T v = (J^T v - J v)/2

    In a potential game A = 0 and nothing changes, which is where it differs from consensus optimization.

    Args:
        strength: lambda, up to its sign.
        align: Choose the sign of lambda at every step such that the adjustment is drawn to stable points and repelled
            by unstable ones: sign(<v, J^T v> <A^T v, J^T v> / n + 0.1), n numbers in both players together.

    Returns:
        The dynamics. On xy the radius changes by sqrt((1 - eta lambda)² + eta²) a step.

    Raises:
        ValueError: If the strength is negative or not a number.

    Example:
        >>> symplectic_gradient_adjustment(align=False).recipe["arguments"]
        {'strength': 1.0, 'align': False}

    Reference:
        Balduzzi et al. (2018), The Mechanics of n-Player Differentiable Games, arXiv 1802.05642, sec. 3 and 4.
    """

    def field(game: Game) -> Field:
        def bent(players: Players, batch: Batch, rates: Mapping[Mover, Tensor]) -> Slopes:
            here, v = slopes_at(game, players, batch)
            d, g = here["theta_d"], here["theta_g"]
            # J^T c is linear in c, and its slope along c, taken with v, is J v
            c_d, c_g = torch.zeros_like(d).requires_grad_(), torch.zeros_like(g).requires_grad_()
            transposed = differentiate(_dot(c_d, v.theta_d, c_g, v.theta_g), d, g)
            forward = differentiate(_dot(transposed[0], v.theta_d, transposed[1], v.theta_g), c_d, c_g)
            backward = differentiate(_dot(v.theta_d, v.theta_d, v.theta_g, v.theta_g) / 2, d, g)
            turn_d, turn_g = ((b - f) / 2 for b, f in zip(backward, forward, strict=True))
            if align:
                along = _dot(v.theta_d, backward[0], v.theta_g, backward[1])
                along = along * _dot(turn_d, backward[0], turn_g, backward[1])
                sign = torch.sign(along / (d.shape[-1] + g.shape[-1]) + NUDGE)
                turn_d, turn_g = sign * turn_d, sign * turn_g
            return v._replace(theta_d=v.theta_d + strength * turn_d, theta_g=v.theta_g + strength * turn_g)

        return bent

    return Dynamics(("theta_d",), follow_field, field=field)


def _dot(a_d: Tensor, b_d: Tensor, a_g: Tensor, b_g: Tensor) -> Tensor:
    """(a_d, a_g) . (b_d, b_g), each run on its own: (R, 1)."""
    return (a_d * b_d).sum(-1, keepdim=True) + (a_g * b_g).sum(-1, keepdim=True)
