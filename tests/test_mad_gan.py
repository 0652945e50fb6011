"""MAD-GAN and MAD-GAN-Sim: losses restated with loops, optima by quadrature, generators that can be renamed."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import pytest
import torch

from gan_edu import catalogue
from gan_edu.data.ring import ring
from gan_edu.dynamics.dynamics import slope
from gan_edu.games.gan import gan
from gan_edu.games.mad_gan import logit_of_real, mad_gan, who_made_it
from gan_edu.games.mad_gan_sim import condition, mad_gan_sim, same_latent
from gan_edu.networks.mlp import mlp
from gan_edu.networks.several import in_proportion, several
from gan_edu.parameters import describe
from gan_edu.recording import record
from gan_edu.training import train

K = 3
LOSSES = {"theta_d": "discriminator_loss", "theta_g": "generator_loss"}


def rng(seed=0):
    return torch.Generator().manual_seed(seed)


def played(game, runs=2, batch=10, seed=1):
    """Fresh players and a batch, in double precision."""
    random = rng(seed)
    players = {name: theta.double() for name, theta in game.init(runs, random).items()}
    made = game.draw(runs, batch, random)
    return players, made._replace(x_real=made.x_real.double(), z=made.z.double(), noise=made.noise.double())


# several networks as one


def test_turns_in_proportion():
    """Equal weights are the ordinary turns; of any beginning two get their shares to within half a turn."""
    trio = several(mlp((2, 5, 3), "tanh"), K, shared=1)
    theta, x = trio.init((2,), rng()), torch.randn(2, 500, 2, generator=rng(1))
    assert torch.equal(in_proportion(trio, [2, 2, 2])(theta, x), trio(theta, x))
    weights = torch.tensor([0.55, 0.0, 0.45])
    mixed = in_proportion(trio, weights.tolist())
    assert trio.apart is not None
    alone = torch.stack([mlp((2, 5, 3), "tanh")(thetas, x) for thetas in trio.apart(theta).unbind(1)])
    made, whose = (alone - mixed(theta, x)).abs().amax(-1).min(0)
    assert float(made.max()) < 1e-6
    assert torch.equal(whose[0], whose[1])
    counts = torch.nn.functional.one_hot(whose[0], K).cumsum(0)
    assert float((counts - torch.arange(1, 501)[:, None] * weights).abs().max()) <= 0.5 + 1e-4
    torch.testing.assert_close(mixed(theta, x[:, :7]), mixed(theta, x)[:, :7])
    for wrong in ([1, 1], [1, 1, -1], [0, 0, 0], [1, 1, float("nan")]):
        with pytest.raises(ValueError, match=r"weights must be 3 numbers from 0 up, not all 0; got \["):
            in_proportion(trio, wrong)


@pytest.mark.parametrize("shared", [0, 1, 2])
def test_every_network_gets_its_turn(shared):
    one = mlp((2, 5, 4, 3), "tanh")
    trio = several(one, K, shared)
    theta, x = trio.init((2,), rng()), torch.randn(2, 8, 2, generator=rng(1))
    y = trio(theta, x)
    assert trio.apart is not None
    thetas = trio.apart(theta)
    common = [0, 15, 39][shared]
    assert trio.n_parameters == common + K * (one.n_parameters - common) == theta.shape[-1]
    assert torch.equal(thetas[:, 0, :common], thetas[:, 1, :common])
    assert not torch.equal(thetas[:, 0, common:], thetas[:, 1, common:])
    for j in range(8):
        torch.testing.assert_close(y[:, j], one(thetas[:, j % K], x[:, j : j + 1])[:, 0])
    torch.testing.assert_close(
        trio(theta, x[:, :5]), y[:, :5]
    )  # a shorter batch is the beginning of a longer one
    torch.testing.assert_close(trio(theta[0], x), torch.stack([trio(theta[0], part) for part in x]))
    remade = trio.make(activation="relu") if trio.make else None
    assert remade is not None
    assert remade.members == K
    assert remade.n_parameters == trio.n_parameters


def test_several_refuses():
    with pytest.raises(ValueError, match=r"members must be at least 1; got 0"):
        several(mlp((2, 3)), 0)
    with pytest.raises(ValueError, match=r"shared must be from 0 to 1, the hidden layers; got 2"):
        several(mlp((2, 4, 3)), 2, shared=2)
    with pytest.raises(
        ValueError, match=r"mad_gan: shared must be at most the 2 hidden layers; got 3|shared must"
    ):
        mad_gan(ring(), shared=3)


# MAD-GAN


@pytest.mark.parametrize("loss", ["non_saturating", "minimax"])
def test_losses_restated(loss):
    """Class by class and generator by generator, in plain Python on the outputs of D."""
    game = mad_gan(ring(), K, generator_loss=loss, width=6, latent_dim=4)
    players, batch = played(game, batch=12)
    x_fake = game.generator(players["theta_g"], batch.z)
    of_d, of_g = game.discriminator_loss(players, batch), game.generator_loss(players, batch)
    for run in range(2):
        theta = players["theta_d"][run]
        real = game.discriminator(theta, batch.x_real[run]).softmax(-1).tolist()
        fake = game.discriminator(theta, x_fake[run]).softmax(-1).tolist()
        d_loss = -sum(math.log(row[K]) for row in real) / 12
        g_loss = 0.0
        for i in range(K):
            rows = fake[i::K]
            d_loss -= sum(math.log(row[i]) for row in rows) / len(rows)
            costs = [math.log(1 - row[K]) if loss == "minimax" else -math.log(row[K]) for row in rows]
            g_loss += sum(costs) / len(rows) / K
        assert math.isclose(float(of_d[run]), d_loss, rel_tol=1e-12)
        assert math.isclose(float(of_g[run]), g_loss, rel_tol=1e-12)


def test_gradients_by_finite_differences():
    game = mad_gan(ring(), K, width=4, depth=1, latent_dim=2, activation="tanh")
    players, batch = played(game, runs=1, batch=6)
    for name, loss in (("theta_d", game.discriminator_loss), ("theta_g", game.generator_loss)):
        theta = players[name].clone().requires_grad_()
        assert torch.autograd.gradcheck(lambda t, n=name, f=loss: f({**players, n: t}, batch), theta)


@pytest.mark.parametrize("loss", ["non_saturating", "minimax"])
def test_one_generator_is_the_plain_gan(loss):
    """A softmax over two classes is a sigmoid of their difference."""
    game, plain = mad_gan(ring(), 1, generator_loss=loss, width=6), gan(ring(), loss, width=6)
    players, batch = played(game)
    outputs = game.discriminator(players["theta_d"], batch.x_real)
    logits = outputs[..., 1] - outputs[..., 0]
    torch.testing.assert_close(game.logits(players["theta_d"], batch.x_real), logits)
    fake = game.discriminator(players["theta_d"], game.generator(players["theta_g"], batch.z))
    of_d = plain.discriminator_cost(logits, fake[..., 1] - fake[..., 0])
    torch.testing.assert_close(game.discriminator_loss(players, batch), of_d)
    torch.testing.assert_close(
        game.generator_loss(players, batch), plain.generator_cost(fake[..., 1] - fake[..., 0])
    )
    lines = [value for value in game.equilibrium if value is not None]
    assert lines == pytest.approx(list(plain.equilibrium))


@pytest.mark.parametrize("loss", ["non_saturating", "minimax"])
def test_one_generator_trains_like_the_plain_gan(loss):
    """Eight runs of gradient descent stay together in double precision, if D's last layer is turned first.

    The logit real - made is sqrt(2) times the part of the last layer along (-1, 1) / sqrt(2): a plain D with that
    factor has the same slopes, and the part along (1, 1) / sqrt(2) never moves.
    """
    game, plain = mad_gan(ring(), 1, generator_loss=loss, width=6), gan(ring(), loss, width=6)
    players, _ = played(game, runs=8)
    body = game.discriminator.body
    assert body is not None
    rest, last = players["theta_d"].split([body.n_parameters, 14], -1)
    made, real = last.unflatten(-1, (7, 2)).unbind(-1)
    ordinary = {
        "theta_d": torch.cat([rest, (real - made) / math.sqrt(2)], -1),
        "theta_g": players["theta_g"],
    }
    factor = mlp((2, 6, 6, 1))
    plain = dataclasses.replace(
        plain,
        discriminator=dataclasses.replace(factor, forward=lambda t, x: math.sqrt(2) * factor.forward(t, x)),
    )
    random = rng(5)
    for _ in range(60):
        drawn = game.draw(8, 16, random)
        batch = drawn._replace(x_real=drawn.x_real.double(), z=drawn.z.double())
        for mover in ("theta_d", "theta_g"):
            for which, point in ((game, players), (plain, ordinary)):
                value, found = slope(getattr(which, LOSSES[mover]), mover)(point, batch)
                point[mover] = (point[mover] - 0.2 * found).detach()
                point[f"loss of {mover}"] = value.detach()
    for name in ("theta_g", "loss of theta_d", "loss of theta_g"):
        torch.testing.assert_close(players[name], ordinary[name], rtol=1e-9, atol=1e-11)
    now = players["theta_d"][..., -14:].unflatten(-1, (7, 2))
    torch.testing.assert_close(now.sum(-1), last.unflatten(-1, (7, 2)).sum(-1), rtol=1e-12, atol=1e-13)
    start = game.init(8, rng(1))["theta_g"]
    assert float((players["theta_g"] - start).abs().amax(-1).min()) > 1e-2  # they did learn


def test_generators_can_be_renamed():
    """Permuting generators, D's classes and the turns of the batch changes nothing."""
    game = mad_gan(ring(), K, width=6, latent_dim=4)
    players, batch = played(game, batch=12)
    order = torch.tensor([2, 0, 1])
    theta_g = players["theta_g"].unflatten(-1, (K, -1))[:, order].flatten(-2)
    z = batch.z.unflatten(1, (-1, K))[:, :, order].flatten(1, 2)
    last = 7 * (K + 1)  # D's last layer: (6, K + 1) weights and K + 1 biases
    rest, head = players["theta_d"].split([players["theta_d"].shape[-1] - last, last], -1)
    classes = torch.cat([order, torch.tensor([K])])
    head = head.unflatten(-1, (7, K + 1))[..., classes].flatten(-2)
    renamed = {"theta_g": theta_g, "theta_d": torch.cat([rest, head], -1)}
    for loss in (game.discriminator_loss, game.generator_loss):
        torch.testing.assert_close(loss(renamed, batch._replace(z=z)), loss(players, batch))
    only_generators = {"theta_g": theta_g, "theta_d": players["theta_d"]}
    moved = game.discriminator_loss(only_generators, batch._replace(z=z)) - game.discriminator_loss(
        players, batch
    )
    assert float(moved.abs().min()) > 1e-4


@pytest.mark.parametrize("apart", [True, False])
def test_the_best_discriminator_on_a_discrete_example(apart):
    """Six places, three generators: descent on D's outputs finds D_i = p_Gi / (p + sum p_Gj), and the value."""
    p = torch.full((6,), 1 / 6, dtype=torch.float64)
    made = torch.zeros(K, 6, dtype=torch.float64)
    for i in range(K):
        made[i, 2 * i : 2 * i + 2] = 1 / 2
    made = made if apart else p.expand(K, 6)
    outputs = torch.zeros(6, K + 1, dtype=torch.float64, requires_grad=True)

    def loss():
        said = outputs.log_softmax(-1)
        return -(p * said[:, K]).sum() - sum((made[i] * said[:, i]).sum() for i in range(K))

    optimizer = torch.optim.LBFGS(
        [outputs], max_iter=500, tolerance_grad=1e-12, line_search_fn="strong_wolfe"
    )

    def closure():
        optimizer.zero_grad()
        value = loss()
        value.backward()
        return value

    optimizer.step(closure)
    best = torch.cat([made, p[None]]) / (p + made.sum(0))
    torch.testing.assert_close(outputs.softmax(-1).T.detach(), best, rtol=0, atol=1e-5)
    line = mad_gan(ring(), K).equilibrium.discriminator_loss
    highest = (K + 1) * math.log(K + 1)
    assert line == pytest.approx(highest - K * math.log(K))
    assert float(loss().detach()) == pytest.approx(line if apart else highest, abs=1e-8)
    real = logit_of_real(outputs.detach()).sigmoid()
    torch.testing.assert_close(real, torch.full_like(real, 1 / (K + 1)), atol=1e-6, rtol=0)


def test_the_cost_is_that_of_the_classes():
    """A D that knows them all pays nothing, one that shrugs pays (k + 1) log(k + 1)."""
    shrug = torch.zeros(1, 6, K + 1)
    assert float(who_made_it(shrug, shrug)) == pytest.approx((K + 1) * math.log(K + 1))
    makers = torch.arange(6) % K
    fake = 50 * torch.nn.functional.one_hot(makers, K + 1).float()[None]
    real = 50 * torch.nn.functional.one_hot(torch.full((6,), K), K + 1).float()[None]
    assert float(who_made_it(real, fake)) < 1e-6
    assert float(who_made_it(fake, real)) > 50


# MAD-GAN-Sim


def test_the_condition_restated():
    """Three loops: U_i = D_i - mean over the others of D_j + cos."""
    n, k = 4, K
    prob = torch.rand(2, n * k, generator=rng(1), dtype=torch.float64)
    phi = torch.randn(2, n * k, 5, generator=rng(2), dtype=torch.float64)
    ours = condition(prob, phi, k)
    for run in range(2):
        for point in range(n):
            for i in range(k):
                others = [j for j in range(k) if j != i]
                at = [point * k + j for j in range(k)]
                total = sum(
                    float(prob[run, at[j]])
                    + float(torch.nn.functional.cosine_similarity(phi[run, at[i]], phi[run, at[j]], dim=0))
                    for j in others
                )
                assert float(ours[run, point, i]) == pytest.approx(
                    float(prob[run, at[i]]) - total / (k - 1), abs=1e-12
                )


def test_all_generators_see_the_same_latent_points():
    game = mad_gan_sim(ring(), K, width=6, latent_dim=4)
    players, batch = played(game, batch=11)
    x = same_latent(game, players, batch.z, K)
    assert x.shape == (2, 9, 2)  # three latent points, three generators each
    assert game.generator.apart is not None
    thetas = game.generator.apart(players["theta_g"])
    one = mlp((4, 6, 6, 2))
    for j in range(9):
        torch.testing.assert_close(x[:, j], one(thetas[:, j % K], batch.z[:, j // K, None])[:, 0])


@pytest.mark.parametrize("classify", [False, True])
def test_the_switch_is_where_the_condition_fails(classify):
    """Gradient of the game alone where U_i >= 0; that of the game plus lambda max(0, -U_i) where not; both occur."""
    game = mad_gan_sim(ring(), K, weight=0.7, classify=classify, width=6, latent_dim=4)
    alone = mad_gan(ring(), K, classify=classify, width=6, latent_dim=4)
    players, batch = played(game, runs=1, batch=3)  # one latent point for all three
    theta = players["theta_g"].clone().requires_grad_()
    x = same_latent(game, {**players, "theta_g": theta}, batch.z, K)
    prob = game.prob_real(players["theta_d"], x)
    shortfall = -condition(prob, game.discriminator.features(players["theta_d"], x), K)[0, 0]
    assert bool((shortfall > 0).all())  # as the docstring says: hardly ever holds
    total = torch.autograd.grad(game.generator_loss({**players, "theta_g": theta}, batch).sum(), theta)[0]
    base = torch.autograd.grad(alone.generator_loss({**players, "theta_g": theta}, batch).sum(), theta)[0]
    push = torch.autograd.grad(0.7 * shortfall.mean(), theta)[0]
    torch.testing.assert_close(total, base + push)
    assert float(push.abs().max()) > 1e-6


def test_where_the_condition_holds_nothing_pushes():
    """Opposite features and a D that believes the first: U_1 > 0, and only the others are pushed."""
    prob = torch.tensor([[0.9, 0.1]], dtype=torch.float64, requires_grad=True)
    phi = torch.tensor([[[1.0, 0.0], [-1.0, 0.0]]], dtype=torch.float64)
    held = condition(prob, phi, 2)
    assert held[0, 0].tolist() == pytest.approx([0.9 - (0.1 - 1), 0.1 - (0.9 - 1)])
    alike = condition(prob, phi.abs(), 2)
    assert alike[0, 0].tolist() == pytest.approx([0.9 - 1.1, 0.1 - 1.9])
    (slope,) = torch.autograd.grad((-alike).clamp_min(0).sum(), prob)
    assert slope.tolist() == [[-1, -1]]  # each through its own D alone: the others are given
    (none,) = torch.autograd.grad((-held).clamp_min(0).sum(), prob)
    assert none.tolist() == [[0, 0]]


def test_sim_without_weight_is_mad_gan():
    game, plain = mad_gan_sim(ring(), K, weight=0.0, width=6), mad_gan(ring(), K, classify=False, width=6)
    players, batch = played(game)
    torch.testing.assert_close(game.generator_loss(players, batch), plain.generator_loss(players, batch))
    assert game.equilibrium == plain.equilibrium
    with pytest.raises(ValueError, match=r"a similarity needs at least 2 generators; got 1"):
        mad_gan_sim(ring(), 1)


# in training


@pytest.mark.parametrize(
    ("dynamics", "optimizer"),
    [
        ("alternating", "adam:beta1=0.9"),
        ("simultaneous", "rmsprop"),
        ("optimistic", "momentum"),
        ("negative_momentum", "sgd"),
        ("averaging", "sgd"),
        pytest.param("extragradient", "adam", marks=pytest.mark.slow),
    ],
)
def test_frozen_generators_stand_still(dynamics, optimizer):
    """Bit for bit, in full motion, with all that is remembered of them; the others move; thawed, they go on."""
    settings = {"dynamics": dynamics, "optimizer": optimizer, "batch_size": 12, "steps_per_frame": 3}

    def game(frozen):
        return mad_gan(ring(), K, width=5, latent_dim=4, frozen=frozen)

    training = train(game(()), runs=2, **settings)
    next(training)
    moving = next(training)
    training.change(game=game((0, 2)))
    frozen = next(training)
    training.change(game=game(()))
    thawed = next(training)

    def moved(a, b, path):
        gap = (b.state.named()[path] - a.state.named()[path]).abs().unflatten(-1, (K, -1))
        return gap.amax((0, -1)).tolist()

    of_g = [path for path, value in frozen.state.named().items() if "theta_g" in path and value.ndim == 2]
    assert "players/theta_g" in of_g
    for path in of_g:
        first, second, third = moved(moving, frozen, path)
        assert (first, third) == (0, 0), path
        assert second > 0, path
    assert min(moved(frozen, thawed, "players/theta_g")) > 0
    of_d = (frozen.players["theta_d"] - moving.players["theta_d"]).abs().amax(-1)
    assert float(of_d.min()) > 0


def test_who_looks_ahead_sees_them_stand_still():
    """With all generators frozen, extragradient is that of a D whose opponents have a rate of 0."""
    ends = []
    for frozen, rate in (((0, 1, 2), 1e-2), ((), 0)):
        game = mad_gan(ring(), K, width=5, latent_dim=4, frozen=frozen)
        look = {"dynamics": "extragradient", "optimizer": "sgd", "discriminator_learning_rate": 1e-2}
        ends.append(
            record(game, steps=4, batch_size=12, progress=False, generator_learning_rate=rate, **look)[-1]
        )
    for name in ("theta_d", "theta_g"):
        assert torch.equal(ends[0].players[name], ends[1].players[name])


def test_a_similarity_can_be_frozen_too():
    trained = record(mad_gan_sim(ring(), K, width=5, frozen=(1,)), steps=3, batch_size=12, progress=False)
    first, last = (frame.players["theta_g"].unflatten(-1, (K, -1)) for frame in (trained[0], trained[-1]))
    assert torch.equal(first[:, 1], last[:, 1])
    assert not torch.equal(first[:, 0], last[:, 0])


def test_what_can_not_be_frozen():
    wrong: Any
    for wrong in ((3,), (-1,), (0, 0), 1, ("a",)):
        with pytest.raises(
            ValueError, match=r"frozen must be a list of numbers from 0 to 2, each of them once"
        ):
            mad_gan(ring(), K, frozen=wrong)
    with pytest.raises(ValueError, match=r"frozen needs generators that share no layers; got shared=1"):
        mad_gan(ring(), K, shared=1, frozen=(0,))


@pytest.mark.parametrize("make", [mad_gan, mad_gan_sim])
def test_it_trains_saves_and_goes_on(make, tmp_path):
    from gan_edu.recording import Recording

    game = make(ring(modes=4), 4, width=8, latent_dim=4, shared=1)
    whole = record(game, steps=8, steps_per_frame=2, runs=2, batch_size=16, progress=False)
    part = record(game, steps=4, steps_per_frame=2, runs=2, batch_size=16, progress=False)
    part.save(tmp_path / "run")
    again = Recording.load(tmp_path / "run").fork(-1, steps=8)
    while again.advance():
        pass
    assert torch.equal(again[-1].players["theta_g"], whole[-1].players["theta_g"])
    assert again.game.generator.members == 4
    assert describe(whole.settings.optimizer.recipe or {}).startswith(
        "adam(beta1=0.0"
    )  # the game's own settings
    assert whole.samples(n=9).shape == (2, 9, 2)


@pytest.mark.slow
@pytest.mark.parametrize("name", catalogue.entries("remedies"))
def test_every_remedy_goes_around_it_or_says_why_not(name):
    game = mad_gan(ring(modes=3), K, width=8, latent_dim=4)
    around = catalogue.find("remedies", name)
    if name in ("packing", "label_smoothing"):
        with pytest.raises(ValueError, match=rf"{name} (needs a disc|joins points of several)"):
            around(game=game)
        assert around(game=mad_gan(ring(), K, classify=False)).recipe["name"] == name
        return
    trained = record(around(game=game), steps=2, batch_size=12, progress=False)
    assert trained[-1].alive.all()
    moved = trained[-1].players["theta_g"] - trained[0].players["theta_g"]
    assert float(moved.abs().max()) > 1e-4
