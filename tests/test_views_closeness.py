"""The closeness of a batch: against a triple loop, in the order of modes, of packs, and through JSON."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from gan_edu import catalogue
from gan_edu.data.ring import ring
from gan_edu.figures.closeness_map import closeness_map
from gan_edu.games.bilinear import bilinear
from gan_edu.games.gan import gan
from gan_edu.remedies.minibatch_discrimination import minibatch_discrimination
from gan_edu.remedies.packing import packing
from gan_edu.training import Frame, train
from gan_edu.views.closeness import Closeness, Compared, closeness_at, compared, nearest_modes


def first(game, **settings) -> Frame:
    return next(train(game, runs=2, **settings))


def by_loops(features, tensor, b: int) -> np.ndarray:
    """c_b(i, j) = exp(-|f_i T_b - f_j T_b|_1), number by number."""
    n, (width, _, size) = len(features), tensor.shape
    maps = np.zeros((n, n))
    for i in range(n):
        for j in range(n):
            distance = 0.0
            for k in range(size):
                distance += abs(
                    sum(float(features[i, a] - features[j, a]) * float(tensor[a, b, k]) for a in range(width))
                )
            maps[i, j] = math.exp(-distance)
    return maps


def test_it_is_the_layer_of_d() -> None:
    game = minibatch_discrimination(gan(ring(), width=5), kernels=3, kernel_dim=2)
    frame = first(game)
    x = game.target.sample(7, torch.Generator().manual_seed(2))
    players = {name: theta[1] for name, theta in frame.players.items()}
    seen = compared(game, players, x)
    order = nearest_modes(x, game.target).argsort(stable=True)
    body = game.discriminator.body
    assert body is not None
    features = game.discriminator.features(players["theta_d"], x)[order]
    tensor = players["theta_d"][body.n_parameters : body.n_parameters + 5 * 3 * 2].reshape(5, 3, 2)
    for b in range(3):
        np.testing.assert_allclose(seen.maps[b], by_loops(features, tensor, b), atol=1e-5)
    # o as the discriminator has it: its last layer, given that, gives its logits
    weight, bias = players["theta_d"][-(5 + 3) - 1 : -1], players["theta_d"][-1]
    logits = torch.cat([features, torch.from_numpy(seen.to_the_rest).T], -1) @ weight + bias
    torch.testing.assert_close(logits, game.discriminator(players["theta_d"], x)[order, 0], atol=1e-5, rtol=0)


def test_both_halves_are_those_of_a_batch() -> None:
    frame = first(minibatch_discrimination(gan(ring(), width=8), kernels=2))
    game, players = frame.settings.game, {name: theta[1:] for name, theta in frame.players.items()}
    batch = game.draw(1, 20, torch.Generator().manual_seed(4))
    x_fake = game.generator(players["theta_g"], batch.z)[0]
    seen = closeness_at(frame, 1, examples=20, seed=4)
    np.testing.assert_allclose(seen.real.maps, compared(game, players, batch.x_real[0]).maps, atol=1e-6)
    np.testing.assert_allclose(seen.fake.maps, compared(game, players, x_fake).maps, atol=1e-6)
    assert np.abs(seen.fake.maps - seen.real.maps).max() > 0.1


def test_o_is_the_mean_over_the_others() -> None:
    maps = np.random.default_rng(0).random((2, 5, 5))
    rest = Compared(maps, np.zeros(5, int)).to_the_rest
    for b in range(2):
        for i in range(5):
            assert rest[b, i] == pytest.approx(sum(maps[b, i, j] for j in range(5) if j != i) / 4)
    assert Compared(np.ones((1, 1, 1)), np.zeros(1, int)).to_the_rest == 0  # nobody else is there


def test_examples_are_in_the_order_of_their_modes() -> None:
    frame = first(minibatch_discrimination(gan(ring(), width=8), kernels=2))
    seen = closeness_at(frame, 1, examples=40)
    for half in (seen.real, seen.fake):
        assert (np.diff(half.modes) >= 0).all()
        np.testing.assert_allclose(np.diagonal(half.maps, axis1=1, axis2=2), 1, atol=1e-6)
        np.testing.assert_allclose(half.maps, half.maps.swapaxes(1, 2), atol=1e-6)
    assert set(seen.real.modes) == set(range(8))
    x = ring().components[[6, 1, 1, 0]]
    assert compared(frame.settings.game, {"theta_d": frame.players["theta_d"][0]}, x).modes.tolist() == [
        0,
        1,
        1,
        6,
    ]


def test_the_same_batch_is_looked_at_and_looking_changes_nothing() -> None:
    frame = first(minibatch_discrimination(gan(ring(), width=8), kernels=2))
    random = frame.random.clone()
    one, again = closeness_at(frame), closeness_at(frame)
    np.testing.assert_array_equal(one.fake.maps, again.fake.maps)
    assert not np.array_equal(one.fake.maps, closeness_at(frame, 1).fake.maps)
    assert not np.array_equal(one.real.maps, closeness_at(frame, seed=5).real.maps)
    assert torch.equal(frame.random, random)


def test_noise_and_other_remedies_are_seen_through() -> None:
    plain = minibatch_discrimination(gan(ring(), width=8), kernels=2)
    noisy = catalogue.find("remedies", "instance_noise")(game=plain, std=2.0)
    quiet, loud = (closeness_at(first(game)) for game in (plain, noisy))
    assert quiet.learned
    assert loud.learned
    own_mode = quiet.real.modes[:, None] == quiet.real.modes
    mixed = loud.real.modes[:, None] == loud.real.modes
    assert loud.real.maps[:, mixed].mean() < quiet.real.maps[:, own_mode].mean() - 0.05


@pytest.mark.parametrize("inside", [True, False])
def test_of_packs_there_is_one_row_each(inside: bool) -> None:
    game = gan(ring(), width=8)
    layers = [lambda g: packing(g, pack=3), lambda g: minibatch_discrimination(g, kernels=2)]
    for layer in layers if inside else layers[::-1]:
        game = layer(game)
    seen = closeness_at(first(game), examples=32)
    assert seen.real.maps.shape == (2, 10, 10)
    x_real = game.target.sample((1, 32), torch.Generator().manual_seed(0))[0]  # which a batch begins with
    assert seen.real.modes.tolist() == nearest_modes(x_real[:30:3], game.target).sort().values.tolist()


def test_a_d_that_does_not_compare_is_shown_what_it_could_see() -> None:
    seen = closeness_at(first(gan(ring(), width=8)))
    assert not seen.learned
    assert (
        seen.kernels
        == catalogue.entries("remedies")["minibatch_discrimination"].parameters["kernels"].default
    )
    same = seen.real.modes[:, None] == seen.real.modes
    assert seen.real.maps[:, same].mean() > seen.real.maps[:, ~same].mean() + 0.05


def test_refusals() -> None:
    with pytest.raises(ValueError, match="planar"):
        closeness_at(next(train(bilinear())))
    with pytest.raises(ValueError, match="run must be a whole number from 0 to 1; got 2"):
        closeness_at(first(gan(ring(), width=8)), 2)


def test_json_keeps_half_a_level() -> None:
    seen = closeness_at(first(minibatch_discrimination(gan(ring(), width=8), kernels=2)), examples=12)
    again = Closeness.from_json(seen.as_json())
    assert (again.step, again.learned) == (seen.step, seen.learned)
    for old, new in ((seen.real, again.real), (seen.fake, again.fake)):
        np.testing.assert_array_equal(old.modes, new.modes)
        assert np.abs(old.maps - new.maps).max() <= 0.5 / 255 + 1e-6


# the figure


def batch(modes, closeness: float = 0.2) -> Compared:
    modes = np.sort(modes)
    maps = np.where(modes[:, None] == modes, 0.9, closeness)
    np.fill_diagonal(maps, 1)
    return Compared(np.stack([maps, maps**2]), modes)


def test_the_figure_draws_the_arrays() -> None:
    batches = {"real": batch(np.arange(16) // 2), "one": batch(np.zeros(16, int))}
    for kernel, shown in ((None, lambda maps: maps.mean(0)), (1, lambda maps: maps[1])):
        figure = closeness_map(batches, kernel=kernel)
        maps = [axes.images[0] for axes in figure.axes if axes.images]
        for image, each in zip(maps, batches.values(), strict=True):
            np.testing.assert_allclose(image.get_array(), shown(each.maps))
            assert image.get_clim() == (0, 1)
    panel = figure.axes[-1]
    means = [line.get_ydata() for line in panel.lines if line.get_marker() != "None"]
    np.testing.assert_allclose(means, [each.to_the_rest.mean(1) for each in batches.values()])
    assert [tick.get_text() for tick in figure.axes[0].get_yticklabels()] == [
        str(mode) for mode in range(1, 9)
    ]
    assert figure.alt == (
        "closeness of 16 examples by kernel 2. real: 8 modes, 0.09 to the rest; one: 1 mode, 0.81 to the rest"
    )


def test_the_figure_has_room_for_four_and_no_more() -> None:
    four = {str(k): batch(np.arange(8)) for k in range(4)}
    assert len([axes for axes in closeness_map(four, kernels=False, theme="dark").axes if axes.images]) == 4
    with pytest.raises(ValueError, match="1 to 4 of them; got 5"):
        closeness_map({**four, "5": four["0"]})
    with pytest.raises(ValueError, match="as many kernels"):
        closeness_map({"a": four["0"], "b": Compared(np.ones((1, 2, 2)), np.zeros(2, int))})
    with pytest.raises(ValueError, match="from 0 to 1, or None; got 2"):
        closeness_map(four, kernel=2)
