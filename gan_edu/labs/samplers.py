"""The sampler lab on known densities: rejection and Metropolis-Hastings, draw by draw, beside what theory says."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from html import escape
from typing import Any

import anywidget
import ipywidgets as widgets
from traitlets import Bool, List, Unicode

from gan_edu.figures.drawing import Drawing
from gan_edu.figures.sampling import chains_figure, darts_figure
from gan_edu.labs import registry
from gan_edu.labs.controls import Control
from gan_edu.labs.copy_text import CopyText
from gan_edu.labs.fallback import no_widgets
from gan_edu.labs.style import STYLE
from gan_edu.labs.texts import TEXTS
from gan_edu.labs.transport import button, tell
from gan_edu.labs.worker import Worker
from gan_edu.parameters import Parameter, Range
from gan_edu.views.sampling import DARTS, MAKERS, MOST_PROPOSALS, STARTS, pair, throw, walk

METHODS = ("rejection", "metropolis_hastings")
LOG_BOUND = Parameter(
    "log_bound", "float", range=Range(-20, 40, slider=(-2, 16), step=0.1, label=TEXTS["samplers_log_bound"])
)
LENGTHS = (1, 2, 3, 5, 7, 10, 15, 20, 30, 50, 70, 100, 150, 200, 300, 500, MOST_PROPOSALS)
"""Of a chain, on the slider."""
PAUSE = 0.08
"""Seconds between two pictures while it plays."""
FASTER = 8
"""It begins with one draw a picture, and then shows an eighth more in each."""
REJECTION, CHAIN = METHODS
ARROWS = ("ArrowLeft", "ArrowRight", "Home", "End")

MODULE = """
const dark = () => {
  const { jpThemeLight } = document.body.dataset;
  return jpThemeLight === undefined ? matchMedia("(prefers-color-scheme: dark)").matches : jpThemeLight === "false";
};

function render({ model, el }) {
  const host = document.createElement("div");
  host.className = "gan-samplers";
  host.tabIndex = 0;
  host.dataset.lmSuppressShortcuts = "true";
  host.style.cssText = "max-width: 960px;";
  host.setAttribute("role", "img");
  host.setAttribute("aria-roledescription", model.get("label"));
  const show = () => {
    host.innerHTML = model.get("svg");
    host.firstElementChild.style.cssText = "display: block; width: 100%; height: auto;";
    host.setAttribute("aria-label", model.get("alt"));
  };
  const closing = new AbortController();
  host.addEventListener("keydown", (event) => {
    if (!model.get("heard").includes(event.key) || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    model.send({ key: event.key });
  }, { signal: closing.signal });
  const themed = () => { model.set("dark", dark()); model.save_changes(); };
  const watch = new MutationObserver(themed);
  watch.observe(document.body, { attributes: true, attributeFilter: ["data-jp-theme-light"] });
  model.on("change:svg", show);
  themed();
  show();
  el.append(host);
  return () => { closing.abort(); watch.disconnect(); model.off("change:svg", show); };
}
export default { render };
"""


class Picture(anywidget.AnyWidget):
    """The drawing; some keys act while it has the focus.

    Args:
        svg, alt: what is shown, as pictures and in words.
        dark: whether the browser shows a dark page.
        heard: keys that act, by the browser's names.
        label: what they do.
    """

    _esm = MODULE
    svg = Unicode().tag(sync=True)
    alt = Unicode().tag(sync=True)
    dark = Bool(False).tag(sync=True)
    heard = List([" ", *ARROWS]).tag(sync=True)
    label = Unicode(TEXTS["samplers_keys"]).tag(sync=True)


@dataclass(frozen=True)
class Moment:
    """Everything that is shown.

    Args:
        pair: Name of target and proposal.
        method: One of `METHODS`.
        log_bound: log M, of rejection.
        proposals: K, of Metropolis-Hastings.
        start: Where its chains start.
        seed: Of everything random.
        at: Darts so far, or steps of the chains.
        fallen: Darts that fall just now.
    """

    pair: str
    method: str
    log_bound: float
    proposals: int
    start: str
    seed: int = 0
    at: int = 0
    fallen: int = 0

    @property
    def last(self) -> int:
        """Where it ends."""
        return DARTS if self.method == REJECTION else self.proposals

    def moved(self, at: int) -> Moment:
        """At another moment; what is new since falls."""
        at = min(max(at, 0), self.last)
        return replace(self, at=at, fallen=max(at - self.at, 0))


class SamplerLab(widgets.VBox):
    """Two samplers on two known pairs of densities, played draw by draw.

    Args:
        start: What it opens with, and what reset brings back.
        key: Of the lab, so that making it again stops the old one.
    """

    def __init__(self, start: Moment, *, key: str | None = None) -> None:
        registry.replace(self, key)
        self.start = self.moment = start
        self._quiet = False
        self._lock = threading.RLock()  # the worker moves on too
        self.worker = Worker(self._failed, self._ended)
        self.pair = _menu("pair", MAKERS)
        self.method = _menu("method", METHODS)
        self.chain_start = _menu("start", STARTS)
        self.log_bound = Control(LOG_BOUND, start.log_bound, TEXTS["samplers_log_bound_help"])
        self.proposals = widgets.SelectionSlider(
            options=sorted({*LENGTHS, start.proposals}),
            value=start.proposals,
            description=TEXTS["samplers_proposals"],
            tooltip=TEXTS["samplers_proposals_help"],
        )
        self.timeline = widgets.IntSlider(
            0, 0, max(start.last, 1), description=TEXTS["samplers_at"], tooltip=TEXTS["samplers_at_help"]
        )
        for slider in (self.log_bound.widget, self.proposals, self.timeline):
            slider.layout = widgets.Layout(width="auto", flex="1 1 240px")
            slider.style.description_width = "auto"
        self.least = button("samplers_least", lambda _: self.envelop(), icon="arrows-v")
        self.play = button("samplers_play", lambda _: self.go(), icon="play", style="success")
        self.buttons = [
            button(f"samplers_{name}", lambda _, act=act: act(), icon=icon)
            for name, act, icon in (
                ("step", self.step, "step-forward"),
                ("end", self.end, "fast-forward"),
                ("again", self.again, "random"),
                ("reset", self.reset, "refresh"),
            )
        ]
        self.picture = Picture()
        self.message = widgets.HTML().add_class("gan-lab-message")
        self.python = CopyText(label=TEXTS["share_python"], copy=TEXTS["copy"], copied=TEXTS["copied"])
        rows = [
            [self.pair, self.method],
            [self.log_bound.widget, self.least, self.proposals, self.chain_start],
            [self.play, *self.buttons, self.timeline],
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
        for widget, name in (
            (self.pair, "pair"),
            (self.method, "method"),
            (self.chain_start, "start"),
            (self.log_bound.widget, "log_bound"),
            (self.proposals, "proposals"),
        ):
            widget.observe(self._asked(lambda value, name=name: self._set(**{name: value})), "value")
        self.timeline.observe(self._asked(self.seek), "value")
        self.picture.observe(self._asked(lambda _: self._show()), "dark")
        self.picture.on_msg(lambda _widget, content, _buffers: self._pressed(content["key"]))

    # ---- what can be done

    def go(self) -> None:
        """Play until the end, from the beginning if it is there; pause if it plays."""
        if self.worker.running:
            self.worker.stop()
            return
        with self._lock:
            if self.moment.at >= self.moment.last:
                self.moment = self.moment.moved(0)
        self.worker.start(self._play)
        self._say_play()

    def step(self, by: int = 1) -> None:
        """One draw more, or less."""
        self.seek(self.moment.at + by)

    def seek(self, at: int) -> None:
        """To any moment."""
        self.worker.stop()
        with self._lock:
            self.moment = self.moment.moved(at)
            self._show()

    def end(self) -> None:
        """All draws at once."""
        self.seek(self.moment.last)

    def again(self) -> None:
        """Other random numbers, from the beginning."""
        self.worker.stop()
        with self._lock:
            self.moment = replace(self.moment, seed=self.moment.seed + 100).moved(0)
            self._show()

    def envelop(self) -> None:
        """The least M with which rejection is right: sup w."""
        self.log_bound.value = safe_bound(self.moment.pair)

    def reset(self) -> None:
        """As it opened."""
        self.worker.stop()
        with self._lock:
            self.moment = self.start
            self._set_controls()
            self._show()

    def close(self) -> None:
        """Stop for good."""
        self.worker.stop()
        self.picture.close()
        super().close()

    # ---- how

    def _set(self, **changed: Any) -> None:
        """Another setting: darts stay where they were thrown; chains are walked anew, from the beginning."""
        self.worker.stop()
        with self._lock:
            at = self.moment.at if "log_bound" in changed else 0
            self.moment = replace(self.moment, **changed, at=at, fallen=0)
            self._set_controls()
            self._show()

    def _pressed(self, key: str) -> None:
        acts: dict[str, Callable[[], None]] = {
            " ": self.go,
            "ArrowLeft": lambda: self.step(-1),
            "ArrowRight": self.step,
            "Home": lambda: self.seek(0),
            "End": self.end,
        }
        acts[key]()

    def _play(self, stop: threading.Event) -> None:
        while not stop.wait(PAUSE):
            with self._lock:
                at = self.moment.at
                self.moment = self.moment.moved(at + max(1, at // FASTER))
                self._show()
                if self.moment.at == self.moment.last:
                    return

    def _ended(self) -> None:
        self._say_play()
        with self._lock:
            self._show()

    def _failed(self, error: BaseException, _trace: str) -> None:
        self._say(TEXTS["failed"].format(error=error))

    def _say_play(self) -> None:
        name = "pause" if self.worker.running else "play"
        style = "warning" if self.worker.running else "success"
        tell(
            self.play,
            description=TEXTS[f"samplers_{name}"], tooltip=TEXTS[f"samplers_{name}_help"], icon=name,
            button_style=style,
        )  # fmt: skip

    def _asked(self, act: Callable[[Any], object]) -> Callable[[dict[str, Any]], None]:
        def handler(change: dict[str, Any]) -> None:
            if not self._quiet:
                act(change["new"])

        return handler

    def _set_controls(self) -> None:
        """The controls say what the moment says, and only those are there that act."""
        moment, self._quiet = self.moment, True
        self.pair.value, self.method.value, self.chain_start.value = moment.pair, moment.method, moment.start
        self.log_bound.value, self.proposals.value = moment.log_bound, moment.proposals
        self._quiet = False
        for widget, method in (
            (self.log_bound.widget, REJECTION),
            (self.least, REJECTION),
            (self.proposals, CHAIN),
            (self.chain_start, CHAIN),
        ):
            widget.layout.display = "" if moment.method == method else "none"

    def _show(self) -> None:
        """Picture and words say where things stand; from any thread."""
        moment = self.moment
        made = drawn(moment, "dark" if self.picture.dark else "light")
        tell(self.picture, svg=made.svg, alt=made.alt)
        tell(self.timeline, max=moment.last, value=moment.at)
        self._say(sentence(moment))
        if not self.worker.running:
            tell(self.python, value=as_python(moment))

    def _say(self, words: str) -> None:
        tell(self.message, value=f'<div role="status">{escape(words)}</div>')


def _menu(name: str, values: Any) -> widgets.Dropdown:
    return widgets.Dropdown(
        options=[(TEXTS[f"samplers_{value}"], value) for value in values],
        description=TEXTS[f"samplers_{name}"],
        tooltip=TEXTS[f"samplers_{name}_help"],
        layout=widgets.Layout(width="auto", flex="0 1 auto"),
        style={"description_width": "auto"},
    )


def safe_bound(name: str) -> float:
    """The least log M of a pair, rounded up to what the slider has."""
    return math.ceil(10 * pair(name).log_bound) / 10


def as_python(moment: Moment) -> str:
    """The call that opens the lab with these settings."""
    return (
        "from gan_edu.labs.samplers import sampler_lab\n\n"
        f"sampler_lab({moment.pair!r}, method={moment.method!r}, log_bound={moment.log_bound:g}, "
        f"proposals={moment.proposals}, start={moment.start!r}, seed={moment.seed})"
    )


def drawn(moment: Moment, theme: str = "light") -> Drawing:
    """The picture of a moment."""
    if moment.method == REJECTION:
        darts = throw(moment.pair, moment.log_bound, moment.seed)
        return darts_figure(darts, moment.at, moment.fallen, theme=theme)
    return chains_figure(
        walk(moment.pair, moment.proposals, moment.start, moment.seed), moment.at, theme=theme
    )


def sentence(moment: Moment) -> str:
    """What is seen, in words."""
    known = pair(moment.pair)
    words: dict[str, str] = {"least": f"{known.log_bound:.2f}"}
    if moment.method == REJECTION:
        darts = throw(moment.pair, moment.log_bound, moment.seed)
        wait = 1 / darts.acceptance
        words |= {
            "wait": f"{wait:,.0f}" if wait >= 10 else f"{wait:.1f}",
            "tv": f"{darts.total_variation:.3f}",
        }
        if moment.log_bound < known.log_bound:
            key = "samplers_says_too_small"
        elif wait > DARTS:
            key = "samplers_says_hopeless"
        elif moment.log_bound > known.log_bound + math.log(2):
            key = "samplers_says_too_large"
        else:
            key = "samplers_says_right"
    else:
        chains = walk(moment.pair, moment.proposals, moment.start, moment.seed)
        key = f"samplers_says_{moment.start}"
        words |= {
            "steps": str(moment.at),
            "tv": f"{chains.exact[moment.at]:.3f}",
            "bound": f"{chains.bound[moment.at]:.3f}",
            "unmoved": f"{100 * chains.unmoved[moment.at]:.1f} %",
        }
    return TEXTS[key].format(**words).replace("-", "−")


def sampler_lab(
    pair: str = "two_bells",
    *,
    method: str = "rejection",
    log_bound: float | None = None,
    proposals: int = 20,
    start: str = "proposal",
    seed: int = 0,
    key: str | None = None,
    fallback: bool | None = None,
) -> SamplerLab | Drawing:
    """Rejection and Metropolis-Hastings on known densities: watch them draw, beside what theory says.

    Args:
        pair: `two_bells`, under one wide bell; or `missing_mode`, of which the proposal lacks one bell of four.
        method: `rejection` or `metropolis_hastings`.
        log_bound: log M, the height of rejection's envelope; by default the least that is right, rounded up.
        proposals: K of a chain, 1 to 640.
        start: Where chains start: `proposal` or `real`.
        seed: Of everything random.
        key: Of the lab: making another with the same key stops the first. By default the notebook's cell.
        fallback: Show a picture in place of widgets; by default where widgets are known not to work.

    Returns:
        The lab, or the picture of all draws.

    Raises:
        ValueError: If a name is unknown or a number is out of its range.

    Example:
        >>> sampler_lab(log_bound=2, fallback=True).alt[:44]
        '264 of 2048 darts accepted, M = 7.39. Accept'
    """
    for name, value, choices in (
        ("pair", pair, MAKERS),
        ("method", method, METHODS),
        ("start", start, STARTS),
    ):
        if value not in choices:
            raise ValueError(f"{name} must be one of {', '.join(choices)}; got {value!r}")
    if isinstance(proposals, bool) or not isinstance(proposals, int) or not 1 <= proposals <= MOST_PROPOSALS:
        raise ValueError(f"proposals must be a whole number from 1 to {MOST_PROPOSALS}; got {proposals!r}")
    bound = safe_bound(pair) if log_bound is None else float(LOG_BOUND.check(log_bound))
    opened = Moment(pair, method, bound, proposals, start, seed)
    if no_widgets() if fallback is None else fallback:
        return drawn(replace(opened, at=opened.last))
    return SamplerLab(opened, key=key)
