"""Activations, in place: autograd needs what an activation gave, never what it was given."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

LEAK = 0.2


@dataclass(frozen=True)
class Activation:
    """An activation h = a(u).

    Args:
        apply_: u -> h, in place.
        gain: How much a layer before it must be scaled up to keep the variance of its input.
    """

    apply_: Callable[[Tensor], Tensor]
    gain: float


ACTIVATIONS: dict[str, Activation] = {
    "relu": Activation(torch.relu_, 2**0.5),
    "leaky_relu": Activation(lambda u: functional.leaky_relu_(u, LEAK), (2 / (1 + LEAK**2)) ** 0.5),
    "tanh": Activation(torch.tanh_, 5 / 3),
    "elu": Activation(functional.elu_, 1.0),
    "sigmoid": Activation(torch.sigmoid_, 1.0),
}
