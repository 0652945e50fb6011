"""Activations, each with its derivative written in terms of its *output*, as `mlp` needs it to work in place."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

Name = Literal["relu", "leaky_relu", "tanh", "elu", "sigmoid"]
LEAK = 0.2

_aten = torch.ops.aten


@dataclass(frozen=True)
class Activation:
    """An activation h = a(u).

    Args:
        apply: u -> h, a new tensor.
        apply_: u -> h, in place.
        backward: (dL/dh, h) -> dL/du.
        gain: sqrt of how much a layer must be scaled up to keep the variance of its input.
    """

    apply: Callable[[Tensor], Tensor]
    apply_: Callable[[Tensor], Tensor]
    backward: Callable[[Tensor, Tensor], Tensor]
    gain: float


ACTIVATIONS: dict[str, Activation] = {
    "relu": Activation(torch.relu, torch.relu_, lambda g, h: _aten.threshold_backward(g, h, 0), 2**0.5),
    "leaky_relu": Activation(
        lambda u: torch.nn.functional.leaky_relu(u, LEAK),
        lambda u: torch.nn.functional.leaky_relu_(u, LEAK),
        lambda g, h: _aten.leaky_relu_backward(g, h, LEAK, True),
        (2 / (1 + LEAK**2)) ** 0.5,
    ),
    "tanh": Activation(torch.tanh, torch.tanh_, _aten.tanh_backward, 5 / 3),
    "elu": Activation(
        torch.nn.functional.elu,
        torch.nn.functional.elu_,
        lambda g, h: _aten.elu_backward(g, 1.0, 1.0, 1.0, True, h),
        1.0,
    ),
    "sigmoid": Activation(torch.sigmoid, torch.sigmoid_, _aten.sigmoid_backward, 1.0),
}
