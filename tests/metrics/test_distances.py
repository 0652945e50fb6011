"""Distances between samples against closed forms, brute force and plain loops."""

import itertools
import math

import numpy as np
import pytest
import torch
from scipy import stats

from gan_edu.metrics.distances import mmd, sliced_wasserstein, wasserstein


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def normal(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=seeded(seed), dtype=torch.float64)


@pytest.mark.parametrize("dim", [1, 2, 5])
def test_wasserstein_of_a_translation_is_its_length(dim: int) -> None:
    x, step = normal(60, dim), normal(dim, seed=1)
    assert float(wasserstein(x, x + step)) == pytest.approx(float(step.norm()), rel=1e-9)
    shuffled = (x + step)[torch.randperm(60, generator=seeded())]
    assert float(wasserstein(x, shuffled)) == pytest.approx(float(step.norm()), rel=1e-9)


def test_wasserstein_is_the_best_of_all_permutations() -> None:
    x, y = normal(6, 2), normal(6, 2, seed=1)
    best = min(
        float((x - y[list(order)]).square().sum(-1).mean()) for order in itertools.permutations(range(6))
    )
    assert float(wasserstein(x, y)) == pytest.approx(math.sqrt(best), rel=1e-9)
    assert float(wasserstein(x, y)) < float((x - y).square().sum(-1).mean().sqrt())  # it is not the identity


def test_wasserstein_in_one_dimension_is_the_sorted_difference() -> None:
    x, y = normal(80, 1), 2 * normal(80, 1, seed=1)
    expected = float((x.sort(0).values - y.sort(0).values).square().mean().sqrt())
    assert float(wasserstein(x, y)) == pytest.approx(expected, rel=1e-9)
    assert float(sliced_wasserstein(x, y)) == pytest.approx(expected, rel=1e-9)


def test_the_earth_movers_distance_is_of_order_one() -> None:
    """On a line scipy knows it; in the plane it is the best of all permutations, and below W2."""
    x, y = normal(80, 1), 2 * normal(80, 1, seed=1)
    expected = stats.wasserstein_distance(x[:, 0].numpy(), y[:, 0].numpy())
    assert float(wasserstein(x, y, order=1)) == pytest.approx(expected, rel=1e-9)
    x, y = normal(6, 2), normal(6, 2, seed=1)
    best = min(float((x - y[list(o)]).norm(dim=-1).mean()) for o in itertools.permutations(range(6)))
    assert float(wasserstein(x, y, order=1)) == pytest.approx(best, rel=1e-9)
    assert float(wasserstein(x, y, order=1)) < float(wasserstein(x, y)) - 0.01
    with pytest.raises(ValueError, match="order must be at least 1; got 0"):
        wasserstein(x, y, order=0)


def test_wasserstein_approaches_the_gaussians_closed_form() -> None:
    """Between N(0, 1) and N(m, s^2): sqrt(m^2 + (s - 1)^2)."""
    x, y = normal(1000, 1), 0.5 + 2 * normal(1000, 1, seed=1)
    assert float(wasserstein(x, y)) == pytest.approx(math.hypot(0.5, 1), abs=0.12)


def test_sliced_is_the_mean_over_the_lines() -> None:
    x, y = normal(50, 3), 0.5 + normal(50, 3, seed=1)
    lines = torch.randn((7, 3), generator=seeded(9), dtype=torch.float64)
    lines = lines / lines.norm(dim=-1, keepdim=True)
    squares = [np.mean((np.sort(x @ u) - np.sort(y @ u)) ** 2) for u in lines]
    value = sliced_wasserstein(x, y, projections=7, generator=seeded(9))
    assert float(value) == pytest.approx(math.sqrt(np.mean(squares)), rel=1e-9)


def test_sliced_distance_of_a_translation() -> None:
    """The mean of (u . t)^2 over the sphere is |t|^2 / d."""
    x, step = normal(40, 2), torch.tensor([3.0, 4.0], dtype=torch.float64)
    value = sliced_wasserstein(x, x + step, projections=20_000)
    assert float(value) == pytest.approx(5 / math.sqrt(2), rel=0.01)
    assert float(value) <= float(wasserstein(x, x + step))


def test_sliced_lines_come_from_the_generator() -> None:
    x, y = normal(40, 2), normal(40, 2, seed=1)
    assert float(sliced_wasserstein(x, y)) == float(sliced_wasserstein(x, y))
    assert float(sliced_wasserstein(x, y, generator=seeded(1))) != float(
        sliced_wasserstein(x, y, generator=seeded(2))
    )


def plain_mmd(x: np.ndarray, y: np.ndarray, bandwidths: list[float]) -> float:
    def kernel(a: np.ndarray, b: np.ndarray) -> float:
        return sum(math.exp(-float(((a - b) ** 2).sum()) / (2 * h**2)) for h in bandwidths)

    n, m = len(x), len(y)
    xx = sum(kernel(x[i], x[j]) for i in range(n) for j in range(n) if i != j) / (n * (n - 1))
    yy = sum(kernel(y[i], y[j]) for i in range(m) for j in range(m) if i != j) / (m * (m - 1))
    xy = sum(kernel(a, b) for a in x for b in y) / (n * m)
    return xx + yy - 2 * xy


@pytest.mark.parametrize("sizes", [(12, 12), (9, 14)])
def test_mmd_against_a_double_loop(sizes: tuple[int, int]) -> None:
    x, y = normal(sizes[0], 2), 0.7 + normal(sizes[1], 2, seed=1)
    bandwidths = [0.3, 1.0, 2.5]
    expected = plain_mmd(x.numpy(), y.numpy(), bandwidths)
    assert float(mmd(x, y, bandwidths=bandwidths)) == pytest.approx(expected, rel=1e-9)


def test_mmd_by_default_takes_its_bandwidths_from_the_median_distance() -> None:
    x, y = normal(30, 2), 1 + normal(30, 2, seed=1)
    pairs = [float((a - b).norm()) for a, b in itertools.combinations(y, 2)]
    median = sorted(pairs)[(len(pairs) - 1) // 2]
    bandwidths = [median / 2**k for k in range(6)]
    assert float(mmd(x, y)) == pytest.approx(plain_mmd(x.numpy(), y.numpy(), bandwidths), rel=1e-9)


def test_mmd_in_pieces_is_mmd() -> None:
    x, y = normal(700, 2), normal(600, 2, seed=1)
    kernel = torch.exp(-torch.cdist(x, y).square() / 2).mean()
    xx = (torch.exp(-torch.cdist(x, x).square() / 2).sum() - 700) / (700 * 699)
    yy = (torch.exp(-torch.cdist(y, y).square() / 2).sum() - 600) / (600 * 599)
    assert float(mmd(x, y, bandwidths=[1.0])) == pytest.approx(float(xx + yy - 2 * kernel), abs=1e-9)


def test_mmd_is_unbiased() -> None:
    """Its mean over many pairs of one distribution is 0, on both sides; with the diagonal it is not."""
    values = mmd(normal(400, 20, 2), normal(400, 20, 2, seed=1), bandwidths=[1.0])
    assert stats.ttest_1samp(values, 0).pvalue > 1e-4
    biased = values + 2 * (1 - math.exp(-1)) / 20 * 0.5  # about what leaving the diagonal in would add
    assert stats.ttest_1samp(biased, 0).pvalue < 1e-4
    assert bool((values < 0).any())


def test_mmd_of_gaussians_in_closed_form() -> None:
    """E k(x, y) with h = 1 in one dimension: sqrt(1/3) exp(-m^2/6) for unit Gaussians m apart."""
    m = 1.0
    expected = 2 * math.sqrt(1 / 3) * (1 - math.exp(-(m**2) / 6))
    values = mmd(normal(50, 400, 1), m + normal(50, 400, 1, seed=1), bandwidths=[1.0])
    assert float(values.mean()) == pytest.approx(expected, abs=5 * float(values.std()) / math.sqrt(50))


@pytest.mark.parametrize("distance", [wasserstein, sliced_wasserstein, mmd])
def test_runs_share_a_reference(distance) -> None:
    x, y = normal(2, 3, 20, 2), normal(20, 2, seed=1)
    together = distance(x, y)
    assert together.shape == (2, 3)
    for i, j in itertools.product(range(2), range(3)):
        assert float(together[i, j]) == pytest.approx(float(distance(x[i, j], y)), rel=1e-9)


@pytest.mark.parametrize("distance", [wasserstein, sliced_wasserstein, mmd])
@pytest.mark.parametrize("poison", [math.nan, math.inf])
def test_a_run_that_is_not_finite_has_no_distance(distance, poison: float) -> None:
    x, y = normal(3, 20, 2), normal(20, 2, seed=1)
    x[1, 4, 0] = poison
    assert distance(x, y).isnan().tolist() == [False, True, False]


@pytest.mark.parametrize("distance", [wasserstein, sliced_wasserstein])
def test_sizes_must_be_equal(distance) -> None:
    with pytest.raises(ValueError, match=r"equal size.*got 5 and 6"):
        distance(normal(5, 2), normal(6, 2))


def test_wasserstein_refuses_what_takes_too_long() -> None:
    with pytest.raises(ValueError, match="at most 1000; got 1001 and 1001"):
        wasserstein(normal(1001, 2), normal(1001, 2))


@pytest.mark.parametrize("bandwidths", [[], [0.0], [1.0, -1.0]])
def test_bandwidths_are_positive(bandwidths: list) -> None:
    with pytest.raises(ValueError, match="bandwidths must be positive"):
        mmd(normal(5, 2), normal(5, 2), bandwidths=bandwidths)


def test_mmd_needs_two_samples() -> None:
    with pytest.raises(ValueError, match="at least two samples in each set; got 1 and 5"):
        mmd(normal(1, 2), normal(5, 2))


def test_mmd_of_copies_of_one_point() -> None:
    """A fully collapsed reference has no median distance: say so."""
    with pytest.raises(ValueError, match="bandwidths must be positive"):
        mmd(normal(5, 2), torch.zeros(5, 2, dtype=torch.float64))


def test_projections_are_counted_from_one() -> None:
    with pytest.raises(ValueError, match="projections must be a whole number from 1; got 0"):
        sliced_wasserstein(normal(5, 2), normal(5, 2), projections=0)
