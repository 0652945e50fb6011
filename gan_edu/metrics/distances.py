"""Distances between two sets of samples, a generator's and the target's, in any number of dimensions.

Both sets are (..., n, d); leading axes are runs and broadcast. A run with a sample that is not finite has no
distance: nan. Two sets from one distribution are some distance apart too; `perfect` says how far.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from gan_edu.metrics.metric import check_samples, metric

MOST_ASSIGNED = 1000
BANDWIDTHS = (1 / 32, 1 / 16, 1 / 8, 1 / 4, 1 / 2, 1)
ROWS = 256


@metric(label="Wasserstein-2 distance", better="low", against="samples", most=400)
def wasserstein(x: Tensor, y: Tensor, *, order: int = 2) -> Tensor:
    """Wasserstein distance between two sets of equal size, exact: (..., n, d), (..., n, d) -> (...).

    Wp = (min over permutations s of 1/n sum_i |x_i - y_s(i)|^p)^(1/p)

    The best permutation is found by `scipy.optimize.linear_sum_assignment`, in about n^3 steps.

    Args:
        x: Samples.
        y: As many samples to compare them with.
        order: p, 1 for the earth mover's distance.

    Raises:
        ValueError: If the sizes differ, n is above 1,000 or the order below 1.

    Example:
        >>> x = torch.randn(50, 2, generator=torch.Generator().manual_seed(0))
        >>> round(float(wasserstein(x, x + torch.tensor([3.0, 4.0]))), 4)
        5.0

    Reference:
        Peyré, Cuturi (2019), Computational optimal transport, arXiv 1803.00567, sec. 2.2.
    """
    from scipy.optimize import linear_sum_assignment  # here: scipy takes a second to import

    x, y, finite = _pair(x, y)
    n = x.shape[-2]
    if y.shape[-2] != n or n > MOST_ASSIGNED:
        raise ValueError(
            f"wasserstein needs two sets of equal size, at most {MOST_ASSIGNED}; got {n} and {y.shape[-2]}"
        )
    if order < 1:
        raise ValueError(f"order must be at least 1; got {order!r}")
    costs = torch.cdist(x.cpu().double(), y.cpu().double()).pow(order).reshape(-1, n, n).numpy()
    means = [float(cost[linear_sum_assignment(cost)].mean()) for cost in costs]
    distances = torch.tensor(means, dtype=x.dtype).pow(1 / order).reshape(finite.shape)
    return _where_finite(finite, distances.to(x.device))


@metric(label="sliced Wasserstein-2 distance", better="low", against="samples")
def sliced_wasserstein(
    x: Tensor, y: Tensor, *, projections: int = 64, generator: torch.Generator | None = None
) -> Tensor:
    """Wasserstein-2 distance along random lines: (..., n, d), (..., n, d) -> (...).

    SW2 = sqrt(1/L sum_l 1/n sum_i (sort(X u_l)_i - sort(Y u_l)_i)^2),  u_l uniform on the unit sphere

    On a line the best permutation pairs sorted points, so each projection is exact. 0 <= SW2 <= W2; in one
    dimension they are equal.

    Args:
        x: Samples.
        y: As many samples to compare them with.
        projections: L, how many lines.
        generator: For the lines. Left out, they are the same ones every time.

    Raises:
        ValueError: If the sizes differ or `projections` is below 1.

    Example:
        >>> x = torch.randn(500, 2, generator=torch.Generator().manual_seed(0))
        >>> float(sliced_wasserstein(x, x.flip(0)))
        0.0

    Reference:
        Bonneel, Rabin, Peyré, Pfister (2015), Sliced and Radon Wasserstein barycenters of measures, J. Math.
        Imaging and Vision 51.
    """
    x, y, finite = _pair(x, y)
    if x.shape[-2] != y.shape[-2]:
        raise ValueError(
            f"sliced_wasserstein needs two sets of equal size; got {x.shape[-2]} and {y.shape[-2]}"
        )
    if projections < 1:
        raise ValueError(f"projections must be a whole number from 1; got {projections!r}")
    if generator is None:
        generator = torch.Generator(x.device).manual_seed(0)
    lines = torch.randn((projections, x.shape[-1]), generator=generator, device=x.device, dtype=x.dtype)
    lines = lines / lines.norm(dim=-1, keepdim=True)
    along_x = (lines @ x.mT).sort(-1).values  # (..., L, n)
    along_y = (lines @ y.mT).sort(-1).values
    return _where_finite(finite, (along_x - along_y).square().mean((-1, -2)).sqrt())


@metric(label="squared MMD", better="low", low=None, against="samples", most=500)
def mmd(x: Tensor, y: Tensor, *, bandwidths: Sequence[float] | None = None) -> Tensor:
    """Squared maximum mean discrepancy, unbiased: (..., n, d), (..., m, d) -> (...).

    MMD^2 = 1/(n(n-1)) sum_{i!=j} k(x_i, x_j) + 1/(m(m-1)) sum_{i!=j} k(y_i, y_j) - 2/(nm) sum_ij k(x_i, y_j)

    k(a, b) = sum_h exp(-|a - b|^2 / (2 h^2))

    Its mean is 0 when both sets come from one distribution, so about half of the time it is *below* zero
    then.

    Args:
        x: Samples.
        y: Samples to compare them with.
        bandwidths: The h. Left out: the median distance within y, times 1/32, 1/16, 1/8, 1/4, 1/2 and 1: from
            the width of a mode to the distance between modes.

    Raises:
        ValueError: If a set has fewer than two samples, or a bandwidth is not positive.

    Example:
        >>> x = torch.randn(300, 2, generator=torch.Generator().manual_seed(0))
        >>> bool(mmd(x[:150], x[150:]).abs() < 0.02), bool(mmd(x[:150], x[150:] + 1) > 0.2)
        (True, True)

    Reference:
        Gretton, Borgwardt, Rasch, Schölkopf, Smola (2012), A kernel two-sample test, JMLR 13, lemma 6.
    """
    x, y, finite = _pair(x, y)
    n, m = x.shape[-2], y.shape[-2]
    if min(n, m) < 2:
        raise ValueError(f"mmd needs at least two samples in each set; got {n} and {m}")
    if bandwidths is None:
        some = y.reshape(-1, *y.shape[-2:])[0, :ROWS]
        median = float(torch.nn.functional.pdist(some).median())
        bandwidths = [median * factor for factor in BANDWIDTHS]
    if not bandwidths or min(bandwidths) <= 0:
        raise ValueError(f"bandwidths must be positive numbers; got {list(bandwidths)}")
    same = len(bandwidths)  # k(a, a): the diagonal that the unbiased estimate leaves out
    within_x = (_kernel_sum(x, x, bandwidths) - n * same) / (n * (n - 1))
    within_y = (_kernel_sum(y, y, bandwidths) - m * same) / (m * (m - 1))
    return _where_finite(finite, within_x + within_y - 2 * _kernel_sum(x, y, bandwidths) / (n * m))


def _kernel_sum(x: Tensor, y: Tensor, bandwidths: Sequence[float]) -> Tensor:
    """Sum of k over all pairs, some rows of x at a time: memory stays in proportion to m."""
    total = x.new_zeros(())
    for rows in x.split(ROWS, -2):
        squared = torch.cdist(rows, y, compute_mode="donot_use_mm_for_euclid_dist").square()
        for bandwidth in bandwidths:
            # e^-80 is nothing, but numbers below the normal range make exp ten times slower
            total = total + (squared * (-0.5 / bandwidth**2)).clamp_(min=-80).exp_().sum((-1, -2))
    return total


def _pair(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Both sets with zeros for what is not finite, and whether all of a run's samples are."""
    check_samples(x, x.shape[-1] if x.ndim else 0)
    check_samples(y, x.shape[-1])
    finite = x.isfinite().all((-1, -2)) & y.isfinite().all((-1, -2))
    return x.nan_to_num(0, 0, 0), y.nan_to_num(0, 0, 0), finite


def _where_finite(finite: Tensor, value: Tensor) -> Tensor:
    return torch.where(finite, value, torch.nan)
