"""The verdict: what a run's samples have been doing lately, in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

Kind = Literal["starting", "diverged", "covered", "blurry", "rotating", "collapsed", "spreading", "dropping"]

# What people read, in one place.
TEXTS: dict[str, str] = {
    "starting": "starting",
    "diverged": "diverged",
    "diverged_at": "diverged at step {step}",
    "covered": "{all}, sharp",
    "blurry": "{all}, blurry: {quality:.0%} of the samples are of high quality",
    "rotating": "rotating: the samples sit on {sits} and moved {moves} times in the last {frames} frames",
    "collapsed": "collapsed: {of}",
    "spreading": "spreading: {of}, up from {before}",
    "dropping": "dropping modes: {of}",
    "missing": "; {missing} missing",
    "all": "all {total} modes",
    "only": "the only mode",
    "of": "{covered} of {total} modes",
    "one": "1 mode",
    "many": "{covered} modes",
}

FAIR_SHARE = (
    0.2  # as `gan_edu.metrics.modes.basins`: the part of its fair share that a mode needs to be covered
)
SHARP = 0.5  # high-quality share from which samples count as sharp
MOVED = 0.5  # share of the samples that has changed its mode: then the run as a whole has moved
MOVES = 3  # so many moves in the window are a rotation; settling down after the start takes one or two
FRAMES = 5  # fewer frames than this say nothing about what the run does
MOST_NAMED = 4  # missing modes are named up to this many


@dataclass(frozen=True)
class Verdict:
    """What is seen.

    Args:
        kind: One word, for colours and tests.
        sentence: For people.
        covered: Modes that hold enough samples in the last frame.
        moves: How often the samples have moved to other modes within the window.
    """

    kind: Kind
    sentence: str
    covered: int = 0
    moves: int = 0


def verdict(
    mode_shares: ArrayLike,
    high_quality_share: float,
    *,
    mode_weights: ArrayLike | None = None,
    labels: Sequence[str] = (),
    alive: bool = True,
    died_at: int | None = None,
) -> Verdict:
    """Say what one run is doing, from its last frames.

    In this order: `diverged` when it is not alive; `starting` with fewer than 5 frames. Then let a mode be
    covered when it holds at least 0.2 of its fair share of the samples. All covered: `covered` when at least
    half of the samples are of high quality, else `blurry`. Some not: `rotating` when at most half of the
    modes are covered and the samples have moved at least 3 times in the window; a move is a total variation
    distance of the mode shares above 0.5 since the last move. `spreading` when more modes are covered than at
    the window's start; `collapsed` at half of the modes or fewer; else `dropping`.

    Args:
        mode_shares: (T, M) share of all samples per nearest mode, oldest frame first, as from
            `modes.mode_shares`. A window of 10 to 30 frames is good.
        high_quality_share: Of the last frame; see `modes.high_quality_share`.
        mode_weights: (M,) what the shares should be; equal when left out.
        labels: Names of the modes, to say which are missing.
        alive: Whether all numbers of the run are finite.
        died_at: The step at which it diverged.

    Raises:
        ValueError: If the shapes don't fit each other.

    Example:
        >>> shares = np.zeros((15, 8))
        >>> shares[:, [2, 5]] = 0.5
        >>> verdict(shares, 0.9).sentence
        'collapsed: 2 of 8 modes'
        >>> verdict(np.eye(8)[np.arange(15) % 8], 0.3).kind
        'rotating'
    """
    shares = np.nan_to_num(np.asarray(mode_shares, dtype=np.float64))
    if shares.ndim != 2 or shares.shape[1] == 0:
        raise ValueError(f"mode_shares must have shape (frames, modes); got {np.shape(mode_shares)}")
    frames, total = shares.shape
    weights = (
        np.full(total, 1 / total) if mode_weights is None else np.asarray(mode_weights, dtype=np.float64)
    )
    if weights.shape != (total,) or len(labels) not in (0, total):
        sizes = f"{weights.shape} and {len(labels)}"
        raise ValueError(
            f"mode_weights and labels must have one entry for each of {total} modes; got {sizes}"
        )
    if not alive:
        template = "diverged" if died_at is None else "diverged_at"
        return Verdict("diverged", TEXTS[template].format(step=died_at))
    if frames < FRAMES:
        return Verdict("starting", TEXTS["starting"])

    held = shares >= FAIR_SHARE * weights - 1e-6  # (T, M); the leeway is for float32 shares
    covered, before, moves = int(held[-1].sum()), int(held[0].sum()), _moves(shares)
    words: dict[str, int | float | str] = {
        "total": total,
        "covered": covered,
        "before": before,
        "moves": moves,
        "frames": frames,
    }
    words["all"] = TEXTS["only" if total == 1 else "all"].format(**words)
    words["of"] = TEXTS["of"].format(**words)
    words["sits"] = TEXTS["one" if covered == 1 else "many"].format(**words)
    words["quality"] = high_quality_share
    kind: Kind
    if covered == total:
        kind = "covered" if high_quality_share >= SHARP else "blurry"
    elif covered <= total / 2 and moves >= MOVES:
        kind = "rotating"
    elif covered > before:
        kind = "spreading"
    else:
        kind = "collapsed" if covered <= total / 2 else "dropping"
    sentence = TEXTS[kind].format(**words)
    missing = [label for label, there in zip(labels, held[-1], strict=False) if not there]
    if kind in ("collapsed", "dropping") and 0 < len(missing) <= MOST_NAMED:
        sentence += TEXTS["missing"].format(missing=", ".join(missing))
    return Verdict(kind, sentence, covered, moves)


def _moves(shares: np.ndarray) -> int:
    """How often more than MOVED of the samples have changed their mode since the last time that they had."""
    moves, anchor = 0, shares[0]
    for now in shares[1:]:
        if np.abs(now - anchor).sum() / 2 > MOVED:
            moves, anchor = moves + 1, now
    return moves
