"""Samplers on known densities: darts and chains against closed forms, quadrature, and loops that walk one by one."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy import integrate, stats

from gan_edu.views import sampling
from gan_edu.views.sampling import (
    CHAINS,
    DARTS,
    Darts,
    chain_theory,
    pair,
    perfect_total_variation,
    throw,
    walk,
)

PAIRS = {  # means, standard deviations and weights of p, and of q
    "two_bells": (([-1.5, 1.5], 0.5, [0.375, 0.625]), ([0.0], 2.0, [1.0])),
    "missing_mode": (([0, 1, 2, 3], 0.25, [0.25] * 4), ([0, 1, 2], 0.3125, [1 / 3] * 3)),
}


def density(name: str, which: int, x):
    means, std, weights = PAIRS[name][which]
    return sum(weight * stats.norm.pdf(x, mean, std) for mean, weight in zip(means, weights, strict=True))


@pytest.mark.parametrize("name", PAIRS)
def test_densities_and_cells_are_those_of_scipy(name) -> None:
    known = pair(name)
    np.testing.assert_allclose(known.p, density(name, 0, known.x), rtol=1e-6, atol=1e-300)
    np.testing.assert_allclose(known.q, density(name, 1, known.x), rtol=1e-6, atol=1e-300)
    means, std, weights = PAIRS[name][0]
    below = sum(w * stats.norm.cdf(known.edges, m, std) for m, w in zip(means, weights, strict=True))
    np.testing.assert_allclose(known.masses, np.diff([0.0, *below, 1.0]), atol=1e-7)
    np.testing.assert_allclose(known.ranks(known.edges), below, atol=1e-7)
    counts = known.count(np.array([-100.0, known.low + 1e-9, known.high - 1e-9, 100.0, 100.0]))
    assert (counts[0], counts[1], counts[-2], counts[-1], counts.sum()) == (1, 1, 1, 2, 5)
    assert len(counts) == len(known.masses)


def test_the_missing_mode_is_the_papers() -> None:
    """M = 1,408,004 at x = 4.778, TV .2318."""
    known = pair("missing_mode")
    assert math.exp(known.log_bound) == pytest.approx(1_408_004, abs=1)
    assert known.x[np.argmax(known.p / known.q)] == pytest.approx(4.778, abs=0.01)
    assert sampling.total_variation(known.p, known.q) * (known.x[1] - known.x[0]) == pytest.approx(
        0.2318, abs=1e-4
    )


def test_the_wide_bell_has_a_bound_that_can_be_found_by_hand() -> None:
    """w = (.625 N(x; 1.5, .25) + .375 N(x; -1.5, .25)) / N(x; 0, 4): the far bell adds nothing at the top."""
    x = 1.5 / (1 - 0.25 / 4)  # (x - 1.5) / .25 = x / 4
    top = 0.625 * stats.norm.pdf(x, 1.5, 0.5) / stats.norm.pdf(x, 0, 2)
    assert pair("two_bells").log_bound == pytest.approx(math.log(top), abs=1e-6)


@pytest.mark.parametrize("name", PAIRS)
@pytest.mark.parametrize("log_bound", [-1.0, 0.5, 1.5])
def test_rejection_in_theory(name, log_bound) -> None:
    """Acceptance E_q[min(w, M)] / M and TV of p to what is proportional to q min(w, M), by quadrature."""
    bound = math.exp(log_bound)

    def integral(f) -> float:
        return integrate.quad(f, -16, 16, limit=2000, points=np.linspace(-8, 8, 65), epsabs=1e-10)[0]

    def kept(x: float) -> float:
        q = density(name, 1, x)
        return q * min(density(name, 0, x) / q, bound) if q else 0.0

    mass = integral(kept)
    darts = throw(name, log_bound)
    assert darts.acceptance == pytest.approx(mass / bound, rel=1e-4)
    distance = integral(lambda x: abs(kept(x) / mass - density(name, 0, x))) / 2
    assert darts.total_variation == pytest.approx(distance, abs=1e-4)
    n = DARTS
    truth = darts.acceptance
    assert abs(darts.accepted.mean() - truth) < 4 * math.sqrt(truth * (1 - truth) / n)


def test_a_bound_that_is_large_enough_gives_p_and_one_in_m() -> None:
    darts = throw("two_bells", 2.0)
    assert darts.acceptance == pytest.approx(math.exp(-2), rel=1e-9)
    assert darts.total_variation < 1e-12
    assert stats.kstest(darts.out(DARTS), _cdf).pvalue > 1e-3
    small = throw("two_bells", 0.0)
    assert stats.kstest(small.out(DARTS), _cdf).pvalue < 1e-3
    assert small.total_variation > 0.1


def _cdf(x: np.ndarray) -> np.ndarray:
    return 0.375 * stats.norm.cdf(x, -1.5, 0.5) + 0.625 * stats.norm.cdf(x, 1.5, 0.5)


@pytest.mark.parametrize("name", PAIRS)
def test_darts_are_accepted_where_they_are_under_p(name) -> None:
    """The coins that are tossed again are those that decided."""
    thrown = {log_bound: throw(name, log_bound) for log_bound in (-0.5, 0.8, 3.0)}
    for log_bound, darts in thrown.items():
        p, q = density(name, 0, darts.x), density(name, 1, darts.x)
        assert bool((darts.height <= math.exp(log_bound) * q * (1 + 1e-6)).all())
        near = np.abs(darts.height / p - 1) < 1e-6
        assert near.sum() < 3
        np.testing.assert_array_equal(darts.accepted[~near], (darts.height < p)[~near])
    low, middle, high = thrown.values()
    np.testing.assert_array_equal(low.x, high.x)  # the same darts for each M
    np.testing.assert_allclose(high.height, low.height * math.exp(3.5), rtol=1e-9)
    assert bool((middle.accepted | ~high.accepted).all())


def test_what_has_come_out_is_what_was_accepted_so_far() -> None:
    known = pair("two_bells")
    darts = Darts(
        known, 1.0, np.array([0.0, 1.0, 2.0]), np.zeros(3), np.array([True, False, True]), 0.5, known.p, 0.0
    )
    assert [darts.out(n).tolist() for n in range(4)] == [[], [0.0], [0.0], [0.0, 2.0]]


@pytest.mark.parametrize("n", [1, 7, 300])
def test_a_perfect_sampler_is_some_distance_away(n) -> None:
    masses = np.array([0.5, 0.3, 0.19, 0.01, 0.0])
    counts = np.arange(n + 1)
    mean = sum(float(stats.binom.pmf(counts, n, p) @ np.abs(counts / n - p)) for p in masses) / 2
    assert perfect_total_variation(masses, n) == pytest.approx(mean, rel=1e-9)


def _by_matrix(known: sampling.Pair, proposals: int) -> tuple[np.ndarray, np.ndarray]:
    """The independence sampler's transition matrix on the grid, squared out: laws from q and from the real start."""
    p, q = known.p / known.p.sum(), known.q / known.q.sum()
    w = p / q
    go = q * np.minimum(1, w / w[:, None])
    stays = 1 - go.sum(1)
    step = go + np.diag(stays)
    from_q = [q]
    for _ in range(proposals):
        from_q.append(from_q[-1] @ step)
    still, moved, real = p, np.zeros_like(p), [q]
    for k in range(1, proposals + 1):
        moved, still = moved @ step + still @ go, still * stays
        real.append(moved + still.sum() * from_q[k])
    return np.array(from_q), np.array(real)


@pytest.mark.parametrize("name", PAIRS)
def test_chains_in_theory(name) -> None:
    """By sorting and sums, as by the whole transition matrix."""
    known = pair(name)
    from_q, real = _by_matrix(known, 12)
    for start, laws in (("proposal", from_q), ("real", real)):
        law, acceptance = chain_theory(known, 12, start)
        np.testing.assert_allclose(law, laws, rtol=1e-6, atol=1e-12)
        np.testing.assert_allclose(law.sum(1), 1, atol=1e-9)
        assert len(acceptance) == 12
    _, real_acceptance = chain_theory(known, 12, "real")
    x, p, q = known.x, known.p, known.q
    w = p / q
    auc = sum(p[i] * (q[w < w[i]].sum() + q[w == w[i]].sum() / 2) for i in range(len(x))) / p.sum() / q.sum()
    np.testing.assert_allclose(real_acceptance, 2 * (1 - auc), atol=2e-3)


@pytest.mark.parametrize(("start", "mass"), [("real", 0.1434), ("proposal", 0.1418)])
def test_the_missing_modes_mass_after_a_hundred_steps(start, mass) -> None:
    """.1434 where chains begin again at fresh proposals, which the tests of the sampler itself find too."""
    known = pair("missing_mode")
    law, _ = chain_theory(known, 100, start)
    assert law[100][known.x > 2.5].sum() == pytest.approx(mass, abs=1e-3)
    chains = walk("missing_mode", 100, start)
    assert abs((chains.x[:, 100] > 2.5).mean() - mass) < 4 * math.sqrt(mass * (1 - mass) / CHAINS)


@pytest.mark.parametrize("name", PAIRS)
@pytest.mark.parametrize("start", sampling.STARTS)
def test_chains_are_those_that_are_walked_by_hand(name, start) -> None:
    known, k = pair(name), 15
    chains = walk(name, k, start)
    x = chains.walk[0]
    for step in range(k):
        there = chains.proposed[step]
        ratio = (density(name, 0, there) / density(name, 1, there)) / (
            density(name, 0, x) / density(name, 1, x)
        )
        assert chains.ratio[step] == pytest.approx(ratio, rel=1e-5)
        assert chains.moves[step] == (chains.coin[step] < chains.ratio[step])
        x = there if chains.coin[step] < ratio else x
        assert chains.walk[step + 1] == x
    moved = np.flatnonzero(chains.moves)
    first = moved[0] + 1 if len(moved) else k + 1
    np.testing.assert_array_equal(chains.x[0, first:], chains.walk[first:])
    assert (chains.x[0, 0] == chains.walk[0]) == (start == "proposal")  # a real point never comes out
    assert chains.x.shape == (CHAINS, k + 1)
    assert chains.unmoved[0] == 1
    assert bool((np.diff(chains.unmoved) <= 0).all())
    assert bool((chains.exact <= chains.bound + 1e-12).all())
    assert chains.bound[2] == pytest.approx((1 - math.exp(-known.log_bound)) ** 2, rel=1e-9)
    for step in range(k + 1):
        inside, _ = np.histogram(chains.x[:, step], known.edges)
        left, right = (chains.x[:, step] < known.low).sum(), (chains.x[:, step] > known.high).sum()
        shares = np.array([left, *inside, right]) / CHAINS
        assert chains.measured[step] == pytest.approx(np.abs(shares - known.masses).sum() / 2)
    assert abs(chains.acceptance[k] - chains.theory[k]) < 0.02


@pytest.mark.parametrize("start", sampling.STARTS)
def test_where_the_chains_are_follows_the_law(start) -> None:
    """Chi-squared of all chains after 3 steps, in cells of at least 10; the law of 0 steps is told apart."""
    known = pair("two_bells")
    chains = walk("two_bells", 3, start)
    law, _ = chain_theory(known, 3, start)
    cuts = np.interp(np.arange(1, 40) / 40, np.cumsum(law[3]), known.x)
    counts = np.bincount(np.searchsorted(cuts, chains.x[:, 3]), minlength=40)
    assert stats.chisquare(counts).pvalue > 1e-3
    counts = np.bincount(np.searchsorted(cuts, chains.x[:, 0]), minlength=40)
    assert stats.chisquare(counts).pvalue < 1e-3


def test_the_same_seed_gives_the_same_draws() -> None:
    sampling.throw.cache_clear()
    first = throw("two_bells", 1.0, 3)
    sampling.throw.cache_clear()
    torch.manual_seed(99)
    np.testing.assert_array_equal(first.height, throw("two_bells", 1.0, 3).height)
    assert not np.array_equal(first.height, throw("two_bells", 1.0, 4).height)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: pair("one_bell"), "pair must be one of two_bells, missing_mode; got 'one_bell'"),
        (lambda: walk("two_bells", 5, "middle"), "start must be one of proposal, real; got 'middle'"),
        (lambda: walk("two_bells", 641), "from 1 to 640; got 641"),
        (lambda: walk("two_bells", 0), "from 1 to 640; got 0"),
        (lambda: throw("two_bells", math.nan), "log"),
    ],
)
def test_wrong_arguments_are_refused(call, said) -> None:
    with pytest.raises(ValueError, match=said):
        call()
