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


def prob_real_on_grid(look: Look, extent: tuple[float, float, float, float], grid: int) -> np.ndarray:
    """D(x) at evenly spaced nodes that include the edges; row 0 lies at y_min."""
    x_min, x_max, y_min, y_max = extent
    y, x = torch.meshgrid(
        torch.linspace(y_min, y_max, grid), torch.linspace(x_min, x_max, grid), indexing="ij"
    )
    return prob_real_at(look, torch.stack([x, y], -1).reshape(-1, 2)).reshape(grid, grid)


def prob_real_at(look: Look, x: Tensor) -> np.ndarray:
    """D(x): (N, d) -> (N,)."""
    with torch.no_grad():
        return look.game.prob_real(look.players["theta_d"], x.unsqueeze(0))[0].numpy()


def on_plane(x: Tensor) -> np.ndarray:
    """The first two coordinates."""
    return x[..., :2].numpy()
