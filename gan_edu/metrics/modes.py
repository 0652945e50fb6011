"""Modes: how much of the target is reached, and how sharply. Two things that a single number hides.

Here n is the number of samples of a run, w_m the weight of mode m and r the target's `quality_radius`, 3 for
toys. A sample belongs to the mode of its nearest component, measured in that component's standard deviations;
it is of *high quality* when that distance is less than r. A sample that is not finite belongs to no mode.

References:
    Srivastava, Valkov, Russell, Gutmann, Sutton (2017), VEEGAN, arXiv 1705.07761, sec. 4.1;
    Lin, Khetan, Fanti, Oh (2018), PacGAN, arXiv 1712.04086, sec. 4.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from gan_edu.data.target import Target
from gan_edu.metrics.metric import check_samples, metric


def mode_counts(samples: Tensor, target: Target) -> Tensor:
    """High-quality samples of every mode: (..., n, d) -> (..., M) whole numbers.

    Example:
        >>> from gan_edu.data.line import line
        >>> two = line(means=[-1, 1], stds=[0.1, 0.1])
        >>> mode_counts(torch.tensor([[-1.0], [-1.2], [0.9], [3.0]]), two).tolist()  # 3 is 20 stds away
        [2, 1]
    """
    distance, modes = _nearest_mode(samples, target)
    return _count(modes, distance < target.quality_radius, target)


def mode_shares(samples: Tensor, target: Target) -> Tensor:
    """Share of all samples, of high quality or not, that each mode is nearest to: (..., n, d) -> (..., M).

    The shares sum to 1, less the samples that are not finite.

    Example:
        >>> from gan_edu.data.line import line
        >>> two = line(means=[-1, 1], stds=[0.1, 0.1])
        >>> mode_shares(torch.tensor([[-1.0], [-1.2], [0.9], [3.0]]), two).tolist()
        [0.5, 0.5]
    """
    distance, modes = _nearest_mode(samples, target)
    return _count(modes, distance.isfinite(), target) / samples.shape[-2]


@metric(label="modes covered", better="high", high="modes")
def modes_covered(samples: Tensor, target: Target, *, fair_share: float = 0.2) -> Tensor:
    """Modes that hold enough high-quality samples: (..., n, d) -> (...) whole numbers, 0 to M.

    #{m : high-quality samples of m >= max(1, fair_share n w_m)}

    Args:
        samples: Leading axes are runs.
        target: Whose modes to count.
        fair_share: The part of its fair share of the samples, n w_m, that a mode needs. 0 is the papers'
            rule, by which one stray sample covers a mode.

    Raises:
        ValueError: If the samples don't fit the target, or `fair_share` is not between 0 and 1.

    Example:
        >>> from gan_edu.data.ring import ring
        >>> target = ring(modes=8)
        >>> modes_covered(target.sample((3, 2000), torch.Generator().manual_seed(0)), target).tolist()
        [8, 8, 8]
    """
    return _enough(mode_counts(samples, target), samples.shape[-2], target, fair_share)


@metric(label="basins reached", better="high", high="modes")
def basins(samples: Tensor, target: Target, *, fair_share: float = 0.2) -> Tensor:
    """Modes that are nearest to enough samples of any quality: (..., n, d) -> (...) whole numbers, 0 to M.

    #{m : samples nearest to m >= max(1, fair_share n w_m)}

    Coverage without sharpness: a blurred ring covers all basins and no mode. Compare `modes_covered`.

    Args:
        samples: Leading axes are runs.
        target: Whose modes to count.
        fair_share: The part of its fair share of the samples, n w_m, that a mode needs.

    Raises:
        ValueError: If the samples don't fit the target, or `fair_share` is not between 0 and 1.

    Example:
        >>> from gan_edu.data.ring import ring
        >>> target, blurred = ring(modes=8), ring(modes=8, std=0.3)
        >>> samples = blurred.sample(2000, torch.Generator().manual_seed(0))
        >>> int(basins(samples, target)), int(modes_covered(samples, target))
        (8, 0)
    """
    distance, modes = _nearest_mode(samples, target)
    return _enough(_count(modes, distance.isfinite(), target), samples.shape[-2], target, fair_share)


@metric(label="high-quality share", better="high", high=1.0)
def high_quality_share(samples: Tensor, target: Target) -> Tensor:
    """Share of the samples within `quality_radius` standard deviations of a component: (..., n, d) -> (...).

    A perfect sampler scores 1 - exp(-r^2 / 2) = 0.989, not 1, on separate two-dimensional Gaussians (r = 3).

    Example:
        >>> from gan_edu.data.ring import ring
        >>> target = ring(modes=1, radius=1, std=0.1)
        >>> samples = torch.tensor([[1.0, 0.0], [1.0, 0.29], [1.0, 0.31], [0.0, 0.0]])
        >>> float(high_quality_share(samples, target))
        0.5
    """
    distance, _ = _nearest_mode(samples, target)
    return (distance < target.quality_radius).to(samples.dtype).mean(-1)


@metric(label="KL of the modes (nats)", better="low")
def reverse_kl_modes(samples: Tensor, target: Target) -> Tensor:
    """KL divergence of the histogram of modes from the target's weights: (..., n, d) -> (...), nats, >= 0.

    sum_m s_m log(s_m / w_m), s_m the share of the finite samples that mode m is nearest to

    0 when every mode has its fair share; log M when all samples sit on one of M equal modes. It says nothing
    about sharpness. nan when no sample is finite.

    Example:
        >>> from gan_edu.data.ring import ring
        >>> samples = torch.tensor([[2.0, 0.0]]).expand(100, 2)
        >>> round(float(reverse_kl_modes(samples, ring(modes=8))), 4)  # log 8
        2.0794
    """
    shares = mode_shares(samples, target)
    shares = shares / shares.sum(-1, keepdim=True)
    terms = torch.special.xlogy(shares, shares / target.mode_weights.to(shares))
    return terms.sum(-1).clamp(min=0)


@metric(label="JSD of the modes (nats)", better="low", high=math.log(2))
def jensen_shannon_modes(samples: Tensor, target: Target) -> Tensor:
    """Jensen-Shannon divergence of the modes, blur included: (..., n, d) -> (...), nats, from 0 to log 2.

        JSD = 1/2 sum_m s_m log(2 s_m / (s_m + w_m)) + 1/2 sum_m w_m log(2 w_m / (s_m + w_m))

    where s_m is the share of the samples that are of high quality and of mode m. One more class, "none", holds
    the others; the target is taken to have none of them. So it is log 2 when no sample is of high quality. A
    perfect sampler is at about M / (8 n), and more where many of its samples are beyond the quality radius.

    Example:
        >>> from gan_edu.data.ring import ring
        >>> samples = torch.tensor([[2.0, 0.0]]).expand(100, 2)
        >>> round(float(jensen_shannon_modes(samples, ring(modes=2))), 4)  # one of two: 3/4 log 4/3
        0.2158

    Reference:
        Turner et al. (2019), Metropolis-Hastings Generative Adversarial Networks, arXiv 1811.11357, the experiment
        with 25 Gaussians.
    """
    shares = mode_counts(samples, target).double() / samples.shape[-2]
    shares = torch.cat([shares, (1 - shares.sum(-1, keepdim=True)).clamp(min=0)], -1)
    weights = torch.cat([target.mode_weights.to(shares), shares.new_zeros(1)])
    middle = (shares + weights) / 2
    terms = torch.special.xlogy(shares, shares / middle) + torch.special.xlogy(weights, weights / middle)
    # a class that neither has is 0/0 where it should be 0
    return (torch.where(middle > 0, terms, 0).sum(-1) / 2).clamp(0, math.log(2)).to(samples.dtype)


def _nearest_mode(samples: Tensor, target: Target) -> tuple[Tensor, Tensor]:
    check_samples(samples, target.dim)
    distance, component = target.nearest(samples)
    return distance, target.modes[component]


def _count(modes: Tensor, counted: Tensor, target: Target) -> Tensor:
    """How many of the counted samples each mode has: whole numbers, so the same in every order."""
    zeros = torch.zeros((*modes.shape[:-1], target.n_modes), dtype=torch.int64, device=modes.device)
    return zeros.scatter_add_(-1, modes, counted.long())


def _enough(counts: Tensor, n: int, target: Target, fair_share: float) -> Tensor:
    if not 0 <= fair_share <= 1:
        raise ValueError(f"fair_share must be a number from 0 to 1; got {fair_share!r}")
    # a thousandth of a sample of leeway, so that exactly the fair share is enough in floating point too
    needed = (fair_share * n * target.mode_weights - 1e-3).clamp(min=1)
    return (counts >= needed).sum(-1)
