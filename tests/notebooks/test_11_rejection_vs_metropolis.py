"""What the notebook about rejection and Metropolis-Hastings shows."""

from __future__ import annotations

import math
from statistics import fmean, median

import numpy as np
import pytest
import torch

from gan_edu.samplers.metropolis_hastings import metropolis_hastings
from gan_edu.views.sampling import pair

from .book import executed
from .plain import names_of

NAME = "11_rejection_vs_metropolis"
LOOK = """facts = {
    "envelopes": {str(factor): row for factor, row in envelopes.items()}, "perfect": perfect,
    "dimensions": {str(d): rate for d, rate in dimensions.items()},
    "narrow": list(narrow.values()), "pilots": list(pilots.values()),
    "ways": {name: line.tolist() for name, line in ways_by_share.items()}, "shares": shares.tolist(),
    "drs": drs,
    "plain": plain_seen, "changed": changed, "off_by_constant": off_by_constant.tolist(),
    "k": {title: {key: np.asarray(line).tolist() for key, line in lines.items()} for title, lines in panels.items()},
    "worth": worth, "repeats": 1 - fresh, "in_a_row": in_a_row,
    "restored": restored, "exact_beyond": exact_beyond, "longer": list(longer.values()),
    "stuck": float(stuck), "restarts": restarts,
    "auc": [aucs.tolist(), at_goal.mean(0).tolist()],
    "by_map": {f"{mind}, {kind}": values for (mind, kind), values in by_map.items()},
    "blind": blind, "traps": traps,
    "jsd": {way: values.tolist() for way, values in jsd.items()},
    "quality": {way: values.tolist() for way, values in quality.items()},
    "costs": costs, "fair": fair, "langevin": {str(tau): values for tau, values in langevin.items()},
    "crossing": {name: np.mean(rows, axis=0).tolist() for name, rows in crossing.items()},
}
"""


class Offers:
    """The same proposals for both: the package takes a chain's all at once, the plain code a step's."""

    def __init__(self, n: int, proposals: int) -> None:
        random = torch.Generator().manual_seed(1)
        self.first, self.again = (
            pair("missing_mode").proposal.sample((n, proposals), random) for _ in range(2)
        )
        self.begin = pair("missing_mode").proposal.sample(n, random)

    def by_chain(self):
        """First all of the first walk, then those of as many chains as began again, then where they began."""
        sources = iter((self.first.flatten(0, 1), self.again.flatten(0, 1), self.begin))
        return lambda n: next(sources)[:n]

    def by_step(self, proposals: int):
        walk = (self.first[:, k] for k in range(proposals))
        again = (self.again[:, k] for k in range(proposals))
        sources = [*walk, self.begin, *again]
        return lambda n: sources.pop(0)[:n]


@pytest.mark.parametrize("proposals", [2, 20])
def test_plain_code_equals_the_package(proposals):
    """Same proposals, same coins: the same picks, also of the chains that began again."""
    plain = names_of("plain", notebook=NAME)
    n, known = 100, pair("missing_mode")
    offers, real = Offers(n, proposals), known.target.sample(n, torch.Generator().manual_seed(3))
    draws = metropolis_hastings(
        offers.by_chain(), known.log_ratio, n, generator=torch.Generator().manual_seed(5), proposals=proposals,
        start=known.log_ratio(real),
    )  # fmt: skip
    x, stuck = plain["mh_gan"](
        offers.by_step(proposals), known.log_ratio, real, proposals, torch.Generator().manual_seed(5)
    )
    assert 5 < stuck == draws.restarted < 60
    assert torch.equal(x, draws.x)
    assert len(x.unique()) > 60
    assert not np.intersect1d(x.numpy(), real.numpy()).size


@pytest.mark.notebooks
def test_rejection_vs_metropolis_shows(tmp_path):
    """Small is wrong and large is slow; only ratios; what K, starts and calibration do; a GAN; what gradients add."""
    holds(executed(NAME, tmp_path, LOOK))


def holds(facts):
    """What was seen to hold with four populations: other seeds of every generator, GANs of the seeds 0 to 3."""
    densities(facts)
    chains(facts)
    judgement(facts)
    gans(facts)
    gradients(facts)


def densities(facts):
    """Rejection and DRS where everything is known."""
    for factor, (rates, theory, distances, off) in facts["envelopes"].items():
        assert fmean(rates) == pytest.approx(theory, rel=0.04)
        if float(factor) < 1:
            assert 0.1 < off < 0.28
            assert abs(fmean(distances) - off) < 0.02
        else:
            assert off < 1e-3
            assert abs(fmean(distances) - facts["perfect"]) < 0.006
            assert theory == pytest.approx(1 / (3.3746 * float(factor)), rel=1e-3)
    wrong = facts["envelopes"]
    assert wrong["0.125"][3] > 2 * wrong["0.5"][3]
    assert wrong["0.125"][1] > 2 * wrong["1"][1]  # and looks better
    for d, rate in facts["dimensions"].items():
        theory = 1.5 ** -int(d)
        assert rate == pytest.approx(theory, rel=4 / math.sqrt(160_000 * theory))
    few, some, many = facts["narrow"]
    assert 1.5 < few < some / 2 < many / 3 < 60
    assert all(max(found) < 100_000 for found in facts["pilots"])  # of 1,408,004
    assert max(facts["pilots"][2]) > 2.5 * min(facts["pilots"][2])
    # by the share that is accepted: both exact at 1 / M, DRS never better, and wrong left of it
    drs, budget = (np.array(line) for line in facts["ways"].values())
    shares = np.array(facts["shares"])
    assert (drs > budget - 0.003).all()
    assert budget[shares < 0.29].max() < 0.002
    assert drs[shares < 0.1].min() > 0.3
    assert 0.02 < (drs - budget)[(shares > 0.4) & (shares < 0.5)].mean() < 0.1
    exact, eager, p80, p95 = (value for name, value in facts["drs"].items() if name.startswith("two"))
    assert 0.27 < fmean(exact[0]) < 0.32
    assert fmean(exact[1]) < 0.035
    assert 0.5 < fmean(eager[0]) < 0.6
    assert 0.16 < fmean(eager[1]) < 0.23
    assert fmean(p95[0]) < 0.11 < fmean(p80[0]) < fmean(exact[0])
    assert fmean(p95[1]) > 0.3  # slower and wrong
    zero, _, m80, m95 = (value for name, value in facts["drs"].items() if name.startswith("missing"))
    assert fmean(zero[0]) < 0.01
    for rates, distances in (m80, m95):
        assert 0.3 < fmean(rates) < 0.5
        assert 0.2 < fmean(distances) < 0.235  # q itself: .232


def chains(facts):
    """Metropolis-Hastings where everything is known."""
    of_q, of_chains, distance, stuck = facts["plain"]
    assert 0.46 < of_q < 0.54
    assert 0.59 < of_chains < 0.66
    assert distance < 0.055
    assert stuck < 20
    assert facts["changed"]["MH"] == facts["changed"]["DRS, γ = 0"] == 0
    assert 0.36 < facts["changed"]["rejection"] < 0.41
    before, after = facts["off_by_constant"]
    assert before < 0.08
    assert 0.24 < after < 0.29
    bells, missing = facts["k"].values()
    for lines in (bells, missing):
        measured, exact, bound = (np.array(line) for line in lines.values())
        assert (exact <= bound + 1e-9).all()
        assert (measured.mean(0) > exact - 0.01).all()
    measured, exact, bound = (np.array(line) for line in bells.values())
    assert exact[10] < 0.01 < bound[10]
    assert measured[:, 10:].mean() < 0.062  # perfect: .053
    measured, exact, bound = (np.array(line) for line in missing.values())
    assert bound[-1] > 0.9999
    assert 0.12 < exact[-1] < 0.17
    # worth of a state
    assert 0.2 < fmean(facts["worth"]) < 0.38
    assert 0.5 < facts["repeats"] < 0.62
    assert facts["in_a_row"][0] > 0.35
    assert abs(facts["in_a_row"][1]) < 0.11
    # the missing mode
    rows = facts["restored"]
    beyond = {name: fmean(row[0]) for name, row in rows.items() if not any(map(math.isnan, row[0]))}
    assert 0.014 < beyond["the generator"] < 0.022
    assert 2000 * fmean(rows["rejection, right M"][1]) < 1.1
    assert 0.02 < beyond["DRS, 95th percentile"] < 0.06
    assert 0.2 < beyond["resampling, pool of 100 n"] < 0.3
    assert 0.3 < fmean(rows["resampling, pool of 100 n"][3]) < 0.65  # copies
    assert abs(beyond["MH, real start"] - 0.1434) < 0.012
    assert abs(beyond["MH from q"] - facts["exact_beyond"]["proposal"]) < 0.012
    assert abs(facts["exact_beyond"]["real"] - 0.1434) < 0.0002
    assert abs(beyond["(… and real points given out)"] - 0.25) < 0.015
    assert rows["MH, real start"][2][0] == pytest.approx(112, abs=3)
    spread = {name: max(row[0]) - min(row[0]) for name, row in rows.items() if name in beyond}
    assert spread["resampling, pool of 100 n"] > 1.5 * spread["MH, real start"]
    assert facts["longer"] == pytest.approx([0.068, 0.142, 0.201, 0.233], abs=0.001)
    # restarts
    assert 0.15 < facts["stuck"] < 0.185
    moved, fresh, old = facts["restarts"].values()
    assert 1.05 < moved < 1.12
    assert 1.1 < fresh < 1.2
    assert 1.65 < old < 1.85
    for auc, rate in zip(*facts["auc"], strict=True):
        assert abs(rate - 2 * (1 - auc)) < 0.012


def judgement(facts):
    """Calibration."""
    tv = {name: values[0] for name, values in facts["by_map"].items()}
    brier = {name: values[1] for name, values in facts["by_map"].items()}
    for mind in ("too sure", "unsure", "bent"):
        assert 0.2 < tv[f"{mind}, none"] < 0.36
        assert tv[f"{mind}, isotonic"] < 0.075
        assert brier[f"{mind}, isotonic"] < 0.19 < 0.2 < brier[f"{mind}, none"]
    for mind in ("exact", "too sure", "unsure"):
        assert tv[f"{mind}, platt"] < 0.055
        assert tv[f"{mind}, beta"] < 0.055
        assert tv[f"{mind}, platt"] < tv[f"{mind}, isotonic"]  # noisier where nothing is bent
    assert 0.12 < tv["bent, platt"] < 0.2
    assert tv["bent, isotonic"] < tv["bent, beta"] < 0.7 * tv["bent, platt"]
    exact, sure, shifted = facts["blind"].values()
    assert abs(exact[0]) < 4
    assert sure[0] < -45
    assert abs(shifted[0]) < 0.1
    assert exact[1] < 0.04 < 0.2 < min(sure[1], shifted[1])
    assert exact[2] < 0.19 < 0.2 < min(sure[2], shifted[2])
    assert abs(exact[3] - 1) < 0.05
    assert min(sure[3], shifted[3]) > 1.8
    small, small_clipped, small_laplace, large, large_clipped, large_laplace = facts["traps"].values()
    assert small[1] > small_clipped[1] > 1.5 * small[0]
    assert small[1] > 2.5 * small[0]
    assert max(large[1], large_clipped[1]) < 0.15
    assert large[1] - large[0] < 0.3 * (small[1] - small[0])
    assert -0.04 < small_laplace[1] - small_laplace[0] < 0.3 * (small_clipped[1] - small_clipped[0])
    assert abs(large_laplace[1] - large_laplace[0]) < 0.03


def gans(facts):
    """Through training; medians and counts, because a run or two of a population may start late."""
    plain, drs, mh = (np.array(values) for values in facts["jsd"].values())
    sharp = {way: np.median(np.array(values), axis=0) for way, values in facts["quality"].items()}
    assert np.median(mh[:, 0]) > 0.2  # too early
    for i in (2, 3, 4):
        assert (mh < drs)[:, i].sum() >= 6
        assert (drs < plain)[:, i].sum() >= 6
        assert sharp["plain"][i] < sharp["DRS"][i] < sharp["MH"][i]
    assert 2 < np.median(drs[:, -1] / mh[:, -1]) < 9
    assert np.median(mh[:, -1]) < 0.06 < 0.09 < np.median(drs[:, -1]) < np.median(plain[:, -1])
    for row in facts["costs"]:
        proposals, accepted, auc, never, expected = row
        assert 2 < proposals < 9
        assert 0.25 < accepted < expected < 0.9
        assert expected - accepted < 0.2
        assert expected == pytest.approx(2 * (1 - auc))
        assert 0.01 < never < 0.5
    fair = {name: values[0] for name, values in facts["fair"].items()}
    raw = [value for name, value in fair.items() if name.endswith("raw")]
    assert len(raw) == 3
    assert max(raw) < 1.3 * min(raw)
    assert max(raw) < 0.75 * np.median(drs[:, -1])
    assert fair["MH, calibrated"] < 0.95 * fair["MH, raw"]
    assert fair["resampling, calibrated"] > max(0.85 * fair["resampling, raw"], 1.2 * fair["MH, calibrated"])
    assert median(values[1] for name, values in facts["fair"].items() if name.startswith("MH")) == 1


def gradients(facts):
    """Langevin and HMC against blind proposals."""
    for tau, (ula, mala) in facts["langevin"].items():
        assert ula == pytest.approx(1 / (4 - 4 * float(tau)), rel=0.04)
        assert mala == pytest.approx(0.25, rel=0.04)
    assert facts["langevin"]["0.4"][0] > 1.5 * 0.25
    right = {name: values[0] for name, values in facts["crossing"].items()}
    off = {name: values[1] for name, values in facts["crossing"].items()}
    assert 0.47 < right["the generator"] < 0.53
    for name in ("MALA, 200 steps", "HMC, 20 × 10 leaps"):
        assert 0.51 < right[name] < 0.58
        assert off["MH, K = 20"] + 0.015 < off[name] < 0.15 < off["the generator"]
    assert 0.6 < right["MH, K = 20"] < 0.65
