"""What heat maps share: a scale that is read by its lightness alone, legible numbers, cells, the key."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LinearSegmentedColormap, Normalize
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from gan_edu.figures.palette import PALETTE, Theme
from gan_edu.figures.picture import style


def colour_scale(theme: Theme) -> LinearSegmentedColormap:
    """From the background over the palette's blue to the ink's end; lightness changes one way.

    Args:
        theme: the colours.

    Example:
        >>> from gan_edu.figures.palette import PALETTE
        >>> [round(float(part), 2) for part in colour_scale(PALETTE.light)(0.0)]
        [1.0, 1.0, 1.0, 1.0]
    """
    end = "#00182B" if theme == PALETTE.light else "#FFFFFF"
    scale = LinearSegmentedColormap.from_list("much", [theme.background, theme.a, end])
    scale.set_bad(alpha=0)
    return scale


def ink_on(colour: tuple[float, ...]) -> str:
    """Black or white, whichever is read better on a colour: the relative luminance of WCAG 2 decides.

    Args:
        colour: red, green and blue in [0, 1]; more is left out.

    Example:
        >>> ink_on((1.0, 1.0, 1.0)), ink_on((0.0, 0.2, 0.4))
        ('#000000', '#FFFFFF')
    """
    rgb = np.array(colour[:3])
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    # the luminance at which black and white have the same contrast
    return "#000000" if linear @ (0.2126, 0.7152, 0.0722) > 0.179 else "#FFFFFF"


def cell_edges(centres: Sequence[float]) -> list[float]:
    """Borders halfway between neighbours, K + 1 of them.

    Args:
        centres: K growing numbers, one at least.

    Example:
        >>> cell_edges([0, 10, 30]), cell_edges([4])
        ([-5.0, 5.0, 20.0, 40.0], [3.5, 4.5])
    """
    first, last = centres[0], centres[-1]
    inner = [(a + b) / 2 for a, b in itertools.pairwise(centres)]
    return [2 * first - inner[0], *inner, 2 * last - inner[-1]] if inner else [first - 0.5, last + 0.5]


def colour_bar(
    figure: Figure,
    place: tuple[float, float, float, float],
    theme: Theme,
    limits: tuple[float, float],
    label: str,
) -> None:
    """The key to a colour scale, in axes of its own.

    Args:
        figure: whose key it is.
        place: left, bottom, width and height as parts of the figure.
        theme: the colours.
        limits: values at the scale's ends.
        label: what is measured, with its unit.

    Example:
        >>> from gan_edu.figures.picture import Picture
        >>> picture = Picture(200, 200)
        >>> colour_bar(picture, (0.8, 0.1, 0.1, 0.8), picture.theme, (0, 1), "share")
        >>> picture.axes[0].get_ylabel()
        'share'
    """
    axes = figure.add_axes(place)
    key = ScalarMappable(Normalize(*limits), colour_scale(theme))
    bar = figure.colorbar(key, cax=axes, ticks=MaxNLocator(5))
    style(axes, theme)
    bar.outline.set_edgecolor(theme.muted)  # pyright: ignore[reportCallIssue]
    axes.set_ylabel(label)
