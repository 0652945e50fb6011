"""Pairs of a target p and a proposal q whose ratio is known, so that what samplers do can be worked out."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from scipy import stats
from torch import Tensor


@dataclass
class GaussianPair:
    """p = N(0, 1) and q = N(0, s²), s > 1: M = sup w = s, at x = 0."""

    s: float = 2.0
    seed: int = 0

    def __post_init__(self) -> None:
        self.random = torch.Generator().manual_seed(self.seed)

    def propose(self, n: int) -> Tensor:
        return self.s * torch.randn(n, 1, generator=self.random, dtype=torch.float64)

    def log_ratio(self, x: Tensor) -> Tensor:
        return (math.log(self.s) - x.square() / 2 * (1 - self.s**-2))[:, 0]


class MissingMode:
    """p: bells of width 1/4 at 0, 1, 2, 3; q: bells of width 5/16 at 0, 1, 2. The fourth is as good as missing."""

    def __init__(self, seed: int = 0) -> None:
        self.random = torch.Generator().manual_seed(seed)

    def propose(self, n: int) -> Tensor:
        centre = torch.randint(3, (n, 1), generator=self.random)
        return centre + 0.3125 * torch.randn(n, 1, generator=self.random, dtype=torch.float64)

    def real(self, n: int) -> Tensor:
        centre = torch.randint(4, (n, 1), generator=self.random)
        return centre + 0.25 * torch.randn(n, 1, generator=self.random, dtype=torch.float64)

    def log_ratio(self, x: Tensor) -> Tensor:
        def log_density(count: int, width: float) -> Tensor:
            parts = -((x - torch.arange(count)) / width).square() / 2
            return parts.logsumexp(-1) - math.log(count * width)

        return log_density(4, 0.25) - log_density(3, 0.3125)


def standard_normal(x: Tensor) -> float:
    """The p-value of x (n, 1) being N(0, 1), by Kolmogorov and Smirnov."""
    return float(stats.kstest(x[:, 0].numpy(), "norm").pvalue)


def near(measured: float, truth: float, n: int, errors: float = 4.0) -> bool:
    """Whether a share of n is within some standard errors of the truth."""
    return abs(measured - truth) <= errors * math.sqrt(truth * (1 - truth) / n)


def coins(seed: int = 1) -> torch.Generator:
    """For a sampler's own draws."""
    return torch.Generator().manual_seed(seed)
