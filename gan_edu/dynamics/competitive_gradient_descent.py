"""Competitive gradient descent: each player reckons with the step that the other is about to take."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated

import torch
from torch import Tensor

from gan_edu.dynamics.dynamics import Dynamics, Field, Mover, Slopes, differentiate, follow_field, slopes_at
from gan_edu.games.game import Batch, Game, Players
from gan_edu.parameters import Range, method


@method
def competitive_gradient_descent(
    iterations: Annotated[int, Range(1, 1000, slider=(1, 20))] = 10,
) -> Dynamics:
    """Both players play the Nash equilibrium of the game's bilinear approximation, with a cost on long steps.

        dx = -eta_x (I - eta_x eta_y D_xy D_yx)^-1 (grad_x L_x - eta_y D_xy grad_y L_y)
        dy = -eta_y (grad_y L_y + D_yx dx)
        D_xy = d grad_x L_x / dy        D_yx = d grad_y L_y / dx        x = theta_g, y = theta_d

    The inverse is never formed: products with D_xy and D_yx are gradients of gradients, and the equation for dx is
    solved by generalised conjugate residuals. An optimizer other than SGD rescales dx and dy, which is no longer
    the equilibrium.

    Args:
        iterations: Of the solver, at most the size of theta_g; as many as that are exact.

    Returns:
        The dynamics. On xy it is the implicit step: the radius shrinks by 1 / sqrt(1 + eta²) for every eta.

    Raises:
        ValueError: If there is no iteration.

    Example:
        >>> competitive_gradient_descent(iterations=3).recipe["arguments"]
        {'iterations': 3}

    Reference:
        Schäfer and Anandkumar (2019), Competitive Gradient Descent, arXiv 1905.12103, sec. 2 (eq. 4) and 3.
    """

    def field(game: Game) -> Field:
        def bent(players: Players, batch: Batch, rates: Mapping[Mover, Tensor]) -> Slopes:
            here, v = slopes_at(game, players, batch)
            y, x = here["theta_d"], here["theta_g"]
            eta_y, eta_x = rates["theta_d"], rates["theta_g"]
            through_x, through_y = _products(v.theta_g, y), _products(v.theta_d, x)

            def answered(step: Tensor) -> Tensor:
                return step - eta_x * eta_y * through_x(through_y(step))

            wanted = v.theta_g - eta_y * through_x(v.theta_d)
            step_x = _solve(answered, wanted, min(iterations, x.shape[-1]))
            return v._replace(theta_d=v.theta_d - eta_x * through_y(step_x), theta_g=step_x)

        return bent

    return Dynamics(("theta_d",), follow_field, field=field)


def _products(slope: Tensor, others: Tensor) -> Callable[[Tensor], Tensor]:
    """U -> (d slope / d others) u.

    The transposed product is linear in c, so its slope along c is the product itself, whatever u depends on.
    """
    c = torch.zeros_like(slope).requires_grad_()
    transposed = differentiate((slope * c).sum(-1), others)[0]
    return lambda u: differentiate((transposed * u).sum(-1), c)[0]


def _solve(matrix: Callable[[Tensor], Tensor], wanted: Tensor, iterations: int) -> Tensor:
    """Solve matrix(x) = wanted by generalised conjugate residuals, every run on its own."""
    if wanted.shape[-1] == 1:
        return wanted / matrix(torch.ones_like(wanted))
    tiny = torch.finfo(wanted.dtype).tiny
    found, left = torch.zeros_like(wanted), wanted
    pairs = wanted.new_zeros(2, 0, *wanted.shape)  # directions and their images; the images are orthonormal
    for _ in range(iterations):
        new = torch.stack([left, matrix(left)])
        shares = (new[1] * pairs[1]).sum(-1, keepdim=True)
        new = new - (shares * pairs).sum(1)
        new = new * new[1].square().sum(-1, keepdim=True).clamp_min(tiny).rsqrt()
        length = (left * new[1]).sum(-1, keepdim=True)
        found, left = found + length * new[0], left - length * new[1]
        pairs = torch.cat([pairs, new.unsqueeze(1)], 1)
    return found
