"""The generators lab without a browser: a picture at open, one of every moment, with and without classes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from gan_edu.figures.picture import Picture
from gan_edu.labs import recorded
from gan_edu.labs.generators import GeneratorsLab, generators_lab
from gan_edu.labs.session import fresh_parameters
from gan_edu.labs.texts import TEXTS
from gan_edu.presets import PRESETS
from gan_edu.views.generators import GeneratorsSeen, generators_seen

NAMES = [name for name, preset in PRESETS.items() if preset.lab == "generators"]


@pytest.fixture(autouse=True)
def folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GAN_EDU_FALLBACK", raising=False)


@pytest.fixture
def lab() -> Iterator[GeneratorsLab]:
    made = generators_lab(game="mad_gan:generators=3,width=8", batch_size=16, seed=3)
    assert isinstance(made, GeneratorsLab)
    yield made
    made.close()


def test_it_opens_on_a_run_with_the_picture_of_its_end() -> None:
    lab = generators_lab()
    assert isinstance(lab, GeneratorsLab)
    assert (lab.stage.mode, lab.stage.autoplay) == ("player", True)
    seen = lab.seen()
    assert (seen.step, seen.k, seen.told_apart) == (600, 8, True)
    lab.show_seen()
    assert lab.image.value[1:4] == b"PNG"
    assert TEXTS["generators_recorded"] in lab.told.value
    assert 'role="img" aria-label="step 600: 8 generators; 1: mode' in lab.told.value
    lab.close()


def test_the_recorded_run_is_small_and_each_generator_finds_its_place() -> None:
    run, curves = recorded.load("mad")
    assert len(run) < 2**20
    assert curves["step"][-1] == 600
    assert curves["basins"][-1] == 8
    shares = GeneratorsSeen.from_json(curves["generators"]).shares
    assert shares.shape == (8, 8)
    assert len(set(shares.argmax(1))) >= 7
    assert np.median(shares.max(1)) > 0.9
    assert shares.mean(0).max() < 0.3  # the mixture is even, though no generator is


def test_the_picture_is_of_the_moment_that_is_looked_at(lab: GeneratorsLab) -> None:
    """As the view says, also after scrubbing back."""
    lab.step()
    pictures = set()
    for index in (1, 0):
        lab.scrub(index)
        expected = generators_seen(lab.session.recording[index])
        seen = lab.seen()
        assert seen.step == index
        np.testing.assert_array_equal(seen.owner, expected.owner)
        np.testing.assert_array_equal(seen.samples, expected.samples)
        lab.show_seen()
        assert f"step {index}: 3 generators" in lab.told.value
        assert TEXTS["generators_told"] in lab.told.value
        pictures.add(lab.image.value)
    assert len(pictures) == 2
    assert lab.trace == ""


def test_a_d_without_classes_has_no_map(lab: GeneratorsLab) -> None:
    lab.use(generators_lab_settings("mad_gan:generators=3,width=8,classify=False"), fresh=True)
    assert not lab.seen().told_apart
    lab.show_seen()
    assert "no map of who is who" in lab.told.value
    assert lab.trace == ""


def generators_lab_settings(game: str):
    other = generators_lab(game=game, batch_size=16, key="other")
    assert isinstance(other, GeneratorsLab)
    settings = other.session.wanted
    other.close()
    return settings


@pytest.mark.slow
def test_presets_set_every_menu(lab: GeneratorsLab) -> None:
    assert [value for _, value in lab.panel.preset.options] == [*NAMES, ""]
    for name in NAMES:
        lab.use_preset(name)
        lab.pause()
        assert lab.panel.preset.value == name
        assert lab.session.running.game.recipe == PRESETS[name].make().recipe
        lab.show_seen()
    assert lab.trace == ""


@pytest.mark.slow
def test_generators_have_their_colours_on_the_stage(lab: GeneratorsLab) -> None:
    from gan_edu.scenes import unpack

    lab.step()
    classes = unpack(bytes(lab.stage.scene)).classes
    assert classes is not None
    assert classes[:4].tolist() == [0, 1, 2, 0]


@pytest.mark.slow
def test_without_widgets_there_are_pictures() -> None:
    strip = generators_lab("few", game="mad_gan:generators=2,width=8", batch_size=8, fallback=True)
    assert isinstance(strip, Picture)
    assert strip.alt.startswith("5 moments of a training: step 0")
    with pytest.raises(ValueError, match=r"preset must be one of mad, isolated, .*; got 'rotating'"):
        generators_lab("rotating")


@pytest.mark.parametrize("name", ["mad_gan", "mad_gan_sim"])
def test_what_makes_other_networks_waits_for_reset(name: str) -> None:
    """Found by trying values that go with the defaults: not all do, a similarity needs two generators."""
    fresh = fresh_parameters("games", name)
    assert {"generators", "classify", "shared", "width", "depth"} <= set(fresh)
    assert not {"weight", "generator_loss"} & set(fresh)
