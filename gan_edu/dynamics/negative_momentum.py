"""Negative momentum: each player takes back a part of its last step."""

from __future__ import annotations

import dataclasses
from typing import Annotated

import torch
from torch import Tensor

from gan_edu.dynamics.dynamics import MOVERS, Dynamics, Moves, State
from gan_edu.games.game import Batch, Players
from gan_edu.parameters import Range, method


@method
def negative_momentum(
    beta: Annotated[float, Range(-0.999, 0.999, slider=(-0.9, 0.9), step=0.05, label="momentum β")] = -0.5,
) -> Dynamics:
    """Alternating steps, each with a multiple of the player's own last displacement.

        theta <- theta - eta grad L + beta (theta - theta_before)        first D, then G against the new D

    With SGD this is heavy-ball momentum (what the optimizer `momentum` does inside any dynamics); it is written on
    displacements, so that it works on top of Adam as well, where a negative beta1 has no meaning.

    Args:
        beta: Below 0 it brakes the rotation; above 0 it speeds it up, and xy diverges.

    Returns:
        The dynamics. On xy, alternating steps with beta = -1/2 shrink the radius; simultaneous ones still grow it.

    Raises:
        ValueError: If beta is not inside (-1, 1).

    Example:
        >>> negative_momentum().recipe["arguments"]
        {'beta': -0.5}

    Reference:
        Gidel et al. (2019), Negative Momentum for Improved Game Dynamics, arXiv 1807.04740, sec. 3 and 5.
    """

    def init(players: Players) -> dict[str, Tensor]:
        return {f"moved_{mover}": torch.zeros_like(players[mover]) for mover in MOVERS}

    def step(moves: Moves, state: State, batches: list[Batch]) -> State:
        for mover, batch in zip(MOVERS, batches, strict=True):
            before = state.players[mover]
            state = moves.move(state, mover, batch)
            theta = state.players[mover] + beta * state.memory[f"moved_{mover}"]
            state = dataclasses.replace(
                state,
                players={**state.players, mover: theta},
                memory={**state.memory, f"moved_{mover}": theta - before},
            )
        return state

    return Dynamics(MOVERS, step, init=init)
