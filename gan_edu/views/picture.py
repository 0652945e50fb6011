"""The picture of a run at one frame."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Collection
from typing import Any

import numpy as np
import torch
from torch import Tensor

from gan_edu.data.target import Target
from gan_edu.dynamics.dynamics import Players
from gan_edu.games.game import Batch, Game
from gan_edu.networks.network import outputs_of
from gan_edu.recording import Recording
from gan_edu.scenes import LAYERS, Curve, Scene
from gan_edu.training import Frame
from gan_edu.views.look import Look, look_at, on_plane, prob_real_at, prob_real_on_grid

TILES = 64
ARROW = 0.1
"""The longest arrow, as a share of the picture's width."""
DENSITY_SAMPLES = 5000
TRAIL_FRAMES = 16
TRAILS = 60


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
    look = look_at(frame, run)
    if target is not None:
        look = Look(dataclasses.replace(look.game, target=target), look.players)
    generator = torch.Generator().manual_seed(seed)
    z = look.game.draw_latent((1, n_samples), generator)
    with torch.no_grad():
        x_real = look.target.sample(n_real, generator)
        x_fake = look.game.generator(look.players["theta_g"], z)[0]
    parts: dict[str, Any]
    if look.target.image_shape:
        parts = sheet(look, x_fake)
    elif look.target.dim == 1:
        parts = densities(look, x_real, x_fake)
    else:
        parts = {"data": on_plane(x_real), "samples": on_plane(x_fake)}
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


def _arrows(look: Look, z: Tensor, extent: tuple[float, float, float, float]) -> np.ndarray:
    generator = torch.Generator().manual_seed(0)
    x_real = look.target.sample(z.shape[:-1], generator)
    x_fake, push = pushes(look.game, look.players, Batch(x_real, z))
    return as_arrows(x_fake[0], push[0], extent[1] - extent[0])


def as_arrows(x: Tensor, push: Tensor, width: float) -> np.ndarray:
    """Tails and heads (N, 4). A push of u per width of the picture gets length ARROW width u / (u + 1.5).

    So arrows grow with the push and never fill the picture, and a gradient that vanishes is seen to vanish.
    """
    strength = torch.linalg.vector_norm(push, dim=-1, keepdim=True)
    heads = x + push * (ARROW * width * width / (strength * width + 1.5))
    return torch.cat([x, heads], -1).numpy()


def _manifold(look: Look, points: int = 41) -> np.ndarray:
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
    return on_plane(x.reshape(len(z), points, -1))


def _trails(recording: Recording, index: int, run: int, z: Tensor) -> np.ndarray | None:
    """Where the same latent points have landed lately: (S, T, 2), all frames in one pass."""
    last = range(len(recording))[index]
    frames = recording.frames[max(0, last - TRAIL_FRAMES + 1) : last + 1]
    if len(frames) < 2:
        return None
    thetas = torch.stack([frame.players["theta_g"][run] for frame in frames]).cpu()
    with torch.no_grad():
        x = frames[-1].settings.game.generator(thetas, z.expand(len(frames), *z.shape))
    return on_plane(x.transpose(0, 1))


def sheet(look: Look, x: Tensor) -> dict[str, np.ndarray]:
    """Images side by side: (N, d) -> tiles (n, h, w), 0 black and 1 white."""
    assert look.target.image_shape is not None
    tiles = (x[:TILES].reshape(-1, *look.target.image_shape) + 1) / 2  # -1 paper, 1 ink
    return {"tiles": 1 - tiles.clamp(0, 1).numpy()}


def densities(look: Look, x_real: Tensor, x_fake: Tensor) -> dict[str, Any]:
    """Curves over a 1-D target. Densities are drawn as shares of p's greatest value, D as it is."""
    low, high, *_ = look.target.extent
    x = torch.linspace(low, high, 300)
    p = look.target.log_prob(x[:, None]).exp()
    z = look.game.draw_latent((1, DENSITY_SAMPLES), torch.Generator().manual_seed(1))
    with torch.no_grad():
        many = look.game.generator(look.players["theta_g"], z)[0, :, 0]
    q = smooth_density(many, x, float(look.target.stds.min()))
    p, q = p.numpy(), q.numpy()
    prob_real = prob_real_at(look, x[:, None])
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
