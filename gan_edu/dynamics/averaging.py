"""Averaging the iterates: play as before, and show the mean of where you have been."""

from __future__ import annotations

import dataclasses
from typing import Annotated, Literal

import torch
from torch import Tensor

from gan_edu.dynamics.alternating import alternating
from gan_edu.dynamics.dynamics import MOVERS, Dynamics, Moves, State
from gan_edu.dynamics.simultaneous import simultaneous
from gan_edu.games.game import Batch, Players
from gan_edu.parameters import Range, method


@method
def averaging(
    kind: Literal["uniform", "exponential"] = "uniform",
    decay: Annotated[float, Range(0, 0.99999, slider=(0.5, 0.999))] = 0.99,
    played: Literal["alternating", "simultaneous"] = "alternating",
    averaged: Literal["both", "generator", "discriminator"] = "both",
) -> Dynamics:
    """The game is played by w; what the run shows, and keeps, is a mean of all w so far.

        uniform:      m <- m + (w - m) / (t + 1) after step t, the mean of w_0, ..., w_t
        exponential:  m <- decay m + (1 - decay) w

    The players of a frame are m; w lives in the dynamics' memory. The mean of something that turns about a point
    goes to that point; of something that spirals out, or jumps from mode to mode, it does not. With the mean of G
    alone, as GANs of images are mostly shown, D is the one that plays.

    Args:
        kind: Of the mean.
        decay: Memory of the exponential mean, which has to reach far beyond one turn (2 pi / eta steps on xy).
        played: How w moves.
        averaged: Whose mean is shown; the other player is shown as it plays.

    Returns:
        The dynamics. Changing to others goes on from m.

    Raises:
        ValueError: If a parameter is unknown or out of its range.

    Example:
        >>> averaging("exponential", decay=0.9).draws
        ('theta_d', 'theta_g')

    Reference:
        Gidel et al. (2019), A Variational Inequality Perspective on Generative Adversarial Networks, arXiv
        1802.10551, sec. 3.1. Yazıcı et al. (2019), The Unusual Effectiveness of Averaging in GAN Training, arXiv
        1806.04498.
    """
    means = {"both": MOVERS, "generator": ("theta_g",), "discriminator": ("theta_d",)}[averaged]
    inner = alternating() if played == "alternating" else simultaneous()

    def init(players: Players) -> dict[str, Tensor]:
        count = torch.zeros_like(players["theta_d"][:, :1])
        return {f"played_{mover}": players[mover] for mover in MOVERS} | {"count": count}

    def step(moves: Moves, state: State, batches: list[Batch]) -> State:
        there = {mover: state.memory[f"played_{mover}"] for mover in MOVERS}
        moved = inner.step(moves, dataclasses.replace(state, players={**state.players, **there}), batches)
        count = state.memory["count"] + 1
        weight = 1 / (count + 1) if kind == "uniform" else torch.full_like(count, 1 - decay)
        mean = {m: state.players[m] + weight * (moved.players[m] - state.players[m]) for m in means}
        memory = {f"played_{mover}": moved.players[mover] for mover in MOVERS} | {"count": count}
        return dataclasses.replace(moved, players={**moved.players, **mean}, memory=memory)

    return Dynamics(inner.draws, step, init=init)
