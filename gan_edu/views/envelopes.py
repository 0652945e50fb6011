"""Three envelopes side by side, dart by dart: what an envelope that is too small or too large does, as scenes."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from gan_edu.scenes import Curve, Scene
from gan_edu.views.sampling import Darts, pair, throw

FACTORS = (1 / 3, 1.0, 2.5)
"""Of the least M that is right: too small, right, too large."""
APART = 14.0
"""From the middle of one to that of the next."""
HIGH, LOW = 1.95, -0.8
CELLS = 32
"""Of the histograms."""
SHOWN = 1024
"""Darts at the end."""
FASTER = 12
"""Each scene has one dart more, or a twelfth more."""


def envelopes(words: Sequence[str], *, caption: str = "", seed: int = 0) -> list[Scene]:
    """Rejection with three envelopes M q: darts above, and hanging below them the histogram of those accepted.

    Real points of the scene are the accepted darts, generated ones those refused, and the optimum's curve the
    histogram; a player has to say so.

    Args:
        words: What is written over each; {accepted} per cent are filled in.
        caption: Of every scene; {step} is the number of darts.
        seed: Of proposals and coins.

    Returns:
        Scenes, from none to a thousand darts, for the player.

    Example:
        >>> scenes = envelopes(("small", "right", "large"))
        >>> scenes[0].step, scenes[-1].step, len(scenes[-1].curves)
        (0, 1024, 12)
    """
    known = pair("two_bells")
    thrown = [throw("two_bells", known.log_bound + math.log(factor), seed) for factor in FACTORS]
    moments = [0]
    while moments[-1] < SHOWN:
        moments.append(min(SHOWN, moments[-1] + max(1, moments[-1] // FASTER)))
    return [_scene(thrown, step, words, caption) for step in moments]


def _scene(thrown: Sequence[Darts], step: int, words: Sequence[str], caption: str) -> Scene:
    known = thrown[0].pair
    accepted, refused, curves, notes = [], [], [], []
    for column, (darts, title) in enumerate(zip(thrown, words, strict=True)):
        middle = APART * (column - 1)
        places = np.column_stack([darts.x + middle, darts.height])[:step]
        inside = np.abs(darts.x[:step]) <= known.high  # beyond lies the next column
        kept = darts.accepted[:step]
        accepted.append(places[inside & kept])
        refused.append(places[inside & ~kept])
        x = np.linspace(known.low, known.high, 241)
        p, q = (np.interp(x, known.x, values) for values in (known.p, known.q))
        envelope = math.exp(darts.log_bound) * q
        drawn = [("real", p), ("fake", envelope), ("real", -p)]
        curves += [Curve(np.column_stack([x + middle, height]), role) for role, height in drawn]
        curves.append(Curve(_histogram(darts.out(step), known.low, known.high, middle), "optimum"))
        share = f"{100 * kept.mean():.0f}" if step else "–"
        notes.append((known.low + middle, HIGH - 0.12, title.format(accepted=share)))
    edge = APART + known.high + 0.5
    return Scene(
        extent=(-edge, edge, LOW, HIGH),
        step=step,
        caption=caption.format(step=step),
        data=np.concatenate(accepted),
        samples=np.concatenate(refused),
        curves=tuple(curves),
        notes=tuple(notes),
    )


def _histogram(x: np.ndarray, low: float, high: float, middle: float) -> np.ndarray:
    """A staircase that hangs, drawn around another middle: (2 cells + 2, 2)."""
    counts, edges = np.histogram(x, CELLS, (low, high))
    heights = counts / (max(len(x), 1) * (edges[1] - edges[0]))
    hang = np.concatenate([[0.0], np.repeat(-heights, 2), [0.0]])
    return np.column_stack([np.repeat(edges, 2) + middle, hang])
