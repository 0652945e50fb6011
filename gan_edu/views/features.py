"""What the discriminator's features see: each unit over the plane, and its mean over data and over samples.

Axes: F features (units of the layer), K units that are drawn, N points, g nodes along a side.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from gan_edu.games.game import seen_fake, seen_real
from gan_edu.training import Frame
from gan_edu.views.look import Look, look_at, nodes_of, on_plane

SHOWN = 60
"""Points of each kind that are drawn over a unit."""
PLACES = 3
"""Digits that are kept in JSON."""
HELD = 0.4
"""Part of the best unit's variance with which a unit that was drawn keeps its place."""


@dataclass(frozen=True, eq=False)
class FeaturesSeen:
    """The features of one discriminator at one moment.

    Args:
        step: Training step.
        units: (K,) numbers of the units that are drawn, growing.
        maps: (K, g, g) what each of them puts out at evenly spaced nodes that include the edges of the extent; row 0
            lies at y_min. (0, 0, 0) where the data are no points of a plane.
        extent: x_min, x_max, y_min, y_max of the maps.
        real: (F,) mean of each unit over data.
        fake: (F,) mean of each unit over samples.
        gap: |E f(x) - E f(G(z))|², which feature matching minimises.
        noise: What two batches of real data would show in its place: 2 tr Cov f(x) / B.
        data: (N, 2) some real points.
        samples: (N, 2) some generated ones.
    """

    step: int
    units: np.ndarray
    maps: np.ndarray
    extent: tuple[float, float, float, float]
    real: np.ndarray
    fake: np.ndarray
    gap: float
    noise: float
    data: np.ndarray
    samples: np.ndarray

    def as_json(self) -> dict[str, Any]:
        """JSON types, numbers to a few digits."""
        return {name: _rounded(value) for name, value in vars(self).items()}

    @staticmethod
    def from_json(told: Mapping[str, Any]) -> FeaturesSeen:
        """What `as_json` wrote."""
        arrays = {name: np.array(value) for name, value in told.items() if isinstance(value, list)}
        if not told["maps"]:
            arrays["maps"] = np.zeros((0, 0, 0))
        return FeaturesSeen(**{**told, **arrays, "extent": tuple(told["extent"])})


def _rounded(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return _rounded(value.tolist())
    if isinstance(value, list | tuple):
        return [_rounded(part) for part in value]
    return value if isinstance(value, int) else float(f"{value:.{PLACES}g}")


def features_seen(
    frame: Frame,
    run: int = 0,
    *,
    below: int = 1,
    count: int = 6,
    keep: Collection[int] = (),
    n_samples: int = 2000,
    grid: int = 32,
    seed: int = 0,
) -> FeaturesSeen:
    """What the features of one run's discriminator see at one frame, whether or not it is trained to match them.

    Args:
        frame: Of a game with networks.
        run: Which run of the population.
        below: Which layer f is; 1 is the last hidden one.
        count: K, units to draw; see `most_telling`, which looks at data alone.
        keep: Units that were drawn before; they stay where they tell enough, so that a picture that follows a
            training does not jump.
        n_samples: Points of each kind that means are taken over.
        grid: g.
        seed: Of the points.

    Raises:
        ValueError: If there is no such run or layer, or if f(x) depends on the batch that x is in.

    Example:
        >>> from gan_edu.data.ring import ring
        >>> from gan_edu.games.gan import gan
        >>> from gan_edu.training import train
        >>> seen = features_seen(next(train(gan(ring(), width=8))), count=3)
        >>> seen.maps.shape, seen.real.shape, bool(np.isclose(seen.gap, ((seen.real - seen.fake) ** 2).sum()))
        ((3, 32, 32), (8,), True)

    Reference:
        Salimans et al. (2016), Improved Techniques for Training GANs, arXiv 1606.03498, sec. 3.1.
    """
    look = look_at(frame, run)
    generator = torch.Generator().manual_seed(seed)
    batch = look.game.draw(1, n_samples, generator)
    with torch.no_grad():
        x_real, x_fake = (seen(look.game, look.players, batch)[0] for seen in (seen_real, seen_fake))
        of_real, of_fake = features_at(look, x_real, below), features_at(look, x_fake, below)
    spread = of_real.std(0)
    real, fake = of_real.mean(0), of_fake.mean(0)
    units = most_telling(of_real, count, [unit for unit in keep if unit < len(real)])
    flat = look.target.dim == 2 and not look.target.image_shape
    maps = torch.zeros(0, 0, 0)
    if flat:
        nodes = nodes_of(look.target.extent, grid)
        maps = features_at(look, nodes, below)[:, torch.as_tensor(units)].T.reshape(-1, grid, grid)
    return FeaturesSeen(
        step=frame.step,
        units=units,
        maps=maps.numpy(),
        extent=look.target.extent,
        real=real.numpy(),
        fake=fake.numpy(),
        gap=float((real - fake).square().sum()),
        noise=float(2 * spread.square().sum() / frame.settings.batch_size),
        data=on_plane(x_real[:SHOWN]),
        samples=on_plane(x_fake[:SHOWN]),
    )


def features_at(look: Look, x: Tensor, below: int = 1) -> Tensor:
    """The activations of a hidden layer of D: (N, d) -> (N, F).

    Raises:
        ValueError: If there is no such layer, or if f(x) depends on the batch that x is in.
    """
    if look.game.discriminator.layer(below).mixes:
        raise ValueError(
            "features are drawn for a layer that looks at one example at a time; got one that mixes"
        )
    with torch.no_grad():
        return look.game.discriminator.features(look.players["theta_d"], x.unsqueeze(0), below)[0]


def most_telling(values: Tensor, count: int, keep: Collection[int] = ()) -> np.ndarray:
    """Units that say most about a point together: each the one that those before it leave most of unexplained.

    A pivoted Cholesky decomposition of the covariance of f. Two units that see the same are so not both chosen.

    Args:
        values: (N, F) what the units put out for N points.
        count: K at most; fewer where the others are explained wholly.
        keep: Units that were chosen before: they stay while HELD of the best unit's variance is unexplained in them.

    Returns:
        (K,) their numbers, growing.

    Example:
        >>> x = torch.tensor([[0.0, 1.0], [1.0, 0.0], [1.0, 1.0], [0.0, 0.0]])
        >>> most_telling(torch.cat([0.9 * x, x], 1), 2).tolist()  # 0 sees what 2 sees
        [2, 3]
        >>> most_telling(torch.cat([0.9 * x, x], 1), 2, keep=[0]).tolist()
        [0, 3]
    """
    left = values.double() - values.double().mean(0)
    least = 1e-9 * left.square().sum(0).max()
    chosen: list[int] = []
    for _ in range(min(count, left.shape[-1])):
        size = left.square().sum(0)
        size[chosen] = 0
        if not size.max() > least:
            break
        stay = [unit for unit in keep if size[unit] > HELD * size.max()]
        unit = max(stay, key=lambda unit: float(size[unit])) if stay else int(size.argmax())
        chosen.append(unit)
        way = left[:, unit] / left[:, unit].norm()
        left = left - way[:, None] * (way @ left)
    return np.array(sorted(chosen), dtype=np.int64)
