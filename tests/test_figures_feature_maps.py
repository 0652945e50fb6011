"""The picture of features: what it draws is what it was given, and letters tell which unit is which."""

from __future__ import annotations

import dataclasses
import itertools

import numpy as np
import pytest
from matplotlib.colors import to_hex

from gan_edu.figures.feature_maps import LETTERS, feature_maps
from gan_edu.figures.palette import PALETTE
from gan_edu.views.features import FeaturesSeen


def a_moment(units: tuple[int, ...] = (2, 3, 7), count: int = 10) -> FeaturesSeen:
    random = np.random.default_rng(0)
    return FeaturesSeen(
        step=5,
        units=np.array(units),
        maps=random.random((len(units), 6, 6)),
        extent=(-2.0, 2.0, -1.0, 3.0),
        real=random.random(count),
        fake=random.random(count),
        gap=1.234,
        noise=0.0456,
        data=random.random((4, 2)),
        samples=random.random((5, 2)),
    )


def test_it_draws_what_it_was_given():
    seen = a_moment()
    figure = feature_maps(seen, title="step 5")
    *maps, means = figure.axes
    for axes, unit, values, letter in zip(maps, seen.units, seen.maps, LETTERS, strict=False):
        np.testing.assert_array_equal(axes.images[0].get_array(), values)
        assert axes.images[0].origin == "lower"  # row 0 lies at y_min
        assert axes.get_xlim() + axes.get_ylim() == seen.extent
        x_min, x_max, y_min, y_max = axes.images[0].get_extent()  # the nodes lie on the edges
        assert x_min + (x_max - x_min) / 12 == pytest.approx(-2)
        assert y_max - (y_max - y_min) / 12 == pytest.approx(3)
        assert axes.get_title(loc="left") == f"{letter}: unit {unit}"
        drawn = [np.transpose(line.get_data()) for line in axes.lines]
        np.testing.assert_array_equal(drawn[0], seen.data)
        np.testing.assert_array_equal(drawn[1], seen.samples)
    squares, circles = means.lines[:2]
    np.testing.assert_array_equal(squares.get_ydata(), seen.real)
    np.testing.assert_array_equal(circles.get_ydata(), seen.fake)
    assert (squares.get_marker(), circles.get_marker()) == ("s", "o")  # told apart without colour
    assert to_hex(squares.get_color()) == PALETTE.light.real.lower()
    (between,) = means.collections
    ends = np.array([path.vertices[:, 1] for path in between.get_paths()])
    np.testing.assert_allclose(ends, np.stack([seen.real, seen.fake], 1))
    words = " ".join(text.get_text() for text in figure.texts)
    assert "step 5: gap |E f(x) − E f(G(z))|² = 1.2\nbetween two batches of real data: 0.046" in words
    assert figure.alt.endswith("drawn: units 2, 3, 7")


def test_letters_of_neighbours_do_not_touch():
    figure = feature_maps(a_moment(units=(0, 1, 2, 90), count=200), width=470, columns=3)
    means = figure.axes[-1]
    figure.canvas.draw()
    boxes = [text.get_window_extent() for text in means.texts]
    assert [text.get_text() for text in means.texts] == list("abcd")
    assert all(a.x1 <= b.x0 for a, b in itertools.pairwise(boxes))
    assert all(box.y0 > means.xaxis.label.get_window_extent().y1 for box in boxes)


def test_the_axis_can_be_held():
    """Two moments with the same top share their axis, so that a live picture does not jump."""
    first = a_moment()
    second = dataclasses.replace(first, fake=first.fake / 2)
    limits = [feature_maps(seen, top=3.0).axes[-1].get_ylim() for seen in (first, second)]
    assert limits[0] == limits[1]
    assert 3.0 < limits[0][1] < 3.5
    assert feature_maps(dataclasses.replace(first, fake=first.fake - 2)).axes[-1].get_ylim()[0] < -1


def test_rows_and_no_maps():
    six = a_moment(units=tuple(range(6)))
    wide, tall = feature_maps(six), feature_maps(six, columns=3)
    assert len({round(axes.get_position().y0, 3) for axes in wide.axes[:-1]}) == 1
    assert len({round(axes.get_position().y0, 3) for axes in tall.axes[:-1]}) == 2
    none = feature_maps(dataclasses.replace(six, maps=np.zeros((0, 0, 0))), theme="dark")
    assert len(none.axes) == 1
    assert not none.axes[0].texts
    assert "drawn" not in none.alt
    assert none.get_figheight() < wide.get_figheight()
