"""What all samplers share: the protocol, its errors, and what draws are worth."""

from __future__ import annotations

import inspect
import io
import math
import subprocess
import sys
import warnings

import pytest
import torch

from gan_edu import catalogue
from gan_edu.recording import Generated
from gan_edu.samplers.diagnostics import effective_sample_size, effective_share

from .pairs import GaussianPair, coins

SAMPLERS = catalogue.entries("samplers")
LATENT = {name for name in SAMPLERS if name.startswith("latent")}
ASKED = {"rejection": {"log_bound": math.log(2)}}


def play(name, propose=None, log_ratio=None, n=20, **settings):
    pair = GaussianPair()
    made = Generated(lambda z: 2 * z, latent_dim=1, generator=torch.Generator().manual_seed(2))
    propose = propose or (made if name in LATENT else pair.propose)
    few = {"steps": 3} if name in LATENT else {}
    settings = {"generator": coins(), **ASKED.get(name, {}), **few, **settings}
    return SAMPLERS[name].function(propose, log_ratio or pair.log_ratio, n, **settings)


def test_the_catalogue_has_them():
    assert set(SAMPLERS) == {
        "rejection",
        "discriminator_rejection",
        "budgeted_rejection",
        "metropolis_hastings",
        "importance_resampling",
        "latent_langevin",
        "latent_hmc",
    }


@pytest.mark.parametrize("name", SAMPLERS)
def test_protocol(name):
    signature = inspect.signature(inspect.unwrap(SAMPLERS[name].function))
    assert list(signature.parameters)[:4] == ["propose", "log_ratio", "n", "generator"]
    assert signature.parameters["generator"].kind is inspect.Parameter.KEYWORD_ONLY
    draws = play(name)
    assert draws.x.shape == (20, 1)
    assert (
        draws.proposals.shape[:-1] == draws.accepted.shape == draws.probability.shape == draws.log_ratio.shape
    )
    assert draws.accepted.dtype == torch.bool
    assert 0 < draws.acceptance_rate <= 1
    assert draws.proposals_per_point == draws.n_proposals / 20
    assert bool(((draws.probability >= 0) & (draws.probability <= 1)).all())
    again = play(name)
    assert torch.equal(draws.x, again.x)
    assert draws.recipe["name"] == name


@pytest.mark.parametrize("name", sorted(set(SAMPLERS) - LATENT))
def test_errors(name):
    with pytest.raises(ValueError, match=rf"{name}: n must be a whole number from 1 to"):
        play(name, n=0)
    with pytest.raises(
        ValueError, match=r"propose\(n\) must give a tensor of shape \(n, d\); for n = \d+ got"
    ):
        play(name, propose=torch.zeros)
    with pytest.raises(
        ValueError, match=r"log_ratio\(x\) must give a tensor of shape \(n,\).* got \(\d+, 1\)"
    ):
        play(name, log_ratio=lambda x: x)
    with pytest.raises(
        ValueError, match=r"or -inf; got 0 nan and [1-9]\d* \+inf among \d+, the first at x = \["
    ):
        play(name, log_ratio=lambda x: torch.where(x[:, 0] > 0, torch.inf, 0.0))


def test_errors_of_one():
    with pytest.raises(ValueError, match=r"proposals must be a whole number from 1 to 1e\+06; got 0"):
        play("metropolis_hastings", proposals=0)
    with pytest.raises(ValueError, match=r"start must hold log ratios, one a point; got shape \(2, 3\)"):
        play("metropolis_hastings", start=torch.zeros(2, 3))
    with pytest.raises(ValueError, match=r"got 1 nan and 0 \+inf among 2"):
        play("metropolis_hastings", start=torch.tensor([0.0, torch.nan]))
    nothing = lambda x: torch.full((len(x),), -torch.inf)  # noqa: E731
    for name in ("importance_resampling", "discriminator_rejection"):
        with pytest.raises(ValueError, match=r"some proposal must be possible under p; got .* -inf for all"):
            play(name, log_ratio=nothing)
    with pytest.raises(ValueError, match=r"budget must leave proposals to refuse: a share 0 "):
        play("budgeted_rejection", log_ratio=nothing)
    assert len(play("rejection", log_ratio=nothing, limit=5000).x) == 0


@pytest.mark.parametrize("name", SAMPLERS)
def test_a_progress_bar_changes_nothing(name, monkeypatch):
    """It counts all that there is to do, whatever the sampler takes for a unit, and the draws stay as they are."""
    import tqdm.auto

    made = []

    class Bar(tqdm.auto.tqdm):
        def __init__(self, **settings):
            super().__init__(
                **{**settings, "delay": 0, "mininterval": 0, "miniters": 1, "file": io.StringIO()}
            )
            made.append((self, settings))

    monkeypatch.setattr(tqdm.auto, "tqdm", Bar)
    start = (
        {"start": torch.full((3,), 5.0)} if name == "metropolis_hastings" else {}
    )  # nobody gets away: restarts
    quiet, loud = (play(name, n=700, progress=progress, **start) for progress in (False, True))
    for field in ("x", "proposals", "accepted", "probability", "log_ratio"):
        assert torch.equal(getattr(quiet, field), getattr(loud, field))
    (hidden, _), (bar, settings) = made
    assert hidden.disable
    assert settings["delay"] == 1
    units = {"importance_resampling": 7000, "metropolis_hastings": 700 * 100 + loud.restarted * 100}
    assert bar.n == bar.total == units.get(name, 700 * 3 if name in LATENT else 700)
    assert "100%" in bar.fp.getvalue()
    assert loud.restarted > 0 or not start


MEMORY = """
import sys, torch
from gan_edu.recording import Generated
from gan_edu.samplers import draws, latent
from gan_edu.samplers.latent_langevin import latent_langevin
from gan_edu.samplers.metropolis_hastings import metropolis_hastings

torch.set_num_threads(1)
random = torch.Generator().manual_seed(0)
made = Generated(lambda z: z, latent_dim=2, generator=random)

def peak():
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM")) // 1024

def chains(n):  # a start that nobody leaves: every chain begins again
    start = torch.full((1,), 50.0)
    metropolis_hastings(made, lambda x: -x.square().sum(-1), n, generator=random, proposals=1000, start=start)

def walks(steps):
    latent.KEPT = 2**15
    latent_langevin(made, lambda x: -x.square().sum(-1), 2048, generator=random, steps=steps)

for work, few, many in ((walks, 20, 1200), (chains, 1100, 8000)):
    work(few)
    before = peak()
    work(many)
    print(peak() - before)
"""


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads the peak of its memory from /proc")
def test_memory_does_not_grow_with_the_number_of_proposals():
    """MB more for sixty times as many steps, and for eight times as many chains; they were 96 and 526."""
    done = subprocess.run([sys.executable, "-c", MEMORY], capture_output=True, text=True, check=True)
    walks, chains = map(int, done.stdout.split())
    assert walks < 40
    assert chains < 150


def test_effective_share_is_that_of_theory():
    """sqrt(2 s² - 1) / s² for the Gaussian pair; one of n where one weight has it all."""
    for s in (1.5, 2.0, 3.0):
        pair = GaussianPair(s)
        assert (
            abs(effective_share(pair.log_ratio(pair.propose(200_000))) - math.sqrt(2 * s * s - 1) / s**2)
            < 0.01
        )
    assert effective_share(torch.tensor([0.0, -200.0, -200.0, -200.0])) == 0.25
    assert effective_share(torch.full((7,), 300.0)) == pytest.approx(1)


@pytest.fixture(scope="module")
def ess():
    """ArviZ's, of a mean; its import announces another version."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        from arviz import ess
    return lambda traces: float(ess(traces.numpy(), method="mean"))


@pytest.mark.parametrize("rho", [-0.5, 0.0, 0.5, 0.9])
def test_effective_sample_size_of_an_autoregression(rho, ess):
    """x' = rho x + noise: N (1 - rho) / (1 + rho), and as ArviZ has it, which cuts every chain in two."""
    noise = torch.randn(4, 20_000, generator=coins(), dtype=torch.float64)
    x = torch.empty_like(noise)
    state = noise[:, 0] / math.sqrt(1 - rho**2)
    for t in range(noise.shape[1]):
        state = rho * state + noise[:, t] if t else state
        x[:, t] = state
    expected = 80_000 * (1 - rho) / (1 + rho)
    assert 0.88 < effective_sample_size(x) / expected < 1.12
    assert 0.97 < effective_sample_size(x) / ess(x) < 1.03


def test_effective_sample_size_of_chains_that_accept_and_refuse(ess):
    """Traces of Metropolis-Hastings, a fifth of whose steps move."""
    pair, random = GaussianPair(6.0), coins()
    at = pair.propose(8)
    trace = [at[:, 0]]
    for _ in range(2000):
        proposal = pair.propose(8)
        ratio = pair.log_ratio(proposal) - pair.log_ratio(at)
        at = torch.where((torch.rand(8, generator=random).log() < ratio)[:, None], proposal, at)
        trace.append(at[:, 0])
    traces = torch.stack(trace[1:], 1).double()
    assert 0.15 < float((traces.diff(dim=1) != 0).double().mean()) < 0.3
    assert 0.95 < effective_sample_size(traces) / ess(traces) < 1.05


def test_chains_that_disagree_are_worth_little():
    noise = torch.randn(4, 1000, generator=coins())
    assert effective_sample_size(noise) > 3000
    assert effective_sample_size(noise + 5 * torch.arange(4)[:, None]) < 10
    with pytest.raises(ValueError, match=r"traces must be \(chains, states\)"):
        effective_sample_size(torch.zeros(5))
