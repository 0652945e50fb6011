"""The Dirac-GAN: the smallest GAN there is, whose generator is a point and whose discriminator is a slope."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Literal

import numpy as np
from torch import Tensor
from torch.nn.functional import softplus

from gan_edu.games.game import Game
from gan_edu.games.planar import planar
from gan_edu.parameters import Range, method

NODES = 8  # of the quadrature over instance noise: E D(s) to 4e-6 where |y| noise < 1, 8e-4 where < 2


@method
def dirac(
    loss: Literal["minimax", "non_saturating", "wasserstein"] = "minimax",
    gradient_penalty: Annotated[float, Range(0, 100, slider=(0, 3), step=0.05)] = 0.0,
    gradient_norm: Annotated[float, Range(0, 10, slider=(0, 2), step=0.1)] = 0.0,
    noise: Annotated[float, Range(0, 10, slider=(0, 2), step=0.05, label="instance noise")] = 0.0,
) -> Game:
    """The data is the point 0, the generator's sample the point x, and the logit of a point s is -y s.

    The losses are those of GANs in full size, with noise of standard deviation sigma on both points:

        loss_y = E softplus(y s_real) + E softplus(-y s_fake) + gamma/2 (|y| - c)²
        loss_x = -E softplus(-y s_fake)  (minimax)      E softplus(y s_fake)  (non_saturating)
        wasserstein: loss_y = -E[y s_fake] + E[y s_real] + penalty,  loss_x = E[y s_fake]
        s_real ~ N(0, sigma²)        s_fake ~ N(x, sigma²)

    All players' gradients agree near 0 with those of the game xy, times 1/2 for the two softplus losses: plain GAN
    training turns about the solution and does not reach it (the non-saturating loss creeps in, as 1 / sqrt(time)).
    |y| is the length of the discriminator's gradient.

    Args:
        loss: Of the generator; `wasserstein` makes the discriminator a critic.
        gradient_penalty: gamma. With c = 0 it is R1, and the only equilibrium becomes attractive.
        gradient_norm: c, the length that the penalty asks for: 0 in R1, 1 in WGAN-GP, which does not converge here.
        noise: sigma, by quadrature (no random numbers), exact near the equilibrium. It makes the softplus losses
            converge.

    Returns:
        The game, in float64: theta_g is x, theta_d is y.

    Raises:
        ValueError: If a parameter is out of its range, or the loss is unknown.

    Example:
        >>> import torch
        >>> players = {"theta_g": torch.tensor([[1.0]]), "theta_d": torch.tensor([[0.0]])}
        >>> dirac().discriminator_loss(players, None)  # an undecided discriminator: 2 log 2
        tensor([1.3863])

    Reference:
        Mescheder, Geiger, Nowozin (2018), Which Training Methods for GANs do actually Converge?, arXiv 1801.04406,
        sec. 2 and 3 (equal to it with y for psi and x for theta).
    """
    nodes, weights = np.polynomial.hermite_e.hermegauss(NODES) if noise else (np.zeros(1), np.ones(1))
    drawn = [(noise * float(node), float(w)) for node, w in zip(nodes, weights / weights.sum(), strict=True)]

    def expected(cost: Callable[[Tensor], Tensor], y: Tensor, at: Tensor | float) -> Tensor:
        """E cost(y s) over s ~ N(at, noise²)."""
        first, *rest = (weight * cost(y * (at + shift)) for shift, weight in drawn)
        return sum(rest, first).sum(-1)

    def linear(value: Tensor) -> Tensor:
        return value

    def penalty(y: Tensor) -> Tensor:
        length = y.abs() - gradient_norm if gradient_norm else y
        return (gradient_penalty / 2 * length * length).sum(-1)

    def loss_y(x: Tensor, y: Tensor) -> Tensor:
        cost = linear if loss == "wasserstein" else softplus
        return expected(cost, y, 0.0) + expected(cost, -y, x) + penalty(y)

    def loss_x(x: Tensor, y: Tensor) -> Tensor:
        if loss == "minimax":
            return -expected(softplus, -y, x)
        return expected(softplus if loss == "non_saturating" else linear, y, x)

    return planar(loss_x, loss_y)
