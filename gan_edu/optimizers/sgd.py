"""Stochastic gradient descent, with or without momentum."""

from __future__ import annotations

from torch import Tensor

from gan_edu.optimizers.optimizer import Optimizer, Rate, Slots
from gan_edu.parameters import method


@method
def sgd() -> Optimizer:
    """Gradient descent: theta <- theta - eta g.

    Returns:
        The optimizer.

    Example:
        >>> import torch
        >>> theta, _ = sgd().update(torch.tensor([[1.0]]), torch.tensor([[2.0]]), {}, 0.1)
        >>> theta
        tensor([[0.8000]])

    Reference:
        Robbins and Monro (1951), A Stochastic Approximation Method.
    """

    def update(theta: Tensor, gradient: Tensor, slots: Slots, rate: Rate) -> tuple[Tensor, dict[str, Tensor]]:
        return theta - rate * gradient, {}

    return Optimizer(lambda theta: {}, update)
