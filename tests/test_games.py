"""The GAN's losses, restated independently in numpy."""

import dataclasses
import math
from functools import partial

import numpy as np
import pytest
import torch

from gan_edu import catalogue
from gan_edu.data.ring import ring
from gan_edu.games.game import Batch, Game
from gan_edu.games.gan import gan
from gan_edu.games.hinge import hinge
from gan_edu.games.least_squares import least_squares
from gan_edu.games.wasserstein import wasserstein
from gan_edu.networks.network import Network
from gan_edu.remedies.feature_matching import feature_matching
from gan_edu.remedies.gradient_penalty import gradient_penalty
from gan_edu.remedies.historical_averaging import historical_averaging
from gan_edu.remedies.instance_noise import instance_noise
from gan_edu.remedies.label_smoothing import label_smoothing
from gan_edu.remedies.packing import packing
from gan_edu.remedies.top_k import top_k
from gan_edu.remedies.unrolled import unrolled
from gan_edu.remedies.weight_clipping import weight_clipping


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


# ---- equilibria

POINTS = 8


def linear(in_dim: int = POINTS, **_: object) -> Network:
    """D(x) = w x + b: on unit vectors any function at all. Its features are x."""
    body = Network(lambda theta, x: x, lambda *_: torch.empty(0), 0, in_dim, in_dim)
    return Network(
        lambda theta, x: x @ theta[..., :-1, None] + theta[..., -1:, None],
        lambda lead, generator: torch.randn((*lead, in_dim + 1), generator=generator).double(),
        in_dim + 1,
        in_dim,
        1,
        body=body,
        make=linear,
    )


def at_its_best(game: Game, seed: int) -> tuple[float, float]:
    """Both losses where p_G = p_data, uniform on a few points, against the best D that descent finds."""
    start = game.discriminator.init((1,), rng(seed)) / 3
    theta_d = start.requires_grad_()
    theta_g, points = torch.zeros(1, 1).double(), torch.eye(POINTS).double().unsqueeze(0)
    batch = Batch(points, points, torch.zeros(1, POINTS, game.noise_dim).double())

    def players() -> dict[str, torch.Tensor]:
        here = {"theta_d": theta_d.detach(), "theta_g": theta_g}
        return here | game.memory(here) | {"theta_d": theta_d}

    descent = torch.optim.LBFGS(
        [theta_d], max_iter=2000, tolerance_grad=1e-12, tolerance_change=0, line_search_fn="strong_wolfe"
    )

    def closure() -> torch.Tensor:
        descent.zero_grad()
        loss = game.discriminator_loss(players(), batch).sum()
        loss.backward()
        return loss

    descent.step(closure)
    return game.discriminator_loss(players(), batch).item(), game.generator_loss(players(), batch).item()


def forging_the_data(make) -> Game:
    """A game whose generator passes on what it gets, so that p_G can be made equal to p_data."""
    game = make(ring(), latent_dim=POINTS)
    target = dataclasses.replace(game.target, components=torch.zeros(len(game.target.components), POINTS))
    passing = Network(lambda theta, z: z, lambda *_: torch.zeros(1, 1), 1, POINTS, POINTS)
    return dataclasses.replace(game, target=target, generator=passing, discriminator=linear())


LOG_2 = math.log(2)
MINIMAX = partial(gan, generator_loss="minimax")
SMOOTH = partial(label_smoothing, real=0.9, fake=0.1)  # D = 1/2 again, and the entropy of 0.9 in every label
ONE_SIDED = partial(label_smoothing, real=0.8)  # D = 0.4
ENTROPY = -(0.4 * math.log(0.4) + 0.6 * math.log(0.6))
LOOK_AHEAD = partial(unrolled, steps=3, learning_rate=0.1, optimizer="sgd")
R1 = partial(gradient_penalty, norm=0.0, where="real")
WGAN_GP = partial(gradient_penalty, strength=0.5)


@pytest.mark.parametrize(
    ("make", "remedies", "expected"),
    [
        (gan, (), (2 * LOG_2, LOG_2)),
        (MINIMAX, (), (2 * LOG_2, -LOG_2)),
        (least_squares, (), (1 / 4, 1 / 8)),
        (hinge, (), (2, None)),
        (wasserstein, (), (0, None)),
        (gan, (SMOOTH,), (2 * LOG_2, LOG_2)),
        (gan, (ONE_SIDED,), (2 * ENTROPY, -math.log(0.4))),
        (MINIMAX, (ONE_SIDED, LOOK_AHEAD), (2 * ENTROPY, math.log(0.6))),
        (gan, (feature_matching,), (2 * LOG_2, 0)),
        (gan, (feature_matching, ONE_SIDED), (2 * ENTROPY, 0)),
        (gan, (top_k, ONE_SIDED), (2 * ENTROPY, -math.log(0.4))),
        (least_squares, (R1, packing), (1 / 4, 1 / 8)),
        (hinge, (packing, feature_matching), (2, 0)),
        (least_squares, (instance_noise, historical_averaging, LOOK_AHEAD), (1 / 4, 1 / 8)),
        (wasserstein, (WGAN_GP,), (0, None)),
    ],
)
def test_equilibrium_is_what_the_best_d_leaves_where_g_forges_the_data(make, remedies, expected):
    """Found by descent in all functions on the points; where the game says None, it is not one number."""
    game = forging_the_data(make)
    for remedy in remedies:
        game = remedy(game)
    found = [at_its_best(game, seed) for seed in range(3)]
    for values, said, line in zip(zip(*found, strict=True), game.equilibrium, expected, strict=True):
        assert (said is None) == (line is None)
        if line is not None:
            assert said == pytest.approx(line, rel=1e-12)
            assert values == pytest.approx([line] * 3, abs=1e-5)
    assert (expected[1] is None) == (np.ptp([losses[1] for losses in found]) > 1e-3)


def test_equilibrium_is_unknown_where_a_remedy_takes_the_best_d_away():
    steep = gradient_penalty(forging_the_data(gan), strength=0.5)
    assert steep.equilibrium == (None, None)
    # a D that is flat would have to pay the whole penalty: the best one is bent
    assert at_its_best(steep, 0)[0] < 2 * LOG_2 + 0.5 - 0.1
    for inner, kept in ((gan, True), (hinge, True), (least_squares, False)):
        assert (weight_clipping(inner(ring())).equilibrium == inner(ring()).equilibrium) is kept
    assert label_smoothing(weight_clipping(gan(ring()))).equilibrium == (None, None)


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


# ---- what D's output is


@pytest.mark.parametrize(
    ("make", "reading"),
    [(gan, "probability"), (least_squares, "probability"), (hinge, "score"), (wasserstein, "critic")],
)
def test_the_best_output_of_each_game_is_what_it_is_read_as(make, reading):
    """Where data comes with p and fakes with q, descent on the game's own cost finds p/(p + q), a sign, or no end."""
    game = make(ring(), width=8)
    assert game.reading == reading
    for p, q in ((3.0, 1.0), (1.0, 4.0)):
        output = torch.zeros(1, 1, dtype=torch.float64, requires_grad=True)
        nothing = torch.zeros(1, 1, dtype=torch.float64)

        def cost(p=p, q=q, output=output, nothing=nothing):
            """E over p and q of what one point costs; the other half is the same whatever D says here."""
            real = game.discriminator_cost(output, nothing) - game.discriminator_cost(nothing, nothing)
            fake = game.discriminator_cost(nothing, output) - game.discriminator_cost(nothing, nothing)
            return (p * real + q * fake).sum()

        descent = torch.optim.SGD([output], lr=0.05)
        for _ in range(2000):
            descent.zero_grad()
            cost().backward()
            descent.step()
        prob = {"logit": torch.sigmoid, "probability": lambda share: share}.get(game.output)
        if prob is not None:
            assert float(prob(output.detach())) == pytest.approx(p / (p + q), abs=1e-6)
        elif reading == "score":
            assert float(output.detach()) == pytest.approx(np.sign(p - q), abs=0.3)  # SGD steps over the kink
        else:
            assert float(output.detach()) * np.sign(p - q) > 50


def test_probabilities_are_given_where_there_are_some():
    x = torch.randn(3, 20, 2, generator=rng(1))
    for make, expected in ((gan, torch.sigmoid), (least_squares, lambda share: share.clamp(0, 1))):
        game = make(ring(), width=8)
        theta = 3 * game.init(3, rng())["theta_d"]
        logits = game.discriminator(theta, x)[..., 0]
        assert bool((logits < 0).any() and (logits > 1).any())
        torch.testing.assert_close(game.prob_real(theta, x), expected(logits))
        torch.testing.assert_close(game.verdicts(theta, x), expected(logits))
    for make in (hinge, wasserstein):
        game = feature_matching(make(ring(), width=8))
        theta = game.init(3, rng())["theta_d"]
        torch.testing.assert_close(game.verdicts(theta, x), game.discriminator(theta, x)[..., 0])
        with pytest.raises(ValueError, match="probability"):
            game.prob_real(theta, x)
