"""A scene on paper: the look of the canvas, drawn by matplotlib."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from contourpy import contour_generator
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.patheffects import withStroke

from gan_edu.figures import canvas
from gan_edu.figures.palette import MARKERS, MATPLOTLIB_MARKERS, Theme
from gan_edu.figures.picture import DPI, FONT, Picture, legend, look, style
from gan_edu.scenes import LAYERS, Curve, Path, Scene

PATH_DASHES = ("-", (0, (5, 2)), (0, (1, 1.5)), (0, (6, 1.5, 1, 1.5)))
CURVE_DASHES = {"real": "-", "fake": "-", "discriminator": "-", "optimum": (0, (4, 3))}
CURVE_HEIGHT = 0.85
DIMMED = 0.22
TRAIL_SHADES = 8
HALF_DASH = (0, (4, 2.5))
MARGIN = {"left": 48, "right": 14, "top": 12, "bottom": 36}
LINE = 19  # pixels of a line of text
ROW = 22  # pixels of a line of the legend
LETTER = 8  # pixels of a letter, on average, with room to spare
ENTRY = 150  # pixels of an entry of the legend


def scene_figure(
    scene: Scene,
    *,
    layers: Iterable[str] = LAYERS,
    size: float = 480,
    theme: str = "light",
    texts: Mapping[str, str] = canvas.TEXTS,
) -> Picture:
    """One scene with its legend and caption.

    Args:
        scene: what is seen.
        layers: names of the layers to draw.
        size: width in pixels.
        theme: "light" or "dark".
        texts: words of the legend.

    Returns:
        A figure whose heading and alternative text are the title and the caption, or the step without one.

    Raises:
        ValueError: if a layer, the size or the theme is unknown.

    Example:
        >>> scene = Scene(extent=(-1, 1, -1, 1), samples=[[0.0, 0.5]], step=7, caption="one point")
        >>> scene_figure(scene).alt
        'one point'
    """
    figure = SceneFigure([scene], layers=layers, size=size, theme=theme, texts=texts)
    figure.paint(scene)
    return figure


class SceneFigure(Picture):
    """A figure with room for every scene of a run: `paint` shows one of them, nothing else moves.

    Args:
        scenes: what will be shown, for the legend and the lines of the caption.
        layers, size, theme, texts: as for `scene_figure`.

    Raises:
        ValueError: if there is no scene, or a layer, the size or the theme is unknown.

    Example:
        >>> scenes = [Scene(extent=(-1, 1, -1, 1), samples=[[0.0, k / 3]], step=k) for k in range(3)]
        >>> figure = SceneFigure(scenes)
        >>> figure.paint(scenes[2])
        >>> figure.alt
        'step 2'
    """

    def __init__(
        self,
        scenes: Sequence[Scene],
        *,
        layers: Iterable[str] = LAYERS,
        size: float = 480,
        theme: str = "light",
        texts: Mapping[str, str] = canvas.TEXTS,
    ) -> None:
        if not scenes:
            raise ValueError("scenes must hold at least one scene; got none")
        room = max(40.0, size - MARGIN["left"] - MARGIN["right"])
        self._texts = texts
        self._letters = max(10, int(room / LETTER))
        lines = max(len(self._wrap(scene)) for scene in scenes)
        tall = room * max(height_of(scene, layers) for scene in scenes)
        entries = legend_entries(scenes, tuple(layers), look(theme), texts)
        columns = max(1, int(size // ENTRY))
        below = MARGIN["bottom"] + ROW * -(-len(entries) // columns)
        above = LINE * lines + MARGIN["top"]
        height = above + tall + below
        super().__init__(size, height, theme=theme)
        axes = self.add_axes((MARGIN["left"] / size, below / height, room / size, tall / height))
        self._painter = ScenePainter(axes, self.theme, layers, texts)
        words = {
            "x": MARGIN["left"] / size,
            "y": 1 - 8 / height,
            "va": "top",
            "fontsize": FONT,
            "linespacing": 1.3,
        }
        self._head = self.text(s="", color=self.theme.ink, parse_math=False, **words)
        if entries:
            place = {"loc": "lower left", "bbox_to_anchor": (0.01, 0), "ncols": columns, "handles": entries}
            legend(self, self.theme, **place)

    def paint(self, scene: Scene) -> None:
        """Show a scene in place of the one before."""
        self._head.set_text("\n".join(self._wrap(scene)))
        self.alt = headline(scene, self._texts)
        self._painter.paint(scene)

    def _wrap(self, scene: Scene) -> list[str]:
        return textwrap.wrap(headline(scene, self._texts), self._letters)


class ScenePainter:
    """Draws one scene after another on the same axes; what is there already is moved, not made again.

    Args:
        axes: where to draw.
        theme: the colours.
        layers: names of the layers to draw.
        texts: words.

    Raises:
        ValueError: if a layer is unknown.

    Example:
        >>> picture = Picture(200, 200)
        >>> painter = ScenePainter(picture.add_subplot(), picture.theme)
        >>> for step in range(3):
        ...     painter.paint(Scene(extent=(-1, 1, -1, 1), samples=[[0.0, step / 3]], step=step))
        >>> len(painter.axes.lines)
        1
    """

    def __init__(
        self,
        axes: Axes,
        theme: Theme,
        layers: Iterable[str] = LAYERS,
        texts: Mapping[str, str] = canvas.TEXTS,
    ) -> None:
        self.axes, self.theme, self.texts = axes, theme, texts
        self.layers = tuple(layers)
        if unknown := set(self.layers) - set(LAYERS):
            raise ValueError(f"layers must be among {', '.join(LAYERS)}; got {sorted(unknown)}")
        self._artists: dict[str, Any] = {}
        self._fleeting: list[Any] = []
        style(axes, theme, grid="both")
        shades = [theme.field_fake, theme.field_half, theme.field_real]
        self._shades = LinearSegmentedColormap.from_list("field", shades)
        self._shades.set_bad(alpha=0)

    def paint(self, scene: Scene) -> None:
        """Show a scene in place of the one before."""
        for artist in self._artists.values():
            artist.set_visible(False)
        for artist in self._fleeting:
            artist.remove()
        self._fleeting = []
        if scene.tiles is not None and "tiles" in self.layers:
            self.axes.set_axis_off()
            self._tiles(scene.tiles)
            return
        self.axes.set_axis_on()
        x_min, x_max, y_min, y_max = scene.extent
        self.axes.set(xlim=(x_min, x_max), ylim=(y_min, y_max), aspect="auto" if scene.curves else "equal")
        draw = {
            "field": self._field,
            "manifold": self._manifold,
            "data": self._data,
            "trails": self._trails,
            "samples": self._samples,
            "arrows": self._quiver,
            "curves": self._curves,
            "flow": self._flow,
            "paths": self._paths,
        }
        for name, paint in draw.items():
            if name in self.layers and _has(scene, name):
                paint(
                    getattr(scene, name),
                    scene,
                    DIMMED if scene.highlight and name not in scene.highlight else 1.0,
                )
        self._notes(scene)

    def _kept(self, name: str, make: Any) -> Any:
        if name not in self._artists:
            self._artists[name] = make()
        artist = self._artists[name]
        artist.set_visible(True)
        return artist

    def _field(self, field: np.ndarray, scene: Scene, strength: float) -> None:
        values = np.ma.masked_invalid(field)
        rows, columns = values.shape
        x_min, x_max, y_min, y_max = scene.extent
        # nodes lie on the edges of the extent, so that the outer half pixels lie outside of it
        dx, dy = ((x_max - x_min) / max(1, columns - 1)) / 2, ((y_max - y_min) / max(1, rows - 1)) / 2
        image = self._kept(
            "field",
            lambda: self.axes.imshow(
                values,
                cmap=self._shades,
                vmin=0,
                vmax=1,
                origin="lower",
                interpolation="bilinear",
                aspect="auto",
                zorder=1,
            ),
        )
        image.set_data(values)
        image.set(extent=(x_min - dx, x_max + dx, y_min - dy, y_max + dy), alpha=strength)
        self.axes.set(xlim=(x_min, x_max), ylim=(y_min, y_max), aspect="equal")
        lines = []
        if rows > 1 and columns > 1:
            x, y = np.linspace(x_min, x_max, columns), np.linspace(y_min, y_max, rows)
            lines = contour_generator(x, y, values).lines(0.5)
        half = self._lines("half", zorder=2, color=self.theme.contour, linewidth=1.4, linestyle=HALF_DASH)
        half.set(segments=lines, alpha=strength)

    def _lines(self, name: str, **look: Any) -> Any:
        return self._kept(name, lambda: self.axes.add_collection(LineCollection([], **look), autolim=False))

    def _manifold(self, manifold: np.ndarray, scene: Scene, strength: float) -> None:
        lines = self._lines("manifold", zorder=3, color=self.theme.fake, linewidth=0.8)
        lines.set(segments=list(manifold), alpha=0.7 * strength)

    def _trails(self, trails: np.ndarray, scene: Scene, strength: float) -> None:
        count = trails.shape[1]
        shades = max(1, min(TRAIL_SHADES, count - 1))
        marks = [round(k * (count - 1) / shades) for k in range(shades + 1)]
        for shade in range(shades):
            part = list(trails[:, marks[shade] : marks[shade + 1] + 1])
            lines = self._lines(f"trails {shade}", zorder=5, color=self.theme.fake, linewidth=1.2)
            lines.set(segments=part, alpha=strength * (0.08 + 0.6 * (shade + 1) / shades))

    def _points(self, name: str, points: np.ndarray, strength: float, **look: Any) -> None:
        line = self._kept(name, lambda: self.axes.plot([], [], linestyle="none", **look)[0])
        line.set_data(points[:, 0], points[:, 1])
        line.set(alpha=strength, markersize=self._marker_size(len(points)))

    def _marker_size(self, count: int) -> float:
        """In points: the canvas' radius in pixels, smaller where the axes are."""
        radius = 4.2 if count <= 300 else 3.3 if count <= 1500 else 2.4
        width = self.axes.get_window_extent().width
        return 2 * radius * 72 / DPI * min(1.0, max(0.45, width / 420))

    def _data(self, data: np.ndarray, scene: Scene, strength: float) -> None:
        look = {"marker": "s", "markerfacecolor": "none", "markeredgewidth": 1.1, "color": self.theme.real}
        self._points("data", data, strength, zorder=4, **look)

    def _samples(self, samples: np.ndarray, scene: Scene, strength: float) -> None:
        edge = {"markeredgecolor": self.theme.background, "markeredgewidth": 0.5}
        if scene.classes is None:
            self._points("samples", samples, strength, zorder=6, marker="o", color=self.theme.fake, **edge)
            return
        classes = scene.classes % len(MARKERS)
        for k in np.unique(classes).tolist():
            colour = self.theme.generators[k]
            self._points(
                f"samples {k}",
                samples[classes == k],
                strength,
                zorder=6,
                marker=_marker(k),
                color=colour,
                **edge,
            )

    def _quiver(self, arrows: np.ndarray, scene: Scene, strength: float) -> None:
        halo = {"edgecolor": self.theme.background, "linewidth": 0.6}
        self._arrows(arrows, **halo, width=1.8, color=self.theme.arrow, alpha=strength, zorder=7)

    def _flow(self, flow: np.ndarray, scene: Scene, strength: float) -> None:
        self._arrows(flow, width=1.2, color=self.theme.muted, alpha=0.55 * strength, zorder=2)

    def _arrows(self, arrows: np.ndarray, *, width: float, **look: Any) -> None:
        tails, heads = arrows[:, :2], arrows[:, 2:]
        form = {"headwidth": 4.5, "headlength": 5.5, "headaxislength": 5, "minlength": 0.5}
        # in inches, not dots: a picture that is saved at twice the resolution has arrows as heavy
        form |= {"width": width / DPI}
        data_units: dict[str, Any] = {"angles": "xy", "scale_units": "xy", "scale": 1, "units": "inches"}
        self._fleeting.append(self.axes.quiver(*tails.T, *(heads - tails).T, **data_units, **form, **look))

    def _paths(self, paths: tuple[Path, ...], scene: Scene, strength: float) -> None:
        x_min, x_max, y_min, y_max = scene.extent
        through_zero = {"color": self.theme.muted, "linewidth": 0.8, "zorder": 3}
        self._fleeting += [self.axes.axhline(0, **through_zero), self.axes.axvline(0, **through_zero)]
        for path in paths:
            if not len(path.points):
                continue
            look = path_look(path.style, self.theme)
            thin = {"color": look["color"], "linewidth": 0.7, "alpha": strength, "zorder": 4}
            self._fleeting += self.axes.plot(*path.guide.T, **thin)
            # far outside, lines are not worth the trouble that they make
            far = np.abs(path.points).max(1) > 10 * max(abs(edge) for edge in scene.extent)
            points = np.where(far[:, None], np.nan, path.points)
            line = {**look, "marker": None, "alpha": 0.8 * strength, "zorder": 5}
            self._fleeting += self.axes.plot(*points.T, **line)
            end = {**look, "linestyle": "none", "markeredgecolor": self.theme.background, "zorder": 8}
            self._fleeting += self.axes.plot(*points[-1:].T, **end)
        started = next((path.points[0] for path in paths if len(path.points)), None)
        if started is not None:
            ring = {"marker": "o", "markersize": 11, "markerfacecolor": "none", "color": self.theme.ink}
            self._fleeting += self.axes.plot(*started, **ring, zorder=7)
        names = zip(scene.axes, ((1, 0), (0, 1)), (("right", "bottom"), ("left", "top")), strict=True)
        for name, (x, y), (across, up) in names:
            place = {"xy": (x, y), "xycoords": "axes fraction", "textcoords": "offset points"}
            inward = {"xytext": (5 - 10 * x, 4 - 8 * y), "ha": across, "va": up}
            self._fleeting.append(
                self.axes.annotate(name, **place, **inward, color=self.theme.ink, fontsize=FONT)
            )
        self.axes.set(xlim=(x_min, x_max), ylim=(y_min, y_max))

    def _curves(self, curves: tuple[Curve, ...], scene: Scene, strength: float) -> None:
        x_min, x_max, y_min, y_max = scene.extent
        for number, curve in enumerate(curves):
            x, y = curve.points[:, 0], curve.points[:, 1]
            look = _curve_look(curve.role, self.theme)
            line = self._kept(
                f"curve {number} {curve.role}", lambda look=look: self.axes.plot([], [], zorder=6, **look)[0]
            )
            line.set_data(x, y)
            line.set(alpha=strength, markevery=max(1, len(x) // 20))
            if curve.role == "real":
                self._fleeting.append(
                    self.axes.fill_between(
                        x, max(0, y_min), y, color=self.theme.real, alpha=0.14 * strength, linewidth=0
                    )
                )
        self.axes.set(xlim=(x_min, x_max), ylim=(y_min, y_max), yticks=(0, 0.5, 1))  # D's axis

    def _notes(self, scene: Scene) -> None:
        halo = [withStroke(linewidth=4, foreground=self.theme.background)]
        for x, y, words in scene.notes:
            place: dict[str, Any] = {"xytext": (5, 0), "textcoords": "offset points", "va": "center"}
            text = self.axes.annotate(
                words, (x, y), **place, color=self.theme.ink, parse_math=False, zorder=9
            )
            text.set(fontsize=FONT, path_effects=halo, clip_on=True)
            self._fleeting.append(text)

    def _tiles(self, tiles: np.ndarray) -> None:
        sheet = _sheet(tiles)
        image = self._kept(
            "tiles", lambda: self.axes.imshow(sheet, cmap="gray", vmin=0, vmax=1, interpolation="nearest")
        )
        image.set_data(sheet)
        rows, columns = sheet.shape
        image.set_extent((0, columns, rows, 0))
        self.axes.set(xlim=(0, columns), ylim=(rows, 0), aspect="equal")


def _sheet(tiles: np.ndarray) -> np.ndarray:
    """Images beside and below each other with a gap of one pixel, about as wide as high: (h, w)."""
    count, rows, columns = tiles.shape
    across = max(1, math.ceil(math.sqrt(count * rows / columns)))
    down = max(1, math.ceil(count / across))
    sheet = np.full((down, rows + 1, across, columns + 1), np.nan)
    for k, tile in enumerate(tiles):
        sheet[k // across, :rows, k % across, :columns] = tile
    return sheet.reshape(down * (rows + 1), across * (columns + 1))


def headline(scene: Scene, texts: Mapping[str, str]) -> str:
    """What stands above a scene: its title and its caption, or the step without one.

    Args:
        scene: the picture.
        texts: words.

    Example:
        >>> headline(Scene(extent=(-1, 1, -1, 1), step=1200, title="A"), canvas.TEXTS)
        'A · step 1,200'
    """
    words = scene.caption or f"{texts['step']} {scene.step:,}"
    return f"{scene.title} · {words}" if scene.title else words


def height_of(scene: Scene, layers: Iterable[str] = LAYERS) -> float:
    """Height of a scene's axes for a width of one.

    Args:
        scene: the picture.
        layers: those that are drawn.

    Example:
        >>> height_of(Scene(extent=(-2, 2, -1, 1)))
        0.5
    """
    if scene.tiles is not None and "tiles" in layers:
        rows, columns = _sheet(scene.tiles).shape
        return rows / columns
    x_min, x_max, y_min, y_max = scene.extent
    return CURVE_HEIGHT if scene.curves else min(1.25, (y_max - y_min) / (x_max - x_min))


def _marker(generator: int) -> str:
    return MATPLOTLIB_MARKERS[MARKERS[generator]]


def _curve_look(role: str, theme: Theme) -> dict[str, Any]:
    colours = {
        "real": theme.real,
        "fake": theme.fake,
        "discriminator": theme.contour,
        "optimum": theme.optimum,
    }
    marker = {"marker": "o", "markersize": 5} if role == "fake" else {}
    weight = 3.5 if role == "discriminator" else 2
    return {"color": colours[role], "linewidth": weight, "linestyle": CURVE_DASHES[role], **marker}


def path_look(style: int, theme: Theme) -> dict[str, Any]:
    """Colour, marker and dashes of a path, as the canvas has them.

    Args:
        style: the path's number.
        theme: the colours.

    Example:
        >>> path_look(1, look("light"))["color"]
        '#0072B2'
    """
    turn, number = divmod(style, len(theme.generators))
    return {
        "color": theme.generators[number],
        "marker": _marker((number + 3 * turn) % len(MARKERS)),
        "markersize": 8,
        "linewidth": 1.6,
        "linestyle": PATH_DASHES[(style + turn) % len(PATH_DASHES)],
    }


def legend_entries(
    scenes: Sequence[Scene], layers: tuple[str, ...], theme: Theme, texts: Mapping[str, str]
) -> list[Any]:
    """The legend's entries for everything that the scenes show.

    Args:
        scenes: the pictures.
        layers: those that are drawn.
        theme: the colours.
        texts: words.

    Example:
        >>> scene = Scene(extent=(-1, 1, -1, 1), samples=[[0.0, 0.5]])
        >>> [entry.get_label() for entry in legend_entries([scene], ("samples",), look("light"), canvas.TEXTS)]
        ['generated']
    """

    def line(label: str, **look: Any) -> Line2D:
        return Line2D([], [], label=label, **look)

    dot: dict[str, Any] = {"linestyle": "none", "markersize": 6}
    hollow: dict[str, Any] = {"marker": "s", "markerfacecolor": "none", "color": theme.real}
    classes = [scene.classes for scene in scenes if scene.classes is not None]
    generators = sorted({int(k) % len(MARKERS) for numbers in classes for k in np.unique(numbers)})
    roles = dict.fromkeys(curve.role for scene in scenes for curve in scene.curves)
    paths = {path.name: path for scene in scenes for path in scene.paths if len(path.points)}
    many = [
        line(f"{texts['generator']} {k + 1}", **dot, marker=_marker(k), color=theme.generators[k])
        for k in generators
    ]
    readings = [scene.reading for scene in scenes if scene.reading != "probability"]
    said = texts[readings[0]] if readings else "D"
    low, high, half = ("lowest", "highest", "halfway") if readings else ("field_fake", "field_real", "half")
    entries: dict[str, list[Any]] = {
        "data": [line(texts["data"], **dot, **hollow)],
        "samples": many or [line(texts["samples"], **dot, marker="o", color=theme.fake)],
        "field": [
            Patch(facecolor=theme.field_fake, edgecolor=theme.muted, label=f"{said}: {texts[low]}"),
            Patch(facecolor=theme.field_real, edgecolor=theme.muted, label=f"{said}: {texts[high]}"),
            line(texts[half], color=theme.contour, linestyle=HALF_DASH),
        ],
        "arrows": [line(texts["arrows"], **dot, marker=r"$\rightarrow$", color=theme.arrow)],
        "flow": [line(texts["flow"], **dot, marker=r"$\rightarrow$", color=theme.muted)],
        "paths": [
            line(f"{path.label}: {path.words}", **path_look(path.style, theme)) for path in paths.values()
        ],
        "manifold": [line(texts["manifold"], color=theme.fake, linewidth=1)],
        "trails": [line(texts["trails"], color=theme.fake, linewidth=1.5, alpha=0.5)],
        "curves": [line(texts[f"role_{role}"], **_curve_look(role, theme)) for role in roles],
    }
    planes = [scene for scene in scenes if scene.tiles is None or "tiles" not in layers]
    return [
        entry
        for name, group in entries.items()
        if name in layers and any(_has(scene, name) for scene in planes)
        for entry in group
    ]


def _has(scene: Scene, layer: str) -> bool:
    value = getattr(scene, layer)
    return value is not None and len(value) > 0
