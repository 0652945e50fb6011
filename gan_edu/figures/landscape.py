"""Landscapes over the plane side by side: lines of equal height of critics, each over its own range."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from gan_edu.figures.heat_map import colour_scale
from gan_edu.figures.picture import FONT, Picture, style
from gan_edu.figures.texts import TEXTS

LEVELS = 12
LEFT, RIGHT, TOP, BOTTOM, GAP = 36, 14, 56, 30, 34  # pixels
POINTS = 150
"""Of each kind that are drawn, so that the lines can still be seen."""


def landscape(
    heights: Mapping[str, Any],
    extent: tuple[float, float, float, float],
    *,
    data: Any = None,
    samples: Any = None,
    width: float = 900,
    theme: str = "light",
    texts: Mapping[str, str] = TEXTS,
) -> Picture:
    """Functions of the plane as lines of equal height, one panel each, with the points that they should tell apart.

    Every panel has 12 levels from its own lowest to its own highest value, so that shapes can be compared, whatever
    the scale; the range is written above it.

    Args:
        heights: (g, h) by title, at evenly spaced nodes that include the edges of the extent; row 0 lies at y_min.
        extent: (x_min, x_max, y_min, y_max).
        data: (M, 2) real points.
        samples: (N, 2) generated points.
        width: in pixels.
        theme: "light" or "dark".
        texts: words of the alternative text.

    Returns:
        The figure.

    Raises:
        ValueError: if there is no panel, or heights are not finite numbers on a grid.

    Example:
        >>> landscape({"a slope": [[0.0, 1.0], [0.0, 1.0]]}, (-1, 1, -1, 1)).alt
        'lines of equal height. a slope: 0 to 1'
    """
    grids = {title: np.asarray(values, dtype=np.float64) for title, values in heights.items()}
    if not grids or not all(
        grid.ndim == 2 and min(grid.shape) > 1 and np.isfinite(grid).all() for grid in grids.values()
    ):
        shapes = ", ".join(f"{title}: {grid.shape}" for title, grid in grids.items()) or "none"
        raise ValueError(f"heights must hold finite numbers on a grid, (g, h) each; got {shapes}")
    ranges = {title: (float(grid.min()), float(grid.max())) for title, grid in grids.items()}
    told = "; ".join(f"{title}: {low:.3g} to {high:.3g}" for title, (low, high) in ranges.items())
    side = (width - LEFT - RIGHT - GAP * (len(grids) - 1)) / len(grids)
    height = TOP + side + BOTTOM
    figure = Picture(width, height, theme=theme, alt=f"{texts['landscape']}. {told}")
    x_min, x_max, y_min, y_max = extent
    for number, (title, grid) in enumerate(grids.items()):
        left = LEFT + number * (side + GAP)
        axes = figure.add_axes((left / width, BOTTOM / height, side / width, side / height))
        style(axes, figure.theme)
        low, high = ranges[title]
        x, y = np.linspace(x_min, x_max, grid.shape[1]), np.linspace(y_min, y_max, grid.shape[0])
        if high > low:
            relative = (grid - low) / (high - low)
            levels = np.linspace(0, 1, LEVELS + 1)
            axes.contourf(x, y, relative, levels, cmap=colour_scale(figure.theme), vmax=1.6, alpha=0.6)
            axes.contour(x, y, relative, levels[1:-1], colors=figure.theme.contour, linewidths=0.8)
        for points, colour, marker, face in (
            (data, figure.theme.real, "s", "none"),
            (samples, figure.theme.fake, "o", figure.theme.fake),
        ):
            if points is not None:
                shown = np.asarray(points, dtype=np.float64)[:POINTS]
                axes.scatter(*shown.T, s=12, marker=marker, edgecolors=colour, facecolors=face, linewidths=1)
        axes.set(xlim=(x_min, x_max), ylim=(y_min, y_max), aspect="equal")
        words = f"{title}\n{low:.2g} to {high:.2g}".replace("-", "−")
        axes.set_title(words, loc="left", fontsize=FONT, color=figure.theme.ink, parse_math=False)
    return figure
