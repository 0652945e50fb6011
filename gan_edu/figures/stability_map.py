"""One GAN per pixel: a metric over the learning rates of both players."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.patches import Rectangle

from gan_edu.figures.heat_map import cell_edges, colour_bar, colour_scale, ink_on
from gan_edu.figures.picture import FONT, Picture, legend, style
from gan_edu.figures.texts import TEXTS

CELL = (66, 46)  # pixels
MARGIN = {"left": 104, "right": 128, "top": 34, "bottom": 74}
HATCH = "xxx"


def stability_map(
    values: Any,
    generator_rates: Any,
    discriminator_rates: Any,
    *,
    label: str,
    alive: Any = None,
    limits: tuple[float, float] | None = None,
    decimals: int = 0,
    better: str = "high",
    theme: str = "light",
    texts: Mapping[str, str] = TEXTS,
) -> Picture:
    """A metric for every pair of learning rates, its number in every cell; runs that diverged are hatched.

    Args:
        values: (rates of the discriminator, rates of the generator); row 0 has the smallest rate. A value that
            is not finite leaves an empty cell.
        generator_rates: (columns,) growing and positive, best with equal ratios.
        discriminator_rates: (rows,) likewise.
        label: what is measured, with its unit.
        alive: the same shape as values, False where the run has diverged.
        limits: values at the ends of the colours; the smallest and largest without them.
        decimals: digits after the point.
        better: "high" or "low", for the alternative text.
        theme: "light" or "dark".
        texts: words.

    Returns:
        A figure with the generator's rate to the right and the discriminator's upwards, both logarithmic.

    Raises:
        ValueError: if shapes don't fit, rates don't grow from above 0, or an option is unknown.

    Example:
        >>> figure = stability_map([[1, 2], [8, 7]], [1e-4, 1e-3], [1e-4, 1e-3], label="modes covered")
        >>> figure.alt.split("; ")[1]
        'best: 8 at generator 1e-4, discriminator 1e-3'
    """
    values = np.asarray(values, dtype=np.float64)
    rates = [
        _rates(n, r)
        for n, r in (("generator_rates", generator_rates), ("discriminator_rates", discriminator_rates))
    ]
    columns, rows = len(rates[0]), len(rates[1])
    living = np.ones((rows, columns), bool) if alive is None else np.asarray(alive, dtype=bool)
    if values.shape != (rows, columns) or living.shape != (rows, columns):
        came = f"{values.shape} and {living.shape}"
        raise ValueError(
            f"values and alive must have shape (discriminator, generator) = {rows, columns}; got {came}"
        )
    if better not in ("high", "low"):
        raise ValueError(f"better must be high or low; got {better!r}")
    shown = np.where(living & np.isfinite(values), values, np.nan)
    low, high = limits or _spread(shown)
    if not (np.isfinite([low, high]).all() and low < high):
        raise ValueError(f"limits must be finite and low < high; got {limits}")

    width = MARGIN["left"] + CELL[0] * columns + MARGIN["right"]
    height = MARGIN["top"] + CELL[1] * rows + MARGIN["bottom"]
    alt = _describe(shown, living, rates, label, decimals, better, texts)
    figure = Picture(width, height, theme=theme, alt=alt)
    colours, scale = figure.theme, colour_scale(figure.theme)
    inner = (CELL[0] * columns / width, CELL[1] * rows / height)
    axes = figure.add_axes((MARGIN["left"] / width, MARGIN["bottom"] / height, *inner))
    style(axes, colours)
    x, y = (np.log10(rate).tolist() for rate in rates)
    x_edges, y_edges = cell_edges(x), cell_edges(y)
    axes.pcolormesh(x_edges, y_edges, np.ma.masked_invalid(shown), cmap=scale, vmin=low, vmax=high)
    for row, column in np.ndindex(rows, columns):
        left, bottom = x_edges[column], y_edges[row]
        across, up = x_edges[column + 1] - left, y_edges[row + 1] - bottom
        if not living[row, column]:
            cross = {"fill": False, "hatch": HATCH, "edgecolor": colours.muted, "linewidth": 0}
            axes.add_patch(Rectangle((left, bottom), across, up, **cross))
        elif np.isfinite(shown[row, column]):
            ink = ink_on(scale(float((shown[row, column] - low) / (high - low))))
            middle = {"ha": "center", "va": "center", "fontsize": FONT, "color": ink}
            axes.text(x[column], y[row], f"{shown[row, column]:.{decimals}f}", **middle)
    axes.set_xticks(x, [_rate(rate) for rate in rates[0]])
    axes.set_yticks(y, [_rate(rate) for rate in rates[1]])
    axes.set(xlabel=texts["generator_rate"], ylabel=texts["discriminator_rate"])
    if not living.all():
        key = Rectangle(
            (0, 0), 1, 1, fill=False, hatch=HATCH, edgecolor=colours.muted, label=texts["diverged"]
        )
        legend(axes, colours, handles=[key])
    colour_bar(
        figure, (1 - 96 / width, MARGIN["bottom"] / height, 22 / width, inner[1]), colours, (low, high), label
    )
    return figure


def _rates(name: str, rates: Any) -> np.ndarray:
    array = np.asarray(rates, dtype=np.float64)
    if array.ndim != 1 or not array.size or not np.isfinite(array).all():
        raise ValueError(f"{name} must hold finite learning rates in one dimension; got {rates!r}")
    if array[0] <= 0 or not bool((np.diff(array) > 0).all()):
        raise ValueError(f"{name} must grow from above 0; got {rates!r}")
    return array


def _spread(values: np.ndarray) -> tuple[float, float]:
    known = values[np.isfinite(values)]
    if not known.size:
        return 0.0, 1.0
    low, high = float(known.min()), float(known.max())
    return (low, high) if low < high else (low - 0.5, high + 0.5)


def _rate(rate: float) -> str:
    """A short way to write a learning rate.

    >>> _rate(1e-4), _rate(3.16e-4), _rate(0.02)
    ('1e-4', '3.2e-4', '2e-2')
    """
    power = math.floor(math.log10(rate) + 1e-9)
    front = f"{rate / 10.0**power:.1f}".removesuffix(".0")
    return f"{front}e{power}"


def _describe(
    shown: np.ndarray,
    living: np.ndarray,
    rates: list[np.ndarray],
    label: str,
    decimals: int,
    better: str,
    texts: Mapping[str, str],
) -> str:
    parts = [texts["map"].format(label=label, rows=len(rates[1]), columns=len(rates[0]))]
    if np.isfinite(shown).any():
        place = np.nanargmax(shown) if better == "high" else np.nanargmin(shown)
        row, column = np.unravel_index(place, shown.shape)
        value = f"{shown[row, column]:.{decimals}f}"
        pair = {"generator": _rate(rates[0][column]), "discriminator": _rate(rates[1][row])}
        parts.append(texts["best"].format(value=value, **pair))
    if not living.all():
        parts.append(texts["n_diverged"].format(count=int((~living).sum())))
    return "; ".join(parts)
