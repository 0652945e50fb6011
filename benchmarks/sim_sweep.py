"""What the similarity term of MAD-GAN-Sim does: `python -m benchmarks.sim_sweep` prints tables in Markdown.

Every weight lambda is trained from the same starts on the same batches, with both kinds of D and with features that
can't be opposed (ReLU) and that can (tanh). lambda = 0 is the game without the term: `mad_gan`, or k isolated tries.
`--quick` takes few weights, runs and steps.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from gan_edu.data.ring import ring
from gan_edu.games.adversaries import Hidden
from gan_edu.games.game import Game
from gan_edu.games.mad_gan import mad_gan
from gan_edu.games.mad_gan_sim import mad_gan_sim, margins
from gan_edu.metrics.modes import basins, high_quality_share, mode_shares, reverse_kl_modes
from gan_edu.recording import draw_samples
from gan_edu.training import Frame, Training, train

K, WIDTH, RUNS = 8, 32, 16  # RUNS of a population; 32 at once leave the cache
EACH = 250  # samples of every generator
WEIGHTS = (0.0, 1e-3, 1e-2, 1e-1, 1.0, 10.0)
ACTIVATIONS: tuple[Hidden, ...] = ("relu", "tanh")
SETTINGS: dict[str, Any] = {"dynamics": "alternating:discriminator_steps=5", "batch_size": 128}
ROUNDS, STEPS = 5, 20  # of the measurement of cost
HEAD = (
    *("λ", "all modes", "basins", "high quality", "KL of modes", "homes", "in common", "cosine", "active"),
    "gained : lost",
)
SHARES = ("all modes", "active")


def game(weight: float, classify: bool, activation: Hidden) -> Game:
    """One row's game."""
    return mad_gan_sim(ring(), K, weight, classify, width=WIDTH, activation=activation)


def judged(frame: Frame) -> dict[str, Tensor]:
    """Every number of the table, one for each run: (R,)."""
    target, random = frame.settings.game.target, torch.Generator().manual_seed(0)
    x = draw_samples(frame, EACH * K)
    shares = mode_shares(x.unflatten(1, (-1, K)).transpose(1, 2), target)  # (R, k, M)
    common = torch.minimum(shares[:, :, None], shares[:, None]).sum(-1)  # of each pair, and 1 with itself
    with torch.no_grad():
        batch = frame.settings.game.draw(len(x), EACH * K, random)
        held = margins(frame.settings.game, frame.players, batch)
    reached = basins(x, target)
    return {
        "all modes": (reached == target.n_modes).float(),
        "basins": reached.float(),
        "high quality": high_quality_share(x, target),
        "KL of modes": reverse_kl_modes(x, target),
        "homes": torch.tensor([len(set(row)) for row in shares.argmax(-1).tolist()]).float(),
        "in common": (common.sum((1, 2)) - K) / (K * (K - 1)),
        "cosine": -held.mean((1, 2)),  # in the mean over generators all D cancel
        "active": (held < 0).float().mean((1, 2)),
    }


def costs(classify: bool, activation: Hidden) -> list[float]:
    """CPU time of a step of MAD-GAN-Sim over one of MAD-GAN with the same D, taken in turns."""
    plain_game = mad_gan(ring(), K, classify, width=WIDTH, activation=activation)
    games = game(1.0, classify, activation), plain_game
    both = [train(one, runs=RUNS, steps_per_frame=STEPS, **SETTINGS) for one in games]
    for training in both:
        next(training)
        training.warm_up()
    ratios = []
    for _ in range(ROUNDS):
        sim, plain = (_cpu_seconds(training) for training in both)
        ratios.append(sim / plain)
    return ratios


def _cpu_seconds(training: Training) -> float:
    before = time.process_time()
    next(training)
    return time.process_time() - before


def population(weight: float, classify: bool, activation: Hidden, runs: int, steps: int) -> dict[str, Tensor]:
    """What `judged` says after the last step, for as many runs."""
    found: list[dict[str, Tensor]] = []
    for seed in range(runs // RUNS):
        one = game(weight, classify, activation)
        *_, last = train(one, steps=steps, steps_per_frame=steps, runs=RUNS, seed=seed, **SETTINGS)
        found.append(judged(last))
    return {name: torch.cat([part[name] for part in found]) for name in found[0]}


def cells(weight: float, found: dict[str, Tensor], without: Tensor) -> list[str]:
    """A row: means with their standard errors, shares, and in how many runs homes were gained and lost."""
    told = [f"{weight:g}"]
    for name, values in found.items():
        mean, error = float(values.mean()), float(values.std()) / len(values) ** 0.5
        told.append(f"{mean:.0%}" if name in SHARES else f"{mean:.2f} ± {error:.2f}")
    more = found["homes"] - without
    return [*told, f"{int((more > 0).sum())} : {int((more < 0).sum())}"]


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help=f"three weights, {RUNS} runs, 50 steps")
    parser.add_argument("--runs", type=int, default=64, help=f"of each row, a multiple of {RUNS}")
    parser.add_argument("--steps", type=int, default=400, help="of the generators")
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    weights = (0.0, 1e-2, 1.0) if options.quick else WEIGHTS
    runs, steps = (RUNS, 50) if options.quick else (options.runs, options.steps)
    for activation in ACTIVATIONS:
        for classify in (False, True):
            kind = "which generator it was" if classify else "real or not"
            cost = sorted(costs(classify, activation))[ROUNDS // 2]
            print(f"\n### D says {kind}, {activation}: {runs} runs, {steps} steps, cost {cost:.2f}\n")
            print(f"| {' | '.join(HEAD)} |\n| {' | '.join(['---'] * len(HEAD))} |")
            without = torch.empty(0)
            for weight in weights:
                found = population(weight, classify, activation, runs, steps)
                without = found["homes"] if not weight else without
                print(f"| {' | '.join(cells(weight, found, without))} |", flush=True)


if __name__ == "__main__":
    main()
