"""What several generators do, over many seeds: `python -m benchmarks.mad_gan_table` writes tables of docs/mad_gan.md.

One generator, isolated generators, MAD-GAN and MAD-GAN-Sim on five Gaussians on a line, on rings and on the grid, all
against the same D with the game's own settings. `--missing` works out only the rows whose recipe is not on the page,
`--only ring "k = 8"` does one row, `--quick` prints a small version and writes nothing.
"""

from __future__ import annotations

import argparse
import dataclasses
import math
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from gan_edu import catalogue
from gan_edu.games.game import Game
from gan_edu.games.mad_gan import SETTINGS
from gan_edu.metrics.divergences import chi_squared, mass_outside, reverse_kl
from gan_edu.metrics.modes import basins, high_quality_share, mode_shares, modes_covered, reverse_kl_modes
from gan_edu.networks.mlp import mlp
from gan_edu.networks.network import Network
from gan_edu.recording import draw_samples
from gan_edu.training import train

PAGE = Path(__file__).parents[1] / "docs" / "mad_gan.md"
RUNS, POPULATIONS = 8, 2  # 16 at once leave the cache
SAMPLES = 2500
MANY, PIECE = 2**18, 2**14  # samples of every run for histograms; at once
BINS = 320  # of the window: 0.5 wide in the paper's units
DRAWS = 0.1  # of a generator's samples, for a mode to count as drawn by it


@dataclass(frozen=True)
class Recipe:
    """A game, its target and how it is trained, written as on the command line.

    Args:
        game: Such as `mad_gan:generators=8`; empty for samples of the data themselves.
        target: Such as `ring`.
        steps: Generator updates.
        settings: As for `gan_edu.training.train`; all others are MAD-GAN's own, whatever the game.
        budget: For one wide generator: as many parameters as so many of the game's own have; 0 leaves it as it is.
        remedies: Around the game, such as `instance_noise:std=1`.
    """

    game: str
    target: str
    steps: int = 0
    settings: Mapping[str, Any] = field(default_factory=dict)
    budget: int = 0
    remedies: Sequence[str] = ()

    def make(self) -> Game:
        """The game on its target."""
        game = catalogue.parse(self.game, "games", target=catalogue.parse(self.target, "data"))
        if not self.budget:
            return catalogue.around(game, self.remedies)
        wide = wide_generator(game.latent_dim, game.target.dim, self.budget * game.generator.n_parameters)
        return dataclasses.replace(game, generator=wide, recipe=None)

    def __str__(self) -> str:
        if not self.game:
            return "samples of the data"
        parts = [f"`{part}`" for part in (self.game, *self.remedies)]
        parts += [f"`target={self.target}`"] if ":" in self.target else []
        parts += [f"as many parameters as {self.budget} of them"] if self.budget else []
        parts += [f"`{name}={value}`" for name, value in self.settings.items()]
        return ", ".join([*parts, f"{self.steps:,} steps"])


def wide_generator(latent_dim: int, dim: int, parameters: int) -> Network:
    """One generator with two hidden layers of one width and as many parameters, as nearly as can be."""
    linear = latent_dim + dim + 2  # width^2 + linear width + dim parameters
    width = round(math.sqrt(linear**2 / 4 + parameters - dim) - linear / 2)
    return mlp((latent_dim, width, width, dim))


def _line(game: str, **more: Any) -> Recipe:
    return Recipe(game, "line", 400, {"batch_size": 160, "decay_steps": 400}, **more)


def _ring(game: str, modes: int = 8, steps: int = 500, **more: Any) -> Recipe:
    return Recipe(game, "ring" if modes == 8 else f"ring:modes={modes}", steps, **more)


def _grid(game: str, **settings: Any) -> Recipe:
    return Recipe(game, "grid", 200, {"batch_size": 800, **settings})


NOISE = ("instance_noise:std=1,steps=400",)
TABLES: Mapping[str, Mapping[str, Recipe]] = {
    "line": {
        "a perfect sampler": Recipe("", "line"),
        "one wide generator": _line("gan", budget=5),
        "5 isolated": _line("mad_gan:generators=5,classify=False"),
        "MAD-GAN, k = 4": _line("mad_gan:generators=4"),
        "MAD-GAN, k = 5": _line("mad_gan:generators=5"),
        "MAD-GAN-Sim, k = 5": _line("mad_gan_sim:generators=5"),
    },
    "ring": {
        "one generator": _ring("gan", steps=1000),
        "one wide generator": _ring("gan", budget=8),
        "8 isolated": _ring("mad_gan:generators=8,classify=False"),
        "MAD-GAN, k = 8": _ring("mad_gan:generators=8", steps=1000),
        "8 isolated, noise": _ring("mad_gan:generators=8,classify=False", steps=1000, remedies=NOISE),
        "MAD-GAN, k = 8, noise": _ring("mad_gan:generators=8", steps=1000, remedies=NOISE),
        "MAD-GAN-Sim, k = 8": _ring("mad_gan_sim:generators=8"),
        "MAD-GAN, k = 4": _ring("mad_gan:generators=4"),
        "5 modes, 5 isolated": _ring("mad_gan:generators=5,classify=False", 5),
        "5 modes, MAD-GAN, k = 5": _ring("mad_gan:generators=5", 5),
        "5 modes, 5 isolated, noise": _ring("mad_gan:generators=5,classify=False", 5, 1000, remedies=NOISE),
        "5 modes, MAD-GAN, k = 5, noise": _ring("mad_gan:generators=5", 5, 1000, remedies=NOISE),
        "10 modes, 10 isolated": _ring("mad_gan:generators=10,classify=False", 10),
        "10 modes, MAD-GAN, k = 10": _ring("mad_gan:generators=10", 10),
        "10 modes, 10 isolated, noise": _ring(
            "mad_gan:generators=10,classify=False", 10, 1000, remedies=NOISE
        ),
        "10 modes, MAD-GAN, k = 10, noise": _ring("mad_gan:generators=10", 10, 1500, remedies=NOISE),
    },
    "grid": {
        "one generator": _grid("gan"),
        "25 isolated": _grid("mad_gan:generators=25,classify=False"),
        "MAD-GAN, k = 25": _grid("mad_gan:generators=25"),
        "the same, a faster D": _grid("mad_gan:generators=25", discriminator_learning_rate=3e-3),
    },
}
SCORES = ("", "recipe", "basins", "modes", "all", "high quality")
DIVERGENCES = ("χ²", "KL", "outside", "χ², as published", "KL, as published")
DIVISION = ("median", "KL of modes", "homes", "0 / 1 / 2 / more modes")
HEADS: Mapping[str, Sequence[str]] = {
    "line": (*SCORES, *DIVERGENCES, "CPU s"),
    "ring": (*SCORES, *DIVISION, "CPU s"),
    "grid": (*SCORES, *DIVISION, "CPU s"),
}


def runs_of(recipe: Recipe, seeds: range) -> Iterator[tuple[Tensor, float]]:
    """What every population draws when it is trained, (RUNS, n, d), and the CPU seconds of its training.

    n is `MANY` on a line and `SAMPLES` elsewhere, less what does not divide by the number of generators; point j is
    drawn by generator j mod k.
    """
    target = catalogue.parse(recipe.target, "data")
    n = MANY if target.dim == 1 else SAMPLES
    for seed in seeds:
        if not recipe.game:
            yield target.sample((RUNS, n), torch.Generator().manual_seed(seed)), 0.0
            continue
        game, began = recipe.make(), time.process_time()
        settings = {**SETTINGS, **recipe.settings}
        *_, last = train(game, steps=recipe.steps, runs=RUNS, seed=seed, steps_per_frame=50, **settings)
        seconds = time.process_time() - began
        k = game.generator.members
        piece = min(PIECE, n) // k * k
        yield torch.cat([draw_samples(last, piece, part) for part in range(n // piece)], 1), seconds


def scores(recipe: Recipe, seeds: range) -> tuple[dict[str, Tensor], float]:
    """Every metric for every run, all populations in one row, and the CPU seconds that training them took."""
    target = catalogue.parse(recipe.target, "data")
    found: dict[str, list[Tensor]] = {}
    seconds = 0.0
    for x, spent in runs_of(recipe, seeds):
        seconds += spent
        for metric in (basins, modes_covered, high_quality_share, reverse_kl_modes):
            found.setdefault(metric.__name__, []).append(metric(x[:, :SAMPLES], target))
        if target.dim == 1:
            for divergence in (chi_squared, reverse_kl, mass_outside):
                found.setdefault(divergence.__name__, []).append(divergence(x, target, cells=BINS))
            for name, values in zip(("chi_squared_published", "kl_published"), published(x), strict=True):
                found.setdefault(name, []).append(values)
        if recipe.game:
            homes, each = division(x, recipe.make())
            found.setdefault("homes", []).append(homes)
            found.setdefault("drawn_by_each", []).append(each)
    return {name: torch.cat(values).double() for name, values in found.items()}, seconds


def division(x: Tensor, game: Game) -> tuple[Tensor, Tensor]:
    """How generators divide the modes: different favourite modes (R,), and modes that each of them draws (R, k).

    The favourite is where most of a generator's samples are; it draws those that have `DRAWS` of its samples.

    Args:
        x: (R, n, d); point j is drawn by generator j mod k.
        game: Whose k it is, and whose target.
    """
    k = game.generator.members
    by_generator = x[:, : x.shape[1] // k * k].unflatten(1, (-1, k)).transpose(1, 2)
    shares = mode_shares(by_generator, game.target)  # (R, k, M)
    homes = torch.tensor([len(set(favourites)) for favourites in shares.argmax(-1).tolist()])
    return homes, (shares >= DRAWS).sum(-1)


def published(x: Tensor) -> tuple[Tensor, Tensor]:
    """Pearson's statistic over n and KL(samples || data) as the authors' scripts count: (R, n, 1) -> (R,), (R,).

    Histograms of as many samples of the data and of the run, bins from -10 to 130 by 0.5 in the paper's units; bins
    that hold no data are left out, whatever the run has drawn there.
    """
    edges = np.arange(-10, 130, 0.5)

    def histogram(points: Tensor) -> np.ndarray:
        return np.histogram(points[:, 0].double().numpy() * 37 + 56, edges)[0].astype(float)

    data = histogram(catalogue.parse("line", "data").sample(x.shape[1], torch.Generator().manual_seed(10**6)))
    kept = data > 0
    drawn = np.array([histogram(run)[kept] for run in x])
    q, p = drawn / drawn.sum(-1, keepdims=True), data[kept] / data[kept].sum()
    statistic = ((drawn - data[kept]) ** 2 / data[kept]).sum(-1)
    return torch.from_numpy(statistic / x.shape[1]), torch.special.xlogy(
        *map(torch.from_numpy, (q, q / p))
    ).sum(-1)


def row(table: str, name: str, quick: bool = False) -> list[str]:
    """The cells of one row."""
    recipe = TABLES[table][name]
    if quick:
        recipe = dataclasses.replace(recipe, steps=recipe.steps // 10)
    found, seconds = scores(recipe, range(1 if quick else POPULATIONS))
    modes = catalogue.parse(recipe.target, "data").n_modes

    def counted(values: Tensor) -> str:
        return f"{values.mean():.1f} ({values.min():.0f}–{values.max():.0f})"

    def measured(values: Tensor) -> str:
        return f"{values.mean():.2f} ± {values.std():.2f}"

    def parted(each: Tensor) -> str:
        return " / ".join(
            f"{float(this.double().mean()):.0%}" for this in (each == 0, each == 1, each == 2, each > 2)
        )

    covered = found["modes_covered"]
    cells = {
        "": name,
        "recipe": str(recipe),
        "basins": counted(found["basins"]),
        "modes": counted(covered),
        "median": f"{covered.quantile(0.5):g}",
        "all": f"{(covered == modes).double().mean():.0%}",
        "high quality": measured(found["high_quality_share"]),
        "CPU s": f"{seconds:.0f}",
    }
    if table == "line":
        cells["χ²"] = measured(found["chi_squared"])
        cells["KL"] = measured(found["reverse_kl"])
        cells["outside"] = f"{found['mass_outside'].mean():.1%}"
        cells["χ², as published"] = measured(found["chi_squared_published"])
        cells["KL, as published"] = measured(found["kl_published"])
    else:
        cells["KL of modes"] = measured(found["reverse_kl_modes"])
        cells["homes"] = counted(found["homes"])
        cells["0 / 1 / 2 / more modes"] = parted(found["drawn_by_each"])
    return [cells[head] for head in HEADS[table]]


def written(page: str, table: str, cells: Sequence[str]) -> str:
    """The page with one row of a table put in its place; rows that no recipe has are dropped."""
    begin, end = f"<!-- table {table} -->\n", "<!-- end -->"
    before, rest = page.split(begin)
    old, after = rest.split(end, 1)
    rows = {found[1].strip(): found[0] for found in re.finditer(r"^\|([^|]*)\|.*$", old, re.MULTILINE)}
    rows[cells[0]] = _line_of(cells)
    kept = [rows[name] for name in TABLES[table] if name in rows]
    head = [_line_of(HEADS[table]), _line_of(["---"] * len(HEADS[table]))]
    return before + begin + "\n".join([*head, *kept]) + "\n" + end + after


def _line_of(cells: Sequence[str]) -> str:
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
    parser.add_argument("--missing", action="store_true", help="only rows that the page does not have yet")
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    table, *names = options.only or [""]
    wanted = [(t, n) for t in TABLES for n in TABLES[t] if table in ("", t) and (not names or n in names)]
    if options.missing:
        page = PAGE.read_text()
        wanted = [
            (t, n) for t, n in wanted if _line_of([n, str(TABLES[t][n]), ""]).removesuffix("  |") not in page
        ]
    for where, name in tqdm(wanted, unit="row"):
        cells = row(where, name, options.quick)
        print(_line_of(cells), flush=True)
        if not options.quick:
            PAGE.write_text(written(PAGE.read_text(), where, cells))


if __name__ == "__main__":
    main()
