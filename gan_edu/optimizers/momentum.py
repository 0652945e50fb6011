"""Gradient descent with (heavy-ball) momentum; a negative momentum is legal and helps in games."""

from __future__ import annotations

from typing import Annotated

import torch
from torch import Tensor

from gan_edu.optimizers.optimizer import Optimizer, Rate, Slots
from gan_edu.parameters import Range, method


@method
def momentum(beta: Annotated[float, Range(-0.999, 0.999, slider=(-0.9, 0.9), step=0.05)] = 0.9) -> Optimizer:
    """Heavy-ball momentum: v <- beta v + g; theta <- theta - eta v.

    Args:
        beta: How much of the last step is kept; below 0 it brakes a rotation.

    Returns:
        The optimizer.

    Raises:
        ValueError: If beta is not inside (-1, 1).

    Example:
        >>> opt = momentum(0.5)
        >>> theta = torch.tensor([[1.0]])
        >>> opt.update(theta, torch.tensor([[2.0]]), opt.init(theta), 0.1)[0]
        tensor([[0.8000]])

    Reference:
        Polyak (1964), Some methods of speeding up the convergence of iteration methods. Gidel et al. (2019),
        Negative Momentum for Improved Game Dynamics, arXiv 1807.04740.
    """

    def update(theta: Tensor, gradient: Tensor, slots: Slots, rate: Rate) -> tuple[Tensor, dict[str, Tensor]]:
        velocity = torch.add(gradient, slots["velocity"], alpha=beta)
        return theta - rate * velocity, {"velocity": velocity}

    return Optimizer(lambda theta: {"velocity": torch.zeros_like(theta)}, update)
