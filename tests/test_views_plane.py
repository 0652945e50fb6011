"""The plane of a planar game: arrows, factors and words against closed forms."""

from __future__ import annotations

import math

import numpy as np
import pytest

from gan_edu import catalogue
from gan_edu.figures.orbit import orbit_figure
from gan_edu.games.bilinear import bilinear
from gan_edu.games.dirac import dirac
from gan_edu.games.quadratic import quadratic
from gan_edu.metrics.spectra import update_eigenvalues
from gan_edu.remedies.unrolled import unrolled
from gan_edu.scenes import Scene
from gan_edu.trajectory import trajectory
from gan_edu.views.plane import conserved_ellipse, plane_scene, vector_field, what_is_seen

RATE = 0.2
FACTORS = {
    "simultaneous": math.hypot(1, RATE),
    "extragradient": math.hypot(1 - RATE**2, RATE),
    "consensus": math.hypot(1 - RATE, RATE),
    "competitive_gradient_descent": 1 / math.hypot(1, RATE),
    "alternating": 1.0,
}


def ways(*names: str) -> dict:
    return {name: catalogue.find("dynamics", name)() for name in names}


def spiral(factor: float, turn: float, steps: int, start=(1.0, 0.3)) -> np.ndarray:
    powers = complex(*start) * (factor * np.exp(1j * turn)) ** np.arange(steps + 1)
    return np.stack([powers.real, powers.imag], 1)


@pytest.mark.parametrize("steps", [40, 1000])
def test_factors_of_the_game_xy(steps: int) -> None:
    scene = plane_scene(bilinear(), ways(*FACTORS), steps=steps, learning_rate=RATE)
    for path in scene.paths:
        assert path.factor == pytest.approx(FACTORS[path.name], abs=1e-9)
        assert what_is_seen(path.points).factor == pytest.approx(FACTORS[path.name], abs=2e-4)
    kinds = {path.name: what_is_seen(path.points).kind for path in scene.paths}
    assert kinds == {**dict.fromkeys(FACTORS, "in"), "simultaneous": "out", "alternating": "ellipse"}
    assert scene.step == steps
    assert scene.paths[0].words == "×1.0198 spirals out"


def test_alternating_steps_stay_on_the_guide() -> None:
    path = plane_scene(bilinear(), ways("alternating"), steps=300, learning_rate=0.5).paths[0]

    def form(points: np.ndarray) -> np.ndarray:
        return (points**2).sum(1) + 0.5 * points.prod(1)

    np.testing.assert_allclose(form(path.points), form(path.guide)[0], rtol=1e-12)
    np.testing.assert_allclose(form(path.guide), form(path.guide)[0], rtol=1e-12)
    assert conserved_ellipse((1, 0.3), 0.5)[0] == pytest.approx(path.guide[0])


@pytest.mark.parametrize(("game", "momentum"), [(dirac(), 0.0), (bilinear(), -0.3)])
def test_no_ellipse_where_theory_has_none(game, momentum) -> None:
    assert len(plane_scene(game, ways("alternating"), steps=9, momentum=momentum).paths[0].guide) == 0


@pytest.mark.parametrize("name", ["optimistic", "negative_momentum", "runge_kutta"])
@pytest.mark.parametrize("momentum", [0.0, -0.5])
def test_measured_and_theoretical_factors_agree(name: str, momentum: float) -> None:
    path = plane_scene(bilinear(), ways(name), steps=1000, learning_rate=RATE, momentum=momentum).paths[0]
    assert what_is_seen(path.points).factor == pytest.approx(path.factor, abs=1e-5)


def test_momentum_is_the_optimizer_of_that_name() -> None:
    for beta in (0.3, 0.0, -0.5):
        path = plane_scene(bilinear(), ways("alternating"), steps=50, momentum=beta).paths[0]
        optimizer = catalogue.find("optimizers", "momentum")(beta)
        plain = trajectory(
            bilinear(), steps=50, start=(1.0, 0.3), dynamics="alternating", optimizer=optimizer
        )
        np.testing.assert_allclose(path.points, plain[:, 0], rtol=1e-12)


def test_what_a_step_counts_has_no_eigenvalues() -> None:
    averaged = plane_scene(bilinear(), ways("averaging"), steps=1000).paths[0]
    assert (averaged.eigenvalues, averaged.factor) == ((), None)
    assert what_is_seen(averaged.points).kind == "slowly"


def test_what_hides_its_slopes_has_no_eigenvalues() -> None:
    """Cut off, x sees y + k eta x and does not know why: known from the path, not from autograd."""
    settings = {"steps": 5, "learning_rate": 0.2, "optimizer": "sgd"}
    cut, through = (
        plane_scene(bilinear(), {"ahead": lambda g, t=t: unrolled(g, **settings, through=t)}, steps=50).paths[
            0
        ]
        for t in (False, True)
    )
    assert (cut.eigenvalues, cut.factor) == ((), None)
    assert through.factor is not None
    with pytest.raises(ValueError, match=r"a step must show what it depends on; got a game that hides it"):
        update_eigenvalues(unrolled(bilinear(), **settings, through=False), learning_rate=0.2)


@pytest.mark.parametrize(
    ("points", "kind"),
    [
        (spiral(1.02, 0.2, 200), "out"),
        (spiral(0.98, 0.2, 200), "in"),
        (spiral(1.0, 0.2, 200), "ellipse"),
        (spiral(1.02, 0.0, 200), "away"),
        (spiral(0.98, 0.0, 200), "straight_in"),
        (spiral(0.5, 0.3, 4000), "in"),  # most of it is rounding
        (spiral(1.0, 0.2, 200) * (1 + 0.1 * np.sin(np.arange(201) / 3))[:, None], "circling"),
        (np.ones((50, 2)), "still"),
        (np.concatenate([spiral(0.9, 0.2, 20), np.repeat(spiral(0.9, 0.2, 20)[-1:], 60, 0)]), "stays_off"),
        (np.stack([1 / np.arange(1.0, 500), np.zeros(499)], 1), "slowly"),
    ],
)
def test_what_is_seen(points: np.ndarray, kind: str) -> None:
    assert what_is_seen(points).kind == kind


def test_a_path_that_overflows_has_diverged() -> None:
    points = trajectory(
        quadratic(rotation=1, potential=-10),
        steps=4000,
        start=(1, 0.3),
        dynamics="simultaneous",
        learning_rate=1.0,
    )
    seen = what_is_seen(points[:, 0].numpy())
    assert seen.kind == "diverged"
    assert "diverged at step" in seen.words


def test_the_vector_field_is_minus_both_gradients() -> None:
    arrows = vector_field(bilinear(), (-2, 2, -2, 2), grid=9)
    places, moves = (arrows[:, :2] + arrows[:, 2:]) / 2, arrows[:, 2:] - arrows[:, :2]
    field = np.stack([-places[:, 1], places[:, 0]], 1)
    field *= np.hypot(*field.T).max() ** -0.5 * np.maximum(np.hypot(*field.T), 1e-9)[:, None] ** -0.5
    np.testing.assert_allclose(
        moves, 0.5 * field, atol=1e-12
    )  # the longest is as long as the points are apart
    bowl = vector_field(quadratic(rotation=0, potential=0.3), (-1, 1, -1, 1), grid=3)
    np.testing.assert_allclose(bowl[0, 2:] - bowl[0, :2], [math.sqrt(0.5)] * 2)


def test_paths_that_are_not_asked_for_are_offered() -> None:
    scene = plane_scene(bilinear(), ways("simultaneous", "alternating"), shown=["alternating"], steps=10)
    assert [(path.name, len(path.points), path.style) for path in scene.paths] == [
        ("simultaneous", 0, 0),
        ("alternating", 11, 1),
    ]


def test_the_figure_says_what_is_seen() -> None:
    scene = plane_scene(bilinear(), ways("simultaneous", "averaging"), steps=200, caption="the game xy")
    figure = orbit_figure(scene, width=600)
    assert figure.alt.startswith("the game xy. simultaneous: ×1.0198 spirals out; averaging: ")
    plane, distance, circle = figure.axes
    assert plane.get_xlim() == plane.get_ylim() == (-2, 2)
    assert distance.get_yscale() == "log"
    theory = distance.lines[1].get_ydata()[-1]
    assert theory == pytest.approx(1.04**100)
    assert circle.get_xlim()[0] < 1 < circle.get_xlim()[1]
    assert figure.pixels().std() > 5
    with pytest.raises(ValueError, match="at least one path"):
        orbit_figure(Scene(extent=(-1, 1, -1, 1)))
