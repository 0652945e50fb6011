"""What a picture of a run shows, as arrays: computed here from a frame, drawn elsewhere.

A view looks at one run of one frame. It draws its own latent points and data from a seed of its own, so that the
same points are seen moving from frame to frame and looking never changes the training.

Axes: N samples, T frames, L lines, K points of a line.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Collection, Sequence
from typing import NamedTuple

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
from gan_edu.training import Frame

TILES = 64
ARROW = 0.12
"""The longest arrow, as a share of the picture's width."""
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
    grid: int = 50,
    n_arrows: int = 100,
    seed: int = 0,
    extent: tuple[float, float, float, float] | None = None,
    caption: str = "",
    title: str = "",
) -> Scene:
    """The picture of one run at one frame.

    Two dimensions: data, samples, the discriminator's field, arrows, manifold and trails. One dimension: the
    densities p and q, D(x) and the best answer D*(x) = p / (p + q), with the points below. Images: a sheet.

    Args:
        source: A recording, or one frame of it (which has no trails).
        index: Which frame of a recording.
        run: Which run of the population.
        layers: Those to compute, from `gan_edu.scenes.LAYERS`.
        n_samples: Generated points, and as many real ones.
        grid: Nodes of the field along each side.
        n_arrows: Arrows: where the generator's loss pushes a sample.
        seed: Of the latent points and the data that are shown.
        extent: Of the picture; the target's own unless given.
        caption: What is seen; the step is put before it.
        title: Such as "A".

    Raises:
        ValueError: If there is no such run.

    Example:
        >>> from gan_edu.data.ring import ring
        >>> from gan_edu.games.gan import gan
        >>> from gan_edu.training import train
        >>> picture = scene(next(train(gan(ring(), width=8))), n_samples=100)
        >>> picture.samples.shape, picture.field.shape, picture.arrows.shape
        ((100, 2), (50, 50), (100, 4))
    """
    frame = source[index] if isinstance(source, Recording) else source
    look = _look(frame, run)
    generator = torch.Generator().manual_seed(seed)
    z = look.game.draw_latent((1, n_samples), generator)
    with torch.no_grad():
        x_real = look.target.sample(n_samples, generator)
        x_fake = look.game.generator(look.players["theta_g"], z)[0]
    if look.target.image_shape:
        parts = _sheet(look, x_fake)
    elif look.target.dim == 1:
        parts = _densities(look, x_real, x_fake, layers)
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
    kept = {name: value for name, value in parts.items() if name in layers or name in ("extent", "curves")}
    words = f"step {frame.step:,}" + (f" · {caption}" if caption else "")
    return Scene(**{"extent": extent or look.target.extent, **kept, "step": frame.step, "caption": words, "title": title})


def prob_real_on_grid(look: _Look, extent: tuple[float, float, float, float], grid: int) -> np.ndarray:
    """D(x) at evenly spaced nodes that include the edges; row 0 lies at y_min."""
    x_min, x_max, y_min, y_max = extent
    y, x = torch.meshgrid(torch.linspace(y_min, y_max, grid), torch.linspace(x_min, x_max, grid), indexing="ij")
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
    """Tails and heads (N, 4). A push of u per width of the picture gets length ARROW width u / (u + 8).

    So arrows grow with the push and never fill the picture, and a gradient that vanishes is seen to vanish.
    """
    strength = torch.linalg.vector_norm(push, dim=-1, keepdim=True)
    heads = x + push * (ARROW * width * width / (strength * width + 8))
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


def _densities(look: _Look, x_real: Tensor, x_fake: Tensor, layers: Collection[str]) -> dict[str, object]:
    """Curves over a 1-D target. Densities are drawn as shares of p's greatest value, D as it is."""
    low, high, *_ = look.target.extent
    x = torch.linspace(low, high, 300)
    p = look.target.log_prob(x[:, None]).exp()
    q = smooth_density(x_fake[:, 0], x, float(look.target.stds.min()) / 2)
    p, q = p.numpy(), q.numpy()
    prob_real = _prob_real(look, x[:, None])
    best = np.divide(p, p + q, out=np.full_like(p, np.nan), where=p + q > 1e-9 * p.max())
    heights = {"real": p / p.max(), "fake": q / p.max(), "discriminator": prob_real, "optimum": best}
    curves = tuple(Curve(np.stack([x.numpy(), y], -1), role) for role, y in heights.items())  # type: ignore[arg-type]
    rugs = {
        name: np.stack([points[:200, 0].numpy(), np.full(len(points[:200]), height)], -1)
        for name, points, height in (("data", x_real, -0.05), ("samples", x_fake, -0.11))
    }
    return {"extent": (low, high, -0.16, 1.1), "curves": curves if "curves" in layers else (), **rugs}


def smooth_density(samples: Tensor, x: Tensor, bandwidth: float) -> Tensor:
    """Kernel density estimate at x: the mean of Gaussians of that width around the samples: (N,), (K,) -> (K,).

    Example:
        >>> smooth_density(torch.zeros(5), torch.tensor([0.0]), 1.0).item()  # 1 / sqrt(2 pi)
        0.3989422917366028
    """
    apart = (x[:, None] - samples[samples.isfinite()]) / bandwidth
    return torch.exp(-0.5 * apart.square()).sum(-1) / (max(1, len(samples)) * bandwidth * math.sqrt(2 * math.pi))


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
