"""What a run has been doing: the verdict in words, and the curves of the charts."""

from __future__ import annotations

import weakref
from collections.abc import Sequence

import numpy as np
import torch

from gan_edu.metrics.metric import METRICS
from gan_edu.metrics.modes import high_quality_share, mode_shares
from gan_edu.metrics.verdict import Verdict, verdict
from gan_edu.recording import Recording
from gan_edu.training import Frame
from gan_edu.views.densities import densities, said_of
from gan_edu.views.look import look_at

VERDICT_FRAMES = 15
JUDGED = 500
"""Samples that a verdict and a point of a chart rest on."""


def judge(recording: Recording, index: int = -1, run: int = 0, *, every: int = 50) -> Verdict:
    """What one run has been doing lately, in words; see `gan_edu.metrics.verdict.verdict`.

    Args:
        recording: With the frames up to `index`.
        index: The frame that is looked at.
        run: Which run of the population.
        every: Least number of steps between two frames of the window, so that a window says the same whether
            frames are close or far apart.

    Raises:
        ValueError: If there is no such run.
    """
    last = range(len(recording))[index]
    chosen = _window(recording, last, every)
    frames = [recording[i] for i in chosen]
    game = look_at(frames[-1], run).game
    thetas = torch.stack([frame.players["theta_g"][run] for frame in frames]).cpu()
    z = game.draw_latent((JUDGED,), torch.Generator().manual_seed(0))
    with torch.no_grad():
        x = game.generator(thetas, z.expand(len(frames), *z.shape))
    target, newest = game.target, frames[-1]
    died_at = int(newest.died_at[run])
    return verdict(
        mode_shares(x, target).numpy(),
        float(high_quality_share(x[-1], target)),
        mode_weights=target.mode_weights.numpy(),
        labels=target.labels,
        alive=bool(newest.alive[run]),
        died_at=died_at if died_at >= 0 else None,
    )


def sentence(recording: Recording, index: int = -1, run: int = 0) -> str:
    """What is seen, in words: the verdict, and on a line first what D knows and what G is told.

    Args:
        recording: With the frames up to `index`.
        index: The frame that is looked at.
        run: Which run of the population.

    Raises:
        ValueError: If there is no such run.
    """
    seen = judge(recording, index, run)
    frame = recording[index]
    if frame.settings.game.target.dim != 1 or seen.kind == "diverged":
        return seen.sentence
    words = said_of(frame, run)
    more = frame.settings.game.target.n_modes > 1 and seen.kind != "starting"
    return f"{words} · {seen.sentence}" if more else words


def _window(recording: Recording, last: int, every: int) -> list[int]:
    """Up to VERDICT_FRAMES indices of one target, `every` steps or more apart, ending in `last`."""
    target = recording[last].settings.game.target
    chosen = [last]
    for i in range(last - 1, -1, -1):
        if recording[i].settings.game.target is not target or len(chosen) == VERDICT_FRAMES:
            break
        if recording[chosen[-1]].step - recording[i].step >= every:
            chosen.append(i)
    return chosen[::-1]


CURVES = ("modes_covered", "basins", "high_quality_share")
MOST_FRAMES = 250
Cache = dict[int, tuple["weakref.ref[Frame]", dict[str, float]]]


def metrics_over_time(
    recording: Recording, run: int = 0, *, most: int = MOST_FRAMES, cache: Cache | None = None
) -> dict[str, np.ndarray]:
    """What the charts show of one run: `step`, both losses, and the metrics of `CURVES`, (T,) each.

    On a line also `criterion` C(G) and `value` V(D, G), by quadrature, and `batch_value`: V on the batch that D
    learned from, which is minus its loss.

    Args:
        recording: Its frames.
        run: Which run of the population.
        most: About how many frames to look at, evenly spread; the last one is among them.
        cache: A dict that is kept between two calls: frames that are known are not judged again.

    Raises:
        ValueError: If there is no such run.

    Example:
        >>> from gan_edu.data.ring import ring
        >>> from gan_edu.games.gan import gan
        >>> from gan_edu.recording import record
        >>> arrays = metrics_over_time(record(gan(ring(), width=8), steps=30, progress=False))
        >>> arrays["step"].tolist(), sorted(arrays) == sorted(
        ...     ["step", "discriminator_loss", "generator_loss", "modes_covered", "basins", "high_quality_share"])
        ([0, 10, 20, 30], True)
    """
    frames = recording.frames
    stride = 1
    while (
        len(frames) > 2 * stride * most
    ):  # doubling, so that the frames of one stride are among those of the last
        stride *= 2
    chosen = [*frames[:-1:stride], frames[-1]]
    known: Cache = {} if cache is None else cache
    new = [frame for frame in chosen if id(frame) not in known or known[id(frame)][0]() is not frame]
    while new:  # frames of one game go through its generator together
        game = new[0].settings.game
        count = next(
            (i for i, frame in enumerate(new[:32]) if frame.settings.game is not game), len(new[:32])
        )
        part, new = new[:count], new[count:]
        for frame, values in zip(part, _judged(part, run), strict=True):
            known[id(frame)] = (weakref.ref(frame), values)
    values = [known[id(frame)][1] for frame in chosen]
    for key in [key for key, (reference, _) in known.items() if reference() is None]:
        del known[key]
    return {name: np.array([value[name] for value in values]) for name in values[0]}


def _judged(frames: Sequence[Frame], run: int) -> list[dict[str, float]]:
    game = look_at(frames[0], run).game
    thetas = torch.stack([frame.players["theta_g"][run] for frame in frames]).cpu()
    z = game.draw_latent((JUDGED,), torch.Generator().manual_seed(0))
    with torch.no_grad():
        x = game.generator(thetas, z.expand(len(frames), *z.shape))
    scores = {name: METRICS[name](x, game.target).tolist() for name in CURVES}
    losses = {
        f"{who}_loss": [float(frame.state.losses[player][run]) for frame in frames]
        for who, player in (("discriminator", "theta_d"), ("generator", "theta_g"))
    }
    columns = {"step": [frame.step for frame in frames], **losses, **scores}
    if game.target.dim == 1:
        seen = [densities(frame, run) for frame in frames]
        columns |= {name: [getattr(one, name) for one in seen] for name in ("criterion", "value")}
        columns["batch_value"] = [-loss for loss in losses["discriminator_loss"]]
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
