"""Three envelopes side by side, as the static page plays them."""

from __future__ import annotations

import math

import numpy as np
import pytest

from gan_edu.labs.recorded import load
from gan_edu.scenes import unpack_run
from gan_edu.views.envelopes import FACTORS, SHOWN, envelopes
from gan_edu.views.sampling import pair, rejection_theory

WORDS = ("{accepted}", "{accepted}", "{accepted}")


@pytest.fixture(scope="module")
def scenes():
    return envelopes(WORDS, caption="{step}")


def test_shares_are_those_of_theory(scenes):
    """E_q[min(w, M)] / M, for M too small, right and too large; also said in the picture."""
    known = pair("two_bells")
    for factor, (_, _, said) in zip(FACTORS, scenes[-1].notes, strict=True):
        theory, _ = rejection_theory(known, known.log_bound + math.log(factor))
        assert abs(float(said) / 100 - theory) < 4 * math.sqrt(theory * (1 - theory) / SHOWN) + 0.005
    assert [words for *_, words in scenes[0].notes] == ["–"] * 3


def test_every_dart_is_drawn_once_under_its_envelope(scenes):
    """Accepted ones under p as well; darts beyond the picture of a column are left out."""
    assert [scene.step for scene in scenes] == sorted({scene.step for scene in scenes})
    assert scenes[-1].step == SHOWN
    for scene in (scenes[5], scenes[-1]):
        assert 2.98 * scene.step <= len(scene.data) + len(scene.samples) <= 3 * scene.step
    for points, under in ((scenes[-1].data, (0, 1)), (scenes[-1].samples, (1,))):
        for column in range(3):
            mine = points[np.abs(points[:, 0] - 14 * (column - 1)) <= 6]
            assert len(mine) > 50
            for number in under:
                line = scenes[-1].curves[4 * column + number].points
                assert bool((mine[:, 1] <= np.interp(mine[:, 0], *line.T) + 0.01).all())


def test_histograms_hang(scenes):
    """Area one each; of the right envelope nearer to p than of the small one."""
    off = []
    for column in range(3):
        p, hang = (scenes[-1].curves[4 * column + number].points for number in (2, 3))
        assert np.trapezoid(hang[:, 1], hang[:, 0]) == pytest.approx(-1, abs=0.01)
        middles = (hang[1:-1:2, 0] + hang[2::2, 0]) / 2
        off.append(np.abs(np.interp(middles, *p.T) - hang[1:-1:2, 1]).sum())
    assert off[1] < 0.7 * off[0]


def test_the_recorded_run_says_what_its_marks_mean():
    run, beside = load("envelopes")
    scenes, _ = unpack_run(run)
    assert scenes[-1].step == SHOWN
    assert beside["texts"]["data"] == "accepted"
