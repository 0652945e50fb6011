"""The MH-GAN paper's 25 Gaussians, through training: `python -m benchmarks.twenty_five_gaussians`.

Trains a population of GANs, judges plain draws, rejection by the discriminator (DRS) and Metropolis-Hastings (MH) at
every moment of `MOMENTS`, and rewrites the table and the picture of docs/samplers.md. The training, and what is
judged, are kept in a folder as they come, so that an interrupted run goes on where it was; `--only 20000` judges one
moment, `--quick` prints a small version and writes nothing.

G and D run once over K proposals for every point; all samplers of a run are offered the same ones, from the first on.
"""

from __future__ import annotations

import argparse
import json
import math
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from gan_edu.data.grid import grid
from gan_edu.figures.curves import curves
from gan_edu.games.gan import gan
from gan_edu.metrics import METRICS
from gan_edu.metrics.perfect import perfect
from gan_edu.recording import Proposal, Recording
from gan_edu.samplers.calibration import calibrated
from gan_edu.samplers.discriminator_rejection import discriminator_rejection
from gan_edu.samplers.draws import ROWS, Draws
from gan_edu.samplers.metropolis_hastings import metropolis_hastings
from gan_edu.training import Frame, train

DOCS = Path(__file__).parents[1] / "docs"
PAGE, PICTURE = DOCS / "samplers.md", DOCS / "pictures" / "samplers.png"
STD = 0.05
SPREAD = math.sqrt(2 + STD**2)
"""Of the coordinates of the grid -2..2: the data are divided by it."""
TARGET = replace(grid(side=5, spacing=1 / SPREAD, std=STD / SPREAD), quality_radius=4.0)
EPOCH = 1000  # steps: 64,000 points, 64 a batch
MOMENTS = [2, 4, 6, 8, 10, 12, 16, 20, 25, 30, 40, 50, 60]  # epochs
RUNS, SAMPLES, K, HELD_OUT = 5, 10_000, 640, 6_400
SETTINGS = {"batch_size": 64, "learning_rate": 1e-4, "optimizer": "adam:beta1=0.5", "seed": 0}


class Pool:
    """A generator's points with the discriminator's logit beside each, (n, 3), the same ones from the start.

    Args:
        proposal: Whose they are.
        size: Points that are drawn at once; what is wanted beyond them is drawn then.
    """

    def __init__(self, proposal: Proposal, size: int) -> None:
        self.proposal, self.size, self.taken = proposal, size, 0
        self.points = torch.cat([self.fresh(min(ROWS, size - first)) for first in range(0, size, ROWS)])

    def fresh(self, n: int) -> Tensor:
        """New ones, from G and D."""
        x = self.proposal.propose(n)
        with torch.no_grad():
            return torch.cat([x, self.proposal.log_ratio(x)[:, None]], 1)

    def __call__(self, n: int) -> Tensor:
        """The next ones."""
        known = self.points[self.taken : self.taken + n]
        self.taken += n
        return known if len(known) == n else torch.cat([known, self.fresh(n - len(known))])


def logit(points: Tensor) -> Tensor:
    """What the pool wrote beside each point."""
    return points[:, -1]


def scored(points: Tensor, cost: float) -> tuple[float, float, float]:
    """The paper's two measures, divergence and share of high quality, and the proposals that a point cost."""
    divergence, quality = (
        float(METRICS[name](points[:, :-1], TARGET))
        for name in ("jensen_shannon_modes", "high_quality_share")
    )
    return divergence, quality, cost


def judged(proposal: Proposal, seed: int, samples: int, k: int) -> dict[str, tuple[float, float, float]]:
    """What every sampler makes of one generator and its discriminator."""
    random = torch.Generator().manual_seed(seed)
    x_real = TARGET.sample((2 * HELD_OUT,), random)
    x_fake = proposal.propose(HELD_OUT)
    pool = Pool(proposal, samples * k)
    fitted, start = (
        torch.cat([x, proposal.log_ratio(x)[:, None]], 1).detach() for x in x_real.split(HELD_OUT)
    )
    fake = torch.cat([x_fake, proposal.log_ratio(x_fake)[:, None]], 1).detach()
    repaired, corrected = (calibrated(logit, fitted, fake, kind) for kind in ("isotonic", "isotonic_laplace"))

    def rejected(**settings: float) -> Draws:
        # at most as many proposals as the chains get
        return discriminator_rejection(pool, logit, samples, generator=random, limit=samples * k, **settings)

    def chains(ratio: Callable[[Tensor], Tensor]) -> Draws:
        return metropolis_hastings(pool, ratio, samples, generator=random, proposals=k, start=ratio(start))

    works: dict[str, Callable[[], Draws]] = {
        "DRS": lambda: rejected(percentile=95.0),
        "DRS 50": lambda: rejected(percentile=50.0),
        "DRS 0": lambda: rejected(gamma=0.0),
        "MH raw": lambda: chains(logit),
        "MH": lambda: chains(repaired),
        "MH Laplace": lambda: chains(corrected),
    }
    scores = {"plain": scored(pool(samples), 1.0)}
    for name, work in works.items():
        pool.taken = 0
        draws = work()
        scores[name] = scored(draws.x, draws.proposals_per_point)
    return scores


def moments(folder: Path, runs: int, epochs: Sequence[int]) -> Recording:
    """The training at all moments, kept in the folder as it goes."""
    kept = folder / "training.run"
    if kept.exists():
        return Recording.load(kept)
    game = gan(TARGET, width=100, depth=4, latent_dim=2)
    frames: list[Frame] = []  # every step draws its real points afresh
    for frame in train(game, runs=runs, steps=max(epochs) * EPOCH, steps_per_frame=EPOCH, **SETTINGS):
        if frame.step // EPOCH in epochs:
            frames.append(frame)
    folder.mkdir(parents=True, exist_ok=True)
    Recording(None, frames).save(kept)
    return Recording(None, frames)


Scores = dict[str, np.ndarray]
"""(R, 3) by sampler: see `scored`."""


def scores_at(recording: Recording, epoch: int, folder: Path, samples: int, k: int) -> Scores:
    """What is known of a moment, worked out if nothing is: every run's scores."""
    kept = folder / f"{epoch}.json"
    if not kept.exists():
        frame = recording.steps.tolist().index(epoch * EPOCH)
        runs = [
            judged(recording.proposal(frame, run, seed=epoch), 100 * epoch + run, samples, k)
            for run in range(recording.alive.shape[1])
        ]
        kept.write_text(json.dumps({name: [run[name] for run in runs] for name in runs[0]}))
    return {name: np.array(values) for name, values in json.loads(kept.read_text()).items()}


HEAD = (
    "epoch", "JSD plain", "DRS", "DRS, 50th", "DRS, γ = 0", "MH, D as it is", "MH", "MH, Laplace",
    "DRS / MH", "DRS / MH, Laplace", "MH lower", "MH, Laplace, lower",
    "HQ plain", "DRS", "DRS, γ = 0", "MH", "proposals a point: DRS", "γ = 0",
)  # fmt: skip


def row(epoch: int, scores: Scores) -> str:
    """A line of the table."""

    def told(name: str, measure: int, digits: int) -> str:
        values = scores[name][:, measure]
        return f"{values.mean():.{digits}f} ± {values.std(ddof=1):.{digits}f}"

    drs, *chains = (scores[name][:, 0] for name in ("DRS", "MH", "MH Laplace"))
    return line(
        [
            str(epoch),
            *(told(name, 0, 3) for name in ("plain", "DRS", "DRS 50", "DRS 0", "MH raw", "MH", "MH Laplace")),
            *(f"{drs.mean() / mh.mean():.1f}" for mh in chains),
            *(f"{int((mh < drs).sum())} of {len(mh)}" for mh in chains),
            *(told(name, 1, 2) for name in ("plain", "DRS", "DRS 0", "MH")),
            *(f"{scores[name][:, 2].mean():.0f}" for name in ("DRS", "DRS 0")),
        ]
    )


PANELS = {
    "as the paper has it": {"plain": "plain", "DRS": "DRS", "MH": "MH"},
    "up to 640 proposals a point for each": {
        "DRS, γ = 0": "DRS 0",
        "MH, D as it is": "MH raw",
        "MH": "MH",
        "MH, Laplace": "MH Laplace",
    },
}


def line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def table(known: dict[int, Scores]) -> str:
    return "\n".join([line(HEAD), line(["---"] * len(HEAD)), *(row(*item) for item in sorted(known.items()))])


def publish(known: dict[int, Scores], runs: int, samples: int) -> None:
    """Put the table and the picture of what is known into the docs."""
    begin, end = "<!-- table -->\n", "\n<!-- end -->"
    before, rest = PAGE.read_text().split(begin)
    PAGE.write_text(before + begin + table(known) + end + rest.split(end, 1)[1])
    epochs = sorted(known)
    if len(epochs) < 2:
        return
    panels = {
        title: {
            name: np.stack([known[epoch][key][:, 0] for epoch in epochs], 1) for name, key in lines.items()
        }
        for title, lines in PANELS.items()
    }
    picture = curves(
        epochs,
        panels,
        x_label="epoch (1,000 steps)",
        y_label=f"JSD of the modes, {runs} seeds",
        colours={"plain": "muted", "DRS, γ = 0": "fake", "MH, D as it is": "a", "MH, Laplace": "ink"},
        references={"perfect": perfect(METRICS["jensen_shannon_modes"], TARGET, samples).mean},
        log=True,
    )
    picture.save(PICTURE)
    print(picture.alt)


def main(arguments: Sequence[str] | None = None) -> None:
    """Judge every moment and publish it."""
    from tqdm.auto import tqdm

    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--folder", type=Path, default=Path("artefacts/twenty_five_gaussians"))
    parser.add_argument("--only", type=int, nargs="+", default=MOMENTS, choices=MOMENTS, metavar="EPOCH")
    parser.add_argument("--quick", action="store_true", help="2 runs, 2 epochs, few points, to stdout")
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    if options.quick:
        with tempfile.TemporaryDirectory() as name:
            recording = moments(Path(name), 2, [2])
            print(table({2: scores_at(recording, 2, Path(name), 500, 20)}))
        return
    recording = moments(options.folder, RUNS, MOMENTS)
    for epoch in tqdm(options.only, unit="moment"):
        scores_at(recording, epoch, options.folder, SAMPLES, K)
        done = [known for known in MOMENTS if (options.folder / f"{known}.json").exists()]
        publish(
            {known: scores_at(recording, known, options.folder, SAMPLES, K) for known in done}, RUNS, SAMPLES
        )


if __name__ == "__main__":
    main()
