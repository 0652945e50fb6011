"""Several generators at one moment: where each of them draws, and what the discriminator takes for whose.

Axes: k generators, M modes, N samples, A samples with arrows, (h, g) nodes of a map.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor

from gan_edu.data.target import Target
from gan_edu.metrics.modes import mode_shares
from gan_edu.parameters import peel
from gan_edu.training import Frame
from gan_edu.views.look import Look, look_at, nodes_of, on_plane
from gan_edu.views.pushes import HALF, as_arrows

EACH = 250
"""Samples of every generator that its shares are taken from."""
DRAWN = 12
"""Samples of every generator that are drawn."""
PUSHED = 3
"""And those of them that have arrows."""
ASKED = 32
"""And those that are asked who pushes them."""
FINER = 4
"""On a line there are so many times more nodes."""
PLACES = 3
"""Digits that are kept in JSON."""


@dataclass(frozen=True, eq=False)
class GeneratorsSeen:
    """All generators of one run at one moment.

    Args:
        step: Training step.
        shares: (k, M) the share of each generator's samples that each mode is nearest to; a row sums to 1.
        owner: (h, g) the likeliest class of D at evenly spaced nodes that include the edges: 0 to k - 1 a generator,
            k real; row 0 lies at y_min, and on a line there is one row. (0, 0) where D tells no generators apart, or
            the data are no points of a line or a plane.
        confidence: (h, g) D's probability of that class, from 1 / (k + 1) to 1.
        extent: x_min, x_max, y_min, y_max of the map.
        centres: (M, 2) the middle of each mode; on a line at the map's lower edge.
        samples: (N, 2) some samples; on a line each generator has a height of its own.
        makers: (N,) whose they are, from 0.
        fool: (A, 4) arrows: where the wish to be taken for real, rather than for its maker's, pushes a sample.
        repel: (A, 4) where the wish not to be taken for another generator's pushes it.
        pushed: (k, k) how hard D's knowledge of G_j pushes the samples of G_i, in the mean; 1 would be the longest
            arrow. On the diagonal the wish to be real rather than G_i's. (0, 0) where there is no map.
        frozen: Numbers of the generators that stand still, from 0.
    """

    step: int
    shares: np.ndarray
    owner: np.ndarray
    confidence: np.ndarray
    extent: tuple[float, float, float, float]
    centres: np.ndarray
    samples: np.ndarray
    makers: np.ndarray
    fool: np.ndarray
    repel: np.ndarray
    pushed: np.ndarray = field(default_factory=lambda: np.zeros((0, 0)))
    frozen: tuple[int, ...] = ()

    @property
    def k(self) -> int:
        """How many generators there are."""
        return len(self.shares)

    @property
    def told_apart(self) -> bool:
        """Whether there is a map of what D takes for whose."""
        return self.owner.size > 0

    def as_json(self) -> dict[str, Any]:
        """JSON types, numbers to a few digits."""
        return {name: _rounded(value) for name, value in vars(self).items()}

    @staticmethod
    def from_json(told: Mapping[str, Any]) -> GeneratorsSeen:
        """What `as_json` wrote."""
        values: dict[str, Any] = {
            name: np.array(value) if isinstance(value, list) else value for name, value in told.items()
        }
        for name, columns in (("owner", 0), ("confidence", 0), ("fool", 4), ("repel", 4), ("pushed", 0)):
            values[name] = values[name].reshape(0, columns) if not values[name].size else values[name]
        values |= {name: tuple(told[name]) for name in ("extent", "frozen")}
        return GeneratorsSeen(**values)


def _rounded(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return _rounded(value.tolist())
    if isinstance(value, list | tuple):
        return [_rounded(part) for part in value]
    return value if isinstance(value, int) else float(f"{value:.{PLACES}g}")


def generators_seen(frame: Frame, run: int = 0, *, grid: int = 64, seed: int = 0) -> GeneratorsSeen:
    """Where the generators of one run draw, and D's map of them.

    Args:
        frame: Of a game with networks; a plain GAN has one generator.
        run: Which run of the population.
        grid: g, nodes along a side of the map.
        seed: Of the latent points, so that the same ones are seen moving from frame to frame.

    Raises:
        ValueError: If there is no such run, or the game is planar.

    Example:
        >>> from gan_edu.data.ring import ring
        >>> from gan_edu.games.mad_gan import mad_gan
        >>> from gan_edu.training import train
        >>> seen = generators_seen(next(train(mad_gan(ring(), generators=3, width=8))))
        >>> seen.shares.shape, seen.owner.shape, bool((seen.confidence >= 1 / 4).all())
        ((3, 8), (64, 64), True)

    Reference:
        Ghosh et al. (2018), Multi-Agent Diverse Generative Adversarial Networks, arXiv 1704.02906, sec. 3.
    """
    look = look_at(frame, run)
    if look.game.is_planar:
        raise ValueError("generators are seen in games that learn a target; got a planar game")
    k, target = look.game.generator.members, look.target
    z = look.game.draw_latent((1, EACH * k), torch.Generator().manual_seed(seed))
    with torch.no_grad():
        x = look.game.generator(look.players["theta_g"], z)[0]
    shares = mode_shares(x.unflatten(0, (-1, k)).transpose(0, 1), target)
    makers = torch.arange(len(x)) % k
    nothing, no_arrows = np.zeros((0, 0)), np.zeros((0, 4))
    owner, confidence, fool, repel, pushed = nothing, nothing, no_arrows, no_arrows, nothing
    extent = target.extent
    if target.dim == 1:
        extent, grid = (*extent[:2], 0.0, 1.0), grid * FINER
    if look.game.discriminator.out_dim == k + 1 and target.dim <= 2 and not target.image_shape:
        owner, confidence = _territories(look, extent, grid)
        width = extent[1] - extent[0]
        parts = _pushes_by(look, x[: ASKED * k], makers[: ASKED * k])
        pushed = _how_hard(parts, width)
        if target.dim == 2:
            fool, repel = _arrows(x[: PUSHED * k], parts[: PUSHED * k], makers[: PUSHED * k], width)
    drawn = x[: DRAWN * k]
    heights = (makers[: len(drawn)] + 0.5) / k
    points = torch.stack([drawn[:, 0], heights], -1) if target.dim == 1 else drawn
    return GeneratorsSeen(
        step=frame.step,
        shares=shares.numpy(),
        owner=owner,
        confidence=confidence,
        extent=extent,
        centres=_centres(target),
        samples=on_plane(points),
        makers=makers[: len(drawn)].numpy(),
        fool=fool,
        repel=repel,
        pushed=pushed,
        frozen=tuple(peel(look.game.recipe)[1]["arguments"].get("frozen", ())) if look.game.recipe else (),
    )


def _centres(target: Target) -> np.ndarray:
    middles = torch.stack([target.components[target.modes == m].mean(0) for m in range(target.n_modes)])
    return on_plane(torch.cat([middles, torch.zeros(len(middles), 1)], -1))


def _territories(
    look: Look, extent: tuple[float, float, float, float], grid: int
) -> tuple[np.ndarray, np.ndarray]:
    nodes = torch.linspace(*extent[:2], grid)[:, None] if look.target.dim == 1 else nodes_of(extent, grid)
    with torch.no_grad():
        outputs = look.game.discriminator(look.players["theta_d"], nodes.unsqueeze(0))[0]
    confidence, owner = outputs.softmax(-1).max(-1)
    return owner.reshape(-1, grid).numpy(), confidence.reshape(-1, grid).numpy()


def _pushes_by(look: Look, x: Tensor, makers: Tensor) -> Tensor:
    x = x.detach().requires_grad_()
    with torch.enable_grad():
        outputs = look.game.discriminator(look.players["theta_d"], x.unsqueeze(0))[0]
        slopes = [torch.autograd.grad(output.sum(), x, retain_graph=True)[0] for output in outputs.unbind(-1)]
    return pushes_by(outputs.detach(), torch.stack(slopes, -2), makers)


def pushes_by(outputs: Tensor, slopes: Tensor, makers: Tensor) -> Tensor:
    """The push on each sample, down -log D_{k+1}(x), in one part for each generator that D knows: (N, k, d).

        -log D_{k+1} = -log(D_{k+1} / (D_{k+1} + D_i))     be taken for real rather than for my own: fool
                       - log(1 - sum_{j != i} D_j)         don't be taken for another one's: repel

        P_i = D_i / (D_i + D_{k+1}) grad(l_{k+1} - l_i)             of the first line
        P_j = D_j grad(log(D_i + D_{k+1}) - log D_j)                j != i; their sum is that of the second

    for a sample of G_i. All are functions of D's probabilities, so that a constant that all outputs l share at x
    changes none.

    Args:
        outputs: l, of D's last layer, the class of real data last: (N, k + 1).
        slopes: Their gradients by x, (N, k + 1, d).
        makers: i, from 0: (N,).

    Example:
        >>> slopes = torch.eye(3)[None]  # each output grows along an axis of its own
        >>> pushes_by(torch.zeros(1, 3), slopes, torch.tensor([0]))[0].mul(6).round().tolist()
        [[-3.0, 0.0, 3.0], [1.0, -2.0, 1.0]]
    """
    n, k = torch.arange(len(outputs)), outputs.shape[-1] - 1
    own = (outputs[n, makers] - outputs[:, k]).sigmoid().unsqueeze(-1)  # D_i / (D_i + D_{k+1})
    home = own * slopes[n, makers] + (1 - own) * slopes[:, k]  # of log(D_i + D_{k+1}), but for what all share
    parts = outputs.softmax(-1)[:, :k, None] * (home.unsqueeze(1) - slopes[:, :k])
    parts[n, makers] = own * (slopes[:, k] - slopes[n, makers])
    return parts


def _how_hard(parts: Tensor, width: float) -> np.ndarray:
    """The mean strength of each part for each generator's samples, which take turns, on the scale of arrows."""
    k = parts.shape[1]
    strength = torch.linalg.vector_norm(parts, dim=-1).unflatten(0, (-1, k)).mean(0) * width
    return (strength / (strength + HALF)).numpy()


def _arrows(x: Tensor, parts: Tensor, makers: Tensor, width: float) -> tuple[np.ndarray, np.ndarray]:
    fool = parts[torch.arange(len(x)), makers]
    return as_arrows(x, fool, width), as_arrows(x, parts.sum(1) - fool, width)
