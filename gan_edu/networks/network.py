"""A network is a pure function of a flat parameter vector: `net(theta, x)`.

Shapes: theta (..., P), x (..., B, F) -> (..., B, F'). The leading axes are runs (and a MAD-GAN's generators); they
broadcast, so one batch can be shown to every run.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Network:
    """What a player's parameter vector means.

    Args:
        forward: (theta, x) -> y.
        features: (theta, x) -> the last hidden layer, which feature matching and similarity conditions compare.
        init: (leading shape, generator) -> theta; a fresh draw for every run.
        n_parameters: P.
        in_dim: F, numbers per input.
        out_dim: F', numbers per output.
    """

    forward: Callable[[Tensor, Tensor], Tensor]
    features: Callable[[Tensor, Tensor], Tensor]
    init: Callable[[tuple[int, ...], torch.Generator], Tensor]
    n_parameters: int
    in_dim: int
    out_dim: int

    def __call__(self, theta: Tensor, x: Tensor) -> Tensor:
        return self.forward(theta, x)
