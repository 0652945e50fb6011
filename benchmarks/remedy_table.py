"""What remedies do, over many seeds: `python -m benchmarks.remedy_table` rewrites the tables of docs/remedies.md.

The first two tables put one remedy at a time into a preset that collapses, and change nothing but what the row says.
The other two give every remedy the best recipe that is known for it, on the ring and on the grid. `--quick` prints a
small version and writes nothing; `--only ring PacGAN2` works one row out anew.
"""

from __future__ import annotations

import argparse
import dataclasses
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from gan_edu import catalogue
from gan_edu.games.game import Game
from gan_edu.metrics.divergences import jensen_shannon
from gan_edu.metrics.modes import basins, high_quality_share, modes_covered, reverse_kl_modes
from gan_edu.presets import PRESETS
from gan_edu.recording import draw_samples
from gan_edu.training import Training, train

PAGE = Path(__file__).parents[1] / "docs" / "remedies.md"
RUNS = 8  # of a population: 32 at once leave the cache, and take longer than four times 8
SAMPLES = 2500
ROUNDS, STEPS = 5, 20  # of the measurement of cost


@dataclass(frozen=True)
class Recipe:
    """A game with remedies around it and how it is trained, written as on the command line.

    Args:
        remedies: The innermost first.
        game: Such as `gan` or `wasserstein`.
        settings: As for `gan_edu.training.train`.
        steps: Generator updates.
        target: Such as `ring`.
        told: What the docs say of the settings: all that is particular to this row.
    """

    remedies: tuple[str, ...]
    game: str
    settings: Mapping[str, Any]
    steps: int
    target: str
    told: Mapping[str, Any] = field(default_factory=dict)

    def make(self) -> Game:
        """The game on its target."""
        game = catalogue.parse(self.game, "games", target=catalogue.parse(self.target, "data"))
        for remedy in self.remedies:
            game = catalogue.parse(remedy, "remedies", game=game)
        return game

    def __str__(self) -> str:
        parts = [f"`{spec}`" for spec in (self.game, *self.remedies) if spec != "gan"]
        parts += [f"`{name}={value}`" for name, value in self.told.items()]
        return ", ".join([*parts, f"{self.steps:,} steps"])


# What each row of the first two tables puts into the presets: remedies (the innermost first), a game, settings, and
# generator updates in `rotating` and in `frozen` (0: no such row).
SWITCHES: Mapping[str, Mapping[str, Any]] = {
    "none": {},
    "PacGAN2": {"remedies": ("packing:pack=2",)},
    "feature matching": {"remedies": ("feature_matching",)},
    "unrolled, k = 1": {"remedies": ("unrolled:steps=1",), "steps": (500, 200)},
    "unrolled, k = 5": {"remedies": ("unrolled:steps=5",), "steps": (500, 200)},
    "unrolled, k = 10, at D's rate": {
        "remedies": ("unrolled:steps=10,learning_rate=0.0003",),
        "steps": (500, 0),
    },
    "unrolled, k = 5, gradient stopped": {
        "remedies": ("unrolled:steps=5,through=False",),
        "steps": (500, 200),
    },
    "the same at D's rate": {
        "remedies": ("unrolled:steps=5,learning_rate=0.0003,through=False",),
        "steps": (500, 0),
    },
    "minibatch discrimination": {
        "remedies": ("minibatch_discrimination:kernels=8,kernel_dim=4",),
        "settings": {"batch_size": 64},
    },
    "R1": {"remedies": ("gradient_penalty:strength=0.05,norm=0,where=real",)},
    "instance noise": {"remedies": ("instance_noise:std=1",)},
    "WGAN-GP, 5 critic steps": {
        "game": "wasserstein",
        "remedies": ("gradient_penalty:strength=0.1",),
        "settings": {
            "optimizer": "adam:beta1=0,beta2=0.9",
            "dynamics": "alternating:discriminator_steps=5",
        },
    },
    "WGAN-GP, 2 critic steps": {
        "game": "wasserstein",
        "remedies": ("gradient_penalty:strength=0.1",),
        "settings": {
            "optimizer": "adam:beta1=0,beta2=0.9",
            "dynamics": "alternating:discriminator_steps=2",
        },
    },
    "WGAN, clipped": {
        "game": "wasserstein",
        "remedies": ("weight_clipping:limit=0.1",),
        "settings": {"optimizer": "rmsprop", "dynamics": "alternating:discriminator_steps=5"},
    },
    "spectral normalisation": {"remedies": ("spectral_normalisation",)},
    "least squares": {"game": "least_squares"},
    "hinge": {"game": "hinge"},
    "label smoothing": {"remedies": ("label_smoothing:real=0.9",)},
    "historical averaging": {"remedies": ("historical_averaging:strength=0.01",)},
    "averaged players": {
        "settings": {"dynamics": "averaging:kind=exponential,decay=0.999"},
        "steps": (1500, 0),
    },
    "batch norm": {"remedies": ("batch_norm",)},
    "virtual batch norm": {"remedies": ("virtual_batch_norm",)},
    "top-k": {"remedies": ("top_k:share=0.5",)},
    "consensus": {"settings": {"dynamics": "consensus:strength=1"}, "steps": (1500, 0)},
}

# The best recipes known, on the ring and on the grid. Learning rates fall to 0 over the training.
COMMON = {"learning_rate": 3e-3, "optimizer": "adam:beta1=0.5"}
RING: Mapping[str, Mapping[str, Any]] = {
    "none": {},
    "PacGAN2": {
        "remedies": ("packing:pack=2",),
        "settings": {"discriminator_learning_rate": 1.2e-3},
        "steps": 4500,
    },
    "instance noise": {"remedies": ("instance_noise:std=1,steps=2000",)},
    "R1": {
        "remedies": ("gradient_penalty:strength=0.05,norm=0,where=real",),
        "steps": 3300,
    },
    "WGAN-GP": {
        "game": "wasserstein",
        "remedies": ("gradient_penalty:strength=1",),
        "settings": {
            "optimizer": "adam:beta1=0,beta2=0.9",
            "dynamics": "alternating:discriminator_steps=3",
            "batch_size": 64,
        },
        "steps": 2500,
    },
    "feature matching": {
        "remedies": ("feature_matching",),
        "settings": {"learning_rate": 6e-3},
        "steps": 5000,
    },
    "minibatch discrimination": {
        "remedies": ("minibatch_discrimination:kernels=4,kernel_dim=2",),
        "settings": {"learning_rate": 4e-3, "batch_size": 64},
        "steps": 2200,
    },
    "consensus": {"settings": {"dynamics": "consensus:strength=1"}, "steps": 2000},
    "virtual batch norm": {"remedies": ("virtual_batch_norm",), "steps": 2500},
}
GRID: Mapping[str, Mapping[str, Any]] = {
    "none": {},
    "PacGAN2": {"remedies": ("packing:pack=2",)},
    "PacGAN2, 3 steps of D": {
        "remedies": ("packing:pack=2",),
        "settings": {"dynamics": "alternating:discriminator_steps=3"},
        "steps": 3000,
    },
    "instance noise": RING["instance noise"],
    "R1": RING["R1"],
    "WGAN-GP": RING["WGAN-GP"],
    "feature matching": {"remedies": ("feature_matching",)},
    "minibatch discrimination": RING["minibatch discrimination"],
    "consensus": RING["consensus"],
    "virtual batch norm": RING["virtual batch norm"],
}


def _switched(preset: str, place: int) -> dict[str, Recipe]:
    made = {}
    for name, row in SWITCHES.items():
        steps = row.get("steps", (1500, 300))[place]
        own = row.get("settings", {})
        settings = {**PRESETS[preset].settings, **own}
        if steps:
            made[name] = Recipe(row.get("remedies", ()), row.get("game", "gan"), settings, steps, "ring", own)
    return made


def _best(target: str, rows: Mapping[str, Mapping[str, Any]]) -> dict[str, Recipe]:
    made = {}
    for name, row in rows.items():
        own, steps = {**COMMON, **row.get("settings", {})}, row.get("steps", 4000)
        settings = {**own, "decay_steps": steps}
        made[name] = Recipe(row.get("remedies", ()), row.get("game", "gan"), settings, steps, target, own)
    return made


TABLES: Mapping[str, Mapping[str, Recipe]] = {
    "rotating": _switched("rotating", 0),
    "frozen": _switched("frozen", 1),
    "ring": _best("ring", RING),
    "grid": _best("grid", GRID),
}
POPULATIONS = {"rotating": 1, "frozen": 1, "ring": 4, "grid": 4}


def scores(recipe: Recipe, seeds: range) -> tuple[dict[str, Tensor], float]:
    """Every metric for every run, all populations in one row, and the CPU seconds that training them took."""
    found: dict[str, list[Tensor]] = {}
    seconds = 0.0
    game = recipe.make()
    for seed in seeds:
        began = time.process_time()
        every = max(1, recipe.steps // 20)
        *_, last = train(
            game, steps=recipe.steps, runs=RUNS, seed=seed, steps_per_frame=every, **recipe.settings
        )
        seconds += time.process_time() - began
        x = draw_samples(last, SAMPLES)
        for metric in (basins, modes_covered, high_quality_share, reverse_kl_modes, jensen_shannon):
            found.setdefault(metric.__name__, []).append(metric(x, game.target))
    return {name: torch.cat(values).double() for name, values in found.items()}, seconds


def cost(recipe: Recipe, plain: Recipe) -> float:
    """CPU time of one step as a multiple of the plain recipe's, the smallest of interleaved rounds."""

    def begun(one: Recipe) -> Training:
        training = train(one.make(), runs=RUNS, steps_per_frame=STEPS, **one.settings)
        next(training)
        training.warm_up()
        return training

    def seconds(training: Training) -> float:
        began = time.process_time()
        next(training)
        return time.process_time() - began

    pair = begun(recipe), begun(plain)
    rounds = [[seconds(training) for training in pair] for _ in range(ROUNDS)]
    ours, theirs = (min(times) for times in zip(*rounds, strict=True))
    return ours / theirs


HEAD = ("", "recipe", "basins", "modes", "all", "high quality", "KL of modes", "JSD", "cost", "CPU s")


def row(table: str, name: str, quick: bool = False) -> list[str]:
    """The cells of one row."""
    recipe = TABLES[table][name]
    if quick:
        recipe = dataclasses.replace(recipe, steps=recipe.steps // 10)
    found, seconds = scores(recipe, range(1 if quick else POPULATIONS[table]))
    all_modes = (found["modes_covered"] == recipe.make().target.n_modes).double().mean()

    def counted(values: Tensor) -> str:
        return f"{values.mean():.1f} ({values.min():.0f}–{values.max():.0f})"

    def measured(values: Tensor) -> str:
        return f"{values.mean():.2f} ± {values.std():.2f}"

    return [
        name,
        str(recipe),
        counted(found["basins"]),
        counted(found["modes_covered"]),
        f"{all_modes:.0%}",
        measured(found["high_quality_share"]),
        measured(found["reverse_kl_modes"]),
        measured(found["jensen_shannon"]),
        f"{cost(recipe, TABLES[table]['none']):.1f}",
        f"{seconds:.0f}",
    ]


def written(page: str, table: str, cells: list[str]) -> str:
    """The page with one row of a table put in its place; rows that no recipe has are dropped."""
    begin, end = f"<!-- table {table} -->\n", "<!-- end -->"
    before, rest = page.split(begin)
    old, after = rest.split(end, 1)
    rows = {found[1].strip(): found[0] for found in re.finditer(r"^\|([^|]*)\|.*$", old, re.MULTILINE)}
    rows[cells[0]] = _line(cells)
    kept = [rows[name] for name in TABLES[table] if name in rows]
    head = [_line(HEAD), _line(["---"] * len(HEAD))]
    return before + begin + "\n".join([*head, *kept]) + "\n" + end + after


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def main(arguments: Sequence[str] | None = None) -> None:
    """Work the tables out and put them into the page."""
    from tqdm.auto import tqdm

    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--quick", action="store_true", help="a tenth of the steps, one population, to stdout"
    )
    parser.add_argument("--only", nargs="+", default=[], help="a table, and the names of its rows")
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    table, *names = options.only or [""]
    wanted = [(t, n) for t in TABLES for n in TABLES[t] if table in ("", t) and (not names or n in names)]
    for where, name in tqdm(wanted, unit="row"):
        cells = row(where, name, options.quick)
        print(_line(cells), flush=True)
        if not options.quick:
            PAGE.write_text(written(PAGE.read_text(), where, cells))


if __name__ == "__main__":
    main()
