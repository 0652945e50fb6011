"""Rejection and Metropolis-Hastings on the line, as drawings: darts or a chain above, what came out of it below.

The panels on the left share their horizontal axis. What was accepted is a green dot, what was refused a grey cross.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

import numpy as np

from gan_edu.figures.drawing import Drawing, Panel, drawing, number
from gan_edu.figures.palette import Theme
from gan_edu.figures.picture import look
from gan_edu.views.sampling import Chains, Darts, Pair, perfect_total_variation, total_variation

HEIGHT = 590
HEIGHT_CHAINS = 722
"""With the rank plot below."""
CLASSES = 20
"""Of the rank plot."""
LEFT, ACROSS = 46, 452
RIGHT, BESIDE = 566, 214
ACCEPTED = 2
"""Of the palette's generator colours: that of what is accepted."""
HIGHEST = 4
"""The picture is at most so many times as high as p; darts above it are counted."""
ROWS = 10
"""Steps of a chain that are drawn, the newest on top."""
DASH, DOTS = "8 4", "2 4"

TEXTS = {
    "target": "target p",
    "proposal": "proposal q",
    "envelope": "envelope M q",
    "accepted": "accepted",
    "refused": "refused",
    "above": "{count} darts above the picture",
    "one_chain": "one chain of {chains}, after {step} of {steps} steps",
    "trace": "its last steps, the newest on top",
    "out_darts": "came out: {count} of {darts} darts",
    "out_chains": "where {chains} chains are after {step} steps",
    "theory": "in theory min(p, M q)",
    "here": "x",
    "there": "x′",
    "M": "M",
    "least_M": "sup w",
    "acceptance": "acceptance",
    "theory_is": "in theory",
    "distance": "TV to p: histogram",
    "perfect": "perfect draws, as many",
    "law_out": "exact law",
    "law": "··· exact law",
    "bound": "╍ bound (1 − 1/M)ᵏ",
    "unmoved": "not moved yet",
    "step": "step {step}: from x to x′?",
    "no_step": "no step yet",
    "ratio": "w(x′) / w(x)",
    "coin": "coin u",
    "goes": "u < ratio: it goes",
    "stays": "u ≥ ratio: it stays",
    "acceptance_so_far": "acceptance so far",
    "dart": "darts",
    "distance_by_step": "TV to p after k steps",
    "steps": "steps k",
    "ranks": "rank plot: their F(x) under p is flat if their law is p",
    "rank_start": "at the start",
    "rank_now": "after {step} steps",
    "rank_band": "95 % of perfect draws",
    "rank_out": "cells out of the band",
    "rank_of": "{count} of {classes}",
    "alt_darts": "{count} of {darts} darts accepted, M = {M}. Acceptance {measured}, in theory {theory}. "
    "Total variation to the target {distance}, in theory {exact}.",
    "alt_chains": "{chains} chains after {step} of {steps} steps. Acceptance {measured}, in theory {theory}. "
    "Total variation to the target {distance}, of the exact law {exact}, bound {bound}.",
}
"""The English words of the drawings."""


def darts_figure(
    darts: Darts, n: int, fallen: int = 0, *, theme: str = "light", texts: Mapping[str, str] = TEXTS
) -> Drawing:
    """The first n darts under an envelope, and the histogram of those that were accepted.

    Args:
        darts: from `gan_edu.views.sampling.throw`.
        n: darts so far, 0 to all.
        fallen: how many of them fall just now, drawn with a line from above.
        theme: "light" or "dark".
        texts: words.

    Returns:
        The drawing.

    Raises:
        ValueError: if n is not among 0 to all, or the theme is unknown.

    Example:
        >>> from gan_edu.views.sampling import throw
        >>> darts_figure(throw("two_bells", 1.3), 100).alt[:41]
        '34 of 100 darts accepted, M = 3.67. Accep'
    """
    _check(n, len(darts.x))
    colours, known = look(theme), darts.pair
    bound = math.exp(darts.log_bound)
    out = darts.out(n)
    rate, distance, perfect = math.nan, math.nan, math.nan
    if n:
        rate = len(out) / n
    if len(out):
        distance = total_variation(known.count(out) / len(out), known.masses)
        perfect = perfect_total_variation(known.masses, len(out))
    board = _darts_panel(darts, n, fallen, colours, texts)
    title = texts["out_darts"].format(count=len(out), darts=n)
    below = _histogram(known, out, title, 428, 116, colours, texts)
    _curve(below, known, darts.density, colours.ink, 1.8, DOTS)
    below.text(LEFT + ACROSS, 420, "··· " + texts["theory"], anchor="end")
    side = _numbers(
        [
            (texts["M"], _digits(bound), ""),
            (texts["least_M"], _digits(math.exp(known.log_bound)), ""),
            None,
            (texts["acceptance"], _share(rate), "accepted"),
            (texts["theory_is"], _share(darts.acceptance), ""),
            None,
            (texts["distance"], _distance(distance), "accepted"),
            (texts["perfect"], _distance(perfect), ""),
            (texts["law_out"], _distance(darts.total_variation), ""),
        ],
        24,
        colours,
    )
    so_far = np.cumsum(darts.accepted) / np.arange(1, len(darts.x) + 1)
    top = next(high for high in (0.05, 0.1, 0.2, 0.5, 1.0) if high > min(1.3 * darts.acceptance, 0.99))
    course = Panel((RIGHT, 428, BESIDE, 116), (0, len(darts.x)), (0, top), colours)
    course.frame(texts["acceptance_so_far"], (), {0: "0", top: f"{top:g}"})
    course.line((0, len(darts.x)), (darts.acceptance,) * 2, colours.ink, 1.8, DOTS)
    course.line(range(1, n + 1), np.minimum(so_far[:n], top), colours.generators[ACCEPTED])
    _ticks(course, (0, 1000, 2000), texts["dart"])
    alt = texts["alt_darts"].format(
        count=len(out), darts=n, M=_digits(bound), measured=_share(rate), theory=_share(darts.acceptance),
        distance=_distance(distance), exact=_distance(darts.total_variation),
    )  # fmt: skip
    return drawing([board, below, side, course], alt, HEIGHT, colours)


def chains_figure(
    chains: Chains, step: int, *, theme: str = "light", texts: Mapping[str, str] = TEXTS
) -> Drawing:
    """One chain after k steps, its trace, and the histogram of where all chains are.

    Args:
        chains: from `gan_edu.views.sampling.walk`.
        step: k, 0 to K.
        theme: "light" or "dark".
        texts: words.

    Returns:
        The drawing.

    Raises:
        ValueError: if the step is not among 0 to K, or the theme is unknown.

    Example:
        >>> from gan_edu.views.sampling import walk
        >>> chains_figure(walk("two_bells", 20), 5).alt[:36]
        '1000 chains after 5 of 20 steps. Acc'
    """
    steps = len(chains.walk) - 1
    _check(step, steps)
    colours, known = look(theme), chains.pair
    n_chains = len(chains.x)
    title = texts["out_chains"].format(chains=n_chains, step=step)
    perfect = perfect_total_variation(known.masses, n_chains)
    rows: list[tuple[str, str, str] | None]
    if step:
        k = step - 1
        goes = bool(chains.moves[k])
        rows = [
            (texts["step"].format(step=step), "", "bold"),
            (f"{texts['here']} = {number(chains.walk[k], 2)}", "", ""),
            (f"{texts['there']} = {number(chains.proposed[k], 2)}", "", ""),
            (texts["ratio"], _digits(chains.ratio[k]), ""),
            (texts["coin"], number(chains.coin[k], 3), ""),
            (texts["goes" if goes else "stays"], "●" if goes else "×", "accepted" if goes else "bold"),
        ]
    else:
        rows = [(texts["no_step"], "", "bold"), *(("", "", ""),) * 5]
    rows += [
        None,
        (texts["acceptance"], _share(chains.acceptance[step]), "accepted"),
        (texts["theory_is"], _share(chains.theory[step]), ""),
        (texts["unmoved"], _share(chains.unmoved[step]), ""),
        None,
        (texts["distance"], _distance(chains.measured[step]), "accepted"),
        (texts["perfect"], _distance(perfect), ""),
        (texts["law"], _distance(chains.exact[step]), ""),
        (texts["bound"], _bound(chains.bound[step]), "fake"),
    ]
    parts = [
        _chain_panel(chains, step, colours, texts),
        _trace_panel(chains, step, colours, texts),
        _histogram(known, chains.x[:, step], title, 428, 116, colours, texts),
        _numbers(rows, 24, colours),
        _distances(chains, step, colours, texts),
        *_ranks(chains, step, colours, texts),
    ]
    alt = texts["alt_chains"].format(
        chains=n_chains, step=step, steps=steps, measured=_share(chains.acceptance[step]),
        theory=_share(chains.theory[step]), distance=_distance(chains.measured[step]),
        exact=_distance(chains.exact[step]), bound=_bound(chains.bound[step]),
    )  # fmt: skip
    return drawing(parts, alt, HEIGHT_CHAINS, colours)


def _check(at: int, last: int) -> None:
    if not 0 <= at <= last:
        raise ValueError(f"the moment to draw must be from 0 to {last}; got {at!r}")


def _darts_panel(darts: Darts, n: int, fallen: int, theme: Theme, texts: Mapping[str, str]) -> Panel:
    known, bound = darts.pair, math.exp(darts.log_bound)
    high = float(known.p.max())
    top = min(HIGHEST * high, max(1.15 * high, 1.05 * bound * float(known.q.max())))
    panel = _left(known, 44, 330, (0, top), theme)
    panel.frame("", (), {0: "0"})
    inside = (darts.height[:n] <= top) & (darts.x[:n] >= known.low) & (darts.x[:n] <= known.high)
    places = np.column_stack([darts.x[:n], darts.height[:n]])
    kept = darts.accepted[:n]
    falls = np.arange(n) >= n - fallen
    box_top = panel.box[1]
    if fallen:
        lines = "".join(f"M{panel.x(x)},{box_top}V{panel.y(min(y, top))}" for x, y in places[falls])
        panel.marks.append(f'<path d="{lines}" stroke="{theme.muted}" stroke-width="1" opacity="0.6"/>')
    _crosses(panel, places[inside & ~kept], theme.muted)
    _curve(panel, known, known.p, theme.real, 2.8)
    _curve(panel, known, known.q, theme.fake, 2, DASH)
    _curve(panel, known, bound * known.q, theme.fake, 2.8)
    _dots(panel, places[inside & kept], theme.generators[ACCEPTED])
    _legend(
        panel,
        17,
        [("━", "target", theme.real), ("╍", "proposal", theme.fake), ("━", "envelope", theme.fake)],
        texts,
    )
    _legend(panel, 36, [("●", "accepted", theme.generators[ACCEPTED]), ("×", "refused", theme.muted)], texts)
    above = int((darts.height[:n] > top).sum())
    if above:
        panel.text(LEFT + ACROSS, 36, "▲ " + texts["above"].format(count=above), theme.ink, "end", 600)
    _numbered(panel, known)
    return panel


def _chain_panel(chains: Chains, step: int, theme: Theme, texts: Mapping[str, str]) -> Panel:
    known = chains.pair
    panel = _left(known, 44, 150, (0, 1.3 * float(max(known.p.max(), known.q.max()))), theme)
    panel.frame("", (), {0: "0"})
    _curve(panel, known, known.p, theme.real, 2.8)
    _curve(panel, known, known.q, theme.fake, 2, DASH)
    _legend(panel, 17, [("━", "target", theme.real), ("╍", "proposal", theme.fake)], texts)
    _legend(
        panel, 17, [("●", "accepted", theme.generators[ACCEPTED]), ("×", "refused", theme.muted)], texts, 246
    )
    words = texts["one_chain"].format(chains=len(chains.x), step=step, steps=len(chains.walk) - 1)
    panel.text(LEFT, 36, words, weight=600)
    bottom = 44 + 150
    here = chains.walk[max(step - 1, 0)]
    panel.marks.append(f'<path d="M{panel.x(here)},52V{bottom}" stroke="{theme.ink}" stroke-width="2.4"/>')
    if step:
        there, goes = chains.proposed[step - 1], chains.moves[step - 1]
        ink = theme.generators[ACCEPTED] if goes else theme.muted
        panel.marks.append(
            f'<path d="M{panel.x(there)},52V{bottom}" stroke="{ink}" stroke-width="2.4" stroke-dasharray="4 3"/>'
        )
        middle = (panel.x(here) + panel.x(there)) / 2
        panel.marks.append(
            f'<path d="M{panel.x(here)},66Q{middle},48 {panel.x(there)},66" fill="none" stroke="{ink}" '
            'stroke-width="2"/>'
        )
        (_dots if goes else _crosses)(panel, [(there, 0.02 * panel.y_range[1])], ink, 2.0)
        side = 1 if there >= here else -1
        _label(panel, there, side, texts["there"], ink)
        _label(panel, here, -side, texts["here"], theme.ink)
    else:
        _label(panel, here, 1, texts["here"], theme.ink)
    return panel


def _label(panel: Panel, x: float, side: int, words: str, ink: str) -> None:
    place = min(max(panel.x(x) + 7 * side, LEFT + 16), LEFT + ACROSS - 16)
    panel.text(place, 78, words, ink, "start" if side > 0 else "end", 700)


def _trace_panel(chains: Chains, step: int, theme: Theme, texts: Mapping[str, str]) -> Panel:
    known = chains.pair
    panel = _left(known, 224, 170, (-0.7, ROWS + 0.7), theme)
    shown = [k for k in range(step, step - ROWS - 1, -1) if k >= 0]
    rows = {ROWS - (step - k): k for k in shown}
    panel.frame(texts["trace"], (), {row: str(k) for row, k in rows.items() if k % 2 == step % 2})
    panel.line([chains.walk[k] for k in shown], list(rows), theme.ink, 1.8)
    taken = [(chains.walk[k], row) for row, k in rows.items() if k and chains.moves[k - 1]]
    refused = [(chains.proposed[k - 1], row) for row, k in rows.items() if k and not chains.moves[k - 1]]
    _crosses(panel, refused, theme.muted, 1.8)
    _dots(panel, taken, theme.generators[ACCEPTED], 2.0)
    return panel


def _histogram(
    known: Pair, x: np.ndarray, title: str, top: float, height: float, theme: Theme, texts: Mapping[str, str]
) -> Panel:
    high = 1.45 * float(known.p.max())
    panel = _left(known, top, height, (0, high), theme)
    panel.frame(title, (), {0: "0"})
    if len(x):
        edges = known.edges
        heights = np.minimum(known.count(x)[1:-1] / (len(x) * (edges[1] - edges[0])), high)
        bars = f"M{panel.x(edges[0])},{panel.y(0)}" + "".join(
            f"V{panel.y(tall)}H{panel.x(edge)}" for tall, edge in zip(heights, edges[1:], strict=True)
        )
        ink = theme.generators[ACCEPTED]
        panel.marks.append(
            f'<path d="{bars}V{panel.y(0)}Z" fill="{ink}" fill-opacity="0.35" stroke="{ink}" stroke-width="1.2"/>'
        )
    _curve(panel, known, known.p, theme.real, 2.8)
    _numbered(panel, known)
    return panel


def _distances(chains: Chains, step: int, theme: Theme, texts: Mapping[str, str]) -> Panel:
    last = len(chains.walk) - 1
    panel = Panel((RIGHT, 428, BESIDE, 116), (0, last), (0, 1), theme)
    panel.frame(texts["distance_by_step"], (), {0: "0", 0.5: "½", 1: "1"})
    steps = range(last + 1)
    panel.line(steps, chains.bound, theme.fake, 2.2, DASH)
    panel.line(steps, chains.exact, theme.ink, 1.8, DOTS)
    panel.line(range(step + 1), chains.measured[: step + 1], theme.generators[ACCEPTED], 2.4)
    panel.dot(step, chains.measured[step], theme.generators[ACCEPTED])
    every = max(1, last // 2)
    _ticks(panel, range(0, last + 1, every), texts["steps"])
    return panel


def _ranks(chains: Chains, step: int, theme: Theme, texts: Mapping[str, str]) -> list[Panel]:
    """How many chains are in each twentieth of p, now and at the start."""
    n_chains = len(chains.x)
    edges = np.linspace(0, 1, CLASSES + 1)
    now, start = (
        np.histogram(chains.pair.ranks(chains.x[:, k]), edges)[0] * CLASSES / n_chains for k in (step, 0)
    )
    room = 1.96 * math.sqrt((CLASSES - 1) / n_chains)  # of a binomial share, over its mean
    panel = Panel((LEFT, 612, ACROSS, 76), (0, 1), (0, 3), theme)
    panel.frame(texts["ranks"], (), {0: "0", 1: "1"}, numbers=False)
    band = panel.y(1 - room) - panel.y(1 + room)
    panel.marks.append(
        f'<rect x="{LEFT}" y="{panel.y(1 + room)}" width="{ACROSS}" height="{band:.1f}" fill="{theme.muted}" '
        'opacity="0.3"/>'
    )
    panel.line(edges.repeat(2)[1:-1], np.minimum(start, 3).repeat(2), theme.fake, 1.8, DASH)
    panel.line(edges.repeat(2)[1:-1], np.minimum(now, 3).repeat(2), theme.generators[ACCEPTED], 2.4)
    for x, words in ((0.0, "0"), (0.5, "½"), (1.0, "1")):
        panel.text(panel.x(x), 612 + 76 + 17, words, anchor="middle")
    out = int((np.abs(now - 1) > room).sum())
    rows: list[tuple[str, str, str] | None] = [
        ("━ " + texts["rank_now"].format(step=step), "", "accepted"),
        ("╍ " + texts["rank_start"], "", "fake"),
        ("▒ " + texts["rank_band"], "", ""),
        (texts["rank_out"], texts["rank_of"].format(count=out, classes=CLASSES), "accepted"),
    ]
    return [panel, _numbers(rows, 620, theme)]


def _left(known: Pair, top: float, height: float, y_range: tuple[float, float], theme: Theme) -> Panel:
    return Panel((LEFT, top, ACROSS, height), (known.low, known.high), y_range, theme)


def _curve(panel: Panel, known: Pair, values: np.ndarray, ink: str, width: float, dash: str = "") -> None:
    """A density, as far as it is in the picture."""
    inside = (known.x >= known.low) & (known.x <= known.high)
    panel.line(known.x[inside], values[inside], ink, width, dash)


def _crosses(
    panel: Panel, places: Iterable[tuple[float, float]] | np.ndarray, ink: str, scale: float = 1.0
) -> None:
    r = 2.4 * scale
    marks = "".join(
        f"M{panel.x(x) - r:.1f},{panel.y(y) - r:.1f}l{2 * r},{2 * r}m0,{-2 * r}l{-2 * r},{2 * r}"
        for x, y in places
    )
    panel.marks.append(f'<path d="{marks}" stroke="{ink}" stroke-width="{1.1 * scale}" fill="none"/>')


def _dots(
    panel: Panel, places: Iterable[tuple[float, float]] | np.ndarray, ink: str, scale: float = 1.0
) -> None:
    marks = "".join(f"M{panel.x(x)},{panel.y(y)}h0" for x, y in places)
    panel.marks.append(
        f'<path d="{marks}" stroke="{ink}" stroke-width="{5.2 * scale}" stroke-linecap="round"/>'
    )


def _legend(
    panel: Panel, y: float, entries: list[tuple[str, str, str]], texts: Mapping[str, str], left: float = 0.0
) -> None:
    x = LEFT + left
    for mark, name, ink in entries:
        words = f"{mark} {texts[name]}"
        panel.text(x, y, words, ink, weight=600)
        x += 8.2 * len(words) + 14


def _numbered(panel: Panel, known: Pair) -> None:
    """Whole numbers under a panel."""
    for x in range(math.ceil(known.low), math.floor(known.high) + 1):
        if x % 2 == 0 or known.high - known.low < 8:
            panel.text(panel.x(x), panel.box[1] + panel.box[3] + 17, number(x, 0), anchor="middle")


def _ticks(panel: Panel, xs: Iterable[int], title: str) -> None:
    left, top, width, height = panel.box
    for x in xs:
        panel.text(panel.x(x), top + height + 17, str(x), anchor="middle")
    panel.text(left + width / 2, top + height + 36, title, anchor="middle")


def _numbers(rows: list[tuple[str, str, str] | None], top: float, theme: Theme) -> Panel:
    """Words and numbers in lines; None is a gap."""
    panel = Panel((RIGHT, top, BESIDE, 0), (0, 1), (0, 1), theme)
    y = top
    for row in rows:
        if row is None:
            y += 12
            continue
        words, value, kind = row
        ink = {"accepted": theme.generators[ACCEPTED], "fake": theme.fake}.get(kind, theme.ink)
        weight = 700 if kind else 400
        panel.text(RIGHT - 24, y, words, ink, weight=weight)
        panel.text(RIGHT + BESIDE, y, value, ink, "end", weight)
        y += 24
    return panel


def _digits(value: float) -> str:
    """Three digits; large numbers in full."""
    return f"{value:,.0f}" if 1000 <= value < 1e8 else f"{value:.3g}"


def _share(value: float) -> str:
    """A probability in per cent, or what there is no value for."""
    if math.isnan(value):
        return "–"
    return f"{100 * value:.1f} %" if value >= 0.001 or not value else f"{100 * value:.0e} %".replace("-", "−")


def _distance(value: float) -> str:
    """Three digits, and a dash for no value."""
    return "–" if math.isnan(value) else f"{value:.3f}"


def _bound(value: float) -> str:
    """Near 1 its difference from 1 is what matters."""
    return f"1 − {number(1 - value, 3)}" if 0 < 1 - value < 5e-4 else _distance(value)
