"""What the notebook about several generators shows."""

from __future__ import annotations

from math import log

import pytest
import torch

from gan_edu.data.ring import ring
from gan_edu.games.mad_gan import mad_gan
from gan_edu.training import train

from .book import executed
from .plain import fill, flat, names_of

NAME = "09_mad_gan"
K, STEPS = 8, 20
LOOK = """facts = {
    "plain": [plain_shares.max(-1).values.tolist(), plain_shares.mean(0).tolist()],
    "reached": {name: values.tolist() for name, values in reached.items()},
    "table": table,
    "mixture": [mixture_kl[:, -1].tolist(), alone_kl[:, -1].tolist()],
    "losses": {who: [values[:, 0].tolist(), values[:, -1].tolist()] for who, values in losses.items()},
    "few": few,
    "line": line_table,
    "values": values,
    "bins": bins,
}
"""


def test_plain_code_equals_the_engine():
    """Same weights, same random numbers: D and all eight generators agree after every one of 20 steps."""
    plain = names_of("plain-data", "plain", notebook=NAME)
    plain["cross_entropy"] = torch.nn.functional.cross_entropy
    engine = train(
        mad_gan(ring(), K, width=32), seed=5, steps_per_frame=1, steps=STEPS, device="cpu", batch_size=128
    )
    start = next(engine)
    random = torch.Generator()
    network = plain["network"]
    D = network(2, 32, 32, K + 1, random=random)
    generators = [network(16, 32, 32, 2, random=random) for _ in range(K)]
    apart = start.settings.game.generator.apart
    assert apart is not None
    fill(D, start.players["theta_d"][0])
    for G, theta in zip(generators, apart(start.players["theta_g"][0]), strict=True):
        fill(G, theta)
    random.set_state(start.random)

    for step, frame in zip(plain["train"](D, generators, STEPS, random), engine, strict=True):
        assert step == frame.step
        torch.testing.assert_close(flat(D), frame.players["theta_d"][0], rtol=0, atol=5e-5)
        for G, theta in zip(generators, apart(frame.players["theta_g"][0]), strict=True):
            torch.testing.assert_close(flat(G), theta, rtol=0, atol=5e-5)
        assert torch.equal(random.get_state(), frame.random)
    assert (flat(D) - start.players["theta_d"][0]).abs().max() > 1e-2


@pytest.mark.notebooks
def test_mad_gan_shows(tmp_path):
    """Eight tries reach what one does not; the classes add little and cost twice; the mixture is even, none else."""
    holds(executed(NAME, tmp_path, LOOK))


def holds(facts):
    """What was seen to hold with the seeds 0 to 3 of every population."""
    # the plain code: each generator narrow after 200 steps, the mixture wide
    favourites, mixture = facts["plain"]
    assert len(favourites) == len(mixture) == 8
    assert sum(favourites) / 8 > 0.6
    assert sum(share > 0.02 for share in mixture) >= 6
    # 16 seeds each
    assert all(len(values) == 16 for values in facts["reached"].values())
    apart, isolated, one, wide = facts["table"].values()
    for (full, reached, *_), seeds in zip(facts["table"].values(), facts["reached"].values(), strict=True):
        assert full == sum(found == 8 for found in seeds)
        assert reached == pytest.approx(sum(seeds) / 16)
    assert apart[0] >= 13
    assert 8 <= isolated[0] <= 15
    assert one[0] <= 8
    assert wide[0] <= 11
    assert min(apart[1], isolated[1]) > 7.4
    assert 4.5 < one[1] < 6.3
    assert one[1] < wide[1] + 0.3 < 7.4
    assert apart[2] < 0.3 < 0.5 < isolated[2]  # isolated ones are sharp first
    assert max(apart[3], isolated[3]) < 0.12 < one[3]
    assert 6.4 < apart[4] < 8
    assert 7.2 < isolated[4] < 8
    assert 0.65 < apart[5] < 0.9 < 0.96 < isolated[5]
    assert apart[6] > 1.3 * isolated[6]  # seconds
    # the mixture is the data, and no generator is
    mixture, alone = facts["mixture"]
    assert sum(mixture) / 16 < 0.12
    assert max(mixture) < 0.5
    assert min(alone) > 1
    # losses: between the lines; the lowest runs at the lower one, and G at its own
    losses = facts["losses"]
    low, high, of_g = 9 * log(9) - 8 * log(8), 9 * log(9), log(9)
    assert all(low < loss < high for loss in losses["d"][0])
    assert all(low - 0.5 < loss < high - 6 for loss in losses["d"][1])
    assert min(losses["d"][1]) < low + 1.2
    assert sum(losses["d"][1]) / 16 > low + 1
    assert abs(sum(losses["g"][1]) / 16 - of_g) < 0.3
    # four generators share the work, and one step of D is too few
    four, slow = facts["few"]["four"], facts["few"]["one step of D"]
    assert four[0] > 7.2
    assert four[1] < 0.72
    assert 1.7 < four[2] < 2.6
    assert 1.5 < slow[0] < 5
    assert slow[1] > 0.85
    assert facts["few"]["told apart"][3] < 0.25
    assert 0.7 < slow[3] < 1  # they chase each other for ever
    # on the line: five tries do it, with or without classes
    apart, one, isolated = facts["line"].values()
    assert min(apart[0], isolated[0]) > 4.7
    assert one[0] < 5
    assert one[1] < min(apart[1], isolated[1]) - 0.1
    assert isolated[1] > apart[1] - 0.03
    assert one[2] > 2 * max(apart[2], isolated[2])
    # every point of the curve is an equilibrium
    assert facts["values"][0] == pytest.approx(low, abs=1e-4)
    assert facts["values"][-1] == pytest.approx(high, abs=1e-4)
    assert all(a < b for a, b in zip(facts["values"], facts["values"][1:], strict=False))
    # bins that are left out hide what is drawn between the modes
    assert facts["bins"]["one generator"][1] > 0.3 > facts["bins"]["told apart"][1] > 0.1
