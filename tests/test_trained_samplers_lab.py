"""The sampler lab on a trained GAN without a browser: what is asked for is what picture and words say."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterator

import pytest
import torch

from gan_edu.data.line import line
from gan_edu.data.ring import ring
from gan_edu.figures.drawing import Drawing
from gan_edu.figures.palette import PALETTE
from gan_edu.games.gan import gan
from gan_edu.games.wasserstein import wasserstein
from gan_edu.labs import recorded
from gan_edu.labs.collapse import collapse_lab
from gan_edu.labs.lab import Lab
from gan_edu.labs.trained_samplers import (
    MOMENT,
    RECORDED,
    TrainedSamplerLab,
    charted,
    pack,
    trained_sampler_lab,
    unpack,
)
from gan_edu.metrics.modes import high_quality_share, modes_covered
from gan_edu.recording import Recording, record
from gan_edu.views.trained_sampling import Setting


@pytest.fixture(scope="module")
def recording() -> Recording:
    """Small and quick: an hour of patience would not make it good."""
    game = gan(ring(modes=4, std=0.2), width=8, latent_dim=2)
    return record(game, steps=60, steps_per_frame=20, progress=False, runs=2, device="cpu")


def opened(*source, **settings) -> TrainedSamplerLab:
    made = trained_sampler_lab(*source, **settings, key="test", fallback=False)
    assert isinstance(made, TrainedSamplerLab)
    return made


@pytest.fixture
def lab(recording) -> Iterator[TrainedSamplerLab]:
    made = opened(recording, proposals=10)
    yield made
    made.close()


def settle(lab: TrainedSamplerLab) -> None:
    """Until all that was asked for is drawn."""
    end = time.monotonic() + 60
    while not lab.settled:
        assert lab.worker.running, lab.message.value
        assert time.monotonic() < end
        time.sleep(0.01)


def test_it_opens_on_the_recorded_run_where_there_is_something_to_see() -> None:
    lab = opened()
    assert lab.moment.frame == MOMENT
    assert "Step 4,800. G alone: 20 of 25 modes" in lab.picture.alt
    plain, drs, mh = (lab.samplers.at(MOMENT, Setting()).outcomes[name] for name in ("plain", "drs", "mh"))
    assert 0.10 < plain.divergence < 0.15
    assert mh.divergence < 0.4 * plain.divergence
    assert mh.divergence < 0.7 * drs.divergence
    assert f"JSD {plain.divergence:.3f} for G alone, {drs.divergence:.3f} with DRS" in lab.message.value
    assert lab.place.value == "step 4,800 · frame 9 of 21"
    lab.close()


def test_the_recorded_run_is_small_and_is_that_of_its_preset() -> None:
    run, _ = recorded.load(RECORDED)
    assert len(run) < 2**20
    made = unpack(run)
    target = made.game.target
    modes = [int(modes_covered(made.samples(frame, 2000), target)) for frame in (0, MOMENT, -1)]
    assert modes[0] <= 2
    assert 17 <= modes[1] <= 23
    assert modes[2] >= 23
    assert 0.9 < float(high_quality_share(made.samples(-1, 2000), target)) < 0.98


def test_packing_keeps_the_players_to_half_precision(recording) -> None:
    again = unpack(pack(recording))
    assert again.steps.tolist() == recording.steps.tolist()
    assert again.settings.as_json() == recording.settings.as_json()
    for old, new in zip(recording, again, strict=True):
        for name in ("theta_d", "theta_g"):
            torch.testing.assert_close(new.players[name], old.players[name], rtol=1e-3, atol=1e-4)


def test_it_charts_the_whole_training_while_nothing_is_asked(lab) -> None:
    settle(lab)
    assert "moments" not in lab.picture.svg
    values = [lab.samplers.divergence(frame, lab.moment.setting) for frame in range(4)]
    assert all(set(value) == {"plain", "drs", "mh"} for value in values)
    lab.proposals.value = 5
    settle(lab)
    assert "MH-GAN, K = 5" in lab.picture.svg
    assert lab.samplers.divergence(0, Setting(proposals=10)) == values[0]  # kept


def test_controls_keys_and_the_command(lab, recording) -> None:
    assert lab.moment.frame == lab.timeline.value == 3
    lab._pressed("ArrowLeft")
    assert lab.timeline.value == 2
    lab._pressed("Home")
    lab._pressed("ArrowLeft")
    assert lab.moment.frame == 0
    lab.timeline.value = 1
    lab.percentile.value = 50
    lab.calibration.value = "platt"
    lab.chain_start.value = "fake"
    settle(lab)
    seen = lab.samplers.at(1, Setting(50, 10, "platt", "fake"))
    assert seen.setting == lab.moment.setting
    assert f"Step 20. G alone: {seen.outcomes['plain'].modes} of 4 modes" in lab.picture.alt
    assert f"JSD {seen.outcomes['mh'].divergence:.4f}" in lab.picture.alt
    made: dict = {"recording": recording}
    exec(lab.python.value.replace("\ntrained_sampler_lab(", "\nagain = trained_sampler_lab("), made)
    assert made["again"].moment == lab.moment
    made["again"].close()


def test_the_newest_wish_is_drawn(lab) -> None:
    settle(lab)
    for proposals in (1, 2, 3, 5, 7, 15, 20, 30):
        lab.proposals.value = proposals
    settle(lab)
    assert "MH-GAN, K = 30:" in lab.picture.alt


def test_failure_cases_say_what_is_seen_and_are_taken_back(lab) -> None:
    before = lab.moment.setting
    lab.case.value = "overconfident"
    settle(lab)
    assert lab.calibration.value == "none"
    assert "5 times too large" in lab.message.value
    lab.calibration.value = "beta"
    settle(lab)
    assert "calibration with beta has undone it" in lab.message.value
    lab.case.value = "weak"
    settle(lab)
    assert "5 times too small" in lab.message.value
    lab.case.value = "unclipped"
    settle(lab)
    assert "says exactly 1" in lab.message.value
    assert (lab.calibration.value, lab.calibration.disabled) == ("isotonic", True)
    lab.case.value = "old_proposals"
    settle(lab)
    assert "once more what they have refused" in lab.message.value
    assert (lab.proposals.value, lab.chain_start.disabled) == (5, True)
    assert not lab.calibration.disabled
    lab.case.value = "none"
    settle(lab)
    assert lab.moment.setting == before
    assert "offered the same draws" in lab.message.value


def test_again_draws_other_numbers_and_reset_brings_all_back(lab) -> None:
    settle(lab)
    first = lab.picture.svg
    lab.buttons[0].click()
    settle(lab)
    assert lab.moment.seed == 100
    assert lab.picture.svg != first
    lab.case.value = "weak"
    lab.timeline.value = 0
    lab.buttons[1].click()
    settle(lab)
    assert lab.moment == lab.start
    assert lab.picture.svg == first


def test_dark_pages(lab) -> None:
    settle(lab)
    light = lab.picture.svg
    lab.picture.dark = True
    settle(lab)
    assert PALETTE.dark.background in lab.picture.svg
    lab.picture.dark = False
    settle(lab)
    assert lab.picture.svg == light


def test_a_d_whose_output_is_no_number_is_told_and_leaves_a_gap(recording) -> None:
    frames = list(recording)
    state = frames[1].state
    broken = {**state.players, "theta_d": torch.full_like(state.players["theta_d"], torch.nan)}
    frames[1] = dataclasses.replace(frames[1], state=dataclasses.replace(state, players=broken))
    lab = opened(Recording(None, frames), proposals=5)
    settle(lab)
    lab.timeline.value = 1
    settle(lab)
    assert "Not possible: log ratios must be finite or -inf; got" in lab.message.value
    lab.timeline.value = 2
    settle(lab)
    assert "Step 40." in lab.picture.alt
    lab.close()


def test_the_run_in_hand_of_another_lab_at_the_moment_that_it_shows() -> None:
    made = collapse_lab(target="ring:modes=3", game="gan:width=8", key="source", fallback=False, runs=2)
    assert isinstance(made, Lab)
    for _ in range(3):
        made.step()
    made.scrub(1)
    made.population = 1
    lab = opened(made, proposals=5)
    assert (lab.moment.frame, len(lab.samplers), lab.samplers.run) == (1, 4, 1)
    assert "of 3 modes" in lab.picture.alt
    made.step()
    assert len(lab.samplers) == 4
    lab.close()
    made.close()


def test_making_it_again_stops_the_first(lab, recording) -> None:
    again = opened(recording, proposals=10)
    assert not lab.worker.running
    assert lab.picture.comm is None
    again.close()
    assert not again.worker.running


def test_a_bound_that_nobody_reaches_is_told() -> None:
    """Gamma at the largest F of the pilot: only what D likes as much comes out."""
    lab = opened(frame=5, percentile=100, proposals=5)
    settle(lab)
    count = len(lab.samplers.at(5, lab.moment.setting).outcomes["drs"].x)
    assert count < 900
    assert f"DRS gave {count} of 1000 points in 100,000 proposals" in lab.message.value
    assert f"only {count} of 1000 came out" in lab.picture.svg
    lab.close()


def test_known_densities_of_the_plane() -> None:
    """With an exact D the chains are as good as perfect draws where q is wide enough, and the words are of widths."""
    lab = opened("known_ring")
    settle(lab)
    assert (lab.timeline.description, lab.place.value) == ("width of q", "s = 2.00 · 5 of 13")
    assert "q alone" in lab.picture.svg
    assert lab.message.value.count("Known densities") == 1
    lab.calibration.value = "none"
    settle(lab)
    seen = lab.samplers.at(4, lab.moment.setting)
    assert seen.outcomes["mh"].divergence < 2 * seen.perfect
    assert abs(seen.outcomes["mh"].high_quality - 0.989) < 4 * 0.0033  # 1 - exp(-9/2)
    assert seen.outcomes["plain"].divergence > 0.2
    assert 0.7 < seen.before.mean_ratio < 1.3
    assert "trained_sampler_lab('known_ring', frame=4" in lab.python.value
    lab.close()


def test_where_widgets_cannot_show_there_is_a_picture_with_the_whole_chart(recording, monkeypatch) -> None:
    monkeypatch.setenv("GAN_EDU_FALLBACK", "1")
    picture = trained_sampler_lab(recording, frame=1, proposals=5)
    assert isinstance(picture, Drawing)
    assert picture.alt.startswith("Step 20.")
    assert "moments" not in picture.svg


def test_long_trainings_are_charted_at_some_moments() -> None:
    frames = charted(1000)
    assert (len(frames), frames[0], frames[-1]) == (24, 0, 999)
    assert charted(1) == [0]


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (
            {"calibration": "probit"},
            "calibration must be one of none, isotonic, isotonic_laplace, platt, beta; got 'probit'",
        ),
        ({"start": "noise"}, "start must be one of real, fake; got 'noise'"),
        ({"case": "bug"}, "case must be one of none, overconfident, weak, .*; got 'bug'"),
        ({"proposals": 0}, "proposals must be a whole number from 1 to 640; got 0"),
        ({"proposals": 2.5}, "from 1 to 640; got 2.5"),
        ({"percentile": 101}, "percentile must be a number from 0 to 100; got 101"),
        ({"frame": 4}, "frame must be a whole number from -4 to 3; got 4"),
        ({"run": 2}, "run must be a whole number from 0 to 1; got 2"),
    ],
)
def test_wrong_arguments_are_refused(recording, settings, said) -> None:
    with pytest.raises(ValueError, match=said):
        trained_sampler_lab(recording, **settings)


def test_what_cannot_be_sampled_is_refused() -> None:
    with pytest.raises(
        ValueError, match=r"source must be a recording, a lab or one of known_ring, rotating, .*; got 'ring'"
    ):
        trained_sampler_lab("ring")
    critic = record(wasserstein(ring(), width=4), steps=1, progress=False)
    with pytest.raises(ValueError, match="gives the logit of a probability; got a critic"):
        trained_sampler_lab(critic)
    on_a_line = record(gan(line([0.0], [1.0]), width=4), steps=1, progress=False)
    with pytest.raises(ValueError, match="those of a plane, for the picture; got 1 numbers"):
        trained_sampler_lab(on_a_line)
