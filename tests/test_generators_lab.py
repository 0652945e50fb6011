"""The generators lab without a browser: a picture at open, one of every moment, with and without classes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

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


def each(lab: GeneratorsLab, index: int = -1) -> torch.Tensor:
    """Each generator's own parameters at a frame of the run in hand, (K, P)."""
    frame = lab.session.recording[index]
    apart = frame.settings.game.generator.apart
    assert apart is not None
    return apart(frame.players["theta_g"])[0]


def test_a_ticked_generator_stands_still(lab: GeneratorsLab) -> None:
    lab.step()
    lab.frozen[1].value = True
    assert "Frozen: G 2." in lab.message.value
    lab.step()
    lab.step()
    moved = (each(lab) - each(lab, 1)).abs().amax(-1)
    assert moved[1] == 0
    assert float(moved[[0, 2]].min()) > 0
    assert lab.seen().frozen == (1,)
    assert [box.value for box in lab.frozen] == [False, True, False]
    lab.frozen[1].value = False
    assert TEXTS["generators_none_frozen"] in lab.message.value
    lab.step()
    assert float((each(lab) - each(lab, -2)).abs().amax(-1)[1]) > 0
    assert [run.name for run in lab.session.runs] == ["A"]  # a setting like others
    assert lab.trace == ""


def test_generators_join_and_leave_and_nothing_is_lost(lab: GeneratorsLab) -> None:
    lab.step()
    lab.frozen[2].value = True
    lab.step()
    before = each(lab)
    lab.add(like=0)
    assert torch.equal(each(lab), before[[0, 1, 2, 0]])
    assert len(lab.frozen) == len(lab.chosen.options) == 4
    assert "G 4 begins as a copy of G 1, in run B; run A is kept without it." in lab.message.value
    assert lab.panel.settings.game.recipe == lab.session.wanted.game.recipe == lab.session.running.game.recipe
    assert lab.session.waiting == ()
    lab.step()
    assert torch.equal(each(lab)[2], before[2])
    assert not torch.equal(each(lab)[3], each(lab)[0])
    lab.show_seen()
    assert "step 3: 4 generators" in lab.told.value
    lab.remove(1)
    assert [box.value for box in lab.frozen] == [False, True, False]  # the third has moved up
    assert torch.equal(each(lab)[1], before[2])
    lab.add()
    assert "G 4 begins untrained, in run D; run C is kept" in lab.message.value
    lab.step()
    assert torch.equal(each(lab)[1], before[2])
    lab.take("A")
    assert len(lab.frozen) == 3
    assert torch.equal(each(lab), before)
    assert [len(run.recording) for run in lab.session.runs] == [3, 4, 4, 5]
    assert lab.trace == ""


def test_scrubbing_back_undoes_it(lab: GeneratorsLab) -> None:
    lab.step()
    lab.step()
    lab.add(like=2)
    lab.frozen[3].value = True
    lab.step()
    lab.scrub(1)
    assert len(lab.frozen) == 3
    lab.step()  # forks
    assert lab.session.running.game.generator.members == 3
    assert lab.session.waiting == ()
    assert lab.session.wanted.game.recipe == lab.session.running.game.recipe
    assert [len(each(lab, index)) for index in range(len(lab.session.recording))] == [3, 3, 3]
    assert lab.trace == ""


def test_what_does_not_go_is_said(lab: GeneratorsLab) -> None:
    lab.remove(0)
    lab.remove(0)
    assert len(lab.frozen) == 1
    lab.remove(0)
    assert "Not possible: mad_gan: generators must be a whole number from 1 to 64; got 0" in lab.message.value
    assert lab._who_plays.layout.display == ""
    lab.use(generators_lab_settings("gan:width=8"), fresh=True)
    assert lab._who_plays.layout.display == "none"  # nobody to choose from
    lab.use(generators_lab_settings("mad_gan:generators=2,width=8,shared=1"), fresh=True)
    lab.frozen[0].value = True
    assert "frozen needs generators that share no layers; got shared=1" in lab.message.value
    assert not lab.frozen[0].value
    assert lab.trace == ""


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
