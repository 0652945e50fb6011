"""How much what was drawn is worth."""

from __future__ import annotations

import torch
from torch import Tensor


def effective_share(log_ratio: Tensor) -> float:
    """Share of a pool of proposals that counts once they are weighted: (sum w)² / (n sum w²), from 1/n to 1.

    Args:
        log_ratio: log w (n,), up to a constant.

    Example:
        >>> effective_share(torch.tensor([0.0, 0.0, -torch.inf, -torch.inf]))
        0.5

    Reference:
        Kong (1992), A note on importance sampling using standardized weights, University of Chicago, report 348.
    """
    weights = log_ratio.double().softmax(0)
    return float(1 / (len(weights) * weights.square().sum()))


def effective_sample_size(traces: Tensor) -> float:
    """Independent draws that the states of some chains are worth, for their mean.

        ESS = C T / (1 + 2 sum_t rho_t)        summed over pairs (rho_2k + rho_2k+1) as long as these are positive
                                               and made to fall

    where rho_t is the autocorrelation at lag t, from the variance within and between the chains.

    Args:
        traces: One number per state, (C, T): C chains of T >= 4 states.

    Raises:
        ValueError: If it is not of that shape.

    Example:
        >>> independent = torch.randn(4, 1000, generator=torch.Generator().manual_seed(0))
        >>> 3000 < effective_sample_size(independent) < 5500
        True

    Reference:
        Geyer (1992), Practical Markov chain Monte Carlo, sec. 3.3. Gelman et al. (2013), Bayesian Data Analysis, sec.
        11.5, for several chains.
    """
    if traces.ndim != 2 or traces.shape[1] < 4:
        raise ValueError(f"traces must be (chains, states) with at least 4 states; got {tuple(traces.shape)}")
    traces = traces.double()
    n_chains, length = traces.shape
    centred = traces - traces.mean(-1, keepdim=True)
    spectrum = torch.fft.rfft(centred, n=2 * length)
    covariance = torch.fft.irfft(spectrum.abs().square(), n=2 * length)[:, :length].mean(0) / length
    within = covariance[0] * length / (length - 1)
    between = traces.mean(-1).var() if n_chains > 1 else torch.zeros((), dtype=torch.float64)
    total = covariance[0] + between
    if not total:
        return float("nan")
    correlation = 1 - (within - covariance * length / (length - 1)) / total
    correlation[0] = 1
    pairs = correlation[: length - length % 2].unflatten(0, (-1, 2)).sum(-1)
    positive = (pairs > 0).long().cumprod(0).bool()
    falling = pairs.cummin(0).values[positive]
    return float(n_chains * length / (2 * falling.sum() - 1))
