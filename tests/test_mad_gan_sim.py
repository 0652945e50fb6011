"""What the similarity condition can and can't ask for: closed forms of the mean margin."""

from __future__ import annotations

import math

import pytest
import torch

from gan_edu.data.ring import ring
from gan_edu.games.mad_gan import mad_gan
from gan_edu.games.mad_gan_sim import condition, mad_gan_sim, margins
from gan_edu.networks.mlp import mlp

K = 5


def played(activation, classify=False, runs=3, batch=22):
    game = mad_gan(ring(), K, classify, width=7, latent_dim=3, activation=activation)
    random = torch.Generator().manual_seed(0)
    players = {name: theta.double() for name, theta in game.init(runs, random).items()}
    made = game.draw(runs, batch, random)
    return game, players, made._replace(x_real=made.x_real.double(), z=made.z.double())


@pytest.mark.parametrize("classify", [False, True])
@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_margins_generator_by_generator(activation, classify):
    """Network by network, z by z, pair by pair, and their mean is minus the mean cosine whatever D says."""
    game, players, batch = played(activation, classify)
    ours = margins(game, players, batch)
    assert ours.shape == (3, 4, K)  # 22 latent points: four for each of five generators
    assert game.generator.apart is not None
    thetas, one = game.generator.apart(players["theta_g"]), mlp((3, 7, 7, 2), activation)
    for run in range(3):
        theta_d = players["theta_d"][run]
        for point in range(4):
            z = batch.z[run, point : point + 1]
            x = torch.cat([one(thetas[run, i], z) for i in range(K)])
            prob = game.prob_real(theta_d, x).tolist()
            phi = game.discriminator.features(theta_d, x)
            cosines = []
            for i in range(K):
                rivals = 0.0
                for j in set(range(K)) - {i}:
                    cosine = float(phi[i] @ phi[j] / (phi[i].norm() * phi[j].norm()))
                    cosines.append(cosine)
                    rivals += prob[j] + cosine
                assert float(ours[run, point, i]) == pytest.approx(prob[i] - rivals / (K - 1), abs=1e-12)
            assert float(ours[run, point].mean()) == pytest.approx(-sum(cosines) / len(cosines), abs=1e-12)
    if activation == "relu":
        assert float(ours.mean(-1).max()) <= 0  # no cosine is negative


def test_the_term_is_the_mean_cosine_where_the_condition_fails_for_all():
    game, players, batch = played("relu")
    held = margins(game, players, batch)
    assert bool((held < 0).all())
    sim = mad_gan_sim(ring(), K, weight=0.3, width=7, latent_dim=3)
    term = sim.generator_loss(players, batch) - game.generator_loss(players, batch)
    torch.testing.assert_close(term, -0.3 * held.mean((1, 2)))


@pytest.mark.parametrize("k", [2, 3, 8])
def test_no_features_do_better_than_a_simplex(k):
    """Directions that point as far apart as they can: the mean margin is 1 / (k - 1), and random ones stay below."""
    simplex = torch.eye(k, dtype=torch.float64) - 1 / k
    prob = torch.rand(1, k, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    best = float(condition(prob, simplex[None], k).mean())
    assert best == pytest.approx(1 / (k - 1))
    random = torch.randn(1, 200 * k, k, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    others = condition(prob.repeat(1, 200), random, k).mean(-1)
    assert -1 < float(others.min()) < float(others.max()) < best
    assert math.isclose(float(condition(prob, random[:, :1].expand(1, k, k), k).mean()), -1)  # all the same


def test_one_generator_is_like_nobody():
    game, random = mad_gan(ring(), 1, width=7, latent_dim=3), torch.Generator()
    with pytest.raises(ValueError, match="at least 2 generators; got 1"):
        margins(game, game.init(1, random), game.draw(1, 4, random))
