"""Each preset shows what it is there for, in every run of a small population with a fixed seed.

Measured on 16 runs when they were chosen: rotating 1-3 basins and another dominant mode at all of the last nine
checkpoints; frozen 1-8 basins (median 2.5) and at most 3 changes; covering 8 basins in 14 of 16.
"""

import pytest
import torch

from gan_edu.metrics.modes import basins, mode_shares
from gan_edu.presets import PRESETS
from gan_edu.recording import record

pytestmark = pytest.mark.slow


def run(name: str) -> tuple[torch.Tensor, torch.Tensor]:
    """Basins (8,) at the end, and how often the dominant mode changed over the last nine checkpoints (8,)."""
    preset = PRESETS[name]
    game, every = preset.make(), preset.steps // 20
    made = record(game, steps=preset.steps, runs=8, steps_per_frame=every, progress=False, **preset.settings)
    dominant = torch.stack(
        [mode_shares(made.samples(t, 2000), made.game.target).argmax(-1) for t in range(-10, 0)]
    )
    assert made[-1].alive.all()
    return basins(made.samples(-1, 2000), made.game.target), (dominant[1:] != dominant[:-1]).sum(0)


def test_a_slow_discriminator_is_chased_round_the_ring():
    found, changes = run("rotating")
    assert found.max() <= 4
    assert 1 <= found.float().median() <= 2
    assert changes.min() >= 6


def test_a_strong_discriminator_drops_modes_and_nothing_moves():
    found, changes = run("frozen")
    assert 1 <= found.float().median() <= 4
    assert (found < 8).sum() >= 7
    assert changes.float().mean() <= 4


def test_equal_rates_cover_the_ring_in_most_runs():
    found, _ = run("covering")
    assert (found >= 7).sum() >= 6


@pytest.mark.parametrize("name", ["matching", "matching_strong_d", "matching_untrained"])
def test_feature_matching_covers_with_the_settings_of_both_collapses(name):
    """8 of 8 reached all basins with each when they were chosen, with a D that never learns too."""
    found, _ = run(name)
    assert (found == 8).sum() >= 6
    assert found.min() >= 1


def test_the_first_layer_of_three_leaves_modes_out():
    """6.75 basins on average when it was chosen, 3 of 8 runs at all of them."""
    found, _ = run("matching_first_layer")
    assert 4 <= found.float().mean() < 7.8
    assert (found == 8).sum() <= 6


def test_three_stabilisers_cover_the_ring_of_a_slow_discriminator():
    found, _ = run("stabilised")
    assert (found == 8).sum() >= 7
