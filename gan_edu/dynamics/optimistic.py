"""Optimistic steps: expect that the next slope will change as the last one did."""

from __future__ import annotations

import dataclasses

import torch

from gan_edu.dynamics.dynamics import MOVERS, Dynamics, Moves, State
from gan_edu.games.game import Batch, Players
from gan_edu.parameters import method


@method
def optimistic() -> Dynamics:
    """Take the step twice and the last one back: an extragradient that pays for one gradient.

        w <- w - 2 eta v_t + eta v_{t-1}        v_{-1} = v_0

    Seen from the points w_ahead = w - eta v_{t-1}, at which it takes its gradients, this is extrapolation from the
    past. With Adam it is OptimisticAdam: the *steps* are extrapolated, whatever optimizer makes them.

    Returns:
        The dynamics. On xy the radius shrinks in the long run by the larger root of l² - (1 - 2i eta) l - i eta = 0.

    Example:
        >>> optimistic().draws
        ('theta_d',)

    Reference:
        Daskalakis, Ilyas, Syrgkanis, Zeng (2018), Training GANs with Optimism, arXiv 1711.00141, sec. 2 and 5. Popov
        (1980), A modification of the Arrow-Hurwicz method for search of saddle points.
    """

    def init(players: Players) -> dict[str, torch.Tensor]:
        return {"started": torch.zeros_like(players["theta_d"][:, :1])} | {
            f"last_{mover}": torch.zeros_like(players[mover]) for mover in MOVERS
        }

    def step(moves: Moves, state: State, batches: list[Batch]) -> State:
        moved = moves.follow(state, moves.field(state.players, batches[0]))
        started = state.memory["started"]
        players, memory = dict(moved.players), {"started": torch.ones_like(started)}
        for mover in MOVERS:
            now = moved.players[mover] - state.players[mover]
            last = torch.where(started > 0, state.memory[f"last_{mover}"], now)
            players[mover] = moved.players[mover] + (now - last)
            memory[f"last_{mover}"] = now
        return dataclasses.replace(moved, players=players, memory=memory)

    return Dynamics(("theta_d",), step, init=init)
