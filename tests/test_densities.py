"""One dimension: densities, D*, values and pushes against closed forms and independent estimates."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
import pytest
import torch
from scipy import integrate, stats
from torch.nn.functional import logsigmoid

from gan_edu import catalogue, views
from gan_edu.data.line import line
from gan_edu.games.game import Batch, Game
from gan_edu.games.gan import gan
from gan_edu.networks.network import Network
from gan_edu.presets import PRESETS
from gan_edu.recording import record
from gan_edu.training import Frame, train
from gan_edu.views.densities import LANES, RUG, games_of_both_losses, said_of, window
from gan_edu.views.pushes import pushes

Z = torch.linspace(-6, 6, 1201)
X = torch.linspace(-5, 5, 401)


def made_by_hand(frame: Frame, **nets: Any) -> Frame:
    """The frame with other networks, whose parameters nobody looks at."""
    parts = {
        name: Network(forward, forward, frame.settings.game.generator.init, 1, 1, 1)
        for name, forward in nets.items()
    }
    game = dataclasses.replace(frame.settings.game, **parts)
    return dataclasses.replace(frame, settings=dataclasses.replace(frame.settings, game=game))


@pytest.fixture(scope="module")
def frame() -> Frame:
    return record(
        gan(line(means=[-1.0, 1.0], stds=[0.5, 0.5]), latent_dim=1, width=16), steps=60, progress=False
    )[-1]


# ---- p_G


def test_a_straight_generator_makes_a_gaussian() -> None:
    density = views.push_forward(0.7 * Z + 0.5, Z, X)
    exact = stats.norm(0.5, 0.7).pdf(X.numpy())
    np.testing.assert_allclose(density.numpy(), exact, atol=2e-4)


def test_a_fold_is_counted_twice() -> None:
    """|z| has the half-normal density."""
    density = views.push_forward(Z.abs(), Z, X)
    edges = np.append(X, X[-1] + (X[1] - X[0])) - float(X[1] - X[0]) / 2
    exact = np.diff(2 * np.clip(stats.norm.cdf(edges) - 0.5, 0, None)) / float(X[1] - X[0])
    np.testing.assert_allclose(density.numpy(), exact, atol=2e-4)


def test_a_caustic_keeps_its_probability() -> None:
    """G = tanh bends so much that p_G is infinite at its ends; the cells hold the exact share."""
    density = views.push_forward(torch.tanh(3 * Z), Z, X)
    cell = float(X[1] - X[0])
    edges = np.clip(np.append(X, X[-1] + cell) - cell / 2, -1, 1)
    with np.errstate(divide="ignore"):
        exact = np.diff(stats.norm.cdf(np.arctanh(edges) / 3)) / cell
    np.testing.assert_allclose(density.numpy(), exact, atol=0.03 * exact.max())
    assert float(density.sum() * cell) == pytest.approx(1, abs=1e-5)


def test_a_flat_generator_puts_all_into_one_cell() -> None:
    density = views.push_forward(torch.full_like(Z, 1.003), Z, X)
    assert int(density.argmax()) == 240
    assert float(density[240] * (X[1] - X[0])) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("activation", ["relu", "tanh", "leaky_relu", "elu"])
def test_it_agrees_with_a_million_samples(activation: str) -> None:
    game = gan(line(means=[0.0], stds=[1.0]), latent_dim=1, width=16, depth=2, activation=activation)
    seen = next(train(game, seed=3))
    found = views.densities(seen)
    z = torch.randn(1, 1_000_000, 1, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        x = game.generator(seen.players["theta_g"], z)[0, :, 0].numpy()
    cell = found.x[1] - found.x[0]
    counts, _ = np.histogram(x, np.append(found.x, found.x[-1] + cell) - cell / 2)
    # total variation; the histogram's own scatter over about 40 cells is 0.003
    assert 0.5 * np.abs(counts / 1e6 - found.generated * cell).sum() < 0.01


def test_more_latent_numbers_give_an_estimate_as_good_as_it_says() -> None:
    """x = sum of z / 4 is N(0, 1) for 16 of them."""
    begin = next(train(gan(line(means=[0.0], stds=[1.0]), latent_dim=16, width=8)))
    flat = made_by_hand(begin, generator=lambda theta, z: z.sum(-1, keepdim=True) / 4)
    found = views.densities(flat)
    assert np.abs(found.generated - found.data).max() < 0.08 * found.data.max()
    assert found.criterion == pytest.approx(-math.log(4), abs=0.01)


# ---- D, D*, C(G) and V(D, G)


def test_at_the_solution_everything_is_known() -> None:
    """G(z) = 2 + z / 2 and D = 1/2 against N(2, 1/4): D* = 1/2, both values -log 4."""
    begin = next(train(PRESETS["approach"].make()))
    solved = made_by_hand(
        begin,
        generator=lambda theta, z: 2 + z / 2,
        discriminator=lambda theta, x: torch.zeros_like(x),
    )
    found = views.densities(solved)
    seen = found.data > 1e-3
    np.testing.assert_allclose(found.generated[seen], found.data[seen], rtol=2e-3, atol=2e-5)
    np.testing.assert_allclose(found.optimum[seen], 0.5, atol=1e-3)
    assert found.criterion == pytest.approx(-math.log(4), abs=1e-4)
    assert found.value == pytest.approx(-math.log(4), abs=1e-5)
    assert "p_G is near p" in said_of(solved)


def test_values_agree_with_adaptive_quadrature() -> None:
    """G(z) = z against N(1, 1), D = sigmoid(x): V by scipy; D* = sigmoid(x - 1/2) reaches C(G)."""
    begin = next(train(gan(line(means=[1.0], stds=[1.0]), latent_dim=1, width=8)))
    for shift in (0.0, 0.5):
        made = made_by_hand(
            begin,
            generator=lambda theta, z: z + 0 * theta[..., :1, None].mean(),
            discriminator=lambda theta, x, shift=shift: x - shift,
        )
        found = views.densities(made)

        def integrand(x: float, shift: float = shift) -> float:
            logit = torch.tensor(x - shift, dtype=torch.float64)
            real, fake = float(logsigmoid(logit)), float(logsigmoid(-logit))
            return stats.norm(1, 1).pdf(x) * real + stats.norm(0, 1).pdf(x) * fake

        assert found.value == pytest.approx(integrate.quad(integrand, -9, 10)[0], abs=1e-4)
        if shift == 0.5:
            np.testing.assert_allclose(found.optimum[100:200], found.prob_real[100:200], atol=2e-3)
            assert found.value == pytest.approx(found.criterion, abs=1e-4)
        else:
            assert found.value < found.criterion - 0.01


def test_samples_outside_of_the_picture_count() -> None:
    begin = next(train(gan(line(means=[0.0], stds=[0.1]), latent_dim=1, width=8)))
    far = made_by_hand(
        begin, generator=lambda theta, z: 50 + z, discriminator=lambda theta, x: torch.ones_like(x)
    )
    found = views.densities(far)
    assert found.generated.max() == 0
    assert found.criterion == pytest.approx(0, abs=1e-5)
    wanted = float(logsigmoid(torch.tensor(1.0)) + logsigmoid(torch.tensor(-1.0)))
    assert found.value == pytest.approx(wanted, abs=1e-4)


def test_the_loss_measures_minus_the_value(frame: Frame) -> None:
    game = frame.settings.game
    batch = game.draw(1, 200_000, torch.Generator().manual_seed(0))
    with torch.no_grad():
        loss = float(game.discriminator_loss(frame.players, batch))
    found = views.densities(frame)
    assert -loss == pytest.approx(found.value, abs=5e-3)
    assert found.value <= found.criterion


def test_the_window_holds_the_data_and_untrained_generators() -> None:
    assert window(line(means=[5.0], stds=[0.5])) == pytest.approx((-1, 7.5))
    for seed in range(3):
        found = views.densities(next(train(PRESETS["vanishing"].make(), seed=seed)))
        assert found.generated.sum() * (found.x[1] - found.x[0]) == pytest.approx(1, abs=1e-3)


def test_only_a_line_has_densities(recorded_ring: Frame) -> None:
    with pytest.raises(ValueError, match="densities are for data of one dimension; ring has 2"):
        views.densities(recorded_ring)


@pytest.fixture
def recorded_ring() -> Frame:
    return next(train(gan(catalogue.parse("ring", "data"), width=8)))


# ---- pushes


def test_pushes_are_those_of_the_formulas(frame: Frame) -> None:
    """Minimax pushes with D l'(x), non-saturating with (1 - D) l'(x), where l is the logit."""
    game = frame.settings.game
    z = torch.linspace(-2, 2, 9).view(1, 9, 1)
    found = {
        name: pushes(other, frame.players, Batch(torch.empty(1, 0, 1), z))
        for name, other in games_of_both_losses(game).items()
    }
    assert list(found) == ["minimax", "non_saturating"]
    x = found["minimax"][0].requires_grad_()
    logits = game.discriminator(frame.players["theta_d"], x)
    (slope,) = torch.autograd.grad(logits.sum(), x)
    prob = logits.detach().sigmoid()
    torch.testing.assert_close(found["minimax"][1], prob * slope, rtol=1e-4, atol=1e-6)
    torch.testing.assert_close(found["non_saturating"][1], (1 - prob) * slope, rtol=1e-4, atol=1e-6)


def test_where_d_is_sure_only_one_of_them_pushes() -> None:
    recording = record(
        PRESETS["vanishing"].make(),
        steps=60,
        steps_per_frame=60,
        progress=False,
        **PRESETS["vanishing"].settings,
    )
    picture = views.scene(recording)
    assert picture.arrows is not None
    lengths = np.abs(picture.arrows[:, 2] - picture.arrows[:, 0]).reshape(2, RUG).mean(-1)
    width = picture.extent[1] - picture.extent[0]
    assert lengths[0] < 0.002 * width
    assert lengths[1] > 0.05 * width
    words = views.sentence(recording)
    assert words.startswith("D is sure of every point: samples are pushed with 0.00")


def test_the_picture_says_which_loss_trains(frame: Frame) -> None:
    notes = [words for _, _, words in views.scene(frame).notes]
    assert notes[0].startswith("V(D, G) = −")
    assert notes[1:] == [LANES["minimax"], LANES["non_saturating"] + " (trains G)"]


def test_a_game_without_that_choice_has_one_lane(frame: Frame) -> None:
    bare: Game = dataclasses.replace(frame.settings.game, recipe=None)
    alone = dataclasses.replace(frame, settings=dataclasses.replace(frame.settings, game=bare))
    picture = views.scene(alone)
    assert picture.arrows is not None
    assert len(picture.arrows) == RUG
    assert [words for _, _, words in picture.notes][1:] == [LANES[""]]


def test_charts_hold_both_values(frame: Frame) -> None:
    recording = record(frame.settings.game, steps=40, progress=False)
    arrays = views.metrics_over_time(recording)
    last = views.densities(recording[-1])
    assert arrays["criterion"][-1] == pytest.approx(last.criterion)
    assert arrays["value"][-1] == pytest.approx(last.value)
    np.testing.assert_array_equal(arrays["batch_value"], -arrays["discriminator_loss"])


# ---- what the presets show


@pytest.mark.slow
def test_d_approaches_the_best_one_as_k_grows() -> None:
    """And a loss at 2 log 2 says nothing about p_G as long as D lags: measured on four seeds."""
    gaps, criteria, losses = {}, {}, {}
    for k in (1, 5, 20):
        preset = PRESETS["approach"]
        settings = {**preset.settings, "dynamics": f"alternating:discriminator_steps={k}"}
        made = record(preset.make(), steps=600, steps_per_frame=50, runs=4, progress=False, **settings)
        found = [[views.densities(frame, run) for run in range(4)] for frame in made.frames[4:]]
        gaps[k] = np.mean([one.criterion - one.value for runs in found for one in runs])
        criteria[k] = np.median([one.criterion for one in found[-1]])
        losses[k] = float(made.losses("theta_d")[-5:].mean())
    assert gaps[1] > 0.4 > 0.2 > gaps[5] > 0.03 > gaps[20]
    assert criteria[20] == pytest.approx(-math.log(4), abs=0.08)
    assert losses[1] == pytest.approx(2 * math.log(2), abs=0.05)
    assert criteria[1] > -1.1


@pytest.mark.slow
def test_far_away_minimax_stays_and_non_saturating_comes() -> None:
    ends = {}
    for name in ("vanishing", "rescued"):
        preset = PRESETS[name]
        made = record(
            preset.make(), steps=preset.steps, steps_per_frame=100, runs=4, progress=False, **preset.settings
        )
        ends[name] = [views.densities(made[-1], run).criterion for run in range(4)]
    assert max(ends["rescued"]) < -1
    assert min(ends["vanishing"]) > -0.01
