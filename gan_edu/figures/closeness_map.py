"""Batches compared with themselves: heat maps of closeness, and what each kernel makes of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes

from gan_edu.figures.heat_map import colour_bar, colour_scale
from gan_edu.figures.palette import Theme
from gan_edu.figures.picture import Picture, legend, style
from gan_edu.figures.texts import TEXTS

if TYPE_CHECKING:
    from gan_edu.views.closeness import Compared

MOST = 4
"""Batches side by side."""
LEFT, GAP, KEY, RIGHT = 58, 34, 62, 12  # pixels
TOP, NUMBERS, BETWEEN, KERNELS, BOTTOM = 30, 28, 32, 110, 50
MOST_LABELS = 20
"""Kernels that have their number below them; of more, every second, third, ..."""
LABEL = 13
"""Pixels that a mode's block needs to have its number beside it."""
LOOKS = (("real", "s", True), ("fake", "o", False), ("optimum", "D", False), ("muted", "^", True))
"""Colour, marker, and whether it is hollow, of each batch."""


def closeness_map(
    batches: Mapping[str, Compared],
    *,
    kernel: int | None = None,
    kernels: bool = True,
    width: float = 640,
    theme: str = "light",
    texts: Mapping[str, str] = TEXTS,
) -> Picture:
    """How close the examples of each batch are to each other, with a fixed scale from 0 to 1.

    Examples are in the order of their modes, so that a batch with eight modes shows eight blocks, and one with a
    single mode a single block.

    Args:
        batches: By name, the real one first; of as many kernels each.
        kernel: The one that is drawn, from 0; without it the mean over all of them.
        kernels: Whether a panel shows o_b(x) for each kernel b: the mean of a batch, and where 8 of 10 examples lie.
        width: In pixels.
        theme: "light" or "dark".
        texts: Words.

    Returns:
        The figure. Its alternative text says how close the examples of each batch are on average.

    Raises:
        ValueError: If there is no batch, there are more than four, their numbers of kernels differ, or there is no
            such kernel.

    Example:
        >>> from gan_edu.views.closeness import Compared
        >>> twins = Compared(np.ones((2, 4, 4)), np.zeros(4, int))
        >>> strangers = Compared(np.stack([np.eye(4)] * 2), np.arange(4))
        >>> closeness_map({"real": strangers, "collapsed": twins}, kernel=1).alt
        'closeness of 4 examples by kernel 2. real: 4 modes, 0.00 to the rest; collapsed: 1 mode, 1.00 to the rest'
    """
    if not 1 <= len(batches) <= MOST:
        raise ValueError(f"batches must hold 1 to {MOST} of them; got {len(batches)}")
    counts = {name: len(batch.maps) for name, batch in batches.items()}
    if len(set(counts.values())) != 1:
        raise ValueError(f"all batches must be compared by as many kernels; got {counts}")
    count = next(iter(counts.values()))
    if kernel is not None and not 0 <= kernel < count:
        raise ValueError(f"kernel must be a whole number from 0 to {count - 1}, or None; got {kernel!r}")

    side = (width - LEFT - KEY - RIGHT - (len(batches) - 1) * GAP) / len(batches)
    below = BETWEEN + KERNELS + BOTTOM if kernels else 0
    height = TOP + side + NUMBERS + below
    figure = Picture(width, height, theme=theme, alt=_describe(batches, kernel, texts))
    bottom, tall = (NUMBERS + below) / height, side / height
    for number, (name, batch) in enumerate(batches.items()):
        left = LEFT + number * (side + GAP)
        axes = figure.add_axes((left / width, bottom, side / width, tall))
        _draw(axes, figure.theme, batch, kernel, side)
        rest = _chosen(batch.to_the_rest, kernel).mean()
        axes.set_title(texts["closeness_of"].format(batch=name, rest=rest), loc="left", pad=6)
    figure.axes[0].set_ylabel(texts["by_mode"])
    colour_bar(
        figure, ((width - RIGHT - KEY + 14) / width, bottom, 14 / width, tall), figure.theme, (0, 1), ""
    )
    if kernels:
        place = (LEFT / width, BOTTOM / height, 1 - (LEFT + RIGHT) / width, KERNELS / height)
        _kernels(figure.add_axes(place), figure.theme, batches, kernel, texts)
    return figure


def _draw(axes: Axes, theme: Theme, batch: Compared, kernel: int | None, side: float) -> None:
    n = len(batch.modes)
    style(axes, theme)
    axes.imshow(
        _chosen(batch.maps, kernel), cmap=colour_scale(theme), vmin=0, vmax=1, extent=(0, n, n, 0),
        interpolation="nearest", aspect="auto",
    )  # fmt: skip
    modes, first, many = np.unique(batch.modes, return_index=True, return_counts=True)
    for between in first[1:]:
        axes.axhline(between, color=theme.muted, linewidth=0.6)
        axes.axvline(between, color=theme.muted, linewidth=0.6)
    named = many * side / n >= LABEL
    places, names = (first + many / 2)[named], [str(mode + 1) for mode in modes[named]]
    axes.set(xticks=places, yticks=places, xticklabels=names, yticklabels=names)
    axes.tick_params(length=0)


def _kernels(
    axes: Axes, theme: Theme, batches: Mapping[str, Compared], kernel: int | None, texts: Mapping[str, str]
) -> None:
    style(axes, theme, grid="y")
    count = len(next(iter(batches.values())).maps)
    if kernel is not None:
        axes.axvspan(kernel - 0.45, kernel + 0.45, color=theme.grid, linewidth=0, zorder=0)
    shift = 0.5 / len(batches)
    for number, ((name, batch), (ink, marker, hollow)) in enumerate(
        zip(batches.items(), LOOKS, strict=False)
    ):
        rest, colour = batch.to_the_rest, getattr(theme, ink)
        x = np.arange(count) + (number - (len(batches) - 1) / 2) * shift
        axes.vlines(x, *np.quantile(rest, [0.1, 0.9], axis=1), color=colour, linewidth=1.5)
        fill = theme.background if hollow else colour
        look = {"color": colour, "markerfacecolor": fill, "markersize": 6, "clip_on": False}
        axes.plot(x, rest.mean(1), marker, label=name, **look)
    axes.set(xlim=(-0.6, count - 0.4), ylim=(0, 1), xlabel=texts["kernel"], ylabel=texts["to_the_rest"])
    every = 1 + count // MOST_LABELS
    axes.set(xticks=range(0, count, every), xticklabels=range(1, count + 1, every), yticks=(0, 0.5, 1))
    legend(axes, theme, handlelength=1)


def _chosen(values: np.ndarray, kernel: int | None) -> np.ndarray:
    return values.mean(0) if kernel is None else values[kernel]


def _describe(batches: Mapping[str, Compared], kernel: int | None, texts: Mapping[str, str]) -> str:
    by = texts["all_kernels"] if kernel is None else texts["one_kernel"].format(kernel=kernel + 1)
    told = [
        texts["batch_told"].format(
            batch=name,
            modes=len(np.unique(batch.modes)),
            s="" if len(np.unique(batch.modes)) == 1 else "s",
            rest=_chosen(batch.to_the_rest, kernel).mean(),
        )
        for name, batch in batches.items()
    ]
    examples = len(next(iter(batches.values())).modes)
    return f"{texts['closeness_map'].format(examples=examples, by=by)}. {'; '.join(told)}"
