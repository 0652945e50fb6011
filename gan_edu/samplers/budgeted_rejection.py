"""Optimal budgeted rejection: the best that rejection can do with so many proposals a point."""

from __future__ import annotations

from typing import Annotated

import torch
from torch import Tensor

from gan_edu.parameters import Range, method
from gan_edu.samplers.draws import Count, Draws, LogRatio, Propose, judged, sift


@method
def budgeted_rejection(
    propose: Propose,
    log_ratio: LogRatio,
    n: Count,
    *,
    generator: torch.Generator,
    budget: Annotated[float, Range(1, 1e6, slider=(1, 100), log=True, label="proposals a point")] = 4.0,
    pilot: Count = 10_000,
    limit: Count = 10**7,
    progress: bool = False,
) -> Draws:
    """Accept with probability a(x) = min(1, c w(x) / M), with c such that E_q a = 1 / budget.

    Among all ways to accept a share 1 / budget of q this comes nearest to p, in any f-divergence; c = 1 is exact
    rejection. What comes out has a density proportional to q min(w, M / c).

    Args:
        propose: n -> (n, d), points of q.
        log_ratio: x -> log w, (n, d) -> (n,).
        n: Points wanted.
        generator: Of the coins.
        budget: Proposals an accepted point may cost on average; 1 accepts everything.
        pilot: Proposals on which c is found.
        limit: Proposals after which it stops, with fewer points than wanted.
        progress: Show a bar, in a notebook or on the terminal's stderr, after the first second.

    Returns:
        The draws.

    Raises:
        ValueError: If a shape is wrong, a ratio is nan or +inf, or so few proposals are possible under p that the
            budget can't be spent.

    Example:
        >>> random = torch.Generator().manual_seed(0)
        >>> wide = lambda n: 2 * torch.randn(n, 1, generator=random)
        >>> log_w = lambda x: (-3 / 8 * x.square())[:, 0]
        >>> draws = budgeted_rejection(wide, log_w, 4000, generator=random, budget=1.5)
        >>> 0.64 < draws.acceptance_rate < 0.70
        True

    Reference:
        Verine et al. (2024), Optimal Budgeted Rejection Sampling for Generative Models, arXiv 2311.00460, sec. 4.
    """
    _, seen = judged(propose, log_ratio, pilot)
    shift = shift_for(seen, 1 / budget)

    def probability(ratio: Tensor) -> Tensor:
        return (ratio + shift).clamp_max(0).exp()

    return sift(propose, log_ratio, n, probability, generator, limit, progress)


def shift_for(ratio: Tensor, share: float) -> float:
    """The b for which the mean of min(1, exp(ratio + b)) is `share`, by bisection.

    Raises:
        ValueError: If even accepting all that is possible under p gives less.
    """
    ratio = ratio.double()
    possible = float((~ratio.isneginf()).double().mean())
    if share > possible:
        raise ValueError(
            f"budget must leave proposals to refuse: a share {possible:.3g} of them is possible under p; got "
            f"1 / budget = {share:.3g}"
        )
    if share == 1.0:
        return float("inf")
    finite = ratio[~ratio.isneginf()]
    low, high = float(-finite.max()) - 100, float(-finite.min())
    for _ in range(200):
        middle = (low + high) / 2
        if float((ratio + middle).clamp_max(0).exp().mean()) < share:
            low = middle
        else:
            high = middle
    return high
