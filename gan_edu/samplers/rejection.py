"""Rejection sampling: keep a proposal with probability w / M."""

from __future__ import annotations

from typing import Annotated

import torch
from torch import Tensor

from gan_edu.parameters import Range, method
from gan_edu.samplers.draws import Count, Draws, LogRatio, Propose, sift


@method
def rejection(
    propose: Propose,
    log_ratio: LogRatio,
    n: Count,
    *,
    generator: torch.Generator,
    log_bound: Annotated[float, Range(-1e6, 1e6, slider=(-2, 16), label="log M")],
    limit: Count = 10**7,
    progress: bool = False,
) -> Draws:
    """Accept x ~ q with probability min(1, w(x) / M), where w = p / q.

    If M >= sup w, what comes out has exactly the density p, and a share 1 / M of the proposals is accepted. If M is
    too small, it has a density proportional to q min(w, M), which is wrong; if too large, it is right and slow.

    Args:
        propose: n -> (n, d), points of q.
        log_ratio: x -> log w, (n, d) -> (n,).
        n: Points wanted.
        generator: Of the coins.
        log_bound: log M.
        limit: Proposals after which it stops, with fewer points than wanted.
        progress: Show a bar, in a notebook or on the terminal's stderr, after the first second.

    Returns:
        The draws.

    Raises:
        ValueError: If a shape is wrong, a ratio is nan or +inf, or a number is out of its range.

    Example:
        >>> random = torch.Generator().manual_seed(0)
        >>> wide = lambda n: 2 * torch.randn(n, 1, generator=random)  # N(0, 4), to become N(0, 1)
        >>> log_w = lambda x: (-x.square() / 2 + x.square() / 8)[:, 0]  # up to log 2, which is left out
        >>> draws = rejection(wide, log_w, 1000, generator=random, log_bound=0.0)
        >>> tuple(draws.x.shape), 0.45 < draws.acceptance_rate < 0.55
        ((1000, 1), True)

    Reference:
        von Neumann (1951), Various techniques used in connection with random digits, NBS Applied Mathematics 12.
    """

    def probability(ratio: Tensor) -> Tensor:
        return (ratio - log_bound).clamp_max(0).exp()

    return sift(propose, log_ratio, n, probability, generator, limit, progress)
