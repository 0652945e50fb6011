"""What sampling costs beside the forward passes that nobody can avoid: `python -m benchmarks.samplers`.

GANs of two sizes after 200 steps on 25 Gaussians: the MH-GAN's toy (4 layers of 100 units, z in R²) and the default
of `gan`. The limit is G and D over as many proposals and nothing else. The textbook is one chain after another, with
one proposal at a time through G and D; and, for comparison, with all proposals of a chain in one batch. CPU time of
one thread, the smallest of interleaved rounds.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import torch

from gan_edu.data.grid import grid
from gan_edu.games.game import Game
from gan_edu.games.gan import gan
from gan_edu.recording import Proposal, record
from gan_edu.samplers.calibration import calibrated
from gan_edu.samplers.discriminator_rejection import discriminator_rejection
from gan_edu.samplers.draws import ROWS
from gan_edu.samplers.metropolis_hastings import metropolis_hastings

ROUNDS, CHAINS, K = 3, 1000, 640
FEW, PILOT = 5, 1000
"""Chains of the textbook's, whose time is told per chain."""


def seconds(work: Callable[[], object]) -> float:
    """CPU seconds of one call."""
    began = time.process_time()
    work()
    return time.process_time() - began


def forward(proposal: Proposal, rows: int) -> None:
    """G and D over so many proposals."""
    with torch.no_grad():
        for first in range(0, rows, ROWS):
            proposal.log_ratio(proposal.propose(min(ROWS, rows - first)))


def textbook(proposal: Proposal, chains: int, batch: int) -> list[torch.Tensor]:
    """One chain after another, so many proposals at a time."""
    ends = []
    with torch.no_grad():
        for _ in range(chains):
            x = proposal.propose(1)
            here = proposal.log_ratio(x).sigmoid().item()
            for _ in range(K // batch):
                offered = proposal.propose(batch)
                for k, there in enumerate(proposal.log_ratio(offered).sigmoid().tolist()):
                    ratio = (1 / here - 1) / max(1 / there - 1, 1e-12)
                    if torch.rand(1).item() < ratio:
                        x, here = offered[k], there
            ends.append(x)
    return ends


def main() -> None:
    """Print both tables."""
    torch.set_num_threads(1)
    sizes = {
        "4 layers of 100 units, z in R^2": gan(grid(), width=100, depth=4, latent_dim=2),
        "the default of gan": gan(grid()),
    }
    for name, game in sizes.items():
        print(f"{name}:")
        measure(game)


def measure(game: Game) -> None:
    """Print what sampling from one GAN costs."""
    proposal = record(game, steps=200, learning_rate=1e-4, progress=False).proposal()
    random = torch.Generator().manual_seed(1)
    x_real, x_fake = game.target.sample(5000, random), proposal.propose(5000)
    ratios = {
        kind: calibrated(proposal.log_ratio, x_real, x_fake, kind) for kind in ("none", "platt", "isotonic")
    }
    rows = CHAINS * (K + 1)

    def chains(kind: str) -> object:
        return metropolis_hastings(proposal.propose, ratios[kind], CHAINS, generator=random, proposals=K)

    works: dict[str, Callable[[], object]] = {
        "forward": lambda: forward(proposal, rows),
        **{kind: lambda kind=kind: chains(kind) for kind in ratios},
        "one by one": lambda: textbook(proposal, FEW, 1),
        "in a batch": lambda: textbook(proposal, 4 * FEW, K),
    }
    rounds = [[seconds(work) for work in works.values()] for _ in range(ROUNDS)]
    best = dict(zip(works, map(min, zip(*rounds, strict=True)), strict=True))
    print(f"Metropolis-Hastings, {CHAINS:,} chains of K = {K}: share of the rate of bare forward passes")
    for kind in ratios:
        print(f"  calibration {kind:10} {best['forward'] / best[kind]:6.2f}   (goal .80)")
    print("  against one chain after another, (the bare forward passes in brackets)")
    for name, count, goal in (("one by one", FEW, "   (goal 100)"), ("in a batch", 4 * FEW, "")):
        slow = best[name] / count * CHAINS
        print(f"    proposals {name:10} {slow / best['none']:6.0f}x  [{slow / best['forward']:.0f}x]{goal}")

    shares = []
    for _ in range(ROUNDS):
        began = time.process_time()
        draws = discriminator_rejection(
            proposal.propose, proposal.log_ratio, 2000, generator=random, pilot=PILOT
        )
        spent = time.process_time() - began
        rows = draws.n_proposals + PILOT
        shares.append(spent / seconds(lambda rows=rows: forward(proposal, rows)))
    rate = draws.acceptance_rate
    print(f"DRS at an acceptance of {rate:.3f}: {min(shares):.2f} x its forward passes (goal 1.5)")


if __name__ == "__main__":
    main()
