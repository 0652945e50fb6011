"""The paths of a planar game on paper: the plane, the distance from the equilibrium, the eigenvalues of one step."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes

from gan_edu.figures import canvas
from gan_edu.figures.palette import Theme
from gan_edu.figures.picture import FONT, Picture, legend, look, style
from gan_edu.figures.scene_figure import LINE, ROW, ScenePainter, legend_entries, path_look
from gan_edu.scenes import Path, Scene

DECADES = 4
"""The distance is shown from 10^-4 to 10^4 times the one at the start, as on the canvas."""
LEFT, GAP, RIGHT, BELOW = 48, 66, 14, 34
ZOOMS = (0.02, 0.05, 0.1, 0.2, 0.4, 0.8, 1.4)


def orbit_figure(
    scene: Scene,
    *,
    width: float = 900,
    theme: str = "light",
    texts: Mapping[str, str] = canvas.TEXTS,
) -> Picture:
    """Paths in the plane, their distance against the step beside theory's lines, and the eigenvalues of one step.

    Args:
        scene: with paths, as `gan_edu.views.plane_scene` makes it.
        width: in pixels.
        theme: "light" or "dark".
        texts: words.

    Returns:
        A figure whose alternative text says what each path does.

    Raises:
        ValueError: if the scene has no paths, or the width or the theme is unknown.

    Example:
        >>> path = Path([[1, 0], [1, 0.2]], "simultaneous", words="×1.0198 spirals out")
        >>> orbit_figure(Scene(extent=(-2, 2, -2, 2), paths=(path,))).alt
        'simultaneous: ×1.0198 spirals out'
    """
    paths = [path for path in scene.paths if len(path.points)]
    if not paths:
        raise ValueError("orbit_figure needs a scene with at least one path that has points; got none")
    side = (width - LEFT - GAP - RIGHT) / 2
    entries = legend_entries([scene], ("flow", "paths"), look(theme), texts)
    rows = -(-len(entries) // 2)
    above, below = (LINE + 8 if scene.caption else 12), BELOW + ROW * rows + 8
    height = above + side + below
    seen = "; ".join(f"{path.label}: {path.words}" for path in paths)
    figure = Picture(width, height, theme=theme, alt=f"{scene.caption}. {seen}" if scene.caption else seen)

    def axes(left: float, bottom: float, wide: float, tall: float) -> Axes:
        return figure.add_axes((left / width, bottom / height, wide / width, tall / height))

    ScenePainter(axes(LEFT, below, side, side), figure.theme, ("flow", "paths"), texts).paint(scene)
    half = (side - LINE - BELOW - 8) / 2
    right = LEFT + side + GAP
    distance_against_step(
        axes(right, below + half + BELOW + LINE + 8, side, half - 6), paths, figure.theme, texts
    )
    eigenvalues_on_circle(axes(right, below, side, half), paths, figure.theme, texts)
    words = {"color": figure.theme.ink, "fontsize": FONT, "va": "top", "parse_math": False}
    figure.text(LEFT / width, 1 - 6 / height, scene.caption, **words)
    legend(figure, figure.theme, bbox_to_anchor=(0.01, 0), ncols=2, handles=entries)
    return figure


def distance_against_step(axes: Axes, paths: list[Path], theme: Theme, texts: Mapping[str, str]) -> None:
    """How far each path is from 0, relative to its start, on a logarithmic axis; thin lines are theory's."""
    style(axes, theme, grid="both")
    axes.set(yscale="log", ylim=(10.0**-DECADES, 10.0**DECADES))
    axes.set_title(texts["distance"], loc="left", fontsize=FONT, color=theme.ink)
    last = max(len(path.points) for path in paths) - 1
    axes.set_xlim(0, last)
    axes.set_yticks([10.0**power for power in range(-DECADES, DECADES + 1, 2)])
    axes.minorticks_off()
    for path in paths:
        drawn = path_look(path.style, theme)
        distance = np.hypot(*path.points.astype(float).T)
        distance = np.clip(distance / (distance[0] or 1), 1e-30, 1e30)
        axes.plot(distance, **{**drawn, "linewidth": 2, "markevery": (last // 12, max(1, last // 6))})
        if path.factor is not None:
            steps = np.arange(last + 1)
            with np.errstate(over="ignore", under="ignore"):
                axes.plot(steps, float(path.factor) ** steps, color=drawn["color"], linewidth=0.8)


def eigenvalues_on_circle(axes: Axes, paths: list[Path], theme: Theme, texts: Mapping[str, str]) -> None:
    """The eigenvalues of one step near 1, and the unit circle: what lies inside of it comes in."""
    style(axes, theme, grid="both")
    axes.set_title(texts["eigenvalues"], loc="left", fontsize=FONT, color=theme.ink)
    largest = [max(path.eigenvalues, key=abs) for path in paths if path.eigenvalues]
    reach = next((zoom for zoom in ZOOMS if all(abs(value - 1) < 1.3 * zoom for value in largest)), ZOOMS[-1])
    box = axes.get_window_extent()
    wide = reach * box.width / box.height
    axes.set(xlim=(1 - 1.4 * wide, 1 + 0.6 * wide), ylim=(-0.15 * reach, 1.85 * reach), aspect="equal")
    angle = np.linspace(-np.pi, np.pi, 2001)
    axes.fill(np.cos(angle), np.sin(angle), color=theme.panel, zorder=1)
    axes.plot(np.cos(angle), np.sin(angle), color=theme.ink, linewidth=1.4, zorder=2)
    for path in paths:
        values = [value for value in path.eigenvalues if value.imag > -1e-9]
        drawn = {**path_look(path.style, theme), "linestyle": "none", "markeredgecolor": theme.background}
        axes.plot([value.real for value in values], [value.imag for value in values], **drawn, zorder=3)
