"""Curves: what they hold, that lines can be told apart, and what is said in words."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.colors import to_hex

from gan_edu.figures.curves import COLOURS, DASHES, curves
from gan_edu.figures.palette import PALETTE

X = np.linspace(0, 10, 11)
LABELS = {"x_label": "step", "y_label": "loss"}


def lines_of(axes):
    return {line.get_label(): line for line in axes.lines if not line.get_label().startswith("_")}


def test_panels_hold_their_lines_on_common_axes():
    panels = {"one": {"a": X, "b": 2 * X}, "two": {"b": -X}}
    figure = curves(X, panels, **LABELS)
    first, second = figure.axes
    assert list(lines_of(first)) == ["a", "b"]
    np.testing.assert_array_equal(lines_of(first)["b"].get_ydata(), 2 * X)
    np.testing.assert_array_equal(lines_of(second)["b"].get_ydata(), -X)
    assert first.get_xlim() == second.get_xlim() == (0, 10)
    assert first.get_ylim() == second.get_ylim() == (-11.5, 21.5)
    # the same line looks the same in both
    here, there = lines_of(first)["b"], lines_of(second)["b"]
    assert (here.get_color(), here.get_linestyle()) == (there.get_color(), there.get_linestyle())
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["a", "b"]


def test_lines_differ_without_colour():
    figure = curves(X, {"": {str(k): X + k for k in range(len(DASHES))}}, **LABELS)
    dashes = {str(line._dash_pattern) for line in lines_of(figure.axes[0]).values()}
    assert len(dashes) == len(DASHES) == len(COLOURS)


def test_runs_are_their_mean_and_their_range():
    runs = np.stack([X, 3 * X])
    figure = curves(X, {"": {"many": runs, "one": X[None]}}, colours={"many": "real"}, **LABELS)
    (axes,) = figure.axes
    np.testing.assert_array_equal(lines_of(axes)["many"].get_ydata(), 2 * X)
    (band,) = axes.collections  # one run has no band
    corners = band.get_paths()[0].vertices
    assert corners[:, 1].max() == 30
    assert to_hex(lines_of(axes)["many"].get_color()) == PALETTE.light.real.lower()
    assert "many (mean of 2 runs): 0 to 20, at most 20 at 10" in figure.alt
    assert "one: 0 to 10" in figure.alt


def test_references_are_drawn_and_named_apart():
    theory = {"2 log 2": 1.386, "1.4": 1.4, "0": 0.0}
    figure = curves(X, {"": {"a": X / 10}}, references=theory, **LABELS)
    (axes,) = figure.axes
    assert {float(line.get_ydata()[0]) for line in axes.lines if line.get_label().startswith("_")} == set(
        theory.values()
    )
    places = {text.get_text(): text.xy[1] for text in axes.texts}
    assert set(places) == set(theory)
    assert places["1.4"] - places["2 log 2"] >= 0.06 - 1e-9
    low, high = axes.get_ylim()
    assert places["2 log 2"] == pytest.approx((1.386 - low) / (high - low))
    assert "2 log 2: 1.39; 1.4: 1.4; 0: 0" in figure.alt


def test_gaps_and_logarithms():
    values = np.array([np.nan, 1.0, 100.0, np.inf, *[10.0] * 7])
    figure = curves(X, {"": {"a": values}}, log=True, **LABELS)
    (axes,) = figure.axes
    assert np.isnan(lines_of(axes)["a"].get_ydata()[[0, 3]]).all()
    assert axes.get_yscale() == "log"
    low, high = axes.get_ylim()
    assert 0.5 < low < 1 < 100 < high < 200
    empty = curves(X, {"": {"a": np.full(11, np.nan)}}, **LABELS)
    assert empty.alt.endswith("a: no finite value")
    assert empty.axes[0].get_ylim() == (0, 1)


def test_limits_are_kept():
    figure = curves(X, {"": {"a": X}}, limits=(0, 2), **LABELS)
    assert figure.axes[0].get_ylim() == (0, 2)


@pytest.mark.parametrize(
    ("x", "panels", "words"),
    [
        (X[::-1], {"": {"a": X}}, "x must grow"),
        (X, {}, "panels must hold"),
        (X, {"": {}}, "panels must hold"),
        (X, {"": {str(k): X for k in range(7)}}, "1 to 6"),
        (X, {"": {"a": X[:-1]}}, r"a must have shape \(11,\) or \(runs, 11\); got \(10,\)"),
        (X, {"": {"a": np.zeros((0, 11))}}, "a must have shape"),
    ],
)
def test_bad_input(x, panels, words):
    with pytest.raises(ValueError, match=words):
        curves(x, panels, **LABELS)
