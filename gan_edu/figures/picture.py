"""A printed figure that shows itself in a notebook or a static page, and can be heard."""

from __future__ import annotations

import base64
import io
import math
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from html import escape
from pathlib import Path
from typing import Any, Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from gan_edu.figures.palette import PALETTE, Theme

DPI = 100
"""Pixels per inch of a figure at its nominal size; on a page it is drawn with twice as many."""
FONT = PALETTE.font_size * 72 / DPI
"""The palette's font size, in points."""


class Picture(Figure):
    r"""A matplotlib figure without pyplot, whose size is in pixels and which has alternative text.

    pyplot keeps figures in one global list, which is not safe when callbacks run in threads. This one is in
    nobody's list: the last line of a cell shows it, in a static page too.

    Args:
        width, height: pixels, as on a page.
        theme: "light" or "dark".
        alt: what is seen, for those who cannot see it.

    Raises:
        ValueError: if a size is not positive or the theme is unknown.

    Example:
        >>> picture = Picture(200, 100, alt="nothing yet")
        >>> picture.png()[:4], picture.alt
        (b'\x89PNG', 'nothing yet')
    """

    def __init__(self, width: float, height: float, *, theme: str = "light", alt: str = "") -> None:
        if not (math.isfinite(width) and math.isfinite(height) and width > 0 and height > 0):
            raise ValueError(f"width and height must be positive pixels; got {width!r} and {height!r}")
        self.theme = look(theme)
        self.alt = alt
        super().__init__(figsize=(width / DPI, height / DPI), dpi=DPI, facecolor=self.theme.background)
        FigureCanvasAgg(self)

    def png(self, scale: float = 1) -> bytes:
        """The figure as PNG bytes, with the alternative text inside.

        Args:
            scale: pixels of the file for every pixel of the figure.
        """
        file = io.BytesIO()
        self.savefig(file, format="png", dpi=DPI * scale, metadata={"Description": self.alt})
        return file.getvalue()

    def pixels(self) -> np.ndarray:
        """The figure as (height, width, 3) bytes of red, green and blue."""
        canvas = FigureCanvasAgg(self)
        canvas.draw()
        return np.asarray(canvas.buffer_rgba())[..., :3].copy()

    def save(self, path: str | Path, scale: float = 2) -> Path:
        """Write a PNG file, whole or not at all.

        Args:
            path: where to; its folder is made.
            scale: pixels of the file for every pixel of the figure.
        """
        with whole_file(path) as part:
            part.write_bytes(self.png(scale))
        return Path(path)

    def _repr_html_(self) -> str:
        source = base64.b64encode(self.png(scale=2)).decode("ascii")
        width = round(self.get_figwidth() * DPI)
        attributes = f'alt="{escape(self.alt)}" width="{width}" style="max-width:100%;height:auto"'
        return f'<img {attributes} src="data:image/png;base64,{source}">'


def look(theme: str) -> Theme:
    """The palette's theme of that name.

    Raises:
        ValueError: if there is none.

    Example:
        >>> look("dark").background
        '#15191F'
    """
    if theme not in ("light", "dark"):
        raise ValueError(f"theme must be light or dark; got {theme!r}")
    return getattr(PALETTE, theme)


def style(axes: Axes, theme: Theme, *, grid: Literal["both", "x", "y"] | None = None) -> None:
    """Give axes the palette's colours and a font that is legible on a projector.

    Args:
        axes: of matplotlib.
        theme: the colours.
        grid: which grid lines to draw.

    Example:
        >>> picture = Picture(200, 200)
        >>> style(picture.add_subplot(), picture.theme, grid="y")
    """
    axes.set_facecolor(theme.background)
    axes.tick_params(labelsize=FONT, colors=theme.muted, labelcolor=theme.ink, width=1)
    for spine in axes.spines.values():
        spine.set_color(theme.muted)
    for text in (axes.xaxis.label, axes.yaxis.label, axes.title):
        text.set(color=theme.ink, fontsize=FONT)
    axes.set_axisbelow(True)
    if grid:
        axes.grid(axis=grid, color=theme.grid, linewidth=1)


@contextmanager
def whole_file(path: str | Path) -> Iterator[Path]:
    """A path to write to, which takes the place of `path` only when the block has succeeded.

    Args:
        path: the file that is wanted; its folder is made.

    Example:
        >>> import tempfile
        >>> target = Path(tempfile.mkdtemp()) / "a" / "note.txt"
        >>> with whole_file(target) as part:
        ...     _ = part.write_text("done")
        >>> target.read_text()
        'done'
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    # the same ending, because encoders look at it
    handle, name = tempfile.mkstemp(prefix=f".{path.stem}-", suffix=path.suffix, dir=path.parent)
    os.close(handle)
    try:
        yield Path(name)
        os.chmod(name, 0o644)
        os.replace(name, path)
    finally:
        Path(name).unlink(missing_ok=True)


def legend(owner: Axes | Figure, theme: Theme, **options: Any) -> None:
    """A legend in the palette's look, above the axes unless told otherwise.

    Args:
        owner: axes or a figure with labelled artists.
        theme: the colours.
        **options: as for matplotlib's `legend`.

    Example:
        >>> picture = Picture(200, 200)
        >>> axes = picture.add_subplot()
        >>> _ = axes.plot([0, 1], label="a line")
        >>> legend(axes, picture.theme)
    """
    placed = {"loc": "lower left", "bbox_to_anchor": (0, 1.0), "ncols": 4, **options}
    owner.legend(
        **placed,
        fontsize=FONT,
        labelcolor=theme.ink,
        frameon=False,
        handletextpad=0.4,
        columnspacing=1.2,
        borderpad=0.2,
    )
