"""Samplers that walk in the latent space, on G(z) = 2 z with the exact ratio, where the law of z is N(0, 1/4)."""

from __future__ import annotations

import math

import pytest
import torch
from scipy import stats

from gan_edu.data.ring import ring
from gan_edu.games.gan import gan
from gan_edu.recording import Generated, record
from gan_edu.samplers.latent import place_at
from gan_edu.samplers.latent_hmc import glide, latent_hmc
from gan_edu.samplers.latent_langevin import latent_langevin
from gan_edu.samplers.metropolis_hastings import metropolis_hastings

from .pairs import GaussianPair, coins, standard_normal

N = 20_000


def double() -> Generated:
    return Generated(lambda z: 2 * z, latent_dim=1, generator=torch.Generator().manual_seed(2))


def log_ratio(x):
    return GaussianPair().log_ratio(x)


def variance_is(x, truth, errors=4.5):
    return abs(float(x.var()) / truth - 1) < errors * math.sqrt(2 / len(x))


def test_adjusted_langevin_is_exact():
    draws = latent_langevin(double(), log_ratio, N, generator=coins(), steps=60, step_size=0.2)
    assert variance_is(draws.x / 2, 0.25)
    assert standard_normal(draws.x) > 1e-3
    assert 0.8 < draws.acceptance_rate < 1


def test_unadjusted_langevin_is_off_as_theory_says():
    """v / (1 - tau / (4 v)) with v = 1/4 and tau = .2 is .3125."""
    draws = latent_langevin(
        double(), log_ratio, N, generator=coins(), steps=60, step_size=0.2, adjusted=False
    )
    assert variance_is(draws.x / 2, 0.3125)
    assert not variance_is(draws.x / 2, 0.25)
    assert draws.acceptance_rate == 1


@pytest.mark.parametrize(("step_size", "leaps"), [(0.1, 8), (0.25, 3)])
def test_hamiltonian_is_exact(step_size, leaps):
    """Glides of about a quarter turn; near a half turn, z only ever changes its sign."""
    draws = latent_hmc(double(), log_ratio, N, generator=coins(), steps=10, leaps=leaps, step_size=step_size)
    assert variance_is(draws.x / 2, 0.25)
    assert standard_normal(draws.x) > 1e-3
    assert stats.kstest(draws.x[:, 0].numpy() * 1.06, "norm").pvalue < 1e-3


def test_the_leapfrog_walks_back_and_its_error_is_of_second_order():
    decode = lambda z: torch.cat([2 * z[:, :1], z[:, 1:].sin()], 1)  # noqa: E731
    at = lambda z: place_at(decode, lambda x: -x.square().sum(-1), z)  # noqa: E731
    z, momentum = torch.randn(2, 50, 2, generator=coins(), dtype=torch.float64)
    start = at(z)
    errors = []
    for eps in (0.1, 0.05, 0.025):
        there, after = glide(at, start, momentum, leaps=round(1 / eps), step_size=eps)
        back, before = glide(at, there, -after, leaps=round(1 / eps), step_size=eps)
        torch.testing.assert_close(back.z, z, rtol=0, atol=1e-11)
        torch.testing.assert_close(before, -momentum, rtol=0, atol=1e-11)
        gain = there.energy - start.energy + (after.square() - momentum.square()).sum(-1) / 2
        errors.append(float(gain.abs().mean()))
    assert 3.5 < errors[0] / errors[1] < 4.5
    assert 3.5 < errors[1] / errors[2] < 4.5


def test_what_is_offered_is_kept_in_order():
    draws = latent_langevin(double(), log_ratio, 7, generator=coins(), steps=5, step_size=0.5)
    assert draws.proposals.shape == (7, 5, 1)
    assert draws.accepted.shape == draws.probability.shape == draws.log_ratio.shape == (7, 5)
    torch.testing.assert_close(log_ratio(draws.proposals.flatten(0, 1)).view(7, 5), draws.log_ratio)
    for chain in range(7):
        taken = draws.accepted[chain].nonzero()[:, 0]
        if len(taken):
            assert torch.equal(draws.x[chain], draws.proposals[chain, taken[-1]])
    assert int(draws.accepted.sum()) == draws.n_accepted


def test_local_moves_cross_modes_poorly():
    """G(z) = z, p two bells far apart: latent Langevin stays where it began, independent proposals don't care."""
    latent = Generated(lambda z: z, latent_dim=1, generator=torch.Generator().manual_seed(2))

    def one_sided(x):  # p / q for p with 90 % on the right bell
        bells = torch.cat(
            [-(((x - 2) / 0.2) ** 2) / 2 + math.log(0.9), -(((x + 2) / 0.2) ** 2) / 2 + math.log(0.1)], 1
        )
        return bells.logsumexp(1) + x[:, 0] ** 2 / 2

    local = latent_langevin(latent, one_sided, 2000, generator=coins(), steps=200, step_size=0.02)
    independent = metropolis_hastings(latent, one_sided, 2000, generator=coins(), proposals=300)
    share = lambda x: float((x > 0).double().mean())  # noqa: E731
    assert abs(share(local.x) - 0.5) < 0.05
    assert abs(share(independent.x) - 0.9) < 0.04


@pytest.mark.parametrize("nan_slope", [False, True])
@pytest.mark.parametrize(
    ("sampler", "settings"),
    [(latent_langevin, {}), (latent_langevin, {"adjusted": False}), (latent_hmc, {"leaps": 4})],
)
def test_where_the_target_has_nothing(sampler, settings, nan_slope):
    """p is N(0, 1) on x > 0 alone: chains leave the other half once and for all, whatever autograd says there."""

    def half(x):
        nothing = x[:, 0].clamp_min(0).log() if nan_slope else -torch.inf
        return torch.where(x[:, 0] > 0, log_ratio(x), nothing)

    draws = sampler(double(), half, 2000, generator=coins(), steps=150, **settings)
    assert float((draws.x > 0).double().mean()) > 0.99
    if settings != {"adjusted": False}:
        assert stats.kstest(draws.x[draws.x > 0].numpy(), stats.halfnorm.cdf).pvalue > 1e-3
    assert bool(draws.probability.isfinite().all())
    impossible = draws.log_ratio == -torch.inf
    been = torch.where(draws.accepted & ~impossible, 1, 0).cummax(-1).values.bool()  # where p has something
    assert int((impossible & been).sum()) > 500
    assert not bool(draws.accepted[impossible & been].any())


def test_a_recording_gives_both():
    """The same points as `samples` draws, and D's logits for them; on a population, one run at a time."""
    recording = record(gan(ring(), width=8), steps=20, runs=3, progress=False)
    for run in (0, 2):
        propose, ratio = recording.proposal(-1, run, seed=0)
        x = propose(50)
        torch.testing.assert_close(x, recording.samples(-1, 50, seed=0)[run])
        theta = recording[-1].players["theta_d"][run]
        torch.testing.assert_close(ratio(x), recording.game.logits(theta, x))
    draws = latent_hmc(propose, ratio, 20, generator=coins(), steps=3)
    assert draws.x.shape == (20, 2)
    with pytest.raises(ValueError, match=r"run must be a whole number from 0 to 2; got 3"):
        recording.proposal(run=3)


def test_bad_input():
    with pytest.raises(ValueError, match=r"latent_hmc walks in a latent space.*got method"):
        latent_hmc(GaussianPair().propose, log_ratio, 5, generator=coins())
    for sampler in (latent_langevin, latent_hmc):
        with pytest.raises(ValueError, match=r"got 5 nan and 0 \+inf among 5, the first at x = \["):
            sampler(double(), lambda x: x[:, 0] * torch.nan, 5, generator=coins())
        with pytest.raises(
            ValueError, match=r"log_ratio\(x\) must give a tensor of shape \(n,\).* got \(5, 1\)"
        ):
            sampler(double(), lambda x: x, 5, generator=coins())
        with pytest.raises(ValueError, match=r"n must be a whole number from 1 to 1e\+08; got 0"):
            sampler(double(), log_ratio, 0, generator=coins())
        with pytest.raises(ValueError, match=r"steps must be a whole number from 1 to 1e\+06; got 0"):
            sampler(double(), log_ratio, 5, generator=coins(), steps=0)
