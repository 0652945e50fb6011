"""The orbit lab without a browser: what its controls ask for, what it hands to the canvas, what it says."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from gan_edu import catalogue
from gan_edu.figures.picture import Picture
from gan_edu.games.bilinear import bilinear
from gan_edu.games.dirac import dirac
from gan_edu.labs import recorded
from gan_edu.labs.orbit import SHOWN, OrbitLab, orbit_lab, orbit_scene
from gan_edu.scenes import Path, Scene, unpack, unpack_run


@pytest.fixture
def lab() -> Iterator[OrbitLab]:
    made = orbit_lab(steps=200, key="test", fallback=False)
    assert isinstance(made, OrbitLab)
    yield made
    made.close()


def shown(lab: OrbitLab) -> Scene:
    """What the browser would draw."""
    return unpack(lab.stage.scene)


def path(lab: OrbitLab, name: str) -> Path:
    return next(path for path in shown(lab).paths if path.name == name)


def test_it_opens_with_four_paths_and_offers_every_dynamics(lab) -> None:
    paths = shown(lab).paths
    remedies = {"historical_averaging", "unrolled"}  # those that can be put around a game of two points
    assert {path.name for path in paths} == set(catalogue.entries("dynamics")) | remedies
    assert tuple(path.name for path in paths[:4]) == SHOWN
    assert [len(path.points) for path in paths] == [201] * 4 + [0] * (len(paths) - 4)
    assert len({path.style for path in paths}) == len(paths)
    assert shown(lab).caption == "min over x of xy, min over y of −xy · step size 0.2"
    assert (lab.stage.mode, lab.stage.autoplay) == ("paths", True)


def test_the_step_size_acts_at_once(lab) -> None:
    assert path(lab, "simultaneous").words == "×1.0198 spirals out"
    lab.rate.widget.value = 0.5
    assert path(lab, "simultaneous").words == "×1.1180 spirals out"
    assert path(lab, "extragradient").factor == pytest.approx(np.hypot(0.75, 0.5))
    assert "step size 0.5" in shown(lab).caption


def test_momentum_acts_at_once(lab) -> None:
    lab.momentum.widget.value = -0.5
    assert path(lab, "alternating").words == "×0.9941 spirals in"
    assert len(path(lab, "alternating").guide) == 0
    assert "momentum −0.5" in shown(lab).caption


def test_a_click_and_typed_numbers_are_the_same_start(lab) -> None:
    lab.stage.start = [0.5, -0.25]  # what the canvas does
    assert [part.value for part in lab.place] == [0.5, -0.25]
    assert path(lab, "simultaneous").points[0].tolist() == [0.5, -0.25]
    lab.place[1].value = 1.5
    assert lab.stage.start == [0.5, 1.5]
    assert path(lab, "optimistic").points[0].tolist() == [0.5, 1.5]


def test_paths_are_switched_and_their_parameters_offered(lab) -> None:
    lab.stage.chosen = ["consensus"]  # what the canvas does
    assert [p.name for p in shown(lab).paths if len(p.points)] == ["consensus"]
    strength = lab.forms["consensus"].controls["strength"].widget
    assert strength in lab._parameters.children
    before = path(lab, "consensus").factor
    strength.value = 0.5
    assert path(lab, "consensus").factor == pytest.approx(np.hypot(1 - 0.1, 0.2))
    assert path(lab, "consensus").factor != before
    lab.stage.chosen = []
    assert not any(len(p.points) for p in shown(lab).paths)
    assert shown(lab).flow is not None


def test_every_planar_game_can_be_chosen(lab) -> None:
    names = [value for _, value in lab.game.menu.options]
    assert names == [name for name, e in catalogue.entries("games").items() if not e.takes_target]
    flows = []
    for name in names:
        lab.game.menu.value = name
        flows.append(shown(lab).flow)
        assert all(p.words for p in shown(lab).paths if len(p.points))
    assert not np.allclose(flows[0], flows[1])
    assert lab.message.value == ""


def test_steps_and_the_plane_are_chosen(lab) -> None:
    lab.steps.value = 1000
    lab.reach.value = 5
    assert shown(lab).step == 1000
    assert shown(lab).extent == (-5, 5, -5, 5)


def test_what_makes_no_sense_is_said_and_nothing_is_lost(lab) -> None:
    before = lab.stage.scene
    form = lab.forms["alternating"].controls
    form["discriminator_steps"].widget.value = 0
    form["generator_steps"].widget.value = 0
    assert "must not both be 0" in lab.message.value
    form["generator_steps"].widget.value = 1
    form["discriminator_steps"].widget.value = 1
    assert lab.message.value == ""
    assert lab.stage.scene == before


def test_the_settings_as_python_make_the_same_lab(lab) -> None:
    lab.game.menu.value = "dirac"
    lab.game.form.controls["gradient_penalty"].widget.value = 0.5
    lab.stage.chosen = ["alternating", "runge_kutta"]
    lab.rate.widget.value = 0.3
    made: dict = {}
    exec(lab.python.value.replace("\norbit_lab(", "\nagain = orbit_lab("), made)
    assert unpack(made["again"].stage.scene).caption == shown(lab).caption
    assert made["again"].stage.scene == lab.stage.scene
    made["again"].close()


def test_the_page_plays_without_a_kernel(lab, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    lab._page(lab.link)
    html = next((tmp_path / "gan_edu_runs").glob("*.html")).read_text()
    assert "function makePathPainter" in html
    assert "orbit-bilinear-1.html" in lab.link.value


def test_making_it_again_stops_the_first(lab) -> None:
    again = orbit_lab(steps=50, key="test", fallback=False)
    assert lab.stage.comm is None
    assert isinstance(again, OrbitLab)
    again.close()


def test_where_widgets_cannot_show_there_is_a_picture(monkeypatch) -> None:
    monkeypatch.setenv("GAN_EDU_FALLBACK", "1")
    picture = orbit_lab(dirac(gradient_penalty=1.0), ["simultaneous", "consensus:strength=0.5"], steps=50)
    assert isinstance(picture, Picture)
    assert picture.alt.startswith("Dirac-GAN: the point x, the slope y · step size 0.2. simultaneous: ×0.9")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"game": "gan"}, "game must be planar, one of bilinear, dirac, quadratic; got 'gan'"),
        ({"game": "bilinear:dimensions=3"}, "game must be planar"),
        ({"dynamics": ["sideways"]}, "dynamics must be one of"),
        ({"learning_rate": -1}, "learning_rate must be a number from"),
        ({"momentum": 1}, "momentum must be a number from"),
        ({"steps": 0}, "steps must be a whole number from 1"),
    ],
)
def test_wrong_arguments_are_refused(arguments, words) -> None:
    with pytest.raises(ValueError, match=words):
        orbit_lab(**arguments)


def test_the_recorded_page_is_what_the_lab_opens_with() -> None:
    run, curves = recorded.load("orbit")
    (kept,), settings = unpack_run(run)
    (made,), again = unpack_run(recorded.make("orbit")[0])
    assert (settings, curves) == (again, {})
    assert [path.name for path in kept.paths] == [path.name for path in made.paths] == list(SHOWN)
    for old, new in zip(kept.paths, made.paths, strict=True):
        assert (old.words, old.style) == (new.words, new.style)
        np.testing.assert_allclose(old.points, new.points, rtol=1e-4, atol=1e-6)


def test_remedies_are_ways_to_play() -> None:
    chosen = ["historical_averaging:strength=0.1", "unrolled:steps=1,learning_rate=0.2,optimizer=sgd"]
    paths = orbit_scene(bilinear(), chosen, steps=400).paths
    assert [path.name for path in paths] == ["historical_averaging", "unrolled"]
    assert 0.98 < float(paths[0].words[1:7]) < 0.99
    assert paths[1].factor == pytest.approx(0.96**0.5, abs=1e-6)  # 1 - 2 eta² + eta²
    assert "0.9798 spirals in" in paths[1].words
