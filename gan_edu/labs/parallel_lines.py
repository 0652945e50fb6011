"""The parallel-lines lab: three distances between two lines, what each tells the generator, and where it walks."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from html import escape
from typing import Any

import anywidget
import ipywidgets as widgets
from traitlets import Bool, Dict, Float, Unicode

from gan_edu.figures.drawing import WIDTH, Drawing
from gan_edu.figures.parallel_lines import ACROSS, LEFT, Walk, parallel_lines_figure
from gan_edu.labs import registry
from gan_edu.labs.controls import Control
from gan_edu.labs.copy_text import CopyText
from gan_edu.labs.fallback import no_widgets
from gan_edu.labs.style import STYLE
from gan_edu.labs.texts import TEXTS
from gan_edu.labs.transport import button, tell
from gan_edu.labs.worker import Worker
from gan_edu.parameters import Parameter, Range
from gan_edu.scenes import Scene
from gan_edu.views.parallel_lines import LOSSES, REACH, descent, parallel_lines, race

NOISE = Parameter("noise", "float", range=Range(0, 10, slider=(0, 1), step=0.02, label=TEXTS["lines_noise"]))
RATE = Parameter(
    "rate", "float", range=Range(1e-4, 10, slider=(0.01, 0.5), step=0.01, label=TEXTS["lines_rate"])
)
PAUSE = 0.05
"""Seconds between two steps while it trains."""
MOST_STEPS = 100
"""Of one walk while it trains; by then it is seen whether theta moves."""
WALKS = 6
"""Walks that are drawn, the present one included."""
TOGETHER = 1.0
"""Seconds within which changes by the same control are undone together: a slider is dragged over many values."""

MODULE = """
const dark = () => {
  const { jpThemeLight } = document.body.dataset;
  return jpThemeLight === undefined ? matchMedia("(prefers-color-scheme: dark)").matches : jpThemeLight === "false";
};

function render({ model, el }) {
  const host = document.createElement("div");
  const { left, across, width, reach } = model.get("scales");
  const closing = new AbortController();
  const listen = (name, handler) => host.addEventListener(name, handler, { signal: closing.signal });
  host.className = "gan-lines";
  host.tabIndex = 0;
  host.dataset.lmSuppressShortcuts = "true";
  host.style.cssText = "max-width: 960px; touch-action: none; cursor: ew-resize;";
  for (const [name, value] of [["role", "slider"], ["aria-valuemin", -reach], ["aria-valuemax", reach]])
    host.setAttribute(name, value);
  host.setAttribute("aria-label", model.get("label"));
  const show = () => {
    host.innerHTML = model.get("svg");
    host.firstElementChild.style.cssText = "display: block; width: 100%; height: auto;";
    host.setAttribute("aria-valuenow", model.get("at").toFixed(2));
    host.setAttribute("aria-valuetext", model.get("alt"));
  };
  const move = (theta) => {
    model.set("wanted", Math.round(100 * Math.max(-reach, Math.min(reach, theta))) / 100);
    model.save_changes();
  };
  const place = (event) => {
    const box = host.getBoundingClientRect();
    return (((event.clientX - box.left) / box.width) * width - left) / across * 2 * reach - reach;
  };
  let held = false;
  listen("pointerdown", (event) => {
    if (Math.abs(place(event)) > reach) return;
    held = true;
    host.setPointerCapture(event.pointerId);
    move(place(event));
  });
  listen("pointermove", (event) => held && move(place(event)));
  listen("pointerup", () => { held = false; });
  listen("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!step) return;
    event.preventDefault();
    move(model.get("at") + step * (event.shiftKey ? 0.01 : 0.05));
  });
  const themed = () => { model.set("dark", dark()); model.save_changes(); };
  const watch = new MutationObserver(themed);
  watch.observe(document.body, { attributes: true, attributeFilter: ["data-jp-theme-light"] });
  model.on("change:svg", show);
  themed();
  show();
  el.append(host);
  return () => { closing.abort(); watch.disconnect(); };
}
export default { render };
"""


class Picture(anywidget.AnyWidget):
    """The drawing, in which the generator's line can be dragged, or moved with the arrow keys.

    Args:
        svg, alt: what is shown, as pictures and in words.
        at: theta.
        wanted: theta that the reader asks for; nothing before the first time.
        dark: whether the browser shows a dark page.
        scales: where x is in the drawing.
        label: what the arrow keys move.
    """

    _esm = MODULE
    svg = Unicode().tag(sync=True)
    alt = Unicode().tag(sync=True)
    at = Float().tag(sync=True)
    wanted = Float(None, allow_none=True).tag(sync=True)
    dark = Bool(False).tag(sync=True)
    scales = Dict({"left": LEFT, "across": ACROSS, "width": WIDTH, "reach": REACH}).tag(sync=True)
    label = Unicode(TEXTS["lines_theta_help"]).tag(sync=True)


@dataclass(frozen=True)
class Moment:
    """Everything that undo brings back.

    Args:
        loss: Which of `LOSSES` the generator minimises.
        noise: sigma.
        rate: Of its steps.
        walks: Where theta has been, the present walk last; its last place is theta.
    """

    loss: str
    noise: float
    rate: float
    walks: tuple[Walk, ...]

    @property
    def theta(self) -> float:
        """Where the generator's line is."""
        return self.walks[-1].path[-1]

    def afresh(self, theta: float) -> Moment:
        """A new walk from there; the present one is kept if it led anywhere."""
        kept = [walk for walk in self.walks if len(walk.path) > 1]
        return replace(self, walks=(*kept[-WALKS + 1 :], Walk((theta,), self.loss)))

    def stepped(self) -> Moment:
        """One step further along the walk, if there is a slope."""
        path = descent(self.theta, self.loss, noise=self.noise, rate=self.rate, steps=1)
        walk = self.walks[-1]
        return replace(self, walks=(*self.walks[:-1], Walk((*walk.path, *map(float, path[1:])), walk.loss)))


class ParallelLinesLab(widgets.VBox):
    """Two lines, one of which moves: by hand, or downhill on a loss.

    Args:
        start: What it opens with, and what reset brings back.
        key: Of the lab, so that making it again stops the old one.
    """

    def __init__(self, start: Moment, *, key: str | None = None) -> None:
        registry.replace(self, key)
        self.start = self.moment = start
        self.past: list[Moment] = []
        self._last: tuple[str, float] = ("", -math.inf)
        self._quiet = False
        self._told: dict[float, float] = {}  # when a training has told the slider which place
        self._lock = threading.RLock()  # the worker moves theta too
        self.worker = Worker(self._failed, self._ended)
        self.loss = widgets.Dropdown(
            options=[(TEXTS[f"lines_{name}"], name) for name in LOSSES],
            description=TEXTS["lines_loss"],
            layout=widgets.Layout(width="auto", flex="0 1 290px"),
            style={"description_width": "auto"},
        )
        self.theta = widgets.FloatSlider(
            min=-REACH, max=REACH, step=0.01, description=TEXTS["lines_theta"], readout_format=".2f",
            layout=widgets.Layout(width="auto"), tooltip=TEXTS["lines_theta_help"],
        )  # fmt: skip
        self.noise = Control(NOISE, start.noise, TEXTS["lines_noise_help"])
        self.rate = Control(RATE, start.rate, TEXTS["lines_rate_help"])
        for slider in (self.theta, self.noise.widget, self.rate.widget):
            slider.layout.flex = "1 1 220px"
            slider.style.description_width = "auto"
        self.play = button("lines_train", lambda _: self.train(), icon="play", style="success")
        self.buttons = [
            button(f"lines_{name}", lambda _, act=act: act(), icon=icon)
            for name, act, icon in (
                ("step", self.step, "step-forward"),
                ("undo", self.undo, "undo"),
                ("reset", self.reset, "refresh"),
            )
        ]
        self.picture = Picture()
        self.message = widgets.HTML().add_class("gan-lab-message")
        self.python = CopyText(label=TEXTS["share_python"], copy=TEXTS["copy"], copied=TEXTS["copied"])
        rows = [
            [self.loss, self.play, *self.buttons],
            [self.theta, self.noise.widget, self.rate.widget],
        ]
        super().__init__(
            [
                widgets.HTML(STYLE).add_class("gan-lab-style"),
                *(widgets.HBox(row).add_class("gan-lab-row") for row in rows),
                self.picture,
                self.message,
                widgets.Accordion([self.python], titles=[TEXTS["tab_share"]]),
            ]
        )
        self.add_class("gan-lab")
        self._set_controls()
        self._show()
        self.loss.observe(self._asked(lambda value: self._set("loss", loss=value)), "value")
        self.noise.widget.observe(self._asked(lambda _: self._set("noise", noise=self.noise.value)), "value")
        self.rate.widget.observe(self._asked(lambda _: self._set("rate", rate=self.rate.value)), "value")
        self.theta.observe(self._asked(self._slid), "value")
        self.picture.observe(self._asked(self.move), "wanted")
        self.picture.observe(self._asked(lambda _: self._show()), "dark")

    # ---- what can be done

    def move(self, theta: float) -> None:
        """The generator's line is put there by hand; a new walk begins."""
        self._pause()
        with self._lock:
            self._remember("theta")
            self.moment = self.moment.afresh(float(theta))
            self._show()

    def step(self) -> None:
        """One step downhill."""
        self._pause()
        with self._lock:
            self._remember("step")
            self.moment = self.moment.stepped()
            self._show()

    def train(self) -> None:
        """Walk downhill until paused; pause if it walks."""
        if self.worker.running:
            self._pause()
            return
        with self._lock:
            self._remember("train")
            if len(self.moment.walks[-1].path) > MOST_STEPS:
                self.moment = self.moment.afresh(self.moment.theta)
        self.worker.start(self._walk)
        self._say_play()

    def undo(self) -> None:
        """Back to what was before the last thing that was done."""
        self._pause()
        with self._lock:
            if self.past:
                self.moment = self.past.pop()
            self._last = ("", -math.inf)
            self._set_controls()
            self._show()

    def reset(self) -> None:
        """As it opened; undo takes it back."""
        self._pause()
        with self._lock:
            self._remember("reset")
            self.moment = self.start
            self._set_controls()
            self._show()

    def close(self) -> None:
        """Stop for good."""
        self.worker.stop()
        self.picture.close()
        super().close()

    # ---- how

    def _set(self, name: str, **value: Any) -> None:
        """Another setting: a new walk begins where theta is, and a training goes on with it."""
        with self._lock:
            self._remember(name)
            changed = replace(self.moment, **value)
            self.moment = changed.afresh(changed.theta)
            self._show()

    def _remember(self, name: str) -> None:
        now = time.monotonic()
        if self._last[0] != name or now - self._last[1] > TOGETHER:
            self.past.append(self.moment)
        self._last = (name, now)

    def _slid(self, theta: float) -> None:
        """The slider was moved; or it sends back, rounded, where a training has just moved it."""
        if time.monotonic() - self._told.get(round(theta, 2), -math.inf) > TOGETHER:
            self.move(theta)

    def _walk(self, stop: threading.Event) -> None:
        while not stop.wait(PAUSE):
            with self._lock:
                before = len(self.moment.walks[-1].path)
                self.moment = self.moment.stepped()
                self._show(trained=True)
                path = self.moment.walks[-1].path
                if len(path) == before or len(path) > MOST_STEPS or abs(path[-1]) > REACH:
                    return

    def _pause(self) -> None:
        self.worker.stop()

    def _ended(self) -> None:
        self._say_play()
        self._show(trained=True)

    def _failed(self, error: BaseException, _trace: str) -> None:
        self._say(TEXTS["failed"].format(error=error))

    def _say_play(self) -> None:
        name = "pause" if self.worker.running else "train"
        icon, style = ("pause", "warning") if self.worker.running else ("play", "success")
        tell(
            self.play,
            description=TEXTS[f"lines_{name}"], tooltip=TEXTS[f"lines_{name}_help"], icon=icon, button_style=style,
        )  # fmt: skip

    def _asked(self, act: Callable[[Any], object]) -> Callable[[dict[str, Any]], None]:
        def handler(change: dict[str, Any]) -> None:
            if not self._quiet:
                act(change["new"])

        return handler

    def _set_controls(self) -> None:
        """Only where the learner's own value is taken back: a training must not undo what is just being set."""
        moment, self._quiet = self.moment, True
        self.loss.value, self.noise.value, self.rate.value = moment.loss, moment.noise, moment.rate
        self._quiet = False

    def _show(self, trained: bool = False) -> None:
        """Picture and words say where things stand; from any thread."""
        moment = self.moment
        drawing = drawn(moment, "dark" if self.picture.dark else "light")
        tell(self.picture, svg=drawing.svg, alt=drawing.alt, at=moment.theta)
        place = round(min(max(moment.theta, -REACH), REACH), 2)
        if trained:
            self._told[place] = time.monotonic()
        tell(self.theta, value=place)
        tell(self.buttons[1], disabled=not self.past)
        self._say(sentence(moment))
        if not self.worker.running:
            tell(self.python, value=as_python(moment))

    def _say(self, words: str) -> None:
        tell(self.message, value=f'<div role="status">{escape(words)}</div>')


def as_python(moment: Moment) -> str:
    """The call that opens the lab like this."""
    return (
        "from gan_edu.labs.parallel_lines import parallel_lines_lab\n\n"
        f"parallel_lines_lab({moment.loss!r}, theta={round(moment.theta, 4)}, noise={moment.noise:g}, "
        f"rate={moment.rate:g})"
    )


def drawn(moment: Moment, theme: str = "light") -> Drawing:
    """The picture of a moment."""
    return parallel_lines_figure(
        parallel_lines(moment.theta, moment.noise), moment.walks, loss=moment.loss, theme=theme
    )


def sentence(moment: Moment) -> str:
    """What is seen, in words."""
    theta, noise = moment.theta, moment.noise
    seen = parallel_lines(theta, noise)
    slope = seen.slopes[moment.loss]
    if theta == 0:
        key = "lines_together"
    elif abs(theta) > REACH:
        key = "lines_gone"
    elif moment.loss == "wasserstein":
        key = "lines_says_wasserstein" if abs(theta) > moment.rate else "lines_says_to_and_fro"
    elif not noise:
        key = "lines_says_nothing" if moment.loss == "minimax" else "lines_says_infinite"
    elif abs(slope) * moment.rate < 1e-3 * abs(theta):
        key = "lines_says_too_little"
    elif moment.loss != "minimax" and abs(slope) * moment.rate > 2 * abs(theta):
        key = "lines_says_too_much"
    else:
        key = "lines_says_slope"
    words = {
        "theta": f"{theta:.2f}",
        "noise": f"{noise:g}",
        "slope": f"{abs(slope):.3g}",
        "apart": f"{abs(theta) / noise:.1f}" if noise else "",
    }
    return TEXTS[key].format(**words).replace("-", "−")


def race_scenes() -> list[Scene]:
    """What a page without a kernel plays: three generators that start at the same place, one above the other."""
    lanes = tuple(TEXTS[f"lines_race_{name}"] for name in ("minimax", "noise", "wasserstein"))
    return race(lanes, caption=TEXTS["lines_race"])


def parallel_lines_lab(
    loss: str = "minimax",
    *,
    theta: float = 1.0,
    noise: float = 0.0,
    rate: float = 0.05,
    key: str | None = None,
    fallback: bool | None = None,
) -> ParallelLinesLab | Drawing:
    """Two parallel lines: why one distance tells the generator nothing and another one leads it home.

    Args:
        loss: What the generator minimises: `minimax`, `non_saturating`, `likelihood` or `wasserstein`.
        theta: Where its line is; the data's is at 0. From -1.5 to 1.5.
        noise: sigma, added to both before the opponent sees them.
        rate: Of the generator's steps.
        key: Of the lab: making another with the same key stops the first. By default the notebook's cell.
        fallback: Show a picture in place of widgets; by default where widgets are known not to work.

    Returns:
        The lab, or the picture of where each loss would lead.

    Raises:
        ValueError: If the loss is unknown or a number is out of its range.

    Example:
        >>> parallel_lines_lab("wasserstein", fallback=True).alt[:47]
        'Generator’s line at θ = 0.00, noise 0. JSD 0.00'
    """
    if loss not in LOSSES:
        raise ValueError(f"loss must be one of {', '.join(LOSSES)}; got {loss!r}")
    if not abs(theta) <= REACH:
        raise ValueError(f"theta must be a number from {-REACH} to {REACH}; got {theta!r}")
    start = Moment(loss, float(NOISE.check(noise)), float(RATE.check(rate)), (Walk((float(theta),), loss),))
    if no_widgets() if fallback is None else fallback:
        path = tuple(map(float, descent(start.theta, loss, noise=start.noise, rate=start.rate, steps=40)))
        return drawn(replace(start, walks=(Walk(path, loss),)))
    return ParallelLinesLab(start, key=key)
