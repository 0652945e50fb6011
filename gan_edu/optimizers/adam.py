"""Adam."""

from __future__ import annotations

from typing import Annotated

import torch
from torch import Tensor

from gan_edu.optimizers.optimizer import Optimizer, Rate, Slots
from gan_edu.parameters import Range, method


@method
def adam(
    beta1: Annotated[float, Range(0, 0.9999, slider=(0, 0.95), step=0.05)] = 0.5,
    beta2: Annotated[float, Range(0, 0.99999, slider=(0.5, 0.999))] = 0.999,
    epsilon: Annotated[float, Range(1e-16, 1, log=True)] = 1e-8,
) -> Optimizer:
    """Adam: momentum and a running size of the gradient, both freed of their bias towards their start at 0.

        m <- beta1 m + (1 - beta1) g        v <- beta2 v + (1 - beta2) g²
        theta <- theta - eta (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + epsilon)

    Args:
        beta1: Memory of the gradient; GANs use 0.5 or 0 where supervised learning uses 0.9.
        beta2: Memory of the squared gradient.
        epsilon: Keeps the denominator away from 0.

    Returns:
        The optimizer.

    Raises:
        ValueError: If a parameter is out of its range.

    Example:
        >>> opt = adam()
        >>> theta = torch.tensor([[1.0]])
        >>> opt.update(theta, torch.tensor([[2.0]]), opt.init(theta), 0.1)[0]  # the first step has length eta
        tensor([[0.9000]])

    Reference:
        Kingma and Ba (2015), Adam: A Method for Stochastic Optimization, arXiv 1412.6980, algorithm 1.
    """

    def init(theta: Tensor) -> dict[str, Tensor]:
        zeros = torch.zeros_like(theta)
        exact = torch.float32 if theta.device.type == "mps" else torch.float64
        return {"mean": zeros, "square": zeros, "updates": torch.zeros((), dtype=exact, device=theta.device)}

    def update(theta: Tensor, gradient: Tensor, slots: Slots, rate: Rate) -> tuple[Tensor, dict[str, Tensor]]:
        updates = slots["updates"] + 1
        # A number is quicker than a tensor of one element, but reading it would make the GPU wait.
        t = float(updates) if updates.device.type == "cpu" else updates
        mean = torch.lerp(slots["mean"], gradient, 1 - beta1)
        square = (slots["square"] * beta2).addcmul_(gradient, gradient, value=1 - beta2)
        # Both corrections in the step's length: one operator less on vectors than dividing them.
        correction = (1 - beta2**t) ** 0.5
        denominator = square.sqrt().add_(epsilon * correction)
        scale = rate * correction / (1 - beta1**t)
        if isinstance(scale, float):
            theta = torch.addcdiv(theta, mean, denominator, value=-scale)
        else:
            theta = theta - scale * mean / denominator
        return theta, {"mean": mean, "square": square, "updates": updates}

    return Optimizer(init, update)
