"""The line on a chart that no generator should be expected to cross: what a perfect sampler scores."""

from __future__ import annotations

import json
from typing import NamedTuple

import torch

from gan_edu.data.target import Target
from gan_edu.metrics.metric import Metric


class Perfect(NamedTuple):
    """A perfect sampler's mean score, and the band that holds 95 % of its scores."""

    mean: float
    low: float
    high: float


_known: dict[tuple[str, str, int, int, int], Perfect] = {}


def perfect(metric: Metric, target: Target, n: int, repeats: int = 100, seed: int = 0) -> Perfect:
    """What samples of the target itself score: even they scatter, and most metrics are biased for finite n.

    `repeats` sets of n samples are drawn from the target and scored, each against fresh reference samples
    where the metric needs some; the band reaches from the 2.5 % to the 97.5 % quantile. Worked out once for a
    target made by the catalogue, then remembered.

    Args:
        metric: One of `gan_edu.metrics.METRICS`.
        target: What is sampled.
        n: Samples in a set; as many as the generator is judged by.
        repeats: Sets.
        seed: Of the draws.

    Raises:
        ValueError: If n or `repeats` is below 1, or the metric doesn't fit the target.

    Example:
        >>> from gan_edu.data.ring import ring
        >>> from gan_edu.metrics import METRICS
        >>> line = perfect(METRICS["high_quality_share"], ring(), n=2000)  # 1 - exp(-9/2) = 0.989
        >>> round(line.mean, 3), line.low < line.mean < line.high
        (0.989, True)
    """
    if n < 1 or repeats < 1:
        raise ValueError(f"n and repeats must be whole numbers from 1; got {n!r} and {repeats!r}")
    key = (metric.name, json.dumps(target.recipe), n, repeats, seed)
    if key in _known:
        return _known[key]
    target = target.to("cpu", torch.float32)  # so that the line is the same on every device
    generator = torch.Generator().manual_seed(seed)
    scores = [metric(target.sample(n, generator), target, generator) for _ in range(repeats)]
    scores = torch.stack(scores).double()
    low, high = scores.quantile(torch.tensor([0.025, 0.975], dtype=torch.float64)).tolist()
    result = Perfect(float(scores.mean()), low, high)
    if target.recipe is not None:  # one made by hand can't be told from another
        _known[key] = result
    return result
