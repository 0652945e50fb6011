"""Spectra against closed forms, finite differences, and what happens when the game is played."""

import itertools
import math

import numpy as np
import pytest
import torch

from gan_edu import catalogue
from gan_edu.dynamics.dynamics import COUNTERS, State, begin, draw, moves_of
from gan_edu.games.bilinear import bilinear
from gan_edu.games.dirac import dirac
from gan_edu.games.game import Batch
from gan_edu.games.quadratic import quadratic
from gan_edu.metrics.spectra import eigenvalues, jacobian, update_eigenvalues, update_jacobian
from gan_edu.trajectory import trajectory
from tests.dynamics.small import GAME, TINY

RANDOM = np.random.default_rng(0)


def at(x, y):
    """Players at points of one number each."""
    return {
        "theta_g": torch.tensor(x).double().reshape(-1, 1),
        "theta_d": torch.tensor(y).double().reshape(-1, 1),
    }


ZERO = at([0.0], [0.0])
POINTS = at(*RANDOM.uniform(-2, 2, (2, 5)))


def close(found, expected, tolerance=1e-12):
    np.testing.assert_allclose(np.asarray(found), expected, rtol=tolerance, atol=tolerance)


def in_order(values):
    return np.sort_complex(np.round(np.asarray(values), 12))


# --- the field ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("r", "p"), [(1.0, 0.0), (2.0, 0.5), (-1.0, -0.3), (0.0, 1.0)])
def test_quadratic_has_p_plus_minus_ir_everywhere(r, p):
    close(jacobian(quadratic(r, p), POINTS), np.broadcast_to([[p, r], [-r, p]], (5, 2, 2)))
    close(in_order(eigenvalues(quadratic(r, p), ZERO)[0]), in_order([p - 1j * r, p + 1j * r]), 1e-11)


def test_bilinear_turns_at_its_strengths():
    strengths = 100.0 ** -np.linspace(0, 1, 3)
    J = jacobian(bilinear(3, 100.0), bilinear(3).init(2, torch.Generator()))
    close(J[1], np.block([[np.zeros((3, 3)), np.diag(strengths)], [-np.diag(strengths), np.zeros((3, 3))]]))
    found = eigenvalues(bilinear(3, 100.0), bilinear(3).init(1, torch.Generator()))
    close(np.sort(found[0].imag), np.sort(np.r_[strengths, -strengths]))


@pytest.mark.parametrize("loss", ["minimax", "non_saturating"])
@pytest.mark.parametrize(
    ("gamma", "sigma"), [(0.0, 0.0), (0.3, 0.0), (1.0, 0.0), (2.0, 0.0), (0.0, 0.7), (0.5, 2.0)]
)
def test_dirac_at_its_equilibrium(loss, gamma, sigma):
    """J = [[0, 1/2], [-1/2, gamma + sigma²/2]]: both regularisers pull at y, R1 by gamma, noise by sigma²/2."""
    game = dirac(loss, gradient_penalty=gamma, noise=sigma)
    pull = gamma + sigma**2 / 2
    root = np.sqrt(pull**2 / 4 - 0.25 + 0j)
    close(
        in_order(eigenvalues(game, ZERO)[0]),
        in_order([pull / 2 - root, pull / 2 + root]),
        1e-7 if root == 0 else 1e-11,
    )
    close(jacobian(game, ZERO)[0], [[0, 0.5], [-0.5, pull]])


def test_a_critic_turns_twice_as_fast_and_feels_no_noise():
    for game in (dirac("wasserstein"), dirac("wasserstein", noise=2.0)):
        close(jacobian(game, POINTS), np.broadcast_to([[0, 1], [-1, 0]], (5, 2, 2)))
    penalised = dirac("wasserstein", gradient_penalty=0.5, gradient_norm=1.0)
    close(jacobian(penalised, at([0.3], [0.4]))[0], [[0, 1], [-1, 0.5]])


def test_dirac_away_from_its_equilibrium():
    """v_x = y s(-xy), v_y = -x s(-xy): derivatives by hand."""
    x, y = (POINTS[k].squeeze(-1).numpy() for k in ("theta_g", "theta_d"))
    s = 1 / (1 + np.exp(x * y))
    bend = s * (1 - s)
    expected = np.array([[-(y**2) * bend, s - x * y * bend], [-s + x * y * bend, x**2 * bend]])
    close(jacobian(dirac(), POINTS), expected.transpose(2, 0, 1))


def test_the_jacobian_of_a_gan_against_finite_differences():
    game = GAME
    players = game.init(2, torch.Generator().manual_seed(0))
    batch = Batch(*(part.double() for part in game.draw(2, 5, torch.Generator().manual_seed(1))))
    J = jacobian(game, players, batch)

    def field(w):
        theta_g, theta_d = (
            part.requires_grad_()
            for part in w.split([game.generator.n_parameters, len(w[0]) - game.generator.n_parameters], -1)
        )
        here = {"theta_g": theta_g, "theta_d": theta_d}
        (slope_g,) = torch.autograd.grad(game.generator_loss(here, batch).sum(), theta_g)
        (slope_d,) = torch.autograd.grad(game.discriminator_loss(here, batch).sum(), theta_d)
        return torch.cat([slope_g, slope_d], -1)

    w, h = torch.cat([players["theta_g"], players["theta_d"]], -1), 1e-5
    for column in range(w.shape[-1]):
        shift = torch.zeros_like(w)
        shift[:, column] = h
        torch.testing.assert_close(
            J[..., column], (field(w + shift) - field(w - shift)) / (2 * h), rtol=1e-6, atol=1e-9
        )
    torch.testing.assert_close(
        eigenvalues(game, players, batch).sum(-1).real, J.diagonal(dim1=-2, dim2=-1).sum(-1)
    )
    alone = jacobian(game, {k: v[1:] for k, v in players.items()}, Batch(*(part[1:] for part in batch)))
    torch.testing.assert_close(alone[0], J[1])


# --- one step ----------------------------------------------------------------------------------------------------

SHORT = [name + ":iterations=3" * name.startswith("competitive") for name in catalogue.entries("dynamics")]


def counts(path):
    return path.split("/")[-1] in COUNTERS


def step_by_differences(game, dynamics, optimizer, rates, start, batch=None, h=1e-6):
    """dF/ds by central differences of the step that training takes."""
    dynamics, optimizer = catalogue.parse(dynamics, "dynamics"), catalogue.parse(optimizer, "optimizers")
    moves = moves_of(dynamics, game, optimizer, rates)
    state = begin(dynamics, game, optimizer, 1, torch.Generator(), [start])
    batches = [batch or b for b in draw(dynamics, game, 1, 1, torch.Generator())]
    once = dynamics.step(moves, state, batches).named()
    named = {path: once[path] if counts(path) else t for path, t in state.named().items()}
    paths = [path for path in named if not counts(path) and not path.startswith("losses/")]
    paths = [
        "players/theta_g",
        "players/theta_d",
        *[path for path in paths if not path.startswith("players/")],
    ]

    def after(s):
        parts = dict(zip(paths, s.split([named[path].shape[-1] for path in paths], -1), strict=True))
        moved = dynamics.step(moves, State.from_named({**named, **parts}, 0), batches).named()
        return torch.cat([moved[path] for path in paths], -1)

    s = torch.cat([named[path] for path in paths], -1)
    shifts = h * torch.eye(s.shape[-1], dtype=s.dtype)
    return torch.stack([(after(s + e) - after(s - e))[0] / (2 * h) for e in shifts], -1)


@pytest.mark.parametrize("optimizer", [pytest.param("sgd", marks=pytest.mark.slow), "momentum:beta=-0.4"])
@pytest.mark.parametrize("dynamics", SHORT)
def test_the_operator_is_the_derivative_of_a_step(dynamics, optimizer):
    game, start = dirac("non_saturating", gradient_penalty=0.7), (0.8, -1.1)
    rates = {"theta_g": 0.3, "theta_d": 0.2}
    found = update_jacobian(
        game,
        dynamics=dynamics,
        optimizer=optimizer,
        start=start,
        generator_learning_rate=0.3,
        discriminator_learning_rate=0.2,
    )[0]
    expected = step_by_differences(game, dynamics, optimizer, rates, start)
    torch.testing.assert_close(found, expected, rtol=1e-7, atol=1e-8)


@pytest.mark.parametrize("optimizer", ["adam:beta1=0.5,beta2=0.9", "rmsprop:alpha=0.9"])
def test_the_operator_of_adaptive_steps_away_from_the_equilibrium(optimizer):
    settings = {
        "dynamics": "extragradient",
        "optimizer": optimizer,
        "start": (0.8, -1.1),
        "learning_rate": 0.1,
    }
    found = update_jacobian(quadratic(), **settings)[0]
    rates = {"theta_g": 0.1, "theta_d": 0.1}
    expected = step_by_differences(quadratic(), "extragradient", optimizer, rates, (0.8, -1.1))
    torch.testing.assert_close(found, expected, rtol=1e-6, atol=1e-7)


@pytest.mark.slow
@pytest.mark.parametrize(
    "dynamics", ["simultaneous", "alternating", "consensus", "competitive_gradient_descent:iterations=3"]
)
def test_the_operator_on_a_gan(dynamics):
    size = GAME.generator.n_parameters + GAME.discriminator.n_parameters
    start = RANDOM.normal(size=size).tolist()
    batch = Batch(*(part.double() for part in GAME.draw(1, 5, torch.Generator().manual_seed(1))))
    found = update_jacobian(
        GAME, batch=batch, dynamics=dynamics, optimizer="sgd", learning_rate=0.3, start=start
    )[0]
    rates = {"theta_g": 0.3, "theta_d": 0.3}
    expected = step_by_differences(GAME, dynamics, "sgd", rates, start, batch, 1e-5)
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-8)
    if dynamics == "simultaneous":
        players = {"theta_g": torch.tensor([start[: GAME.generator.n_parameters]]).double()}
        players["theta_d"] = torch.tensor([start[GAME.generator.n_parameters :]]).double()
        torch.testing.assert_close(
            found,
            torch.eye(size) - 0.3 * jacobian(GAME, players, batch)[0],
            check_dtype=False,
            rtol=1e-5,
            atol=1e-6,
        )


CLOSED = {
    "simultaneous": lambda z: 1 + z,
    "extragradient": lambda z: 1 + z + z**2,
    "runge_kutta:order=2": lambda z: 1 + z + z**2 / 2,
    "runge_kutta:order=4": lambda z: 1 + z + z**2 / 2 + z**3 / 6 + z**4 / 24,
}


@pytest.mark.parametrize("dynamics", list(CLOSED))
def test_operators_that_are_polynomials_of_the_jacobian(dynamics):
    z = -0.4 * (0.3 + 1j)
    found = update_eigenvalues(quadratic(1.0, 0.3), dynamics=dynamics, learning_rate=0.4)[0]
    expected = CLOSED[dynamics](np.array([z, z.conjugate()]))
    close(in_order(found), in_order(expected), 1e-11)


@pytest.mark.parametrize("optimizer", ["sgd", pytest.param("momentum:beta=-0.3", marks=pytest.mark.slow)])
@pytest.mark.parametrize(
    "dynamics", [*[d for d in SHORT if "averaging" not in d], "averaging:kind=exponential,decay=0.5"]
)
def test_the_largest_modulus_is_the_factor_of_a_long_path(dynamics, optimizer):
    game = quadratic(1.0, 0.15)
    settings = {"dynamics": dynamics, "optimizer": optimizer, "learning_rate": 0.2}
    factor = float(update_eigenvalues(game, **settings)[0, 0].abs())
    r = trajectory(game, steps=900, start=(1, 0.3), **settings)[:, 0].norm(dim=-1).numpy()
    t = np.flatnonzero(r > 1e-280)
    t = t[len(t) // 3 :]
    assert np.polyfit(t, np.log(r[t]), 1)[0] == pytest.approx(math.log(factor), abs=2e-4)
    assert abs(math.log(factor)) > 1e-3


def test_rates_by_run_take_one_call_and_are_exact():
    rates = (0.05, 0.2, 0.7)
    found = update_eigenvalues(bilinear(), dynamics="simultaneous", runs=3, learning_rate=rates)
    close(found.abs(), np.sqrt(1 + np.array(rates)[:, None] ** 2 * [1, 1]), 1e-14)


def test_any_start_will_do():
    for start in (None, (0, 0), torch.zeros(2), np.zeros(2)):
        close(update_jacobian(bilinear(), dynamics="simultaneous", start=start)[0], [[1, -0.2], [0.2, 1]])


def test_games_with_networks_need_a_batch():
    players = TINY.init(1, torch.Generator())
    for call in (
        lambda: jacobian(TINY, players),
        lambda: eigenvalues(TINY, players),
        lambda: update_jacobian(TINY),
        lambda: update_eigenvalues(TINY),
    ):
        with pytest.raises(ValueError, match="batch must be given for games with networks"):
            call()
    with pytest.raises(ValueError, match="settings must be among"):
        update_jacobian(bilinear(), speed=3)


# --- the Dirac-GAN converges where the theory says, and only there -----------------------------------------------

ETAS = (0.1, 0.5, 1.5, 4.5)


@pytest.mark.parametrize("dynamics", ["simultaneous", "alternating"])
@pytest.mark.parametrize(("gamma", "sigma"), [*itertools.product((0.0, 0.3, 1.0, 2.0), [0.0]), (0.3, 1.0)])
def test_dirac_converges_exactly_where_the_spectral_radius_is_below_one(dynamics, gamma, sigma):
    game = dirac(gradient_penalty=gamma, noise=sigma)
    settings = {"dynamics": dynamics, "runs": len(ETAS), "learning_rate": ETAS}
    radius = update_eigenvalues(game, **settings)[:, 0].abs().numpy()
    path = trajectory(game, steps=400, start=(1e-4, 1e-4), **settings)
    r = path.norm(dim=-1).numpy()
    converged, left = r[-1] < 0.5 * r[0], r[-1] > 2 * r[0]
    decided = abs(radius - 1) > 0.01
    assert (converged[decided] == (radius[decided] < 1)).all(), (radius, r[-1])
    assert (left[decided] == (radius[decided] > 1)).all(), (radius, r[-1])
    if dynamics == "simultaneous":
        lengths = [abs(1 - eta * eigenvalues(game, ZERO)[0].numpy()).max() for eta in ETAS]
        close(radius, lengths, 1e-7)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("game", "converges"),
    [
        (dirac(), False),
        (dirac("wasserstein"), False),
        (dirac(gradient_penalty=1.0), True),
        (dirac("non_saturating", gradient_penalty=1.0), True),
        (dirac("wasserstein", gradient_penalty=1.0), True),
        (dirac(noise=1.0), True),
        (dirac("non_saturating", noise=1.0), True),
        (dirac("wasserstein", noise=1.0), False),
        (dirac("wasserstein", gradient_penalty=1.0, gradient_norm=1.0), False),
    ],
    ids=lambda value: (
        "".join(f"{v} " for v in value.recipe["arguments"].values())
        if not isinstance(value, bool)
        else str(value)
    ),
)
def test_dirac_from_afar(game, converges):
    for dynamics in ("simultaneous", "alternating"):
        path = trajectory(game, steps=4000, start=(0.9, 0.8), dynamics=dynamics, learning_rate=0.05)[:, 0]
        far = float(path[-500:].norm(dim=-1).max())
        assert far < 1e-4 if converges else far > 0.3, (dynamics, far)


def test_without_regularisation_the_non_saturating_loss_creeps():
    """Its flow loses area at the rate r²/4, so 1/r² grows by 1/8 a unit of time: no factor below 1, as at +-i/2."""
    settings = {"dynamics": "runge_kutta", "learning_rate": 0.25, "start": (0.5, 0.4)}
    creeping = trajectory(dirac("non_saturating"), steps=8000, **settings)[:, 0].square().sum(-1)
    assert float(1 / creeping[8000] - 1 / creeping[4000]) == pytest.approx(4000 * 0.25 / 8, rel=0.02)
    turning = trajectory(dirac("minimax"), steps=8000, **settings)[:, 0].norm(dim=-1)
    assert float(turning[-500:].max() / turning[:500].max()) == pytest.approx(1, abs=0.02)
