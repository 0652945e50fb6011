"""What the discriminator's features see: some units over the plane, and the mean of every unit twice."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.ticker import MaxNLocator

from gan_edu.figures.palette import Theme
from gan_edu.figures.picture import FONT, Picture, legend, style
from gan_edu.figures.texts import TEXTS

if TYPE_CHECKING:
    from gan_edu.views.features import FeaturesSeen

LEFT, RIGHT, GAP = 62, 12, 10  # pixels
TITLE, BETWEEN, MEANS, BOTTOM = 26, 84, 150, 50
LARGEST_MAP = 160
LETTERS = "abcdefghijkl"
"""Of the units that are drawn."""
LETTER = 12  # pixels
LARGEST_MARKER = 6.5
"""In points; the markers of many units are smaller."""


def feature_maps(
    seen: FeaturesSeen,
    *,
    top: float | None = None,
    title: str = "",
    columns: int = 6,
    width: float = 900,
    theme: str = "light",
    texts: Mapping[str, str] = TEXTS,
) -> Picture:
    """Units of f over the plane, and below them what feature matching compares: the means of all units.

    Every unit has a scale of its own, from the background at its least value to grey at its greatest. Letters below
    the axis of means are those of the units that are drawn.

    Args:
        seen: As from `gan_edu.views.features.features_seen`, with up to 12 maps.
        top: Least upper end of the axis of means, so that it need not jump while a training is followed.
        title: Before the gap, such as "A, step 400".
        columns: Maps in a row.
        width: In pixels.
        theme: "light" or "dark".
        texts: Words.

    Returns:
        The figure; without maps where there are none.

    Example:
        >>> from gan_edu.views.features import FeaturesSeen
        >>> means, points = np.array([0.5, 0.0]), np.zeros((1, 2))
        >>> seen = FeaturesSeen(
        ...     7, np.array([1]), np.eye(2)[None], (-1, 1, -1, 1), means, means[::-1], 0.5, 0.01, points, points)
        >>> feature_maps(seen, title="step 7").alt
        'step 7: the means of 2 features are 0.5 apart, squared and summed; real batches, 0.01; drawn: units 1'
    """
    count = len(seen.maps)
    columns = max(1, min(columns, count))
    side = min((width - LEFT - RIGHT - (columns - 1) * GAP) / columns, LARGEST_MAP)
    rows = -(-count // columns)
    height = rows * (TITLE + side) + BETWEEN + MEANS + BOTTOM
    told = texts["features_told"].format(count=len(seen.real), gap=_short(seen.gap), noise=_short(seen.noise))
    drawn = texts["features_drawn"].format(units=", ".join(map(str, seen.units))) if count else ""
    head = f"{title}: " if title else ""
    figure = Picture(width, height, theme=theme, alt=f"{head}{told}{drawn}")
    for number, values in enumerate(seen.maps):
        row, column = divmod(number, columns)
        place = LEFT + column * (side + GAP), height - (row + 1) * (TITLE + side)
        _draw_unit(_axes(figure, *place, side, side), figure.theme, seen, values)
        words = texts["unit"].format(letter=LETTERS[number], unit=seen.units[number])
        figure.axes[-1].set_title(words, loc="left", pad=5, color=figure.theme.ink, fontsize=FONT)
    axes = _axes(figure, LEFT, BOTTOM, width - LEFT - RIGHT, MEANS)
    _draw_means(axes, figure.theme, seen, top, texts)
    words = [
        texts[name].format(gap=_short(seen.gap), noise=_short(seen.noise))
        for name in ("features_gap", "features_noise")
    ]
    look: dict[str, Any] = {"color": figure.theme.ink, "fontsize": FONT, "va": "top", "linespacing": 1.35}
    figure.text(
        LEFT / width, (BOTTOM + MEANS + BETWEEN - 6) / height, f"{head}{words[0]}\n{words[1]}", **look
    )
    return figure


def _axes(figure: Picture, left: float, bottom: float, wide: float, tall: float) -> Axes:
    width, height = figure.get_size_inches() * figure.dpi
    return figure.add_axes((left / width, bottom / height, wide / width, tall / height))


def _draw_unit(axes: Axes, theme: Theme, seen: FeaturesSeen, values: np.ndarray) -> None:
    style(axes, theme)
    x_min, x_max, y_min, y_max = seen.extent
    # the nodes lie on the edges, so that the outer cells reach half beyond them
    half_x, half_y = (x_max - x_min) / (len(values) - 1) / 2, (y_max - y_min) / (len(values) - 1) / 2
    axes.imshow(
        values, cmap=LinearSegmentedColormap.from_list("unit", [theme.background, theme.muted]), origin="lower",
        extent=(x_min - half_x, x_max + half_x, y_min - half_y, y_max + half_y), interpolation="bilinear",
    )  # fmt: skip
    halo: dict[str, Any] = {"linestyle": "none", "markeredgecolor": theme.background, "markeredgewidth": 0.6}
    axes.plot(*seen.data.T, marker="s", markersize=3.6, markerfacecolor=theme.real, **halo)
    axes.plot(*seen.samples.T, marker="o", markersize=4, markerfacecolor=theme.fake, **halo)
    axes.set(xlim=(x_min, x_max), ylim=(y_min, y_max), xticks=[], yticks=[])


def _draw_means(
    axes: Axes, theme: Theme, seen: FeaturesSeen, top: float | None, texts: Mapping[str, str]
) -> None:
    style(axes, theme, grid="y")
    numbers = np.arange(len(seen.real))
    size = float(np.clip(430 / len(numbers), 2.0, LARGEST_MARKER))
    named = seen.units if len(seen.maps) else []
    for unit in named:
        axes.axvspan(unit - 0.45, unit + 0.45, color=theme.grid, alpha=0.7, linewidth=0, zorder=0)
    axes.vlines(numbers, seen.real, seen.fake, color=theme.ink, linewidth=1.4, zorder=2)
    axes.plot(
        numbers, seen.real, "s", color=theme.real, markerfacecolor="none", markersize=size, markeredgewidth=1.5,
        label=texts["over_data"],
    )  # fmt: skip
    axes.plot(numbers, seen.fake, "o", color=theme.fake, markersize=size, label=texts["over_samples"])
    low = min(0.0, float(seen.real.min()), float(seen.fake.min()))
    high = max(float(seen.real.max()), float(seen.fake.max()), top or 0.0, low + 1e-6)
    room = 0.06 * (high - low)
    axes.set(xlim=(-1, len(numbers)), ylim=(low - room, high + room), ylabel=texts["mean_feature"])
    axes.set_xlabel(texts["units"].format(count=len(numbers)), labelpad=18 if len(named) else 2)
    axes.set_xticks(named, [""] * len(named))
    _name(axes, named, theme)
    axes.yaxis.set_major_locator(MaxNLocator(4))
    legend(axes, theme)


def _name(axes: Axes, units: Sequence[int] | np.ndarray, theme: Theme) -> None:
    """Letters below the axis, those of neighbours a little apart."""
    numbers_per_letter = LETTER / axes.get_window_extent().width * float(np.ptp(axes.get_xlim()))
    last = -math.inf
    for letter, unit in zip(LETTERS, units, strict=False):
        last = max(float(unit), last + numbers_per_letter)
        axes.annotate(
            letter, (last, 0), (0, -7), xycoords=("data", "axes fraction"), textcoords="offset points", ha="center",
            va="top", color=theme.ink, fontsize=FONT, annotation_clip=False,
        )  # fmt: skip


def _short(number: float) -> str:
    return np.format_float_positional(float(f"{number:.2g}"), trim="-")
