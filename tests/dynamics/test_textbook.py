"""Every dynamics on games with a linear field equals the textbook's matrix form; growth, invariants, order."""

import itertools
import math

import numpy as np
import pytest
import torch

from gan_edu import catalogue
from gan_edu.games.bilinear import bilinear
from gan_edu.games.dirac import dirac
from gan_edu.games.planar import planar
from gan_edu.games.quadratic import quadratic
from gan_edu.training import train
from gan_edu.trajectory import trajectory
from tests.dynamics import textbook

DYNAMICS = {
    "simultaneous": ("simultaneous", {}),
    "alternating": ("alternating", {}),
    "alternating:discriminator_steps=3,generator_steps=2": ("alternating", {"d_steps": 3, "g_steps": 2}),
    "extragradient": ("extragradient", {}),
    "optimistic": ("optimistic", {}),
    "consensus:strength=0.7": ("consensus", {"strength": 0.7}),
    "symplectic_gradient_adjustment:strength=0.7": ("symplectic_gradient_adjustment", {"strength": 0.7}),
    "symplectic_gradient_adjustment:align=False": ("symplectic_gradient_adjustment", {"align": False}),
    "competitive_gradient_descent": ("competitive_gradient_descent", {}),
    "negative_momentum:beta=-0.3": ("negative_momentum", {"beta": -0.3}),
    "averaging": ("averaging", {}),
    "averaging:kind=exponential,decay=0.8,played=simultaneous": (
        "averaging",
        {"kind": "exponential", "decay": 0.8, "played": "simultaneous"},
    ),
    "averaging:kind=exponential,decay=0.9,averaged=generator": (
        "averaging",
        {"kind": "exponential", "decay": 0.9, "averaged": "generator"},
    ),
    "averaging:averaged=discriminator": ("averaging", {"averaged": "discriminator"}),
    "historical_averaging:strength=0.4": ("historical_averaging", {"strength": 0.4}),
    "runge_kutta:order=2": ("runge_kutta", {"order": 2}),
    "runge_kutta:order=4": ("runge_kutta", {"order": 4}),
}


def by_hand(blocks):
    """A game with loss_x = x.Ax/2 + x.By and loss_y = y.Cy/2 + y.Dx, A and C symmetric; and its Jacobian."""
    A, B, C, D = blocks
    a, b, c, d = (torch.tensor(block) for block in blocks)

    def loss_x(x, y):
        return (x * (x @ a) / 2 + x * (y @ b.T)).sum(-1)

    def loss_y(x, y):
        return (y * (y @ c) / 2 + y * (x @ d.T)).sum(-1)

    return planar(loss_x, loss_y, len(A)), np.block([[A, B], [D, C]])


def random_game(n, seed):
    A, B, C, D = 0.5 * np.random.default_rng(seed).normal(size=(4, n, n))
    return by_hand((A + A.T, B, C + C.T, D))


def scaled(condition, n):
    strengths = np.diag(condition ** -np.linspace(0, 1, n))
    return np.block([[np.zeros((n, n)), strengths], [-strengths, np.zeros((n, n))]])


def linear(r, p):
    return np.array([[p, r], [-r, p]])


GAMES = {
    "xy": (bilinear(), linear(1, 0)),
    "rotation and hills": (quadratic(rotation=0.8, potential=-0.4), linear(0.8, -0.4)),
    "no zero sum": random_game(1, 3),
    "no zero sum, 3 numbers each": random_game(3, 1),
    "x . A y": (bilinear(4, 10.0), scaled(10.0, 4)),
}
RATES = {"generator_learning_rate": 0.11, "discriminator_learning_rate": 0.23}


def played(game, start, steps, **settings):
    """The path (T + 1, 2n) by training, a frame a step."""
    frames = itertools.islice(train(game, start=start, steps_per_frame=1, **settings), steps + 1)
    return np.stack([torch.cat([f.players["theta_g"], f.players["theta_d"]], -1)[0].numpy() for f in frames])


def taken(game, way):
    """What is played and how: a remedy goes around the game, and is played by simultaneous steps."""
    if catalogue.name_of(way) in catalogue.entries("remedies"):
        return catalogue.parse(way, "remedies", game=game), "simultaneous"
    return game, way


def test_every_dynamics_of_the_catalogue_has_its_textbook():
    names = {name for name, _ in DYNAMICS.values()}
    assert names == {*catalogue.entries("dynamics"), "historical_averaging"}


@pytest.mark.parametrize(
    "game",
    ["xy", *[pytest.param(name, marks=pytest.mark.slow) for name in list(GAMES)[1:]]],
)
@pytest.mark.parametrize("dynamics", list(DYNAMICS))
def test_one_step_and_fifty_equal_the_matrix_form(dynamics, game):
    made, J = GAMES[game]
    name, options = DYNAMICS[dynamics]
    n = len(J) // 2
    start = np.random.default_rng(7).normal(size=2 * n)
    rates = np.r_[np.full(n, 0.11), np.full(n, 0.23)]
    expected = getattr(textbook, name)(J, rates, start, 50, **options)
    made, dynamics = taken(made, dynamics)
    found = played(made, start.tolist(), 50, dynamics=dynamics, **RATES)
    np.testing.assert_allclose(found[1], expected[1], rtol=1e-13, atol=1e-14)
    np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-12)
    if n == 1:
        np.testing.assert_allclose(
            trajectory(made, steps=50, start=start.tolist(), dynamics=dynamics, **RATES)[:, 0],
            found,
            rtol=1e-12,
        )


# --- growth rates and invariants on xy, to 1e-10 over hundreds of steps ---------------------------------------------

ETA, STEPS, START = 0.2, 400, (1.0, 0.3)


def path(dynamics, eta=ETA, steps=STEPS, game=None, **settings):
    made, dynamics = taken(game or bilinear(), dynamics)
    return trajectory(made, steps=steps, start=START, dynamics=dynamics, learning_rate=eta, **settings)[
        :, 0
    ].numpy()


def radius(points):
    return np.linalg.norm(points, axis=-1)


FACTORS = {
    "simultaneous": lambda h: math.sqrt(1 + h**2),
    "extragradient": lambda h: math.sqrt((1 - h**2) ** 2 + h**2),
    "competitive_gradient_descent": lambda h: 1 / math.sqrt(1 + h**2),
    "consensus:strength=0.3": lambda h: math.sqrt((1 - 0.3 * h) ** 2 + h**2),
    "symplectic_gradient_adjustment:strength=0.3": lambda h: math.sqrt((1 - 0.3 * h) ** 2 + h**2),
    "runge_kutta:order=2": lambda h: math.sqrt(1 + h**4 / 4),
    "runge_kutta:order=4": lambda h: math.sqrt(1 - h**6 / 72 + h**8 / 576),
}


@pytest.mark.parametrize("eta", [0.05, 0.2, 0.9])
@pytest.mark.parametrize("dynamics", list(FACTORS))
def test_the_radius_changes_by_the_same_factor_in_every_step(dynamics, eta):
    r = radius(path(dynamics, eta))
    np.testing.assert_allclose(r / r[0], FACTORS[dynamics](eta) ** np.arange(STEPS + 1), rtol=1e-10)


def test_measured_yardsticks():
    """The figures at eta = 0.2 that papers' methods are compared by, to the digits that are printed."""
    for dynamics, factor in {
        "extragradient": 0.9806,
        "optimistic": 0.979,
        "consensus": 0.825,
        "consensus:strength=0.1": 1.0002,
        "symplectic_gradient_adjustment": 0.825,
        "competitive_gradient_descent": 0.9806,
        "negative_momentum": 0.994,
        "negative_momentum:beta=-0.1": 0.997,
        "historical_averaging": 0.986,
        "historical_averaging:strength=1": 0.998,
    }.items():
        r = radius(path(dynamics))
        digits = len(str(factor).split(".")[1])
        assert (r[-1] / r[0]) ** (1 / STEPS) == pytest.approx(factor, abs=0.51 * 10**-digits), dynamics


def test_steps_of_d_first_conserve_an_ellipse():
    """x² + y² + eta xy with y moving first; the other sign belongs to the other order."""
    x, y = path("alternating").T
    np.testing.assert_allclose(x**2 + y**2 + ETA * x * y, 1.09 + ETA * 0.3, rtol=1e-10)
    assert np.ptp(x**2 + y**2 - ETA * x * y) > 0.3
    r = radius(np.stack([x, y], -1))
    assert r.max() / r.min() == pytest.approx(math.sqrt((1 + ETA / 2) / (1 - ETA / 2)), rel=1e-3)


def test_alternating_steps_are_bounded_up_to_two_and_no_further():
    assert radius(path("alternating", 1.99)).max() < 40
    assert radius(path("alternating", 2.01))[-1] > 1e10


def test_optimistic_decays_by_the_larger_root():
    roots = np.roots([1, -(1 - 2j * ETA), -1j * ETA])
    factor = abs(roots).max()
    assert factor < 1
    w = path("optimistic") @ [1, 1j]  # x + iy, which v = (y, -x) turns by -i
    slow = np.roots([1, -(1 + 2j * ETA), 1j * ETA])
    np.testing.assert_allclose(sorted(abs(slow)), sorted(abs(roots)), rtol=1e-12)
    basis = np.stack([slow ** (t + 1) for t in range(STEPS + 1)])
    weights = np.linalg.solve(basis[:2], w[:2])
    np.testing.assert_allclose(w, basis @ weights, rtol=1e-9, atol=1e-12)
    r = abs(w)
    assert (r[-1] / r[-101]) ** 0.01 == pytest.approx(factor, rel=1e-10)


@pytest.mark.parametrize("eta", [0.2, 0.6])
@pytest.mark.parametrize("dynamics", ["consensus", "symplectic_gradient_adjustment"])
def test_the_adjustment_must_be_strong_enough_and_not_too_strong(dynamics, eta):
    """Converging needs gamma > eta (1 + gamma²) / 2: between the roots of eta gamma² - 2 gamma + eta = 0."""
    low, high = sorted(np.roots([eta, -2, eta]))
    for gamma, converges in (
        (low - 0.01, False),
        (low + 0.01, True),
        (high - 0.01, True),
        (high + 0.01, False),
    ):
        r = radius(path(f"{dynamics}:strength={gamma}", eta))
        assert (r[-1] < r[0]) == converges, (gamma, r[-1] / r[0])


def test_without_strength_the_adjusted_are_simultaneous():
    expected = path("simultaneous")
    for dynamics in (
        "consensus:strength=0",
        "symplectic_gradient_adjustment:strength=0",
        "historical_averaging:strength=0",
    ):
        np.testing.assert_allclose(path(dynamics), expected, rtol=1e-14)
    np.testing.assert_allclose(path("negative_momentum:beta=0"), path("alternating"), rtol=1e-14)
    np.testing.assert_allclose(
        path("averaging:kind=exponential,decay=0"), path("alternating"), rtol=1e-12, atol=1e-12
    )


def test_consensus_is_the_adjustment_on_xy_and_only_there():
    np.testing.assert_allclose(path("consensus"), path("symplectic_gradient_adjustment"), rtol=1e-12)
    for p in (0.5, -0.5):
        game = quadratic(potential=p)
        difference = path("consensus", steps=5, game=game) - path(
            "symplectic_gradient_adjustment", steps=5, game=game
        )
        assert abs(difference).max() > 0.05
    bowl = quadratic(rotation=0.0, potential=0.5)
    np.testing.assert_allclose(
        path("symplectic_gradient_adjustment", game=bowl), path("simultaneous", game=bowl), rtol=1e-13
    )


@pytest.mark.parametrize("p", [-1.0, 1.0])
def test_the_sign_leaves_hills_and_seeks_bowls(p):
    """J^T v and A^T v give <v, J^T v> = p |v|² and <A^T v, J^T v> = r² |v|²: on steep hills the sign turns."""
    game = quadratic(rotation=1.0, potential=p)
    aligned = path("symplectic_gradient_adjustment", steps=1, game=game)[1]
    plain = path("symplectic_gradient_adjustment:align=False", steps=1, game=game)[1]
    v = linear(1, p) @ START
    turn = np.array(START) - ETA * v - plain  # eta lambda A^T v
    assert np.linalg.norm(turn) > 0.1
    np.testing.assert_allclose(aligned, np.array(START) - ETA * v - np.sign(p) * turn, rtol=1e-13)


def test_consensus_is_drawn_to_the_top_of_a_hill_and_the_adjustment_is_not():
    hill = quadratic(rotation=1.0, potential=-0.5)
    r = radius(path("consensus:strength=2", game=hill))
    assert r[-1] < 1e-6
    assert radius(path("symplectic_gradient_adjustment:strength=2", game=hill))[-1] > 1e6


def test_competitive_steps_are_implicit_steps_for_any_rate():
    for eta in (0.2, 3.0):
        w, J = path("competitive_gradient_descent", eta, 20), linear(1, 0)
        np.testing.assert_allclose(w[1:] + eta * w[1:] @ J.T, w[:-1], rtol=1e-12, atol=1e-14)


def test_few_iterations_solve_roughly_and_more_do_better():
    made, J = random_game(4, 5)
    start = np.random.default_rng(2).normal(size=8)
    expected = textbook.competitive_gradient_descent(J, np.full(8, 0.3), start, 1)[1]
    errors = [
        np.linalg.norm(
            trajectory(
                made,
                steps=1,
                start=start.tolist(),
                learning_rate=0.3,
                dynamics=f"competitive_gradient_descent:iterations={k}",
            )[1, 0].numpy()
            - expected
        )
        for k in (1, 2, 4, 50)
    ]
    assert errors[0] > 1e-4 and errors[1] < errors[0] / 2 and errors[2] < 1e-11 and errors[3] < 1e-11


def test_heavy_balls_are_the_same_ball():
    for beta in (-0.5, 0.3):
        np.testing.assert_allclose(
            path(f"negative_momentum:beta={beta}"),
            path("alternating", optimizer=f"momentum:beta={beta}"),
            rtol=1e-9,
            atol=1e-12,
        )


@pytest.mark.parametrize("beta", [-0.5, -0.1, 0.5])
def test_negative_momentum_changes_the_radius_by_the_root_of_its_polynomial(beta):
    """(l - 1)² (l - beta)² + eta² l³ = 0, from substituting powers of l in both players' heavy balls."""
    squared = np.polymul([1, -1 - beta, beta], [1, -1 - beta, beta])
    factor = abs(np.roots(np.polyadd(squared, [ETA**2, 0, 0, 0]))).max()
    # the radius swings about its trend
    logs = np.log(radius(path(f"negative_momentum:beta={beta}", steps=3000)[1000:]))
    assert np.polyfit(np.arange(len(logs)), logs, 1)[0] == pytest.approx(np.log(factor), abs=1e-5)
    assert (factor < 1) == (beta < 0)


def test_negative_momentum_helps_alternating_steps_only():
    assert radius(path("negative_momentum"))[-1] < 0.1
    sideways = radius(path("simultaneous", optimizer="momentum:beta=-0.5"))
    assert (sideways[-1] / sideways[0]) ** (1 / STEPS) == pytest.approx(1.003, abs=5e-4)


def test_means_of_iterates():
    turning, out = path("alternating"), path("simultaneous")
    uniform = path("averaging")
    running = np.cumsum(turning, 0) / np.arange(1, STEPS + 2)[:, None]
    np.testing.assert_allclose(uniform, running, rtol=1e-9, atol=1e-12)
    assert radius(uniform)[-1] < 0.05 and radius(turning)[-1] > 0.9
    np.testing.assert_allclose(path("averaging:played=simultaneous")[-1], out.mean(0), rtol=1e-11)
    assert radius(path("averaging:played=simultaneous"))[-1] > 30
    assert radius(path("averaging:kind=exponential,decay=0.99"))[-1] < 0.1
    assert radius(path("averaging:kind=exponential,decay=0.9"))[-1] > 0.4


@pytest.mark.parametrize("order", [2, 4])
def test_order_of_runge_kutta(order):
    """Slopes of the error against the step size on a curved game: order + 1 of one step, order of a fixed time."""
    game, time = dirac(gradient_penalty=0.3), 2.0

    def end(dynamics, steps, time):
        return path(dynamics, time / steps, steps, game)[-1]

    exact_step = {h: end("runge_kutta:order=4", 400, h) for h in (0.4, 0.2)}
    local = [np.linalg.norm(end(f"runge_kutta:order={order}", 1, h) - exact_step[h]) for h in (0.4, 0.2)]
    assert math.log2(local[0] / local[1]) == pytest.approx(order + 1, abs=0.15)
    exact = end("runge_kutta:order=4", 2000, time)
    overall = [
        np.linalg.norm(end(f"runge_kutta:order={order}", steps, time) - exact) for steps in (10, 20, 40)
    ]
    slopes = np.log2(np.array(overall[:-1]) / overall[1:])
    assert abs(slopes[-1] - order) < 0.15 and min(overall) > 1e-10


def test_runge_kutta_follows_the_circle_of_continuous_time():
    w = path("runge_kutta", 0.01, 400) @ [1, 1j]
    np.testing.assert_allclose(w, w[0] * np.exp(1j * 0.01 * np.arange(401)), rtol=4e-10)


# --- Adam: the steps of ExtraAdam and OptimisticAdam restated ------------------------------------------------------


class Adam:
    """One player's Adam in numpy: what it adds to the parameters."""

    def __init__(self, beta1=0.5, beta2=0.9, epsilon=1e-8):
        self.beta1, self.beta2, self.epsilon, self.m, self.v, self.t = beta1, beta2, epsilon, 0.0, 0.0, 0

    def __call__(self, g, eta):
        self.t += 1
        self.m = self.beta1 * self.m + (1 - self.beta1) * g
        self.v = self.beta2 * self.v + (1 - self.beta2) * g**2
        corrected = self.v / (1 - self.beta2**self.t)
        return -eta * self.m / (1 - self.beta1**self.t) / (np.sqrt(corrected) + self.epsilon)


def extra_adam(field, w, eta, steps):
    move = Adam()

    def step(w, past):
        return w + move(field(w + move(field(w), eta)), eta)

    return textbook.walk(step, w, steps)


def optimistic_adam(field, w, eta, steps):
    move, last = Adam(), []

    def step(w, past):
        last.append(move(field(w), eta))
        return w + 2 * last[-1] - last[max(len(last) - 2, 0)]

    return textbook.walk(step, w, steps)


@pytest.mark.parametrize(
    ("dynamics", "restated"), [("extragradient", extra_adam), ("optimistic", optimistic_adam)]
)
def test_extra_adam_and_optimistic_adam(dynamics, restated):
    J = linear(1.0, 0.1)
    expected = restated(lambda w: J @ w, np.array(START), 0.05, 100)
    found = path(dynamics, 0.05, 100, quadratic(potential=0.1), optimizer="adam:beta1=0.5,beta2=0.9")
    np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-12)
    trained = played(
        quadratic(potential=0.1),
        START,
        20,
        dynamics=dynamics,
        learning_rate=0.05,
        optimizer="adam:beta1=0.5,beta2=0.9",
    )
    np.testing.assert_allclose(trained, expected[:21], rtol=1e-10, atol=1e-12)
