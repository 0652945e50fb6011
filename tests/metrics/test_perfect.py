"""The line of a perfect sampler against closed forms."""

import math

import pytest
import torch

from gan_edu.data.ring import ring
from gan_edu.data.target import Target
from gan_edu.metrics import METRICS
from gan_edu.metrics import perfect as module
from gan_edu.metrics.perfect import perfect


def test_high_quality_share_is_a_binomials() -> None:
    n = 1000
    line = perfect(METRICS["high_quality_share"], ring(), n, repeats=400)
    p = 1 - math.exp(-4.5)
    spread = math.sqrt(p * (1 - p) / n)
    assert line.mean == pytest.approx(p, abs=5 * spread / math.sqrt(400))
    assert line.low == pytest.approx(p - 1.96 * spread, abs=spread)
    assert line.high == pytest.approx(p + 1.96 * spread, abs=spread)


def test_kl_of_the_modes_is_half_a_chi_square() -> None:
    """2 n KL is about chi-square with M - 1 degrees of freedom: mean (M - 1) / (2 n)."""
    line = perfect(METRICS["reverse_kl_modes"], ring(), 2000, repeats=400)
    assert line.mean == pytest.approx(7 / 4000, rel=5 * math.sqrt(2 / 7 / 400))


def test_mmd_of_a_perfect_sampler_is_around_zero() -> None:
    line = perfect(METRICS["mmd"], ring(), 100)
    assert line.low < 0 < line.high
    assert abs(line.mean) < 5 * (line.high - line.low) / 3.92 / math.sqrt(100)


def test_more_samples_bring_the_line_nearer_to_the_ideal() -> None:
    for name in ("jensen_shannon", "forward_kl", "reverse_kl", "sliced_wasserstein"):
        few, many = (perfect(METRICS[name], ring(), n, repeats=20) for n in (100, 2000))
        assert 0 < many.mean < few.mean


def test_a_known_line_is_remembered() -> None:
    metric = METRICS["basins"]
    assert perfect(metric, ring(modes=5), 50) is perfect(metric, ring(modes=5), 50)
    assert perfect(metric, ring(modes=6), 50).mean != perfect(metric, ring(modes=5), 50).mean


def test_targets_made_by_hand_are_not_mistaken_for_each_other() -> None:
    def by_hand(count: int) -> Target:
        one = ring(modes=count)
        return Target("by hand", one.components, one.stds, one.weights, one.modes)

    before = len(module._known)
    metric = METRICS["basins"]
    assert perfect(metric, by_hand(3), 100).mean == 3
    assert perfect(metric, by_hand(4), 100).mean == 4
    assert len(module._known) == before


def test_the_global_generator_is_left_alone() -> None:
    before = torch.random.get_rng_state()
    perfect(METRICS["sliced_wasserstein"], ring(modes=7), 50, repeats=3)
    assert torch.equal(before, torch.random.get_rng_state())


@pytest.mark.parametrize(("n", "repeats"), [(0, 10), (10, 0), (-5, 10)])
def test_sizes_are_counted_from_one(n: int, repeats: int) -> None:
    with pytest.raises(ValueError, match="n and repeats must be whole numbers from 1"):
        perfect(METRICS["basins"], ring(), n, repeats=repeats)
