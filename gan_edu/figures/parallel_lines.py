"""Two parallel lines on paper and on the screen: one drawing, made of text, that a browser shows as it is.

All panels on the left share their horizontal axis: what is at x for the points and the landscapes is theta for the
distances, so the generator's line runs through all of them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gan_edu.figures.drawing import Drawing, Panel, drawing, number
from gan_edu.figures.palette import Theme
from gan_edu.figures.picture import look
from gan_edu.views.parallel_lines import LOSSES, REACH, ParallelLines

HEIGHT = 566
LEFT, ACROSS = 58, 452
"""Where the panels on the left begin, and how wide they are; the browser turns pixels into theta with them."""
RIGHT, BESIDE = 576, 212
ROWS = {"lines": (28, 72), "discriminator": (130, 76), "critic": (238, 76), "distances": (346, 172)}
"""Top and height of each panel."""
COLOURS = {"minimax": 7, "non_saturating": 3, "likelihood": 5, "wasserstein": 2}
"""Of the palette's generator colours, by loss."""
DISTANCES = {"jensen_shannon": "minimax", "kullback_leibler": "likelihood", "earth_mover": "wasserstein"}
"""The loss whose colour a distance has."""
DASHES = {"minimax": "", "non_saturating": "2 4", "likelihood": "9 3 2 3", "wasserstein": "7 4"}
HIGHEST = 1.6
"""Of the distances that are drawn; KL goes on for ever."""
LEAST_STEPS = 40
UNIT, LONGEST = 0.3, 0.75
"""Length of the arrow for a push of 1, and of the longest arrow, in units of x."""

TEXTS = {
    "lines": "what D sees",
    "discriminator": "the best discriminator D*(x)",
    "anything": "off the lines, anything will do",
    "critic": "the best critic f*(x), slope 1",
    "distances": "distances for every θ",
    "now": "distances now",
    "jensen_shannon": "JSD",
    "kullback_leibler": "KL",
    "earth_mover": "W",
    "data": "data",
    "generator": "generator",
    "theta": "x, and place θ of the generator’s line",
    "steps": "θ after each step",
    "push": "push on θ = −slope",
    "minimax": "minimax, log(1−D)",
    "non_saturating": "−log D",
    "likelihood": "likelihood, KL",
    "wasserstein": "critic, W",
    "log_2": "log 2",
    "alt": "Generator’s line at θ = {theta}, noise {noise}. JSD {jensen_shannon}, KL {kullback_leibler}, "
    "W {earth_mover}. Push: {pushes}",
}
"""The English words of the drawing."""


@dataclass(frozen=True)
class Walk:
    """Where theta has been under one loss.

    Args:
        path: theta after every step, from step 0 on.
        loss: one of `gan_edu.views.parallel_lines.LOSSES`.
    """

    path: Sequence[float]
    loss: str


def parallel_lines_figure(
    seen: ParallelLines,
    walks: Sequence[Walk] = (),
    *,
    loss: str = "minimax",
    theme: str = "light",
    texts: Mapping[str, str] = TEXTS,
) -> Drawing:
    """The two lines, both landscapes, three distances, and how far theta has walked.

    Args:
        seen: from `gan_edu.views.parallel_lines.parallel_lines`.
        walks: of theta, the newest last.
        loss: the one that is chosen, whose numbers are in bold.
        theme: "light" or "dark".
        texts: words.

    Returns:
        The drawing.

    Raises:
        ValueError: if the loss or the theme is unknown.

    Example:
        >>> from gan_edu.views.parallel_lines import parallel_lines
        >>> parallel_lines_figure(parallel_lines(1.0)).alt[:76]
        'Generator’s line at θ = 1.00, noise 0. JSD 0.693, KL ∞, W 1.000. Push: minim'
    """
    if loss not in LOSSES:
        raise ValueError(f"loss must be one of {', '.join(LOSSES)}; got {loss!r}")
    colours = look(theme)
    inks = {name: colours.generators[index] for name, index in COLOURS.items()}
    parts = [
        _points(seen, colours, texts),
        _discriminator(seen, colours, inks, texts),
        _critic(seen, colours, inks, texts),
        _distances(seen, colours, inks, texts),
        _walks(walks, colours, inks, texts),
        _numbers(seen, loss, colours, inks, texts),
    ]
    return drawing(parts, _describe(seen, texts), HEIGHT, colours)


def _arrow(panel: Panel, x: float, y: float, push: float, colour: str) -> None:
    """An arrow from (x, y pixels) to the left or right; a dot for no push."""
    length = math.copysign(min(abs(push) * UNIT, LONGEST), push) if push else 0.0
    start, end = panel.x(x), panel.x(x + length)
    if abs(end - start) < 2:
        panel.marks.append(
            f'<circle cx="{start}" cy="{y}" r="4" fill="none" stroke="{colour}" stroke-width="2"/>'
        )
        return
    back = math.copysign(9, start - end)
    panel.marks.append(
        f'<path d="M{start},{y}H{end}M{end + back},{y - 5}L{end},{y}L{end + back},{y + 5}" fill="none" '
        f'stroke="{colour}" stroke-width="3"/>'
    )


def _row(name: str, y_range: tuple[float, float], theme: Theme) -> Panel:
    top, height = ROWS[name]
    return Panel((LEFT, top, ACROSS, height), (-REACH, REACH), y_range, theme)


def _stand(panel: Panel, theta: float) -> None:
    """Where both lines are, through the panel."""
    _, top, _, height = panel.box
    for x, colour, dash in ((0.0, panel.theme.real, "2 3"), (theta, panel.theme.fake, "")):
        if abs(x) <= REACH:
            panel.marks.append(
                f'<path d="M{panel.x(x)},{top}v{height}" stroke="{colour}" stroke-width="2" '
                f'stroke-dasharray="{dash}"/>'
            )


TICKS = (-1.5, -1.0, -0.5, 0.0, 0.5, 1.0, 1.5)


def _points(seen: ParallelLines, theme: Theme, texts: Mapping[str, str]) -> Panel:
    panel = _row("lines", (-0.6, 1.6), theme)
    panel.frame(texts["lines"], TICKS, {})
    for points, colour, filled in ((seen.real, theme.real, False), (seen.fake, theme.fake, True)):
        for x, y in points:
            if abs(x) > REACH or not -0.6 <= y <= 1.6:
                continue
            place = f'cx="{panel.x(x)}" cy="{panel.y(y)}" r="3" fill="{colour}"'
            square = (
                f'x="{panel.x(x) - 3}" y="{panel.y(y) - 3}" width="6" height="6" fill="none" stroke="{colour}" '
                'stroke-width="1.6"'
            )
            panel.marks.append(f"<circle {place}/>" if filled else f"<rect {square}/>")
    _, top, width, _ = panel.box
    panel.text(LEFT + width - 112, top - 8, "■ " + texts["data"], theme.real, "end", 600)
    panel.text(LEFT + width, top - 8, "● " + texts["generator"], theme.fake, "end", 600)
    return panel


def _discriminator(
    seen: ParallelLines, theme: Theme, inks: Mapping[str, str], texts: Mapping[str, str]
) -> Panel:
    panel = _row("discriminator", (-0.08, 1.08), theme)
    panel.frame(texts["discriminator"], TICKS, {0.0: "0", 0.5: "½", 1.0: "1"})
    _stand(panel, seen.theta)
    if seen.noise:
        panel.line(seen.x, seen.prob_real, theme.ink)
    else:
        panel.line(seen.x, seen.prob_real, theme.muted, 1.6, "5 4")
        _, top, _, height = panel.box
        panel.text(LEFT + ACROSS, top - 8, texts["anything"], theme.muted, "end")
        for x, y in ((0.0, seen.prob_real[seen.x == 0][0]), (seen.theta, 1 - seen.prob_real[seen.x == 0][0])):
            if abs(x) <= REACH:
                panel.dot(x, y, theme.ink)
    if abs(seen.theta) <= REACH:
        _, top, _, height = panel.box
        _arrow(panel, seen.theta, top + height * 0.36, _push(seen, "non_saturating"), inks["non_saturating"])
        _arrow(panel, seen.theta, top + height * 0.64, _push(seen, "minimax"), inks["minimax"])
    return panel


def _critic(seen: ParallelLines, theme: Theme, inks: Mapping[str, str], texts: Mapping[str, str]) -> Panel:
    panel = _row("critic", (-2.4, 2.4), theme)
    panel.frame(texts["critic"], TICKS, {-2.0: "−2", 0.0: "0", 2.0: "2"})
    _stand(panel, seen.theta)
    panel.line(seen.x, seen.critic, theme.ink)
    if abs(seen.theta) <= REACH:
        _, top, _, height = panel.box
        _arrow(panel, seen.theta, top + height / 2, _push(seen, "wasserstein"), inks["wasserstein"])
    return panel


def _distances(seen: ParallelLines, theme: Theme, inks: Mapping[str, str], texts: Mapping[str, str]) -> Panel:
    panel = _row("distances", (0.0, HIGHEST), theme)
    panel.frame(
        texts["distances"], TICKS, {0.0: "0", math.log(2): texts["log_2"], 1.0: "1", 1.5: "1.5"}, numbers=True
    )
    _stand(panel, seen.theta)
    _, top, width, height = panel.box
    for name, loss in DISTANCES.items():
        panel.line(seen.x, seen.distances[name], inks[loss], 2.8, DASHES[loss])
        value = seen.values[name]
        if abs(seen.theta) <= REACH and value <= HIGHEST:
            panel.dot(seen.theta, value, inks[loss])
    panel.text(LEFT + width / 2, top + height + 38, texts["theta"], anchor="middle")
    return panel


def _walks(walks: Sequence[Walk], theme: Theme, inks: Mapping[str, str], texts: Mapping[str, str]) -> Panel:
    last = max([LEAST_STEPS, *(len(walk.path) - 1 for walk in walks)])
    panel = Panel((RIGHT, 28, BESIDE, 178), (0, last), (-REACH, REACH), theme)
    every = 10 if last <= 40 else 20 if last <= 80 else 50
    panel.frame(texts["steps"], range(0, last + 1, every), {-1.0: "−1", 0.0: "0", 1.0: "1"})
    for x in range(0, last + 1, every):
        panel.text(panel.x(x), 28 + 178 + 17, str(x), anchor="middle")
    panel.marks.append(
        f'<path d="M{RIGHT},{panel.y(0)}h{BESIDE}" stroke="{theme.real}" stroke-width="2" stroke-dasharray="2 3"/>'
    )
    for walk in walks:
        newest = walk is walks[-1]
        panel.line(
            range(len(walk.path)), walk.path, inks[walk.loss], 3.2 if newest else 1.6, DASHES[walk.loss]
        )
        if newest and abs(walk.path[-1]) <= REACH:
            panel.dot(len(walk.path) - 1, walk.path[-1], theme.fake)
    return panel


def _numbers(
    seen: ParallelLines, chosen: str, theme: Theme, inks: Mapping[str, str], texts: Mapping[str, str]
) -> Panel:
    """What each loss tells theta, and the distances, as numbers."""
    panel = Panel((RIGHT, 270, BESIDE, 120), (0, 1), (0, 1), theme)
    pushes = [(name, texts[name], _push(seen, name)) for name in LOSSES]
    distances = [(loss, texts[name], seen.values[name]) for name, loss in DISTANCES.items()]
    for y, title, rows in ((258, texts["push"], pushes), (418, texts["now"], distances)):
        panel.text(RIGHT - 40, y, title, weight=600)
        for row, (loss, words, value) in enumerate(rows, 1):
            below = y + 27 * row
            weight = 700 if loss == chosen else 400
            panel.marks.append(
                f'<path d="M{RIGHT - 40},{below - 5}h28" stroke="{inks[loss]}" stroke-width="3" '
                f'stroke-dasharray="{DASHES[loss]}"/>'
            )
            panel.text(RIGHT - 6, below, words, inks[loss], weight=weight)
            panel.text(RIGHT + BESIDE, below, number(value, 3), inks[loss], "end", weight)
    return panel


def _push(seen: ParallelLines, loss: str) -> float:
    return -seen.slopes[loss] + 0.0  # no minus before a zero


def _describe(seen: ParallelLines, texts: Mapping[str, str]) -> str:
    pushes = ", ".join(f"{texts[name]} {number(_push(seen, name), 3)}" for name in LOSSES)
    values = {name: number(value, 3) for name, value in seen.values.items()}
    return texts["alt"].format(theta=number(seen.theta, 2), noise=f"{seen.noise:g}", pushes=pushes, **values)
