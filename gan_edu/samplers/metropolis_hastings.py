"""Metropolis-Hastings with independent proposals: the MH-GAN."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import torch
from torch import Tensor

from gan_edu.parameters import Range, method
from gan_edu.samplers.draws import KEPT, Count, Draws, LogRatio, Propose, checked, judged, shown

if TYPE_CHECKING:
    from tqdm import tqdm

IMPOSSIBLE = -1e30
"""Stands for a log ratio of -inf where a chain starts, so that it leaves for the first point that is possible."""
AT_ONCE = 2**20
"""Proposals in memory at the same time: as many chains as fit walk side by side."""


@method
def metropolis_hastings(
    propose: Propose,
    log_ratio: LogRatio,
    n: Count,
    *,
    generator: torch.Generator,
    proposals: Annotated[int, Range(1, 10**6, slider=(1, 640), log=True, label="proposals a chain K")] = 100,
    start: Tensor | None = None,
    restart: bool = True,
    progress: bool = False,
) -> Draws:
    """Chains of K proposals from q each, n of them; a chain at x goes to x' with probability min(1, w(x') / w(x)).

    No bound on w is needed. After K steps the distance to p is at most (1 - 1/M)^K in total variation, where
    M = sup w. A chain that starts in a point of p is there at once, so the paper starts it with the log ratio of a
    held-out real point, which itself is never given out; a chain that never left it begins again, at a fresh
    proposal and with fresh proposals (the refused ones again would bias it).

    Args:
        propose: n -> (n, d), points of q.
        log_ratio: x -> log w, (n, d) -> (n,); for a GAN the logit, the better calibrated the better.
        n: Points wanted, the last one of a chain each.
        generator: Of the coins.
        proposals: K.
        start: Log ratios of real points; chain i starts at number i of them, and from the first again where they
            are fewer than chains. Without, chains start at a proposal.
        restart: Whether chains that never moved begin again; if not, their x is nan.
        progress: Show a bar, in a notebook or on the terminal's stderr, after the first second.

    Returns:
        The draws, with proposals (n, K, d) and so on of the first chains; `moved` is that of a chain's first walk.

    Raises:
        ValueError: If a shape is wrong, a ratio is nan or +inf, or a number is out of its range.

    Example:
        >>> random = torch.Generator().manual_seed(0)
        >>> narrow = lambda n: torch.randn(n, 1, generator=random)  # to become N(0, 4): there is no bound M
        >>> log_w = lambda x: (3 / 8 * x.square())[:, 0]
        >>> draws = metropolis_hastings(narrow, log_w, 500, generator=random, proposals=200)
        >>> 1.4 < float(draws.x.std()) < 2.2
        True

    Reference:
        Turner et al. (2019), Metropolis-Hastings Generative Adversarial Networks, arXiv 1811.11357, sec. 3 and
        algorithm 1. Mengersen, Tweedie (1996), Rates of convergence of the Hastings and Metropolis algorithms.
    """
    if start is not None:
        if start.ndim != 1 or not len(start):
            raise ValueError(f"start must hold log ratios, one a point; got shape {tuple(start.shape)}")
        start = checked(start)
    at_once = max(1, AT_ONCE // proposals)
    walks = []
    with shown(n * proposals, "proposal", progress) as bar:

        def walked(chains: range, start: Tensor | None) -> tuple[Tensor, ...]:
            return _walk(propose, log_ratio, chains, proposals, start, generator, bar)

        for first in range(0, n, at_once):
            walk = walked(range(first, min(first + at_once, n)), start)
            n_kept = max(0, KEPT // proposals - first)
            # a clone: a slice, even an empty one, would hold on to all that these chains were offered
            walks.append((*walk[:3], *(part[:n_kept].clone() for part in walk[3:])))
            del walk
        x, moved, n_accepted, *kept = (torch.cat(parts) for parts in zip(*walks, strict=True))
        points, accepted, probability, ratio = kept
        (stuck,) = (~moved).nonzero(as_tuple=True)
        restarted = len(stuck) if restart and start is not None else 0
        bar.total += restarted * proposals
        for chains in stuck.split(at_once) if restarted else ():
            x[chains], _, again, *_ = walked(range(len(chains)), None)
            n_accepted = torch.cat([n_accepted, again])
    n_judged = proposals * (n + restarted)
    return Draws(x, n_judged, int(n_accepted.sum()), points, accepted, probability, ratio, moved, restarted)


def _walk(
    propose: Propose,
    log_ratio: LogRatio,
    chains: range,
    proposals: int,
    start: Tensor | None,
    generator: torch.Generator,
    bar: tqdm[Any],
) -> tuple[Tensor, ...]:
    """Where each chain ends (C, d), whether it moved (C,), accepted (C,), and all that it was offered (C, K, ...)."""
    n_chains = len(chains)
    x, ratio = judged(propose, log_ratio, n_chains * proposals, bar)
    offered = ratio.double().unflatten(0, (n_chains, proposals)).mT.contiguous()  # (K, C): a step is a row
    if start is None:
        ends, here = judged(propose, log_ratio, n_chains)
    else:
        ends = x.new_full((n_chains, x.shape[-1]), torch.nan)
        here = start[torch.tensor(chains, device=start.device) % len(start)]
    here = here.double().clamp_min(IMPOSSIBLE)
    coins = torch.rand(
        offered.shape, generator=generator, device=generator.device, dtype=torch.float64
    ).log_()
    last = torch.full((n_chains,), -1, device=x.device)
    gain, accepted = torch.empty_like(offered), torch.empty_like(offered, dtype=torch.bool)
    for k in range(proposals):
        torch.sub(offered[k], here, out=gain[k])
        torch.lt(coins[k], gain[k], out=accepted[k])
        here = torch.where(accepted[k], offered[k], here)
        last.masked_fill_(accepted[k], k)
    moved = last >= 0
    x = x.unflatten(0, (n_chains, proposals))
    ends[moved] = x[moved, last[moved]]
    probability = gain.clamp_(max=0).exp_()
    return ends, moved, accepted.sum(0), x, accepted.mT, probability.mT, offered.mT
