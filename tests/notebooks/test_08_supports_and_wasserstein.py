"""What the notebook about supports and the Wasserstein distance shows, and that its plain code is the package's."""

from __future__ import annotations

import math

import pytest
import torch

from gan_edu.data.ring import ring
from gan_edu.games.wasserstein import wasserstein
from gan_edu.remedies.gradient_penalty import gradient_penalty
from gan_edu.remedies.weight_clipping import weight_clipping
from gan_edu.training import train

from .book import executed
from .plain import fill, flat, names_of

NAME = "08_supports_and_wasserstein"
LOOK = """facts = {
    "updates": [int(n) for n in updates],
    "felt": {name: {key: v.tolist() for key, v in lines.items()} for name, lines in felt.items()},
    "learned": {name: [float(v) for v in path] for name, path in learned.items()},
    "distance": distance, "gaps": gaps, "at_bound": at_bound,
    "steepest": {name: values.tolist() for name, values in steepest.items()},
    "bent": {name: values.tolist() for name, values in bent.items()},
    "at_edges": {name: values.mean(0).tolist() for name, values in shares.items()},
    "covered": {name: values.tolist() for name, values in covered.items()}, "sharp": sharp,
    "early": early.tolist(), "later": later.tolist(),
    "correlation": {name: values.tolist() for name, values in correlation.items()},
    "misled": {name: values.tolist() for name, values in misled.items()},
    "ways": {name: {k: v.mean(0).tolist() for k, v in lines.items()} for name, lines in ways.items()},
    "floor": floor,
}
"""


STEPPED = (0, 1, 5, 20)  # frames: 0, 100, 500 and 2,000 updates of D


def mean(values):
    return sum(values) / len(values)


@pytest.mark.notebooks
def test_supports_and_wasserstein_shows(tmp_path):
    """What theory says exactly; what was measured with bounds that populations of 8 don't cross.

    Seen in three populations of 8, and for the ring in four of 16 as well: without an answer 2.6 to 3.4 basins, with
    noise 7.1 to 8.0, with R1 and 5 critic steps 8.0, with 2 critic steps 3.0 to 3.9. The clipped critic's slopes were
    21° to 38° off the straight way in each of 24 seeds, the penalised one's 1° to 4°. The minimax gradient fell by a
    factor of 230 to 270 from update 100 to 2,000. Correlations: penalty 0.80 to 0.85, clipping 0.35 to 0.61, GAN
    -0.11 to 0.38.
    """
    facts = executed(NAME, tmp_path, LOOK)
    # D saturates, and with noise it does not
    felt = {
        name: {key: [[seed[k] for seed in seeds] for k in STEPPED] for key, seeds in lines.items()}
        for name, lines in facts["felt"].items()
    }
    assert [facts["updates"][k] for k in STEPPED] == [0, 100, 500, 2000]
    _, early, later, last = felt["no noise"]["log(1 − D)"]
    assert 0.03 < mean(early) < 0.3
    assert 3 < mean(early) / mean(later) < 80
    assert 100 < mean(early) / mean(last) < 2000  # what is predicted
    assert max(last) < 5e-3
    for name in ("no noise", "noise 0.5"):
        _, early, _, last = felt[name]["−log D"]
        assert mean(last) > 2 * mean(early)
        assert 0.3 < mean(last) < 5
    _, early, later, last = felt["noise 0.5"]["log(1 − D)"]
    for lengths in (later, last):
        assert 0.08 < mean(lengths) < 0.4
        assert min(lengths) > 0.03
    # learned critics walk to the data, the minimax generator does not
    assert set(facts["learned"]["minimax, best D"]) == {1.0}
    assert math.isclose(facts["learned"]["best critic"][10], 0.5)
    assert 0.2 < facts["learned"]["penalty, λ = 1"][10] < 0.45  # faster than the best critic
    assert all(abs(theta) < 0.35 for theta in facts["learned"]["penalty, λ = 1"][20:])
    assert 0 < facts["learned"]["clipping, 0.1"][40] < 0.8
    # how steep critics are
    distance = facts["distance"]
    assert 1.8 < distance < 2.05
    for strength in (0.1, 1, 10):
        name, slope = f"penalty, λ = {strength:g}", 1 + distance / (2 * strength)
        assert slope * 0.95 < min(facts["steepest"][name]) <= max(facts["steepest"][name]) < slope * 1.3
        assert 0.9 < facts["gaps"][name] / (slope * distance) < 1.1
        assert facts["at_bound"][name] < 0.01
    assert max(facts["steepest"]["clipping, 0.01"]) < 0.0015  # what the box allows
    assert 0.1 < min(facts["steepest"]["clipping, 0.1"]) <= max(facts["steepest"]["clipping, 0.1"]) < 0.7
    assert 5 < min(facts["steepest"]["clipping, 0.3"]) <= max(facts["steepest"]["clipping, 0.3"]) < 16
    for limit, least in ((0.01, 0.8), (0.1, 0.5), (0.3, 0.45)):
        assert least < facts["at_bound"][f"clipping, {limit}"] < 1
    # simple functions
    assert min(facts["bent"]["clipping, 0.1"]) > 14
    assert max(facts["bent"]["penalty, λ = 1"]) < 5
    assert max(facts["bent"]["penalty, λ = 10"]) < 9
    edges = facts["at_edges"]["clipping, 0.1"]
    assert math.isclose(sum(edges), 1, abs_tol=1e-6)
    assert edges[20] + edges[40] > 0.5  # the bins around -0.1 and 0.1
    assert edges[20] + edges[40] > 8 * sum(facts["at_edges"]["penalty, λ = 1"][k] for k in (20, 40))
    # the frozen baseline
    covered = {name: mean(seeds) for name, seeds in facts["covered"].items()}
    assert {len(seeds) for seeds in facts["covered"].values()} == {8}
    assert 1.5 < covered["none"] < 4.5
    assert facts["covered"]["none"].count(8) <= 2
    assert 6.5 < covered["noise 1 → 0"] <= 8
    assert mean(facts["early"]) > 7.8
    for name in ("R1", "WGAN-GP, 5"):
        assert facts["covered"][name].count(8) >= 7
    assert 2 < covered["WGAN-GP, 2"] < 5.5
    assert 6 < mean(facts["later"]) <= 8
    assert 6.5 < covered["λ = 1, 2"] <= 8
    assert 0.1 < facts["sharp"]["none"] < 0.6
    assert all(0 < share < 0.15 for name, share in facts["sharp"].items() if name != "none")
    # a loss that means something
    gan, penalised, clipped = (mean(values) for values in facts["correlation"].values())
    assert 0.65 < penalised < 1
    assert 0.1 < clipped < 0.9
    assert -0.5 < gan < penalised - 0.2
    lagging, paper = facts["misled"].values()
    assert -0.6 < mean(lagging) < 0.3
    assert -1 <= mean(paper) < -0.3
    for name in ("WGAN-GP, λ = 1", "clipping, 0.1"):
        for line in facts["ways"][name].values():
            assert line[-1] < 0.75 * line[0]
    assert 0.2 < facts["floor"] < 0.45
    assert facts["ways"]["WGAN-GP, λ = 1"]["exact W₁"][-1] > facts["floor"]


STEPS = 20


@pytest.mark.parametrize(
    ("remedy", "held"),
    [
        (lambda game: weight_clipping(game, limit=0.2), {"limit": 0.2}),
        (lambda game: gradient_penalty(game, strength=0.5), {"strength": 0.5}),
        (lambda game: game, {}),
    ],
    ids=["clipping", "penalty", "nothing"],
)
def test_plain_wgan_equals_the_engine(remedy, held):
    """Same weights and random numbers, 3 critic steps a step: the players agree after every one of 20 steps."""
    plain = names_of("plain", notebook=NAME)
    game = remedy(wasserstein(ring(), width=24, latent_dim=4))
    settings = {
        "dynamics": "alternating:discriminator_steps=3", "optimizer": "sgd", "learning_rate": 0.02, "batch_size": 32,
    }  # fmt: skip
    engine = train(game, seed=4, steps_per_frame=1, steps=STEPS, device="cpu", **settings)
    start = next(engine)
    f, G = (
        torch.nn.Sequential(
            torch.nn.Linear(first, 24), torch.nn.ReLU(), torch.nn.Linear(24, 24), torch.nn.ReLU(),
            torch.nn.Linear(24, last),
        )
        for first, last in ((2, 1), (4, 2))
    )  # fmt: skip
    fill(f, start.players["theta_d"][0])
    fill(G, start.players["theta_g"][0])
    random = torch.Generator()
    random.set_state(start.random)
    sgd_f, sgd_g = (torch.optim.SGD(net.parameters(), lr=0.02) for net in (f, G))
    for frame in engine:
        for _ in range(3):
            batch = game.draw(1, 32, random)
            u = torch.special.ndtr(batch.noise[0]) if held.get("strength") else None
            plain["critic_step"](f, G, sgd_f, batch.x_real[0], batch.z[0], u=u, **held)
        plain["generator_step"](f, G, sgd_g, game.draw_without_data(1, 32, random).z[0])
        torch.testing.assert_close(flat(f), frame.players["theta_d"][0], rtol=0, atol=5e-6)
        torch.testing.assert_close(flat(G), frame.players["theta_g"][0], rtol=0, atol=5e-6)
    assert (flat(G) - start.players["theta_g"][0]).abs().max() > 1e-3
    assert math.isclose(float(flat(f).abs().max()), 0.2, rel_tol=1e-6) == ("limit" in held)
