"""Sampling-importance resampling: a pool of proposals, drawn from again by weight."""

from __future__ import annotations

from typing import Annotated

import torch

from gan_edu.parameters import Range, method
from gan_edu.samplers.draws import KEPT, Count, Draws, LogRatio, Propose, judged, shown


@method
def importance_resampling(
    propose: Propose,
    log_ratio: LogRatio,
    n: Count,
    *,
    generator: torch.Generator,
    pool: Annotated[float, Range(1, 1e4, slider=(1, 100), log=True, label="pool per point")] = 10.0,
    progress: bool = False,
) -> Draws:
    """Draw pool n proposals once, then n of them with replacement, with probabilities w_i / sum w.

    Right in the limit of a large pool, cheap, and it repeats itself: `diagnostics.effective_share` of the pool says
    how much of it counts.

    Args:
        propose: n -> (n, d), points of q.
        log_ratio: x -> log w, (n, d) -> (n,).
        n: Points wanted.
        generator: Of the choice.
        pool: Proposals per point wanted; all of them are in memory together.
        progress: Show a bar, in a notebook or on the terminal's stderr, after the first second.

    Returns:
        The draws; `accepted` are the proposals that came out at least once, `probability` their weights.

    Raises:
        ValueError: If a shape is wrong, a ratio is nan or +inf, all are -inf, or a number is out of its range.

    Example:
        >>> random = torch.Generator().manual_seed(0)
        >>> wide = lambda n: 2 * torch.randn(n, 1, generator=random)
        >>> log_w = lambda x: (-3 / 8 * x.square())[:, 0]
        >>> draws = importance_resampling(wide, log_w, 2000, generator=random)
        >>> 0.9 < float(draws.x.std()) < 1.1
        True

    Reference:
        Rubin (1988), Using the SIR algorithm to simulate posterior distributions, Bayesian Statistics 3.
    """
    n_pool = max(n, round(pool * n))
    with shown(n_pool, "proposal", progress) as bar:
        x, ratio = judged(propose, log_ratio, n_pool, bar)
    if bool(ratio.isneginf().all()):
        raise ValueError(f"some proposal must be possible under p; got a log ratio of -inf for all {len(x)}")
    weights = ratio.double().softmax(0)
    edges = weights.cumsum(0)
    coins = torch.rand(n, generator=generator, device=generator.device, dtype=torch.float64) * edges[-1]
    chosen = torch.searchsorted(edges, coins, right=True).clamp_max(len(x) - 1)
    accepted = torch.zeros(len(x), dtype=torch.bool, device=x.device).index_fill_(0, chosen, True)
    return Draws(
        x[chosen], len(x), int(accepted.sum()), x[:KEPT], accepted[:KEPT], weights[:KEPT], ratio[:KEPT]
    )
