"""Drawn: the target is what a learner draws with the mouse, the pen or a finger."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Annotated

import numpy as np
import torch

from gan_edu.data.target import Target
from gan_edu.parameters import Range, method

Strokes = Sequence[Sequence[Sequence[float]]]
MOST_COMPONENTS = 512


def _arc(
    x: float, y: float, radius: float, start: float, end: float, points: int
) -> tuple[tuple[float, float], ...]:
    angles = [math.radians(start + (end - start) * i / (points - 1)) for i in range(points)]
    return tuple((round(x + radius * math.cos(a), 3), round(y + radius * math.sin(a), 3)) for a in angles)


FACE: Strokes = (
    _arc(0, 0, 2, 0, 360, 33),
    ((-0.7, 0.9), (-0.7, 0.4)),
    ((0.7, 0.9), (0.7, 0.4)),
    _arc(0, 0, 1.1, 205, 335, 13),
)


@method
def drawn(
    points: Strokes = FACE,
    std: Annotated[float, Range(1e-3, 1e3, slider=(0.02, 0.5), log=True)] = 0.1,
) -> Target:
    """A drawing: ink spread evenly along the strokes, plus N(0, std^2 I).

    Every stroke is cut into pieces of one length, at most `std`, whose middles are the components; a
    component's weight is its piece's share of all ink. So the density along a line is the same where the hand
    was slow and where it was fast. A stroke shorter than `std` is a dot: one component with as much ink as a
    line of length `std`. No more than about 512 pieces: `std` below 1/1000 of the ink's length shows them as
    separate dots.

    Args:
        points: The strokes, each a list of (x, y) in the order in which they were drawn. By default a face.
        std: Half the width of the pen.

    Returns:
        A two-dimensional target with one mode per stroke.

    Raises:
        ValueError: If there is no stroke, or one is empty, not a list of (x, y), or not finite.

    Example:
        >>> drawn(points=[[(0, 0), (3, 0)], [(0, 1), (1, 1)]]).mode_weights.round(decimals=4).tolist()
        [0.75, 0.25]

    Reference:
        Parzen (1962), On estimation of a probability density function and mode, Annals of Mathematical
        Statistics 33(3): the density is his estimate from the points of the ink.
    """
    strokes = [_stroke(stroke) for stroke in _sequence(points)]
    lengths = [_distances(stroke)[-1] for stroke in strokes]
    ink = [max(length, std) for length in lengths]
    piece = max(std, sum(ink) / MOST_COMPONENTS)
    counts = [math.ceil(length / piece) if length > std else 1 for length in lengths]
    centres = [_along(stroke, count) for stroke, count in zip(strokes, counts, strict=True)]
    weights = np.repeat(np.array(ink) / sum(ink) / counts, counts)
    return Target(
        name="drawn",
        components=torch.from_numpy(np.concatenate(centres)).float(),
        stds=torch.full((sum(counts),), std),
        weights=torch.from_numpy(weights).float(),
        modes=torch.arange(len(counts)).repeat_interleave(torch.tensor(counts)),
    )


def _sequence(points: Strokes) -> Strokes:
    if not isinstance(points, Sequence | np.ndarray) or isinstance(points, str) or len(points) == 0:
        raise ValueError(f"drawn: points must be a list of strokes, at least one; got {points!r:.60}")
    return points


def _stroke(stroke: Sequence[Sequence[float]]) -> np.ndarray:
    rule = "drawn: a stroke must be a list of at least one (x, y), both finite numbers"
    try:
        array = np.asarray(stroke, dtype=np.float64)
    except (TypeError, ValueError):
        raise ValueError(f"{rule}; got {stroke!r:.60}") from None
    if array.ndim != 2 or array.shape[1] != 2 or len(array) == 0 or not np.isfinite(array).all():
        raise ValueError(f"{rule}; got {stroke!r:.60}")
    return array


def _distances(stroke: np.ndarray) -> np.ndarray:
    """Length of the stroke up to each of its points."""
    return np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(stroke, axis=0).T))])


def _along(stroke: np.ndarray, count: int) -> np.ndarray:
    """The middles of `count` pieces of equal length: (count, 2)."""
    distances = _distances(stroke)
    middles = (np.arange(count) + 0.5) * distances[-1] / count
    return np.stack([np.interp(middles, distances, coordinate) for coordinate in stroke.T], -1)
