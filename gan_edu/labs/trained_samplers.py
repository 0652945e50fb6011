"""The sampler lab on a trained GAN: G alone, DRS and MH-GAN side by side, at any moment of a training."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from html import escape
from typing import Any

import ipywidgets as widgets
import torch

from gan_edu.dynamics.dynamics import State
from gan_edu.figures.drawing import Drawing, number
from gan_edu.figures.trained_sampling import KNOWN, Course, trained_sampling_figure
from gan_edu.figures.trained_sampling import TEXTS as WORDS
from gan_edu.labs import recorded, registry
from gan_edu.labs.copy_text import CopyText
from gan_edu.labs.fallback import no_widgets
from gan_edu.labs.lab import Lab
from gan_edu.labs.samplers import ARROWS, Picture
from gan_edu.labs.style import STYLE
from gan_edu.labs.texts import TEXTS
from gan_edu.labs.transport import button, tell
from gan_edu.labs.worker import Worker
from gan_edu.parameters import Parameter, Range
from gan_edu.presets import PRESETS
from gan_edu.recording import Recording, record
from gan_edu.samplers.calibration import KINDS
from gan_edu.training import Frame, Settings
from gan_edu.views.trained_sampling import (
    CASES,
    LIMIT,
    OUTPUTS,
    SAMPLERS,
    STARTS,
    Seen,
    Setting,
    TrainedSamplers,
    known_ring,
)

KNOWN_RING = "known_ring"
"""The name of known densities, in place of a preset's."""
RECORDED = "twenty_five"
"""The preset of which the package has a run, made by `python -m gan_edu.labs.recorded twenty_five`."""
MOMENT = 8
"""Of that run: where it opens. Most modes are there, and so is what lies between them."""
LENGTHS = (1, 2, 3, 5, 7, 10, 15, 20, 30, 40, 50, 60, 70, 80, 90, 100)
PERCENTILES = (0, 10, 20, 30, 40, 50, 60, 70, 75, 80, 85, 90, 95, 97, 99)
CHARTED = 24
"""Moments at most on the chart of the divergence over training."""
CALM = 0.4
"""Seconds between two pictures while that chart is being worked out."""
RECIPES: dict[str, dict[str, Any]] = {
    "none": {},
    "overconfident": {"calibration": "none"},
    "weak": {"calibration": "none"},
    "unclipped": {"calibration": "isotonic"},
    "old_proposals": {"start": "real", "proposals": 5},
}
"""What a failure case sets, so that it can be seen."""


@dataclass(frozen=True)
class Moment:
    """Everything that is shown.

    Args:
        frame: Index into the recording.
        setting: What the samplers are told.
        seed: Of everything random.
    """

    frame: int
    setting: Setting
    seed: int = 0


class TrainedSamplerLab(widgets.VBox):
    """Three samplers on one trained GAN, whose training can be gone through.

    A worker draws what is asked for, always the newest, and charts the divergence over training when nothing is.

    Args:
        samplers: On one run of a recording.
        start: What it opens with, and what reset brings back.
        name: Of the recording in Python, for the command that makes the lab again.
        key: Of the lab, so that making it again stops the old one.
    """

    def __init__(
        self, samplers: TrainedSamplers, start: Moment, *, name: str = "", key: str | None = None
    ) -> None:
        registry.replace(self, key)
        self.samplers, self.start, self.moment, self.name = samplers, start, start, name
        self.charted = charted(len(samplers))
        self._right = replace(start.setting, case="none")  # what a failure case is taken back to
        self._quiet = False
        self._wanted = threading.Event()
        self.worker = Worker(self._failed)
        last = len(samplers) - 1
        self.timeline = widgets.IntSlider(
            start.frame, 0, max(last, 1), readout=False,
            description=TEXTS["trained_widths" if self.known else "trained_timeline"],
            tooltip=TEXTS["trained_timeline_help"], disabled=not last,
        )  # fmt: skip
        self.place = widgets.HTML(layout=widgets.Layout(width="230px"))
        self.percentile = _slider("percentile", PERCENTILES, start.setting.percentile)
        self.proposals = _slider("proposals", LENGTHS, start.setting.proposals)
        for slider in (self.timeline, self.percentile, self.proposals):
            slider.layout = widgets.Layout(width="auto", flex="1 1 260px")
            slider.style.description_width = "auto"
        self.calibration = _menu("calibration", [(TEXTS[f"trained_{kind}"], kind) for kind in KINDS])
        self.chain_start = _menu("start", [(TEXTS[f"trained_{name}"], name) for name in STARTS])
        self.case = _menu("case", [(TEXTS[f"trained_case_{name}"], name) for name in CASES])
        self.buttons = [
            button(f"trained_{name}", lambda _, act=act: act(), icon=icon)
            for name, act, icon in (("again", self.again, "random"), ("reset", self.reset, "refresh"))
        ]
        self.picture = Picture(heard=list(ARROWS), label=TEXTS["trained_keys"]).add_class(
            "gan-trained-samplers"
        )
        self.message = widgets.HTML().add_class("gan-lab-message")
        self.python = CopyText(label=TEXTS["share_python"], copy=TEXTS["copy"], copied=TEXTS["copied"])
        rows = [
            [self.timeline, self.place],
            [self.percentile, self.proposals],
            [self.calibration, self.chain_start, self.case, *self.buttons],
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
        self._draw()
        for widget, name in (
            (self.percentile, "percentile"),
            (self.proposals, "proposals"),
            (self.calibration, "calibration"),
            (self.chain_start, "start"),
        ):
            widget.observe(self._asked(lambda value, name=name: self._set(**{name: value})), "value")
        self.case.observe(self._asked(self.fail), "value")
        self.timeline.observe(self._asked(self.seek), "value")
        self.picture.observe(lambda _: self._request(), "dark")
        self.picture.on_msg(lambda _widget, content, _buffers: self._pressed(content["key"]))
        self._request()

    # ---- what can be done

    def seek(self, frame: int) -> None:
        """Another moment of the training."""
        self.moment = replace(self.moment, frame=min(max(frame, 0), len(self.samplers) - 1))
        self._set_controls()
        self._request()

    def fail(self, case: str) -> None:
        """A failure case, with settings with which it can be seen; "none" takes them back."""
        setting = self.moment.setting
        if setting.case == "none":
            self._right = setting
        self._take(replace(self.moment, setting=replace(self._right, case=case, **RECIPES[case]).checked()))

    def again(self) -> None:
        """Other random numbers."""
        self._take(replace(self.moment, seed=self.moment.seed + 100))

    def reset(self) -> None:
        """As it opened."""
        self._take(self.start)

    def close(self) -> None:
        """Stop for good."""
        self.worker.stop()
        self.picture.close()
        super().close()

    @property
    def settled(self) -> bool:
        """Whether all that was asked for is drawn, the chart included."""
        return not self._wanted.is_set() and self._next() is None and self._drawn == self._state()

    @property
    def known(self) -> bool:
        """Whether densities are known, and q has a width in place of a training."""
        return self.name == repr(KNOWN_RING)

    # ---- how

    def _set(self, **changed: Any) -> None:
        setting = replace(self.moment.setting, **changed).checked()
        self._take(replace(self.moment, setting=setting))

    def _take(self, moment: Moment) -> None:
        if moment.seed != self.samplers.seed:
            self.samplers = TrainedSamplers(self.samplers.recording, self.samplers.run, moment.seed)
        self.moment = moment
        self._set_controls()
        self._request()

    def _pressed(self, key: str) -> None:
        at, last = self.moment.frame, len(self.samplers) - 1
        self.seek({"ArrowLeft": at - 1, "ArrowRight": at + 1, "Home": 0, "End": last}[key])

    def _asked(self, act: Callable[[Any], object]) -> Callable[[dict[str, Any]], None]:
        def handler(change: dict[str, Any]) -> None:
            if not self._quiet:
                act(change["new"])

        return handler

    def _set_controls(self) -> None:
        """The controls say what the moment says; what a failure case decides can't be chosen."""
        moment, self._quiet = self.moment, True
        setting = moment.setting
        self.timeline.value = moment.frame
        for menu, value in (
            (self.percentile, setting.percentile),
            (self.proposals, setting.proposals),
            (self.calibration, setting.calibration),
            (self.chain_start, setting.start),
            (self.case, setting.case),
        ):
            menu.value = value
        self.calibration.disabled = setting.case == "unclipped"
        self.chain_start.disabled = setting.case == "old_proposals"
        self._quiet = False
        step = self.samplers.recording[moment.frame].step
        place = "trained_width" if self.known else "trained_place"
        self.place.value = TEXTS[place].format(
            step=step, s=step / 100, k=moment.frame + 1, n=len(self.samplers)
        )
        self.python.value = as_python(moment, self.name, self.samplers.run)

    def _request(self) -> None:
        self._wanted.set()
        if not self.worker.running:
            self.worker.start(self._work)

    def _work(self, stop: threading.Event) -> None:
        """What is asked for first; what the chart lacks when nothing is."""
        drawn_at = 0.0
        while not stop.is_set():
            frame = self._next()
            if self._wanted.is_set() or (frame is None and self._drawn != self._state()):
                self._wanted.clear()
                self._draw()
                drawn_at = time.monotonic()
            elif frame is None:
                self._wanted.wait(0.2)
            else:
                samplers, setting = self.samplers, self.moment.setting
                with suppress(ValueError):  # where D's output is not finite, the chart has a gap
                    if samplers.prepare(frame, setting, lambda: stop.is_set() or self._wanted.is_set()):
                        samplers.at(frame, setting)
                if time.monotonic() - drawn_at > CALM:
                    self._wanted.set()

    def _next(self) -> int | None:
        """A frame that the chart lacks."""
        samplers, setting = self.samplers, self.moment.setting
        return next((frame for frame in self.charted if not samplers.divergence(frame, setting)), None)

    def _state(self) -> tuple[Moment, int, bool]:
        moment, samplers = self.moment, self.samplers
        known = sum(bool(samplers.divergence(frame, moment.setting)) for frame in self.charted)
        return moment, known, self.picture.dark

    def _draw(self) -> None:
        """Picture and words say where things stand; from any thread."""
        state, samplers = self._state(), self.samplers
        moment = state[0]
        try:
            seen = samplers.at(moment.frame, moment.setting)
        except ValueError as error:
            self._say(TEXTS["refused"].format(error=error))
        else:
            theme = "dark" if self.picture.dark else "light"
            known = course(samplers, moment.setting, self.charted)
            words = KNOWN if self.known else WORDS
            made = trained_sampling_figure(seen, known, theme=theme, texts=words)
            tell(self.picture, svg=made.svg, alt=made.alt)
            about = TEXTS["trained_known"].format(s=seen.step / 100) if self.known else ""
            self._say(about + sentence(samplers, moment, seen))
        self._drawn = state

    def _failed(self, error: BaseException, _trace: str) -> None:
        self._say(TEXTS["failed"].format(error=error))

    def _say(self, words: str) -> None:
        tell(self.message, value=f'<div role="status">{escape(words)}</div>')


def _slider(name: str, values: tuple[float, ...], value: float) -> widgets.SelectionSlider:
    return widgets.SelectionSlider(
        options=[(f"{one:g}", one) for one in sorted({*values, value})],
        value=value,
        description=TEXTS[f"trained_{name}"],
        tooltip=TEXTS[f"trained_{name}_help"],
    )


def _menu(name: str, options: list[tuple[str, str]]) -> widgets.Dropdown:
    return widgets.Dropdown(
        options=options,
        description=TEXTS[f"trained_{name}"],
        tooltip=TEXTS[f"trained_{name}_help"],
        layout=widgets.Layout(width="auto", flex="0 1 auto"),
        style={"description_width": "auto"},
    )


def charted(frames: int) -> list[int]:
    """Which frames are charted: all, or some that are evenly spread.

    Example:
        >>> charted(3), len(charted(200))
        ([0, 1, 2], 24)
    """
    count = min(frames, CHARTED)
    return sorted({round(k * (frames - 1) / max(count - 1, 1)) for k in range(count)})


def course(samplers: TrainedSamplers, setting: Setting, frames: list[int]) -> Course:
    """Steps and divergences of these frames, as far as they are known."""
    return [(samplers.recording[frame].step, samplers.divergence(frame, setting)) for frame in frames]


def sentence(samplers: TrainedSamplers, moment: Moment, seen: Seen) -> str:
    """What is seen, in words."""
    setting, (plain, drs, mh) = moment.setting, (seen.outcomes[name] for name in SAMPLERS)
    case = setting.case
    if case in ("overconfident", "weak") and setting.calibration != "none":
        key = "mended"
    elif case == "none" and len(drs.x) < OUTPUTS:
        key = "few"
    else:
        key = case
    right = samplers.at(moment.frame, replace(setting, case="none")).outcomes["mh"] if case != "none" else mh
    return TEXTS[f"trained_says_{key}"].format(
        plain=f"{plain.divergence:.3f}", drs=f"{drs.divergence:.3f}", mh=f"{mh.divergence:.3f}",
        right=f"{right.divergence:.3f}", right_modes=right.modes, again=number(mh.again, 2),
        right_again=number(right.again, 2), perfect=f"{seen.perfect:.3f}", drs_cost=f"{drs.cost:.3g}",
        mh_cost=f"{mh.cost:.3g}", ratio=f"{seen.after.mean_ratio:.3g}", unmoved=f"{100 * mh.unmoved:.1f} %",
        acceptance=f"{100 * mh.acceptance:.0f} %", modes=mh.modes, kind=TEXTS[f"trained_{setting.calibration}"],
        trapped=f"{100 * seen.sure[0]:.1f} %", truth=f"{100 * seen.sure[1]:.1f} %", count=len(drs.x), wanted=OUTPUTS,
        limit=f"{LIMIT:,}",
    )  # fmt: skip


def as_python(moment: Moment, name: str, run: int) -> str:
    """The call that opens the lab with these settings."""
    setting = moment.setting
    told = {
        "frame": moment.frame, "run": run, "percentile": setting.percentile, "proposals": setting.proposals,
        "calibration": setting.calibration, "start": setting.start, "case": setting.case, "seed": moment.seed,
    }  # fmt: skip
    arguments = ", ".join([*([name] if name else []), *(f"{key}={value!r}" for key, value in told.items())])
    return (
        f"from gan_edu.labs.trained_samplers import trained_sampler_lab\n\ntrained_sampler_lab({arguments})"
    )


def pack(recording: Recording) -> bytes:
    """The players of all frames as a safetensors file, in half precision; their settings are those of the last."""
    from safetensors.torch import save

    players = {
        f"{k}/{name}": frame.players[name].half().contiguous()
        for k, frame in enumerate(recording)
        for name in ("theta_d", "theta_g")
    }
    header = {"steps": recording.steps.tolist(), "settings": recording.settings.as_json()}
    return save(players, metadata={"gan_edu": json.dumps(header)})


def unpack(packed: bytes) -> Recording:
    """What `pack` made: a recording to look at, that can't be gone on from."""
    from safetensors.torch import load

    length = int.from_bytes(packed[:8], "little")  # of the header, as the format says
    header = json.loads(json.loads(packed[8 : 8 + length])["__metadata__"]["gan_edu"])
    tensors = {name: tensor.float() for name, tensor in load(packed).items()}
    settings = Settings.from_json(header["settings"])
    frames = []
    for k, step in enumerate(header["steps"]):
        players = {name: tensors[f"{k}/{name}"] for name in ("theta_d", "theta_g")}
        runs = len(players["theta_d"])
        unknown = {name: torch.full((runs,), torch.nan) for name in players}
        frames.append(
            Frame(
                State(players, {}, unknown, step), torch.ones(runs, dtype=torch.bool), torch.full((runs,), -1),
                torch.empty(0), settings,
            )
        )  # fmt: skip
    return Recording(None, frames)


def trained_sampler_lab(
    source: Recording | Lab | str = RECORDED,
    *,
    frame: int | None = None,
    run: int | None = None,
    percentile: float = 95,
    proposals: int = 100,
    calibration: str = "isotonic",
    start: str = "real",
    case: str = "none",
    seed: int = 0,
    key: str | None = None,
    fallback: bool | None = None,
) -> TrainedSamplerLab | Drawing:
    """G alone, DRS and MH-GAN on a trained GAN, side by side, at any moment of its training.

    Args:
        source: A recording; a lab with a training, of which the run in hand is taken; or the name of a preset,
            which is trained first, but for `twenty_five` (25 Gaussians), whose run comes with the package; or
            `known_ring`, known densities: a ring under a Gaussian of many widths, with a D that is exact.
        frame: Index of the moment to open with; by default the last, and of the package's run one in the middle.
        run: Of the population; by default the first, and of a lab the one that it shows.
        percentile: Of F that DRS's gamma is set to, 0 to 100; the higher, the stricter.
        proposals: K of MH's chains, 1 to 640.
        calibration: `none`, `isotonic`, `platt` or `beta`, for DRS and MH alike.
        start: Where chains start: the logit of a held-out `real` point, or a draw of G (`fake`).
        case: What goes wrong: `none`, `overconfident`, `weak`, `unclipped` or `old_proposals`.
        seed: Of everything random.
        key: Of the lab: making another with the same key stops the first. By default the notebook's cell.
        fallback: Show a picture in place of widgets; by default where widgets are known not to work.

    Returns:
        The lab, or the picture.

    Raises:
        ValueError: If a name is unknown, a number is out of its range, there is no such frame or run, D gives no
            logits, or points are not those of a plane.

    Example:
        >>> trained_sampler_lab(calibration="probit")
        Traceback (most recent call last):
            ...
        ValueError: calibration must be one of none, isotonic, isotonic_laplace, platt, beta; got 'probit'
    """
    setting = Setting(percentile, proposals, calibration, start, case).checked()
    name = "" if source == RECORDED else repr(source) if isinstance(source, str) else "recording"
    if isinstance(source, Lab):
        with source.lock:
            recording, here = Recording(None, list(source.session.recording)), source.session.position
            run = source.population if run is None else run
    elif isinstance(source, Recording):
        recording, here = Recording(None, list(source)), -1
    elif source == RECORDED:
        recording, here = unpack(recorded.load(RECORDED)[0]), MOMENT
    elif source == KNOWN_RING:
        recording, here = known_ring(), 4
    elif source in PRESETS:
        preset = PRESETS[source]
        recording, here = record(preset.make(), steps=preset.steps, **preset.settings), -1
    else:
        raise ValueError(
            f"source must be a recording, a lab or one of {KNOWN_RING}, {', '.join(PRESETS)}; got {source!r}"
        )
    last = len(recording) - 1
    place = Parameter("frame", "int", range=Range(-last - 1, last)).check(here if frame is None else frame)
    opened = Moment(place % (last + 1), setting, seed)
    samplers = TrainedSamplers(recording, run or 0, seed)
    if no_widgets() if fallback is None else fallback:
        for charted_frame in (frames := charted(last + 1)):
            samplers.at(charted_frame, setting)
        words = KNOWN if source == KNOWN_RING else WORDS
        seen = samplers.at(opened.frame, setting)
        return trained_sampling_figure(seen, course(samplers, setting, frames), texts=words)
    return TrainedSamplerLab(samplers, opened, name=name, key=key)
