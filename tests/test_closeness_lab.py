"""The closeness lab without a browser: a run and its heat maps at open, kernels, what is shown while it trains."""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gan_edu.figures.picture import Picture
from gan_edu.labs import recorded
from gan_edu.labs.closeness import ALL, ClosenessLab, closeness_lab
from gan_edu.labs.texts import TEXTS
from gan_edu.presets import PRESETS
from gan_edu.scenes import unpack_run
from gan_edu.views.closeness import Closeness, closeness_at

NAMES = [name for name, preset in PRESETS.items() if preset.lab == "closeness"]
SMALL = {"game": "gan:width=8", "remedies": ["minibatch_discrimination:kernels=3"], "batch_size": 16}


@pytest.fixture(autouse=True)
def folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GAN_EDU_FALLBACK", raising=False)


def opened(**options) -> ClosenessLab:
    made = closeness_lab(**options)
    assert isinstance(made, ClosenessLab)
    return made


@pytest.fixture
def lab() -> Iterator[ClosenessLab]:
    made = opened(**SMALL, seed=3)
    yield made
    made.close()


def until(condition: Callable[[], bool], seconds: float = 20) -> None:
    """Wait for another thread."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never came true"
        time.sleep(0.005)


@pytest.mark.slow
def test_it_opens_on_a_run_with_the_heat_maps_of_its_end() -> None:
    lab = opened()
    assert (lab.stage.mode, lab.stage.autoplay) == ("player", True)
    scenes, settings = unpack_run(lab.stage.run)
    assert settings["preset"] == "batches"
    seen = lab.closeness()
    assert (seen.step, seen.kernels, seen.learned) == (scenes[-1].step, 8, True)
    lab.maps.show(seen, recorded=True)
    assert "recorded run at its end, step 1,000" in lab.maps.told.value
    assert len(lab.session.recording) == 1
    lab.step()
    assert lab.closeness().step == 1  # the live run's own
    lab.close()


def test_the_recorded_run_is_small_and_tells_the_story() -> None:
    """From a batch of twins to one that is as spread as the data: by the mean of all kernels, and in basins."""
    run, curves = recorded.load("batches")
    assert len(run) < 2**20
    seen = Closeness.from_json(curves["closeness"])
    assert curves["step"][-1] == seen.step
    assert min(curves["basins"][5:40]) <= 2
    assert curves["basins"][-1] == 8
    assert len(set(seen.fake.modes)) == 8


def test_what_is_shown_is_the_view_of_the_frame(lab: ClosenessLab) -> None:
    lab.maps.show(lab.closeness())
    seen = closeness_at(lab.session.frame)
    np.testing.assert_array_equal(lab.closeness().fake.maps, seen.fake.maps)
    assert Image.open(io.BytesIO(lab.maps.image.value)).size[0] == 470
    mean = float(seen.fake.to_the_rest.mean())
    assert lab.maps.alt.endswith(f"{mean:.2f} to the rest")
    assert "Step 0: 64 real" in lab.maps.told.value
    assert TEXTS["closeness_alone"] not in lab.maps.told.value


def test_each_kernel_has_its_map(lab: ClosenessLab) -> None:
    lab.maps.show(lab.closeness())
    assert [value for _, value in lab.maps.kernel.options] == [ALL, 0, 1, 2]
    pictures = set()
    for value in (ALL, 0, 1, 2):
        lab.maps.kernel.value = value
        lab.maps.show(lab.closeness())
        pictures.add(lab.maps.image.value)
        assert ("by the mean" if value == ALL else f"by kernel {value + 1}") in lab.maps.alt
    assert len(pictures) == 4
    # another number of kernels: the one that was chosen is kept where it still is one
    lab.maps.show(closeness_at(lab.session.frame))
    assert lab.maps.kernel.value == 2


def test_fewer_kernels_and_a_d_that_compares_nothing(lab: ClosenessLab) -> None:
    lab.maps.show(lab.closeness())
    lab.maps.kernel.value = 2
    lab.panel.remedies.forms["minibatch_discrimination"].controls["kernels"].widget.value = 2
    lab.reset()
    lab.maps.show(lab.closeness())
    assert [value for _, value in lab.maps.kernel.options] == [ALL, 0, 1]
    assert lab.maps.kernel.value == ALL
    lab.panel.remedies.switches["minibatch_discrimination"].value = False
    lab.reset()
    lab.maps.show(lab.closeness())
    assert not lab.closeness().learned
    assert "looks at every example alone" in lab.maps.told.value
    assert lab.trace == ""


@pytest.mark.slow
def test_scrubbing_back_shows_that_moment(lab: ClosenessLab) -> None:
    lab.train()
    until(lambda: lab.session.frame.step >= 30)
    lab.pause()
    newest = lab.closeness().step
    lab.scrub(0)
    assert (lab.closeness().step, newest >= 30) == (0, True)
    np.testing.assert_array_equal(lab.closeness().fake.maps, closeness_at(lab.session.recording[0]).fake.maps)
    assert lab.trace == ""


@pytest.mark.slow
def test_maps_are_drawn_when_the_stage_has_been_seen(lab: ClosenessLab) -> None:
    assert lab._closeness_now() is None  # nobody looks
    lab.stage._receive(None, {"kind": "ready"}, None)
    lab._first_seen(None, {"kind": "ready"}, None)
    lab.stage._receive(None, {"kind": "drawn", "frame": 10**6}, None)
    until(lambda: lab.maps.image.value != b"")
    before = lab.maps.image.value
    lab.maps.kernel.value = 1
    until(lambda: lab.maps.image.value != before)
    assert lab.trace == ""


@pytest.mark.slow
def test_presets_set_every_menu_and_train(lab: ClosenessLab) -> None:
    assert [value for _, value in lab.panel.preset.options] == [*NAMES, ""]
    for name in NAMES:
        lab.use_preset(name)
        lab.pause()
        assert lab.panel.preset.value == name
        assert lab.session.running.game.recipe == PRESETS[name].make().recipe
    assert lab.trace == ""


@pytest.mark.slow
def test_without_widgets_there_are_pictures() -> None:
    strip = closeness_lab("one_by_one", batch_size=8, fallback=True)
    assert isinstance(strip, Picture)
    assert strip.alt.startswith("5 moments of a training: step 0")
    with pytest.raises(ValueError, match=r"preset must be one of batches, one_by_one, .*; got 'rotating'"):
        closeness_lab("rotating")
