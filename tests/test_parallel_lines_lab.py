"""The parallel-lines lab without a browser: what the controls ask for is what the picture shows."""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np
import pytest

from gan_edu.figures.parallel_lines import Drawing
from gan_edu.labs import parallel_lines as module
from gan_edu.labs import recorded
from gan_edu.labs.parallel_lines import ParallelLinesLab, parallel_lines_lab, race_scenes, sentence
from gan_edu.scenes import unpack_run
from gan_edu.views.parallel_lines import LOSSES, descent


@pytest.fixture
def lab() -> Iterator[ParallelLinesLab]:
    made = parallel_lines_lab(key="test", fallback=False)
    assert isinstance(made, ParallelLinesLab)
    yield made
    made.close()


def words(lab: ParallelLinesLab) -> str:
    return lab.message.value


def wait(lab: ParallelLinesLab) -> None:
    """Until the training has ended by itself."""
    end = time.monotonic() + 60
    while lab.worker.running:
        assert time.monotonic() < end
        time.sleep(0.01)
    lab.worker.stop()


def test_it_opens_with_two_lines_that_are_apart(lab) -> None:
    assert (lab.theta.value, lab.noise.value, lab.loss.value) == (1.0, 0.0, "minimax")
    assert "JSD 0.693, KL ∞, W 1.000" in lab.picture.alt
    assert [value for _, value in lab.loss.options] == list(LOSSES)
    assert "stands still" in words(lab)
    assert lab.buttons[1].disabled


def test_the_minimax_generator_stands_still_and_the_critics_walks(lab, monkeypatch) -> None:
    monkeypatch.setattr(module, "PAUSE", 0.001)
    monkeypatch.setattr(module, "MOST_STEPS", 30)
    lab.train()
    wait(lab)
    assert set(lab.moment.walks[-1].path) == {1.0}
    assert len(lab.moment.walks[-1].path) == module.MOST_STEPS + 1
    lab.loss.value = "wasserstein"
    lab.train()
    wait(lab)
    np.testing.assert_allclose(
        lab.moment.walks[-1].path, descent(1.0, "wasserstein", steps=module.MOST_STEPS), atol=1e-12
    )
    assert [walk.loss for walk in lab.moment.walks] == ["minimax", "wasserstein"]
    assert (lab.theta.value, lab.picture.at) == (0.0, 0.0)
    assert "all three distances are 0" in words(lab)
    assert lab.play.description == "Train G"


def test_noise_brings_the_slope_back(lab) -> None:
    lab.noise.widget.value = 0.5
    assert "the slope is 0.899" in words(lab)
    lab.step()
    assert lab.moment.theta == pytest.approx(1 - 0.05 * 0.8991990184)
    assert lab.theta.value == pytest.approx(0.96)
    lab.rate.widget.value = 0.1
    lab.step()
    assert lab.moment.theta == pytest.approx(
        descent(lab.moment.walks[-1].path[0], "minimax", noise=0.5, rate=0.1)[1]
    )


def test_a_line_that_is_dragged_begins_a_new_walk(lab) -> None:
    lab.step()
    lab.picture.wanted = -0.4  # what the picture does
    assert lab.theta.value == -0.4
    assert [walk.path for walk in lab.moment.walks] == [(1.0, 1.0), (-0.4,)]
    lab.theta.value = 0.25  # what the slider does
    assert lab.moment.theta == 0.25
    assert "W 0.250" in lab.picture.alt
    assert len(lab.moment.walks) == 2  # a walk that led nowhere is not kept


def test_only_the_last_walks_are_kept(lab) -> None:
    for k in range(10):
        lab.move(k / 10)
        lab.step()
    assert len(lab.moment.walks) == module.WALKS


def test_undo_and_reset(lab) -> None:
    lab.loss.value = "wasserstein"
    lab.noise.widget.value = 0.2
    lab.step()
    lab.step()
    assert not lab.buttons[1].disabled
    lab.undo()  # both steps came within a second
    assert (lab.moment.theta, lab.moment.noise) == (1.0, 0.2)
    lab.undo()
    assert (lab.moment.noise, lab.noise.value, lab.moment.loss) == (0.0, 0.0, "wasserstein")
    lab.reset()
    assert lab.moment == lab.start
    assert lab.loss.value == "minimax"
    lab.undo()
    assert lab.loss.value == "wasserstein"
    lab.undo()
    assert lab.moment == lab.start
    assert lab.buttons[1].disabled
    lab.undo()
    assert lab.moment == lab.start


def test_pause_stops_and_controls_act_while_it_trains(lab) -> None:
    lab.loss.value = "wasserstein"
    lab.rate.widget.value = 0.01
    lab.train()
    assert lab.play.description == "Pause"
    end = time.monotonic() + 30
    while len(lab.moment.walks[-1].path) < 3 and time.monotonic() < end:
        time.sleep(0.01)
    lab.noise.widget.value = 0.3
    assert lab.worker.running
    assert (lab.moment.noise, lab.noise.value) == (0.3, 0.3)
    lab.train()
    assert not lab.worker.running
    here = lab.moment.theta
    time.sleep(0.15)
    assert lab.moment.theta == here
    assert here < 1
    lab._slid(round(here, 2))  # the browser answers, rounded, what the training has told it
    assert lab.moment.theta == here


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"loss": "non_saturating"}, "infinite"),
        ({"loss": "likelihood"}, "infinite"),
        ({"loss": "minimax", "noise": 0.1}, "10.0 standard deviations"),
        ({"loss": "non_saturating", "noise": 0.1}, "far too much"),
        ({"loss": "minimax", "noise": 0.4}, "θ can move"),
        ({"loss": "wasserstein"}, "from far away as from near"),
        ({"loss": "wasserstein", "theta": -0.03}, "−0.03: less than a step"),
        ({"theta": 0.0}, "lie on each other"),
    ],
)
def test_it_says_what_is_seen(settings, said) -> None:
    made = parallel_lines_lab(**settings, key="test", fallback=False)
    assert isinstance(made, ParallelLinesLab)
    assert said in sentence(made.moment)
    assert said in words(made)
    made.close()


def test_a_jump_out_of_the_picture_ends_the_training(lab, monkeypatch) -> None:
    monkeypatch.setattr(module, "PAUSE", 0.001)
    lab.loss.value = "likelihood"
    lab.noise.widget.value = 0.1
    lab.train()
    wait(lab)
    assert lab.moment.theta == pytest.approx(-4.0)
    assert "has left the picture" in words(lab)
    assert lab.theta.value == -1.5
    lab.undo()
    assert lab.moment.theta == 1.0


def test_the_settings_as_python_make_the_same_lab(lab) -> None:
    lab.loss.value = "non_saturating"
    lab.noise.widget.value = 0.3
    lab.move(-0.85)
    made: dict = {}
    exec(lab.python.value.replace("\nparallel_lines_lab(", "\nagain = parallel_lines_lab("), made)
    assert made["again"].moment.walks[-1] == lab.moment.walks[-1]
    assert made["again"].picture.alt == lab.picture.alt
    made["again"].close()


def test_dark_pages(lab) -> None:
    light = lab.picture.svg
    lab.picture.dark = True
    assert "#15191F" in lab.picture.svg
    lab.picture.dark = False
    assert lab.picture.svg == light


def test_making_it_again_stops_the_first(lab) -> None:
    lab.train()
    again = parallel_lines_lab(key="test", fallback=False)
    assert not lab.worker.running
    assert lab.picture.comm is None
    assert isinstance(again, ParallelLinesLab)
    again.close()


def test_where_widgets_cannot_show_there_is_a_picture(monkeypatch) -> None:
    monkeypatch.setenv("GAN_EDU_FALLBACK", "1")
    picture = parallel_lines_lab("minimax", noise=0.5)
    assert isinstance(picture, Drawing)
    assert picture.alt.startswith("Generator’s line at θ = 0.0")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"loss": "hinge"}, "loss must be one of minimax"),
        ({"theta": 2.0}, "theta must be a number from -1.5 to 1.5; got 2.0"),
        ({"noise": -0.1}, "noise"),
        ({"rate": 0}, "rate"),
    ],
)
def test_wrong_arguments_are_refused(arguments, said) -> None:
    with pytest.raises(ValueError, match=said):
        parallel_lines_lab(**arguments)


def test_the_recorded_page_is_the_race() -> None:
    run, curves = recorded.load("parallel_lines")
    kept, settings = unpack_run(run)
    assert (settings["start"], curves) == (1.0, {})
    made = race_scenes()
    assert len(kept) == len(made)
    for old, new in zip(kept, made, strict=True):
        assert (old.notes, old.caption) == (new.notes, new.caption)
        np.testing.assert_allclose(old.samples, new.samples, atol=1e-3)
