"""Divergences on cells against quadrature and counting by hand."""

import math

import numpy as np
import pytest
import torch
from scipy import integrate, stats

from gan_edu.data.line import line
from gan_edu.data.ring import ring
from gan_edu.data.target import Target
from gan_edu.metrics.divergences import (
    DEFAULT_CELLS,
    _cell_probabilities,
    chi_squared,
    forward_kl,
    jensen_shannon,
    mass_outside,
    reverse_kl,
)

N = 200_000
DIVERGENCES = [jensen_shannon, forward_kl, reverse_kl]


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def by_quadrature(p: Target, q: Target) -> tuple[float, float, float]:
    """JSD, KL(p, q) and KL(q, p) of two Gaussians by scipy."""
    first, second = (stats.norm(float(t.components), float(t.stds)) for t in (p, q))

    def kl(a, b) -> float:
        return integrate.quad(lambda x: a.pdf(x) * (a.logpdf(x) - b.logpdf(x)), -8, 8, limit=200)[0]

    def to_middle(a) -> float:
        def integrand(x: float) -> float:
            middle = math.log((first.pdf(x) + second.pdf(x)) / 2)
            return a.pdf(x) * (a.logpdf(x) - middle)

        return integrate.quad(integrand, -8, 8, limit=200)[0]

    return (to_middle(first) + to_middle(second)) / 2, kl(first, second), kl(second, first)


@pytest.mark.parametrize(("mean", "std"), [(0.5, 1.0), (0.0, 0.8), (0.3, 1.2)])
def test_gaussians_against_quadrature(mean: float, std: float) -> None:
    """Tolerance: cells 0.05 wide lose below 0.1 %; the samples' scatter adds 0.0002 to the JSD.

    It adds up to 0.004 to the forward KL, where the data reach cells that get hardly a sample.
    """
    target, other = line(means=[0], stds=[1]), line(means=[mean], stds=[std])
    samples = other.sample(N, seeded())
    expected = by_quadrature(target, other)
    for divergence, value in zip(DIVERGENCES, expected, strict=True):
        assert float(divergence(samples, target)) == pytest.approx(value, rel=0.02, abs=0.005)
    wrong = line(means=[mean], stds=[std * 1.3]).sample(N, seeded())  # power
    for divergence, value in zip(DIVERGENCES, expected, strict=True):
        assert float(divergence(wrong, target)) != pytest.approx(value, rel=0.02, abs=0.005)


@pytest.mark.parametrize("target", [line(), ring(modes=3)], ids=["line", "three of a ring"])
def test_cells_of_the_target_are_exact(target: Target) -> None:
    p, q = _cell_probabilities(target.sample(N, seeded()).double(), target, None)
    assert p.shape == q.shape == (DEFAULT_CELLS[target.dim] ** target.dim + 1,)
    assert float(p.sum()) == pytest.approx(1, abs=1e-9)
    assert float(q.sum()) == pytest.approx(1, abs=1e-9)
    often = p * N > 20
    pooled = [torch.cat([v[often], v[~often].sum().view(1)]).numpy() * N for v in (q, p)]
    assert stats.chisquare(*pooled).pvalue > 1e-4  # shapes, order of the axes and edges are all right
    if target.dim == 2:
        shifted = target.sample(N, seeded()).double() + 0.01  # power: an eighth of a cell
        q = _cell_probabilities(shifted, target, None)[1]
        pooled[0] = torch.cat([q[often], q[~often].sum().view(1)]).numpy() * N
        assert stats.chisquare(*pooled).pvalue < 1e-4


def test_cells_keep_the_axes_apart() -> None:
    target = ring(modes=1, radius=3, std=0.1)
    p, _ = _cell_probabilities(torch.zeros(1, 2).double(), target, 10)
    x_min, x_max, y_min, y_max = target.extent
    edges = np.linspace(x_min, x_max, 11), np.linspace(y_min, y_max, 11)
    of_x, of_y = (np.diff(stats.norm(c, 0.1).cdf(e)) for c, e in zip((3, 0), edges, strict=True))
    np.testing.assert_allclose(p[:-1].numpy(), np.outer(of_x, of_y).ravel(), atol=1e-7)


def test_the_bias_of_a_perfect_sampler_is_the_documented_one() -> None:
    """(K - 1) / (8 n), where cells with few samples add a part of what full ones do."""
    target, n, cells = line(means=[0], stds=[1]), 20_000, 20
    samples = target.sample((200, n), seeded())
    p, _ = _cell_probabilities(samples[:1].double(), target, cells)
    mean = float(jensen_shannon(samples.double(), target, cells=cells).mean())
    full, touched = int((p * n > 5).sum()), int((p * n > 0.01).sum())
    assert (full - 1) / (8 * n) < mean < (touched - 1) / (8 * n)
    assert touched < 1.6 * full


def test_disjoint_is_log_two() -> None:
    elsewhere = torch.full((1000, 2), 50.0)
    assert float(jensen_shannon(elsewhere, ring())) == pytest.approx(math.log(2), abs=1e-5)
    inside = torch.zeros(1000, 2)  # within the window, where the ring has nothing
    assert float(jensen_shannon(inside, ring())) == pytest.approx(math.log(2), abs=1e-5)


def test_one_of_two_modes_by_hand() -> None:
    """All samples on one half of the data: q/m = 4/3 there, p/m = 2/3 there and 2 on the other half."""
    target = line(means=[-1, 1], stds=[0.1, 0.1])
    samples = line(means=[1], stds=[0.1]).sample(N, seeded())
    expected = (0.5 * math.log(2 / 3) + 0.5 * math.log(2) + math.log(4 / 3)) / 2
    assert float(jensen_shannon(samples, target)) == pytest.approx(expected, abs=0.002)
    assert float(reverse_kl(samples, target)) == pytest.approx(math.log(2), abs=0.01)
    assert float(forward_kl(samples, target)) > 4  # the missing half costs about 1/2 log(n K p)


def test_mass_between_the_modes_counts() -> None:
    """The published scripts leave out cells without data: mass there was free."""
    target = line(means=[-1, 1], stds=[0.1, 0.1])
    good = target.sample(10_000, seeded())
    spoilt = good.clone()
    spoilt[:2000] = 0.0
    for divergence in DIVERGENCES:
        assert float(divergence(spoilt, target)) > float(divergence(good, target)) + 0.01
    assert float(reverse_kl(spoilt, target)) > 1


def test_mass_outside_the_window_counts() -> None:
    target = line(means=[0], stds=[1])
    good = target.sample(10_000, seeded())
    spoilt = good.clone()
    spoilt[:1000] = 1e5
    spoilt[1000:2000] = math.nan
    p, q = _cell_probabilities(spoilt.double(), target, None)
    assert float(q[-1]) == pytest.approx(0.2)
    assert float(p[-1]) < 1e-5
    assert float(jensen_shannon(spoilt, target)) > 0.06


@pytest.mark.parametrize("divergence", DIVERGENCES)
def test_a_perfect_samplers_kl_is_never_negative(divergence) -> None:
    samples = ring().sample((50, 100), seeded())
    assert bool((divergence(samples, ring()) > 0).all())


@pytest.mark.parametrize("cells", [0, -3])
def test_cells_are_counted_from_one(cells: int) -> None:
    with pytest.raises(ValueError, match="cells must be a whole number from 1"):
        jensen_shannon(torch.zeros(3, 2), ring(), cells=cells)


def test_one_cell_sees_nothing_but_the_window() -> None:
    assert float(jensen_shannon(torch.zeros(100, 2), ring(), cells=1)) == pytest.approx(0, abs=1e-5)


def counted(samples: torch.Tensor, target: Target, cells: int) -> tuple[np.ndarray, np.ndarray]:
    """By numpy and scipy: expected shares and shares found, the last cell all that is outside the window."""
    edges = np.linspace(*target.extent[:2], cells + 1)
    x, n = samples[:, 0].double().numpy(), len(samples)
    parts = list(zip(target.components[:, 0], target.stds, strict=True))
    below = sum(stats.norm(float(c), float(s)).cdf(edges) for c, s in parts) / len(parts)
    found = np.histogram(x, edges)[0] / n
    return np.append(np.diff(below), 1 - np.ptp(below)), np.append(found, 1 - found.sum())


@pytest.mark.parametrize("shift", [0.0, 0.02, 0.3, 4.0])
def test_chi_squared_and_kl_by_scipy(shift: float) -> None:
    """In bins of 0.5 of the MAD-GAN paper's units: samples in place, shifted a bit, between the modes, outside."""
    target, n, cells = line(), 20_000, 320
    samples = target.sample(n, seeded()) + shift
    p, q = counted(samples, target, cells)
    for smoothing in (0.02, 0.3):
        smooth_p, smooth_q = ((1 - smoothing) * v + smoothing / (cells + 1) for v in (p, q))
        by_scipy = stats.chisquare(n * smooth_q, n * smooth_p).statistic / n
        ours = float(chi_squared(samples, target, cells=cells, smoothing=smoothing))
        assert ours == pytest.approx(by_scipy, rel=2e-3)
    one_more = (n * p + 1 / (cells + 1)) / (n + 1)
    assert float(reverse_kl(samples, target, cells=cells)) == pytest.approx(
        stats.entropy(q, one_more), rel=2e-3
    )
    outside = q[n * p < 1].sum()
    assert float(mass_outside(samples, target, cells=cells)) == pytest.approx(outside, abs=1e-6)
    assert outside == pytest.approx({0.0: 0.0003, 0.02: 0.001, 0.3: 0.7, 4.0: 1}[shift], rel=0.3)


def test_n_times_chi_squared_of_a_perfect_sampler_has_its_distribution() -> None:
    """Pearson: one degree of freedom less than there are cells with data, here the four of the window."""
    target, n = line(means=[0], stds=[1]), 5_000
    samples = target.sample((400, n), seeded()).double()
    values = n * chi_squared(samples, target, cells=4, smoothing=1e-9)
    assert stats.kstest(values, stats.chi2(3).cdf).pvalue > 1e-3
    assert stats.kstest(values, stats.chi2(4).cdf).pvalue < 1e-4


def test_chi_squared_of_some_of_the_modes() -> None:
    """M modes of m, each with its fair share among them: (m / M - 1), less what smoothing takes."""
    target = line(means=[-3, -1, 1, 3], stds=[0.1] * 4)
    for have in (1, 2, 3):
        some = line(means=[-3, -1, 1][:have], stds=[0.1] * have)
        value = float(chi_squared(some.sample(N, seeded()), target, smoothing=1e-3))
        assert value == pytest.approx(4 / have - 1, rel=0.03, abs=0.005)


def test_no_samples_score_above_the_bound() -> None:
    far, cells = torch.full((100, 1), 1e9), 64
    for smoothing in (0.02, 0.5):
        value = float(chi_squared(far, line(), cells=cells, smoothing=smoothing))
        assert 0.2 * (cells + 1) / smoothing < value < (cells + 1) / smoothing
        assert float(mass_outside(far, line(), cells=cells)) == 1


@pytest.mark.parametrize("smoothing", [0, 1, -0.1])
def test_smoothing_is_a_part(smoothing: float) -> None:
    with pytest.raises(ValueError, match="smoothing must be a number between 0 and 1; got"):
        chi_squared(torch.zeros(3, 2), ring(), smoothing=smoothing)
