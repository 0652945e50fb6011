"""Generators that join and leave: the others stay as they are, D keeps its ratios, and training goes on."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
import torch

from gan_edu import catalogue
from gan_edu.data.ring import ring
from gan_edu.games.bilinear import bilinear
from gan_edu.games.gan import gan
from gan_edu.games.mad_gan import mad_gan
from gan_edu.games.mad_gan_sim import mad_gan_sim
from gan_edu.membership import add_generator, remove_generator
from gan_edu.recording import Recording, extend, record
from gan_edu.training import Frame, Training, train
from gan_edu.views import scene

K = 3


def trained(game, steps=6, runs=2, **settings) -> Frame:
    settings = {"batch_size": 24, "steps_per_frame": 3, "runs": runs, **settings}
    return record(game, steps=steps, progress=False, **settings)[-1]


def thetas(frame: Frame) -> torch.Tensor:
    """Each generator's own parameters, (R, K, P)."""
    apart = frame.settings.game.generator.apart
    assert apart is not None
    return apart(frame.players["theta_g"])


def said(frame: Frame) -> torch.Tensor:
    """D's probabilities at some points, in double precision: (R, N, classes)."""
    x = 2 * torch.randn(50, 2, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    return frame.settings.game.discriminator(frame.players["theta_d"].double(), x).softmax(-1)


@pytest.mark.parametrize("shared", [0, 1])
def test_a_copy_shares_what_d_thinks_of_its_model(shared) -> None:
    frame = trained(mad_gan(ring(), K, width=6, latent_dim=4, shared=shared))
    more = add_generator(frame, like=1)
    game = more.settings.game
    assert (game.generator.members, game.discriminator.out_dim) == (K + 1, K + 2)
    assert torch.equal(thetas(more), thetas(frame)[:, [0, 1, 2, 1]])
    before, after = said(frame), said(more)
    expected = torch.cat([before[..., :K], before[..., [1]], before[..., [K]]], -1) / (1 + before[..., [1]])
    torch.testing.assert_close(after, expected, rtol=1e-12, atol=0)
    slots, old = more.state.slots["theta_g"], frame.state.slots["theta_g"]
    apart, apart_before = (f.settings.game.generator.apart for f in (more, frame))
    assert apart
    assert apart_before
    assert torch.equal(apart(slots["square"]), apart_before(old["square"])[:, [0, 1, 2, 1]])
    assert (slots["updates"], more.step) == (old["updates"], frame.step)


def test_if_d_was_the_best_it_is_the_best_after_copying() -> None:
    """The docstring's claim, on densities: log D_i = log p_Gi + c, and the copy has the density of its model."""
    made = torch.rand(
        K + 1, 9, generator=torch.Generator().manual_seed(0), dtype=torch.float64
    )  # real data last
    best = made / made.sum(0)
    with_copy = torch.cat([made[:K], made[[1]], made[[K]]])
    ours = torch.cat([best[:K], best[[1]], best[[K]]]) / (1 + best[1])
    torch.testing.assert_close(ours, with_copy / with_copy.sum(0))


def test_a_fresh_one_comes_from_the_seed_and_moves_no_faster_than_the_others() -> None:
    frame = trained(mad_gan(ring(), K, width=8, latent_dim=4), steps=30)
    one, same, other = (add_generator(frame, seed=seed) for seed in (1, 1, 2))
    assert torch.equal(one.players["theta_g"], same.players["theta_g"])
    assert torch.equal(thetas(one)[:, :K], thetas(frame))
    assert not torch.equal(thetas(one)[:, K], thetas(other)[:, K])
    assert not torch.equal(thetas(one)[0, K], thetas(one)[1, K])  # every run has its own
    before, after = said(frame), said(one)
    old = after[..., [0, 1, 2, 4]]
    torch.testing.assert_close(old / old.sum(-1, keepdim=True), before, rtol=1e-12, atol=0)
    assert 0.05 < float(after[..., K].mean()) < 0.6
    moved = (thetas(next(Training(one.settings, start=one))) - thetas(one)).abs().mean((0, -1))
    assert 0.1 * float(moved[:K].min()) < float(moved[K]) < float(moved[:K].max())


@pytest.mark.parametrize("like", [None, 2])
def test_who_joins_and_leaves_changes_nothing(like) -> None:
    """Everything that is remembered of the others too, bit for bit, and so is what comes after."""
    frame = trained(mad_gan(ring(), K, width=6, latent_dim=4), optimizer="adam:beta1=0.9")
    back = remove_generator(add_generator(frame, like), K)
    assert back.settings.game.recipe == frame.settings.game.recipe
    for path, value in frame.state.named().items():
        assert torch.equal(back.state.named()[path], value), path
    ends = [next(Training(f.settings, start=f)).players for f in (frame, back)]
    assert all(torch.equal(ends[0][name], ends[1][name]) for name in ends[0])


def test_removing_moves_the_others_up() -> None:
    frame = trained(mad_gan(ring(), K, width=6, latent_dim=4, frozen=(0, 2)))
    less = remove_generator(frame, 1)
    assert torch.equal(thetas(less), thetas(frame)[:, [0, 2]])
    before, after = said(frame), said(less)
    torch.testing.assert_close(after, before[..., [0, 2, 3]] / (1 - before[..., [1]]), rtol=1e-12, atol=0)
    recipe = less.settings.game.recipe or {}
    assert recipe["arguments"]["frozen"] == [0, 1]
    again = add_generator(less, like=0).settings.game.recipe or {}
    assert again["arguments"]["frozen"] == [0, 1]  # a copy is free
    alone = remove_generator(less, 0)
    assert alone.settings.game.generator.members == 1
    with pytest.raises(ValueError, match=r"generators must be a whole number from 1 to 64; got 0"):
        remove_generator(alone, 0)


def test_a_d_without_classes_stays_as_it_is() -> None:
    frame = trained(mad_gan(ring(), K, classify=False, width=6))
    for changed in (add_generator(frame), remove_generator(frame, 0)):
        assert torch.equal(changed.players["theta_d"], frame.players["theta_d"])


@pytest.mark.parametrize("remedy", ["historical_averaging", "instance_noise:steps=90", "gradient_penalty"])
def test_what_remedies_remember_goes_on(remedy) -> None:
    frame = trained(catalogue.around(mad_gan(ring(), K, width=6), [remedy]))
    more = add_generator(frame, like=0)
    for name, value in frame.players.items():
        size = value.shape[-1] if "theta" not in name or "count" in name else None
        assert size in (None, more.players[name].shape[-1])
        assert size is None or torch.equal(more.players[name], value)
    if remedy == "historical_averaging":
        own = thetas(more).shape[-1]
        mean = more.players["mean_theta_g"].unflatten(-1, (K + 1, own))
        assert torch.equal(mean[:, :K].flatten(-2), frame.players["mean_theta_g"])
        assert torch.equal(mean[:, K], mean[:, 0])
    end = next(Training(more.settings, start=more))
    assert end.alive.all()
    assert (end.settings.game.recipe or {})["name"] == remedy.partition(":")[0]


@pytest.mark.parametrize("name", ["optimistic", "negative_momentum", "averaging"])
@pytest.mark.parametrize("like", [None, 0])
def test_dynamics_with_a_memory_go_on(name, like) -> None:
    """A fresh player and what the dynamics remember of it agree: nobody jumps, in either direction."""
    frame = trained(mad_gan(ring(), K, width=6, latent_dim=4), dynamics=name, optimizer="sgd")
    more = add_generator(frame, like)
    end = next(Training(more.settings, start=more))
    moved = (thetas(end) - thetas(more)).abs().amax(-1)
    assert end.alive.all()
    assert float(moved.min()) > 0
    assert float(moved[:, K].max()) < 10 * float(moved[:, :K].max())


def test_a_recording_goes_on_and_is_saved(tmp_path) -> None:
    three = record(mad_gan(ring(), K, width=6), steps=4, steps_per_frame=2, batch_size=16, progress=False)
    four = extend(Recording(None, [*three.frames[:-1], add_generator(three[-1], like=0)]), 8, progress=False)
    assert four.steps.tolist() == [0, 2, 4, 6, 8]
    assert [frame.settings.game.generator.members for frame in four] == [3, 3, 4, 4, 4]
    assert (
        scene(four, 2, layers=("trails",)).trails is None
    )  # the points of three are others than those of four
    trails = scene(four, 4, layers=("trails",)).trails
    assert trails is not None
    assert trails.shape[1] == 3
    again = Recording.load(four.save(tmp_path / "run"))
    assert torch.equal(again[-1].players["theta_g"], four[-1].players["theta_g"])
    assert again.samples(0, n=5).shape == again.samples(-1, n=5).shape == (1, 5, 2)


def test_copies_part() -> None:
    """They see other latent points, and D learns to tell them apart: slowly at first, then they draw differently."""
    frame = trained(mad_gan(ring(), 2, width=16), steps=60, batch_size=64)
    more = add_generator(frame, like=0)
    assert torch.equal(thetas(more)[:, 0], thetas(more)[:, 2])
    later = extend(Recording(None, [more]), frame.step + 60, progress=False)[-1]
    gap = (thetas(later)[:, 0] - thetas(later)[:, 2]).abs().amax(-1)
    assert bool((gap > 1e-2).all())


def test_where_none_can_come_or_go() -> None:
    for game in (gan(ring(), width=8), bilinear()):
        with pytest.raises(ValueError, match=r"games of several, such as mad_gan; got (gan|bilinear)"):
            add_generator(next(train(game)))
    three = next(train(mad_gan(ring(), K, width=6)))
    wrong: Any
    for wrong in (K, -1, 0.5):
        for act in (add_generator, remove_generator):
            with pytest.raises(ValueError, match=r"(like|which) must be a whole number from 0 to 2; got"):
                act(three, wrong)
    by_hand = dataclasses.replace(three.settings, game=dataclasses.replace(three.settings.game, recipe=None))
    with pytest.raises(ValueError, match=r"such as mad_gan; got one made by hand"):
        add_generator(dataclasses.replace(three, settings=by_hand))
    two = next(train(mad_gan_sim(ring(), 2, width=6)))
    with pytest.raises(ValueError, match=r"a similarity needs at least 2 generators; got 1"):
        remove_generator(two, 0)
