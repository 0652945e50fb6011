"""Coverage and sharpness against counting by hand and closed forms."""

import dataclasses
import math

import pytest
import torch
from scipy.spatial import distance

from gan_edu.data.grid import grid
from gan_edu.data.line import line
from gan_edu.data.moons import moons
from gan_edu.data.ring import ring
from gan_edu.metrics.modes import (
    basins,
    high_quality_share,
    jensen_shannon_modes,
    mode_counts,
    mode_shares,
    modes_covered,
    reverse_kl_modes,
)

N = 20_000


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_counts_by_hand() -> None:
    target = line(means=[0, 10], stds=[1, 2])
    #                      3 stds away, just in, just out, in the second, out of it, nowhere near
    samples = torch.tensor([[0.0], [-2.99], [-3.01], [15.9], [16.1], [1e6]])
    assert mode_counts(samples, target).tolist() == [2, 1]
    assert mode_shares(samples, target).tolist() == pytest.approx([0.5, 0.5])
    assert float(high_quality_share(samples, target)) == 0.5


def test_counts_against_a_plain_loop() -> None:
    target = grid(side=3, spacing=1, std=0.2)
    samples = 1.5 * torch.randn(3, 200, 2, generator=seeded())
    counts = torch.zeros(3, 9, dtype=torch.int64)
    for run in range(3):
        for point in samples[run]:
            distances = (target.components - point).norm(dim=-1)
            if float(distances.min()) < 3 * 0.2:
                counts[run, distances.argmin()] += 1
    assert torch.equal(mode_counts(samples, target), counts)
    assert 0 < int(counts.sum()) < 600


@pytest.mark.parametrize("target", [ring(std=0.02), grid(), ring(modes=3, std=0.3)], ids=lambda t: t.name)
def test_a_perfect_samplers_high_quality_share_in_two_dimensions(target) -> None:
    expected = 1 - math.exp(-(3**2) / 2)
    error = 5 * math.sqrt(expected * (1 - expected) / N)
    assert float(high_quality_share(target.sample(N, seeded()), target)) == pytest.approx(expected, abs=error)
    blurred = target.components[0] + 1.3 * (target.sample(N, seeded()) - target.components[0])
    assert float(high_quality_share(blurred, target)) < expected - 2 * error  # power


def test_a_perfect_samplers_high_quality_share_in_one_dimension() -> None:
    # erf(3 / sqrt 2) inside one mode; in this mixture the modes are too far apart to lend each other samples
    target = line(means=[-1, 1], stds=[0.1, 0.2])
    expected = math.erf(3 / math.sqrt(2))
    error = 5 * math.sqrt(expected * (1 - expected) / N)
    assert float(high_quality_share(target.sample(N, seeded()), target)) == pytest.approx(expected, abs=error)


def test_fair_share_is_the_bar() -> None:
    target = line(means=[0, 10], stds=[1, 1], weights=[0.9, 0.1])

    # of 1,000 samples the modes' fair shares are 900 and 100; a fifth of that is 180 and 20
    def samples(first: int, second: int) -> torch.Tensor:
        return torch.tensor([0.0] * first + [10.0] * second + [1e3] * (1000 - first - second))[:, None]

    assert int(modes_covered(samples(180, 20), target)) == 2
    assert int(modes_covered(samples(179, 20), target)) == 1
    assert int(modes_covered(samples(180, 19), target)) == 1
    assert int(modes_covered(samples(1, 1), target)) == 0
    assert int(modes_covered(samples(1, 1), target, fair_share=0)) == 2  # the papers' rule
    assert int(modes_covered(samples(1, 0), target, fair_share=0)) == 1
    assert int(modes_covered(samples(900, 100), target, fair_share=1)) == 2
    assert int(modes_covered(samples(899, 100), target, fair_share=1)) == 1


@pytest.mark.parametrize("modes", [3, 7, 8, 25])
@pytest.mark.parametrize("fair_share", [0.1, 0.2, 0.3, 0.7, 1.0])
def test_exactly_the_fair_share_is_enough(modes: int, fair_share: float) -> None:
    """Where the bar is a whole number of samples, rounding (0.1 * 210 / 7 = 3.0000002) must not lift it."""
    target = ring(modes=modes)
    bar = round(fair_share * 30)
    samples = target.components.repeat_interleave(bar, 0)
    elsewhere = torch.full((30 * modes - len(samples), 2), 1e3)
    assert int(modes_covered(torch.cat([samples, elsewhere]), target, fair_share=fair_share)) == modes


def test_basins_see_coverage_and_not_sharpness() -> None:
    target = ring(std=0.05)
    blurred = ring(std=0.3).sample(2000, seeded())
    assert int(basins(blurred, target)) == 8
    assert int(modes_covered(blurred, target)) == 0
    sharp = ring(modes=4, std=0.05).sample(2000, seeded())  # every second mode
    assert int(basins(sharp, target)) == int(modes_covered(sharp, target)) == 4


def test_small_samples_need_one_of_each() -> None:
    target = ring()
    assert int(modes_covered(target.components, target)) == 8
    assert int(modes_covered(target.components[:7], target)) == 7


def test_shares_of_a_mode_with_many_components() -> None:
    target = moons()
    samples = target.components[target.modes == 1].repeat(3, 1)
    assert mode_shares(samples, target).tolist() == [0.0, 1.0]


def test_reverse_kl_of_modes_by_hand() -> None:
    target = line(means=[0, 10], stds=[1, 1], weights=[0.75, 0.25])
    samples = torch.tensor([[0.0], [10.0]])
    expected = 0.5 * math.log(0.5 / 0.75) + 0.5 * math.log(0.5 / 0.25)
    assert float(reverse_kl_modes(samples, target)) == pytest.approx(expected, abs=1e-6)
    fair = torch.tensor([[0.0], [0.1], [-0.1], [10.0]])
    assert float(reverse_kl_modes(fair, target)) == pytest.approx(0, abs=1e-6)


def test_jensen_shannon_of_modes_by_hand() -> None:
    """Half of the samples on a mode of 3/4, a quarter on the other, a quarter on none; by scipy, and squared."""
    target = line(means=[0, 10], stds=[1, 1], weights=[0.75, 0.25])
    samples = torch.tensor([[0.0], [2.9], [10.0], [3.1]])
    expected = distance.jensenshannon([0.5, 0.25, 0.25], [0.75, 0.25, 0]) ** 2
    assert float(jensen_shannon_modes(samples, target)) == pytest.approx(expected, abs=1e-6)
    wider = dataclasses.replace(target, quality_radius=4.0)
    assert float(jensen_shannon_modes(samples, wider)) == pytest.approx(0, abs=1e-6)
    assert float(jensen_shannon_modes(torch.full((9, 1), 5.0), target)) == pytest.approx(math.log(2))


def test_jensen_shannon_of_modes_of_a_perfect_sampler() -> None:
    """Scatter adds (M - 1) / (8 n), and a share e of none about e log(2) / 2."""
    target, n = dataclasses.replace(grid(), quality_radius=4.0), 10_000
    samples = target.sample((40, n), seeded())
    expected = 24 / (8 * n) + math.exp(-8) * math.log(2) / 2
    assert float(jensen_shannon_modes(samples, target).mean()) == pytest.approx(expected, rel=0.15)


def test_samples_that_are_not_finite_are_in_no_mode() -> None:
    target = ring(modes=2)
    samples = torch.tensor([[2.0, 0.0], [-2.0, 0.0], [math.nan, 0.0], [math.inf, 0.0]])
    assert mode_counts(samples, target).tolist() == [1, 1]
    assert mode_shares(samples, target).tolist() == [0.25, 0.25]
    assert float(high_quality_share(samples, target)) == 0.5
    assert float(reverse_kl_modes(samples, target)) == pytest.approx(0)
    assert float(jensen_shannon_modes(samples, target)) == pytest.approx(
        distance.jensenshannon([1, 1, 2], [1, 1, 0]) ** 2
    )
    lost = torch.full((10, 2), math.nan)
    assert int(basins(lost, target)) == 0
    assert math.isnan(float(reverse_kl_modes(lost, target)))


@pytest.mark.parametrize("function", [modes_covered, basins])
@pytest.mark.parametrize("fair_share", [-0.1, 1.1, math.nan])
def test_a_fair_share_is_a_share(function, fair_share: float) -> None:
    with pytest.raises(ValueError, match="fair_share must be a number from 0 to 1; got"):
        function(torch.zeros(3, 2), ring(), fair_share=fair_share)
