"""Who draws what, what D takes for whose, and the two parts of what a generator is told."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest
import torch
from torch import Tensor

from gan_edu.data.grid import grid
from gan_edu.data.line import line
from gan_edu.data.ring import ring
from gan_edu.figures.generator_map import generator_map
from gan_edu.games.bilinear import bilinear
from gan_edu.games.gan import gan
from gan_edu.games.mad_gan import mad_gan
from gan_edu.games.mad_gan_sim import mad_gan_sim
from gan_edu.metrics.modes import mode_shares
from gan_edu.networks.mlp import mlp
from gan_edu.recording import record
from gan_edu.training import Frame, train
from gan_edu.views.generators import GeneratorsSeen, generators_seen, pushes_by
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


def fool_and_repel(outputs: Tensor, makers: Tensor) -> tuple[Tensor, Tensor]:
    """The two parts of -log D_{k+1}, from the probabilities alone; autograd knows their slopes."""
    prob = outputs.softmax(-1)
    own, real = prob.gather(-1, makers.unsqueeze(-1)).squeeze(-1), prob[..., -1]
    return -(real / (real + own)).log(), -(real + own).log()


def asked(seed=1, samples=6):
    """Outputs of a network of the plane, their slopes, and whose each sample is."""
    net = mlp((2, 7, K + 1), "tanh")
    random = torch.Generator().manual_seed(seed)
    theta = 2 * net.init((), random).double()
    x = torch.randn(samples, 2, generator=random, dtype=torch.float64, requires_grad=True)
    slopes = torch.func.vmap(torch.func.jacrev(lambda point: net(theta, point[None])[0]))(x.detach())
    return net(theta, x), x, slopes, torch.arange(samples) % K


def test_fool_and_repel_are_the_whole_push() -> None:
    """The diagonal's part is minus the slope of the first loss, the others together of the second; all, of both."""
    outputs, x, slopes, makers = asked()
    parts = pushes_by(outputs.detach(), slopes, makers)
    fool, repel = fool_and_repel(outputs, makers)
    torch.testing.assert_close(fool + repel, -outputs.log_softmax(-1)[..., -1])
    own = parts[torch.arange(6), makers]
    for part, loss in ((own, fool), (parts.sum(1) - own, repel)):
        torch.testing.assert_close(part, -torch.autograd.grad(loss.sum(), x, retain_graph=True)[0])
    shared = torch.randn(6, 1, dtype=torch.float64)  # what all outputs have in common at x, and its slope
    shifted = pushes_by(outputs.detach() + shared, slopes + torch.randn(6, 1, 2, dtype=torch.float64), makers)
    torch.testing.assert_close(shifted, parts)


def test_each_generator_pushes_by_what_d_knows_of_it() -> None:
    """Part j is the slope of the second loss through output j alone, home being held; 0 where D_j is 0."""
    outputs, _, slopes, makers = asked(2)
    outputs = outputs.detach()
    parts, prob = pushes_by(outputs, slopes, makers), outputs.softmax(-1)
    for n, i in enumerate(makers.tolist()):
        weight = prob[n, [i, K]] / prob[n, [i, K]].sum()
        home = weight[0] * slopes[n, i] + weight[1] * slopes[n, K]
        for j in set(range(K)) - {i}:
            torch.testing.assert_close(parts[n, j], -prob[n, j] * (slopes[n, j] - home))
    outputs[:, 0] = -1e4
    unknown = pushes_by(outputs, slopes, torch.full_like(makers, 1))
    assert float(unknown[:, 0].abs().max()) == 0
    assert float(unknown[:, 2].norm(dim=-1).min()) > 1e-3


def test_how_hard_is_the_mean_over_each_generators_samples() -> None:
    """On the scale of arrows: u / (u + 1.5) for a push of u a width of the picture."""
    frame = trained_a_little()
    look, seen = look_at(frame, 0), generators_seen(frame)
    z = look.game.draw_latent((1, 250 * K), torch.Generator().manual_seed(0))
    x = look.game.generator(look.players["theta_g"], z)[0, : 32 * K].detach()
    slopes = torch.func.vmap(
        torch.func.jacrev(
            lambda point: look.game.discriminator(look.players["theta_d"], point[None, None])[0, 0]
        )
    )(x)
    outputs = look.game.discriminator(look.players["theta_d"], x[None])[0]
    parts = pushes_by(outputs, slopes, torch.arange(32 * K) % K)
    width = ring().extent[1] - ring().extent[0]
    for i in range(K):
        u = parts[i::K].norm(dim=-1).mean(0) * width
        np.testing.assert_allclose(seen.pushed[i], (u / (u + 1.5)).detach(), rtol=1e-4)
    assert 0 < seen.pushed.min() < seen.pushed.max() < 1
    arrows = seen.fool[:K]
    length = np.linalg.norm(arrows[:, 2:] - arrows[:, :2], axis=1) / width / 0.1
    strength = parts[torch.arange(K), torch.arange(K)].norm(dim=-1) * width
    np.testing.assert_allclose(length, (strength / (strength + 1.5)).detach(), rtol=1e-3)


def trained_a_little() -> Frame:
    return record(mad_gan(ring(), K, width=8, frozen=(1,)), steps=4, batch_size=24, progress=False)[-1]


def test_who_is_frozen_is_named() -> None:
    seen = generators_seen(trained_a_little())
    assert seen.frozen == (1,)
    again = GeneratorsSeen.from_json(json.loads(json.dumps(seen.as_json())))
    assert again.frozen == (1,)
    np.testing.assert_allclose(again.pushed, seen.pushed, rtol=1e-2)
    words = [text.get_text() for text in generator_map(seen).legends[0].get_texts()]
    assert words[:3] == ["G 1", "G 2 frozen", "G 3"]
    assert re.search(r"; pushed hardest: [123] by [123]$", generator_map(seen).alt)


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
    assert len(picture.axes) == (4 if rows else 2)  # map, shares, pushes, and their key


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
