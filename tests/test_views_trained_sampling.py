"""Samplers on a pool of draws: against the same samplers on G and D themselves, closed forms, and a loop by hand."""

from __future__ import annotations

import dataclasses
import math
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from sklearn.isotonic import IsotonicRegression

from gan_edu.data.ring import ring
from gan_edu.data.target import Target
from gan_edu.figures.palette import PALETTE
from gan_edu.figures.trained_sampling import trained_sampling_figure
from gan_edu.games.gan import gan
from gan_edu.metrics.modes import high_quality_share, jensen_shannon_modes, modes_covered
from gan_edu.recording import Generated, Proposal, Recording, record
from gan_edu.samplers.discriminator_rejection import discriminator_rejection
from gan_edu.samplers.metropolis_hastings import metropolis_hastings
from gan_edu.views import trained_sampling as module
from gan_edu.views.trained_sampling import (
    HELD_OUT,
    OUTPUTS,
    PILOT,
    Pool,
    Setting,
    TrainedSamplers,
    judged,
)


@pytest.fixture(scope="module")
def recording() -> Recording:
    game = gan(ring(modes=4, std=0.2), width=8, latent_dim=2)
    return record(game, steps=60, steps_per_frame=20, progress=False, runs=2, device="cpu")


class Known:
    """Stands in for a recording: G draws N(0, 4 I) where the target is N(0, I), and D is as good as can be."""

    target = Target("one", torch.zeros(1, 2), torch.ones(1), torch.ones(1), torch.zeros(1, dtype=torch.int64))

    def __getitem__(self, frame: int) -> Any:
        return SimpleNamespace(step=7, settings=SimpleNamespace(game=SimpleNamespace(target=self.target)))

    def proposal(self, frame: int, run: int, seed: int) -> Proposal:
        double = Generated(lambda z: 2 * z, 2, torch.Generator().manual_seed(seed))
        return Proposal(double, lambda x: math.log(4) - 3 / 8 * x.square().sum(-1))


def known(seed: int = 0, **setting: Any) -> module.Seen:
    made: Any = Known()
    return judged(Pool(made, 0, 0, seed), Setting(**setting).checked(), seed)


def spread(outcome: module.Outcome) -> float:
    """The mean of x² per coordinate: (n, 2) -> variance."""
    return float((outcome.x.astype(float) ** 2).mean())


def test_a_pool_holds_gs_draws_and_ds_logits_in_order(recording) -> None:
    pool = Pool(recording, 2, 1, 5)
    propose, log_ratio = recording.proposal(2, 1, 5)
    chunks = [propose(2048) for _ in range(2)]
    numbers = pool.numbers(0)
    first, second = numbers(1000), numbers(3000)
    x = pool.points(torch.cat([first, second]))
    torch.testing.assert_close(x, torch.cat(chunks)[:4000], rtol=0, atol=0)
    torch.testing.assert_close(
        pool.logits(second).float(), log_ratio(x[1000:]).detach(), rtol=1e-5, atol=1e-6
    )
    assert pool.numbers(17)(2)[:, 0].tolist() == [17, 18]


def test_numbers_of_points_are_sampled_as_points_are(recording) -> None:
    """The same coins and proposals: DRS and MH on G and D themselves give the same points."""
    setting = Setting(90.0, 20, "none", "fake")
    seen = TrainedSamplers(recording, 1, 5).at(3, setting)
    _, log_ratio = recording.proposal(3, 1, 5)
    every = recording.proposal(3, 1, 5).propose
    pool = torch.cat([every(2048) for _ in range(40)])

    def propose(at: list[int]):
        def give(n: int) -> torch.Tensor:
            at[0] += n
            return pool[at[0] - n : at[0]]

        return give

    coins = lambda which: torch.Generator().manual_seed(5 + which)  # noqa: E731
    exact = lambda x: log_ratio(x).double()  # noqa: E731
    chains = metropolis_hastings(propose([2 * HELD_OUT]), exact, OUTPUTS, generator=coins(3), proposals=20)
    drs = discriminator_rejection(
        propose([2 * HELD_OUT]), exact, OUTPUTS, generator=coins(2), percentile=90.0, pilot=PILOT
    )
    for name, draws in (("mh", chains), ("drs", drs)):
        outcome = seen.outcomes[name]
        same = (torch.tensor(outcome.x) == draws.x).all(-1).double().mean()
        assert same > 0.995  # logits of other batches differ in the last digit, and a coin may lie between
        assert outcome.acceptance == pytest.approx(draws.acceptance_rate, abs=2e-3)
        assert outcome.cost == pytest.approx(draws.proposals_per_point, rel=5e-3)
    target = recording.game.target
    x = torch.tensor(seen.outcomes["mh"].x)
    assert seen.outcomes["mh"].modes == int(modes_covered(x, target))
    assert seen.outcomes["mh"].high_quality == pytest.approx(float(high_quality_share(x, target)))
    assert seen.outcomes["mh"].divergence == pytest.approx(float(jensen_shannon_modes(x, target)))
    torch.testing.assert_close(torch.tensor(seen.outcomes["plain"].x), pool[2 * HELD_OUT :][:OUTPUTS])


def test_it_repeats_from_its_seed_and_every_frame_gets_the_same_latent_points(recording) -> None:
    setting = Setting(proposals=10)
    one, two, other = (TrainedSamplers(recording, seed=seed) for seed in (3, 3, 4))
    a, b, c = (made.at(2, setting).outcomes["mh"].x for made in (one, two, other))
    assert (a == b).all()
    assert not (a == c).all()
    still = list(recording)
    still[0] = dataclasses.replace(still[0], state=still[2].state)
    again = TrainedSamplers(Recording(None, still), seed=3).at(0, setting).outcomes["mh"].x
    assert (a == again).all()


@pytest.mark.parametrize(
    ("case", "variance"),
    [("none", 1.0), ("overconfident", 0.25), ("weak", 2.5)],
)
def test_the_law_of_long_chains_is_q_times_the_ratio_in_use(case, variance) -> None:
    """q w^s is proportional to exp(-x² (1 + 3 s) / 8): a variance of 4 / (1 + 3 s), for s = 1, 5 and 1/5."""
    seen = known(case=case, calibration="none", proposals=100)
    error = variance * math.sqrt(2 / (2 * OUTPUTS))
    assert abs(spread(seen.outcomes["mh"]) - variance) < 4 * error
    assert abs(spread(seen.outcomes["plain"]) - 4) < 4 * 4 * math.sqrt(1 / OUTPUTS)


def test_yardsticks_on_a_gaussian_pair() -> None:
    """High quality is P(chi²_2 < 9); a stationary step accepts 2 (1 - AUC), and E_q w = 1."""
    seen = known(calibration="none", proposals=100)
    plain, mh = seen.outcomes["plain"], seen.outcomes["mh"]
    for outcome, share in ((plain, 1 - math.exp(-9 / 8)), (mh, 1 - math.exp(-9 / 2))):
        assert abs(outcome.high_quality - share) < 4 * math.sqrt(share * (1 - share) / OUTPUTS)
        none = 1 - outcome.high_quality
        by_hand = (math.log(2 / (1 + outcome.high_quality)) + none * math.log(2)) / 2
        by_hand += outcome.high_quality * math.log(2 * outcome.high_quality / (1 + outcome.high_quality)) / 2
        assert outcome.divergence == pytest.approx(by_hand, abs=1e-5)
    # |x|² is Exp of mean 2 under p and 8 under q, and w falls with it: AUC = P(of p < of q) = 8 / 10
    assert abs(mh.acceptance - 0.4) < 0.01
    assert plain.acceptance == plain.cost == 1
    assert 100 <= mh.cost < 101
    assert abs(seen.before.mean_ratio - 1) < 4 * math.sqrt((16 / 7 - 1) / HELD_OUT)  # E_q w² = 16 / 7
    assert seen.before.brier == seen.after.brier
    drs = known(calibration="none", percentile=60.0, proposals=1).outcomes["drs"]
    assert len(drs.x) == OUTPUTS
    assert 0.9 < spread(drs) < 2.0


@pytest.mark.parametrize("case", ["overconfident", "weak"])
@pytest.mark.parametrize("calibration", ["platt", "isotonic"])
def test_calibration_undoes_a_wrong_scale(case, calibration) -> None:
    right, wrong = (known(case=name, calibration=calibration, proposals=20) for name in ("none", case))
    same = (right.outcomes["mh"].x == wrong.outcomes["mh"].x).all(-1).mean()
    assert same > (0.999 if calibration == "isotonic" else 0.98)
    assert wrong.after.brier == pytest.approx(right.after.brier, abs=1e-4)
    assert wrong.before.brier > right.before.brier + 0.005
    assert abs(wrong.after.mean_ratio - 1) < 0.3


def test_isotonic_without_its_clip_says_one_where_only_real_points_were_held_out() -> None:
    """Against scikit-learn without limits."""
    random = torch.Generator().manual_seed(0)
    real, fake = torch.randn(2, 500, generator=random, dtype=torch.float64) + torch.tensor([[1.5], [-1.5]])
    mapped, clipped = (module._mapped(real, fake, Setting(case=case)) for case in ("unclipped", "none"))
    free = IsotonicRegression(out_of_bounds="clip")
    free.fit(torch.cat([real, fake]).numpy(), [1.0] * 500 + [0.0] * 500)
    prob = torch.tensor(free.predict(torch.cat([real, fake]).numpy()))
    said = mapped(torch.cat([real, fake])[:, None])
    assert (prob == 1).any()
    assert (prob == 0).any()
    assert (said[prob == 1] == 80).all()
    assert (said[prob == 0] == -80).all()
    between = (prob > 0) & (prob < 1)
    torch.testing.assert_close(said[between], torch.logit(prob[between]), rtol=1e-6, atol=1e-6)
    assert float(clipped(torch.cat([real, fake])[:, None]).abs().max()) == pytest.approx(math.log(1001))


def test_a_chain_that_is_sure_is_trapped() -> None:
    """Under a probability of 1, as good as nothing leaves; with longer chains more have come there."""
    shares = [known(case="unclipped", proposals=k).sure for k in (5, 100)]
    assert shares[1][0] > 3 * shares[0][0]
    assert shares[1][0] > shares[1][1]  # more than p has there
    assert shares[0][1] == shares[1][1]


def test_old_proposals_are_those_that_were_refused_walked_by_hand() -> None:
    made: Any = Known()
    k, seed = 3, 2
    pool = Pool(made, 0, 0, seed)
    setting = Setting(proposals=k, calibration="none", case="old_proposals")
    log_ratio = lambda numbers: pool.logits(numbers)  # noqa: E731
    starts = pool.real[2 * HELD_OUT :]
    chains = module._chains(pool.numbers(2 * HELD_OUT), log_ratio, setting, starts, seed)
    assert chains.moved is not None
    stuck = (~chains.moved).nonzero()[:, 0]
    assert 100 < len(stuck) < 400
    fresh = 2 * HELD_OUT + OUTPUTS * k
    coins = torch.rand(
        (k, len(stuck)), generator=torch.Generator().manual_seed(seed + 4), dtype=torch.float64
    )
    for place, chain in enumerate(stuck.tolist()):
        here = torch.tensor([[fresh + place]], dtype=torch.float64)
        for step in range(k):
            there = torch.tensor([[2 * HELD_OUT + chain * k + step]], dtype=torch.float64)
            if math.log(coins[step, place]) < float(log_ratio(there) - log_ratio(here)):
                here = there
        assert float(chains.x[chain, 0]) == float(here)
    # chains that moved, and those of fresh proposals, are as they were
    right = module._chains(
        pool.numbers(2 * HELD_OUT), log_ratio, dataclasses.replace(setting, case="none"), starts, seed
    )
    assert (chains.x[chains.moved] == right.x[chains.moved]).all()
    assert not chains.x.isnan().any()


def test_old_proposals_are_what_d_likes_less() -> None:
    """Refused once by chains at real points: their mean log w is lower, in four populations."""
    for seed in range(4):
        old, new = (
            known(seed, proposals=3, calibration="none", case=case).outcomes["mh"].again
            for case in ("old_proposals", "none")
        )
        assert old < new - 0.1


def test_a_setting_says_what_it_is_checked_for() -> None:
    assert Setting(case="old_proposals", start="fake").checked().start == "real"
    assert math.isnan(known(start="fake", proposals=3).outcomes["mh"].again)
    with pytest.raises(ValueError, match="case must be one of none"):
        Setting(case="off").checked()


def test_what_was_worked_out_is_kept_and_a_hurry_is_heard(recording, monkeypatch) -> None:
    samplers, setting = TrainedSamplers(recording), Setting(proposals=10)
    assert samplers.divergence(1, setting) == {}
    assert not samplers.prepare(1, setting, lambda: True)
    assert samplers.prepare(1, setting, lambda: False)
    seen = samplers.at(1, setting)
    assert samplers.at(1, setting) is seen
    assert samplers.divergence(1, setting)["mh"] == seen.outcomes["mh"].divergence
    monkeypatch.setattr(module, "POOLS", 2)
    for frame in range(4):
        samplers.pool(frame)
    assert list(samplers._pools) == [2, 3]


def test_the_picture_tells_apart_what_came_out_and_what_was_refused() -> None:
    seen = known(calibration="platt", proposals=7)
    drawing = trained_sampling_figure(seen, [(0, {}), (7, {"plain": 0.3, "drs": 0.2, "mh": 0.1})])
    drs, light = PALETTE.light.generators[3], PALETTE.light
    assert f'stroke="{drs}" stroke-width="3.2" stroke-linecap="round"' in drawing.svg  # dots
    assert (
        drawing.svg.count(f'stroke="{light.muted}" stroke-width="0.9"') == 3
    )  # crosses, of no one in the first
    assert "MH-GAN, K = 7" in drawing.svg
    assert "1 of 2 moments" in drawing.svg
    assert "Platt" in drawing.svg
    assert f"JSD {seen.outcomes['mh'].divergence:.4f}" in drawing.alt
    assert "only" not in drawing.svg
    few = dataclasses.replace(
        seen.outcomes["drs"], x=seen.outcomes["drs"].x[:0], divergence=math.nan, high_quality=math.nan
    )
    empty = dataclasses.replace(seen, outcomes={**seen.outcomes, "drs": few})
    assert "only 0 of 1000 came out" in trained_sampling_figure(empty).svg
    with pytest.raises(ValueError, match="theme must be light or dark"):
        trained_sampling_figure(seen, theme="grey")
