"""The one palette, for the canvas, plotly and matplotlib: it survives colour blindness and a bad projector.

Real points are blue hollow squares and generated ones vermillion filled circles (Okabe and Ito's pair), so
that they are told apart without colour too. The discriminator's field runs from purple (fake) to green (real)
and has a dashed line where D = 1/2. Each of eight generators has its own colour *and* marker.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

MARKERS = ("circle", "triangle-up", "diamond", "cross", "star", "triangle-down", "square", "x")
"""One marker per generator, by plotly's names."""
MATPLOTLIB_MARKERS = {
    "circle": "o",
    "triangle-up": "^",
    "diamond": "D",
    "cross": "P",
    "star": "*",
    "triangle-down": "v",
    "square": "s",
    "x": "X",
}
"""The same markers by matplotlib's names."""


@dataclass(frozen=True)
class Theme:
    """The colours on one background, as `#rrggbb`.

    Args:
        background, panel, ink, muted, grid, focus: page, buttons, text, faint text, grid lines, focus ring.
        real, fake, optimum, arrow, contour: marks.
        field_fake, field_half, field_real: the discriminator's field at D = 0, 1/2 and 1.
        a, b: two runs that are compared.
        generators: one colour per generator, to be used with `MARKERS`.
    """

    background: str
    panel: str
    ink: str
    muted: str
    grid: str
    focus: str
    real: str
    fake: str
    optimum: str
    arrow: str
    contour: str
    field_fake: str
    field_half: str
    field_real: str
    a: str
    b: str
    generators: tuple[str, ...]


@dataclass(frozen=True)
class Palette:
    """Both themes, the markers, and the fonts.

    Example:
        >>> PALETTE.light.real, PALETTE.to_dict()["font_size"]
        ('#0072B2', 14)
    """

    light: Theme
    dark: Theme
    markers: tuple[str, ...] = MARKERS
    font_family: str = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', 'DejaVu Sans', sans-serif"
    font_size: int = 14

    def to_dict(self) -> dict[str, Any]:
        """The palette as JSON types, which is what the browser gets."""
        return asdict(self)


PALETTE = Palette(
    light=Theme(
        background="#FFFFFF",
        panel="#F3F5F7",
        ink="#1F2328",
        muted="#57606A",
        grid="#C9D1D9",
        focus="#0B57D0",
        real="#0072B2",
        fake="#D55E00",
        optimum="#B0508A",
        arrow="#1F2328",
        contour="#3D4248",
        field_fake="#DDCCE9",
        field_half="#FAFAFA",
        field_real="#C2E5C4",
        a="#0072B2",
        b="#B0508A",
        generators=("#D55E00", "#0072B2", "#00916A", "#B0508A", "#1F2328", "#6B4A00", "#3A96C8", "#5B2A86"),
    ),
    dark=Theme(
        background="#15191F",
        panel="#232A33",
        ink="#E6EAEF",
        muted="#A7B1BC",
        grid="#3A434E",
        focus="#8AB4F8",
        real="#56B4E9",
        fake="#F0803C",
        optimum="#F2B5DA",
        arrow="#F4F4F4",
        contour="#C3CBD4",
        field_fake="#4A345C",
        field_half="#1A1F26",
        field_real="#1F4D35",
        a="#56B4E9",
        b="#F2B5DA",
        generators=("#F0803C", "#56B4E9", "#12A67F", "#F2B5DA", "#F4F4F4", "#F0E442", "#C43D2E", "#8E6FE8"),
    ),
)
