"""Discriminator rejection sampling (DRS): rejection with a bound that is learned on the way, and a knob for speed."""

from __future__ import annotations

from typing import Annotated

import torch
from torch import Tensor

from gan_edu.parameters import Range, method
from gan_edu.samplers.draws import Count, Draws, LogRatio, Propose, judged, sift


@method
def discriminator_rejection(
    propose: Propose,
    log_ratio: LogRatio,
    n: Count,
    *,
    generator: torch.Generator,
    gamma: Annotated[float | None, Range(-1e3, 1e3, slider=(-5, 5), label="γ")] = None,
    percentile: Annotated[float, Range(0, 100, step=1, label="γ as a percentile")] = 95.0,
    epsilon: Annotated[float, Range(0, 1)] = 1e-6,
    pilot: Count = 10_000,
    limit: Count = 10**7,
    progress: bool = False,
) -> Draws:
    """Accept with probability sigmoid(F - gamma), where d = log w and d_M is the largest d seen so far.

        F = d - d_M - log(1 - exp(d - d_M - epsilon))

    With a = w / M this is a / (a + e^gamma (1 - a)), but for epsilon. So gamma = 0 is rejection with M estimated from
    what was seen; a larger gamma refuses more, a smaller one accepts more and stays nearer to q.

    Args:
        propose: n -> (n, d), points of q.
        log_ratio: x -> d, (n, d) -> (n,); for a GAN the logit.
        n: Points wanted.
        generator: Of the coins.
        gamma: The knob; by default a percentile of F.
        percentile: Of the pilot's F that gamma is set to, 95 for toys and 80 for images in the paper.
        epsilon: Keeps F finite where d = d_M.
        pilot: Proposals from which d_M and gamma are first estimated; they are not given out.
        limit: Proposals after which it stops, with fewer points than wanted.
        progress: Show a bar, in a notebook or on the terminal's stderr, after the first second.

    Returns:
        The draws. `n_proposals` counts those after the pilot.

    Raises:
        ValueError: If a shape is wrong, a ratio is nan or +inf, or a number is out of its range.

    Example:
        >>> random = torch.Generator().manual_seed(0)
        >>> wide = lambda n: 2 * torch.randn(n, 1, generator=random)
        >>> log_w = lambda x: (-3 / 8 * x.square())[:, 0]
        >>> draws = discriminator_rejection(wide, log_w, 1000, generator=random, gamma=0)
        >>> 0.45 < draws.acceptance_rate < 0.55
        True

    Reference:
        Azadi et al. (2019), Discriminator Rejection Sampling, arXiv 1810.06758, sec. 3 and algorithm 1.
    """
    _, seen = judged(propose, log_ratio, pilot)
    highest = seen.max()
    if highest.isneginf():
        raise ValueError(f"some proposal must be possible under p; got a log ratio of -inf for all {pilot}")
    knob = (
        torch.as_tensor(gamma)
        if gamma is not None
        else torch.quantile(score(seen, highest, epsilon).double(), percentile / 100)
    )

    def probability(ratio: Tensor) -> Tensor:
        nonlocal highest
        so_far = torch.cat([highest[None], ratio]).cummax(0).values
        highest = so_far[-1]
        return (score(ratio, so_far[1:], epsilon) - knob).sigmoid()

    return sift(propose, log_ratio, n, probability, generator, limit, progress)


def score(ratio: Tensor, highest: Tensor, epsilon: float) -> Tensor:
    """F, the logit of w / M: ratios (N,) and the largest so far -> (N,)."""
    below = ratio - highest
    return below - torch.log(-torch.expm1(below - epsilon))
