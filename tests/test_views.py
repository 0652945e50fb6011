"""Views: the arrays of a picture are what the engine's own functions say."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from gan_edu import catalogue, views
from gan_edu.data.ring import ring
from gan_edu.games.game import Batch
from gan_edu.games.gan import gan
from gan_edu.games.hinge import hinge
from gan_edu.games.wasserstein import wasserstein
from gan_edu.metrics.modes import basins
from gan_edu.presets import PRESETS
from gan_edu.recording import Recording, draw_samples, record
from gan_edu.scenes import LAYERS, pack, unpack
from gan_edu.training import train
from gan_edu.views import over_time
from gan_edu.views.picture import TILES, TRAILS
from gan_edu.views.pushes import ARROW, as_arrows


@pytest.fixture(scope="module")
def recording() -> Recording:
    return record(gan(ring(), width=16), steps=200, runs=3, progress=False)


def test_scene_shows_what_the_networks_say(recording: Recording) -> None:
    frame, run = recording[7], 2
    picture = views.scene(recording, 7, run, n_samples=50, grid=9)
    assert picture.step == frame.step
    assert picture.caption == "step 70"
    theta_d, theta_g = (frame.players[name][run] for name in ("theta_d", "theta_g"))
    z = torch.randn(1, 50, 16, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        x_fake = recording.game.generator(theta_g, z[0])
        corner = recording.game.prob_real(theta_d, torch.tensor([[picture.extent[0], picture.extent[2]]]))
    np.testing.assert_allclose(picture.samples, x_fake, atol=1e-6)
    np.testing.assert_allclose(picture.field[0, 0], corner[0], atol=1e-6)
    assert picture.field.shape == (9, 9)


def test_the_same_points_move_and_looking_changes_nothing(recording: Recording) -> None:
    random = [frame.random.clone() for frame in recording]
    first, again = views.scene(recording, 3), views.scene(recording, 3)
    for name in LAYERS:
        np.testing.assert_array_equal(getattr(first, name), getattr(again, name))
    np.testing.assert_array_equal(first.data, views.scene(recording, 9).data)
    assert all(torch.equal(a, frame.random) for a, frame in zip(random, recording, strict=True))


def test_pushes_are_minus_the_gradient_of_the_generators_loss(recording: Recording) -> None:
    """Against finite differences of softplus(-D(x)), one sample and coordinate at a time."""
    game = recording.game
    players = {name: theta[:1].double() for name, theta in recording[-1].players.items()}
    z = torch.randn(1, 5, 16, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    x, push = views.pushes(game, players, Batch(torch.empty(1, 0, 2), z))
    torch.testing.assert_close(x, game.generator(players["theta_g"], z))

    def loss(points: torch.Tensor) -> torch.Tensor:
        return torch.nn.functional.softplus(-game.discriminator(players["theta_d"], points)).squeeze(-1)

    for axis in range(2):
        step = torch.zeros(2, dtype=torch.float64)
        step[axis] = 1e-6
        slope = (loss(x + step) - loss(x - step)) / 2e-6
        torch.testing.assert_close(push[..., axis], -slope, rtol=1e-4, atol=1e-8)


def test_arrows_grow_with_the_push_and_stay_short() -> None:
    push = torch.tensor([[0.0, 0.0], [0.1, 0.0], [1.0, 0.0], [1e6, 0.0]])
    arrows = as_arrows(torch.zeros(4, 2), push, width=6.0)
    lengths = np.hypot(*(arrows[:, 2:] - arrows[:, :2]).T)
    assert lengths[0] == 0
    assert np.all(np.diff(lengths) > 0)
    assert lengths[-1] <= ARROW * 6.0 + 1e-6


def test_trails_end_in_the_samples(recording: Recording) -> None:
    picture = views.scene(recording, 10)
    assert picture.trails.shape == (TRAILS, 11, 2)
    np.testing.assert_allclose(picture.trails[:, -1], picture.samples[:TRAILS], atol=1e-5)
    np.testing.assert_allclose(picture.trails[:, 0], views.scene(recording, 0).samples[:TRAILS], atol=1e-5)
    assert views.scene(recording, 0).trails is None


@pytest.mark.parametrize("target", sorted(catalogue.entries("data")))
def test_every_target_has_a_picture(target: str) -> None:
    made = catalogue.parse(target, "data")
    frame = next(train(gan(made, width=8)))
    picture = views.scene(frame)
    pack(picture)
    if made.image_shape:
        assert picture.tiles.shape == (TILES, *made.image_shape)
    elif made.dim == 1:
        assert [curve.role for curve in picture.curves] == ["real", "fake", "discriminator", "optimum"]
    else:
        assert picture.samples.shape == (1000, 2)
        assert (picture.field is None) == (made.dim != 2)


def test_line_shows_densities_and_the_best_answer() -> None:
    target = catalogue.parse("line", "data")
    frame = next(train(gan(target, width=8)))
    curves = {curve.role: curve.points for curve in views.scene(frame).curves}
    x, p, q = curves["real"][:, 0], curves["real"][:, 1], curves["fake"][:, 1]
    exact = target.log_prob(torch.tensor(x).float()[:, None]).exp().numpy()
    np.testing.assert_allclose(p, exact / exact.max(), rtol=1e-3, atol=1e-6)
    best = curves["optimum"][:, 1]
    seen = p + q > 1e-6
    np.testing.assert_allclose(best[seen], p[seen] / (p + q)[seen], rtol=1e-3)


def test_smooth_density_is_one_in_all_and_right_for_a_normal() -> None:
    x = torch.linspace(-6, 6, 601)
    samples = torch.randn(200_000, generator=torch.Generator().manual_seed(0))
    density = views.smooth_density(samples, x, 0.1)
    assert float(density.sum() * (x[1] - x[0])) == pytest.approx(1, abs=1e-3)
    exact = torch.exp(-0.5 * x**2 / 1.01) / np.sqrt(2 * np.pi * 1.01)  # variances add: 1 + 0.1^2
    assert float((density - exact).abs().max()) < 0.01


def test_metrics_over_time_are_the_metrics(recording: Recording) -> None:
    arrays = views.metrics_over_time(recording, run=1)
    assert arrays["step"].tolist() == recording.steps.tolist()
    np.testing.assert_allclose(arrays["discriminator_loss"][1:], recording.losses("theta_d")[1:, 1])
    samples = draw_samples(recording[5], views.JUDGED)[1]
    assert arrays["basins"][5] == int(basins(samples, recording.game.target))


def test_metrics_are_worked_out_once_per_frame(recording: Recording, monkeypatch: pytest.MonkeyPatch) -> None:
    cache: views.Cache = {}
    first = views.metrics_over_time(recording, cache=cache)
    monkeypatch.setattr(
        over_time, "_judged", lambda frames, run: pytest.fail("a known frame was judged again")
    )
    again = views.metrics_over_time(recording, cache=cache)
    for name, array in first.items():
        np.testing.assert_array_equal(array, again[name])


def test_long_runs_are_thinned_and_keep_their_last_frame(recording: Recording) -> None:
    arrays = views.metrics_over_time(recording, most=4)
    assert arrays["step"][-1] == recording[-1].step
    assert 4 <= len(arrays["step"]) <= 9


def test_verdict_looks_back_in_steps() -> None:
    """Frames that are close together say the same as frames that are far apart."""
    preset = PRESETS["rotating"]
    kinds = {
        views.judge(
            record(preset.make(), steps=800, steps_per_frame=n, progress=False, **preset.settings)
        ).kind
        for n in (10, 50)
    }
    assert kinds == {"rotating"}


QUICK = ("alternating", "simultaneous", "consensus")
WAYS = [
    pytest.param(name, marks=[] if name in QUICK else pytest.mark.slow)
    for name in [*catalogue.entries("dynamics"), "alternating:discriminator_steps=3"]
]


@pytest.mark.parametrize("dynamics", WAYS)
def test_slow_motion_is_the_step_that_training_makes(dynamics: str) -> None:
    training = train(gan(ring(), width=16), dynamics=dynamics, steps_per_frame=1, runs=2, learning_rate=0.01)
    frames = [next(training) for _ in range(4)]
    pictures, end = views.stages_of_a_step(frames[2], run=1)
    for name, theta in frames[3].players.items():
        assert torch.equal(end.players[name], theta)
    assert [picture.caption.split()[0] for picture in pictures] == [f"{k}/10" for k in range(1, 11)]
    assert f"{float(frames[3].state.losses['theta_g'][1]):.3f}" in pictures[8].caption
    assert pictures[3].highlight == ("field",)
    assert not np.array_equal(pictures[5].field, pictures[6].field)
    assert pictures[9].trails.shape == (128, 2, 2)
    assert np.abs(pictures[9].trails[:, 1] - pictures[9].trails[:, 0]).max() > 0


@pytest.mark.parametrize("target", ["line", "digits"])
def test_slow_motion_of_other_targets(target: str) -> None:
    frame = next(train(gan(catalogue.parse(target, "data"), width=8)))
    pictures, _ = views.stages_of_a_step(frame)
    assert len([pack(picture) for picture in pictures]) == 10


@pytest.mark.parametrize(("make", "reading"), [(hinge, "score"), (wasserstein, "critic")])
def test_outputs_that_are_no_probability_are_scaled_to_the_picture(make, reading: str) -> None:
    frame = next(train(make(ring(), width=8), learning_rate=0.01))
    picture = views.scene(frame, grid=9)
    game, (x_min, x_max, y_min, y_max) = frame.settings.game, picture.extent
    y, x = np.meshgrid(np.linspace(y_min, y_max, 9), np.linspace(x_min, x_max, 9), indexing="ij")
    with torch.no_grad():
        points = torch.tensor(np.stack([x, y], -1).reshape(1, -1, 2)).float()
        bare = game.discriminator(frame.players["theta_d"], points).reshape(9, 9).numpy()
    np.testing.assert_allclose(picture.field, (bare - bare.min()) / np.ptp(bare), atol=1e-6)
    assert picture.reading == reading
    assert unpack(pack(picture)).reading == reading
    pictures, _ = views.stages_of_a_step(frame)
    assert {one.reading for one in pictures} == {reading}
    assert ("cannot tell has 2.000" in pictures[4].caption) == (reading == "score")


def test_a_flat_or_fallen_score_has_a_picture() -> None:
    frame = next(train(hinge(ring(), width=8)))
    for theta, shade in ((0.0, 0.5), (float("nan"), float("nan"))):
        players = {**frame.players, "theta_d": torch.full_like(frame.players["theta_d"], theta)}
        state = dataclasses.replace(frame.state, players=players)
        picture = views.scene(dataclasses.replace(frame, state=state), grid=5)
        np.testing.assert_array_equal(picture.field, np.full((5, 5), shade))


def test_wrong_runs_and_still_players_are_refused(recording: Recording) -> None:
    with pytest.raises(ValueError, match="run must be a whole number from 0 to 2; got 3"):
        views.scene(recording, run=3)
    still = next(train(gan(ring(), width=8), dynamics="alternating:discriminator_steps=0"))
    with pytest.raises(ValueError, match="both players move"):
        views.stages_of_a_step(still)


def test_another_target_of_the_same_shape_can_be_shown(recording: Recording) -> None:
    grid = catalogue.parse("grid", "data")
    picture = views.scene(recording, target=grid)
    assert picture.extent == pytest.approx(grid.extent)
    assert np.abs(picture.data).max() > 3


def test_diverged_runs_still_have_a_picture(recording: Recording) -> None:
    broken = {name: theta * float("nan") for name, theta in recording[-1].players.items()}
    state = dataclasses.replace(recording[-1].state, players=broken)
    pack(views.scene(dataclasses.replace(recording[-1], state=state)))
