"""Every verdict, from shares made for it."""

import math
from typing import get_args

import numpy as np
import pytest
import torch

from gan_edu.data.ring import ring
from gan_edu.metrics.modes import high_quality_share, mode_shares
from gan_edu.metrics.verdict import TEXTS, Kind, verdict

T, M = 15, 8


def on(*modes: int, total: int = M) -> np.ndarray:
    """One frame: equal shares on these modes."""
    shares = np.zeros(total)
    shares[list(modes)] = 1 / len(modes)
    return shares


def noisy(frame: np.ndarray, frames: int = T, n: int = 500) -> np.ndarray:
    return np.random.default_rng(0).multinomial(n, frame, size=frames) / n


def test_starting() -> None:
    assert verdict(noisy(on(0), 4), 0.0).kind == "starting"
    assert verdict(np.zeros((0, M)), 0.0).kind == "starting"
    assert verdict(noisy(on(0), 5), 0.0).kind == "collapsed"


def test_diverged() -> None:
    shares = np.full((T, M), math.nan)
    assert verdict(shares, math.nan, alive=False, died_at=840).sentence == "diverged at step 840"
    assert verdict(shares[:1], math.nan, alive=False).sentence == "diverged"
    assert verdict(noisy(on(*range(M))), 0.9, alive=False, died_at=0).sentence == "diverged at step 0"


def test_covered_and_blurry() -> None:
    everywhere = noisy(on(*range(M)))
    assert verdict(everywhere, 0.97).sentence == "all 8 modes, sharp"
    assert verdict(everywhere, 0.5).kind == "covered"
    blurry = verdict(everywhere, 0.124)
    assert blurry.kind == "blurry"
    assert blurry.sentence == "all 8 modes, blurry: 12% of the samples are of high quality"
    assert blurry.covered == 8


def test_collapsed() -> None:
    seen = verdict(noisy(on(2, 5)), 0.9)
    assert (seen.kind, seen.sentence) == ("collapsed", "collapsed: 2 of 8 modes")
    assert (seen.covered, seen.moves) == (2, 0)
    assert verdict(noisy(on(0, 1, 2, 3)), 0.9).kind == "collapsed"


def test_dropping() -> None:
    assert verdict(noisy(on(0, 1, 2, 3, 4, 6)), 0.9).sentence == "dropping modes: 6 of 8 modes"


def test_labels_name_what_is_missing() -> None:
    seen = verdict(noisy(on(0, 1, 2, 3, 4, 6)), 0.9, labels=tuple("abcdefgh"))
    assert seen.sentence == "dropping modes: 6 of 8 modes; f, h missing"
    many = verdict(noisy(on(0)), 0.9, labels=tuple("abcdefgh"))
    assert many.sentence == "collapsed: 1 of 8 modes"  # seven names would say less


def test_rotating() -> None:
    jumping = np.stack([on(t // 2 % M) for t in range(T)])
    seen = verdict(jumping, 0.2)
    assert seen.kind == "rotating"
    assert seen.sentence == "rotating: the samples sit on 1 mode and moved 7 times in the last 15 frames"
    two = np.stack([on(2 * (t // 3) % M, (2 * (t // 3) + 1) % M) for t in range(T)])
    assert "sit on 2 modes and moved 4 times" in verdict(two, 0.2).sentence


def test_a_slow_rotation_counts_once_per_mode() -> None:
    """A blob that slides takes many frames for one move: it must be counted, and counted once."""
    slide = np.stack(
        [(1 - x % 1) * on(int(x) % M) + (x % 1) * on(int(x + 1) % M) for x in np.arange(0, 4, 0.1)]
    )
    assert verdict(slide, 0.1).moves in (4, 5, 6, 7)
    assert verdict(slide, 0.1).kind == "rotating"


def test_four_equal_modes_do_not_rotate_by_chance() -> None:
    """Which of equal modes holds most samples changes from frame to frame; nothing moves."""
    still = noisy(on(0, 2, 4, 6), frames=30, n=100)
    assert len(set(still.argmax(-1).tolist())) > 1
    assert verdict(still, 0.9).moves == 0
    assert verdict(still, 0.9).kind == "collapsed"


def test_settling_down_is_not_a_rotation() -> None:
    frames = np.stack([on(0)] * 3 + [on(3)] * 3 + [on(5)] * 9)
    assert verdict(frames, 0.5).moves == 2
    assert verdict(frames, 0.5).kind == "collapsed"


def test_spreading() -> None:
    growing = np.stack([on(*range(1 + t // 3)) for t in range(T)])
    assert verdict(growing, 0.4).sentence == "spreading: 5 of 8 modes, up from 1"


def test_a_fair_share_depends_on_the_modes_weight() -> None:
    weights = [0.9, 0.1]
    assert verdict(np.tile([0.97, 0.03], (T, 1)), 0.9, mode_weights=weights).kind == "covered"
    assert verdict(np.tile([0.97, 0.03], (T, 1)), 0.9).kind == "collapsed"


def test_one_mode() -> None:
    assert verdict(np.ones((T, 1)), 0.9).sentence == "the only mode, sharp"
    assert verdict(np.zeros((T, 1)), 0.0).sentence == "collapsed: 0 of 1 modes"


def test_from_samples_to_words() -> None:
    target = ring()
    generator = torch.Generator().manual_seed(0)
    frames = target.sample((T, 500), generator)
    shares, quality = mode_shares(frames, target), float(high_quality_share(frames[-1], target))
    assert verdict(shares, quality, mode_weights=target.mode_weights).sentence == "all 8 modes, sharp"
    collapsed = ring(modes=1).sample((T, 500), generator)
    shares = mode_shares(collapsed, target)
    assert verdict(shares, quality, mode_weights=target.mode_weights).sentence == "collapsed: 1 of 8 modes"
    frames[:, :, 0] = math.nan
    assert verdict(mode_shares(frames, target), 0.0).sentence == "collapsed: 0 of 8 modes"


def test_every_kind_has_a_text() -> None:
    assert set(get_args(Kind)) <= set(TEXTS)


@pytest.mark.parametrize(
    ("shares", "options", "message"),
    [
        (np.zeros(8), {}, r"mode_shares must have shape \(frames, modes\); got \(8,\)"),
        (np.zeros((5, 0)), {}, "mode_shares must have shape"),
        (np.zeros((5, 8)), {"mode_weights": [1.0]}, "one entry for each of 8 modes"),
        (np.zeros((5, 8)), {"labels": ("a",)}, "one entry for each of 8 modes"),
    ],
)
def test_shapes_that_do_not_fit_are_refused(shares: np.ndarray, options: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        verdict(shares, 0.5, **options)


def test_inputs_are_left_alone() -> None:
    shares = np.full((T, M), math.nan)
    verdict(shares, 0.5)
    assert np.isnan(shares).all()
