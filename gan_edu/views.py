"""What a picture of a run shows, as arrays: computed here from a frame, drawn elsewhere.

A view looks at one run of one frame. It draws its own latent points and data from a seed of its own, so that the
same points are seen moving from frame to frame and looking never changes the training.

Axes: N samples, T frames, L lines, K points of a line.
"""

from __future__ import annotations

import dataclasses
import math
import weakref
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from gan_edu.data.target import Target
from gan_edu.dynamics.dynamics import Gradient, Mover, Moves, Players, State, draw, gradient
from gan_edu.games.game import Batch, Game
from gan_edu.metrics.metric import METRICS
from gan_edu.metrics.modes import high_quality_share, mode_shares
from gan_edu.metrics.verdict import Verdict, verdict
from gan_edu.networks.network import outputs_of
from gan_edu.recording import Recording
from gan_edu.scenes import LAYERS, Curve, Scene
from gan_edu.training import Frame, rates_of

TILES = 64
ARROW = 0.1
"""The longest arrow, as a share of the picture's width."""
DENSITY_SAMPLES = 5000
TRAIL_FRAMES = 16
TRAILS = 60
VERDICT_FRAMES = 15
JUDGED = 500
"""Samples that a verdict and a point of a chart rest on."""


class _Look(NamedTuple):
    """One run of a frame on the CPU, with a leading axis of one."""

    game: Game
    players: Players

    @property
    def target(self) -> Target:
        return self.game.target


def _look(frame: Frame, run: int) -> _Look:
    runs = len(frame.alive)
    if not -runs <= run < runs:
        raise ValueError(f"run must be a whole number from 0 to {runs - 1}; got {run!r}")
    players = {name: theta[run].unsqueeze(0).cpu() for name, theta in frame.players.items()}
    return _Look(frame.settings.game, players)


def scene(
    source: Frame | Recording,
    index: int = -1,
    run: int = 0,
    *,
    layers: Collection[str] = LAYERS,
    n_samples: int = 1000,
    n_real: int = 400,
    grid: int = 50,
    n_arrows: int = 60,
    seed: int = 0,
    extent: tuple[float, float, float, float] | None = None,
    caption: str = "",
    title: str = "",
    target: Target | None = None,
) -> Scene:
    """The picture of one run at one frame.

    Two dimensions: data, samples, the discriminator's field, arrows, manifold and trails. One dimension: the
    densities p and q, D(x) and the best answer D*(x) = p / (p + q), with the points below. Images: a sheet.

    Args:
        source: A recording, or one frame of it (which has no trails).
        index: Which frame of a recording.
        run: Which run of the population.
        layers: Those to compute, from `gan_edu.scenes.LAYERS`.
        n_samples: Generated points.
        n_real: Real points.
        grid: Nodes of the field along each side.
        n_arrows: Arrows: where the generator's loss pushes a sample.
        seed: Of the latent points and the data that are shown.
        extent: Of the picture; the target's own unless given.
        caption: What is seen; the step is put before it.
        title: Such as "A".
        target: In place of the frame's own, of the same dimension: the one that will be trained on next.

    Raises:
        ValueError: If there is no such run.

    Example:
        >>> from gan_edu.data.ring import ring
        >>> from gan_edu.games.gan import gan
        >>> from gan_edu.training import train
        >>> picture = scene(next(train(gan(ring(), width=8))), n_samples=100)
        >>> picture.samples.shape, picture.field.shape, picture.arrows.shape
        ((100, 2), (50, 50), (60, 4))
    """
    frame = source[index] if isinstance(source, Recording) else source
    look = _look(frame, run)
    if target is not None:
        look = _Look(dataclasses.replace(look.game, target=target), look.players)
    generator = torch.Generator().manual_seed(seed)
    z = look.game.draw_latent((1, n_samples), generator)
    with torch.no_grad():
        x_real = look.target.sample(n_real, generator)
        x_fake = look.game.generator(look.players["theta_g"], z)[0]
    parts: dict[str, Any]
    if look.target.image_shape:
        parts = _sheet(look, x_fake)
    elif look.target.dim == 1:
        parts = _densities(look, x_real, x_fake)
    else:
        parts = {"data": _plane(x_real), "samples": _plane(x_fake)}
        if look.target.dim == 2:
            if "field" in layers:
                parts["field"] = prob_real_on_grid(look, extent or look.target.extent, grid)
            if "arrows" in layers:
                parts["arrows"] = _arrows(look, z[:, :n_arrows], extent or look.target.extent)
        if "manifold" in layers:
            parts["manifold"] = _manifold(look)
        if "trails" in layers and isinstance(source, Recording):
            parts["trails"] = _trails(source, index, run, z[0, :TRAILS])
    own = parts.pop("extent", look.target.extent)
    kept = {name: value for name, value in parts.items() if name in layers}
    words = f"step {frame.step:,}" + (f" · {caption}" if caption else "")
    return Scene(extent=extent or own, step=frame.step, caption=words, title=title, **kept)


def prob_real_on_grid(look: _Look, extent: tuple[float, float, float, float], grid: int) -> np.ndarray:
    """D(x) at evenly spaced nodes that include the edges; row 0 lies at y_min."""
    x_min, x_max, y_min, y_max = extent
    y, x = torch.meshgrid(
        torch.linspace(y_min, y_max, grid), torch.linspace(x_min, x_max, grid), indexing="ij"
    )
    return _prob_real(look, torch.stack([x, y], -1).reshape(-1, 2)).reshape(grid, grid)


def _prob_real(look: _Look, x: Tensor) -> np.ndarray:
    with torch.no_grad():
        return look.game.prob_real(look.players["theta_d"], x.unsqueeze(0))[0].numpy()


def pushes(game: Game, players: Players, batch: Batch) -> tuple[Tensor, Tensor]:
    """Where the generator's loss pushes every sample: minus its gradient by x_fake, times the batch size.

    Args:
        game: Whose loss.
        players: theta_d (R, P_d) and theta_g (R, P_g).
        batch: Latent points, and data where the loss looks at them.

    Returns:
        x_fake (R, B, d) and the pushes (R, B, d); zeros where the loss does not depend on the samples.
    """
    with torch.enable_grad(), outputs_of(game.generator) as seen:
        theta_g = players["theta_g"].detach().requires_grad_()
        loss = game.generator_loss({**players, "theta_g": theta_g}, batch).sum()
    slopes = torch.autograd.grad(loss, seen, allow_unused=True)
    # the loss may look at the samples more than once; the first of them is the batch that it was given
    slope = torch.zeros_like(seen[0]) if slopes[0] is None else slopes[0]
    return seen[0].detach(), -slope * seen[0].shape[-2]


def _arrows(look: _Look, z: Tensor, extent: tuple[float, float, float, float]) -> np.ndarray:
    generator = torch.Generator().manual_seed(0)
    x_real = look.target.sample(z.shape[:-1], generator)
    x_fake, push = pushes(look.game, look.players, Batch(x_real, z))
    return _as_arrows(x_fake[0], push[0], extent[1] - extent[0])


def _as_arrows(x: Tensor, push: Tensor, width: float) -> np.ndarray:
    """Tails and heads (N, 4). A push of u per width of the picture gets length ARROW width u / (u + 1.5).

    So arrows grow with the push and never fill the picture, and a gradient that vanishes is seen to vanish.
    """
    strength = torch.linalg.vector_norm(push, dim=-1, keepdim=True)
    heads = x + push * (ARROW * width * width / (strength * width + 1.5))
    return torch.cat([x, heads], -1).numpy()


def _manifold(look: _Look, points: int = 41) -> np.ndarray:
    """The generator's image of rings and rays in a plane through the latent space: (L, K, 2)."""
    dim = look.game.latent_dim
    reach = math.sqrt(dim) + 1
    if dim == 1:
        z = torch.linspace(-3, 3, points).reshape(1, points, 1)
    else:
        turns = torch.linspace(0, 2 * math.pi, points)
        circle = torch.stack([turns.cos(), turns.sin()], -1)
        radii = torch.linspace(reach / 5, reach, 5)
        rings = radii[:, None, None] * circle
        rays = torch.linspace(0, reach, points)[:, None] * circle[: points - 1 : 4, None]
        plane = torch.zeros(2, dim)
        plane[0, ::2], plane[1, 1::2] = 1, 1
        z = torch.cat([rings, rays]) @ (plane / plane.norm(dim=-1, keepdim=True))
    with torch.no_grad():
        x = look.game.generator(look.players["theta_g"], z.reshape(1, -1, dim))
    return _plane(x.reshape(len(z), points, -1))


def _trails(recording: Recording, index: int, run: int, z: Tensor) -> np.ndarray | None:
    """Where the same latent points have landed lately: (S, T, 2), all frames in one pass."""
    last = range(len(recording))[index]
    frames = recording.frames[max(0, last - TRAIL_FRAMES + 1) : last + 1]
    if len(frames) < 2:
        return None
    thetas = torch.stack([frame.players["theta_g"][run] for frame in frames]).cpu()
    with torch.no_grad():
        x = frames[-1].settings.game.generator(thetas, z.expand(len(frames), *z.shape))
    return _plane(x.transpose(0, 1))


def _sheet(look: _Look, x: Tensor) -> dict[str, np.ndarray]:
    assert look.target.image_shape is not None
    tiles = (x[:TILES].reshape(-1, *look.target.image_shape) + 1) / 2  # -1 paper, 1 ink
    return {"tiles": 1 - tiles.clamp(0, 1).numpy()}


def _densities(look: _Look, x_real: Tensor, x_fake: Tensor) -> dict[str, Any]:
    """Curves over a 1-D target. Densities are drawn as shares of p's greatest value, D as it is."""
    low, high, *_ = look.target.extent
    x = torch.linspace(low, high, 300)
    p = look.target.log_prob(x[:, None]).exp()
    z = look.game.draw_latent((1, DENSITY_SAMPLES), torch.Generator().manual_seed(1))
    with torch.no_grad():
        many = look.game.generator(look.players["theta_g"], z)[0, :, 0]
    q = smooth_density(many, x, float(look.target.stds.min()))
    p, q = p.numpy(), q.numpy()
    prob_real = _prob_real(look, x[:, None])
    best = np.divide(p, p + q, out=np.full_like(p, np.nan), where=p + q > 1e-9 * p.max())
    heights = {"real": p / p.max(), "fake": q / p.max(), "discriminator": prob_real, "optimum": best}
    curves = tuple(Curve(np.stack([x.numpy(), y], -1), role) for role, y in heights.items())  # type: ignore[arg-type]
    rugs = {
        name: np.stack([points[:200, 0].numpy(), np.full(len(points[:200]), height)], -1)
        for name, points, height in (("data", x_real, -0.05), ("samples", x_fake, -0.11))
    }
    return {"extent": (low, high, -0.16, 1.1), "curves": curves, **rugs}


def smooth_density(samples: Tensor, x: Tensor, bandwidth: float) -> Tensor:
    """Kernel density estimate on an even grid: the histogram, blurred by a Gaussian: (N,), (K,) -> (K,).

    Args:
        samples: Points; those that are not finite, or off the grid, count in N alone.
        x: Middles of the cells.
        bandwidth: Standard deviation of the Gaussian.

    Example:
        >>> x = torch.linspace(-5, 5, 101)
        >>> density = smooth_density(torch.zeros(9), x, 1.0)
        >>> round(float(density[50]), 3), round(float(density.sum() * 0.1), 3)  # 1 / sqrt(2 pi), and all of it
        (0.399, 1.0)
    """
    cell = float(x[1] - x[0])
    inside = samples[samples.isfinite()]
    counts = torch.histc(inside, len(x), float(x[0]) - cell / 2, float(x[-1]) + cell / 2)
    reach = min(len(x) - 1, math.ceil(4 * bandwidth / cell))
    steps = torch.arange(-reach, reach + 1) * cell / bandwidth
    kernel = torch.exp(-0.5 * steps.square())
    blurred = torch.nn.functional.conv1d(
        counts[None, None], (kernel / kernel.sum())[None, None], padding=reach
    )
    return blurred[0, 0] / (max(1, len(samples)) * cell)


def _plane(x: Tensor) -> np.ndarray:
    """The first two coordinates."""
    return x[..., :2].numpy()


def judge(recording: Recording, index: int = -1, run: int = 0, *, every: int = 50) -> Verdict:
    """What one run has been doing lately, in words; see `gan_edu.metrics.verdict.verdict`.

    Args:
        recording: With the frames up to `index`.
        index: The frame that is looked at.
        run: Which run of the population.
        every: Least number of steps between two frames of the window, so that a window says the same whether
            frames are close or far apart.

    Raises:
        ValueError: If there is no such run.
    """
    last = range(len(recording))[index]
    chosen = _window(recording, last, every)
    frames = [recording[i] for i in chosen]
    game = _look(frames[-1], run).game
    thetas = torch.stack([frame.players["theta_g"][run] for frame in frames]).cpu()
    z = game.draw_latent((JUDGED,), torch.Generator().manual_seed(0))
    with torch.no_grad():
        x = game.generator(thetas, z.expand(len(frames), *z.shape))
    target, newest = game.target, frames[-1]
    died_at = int(newest.died_at[run])
    return verdict(
        mode_shares(x, target).numpy(),
        float(high_quality_share(x[-1], target)),
        mode_weights=target.mode_weights.numpy(),
        labels=target.labels,
        alive=bool(newest.alive[run]),
        died_at=died_at if died_at >= 0 else None,
    )


def _window(recording: Recording, last: int, every: int) -> list[int]:
    """Up to VERDICT_FRAMES indices of one target, `every` steps or more apart, ending in `last`."""
    target = recording[last].settings.game.target
    chosen = [last]
    for i in range(last - 1, -1, -1):
        if recording[i].settings.game.target is not target or len(chosen) == VERDICT_FRAMES:
            break
        if recording[chosen[-1]].step - recording[i].step >= every:
            chosen.append(i)
    return chosen[::-1]


CURVES = ("modes_covered", "basins", "high_quality_share")
MOST_FRAMES = 250
Cache = dict[int, tuple["weakref.ref[Frame]", dict[str, float]]]


def metrics_over_time(
    recording: Recording, run: int = 0, *, most: int = MOST_FRAMES, cache: Cache | None = None
) -> dict[str, np.ndarray]:
    """What the charts show of one run: `step`, both losses, and the metrics of `CURVES`, (T,) each.

    Args:
        recording: Its frames.
        run: Which run of the population.
        most: About how many frames to look at, evenly spread; the last one is among them.
        cache: A dict that is kept between two calls: frames that are known are not judged again.

    Raises:
        ValueError: If there is no such run.

    Example:
        >>> from gan_edu.data.ring import ring
        >>> from gan_edu.games.gan import gan
        >>> from gan_edu.recording import record
        >>> arrays = metrics_over_time(record(gan(ring(), width=8), steps=30, progress=False))
        >>> arrays["step"].tolist(), sorted(arrays) == sorted(
        ...     ["step", "discriminator_loss", "generator_loss", "modes_covered", "basins", "high_quality_share"])
        ([0, 10, 20, 30], True)
    """
    frames = recording.frames
    stride = 1
    while (
        len(frames) > 2 * stride * most
    ):  # doubling, so that the frames of one stride are among those of the last
        stride *= 2
    chosen = [*frames[:-1:stride], frames[-1]]
    known: Cache = {} if cache is None else cache
    new = [frame for frame in chosen if id(frame) not in known or known[id(frame)][0]() is not frame]
    while new:  # frames of one game go through its generator together
        game = new[0].settings.game
        count = next(
            (i for i, frame in enumerate(new[:32]) if frame.settings.game is not game), len(new[:32])
        )
        part, new = new[:count], new[count:]
        for frame, values in zip(part, _judged(part, run), strict=True):
            known[id(frame)] = (weakref.ref(frame), values)
    values = [known[id(frame)][1] for frame in chosen]
    for key in [key for key, (reference, _) in known.items() if reference() is None]:
        del known[key]
    return {name: np.array([value[name] for value in values]) for name in values[0]}


def _judged(frames: Sequence[Frame], run: int) -> list[dict[str, float]]:
    game = _look(frames[0], run).game
    thetas = torch.stack([frame.players["theta_g"][run] for frame in frames]).cpu()
    z = game.draw_latent((JUDGED,), torch.Generator().manual_seed(0))
    with torch.no_grad():
        x = game.generator(thetas, z.expand(len(frames), *z.shape))
    scores = {name: METRICS[name](x, game.target).tolist() for name in CURVES}
    losses = {
        f"{who}_loss": [float(frame.state.losses[player][run]) for frame in frames]
        for who, player in (("discriminator", "theta_d"), ("generator", "theta_g"))
    }
    columns = {"step": [frame.step for frame in frames], **losses, **scores}
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


STAGES = {
    "latent": "{n} latent points z are drawn from N(0, I) in {latent_dim} dimensions{shown}",
    "two": " (the first two are drawn)",
    "fakes": "G turns every z into a fake point",
    "reals": "As many real points are drawn from the data",
    "scores": "D scores both: {real:.2f} for real, {fake:.2f} for fake on average",
    "loss": "D’s loss is {loss:.3f}; a D that cannot tell has 2 log 2 = 1.386",
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
    look = _look(frame, run)
    game, device = settings.game.to(settings.device), settings.device
    generator = torch.Generator(device=device)
    generator.set_state(frame.random)
    runs = len(frame.alive)
    batches = draw(settings.dynamics, game, runs, settings.batch_size, generator)
    moves = _WatchedMoves(_gradients(game), settings.optimizer, rates_of(settings), [])
    end = settings.dynamics.step(moves, frame.state, batches)
    if {move.mover for move in moves.seen} != {"theta_d", "theta_g"}:
        raise ValueError("slow motion needs dynamics in which both players move; one of them is held still")
    of_d = next(move for move in moves.seen if move.mover == "theta_d")
    of_g = next(move for move in moves.seen if move.mover == "theta_g")

    def one(value: Tensor) -> Tensor:
        return value[run].unsqueeze(0).cpu()

    def at(players: Players) -> _Look:
        return _Look(look.game, {name: one(theta) for name, theta in players.items()})

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
    prob_fake, prob_real = (_prob_real(before_d, x) for x in (fakes, batch_d.x_real[0]))
    change = np.abs(_prob_real(after_d, fakes) - prob_fake).mean() if len(fakes) else 0.0
    z = batch_d.z[0]
    numbers: dict[str, Any] = {
        "latent": {"n": len(z), "latent_dim": z.shape[-1], "shown": texts["two"] if z.shape[-1] > 2 else ""},
        "fakes": {},
        "reals": {},
        "scores": {"real": prob_real.mean(), "fake": prob_fake.mean()},
        "loss": {"loss": float(of_d.loss[run])},
        "slope": {"slope": float(of_d.slope[run].norm()), "parameters": of_d.slope.shape[-1]},
        "moved_d": {"change": change, "after": loss("theta_d", of_d.after.players, batch_d)},
        "fresh": {"fake": _prob_real(facing, fresh[0]).mean()},
        "pushes": {"loss": float(of_g.loss[run])},
        "moved_g": {
            "moved": float((landed - fresh[0]).norm(dim=-1).mean()),
            "after": loss("theta_g", {**of_g.after.players, "theta_d": of_g.players["theta_d"]}, batch_g),
        },
    }
    extent = look.target.extent
    drawn = {"data": batch_d.x_real[0], "samples": fakes}
    arrows = _as_arrows(fresh[0], push[0], extent[1] - extent[0])
    tracks = np.stack([_plane(fresh[0]), _plane(landed)], 1)
    plans: dict[str, tuple[_Look, dict[str, Tensor], dict[str, Any], tuple[str, ...]]] = {
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
        words = {"step": frame.step, "caption": caption, "highlight": shown}
        scenes.append(Scene(**{"extent": extent, **parts, **words}))
    return scenes, end


def _stage_parts(look: _Look, points: dict[str, Tensor], extra: dict[str, Any], grid: int) -> dict[str, Any]:
    target = look.target
    if target.image_shape:
        shown = points.get("samples", points.get("data"))
        assert shown is not None
        return _sheet(look, shown) if shown.shape[-1] == target.dim else {}
    if target.dim == 1:
        generator = torch.Generator().manual_seed(0)
        fakes = look.game.generator(look.players["theta_g"], look.game.draw_latent((1, 1000), generator))[0]
        return _densities(look, points.get("data", torch.empty(0, 1)), fakes.detach())
    parts: dict[str, Any] = {name: _plane(x) for name, x in points.items()} | extra
    if target.dim == 2:
        parts["field"] = prob_real_on_grid(look, target.extent, grid)
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
    """Moves that are written down as they are made."""

    seen: list[_Move]

    def move(self, state: State, mover: Mover, batch: Batch, players: Players | None = None) -> State:
        loss, slope = self.gradients[mover](players or state.players, batch)
        after = super().move(state, mover, batch, players)
        self.seen.append(_Move(mover, players or state.players, batch, state, after, loss, slope))
        return after


_traced: list[tuple[Game, dict[Mover, Gradient]]] = []


def _gradients(game: Game) -> dict[Mover, Gradient]:
    """The engine's gradients, traced once for the game that was looked at last."""
    if not _traced or _traced[0][0].discriminator_loss is not game.discriminator_loss:
        made: dict[Mover, Gradient] = {
            "theta_d": gradient(game.discriminator_loss, "theta_d"),
            "theta_g": gradient(game.generator_loss, "theta_g"),
        }
        _traced[:] = [(game, made)]
    return _traced[0][1]
