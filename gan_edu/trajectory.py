"""A trajectory: where the players stand after each of many steps, and nothing else."""

from __future__ import annotations

import contextlib
import itertools
import json
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from gan_edu.dynamics.dynamics import Mover, State, differentiable_moves, draw
from gan_edu.games.game import Game
from gan_edu.scalars import in_scalars
from gan_edu.training import Settings, Training, check_steps, rate_left, resolve


def trajectory(game: Game, *, steps: int = 1000, **settings: Any) -> Tensor:
    """Play a game and write down theta_g and theta_d after every step: (x, y) for planar games.

    A game of one number per player is played in plain Python numbers, about a microsecond an evaluation of the field;
    any other as `train` does, one frame a step.

    Args:
        game: From `gan_edu.games`.
        steps: T, rounds of the dynamics.
        **settings: As for `gan_edu.training.train`; `start=(1, 0.3)` gives the first point; `runs=2` two
            trajectories, with `start=[(1, 0.3), (2, 0)]` from a point each.

    Returns:
        (T + 1, R, P_g + P_d), the start first. A run that diverges stays at its last finite point.

    Raises:
        ValueError: If a setting is unknown or out of its range.

    Example:
        >>> from gan_edu.games.bilinear import bilinear
        >>> trajectory(bilinear(), steps=2, start=(1, 0.5), dynamics="simultaneous", learning_rate=0.5)[:, 0]
        tensor([[1.0000, 0.5000],
                [0.7500, 1.0000],
                [0.2500, 1.3750]], dtype=torch.float64)
    """
    steps = check_steps(steps) or 0
    asked = resolve(game, {**settings, "steps_per_frame": 1})
    training = Training(asked)
    first = next(training)
    state, program = first.state, _program(asked, first.state)
    if program is None:
        frames = [first, *itertools.islice(training, steps)]
        return torch.stack([torch.cat([f.players[name] for name in ORDER], -1).cpu() for f in frames])
    return torch.from_numpy(
        np.stack([_play(program, asked, state, run, steps) for run in range(asked.runs)], 1)
    )


Program = Callable[..., tuple[float, ...]]
ORDER: tuple[Mover, Mover] = ("theta_g", "theta_d")
KEPT = 64
_programs: dict[str, Program | None] = {}


def _program(asked: Settings, state: State) -> Program | None:
    """One step in plain numbers: (eta_d, eta_g, the state's numbers) -> the state's numbers; None if it can't be."""
    if not (asked.game.generator.n_parameters == asked.game.discriminator.n_parameters == 1):
        return None
    recipes = [part.recipe for part in (asked.game, asked.dynamics, asked.optimizer)]
    if None in recipes:
        return _write(asked, state)
    key = json.dumps(recipes)
    if key not in _programs:
        if len(_programs) >= KEPT:
            del _programs[next(iter(_programs))]
        _programs[key] = _write(asked, state)
    return _programs[key]


def _write(asked: Settings, state: State) -> Program | None:
    batches = draw(asked.dynamics, asked.game, 1, asked.batch_size, torch.Generator())
    start = _numbers(state, 0)

    def step(eta_d: Tensor, eta_g: Tensor, *tensors: Tensor) -> list[Tensor]:
        moves = differentiable_moves(
            asked.dynamics, asked.game, asked.optimizer, {"theta_d": eta_d, "theta_g": eta_g}
        )
        before = State.from_named(dict(zip(start, tensors, strict=True)), 0)
        after = asked.dynamics.step(moves, before, batches).named()
        return [after[path] for path in start]

    rate = torch.full((1, 1), 0.1, dtype=torch.float64)
    try:
        return in_scalars(step, [rate, rate, *start.values()])
    except NotImplementedError:
        return None


def _numbers(state: State, run: int) -> dict[str, Tensor]:
    """What one run's next step depends on."""
    named = {path: t for path, t in state.named().items() if not path.startswith("losses/")}
    return {path: t[run : run + 1] if t.ndim else t for path, t in named.items()}


def _play(program: Program, asked: Settings, state: State, run: int, steps: int) -> np.ndarray:
    start = _numbers(state, run)
    places = [list(start).index(f"players/{name}") for name in ORDER]
    rates = (asked.discriminator_learning_rate, asked.generator_learning_rate)
    eta_d, eta_g = (rate[run] if isinstance(rate, tuple) else rate for rate in rates)
    numbers = tuple(float(t) for t in start.values())
    path = [numbers]
    with contextlib.suppress(ArithmeticError, ValueError):  # diverged
        for round_ in range(steps):
            left = rate_left(asked, round_ * asked.dynamics.generator_updates)
            numbers = program(left * eta_d, left * eta_g, *numbers)
            path.append(numbers)
    points = np.array(path)[:, places]
    finite = np.isfinite(points).all(1)
    last = len(points) if finite.all() else int(finite.argmin())
    return np.concatenate([points[:last], np.repeat(points[last - 1 : last], steps + 1 - last, 0)])
