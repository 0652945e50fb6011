"""Three samplers on one trained GAN as a drawing: what came out and what was refused, and how good that is.

The three panels have the same axes. Below them: the divergence over training, and what D's probabilities are worth.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from gan_edu.figures.drawing import WIDTH, Drawing, Panel, drawing, number
from gan_edu.figures.palette import Theme
from gan_edu.figures.picture import look
from gan_edu.views.trained_sampling import OUTPUTS, SAMPLERS, Outcome, Seen

if TYPE_CHECKING:
    from gan_edu.samplers.calibration import Reliability

HEIGHT = 672
SIDE, BETWEEN, TOP = 246, 29, 46
ROW = 21
COURSE = (64, 470, 376, 150)
"""Left, top, width and height of the divergence over training."""
WORTH = (528, 470, 150, 150)
"""Of the reliability."""
DASHES = {"plain": "2 4", "drs": "8 4", "mh": ""}
MARKS = {"plain": "┄", "drs": "╍", "mh": "━"}
LOWEST = 1e-3
"""Divergence at the lower end of its scale."""

TEXTS = {
    "plain": "G alone",
    "drs": "DRS",
    "mh": "MH-GAN, K = {k}",
    "out": "came out",
    "refused": "refused",
    "mode": "mode of p",
    "modes": "modes covered",
    "of": "{count} of {total}",
    "high_quality": "high quality",
    "divergence": "JSD (nats)",
    "acceptance": "acceptance",
    "cost": "proposals an output",
    "few": "only {count} of {wanted} came out",
    "course": "JSD over training",
    "perfect": "perfect",
    "steps": "step",
    "busy": "{done} of {all} moments",
    "reliability": "is D what it says?",
    "said": "D says",
    "came": "is real",
    "before": "as it is",
    "after": "{kind}",
    "isotonic": "isotonic",
    "isotonic_laplace": "Laplace",
    "platt": "Platt",
    "beta": "beta",
    "brier": "Brier",
    "z": "Z",
    "ratio": "mean w",
    "alt": "Step {step}. {told}. Reliability: Brier {before}, calibrated {after}.",
    "alt_one": "{name}: {modes} of {total} modes, high quality {quality}, JSD {divergence}, acceptance {acceptance}, "
    "{cost} proposals an output",
}
"""The English words of the drawing."""

KNOWN = {**TEXTS, "plain": "q alone", "course": "JSD by width", "steps": "100 s, the width of q"}
"""Where q is a Gaussian of width s and no GAN."""

Course = Sequence[tuple[int, Mapping[str, float]]]
"""(step, divergence by sampler) of the moments that are charted; without values where they are still to come."""


def trained_sampling_figure(
    seen: Seen, course: Course = (), *, theme: str = "light", texts: Mapping[str, str] = TEXTS
) -> Drawing:
    """G alone, DRS and MH-GAN side by side, their divergence over training, and D's reliability.

    Args:
        seen: from `gan_edu.views.trained_sampling.TrainedSamplers.at`.
        course: divergences over training, in order of steps.
        theme: "light" or "dark".
        texts: words.

    Returns:
        The drawing.

    Raises:
        ValueError: if the theme is unknown.

    Example:
        >>> from gan_edu.data.ring import ring
        >>> from gan_edu.games.gan import gan
        >>> from gan_edu.recording import record
        >>> from gan_edu.views.trained_sampling import Setting, TrainedSamplers
        >>> samplers = TrainedSamplers(record(gan(ring(), width=8), steps=10, progress=False))
        >>> trained_sampling_figure(samplers.at(0, Setting(proposals=5))).alt[:25]
        'Step 0. G alone: 0 of 8 m'
    """
    colours = look(theme)
    panels = [_stage(seen, k, name, colours, texts) for k, name in enumerate(SAMPLERS)]
    parts = [*panels, _numbers(seen, colours, texts), _course(seen, course, colours, texts)]
    parts.append(_reliability(seen, colours, texts))
    return drawing(parts, _describe(seen, texts), HEIGHT, colours)


def ink(theme: Theme, name: str) -> str:
    """The colour of a sampler."""
    return {"plain": theme.fake, "drs": theme.generators[3], "mh": theme.generators[2]}[name]


def _name(seen: Seen, name: str, texts: Mapping[str, str]) -> str:
    return texts[name].format(k=seen.setting.proposals)


def _left(k: int) -> float:
    return 2 + k * (SIDE + BETWEEN)


def _stage(seen: Seen, k: int, name: str, theme: Theme, texts: Mapping[str, str]) -> Panel:
    """What came out of one sampler, and some of what it refused."""
    x_min, x_max, y_min, y_max = seen.target.extent
    panel = Panel((_left(k), TOP, SIDE, SIDE), (x_min, x_max), (y_min, y_max), theme)
    panel.frame("", (), {})
    outcome, colour = seen.outcomes[name], ink(theme, name)
    panel.text(_left(k), 17, _name(seen, name, texts), colour, weight=700)
    panel.text(_left(k), 36, f"● {texts['out']}", colour)
    if name == "plain":
        panel.text(_left(k) + SIDE, 36, f"□ {texts['mode']}", theme.real, "end")
    else:
        panel.text(_left(k) + SIDE, 36, f"× {texts['refused']}", theme.muted, "end")
    if len(outcome.x) < OUTPUTS:
        few = texts["few"].format(count=len(outcome.x), wanted=OUTPUTS)
        panel.text(_left(k) + SIDE, 17, f"! {few}", theme.ink, "end", 700)
    centres = [
        seen.target.components[seen.target.modes == m].mean(0).tolist() for m in range(seen.target.n_modes)
    ]
    half = 5.5
    marks = "".join(
        f"M{panel.x(x) - half:.1f},{panel.y(y) - half:.1f}h{2 * half}v{2 * half}h{-2 * half}z"
        for x, y in centres
    )
    panel.marks.append(f'<path d="{marks}" stroke="{theme.real}" stroke-width="1.3" fill="none"/>')
    r = 2.3
    crosses = "".join(
        f"M{panel.x(x) - r:.1f},{panel.y(y) - r:.1f}l{2 * r},{2 * r}m0,{-2 * r}l{-2 * r},{2 * r}"
        for x, y in _inside(panel, outcome.refused)
    )
    panel.marks.append(f'<path d="{crosses}" stroke="{theme.muted}" stroke-width="0.9" fill="none"/>')
    dots = "".join(f"M{panel.x(x)},{panel.y(y)}h0" for x, y in _inside(panel, outcome.x))
    panel.marks.append(f'<path d="{dots}" stroke="{colour}" stroke-width="3.2" stroke-linecap="round"/>')
    return panel


def _inside(panel: Panel, x: np.ndarray) -> np.ndarray:
    (left, right), (low, high) = panel.x_range, panel.y_range
    return x[(x[:, 0] > left) & (x[:, 0] < right) & (x[:, 1] > low) & (x[:, 1] < high)]


def _numbers(seen: Seen, theme: Theme, texts: Mapping[str, str]) -> Panel:
    """A line for each yardstick, below each sampler."""
    panel = Panel((0, TOP + SIDE, WIDTH, 0), (0, 1), (0, 1), theme)
    for k, name in enumerate(SAMPLERS):
        for row, (yardstick, value) in enumerate(_told(seen, seen.outcomes[name], texts).items()):
            y = TOP + SIDE + 22 + ROW * row
            weight = 700 if yardstick == "divergence" else 400
            panel.text(_left(k), y, texts[yardstick], theme.ink, weight=weight)
            panel.text(_left(k) + SIDE, y, value, ink(theme, name), "end", weight=700)
    return panel


def _told(seen: Seen, outcome: Outcome, texts: Mapping[str, str]) -> dict[str, str]:
    return {
        "modes": texts["of"].format(count=outcome.modes, total=seen.target.n_modes),
        "high_quality": _share(outcome.high_quality),
        "divergence": "–" if math.isnan(outcome.divergence) else f"{outcome.divergence:.4f}",
        "acceptance": _share(outcome.acceptance),
        "cost": f"{outcome.cost:,.0f}" if outcome.cost >= 10 else f"{outcome.cost:.1f}",
    }


def _course(seen: Seen, course: Course, theme: Theme, texts: Mapping[str, str]) -> Panel:
    """The divergence over training, on a scale of powers of ten."""
    steps = [step for step, _ in course] or [seen.step]
    first, last = min(steps[0], seen.step), max(steps[-1], seen.step)
    panel = Panel(COURSE, (first, max(last, first + 1)), (_height(0), _height(math.log(2))), theme)
    panel.frame("", (), {-3: "0.001", -2: "0.01", -1: "0.1", _height(math.log(2)): "log 2"})
    left, top, width, height = COURSE
    panel.text(left - 54, top - 12, texts["course"], weight=600)
    x = left + 102
    for name in SAMPLERS:
        words = f"{MARKS[name]} {texts[name].split(',')[0]}"
        panel.text(x, top - 12, words, ink(theme, name), weight=600)
        x += 8.0 * len(words) + 12
    panel.line(panel.x_range, [_height(seen.perfect)] * 2, theme.muted, 1.4, "1 3")
    panel.text(
        left + width - 4,
        panel.y(_height(seen.perfect)) - 5,
        texts["perfect"],
        theme.muted,
        "end",
    )
    known = [(step, values) for step, values in course if values]
    for name in SAMPLERS:
        heights = [_height(values[name]) for _, values in known]
        panel.line([step for step, _ in known], heights, ink(theme, name), 2.4, DASHES[name])
    panel.marks.append(
        f'<path d="M{panel.x(seen.step)},{top}v{height}" stroke="{theme.ink}" stroke-width="1.4"/>'
    )
    for name in SAMPLERS:
        value = _height(seen.outcomes[name].divergence)
        if math.isfinite(value):
            panel.dot(seen.step, value, ink(theme, name))
    for step, anchor in ((first, "start"), (last, "end")):
        panel.text(panel.x(step), top + height + 18, f"{step:,}", anchor=anchor)
    words = texts["steps"]
    if len(known) < len(course):
        words += " · " + texts["busy"].format(done=len(known), all=len(course))
    panel.text(left + width / 2, top + height + 18, words, anchor="middle")
    return panel


def _height(divergence: float) -> float:
    return math.log10(min(max(divergence, LOWEST), math.log(2))) if math.isfinite(divergence) else math.nan


def _reliability(seen: Seen, theme: Theme, texts: Mapping[str, str]) -> Panel:
    """What D says against what comes, before calibration and after."""
    left, top, width, height = WORTH
    panel = Panel(WORTH, (0, 1), (0, 1), theme)
    panel.frame("", (), {0: "0", 1: "1"})
    panel.text(left - 18, top - 12, texts["reliability"], weight=600)
    panel.line((0, 1), (0, 1), theme.muted, 1.4, "1 3")
    calibrated = seen.setting.calibration != "none"
    curves = [(seen.before, theme.ink, "4 3", "◇")]
    if calibrated:
        curves.append((seen.after, theme.real, "", "●"))
    for known, colour, dash, mark in curves:
        panel.line(known.said, known.came, colour, 2.0, dash)
        for said, came in zip(known.said, known.came, strict=True):
            _mark(panel, said, came, colour, hollow=mark == "◇")
    for x, words, anchor in ((0, "0", "middle"), (1, "1", "middle"), (0.5, texts["said"], "middle")):
        panel.text(panel.x(x), top + height + 18, words, anchor=anchor)
    panel.text(left - 8, top + height / 2 + 5, texts["came"], anchor="end")
    # numbers beside it
    x, right = left + width + 12, WIDTH
    y = top + 10
    for known, colour, _, mark in curves:
        name = texts["before"] if mark == "◇" else texts[seen.setting.calibration]
        panel.text(x, y, f"{mark} {name}", colour, weight=600)
        for row, (words, value) in enumerate(_worth(known, texts)):
            panel.text(x, y + 18 * (row + 1), words)
            panel.text(right, y + 18 * (row + 1), value, colour, "end")
        y += 80
    return panel


def _worth(known: Reliability, texts: Mapping[str, str]) -> Iterable[tuple[str, str]]:
    yield texts["brier"], f"{known.brier:.3f}"
    yield texts["z"], number(known.z, 1)
    yield texts["ratio"], f"{known.mean_ratio:.3g}"


def _mark(panel: Panel, x: float, y: float, colour: str, hollow: bool) -> None:
    cx, cy, r = panel.x(x), panel.y(y), 4
    if hollow:
        shape = f"M{cx - r},{cy}L{cx},{cy - r}L{cx + r},{cy}L{cx},{cy + r}Z"
        panel.marks.append(
            f'<path d="{shape}" fill="{panel.theme.background}" stroke="{colour}" stroke-width="1.5"/>'
        )
    else:
        panel.marks.append(f'<circle cx="{cx}" cy="{cy}" r="{r - 0.5}" fill="{colour}"/>')


def _share(value: float) -> str:
    if math.isnan(value):
        return "–"
    return f"{100 * value:.1f} %" if value >= 0.001 or not value else f"{100 * value:.0e} %".replace("-", "−")


def _describe(seen: Seen, texts: Mapping[str, str]) -> str:
    told = []
    for name in SAMPLERS:
        values = _told(seen, seen.outcomes[name], texts)
        told.append(
            texts["alt_one"].format(
                name=_name(seen, name, texts), modes=seen.outcomes[name].modes, total=seen.target.n_modes,
                quality=values["high_quality"], divergence=values["divergence"], acceptance=values["acceptance"],
                cost=values["cost"],
            )
        )  # fmt: skip
    return texts["alt"].format(
        step=f"{seen.step:,}",
        told=". ".join(told),
        before=f"{seen.before.brier:.3f}",
        after=f"{seen.after.brier:.3f}",
    )
