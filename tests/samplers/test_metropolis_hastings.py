"""The chains of the MH-GAN, against the exact law of the independence sampler after K steps."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy import stats

from gan_edu.samplers.metropolis_hastings import metropolis_hastings

from .pairs import GaussianPair, MissingMode, coins, near, standard_normal


def test_one_step_at_stationarity():
    """Acceptance (4 / pi) arctan(1 / s) = 2 (1 - AUC)."""
    pair, n = GaussianPair(), 200_000
    start = pair.log_ratio(torch.randn(n, 1, generator=coins(5), dtype=torch.float64))
    draws = metropolis_hastings(pair.propose, pair.log_ratio, n, generator=coins(), proposals=1, start=start)
    rate = float(draws.accepted.double().mean())
    theory = 4 / math.pi * math.atan(1 / 2)
    assert abs(theory - 0.59033) < 1e-5
    assert near(rate, theory, n)
    # w falls with |x|, so AUC = P(|real| < |fake|)
    x = np.linspace(0, 16, 200_001)
    auc = np.trapezoid(2 * stats.norm.pdf(x, scale=2) * (2 * stats.norm.cdf(x) - 1), x)
    assert abs(2 * (1 - auc) - theory) < 1e-6


@pytest.mark.parametrize("proposals", [1, 3, 20])
def test_from_a_real_start_the_law_is_exact_at_once(proposals):
    pair, n = GaussianPair(), 20_000
    real = torch.randn(n, 1, generator=coins(5), dtype=torch.float64)
    settings = {"proposals": proposals, "start": pair.log_ratio(real), "restart": False}
    draws = metropolis_hastings(pair.propose, pair.log_ratio, n, generator=coins(), **settings)
    assert draws.moved is not None
    assert bool(draws.x[~draws.moved].isnan().all())
    x = torch.where(draws.moved[:, None], draws.x, real)
    assert standard_normal(x) > 1e-3
    assert standard_normal(draws.x[draws.moved]) < 0.02 or proposals > 3  # those that moved alone are not
    assert standard_normal(1.05 * x) < 1e-3


def test_the_worst_start():
    """At x = 0, w = M: a step is taken with probability 1/2, and what it leads to is N(0, 1) exactly."""
    pair, n = GaussianPair(), 100_000
    start = pair.log_ratio(torch.zeros(1, 1, dtype=torch.float64))
    settings = {"proposals": 5, "start": start, "restart": False}
    draws = metropolis_hastings(pair.propose, pair.log_ratio, n, generator=coins(), **settings)
    assert draws.moved is not None
    assert near(draws.never_moved, 1 / 32, n)
    assert standard_normal(draws.x[draws.moved]) > 1e-3


@pytest.mark.parametrize("k", [1, 3, 8])
def test_the_law_after_k_steps_from_a_proposal(k):
    """Chi-squared over 50 cells, against Smith and Tierney (1996); TV at most (1 - 1/M)^K."""
    pair, n = GaussianPair(), 100_000
    draws = metropolis_hastings(pair.propose, pair.log_ratio, n, generator=coins(), proposals=k)
    y = np.linspace(-14, 14, 1401)
    density = _law(k, y)
    assert abs(np.trapezoid(density, y) - 1) < 1e-3
    cumulative = np.concatenate([[0], np.cumsum((density[1:] + density[:-1]) / 2 * np.diff(y))])
    edges = np.interp(np.arange(1, 50) / 50, cumulative / cumulative[-1], y)
    counts = np.bincount(np.searchsorted(edges, draws.x[:, 0].numpy()), minlength=50)
    assert stats.chisquare(counts).pvalue > 1e-3
    p = stats.norm.pdf(y)
    assert np.trapezoid(np.abs(density - p), y) / 2 <= 0.5**k
    if k < 8:  # the test can tell this law from the one that it goes to
        at_p = np.bincount(np.searchsorted(stats.norm.ppf(np.arange(1, 50) / 50), draws.x[:, 0].numpy()))
        assert stats.chisquare(at_p).pvalue < 1e-3


def _law(k: int, y: np.ndarray) -> np.ndarray:
    """q P^K by quadrature: P^K(x, dy) = T_K(max(w(x), w(y))) p(dy) + lambda(w(x))^K delta_x."""
    log_v = np.linspace(-80, math.log(2), 20_001)
    radius = np.sqrt(8 / 3 * np.maximum(math.log(2) - log_v, 0))
    lam = 2 * stats.norm.sf(radius / 2) - 2 * stats.norm.sf(radius) / np.exp(log_v)
    inner = k * lam ** (k - 1) / np.exp(log_v)  # du / u² = d log u / u
    pieces = (inner[1:] + inner[:-1]) / 2 * np.diff(log_v)
    tail = np.concatenate([np.cumsum(pieces[::-1])[::-1], [0]]) + 1 - 0.5**k
    x = np.linspace(0, 14, 1401)
    log_x, log_y = (math.log(2) - 3 * t**2 / 8 for t in (x, y))
    at_most = np.exp(np.interp(np.maximum(log_x[:, None], log_y[None]), log_v, np.log(tail)))
    # (x, y); x counts twice, on both sides
    moved = np.trapezoid(2 * stats.norm.pdf(x, scale=2)[:, None] * at_most, x, axis=0) * stats.norm.pdf(y)
    return moved + np.interp(log_y, log_v, lam) ** k * stats.norm.pdf(y, scale=2)


@pytest.mark.slow
def test_a_missing_mode_comes_back_as_far_as_restarts_allow():
    """The paper's figure: a quarter of p is where q has 2 %. Fresh restarts reach .1434, real starts alone .25."""
    pair, n = MissingMode(), 40_000
    real = pair.real(n)
    start = pair.log_ratio(real)
    settings = {"proposals": 100, "start": start}
    draws = metropolis_hastings(pair.propose, pair.log_ratio, n, generator=coins(), **settings)
    assert draws.moved is not None
    assert near(float((draws.x > 2.5).double().mean()), 0.1434, n)
    assert draws.restarted == int((~draws.moved).sum()) > 0
    assert not np.intersect1d(draws.x.numpy(), real.numpy()).size
    stayed = metropolis_hastings(
        pair.propose, pair.log_ratio, n, generator=coins(), **settings, restart=False
    )
    assert stayed.moved is not None
    x = torch.where(stayed.moved[:, None], stayed.x, real)
    assert near(float((x > 2.5).double().mean()), 0.25, n)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_every_pick_equals_a_chain_that_walks_alone(dtype):
    """1,000 random chains in plain Python, with the ratio of densities in place of that of logits."""
    logits = torch.randn(1000, 7, generator=coins(2), dtype=dtype) * 3
    start = torch.randn(1000, generator=coins(3), dtype=dtype)
    rows = iter(logits.flatten().split(2048))
    draws = metropolis_hastings(
        lambda n: next(rows)[:, None], lambda x: x[:, 0], 1000, generator=coins(9), proposals=7, start=start,
        restart=False,
    )  # fmt: skip
    assert draws.moved is not None
    coin = torch.rand(7, 1000, generator=coins(9), dtype=torch.float64)
    for chain in range(1000):
        here, at, moved = math.exp(float(start[chain])), math.nan, False
        for k in range(7):
            there = math.exp(float(logits[chain, k]))
            probability = min(1.0, there / here)
            assert math.isclose(probability, float(draws.probability[chain, k]), rel_tol=1e-12)
            accepted = float(coin[k, chain]) < probability
            assert accepted == bool(draws.accepted[chain, k])
            if accepted:
                here, at, moved = there, float(logits[chain, k]), True
        assert moved == bool(draws.moved[chain])
        assert float(draws.x[chain, 0]) == at or (math.isnan(at) and not moved)


def test_a_constant_changes_no_pick():
    def play(add):
        pair = GaussianPair()
        return metropolis_hastings(
            pair.propose, lambda x: pair.log_ratio(x) + add, 300, generator=coins(), proposals=20
        )

    first, second = play(0.0), play(16.0)
    assert torch.equal(first.x, second.x)
    assert torch.equal(first.accepted, second.accepted)


def test_extreme_verdicts_are_defined():
    """Logits of 80 in single precision, and points that are impossible under p, are no trouble."""
    values = torch.tensor([80.0, -80.0, 79.0, -torch.inf])
    random = coins(3)
    draws = metropolis_hastings(
        lambda n: values[torch.randint(4, (n, 1), generator=random)],
        lambda x: x[:, 0],
        2000,
        generator=coins(),
        proposals=10,
    )
    assert bool(draws.probability.isfinite().all())
    possible = draws.x[:, 0] > -torch.inf
    assert float(possible.double().mean()) > 0.99
    here = torch.where(draws.accepted, draws.log_ratio, -torch.inf).cummax(-1).values
    refused_for = (draws.log_ratio == -torch.inf) & (here > -torch.inf)
    assert int(refused_for.sum()) > 1000
    assert not bool(draws.accepted[refused_for].any())


def test_more_chains_than_fit_at_once(monkeypatch):
    import importlib

    module = importlib.import_module("gan_edu.samplers.metropolis_hastings")
    monkeypatch.setattr(module, "AT_ONCE", 1000)
    monkeypatch.setattr(module, "KEPT", 3000)
    pair = GaussianPair()
    real = torch.randn(500, 1, generator=coins(5), dtype=torch.float64)
    draws = metropolis_hastings(
        pair.propose, pair.log_ratio, 500, generator=coins(), proposals=10, start=pair.log_ratio(real)
    )
    assert draws.x.shape == (500, 1)
    assert draws.proposals.shape == (300, 10, 1)
    assert draws.n_proposals == 5000 + 10 * draws.restarted
    assert 0.5 < draws.acceptance_rate < 0.68
