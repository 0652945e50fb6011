"""Trajectories in plain numbers are the frames of training; and what happens where they cannot be."""

import itertools

import numpy as np
import pytest
import torch

from gan_edu import catalogue
from gan_edu import trajectory as module
from gan_edu.data.ring import ring
from gan_edu.dynamics.alternating import alternating
from gan_edu.games.bilinear import bilinear
from gan_edu.games.dirac import dirac
from gan_edu.games.gan import gan
from gan_edu.games.planar import planar
from gan_edu.games.quadratic import quadratic
from gan_edu.training import train
from gan_edu.trajectory import trajectory

DYNAMICS = list(catalogue.entries("dynamics"))
STEPS = 20


def trained(game, steps, **settings):
    frames = itertools.islice(train(game, steps_per_frame=1, **settings), steps + 1)
    return torch.stack([torch.cat([f.players["theta_g"], f.players["theta_d"]], -1) for f in frames])


def same_as_training(game, **settings):
    settings = {"start": (1.2, -0.7), **settings}
    found = trajectory(game, steps=STEPS, **settings)
    assert found.dtype == torch.float64 and found.shape == (STEPS + 1, settings.get("runs", 1), 2)
    torch.testing.assert_close(found, trained(game, STEPS, **settings), rtol=1e-12, atol=1e-12)
    return found


@pytest.fixture
def written(monkeypatch):
    """What has been written down as plain numbers since, from an empty cache on: True where it could be."""
    calls, original = [], module._write
    monkeypatch.setattr(module, "_programs", {})

    def write(asked, state):
        program = original(asked, state)
        calls.append(program is not None)
        return program

    monkeypatch.setattr(module, "_write", write)
    return calls


@pytest.mark.parametrize(
    "optimizer", ["adam", *[pytest.param(n, marks=pytest.mark.slow) for n in ("sgd", "momentum", "rmsprop")]]
)
@pytest.mark.parametrize("dynamics", DYNAMICS)
def test_every_dynamics_with_every_optimizer(dynamics, optimizer, written):
    same_as_training(quadratic(rotation=0.8, potential=0.2), dynamics=dynamics, optimizer=optimizer)
    assert written == [True]


GAMES = {
    "bilinear": bilinear(),
    "penalised critic": dirac("wasserstein", gradient_penalty=0.5, gradient_norm=1.0),
    "dirac": dirac(gradient_penalty=0.3),
    "non saturating": dirac("non_saturating", gradient_penalty=1.0, gradient_norm=0.2),
}


@pytest.mark.parametrize("name", list(GAMES))
def test_every_game(name, written):
    for dynamics in ("alternating", "consensus"):
        same_as_training(GAMES[name], dynamics=dynamics)
    assert written == [True] * 2


@pytest.mark.slow
@pytest.mark.parametrize("dynamics", DYNAMICS)
def test_every_dynamics_on_a_curved_game(dynamics):
    same_as_training(GAMES["dirac"], dynamics=dynamics, optimizer="adam")


@pytest.mark.slow
@pytest.mark.parametrize("dynamics", ["alternating", "consensus"])
def test_instance_noise(dynamics, written):
    same_as_training(dirac("non_saturating", noise=0.7), dynamics=dynamics)
    assert written == [True]


def test_a_program_is_written_once_for_each_recipe(written):
    for _ in range(2):
        trajectory(bilinear(), steps=3, start=(1, 2), learning_rate=0.1)
        trajectory(bilinear(), steps=5, start=(2, 2), runs=3, learning_rate=0.2, seed=5)
    assert len(written) == 1
    weak, strong = (
        trajectory(bilinear(), steps=3, start=(1, 2), dynamics=f"consensus:strength={s}") for s in (0.5, 1.0)
    )
    assert len(written) == 3 and not torch.equal(weak, strong)
    trajectory(quadratic(potential=0.1), steps=3, start=(1, 2))
    trajectory(quadratic(potential=0.2), steps=3, start=(1, 2))
    trajectory(quadratic(potential=0.2), steps=3, start=(1, 2), optimizer="momentum:beta=0.5")
    trajectory(quadratic(potential=0.2), steps=3, start=(1, 2), optimizer="momentum:beta=0.4")
    assert len(written) == 7


def test_the_cache_forgets_the_oldest(written, monkeypatch):
    monkeypatch.setattr(module, "KEPT", 2)
    for p in (0.1, 0.2, 0.3, 0.3, 0.2, 0.1):
        trajectory(quadratic(potential=p), steps=1, start=(1, 2))
    assert len(written) == 4 and len(module._programs) == 2


def test_a_game_by_hand_is_written_anew_each_time(written):
    for factor in (1.0, 2.0):
        game = planar(lambda x, y, f=factor: f * (x * y).sum(-1), lambda x, y: -(x * y).sum(-1))
        same_as_training(game)
    assert written == [True, True]


def test_an_operator_that_is_not_known_is_played_by_training(written):
    game = planar(lambda x, y: torch.sin(x * y).sum(-1), lambda x, y: -(x * y).sum(-1))
    same_as_training(game, dynamics="extragradient")
    assert written == [False]


@pytest.mark.parametrize(
    "dynamics", ["averaging", "optimistic", *[pytest.param(n, marks=pytest.mark.slow) for n in DYNAMICS]]
)
def test_a_run_that_diverges_stays_at_its_last_finite_point(dynamics):
    game = quadratic(rotation=0.01, potential=-10.0)
    settings = {"runs": 2, "start": [(1, 0.3), (0.5, 1)], "learning_rate": (0.01, 1e3), "dynamics": dynamics}
    found = trajectory(game, steps=150, **settings)
    assert bool(found.isfinite().all())
    stopped = int((found[1:, 1] != found[:-1, 1]).any(-1).sum())
    assert 2 < stopped < 149 and float(found[-1, 1].abs().max()) > 1e300
    torch.testing.assert_close(found, trained(game, 150, **settings), rtol=1e-9, atol=0)


@pytest.mark.parametrize("game", [bilinear(), dirac(), dirac("wasserstein", gradient_penalty=1.0)])
def test_overflow_raises_nothing(game):
    """Huge points: exponentials and products that Python refuses or that become inf."""
    for dynamics in ("simultaneous", "symplectic_gradient_adjustment:strength=100"):
        settings = {"start": (1e150, -1e160), "learning_rate": 1e3, "dynamics": dynamics}
        found = trajectory(game, steps=6, **settings)
        assert bool(found.isfinite().all())
        torch.testing.assert_close(found, trained(game, 6, **settings), rtol=1e-12, atol=0)


def test_runs_from_points_of_their_own_and_at_rates_of_their_own():
    starts, rates = [(1, 0), (0.5, 2), (-1, 0.1)], (0.1, 0.2, 0.3)
    found = trajectory(bilinear(), steps=30, runs=3, start=starts, generator_learning_rate=rates)
    for run, (start, rate) in enumerate(zip(starts, rates, strict=True)):
        alone = trajectory(bilinear(), steps=30, start=start, generator_learning_rate=rate)
        assert torch.equal(found[:, run], alone[:, 0])
    torch.testing.assert_close(
        found,
        trained(bilinear(), 30, runs=3, start=starts, generator_learning_rate=rates),
        rtol=1e-13,
        atol=1e-14,
    )
    together = trajectory(bilinear(), steps=4, runs=2, start=(1, 0.3))
    assert torch.equal(together[:, 0], together[:, 1])


def test_without_a_start_the_seed_decides():
    one, two = trajectory(bilinear(), steps=2, runs=2), trajectory(bilinear(), steps=2, runs=2)
    assert torch.equal(one, two) and not torch.equal(one[:, 0], one[:, 1])
    assert not torch.equal(one, trajectory(bilinear(), steps=2, runs=2, seed=1))
    assert torch.equal(one, trained(bilinear(), 2, runs=2))


def test_games_with_more_numbers_are_trained():
    found = trajectory(bilinear(3, 5.0), steps=7, start=range(1, 7), dynamics="optimistic")
    assert torch.equal(found, trained(bilinear(3, 5.0), 7, start=range(1, 7), dynamics="optimistic"))
    assert found.shape == (8, 1, 6) and found[0, 0].tolist() == [1, 2, 3, 4, 5, 6]
    small = gan(ring(), width=4, depth=1, latent_dim=1)
    path = trajectory(small, steps=2, batch_size=8, runs=2)
    assert path.shape == (3, 2, small.generator.n_parameters + small.discriminator.n_parameters)


def test_steps_are_rounds():
    path = trajectory(bilinear(), steps=4, start=(1, 0.3), dynamics=alternating(2, 3))
    assert torch.equal(path, trained(bilinear(), 4, start=(1, 0.3), dynamics=alternating(2, 3)))
    assert trajectory(bilinear(), steps=0, start=(1, 0.3)).tolist() == [[[1.0, 0.3]]]
    still = trajectory(bilinear(), steps=3, start=(1, 0.3), dynamics=alternating(1, 0))[:, 0]
    assert set(still[:, 0].tolist()) == {1.0} and len(set(still[:, 1].tolist())) == 4


@pytest.mark.parametrize("start", [torch.tensor([1, 0.5]), np.array([1, 0.5]), [1, 0.5], [[1, 0.5]]])
def test_a_start_may_be_any_row_of_numbers(start):
    assert trajectory(bilinear(), steps=1, start=start)[0].tolist() == [[1.0, 0.5]]


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"start": (1, 2, 3)}, ["start must be 2 numbers, theta_g before theta_d", "got (1, 2, 3)"]),
        ({"start": 1}, ["start must be 2 numbers", "got 1"]),
        ({"start": "1,2"}, ["start must be 2 numbers", "got '1,2'"]),
        ({"start": (1, None)}, ["start must be 2 numbers"]),
        ({"start": (1, float("nan"))}, ["start must be 2 numbers", "nan"]),
        ({"start": (1, 10**400)}, ["start must be 2 numbers"]),
        ({"start": [(1, 2), (3, 4)]}, ["start must be 2 numbers", "[(1, 2), (3, 4)]"]),
        ({"start": [(1, 2)] * 3, "runs": 2}, ["or 2 such rows, one for each run"]),
        ({"steps": -1}, ["steps", "-1"]),
        ({"dynamics": "orbit"}, ["orbit"]),
        ({"learning_rate": (0.1, 0.2)}, ["one for each of the 1 runs"]),
        ({"speed": 2}, ["settings must be among", "speed"]),
    ],
)
def test_wrong_settings_say_so(settings, words):
    with pytest.raises(ValueError) as caught:
        trajectory(bilinear(), **{"steps": 2, **settings})
    assert all(word in str(caught.value) for word in words), caught.value


def test_a_start_can_not_change_while_training():
    moving = train(bilinear(), start=(1, 2))
    next(moving)
    with pytest.raises(ValueError, match="start can't change while training"):
        moving.change(start=(3, 4))
