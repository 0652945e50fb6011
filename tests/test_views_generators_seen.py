"""Who draws what, what D takes for whose, and the two parts of what a generator is told."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
import torch

from gan_edu.data.grid import grid
from gan_edu.data.line import line
from gan_edu.data.ring import ring
from gan_edu.figures.generator_map import generator_map
from gan_edu.games.bilinear import bilinear
from gan_edu.games.gan import gan
from gan_edu.games.mad_gan import mad_gan
from gan_edu.games.mad_gan_sim import mad_gan_sim
from gan_edu.metrics.modes import mode_shares
from gan_edu.training import Frame, train
from gan_edu.views.generators import GeneratorsSeen, fool_and_repel, generators_seen
from gan_edu.views.look import look_at, nodes_of

K = 3


def first(game) -> Frame:
    return next(train(game, runs=2))


def test_shares_are_those_of_each_generator_alone() -> None:
    frame = first(mad_gan(ring(), K, width=8))
    look = look_at(frame, 1)
    seen = generators_seen(frame, 1)
    z = look.game.draw_latent((1, 250 * K), torch.Generator().manual_seed(0))
    x = look.game.generator(look.players["theta_g"], z)[0]
    for i in range(K):
        np.testing.assert_allclose(seen.shares[i], mode_shares(x[i::K], ring()))
        np.testing.assert_allclose(seen.samples[seen.makers == i], x[i : 12 * K : K].detach())
    np.testing.assert_allclose(seen.shares.sum(1), 1, atol=1e-6)
    np.testing.assert_allclose(seen.centres, ring().components, atol=1e-6)


def test_territories_are_the_likeliest_classes() -> None:
    frame = first(mad_gan(ring(), K, width=8))
    look = look_at(frame, 0)
    seen = generators_seen(frame, 0, grid=9)
    outputs = look.game.discriminator(look.players["theta_d"], nodes_of(ring().extent, 9)[None])[0]
    prob = (outputs.exp() / outputs.exp().sum(-1, keepdim=True)).detach().reshape(9, 9, K + 1).numpy()
    np.testing.assert_array_equal(seen.owner, prob.argmax(-1))
    np.testing.assert_allclose(seen.confidence, prob.max(-1), rtol=1e-5)


def test_fool_and_repel_are_the_whole_push() -> None:
    """Number by number, and their gradients together are that of -log D_{k+1}, whatever all outputs share."""
    outputs = torch.randn(5, K + 1, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    outputs.requires_grad_()
    makers = torch.tensor([0, 1, 2, 2, 0])
    fool, repel = fool_and_repel(outputs, makers)
    prob = outputs.softmax(-1)
    said = prob.detach()
    for n, i in enumerate(makers.tolist()):
        others = sum(float(said[n, j]) for j in range(K) if j != i)
        real, own = float(said[n, K]), float(said[n, i])
        assert float(repel[n].detach()) == pytest.approx(-math.log(1 - others))
        assert float(fool[n].detach()) == pytest.approx(-math.log(real / (real + own)))
    whole = torch.autograd.grad(-prob[:, K].log().sum(), outputs, retain_graph=True)[0]
    parts = [torch.autograd.grad(part.sum(), outputs, retain_graph=True)[0] for part in (fool, repel)]
    torch.testing.assert_close(parts[0] + parts[1], whole)
    shifted = fool_and_repel(outputs + torch.randn(5, 1, dtype=torch.float64), makers)
    torch.testing.assert_close(shifted, (fool, repel))


def test_arrows_point_down_both_losses() -> None:
    frame = first(mad_gan(ring(), K, width=8))
    look = look_at(frame, 0)
    seen = generators_seen(frame)
    assert seen.fool.shape == seen.repel.shape == (3 * K, 4)
    discriminator, theta = look.game.discriminator, look.players["theta_d"]
    for number, arrows in enumerate((seen.fool, seen.repel)):
        tails, heads = torch.from_numpy(arrows[:, :2]), torch.from_numpy(arrows[:, 2:])
        np.testing.assert_allclose(tails, seen.samples[: 3 * K])
        nearby = tails + 1e-2 * (heads - tails)
        makers = torch.arange(3 * K) % K
        before, after = (
            fool_and_repel(discriminator(theta, x[None])[0], makers)[number] for x in (tails, nearby)
        )
        assert bool((after < before).all())


@pytest.mark.parametrize(
    ("game", "k", "rows"),
    [
        (gan(ring(), width=8), 1, 0),
        (mad_gan(ring(), K, classify=False, width=8), K, 0),
        (mad_gan_sim(ring(), K, width=8), K, 0),
        (mad_gan_sim(ring(), K, classify=True, width=8), K, 64),
        (mad_gan(ring(), 1, width=8), 1, 64),
        (mad_gan(line(), 10, width=8), 10, 1),
        (mad_gan(grid(side=4), K, width=8), K, 64),
    ],
)
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_what_there_is_to_see(game, k: int, rows: int, theme: str) -> None:
    """A map only where D tells generators apart; through JSON and back it draws the same."""
    seen = generators_seen(first(game))
    assert (seen.k, len(seen.owner), seen.told_apart) == (k, rows, rows > 0)
    again = GeneratorsSeen.from_json(json.loads(json.dumps(seen.as_json())))
    assert (again.extent, again.step) == (tuple(float(f"{edge:.3g}") for edge in seen.extent), 0)
    np.testing.assert_array_equal(again.owner, seen.owner)
    np.testing.assert_allclose(again.shares, seen.shares, atol=1e-3)
    if theme == "dark" and k in (10, K):
        return
    picture, same = (generator_map(each, title="step 0", theme=theme) for each in (seen, again))
    assert picture.alt == same.alt
    assert picture.alt.startswith(f"step 0: {k} generator")
    assert picture.pixels().shape[1] == 470
    assert len(picture.axes) == (3 if rows else 2)  # map, shares, and their key


def test_it_names_the_mode_that_each_draws_most() -> None:
    nothing, flat = np.zeros((0, 0)), np.zeros((0, 4))
    shares = np.array([[0.1, 0.9], [0.75, 0.25]])
    seen = GeneratorsSeen(
        4, shares, nothing, nothing, (-1, 1, -1, 1), np.eye(2), np.eye(2), np.arange(2), flat, flat
    )
    assert generator_map(seen).alt == "2 generators; 1: mode 2 (90 %), 2: mode 1 (75 %)"


def test_what_has_no_generators() -> None:
    with pytest.raises(ValueError, match="got a planar game"):
        generators_seen(next(train(bilinear())))
