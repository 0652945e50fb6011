"""One dimension, where everything can be drawn: p, p_G, D and the best D, and what every sample is told."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import softplus

from gan_edu import catalogue
from gan_edu.data.target import Target
from gan_edu.games.game import Batch, Game
from gan_edu.metrics.criterion import criterion
from gan_edu.scenes import Curve
from gan_edu.training import Frame
from gan_edu.views.look import Look, as_shades, look_at, verdicts_at
from gan_edu.views.pushes import as_arrows, pushes

NODES = 301
REACH = 6.0
"""How far out latent numbers are looked at: 2e-9 of them lie beyond."""
LATENT_NODES = 1201
SAMPLES = 10_000
"""Latent points that p_G is estimated from where it can't be worked out."""
START = 1.0
"""A fresh generator's samples lie within this distance of zero: always in the picture."""
HEIGHT = 1.25
LANE = 0.3
RUG, ROWS = 28, 4
"""Samples in a lane, and the rows that they take turns in, so that arrows don't lie on each other."""
LONGEST = 0.16
LANES = {"minimax": "push by minimax", "non_saturating": "push by non-saturating", "": "push on samples"}
TRAINED = "{lane} (trains G)"
SURE = 0.02
"""As far below C(G) = 0 that is V when D is sure of everything."""
BEHIND = 0.1
NEAR = 0.05
SAID = {
    "sure": "D is sure of every point: samples are pushed with {pushes}",
    "behind": "D lags behind D*: V is {gap:.2f} below C(G)",
    "near": "p_G is near p: C(G) is {left:.3f} above −log 4, and D near ½",
    "between": "D is close to D*; C(G) is {left:.2f} above −log 4, which G has to bring down",
    "other": "C(G) is {left:.2f} above −log 4; this D has no logit to work out V from",
    "push": "{push} by {lane}",
}
READOUT = {"logit": "V(D, G) = {value:.3f} ≤ C(G) = {criterion:.3f}", "other": "C(G) = {criterion:.3f}"}


@dataclass(frozen=True)
class Densities:
    """A one-dimensional game at one moment.

    Args:
        x: (K,) evenly spaced nodes.
        data: (K,) p, exact.
        generated: (K,) p_G, each the mean over the cell around its node.
        prob_real: (K,) D(x); of a score or a critic its height between the lowest and the highest in the window.
        optimum: (K,) D*(x) = p / (p + p_G); nan where neither is.
        criterion: C(G) = V(D*, G), by quadrature.
        value: V(D, G) = E log D(x_real) + E log(1 - D(x_fake)), by quadrature; nan where D puts out no logit.
    """

    x: np.ndarray
    data: np.ndarray
    generated: np.ndarray
    prob_real: np.ndarray
    optimum: np.ndarray
    criterion: float
    value: float


def densities(frame: Frame, run: int = 0, *, nodes: int = NODES) -> Densities:
    """Densities, discriminators and values of one run at one frame.

    With one latent number p_G is exact, as `push_forward` says. With more it is a kernel estimate from SAMPLES fixed
    latent points: blurred by a quarter of the data's narrowest standard deviation, which lowers a peak of that
    width by 3 %, and uncertain by about 2 % at the peak.

    Args:
        frame: Of a game on a line.
        run: Which run of the population.
        nodes: Of the window.

    Raises:
        ValueError: If there is no such run, or the data are not one-dimensional.

    Example:
        >>> from gan_edu.data.line import line
        >>> from gan_edu.games.gan import gan
        >>> from gan_edu.training import train
        >>> seen = densities(next(train(gan(line(means=[9], stds=[1]), latent_dim=1))))
        >>> abs(seen.criterion) < 1e-6, seen.value < -1  # p and p_G have nothing in common; D has not learned that
        (True, True)
    """
    look = look_at(frame, run)
    if look.target.dim != 1:
        raise ValueError(f"densities are for data of one dimension; {look.target.name} has {look.target.dim}")
    return densities_of(look, nodes)


def densities_of(look: Look, nodes: int = NODES) -> Densities:
    """As `densities`, for one run that is held ready."""
    low, high = window(look.target)
    x = torch.linspace(low, high, nodes)
    p = look.target.log_prob(x[:, None]).exp()
    z, weights = latent_nodes(look.game)
    with torch.no_grad():
        x_fake = look.game.generator(look.players["theta_g"], z.unsqueeze(0))[0]
        logits, logits_fake = (
            look.game.logits(look.players["theta_d"], points.unsqueeze(0))[0]
            for points in (x[:, None], x_fake)
        )
    if look.game.latent_dim == 1:
        q = push_forward(x_fake[:, 0], z[:, 0], x)
    else:
        q = smooth_density(x_fake[:, 0], x, float(look.target.stds.min()) / 4)
    value = -torch.trapezoid(p * softplus(-logits), x) - (weights * softplus(logits_fake)).sum()
    both = p + q
    best = torch.where(both > 1e-9 * p.max(), p / both, torch.nan)
    return Densities(
        *(array.numpy() for array in (x, p, q)),
        prob_real=as_shades(look, verdicts_at(look, x[:, None])),
        optimum=best.numpy(),
        criterion=float(criterion(p, q, x)),
        value=float(value) if look.game.output == "logit" else math.nan,
    )


def window(target: Target) -> tuple[float, float]:
    """What is drawn of the line: the data, and where untrained generators begin."""
    low, high, *_ = target.extent
    return min(low, -START), max(high, START)


def latent_nodes(game: Game) -> tuple[Tensor, Tensor]:
    """Latent points (N, l) and weights (N,) with which a mean over z is a sum."""
    if game.latent_dim == 1:
        z = torch.linspace(-REACH, REACH, LATENT_NODES)
        weights = torch.exp(-0.5 * z.square())
        return z[:, None], weights / weights.sum()
    z = game.draw_latent((SAMPLES,), torch.Generator().manual_seed(1))
    return z, torch.full((SAMPLES,), 1 / SAMPLES)


def push_forward(x_fake: Tensor, z: Tensor, x: Tensor) -> Tensor:
    """Density of G(z), z ~ N(0, 1), on a grid: x_fake = G(z) (N,), z (N,), x (K,) -> (K,).

        p_G(x) = sum over all z with G(z) = x of N(z; 0, 1) / |G'(z)|

    G is taken as straight between two nodes of z, which spreads the probability of that piece evenly between its
    two ends; every cell of the grid gets the exact share of each piece. So no probability is lost, folds and flat
    parts of G included, and the only errors are G's bend within a piece and the mean over a cell.

    Args:
        x_fake: Images of the nodes.
        z: Increasing.
        x: Evenly spaced middles of the cells.

    Example:
        >>> z, x = torch.linspace(-6, 6, 1001), torch.linspace(-4, 4, 81)
        >>> density = push_forward(0.5 * z, z, x)  # N(0, 0.25)
        >>> round(float(density[40]), 2), round(float(density.sum() * 0.1), 4)  # 2 / sqrt(2 pi), and all of it
        (0.8, 1.0)
    """
    cell = x[1] - x[0]
    edges = torch.cat([x - cell / 2, x[-1:] + cell / 2])
    mass = torch.special.ndtr(z).diff()
    low, high = torch.minimum(x_fake[1:], x_fake[:-1]), torch.maximum(x_fake[1:], x_fake[:-1])
    wide = (high - low).clamp(min=1e-6 * cell)
    below = ((edges - low[:, None]) / wide[:, None]).clamp_(0, 1)  # share of each piece below each edge
    return (mass @ below).diff() / (cell * mass.sum())


def smooth_density(samples: Tensor, x: Tensor, bandwidth: float) -> Tensor:
    """Kernel density estimate on an even grid: the histogram, blurred by a Gaussian: (N,), (K,) -> (K,).

    Args:
        samples: Points; those that are not finite, or off the grid, count in N alone.
        x: Middles of the cells.
        bandwidth: Standard deviation of the Gaussian.

    Example:
        >>> x = torch.linspace(-5, 5, 101)
        >>> density = smooth_density(torch.zeros(9), x, 1.0)
        >>> round(float(density[50]), 3), round(float(density.sum() * 0.1), 3)  # 1 / sqrt(2 pi), and all of it
        (0.399, 1.0)
    """
    cell = float(x[1] - x[0])
    inside = samples[samples.isfinite()]
    counts = torch.histc(inside, len(x), float(x[0]) - cell / 2, float(x[-1]) + cell / 2)
    reach = min(len(x) - 1, math.ceil(4 * bandwidth / cell))
    steps = torch.arange(-reach, reach + 1) * cell / bandwidth
    kernel = torch.exp(-0.5 * steps.square())
    blurred = torch.nn.functional.conv1d(
        counts[None, None], (kernel / kernel.sum())[None, None], padding=reach
    )
    return blurred[0, 0] / (max(1, len(samples)) * cell)


def games_of_both_losses(game: Game) -> dict[str, Game]:
    """The game with each of its generator losses, by name; a game without that choice stands alone, as "".

    Example:
        >>> from gan_edu.data.line import line
        >>> from gan_edu.games.gan import gan
        >>> list(games_of_both_losses(gan(line())))
        ['minimax', 'non_saturating']
    """
    arguments = (game.recipe or {}).get("arguments", {})
    if "generator_loss" not in arguments:
        return {"": game}
    return {
        name: game if name == arguments["generator_loss"] else _with_loss(json.dumps(game.recipe), name)
        for name in ("minimax", "non_saturating")
    }


def _batch(game: Game, z: Tensor) -> Batch:
    """Latent points with data beside them, the same every time."""
    same = torch.Generator().manual_seed(0)
    return game.batch(game.target.sample((1, len(z)), same), z[None], same)


def said_of(frame: Frame, run: int = 0) -> str:
    """What D knows and what G is told, in words.

    Raises:
        ValueError: If there is no such run, or the data are not one-dimensional.

    Example:
        >>> from gan_edu.data.line import line
        >>> from gan_edu.games.gan import gan
        >>> from gan_edu.training import train
        >>> said_of(next(train(gan(line(means=[9], stds=[1]), latent_dim=1)))).split(":")[0]
        'D lags behind D*'
    """
    seen = densities(frame, run)
    gap, left = seen.criterion - seen.value, seen.criterion + math.log(4)
    if math.isnan(seen.value):
        return SAID["other"].format(left=left)
    if seen.value > -SURE:
        return SAID["sure"].format(pushes=", ".join(_strengths(look_at(frame, run))))
    kind = "behind" if gap > BEHIND else "near" if left < NEAR else "between"
    return SAID[kind].format(gap=gap, left=left)


def _strengths(look: Look) -> Iterable[str]:
    z = latent_rug(look.game)
    for name, game in games_of_both_losses(look.game).items():
        _, push = pushes(game, look.players, _batch(game, z))
        yield SAID["push"].format(
            lane=name.replace("_", "-") or "G’s loss", push=_short(float(push.abs().mean()))
        )


def _short(number: float) -> str:
    """One digit that counts, never as a power of ten: for people.

    >>> _short(0.000432), _short(2.7)
    ('0.0004', '3')
    """
    return np.format_float_positional(float(f"{number:.1g}"), trim="-")


def latent_rug(game: Game) -> Tensor:
    """The latent points whose samples are drawn with their pushes: (RUG, l)."""
    if game.latent_dim == 1:  # evenly spread over p_G, so that neighbours lie in different rows
        return torch.special.ndtri((torch.arange(RUG) + 0.5) / RUG).unsqueeze(-1)
    return game.draw_latent((RUG,), torch.Generator().manual_seed(0))


@lru_cache(maxsize=8)
def _with_loss(recipe: str, name: str) -> Game:
    written = json.loads(recipe)
    return catalogue.build({**written, "arguments": {**written["arguments"], "generator_loss": name}})


def density_parts(look: Look, x_real: Tensor, labelled: bool = True) -> dict[str, Any]:
    """The parts of a scene: curves, a rug of data, and for each generator loss a lane of samples with their pushes.

    Densities are drawn as shares of p's greatest value, D as it is. The pushes of both losses have one scale.

    Args:
        look: What is looked at.
        x_real: Data for the rug.
        labelled: Whether the lanes say whose pushes are drawn in them.
    """
    seen = densities_of(look)
    low, high = float(seen.x[0]), float(seen.x[-1])
    top = seen.data.max()
    heights = {
        "real": seen.data / top,
        "fake": seen.generated / top,
        "discriminator": seen.prob_real,
        "optimum": seen.optimum,
    }
    curves = tuple(Curve(np.stack([seen.x, y], -1), role) for role, y in heights.items())
    z = latent_rug(look.game)
    chosen = (look.game.recipe or {}).get("arguments", {}).get("generator_loss", "")
    dots, arrows = [], []
    values = {"value": seen.value, "criterion": seen.criterion}
    readout = READOUT["logit" if look.game.output == "logit" else "other"]
    words = readout.format(**{name: round(number, 3) + 0.0 for name, number in values.items()})  # never -0
    notes = [(low, 1.17, words.replace("-", "−"))]
    games = games_of_both_losses(look.game)
    for number, (name, game) in enumerate(games.items()):
        x_fake, push = pushes(game, look.players, _batch(game, z))
        ceiling = -0.13 - LANE * number
        rows = ceiling - 0.09 - (torch.arange(len(z)) % ROWS) * (LANE - 0.14) / ROWS
        plane = torch.stack([x_fake[0, :, 0], rows], -1)
        along = torch.cat([push[0], torch.zeros_like(push[0])], -1)
        dots.append(plane.numpy())
        arrows.append(as_arrows(plane, along, high - low, LONGEST))
        label = LANES[name]
        if labelled:
            notes.append((low, ceiling, TRAINED.format(lane=label) if name and name == chosen else label))
    rug = np.stack([x_real[:100, 0].numpy(), np.full(len(x_real[:100]), -0.04)], -1)
    floor = -0.1 - LANE * len(games)
    return {
        "extent": (low, high, floor, HEIGHT),
        "curves": curves,
        "data": rug,
        "samples": np.concatenate(dots),
        "arrows": np.concatenate(arrows),
        "notes": tuple(notes),
    }
