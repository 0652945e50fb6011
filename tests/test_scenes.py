"""What is packed comes back, to within half a quantum, small, and with one clear error where it cannot."""

from __future__ import annotations

import contextlib
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from gan_edu.scenes import (
    LAYERS,
    POSITION_STEPS,
    SHADE_STEPS,
    Curve,
    Path,
    Scene,
    pack,
    pack_run,
    unpack,
    unpack_run,
)

SQUARE = (-3.0, 3.0, -3.0, 3.0)
coordinates = st.floats(-1e6, 1e6, width=32) | st.sampled_from([np.nan, np.inf, -np.inf])
extents = st.tuples(
    *(st.floats(-100, 100), st.floats(0.01, 100), st.floats(-100, 100), st.floats(0.01, 100)),
).map(lambda e: (e[0], e[0] + e[1], e[2], e[2] + e[3]))


def full_scene(seed: int = 0, step: int = 1240) -> Scene:
    """Every layer at once."""
    rng = np.random.default_rng(seed)
    return Scene(
        extent=SQUARE,
        step=step,
        caption="step 1,240: 8 of 8 modes ✓",
        title="A",
        data=rng.normal(size=(30, 2)),
        samples=rng.normal(size=(20, 2)),
        classes=rng.integers(0, 8, 20),
        field=rng.random((5, 7)),
        flow=rng.normal(size=(5, 4)),
        arrows=rng.normal(size=(6, 4)),
        manifold=rng.normal(size=(3, 9, 2)),
        trails=rng.normal(size=(4, 5, 2)),
        curves=(Curve(rng.normal(size=(11, 2)), "real"), Curve(rng.normal(size=(3, 2)), "optimum")),
        paths=(
            Path(
                rng.normal(size=(9, 2)), "a", "an a", "spirals out", 3, 1.02, (1 + 0.2j, 1 - 0.2j), [[1, 0]]
            ),
            Path(np.empty((0, 2)), "b"),
        ),
        axes=("x", "y"),
        tiles=rng.random((2, 4, 3)),
        highlight=("samples", "arrows"),
        reading="critic",
    )


def assert_same_layers(one: Scene, two: Scene) -> None:
    width, height = one.extent[1] - one.extent[0], one.extent[3] - one.extent[2]
    # half a quantum of a window three times as wide as the extent, and a little for rounding
    near = 0.5 * 3 * max(width, height) / POSITION_STEPS * 1.001
    for name in ("data", "samples", "flow", "arrows", "manifold", "trails"):
        np.testing.assert_allclose(getattr(one, name), getattr(two, name), atol=near, rtol=0)
    for name in ("field", "tiles"):
        np.testing.assert_allclose(getattr(one, name), getattr(two, name), atol=0.5001 / SHADE_STEPS, rtol=0)
    np.testing.assert_array_equal(one.classes, two.classes)
    for a, b in zip(one.paths, two.paths, strict=True):
        assert (a.name, a.label, a.words, a.style) == (b.name, b.label, b.words, b.style)
        assert (a.factor, a.eigenvalues) == (b.factor, b.eigenvalues)
        np.testing.assert_allclose(a.points, b.points, rtol=1e-7)
        np.testing.assert_allclose(a.guide, b.guide, rtol=1e-7)
    assert [curve.role for curve in one.curves] == [curve.role for curve in two.curves]
    for a, b in zip(one.curves, two.curves, strict=True):
        np.testing.assert_allclose(a.points, b.points, atol=near, rtol=0)


def test_every_layer_comes_back() -> None:
    scene = full_scene()
    back = unpack(pack(scene))
    assert (back.extent, back.step, back.caption, back.title) == (SQUARE, 1240, scene.caption, "A")
    assert (back.highlight, back.axes) == (scene.highlight, ("x", "y"))
    assert_same_layers(scene, back)


def test_absent_layers_stay_absent() -> None:
    back = unpack(pack(Scene(extent=SQUARE)))
    assert all(getattr(back, name) is None for name in LAYERS if name not in ("curves", "paths"))
    assert back.classes is None
    assert back.curves == back.paths == ()


@given(extents, hnp.arrays(np.float32, st.tuples(st.integers(0, 30), st.just(2)), elements=coordinates))
def test_points_come_back_or_are_marked(extent, points) -> None:
    back = unpack(pack(Scene(extent=extent, samples=points))).samples
    assert back is not None
    x_min, x_max, y_min, y_max = extent
    low = np.array([2 * x_min - x_max, 2 * y_min - y_max])
    high = np.array([2 * x_max - x_min, 2 * y_max - y_min])
    finite = np.isfinite(points).all(axis=1)
    assert np.isnan(back[~finite]).all()
    # half a quantum inside of the window, its edge for points beyond
    wanted = np.clip(points[finite].astype(np.float64), low, high)
    quantum = (high - low) / POSITION_STEPS
    assert (np.abs(back[finite] - wanted) <= 0.5001 * quantum + 1e-9).all()


@given(
    hnp.arrays(
        np.float32, st.tuples(st.integers(1, 9), st.integers(1, 9)), elements=st.floats(0, 1, width=32)
    )
)
def test_field_comes_back(field) -> None:
    back = unpack(pack(Scene(extent=SQUARE, field=field))).field
    np.testing.assert_allclose(back, field, atol=0.5001 / SHADE_STEPS)


def test_values_that_are_not_finite_are_kept_as_missing() -> None:
    field = np.array([[0.5, np.nan], [np.inf * 0, 1.0]])
    back = unpack(pack(Scene(extent=SQUARE, field=field)))
    assert back.field is not None
    assert np.isnan(back.field).tolist() == [[False, True], [True, False]]
    line = unpack(pack(Scene(extent=SQUARE, curves=(Curve([[0, 0], [np.nan, 1], [1, 1]], "fake"),)))).curves[
        0
    ]
    assert np.isnan(line.points).all(axis=1).tolist() == [False, True, False]


def test_paths_keep_every_power_of_ten_and_refuse_what_is_not_finite() -> None:
    far = [[1e-20, 0.5], [3.0, -1e200]]
    back = unpack(pack(Scene(extent=SQUARE, paths=(Path(far, "a"),)))).paths[0].points
    np.testing.assert_allclose(back, [[1e-20, 0.5], [3.0, -1e30]], rtol=1e-6)
    with pytest.raises(ValueError, match="finite"):
        Path([[0.0, np.nan]], "a")
    with pytest.raises(ValueError, match="style must be a whole number"):
        Path([[0.0, 1.0]], "a", style=-1)


def test_half_of_the_field_has_a_code_of_its_own() -> None:
    # the contour at D = 1/2 must not lean to one side
    back = unpack(pack(Scene(extent=SQUARE, field=np.full((2, 2), 0.5))))
    assert (back.field == 0.5).all()


def test_sizes() -> None:
    rng = np.random.default_rng(0)
    data = rng.normal(size=(1000, 2))
    still = {"extent": SQUARE, "caption": "step 1,240: 8 of 8 modes"}
    scenes = [
        Scene(**still, step=10 * k, data=data, samples=rng.normal(size=(1000, 2)), field=rng.random((50, 50)))
        for k in range(300)
    ]
    assert len(pack(Scene(**still, samples=data, field=scenes[0].field))) < 7_000
    packed = pack_run(scenes, {"seed": 0})
    assert len(packed) < 2_000_000
    back, settings = unpack_run(packed)
    assert settings == {"seed": 0}
    assert [scene.step for scene in back] == [10 * k for k in range(300)]
    np.testing.assert_allclose(back[299].samples, scenes[299].samples, atol=2e-4)
    np.testing.assert_allclose(back[299].data, data, atol=2e-4)


def test_a_run_keeps_what_changes_from_frame_to_frame() -> None:
    scenes = [full_scene(seed=k, step=k) for k in range(3)] + [Scene(extent=SQUARE, step=9, title="end")]
    back, _ = unpack_run(pack_run(scenes))
    for scene, again in zip(scenes[:3], back[:3], strict=True):
        assert_same_layers(scene, again)
    assert (back[3].title, back[3].samples, back[3].curves) == ("end", None, ())


def test_blocks_are_aligned_and_little_endian() -> None:
    packed = pack(Scene(extent=(0, 1, 0, 1), caption="é", classes=[0], samples=[[0.0, 1.0]]))
    length = int.from_bytes(packed[4:8], "little")
    header = json.loads(packed[8 : 8 + length])
    offset, *shape = header["common"]["blocks"]["samples"]
    assert (length % 4, offset % 4, shape) == (0, 0, [1, 2])
    start = 8 + length + offset
    # zero lies one third, one lies two thirds into the window
    assert packed[start : start + 4] == (21845).to_bytes(2, "little") + (43689).to_bytes(2, "little")


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"extent": (0, 1, 1, 1)}, "extent must be finite"),
        ({"extent": (0, np.inf, 0, 1)}, "extent must be finite"),
        ({"extent": (0, 1)}, "extent must be finite"),
        ({"step": -1}, "step must be"),
        ({"step": 1.5}, "step must be"),
        ({"step": np.inf}, "step must be"),
        ({"data": [1.0, 2.0]}, r"data must have shape \(points, 2\); got \(2,\)"),
        ({"samples": [["a", "b"]]}, "samples must hold real numbers"),
        ({"arrows": np.zeros((2, 2))}, "arrows must have shape"),
        ({"manifold": np.zeros((2, 2))}, "manifold must have shape"),
        ({"trails": np.zeros((2, 2, 3))}, "trails must have shape"),
        ({"field": np.full((2, 2), 1.1)}, r"field must lie in \[0, 1\]; got 1.1 to 1.1"),
        ({"tiles": np.full((1, 2, 2), -0.5)}, "tiles must lie in"),
        ({"classes": [0]}, "one whole number per sample"),
        ({"samples": np.zeros((2, 2)), "classes": [0]}, "one whole number per sample"),
        ({"samples": np.zeros((2, 2)), "classes": [0.0, 1.0]}, "one whole number per sample"),
        ({"samples": np.zeros((2, 2)), "classes": [0, 255]}, "classes must lie between 0 and 254"),
        ({"reading": "mind"}, "reading must be one of probability, score, critic; got 'mind'"),
        ({"highlight": ("samples", "sky")}, r"got \['sky'\]; choose from field"),
    ],
)
def test_wrong_scenes(wrong, message) -> None:
    with pytest.raises(ValueError, match=message):
        Scene(**{"extent": SQUARE, **wrong})


def test_wrong_curves() -> None:
    with pytest.raises(ValueError, match="the role of a curve must be one of real, fake"):
        Curve([[0, 0]], "blue")
    with pytest.raises(ValueError, match="curve must have shape"):
        Curve([0, 0], "real")


def test_wrong_runs() -> None:
    with pytest.raises(ValueError, match="got 0 scenes"):
        pack_run([])
    with pytest.raises(ValueError, match="a single extent"):
        pack_run([Scene(extent=SQUARE), Scene(extent=(0, 1, 0, 1))])
    for settings in ({"seed": float("nan")}, {"net": object()}):
        with pytest.raises(ValueError, match="settings must be JSON"):
            pack_run([Scene(extent=SQUARE)], settings)
    with pytest.raises(ValueError, match="must hold one frame; got 2"):
        unpack(pack_run([Scene(extent=SQUARE, step=k) for k in range(2)]))


@given(st.integers(0, len(pack(full_scene())) - 4))
def test_cut_bytes_give_one_clear_error(length) -> None:
    with pytest.raises(ValueError, match="packed"):
        unpack(pack(full_scene())[:length])


@given(st.integers(0, len(pack(full_scene())) - 1), st.integers(0, 255))
def test_changed_bytes_give_no_other_error(place, value) -> None:
    packed = bytearray(pack(full_scene()))
    packed[place] = value
    # a changed letter of the caption or a moved point is still a scene
    with contextlib.suppress(ValueError):
        assert unpack(bytes(packed)).extent
