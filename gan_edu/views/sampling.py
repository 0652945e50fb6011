"""Samplers on known densities of the line: what falls, what is kept, and what theory says of both.

With a target p, a proposal q and w = p / q, rejection throws darts at the area under M q, at (x, u M q(x)) for x ~ q
and a coin u. Those under p stay: min(1, w / M) of them at x, which makes

    acceptance = E_q[min(w, M)] / M        density of what comes out = min(p, M q) / (M acceptance)

Metropolis-Hastings goes from x to x' ~ q if u < w(x') / w(x). Its law after k steps is worked out on a grid: with
lambda(x) the probability that a step from x is refused, and pi the law before,

    pi'(y) = q(y) sum_x pi(x) min(1, w(y) / w(x)) + pi(y) lambda(y).

Reference:
    Smith, Tierney (1996), Exact transition probabilities for the independence Metropolis sampler.
    Turner et al. (2019), Metropolis-Hastings Generative Adversarial Networks, arXiv 1811.11357, sec. 3.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from gan_edu.data.line import line
from gan_edu.data.target import Target
from gan_edu.samplers.draws import ROWS, Propose
from gan_edu.samplers.metropolis_hastings import metropolis_hastings
from gan_edu.samplers.rejection import rejection

DARTS = ROWS
"""Darts that are thrown: as many as rejection judges at once, so that its coins can be drawn again."""
CHAINS = 1000
MOST_PROPOSALS = 640
"""Of a chain: so few that all chains walk side by side, and their coins can be drawn again."""
CELLS = 48
"""Of a histogram, within the picture; there are two more for what lies left and right of it."""
POINTS = 1401
"""Of the grid on which integrals are sums; a few standard deviations wider than the picture."""
STARTS = ("proposal", "real")
"""Where a chain can start."""


@dataclass(frozen=True)
class Pair:
    """A target and a proposal of which everything is known.

    Args:
        target: p, in float64.
        proposal: q, in float64.
        low, high: Ends of the picture.
        x: (K,) the grid, wider than the picture.
        p, q: (K,) densities there.
        log_bound: log M = log sup w.
    """

    target: Target
    proposal: Target
    low: float
    high: float
    x: np.ndarray
    p: np.ndarray
    q: np.ndarray
    log_bound: float

    @property
    def edges(self) -> np.ndarray:
        """(CELLS + 1,) of the histogram's cells."""
        return np.linspace(self.low, self.high, CELLS + 1)

    @property
    def masses(self) -> np.ndarray:
        """(CELLS + 2,) what p gives to each cell, and to the left and right of all."""
        return np.diff(self.ranks(self.edges), prepend=0.0, append=1.0)

    def ranks(self, x: np.ndarray) -> np.ndarray:
        """F_p of some points: (n,) -> (n,) from 0 to 1, spread evenly if the points have the law p."""
        below = torch.special.ndtr(
            (torch.tensor(x)[:, None] - self.target.components[:, 0]) / self.target.stds
        )
        return (below * self.target.weights).sum(-1).numpy()

    def log_ratio(self, x: Tensor) -> Tensor:
        """Exact log w: (n, 1) -> (n,)."""
        return self.target.log_prob(x) - self.proposal.log_prob(x)

    def count(self, x: np.ndarray) -> np.ndarray:
        """How many points (n,) are in each cell: (CELLS + 2,)."""
        return np.bincount(np.searchsorted(self.edges, x), minlength=CELLS + 2)


def _pair(target: Target, proposal: Target, low: float, high: float) -> Pair:
    target, proposal = (made.to("cpu", torch.float64) for made in (target, proposal))
    room = (high - low) / 8
    fine = torch.linspace(low - room, high + room, 40_001, dtype=torch.float64)[:, None]
    x = np.linspace(low - room, high + room, POINTS)
    p, q = (made.log_prob(torch.tensor(x)[:, None]).exp().numpy() for made in (target, proposal))
    log_bound = float((target.log_prob(fine) - proposal.log_prob(fine)).max())
    return Pair(target, proposal, low, high, x, p, q, log_bound)


MAKERS: dict[str, Callable[[], Pair]] = {
    "two_bells": lambda: _pair(
        line([-1.5, 1.5], [0.5, 0.5], weights=[0.375, 0.625]), line([0.0], [2.0]), -6.0, 6.0
    ),
    "missing_mode": lambda: _pair(line(range(4), [0.25] * 4), line(range(3), [0.3125] * 3), -1.2, 5.2),
}
"""Pairs by name: two bells under one wide bell; four bells of which the proposal has as good as three."""


@lru_cache
def pair(name: str) -> Pair:
    """A pair by its name.

    Raises:
        ValueError: If there is none of that name.

    Example:
        >>> round(math.exp(pair("missing_mode").log_bound), -1)
        1408000.0

    Reference:
        The second is the one-dimensional example of Turner et al. (2019), arXiv 1811.11357.
    """
    if name not in MAKERS:
        raise ValueError(f"pair must be one of {', '.join(MAKERS)}; got {name!r}")
    return MAKERS[name]()


def total_variation(p: np.ndarray, q: np.ndarray) -> float:
    """1/2 sum |p - q| of two lists of probabilities, from 0 to 1: (K,), (K,) -> number.

    Example:
        >>> total_variation(np.array([0.5, 0.5]), np.array([1.0, 0.0]))
        0.5
    """
    return float(np.abs(p - q).sum() / 2)


def perfect_total_variation(masses: np.ndarray, n: int) -> float:
    """What the histogram of n perfect draws is away from p on average: (K,) -> number.

    De Moivre: E|X - n p| = 2 m C(n, m) p^m (1 - p)^(n - m + 1) for X ~ Binomial(n, p), m = floor(n p) + 1.

    Args:
        masses: Probabilities of the cells.
        n: Draws, at least 1.

    Example:
        >>> perfect_total_variation(np.array([0.5, 0.5]), 1)
        0.5

    Reference:
        Diaconis, Zabell (1991), Closed form summation for classical distributions, Statistical Science 6.
    """
    total = 0.0
    for p in masses:
        m = math.floor(n * p) + 1
        if p < 1e-300 or m > n:
            continue
        choose = math.lgamma(n + 1) - math.lgamma(m + 1) - math.lgamma(n - m + 1)
        total += 2 * m * math.exp(choose + m * math.log(p) + (n - m + 1) * math.log1p(-p))
    return total / (2 * n)


@dataclass(frozen=True)
class Darts:
    """What rejection does, dart by dart.

    Args:
        pair: Target and proposal.
        log_bound: log M.
        x: (N,) where the darts fall.
        height: (N,) u M q(x).
        accepted: (N,) whether they are under p.
        acceptance: In theory.
        density: (K,) of what comes out in theory, on the pair's grid.
        total_variation: Between that and p.
    """

    pair: Pair
    log_bound: float
    x: np.ndarray
    height: np.ndarray
    accepted: np.ndarray
    acceptance: float
    density: np.ndarray
    total_variation: float

    def out(self, n: int) -> np.ndarray:
        """What has come out after n darts."""
        return self.x[:n][self.accepted[:n]]


def rejection_theory(known: Pair, log_bound: float) -> tuple[float, np.ndarray]:
    """Acceptance E_q[min(w, M)] / M, and the density of what comes out (K,), for any M.

    Example:
        >>> acceptance, density = rejection_theory(pair("two_bells"), 2.0)
        >>> round(acceptance * math.exp(2.0), 6)
        1.0
    """
    kept = np.minimum(known.p, math.exp(log_bound) * known.q)
    mass = float(kept.sum() * (known.x[1] - known.x[0]))
    return mass * math.exp(-log_bound), kept / mass


@lru_cache(8)
def throw(name: str, log_bound: float, seed: int = 0) -> Darts:
    """Throw `DARTS` darts; the same ones, and the same coins, for every M.

    Args:
        name: Of the pair.
        log_bound: log M.
        seed: Of proposals and coins.

    Raises:
        ValueError: If there is no such pair, or log M is not finite.

    Example:
        >>> darts = throw("two_bells", 2.0)
        >>> bool(abs(darts.accepted.mean() - darts.acceptance) < 0.03)
        True
    """
    known = pair(name)
    propose, coins = _random(known, seed)
    draws = rejection(propose, known.log_ratio, DARTS, generator=coins, log_bound=log_bound, limit=DARTS)
    u = _random(known, seed)[1]  # what was tossed, tossed again
    heights = (
        torch.rand(DARTS, generator=u, dtype=torch.float64) * known.proposal.log_prob(draws.proposals).exp()
    )
    acceptance, density = rejection_theory(known, log_bound)
    return Darts(
        known,
        log_bound,
        draws.proposals[:, 0].numpy(),
        heights.numpy() * math.exp(log_bound),
        draws.accepted.numpy(),
        acceptance,
        density,
        total_variation(density, known.p) * float(known.x[1] - known.x[0]),
    )


@dataclass(frozen=True)
class Chains:
    """What Metropolis-Hastings does, step by step, in many chains side by side.

    Args:
        pair: Target and proposal.
        start: Where chains start, one of `STARTS`.
        x: (C, K + 1) where each would come out after so many steps: one that started in a real point and has not
            moved yet begins again, at a proposal and with fresh ones.
        walk: (K + 1,) where the first chain is; its real start too, which never comes out.
        proposed, ratio, coin, moves: (K,) what that chain is offered at each step, w(x') / w(x), the coin, and
            whether it goes there.
        acceptance: (K + 1,) share of all proposals so far that were accepted; nan before the first.
        theory: (K + 1,) what it is on average.
        unmoved: (K + 1,) share of the chains that have not moved yet.
        measured, exact: (K + 1,) total variation of the histogram, and of the exact law, to p.
        bound: (K + 1,) (1 - 1/M)^k.
    """

    pair: Pair
    start: str
    x: np.ndarray
    walk: np.ndarray
    proposed: np.ndarray
    ratio: np.ndarray
    coin: np.ndarray
    moves: np.ndarray
    acceptance: np.ndarray
    theory: np.ndarray
    unmoved: np.ndarray
    measured: np.ndarray
    exact: np.ndarray
    bound: np.ndarray


def chain_theory(known: Pair, proposals: int, start: str) -> tuple[np.ndarray, np.ndarray]:
    """Metropolis-Hastings on the grid: the law of what comes out after 0 to K steps, and the acceptance of each.

    From a real point on, moved chains have the law p (1 - lambda^k); a share U_k = E_p[lambda^k] has not moved, and
    begins again at a proposal, where the law is q P^k.

    Args:
        known: The pair.
        proposals: K.
        start: One of `STARTS`.

    Returns:
        Probabilities of the grid's points (K + 1, N), and the acceptance of step 1 to K (K,), of first walks.

    Example:
        >>> law, acceptance = chain_theory(pair("two_bells"), 3, "real")
        >>> law.shape, bool(acceptance[0] == acceptance[2])
        ((4, 1401), True)
    """
    q, p = known.q / known.q.sum(), known.p / known.p.sum()
    w = p / q
    order = np.argsort(w)
    p, q, w = p[order], q[order], w[order]
    leaves = _from_above(q) + (np.cumsum(p) - p) / w
    stays = np.clip(1 - leaves, 0, 1)
    from_q = np.empty((proposals + 1, len(q)))
    from_q[0] = law = q
    for k in range(1, proposals + 1):
        share = law / w
        law = q * (np.cumsum(law) + w * (_from_above(share) - share)) + law * stays
        from_q[k] = law
    if start == "proposal":
        laws, acceptance = from_q, from_q[:-1] @ leaves
    else:
        still = p * stays ** np.arange(proposals + 1)[:, None]
        laws = p - still + still.sum(-1, keepdims=True) * from_q
        acceptance = np.full(proposals, float(p @ leaves))
    back = np.empty_like(laws)
    back[:, order] = laws
    return back, acceptance


@lru_cache(8)
def walk(name: str, proposals: int, start: str = "proposal", seed: int = 0) -> Chains:
    """Walk `CHAINS` chains of K steps.

    Args:
        name: Of the pair.
        proposals: K, 1 to `MOST_PROPOSALS`.
        start: One of `STARTS`.
        seed: Of everything random.

    Raises:
        ValueError: If the pair or the start is unknown, or K out of its range.

    Example:
        >>> chains = walk("two_bells", 20)
        >>> bool(chains.exact[20] < chains.bound[20] < chains.exact[0])
        True
    """
    known = pair(name)
    if start not in STARTS:
        raise ValueError(f"start must be one of {', '.join(STARTS)}; got {start!r}")
    if isinstance(proposals, bool) or not isinstance(proposals, int) or not 1 <= proposals <= MOST_PROPOSALS:
        raise ValueError(f"proposals must be a whole number from 1 to {MOST_PROPOSALS}; got {proposals!r}")
    first = known.target if start == "real" else known.proposal
    begin = first.sample(CHAINS, torch.Generator().manual_seed(seed + 2))
    propose, coins = _random(known, seed)
    draws = metropolis_hastings(
        propose, known.log_ratio, CHAINS, generator=coins, proposals=proposals,
        start=known.log_ratio(begin), restart=False,
    )  # fmt: skip
    offered, accepted = draws.proposals[..., 0].numpy(), draws.accepted.numpy()
    x, moved = _places(begin[:, 0].numpy(), offered, accepted)
    here = x[0]
    if start == "real":
        again = walk(name, proposals, "proposal", seed + 10)
        x = np.where(moved, x, again.x)
    law, each = chain_theory(known, proposals, start)
    tossed = torch.rand((proposals, CHAINS), generator=_random(known, seed)[1], dtype=torch.float64)
    log_w = known.log_ratio(torch.tensor(here)[:, None]).numpy()
    steps = np.arange(1, proposals + 1)
    p = known.p / known.p.sum()
    return Chains(
        pair=known,
        start=start,
        x=x,
        walk=here,
        proposed=offered[0],
        ratio=np.exp(draws.log_ratio[0].numpy() - log_w[:-1]),
        coin=tossed[:, 0].numpy(),
        moves=accepted[0],
        acceptance=np.append(np.nan, accepted.mean(0).cumsum() / steps),
        theory=np.append(np.nan, each.cumsum() / steps),
        unmoved=1 - moved.mean(0),
        measured=np.array([total_variation(known.count(column) / CHAINS, known.masses) for column in x.T]),
        exact=np.abs(law - p).sum(-1) / 2,
        bound=(-math.expm1(-known.log_bound)) ** np.arange(proposals + 1),
    )


def _from_above(values: np.ndarray) -> np.ndarray:
    """Sums of each value and all after it; from the far end, where small numbers must not drown in large ones."""
    return np.cumsum(values[::-1])[::-1]


def _places(begin: np.ndarray, offered: np.ndarray, accepted: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where chains (C,) are after 0 to K steps, and whether they have moved: (C, K + 1) each."""
    n_chains, proposals = offered.shape
    last = np.where(accepted, np.arange(1, proposals + 1), 0)
    last = np.maximum.accumulate(np.column_stack([np.zeros(n_chains, dtype=int), last]), axis=1)
    return np.take_along_axis(np.column_stack([begin, offered]), last, 1), last > 0


def _random(known: Pair, seed: int) -> tuple[Propose, torch.Generator]:
    """Proposals, and the generator of coins."""
    generator = torch.Generator().manual_seed(seed)
    return lambda n: known.proposal.sample(n, generator), torch.Generator().manual_seed(seed + 1)
