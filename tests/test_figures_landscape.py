"""Landscapes side by side: levels follow each panel's own range, and what is not a height is refused."""

from __future__ import annotations

import numpy as np
import pytest

from gan_edu.figures.landscape import LEVELS, landscape

EXTENT = (-1.0, 1.0, -2.0, 2.0)


def plane(slope: float) -> np.ndarray:
    return slope * np.linspace(EXTENT[0], EXTENT[1], 30)[None].repeat(20, 0)


def test_scale_does_not_matter_but_shape_does() -> None:
    """A slope and one that is a thousand times as steep are drawn alike; lines of equal height are evenly spaced."""
    figure = landscape({"gentle": plane(1.0), "steep": plane(1000.0)}, EXTENT)
    pixels = [np.asarray(axes.collections[0].get_paths()[3].vertices) for axes in figure.axes]
    np.testing.assert_allclose(pixels[0], pixels[1], atol=1e-6)
    lines = figure.axes[0].collections[1]
    places = [float(path.vertices[0, 0]) for path in lines.get_paths() if len(path.vertices)]
    np.testing.assert_allclose(places, np.linspace(-1, 1, LEVELS + 1)[1:-1], atol=1e-6)
    assert figure.alt == "lines of equal height. gentle: -1 to 1; steep: -1e+03 to 1e+03"
    assert [axes.get_title(loc="left") for axes in figure.axes] == [
        "gentle\n−1 to 1",
        "steep\n−1e+03 to 1e+03",
    ]


def test_points_lie_on_top() -> None:
    points = np.array([[0.2, 0.5], [-0.4, 1.0]])
    figure = landscape(
        {"flat": np.zeros((4, 4)), "slope": plane(1.0)}, EXTENT, data=points, samples=points + 0.1
    )
    for axes in figure.axes:
        data, samples = axes.collections[-2:]
        np.testing.assert_allclose(data.get_offsets(), points)
        np.testing.assert_allclose(samples.get_offsets(), points + 0.1)
        assert (axes.get_xlim(), axes.get_ylim()) == ((-1, 1), (-2, 2))
    assert len(figure.axes[0].collections) == 2  # a flat landscape has no lines


@pytest.mark.parametrize("heights", [{}, {"line": np.zeros(4)}, {"hole": np.full((3, 3), np.nan)}])
def test_wrong_heights_are_refused(heights) -> None:
    with pytest.raises(ValueError, match="heights must hold finite numbers on a grid"):
        landscape(heights, EXTENT)
