"""What the notebook about minibatch discrimination shows."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from gan_edu.data.ring import ring
from gan_edu.games.gan import gan
from gan_edu.networks.minibatch import closeness
from gan_edu.remedies.minibatch_discrimination import minibatch_discrimination
from gan_edu.training import train

from .book import executed
from .plain import fill, flat, names_of

NAME = "06_minibatch_discrimination"
STEPS = 40
LOOK = """facts = {
    "accuracy": {name: right[:, -5:].mean(1).tolist() for name, right in accuracy.items()},
    "plain": [int(basins_of.sum()) for basins_of in ((path_alone[-1] >= 0.2 / 8), (path_together[-1] >= 0.2 / 8))],
    "reached": {name: values.tolist() for name, values in reached.items()},
    "table": table,
    "rest": {name: float(batch.to_the_rest.mean()) for name, batch in batches.items()},
    "kernels": {name: batch.to_the_rest.mean(1).tolist() for name, batch in batches.items()},
    "blocks": [
        float(now.real.maps[:, same].mean() - now.real.maps[:, ~same].mean())
        for same in [now.real.modes[:, None] == now.real.modes]
    ],
    "fakes": of_fakes,
    "verdicts": {name: list(map(float, values)) for name, values in verdicts.items()},
    "frozen": {name: values[-1].tolist() for name, values in frozen.items()},
    "by_size": {f"{name} {n}": value for (name, n), value in by_size.items()},
    "scales": {str(scale): values for scale, values in scales.items()},
}
"""


def test_plain_layer_equals_the_package():
    """The ten lines that the learner reads, in float64: closeness, and its gradient by f and by T."""
    plain = names_of("plain-data", "plain", notebook=NAME)
    random = torch.Generator().manual_seed(0)
    layer = plain["Closeness"](5, 3, 4, random).double()
    f = torch.randn(7, 5, generator=random, dtype=torch.float64, requires_grad=True)
    T = layer.T.detach().clone().requires_grad_()
    ours = torch.cat([f, ((closeness(f, f, T).sum(-1) - 1) / 6).mT], -1)
    theirs = layer(f)
    torch.testing.assert_close(theirs, ours, rtol=1e-10, atol=1e-12)
    weight = torch.randn(7, 8, generator=random, dtype=torch.float64)
    of_theirs = torch.autograd.grad((theirs * weight).sum(), [f, layer.T])
    of_ours = torch.autograd.grad((ours * weight).sum(), [f, T])
    torch.testing.assert_close(of_theirs, of_ours, rtol=1e-8, atol=1e-10)


@pytest.mark.slow
def test_plain_training_equals_the_engine():
    """Same weights, same random numbers: both players agree after every one of 40 steps."""
    plain = names_of("plain-data", "plain", notebook=NAME)
    engine = train(
        minibatch_discrimination(gan(ring(), width=32), kernels=8, kernel_dim=2),
        seed=5,
        steps_per_frame=1,
        steps=STEPS,
        device="cpu",
        batch_size=64,
        optimizer="adam:beta1=0.5",
        generator_learning_rate=1e-3,
        discriminator_learning_rate=3e-4,
    )
    start = next(engine)
    random = torch.Generator()
    network = plain["network"]
    layer = plain["Closeness"](32, 8, 2, random)
    body, head = network(2, 32, 32, random=random), network(40, 1, random=random)
    D = nn.Sequential(body, nn.ReLU(), layer, head)
    G = network(16, 32, 32, 2, random=random)

    def flat_d():
        return torch.cat([flat(body), layer.T.detach().flatten(), flat(head)])

    theta = start.players["theta_d"][0]
    of_body, of_T, of_head = theta.split([len(flat(body)), layer.T.numel(), len(flat(head))])
    fill(body, of_body)
    fill(head, of_head)
    with torch.no_grad():
        layer.T.copy_(of_T.view_as(layer.T))
    fill(G, start.players["theta_g"][0])
    assert torch.equal(flat_d(), theta)
    random.set_state(start.random)

    steps = plain["train"](D, G, STEPS, random)
    for step, frame in zip(steps, engine, strict=True):
        assert step == frame.step
        torch.testing.assert_close(flat_d(), frame.players["theta_d"][0], rtol=0, atol=5e-5)
        torch.testing.assert_close(flat(G), frame.players["theta_g"][0], rtol=0, atol=5e-5)
        assert torch.equal(random.get_state(), frame.random)
    assert (flat(G) - start.players["theta_g"][0]).abs().max() > 1e-2
    assert (layer.T.flatten() - of_T).abs().max() > 1e-3


@pytest.mark.notebooks
def test_minibatch_discrimination_shows(tmp_path):
    """One point tells nothing and the batch tells all; eight blocks; a slow D is cured, a strong one half."""
    holds(executed(NAME, tmp_path, LOOK))


def holds(facts):
    """What was seen to hold with the seeds 0 to 3 of every population."""
    # what D can see: one point nothing, two points 15/16 at best, the batch all
    one, two, batch = (
        facts["accuracy"][f"{seen}"] for seen in ("one point", "two points", "the whole batch")
    )
    assert len(one) == len(two) == len(batch) == 8
    assert all(0.4 < right < 0.6 for right in one)
    assert 0.46 < sum(one) / 8 < 0.54
    assert all(0.87 < right < 0.95 for right in two)
    assert 0.9 < sum(two) / 8 < 0.945
    assert sum(right > 0.99 for right in batch) >= 7
    # the plain code: one run with the layer covers, one without does not
    without, together = facts["plain"]
    assert without <= 4
    assert together >= 6
    # the slow D of eight seeds
    plain, compared, packs = facts["reached"].values()
    assert len(plain) == len(compared) == len(packs) == 8
    assert 1 <= sum(plain) / 8 < 3
    for cured in (compared, packs):
        assert sum(cured) / 8 > 7
        assert sum(found == 8 for found in cured) >= 6
    for name, (reached, _, sharp, unevenness, cost) in facts["table"].items():
        assert reached == pytest.approx(sum(facts["reached"][name]) / 8)
        assert 0 <= sharp < 0.25
        assert (unevenness > 1) == (name == "one by one")
        assert cost == 1 or cost > 0.3
    costs = [row[-1] for row in facts["table"].values()]
    assert costs[1] > 1.3 * max(costs[0], costs[2])
    # what the layer sees: blocks in a real batch, one block of a single mode; kernels ask different questions
    assert 0.1 < facts["blocks"][0] < 0.8
    assert facts["rest"]["one mode"] > facts["rest"]["real"] + 0.15
    kernels = list(
        zip(*(facts["kernels"][name] for name in ("real", "at step 100", "one mode")), strict=True)
    )
    assert len(kernels) == 8
    assert max(together - real for real, _, together in kernels) > 0.25
    assert max(real - blurred for real, blurred, _ in kernels) > 0.1
    # D of perfect points of one mode: fakes as a batch, real among real ones
    real, alone, in_company = facts["verdicts"]["of the GANs"]
    assert 0.03 < real - alone < 0.3
    assert abs(in_company - real) < 0.02
    assert abs(alone - facts["fakes"]) < 0.06
    real, alone, in_company = facts["verdicts"]["of the two kinds of batches"]
    assert real > 0.6 > 0.4 > alone
    assert abs(in_company - real) < 0.02
    # the strong D
    plain, compared, packs, larger = (sum(seeds) / 8 for seeds in facts["frozen"].values())
    assert 1 < plain < 5
    assert plain + 1 < compared < 7.9
    assert packs > 7.4
    assert larger > 6.9
    assert larger > compared
    # sums grow with the batch, means don't
    by_size = facts["by_size"]
    assert abs(by_size["sum 64"] - by_size["mean 64"]) < 1e-4
    assert abs(by_size["mean 16"] - by_size["mean 64"]) < 0.1
    assert abs(by_size["sum 16"] - by_size["mean 16"]) > 0.1
    # the start of T: in the middle a batch of one mode stands out, at both ends nothing does
    gaps = {scale: one_mode - real for scale, (real, one_mode) in facts["scales"].items()}
    assert 0 <= gaps["0.001"] < 0.01
    assert 0 <= gaps["1000"] < 0.1
    assert gaps["1"] > 0.15
    assert gaps["10"] > 0.3
