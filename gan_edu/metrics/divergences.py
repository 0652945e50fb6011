"""Divergences of the samples from the exact density, on the cells of a grid, in one or two dimensions.

The target's window (`Target.extent`) is cut into cells; all the rest of space is one more cell, so that
nothing falls off the edge. For every cell

    p_i = probability of the cell under the target, exact: the components are isotropic, so a cell's
          probability is a product of differences of the normal distribution function
    q_i = share of the run's samples in the cell; samples that are not finite count as outside the window

Both sum to 1 and no cell is ever left out: mass that a generator puts where there are no data costs what it
should. What is estimated is the divergence between the two distributions *rounded to cells*: structure finer
than a cell is not seen, and the n samples' own scatter adds to the value even for a perfect sampler, about
(K - 1)/(8 n) for Jensen-Shannon where the K cells that hold the data have many samples each. `perfect` gives
the value to compare with.

References:
    Lin (1991), Divergence measures based on the Shannon entropy, IEEE Trans. Information Theory 37(1);
    Paninski (2003), Estimation of entropy and mutual information, Neural Computation 15(6), for the bias.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from gan_edu.data.target import Target
from gan_edu.metrics.metric import check_samples, metric

DEFAULT_CELLS = {1: 256, 2: 64}


@metric(label="Jensen-Shannon divergence (nats)", better="low", high=math.log(2), dims=(1, 2))
def jensen_shannon(samples: Tensor, target: Target, *, cells: int | None = None) -> Tensor:
    """Jensen-Shannon divergence between samples and target: (..., n, d) -> (...), nats, from 0 to log 2.

    JSD = 1/2 sum_i p_i log(2 p_i / (p_i + q_i)) + 1/2 sum_i q_i log(2 q_i / (p_i + q_i))

    It is log 2 - what a perfect discriminator reaches - when samples and data share no cell.

    Args:
        samples: Leading axes are runs.
        target: In one or two dimensions.
        cells: Cells along each axis: 256 in one dimension, 64 in two when left out.

    Raises:
        ValueError: If the samples don't fit the target, which has one or two dimensions, or `cells` is below
            1.

    Example:
        >>> from gan_edu.data.ring import ring
        >>> target, elsewhere = ring(), torch.full((100, 2), 50.0)
        >>> round(float(jensen_shannon(elsewhere, target)), 4)  # log 2
        0.6931
    """
    p, q = _cell_probabilities(samples, target, cells)
    middle = (p + q) / 2
    terms = torch.special.xlogy(p, p / middle) + torch.special.xlogy(q, q / middle)
    # a cell that neither reaches is 0/0 where it should be 0
    return (torch.where(middle > 0, terms, 0).sum(-1) / 2).clamp(0, math.log(2)).to(samples.dtype)


@metric(label="KL(data ‖ samples) (nats)", better="low", dims=(1, 2))
def forward_kl(samples: Tensor, target: Target, *, cells: int | None = None) -> Tensor:
    """KL of the data from the samples: (..., n, d) -> (...), nats, >= 0. It punishes missing modes.

    KL(p || q') = sum_i p_i log(p_i / q'_i),    q'_i = (n q_i + 1/K) / (n + 1)

    The samples are smoothed by one more sample, spread evenly over all K cells: a cell of the data without
    samples then costs about log(n K p_i) instead of infinity.

    Args:
        samples: Leading axes are runs.
        target: In one or two dimensions.
        cells: Cells along each axis: 256 in one dimension, 64 in two when left out.

    Raises:
        ValueError: If the samples don't fit the target, which has one or two dimensions, or `cells` is below
            1.

    Example:
        >>> from gan_edu.data.line import line
        >>> target, one_mode = line(means=[-1, 1], stds=[0.1, 0.1]), line(means=[1], stds=[0.1])
        >>> samples = one_mode.sample(10000, torch.Generator().manual_seed(0))
        >>> bool(forward_kl(samples, target) > 3), bool(reverse_kl(samples, target) < 0.75)  # log 2 = 0.69
        (True, True)
    """
    p, q = _cell_probabilities(samples, target, cells)
    return _kl(p, _smoothed(q, samples)).to(samples.dtype)


@metric(label="KL(samples ‖ data) (nats)", better="low", dims=(1, 2))
def reverse_kl(samples: Tensor, target: Target, *, cells: int | None = None) -> Tensor:
    """KL of the samples from the data: (..., n, d) -> (...), nats, >= 0. It punishes samples off the data.

    KL(q || p') = sum_i q_i log(q_i / p'_i),    p'_i = (n p_i + 1/K) / (n + 1)

    The data are smoothed by one sample, spread evenly over all K cells, just as the samples are in
    `forward_kl`: a sample far from all data costs about log(n K) instead of infinity. A generator that sits
    on one of M equal modes costs only log M.

    Args:
        samples: Leading axes are runs.
        target: In one or two dimensions.
        cells: Cells along each axis: 256 in one dimension, 64 in two when left out.

    Raises:
        ValueError: If the samples don't fit the target, which has one or two dimensions, or `cells` is below
            1.

    Example:
        >>> from gan_edu.data.line import line
        >>> target, samples = line(means=[0], stds=[1]), torch.full((100, 1), 1e9)
        >>> round(float(reverse_kl(samples, target)), 2)  # all outside the window: about log(100 * 257)
        10.15
    """
    p, q = _cell_probabilities(samples, target, cells)
    return _kl(q, _smoothed(p, samples)).to(samples.dtype)


@metric(label="chi-squared divergence", better="low", dims=(1, 2))
def chi_squared(
    samples: Tensor, target: Target, *, cells: int | None = None, smoothing: float = 0.02
) -> Tensor:
    """Pearson's chi-squared divergence of the samples from the data: (..., n, d) -> (...), >= 0.

    chi^2 = sum_i (q'_i - p'_i)^2 / p'_i,    p' = (1 - s) p + s / K and q' = (1 - s) q + s / K, s the smoothing

    n times it is Pearson's statistic. Without smoothing a single sample in a cell that the data never reach would
    make it as large as you like; with it, no set of samples scores above K / s, whatever n is. A generator that
    has one of M equal modes scores about M - 1, and a perfect sampler about K / n at most, K counting the cells
    that hold data.

    Args:
        samples: Leading axes are runs.
        target: In one or two dimensions.
        cells: Cells along each axis: 256 in one dimension, 64 in two when left out.
        smoothing: s, the part of data and samples alike that is spread evenly over all K cells.

    Raises:
        ValueError: If the samples don't fit the target, which has one or two dimensions, `cells` is below 1, or
            `smoothing` is not between 0 and 1.

    Example:
        >>> from gan_edu.data.line import line
        >>> target, one_mode = line(means=[-1, 1], stds=[0.1, 0.1]), line(means=[1], stds=[0.1])
        >>> samples = one_mode.sample(10000, torch.Generator().manual_seed(0))
        >>> round(float(chi_squared(samples, target)), 1)  # of 2 modes, 1 is there: about 2 - 1
        1.0

    Reference:
        Ghosh et al. (2018), Multi-Agent Diverse Generative Adversarial Networks, arXiv 1704.02906, sec. 5.1, which
        compares counts of two histograms; Pearson (1900), Philosophical Magazine 50, for the statistic.
    """
    if not 0 < smoothing < 1:
        raise ValueError(f"smoothing must be a number between 0 and 1; got {smoothing!r}")
    p, q = (
        (1 - smoothing) * part + smoothing / part.shape[-1]
        for part in _cell_probabilities(samples, target, cells)
    )
    return ((q - p).square() / p).sum(-1).to(samples.dtype)


def mass_outside(samples: Tensor, target: Target, *, cells: int | None = None) -> Tensor:
    """Share of the samples in cells where as many of the data would leave less than one: (..., n, d) -> (...).

    sum of q_i over the cells with n p_i < 1, all that is outside the window included

    A comparison of two histograms that leaves out cells without data leaves out this mass.

    Args:
        samples: Leading axes are runs.
        target: In one or two dimensions.
        cells: Cells along each axis: 256 in one dimension, 64 in two when left out.

    Raises:
        ValueError: As for `jensen_shannon`.

    Example:
        >>> from gan_edu.data.line import line
        >>> samples = torch.tensor([[-1.0], [1.0], [1.05], [0.0]])  # the last one lies between the two modes
        >>> float(mass_outside(samples, line(means=[-1, 1], stds=[0.1, 0.1]), cells=16))
        0.25
    """
    p, q = _cell_probabilities(samples, target, cells)
    return torch.where(p * samples.shape[-2] < 1, q, 0).sum(-1)


def _kl(p: Tensor, q: Tensor) -> Tensor:
    return torch.special.xlogy(p, p / q).sum(-1).clamp(min=0)


def _smoothed(probabilities: Tensor, samples: Tensor) -> Tensor:
    n = samples.shape[-2]
    return (n * probabilities + 1 / probabilities.shape[-1]) / (n + 1)


def _cell_probabilities(samples: Tensor, target: Target, cells: int | None) -> tuple[Tensor, Tensor]:
    """Return p (K,) and q (..., K); the last of the K cells is everything outside the window."""
    if target.dim not in DEFAULT_CELLS:
        raise ValueError(f"divergences need data of one or two dimensions; {target.name} has {target.dim}")
    check_samples(samples, target.dim)
    cells = DEFAULT_CELLS[target.dim] if cells is None else cells
    if cells < 1:
        raise ValueError(f"cells must be a whole number from 1; got {cells!r}")
    window = torch.tensor(target.extent, dtype=samples.dtype).view(2, 2)[: target.dim]  # low, high per axis
    q = _histogram(samples, window.to(samples.device), cells)
    return _exact(target, window, cells).to(samples), q


def _exact(target: Target, window: Tensor, cells: int) -> Tensor:
    """Probability of every cell under the target, in double precision on the CPU: (cells^d + 1,)."""
    mixture = target.to("cpu", torch.float64)
    in_cell = (mixture.weights / mixture.weights.sum()).unsqueeze(0)  # (1, C), then one axis after the other
    for axis, (low, high) in enumerate(window.double()):
        edges = torch.linspace(float(low), float(high), cells + 1, dtype=torch.float64)
        below = torch.special.ndtr((edges[:, None] - mixture.components[:, axis]) / mixture.stds)
        in_cell = (in_cell[:, None] * below.diff(dim=0)).flatten(0, 1)
    inside = in_cell.sum(-1)
    return torch.cat([inside, (1 - inside.sum()).clamp(min=0).view(1)])


def _histogram(samples: Tensor, window: Tensor, cells: int) -> Tensor:
    """Share of the samples in every cell: (..., cells^d + 1)."""
    places = (samples - window[:, 0]) / (window[:, 1] - window[:, 0]) * cells
    inside = ((places >= 0) & (places < cells)).all(-1)  # nan is outside
    cell = torch.zeros_like(inside, dtype=torch.int64)
    for axis in range(samples.shape[-1]):
        cell = cell * cells + torch.where(inside, places[..., axis], 0).long()
    cell = torch.where(inside, cell, cells ** samples.shape[-1])
    shape = (*cell.shape[:-1], cells ** samples.shape[-1] + 1)
    counts = torch.zeros(shape, dtype=torch.int64, device=cell.device)
    return counts.scatter_add_(-1, cell, torch.ones_like(cell)).to(samples.dtype) / samples.shape[-2]
