"""Rejection in three forms, against what theory says of a Gaussian pair. Power: see each test's last lines."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy import stats

from gan_edu.samplers.budgeted_rejection import budgeted_rejection, shift_for
from gan_edu.samplers.discriminator_rejection import discriminator_rejection, score
from gan_edu.samplers.draws import KEPT, ROWS
from gan_edu.samplers.importance_resampling import importance_resampling
from gan_edu.samplers.rejection import rejection

from .pairs import GaussianPair, MissingMode, coins, near, standard_normal

N = 20_000


def test_rejection_draws_the_target_and_accepts_one_in_m():
    pair = GaussianPair()
    draws = rejection(pair.propose, pair.log_ratio, N, generator=coins(), log_bound=math.log(2))
    assert draws.x.shape == (N, 1)
    assert near(draws.acceptance_rate, 0.5, draws.n_proposals)
    assert standard_normal(draws.x) > 1e-3
    assert standard_normal(draws.x * 1.05) < 1e-3  # what is 5 % too wide is told


@pytest.mark.parametrize("bound", [0.5, 1.0, 1.5, 4.0])
def test_a_wrong_bound(bound):
    """Too small: density q min(w, bound) / c, acceptance c / bound with c = E_q min(w, bound). Too large: slow."""
    pair = GaussianPair()
    draws = rejection(pair.propose, pair.log_ratio, N, generator=coins(), log_bound=math.log(bound))
    x = torch.linspace(-12, 12, 20_001, dtype=torch.float64)
    q = torch.exp(-(x**2) / 8) / math.sqrt(8 * math.pi)
    capped = q * pair.log_ratio(x[:, None]).exp().clamp_max(bound)
    mass = torch.trapezoid(capped, x)
    assert near(draws.acceptance_rate, float(mass) / bound, draws.n_proposals)
    cumulative = torch.cumulative_trapezoid(capped, x) / mass
    law = stats.kstest(draws.x[:, 0].numpy(), lambda t: np.interp(t, x[1:].numpy(), cumulative.numpy()))
    assert law.pvalue > 1e-3
    assert (standard_normal(draws.x) < 1e-3) == (bound < 2)


def test_every_proposal_is_kept_with_what_became_of_it():
    pair = GaussianPair()
    draws = rejection(pair.propose, pair.log_ratio, 3000, generator=coins(), log_bound=math.log(2))
    assert len(draws.proposals) == len(draws.accepted) == draws.n_proposals
    assert torch.equal(draws.proposals[draws.accepted], draws.x)
    assert bool(draws.accepted[-1])  # the last one ends it
    torch.testing.assert_close(draws.log_ratio, pair.log_ratio(draws.proposals))
    torch.testing.assert_close(draws.probability, draws.log_ratio.exp() / 2)


def test_it_gives_up_at_its_limit_and_keeps_memory_bounded():
    pair = GaussianPair()
    settings = {"generator": coins(), "log_bound": 20.0, "limit": KEPT + 2 * ROWS}
    draws = rejection(pair.propose, pair.log_ratio, 10, **settings)
    assert len(draws.x) < 10
    assert draws.n_proposals == KEPT + 2 * ROWS
    assert len(draws.proposals) == KEPT


def test_discriminator_rejection_without_gamma_is_rejection():
    """sigmoid(F - gamma) = a / (a + e^gamma (1 - a)) with a = w / M, in double precision."""
    ratio = torch.linspace(-30, 0, 301, dtype=torch.float64)
    highest = torch.zeros((), dtype=torch.float64)
    a = ratio.exp()
    torch.testing.assert_close(score(ratio, highest, 0.0).sigmoid(), a, rtol=1e-12, atol=0)
    for gamma in (-3.0, 0.5, 4.0):
        formula = a / (a + math.exp(gamma) * (1 - a))
        torch.testing.assert_close(
            (score(ratio, highest, 0.0) - gamma).sigmoid(), formula, rtol=1e-12, atol=0
        )
    assert bool(score(ratio, highest, 1e-6).isfinite().all())  # epsilon is there for that


def test_discriminator_rejection_on_the_pair():
    pair = GaussianPair()
    draws = discriminator_rejection(pair.propose, pair.log_ratio, N, generator=coins(), gamma=0.0)
    assert near(draws.acceptance_rate, 0.5, draws.n_proposals)
    assert standard_normal(draws.x) > 1e-3


def test_gamma_as_a_percentile_trades_speed():
    pair = GaussianPair()
    rates = [
        discriminator_rejection(
            pair.propose, pair.log_ratio, 2000, generator=coins(), percentile=float(p)
        ).acceptance_rate
        for p in (5, 50, 95)
    ]
    assert rates[0] > 0.85 > rates[1] > 0.4 > rates[2] > 0.01


def test_the_largest_ratio_seen_is_learned_on_the_way():
    """A pilot of one point far out knows no bound; what is accepted later is judged by what was seen till then."""
    pair = GaussianPair()
    draws = discriminator_rejection(
        pair.propose, pair.log_ratio, 500, generator=coins(), gamma=0.0, pilot=1, epsilon=0.0
    )
    so_far = draws.log_ratio.cummax(0).values
    later = slice(100, None)
    torch.testing.assert_close(draws.probability[later], (draws.log_ratio - so_far)[later].exp())


@pytest.mark.parametrize("budget", [1.0, 1.5, 2.0, 5.0, 20.0])
def test_the_budget_is_spent(budget):
    pair = GaussianPair()
    ratio = pair.log_ratio(pair.propose(200_000))
    shift = shift_for(ratio, 1 / budget)
    assert abs(float((ratio + shift).clamp_max(0).exp().mean()) - 1 / budget) < 1e-9
    draws = budgeted_rejection(pair.propose, pair.log_ratio, N, generator=coins(), budget=budget)
    assert abs(draws.acceptance_rate - 1 / budget) < 0.02 / budget**0.5
    # budget 2 = M is where c = 1: exact rejection; more is exact too, less keeps too much of q
    assert (standard_normal(draws.x) > 1e-3) == (budget >= 2)


def test_the_budget_beats_gamma_at_equal_acceptance():
    """Total variation to p, both by quadrature: never worse, and here clearly better."""
    x = torch.linspace(-14, 14, 40_001, dtype=torch.float64)
    q = torch.exp(-(x**2) / 8) / math.sqrt(8 * math.pi)
    p = torch.exp(-(x**2) / 2) / math.sqrt(2 * math.pi)
    ratio = GaussianPair().log_ratio(x[:, None])
    highest = torch.tensor(math.log(2), dtype=torch.float64)

    def distance(accept):
        density = q * accept / torch.trapezoid(q * accept, x)
        return float(torch.trapezoid((density - p).abs(), x) / 2)

    for gamma in (-2.0, -1.0):
        drs = (score(ratio, highest, 0.0) - gamma).sigmoid()
        share = float(torch.trapezoid(q * drs, x))
        low, high = -20.0, 20.0
        for _ in range(100):
            middle = (low + high) / 2
            below = float(torch.trapezoid(q * (ratio + middle).clamp_max(0).exp(), x)) < share
            low, high = (middle, high) if below else (low, middle)
        assert distance((ratio + high).clamp_max(0).exp()) < distance(drs) - 0.003


def test_resampling_weighs_its_pool():
    from gan_edu.samplers.diagnostics import effective_share

    pair = GaussianPair()
    draws = importance_resampling(pair.propose, pair.log_ratio, N, generator=coins(), pool=10)
    assert draws.n_proposals == 10 * N
    assert abs(effective_share(draws.log_ratio) - math.sqrt(2 * 4 - 1) / 4) < 0.01
    assert 0.97 < float(draws.x.std()) < 1.03
    assert abs(float(draws.probability.sum()) - 1) < 1e-9
    some = importance_resampling(pair.propose, pair.log_ratio, 100, generator=coins(), pool=1)
    assert len(some.x.unique()) < 100  # it repeats itself


def test_resampling_from_a_missing_mode():
    pair = MissingMode()
    draws = importance_resampling(pair.propose, pair.log_ratio, 20_000, generator=coins(), pool=50)
    assert abs(float((draws.x > 2.5).double().mean()) - 0.25) < 0.06


@pytest.mark.parametrize("sampler", [rejection, discriminator_rejection, importance_resampling])
def test_a_constant_changes_nothing(sampler):
    """Where w is known up to a constant only, the same points come out (rejection with its bound moved along)."""
    shift = 8.0

    def play(add):
        pair = GaussianPair()
        extra = {"log_bound": math.log(2) + add} if sampler is rejection else {}
        return sampler(pair.propose, lambda x: pair.log_ratio(x) + add, 500, generator=coins(), **extra).x

    assert torch.equal(play(0.0), play(shift))


def test_the_same_seed_draws_the_same():
    first, second = (
        rejection(p.propose, p.log_ratio, 300, generator=coins(4), log_bound=1.0).x
        for p in (GaussianPair(seed=3), GaussianPair(seed=3))
    )
    other = rejection(
        (p := GaussianPair(seed=3)).propose, p.log_ratio, 300, generator=coins(5), log_bound=1.0
    ).x
    assert torch.equal(first, second)
    assert not torch.equal(first, other)
