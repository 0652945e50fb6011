"""The code that a notebook shows and the package that it uses give the same numbers, step for step."""

from __future__ import annotations

import pytest
import torch

from gan_edu.data.line import line
from gan_edu.data.ring import ring
from gan_edu.games.bilinear import bilinear
from gan_edu.games.gan import gan
from gan_edu.presets import PRESETS
from gan_edu.training import train
from gan_edu.trajectory import trajectory

from .plain import fill, flat, names_of

STEPS = 40


def test_plain_gan_equals_the_engine():
    """Same weights, same random numbers: the players agree after every one of 40 steps."""
    plain = names_of("plain-data", "plain", notebook="03_mode_collapse")
    engine = train(
        gan(ring()), seed=5, steps_per_frame=1, steps=STEPS, device="cpu", **PRESETS["rotating"].settings
    )
    start = next(engine)
    random = torch.Generator()
    D = plain["network"](2, 64, 64, 1, random=random)
    G = plain["network"](16, 64, 64, 2, random=random)
    fill(D, start.players["theta_d"][0])
    fill(G, start.players["theta_g"][0])
    assert torch.equal(flat(D), start.players["theta_d"][0])
    random.set_state(start.random)

    steps = plain["train"](D, G, STEPS, random)
    for step, frame in zip(steps, engine, strict=True):
        assert step == frame.step
        torch.testing.assert_close(flat(D), frame.players["theta_d"][0], rtol=0, atol=2e-6)
        torch.testing.assert_close(flat(G), frame.players["theta_g"][0], rtol=0, atol=2e-6)
        assert torch.equal(random.get_state(), frame.random)
    moved = (flat(G) - start.players["theta_g"][0]).abs().max()
    assert moved > 1e-2  # so that two things that stand still don't agree by accident


def test_plain_step_equals_the_engine():
    """The one step that the first notebook shows, 40 times."""
    settings = PRESETS["covering"].settings
    plain = names_of("plain-data", "plain", notebook="03_mode_collapse") | names_of(
        "plain", notebook="00_start"
    )
    engine = train(gan(ring()), seed=1, steps_per_frame=1, steps=STEPS, device="cpu", **settings)
    start = next(engine)
    random = torch.Generator()
    D = plain["network"](2, 64, 64, 1, random=random)
    G = plain["network"](16, 64, 64, 2, random=random)
    fill(D, start.players["theta_d"][0])
    fill(G, start.players["theta_g"][0])
    random.set_state(start.random)
    adam_d, adam_g = (torch.optim.Adam(net.parameters(), lr=1e-3, betas=(0.5, 0.999)) for net in (D, G))
    for frame in engine:
        x_real = plain["ring"](128, random)
        z_d, z_g = (torch.randn(128, 16, generator=random) for _ in range(2))
        losses = plain["training_step"](D, G, adam_d, adam_g, x_real, z_d, z_g)
        expected = [float(frame.state.losses[name][0]) for name in ("theta_d", "theta_g")]
        torch.testing.assert_close(losses, tuple(expected), rtol=0, atol=1e-5)
        torch.testing.assert_close(flat(G), frame.players["theta_g"][0], rtol=0, atol=2e-6)
        torch.testing.assert_close(flat(D), frame.players["theta_d"][0], rtol=0, atol=2e-6)


@pytest.mark.parametrize(("loss", "k"), [("non_saturating", 1), ("non_saturating", 5), ("minimax", 2)])
def test_plain_algorithm_1_equals_the_engine(loss, k):
    """Notebook 01: k steps of the discriminator, then one of the generator, with either of its losses."""
    plain = names_of("plain-data", "plain-network", "plain", notebook="01_the_gan_game")
    data = line(means=[-1.5, 1.5], stds=[0.5, 0.5])
    engine = train(
        gan(data, loss, width=32, latent_dim=4, activation="tanh"),
        seed=3,
        steps_per_frame=1,
        steps=STEPS,
        device="cpu",
        batch_size=64,
        dynamics=f"alternating:discriminator_steps={k}",
        optimizer="adam:beta1=0.5",
        generator_learning_rate=1e-3,
        discriminator_learning_rate=3e-3,
    )
    start = next(engine)
    random = torch.Generator()
    D = plain["network"](1, 32, 32, 1, random=random)
    G = plain["network"](4, 32, 32, 1, random=random)
    fill(D, start.players["theta_d"][0])
    fill(G, start.players["theta_g"][0])
    random.set_state(start.random)
    steps = plain["train"](D, G, STEPS, random, k=k, minimax=loss == "minimax")
    for step, frame in zip(steps, engine, strict=True):
        assert step == frame.step
        torch.testing.assert_close(flat(D), frame.players["theta_d"][0], rtol=0, atol=1e-5)
        torch.testing.assert_close(flat(G), frame.players["theta_g"][0], rtol=0, atol=1e-5)
        assert torch.equal(random.get_state(), frame.random)
    assert (flat(G) - start.players["theta_g"][0]).abs().max() > 1e-2


def test_plain_bells_equal_the_target():
    """Notebook 01: the same points from the same random numbers."""
    plain = names_of("plain-data", notebook="01_the_gan_game")
    ours = line(means=[-1.5, 1.5], stds=[0.5, 0.5]).sample(5000, torch.Generator().manual_seed(3))
    theirs = plain["two_bells"](5000, torch.Generator().manual_seed(3))
    torch.testing.assert_close(theirs, ours, rtol=0, atol=1e-6)


@pytest.mark.parametrize("name", ["simultaneous", "alternating", "extragradient"])
def test_plain_dynamics_equal_the_zoo(name):
    """Notebook 02: every step of its three dynamics on xy."""
    plain = names_of("plain", notebook="02_the_orbit")
    for eta, start in ((0.2, (1.0, 0.3)), (0.5, (-0.7, 2.0))):
        ours = trajectory(bilinear(), steps=STEPS, start=start, dynamics=name, learning_rate=eta)[:, 0]
        theirs = plain["play"](plain[name], STEPS, eta=eta, start=start)
        torch.testing.assert_close(theirs, ours, rtol=1e-12, atol=1e-12)
        assert theirs.shape == (STEPS + 1, 2)
        assert (theirs[0] - theirs[1]).abs().max() > 0.05


def test_plain_ring_equals_the_target():
    """The ring that the learner reads draws the same points as the package's."""
    plain = names_of("plain-data", notebook="03_mode_collapse")
    ours = ring().sample(5000, torch.Generator().manual_seed(3))
    torch.testing.assert_close(plain["ring"](5000, torch.Generator().manual_seed(3)), ours, rtol=0, atol=1e-6)


def test_plain_network_starts_as_the_engines():
    """U(-1/sqrt(in), 1/sqrt(in)) for weights and biases, from the generator that is passed in."""
    plain = names_of("plain-data", "plain", notebook="03_mode_collapse")
    net = plain["network"](16, 400, 2, random=torch.Generator().manual_seed(0))
    again = plain["network"](16, 400, 2, random=torch.Generator().manual_seed(0))
    assert torch.equal(flat(net), flat(again))
    for layer, bound in ((net[0], 16**-0.5), (net[2], 400**-0.5)):
        assert bound * 0.97 < layer.weight.abs().max() <= bound
        assert abs(layer.weight.std() - bound / 3**0.5) < 0.05 * bound
        assert layer.bias.abs().max() <= bound
