"""Several generators: what the discriminator takes for whose, and which modes each of them draws."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle
from matplotlib.transforms import ScaledTranslation

from gan_edu.figures.heat_map import colour_bar, colour_scale, ink_on
from gan_edu.figures.palette import MARKERS, MATPLOTLIB_MARKERS, Theme
from gan_edu.figures.picture import FONT, Picture, legend, style
from gan_edu.figures.texts import TEXTS

if TYPE_CHECKING:
    from gan_edu.views.generators import GeneratorsSeen

LEFT, RIGHT, KEY, BAR = 66, 12, 118, 58  # pixels; the key stands beside the map, the bar beside the shares
TITLE, BETWEEN, BOTTOM, ROW = 30, 44, 44, 22
LARGEST_MAP, FLAT = 320, 190
GAP = 20
"""Pixels between who draws what and who pushes whom."""
ONE_DIGIT, TWO_DIGITS = 15, 25
"""Pixels that a cell needs for its number."""
DEEPEST = 0.75
"""Part of a generator's colour where D is sure that a point is its."""
MOST_LABELS = 12


def generator_map(
    seen: GeneratorsSeen,
    *,
    title: str = "",
    width: float = 470,
    theme: str = "light",
    texts: Mapping[str, str] = TEXTS,
) -> Picture:
    """D's territories above, where it can tell generators apart, and below them who draws which mode.

    A place has the colour of the generator that D takes its points for, the stronger the surer D is; where D says
    real, it is hatched. Modes have their numbers. Arrows part the push: fool (filled), repel (hollow). Beside the
    modes, who pushes whom: how hard D's knowledge of G_j (column) drives G_i (row) away, where 1 would be the longest
    arrow, and in the frames of the diagonal how hard G_i is driven to look real.

    Args:
        seen: As from `gan_edu.views.generators.generators_seen`.
        title: Such as "A, step 400".
        width: In pixels.
        theme: "light" or "dark".
        texts: Words.

    Returns:
        The figure. Its alternative text says which mode each generator draws most, how much, and which two push
        hardest.

    Example:
        >>> from gan_edu.views.generators import GeneratorsSeen
        >>> nothing = np.zeros((0, 0))
        >>> seen = GeneratorsSeen(
        ...     7, np.eye(2), nothing, nothing, (-1, 1, -1, 1), np.eye(2), np.eye(2), np.arange(2), nothing, nothing)
        >>> generator_map(seen, title="step 7").alt
        'step 7: 2 generators; 1: mode 1 (100 %), 2: mode 2 (100 %)'
    """
    flat = len(seen.owner) == 1
    wide = min(width - LEFT - KEY - RIGHT, LARGEST_MAP) if not flat else width - LEFT - KEY - RIGHT
    tall = (FLAT if flat else wide) if seen.told_apart else 0.0
    rows = seen.k * ROW
    top = TITLE + tall + (BETWEEN if tall else 0)
    height = top + rows + BOTTOM
    figure = Picture(width, height, theme=theme, alt=_describe(seen, title, texts))
    if seen.told_apart:
        place = (LEFT / width, 1 - (TITLE + tall) / height, wide / width, tall / height)
        axes = figure.add_axes(place)
        _draw_map(axes, figure.theme, seen)
        _title(axes, figure.theme, title or texts["territories"])
        anchor = ((LEFT + wide + 4) / width, 1 - (TITLE - 6) / height)
        look = {"loc": "upper left", "bbox_to_anchor": anchor, "ncols": 1, "handlelength": 1.4}
        legend(figure, figure.theme, handles=_key(figure.theme, seen, texts), **look)
    inner = width - LEFT - BAR - RIGHT
    modes, pushers = seen.shares.shape[1], len(seen.pushed)
    cell = (inner - GAP * (pushers > 0)) / (modes + pushers)
    place = (LEFT / width, BOTTOM / height, modes * cell / width, rows / height)
    axes = figure.add_axes(place)
    _draw_cells(axes, figure.theme, seen.shares, cell, texts["mode"])
    _name_rows(figure, axes, seen, texts)
    if not seen.told_apart:
        _title(axes, figure.theme, title)
    if pushers:
        place = ((LEFT + modes * cell + GAP) / width, BOTTOM / height, pushers * cell / width, rows / height)
        axes = figure.add_axes(place)
        _draw_cells(axes, figure.theme, seen.pushed, cell, texts["pushed_by"])
        axes.set_yticks([])
        frame = {"fill": False, "edgecolor": figure.theme.ink, "linewidth": 1.2}
        for i in range(pushers):
            axes.add_patch(Rectangle((i + 0.5, i + 0.5), 1, 1, clip_on=False, **frame))
    bar = ((width - RIGHT - BAR + 12) / width, BOTTOM / height, 12 / width, rows / height)
    colour_bar(figure, bar, figure.theme, (0, 1), "")
    return figure


def _title(axes: Axes, theme: Theme, words: str) -> None:
    axes.set_title(words, loc="left", pad=8, fontsize=FONT, color=theme.ink)


def _colour(theme: Theme, generator: int) -> str:
    return theme.generators[generator % len(theme.generators)]


def _marker(generator: int) -> str:
    return MATPLOTLIB_MARKERS[MARKERS[generator % len(MARKERS)]]


def _draw_map(axes: Axes, theme: Theme, seen: GeneratorsSeen) -> None:
    style(axes, theme)
    x_min, x_max, y_min, y_max = seen.extent
    height, width = seen.owner.shape
    # nodes lie on the edges, so that the outer cells reach half beyond them
    half_x = (x_max - x_min) / (width - 1) / 2
    half_y = (y_max - y_min) / (height - 1) / 2 if height > 1 else 0.0
    edges = (x_min - half_x, x_max + half_x, y_min - half_y, y_max + half_y)
    colours = np.array([to_rgb(_colour(theme, i)) for i in range(seen.k)] + [to_rgb(theme.grid)])
    sure = ((seen.confidence - 1 / (seen.k + 1)) / (1 - 1 / (seen.k + 1))).clip(0, 1)[..., None] * DEEPEST
    image = sure * colours[seen.owner] + (1 - sure) * np.array(to_rgb(theme.background))
    look: dict[str, Any] = {"origin": "lower", "extent": edges, "interpolation": "nearest", "aspect": "auto"}
    axes.imshow(image, **look)
    real = (seen.owner == seen.k).astype(float)
    if real.any() and height > 1:
        x, y = np.linspace(x_min, x_max, width), np.linspace(y_min, y_max, height)
        axes.contourf(x, y, real, levels=[0.5, 2], colors="none", hatches=["////"]).set(
            edgecolor=theme.muted, linewidth=0
        )
    for i in range(seen.k):
        points = seen.samples[seen.makers == i]
        axes.plot(
            *points.T, _marker(i), color=_colour(theme, i), markersize=7, markeredgecolor=theme.background,
            markeredgewidth=0.8, clip_on=True,
        )  # fmt: skip
    for arrows, fill in ((seen.fool, theme.ink), (seen.repel, theme.background)):
        tails, heads = arrows[:, :2], arrows[:, 2:]
        axes.quiver(
            *tails.T, *(heads - tails).T, angles="xy", scale_units="xy", scale=1, width=0.011, zorder=3,
            facecolor=fill, edgecolor=theme.ink, linewidth=0.9, headwidth=3.2, headlength=3.6, headaxislength=3.4,
            minlength=1.5,
        )  # fmt: skip
    if len(seen.centres) <= MOST_LABELS:
        for mode, (x, y) in enumerate(seen.centres):
            words = {"ha": "center", "va": "center", "color": theme.ink, "fontsize": FONT, "zorder": 4}
            box = {"boxstyle": "circle,pad=0.15", "facecolor": theme.background, "edgecolor": theme.ink}
            axes.text(x, y, str(mode + 1), bbox=box, **words)
    axes.set(xlim=(x_min, x_max), ylim=(y_min, y_max))
    if height == 1:
        axes.set_yticks([])


def _key(theme: Theme, seen: GeneratorsSeen, texts: Mapping[str, str]) -> list[Any]:
    dots = {"linestyle": "none", "markersize": 8}
    entries: list[Any] = [
        Line2D(
            [],
            [],
            marker=_marker(i),
            color=_colour(theme, i),
            label=texts["generator_frozen" if i in seen.frozen else "generator_n"].format(n=i + 1),
            **dots,
        )
        for i in range(min(seen.k, len(MARKERS)))
    ]
    if len(seen.owner) > 1:
        entries.append(
            Patch(facecolor=theme.grid, hatch="////", edgecolor=theme.muted, label=texts["says_real"])
        )
    for name, arrow in (("fool", "$\\rightarrow$"), ("repel", "$\\Rightarrow$")):
        if len(seen.fool):
            dot = {"marker": arrow, "markersize": 13, "linestyle": "none", "color": theme.ink}
            entries.append(Line2D([], [], label=texts[name], **dot))
    return entries


def _draw_cells(axes: Axes, theme: Theme, values: np.ndarray, cell: float, label: str) -> None:
    """Shades from 0 to 1, with their numbers where a cell is wide enough."""
    style(axes, theme)
    rows, columns = values.shape
    scale = colour_scale(theme)
    axes.pcolormesh(
        np.arange(columns + 1) + 0.5, np.arange(rows + 1) + 0.5, values, cmap=scale, vmin=0, vmax=1
    )
    axes.hlines(np.arange(1, rows) + 0.5, 0.5, columns + 0.5, color=theme.grid, linewidth=0.6)
    places = 2 if cell > TWO_DIGITS else 1
    if cell > ONE_DIGIT:
        for (i, j), value in np.ndenumerate(values):
            if value >= 0.05:
                ink = ink_on(scale(float(value)))
                words = {"ha": "center", "va": "center", "color": ink, "fontsize": FONT - 1}
                told = f"{value:.{places}f}"
                axes.text(j + 1, i + 1, "1" if told[0] == "1" else told[1:], **words)
    every = 1 + (columns - 1) // MOST_LABELS
    axes.set(xticks=range(1, columns + 1, every), xlabel=label, ylim=(rows + 0.5, 0.5))


def _name_rows(figure: Picture, axes: Axes, seen: GeneratorsSeen, texts: Mapping[str, str]) -> None:
    axes.set(yticks=range(1, seen.k + 1, 1 + (seen.k - 1) // MOST_LABELS), ylabel=texts["generator"])
    beside = ScaledTranslation(-0.09, 0, figure.dpi_scale_trans)
    for i in range(seen.k):  # its marker, beside its number
        axes.plot(
            0, i + 1, _marker(i), color=_colour(figure.theme, i), markersize=7, clip_on=False,
            transform=axes.get_yaxis_transform() + beside,
        )  # fmt: skip
    axes.tick_params(axis="y", length=0, pad=18)


def _describe(seen: GeneratorsSeen, title: str, texts: Mapping[str, str]) -> str:
    told = ", ".join(
        texts["draws_most"].format(n=i + 1, mode=int(row.argmax()) + 1, share=100 * row.max())
        for i, row in enumerate(seen.shares)
    )
    head = f"{title}: " if title else ""
    told = texts["generators_told"].format(k=seen.k, s="" if seen.k == 1 else "s", told=told)
    if seen.k > 1 and len(seen.pushed):
        others = np.where(np.eye(seen.k, dtype=bool), -1, seen.pushed)
        pushed, pusher = np.unravel_index(others.argmax(), others.shape)
        told += texts["pushed_most"].format(n=int(pushed) + 1, other=int(pusher) + 1)
    return head + told
