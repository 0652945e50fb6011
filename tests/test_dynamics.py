"""Who moves when, against plain loops; gradients against finite differences."""

import pytest
import torch

from gan_edu.data.ring import ring
from gan_edu.dynamics.alternating import alternating
from gan_edu.dynamics.dynamics import State, begin, draw, moves_of
from gan_edu.dynamics.simultaneous import simultaneous
from gan_edu.games.gan import gan
from gan_edu.optimizers.sgd import sgd

RATES = {"theta_d": 0.05, "theta_g": 0.2}


def rng(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.fixture(scope="module")
def game():
    return gan(ring(), width=4, activation="tanh")


@pytest.fixture(scope="module")
def moves(game):
    return moves_of(simultaneous(), game, sgd(), RATES)


def slope(loss, players, name, batch):
    """The gradient by autograd, each run on its own."""
    theta = players[name].clone().requires_grad_()
    value = loss({**players, name: theta}, batch)
    return torch.stack(
        [torch.autograd.grad(value[r], theta, retain_graph=True)[0][r] for r in range(len(value))]
    )


@pytest.mark.parametrize("name", ["theta_d", "theta_g"])
def test_gradient_matches_finite_differences(game, moves, name):
    players = {k: v.double() for k, v in game.init(2, rng()).items()}
    batch = type(game.draw(2, 6, rng(1)))(*(t.double() for t in game.draw(2, 6, rng(1))))
    loss = game.discriminator_loss if name == "theta_d" else game.generator_loss
    value, found = moves.gradients[name](players, batch)
    torch.testing.assert_close(value, loss(players, batch))
    h = 1e-6
    for p in range(0, found.shape[-1], 7):
        shift = torch.zeros_like(players[name])
        shift[:, p] = h
        up = loss({**players, name: players[name] + shift}, batch)
        down = loss({**players, name: players[name] - shift}, batch)
        torch.testing.assert_close(found[:, p], (up - down) / (2 * h), rtol=1e-5, atol=1e-8)


@pytest.mark.parametrize(("k", "j"), [(1, 1), (3, 1), (1, 2), (2, 0), (0, 1)])
def test_alternating_is_k_steps_of_d_then_j_of_g(game, moves, k, j):
    dynamics = alternating(k, j)
    start = begin(simultaneous(), game, sgd(), 3, rng())
    batches = draw(dynamics, game, 3, 8, rng(1))
    assert len(batches) == k + j
    moved = dynamics.step(moves, start, batches)
    theta = dict(start.players)
    for number, batch in enumerate(batches):
        name = "theta_d" if number < k else "theta_g"
        loss = game.discriminator_loss if number < k else game.generator_loss
        theta[name] = theta[name] - RATES[name] * slope(loss, theta, name, batch)
    for name, expected in theta.items():
        torch.testing.assert_close(moved.players[name], expected)
        assert torch.equal(moved.players[name], start.players[name]) == ((k if name == "theta_d" else j) == 0)


def test_simultaneous_answers_the_old_discriminator(game, moves):
    start = begin(simultaneous(), game, sgd(), 3, rng())
    batches = draw(simultaneous(), game, 3, 8, rng(1))
    moved = simultaneous().step(moves, start, batches)
    for name, loss in (("theta_d", game.discriminator_loss), ("theta_g", game.generator_loss)):
        expected = start.players[name] - RATES[name] * slope(loss, start.players, name, batches[0])
        torch.testing.assert_close(moved.players[name], expected)
    other = alternating().step(moves, start, [batches[0], batches[0]])
    assert not torch.allclose(moved.players["theta_g"], other.players["theta_g"], atol=1e-6)


def test_a_step_changes_nothing_in_place(game, moves):
    start = begin(simultaneous(), game, sgd(), 2, rng())
    copy = State({k: v.clone() for k, v in start.players.items()}, start.slots, start.losses)
    for dynamics in (alternating(), simultaneous()):
        moved = dynamics.step(moves, start, draw(dynamics, game, 2, 8, rng(1)))
        assert all(torch.equal(copy.players[k], v) for k, v in start.players.items())
        assert all(moved.players[k].data_ptr() != v.data_ptr() for k, v in start.players.items())


def test_nobody_moves_is_an_error():
    with pytest.raises(ValueError, match="must not both be 0"):
        alternating(0, 0)
