"""Planar games: losses against numpy, fields against closed forms, noise against quadrature of high precision."""

import itertools
import json

import numpy as np
import pytest
import torch
from scipy.integrate import quad
from scipy.special import expit

from gan_edu import catalogue
from gan_edu.dynamics.dynamics import gradient, gradients, slope, slopes_at
from gan_edu.games import dirac as dirac_module
from gan_edu.games.bilinear import bilinear
from gan_edu.games.dirac import dirac
from gan_edu.games.planar import planar
from gan_edu.games.quadratic import quadratic
from gan_edu.metrics.spectra import jacobian
from gan_edu.trajectory import trajectory

RANDOM = np.random.default_rng(0)
X, Y = RANDOM.uniform(-2, 2, (2, 40))


def losses(game, x, y):
    """loss_x and loss_y at points of one number each."""
    players = {
        "theta_g": torch.tensor(np.reshape(x, (len(x), -1))),
        "theta_d": torch.tensor(np.reshape(y, (len(y), -1))),
    }
    return game.generator_loss(players, None).numpy(), game.discriminator_loss(players, None).numpy()


def field(game, x, y, make=slope):
    """(v_x, v_y) by the package's autodiff."""
    players = {
        "theta_g": torch.tensor(np.reshape(x, (len(x), -1))),
        "theta_d": torch.tensor(np.reshape(y, (len(y), -1))),
    }
    batch = game.draw_without_data(len(x), 1, torch.Generator())
    found = {m: g(players, batch)[1].detach().numpy() for m, g in gradients(game, make).items()}
    return found["theta_g"].squeeze(-1), found["theta_d"].squeeze(-1)


def close(found, expected, tolerance=1e-12):
    np.testing.assert_allclose(found, expected, rtol=tolerance, atol=tolerance)


def softplus(u):
    return np.logaddexp(0, u)


# --- bilinear and quadratic --------------------------------------------------------------------------------------


def test_bilinear_is_xy():
    loss_x, loss_y = losses(bilinear(), X, Y)
    close(loss_x, X * Y)
    close(loss_y, -X * Y)
    close(field(bilinear(), X, Y), (Y, -X))


@pytest.mark.parametrize("make", [slope, gradient], ids=["plain", "traced"])
@pytest.mark.parametrize(("n", "condition"), [(2, 1.0), (3, 100.0), (5, 7.0)])
def test_bilinear_in_n_dimensions(n, condition, make):
    game = bilinear(n, condition)
    x, y = RANDOM.normal(size=(2, 6, n))
    strengths = condition ** (-np.arange(n) / (n - 1))
    assert strengths[0] == 1 and strengths[-1] == pytest.approx(1 / condition)
    loss_x, loss_y = losses(game, x, y)
    close(loss_x, np.einsum("ri,i,ri->r", x, strengths, y))
    close(loss_y, -loss_x)
    players = {"theta_g": torch.tensor(x), "theta_d": torch.tensor(y)}
    made = gradients(game, make)
    batch = game.draw_without_data(6, 1, torch.Generator())
    close(made["theta_g"](players, batch)[1].detach(), strengths * y)
    close(made["theta_d"](players, batch)[1].detach(), -strengths * x)


def test_one_dimension_has_no_condition():
    close(losses(bilinear(1, 50.0), X, Y)[0], X * Y)


@pytest.mark.parametrize(("r", "p"), [(1.0, 0.3), (-2.0, -0.5), (0.0, 1.0), (1.5, 0.0)])
def test_quadratic_mixes_rotation_and_potential(r, p):
    game = quadratic(rotation=r, potential=p)
    loss_x, loss_y = losses(game, X, Y)
    close(loss_x, p * X**2 / 2 + r * X * Y)
    close(loss_y, p * Y**2 / 2 - r * X * Y)
    close(field(game, X, Y), (p * X + r * Y, p * Y - r * X))


# --- dirac -------------------------------------------------------------------------------------------------------

LOSSES = ["minimax", "non_saturating", "wasserstein"]


def dirac_by_hand(loss, x, y, gamma=0.0, c=0.0):
    """Losses and slopes of the Dirac-GAN without noise: (loss_x, loss_y, v_x, v_y); the data lies at 0."""
    penalty, slope_of_penalty = gamma / 2 * (abs(y) - c) ** 2, gamma * (abs(y) - c) * np.sign(y)
    if loss == "wasserstein":
        return x * y, -x * y + penalty, y, -x + slope_of_penalty
    logit = -y * x  # of the forged point; that of the real one is 0
    prob_real = expit(logit)
    loss_x = {"minimax": np.log(1 - prob_real), "non_saturating": -np.log(prob_real)}[loss]
    v_x = {"minimax": y * prob_real, "non_saturating": y * (1 - prob_real)}[loss]
    return loss_x, np.log(2) - np.log(1 - prob_real) + penalty, v_x, -x * prob_real + slope_of_penalty


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize(("gamma", "c"), [(0.0, 0.0), (0.3, 0.0), (1.0, 1.0), (2.0, 0.5)])
def test_dirac_against_numpy(loss, gamma, c):
    game = dirac(loss, gradient_penalty=gamma, gradient_norm=c)
    loss_x, loss_y, v_x, v_y = dirac_by_hand(loss, X, Y, gamma, c)
    close(losses(game, X, Y), (loss_x, loss_y))
    close(field(game, X, Y), (v_x, v_y))
    close(field(game, X, Y, gradient), (v_x, v_y))


@pytest.mark.parametrize("loss", LOSSES)
def test_near_zero_dirac_turns_as_xy_does(loss):
    v_x, v_y = field(dirac(loss), 1e-6 * X, 1e-6 * Y)
    factor = 1 if loss == "wasserstein" else 0.5
    close(v_x, factor * 1e-6 * Y, 1e-11)
    close(v_y, -factor * 1e-6 * X, 1e-11)


def expectation(f, mean, sigma):
    """E f(s), s ~ N(mean, sigma²), to 13 digits."""

    def integrand(t):
        return f(mean + sigma * t) * np.exp(-t * t / 2) / np.sqrt(2 * np.pi)

    return quad(integrand, -14, 14, epsabs=1e-14, epsrel=1e-13, limit=400)[0]


def noisy_by_quadrature(loss, x, y, sigma):
    """As `dirac_by_hand`, the slopes by differentiating under the integral."""
    if loss == "wasserstein":
        return x * y, -x * y, y, -x
    loss_y = expectation(lambda s: softplus(y * s), 0, sigma) + expectation(
        lambda s: softplus(-y * s), x, sigma
    )
    v_y = expectation(lambda s: s * expit(y * s), 0, sigma) - expectation(
        lambda s: s * expit(-y * s), x, sigma
    )
    if loss == "minimax":
        return (
            -expectation(lambda s: softplus(-y * s), x, sigma),
            loss_y,
            expectation(lambda s: y * expit(-y * s), x, sigma),
            v_y,
        )
    return (
        expectation(lambda s: softplus(y * s), x, sigma),
        loss_y,
        expectation(lambda s: y * expit(y * s), x, sigma),
        v_y,
    )


@pytest.mark.parametrize("loss", LOSSES)
def test_instance_noise_against_quadrature_of_high_precision(loss):
    """Within |y| sigma < 0.3 the nodes are as good as exact."""
    sigma = 0.7
    game, x, y = dirac(loss, noise=sigma), X[:12], 0.3 / sigma * Y[:12] / 2
    expected = np.array([noisy_by_quadrature(loss, a, b, sigma) for a, b in zip(x, y, strict=True)]).T
    close(losses(game, x, y), expected[:2], 1e-10)
    close(field(game, x, y), expected[2:], 1e-10)


@pytest.mark.parametrize(("reach", "promised"), [(1.0, 4e-6), (2.0, 8e-4)])
def test_the_accuracy_that_the_nodes_promise(reach, promised):
    """The worst error of E D(s) over where the points may lie: no more, and not much less."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(dirac_module.NODES)
    weights = weights / weights.sum()
    errors = [
        abs(weights @ expit(m + reach * nodes) - expectation(expit, m, reach)) for m in np.linspace(0, 8, 33)
    ]
    assert promised / 3 < max(errors) <= promised


def test_noise_pulls_the_discriminator_back():
    """At x = 0 the slope of loss_y along y is sigma²/2 y for small y; without noise it is 0."""
    y = np.array([1e-4, -2e-4])
    zero = np.zeros(2)
    close(field(dirac(noise=0.7), zero, y)[1], 0.49 / 2 * y, 1e-10)
    close(field(dirac(), zero, y)[1], zero, 1e-14)
    close(field(dirac("wasserstein", noise=0.7), zero, y)[1], zero, 1e-14)


# --- all of them -------------------------------------------------------------------------------------------------

GAMES = {
    "bilinear": bilinear(),
    "bilinear 3": bilinear(3, 10.0),
    "quadratic": quadratic(),
    **{f"dirac {loss}": dirac(loss, gradient_penalty=0.4, gradient_norm=0.3, noise=0.6) for loss in LOSSES},
}


@pytest.mark.parametrize("name", list(GAMES))
@pytest.mark.parametrize("mover", ["theta_d", "theta_g"])
def test_fields_match_finite_differences(name, mover):
    game = GAMES[name]
    players, batch = game.init(5, torch.Generator().manual_seed(1)), None
    loss = game.discriminator_loss if mover == "theta_d" else game.generator_loss
    found = gradients(game, slope)[mover](players, batch)[1].detach()
    h = 1e-5
    for p in range(found.shape[-1]):
        shift = torch.zeros_like(players[mover])
        shift[:, p] = h
        up, down = (
            loss({**players, mover: players[mover] + sign * shift}, batch).detach() for sign in (1, -1)
        )
        torch.testing.assert_close(found[:, p], (up - down) / (2 * h), rtol=1e-8, atol=1e-9)


@pytest.mark.parametrize("name", list(GAMES))
def test_losses_keep_runs_apart_and_stay_in_float64(name):
    game = GAMES[name]
    players = game.init(4, torch.Generator().manual_seed(2))
    for loss in (game.discriminator_loss, game.generator_loss):
        together = loss(players, None)
        assert together.shape == (4,) and together.dtype == torch.float64
        alone = [loss({k: v[r : r + 1] for k, v in players.items()}, None) for r in range(4)]
        assert torch.equal(together, torch.cat(alone))


@pytest.mark.parametrize("name", list(GAMES))
def test_a_planar_game_is_a_small_gan(name):
    game = GAMES[name]
    assert game.is_planar and not game.discriminator_sees_data and not game.generator_sees_data
    players = game.init(3, torch.Generator().manual_seed(3))
    n = game.generator.n_parameters
    x, y = players["theta_g"], players["theta_d"]
    assert x.shape == y.shape == (3, n)
    drawn = game.generator(x, torch.empty(3, 7, 0))
    assert torch.equal(drawn, x.unsqueeze(1).expand(3, 7, n))
    s = torch.randn(3, 7, n, dtype=torch.float64, generator=torch.Generator().manual_seed(4))
    expected = 1 / (1 + torch.exp((y.unsqueeze(1) * s).sum(-1)))
    torch.testing.assert_close(game.prob_real(y, s), expected)
    assert json.loads(json.dumps(game.recipe))["name"] == name.split()[0]


def test_the_dirac_gan_is_the_gan_of_its_networks():
    """loss_y and loss_x are the GAN's, computed from the logits of its own discriminator at 0 and at x."""
    game, players = dirac(), dirac().init(9, torch.Generator().manual_seed(5))
    real = game.discriminator(players["theta_d"], torch.zeros(9, 1, 1, dtype=torch.float64))[:, 0, 0]
    fake = game.discriminator(players["theta_d"], game.generator(players["theta_g"], torch.empty(9, 1, 0)))[
        :, 0, 0
    ]
    expected = -real.sigmoid().log() - (1 - fake.sigmoid()).log()
    torch.testing.assert_close(game.discriminator_loss(players, None), expected)
    torch.testing.assert_close(game.generator_loss(players, None), (1 - fake.sigmoid()).log())
    other = dirac("non_saturating").generator_loss(players, None)
    torch.testing.assert_close(other, -fake.sigmoid().log())


def test_a_game_by_hand_may_be_linear():
    """Slopes that depend on nothing are slopes, to first and second order."""
    game = planar(lambda x, y: x.sum(-1), lambda x, y: 2 * y.sum(-1))
    _, v = slopes_at(game, game.init(2, torch.Generator()), None)
    assert v.theta_g.tolist() == [[1.0], [1.0]] and v.theta_d.tolist() == [[2.0], [2.0]]
    assert not jacobian(game, game.init(2, torch.Generator())).any()
    for dynamics in ("consensus", "symplectic_gradient_adjustment", "competitive_gradient_descent"):
        path = trajectory(game, steps=2, start=(0, 0), learning_rate=0.1, dynamics=dynamics)[:, 0]
        close(path, [[0, 0], [-0.1, -0.2], [-0.2, -0.4]])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("bilinear:dimensions=0", ["bilinear: dimensions", "from 1 to 1000", "got 0"]),
        ("bilinear:dimensions=1.5", ["bilinear: dimensions", "whole", "1.5"]),
        ("bilinear:condition=0.5", ["bilinear: condition", "from 1", "0.5"]),
        ("quadratic:rotation=11", ["quadratic: rotation", "from -10 to 10", "11"]),
        ("quadratic:potential=nan", ["quadratic: potential", "nan"]),
        ("dirac:loss=hinge", ["dirac: loss", "'minimax', 'non_saturating', 'wasserstein'", "hinge"]),
        ("dirac:noise=-1", ["dirac: noise", "from 0", "-1"]),
        ("dirac:gradient_penalty=-0.1", ["dirac: gradient_penalty", "-0.1"]),
        ("dirac:gradient_norm=-1", ["dirac: gradient_norm", "-1"]),
        ("dirac:sigma=1", ["dirac", "sigma", "noise"]),
    ],
)
def test_wrong_parameters_say_so(text, words):
    with pytest.raises(ValueError) as caught:
        catalogue.parse(text, "games")
    assert all(word in str(caught.value) for word in words), caught.value


def test_fresh_players_differ_from_run_to_run_and_by_seed():
    a, b = (bilinear().init(2, torch.Generator().manual_seed(seed)) for seed in (0, 1))
    values = [float(v) for players in (a, b) for theta in players.values() for v in theta]
    assert all(p != q for p, q in itertools.combinations(values, 2))
