"""Dynamics say who moves when. A step is a pure function of the state and of the batches that were drawn for it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import torch
from torch import Tensor

from gan_edu.games.game import Batch, Game, Loss, Players
from gan_edu.optimizers.optimizer import Optimizer, Rate
from gan_edu.tracing import flatten

Mover = Literal["theta_d", "theta_g"]
MOVERS: tuple[Mover, Mover] = ("theta_d", "theta_g")
COUNTERS = ("updates", "count", "started")  # how the parts of a state are called that count and do not move


@dataclass(frozen=True)
class State:
    """Where a run stands; everything that the next step depends on except the random numbers.

    Args:
        players: Parameter vectors by name, (R, P) each.
        slots: What the optimizer remembers of each player.
        losses: The losses (R,) at the last update of each player.
        step: Generator updates so far.
        memory: What the dynamics remember from step to step, such as a running mean, (R, P) each.
    """

    players: Mapping[str, Tensor]
    slots: Mapping[str, Mapping[str, Tensor]]
    losses: Mapping[str, Tensor]
    step: int = 0
    memory: Mapping[str, Tensor] = dataclasses.field(default_factory=dict)

    def named(self) -> dict[str, Tensor]:
        """Every tensor by its path, such as `slots/theta_d/mean`; `from_named` reads them back."""
        named = {f"players/{k}": v for k, v in self.players.items()}
        named |= {f"slots/{k}/{n}": t for k, slots in self.slots.items() for n, t in slots.items()}
        named |= {f"losses/{k}": v for k, v in self.losses.items()}
        return named | {f"memory/{k}": v for k, v in self.memory.items()}

    @classmethod
    def from_named(cls, named: Mapping[str, Tensor], step: int) -> State:
        """The state of which `named` gave the tensors."""
        parts: dict[str, dict[str, Any]] = {"players": {}, "losses": {}, "memory": {}}
        slots: dict[str, dict[str, Tensor]] = {mover: {} for mover in MOVERS}
        for path, tensor in named.items():
            kind, *rest = path.split("/")
            if kind == "slots":
                slots[rest[0]][rest[1]] = tensor
            else:
                parts[kind][rest[0]] = tensor
        return cls(slots=slots, step=step, **parts)


Gradient = Callable[[Players, Batch], tuple[Tensor, Tensor]]
"""(players, batch) -> loss (R,), gradient (R, P) for one mover."""


class Slopes(NamedTuple):
    """A game's vector field at one point: both players' losses (R,), and what each of them descends (R, P)."""

    loss_d: Tensor
    loss_g: Tensor
    theta_d: Tensor
    theta_g: Tensor


Field = Callable[[Players, Batch, Mapping[Mover, Tensor]], Slopes]
"""(players, batch, learning rates (R, 1) or (1, 1)) -> slopes."""


@dataclass(frozen=True)
class Moves:
    """What dynamics may use: the gradients of a game, its optimizer, and the learning rates.

    `rates` holds one rate per mover; it may change between two steps. `after` is what the game does to the players
    whenever one has moved, and `still` which parts of theta_g it holds still. `bent` is the vector field of dynamics
    that follow another one than the players' own gradients.
    """

    gradients: Mapping[Mover, Gradient]
    optimizer: Optimizer
    rates: Mapping[Mover, Rate]
    after: Callable[[Players, str], Players]
    bent: Field | None = None
    still: Callable[[Tensor, Tensor], Tensor] | None = None

    def play(self, dynamics: Dynamics, state: State, batches: list[Batch]) -> State:
        """One step of the dynamics. What is held still keeps all that is remembered of it, so that it can go on."""
        end = dynamics.step(self, state, batches)
        if self.still is None:
            return end
        before, now, shape = state.named(), end.named(), state.players["theta_g"].shape
        held = {p: self.still(before[p], t) for p, t in now.items() if "theta_g" in p and t.shape == shape}
        return State.from_named(now | held, end.step)

    def move(self, state: State, mover: Mover, batch: Batch, players: Players | None = None) -> State:
        """One update of one player, with the gradient taken at `players` (the state's own unless given)."""
        loss, gradient = self.gradients[mover](players or state.players, batch)
        return self._moved(state, mover, loss, gradient)

    def field(self, players: Players, batch: Batch) -> Slopes:
        """What both players would follow at `players`: the vector field of the dynamics."""
        if self.bent is not None:
            rates: dict[Mover, Tensor] = {m: _as_tensor(self.rates[m], players[m]) for m in MOVERS}
            return self.bent(players, batch, rates)
        (loss_d, theta_d), (loss_g, theta_g) = (self.gradients[mover](players, batch) for mover in MOVERS)
        return Slopes(loss_d, loss_g, theta_d, theta_g)

    def follow(self, state: State, slopes: Slopes) -> State:
        """One update of both players at once, along slopes that were taken anywhere."""
        state = self._moved(state, "theta_d", slopes.loss_d, slopes.theta_d)
        return self._moved(state, "theta_g", slopes.loss_g, slopes.theta_g)

    def _moved(self, state: State, mover: Mover, loss: Tensor, gradient: Tensor) -> State:
        theta, slots = self.optimizer.update(
            state.players[mover], gradient, state.slots[mover], self.rates[mover]
        )
        if self.still is not None and mover == "theta_g":  # here too, for dynamics that look ahead
            theta = self.still(state.players[mover], theta)
        return dataclasses.replace(
            state,
            players=self.after({**state.players, mover: theta}, mover),
            slots={**state.slots, mover: slots},
            losses={**state.losses, mover: loss},
        )


def _no_memory(players: Players) -> dict[str, Tensor]:
    return {}


@dataclass(frozen=True)
class Dynamics:
    """Who moves when.

    Args:
        draws: One entry for every batch that a step needs, naming who looks at it ("theta_g" batches carry no real
            data where the generator's loss does not look at any).
        step: (moves, state, batches) -> state.
        generator_updates: How far one call of `step` advances the step counter.
        init: players -> the memory that the dynamics begin with, one row per run.
        field: game -> the vector field that `moves.field` gives, where that is not the players' own gradients.
        recipe: How to make it again; see `gan_edu.parameters.method`.
    """

    draws: tuple[Mover, ...]
    step: Callable[[Moves, State, list[Batch]], State]
    generator_updates: int = 1
    init: Callable[[Players], dict[str, Tensor]] = _no_memory
    field: Callable[[Game], Field] | None = None
    recipe: Mapping[str, Any] | None = None


def follow_field(moves: Moves, state: State, batches: list[Batch]) -> State:
    """The step of dynamics that are a vector field and no more: both players at once, on one batch."""
    return moves.follow(state, moves.field(state.players, batches[0]))


def slope(loss: Loss, mover: Mover) -> Gradient:
    """The gradient of a player's own loss with respect to that player's parameters, differentiable once more.

    Runs are independent, so the gradient of the sum over runs holds every run's own gradient.

    Args:
        loss: (players, batch) -> (R,).
        mover: Whose parameters move.

    Returns:
        (players, batch) -> loss (R,), gradient (R, P): parts of autograd's graph where the players are.
    """

    def run(players: Players, batch: Batch) -> tuple[Tensor, Tensor]:
        theta = with_gradient(players[mover])
        value = loss({**players, mover: theta}, batch)
        return value, differentiate(value, theta)[0]

    return run


def with_gradient(theta: Tensor) -> Tensor:
    """A point by which autograd can differentiate.

    Inside a graph that is a copy, on which nothing depends but what is computed from here on: the other players may
    have answered this one before, and a player's own gradient holds them still.
    """
    return theta.clone() if theta.requires_grad else theta.detach().requires_grad_()


def differentiate(value: Tensor, *thetas: Tensor) -> tuple[Tensor, ...]:
    """The gradients of a sum, themselves differentiable; 0 with respect to what it does not depend on."""
    total = value.sum()
    if not total.requires_grad:
        return tuple(torch.zeros_like(theta) for theta in thetas)
    return torch.autograd.grad(total, thetas, create_graph=True, materialize_grads=True)


def slopes_at(game: Game, players: Players, batch: Batch) -> tuple[Players, Slopes]:
    """The players' own gradients as parts of autograd's graph, and the points that they can be derived by."""
    here = {**players, **{mover: with_gradient(players[mover]) for mover in MOVERS}}
    loss_d, theta_d = slope(game.discriminator_loss, "theta_d")(here, batch)
    loss_g, theta_g = slope(game.generator_loss, "theta_g")(here, batch)
    return here, Slopes(loss_d, loss_g, theta_d, theta_g)


def gradient(loss: Loss, mover: Mover) -> Gradient:
    """`slope`, traced into a flat list of operators that carry no gradient."""
    traced = _trace(lambda players, batch, rates: slope(loss, mover)(players, batch))

    def run(players: Players, batch: Batch) -> tuple[Tensor, Tensor]:
        value, found = traced(players, batch, {})
        return value, found

    return run


def gradients(game: Game, make: Callable[[Loss, Mover], Gradient] = gradient) -> dict[Mover, Gradient]:
    """The gradient of each player's own loss, by mover."""
    return {
        "theta_d": make(game.discriminator_loss, "theta_d"),
        "theta_g": make(game.generator_loss, "theta_g"),
    }


def moves_of(
    dynamics: Dynamics,
    game: Game,
    optimizer: Optimizer,
    rates: Mapping[Mover, Rate],
    traced: Mapping[Mover, Gradient] | None = None,
) -> Moves:
    """What the dynamics need to play a game.

    Args:
        dynamics: Who moves when.
        game: What is played.
        optimizer: How a gradient becomes a step.
        rates: Learning rates by mover.
        traced: The game's `gradients`, where they were made before.
    """
    if dynamics.field is None:
        return Moves(traced or gradients(game), optimizer, rates, game.after, still=game.still)
    run = _trace(dynamics.field(game))
    return Moves(
        traced or gradients(game),
        optimizer,
        rates,
        game.after,
        lambda players, batch, rates: Slopes(*run(players, batch, rates)),
        game.still,
    )


def differentiable_moves(
    dynamics: Dynamics, game: Game, optimizer: Optimizer, rates: Mapping[Mover, Rate]
) -> Moves:
    """The same with nothing traced: a step is then itself a function that autograd can differentiate."""
    bent = dynamics.field(game) if dynamics.field else None
    return Moves(gradients(game, slope), optimizer, rates, game.after, bent, game.still)


def begin(
    dynamics: Dynamics,
    game: Game,
    optimizer: Optimizer,
    runs: int,
    generator: torch.Generator,
    start: Sequence[Sequence[float]] | None = None,
) -> State:
    """The state before the first step: fresh players, an optimizer and dynamics with no past.

    Args:
        dynamics: Who will move when.
        game: What will be played.
        optimizer: How a gradient becomes a step.
        runs: R.
        generator: Of the random numbers.
        start: In place of fresh players: theta_g and theta_d in one row, for each run or one for all.
    """
    players = game.init(runs, generator)
    if start is not None:
        like = players["theta_g"]
        rows = torch.tensor(start, dtype=like.dtype, device=like.device).expand(runs, -1)
        theta_g, theta_d = rows.split([players[name].shape[-1] for name in ("theta_g", "theta_d")], -1)
        players = {"theta_d": theta_d.clone(), "theta_g": theta_g.clone()}
        players |= game.memory(players)
    slots = {mover: optimizer.init(players[mover]) for mover in MOVERS}
    nothing = torch.full((runs,), torch.nan, device=generator.device)
    return State(players, slots, {"theta_d": nothing, "theta_g": nothing}, memory=dynamics.init(players))


def draw(
    dynamics: Dynamics, game: Game, runs: int, batch_size: int, generator: torch.Generator
) -> list[Batch]:
    """The batches of one step, in the order in which it uses them."""
    sees_data = {"theta_d": game.discriminator_sees_data, "theta_g": game.generator_sees_data}
    return [
        game.draw(runs, batch_size, generator)
        if sees_data[mover]
        else game.draw_without_data(runs, batch_size, generator)
        for mover in dynamics.draws
    ]


def _as_tensor(rate: Rate, theta: Tensor) -> Tensor:
    if isinstance(rate, Tensor):
        return rate.to(theta.dtype)
    return torch.full((1, 1), rate, dtype=theta.dtype, device=theta.device)


def _trace(
    function: Callable[[Players, Batch, Mapping[Mover, Tensor]], tuple[Tensor, ...]],
) -> Callable[[Players, Batch, Mapping[Mover, Tensor]], Sequence[Tensor]]:
    """`flatten` for functions of players, a batch and learning rates."""
    names: tuple[str, ...] = ()

    def direct(*tensors: Tensor) -> tuple[Tensor, ...]:
        players = dict(zip(names, tensors, strict=False))
        batch, rates = Batch(*tensors[len(names) :][:3]), tensors[len(names) + 3 :]
        return function(players, batch, dict(zip(MOVERS, rates, strict=False)))

    flat = flatten(direct)

    def run(players: Players, batch: Batch, rates: Mapping[Mover, Tensor]) -> Sequence[Tensor]:
        nonlocal names
        # whoever made the dictionary: a trace knows the players by their places
        names = tuple(sorted(players))
        return flat(*[players[name] for name in names], *batch, *rates.values())

    return run
