"""Training curves: panels above each other that share the axis of steps, for one run or two."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from gan_edu.figures.palette import PALETTE, Theme
from gan_edu.figures.picture import look
from gan_edu.figures.texts import TEXTS

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

MOST_POINTS = 1000
"""Points of a line that are drawn: more than a screen has columns, few enough for three updates a second."""
MARKERS_PER_LINE = 12
PANEL_HEIGHT = 170
MARGIN = {"l": 64, "r": 84, "t": 40, "b": 52}
GAP = 48  # pixels between two panels, where the lower one's legend lies
RUNS = {"a": (2.5, ""), "b": (1.5, "-open")}
"""The thickness of each run's lines, and the end of its markers' names."""
SIGNS = {"triangle-up": "▲", "circle": "●"}
"""Markers as letters, which tell at the end of a line of theory whose it is."""
ROUND = (1, 1.5, 2, 3, 4, 5, 6, 8, 10)
"""Axes end at these times a power of ten, so that they grow in steps that can be followed."""


@dataclass(frozen=True)
class Line:
    """One quantity in a panel.

    Args:
        name: its key in the arrays.
        label: what the legend calls it.
        colour: name of one of the theme's colours; empty for the colour of the run.
        marker: plotly's name of the marker that tells it apart without colour; empty for none.
        thin: whether it is of second rank.
    """

    name: str
    label: str
    colour: str = ""
    marker: str = ""
    thin: bool = False


@dataclass(frozen=True)
class Reference:
    """A value that theory gives, drawn across a panel.

    Args:
        value: the height of the line.
        label: words at its right end.
        low, high: the band around it, if it has one.
    """

    value: float
    label: str
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Panel:
    """One plot of a chart.

    Args:
        title: beside its vertical axis.
        lines: what is plotted.
        references: theory's values.
        low, high: ends of the vertical axis; None for an end that follows the data in round steps.
    """

    title: str
    lines: tuple[Line, ...]
    references: tuple[Reference, ...] = ()
    low: float | None = None
    high: float | None = None


def loss_panel(
    equilibrium: tuple[float | None, float | None] = (None, None), texts: Mapping[str, str] = TEXTS
) -> Panel:
    """Both losses, `discriminator_loss` and `generator_loss`, with their values at equilibrium.

    Args:
        equilibrium: the discriminator's and the generator's, as a game's `equilibrium`; None for no line.
        texts: words.

    Raises:
        ValueError: if a value is not finite.

    Example:
        >>> [line.label for line in loss_panel((2 * math.log(2), -math.log(2))).references]
        ['▲ 2 log 2', '● −log 2']
    """
    lines = (
        Line("discriminator_loss", texts["discriminator"], colour="contour", marker="triangle-up"),
        Line("generator_loss", texts["generator"], colour="fake", marker="circle"),
    )
    signs: dict[float, str] = {}
    for line, value in zip(lines, equilibrium, strict=True):
        if value is not None:
            if not math.isfinite(value):
                raise ValueError(f"a loss at equilibrium must be finite, or None; got {value}")
            signs[value] = signs.get(value, "") + SIGNS[line.marker] + " "
    theory = tuple(Reference(value, sign + _exactly(value)) for value, sign in signs.items())
    return Panel(texts["loss"], lines, theory)


def value_panel(texts: Mapping[str, str] = TEXTS) -> Panel:
    """`criterion` C(G), what the game is worth against the best D, over `value`, what it is worth against this one.

    `batch_value`, minus the discriminator's loss, is the same measured on a batch. C(G) lies between -log 4, where
    p_G = p, and 0, where the two have nothing in common.

    Args:
        texts: words.

    Example:
        >>> [round(line.value, 3) for line in value_panel().references]
        [0.0, -1.386]
    """
    lines = (
        Line("batch_value", texts["batch_value"], colour="muted", thin=True),
        Line("value", texts["value"], colour="contour", marker="circle"),
        Line("criterion", texts["criterion"], colour="optimum", marker="diamond"),
    )
    theory = (Reference(0.0, texts["apart"]), Reference(-math.log(4), "−log 4"))
    return Panel(texts["game_value"], lines, theory, high=0.0)


def modes_panel(total: int, texts: Mapping[str, str] = TEXTS) -> Panel:
    """`modes_covered` and `basins` out of all modes.

    Args:
        total: how many modes the target has, at least 1.
        texts: words.

    Raises:
        ValueError: if `total` is not a positive whole number.

    Example:
        >>> modes_panel(8).references[0].label
        'all 8'
    """
    if int(total) != total or total < 1:
        raise ValueError(f"total must be a whole number from 1; got {total!r}")
    lines = (
        Line("basins", texts["basins"], marker="diamond", thin=True),
        Line("modes_covered", texts["modes_covered"], marker="square"),
    )
    every = Reference(total, texts["all_modes"].format(total=total))
    return Panel(texts["modes"], lines, (every,), low=0, high=total)


def metric_panel(
    name: str,
    label: str,
    *,
    low: float | None = None,
    high: float | None = None,
    perfect: Sequence[float] | None = None,
    texts: Mapping[str, str] = TEXTS,
) -> Panel:
    """One metric, with the mean and the band of a perfect sampler.

    Args:
        name: its key in the arrays.
        label: its name, with the unit.
        low: lower end of the axis, as from `Metric.limits`; None to follow the data.
        high: upper end, likewise.
        perfect: (mean, low, high) of a perfect sampler, as from `gan_edu.metrics.perfect`.
        texts: words.

    Raises:
        ValueError: if `perfect` does not hold three numbers.

    Example:
        >>> panel = metric_panel("mmd", "squared MMD", perfect=(0.0, -0.01, 0.01))
        >>> panel.references[0].value
        0.0
    """
    references = ()
    if perfect is not None:
        if np.shape(perfect) != (3,):
            raise ValueError(f"perfect must hold mean, low and high; got {perfect!r}")
        references = (Reference(float(perfect[0]), texts["perfect"], float(perfect[1]), float(perfect[2])),)
    return Panel(label, (Line(name, label, marker="square"),), references, low, high)


def training_chart(
    panels: Sequence[Panel],
    a: Mapping[str, Any],
    b: Mapping[str, Any] | None = None,
    *,
    cursor: float | None = None,
    theme: str = "light",
    texts: Mapping[str, str] = TEXTS,
) -> Figure:
    """Training curves as one plotly figure; `plotly.graph_objects.FigureWidget(figure)` makes it live.

    A run alone has a colour for each quantity; of two that are compared, each has its own colour in all panels.
    Run B is thinner with hollow markers, and quantities differ in markers: lines can be told apart without colour.

    Args:
        panels: from top to bottom.
        a: `step` and every quantity of the panels, (T,) each. Values that are not finite leave a gap.
        b: a second run to compare, with its own steps.
        cursor: step at which a vertical line is drawn.
        theme: "light" or "dark".
        texts: words.

    Returns:
        The figure. Its alternative text is `figure.layout.meta["alt"]`.

    Raises:
        ValueError: if there is no panel, an array is missing, or lengths differ.

    Example:
        >>> run = {"step": [0, 10], "discriminator_loss": [1.4, 1.3], "generator_loss": [0.7, float("nan")]}
        >>> figure = training_chart([loss_panel()], run)
        >>> figure.layout.meta["alt"]
        'A at step 10: discriminator 1.3, generator no finite value'
    """
    from plotly.subplots import make_subplots

    if not panels:
        raise ValueError("panels must hold at least one panel; got none")
    colours = look(theme)
    inner = len(panels) * PANEL_HEIGHT + (len(panels) - 1) * GAP
    figure = make_subplots(len(panels), 1, shared_xaxes=True, vertical_spacing=GAP / inner)
    font = {"family": PALETTE.font_family, "size": PALETTE.font_size, "color": colours.ink}
    figure.update_layout(
        template="none",
        height=inner + MARGIN["t"] + MARGIN["b"],
        margin=MARGIN,
        font=font,
        paper_bgcolor=colours.background,
        plot_bgcolor=colours.background,
        hovermode="x unified",
        hoverlabel={"bgcolor": colours.panel, "font": font},
    )
    lines = {"gridcolor": colours.grid, "linecolor": colours.muted, "zeroline": False, "fixedrange": True}
    figure.update_xaxes(**lines, showline=True, tickformat=",d")
    figure.update_xaxes(title={"text": texts["step"], "font": font}, row=len(panels))
    for row, panel in enumerate(panels, 1):
        figure.update_yaxes(
            **lines, title={"text": panel.title, "standoff": 8, "font": font}, nticks=6, row=row
        )
        _add_panel(figure, row, panel, colours, texts)
    stroke = {"color": colours.ink, "width": 1.5}
    figure.add_shape(name="cursor", type="line", xref="x", yref="paper", x0=0, x1=0, y0=0, y1=1, line=stroke)
    update_training_chart(figure, panels, a, b, cursor=cursor, texts=texts)
    return figure


def update_training_chart(
    figure: Figure,
    panels: Sequence[Panel],
    a: Mapping[str, Any],
    b: Mapping[str, Any] | None = None,
    *,
    cursor: float | None = None,
    texts: Mapping[str, str] = TEXTS,
) -> None:
    """Put newer arrays into a chart, as one message to the browser. While a run goes on, axes only grow.

    Args:
        figure: from `training_chart`, or a FigureWidget made of it.
        panels: those that the figure was made with.
        a: as for `training_chart`.
        b: the run to compare, or None to take it away.
        cursor: step of the vertical line, or None to hide it.
        texts: words of the alternative text.

    Raises:
        ValueError: if an array is missing or lengths differ; the figure is then unchanged.

    Example:
        >>> panels = [metric_panel("high_quality_share", "high-quality share", low=0, high=1)]
        >>> figure = training_chart(panels, {"step": [], "high_quality_share": []})
        >>> update_training_chart(figure, panels, {"step": [0, 120], "high_quality_share": [0.1, 0.4]})
        >>> figure.layout.xaxis.range
        (0, 150.0)
    """
    names = [line.name for panel in panels for line in panel.lines]
    runs = {"a": _checked(a, names, "a"), "b": _checked(b, names, "b")}
    last = max((float(run["step"][-1]) for run in runs.values() if len(run["step"])), default=0.0)
    drawn: Any = figure.layout["meta"]
    goes_on, compared = drawn is None or last >= drawn["last"], b is not None
    with figure.batch_update():
        for trace in figure.data:
            run, name = runs[trace.meta["run"]], trace.meta["name"]
            if name:
                keep = _thin(len(run["step"]))
                # a point that is nowhere keeps the legend there before the first step
                trace.update(
                    x=run["step"][keep] if len(keep) else [None], y=run[name][keep] if len(keep) else [None]
                )
            trace.visible = compared or (trace.meta["run"] == "a" and bool(name))
            trace.line.color = trace.marker.color = trace.meta["colours"][compared]
        for row, panel in enumerate(panels, 1):
            x_axis, y_axis = next(figure.select_xaxes(row=row)), next(figure.select_yaxes(row=row))
            x_axis.range = _grown((0, max(100.0, _round_up(last))), x_axis.range if goes_on else None)
            y_axis.range = _grown(_limits(panel, runs), y_axis.range if goes_on else None)
        place = {"visible": cursor is not None, "x0": cursor or 0, "x1": cursor or 0}
        figure.update_shapes(place, selector={"name": "cursor"})
        figure.update_layout(meta={"alt": _describe(panels, runs, texts), "last": last})


def _add_panel(figure: Figure, row: int, panel: Panel, colours: Theme, texts: Mapping[str, str]) -> None:
    from plotly.graph_objects import Scatter

    legend = "legend" if row == 1 else f"legend{row}"
    top = next(figure.select_yaxes(row=row)).domain[1]
    figure.layout[legend] = {
        "orientation": "h", "x": 0, "y": top, "xanchor": "left", "yanchor": "bottom", "itemclick": False,
        "itemdoubleclick": False, "bgcolor": "rgba(0,0,0,0)", "font": {"size": PALETTE.font_size},
    }  # fmt: skip
    for reference in panel.references:
        others = [other.value for other in panel.references if other is not reference]
        across = {"row": row, "col": 1, "xref": "x domain", "x0": 0, "x1": 1, "layer": "above"}
        if reference.low is not None:
            shade = {"fillcolor": colours.muted, "opacity": 0.3, "line_width": 0}
            figure.add_shape(type="rect", y0=reference.low, y1=reference.high, **across, **shade)
        stroke = {"color": colours.ink, "width": 1.5, "dash": "dot"}
        figure.add_shape(type="line", y0=reference.value, y1=reference.value, line=stroke, **across)
        # beside the panel; of two that are close, one stands above its line and one below
        side = "middle" if not others else "bottom" if reference.value > max(others) else "top"
        figure.add_annotation(
            x=1, xref="x domain", y=reference.value, text=reference.label, row=row, col=1, showarrow=False,
            xanchor="left", yanchor=side, xshift=6, align="left", font={"color": colours.ink},
        )  # fmt: skip
    for run, (width, hollow) in RUNS.items():
        own = getattr(colours, run)
        for line in panel.lines:
            figure.add_trace(
                Scatter(
                    name=line.label, legend=legend, showlegend=run == "a" and len(panel.lines) > 1,
                    meta={"run": run, "name": line.name, "colours": [getattr(colours, line.colour or run), own]},
                    mode="lines+markers" if line.marker else "lines",
                    line={"width": width * (0.6 if line.thin else 1)},
                    marker={
                        "symbol": line.marker + hollow if line.marker else None, "size": 8,
                        "maxdisplayed": MARKERS_PER_LINE,
                    },
                    hovertemplate="%{y:.3g}" + (f" ({texts['run_b']})" if run == "b" else ""),
                ),
                row=row, col=1,
            )  # fmt: skip
    for run, (width, _) in RUNS.items():  # the legend's key to the two runs
        own = getattr(colours, run)
        key = Scatter(
            x=[None], y=[None], name=texts[f"run_{run}"], mode="lines", line={"width": width}, legend=legend,
            meta={"run": run, "name": "", "colours": [own, own]}, hoverinfo="skip",
        )  # fmt: skip
        figure.add_trace(key, row=row, col=1)


def _checked(arrays: Mapping[str, Any] | None, names: Sequence[str], which: str) -> dict[str, np.ndarray]:
    """The arrays as float32 of one length, gaps for what is not finite; no run at all is an empty one."""
    if arrays is None:
        return {name: np.empty(0) for name in ("step", *names)}
    if missing := [name for name in ("step", *names) if name not in arrays]:
        raise ValueError(f"{which} must hold step, {', '.join(names)}; got no {', '.join(missing)}")
    run = {name: np.asarray(arrays[name], dtype=np.float64) for name in ("step", *names)}
    shapes = {name: array.shape for name, array in run.items()}
    if run["step"].ndim != 1 or len(set(shapes.values())) != 1:
        raise ValueError(f"every array of {which} must have shape (T,), the same for all; got {shapes}")
    return {name: np.where(np.isfinite(array), array, np.nan) for name, array in run.items()}


def _exactly(value: float) -> str:
    """A number of theory as people write it: as multiples of log 2 where it is one, else to three digits.

    >>> _exactly(2 * math.log(2)), _exactly(-math.log(2)), _exactly(0.125), _exactly(-0.0)
    ('2 log 2', '−log 2', '0.125', '0')
    """
    times = round(value / math.log(2))
    if times and math.isclose(value, times * math.log(2), rel_tol=1e-9):
        words = "log 2" if abs(times) == 1 else f"{abs(times)} log 2"
    else:
        words = f"{abs(value):.3g}"
    return f"−{words}" if value < 0 else words


def _thin(count: int) -> np.ndarray:
    """Which of so many points to draw, the first and the last among them."""
    return np.unique(np.linspace(0, count - 1, min(count, MOST_POINTS)).round().astype(int))


def _round_up(value: float) -> float:
    """The next round number of the same sign, away from zero.

    >>> _round_up(1700), _round_up(-0.7), _round_up(0)
    (2000.0, -0.8, 0.0)
    """
    if value == 0:
        return 0.0
    power = 10.0 ** math.floor(math.log10(abs(value)))
    # a hair of leeway, so that 3 * 0.1 is not above 0.3
    step = next(step for step in ROUND if step * power >= abs(value) * (1 - 1e-9))
    return math.copysign(step * power, value)


def _limits(panel: Panel, runs: Mapping[str, Mapping[str, np.ndarray]]) -> tuple[float, float]:
    """Ends of a panel's vertical axis, with room for the thickness of a line."""
    values = np.concatenate([run[line.name] for run in runs.values() for line in panel.lines])
    values = values[np.isfinite(values)]
    # a rare spike leaves the picture rather than flatten the rest
    spread = [float(q) for q in np.quantile(values, [0.005, 0.995])] if len(values) else []
    marks = [reference.value for reference in panel.references] + spread
    low = panel.low if panel.low is not None else min(0.0, _round_up(min(marks, default=0)))
    high = panel.high if panel.high is not None else max(low, _round_up(1.05 * max(marks, default=1)))
    high = high if high > low else low + 1
    room = 0.05 * (high - low)
    return low - room, high + room


def _grown(wanted: tuple[float, float], drawn: Sequence[float] | None) -> tuple[float, float]:
    return wanted if drawn is None else (min(wanted[0], drawn[0]), max(wanted[1], drawn[1]))


def _describe(
    panels: Sequence[Panel], runs: Mapping[str, Mapping[str, np.ndarray]], texts: Mapping[str, str]
) -> str:
    parts = []
    for letter, run in runs.items():
        if letter == "b" and not len(run["step"]):
            continue
        ends = []
        for line in (line for panel in panels for line in panel.lines if len(run["step"])):
            value = run[line.name][-1]
            ends.append(
                f"{line.label} {value:.3g}" if np.isfinite(value) else f"{line.label} {texts['no_value']}"
            )
        moment = texts["at"].format(step=f"{run['step'][-1]:,.0f}") if ends else texts["no_steps"]
        parts.append(f"{texts[f'run_{letter}']} {moment}" + (f": {', '.join(ends)}" if ends else ""))
    return "; ".join(parts)
