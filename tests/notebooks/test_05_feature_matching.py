"""What the notebook about feature matching shows, and that its plain code is what the package does."""

from __future__ import annotations

import pytest
import torch

from gan_edu.data.ring import ring
from gan_edu.games.gan import gan
from gan_edu.presets import PRESETS
from gan_edu.remedies.feature_matching import feature_matching
from gan_edu.training import train

from .book import executed
from .plain import fill, flat, names_of

NAME = "05_feature_matching"
STEPS = 40
LOOK = """def ways(values):
    return {name: [float(value) for value in part] for name, part in values.items()}

facts = {
    "plain_moved": float((torch.stack(plain_shares)[21:] - torch.stack(plain_shares)[20:-1]).abs().sum(-1).mean() / 2),
    "late": late, "moves": {name: part[10:].mean(0).tolist() for name, part in moves.items()},
    "reached": ways(reached), "strong": ways(strong_reached), "strong_sharp": strong_sharp,
    "sharp": {name: float(high_quality_share(run.samples(), ring_target()).mean()) for name, run in slow.items()},
    "gaps": ways(gaps), "noise": noise.tolist(),
    "noise_ratio": (measured / theory).mean(0).tolist(),
    "cost": list(cost.values()), "batch_noise": batch_noise,
    "sharpness": [float(values.mean()) for values in sharpness.values()],
    "layers": ways(layer_reached),
    "untrained": untrained_reached.tolist(),
    "layer_gaps": layer_gaps,
    "handed": handed_reached.tolist(), "handed_sharp": handed_sharp.tolist(),
    "sharp_later": {name: float(values.mean()) for name, values in sharp_later.items()},
    "forged": forged_gap.tolist(), "honest": honest.tolist(), "nearest": float(nearest.min()),
    "forged_sharp": float(high_quality_share(forged, ring_target()).max()),
    "growth": (exposed[:, -1] / exposed[:, 0]).tolist(),
    "raised": raised,
    "widths": {name: float(path[:, -1].mean()) for name, path in widths.items()}, "predicted": list(predicted.values()),
}
"""


@pytest.mark.notebooks
def test_feature_matching_shows(tmp_path):
    print(executed(NAME, tmp_path, LOOK))


def test_plain_feature_matching_equals_the_engine():
    """Same weights, same random numbers: the players agree after every one of 40 steps."""
    plain = names_of("plain-data", "plain", notebook=NAME)
    engine = train(
        feature_matching(gan(ring())), seed=5, steps_per_frame=1, steps=STEPS, device="cpu",
        **PRESETS["matching"].settings,
    )  # fmt: skip
    start = next(engine)
    random = torch.Generator()
    D = plain["network"](2, 64, 64, 1, random=random)
    G = plain["network"](16, 64, 64, 2, random=random)
    fill(D, start.players["theta_d"][0])
    fill(G, start.players["theta_g"][0])
    random.set_state(start.random)
    for step, frame in zip(plain["train"](D, G, STEPS, random), engine, strict=True):
        assert step == frame.step
        torch.testing.assert_close(flat(D), frame.players["theta_d"][0], rtol=0, atol=5e-6)
        torch.testing.assert_close(flat(G), frame.players["theta_g"][0], rtol=0, atol=5e-6)
        assert torch.equal(random.get_state(), frame.random)
    assert (flat(G) - start.players["theta_g"][0]).abs().max() > 1e-2


def test_plain_ring_equals_the_target():
    """The ring that the learner reads draws the same points as the package's."""
    plain = names_of("plain-data", notebook=NAME)
    ours = ring().sample(5000, torch.Generator().manual_seed(3))
    torch.testing.assert_close(plain["ring"](5000, torch.Generator().manual_seed(3)), ours, rtol=0, atol=1e-6)
