"""Samplers on a trained GAN: what DRS and the MH-GAN make of one G and one D, beside G alone.

G's draws and D's logits are worked out once, in a pool; the samplers then draw *numbers* of the pool's points, of
which they learn the logit. So all of them are offered the same proposals, and another gamma, K or calibration costs
no network.

The yardstick is the MH-GAN paper's, `gan_edu.metrics.modes.jensen_shannon_modes`: the divergence of the modes'
shares, with one more class for what is of no high quality.

Reference:
    Azadi et al. (2019), Discriminator Rejection Sampling, arXiv 1810.06758. Turner et al. (2019),
    Metropolis-Hastings Generative Adversarial Networks, arXiv 1811.11357, sec. 5.1 (the yardstick: fig. 4, table 2).
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from gan_edu.data.ring import ring
from gan_edu.data.target import Target
from gan_edu.dynamics.dynamics import State
from gan_edu.games.game import Game
from gan_edu.metrics import METRICS
from gan_edu.metrics.modes import high_quality_share, jensen_shannon_modes, modes_covered
from gan_edu.metrics.perfect import perfect
from gan_edu.networks.network import Network
from gan_edu.recording import Recording
from gan_edu.samplers.calibration import KINDS, MOST, Reliability, calibrated, reliability
from gan_edu.samplers.discriminator_rejection import discriminator_rejection
from gan_edu.samplers.draws import ROWS, Draws, LogRatio, Propose, ratios_at
from gan_edu.samplers.metropolis_hastings import metropolis_hastings
from gan_edu.training import Frame, resolve

OUTPUTS = 1000
"""Points that each sampler is asked for."""
HELD_OUT = 2048
"""Real points, and as many of G's, on which D is calibrated; as many others on which the calibration is judged."""
PILOT = 10_000
LIMIT = 100 * OUTPUTS
"""Proposals after which DRS stops, with fewer points than wanted."""
MOST_PROPOSALS = 640
"""K, at most: that of the MH-GAN's paper."""
SHOWN = 500
"""Refused proposals that are kept to be drawn."""
POOLS = 32
"""Frames whose draws are kept."""
SAMPLERS = ("plain", "drs", "mh")
STARTS = ("real", "fake")
CASES = ("none", "overconfident", "weak", "unclipped", "old_proposals")
"""What can go wrong: D's logits times 5, or times 0.2; isotonic calibration that may say 1; chains that never moved
and begin again with the proposals that they have refused."""
SCALES = {"overconfident": 5.0, "weak": 0.2}


@dataclass(frozen=True)
class Setting:
    """What the samplers are told.

    Args:
        percentile: Of F in DRS's pilot that gamma is set to, 0 to 100.
        proposals: K of a chain, 1 to `MOST_PROPOSALS`.
        calibration: One of `gan_edu.samplers.calibration.KINDS`, for DRS and MH alike.
        start: Where chains start: at the logit of a held-out `real` point, or at a draw of G (`fake`).
        case: One of `CASES`; `unclipped` calibrates isotonically, and `old_proposals` starts at real points.
    """

    percentile: float = 95.0
    proposals: int = 100
    calibration: str = "isotonic"
    start: str = "real"
    case: str = "none"

    def checked(self) -> Setting:
        """The same, if it makes sense, with what its case asks for.

        Raises:
            ValueError: If a name is unknown or a number is out of its range.

        Example:
            >>> Setting(calibration="platt", case="unclipped").checked().calibration
            'isotonic'
        """
        for name, choices in (("calibration", KINDS), ("start", STARTS), ("case", CASES)):
            if getattr(self, name) not in choices:
                raise ValueError(f"{name} must be one of {', '.join(choices)}; got {getattr(self, name)!r}")
        k = self.proposals
        if isinstance(k, bool) or not isinstance(k, int) or not 1 <= k <= MOST_PROPOSALS:
            raise ValueError(f"proposals must be a whole number from 1 to {MOST_PROPOSALS}; got {k!r}")
        if isinstance(self.percentile, bool) or not 0 <= self.percentile <= 100:
            raise ValueError(f"percentile must be a number from 0 to 100; got {self.percentile!r}")
        asked: dict[str, dict[str, str]] = {
            "unclipped": {"calibration": "isotonic"},
            "old_proposals": {"start": "real"},
        }
        return replace(self, **asked.get(self.case, {}))


@dataclass(frozen=True)
class Outcome:
    """What one sampler has drawn, and how good that is.

    Args:
        x: (n, 2) the points that came out.
        refused: (r, 2) some of the proposals that were refused.
        modes: Modes covered.
        high_quality: Share of high quality, 0 to 1.
        divergence: Jensen-Shannon divergence of the modes and "none" (nats).
        acceptance: Share of the proposals that were accepted.
        cost: Proposals an output.
        unmoved: Share of the chains that never moved; 0 without chains.
        again: Mean log w of what came out of those chains when they began again; nan if there are none.
    """

    x: np.ndarray
    refused: np.ndarray
    modes: int
    high_quality: float
    divergence: float
    acceptance: float
    cost: float
    unmoved: float = 0.0
    again: float = math.nan


@dataclass(frozen=True)
class Seen:
    """One frame with all samplers.

    Args:
        step: Generator updates so far.
        target: What is to be drawn.
        setting: What the samplers were told.
        outcomes: By `SAMPLERS`.
        before, after: What D says and what comes, before calibration and after, on points that neither saw.
        sure: Share of MH's points, and of p's, at which the ratio in use is the largest that there is.
    """

    step: int
    target: Target
    setting: Setting
    outcomes: dict[str, Outcome]
    before: Reliability
    after: Reliability
    sure: tuple[float, float]

    @property
    def perfect(self) -> float:
        """The divergence that as many perfect samples have on average."""
        return perfect(METRICS["jensen_shannon_modes"], self.target, n=OUTPUTS).mean


class Pool:
    """Points of q at one frame, D's logits there, and those of held-out points of p.

    Args:
        recording: A training of a GAN in the plane.
        frame: Index into it.
        run: Of the population.
        seed: Of everything that is drawn: the same latent points and real points for every frame.
    """

    def __init__(self, recording: Recording, frame: int, run: int, seed: int) -> None:
        self._propose, self._log_ratio = recording.proposal(frame, run, seed)
        self.target = recording[frame].settings.game.target.to("cpu")
        self.step = recording[frame].step
        held_out = torch.Generator().manual_seed(seed + 1)
        x_real = self.target.sample(2 * HELD_OUT + OUTPUTS, held_out)
        with torch.no_grad():
            self.real = ratios_at(self._log_ratio, x_real).double()
        self._x: list[Tensor] = []
        self._logit: list[Tensor] = []

    def __len__(self) -> int:
        return ROWS * len(self._x)

    def grow(self) -> None:
        """Draw and judge some more."""
        with torch.no_grad():
            self._x.append(self._propose(ROWS))
            self._logit.append(ratios_at(self._log_ratio, self._x[-1]).double())

    def numbers(self, first: int) -> Propose:
        """A proposal that gives the numbers of the pool's points one after another, from some on: n -> (n, 1)."""
        begin = first

        def propose(n: int) -> Tensor:
            nonlocal begin
            numbers = torch.arange(begin, begin + n, dtype=torch.float64)[:, None]  # a point may be nan
            begin += n
            while len(self) < begin:
                self.grow()
            return numbers

        return propose

    def points(self, numbers: Tensor) -> Tensor:
        """The points of these numbers: (n, 1) -> (n, d)."""
        return torch.cat(self._x)[numbers[:, 0].long()]

    def logits(self, numbers: Tensor) -> Tensor:
        """What D says of them: (n, 1) -> (n,)."""
        return torch.cat(self._logit)[numbers[:, 0].long()]


class TrainedSamplers:
    """The frames of one run, each with all samplers; what was worked out is kept.

    Args:
        recording: Of a GAN in the plane, whose D gives logits.
        run: Of the population.
        seed: Of everything random.

    Raises:
        ValueError: If there is no such run, D says nothing of a ratio, or points are not those of a plane.

    Example:
        >>> from gan_edu.data.ring import ring
        >>> from gan_edu.games.gan import gan
        >>> from gan_edu.recording import record
        >>> samplers = TrainedSamplers(record(gan(ring(), width=8), steps=10, progress=False))
        >>> seen = samplers.at(1, Setting(proposals=10))
        >>> seen.step, seen.outcomes["mh"].x.shape, seen.outcomes["mh"].cost >= 10
        (10, (1000, 2), True)
    """

    def __init__(self, recording: Recording, run: int = 0, seed: int = 0) -> None:
        game = recording.game
        if game.output != "logit":
            raise ValueError(
                f"samplers need a discriminator that gives the logit of a probability; got a {game.output}"
            )
        if game.target.dim != 2:
            raise ValueError(
                f"the points must be those of a plane, for the picture; got {game.target.dim} numbers"
            )
        recording.proposal(0, run)  # raises if there is no such run
        self.recording, self.run, self.seed = recording, run, seed
        self._pools: OrderedDict[int, Pool] = OrderedDict()
        self._seen: OrderedDict[tuple[int, Setting], Seen] = OrderedDict()
        self._divergences: dict[tuple[int, Setting], dict[str, float]] = {}

    def __len__(self) -> int:
        return len(self.recording)

    def pool(self, frame: int) -> Pool:
        """The draws of a frame."""
        pool = self._pools.get(frame)
        if pool is None:  # an empty one counts as False
            pool = Pool(self.recording, frame, self.run, self.seed)
        self._pools[frame] = pool
        self._pools.move_to_end(frame)
        if len(self._pools) > POOLS:
            self._pools.popitem(last=False)
        return pool

    def at(self, frame: int, setting: Setting) -> Seen:
        """What the samplers make of the G and the D of a frame.

        Args:
            frame: Index, from 0.
            setting: What they are told.

        Raises:
            ValueError: If a setting makes no sense, or D's output is not finite.
        """
        setting = setting.checked()
        key = frame, setting
        if key not in self._seen:
            self._divergences[key] = dict.fromkeys(SAMPLERS, math.nan)  # unless all goes well
            self._seen[key] = seen = judged(self.pool(frame), setting, self.seed)
            self._divergences[key] = {name: made.divergence for name, made in seen.outcomes.items()}
            if len(self._seen) > POOLS:
                self._seen.popitem(last=False)
        return self._seen[key]

    def prepare(self, frame: int, setting: Setting, hurry: Callable[[], bool]) -> bool:
        """Draw and judge the points that a frame will need, unless there is a hurry: whether that is done."""
        if (frame, setting.checked()) in self._seen:
            return True
        needed = 2 * HELD_OUT + max(PILOT, OUTPUTS * setting.proposals)
        try:
            pool = self.pool(frame)
            while len(pool) < needed and not hurry():
                pool.grow()
        except ValueError:  # `at` will say what is wrong
            return True
        return len(pool) >= needed

    def divergence(self, frame: int, setting: Setting) -> dict[str, float]:
        """Of each sampler at a frame, if it has been worked out; nothing if not, nan where it can't be."""
        return self._divergences.get((frame, setting.checked()), {})


def known_ring() -> Recording:
    """Known densities of the plane in place of a trained GAN: a ring p, and q = N(0, s² I) of many widths.

    G multiplies by s and D is the exact log p/q: each player has the one parameter s. Frames go from s = 1, which is
    too narrow, to 4, which is too wide; their step is 100 s.

    Example:
        >>> recording = known_ring()
        >>> propose, log_ratio = recording.proposal(4)
        >>> abs(float(log_ratio(propose(50_000)).exp().mean()) - 1) < 0.05  # E_q w = 1
        True
    """
    target = ring(std=0.3)
    every = {"init": lambda lead, _: torch.ones(*lead, 1), "n_parameters": 1, "in_dim": 2}

    def exact(s: Tensor, x: Tensor) -> Tensor:
        log_q = -(x / s.unsqueeze(-1)).square().sum(-1) / 2 - 2 * s.log() - math.log(2 * math.pi)
        return (target.log_prob(x) - log_q).unsqueeze(-1)

    generator = Network(lambda s, z: s.unsqueeze(-1) * z, out_dim=2, **every)
    settings = resolve(Game(target, generator, Network(exact, out_dim=1, **every), latent_dim=2), {})
    frames = []
    for step in range(100, 425, 25):
        players = {name: torch.full((1, 1), step / 100) for name in ("theta_d", "theta_g")}
        state = State(players, {}, {name: torch.full((1,), math.nan) for name in players}, step)
        alive, died_at = torch.ones(1, dtype=torch.bool), torch.full((1,), -1)
        frames.append(Frame(state, alive, died_at, torch.empty(0), settings))
    return Recording(None, frames)


def judged(pool: Pool, setting: Setting, seed: int) -> Seen:
    """All samplers on one pool.

    Args:
        pool: Of a frame.
        setting: What they are told, checked.
        seed: Of the coins.
    """
    fit, hold = slice(0, HELD_OUT), slice(HELD_OUT, 2 * HELD_OUT)
    scale = SCALES.get(setting.case, 1.0)
    fake = scale * pool.logits(pool.numbers(0)(2 * HELD_OUT))
    real = scale * pool.real
    mapped = _mapped(real[fit], fake[fit], setting)

    def log_ratio(numbers: Tensor) -> Tensor:
        return mapped(scale * pool.logits(numbers)[:, None])

    starts = mapped(real[2 * HELD_OUT :, None]) if setting.start == "real" else None
    plain = pool.numbers(2 * HELD_OUT)(OUTPUTS)
    drs = discriminator_rejection(
        pool.numbers(2 * HELD_OUT), log_ratio, OUTPUTS, generator=_coins(seed, 2),
        percentile=setting.percentile, pilot=PILOT, limit=LIMIT,
    )  # fmt: skip
    mh = _chains(pool.numbers(2 * HELD_OUT), log_ratio, setting, starts, seed)
    after = [mapped(logits[hold, None]) for logits in (real, fake)]
    top = max(float(part.max()) for part in after)
    sure = float((log_ratio(mh.x) >= top).double().mean()), float((after[0] >= top).double().mean())
    nothing, again = plain[:0], math.nan
    if setting.start == "real" and mh.moved is not None:
        again = float(log_ratio(mh.x[~mh.moved]).mean())
    outcomes = {
        "plain": _outcome(pool, plain, nothing, 1.0, 1.0),
        "drs": _outcome(
            pool, drs.x, drs.proposals[~drs.accepted], drs.acceptance_rate, drs.proposals_per_point
        ),
        "mh": _outcome(
            pool, mh.x, mh.proposals[:, -1][~mh.accepted[:, -1]], mh.acceptance_rate,
            mh.proposals_per_point, mh.never_moved, again,
        ),
    }  # fmt: skip
    return Seen(
        pool.step,
        pool.target,
        setting,
        outcomes,
        reliability(real[hold], fake[hold]),
        reliability(after[0], after[1]),
        sure,
    )


def _mapped(real: Tensor, fake: Tensor, setting: Setting) -> LogRatio:
    """The calibration, of logits (n, 1) -> (n,)."""
    kind: Any = setting.calibration
    mapped = calibrated(lambda logits: logits[:, 0], real[:, None], fake[:, None], kind)
    if setting.case != "unclipped":
        return mapped
    # between its ends an isotonic map has shares of points in it, which are nearer to 1/2 than the clip
    end = math.log(len(real) + len(fake) + 1) - 1e-6

    def unclipped(logits: Tensor) -> Tensor:
        clipped = mapped(logits)
        return torch.where(clipped.abs() < end, clipped, MOST * clipped.sign())

    return unclipped


def _chains(
    propose: Propose, log_ratio: LogRatio, setting: Setting, starts: Tensor | None, seed: int
) -> Draws:
    chains = metropolis_hastings(
        propose, log_ratio, OUTPUTS, generator=_coins(seed, 3), proposals=setting.proposals, start=starts,
        restart=setting.case != "old_proposals",
    )  # fmt: skip
    stuck = chains.x[:, 0].isnan()
    if not stuck.any():
        return chains
    n_stuck = int(stuck.sum())
    # what was refused is offered once more, and each chain begins at a fresh point of q
    offered = torch.cat([chains.proposals[stuck].flatten(0, 1), propose(n_stuck)])
    again = metropolis_hastings(
        _in_turn(offered), log_ratio, n_stuck, generator=_coins(seed, 4),
        proposals=setting.proposals,
    )  # fmt: skip
    x = chains.x.clone()
    x[stuck] = again.x
    return replace(chains, x=x, restarted=n_stuck)


def _outcome(
    pool: Pool, numbers: Tensor, refused: Tensor, acceptance: float, cost: float, *chains: float
) -> Outcome:
    x, target = pool.points(numbers), pool.target
    return Outcome(
        x.numpy(),
        pool.points(refused[:SHOWN]).numpy(),
        int(modes_covered(x, target)),
        float(high_quality_share(x, target)),
        float(jensen_shannon_modes(x, target)) if len(x) else math.nan,
        acceptance,
        cost,
        *chains,
    )


def _in_turn(points: Tensor) -> Propose:
    """A proposal that gives these points, from the first on."""
    begin = 0

    def propose(n: int) -> Tensor:
        nonlocal begin
        begin += n
        return points[begin - n : begin]

    return propose


def _coins(seed: int, which: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed + which)
