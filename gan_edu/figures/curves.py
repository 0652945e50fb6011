"""Curves over a common axis, side by side: what theory says beside what was measured, in one run or in many."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.ticker import MaxNLocator, StrMethodFormatter

from gan_edu.figures.picture import Picture, legend, style
from gan_edu.figures.texts import TEXTS

DASHES = ("solid", "dashed", "dashdot", "dotted", (0, (8, 2)), (0, (3, 1, 1, 1, 1, 1)))
COLOURS = ("a", "fake", "b", "contour", "real", "muted")
"""Of the lines that are given no colour, in order."""
LEFT, RIGHT, TOP, BOTTOM, GAP = 76, 24, 34, 56, 40  # pixels
TICK = 75  # pixels of the horizontal axis for each of its numbers
TITLE = 26
REFERENCE = 84  # pixels beside the last panel, where the references have their names
CLOSE = 0.06  # of the axis: references nearer to each other than this move apart


def curves(
    x: Any,
    panels: Mapping[str, Mapping[str, Any]],
    *,
    x_label: str,
    y_label: str,
    colours: Mapping[str, str] | None = None,
    references: Mapping[str, float] | None = None,
    limits: tuple[float, float] | None = None,
    log: bool = False,
    width: float = 900,
    height: float = 360,
    theme: str = "light",
    texts: Mapping[str, str] = TEXTS,
) -> Picture:
    """Lines over one axis, in panels that share both axes.

    Lines differ in their dashes as well as in colour. Many runs are their mean, with a band from the least to the
    greatest. Values that are not finite leave a gap.

    Args:
        x: (K,) growing.
        panels: lines by title of the panel, then by name: (K,) each, or (R, K) for R runs. A single panel needs no
            title.
        x_label: under the panels.
        y_label: beside the first panel.
        colours: names of the theme's colours by name of the line, such as {"data": "real"}.
        references: heights by name of what theory gives, drawn as dotted lines across all panels.
        limits: ends of the vertical axis; with room around everything without them.
        log: whether the vertical axis is logarithmic.
        width: in pixels.
        height: in pixels.
        theme: "light" or "dark".
        texts: words of the alternative text.

    Returns:
        The figure, with one legend for all panels.

    Raises:
        ValueError: if there is no panel or line, there are more than 6 different lines, or shapes don't fit.

    Example:
        >>> lines = {"loss": [[2.0, 1.5, 1.4], [1.8, 1.5, 1.3]]}
        >>> curves([0, 10, 20], {"": lines}, x_label="step", y_label="loss", references={"2 log 2": 1.386}).alt
        'loss over step, 0 to 20. loss (mean of 2 runs): 1.9 to 1.35, at most 1.9 at 0. 2 log 2: 1.39'
    """
    x = np.asarray(x, dtype=np.float64)
    names = list(dict.fromkeys(name for lines in panels.values() for name in lines))
    if x.ndim != 1 or not len(x) or not bool((np.diff(x) > 0).all()):
        raise ValueError(f"x must grow in one dimension; got shape {x.shape}")
    if not panels or not 1 <= len(names) <= len(DASHES):
        raise ValueError(
            f"panels must hold 1 to {len(DASHES)} different lines; got {', '.join(names) or 'none'}"
        )
    checked = {
        title: {name: _checked(name, values, len(x)) for name, values in lines.items()}
        for title, lines in panels.items()
    }
    references = references or {}
    alt = _describe(x, checked, x_label, y_label, references, texts)
    figure = Picture(width, height, theme=theme, alt=alt)
    chosen, free = dict(colours or {}), iter(COLOURS)
    for name in names:
        chosen.setdefault(name, next(free))
    inks = {name: getattr(figure.theme, colour) for name, colour in chosen.items()}
    low, high = limits or _limits(checked, references, log)

    right = REFERENCE if references else RIGHT
    top = TOP + (TITLE if any(panels) else 0)
    across = (width - LEFT - right - (len(panels) - 1) * GAP) / len(panels)
    tall = height - top - BOTTOM
    for number, (title, lines) in enumerate(checked.items()):
        left = LEFT + number * (across + GAP)
        axes = figure.add_axes((left / width, BOTTOM / height, across / width, tall / height))
        style(axes, figure.theme, grid="y")
        axes.set(xlim=(x[0], x[-1]), ylim=(low, high), xlabel=x_label, yscale="log" if log else "linear")
        axes.set_title(title, loc="left")
        axes.xaxis.set_major_locator(MaxNLocator(max(3, int(across // TICK)), steps=[1, 2, 5, 10]))
        axes.xaxis.set_major_formatter(StrMethodFormatter("{x:,.6g}"))
        if number:
            axes.tick_params(labelleft=False)
        else:
            axes.set_ylabel(y_label)
        for value in references.values():
            axes.axhline(value, color=figure.theme.ink, linewidth=1.2, linestyle=(0, (1, 2)), zorder=1.5)
        for name, values in lines.items():
            mean = values.mean(0)
            if len(values) > 1:
                axes.fill_between(x, values.min(0), values.max(0), color=inks[name], alpha=0.18, linewidth=0)
            dash = DASHES[names.index(name)]
            axes.plot(x, mean, color=inks[name], linestyle=dash, linewidth=2.2, label=name)
    _name(figure, references, (low, high), log)
    entries = {
        str(line.get_label()): line
        for axes in figure.axes
        for line in axes.lines
        if line.get_label() in names
    }
    legend(
        figure, figure.theme, handles=[entries[name] for name in names], loc="upper left",
        bbox_to_anchor=((LEFT - 8) / width, 1), ncols=len(names), handlelength=2.6,
    )  # fmt: skip
    return figure


def _name(figure: Picture, references: Mapping[str, float], limits: tuple[float, float], log: bool) -> None:
    """Write the names of the references beside the last panel, those that are close a little apart."""
    axes = figure.axes[-1]
    scale = np.log if log else np.asarray
    low, high = (float(scale(limit)) for limit in limits)
    heights = {name: (float(scale(value)) - low) / (high - low) for name, value in references.items()}
    last = -math.inf
    for name, at in sorted(heights.items(), key=lambda item: item[1]):
        last = max(at, last + CLOSE)
        axes.annotate(
            name, (1, last), (6, 0), xycoords="axes fraction", textcoords="offset points", va="center",
            color=figure.theme.ink, fontsize=axes.xaxis.label.get_fontsize(), annotation_clip=False,
        )  # fmt: skip


def _checked(name: str, values: Any, count: int) -> np.ndarray:
    """(R, K), with gaps where a value is not finite."""
    array = np.asarray(values, dtype=np.float64)
    if array.ndim not in (1, 2) or array.shape[-1] != count or not array.size:
        raise ValueError(f"{name} must have shape ({count},) or (runs, {count}); got {array.shape}")
    return np.where(np.isfinite(array), array, np.nan).reshape(-1, count)


def _limits(
    panels: Mapping[str, Mapping[str, np.ndarray]], references: Mapping[str, float], log: bool
) -> tuple[float, float]:
    arrays = [values.ravel() for lines in panels.values() for values in lines.values()]
    known = np.concatenate([*arrays, np.array(list(references.values()), dtype=np.float64)])
    known = known[np.isfinite(known) & ((known > 0) | (not log))]
    if not known.size:
        return (0.1, 1.0) if log else (0.0, 1.0)
    low, high = float(known.min()), float(known.max())
    if log:
        room = (high / low) ** 0.05 if high > low else 2.0
        return low / room, high * room
    room = 0.05 * (high - low) or 0.5
    return low - room, high + room


def _describe(
    x: np.ndarray,
    panels: Mapping[str, Mapping[str, np.ndarray]],
    x_label: str,
    y_label: str,
    references: Mapping[str, float],
    texts: Mapping[str, str],
) -> str:
    parts = [texts["curves"].format(y=y_label, x=x_label, first=f"{x[0]:g}", last=f"{x[-1]:g}")]
    for title, lines in panels.items():
        told = []
        for name, values in lines.items():
            mean = values.mean(0)
            known = mean[np.isfinite(mean)]
            many = f" ({texts['mean_of'].format(runs=len(values))})" if len(values) > 1 else ""
            words = texts["no_value"]
            if known.size:
                place = int(np.nanargmax(mean))
                words = texts["course"].format(
                    first=f"{known[0]:.3g}",
                    last=f"{known[-1]:.3g}",
                    highest=f"{mean[place]:.3g}",
                    place=f"{round(float(x[place]), 6) + 0.0:,.4g}",
                )
            told.append(f"{name}{many}: {words}")
        parts.append((f"{title} – " if title else "") + "; ".join(told))
    if references:
        parts.append("; ".join(f"{name}: {value:.3g}" for name, value in references.items()))
    return ". ".join(parts)
