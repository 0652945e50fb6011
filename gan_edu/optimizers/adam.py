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
        mean, square = (
            torch.zeros_like(theta),
            torch.zeros_like(theta),
        )  # two: a trace tells inputs apart by identity
        return {"mean": mean, "square": square, "updates": torch.zeros((), device=theta.device)}

    def update(theta: Tensor, gradient: Tensor, slots: Slots, rate: Rate) -> tuple[Tensor, dict[str, Tensor]]:
        mean, square, updates = slots["mean"], slots["square"], slots["updates"] + 1
        if isinstance(rate, float) and theta.dtype == torch.float32 and not _followed(theta, gradient, mean):
            # One operator in place of a dozen. It writes into what it is given and reads memory as it lies.
            theta, mean, square = (
                t.clone(memory_format=torch.contiguous_format) for t in (theta, mean, square)
            )
            torch._fused_adam_(  # pyright: ignore[reportPrivateImportUsage]
                [theta],
                [gradient.contiguous()],
                [mean],
                [square],
                [],
                [updates],
                lr=rate,
                beta1=beta1,
                beta2=beta2,
                eps=epsilon,
                weight_decay=0.0,
                amsgrad=False,
                maximize=False,
            )
        else:
            t = updates if updates.device.type == "mps" else updates.double()  # MPS has no doubles
            mean = torch.lerp(mean, gradient, 1 - beta1)
            square = torch.addcmul(beta2 * square, gradient, gradient, value=1 - beta2)
            correction = (1 - beta2**t).sqrt()  # here, and not to `square`: one pass less over the vectors
            step = rate * correction / (1 - beta1**t) * mean
            theta = theta - step / (square.sqrt() + epsilon * correction)
        return theta, {"mean": mean, "square": square, "updates": updates}

    return Optimizer(init, update)


def _followed(*tensors: Tensor) -> bool:
    """Whether autograd or torch.func follows one of them: both would take the fused operator for the identity."""
    wrapped = torch._C._functorch.is_functorch_wrapped_tensor  # pyright: ignore[reportAttributeAccessIssue]
    return any(t.requires_grad or wrapped(t) for t in tensors)
