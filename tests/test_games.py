"""The GAN's losses, restated independently in numpy."""

import math

import numpy as np
import pytest
import torch

from gan_edu import catalogue
from gan_edu.data.ring import ring
from gan_edu.games.game import Batch, Game
from gan_edu.games.gan import gan


def rng(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def logits(game: Game, players, batch) -> tuple[np.ndarray, np.ndarray]:
    x_fake = game.generator(players["theta_g"], batch.z)
    real = game.discriminator(players["theta_d"], batch.x_real)
    fake = game.discriminator(players["theta_d"], x_fake)
    return real.double().numpy()[..., 0], fake.double().numpy()[..., 0]


@pytest.fixture(scope="module")
def setting():
    game = gan(ring(), width=8)
    players = {k: 3 * v for k, v in game.init(5, rng()).items()}  # large weights: logits far from 0
    return game, players, game.draw(5, 20, rng(1))


def test_discriminator_loss_is_the_cross_entropy(setting):
    game, players, batch = setting
    real, fake = logits(game, players, batch)
    assert real.std() > 0.3
    prob_real, prob_fake = 1 / (1 + np.exp(-real)), 1 / (1 + np.exp(-fake))
    expected = -np.log(prob_real).mean(1) - np.log(1 - prob_fake).mean(1)
    np.testing.assert_allclose(game.discriminator_loss(players, batch).numpy(), expected, rtol=1e-5)


@pytest.mark.parametrize("generator_loss", ["non_saturating", "minimax"])
def test_generator_losses_differ_and_are_what_they_are_called(setting, generator_loss):
    _, players, batch = setting
    game = gan(ring(), width=8, generator_loss=generator_loss)
    prob_fake = 1 / (1 + np.exp(-logits(game, players, batch)[1]))
    expected = {"non_saturating": -np.log(prob_fake), "minimax": np.log(1 - prob_fake)}[generator_loss].mean(
        1
    )
    np.testing.assert_allclose(game.generator_loss(players, batch).numpy(), expected, rtol=1e-5)


def test_losses_at_the_equilibrium_are_the_theory_lines(setting):
    game, players, batch = setting
    undecided = {**players, "theta_d": torch.zeros_like(players["theta_d"])}  # D = 1/2 everywhere
    torch.testing.assert_close(game.discriminator_loss(undecided, batch), torch.full((5,), 2 * math.log(2)))
    torch.testing.assert_close(game.generator_loss(undecided, batch), torch.full((5,), math.log(2)))
    minimax = gan(ring(), width=8, generator_loss="minimax")
    torch.testing.assert_close(minimax.generator_loss(undecided, batch), torch.full((5,), -math.log(2)))


def test_losses_survive_a_discriminator_that_is_sure(setting):
    game, players, batch = setting
    sure = {**players, "theta_d": players["theta_d"] * 30}
    assert np.abs(np.concatenate(logits(game, sure, batch))).max() > 200
    assert bool(torch.isfinite(game.discriminator_loss(sure, batch)).all())
    assert bool(torch.isfinite(game.generator_loss(sure, batch)).all())


# --- the contract: what every game declares, every game does -------------------------------------------------

GAMES = sorted(name for name, entry in catalogue.entries("games").items() if entry.takes_target)
TARGETS = ["ring", "line", "digits"]


@pytest.mark.parametrize("name", GAMES)
@pytest.mark.parametrize("target", TARGETS)
def test_contract_losses_keep_runs_apart(name, target):
    game = catalogue.find("games", name)(target=catalogue.parse(target, "data"))
    players, batch = game.init(3, rng()), game.draw(3, 8, rng(1))
    assert batch.x_real.shape == (3, 8, game.target.dim)
    assert batch.z.shape == (3, 8, game.latent_dim)
    for loss in (game.discriminator_loss, game.generator_loss):
        together = loss(players, batch)
        assert together.shape == (3,)
        for run in range(3):
            one = {k: v[run : run + 1] for k, v in players.items()}
            alone = loss(one, Batch(*(part[run : run + 1] for part in batch)))
            torch.testing.assert_close(together[run : run + 1], alone)


@pytest.mark.parametrize("name", GAMES)
def test_contract_a_generator_that_sees_no_data_gets_none(name):
    game = catalogue.find("games", name)(target=ring())
    players = game.init(2, rng())
    full = game.draw(2, 8, rng(1))
    shifted = full._replace(x_real=full.x_real + 1)
    same = torch.equal(game.generator_loss(players, full), game.generator_loss(players, shifted))
    assert same != game.generator_sees_data
    if not game.generator_sees_data:
        game.generator_loss(players, game.draw_without_data(2, 8, rng(1)))


@pytest.mark.parametrize("name", GAMES)
def test_contract_batches_do_not_reach_into_the_players(name):
    game = catalogue.find("games", name)(target=ring())
    players, batch = game.init(2, rng()), game.draw(2, 8, rng(1))
    before = {k: v.clone() for k, v in players.items()}
    game.discriminator_loss(players, batch), game.generator_loss(players, batch)
    assert all(torch.equal(before[k], v) for k, v in players.items())


def test_discriminator_is_blind_to_the_order_of_a_batch(setting):
    game, players, batch = setting
    order = torch.randperm(20, generator=rng(2))
    shuffled = Batch(batch.x_real[:, order], batch.z[:, order.flip(0)])
    torch.testing.assert_close(
        game.discriminator_loss(players, batch), game.discriminator_loss(players, shuffled)
    )


@pytest.mark.parametrize("name", GAMES)
def test_contract_a_target_is_asked_for_by_type(name):
    with pytest.raises(ValueError, match=f"{name}: target must be a Target; got 'ring'"):
        catalogue.find("games", name)(target="ring")
