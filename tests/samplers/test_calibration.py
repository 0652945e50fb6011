"""Calibration recovers what was done to a known discriminator; the diagnostics say what they say."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from gan_edu.samplers.calibration import KINDS, Kind, calibrated, reliability
from gan_edu.samplers.metropolis_hastings import metropolis_hastings

from .pairs import GaussianPair, coins

N = 50_000


def bells(n: int = N, seed: int = 1) -> tuple[torch.Tensor, torch.Tensor]:
    """Points of N(1, 1) and of N(-1, 1): the log ratio is 2 x."""
    x = torch.randn(2, n, 1, generator=coins(seed), dtype=torch.float64)
    return x[0] + 1, x[1] - 1


def test_platt_undoes_a_line():
    """Scores a l + b of the true logit l: the map is l / a - b / a."""
    real, fake = bells()
    for a, b in ((3.0, 0.5), (0.4, -1.0)):
        repaired = calibrated(lambda x, a=a, b=b: a * 2 * x[:, 0] + b, real, fake, "platt")
        at = torch.tensor([[0.0], [1.0]], dtype=torch.float64)
        zero, one = (float(value) for value in repaired(at))
        assert abs(zero) < 0.03  # a * 0 + b is mapped to 0
        assert abs((one - zero) - 2) < 0.06


def test_uneven_numbers_leave_the_ratio_alone():
    """A tenth as many fakes must not look like a prior: the logit stays log p / q."""
    real, fake = bells()
    allowances: dict[Kind, float] = {"platt": 0.1, "beta": 0.1, "isotonic": 0.4, "isotonic_laplace": 0.4}
    for kind, allowed in allowances.items():
        repaired = calibrated(lambda x: 2 * x[:, 0], real, fake[: N // 10], kind)
        assert abs(float(repaired(torch.zeros(1, 1, dtype=torch.float64)))) < allowed


def test_beta_undoes_a_curve():
    """D squared, which no line of the logit makes: a log D^2 - b log(1 - D^2) is not D's, but a bent score is."""
    real, fake = bells()

    def bent(x):
        """A score whose beta map with a = 2, b = 1/2 is the true logit."""
        truth = 2 * x[:, 0]
        low, high = torch.full_like(truth, -60), torch.full_like(truth, 60)
        for _ in range(80):
            middle = (low + high) / 2
            log_sigmoid = torch.nn.functional.logsigmoid
            value = 2 * log_sigmoid(middle) - 0.5 * log_sigmoid(-middle)
            low, high = torch.where(value < truth, middle, low), torch.where(value < truth, high, middle)
        return (low + high) / 2

    at = torch.tensor([[-1.5], [0.0], [1.5]], dtype=torch.float64)
    repaired = calibrated(bent, real, fake, "beta")(at)
    torch.testing.assert_close(repaired, 2 * at[:, 0], rtol=0, atol=0.1)
    line = calibrated(bent, real, fake, "platt")(at)
    assert float((line - 2 * at[:, 0]).abs().max()) > 0.2


@pytest.mark.parametrize("kind", ["isotonic", "isotonic_laplace"])
def test_isotonic_finds_any_rising_map(kind):
    """Sup-error below .03 where scores have points: between their 1 % and 99 % quantiles."""
    real, fake = bells(2 * N)
    score = lambda x: x[:, 0] ** 3 + 0.1 * x[:, 0]  # noqa: E731
    repaired = calibrated(score, real, fake, kind)
    low, high = np.quantile(torch.cat([real, fake]).numpy(), [0.01, 0.99])
    at = torch.linspace(float(low), float(high), 400, dtype=torch.float64)[:, None]
    error = (repaired(at).sigmoid() - (2 * at[:, 0]).sigmoid()).abs().max()
    assert 0.001 < float(error) < 0.03
    steps = repaired(torch.linspace(-50, 50, 2001, dtype=torch.float64)[:, None])
    assert bool((steps.diff() >= 0).all())


def test_isotonic_is_never_sure():
    """Classes that don't overlap: unclipped, D would say 1 and a chain would never leave."""
    real, fake = torch.ones(98, 1), -torch.ones(100, 1)
    said = calibrated(lambda x: 9 * x[:, 0], real, fake, "isotonic")(torch.tensor([[5.0], [-5.0]])).sigmoid()
    torch.testing.assert_close(said, torch.tensor([1 - 1 / 200, 1 / 200]))


def test_laplace_is_as_sure_as_the_points_of_a_step_allow():
    """By hand: steps of 3 generated, of 1 and 1, of 3 real points say 1 / 5, 2 / 4 and 4 / 5."""
    real, fake = torch.tensor([[3.0], [5], [6], [7]]), torch.tensor([[0.0], [1], [2], [4]])
    score = lambda x: x[:, 0]  # noqa: E731
    at = torch.tensor([[-9.0], [0], [2], [3], [4], [5], [7], [99]])
    said = calibrated(score, real, fake, "isotonic_laplace")(at).sigmoid()
    torch.testing.assert_close(said, torch.tensor([0.2, 0.2, 0.2, 0.5, 0.5, 0.8, 0.8, 0.8]))


def test_many_points_elsewhere_make_a_step_surer_only_with_the_clip():
    crowd = torch.full((1000, 1), -5.0)
    real, fake = torch.tensor([[3.0], [5], [6], [7]]), torch.tensor([[0.0], [1], [2], [4]])
    real, fake = torch.cat([real, crowd]), torch.cat([fake, crowd])
    for kind, top in (("isotonic", 1 - 1 / 2010), ("isotonic_laplace", 0.8)):
        said = calibrated(lambda x: x[:, 0], real, fake, kind)(torch.tensor([[7.0]])).sigmoid()
        assert float(said) == pytest.approx(top, abs=1e-5)


def test_none_is_the_same_function():
    score = lambda x: x[:, 0]  # noqa: E731
    assert calibrated(score, *bells(10), "none") is score


@pytest.mark.parametrize("kind", KINDS)
def test_a_chain_with_an_overconfident_ratio_is_repaired(kind):
    """Logits three times too large keep chains near 0; with a calibrated ratio they spread as p does."""
    pair = GaussianPair()
    wrong = lambda x: 3 * pair.log_ratio(x)  # noqa: E731
    real = torch.randn(N, 1, generator=coins(6), dtype=torch.float64)
    repaired = calibrated(wrong, real, pair.propose(N), kind)
    draws = metropolis_hastings(pair.propose, repaired, 4000, generator=coins(), proposals=50)
    std = float(draws.x.std())
    assert 0.55 < std < 0.7 if kind == "none" else abs(std - 1) < 0.06


@pytest.mark.parametrize("kind", sorted(set(KINDS) - {"none"}))
def test_a_discriminator_that_says_0_and_1(kind):
    """Scores of both infinities, which no sampler takes as they are, become numbers, and every pick is defined."""
    pair = GaussianPair()

    def certain(x):
        score = pair.log_ratio(x)
        return torch.where(score > 0.5, torch.inf, torch.where(score < -3, -torch.inf, score))

    real = torch.randn(5000, 1, generator=coins(6), dtype=torch.float64)
    with pytest.raises(ValueError, match=r"log ratios must be finite or -inf; got 0 nan and \d+ \+inf"):
        metropolis_hastings(pair.propose, certain, 10, generator=coins())
    repaired = calibrated(certain, real, pair.propose(5000), kind)
    draws = metropolis_hastings(pair.propose, repaired, 2000, generator=coins(), proposals=50)
    assert bool(draws.probability.isfinite().all())
    assert bool(draws.log_ratio.isfinite().all())
    assert (
        0.85 < float(draws.x.std()) < (1.15 if kind.startswith("isotonic") else 1.6)
    )  # a line can't undo an infinity; q has 2
    assert 0.2 < draws.acceptance_rate < 0.9


def test_reliability_of_a_calibrated_and_of_a_sure_discriminator():
    real, fake = bells()
    right = reliability(2 * real[:, 0], 2 * fake[:, 0])
    assert np.abs(right.said - right.came).max() < 0.02
    assert abs(right.z) < 4
    assert abs(right.mean_ratio - 1) < 0.4  # E_q w = 1, with heavy tails
    assert list(right.counts) == [N // 5] * 10
    sure = reliability(6 * real[:, 0], 6 * fake[:, 0])
    assert np.abs(sure.said - sure.came).max() > 0.1
    assert abs(sure.z) < 4  # z is blind to shape: it sees no error here
    assert sure.brier > right.brier + 0.01
    shifted = reliability(2 * real[:, 0] + 1, 2 * fake[:, 0] + 1)
    assert shifted.z < -20
    shrug = reliability(torch.zeros(10), torch.zeros(10), bins=1)
    assert shrug.brier == 0.25
    assert shrug.z == 0
    assert math.isclose(float(shrug.came[0]), 0.5)


def test_bins_of_equal_scores_have_their_share_of_real_ones():
    """A step of an isotonic map is wider than a bin; the real ones, who come first, must not fill one alone."""
    many = reliability(torch.zeros(3000), torch.zeros(1000), bins=10)
    assert torch.as_tensor(many.came).tolist() == pytest.approx([0.75] * 10, abs=0.006)


def test_bad_input():
    real, fake = bells(10)
    score = lambda x: x[:, 0]  # noqa: E731
    with pytest.raises(
        ValueError,
        match=r"calibration must be one of none, isotonic, isotonic_laplace, platt, beta; got 'sigmoid'",
    ):
        calibrated(score, real, fake, "sigmoid")  # type: ignore[arg-type]
    for left, right in ((real[:0], fake), (real, fake[:0])):
        with pytest.raises(
            ValueError, match=r"needs real and generated points; got \d+ real and \d+ generated"
        ):
            calibrated(score, left, right)
    with pytest.raises(
        ValueError, match=r"scores that are numbers; got 10 nan among 20, the first at x = \["
    ):
        calibrated(lambda x: torch.where(x[:, 0] == fake[:, 0], torch.nan, x[:, 0]), real, fake)
    with pytest.raises(
        ValueError, match=r"log_ratio\(x\) must give a tensor of shape \(n,\).* got \(10, 1\)"
    ):
        calibrated(lambda x: x, real, fake)
    with pytest.raises(ValueError, match=r"reliability needs points of both kinds.*got 0 real"):
        reliability(torch.zeros(0), torch.zeros(5))
