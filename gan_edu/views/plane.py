"""What a planar game does, as arrays and in words: its vector field, its paths, and how fast they come or go.

Axes: A arrows, T steps.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from gan_edu.dynamics.dynamics import Dynamics, gradients
from gan_edu.dynamics.simultaneous import simultaneous
from gan_edu.games.game import Game
from gan_edu.metrics.spectra import update_eigenvalues
from gan_edu.optimizers.momentum import momentum as heavy_ball
from gan_edu.optimizers.optimizer import Optimizer, Rate, Slots
from gan_edu.optimizers.sgd import sgd
from gan_edu.scenes import Path, Scene
from gan_edu.trajectory import trajectory

Kind = Literal[
    "still", "diverged", "out", "away", "ellipse", "circling", "in", "straight_in", "slowly", "stays_off"
]

# What people read, in one place.
TEXTS: dict[str, str] = {
    "still": "stands still",
    "diverged": "diverged at step {step:,}",
    "out": "×{factor:.4f} spirals out",
    "away": "×{factor:.4f} moves away",
    "ellipse": "×{factor:.4f} stays on an ellipse",
    "circling": "×{factor:.4f} keeps circling",
    "in": "×{factor:.4f} spirals in",
    "straight_in": "×{factor:.4f} comes straight in",
    "slowly": "×{factor:.4f} now, ever more slowly in",
    "stays_off": "stops at distance {distance:.2g}",
}

Way = Dynamics | Callable[[Game], Game]
"""How a planar game is played: dynamics, or a remedy, which is then played by simultaneous steps."""

SAME = 5e-5  # what four decimals of a factor do not show
ROUND = 0.002  # what an ellipse may be off by, relative to its own size
ALL_GONE = 1e-12  # part of the largest distance below which rounding may rule
TOO_FAR = 1e100  # a path that stops moving out there has diverged
SLOWER = 0.7  # a rate that falls below this part of what it was is falling on


@dataclass(frozen=True)
class Seen:
    """What one path does.

    Args:
        kind: One word, for colours and tests.
        words: For people.
        factor: By how much the distance from 0 is multiplied each step, measured over the later half.
    """

    kind: Kind
    words: str
    factor: float


def what_is_seen(points: np.ndarray) -> Seen:
    """Say what a path does, and measure how fast.

    The distance of a path that turns rises and falls with every half turn, so that the factor is measured between two
    moments a whole number of half turns apart: exact for a linear game, however short the path.

    Args:
        points: (T, 2) from the start on, at least two; after it has diverged it repeats its last finite point.

    Example:
        >>> turn = 1.02 * np.array([[np.cos(0.2), np.sin(0.2)], [-np.sin(0.2), np.cos(0.2)]])
        >>> what_is_seen(np.stack([np.linalg.matrix_power(turn, t)[0] for t in range(100)])).words
        '×1.0200 spirals out'
    """
    distance = np.hypot(*points.T)
    if not np.ptp(points, axis=0).any():
        return _say("still", 1.0)
    stopped = _stopped(points)
    if stopped is not None and distance[-1] > TOO_FAR:
        return _say("diverged", np.inf, step=stopped + 1)
    floor = ALL_GONE * np.maximum.accumulate(distance)
    last = int(np.flatnonzero(distance > floor)[-1]) + 1  # from there on it is gone for good
    if last < 4:
        return _say("straight_in", 0.0)
    logs = np.log(np.maximum(distance, floor)[:last])
    angle = np.unwrap(np.arctan2(points[:last, 1], points[:last, 0]))
    half = last // 2
    factor = float(np.exp(_slope(logs, angle)))
    turns = abs(angle[-1] - angle[0]) > np.pi
    if stopped is not None and last == len(points) and stopped < 0.9 * len(points):
        return _say("stays_off", factor, distance=distance[-1])
    if factor > 1 + SAME:
        return _say("out" if turns else "away", factor)
    if factor < 1 - SAME:
        early = _slope(logs[: half + 2], angle[: half + 2])
        if 0 > np.log(factor) > SLOWER * early and logs[-1] < logs[0] - 1:
            return _say("slowly", factor)
        return _say("in" if turns else "straight_in", factor)
    if logs[-1] < logs[0] - 1:
        return _say("slowly", factor)
    return _say("ellipse" if _off_ellipse(points[half:last]) < ROUND else "circling", factor)


def _say(kind: Kind, factor: float, **values: float) -> Seen:
    return Seen(kind, TEXTS[kind].format(factor=factor, **values), factor)


def _stopped(points: np.ndarray) -> int | None:
    """The step from which on the path repeats one point, if it ends that way."""
    moves = np.flatnonzero((points[1:] != points[:-1]).any(1))
    last = int(moves[-1]) + 1 if len(moves) else 0
    return last if last < len(points) - 1 else None


def _slope(logs: np.ndarray, angle: np.ndarray) -> float:
    """Growth a step in the long run, from the later half where that is plain enough."""
    half = len(logs) // 2
    turned = np.abs(angle[half:] - angle[half])
    half_turns = np.floor(turned[-1] / np.pi)
    if half_turns >= 1 and (np.diff(turned) >= 0).all():
        place = float(np.interp(half_turns * np.pi, turned, np.arange(len(turned))))
        return float((np.interp(place, np.arange(len(turned)), logs[half:]) - logs[half]) / place)
    moves = np.diff(logs[half:])
    if (moves >= 0).all() or (moves <= 0).all():
        return float(moves.mean())
    # it comes and goes: the largest distances of two long stretches
    early, middle = len(logs) // 4, 5 * len(logs) // 8
    early, late = early + int(logs[early:middle].argmax()), middle + int(logs[middle:].argmax())
    return float((logs[late] - logs[early]) / (late - early))


def _off_ellipse(points: np.ndarray) -> float:
    """How far the points are from the ellipse around 0 that fits them best, relative to its size."""
    x, y = points.T / np.abs(points).max()
    terms = np.stack([x * x, x * y, y * y], 1)
    form, *_ = np.linalg.lstsq(terms, np.ones(len(x)), rcond=None)
    if 4 * form[0] * form[2] <= form[1] ** 2:
        return np.inf
    return float(np.abs(terms @ form - 1).max())


def vector_field(game: Game, extent: tuple[float, float, float, float], grid: int = 15) -> np.ndarray:
    """Where both players' gradient descent would go: minus their gradients, at evenly spaced points.

    Args:
        game: With one number per player.
        extent: x_min, x_max, y_min, y_max.
        grid: Points along each side, at least 2.

    Returns:
        (A, 4) arrows whose middles are the points, x and y of tail and head. The longest is as long as the points are
        apart; the others' lengths go with the square root of the field's, so that weak places can be seen too.

    Example:
        >>> from gan_edu.games.bilinear import bilinear
        >>> arrows = vector_field(bilinear(), (-1, 1, -1, 1), grid=3)
        >>> (arrows[5, 2:] - arrows[5, :2]).round(2)  # at (1, 0) only y moves, up
        array([0.  , 0.84])
    """
    x_min, x_max, y_min, y_max = extent
    y, x = np.meshgrid(np.linspace(y_min, y_max, grid), np.linspace(x_min, x_max, grid), indexing="ij")
    places = np.stack([x.ravel(), y.ravel()], 1)
    players = {
        name: torch.from_numpy(places[:, k : k + 1].copy()) for k, name in enumerate(("theta_g", "theta_d"))
    }
    batch = game.draw(len(places), 1, torch.Generator().manual_seed(0))
    slopes = gradients(game)
    ways = -torch.cat([slopes[mover](players, batch)[1] for mover in ("theta_g", "theta_d")], 1).numpy()
    apart = min(x_max - x_min, y_max - y_min) / (grid - 1)
    length = np.maximum(np.hypot(*ways.T), 1e-300)
    ways *= (apart / np.sqrt(length * length.max()))[:, None]
    return np.concatenate([places - ways / 2, places + ways / 2], 1)


def plane_scene(
    game: Game,
    ways: Mapping[str, Way],
    *,
    shown: Collection[str] | None = None,
    start: tuple[float, float] = (1.0, 0.3),
    steps: int = 1000,
    learning_rate: float = 0.2,
    momentum: float = 0.0,
    extent: tuple[float, float, float, float] = (-2, 2, -2, 2),
    flow: np.ndarray | None = None,
    labels: Mapping[str, str] | None = None,
    caption: str = "",
) -> Scene:
    """The paths of several ways to play, from one start, over the game's field, with what theory says of each.

    Args:
        game: With one number per player; its equilibrium is 0.
        ways: What is offered, by name; the order gives each its colour, marker and dashes.
        shown: Names of those that are played; all of them unless given.
        start: x and y.
        steps: T.
        learning_rate: Of both players.
        momentum: Of both players, heavy-ball.
        extent: Of the picture.
        flow: The game's `vector_field`, if it is known already.
        labels: What the legend calls them, by name.
        caption: What is seen.

    Returns:
        A scene whose step is the last one.

    Raises:
        ValueError: If a setting is out of its range.

    Example:
        >>> from gan_edu import catalogue
        >>> from gan_edu.games.bilinear import bilinear
        >>> scene = plane_scene(bilinear(), {"simultaneous": catalogue.find("dynamics", "simultaneous")()}, steps=50)
        >>> scene.paths[0].words, round(scene.paths[0].factor, 4)
        ('×1.0198 spirals out', 1.0198)
    """
    rate = {"learning_rate": learning_rate}
    plain = heavy_ball(momentum) if momentum else sgd()
    paths = []
    for style, (name, way) in enumerate(ways.items()):
        label = (labels or {}).get(name, name.replace("_", " "))
        if shown is not None and name not in shown:
            paths.append(Path(np.empty((0, 2)), name, label, style=style))
            continue
        played, dynamics = (game, way) if isinstance(way, Dynamics) else (way(game), simultaneous())
        settings = {**rate, "dynamics": dynamics}
        walked = trajectory(played, steps=steps, start=start, optimizer=_sliding(momentum), **settings)
        points = walked[:, 0].numpy()
        eigenvalues = _eigenvalues(played, optimizer=plain, **settings)
        ellipse = _conserves(played, dynamics, momentum) and conserved_ellipse(start, learning_rate)
        paths.append(
            Path(
                points,
                name,
                label,
                what_is_seen(points).words,
                style,
                abs(eigenvalues[0]) if eigenvalues else None,
                eigenvalues,
                np.empty((0, 2)) if ellipse is False else ellipse,
            )
        )
    field = vector_field(game, extent) if flow is None else flow
    return Scene(extent=extent, step=steps, caption=caption, flow=field, paths=tuple(paths), axes=("x", "y"))


def _sliding(beta: float) -> Optimizer:
    """Heavy-ball momentum whose strength is part of the state.

    A trajectory's program is made once for all of its states: so a slider that moves beta needs no other program.
    """

    def init(theta: Tensor) -> dict[str, Tensor]:
        return {"velocity": torch.zeros_like(theta), "beta": torch.full_like(theta, beta)}

    def update(theta: Tensor, gradient: Tensor, slots: Slots, rate: Rate) -> tuple[Tensor, dict[str, Tensor]]:
        velocity = gradient + slots["beta"] * slots["velocity"]
        return theta - rate * velocity, {"velocity": velocity, "beta": slots["beta"]}

    return Optimizer(init, update, recipe={"folder": "optimizers", "name": "momentum", "arguments": {}})


def _eigenvalues(game: Game, dynamics: Dynamics, **settings: Any) -> tuple[complex, ...]:
    """Of one step at the equilibrium, the largest first; none where a step hides or counts what it depends on."""
    if game.hides_slopes:
        return ()
    players = game.init(1, torch.Generator().manual_seed(0))
    if any(name.startswith("count") for name in {**players, **dynamics.init(players)}):
        return ()
    found = update_eigenvalues(game, dynamics=dynamics, **settings)[0]
    return tuple(found[torch.isfinite(torch.view_as_real(found)).all(-1)].tolist())


def conserved_ellipse(start: tuple[float, float], learning_rate: float, corners: int = 181) -> np.ndarray:
    """The curve on which alternating steps of the game xy stay for ever, y moving first: x² + y² + eta xy.

    With y' = y + eta x and x' = x - eta y' it is as large after the step as before it, exactly.

    Args:
        start: x and y.
        learning_rate: eta, below 2; the curve is no ellipse from there on.
        corners: K.

    Returns:
        (K, 2) along the ellipse through the start.

    Example:
        >>> ellipse = conserved_ellipse((1.0, 0.0), 0.2)
        >>> np.allclose((ellipse**2).sum(1) + 0.2 * ellipse.prod(1), 1)
        True
    """
    x, y = start
    angle = np.linspace(0, 2 * np.pi, corners)
    way = np.stack([np.cos(angle), np.sin(angle)], 1)
    size = (x * x + y * y + learning_rate * x * y) / (1 + learning_rate * way.prod(1))
    return way * np.sqrt(np.maximum(size, 0))[:, None]


def _conserves(game: Game, dynamics: Dynamics, momentum: float) -> bool:
    made = [thing.recipe or {} for thing in (game, dynamics)]
    plain = {"discriminator_steps": 1, "generator_steps": 1}
    names = [recipe.get("name") for recipe in made]
    return names == ["bilinear", "alternating"] and made[1]["arguments"] == plain and not momentum
