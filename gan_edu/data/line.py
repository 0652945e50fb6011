"""The line: Gaussians on the real axis, where densities can be drawn as curves and compared by eye."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch

from gan_edu.data.target import Target
from gan_edu.parameters import method

# MAD-GAN's mixture (means 10, 20, 60, 80, 110; stds 3, 3, 2, 2, 1), less its mean 56, by its sd 37.
MEANS = tuple((mean - 56) / 37 for mean in (10, 20, 60, 80, 110))
STDS = tuple(std / 37 for std in (3, 3, 2, 2, 1))


@method
def line(
    means: Sequence[float] = MEANS,
    stds: Sequence[float] = STDS,
    weights: Sequence[float] | None = None,
) -> Target:
    """A mixture of Gaussians in one dimension.

    p(x) = sum_i weights_i N(x; means_i, stds_i^2)

    The default is the five-Gaussian mixture of the MAD-GAN paper, standardised: x = (x_paper - 56) / 37.

    Args:
        means: Where the Gaussians sit, all different.
        stds: Their standard deviations, as many as means.
        weights: Their probabilities, as many as means; equal when left out.

    Returns:
        A one-dimensional target with one mode per Gaussian.

    Raises:
        ValueError: If the lengths differ, a number is not finite, two means are equal, a standard deviation
            is not positive, or the weights are negative or don't sum to 1.

    Example:
        >>> line(means=[-1, 1], stds=[0.5, 0.5], weights=[0.25, 0.75]).mode_weights.tolist()
        [0.25, 0.75]

    Reference:
        Ghosh, Kulharia, Namboodiri, Torr, Dokania (2018), Multi-Agent Diverse Generative Adversarial
        Networks, arXiv 1704.02906, sec. 4.1.
    """
    centres, spreads = _numbers("means", means), _numbers("stds", stds)
    count = len(centres)
    shares = [1 / count] * count if weights is None else _numbers("weights", weights)
    if not len(spreads) == len(shares) == count:
        lengths = f"{count}, {len(spreads)} and {len(shares)}"
        raise ValueError(f"line: means, stds and weights must have equal lengths; got {lengths}")
    if len(set(centres)) < count:
        raise ValueError(f"line: means must all be different, or two modes are one; got {centres}")
    if min(spreads) <= 0:
        raise ValueError(f"line: stds must be positive; got {spreads}")
    if min(shares) < 0 or not math.isclose(math.fsum(shares), 1, abs_tol=1e-6):
        raise ValueError(
            f"line: weights must be non-negative and sum to 1; got {shares}, sum {math.fsum(shares):g}"
        )
    return Target(
        name="line",
        components=torch.tensor(centres).unsqueeze(-1),
        stds=torch.tensor(spreads),
        weights=torch.tensor(shares),
        modes=torch.arange(count),
    )


def _numbers(name: str, values: Sequence[float]) -> list[float]:
    rule = f"line: {name} must be a list of finite numbers, not empty"
    try:
        numbers = [float(value) for value in values]
    except (TypeError, ValueError):
        raise ValueError(f"{rule}; got {values!r}") from None
    if not numbers or not all(math.isfinite(number) for number in numbers):
        raise ValueError(f"{rule}; got {values!r}")
    return numbers
