"""What the notebook about the stabilisers shows, and that its plain code equals the package."""

from __future__ import annotations

import math

import pytest
import torch

from gan_edu.data.ring import ring
from gan_edu.games.bilinear import bilinear
from gan_edu.games.game import Batch
from gan_edu.games.gan import gan
from gan_edu.networks.mlp import mlp
from gan_edu.remedies.historical_averaging import historical_averaging
from gan_edu.remedies.label_smoothing import label_smoothing
from gan_edu.training import train
from gan_edu.trajectory import trajectory

from .book import executed
from .plain import names_of

NAME = "07_stabilisers"
LOOK = """facts = {
    "mean_off": float((means - stored).abs().max()), "left": {str(k): v for k, v in left.items()},
    "slopes": slopes, "reached": reached,
    "paper": {f"{start} {strength}": value for (start, strength), value in paper.items()},
    "rows": {f"{baseline}/{name}": scores(run) for (baseline, name), run in runs.items()},
    "seeds": sorted({len(run[-1].alive) for run in runs.values()}),
    "alive": all(bool(run[-1].alive.all()) for run in runs.values()),
    "off": off, "gap": float(gap), "at_samples": at_samples, "said": said,
    "lines": [smooth.equilibrium.discriminator_loss, smooth.equilibrium.generator_loss],
    "spread": {name: values.tolist() for name, values in spread.items()}, "cost": cost,
    "narrow": {name: int((widths[:, 4:].amin(1) < 1).sum())
               for panel in apart.values() for name, widths in panel.items()},
    "pulls": pulls, "blind": blind, "leak": leak / float(among_good.std()),
}
"""


@pytest.mark.notebooks
def test_the_stabilisers_show(tmp_path):
    """Two speeds on xy, what smoothed labels do to D and to the push on G, one point or a cloud, and the table.

    In six populations of 8 seeds, mean basins of 8 with the slow D: plain 1.4 to 2, averaging 1.6 to 2.5, smoothing
    1.1 to 2, either norm 8, a larger start of G 3.4 to 6.5; with the strong D: plain 3 to 4, averaging 7.5 to 8
    (pulling D alone 8, G alone 2 to 2.8), smoothing 2.6 to 4.6, either norm 6.6 to 7.6, a larger start 3.8 to 4.6.
    """
    facts = executed(NAME, tmp_path, LOOK)
    # 1: the mean, the two speeds, the relatives, the paper's own game
    assert facts["mean_off"] < 1e-12
    assert 0.0037 < facts["left"]["0.1"] < 0.0038  # a factor of 0.986 a step
    assert 0.43 < facts["left"]["1.0"] < 0.44  # 0.998
    for name, power in facts["slopes"].items():
        strength = float(name.split()[-1])
        assert abs(power + 1 / (1 + 4 * strength**2)) < 2e-3, name
    early, late = zip(*facts["reached"].values(), strict=True)
    assert early[0] < 0.005
    assert 0.01 < early[1] < 0.03  # uniform mean of an orbit: 1/t
    assert late[1] < 0.006
    assert early[2] > 20  # of a spiral: it leaves as well
    assert late[2] > 1e10
    assert 0.02 < late[3] < 0.1  # the floors of the moving averages
    assert 0.4 < late[4] < 0.6
    for start in ("(2.0, 2.0)", "(0.5, 2.0)", "(1.5, 0.0)"):
        assert facts["paper"][f"{start} 0.0"] > 0.9
        assert facts["paper"][f"{start} 0.1"] < 0.05
    uniform, recent = facts["pulls"].values()
    assert abs(uniform - late[0]) < 1e-9  # the same method in complex numbers
    assert recent < 1e-6
    # 2: the learned D meets the formula; who feels what
    assert all(0 < gap < 0.01 for gaps in facts["off"].values() for gap in gaps)
    hard, one_sided, two_sided = facts["at_samples"].values()
    assert facts["gap"] < 1e-10
    assert abs(hard - 3 / 0.6**2) < 0.01  # distance of the bells over the variance
    assert abs(one_sided - hard) < 1e-9
    assert 0 < two_sided < 0.002
    assert len(facts["said"]) == 4
    assert all(abs(value - 0.45) < 0.01 for value in facts["said"])
    loss_d = -(0.9 * math.log(0.45) + 1.1 * math.log(0.55))
    assert facts["lines"] == pytest.approx([loss_d, -math.log(0.45)], abs=1e-6)
    # 3: a cloud that is several times wider than a mode, or one point
    for name in ("plain", "virtual batch norm"):
        assert {value for seeds in facts["spread"][name] for value in seeds} == {0}
    clouds = [sum(seeds) / 8 for seeds in zip(*facts["spread"]["batch norm"], strict=True)]
    assert clouds == sorted(clouds, reverse=True)
    assert 0.2 < clouds[3] < 0.4
    assert 0.4 < clouds[4] / clouds[2] < 0.6
    once, twice = facts["cost"].values()  # the least of eight rounds, so that other work hardly counts
    assert 1.2 < once < 6
    assert 1.2 < twice / once < 4  # the second pass
    assert facts["blind"] < 1e-5
    assert 0.2 < facts["leak"] < 0.8
    # the table
    assert facts["seeds"] == [8]
    assert facts["alive"]
    basins, complete, moved, sharp, logit = (
        {name: row[k] for name, row in facts["rows"].items()} for k in range(5)
    )
    for name in ("plain", "history, λ = 0.1", "one-sided 0.9, 0", "two-sided 0.9, 0.1"):
        assert 1 <= basins[f"slow D/{name}"] < 3.3
        assert moved[f"slow D/{name}"] > 0.8
        assert logit[f"slow D/{name}"] < 1
    for name in ("plain", "one-sided 0.9, 0", "two-sided 0.9, 0.1"):
        assert 2 <= basins[f"strong D/{name}"] < 5.5
        assert complete[f"strong D/{name}"] <= 4
    for name in ("history, λ = 0.1", "only D is pulled"):
        assert basins[f"strong D/{name}"] > 7
        assert complete[f"strong D/{name}"] >= 6
        assert sharp[f"strong D/{name}"] < 0.05
        assert logit[f"strong D/{name}"] < 2
    assert 1 <= basins["strong D/only G is pulled"] < 4.5
    for name in ("plain", "only G is pulled"):
        assert logit[f"strong D/{name}"] > 15
    for name in ("one-sided 0.9, 0", "two-sided 0.9, 0.1"):
        assert 1.5 < logit[f"strong D/{name}"] < 3.5  # about log 9
    for name in ("batch norm", "virtual batch norm"):
        assert complete[f"slow D/{name}"] >= 7
        assert moved[f"slow D/{name}"] < 0.2
        assert 0.04 < sharp[f"slow D/{name}"] < 0.3
        assert 6 < basins[f"strong D/{name}"] <= 8
        assert basins[f"strong D/{name}"] > basins["strong D/plain"] + 1.5
        assert facts["narrow"][name] <= 2
    assert facts["narrow"]["plain"] >= 7
    assert basins["slow D/plain"] + 0.7 < basins["slow D/larger start of G"] < 7.5
    assert 0.25 < moved["slow D/larger start of G"] < 0.95
    assert 3 < basins["strong D/larger start of G"] < 6


@pytest.mark.parametrize("strength", [0.0, 0.1, 1.0])
def test_plain_averaging_equals_the_package(strength):
    """The path on xy, and the mean that is remembered, for 200 steps."""
    plain = names_of("plain", notebook=NAME)
    for eta, start in ((0.2, (1.0, 0.3)), (0.1, (-0.7, 2.0))):
        path, means = plain["play"](plain["xy"], 200, strength=strength, eta=eta, start=start)
        game = historical_averaging(bilinear(), strength)
        settings = {"dynamics": "simultaneous", "learning_rate": eta, "start": start}
        ours = trajectory(game, steps=200, **settings)[:, 0]
        torch.testing.assert_close(path, ours, rtol=1e-10, atol=1e-10)
        frames = train(game, steps=200, steps_per_frame=1, device="cpu", optimizer="sgd", **settings)
        for frame, mean in zip(frames, means, strict=True):
            remembered = torch.cat([frame.players[f"mean_{name}"][0] for name in ("theta_g", "theta_d")])
            torch.testing.assert_close(mean, remembered, rtol=1e-10, atol=1e-10)
        assert (path[0] - path[-1]).norm() > 0.1


@pytest.mark.parametrize(("real", "fake"), [(1.0, 0.0), (0.9, 0.0), (0.75, 0.2), (0.6, 0.5)])
def test_plain_smoothing_equals_the_package(real, fake):
    """The loss and its slopes, on any logits and in a game."""
    plain = names_of("plain-smoothing", notebook=NAME)
    random = torch.Generator().manual_seed(2)
    game = label_smoothing(gan(ring(), width=16), real, fake)
    logits = (6 * torch.randn(2, 50, generator=random)).requires_grad_()
    ours = game.discriminator_cost(logits[:1], logits[1:])[0]
    theirs = plain["smoothed_loss"](logits[0], logits[1], real, fake)
    torch.testing.assert_close(theirs, ours, rtol=1e-5, atol=1e-6)
    slopes = [torch.autograd.grad(loss, logits)[0] for loss in (theirs, ours)]
    torch.testing.assert_close(*slopes, rtol=1e-5, atol=1e-7)
    players, batch = game.init(1, random), game.draw(1, 64, random)
    said = [
        game.discriminator(players["theta_d"], x)
        for x in (batch.x_real, game.generator(players["theta_g"], batch.z))
    ]
    loss = game.discriminator_loss(players, Batch(batch.x_real, batch.z))[0]
    torch.testing.assert_close(plain["smoothed_loss"](*said, real, fake), loss, rtol=1e-5, atol=1e-6)
    one_sided = plain["smoothed_loss"](*said, 0.9, 0.0)
    assert torch.equal(plain["smoothed_loss"](*said), one_sided)  # what the notebook takes by default


@pytest.mark.parametrize("kind", ["batch", "virtual"])
def test_plain_norms_equal_the_package(kind):
    """The whole generator, with gamma and beta that are not 1 and 0."""
    plain = names_of("plain-virtual", notebook=NAME)
    random = torch.Generator().manual_seed(4)
    sizes = (16, 32, 24, 2)
    net = mlp(sizes, normalise=kind)
    theta = net.init((1,), random)[0]
    kept = 64 * sizes[0] if kind == "virtual" else 0
    learned = len(theta) - kept
    theta[:learned] += 0.1 * torch.randn(learned, generator=random)
    pairs = [(sizes[k], sizes[k + 1]) for k in range(3)]
    lengths = [n for i, o in pairs for n in (i * o, o)] + [n for _, o in pairs[:-1] for n in (o, o)]
    parts = theta.split([*lengths, kept])
    layers = [(parts[2 * k].view(i, o), parts[2 * k + 1]) for k, (i, o) in enumerate(pairs)]
    hidden = [(*layers[k], parts[6 + 2 * k], parts[7 + 2 * k]) for k in range(2)]
    reference = parts[-1].view(64, sizes[0]) if kept else None
    z = torch.randn(40, sizes[0], generator=random)
    theirs = plain["generate"](z, hidden, layers[-1], reference)
    torch.testing.assert_close(theirs, net(theta, z), rtol=1e-4, atol=1e-5)
    assert theirs.std() > 0.05
    alone = plain["generate"](z[:7], hidden, layers[-1], reference)
    same = (alone - theirs[:7]).abs().max() < 1e-5
    assert same == (kind == "virtual")  # who else is in the batch counts with batch norm only
