"""Where a generator's samples go, step by step: rotation and dropped modes at one glance."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.ticker import StrMethodFormatter

from gan_edu.figures.heat_map import cell_edges, colour_bar, colour_scale
from gan_edu.figures.picture import Picture, style
from gan_edu.figures.texts import TEXTS

MOST_LABELS = 12
"""Modes that have their number beside them; of more, every second, third, ..."""


def mode_map(
    shares: Any,
    steps: Any,
    *,
    width: float = 900,
    theme: str = "light",
    texts: Mapping[str, str] = TEXTS,
) -> Picture:
    """The share of every mode over a run, as an image with a fixed scale from 0 to 1.

    A rotating generator leaves a staircase, a frozen one stripes, a good one an even shade.

    Args:
        shares: (T, M) share of the samples that each mode is nearest to, as from `mode_shares`.
        steps: (T,) growing.
        width: in pixels.
        theme: "light" or "dark".
        texts: words.

    Returns:
        A figure: steps to the right, modes numbered from 1 upwards. Shares that are not finite stay empty.

    Raises:
        ValueError: if shapes don't fit, there is no mode, a share is outside [0, 1], or steps don't grow.

    Example:
        >>> mode_map([[1.0, 0.0], [0.0, 1.0], [0.9, 0.1]], steps=[0, 10, 20]).alt
        'share of the samples near each of 2 modes, steps 0 to 20; the largest mode changes 2 times'
    """
    shares, steps = np.asarray(shares, dtype=np.float64), np.asarray(steps, dtype=np.float64)
    if shares.ndim != 2 or steps.shape != shares.shape[:1] or shares.shape[1] == 0:
        came = f"{shares.shape} and {steps.shape}"
        raise ValueError(
            f"shares and steps must have shapes (T, M) and (T,) with a mode at least; got {came}"
        )
    if bool(((shares < 0) | (shares > 1)).any()) or not bool((np.diff(steps) > 0).all()):
        came = f"shares from {np.nanmin(shares)} to {np.nanmax(shares)}, steps {steps}"
        raise ValueError(f"shares must lie in [0, 1] and steps must grow; got {came}")
    modes = shares.shape[1]
    tall = float(np.clip(28 * modes, 120, 420))
    height = 16 + tall + 56
    figure = Picture(width, height, theme=theme, alt=_describe(shares, steps, texts))
    bottom, inner = 56 / height, tall / height
    axes = figure.add_axes((72 / width, bottom, 1 - 200 / width, inner))
    style(axes, figure.theme)
    every = 1 + (modes - 1) // MOST_LABELS
    axes.set(
        xlabel=texts["step"], ylabel=texts["mode"], ylim=(0.5, modes + 0.5), yticks=range(1, modes + 1, every)
    )
    if len(steps):
        # a recording may have thinned its timeline: every column reaches halfway to its neighbours
        edges = cell_edges(steps.tolist())
        look: dict[str, Any] = {"cmap": colour_scale(figure.theme), "vmin": 0, "vmax": 1, "rasterized": True}
        axes.pcolormesh(edges, np.arange(modes + 1) + 0.5, np.ma.masked_invalid(shares.T), **look)
    # lines between the modes, so that a stripe can be followed to its number
    axes.hlines(np.arange(1, modes) + 0.5, *axes.get_xlim(), color=figure.theme.grid, linewidth=0.6)
    axes.margins(x=0)
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    colour_bar(figure, (1 - 104 / width, bottom, 22 / width, inner), figure.theme, (0, 1), texts["share"])
    return figure


def _describe(shares: np.ndarray, steps: np.ndarray, texts: Mapping[str, str]) -> str:
    if not len(steps):
        return texts["no_steps"]
    known = shares[np.isfinite(shares).all(axis=1)]
    changes = int((np.diff(known.argmax(axis=1)) != 0).sum())
    span = texts["share_map"].format(
        modes=shares.shape[1], first=f"{steps[0]:,.0f}", last=f"{steps[-1]:,.0f}"
    )
    return f"{span}; {texts['changes'].format(changes=changes)}"
