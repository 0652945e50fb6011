"""Dynamics say who moves when. A step is a pure function of the state and of the batches that were drawn for it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor

from gan_edu.games.game import Batch, Game, Loss, Players
from gan_edu.optimizers.optimizer import Optimizer, Rate
from gan_edu.tracing import flatten

Mover = Literal["theta_d", "theta_g"]


@dataclass(frozen=True)
class State:
    """Where a run stands; everything that the next step depends on except the random numbers.

    Args:
        players: Parameter vectors by name, (R, P) each.
        slots: What the optimizer remembers of each player.
        losses: The losses (R,) at the last update of each player.
        step: Generator updates so far.
    """

    players: Mapping[str, Tensor]
    slots: Mapping[str, Mapping[str, Tensor]]
    losses: Mapping[str, Tensor]
    step: int = 0


Gradient = Callable[[Players, Batch], tuple[Tensor, Tensor]]
"""(players, batch) -> loss (R,), gradient (R, P) for one mover."""


@dataclass(frozen=True)
class Moves:
    """What dynamics may use: the gradients of a game, its optimizer, and the learning rates.

    `rates` holds one rate per mover; it may change between two steps.
    """

    gradients: Mapping[Mover, Gradient]
    optimizer: Optimizer
    rates: Mapping[Mover, Rate]

    def move(self, state: State, mover: Mover, batch: Batch, players: Players | None = None) -> State:
        """One update of one player, with the gradient taken at `players` (the state's own unless given)."""
        loss, gradient = self.gradients[mover](players or state.players, batch)
        theta, slots = self.optimizer.update(
            state.players[mover], gradient, state.slots[mover], self.rates[mover]
        )
        return dataclasses.replace(
            state,
            players={**state.players, mover: theta},
            slots={**state.slots, mover: slots},
            losses={**state.losses, mover: loss},
        )


@dataclass(frozen=True)
class Dynamics:
    """Who moves when.

    Args:
        draws: One entry for every batch that a step needs, naming who looks at it ("theta_g" batches carry no real
            data where the generator's loss does not look at any).
        step: (moves, state, batches) -> state.
        generator_updates: How far one call of `step` advances the step counter.
        recipe: How to make it again; see `gan_edu.parameters.method`.
    """

    draws: tuple[Mover, ...]
    step: Callable[[Moves, State, list[Batch]], State]
    generator_updates: int = 1
    recipe: Mapping[str, Any] | None = None


def gradient(loss: Loss, mover: Mover) -> Gradient:
    """The gradient of a player's own loss with respect to that player's parameters.

    Runs are independent, so the gradient of the sum over runs holds every run's own gradient.

    Args:
        loss: (players, batch) -> (R,).
        mover: Whose parameters move.

    Returns:
        (players, batch) -> loss (R,), gradient (R, P), traced into a flat list of operators.
    """
    names: tuple[str, ...] = ()

    def direct(*tensors: Tensor) -> tuple[Tensor, Tensor]:
        players = dict(zip(names, tensors, strict=False))
        theta = players[mover] = players[mover].detach().requires_grad_()
        value = loss(players, Batch(*tensors[len(names) :]))
        return value, torch.autograd.grad(value.sum(), theta)[0]

    traced = flatten(direct)

    def run(players: Players, batch: Batch) -> tuple[Tensor, Tensor]:
        nonlocal names
        names = tuple(players)
        value, slope = traced(*players.values(), *batch)
        return value, slope

    return run


def gradients(game: Game) -> dict[Mover, Gradient]:
    """The gradient of each player's own loss, by mover."""
    return {
        "theta_d": gradient(game.discriminator_loss, "theta_d"),
        "theta_g": gradient(game.generator_loss, "theta_g"),
    }


def begin(game: Game, optimizer: Optimizer, runs: int, generator: torch.Generator) -> State:
    """The state before the first step: fresh players, an optimizer with no memory."""
    players = game.init(runs, generator)
    slots = {name: optimizer.init(players[name]) for name in ("theta_d", "theta_g")}
    nothing = torch.full((runs,), torch.nan, device=generator.device)
    return State(players, slots, {"theta_d": nothing, "theta_g": nothing})


def draw(
    dynamics: Dynamics, game: Game, runs: int, batch_size: int, generator: torch.Generator
) -> list[Batch]:
    """The batches of one step, in the order in which it uses them."""
    return [
        game.draw(runs, batch_size, generator)
        if mover == "theta_d" or game.generator_sees_data
        else game.draw_without_data(runs, batch_size, generator)
        for mover in dynamics.draws
    ]
