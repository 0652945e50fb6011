"""Many runs of the same training at once: what one run shows may be luck."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator

from gan_edu.figures.picture import FONT, Picture, legend, style
from gan_edu.figures.texts import TEXTS

HATCHES = ("", "///", "...", "xx")
LABEL = 20  # pixels above a panel
HEAD = 44


def coverage_histogram(
    groups: Mapping[str, Any],
    total: int,
    *,
    label: str | None = None,
    width: float = 900,
    theme: str = "light",
    texts: Mapping[str, str] = TEXTS,
) -> Picture:
    """How many runs cover how many modes, for up to four kinds of training side by side.

    Args:
        groups: by name, (R,) modes covered by each run, whole numbers from 0 to `total`.
        total: modes of the target.
        label: under the horizontal axis; "modes covered" without one.
        width: in pixels.
        theme: "light" or "dark".
        texts: words.

    Returns:
        A figure with a bar, and its number of runs, for every group and count.

    Raises:
        ValueError: if there is no group or more than four, or a count is not a whole number from 0 to `total`.

    Example:
        >>> coverage_histogram({"slow": [1, 1, 2], "strong": [2, 3, 3]}, total=8).alt
        'modes covered. slow: 3 runs, 1.3 of 8 modes on average; strong: 3 runs, 2.7 of 8 modes on average'
    """
    if int(total) != total or total < 1:
        raise ValueError(f"total must be a whole number from 1; got {total!r}")
    if not 1 <= len(groups) <= len(HATCHES):
        raise ValueError(f"groups must hold 1 to {len(HATCHES)} kinds of training; got {len(groups)}")
    label = label or texts["modes_covered"]
    covered = {name: _counts(name, values, total) for name, values in groups.items()}
    told = [
        texts["histogram"].format(group=name, runs=len(values), total=total, mean=values.mean())
        if len(values)
        else f"{name}: {texts['nothing']}"
        for name, values in covered.items()
    ]
    figure = Picture(width, 380, theme=theme, alt=f"{label}. {'; '.join(told)}")
    colours = figure.theme
    axes = figure.add_axes((72 / width, 0.16, 1 - 92 / width, 0.70))
    style(axes, colours, grid="y")
    fills = (colours.a, colours.b, colours.generators[2], colours.muted)
    bar = 0.84 / len(covered)
    highest = 1
    for number, (name, values) in enumerate(covered.items()):
        runs = np.bincount(values, minlength=total + 1)
        highest = max(highest, int(runs.max()))
        places = np.arange(total + 1) + (number - (len(covered) - 1) / 2) * bar
        # the background as edge draws the hatch, which tells groups apart without colour
        bars = axes.bar(
            places,
            runs,
            bar,
            color=fills[number],
            hatch=HATCHES[number],
            edgecolor=colours.background,
            label=name,
        )
        axes.bar_label(bars, [str(n) if n else "" for n in runs], color=colours.ink, fontsize=FONT, padding=2)
    axes.set(xlabel=label, ylabel=texts["runs"], xticks=range(0, total + 1, 1 + total // 16))
    axes.set(xlim=(-0.6, total + 0.6), ylim=(0, 1.12 * highest))
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    legend(axes, colours)
    return figure


def sample_grid(
    samples: Any,
    extent: tuple[float, float, float, float],
    *,
    data: Any = None,
    modes: Any = None,
    total: int | None = None,
    alive: Any = None,
    width: float = 720,
    theme: str = "light",
    texts: Mapping[str, str] = TEXTS,
) -> Picture:
    """The samples of every run in a panel of its own, 64 seeds at one glance.

    Args:
        samples: (R, N, 2), at least one run.
        extent: (x_min, x_max, y_min, y_max) of every panel; points outside are left out.
        data: (M, 2) real points, drawn in every panel.
        modes: (R,) modes covered by each run, written above its panel.
        total: modes of the target; needed with `modes`.
        alive: (R,) False for a run that has diverged; its panel is crossed out.
        width: in pixels.
        theme: "light" or "dark".
        texts: words.

    Returns:
        The figure; panels are as many across as down.

    Raises:
        ValueError: if a shape or the extent is wrong, or `modes` comes without `total`.

    Example:
        >>> samples = np.random.default_rng(0).normal(size=(4, 50, 2))
        >>> sample_grid(samples, (-3, 3, -3, 3), modes=[1, 2, 2, 1], total=8).alt
        '4 runs of the same training, one per panel: generated points. 1.5 of 8 modes covered on average, 1 to 2'
    """
    samples = _points("samples", samples, ("runs", "points", 2))
    real = _points("data", np.empty((0, 2)) if data is None else data, ("points", 2))
    runs, (x_min, x_max, y_min, y_max) = len(samples), (float(edge) for edge in extent)
    if not (runs and np.isfinite(extent).all() and x_min < x_max and y_min < y_max):
        came = f"{runs} runs in {tuple(extent)}"
        raise ValueError(
            f"sample_grid needs a run and a finite (x_min, x_max, y_min, y_max), min < max; got {came}"
        )
    for name, values in (("modes", modes), ("alive", alive)):
        if values is not None and np.shape(values) != (runs,):
            raise ValueError(
                f"{name} must hold one value for each of {runs} runs; got shape {np.shape(values)}"
            )
    if modes is not None and total is None:
        raise ValueError("modes must come with total, the number of modes of the target; got no total")

    across = math.ceil(math.sqrt(runs))
    down = -(-runs // across)
    side = (width - 16) / across - 6
    tall = side * (y_max - y_min) / (x_max - x_min)
    above = LABEL if modes is not None or alive is not None else 0
    height = HEAD + down * (tall + above + 6) + 8
    alt = texts["grid"].format(runs=runs)
    counts = np.zeros(runs) if modes is None else np.asarray(modes)
    if modes is not None:
        spread = {"mean": counts.mean(), "low": counts.min(), "high": counts.max(), "total": total}
        alt += ". " + texts["grid_modes"].format(**spread)
    figure = Picture(width, height, theme=theme, alt=alt)
    colours = figure.theme
    # one pair of axes in pixels for all panels: 64 pairs would take seconds
    axes = figure.add_axes((0, 0, 1, 1), xlim=(0, width), ylim=(height, 0))
    axes.set_axis_off()
    low, scale = np.array([x_min, y_max]), np.array([side / (x_max - x_min), tall / (y_min - y_max)])
    corners = np.array(
        [[8 + (k % across) * (side + 6), HEAD + (k // across) * (tall + above + 6)] for k in range(runs)]
    )

    def placed(points: np.ndarray) -> np.ndarray:
        """(R, N, 2) or (N, 2) in data coordinates -> (K, 2) pixels, those outside of a panel left out."""
        shifted = (points - low) * scale
        inside = ((shifted >= 0) & (shifted <= (side, tall))).all(-1)  # false for what is not finite
        everywhere = shifted + corners[:, None] + (0, above)
        return everywhere[np.broadcast_to(inside, everywhere.shape[:2])]

    size = float(np.clip(side / 30, 1.5, 5))
    dots: dict[str, Any] = {"linestyle": "none", "markersize": size}
    hollow = {"marker": "s", "markerfacecolor": "none", "markeredgewidth": 0.7, "color": colours.real}
    generated = {"marker": "o", "markeredgewidth": 0, "alpha": 0.6, "color": colours.fake}
    if len(real):
        axes.plot(*placed(real).T, **dots, **hollow, label=texts["real"])
    axes.plot(*placed(samples).T, **dots, **generated, label=texts["generated"])
    living = np.ones(runs, bool) if alive is None else np.asarray(alive, dtype=bool)
    for k, (x, y) in enumerate(corners):
        axes.add_patch(
            Rectangle((x, y + above), side, tall, fill=False, edgecolor=colours.muted, linewidth=1)
        )
        words = [] if modes is None else [f"{int(counts[k])}/{total}"]
        if not living[k]:
            axes.plot([x, x + side], [y + above, y + above + tall], color=colours.ink, linewidth=1.5)
            axes.plot([x, x + side], [y + above + tall, y + above], color=colours.ink, linewidth=1.5)
            words = [texts["diverged"]]
        axes.text(x, y + above - 4, "".join(words), color=colours.ink, fontsize=FONT, va="bottom")
    legend(axes, colours, loc="upper left", bbox_to_anchor=(0, 1), markerscale=6 / size)
    return figure


def _counts(name: str, values: Any, total: int) -> np.ndarray:
    array = np.asarray(values)
    whole = array.ndim == 1 and (
        array.size == 0 or (array.dtype.kind in "fiu" and bool((array == np.rint(array)).all()))
    )
    if not whole or (array.size and not (array.min() >= 0 and array.max() <= total)):
        raise ValueError(f"{name} must hold whole numbers from 0 to {total}, one per run; got {values!r}")
    return array.astype(np.int64)


def _points(name: str, points: Any, shape: tuple[str | int, ...]) -> np.ndarray:
    array = np.asarray(points, dtype=np.float64)
    if array.ndim != len(shape) or array.shape[-1] != 2:
        raise ValueError(f"{name} must have shape ({', '.join(map(str, shape))}); got {array.shape}")
    return array
