"""RMSProp: steps scaled by a running size of the gradient."""

from __future__ import annotations

from typing import Annotated

import torch
from torch import Tensor

from gan_edu.optimizers.optimizer import Optimizer, Rate, Slots
from gan_edu.parameters import Range, method


@method
def rmsprop(
    alpha: Annotated[float, Range(0, 0.99999, slider=(0.5, 0.999))] = 0.99,
    epsilon: Annotated[float, Range(1e-16, 1, log=True)] = 1e-8,
) -> Optimizer:
    """RMSProp: v <- alpha v + (1 - alpha) g²; theta <- theta - eta g / (sqrt(v) + epsilon).

    Args:
        alpha: Memory of the squared gradient.
        epsilon: Keeps the denominator away from 0.

    Returns:
        The optimizer.

    Raises:
        ValueError: If a parameter is out of its range.

    Example:
        >>> opt = rmsprop(alpha=0.75)
        >>> theta = torch.tensor([[1.0]])
        >>> opt.update(theta, torch.tensor([[2.0]]), opt.init(theta), 0.1)[0]
        tensor([[0.8000]])

    Reference:
        Tieleman and Hinton (2012), Lecture 6.5, Coursera: Neural Networks for Machine Learning.
    """

    def update(theta: Tensor, gradient: Tensor, slots: Slots, rate: Rate) -> tuple[Tensor, dict[str, Tensor]]:
        square = (slots["square"] * alpha).addcmul_(gradient, gradient, value=1 - alpha)
        return theta - rate * gradient / (square.sqrt() + epsilon), {"square": square}

    return Optimizer(lambda theta: {"square": torch.zeros_like(theta)}, update)
