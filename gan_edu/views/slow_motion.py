"""One training step in ten pictures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from gan_edu.dynamics.dynamics import Dynamics, Mover, Moves, Players, Slopes, State, draw, moves_of
from gan_edu.games.game import Batch, Game
from gan_edu.scenes import Scene
from gan_edu.training import Frame, Settings, rates_of
from gan_edu.views.densities import density_parts
from gan_edu.views.look import Look, field_on_grid, look_at, on_plane, verdicts_at
from gan_edu.views.picture import sheet
from gan_edu.views.pushes import as_arrows, pushes

STAGES = {
    "latent": "{n} latent points z are drawn from N(0, I) in {latent_dim} dimensions{shown}",
    "two": " (the first two are drawn)",
    "fakes": "G turns every z into a fake point",
    "reals": "As many real points are drawn from the data",
    "scores": "D scores both: {real:.2f} for real, {fake:.2f} for fake on average",
    "loss": "D’s loss is {loss:.3f}{undecided}",
    "undecided": "; the best D that cannot tell has {value:.3f}",
    "slope": "Its gradient by D’s {parameters:,} parameters has length {slope:.3f}; D goes against it",
    "moved_d": "D has moved: D(x) changed by {change:.4f} on average, and the loss on this batch is {after:.3f}",
    "fresh": "Now G’s turn: fresh latent points, fresh fakes; D gives them {fake:.2f} on average",
    "pushes": "G’s loss is {loss:.3f}; its gradient pushes every sample along its arrow",
    "moved_g": "G has moved: the same z land {moved:.4f} further on average, and G’s loss on them is {after:.3f}",
}
"""The captions of `stages_of_a_step`, by stage."""


def stages_of_a_step(
    frame: Frame, run: int = 0, *, grid: int = 50, texts: Mapping[str, str] = STAGES
) -> tuple[list[Scene], State]:
    """The next training step in ten pictures, with the numbers that the engine works with.

    The batches are those that the training draws next from this frame, and the gradients its own, so that the
    players end where the training puts them. Of several updates of a player the first is shown.

    Args:
        frame: Where the step begins.
        run: Which run of the population.
        grid: Nodes of the field along each side.
        texts: Captions by stage.

    Returns:
        Ten scenes, and the state after the step, of all runs.

    Raises:
        ValueError: If there is no such run, or the dynamics hold one of the players still.
    """
    settings = frame.settings
    look = look_at(frame, run)
    game, device = settings.game.to(settings.device), settings.device
    generator = torch.Generator(device=device)
    generator.set_state(frame.random)
    runs = len(frame.alive)
    batches = draw(settings.dynamics, game, runs, settings.batch_size, generator)
    moves = _watched(settings, game, frame.step)
    end = moves.play(settings.dynamics, frame.state, batches)
    if {move.mover for move in moves.seen} != {"theta_d", "theta_g"}:
        raise ValueError("slow motion needs dynamics in which both players move; one of them is held still")
    of_d = next(move for move in moves.seen if move.mover == "theta_d")
    of_g = next(move for move in moves.seen if move.mover == "theta_g")

    def one(value: Tensor) -> Tensor:
        return value[run].unsqueeze(0).cpu()

    def at(players: Players) -> Look:
        return Look(look.game, {name: one(theta) for name, theta in players.items()})

    def loss(name: str, players: Players, batch: Batch) -> float:
        function = look.game.discriminator_loss if name == "theta_d" else look.game.generator_loss
        with torch.no_grad():
            return float(function(at(players).players, batch))

    batch_d, batch_g = (Batch(*(one(part) for part in move.batch)) for move in (of_d, of_g))
    before_d, after_d = at(of_d.players), at(of_g.before.players)
    facing, after_g = at(of_g.players), at(of_g.after.players)
    with torch.no_grad():
        fakes = look.game.generator(before_d.players["theta_g"], batch_d.z)[0]
        landed = look.game.generator(after_g.players["theta_g"], batch_g.z)[0]
    fresh, push = pushes(look.game, facing.players, batch_g)
    prob_fake, prob_real = (verdicts_at(before_d, x) for x in (fakes, batch_d.x_real[0]))
    change = np.abs(verdicts_at(after_d, fakes) - prob_fake).mean() if len(fakes) else 0.0
    theory = look.game.equilibrium.discriminator_loss
    undecided = "" if theory is None else texts["undecided"].format(value=theory)
    z = batch_d.z[0]
    numbers: dict[str, Any] = {
        "latent": {"n": len(z), "latent_dim": z.shape[-1], "shown": texts["two"] if z.shape[-1] > 2 else ""},
        "fakes": {},
        "reals": {},
        "scores": {"real": prob_real.mean(), "fake": prob_fake.mean()},
        "loss": {"loss": float(of_d.loss[run]), "undecided": undecided},
        "slope": {"slope": float(of_d.slope[run].norm()), "parameters": of_d.slope.shape[-1]},
        "moved_d": {"change": change, "after": loss("theta_d", of_d.after.players, batch_d)},
        "fresh": {"fake": verdicts_at(facing, fresh[0]).mean()},
        "pushes": {"loss": float(of_g.loss[run])},
        "moved_g": {
            "moved": float((landed - fresh[0]).norm(dim=-1).mean()),
            "after": loss("theta_g", {**of_g.after.players, "theta_d": of_g.players["theta_d"]}, batch_g),
        },
    }
    extent = look.target.extent
    drawn = {"data": batch_d.x_real[0], "samples": fakes}
    arrows = as_arrows(fresh[0], push[0], extent[1] - extent[0])
    tracks = np.stack([on_plane(fresh[0]), on_plane(landed)], 1)
    plans: dict[str, tuple[Look, dict[str, Tensor], dict[str, Any], tuple[str, ...]]] = {
        "latent": (before_d, {"samples": _padded(z)}, {}, ("samples",)),
        "fakes": (before_d, {"samples": fakes}, {}, ("samples",)),
        "reals": (before_d, drawn, {}, ("data",)),
        "scores": (before_d, drawn, {}, ("field", "curves")),
        "loss": (before_d, drawn, {}, ("field", "data", "samples", "curves")),
        "slope": (before_d, drawn, {}, ("field", "curves")),
        "moved_d": (after_d, drawn, {}, ("field", "curves")),
        "fresh": (facing, {"data": batch_d.x_real[0], "samples": fresh[0]}, {}, ("samples",)),
        "pushes": (facing, {"samples": fresh[0]}, {"arrows": arrows}, ("arrows",)),
        "moved_g": (after_g, {"samples": landed}, {"trails": tracks}, ("samples", "trails")),
    }
    scenes = []
    for number, (name, (seen, points, extra, highlight)) in enumerate(plans.items(), 1):
        parts = _stage_parts(seen, points, extra, grid)
        caption = f"{number}/{len(plans)} " + texts[name].format(**numbers[name])
        shown = tuple(layer for layer in highlight if parts.get(layer) is not None)
        words = {"step": frame.step, "caption": caption, "highlight": shown, "reading": look.game.reading}
        scenes.append(Scene(**{"extent": extent, **parts, **words}))
    return scenes, end


def _stage_parts(look: Look, points: dict[str, Tensor], extra: dict[str, Any], grid: int) -> dict[str, Any]:
    target = look.target
    if target.image_shape:
        shown = points.get("samples", points.get("data"))
        assert shown is not None
        return sheet(look, shown) if shown.shape[-1] == target.dim else {}
    if target.dim == 1:
        return density_parts(look, points.get("data", torch.empty(0, 1)))
    parts: dict[str, Any] = {name: on_plane(x) for name, x in points.items()} | extra
    if target.dim == 2:
        parts["field"] = field_on_grid(look, target.extent, grid)
    return parts


def _padded(z: Tensor) -> Tensor:
    """Latent points as points of the plane."""
    return torch.nn.functional.pad(z, (0, max(0, 2 - z.shape[-1])))[:, :2]


@dataclass(frozen=True)
class _Move:
    mover: Mover
    players: Players
    batch: Batch
    before: State
    after: State
    loss: Tensor
    slope: Tensor


@dataclass(frozen=True)
class _WatchedMoves(Moves):
    """Moves that are written down as they are made; of several by both at once the last is kept."""

    seen: list[_Move] = field(default_factory=list)
    looked: list[tuple[Players, Batch]] = field(default_factory=list)

    def move(self, state: State, mover: Mover, batch: Batch, players: Players | None = None) -> State:
        loss, slope = self.gradients[mover](players or state.players, batch)
        after = super().move(state, mover, batch, players)
        self.seen.append(_Move(mover, players or state.players, batch, state, after, loss, slope))
        return after

    def field(self, players: Players, batch: Batch) -> Slopes:
        self.looked[:] = [(players, batch)]
        return super().field(players, batch)

    def follow(self, state: State, slopes: Slopes) -> State:
        after = super().follow(state, slopes)
        half = replace(state, players={**state.players, "theta_d": after.players["theta_d"]})
        self.seen[:] = [
            _Move("theta_d", *self.looked[0], state, half, slopes.loss_d, slopes.theta_d),
            _Move("theta_g", *self.looked[0], half, after, slopes.loss_g, slopes.theta_g),
        ]
        return after


_made: list[tuple[Game, Dynamics, Moves]] = []


def _watched(settings: Settings, game: Game, step: int) -> _WatchedMoves:
    """The engine's moves, traced once for the game and the dynamics that were looked at last."""
    dynamics, rates = settings.dynamics, rates_of(settings, step)
    if not _made or _made[0][0] is not settings.game or _made[0][1] is not dynamics:
        _made[:] = [(settings.game, dynamics, moves_of(dynamics, game, settings.optimizer, rates))]
    made = _made[0][2]
    return _WatchedMoves(made.gradients, settings.optimizer, rates, made.after, made.bent, made.still)
