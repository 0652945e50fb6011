"""The features lab without a browser: a picture at open, one of every moment, the layer and the switch in sight."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gan_edu.figures.picture import Picture
from gan_edu.labs import recorded
from gan_edu.labs.features import FeaturesLab, features_lab
from gan_edu.labs.texts import TEXTS
from gan_edu.parameters import peel
from gan_edu.presets import PRESETS
from gan_edu.views.features import features_seen

NAMES = [name for name, preset in PRESETS.items() if preset.lab == "features"]


@pytest.fixture(autouse=True)
def folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GAN_EDU_FALLBACK", raising=False)


@pytest.fixture
def lab() -> Iterator[FeaturesLab]:
    made = features_lab(game="gan:width=8", batch_size=16, seed=3)
    assert isinstance(made, FeaturesLab)
    yield made
    made.close()


def until(condition: Callable[[], bool], seconds: float = 20) -> None:
    """Wait for another thread."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never came true"
        time.sleep(0.005)


def remedies_of(lab: FeaturesLab) -> list[tuple[str, int]]:
    around = peel(lab.session.running.game.recipe or {})[0]
    return [(remedy["name"], remedy["arguments"]["below"]) for remedy in around]


def test_it_opens_on_a_run_that_covers_with_the_picture_of_its_end() -> None:
    lab = features_lab()
    assert isinstance(lab, FeaturesLab)
    assert (lab.stage.mode, lab.stage.autoplay) == ("player", True)
    seen = lab.seen()
    assert (seen.step, seen.maps.shape[0], len(seen.real)) == (2400, 6, 64)
    assert seen.gap < 0.5
    lab.show_seen()
    assert lab.image.value[1:4] == b"PNG"
    assert TEXTS["features_recorded"] in lab.told.value
    assert 'role="img" aria-label="step 2,400: the means of 64 features' in lab.told.value
    lab.close()


def test_the_recorded_run_is_small_and_covers() -> None:
    run, curves = recorded.load("matching")
    assert len(run) < 2**20
    assert set(curves["basins"][len(curves["basins"]) // 4 :]) == {8}
    assert 0.2 < curves["high_quality_share"][-1] < 0.9


@pytest.mark.parametrize("name", NAMES)
def test_presets_set_the_switch_and_the_layer(lab: FeaturesLab, name: str) -> None:
    lab.use_preset(name)
    lab.pause()
    assert lab.panel.preset.value == name
    assert lab.panel.remedies.on == ["feature_matching"]
    assert remedies_of(lab) == [("feature_matching", lab.layer.value)]
    assert lab.layer.max == (3 if name == "matching_first_layer" else 2)
    assert lab.session.running.game.recipe == PRESETS[name].make().recipe
    assert lab.trace == ""


def test_only_its_own_presets_are_offered(lab: FeaturesLab) -> None:
    assert [value for _, value in lab.panel.preset.options] == [*NAMES, ""]


def test_the_picture_is_of_the_moment_and_the_layer(lab: FeaturesLab) -> None:
    """As the view says, also after scrubbing back; the layer that is looked at is the slider's."""
    for _ in range(2):
        lab.step()
    for index, below in ((2, 1), (0, 1), (0, 2)):
        lab.session.scrub(index)
        lab.layer.value = below
        expected = features_seen(lab.session.recording[index], below=below)
        assert lab.seen().step == index
        assert lab.seen().gap == expected.gap
        lab.show_seen()
        assert f"step {index}: the means of 8 features" in lab.told.value
    assert lab._keep == lab.seen().units.tolist()
    before = lab.image.value
    lab.session.scrub(2)
    lab.show_seen()
    assert lab.image.value != before


def test_the_switch_acts_on_the_next_frame(lab: FeaturesLab) -> None:
    lab.train()
    until(lambda: lab.session.frame.step > 0)
    lab.panel.remedies.switches["feature_matching"].value = False
    until(lambda: remedies_of(lab) == [])
    lab.layer.value = 2  # to look at, and for when it is back
    lab.panel.remedies.switches["feature_matching"].value = True
    until(lambda: remedies_of(lab) == [("feature_matching", 2)])
    lab.pause()
    assert len(lab.session.runs) == 1
    assert lab.trace == ""


def test_what_can_not_be_drawn_is_said(lab: FeaturesLab) -> None:
    lab.show_seen()
    assert lab.image.layout.display == ""
    lab.use(lab.panel.settings, fresh=True)
    packed = features_lab(game="gan:width=8", remedies=["packing:pack=2"])
    assert isinstance(packed, FeaturesLab)
    packed.show_seen()
    assert packed.image.layout.display == "none"
    assert "one example at a time" in packed.told.value
    packed.close()


def test_the_axis_of_means_stays_while_they_fit(lab: FeaturesLab) -> None:
    lab.show_seen()
    top = lab._top
    lab.step()
    lab.show_seen()
    assert lab._top == top > 0


def test_without_widgets_there_are_pictures() -> None:
    strip = features_lab(game="gan:width=8", batch_size=8, preset="matching_strong_d", fallback=True)
    assert isinstance(strip, Picture)
    assert strip.alt.startswith("5 moments of a training: step 0")
