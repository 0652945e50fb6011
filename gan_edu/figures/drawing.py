"""Drawings made of text, which a browser shows as they are: panels with scales, and what stands in them."""

from __future__ import annotations

import base64
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape

from gan_edu.figures.palette import PALETTE, Theme

WIDTH = 800
"""Of every drawing; the page scales it."""


@dataclass(frozen=True)
class Drawing:
    """A vector drawing that shows itself in a notebook, and can be heard.

    Args:
        svg: the drawing, as text.
        alt: what is seen, for those who cannot see it.
    """

    svg: str
    alt: str

    def _repr_html_(self) -> str:
        source = base64.b64encode(self.svg.encode()).decode("ascii")
        attributes = f'alt="{escape(self.alt)}" width="{WIDTH}" style="max-width:100%;height:auto"'
        return f'<img {attributes} src="data:image/svg+xml;base64,{source}">'


@dataclass
class Panel:
    """A rectangle with its scales; marks are added from back to front.

    Args:
        box: left, top, width and height in pixels.
        x_range, y_range: of the values.
        theme: colours.
        marks: what is in it, as SVG.
    """

    box: tuple[float, float, float, float]
    x_range: tuple[float, float]
    y_range: tuple[float, float]
    theme: Theme
    marks: list[str] = field(default_factory=list)

    def x(self, value: float) -> float:
        """Pixels of a value."""
        low, high = self.x_range
        return round(self.box[0] + (value - low) / (high - low) * self.box[2], 1)

    def y(self, value: float) -> float:
        """Pixels of a value."""
        low, high = self.y_range
        return round(self.box[1] + (high - value) / (high - low) * self.box[3], 1)

    def line(
        self, xs: Iterable[float], ys: Iterable[float], colour: str, width: float = 2.4, dash: str = ""
    ) -> None:
        """A polyline with a gap where y is not finite or outside."""
        low, high = self.y_range
        pieces, pen = [], "M"
        for x, y in zip(xs, ys, strict=True):
            if not (math.isfinite(y) and low <= y <= high):
                pen = "M"
                continue
            pieces.append(f"{pen}{self.x(x)},{self.y(y)}")
            pen = "L"
        dashes = f' stroke-dasharray="{dash}"' if dash else ""
        self.marks.append(
            f'<path d="{"".join(pieces)}" fill="none" stroke="{colour}" stroke-width="{width}"{dashes}/>'
        )

    def text(
        self, x: float, y: float, words: str, colour: str = "", anchor: str = "start", weight: int = 400
    ) -> None:
        """Words at pixels."""
        self.marks.append(
            f'<text x="{round(x, 1)}" y="{round(y, 1)}" fill="{colour or self.theme.ink}" text-anchor="{anchor}" '
            f'font-weight="{weight}">{escape(words)}</text>'
        )

    def frame(self, title: str, xs: Sequence[float], ys: Mapping[float, str], numbers: bool = False) -> None:
        """The border, the grid and the words."""
        left, top, width, height = self.box
        grid = "".join(f"M{self.x(x)},{top}v{height}" for x in xs) + "".join(
            f"M{left},{self.y(y)}h{width}" for y in ys
        )
        self.marks.append(f'<path d="{grid}" stroke="{self.theme.grid}" fill="none"/>')
        self.marks.append(
            f'<rect x="{left}" y="{top}" width="{width}" height="{height}" fill="none" stroke="{self.theme.muted}"/>'
        )
        self.text(left, top - 8, title, weight=600)
        for y, words in ys.items():
            self.text(left - 6, self.y(y) + 5, words, anchor="end")
        for x in xs if numbers else ():
            self.text(self.x(x), top + height + 17, number(x, 1), anchor="middle")

    def dot(self, x: float, y: float, colour: str) -> None:
        """A dot that stands out from the lines under it."""
        self.marks.append(
            f'<circle cx="{self.x(x)}" cy="{self.y(y)}" r="5.5" fill="{colour}" '
            f'stroke="{self.theme.background}" stroke-width="1.5"/>'
        )


def drawing(panels: Iterable[Panel], alt: str, height: float, theme: Theme) -> Drawing:
    """Panels on one page.

    Args:
        panels: from back to front.
        alt: what is seen, in words.
        height: of the page.
        theme: colours.
    """
    body = "".join(mark for panel in panels for mark in panel.marks)
    return Drawing(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
        f'font-family="{escape(PALETTE.font_family)}" font-size="{PALETTE.font_size}">'
        f'<title>{escape(alt)}</title><rect width="100%" height="100%" fill="{theme.background}"/>{body}</svg>',
        alt,
    )


def number(value: float, digits: int) -> str:
    """A number as it is read: ∞, a true minus, and powers of ten where digits would hide it.

    Example:
        >>> number(-0.5, 2), number(12345678, 2)
        ('−0.50', '1e+07')
    """
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    small = value and abs(value) < 0.5 * 10.0**-digits
    text = f"{value:.0e}" if small or abs(value) >= 1e4 else f"{value:.{digits}f}"
    return text.replace("-", "−")
