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
from gan_edu.recording import Recording
from gan_edu.scenes import LAYERS, Scene
from gan_edu.training import Frame
from gan_edu.views.densities import density_parts
from gan_edu.views.look import Look, field_on_grid, look_at, on_plane
from gan_edu.views.pushes import as_arrows, pushes

TILES = 64
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
    densities p and q, D(x) and the best answer D*(x) = p / (p + q), with the points and their pushes below.
    Images: a sheet.

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
        parts = density_parts(look, x_real, labelled="arrows" in layers)
    else:
        parts = {"data": on_plane(x_real), "samples": on_plane(x_fake)}
        if look.target.dim == 2:
            if "field" in layers:
                parts["field"] = field_on_grid(look, extent or look.target.extent, grid)
            if "arrows" in layers:
                parts["arrows"] = _arrows(look, z[:, :n_arrows], extent or look.target.extent)
        if "manifold" in layers:
            parts["manifold"] = _manifold(look)
        if "trails" in layers and isinstance(source, Recording):
            parts["trails"] = _trails(source, index, run, z[0, :TRAILS])
    members = look.game.generator.members
    if members > 1 and "samples" in parts:
        parts["classes"] = np.arange(len(parts["samples"])) % members  # they take turns
    own = parts.pop("extent", look.target.extent)
    kept = {name: value for name, value in parts.items() if name in (*layers, "notes")}
    if "samples" in kept and "classes" in parts:
        kept["classes"] = parts["classes"]
    words = f"step {frame.step:,}" + (f" · {caption}" if caption else "")
    about = {"step": frame.step, "caption": words, "title": title, "reading": look.game.reading}
    return Scene(extent=extent or own, **about, **kept)


def _arrows(look: Look, z: Tensor, extent: tuple[float, float, float, float]) -> np.ndarray:
    generator = torch.Generator().manual_seed(0)
    x_real = look.target.sample(z.shape[:-1], generator)
    x_fake, push = pushes(look.game, look.players, look.game.batch(x_real, z, generator))
    return as_arrows(x_fake[0], push[0], extent[1] - extent[0])


def _manifold(look: Look, points: int = 41) -> np.ndarray:
    """The generator's image of rings and rays in a plane through the latent space: (L, K, 2).

    Of several generators, each in turn draws the next line.
    """
    dim, members = look.game.latent_dim, look.game.generator.members
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
    z = z.repeat_interleave(members, -2)  # so that every generator sees every point
    with torch.no_grad():
        x = look.game.generator(look.players["theta_g"], z.reshape(1, -1, dim))
    lines = x.reshape(len(z), -1, members, x.shape[-1]).transpose(1, 2).flatten(0, 1)
    return on_plane(lines)


def _trails(recording: Recording, index: int, run: int, z: Tensor) -> np.ndarray | None:
    """Where the same latent points have landed lately: (S, T, 2), all frames in one pass."""
    last = range(len(recording))[index]
    frames = recording.frames[max(0, last - TRAIL_FRAMES + 1) : last + 1]
    shape = frames[-1].players["theta_g"].shape  # before a generator came or went there is no such point
    frames = [frame for frame in frames if frame.players["theta_g"].shape == shape]
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
