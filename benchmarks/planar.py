"""Planar games played in plain numbers: `python -m benchmarks.planar`.

10,000 steps of every dynamics together, on xy and on the Dirac-GAN, against the same steps written by hand in plain
Python (the floor: no framework at all), by hand in numpy arrays, and as an idiomatic PyTorch loop with autograd;
those three take simultaneous steps. CPU time of one thread, medians of interleaved rounds. Writing the programs
down (tracing) happens once for each recipe and is timed apart.
"""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable

import numpy as np
import torch
from torch.nn.functional import softplus

from gan_edu import catalogue
from gan_edu.games.bilinear import bilinear
from gan_edu.games.dirac import dirac
from gan_edu.games.game import Game
from gan_edu.games.quadratic import quadratic
from gan_edu.trajectory import trajectory

ROUNDS, STEPS, FEW = 7, 10_000, 500
ETA, START = 0.01, (1.0, 0.3)
GOAL = 1.0
GAMES = {"xy": bilinear(), "dirac": dirac(gradient_penalty=0.3), "dirac, noise": dirac(noise=0.7)}


def seconds(work: Callable[[], object]) -> float:
    """CPU seconds of one call."""
    began = time.process_time()
    work()
    return time.process_time() - began


def play(game: Game, dynamics: str, steps: int = STEPS) -> None:
    """As the package plays it."""
    trajectory(game, steps=steps, start=START, dynamics=dynamics, learning_rate=ETA)


def plain_python(game: str) -> list[tuple[float, float]]:
    """Simultaneous steps with the slopes derived on paper."""
    x, y = START
    path = [(x, y)]
    if game == "xy":
        for _ in range(STEPS):
            x, y = x - ETA * y, y + ETA * x
            path.append((x, y))
    else:
        for _ in range(STEPS):
            s = 1 / (1 + math.exp(x * y))
            x, y = x - ETA * y * s, y + ETA * (x * s - 0.3 * y)
            path.append((x, y))
    return path


def numpy_arrays(game: str) -> np.ndarray:
    """The same with a point as an array."""
    w, path = np.array(START), np.empty((STEPS + 1, 2))
    path[0] = w
    turn = np.array([[0.0, 1.0], [-1.0, 0.0]])
    for step in range(STEPS):
        v = turn @ w
        if game != "xy":
            v = v / (1 + np.exp(w[0] * w[1])) + np.array([0.0, 0.3]) * w
        w = w - ETA * v
        path[step + 1] = w
    return path


def plain_torch(game: str) -> None:
    """FEW steps with autograd and an optimizer for each player."""
    x, y = (torch.nn.Parameter(torch.tensor([value], dtype=torch.float64)) for value in START)
    movers = [torch.optim.SGD([x], lr=ETA), torch.optim.SGD([y], lr=ETA)]
    for _ in range(FEW):
        if game == "xy":
            loss_x, loss_y = (x * y).sum(), -(x * y).sum()
        else:
            loss_x = -softplus(-y * x).sum()
            loss_y = (softplus(-y * x) + 0.15 * y * y).sum()
        (x.grad,) = torch.autograd.grad(loss_x, x, retain_graph=True)
        (y.grad,) = torch.autograd.grad(loss_y, y)
        for mover in movers:
            mover.step()


def main() -> None:
    """Print the table."""
    torch.set_num_threads(1)
    names = list(catalogue.entries("dynamics"))
    play(quadratic(), "simultaneous", 1)  # imports the tracer
    print(f"torch {torch.__version__}, one thread, medians of {ROUNDS} rounds, {STEPS:,} steps")
    for title, game in GAMES.items():
        writing = {name: seconds(lambda name=name, game=game: play(game, name, 1)) for name in names}
        took: dict[str, list[float]] = {name: [] for name in names}
        ratios: dict[str, list[float]] = {"plain Python": [], "numpy": [], "plain torch": []}
        for _ in range(ROUNDS):
            for name in names:
                took[name].append(seconds(lambda name=name, game=game: play(game, name)))
            if title in ("xy", "dirac"):
                own = took["simultaneous"][-1]
                ratios["plain Python"].append(seconds(lambda title=title: plain_python(title)) / own)
                ratios["numpy"].append(seconds(lambda title=title: numpy_arrays(title)) / own)
                ratios["plain torch"].append(
                    seconds(lambda title=title: plain_torch(title)) * STEPS / FEW / own
                )
        medians = {name: statistics.median(times) for name, times in took.items()}
        together = statistics.median(sum(times) for times in zip(*took.values(), strict=True))
        print(
            f"\n{title}: all {len(names)} together {together:.2f} s (goal {GOAL:g}); written down in", end=" "
        )
        print(f"{sum(writing.values()):.1f} s, once")
        for name in names:
            print(
                f"  {name:32} {1e6 * medians[name] / STEPS:6.2f} us a step, written down in {writing[name]:.2f} s"
            )
        for how, found in ratios.items():
            if found:
                print(f"  {how} / ours, simultaneous: {statistics.median(found):.2f}")


if __name__ == "__main__":
    main()
