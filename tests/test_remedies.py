"""Every remedy against an independent restatement; every pair trains or says why not."""

import copy
import itertools
import math

import numpy as np
import pytest
import torch

from gan_edu import catalogue
from gan_edu.data.ring import ring
from gan_edu.dynamics.dynamics import MOVERS, begin, differentiable_moves, draw, slope
from gan_edu.dynamics.simultaneous import simultaneous
from gan_edu.games.bilinear import bilinear
from gan_edu.games.gan import gan
from gan_edu.games.hinge import hinge
from gan_edu.games.least_squares import least_squares
from gan_edu.games.wasserstein import wasserstein
from gan_edu.metrics.spectra import update_eigenvalues
from gan_edu.networks import minibatch
from gan_edu.networks.minibatch import _Sums, closeness
from gan_edu.networks.mlp import largest_stretch, mlp
from gan_edu.networks.normalised import REFERENCE
from gan_edu.optimizers.sgd import sgd
from gan_edu.recording import Recording, record
from gan_edu.remedies.batch_norm import batch_norm
from gan_edu.remedies.feature_matching import feature_matching
from gan_edu.remedies.gradient_penalty import gradient_penalty
from gan_edu.remedies.historical_averaging import historical_averaging
from gan_edu.remedies.instance_noise import instance_noise
from gan_edu.remedies.label_smoothing import label_smoothing
from gan_edu.remedies.minibatch_discrimination import minibatch_discrimination
from gan_edu.remedies.packing import packing
from gan_edu.remedies.reconstruction import reconstruction
from gan_edu.remedies.spectral_normalisation import spectral_normalisation
from gan_edu.remedies.top_k import top_k
from gan_edu.remedies.unrolled import unrolled
from gan_edu.remedies.virtual_batch_norm import virtual_batch_norm
from gan_edu.remedies.weight_clipping import weight_clipping
from gan_edu.training import train
from gan_edu.trajectory import trajectory

REMEDIES = sorted(catalogue.entries("remedies"))


def rng(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def setting(game, runs=2, batch=10, scale=3.0):
    """Players and a batch in float64, the networks' weights large enough for logits far from 0."""
    players = {
        k: (v.double() * scale if k.startswith("theta") else v.double())
        for k, v in game.init(runs, rng()).items()
    }
    return players, type(game.draw(1, 1, rng()))(*(t.double() for t in game.draw(runs, batch, rng(1))))


def plain(**changes):
    return gan(ring(), **{"width": 6, "activation": "tanh", **changes})


def layers(network_sizes, theta):
    """The weights and biases of one run, as numpy matrices."""
    at, found = 0, []
    for i, o in itertools.pairwise(network_sizes):
        found.append((theta[at : at + i * o].reshape(i, o), theta[at + i * o : at + i * o + o]))
        at += i * o + o
    return found, at


def hidden(weights, x):
    for w, b in weights:
        x = np.tanh(x @ w + b)
    return x


D_SIZES, G_SIZES = (2, 6, 6, 1), (16, 6, 6, 2)


def forged(players, batch, run):
    weights, _ = layers(G_SIZES, players["theta_g"][run].numpy())
    return hidden(weights[:-1], batch.z[run].numpy()) @ weights[-1][0] + weights[-1][1]


def logits(players, x, run):
    weights, _ = layers(D_SIZES, players["theta_d"][run].numpy())
    return (hidden(weights[:-1], x) @ weights[-1][0] + weights[-1][1])[:, 0]


# ---- games


@pytest.mark.parametrize(
    ("make", "of_d", "of_g"),
    [
        (
            least_squares,
            lambda r, f: ((r - 1) ** 2).mean() / 2 + (f**2).mean() / 2,
            lambda f: ((f - 1) ** 2).mean() / 2,
        ),
        (
            hinge,
            lambda r, f: np.maximum(0, 1 - r).mean() + np.maximum(0, 1 + f).mean(),
            lambda f: -f.mean(),
        ),
        (wasserstein, lambda r, f: f.mean() - r.mean(), lambda f: -f.mean()),
    ],
)
def test_games_are_what_their_papers_say(make, of_d, of_g):
    game = make(ring(), width=6, activation="tanh")
    players, batch = setting(game)
    for run in range(2):
        real, fake = (
            logits(players, batch.x_real[run].numpy(), run),
            logits(players, forged(players, batch, run), run),
        )
        assert np.abs(np.concatenate([real, fake])).max() > 1  # both sides of the hinges
        assert float(game.discriminator_loss(players, batch)[run]) == pytest.approx(
            of_d(real, fake), rel=1e-10
        )
        assert float(game.generator_loss(players, batch)[run]) == pytest.approx(of_g(fake), rel=1e-10)


# ---- label smoothing


@pytest.mark.parametrize(("real", "fake"), [(0.9, 0.0), (0.8, 0.2), (1.0, 0.0)])
def test_label_smoothing_is_cross_entropy_with_other_labels(real, fake):
    game = label_smoothing(plain(), real=real, fake=fake)
    players, batch = setting(game)
    for run in range(2):
        d_real, d_fake = (
            1 / (1 + np.exp(-logits(players, x, run)))
            for x in (batch.x_real[run].numpy(), forged(players, batch, run))
        )
        expected = -(real * np.log(d_real) + (1 - real) * np.log(1 - d_real)).mean()
        expected -= (fake * np.log(d_fake) + (1 - fake) * np.log(1 - d_fake)).mean()
        assert float(game.discriminator_loss(players, batch)[run]) == pytest.approx(expected, rel=1e-10)


@pytest.mark.parametrize(("real", "fake"), [(0.9, 0.0), (0.8, 0.2)])
@pytest.mark.parametrize(("n_real", "n_fake"), [(3, 1), (1, 4)])
def test_optimal_d_under_smoothing(real, fake, n_real, n_fake):
    """Where data comes n_real times and G n_fake times, the best D is (a p_data + b p_G) / (p_data + p_G)."""
    cost = label_smoothing(plain(), real=real, fake=fake).discriminator_cost
    best = (real * n_real + fake * n_fake) / (n_real + n_fake)

    def slope_at(prob):
        logit = torch.tensor(math.log(prob / (1 - prob)), dtype=torch.float64, requires_grad=True)
        # the cost averages each half, so the halves are weighted by how often they come
        value = n_real * cost(logit.reshape(1, 1), torch.full((1, 1), -60.0).double())
        value = value + n_fake * cost(torch.full((1, 1), 60.0).double(), logit.reshape(1, 1))
        return float(torch.autograd.grad(value.sum(), logit)[0])

    assert slope_at(best) == pytest.approx(0, abs=1e-12)
    assert slope_at(best - 0.05) < -1e-3 and slope_at(best + 0.05) > 1e-3


# ---- what G minimises


@pytest.mark.parametrize("below", [1, 2])
def test_feature_matching_compares_means_of_a_hidden_layer(below):
    game = feature_matching(plain(), below=below)
    players, batch = setting(game)
    for run in range(2):
        weights = layers(D_SIZES, players["theta_d"][run].numpy())[0][:-below]
        real, fake = (
            hidden(weights, x).mean(0) for x in (batch.x_real[run].numpy(), forged(players, batch, run))
        )
        found = float(game.generator_loss(players, batch)[run])
        assert found == pytest.approx(((real - fake) ** 2).sum(), rel=1e-9)
    torch.testing.assert_close(
        game.discriminator_loss(players, batch), plain().discriminator_loss(players, batch)
    )


def test_top_k_learns_from_the_best_fakes():
    game = top_k(plain(), share=0.25)
    players, batch = setting(game)
    for run in range(2):
        best = np.sort(logits(players, forged(players, batch, run), run))[-3:]  # ceil(10 / 4)
        assert float(game.generator_loss(players, batch)[run]) == pytest.approx(
            np.log1p(np.exp(-best)).mean(), rel=1e-10
        )


# ---- minibatch discrimination and packing


def test_minibatch_layer_is_the_triple_loop():
    game = minibatch_discrimination(plain(), kernels=3, kernel_dim=2)
    players, batch = setting(game, batch=5)
    assert game.discriminator.n_parameters == players["theta_d"].shape[-1]
    for run in range(2):
        theta = players["theta_d"][run].numpy()
        body, at = layers(D_SIZES[:-1], theta)
        tensor, at = theta[at : at + 6 * 6].reshape(6, 3, 2), at + 6 * 6
        weight, bias = theta[at : at + 9], theta[at + 9]
        f = hidden(body, batch.x_real[run].numpy())
        m = np.einsum("na,abc->nbc", f, tensor)
        o = np.zeros((5, 3))
        for i in range(5):
            for j in range(5):
                for b in range(3):
                    o[i, b] += (i != j) * np.exp(-np.abs(m[i, b] - m[j, b]).sum()) / 4
        expected = np.concatenate([f, o], 1) @ weight + bias
        found = game.discriminator(players["theta_d"], batch.x_real)[run, :, 0]
        np.testing.assert_allclose(found.numpy(), expected, rtol=1e-9)
        assert 0.05 < o.mean() < 0.95  # neither twins nor strangers: the layer says something


def test_minibatch_layer_follows_the_order_of_its_batch_and_knows_single_points():
    game = minibatch_discrimination(plain())
    players, batch = setting(game)
    order = torch.randperm(10, generator=rng(2))
    judged = game.discriminator(players["theta_d"], batch.x_real)
    torch.testing.assert_close(
        game.discriminator(players["theta_d"], batch.x_real[:, order]), judged[:, order]
    )
    amid = game.discriminator.amid(players["theta_d"], batch.x_real[:, :1], batch.x_real[:, 1:])
    torch.testing.assert_close(amid, judged[:, :1])


@pytest.mark.parametrize("largest", [minibatch.LARGEST, 1])
def test_closeness_has_its_slopes_and_theirs(largest, monkeypatch):
    """By finite differences: the gradient is written by hand. Also in the thinnest strips, which keep nothing."""
    monkeypatch.setattr(minibatch, "LARGEST", largest)
    m = torch.randn(2, 3, 2, 8, generator=rng(6)).double().requires_grad_()
    features, others = (torch.randn(2, n, 6, generator=rng(n)).double().requires_grad_() for n in (3, 4))
    tensor = torch.randn(2, 6, 3, 2, generator=rng(9)).double().requires_grad_()
    assert torch.autograd.gradcheck(_Sums.apply, m)
    assert torch.autograd.gradgradcheck(_Sums.apply, m)
    assert torch.autograd.gradcheck(closeness, (features, others, tensor))
    assert len(_Sums.apply(m).grad_fn.saved_tensors) == (1 if largest == 1 else 1 + minibatch.STRIPS)


@pytest.mark.parametrize("largest", [minibatch.LARGEST, 1])
@pytest.mark.parametrize("n", [1, 2, 3, 7, 64])
def test_closeness_in_strips_is_that_of_all_pairs(n, largest, monkeypatch):
    monkeypatch.setattr(minibatch, "LARGEST", largest)
    m = torch.randn(2, 3, 4, n, generator=rng(n)).double()
    m[..., : n // 2] = m[..., :1]  # twins: no distance, no slope
    m.requires_grad_()
    weights = torch.randn(2, 3, n, generator=rng(1)).double()
    pairs = torch.exp(-(m[..., :, None] - m[..., None, :]).abs().sum(-3)).sum(-1)
    torch.testing.assert_close(_Sums.apply(m), pairs, rtol=1e-12, atol=1e-12)
    found, expected = (torch.autograd.grad(o, m, weights)[0] for o in (_Sums.apply(m), pairs))
    torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-12)


def test_minibatch_layer_tells_twins():
    """The derivative of closeness: a batch of one point, many times, has closeness 1 in every kernel."""
    game = minibatch_discrimination(plain(), kernels=3, kernel_dim=4)
    players, batch = setting(game)
    twins = batch.x_real[:, :1].expand(-1, 10, -1)
    found = game.discriminator(players["theta_d"], twins)
    assert float((found - found[:, :1]).abs().max()) < 1e-12
    alone = game.discriminator.amid(players["theta_d"], twins[:, :1], batch.x_real + 100)
    of_kernels = players["theta_d"][:, -4:-1].sum(-1)  # the last layer's weights of o
    torch.testing.assert_close((found[:, 0] - alone[:, 0])[:, 0], of_kernels, atol=2e-2, rtol=2e-2)


def test_packs_are_judged_together():
    game = packing(plain(), pack=3)
    players, batch = setting(game)
    wide = mlp((6, 6, 6, 1), "tanh")
    packs = torch.stack(
        [batch.x_real[:, 3 * k : 3 * k + 3].flatten(1) for k in range(3)], 1
    )  # one of ten is left out
    torch.testing.assert_close(
        game.discriminator(players["theta_d"], batch.x_real), wide(players["theta_d"], packs)
    )
    alone = game.discriminator.amid(players["theta_d"], batch.x_real[:, :1], batch.x_real[:, 1:])
    torch.testing.assert_close(alone, wide(players["theta_d"], packs[:, :1]))


# ---- what happens to players


def test_historical_mean_is_the_mean_of_the_stored_trajectory():
    game = historical_averaging(plain(), strength=0.5)
    frames = list(train(game, steps=6, runs=2, steps_per_frame=1, learning_rate=0.05))
    for mover in MOVERS:
        expected = torch.stack([frame.players[mover] for frame in frames]).mean(0)
        torch.testing.assert_close(frames[-1].players[f"mean_{mover}"], expected, atol=1e-6, rtol=1e-5)
    players, batch = setting(game)
    players = {k: v + (0.3 if k.startswith("mean") else 0) for k, v in players.items()}
    away = (players["theta_d"] - players["mean_theta_d"]).square().sum(-1)
    extra = game.discriminator_loss(players, batch) - plain().discriminator_loss(players, batch)
    torch.testing.assert_close(extra, 0.5 * away)


def test_historical_averaging_turns_the_spiral_inward():
    settings = {"steps": 400, "start": (1, 0.3), "dynamics": "simultaneous", "learning_rate": 0.2}
    for strength, low, high in [(0.1, 0.983, 0.989), (1.0, 0.996, 0.999)]:
        path = trajectory(historical_averaging(bilinear(), strength=strength), **settings)[:, 0]
        assert low < float(path[-1].norm() / path[0].norm()) ** (1 / 400) < high
    assert float(trajectory(bilinear(), **settings)[-1].norm()) > 1000


def test_instance_noise_shrinks_to_nothing():
    game = instance_noise(plain(), std=0.8, steps=4)
    players, batch = setting(game)
    for updates, sigma in [(0, 0.8), (1, 0.6), (4, 0.0), (9, 0.0)]:
        now = {**players, "count_noise_0": torch.full((2, 1), float(updates)).double()}
        for part, columns in (("real", slice(0, 2)), ("fake", slice(2, 4))):
            seen = game.shown(now, batch, batch.x_real, part)
            torch.testing.assert_close(seen - batch.x_real, sigma * batch.noise[..., columns])
    frames = list(
        train(game, steps=3, runs=2, steps_per_frame=1, dynamics="alternating:discriminator_steps=2")
    )
    assert [float(frame.players["count_noise_0"][1]) for frame in frames] == [0, 1, 2, 3]


def test_instance_noise_is_fresh_and_reaches_both_players():
    game = instance_noise(plain(), std=0.5)
    players, batch = setting(game)
    other = batch._replace(noise=batch.noise + 1)
    assert not torch.allclose(
        game.discriminator_loss(players, batch), game.discriminator_loss(players, other)
    )
    assert not torch.allclose(game.generator_loss(players, batch), game.generator_loss(players, other))
    first, second = (game.draw(2, 10, g).noise for g in [rng()] * 2)
    assert abs(float(torch.cat([game.draw(2, 1000, rng(3)).noise.flatten()]).std()) - 1) < 0.03
    assert torch.equal(first, second) is False or first is second


def test_clipping_acts_after_every_update_of_d_alone():
    game = weight_clipping(plain(), limit=0.05)
    frames = list(train(game, steps=2, runs=2, steps_per_frame=1))
    assert float(frames[0].players["theta_d"].abs().max()) > 0.1
    assert float(frames[-1].players["theta_d"].abs().max()) == pytest.approx(0.05)
    assert float(frames[-1].players["theta_g"].abs().max()) > 0.1


# ---- penalties and normalisation


@pytest.mark.parametrize("where", ["between", "real", "fake"])
@pytest.mark.parametrize("norm", [0.0, 1.0])
def test_gradient_penalty_against_finite_differences(where, norm):
    game = gradient_penalty(plain(), strength=0.7, norm=norm, where=where)
    players, batch = setting(game)
    extra = (game.discriminator_loss(players, batch) - plain().discriminator_loss(players, batch)).detach()
    for run in range(2):
        real, fake = batch.x_real[run].numpy(), forged(players, batch, run)
        if where == "between":
            u = torch.special.ndtr(batch.noise[run, :, :1]).numpy()
            x = u * real + (1 - u) * fake
        else:
            x = real if where == "real" else fake
        h = 1e-6
        slopes = [
            (logits(players, x + h * np.eye(2)[k], run) - logits(players, x - h * np.eye(2)[k], run))
            / (2 * h)
            for k in range(2)
        ]
        length = np.sqrt(np.sum(np.square(slopes), 0))
        assert length.max() > 0.1
        assert float(extra[run]) == pytest.approx(0.7 * ((length - norm) ** 2).mean(), rel=1e-6)


def test_gradient_of_the_penalty_against_finite_differences():
    game = gradient_penalty(plain(width=3), strength=0.7, norm=0.0, where="real")
    players, batch = setting(game)
    _, found = slope(game.discriminator_loss, "theta_d")(players, batch)
    for p in range(0, found.shape[-1], 5):
        shift = torch.zeros_like(players["theta_d"])
        shift[:, p] = 1e-6
        up, down = (
            game.discriminator_loss({**players, "theta_d": players["theta_d"] + s}, batch)
            for s in (shift, -shift)
        )
        torch.testing.assert_close(found[:, p].detach(), ((up - down) / 2e-6).detach(), rtol=1e-4, atol=1e-7)


def test_spectral_normalisation_makes_d_one_lipschitz():
    game = spectral_normalisation(gan(ring(), width=32, activation="leaky_relu"))
    theta = game.init(3, rng())["theta_d"].double() * 20
    x, y = torch.randn(2, 3, 500, 2, generator=rng(1)).double()
    stretch = (game.discriminator(theta, x) - game.discriminator(theta, y)).abs()[..., 0] / (x - y).norm(
        dim=-1
    )
    assert float(stretch.max()) <= 1.01
    assert float(stretch.max()) > 0.02
    plain_stretch = gan(ring(), width=32, activation="leaky_relu").discriminator(theta, x).std()
    assert float(plain_stretch) > 100


def test_largest_stretch_is_the_largest_singular_value():
    weight = torch.randn(4, 32, 32, generator=rng()).double().requires_grad_()
    exact = torch.linalg.svdvals(weight)[:, 0]
    found = largest_stretch(weight, rounds=300)[:, 0, 0]
    torch.testing.assert_close(found, exact, rtol=1e-6, atol=0)
    (of_found,) = torch.autograd.grad(found.sum(), weight)
    (of_exact,) = torch.autograd.grad(exact.sum(), weight)
    torch.testing.assert_close(of_found, of_exact, rtol=1e-2, atol=1e-3)
    quick = (largest_stretch(weight)[:, 0, 0] / exact).detach()
    assert float(quick.min()) > 0.9 and float(quick.max()) <= 1 + 1e-9


def test_virtual_batch_norm_judges_every_example_by_itself():
    for make, mixes in ((virtual_batch_norm, False), (batch_norm, True)):
        game = make(plain())
        players, batch = setting(game)
        together = game.generator(players["theta_g"], batch.z)
        alone = game.generator(players["theta_g"], batch.z[:, :2])
        assert torch.allclose(together[:, :2], alone) is not mixes


def test_virtual_batch_norm_is_its_formula():
    game = virtual_batch_norm(plain(depth=1))
    players, batch = setting(game, scale=1.0)
    for run in range(2):
        theta = players["theta_g"][run].numpy()
        ((w, b), (w_out, b_out)), at = layers((16, 6, 2), theta)
        gamma, beta, at = theta[at : at + 6], theta[at + 6 : at + 12], at + 12
        reference = theta[at:].reshape(REFERENCE, 16)
        u, r = batch.z[run].numpy() @ w + b, reference @ w + b
        m = (u + REFERENCE * r.mean(0)) / (REFERENCE + 1)
        s = (u**2 + REFERENCE * (r**2).mean(0)) / (REFERENCE + 1)
        expected = np.tanh(gamma * (u - m) / np.sqrt(s - m**2 + 1e-5) + beta) @ w_out + b_out
        found = game.generator(players["theta_g"], batch.z)[run].numpy()
        np.testing.assert_allclose(found, expected, rtol=1e-8)


def test_the_reference_batch_never_changes():
    frames = list(train(virtual_batch_norm(plain()), steps=5, runs=2, steps_per_frame=5))
    kept = REFERENCE * 16
    first, last = (frame.players["theta_g"] for frame in (frames[0], frames[-1]))
    assert torch.equal(first[:, -kept:], last[:, -kept:])
    assert not torch.equal(first[:, :-kept], last[:, :-kept])
    assert not torch.equal(first[0, -kept:], first[1, -kept:])


# ---- unrolling


def plain_unrolled(game, players, batch, steps, rate, through):
    """k steps of plain descent, written out."""
    theta_g = players["theta_g"].clone().requires_grad_()
    theta_d = players["theta_d"].clone().requires_grad_()
    for _ in range(steps):
        loss = game.discriminator_loss({"theta_d": theta_d, "theta_g": theta_g}, batch)
        step = torch.autograd.grad(loss.sum(), theta_d, create_graph=True)[0]
        theta_d = theta_d - rate * (step if through else step.detach())
    if not through:
        theta_d = theta_d.detach()
    return torch.autograd.grad(
        game.generator_loss({"theta_d": theta_d, "theta_g": theta_g}, batch).sum(), theta_g
    )[0]


@pytest.mark.parametrize("steps", [0, 1, 2])
@pytest.mark.parametrize("through", [True, False])
def test_unrolled_gradient_is_that_of_descent_written_out(steps, through):
    game = unrolled(plain(), steps=steps, learning_rate=0.3, optimizer="sgd", through=through)
    players, batch = setting(game)
    _, found = slope(game.generator_loss, "theta_g")(players, batch)
    expected = plain_unrolled(plain(), players, batch, steps, 0.3, through)
    torch.testing.assert_close(found.detach(), expected, rtol=1e-9, atol=1e-12)


def look_ahead(game, players, batch, steps, rate, optimizer):
    """D after so many steps on one batch, run by run, with Adam as in its paper (beta1 = 0.5, no epsilon)."""
    found = []
    for run in range(2):
        one = type(batch)(*(t[run : run + 1] for t in batch))
        theta, theta_g = (players[name][run : run + 1] for name in ("theta_d", "theta_g"))
        first = second = torch.zeros_like(theta)
        for t in range(1, steps + 1):
            theta = theta.detach().requires_grad_()
            loss = game.discriminator_loss({"theta_d": theta, "theta_g": theta_g}, one)
            slope = torch.autograd.grad(loss.sum(), theta)[0]
            first, second = 0.5 * first + 0.5 * slope, 0.999 * second + 0.001 * slope**2
            whitened = first / (1 - 0.5**t) / (second / (1 - 0.999**t)).sqrt()
            theta = theta - rate * (slope if optimizer == "sgd" else whitened)
        found.append(theta.detach())
    return torch.cat(found)


@pytest.mark.parametrize("steps", [0, 1, 2])
@pytest.mark.parametrize(("optimizer", "rate"), [("sgd", 0.3), ("adam", 0.02)])
@pytest.mark.parametrize("through", [True, False])
def test_unrolled_gradient_against_finite_differences(steps, optimizer, rate, through):
    """Of G's loss against the D ahead, which is worked out again for the G that was moved, or held as it was."""
    inner = plain(width=4)
    game = unrolled(inner, steps=steps, learning_rate=rate, optimizer=optimizer, through=through)
    players, batch = setting(inner)
    _, found = slope(game.generator_loss, "theta_g")(players, batch)

    def loss(theta_g):
        moved = {**players, "theta_g": theta_g}
        theta_d = look_ahead(inner, moved if through else players, batch, steps, rate, optimizer)
        return inner.generator_loss({**moved, "theta_d": theta_d}, batch)

    # Adam keeps a square root of a tiny number inside: 1e-16 beside slopes of 1e-3 and more
    torch.testing.assert_close(
        game.generator_loss(players, batch), loss(players["theta_g"]), rtol=1e-6, atol=0
    )
    for p in range(0, found.shape[-1], 11):
        shift = torch.zeros_like(players["theta_g"])
        shift[:, p] = 1e-6
        up, down = (loss(players["theta_g"] + s) for s in (shift, -shift))
        torch.testing.assert_close(found[:, p].detach(), (up - down) / 2e-6, rtol=1e-3, atol=1e-6)


def test_unrolling_leaves_d_alone():
    """D takes the step that it would take without, and its optimizer has counted one update."""
    frames = [
        list(train(game, steps=1, runs=2, steps_per_frame=1, dynamics="simultaneous"))[-1]
        for game in (plain(), unrolled(plain(), steps=3))
    ]
    torch.testing.assert_close(frames[0].players["theta_d"], frames[1].players["theta_d"])
    assert float(frames[1].state.slots["theta_d"]["updates"]) == 1
    assert not torch.allclose(frames[0].players["theta_g"], frames[1].players["theta_g"])


@pytest.mark.parametrize("steps", [1, 3, 5])
@pytest.mark.parametrize("through", [True, False])
def test_unrolling_on_xy_shrinks_the_radius(steps, through):
    """G descends x (y + k eta x), or y + k eta x alone: [[1 - c k eta², -eta], [eta, 1]] with c = 2 or 1."""
    eta = 0.2
    game = unrolled(bilinear(), steps=steps, learning_rate=eta, optimizer="sgd", through=through)
    determinant = 1 - (2 if through else 1) * steps * eta**2 + eta**2
    if through:  # autodiff of the step does not see through a look-ahead that is cut off
        found = update_eigenvalues(game, dynamics="simultaneous", learning_rate=eta)[0]
        assert float(found.prod().real) == pytest.approx(determinant, rel=1e-12)
    path = trajectory(game, steps=800, start=(1, 0.3), dynamics="simultaneous", learning_rate=eta)[:, 0]
    radius = path.norm(dim=-1)
    assert float(radius[-1] / radius[400]) ** (1 / 400) == pytest.approx(determinant**0.5, abs=2e-3)


# ---- reconstruction


def with_reconstruction(**changes):
    game = reconstruction(plain(), width=5, **changes)
    players, batch = setting(game)
    return game, players, batch


def judge_and_back(players, run):
    """D on pairs and F, written out: theta_d holds D's layers, then F's, which has rectifiers."""
    theta = players["theta_d"][run].detach().numpy()
    judge, at = layers((18, 6, 6, 1), theta)
    back, end = layers((2, 5, 5, 16), theta[at:])
    assert at + end == len(theta)

    def answers(x):
        for w, b in back[:-1]:
            x = np.maximum(x @ w + b, 0)
        return x @ back[-1][0] + back[-1][1]

    def verdicts(x, z):
        return (hidden(judge[:-1], np.concatenate([x, z], 1)) @ judge[-1][0] + judge[-1][1])[:, 0]

    return verdicts, answers


def test_reconstruction_judges_pairs_and_asks_for_z_again():
    game, players, batch = with_reconstruction(strength=0.3, noise=0.7)
    for run in range(2):
        verdicts, answers = judge_and_back(players, run)
        real, fake, z = batch.x_real[run].numpy(), forged(players, batch, run), batch.z[run].numpy()
        l_real = verdicts(real, answers(real) + 0.7 * batch.noise[run].numpy())
        l_fake = verdicts(fake, z)
        error = ((z - answers(fake)) ** 2).sum(1).mean()
        assert error > 1 and np.abs(l_fake).max() > 1
        of_d = np.log1p(np.exp(-l_real)).mean() + np.log1p(np.exp(l_fake)).mean() + error
        of_g = np.log1p(np.exp(-l_fake)).mean() + 0.3 * error
        assert float(game.discriminator_loss(players, batch)[run]) == pytest.approx(of_d, rel=1e-10)
        assert float(game.generator_loss(players, batch)[run]) == pytest.approx(of_g, rel=1e-10)
        seen = game.logits(players["theta_d"], batch.x_real)[
            run
        ]  # a point by itself: beside what F says of it
        np.testing.assert_allclose(seen.numpy(), verdicts(real, answers(real)), rtol=1e-9)


def test_reconstruction_moves_f_by_its_error_alone():
    """F's part of D's gradient, by finite differences of the error: what D makes of its answers does not count."""
    game, players, batch = with_reconstruction()
    found = slope(game.discriminator_loss, "theta_d")(players, batch)[1].detach()
    first = layers((18, 6, 6, 1), players["theta_d"][0].numpy())[1]
    fake = forged(players, batch, 0)
    for p in range(first, found.shape[-1], 7):
        errors = []
        for h in (1e-6, -1e-6):
            moved = players["theta_d"].clone()
            moved[:, p] += h
            answers = judge_and_back({"theta_d": moved}, 0)[1](fake)
            errors.append(((batch.z[0].numpy() - answers) ** 2).sum(1).mean())
        assert float(found[0, p]) == pytest.approx((errors[0] - errors[1]) / 2e-6, rel=1e-4, abs=1e-6)
    assert float(found[0, first:].abs().max()) > 0.1


def test_reconstruction_around_remedies_that_make_another_d():
    for inner in (packing, minibatch_discrimination, spectral_normalisation):
        game = reconstruction(inner(plain()))
        players, batch = setting(game)
        seen = game.logits(players["theta_d"], batch.x_real)
        assert seen.shape == (2, 10)
        assert float(seen.std()) > 0


# ---- together

REPLACING = (
    "feature_matching",
    "unrolled",
    "historical_averaging",
    "reconstruction",
)  # G's loss is no cost of logits
REFUSED = {(outer, inner) for outer in ("feature_matching", "top_k") for inner in REPLACING}
REFUSED |= {("feature_matching", "top_k"), ("label_smoothing", "label_smoothing")}
REMAKING = ("packing", "minibatch_discrimination", "spectral_normalisation", "reconstruction")
REFUSED |= {(outer, "reconstruction") for outer in REMAKING} | {("reconstruction", "feature_matching")}


QUICK = {
    ("unrolled", "packing"),
    ("gradient_penalty", "minibatch_discrimination"),
    ("instance_noise", "top_k"),
}
PAIRS = [
    pytest.param(*pair, marks=[] if pair in QUICK | REFUSED else pytest.mark.slow)
    for pair in itertools.product(REMEDIES, REMEDIES)
]


@pytest.mark.parametrize(("outer", "inner"), PAIRS)
def test_every_pair_trains_or_says_why_not(outer, inner):
    game = catalogue.find("remedies", inner)(game=plain())
    if (outer, inner) in REFUSED:
        outside = "reconstruction has to|minibatch discrimination needs"
        with pytest.raises(ValueError, match=rf"{outer} (changes|needs)|{outside}"):
            catalogue.find("remedies", outer)(game=game)
        return
    game = catalogue.find("remedies", outer)(game=game)
    start = begin(simultaneous(), game, sgd(), 2, rng())
    moves = differentiable_moves(simultaneous(), game, sgd(), {"theta_d": 0.1, "theta_g": 0.1})
    end = simultaneous().step(moves, start, draw(simultaneous(), game, 2, 8, rng(1)))
    for mover in MOVERS:
        assert bool(end.players[mover].isfinite().all())
        assert not torch.equal(end.players[mover], start.players[mover])
    assert catalogue.build(copy.deepcopy(game.recipe)).recipe == game.recipe


EACH = [
    pytest.param(name, marks=[] if name in ("instance_noise", "historical_averaging") else pytest.mark.slow)
    for name in REMEDIES
]


@pytest.mark.parametrize("name", EACH)
def test_runs_are_independent_and_saved_with_all_that_they_remember(name, tmp_path):
    game = catalogue.find("remedies", name)(game=plain(activation="relu"))
    recording = record(game, steps=4, runs=3, steps_per_frame=2, batch_size=8, progress=False)
    again = Recording.load(recording.save(tmp_path / "run.safetensors"))
    loaded, went_on = (run.fork(1, steps=4) for run in (again, recording))
    for run in (loaded, went_on):
        frame = run.advance()
        for key, value in recording[-1].players.items():
            assert torch.equal(frame.players[key], value), key
    players, batch = setting(game, runs=3)
    for loss in (game.discriminator_loss, game.generator_loss):
        together = loss(players, batch)
        for run in range(3):
            one = {k: v[run : run + 1] for k, v in players.items()}
            alone = loss(one, type(batch)(*(t[run : run + 1] for t in batch)))
            torch.testing.assert_close(together[run : run + 1], alone)


@pytest.mark.parametrize("name", sorted(set(REMEDIES) - {"historical_averaging", "unrolled"}))
def test_planar_games_are_refused_where_there_is_nothing_to_change(name):
    with pytest.raises(ValueError, match=name):
        catalogue.find("remedies", name)(game=bilinear())


@pytest.mark.parametrize("name", EACH)
def test_every_remedy_can_be_looked_at_and_switched_on_while_training(name):
    """The field is there for single points, and a remedy that needs no other networks joins a running training."""
    game = catalogue.find("remedies", name)(game=plain(activation="relu"))
    players, batch = setting(game)
    prob = game.prob_real(players["theta_d"], batch.x_real)
    assert prob.shape == (2, 10)
    assert float(prob.min()) >= 0 and float(prob.max()) <= 1
    start = plain(activation="relu")
    if any(len(game.init(1, rng())[m][0]) != len(start.init(1, rng())[m][0]) for m in MOVERS):
        return
    training = train(start, steps_per_frame=1, runs=2)
    next(training), next(training)
    training.change(game=game)
    frame = next(training)
    assert frame.step == 2
    assert set(frame.players) == set(game.init(1, rng()))
    training.change(game=start)
    assert set(next(training).players) == set(MOVERS)
