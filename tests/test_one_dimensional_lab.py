"""The one-dimensional lab without a browser: a run at open, menus that tell the truth, k and loss acting at once."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gan_edu.figures.picture import Picture
from gan_edu.labs import recorded
from gan_edu.labs.one_dimensional import TARGETS, OneDimensionalLab, one_dimensional_lab
from gan_edu.labs.texts import TEXTS
from gan_edu.presets import PRESETS
from gan_edu.scenes import unpack, unpack_run

NAMES = [name for name, preset in PRESETS.items() if preset.lab == "one_dimensional"]


@pytest.fixture(autouse=True)
def folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GAN_EDU_FALLBACK", raising=False)


@pytest.fixture
def lab() -> Iterator[OneDimensionalLab]:
    made = one_dimensional_lab("lagging", seed=3)
    assert isinstance(made, OneDimensionalLab)
    yield made
    made.close()


def until(condition: Callable[[], bool], seconds: float = 20) -> None:
    """Wait for another thread."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never came true"
        time.sleep(0.005)


def test_it_opens_on_a_run_in_which_d_keeps_up() -> None:
    lab = one_dimensional_lab()
    assert isinstance(lab, OneDimensionalLab)
    assert (lab.stage.mode, lab.stage.autoplay) == ("player", True)
    scenes, settings = unpack_run(lab.stage.run)
    assert settings["preset"] == "approach"
    assert {curve.role for curve in scenes[-1].curves} == {"real", "fake", "discriminator", "optimum"}
    assert scenes[-1].notes[0][2].startswith("V(D, G) = −1.3")
    lab.close()


def test_the_recorded_run_is_small_and_tells_the_story() -> None:
    run, curves = recorded.load("approach")
    assert len(run) < 2**20
    gap = [c - v for c, v in zip(curves["criterion"], curves["value"], strict=True)]
    assert gap[0] > 1 > 0.1 > gap[-1]
    assert -1.4 < curves["criterion"][-1] < -1.3


@pytest.mark.parametrize("name", NAMES)
def test_presets_set_every_menu(lab: OneDimensionalLab, name: str) -> None:
    lab.use_preset(name)
    lab.pause()
    arguments = PRESETS[name].make().recipe["arguments"]
    assert lab.panel.preset.value == name
    assert lab.targets.value == ("far" if "far" in TEXTS[f"preset_{name}"] else "one")
    assert lab.panel.game.form.arguments["generator_loss"] == arguments["generator_loss"]
    assert lab.session.running.game.recipe == PRESETS[name].make().recipe
    assert lab.trace == ""


def test_only_its_own_presets_are_offered(lab: OneDimensionalLab) -> None:
    assert [value for _, value in lab.panel.preset.options] == [*NAMES, ""]
    with pytest.raises(
        ValueError, match="preset must be one of approach, lagging, vanishing, rescued; got 'rot"
    ):
        one_dimensional_lab("rotating")


def test_k_and_the_loss_act_on_the_next_frame(lab: OneDimensionalLab) -> None:
    k = lab.panel.dynamics.form.controls["discriminator_steps"].widget
    assert (k.value, k.max, k.description) == (1, 20, TEXTS["line_k"])
    lab.train()
    until(lambda: lab.session.frame.step > 8)
    k.value = 7
    until(lambda: len(lab.session.frame.settings.dynamics.draws) == 8)
    lab.panel.game.form.controls["generator_loss"].widget.value = "minimax"
    until(lambda: lab.session.frame.settings.game.recipe["arguments"]["generator_loss"] == "minimax")
    lab.pause()
    assert [words for _, _, words in unpack(lab.stage.scene).notes][1].endswith("(trains G)")
    assert len(lab.session.runs) == 1
    assert lab.trace == ""


def test_d_alone_walks_to_the_best_one(lab: OneDimensionalLab) -> None:
    """k = 0 would hold D still; "D only" holds G still, and its value climbs to C(G)."""
    from gan_edu import views

    before = views.densities(lab.session.frame)
    for _ in range(150):
        lab.session.advance("D")
    after = views.densities(lab.session.frame)
    assert after.criterion == pytest.approx(before.criterion)
    assert after.criterion - after.value < 0.2 * (before.criterion - before.value)


@pytest.mark.parametrize("name", TARGETS)
def test_every_target_of_the_menu_trains(lab: OneDimensionalLab, name: str) -> None:
    lab.targets.value = name if name != "one" else "two"
    until(lambda: lab.session.frame.step > 0)
    lab.pause()
    lab.targets.value = name
    lab.step()
    assert lab.targets.value == name
    assert (
        lab.panel.target.form.arguments["means"]
        == lab.session.running.game.recipe["arguments"]["target"]["arguments"]["means"]
    )
    assert lab.trace == ""


def test_another_target_is_your_own() -> None:
    made = one_dimensional_lab(target="line:means=[0.5],stds=[0.2]", game="gan:width=8,latent_dim=3")
    assert isinstance(made, OneDimensionalLab)
    assert (made.targets.value, made.panel.preset.value, made.stage.mode) == ("", "", "live")
    made.close()
    with pytest.raises(ValueError, match="target must have one dimension; got ring with 2"):
        one_dimensional_lab(target="ring")


def test_without_widgets_there_are_pictures() -> None:
    strip = one_dimensional_lab("vanishing", batch_size=8, dynamics="alternating", fallback=True)
    assert isinstance(strip, Picture)
    assert strip.alt.startswith("6 moments of a training: step 0 · D lags behind D*")


def test_its_page_is_written(lab: OneDimensionalLab) -> None:
    lab.step()
    lab.share.buttons[0].click()
    until(lambda: not lab.share._worker.running)
    assert lab.trace == ""
    page = next(Path().glob("gan_edu_runs/*.html")).read_text()
    assert "A GAN learns “line”" in page
