"""Historical averaging: each player is also pulled towards where it has been on average."""

from __future__ import annotations

import dataclasses
from typing import Annotated

import torch
from torch import Tensor

from gan_edu.dynamics.dynamics import MOVERS, Dynamics, Moves, State
from gan_edu.games.game import Batch, Players
from gan_edu.parameters import Range, method


@method
def historical_averaging(
    strength: Annotated[float, Range(0, 1000, slider=(0, 1), step=0.01, label="pull λ")] = 0.1,
) -> Dynamics:
    """Simultaneous steps with a penalty on the distance to the players' own past.

        L <- L + lambda |theta - mean|²        mean = (theta_0 + ... + theta_t) / (t + 1), held constant

    Args:
        strength: lambda. The mean moves ever more slowly, so a strong pull first brakes and then hardly helps.

    Returns:
        The dynamics. On xy it turns the way out into a way in; it is no cure for mode collapse.

    Raises:
        ValueError: If the strength is negative or not a number.

    Example:
        >>> historical_averaging(strength=0.5).recipe["arguments"]
        {'strength': 0.5}

    Reference:
        Salimans et al. (2016), Improved Techniques for Training GANs, arXiv 1606.03498, sec. 3.3.
    """

    def init(players: Players) -> dict[str, Tensor]:
        count = torch.zeros_like(players["theta_d"][:, :1])
        return {f"mean_{mover}": torch.zeros_like(players[mover]) for mover in MOVERS} | {"count": count}

    def step(moves: Moves, state: State, batches: list[Batch]) -> State:
        slopes = moves.field(state.players, batches[0])
        count = state.memory["count"] + 1
        mean = {m: state.memory[f"mean_{m}"] for m in MOVERS}
        mean = {m: mean[m] + (state.players[m] - mean[m]) / count for m in MOVERS}
        pull = {m: 2 * strength * (state.players[m] - mean[m]) for m in MOVERS}
        memory = {f"mean_{m}": mean[m] for m in MOVERS} | {"count": count}
        pulled = slopes._replace(
            theta_d=slopes.theta_d + pull["theta_d"], theta_g=slopes.theta_g + pull["theta_g"]
        )
        return dataclasses.replace(moves.follow(state, pulled), memory=memory)

    return Dynamics(("theta_d",), step, init=init)
