"""What f sees: against a network of torch.nn looked at point by point, and a double loop."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest
import torch

from gan_edu.data.line import line
from gan_edu.data.ring import ring
from gan_edu.games.gan import gan
from gan_edu.remedies.feature_matching import feature_matching
from gan_edu.remedies.instance_noise import instance_noise
from gan_edu.remedies.minibatch_discrimination import minibatch_discrimination
from gan_edu.remedies.packing import packing
from gan_edu.training import train
from gan_edu.views.features import HELD, FeaturesSeen, features_seen, most_telling

from .notebooks.plain import fill

WIDTH = 12


def a_frame(game=None, **settings):
    """The first of a training: players and settings are all that is looked at."""
    settings = {"batch_size": 32, "seed": 4, "device": "cpu", **settings}
    return next(train(game or gan(ring(), width=WIDTH), **settings))


def twin(theta: torch.Tensor) -> torch.nn.Sequential:
    """The same discriminator as a network of torch.nn."""
    parts = [torch.nn.Linear(2, WIDTH), torch.nn.ReLU(), torch.nn.Linear(WIDTH, WIDTH), torch.nn.ReLU()]
    net = torch.nn.Sequential(*parts, torch.nn.Linear(WIDTH, 1))
    fill(net, theta)
    return net


@pytest.mark.parametrize(("below", "layers"), [(1, 4), (2, 2)])
def test_maps_and_means_are_those_of_a_plain_network(below, layers):
    """Every node of every map, and every mean, point by point."""
    frame = a_frame(runs=3)
    seen = features_seen(frame, 1, below=below, count=3, n_samples=40, grid=5, seed=7)
    body = twin(frame.players["theta_d"][1])[:layers]
    x_min, x_max, y_min, y_max = seen.extent
    for k, unit in enumerate(seen.units):
        for row in range(5):
            for column in range(5):
                x = torch.tensor([x_min + (x_max - x_min) * column / 4, y_min + (y_max - y_min) * row / 4])
                assert seen.maps[k, row, column] == pytest.approx(float(body(x)[unit].detach()), abs=1e-5)

    game, random = frame.settings.game, torch.Generator().manual_seed(7)
    batch = game.draw(1, 40, random)
    fake = game.generator(frame.players["theta_g"][1:2], batch.z)[0]
    gap, spread = 0.0, 0.0
    for unit in range(WIDTH):
        of_real, of_fake = (
            [float(body(x)[unit].detach()) for x in points] for points in (batch.x_real[0], fake)
        )
        assert seen.real[unit] == pytest.approx(sum(of_real) / 40, abs=1e-5)
        assert seen.fake[unit] == pytest.approx(sum(of_fake) / 40, abs=1e-5)
        gap += (sum(of_real) / 40 - sum(of_fake) / 40) ** 2
        spread += sum((value - sum(of_real) / 40) ** 2 for value in of_real) / 39
    assert seen.gap == pytest.approx(gap, rel=1e-4)
    assert seen.noise == pytest.approx(2 * spread / 32, rel=1e-4)
    np.testing.assert_array_equal(seen.data, batch.x_real[0, :60])
    np.testing.assert_allclose(seen.samples, fake[:60].detach(), atol=1e-6)
    assert gap > 1e-4  # so that zeros don't agree by accident


def test_the_gap_is_the_loss_of_feature_matching():
    """On the same batch, with what D gets to see: noise on its input included."""
    game = feature_matching(instance_noise(gan(ring(), width=WIDTH), std=0.5), below=2)
    frame = a_frame(game)
    batch = game.draw(1, 300, torch.Generator().manual_seed(2))
    loss = float(frame.settings.game.generator_loss(frame.players, batch)[0].detach())
    assert features_seen(frame, below=2, n_samples=300, seed=2).gap == pytest.approx(loss, rel=1e-5)


def test_noise_is_what_two_real_batches_show():
    """2 tr Cov f / B, measured."""
    frame = a_frame()
    seen = features_seen(frame, n_samples=20_000)
    random = torch.Generator().manual_seed(3)
    f = frame.settings.game.discriminator.features
    theta = frame.players["theta_d"]
    with torch.no_grad():
        means = [
            f(theta, ring().sample((1, 3000 * 32), random)).unflatten(1, (3000, 32)).mean(2) for _ in "ab"
        ]
    assert seen.noise == pytest.approx(float((means[0] - means[1]).square().sum(-1).mean()), rel=0.05)


def test_units_say_different_things():
    """A copy and a constant are passed over; the first is the one that varies most."""
    random = torch.Generator().manual_seed(0)
    a, b, c = torch.randn(3, 200, generator=random)
    values = torch.stack([0 * a + 5, 1.9 * a, 2 * a, b, -b, 0.5 * c], -1)
    assert most_telling(values, 1).tolist() == [2]
    assert most_telling(values, 3).tolist() in ([2, 3, 5], [2, 4, 5])
    assert len(most_telling(values, 6)) == 3
    assert most_telling(torch.zeros(9, 4), 2).tolist() == []


def test_a_unit_keeps_its_place_while_it_tells_enough():
    random = torch.Generator().manual_seed(0)
    a, b = torch.randn(2, 400, generator=random)
    b = b - a * (a @ b) / (a @ a)
    for part, stays in ((HELD * 1.3, True), (HELD * 0.7, False)):
        values = torch.stack([a, part**0.5 * b * a.norm() / b.norm()], -1)
        values = values - values.mean(0)
        assert most_telling(values, 1).tolist() == [0]
        assert most_telling(values, 1, keep=[1]).tolist() == ([1] if stays else [0])
    seen = features_seen(a_frame())
    assert features_seen(a_frame(), keep=seen.units.tolist()).units.tolist() == seen.units.tolist()
    features_seen(a_frame(), keep=[500])  # of a wider network


def test_it_looks_and_changes_nothing():
    frame = a_frame()
    before = {name: theta.clone() for name, theta in frame.players.items()}, frame.random.clone()
    first, second = features_seen(frame), features_seen(frame)
    assert first.gap == second.gap
    assert all(torch.equal(before[0][name], theta) for name, theta in frame.players.items())
    assert torch.equal(before[1], frame.random)


def test_what_has_no_maps():
    """Points of a line have means only; a layer that mixes examples can't be drawn point by point."""
    seen = features_seen(a_frame(gan(line(), width=5)))
    assert seen.maps.shape == (0, 0, 0)
    assert seen.real.shape == seen.fake.shape == (5,)
    features_seen(a_frame(minibatch_discrimination(gan(ring(), width=5))))  # its hidden layers look at one
    with pytest.raises(ValueError, match="one example at a time"):
        features_seen(a_frame(packing(gan(ring(), width=5))))
    with pytest.raises(ValueError, match="no layer 3"):
        features_seen(a_frame(), below=3)
    with pytest.raises(ValueError, match="run must be"):
        features_seen(a_frame(), 1)


def test_json_and_back():
    """To three digits."""
    for game in (gan(ring(), width=5), gan(line(), width=5)):
        seen = features_seen(a_frame(game), grid=6)
        back = FeaturesSeen.from_json(json.loads(json.dumps(seen.as_json())))
        for field in dataclasses.fields(seen):
            had, got = getattr(seen, field.name), getattr(back, field.name)
            np.testing.assert_allclose(got, had, rtol=6e-3, atol=1e-9, err_msg=field.name)
            assert np.shape(got) == np.shape(had), field.name
        assert back.units.dtype.kind == "i"
