"""One run of a frame, held ready to be looked at."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from gan_edu.data.target import Target
from gan_edu.dynamics.dynamics import Players
from gan_edu.games.game import Game
from gan_edu.training import Frame


class Look(NamedTuple):
    """One run of a frame on the CPU, with a leading axis of one."""

    game: Game
    players: Players

    @property
    def target(self) -> Target:
        """What should be learned."""
        return self.game.target


def look_at(frame: Frame, run: int) -> Look:
    """Take one run out of a frame.

    Raises:
        ValueError: If there is no such run.
    """
    runs = len(frame.alive)
    if not -runs <= run < runs:
        raise ValueError(f"run must be a whole number from 0 to {runs - 1}; got {run!r}")
    players = {name: theta[run].unsqueeze(0).cpu() for name, theta in frame.players.items()}
    return Look(frame.settings.game, players)


def field_on_grid(look: Look, extent: tuple[float, float, float, float], grid: int) -> np.ndarray:
    """What D says at evenly spaced nodes that include the edges, from 0 to 1; row 0 lies at y_min."""
    return as_shades(look, verdicts_at(look, nodes_of(extent, grid))).reshape(grid, grid)


def nodes_of(extent: tuple[float, float, float, float], grid: int) -> Tensor:
    """Evenly spaced points that include the edges, row by row from y_min up: (grid², 2)."""
    x_min, x_max, y_min, y_max = extent
    y, x = torch.meshgrid(
        torch.linspace(y_min, y_max, grid), torch.linspace(x_min, x_max, grid), indexing="ij"
    )
    return torch.stack([x, y], -1).reshape(-1, 2)


def verdicts_at(look: Look, x: Tensor) -> np.ndarray:
    """D(x), or its bare output where that is no probability: (N, d) -> (N,)."""
    with torch.no_grad():
        return look.game.verdicts(look.players["theta_d"], x.unsqueeze(0))[0].numpy()


def as_shades(look: Look, verdicts: np.ndarray) -> np.ndarray:
    """Probabilities as they are; scores from 0 for the lowest of them to 1 for the highest, 1/2 where all are one."""
    finite = verdicts[np.isfinite(verdicts)]
    if look.game.reading == "probability" or not len(finite):
        return verdicts
    low, span = finite.min(), np.ptp(finite)
    return (verdicts - low) / span if span else np.where(np.isfinite(verdicts), 0.5, np.nan)


def on_plane(x: Tensor) -> np.ndarray:
    """The first two coordinates."""
    return x[..., :2].numpy()
