"""What a lab is about: the runs, the one in hand, the moment that is looked at, and the settings that are wanted.

No widgets here. Nothing is ever lost: going on from an earlier moment, starting anew and loading all make a new
run and keep the old ones.
"""

from __future__ import annotations

import bisect
import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from string import ascii_uppercase
from typing import Any, Literal

import torch

from gan_edu import catalogue
from gan_edu.data.target import Target
from gan_edu.parameters import peel, wrap
from gan_edu.recording import Recording
from gan_edu.training import FIXED, Frame, Settings, Training

BUDGET = 64 * 2**20
"""Bytes of frames that a run may keep: a lab holds several, and Binder gives little memory."""

Who = Literal["both", "D", "G"]
ALONE: Mapping[Who, dict[str, int]] = {
    "D": {"discriminator_steps": 1, "generator_steps": 0},
    "G": {"discriminator_steps": 0, "generator_steps": 1},
}


@dataclass
class Run:
    """A recording with a name."""

    name: str
    recording: Recording
    note: str = ""


class Session:
    """The runs of a lab.

    Args:
        settings: What the first run is made with.

    Example:
        >>> from gan_edu.presets import PRESETS
        >>> from gan_edu.training import resolve
        >>> session = Session(resolve(PRESETS["rotating"].make(), {}))
        >>> session.frame.step, session.advance().step, session.run.name
        (0, 10, 'A')
    """

    def __init__(self, settings: Settings) -> None:
        self.wanted = settings
        self.runs: list[Run] = []
        self.index: int | None = None
        self.run = self._new(Recording(Training(settings), budget=BUDGET))
        self.run.recording.advance()

    @property
    def recording(self) -> Recording:
        """That of the run in hand."""
        return self.run.recording

    @property
    def position(self) -> int:
        """Index of the frame that is looked at."""
        last = len(self.recording) - 1
        return last if self.index is None else min(self.index, last)

    @property
    def frame(self) -> Frame:
        """The frame that is looked at."""
        return self.recording[self.position]

    @property
    def at_newest(self) -> bool:
        """Whether nothing lies after the frame that is looked at."""
        return self.position == len(self.recording) - 1

    @property
    def running(self) -> Settings:
        """The settings of the run in hand."""
        return self.recording.settings

    @property
    def next_target(self) -> Target:
        """The target of the next frame: a wanted one shows at once, also while nothing trains."""
        if not self.at_newest:
            return self.frame.settings.game.target
        return without_fresh_start(self.wanted, self.running).game.target

    @property
    def waiting(self) -> tuple[str, ...]:
        """Names of the settings that are wanted but need a fresh start."""
        names = list(_differences(self.wanted, without_fresh_start(self.wanted, self.running)))
        if "game" in names:
            (around, want), (has_around, have) = (
                peel(settings.game.recipe or {}) for settings in (self.wanted, self.running)
            )
            if want["name"] == have["name"]:
                changed = [k for k, v in want["arguments"].items() if v != have["arguments"][k]]
                fresh = fresh_parameters(want["folder"], want["name"])
                waiting = [k for k in changed if k in fresh or k == "target"]
                missing = [_bare(remedy) for remedy in around] != [_bare(remedy) for remedy in has_around]
                names[names.index("game") : names.index("game") + 1] = waiting + ["remedies"] * missing
        return tuple(names)

    def change(self, wanted: Settings) -> bool:
        """Ask for other settings. They act on the next frame, but for those that need a fresh start.

        Returns:
            Whether all of them act.
        """
        self.wanted = wanted
        return not self.waiting

    def advance(self, who: Who = "both", steps: int | None = None) -> Frame | None:
        """Train up to the next frame; from an earlier moment this forks first.

        Args:
            who: Both players as the dynamics say, or one of them alone, by one update.
            steps: In place of the wanted steps per frame.
        """
        if not self.at_newest:
            self.fork()
        wanted = without_fresh_start(self.wanted, self.running)
        if who != "both":
            dynamics = catalogue.find("dynamics", "alternating")(**ALONE[who])
            wanted = dataclasses.replace(wanted, dynamics=dynamics, steps_per_frame=1)
        elif steps is not None:
            wanted = dataclasses.replace(wanted, steps_per_frame=steps)
        return advance_with(self.recording, wanted)

    def apply_wanted(self) -> None:
        """Let the wanted settings act on the newest frame's training now."""
        take_on(self.recording, without_fresh_start(self.wanted, self.running))

    def scrub(self, index: int) -> None:
        """Look at a frame of the run in hand; the last one means "follow the training"."""
        last = len(self.recording) - 1
        self.index = None if index >= last else max(0, index)

    def fork(self) -> Run:
        """A new run that shares the frames up to the one that is looked at; the old one keeps all of its own."""
        old, step = self.run, self.frame.step
        return self._hold(self._new(old.recording.fork(self.position), f"from {old.name} at step {step:,}"))

    def reset(self) -> Run:
        """Start afresh with the wanted settings. The old run is kept, unless it never left its start."""
        recording = Recording(Training(self.wanted), budget=BUDGET)
        recording.advance()
        if len(self.recording) == 1 and self.run.recording.training is not None:
            self.run.recording, self.index = recording, None
            return self.run
        return self._hold(self._new(recording))

    def adopt(self, recording: Recording, note: str = "") -> Run:
        """Take in a recording that was made elsewhere."""
        return self.take(self._new(recording, note))

    def twin(self) -> tuple[Run, Run]:
        """Fork, to compare: the old run and its twin, which is now in hand."""
        old = self.run
        return old, self.fork()

    def keep_up(self, other: Run) -> None:
        """Train another run on, with its own settings, until it has come as far as the one in hand."""
        while other.recording[-1].step < self.frame.step and advance_with(
            other.recording, other.recording.settings
        ):
            pass

    def beside(self, other: Run) -> int:
        """Index of another run's frame at the step that is looked at, or the nearest one before it."""
        step = self.frame.step
        return max(0, bisect.bisect_right(other.recording.frames, step, key=lambda frame: frame.step) - 1)

    def take(self, run: Run) -> Run:
        """Put a run in hand, with the settings that it has."""
        self.wanted = run.recording.settings
        return self._hold(run)

    def _hold(self, run: Run) -> Run:
        self.run, self.index = run, None
        return run

    def named(self, name: str) -> Run:
        """The run of that name."""
        return next(run for run in self.runs if run.name == name)

    def _new(self, recording: Recording, note: str = "") -> Run:
        run = Run(next(name for name in _names() if name not in {r.name for r in self.runs}), recording, note)
        self.runs.append(run)
        return run


def advance_with(recording: Recording, wanted: Settings) -> Frame | None:
    """Train up to the next frame with these settings."""
    take_on(recording, wanted)
    return recording.advance()


def take_on(recording: Recording, wanted: Settings) -> None:
    """Change the settings of a recording's training."""
    if recording.training is None:
        recording.training = Training(recording.frames[-1].settings, start=recording.frames[-1])
    if changes := _differences(wanted, recording.training.settings):
        recording.training.change(**changes)


def without_fresh_start(wanted: Settings, running: Settings) -> Settings:
    """As much of the wanted settings as a running training can take on."""
    fixed = {name: getattr(running, name) for name in FIXED}
    return dataclasses.replace(wanted, game=_live_game(wanted, running), **fixed)


def _live_game(wanted: Settings, running: Settings) -> Any:
    want, have = wanted.game.recipe, running.game.recipe
    if want is None or have is None or want == have:
        return running.game if want == have and want is not None else wanted.game
    (want_around, want), (have_around, have) = peel(want), peel(have)
    live = have
    if want["name"] == have["name"] and wanted.game.target.dim == running.game.target.dim:
        held = {name: have["arguments"][name] for name in fresh_parameters(want["folder"], want["name"])}
        live = {**want, "arguments": {**want["arguments"], **held}}
    for around in (want_around, have_around):
        recipe = wrap(live, around)
        if recipe == running.game.recipe:
            return running.game
        try:
            game = wanted.game if recipe == wanted.game.recipe else catalogue.build(recipe)
        except ValueError:  # these remedies don't fit the networks that are held
            continue
        if _same_networks(game, running.game):
            return game
    return running.game


def _same_networks(game: Any, other: Any) -> bool:
    """Whether players of one game can go on in the other: as many numbers, and they mean the same."""
    pairs = zip(_behaviour(game), _behaviour(other), strict=True)
    return all(a.shape == b.shape and torch.equal(a, b) for a, b in pairs)


_fresh: dict[tuple[str, str], tuple[str, ...]] = {}


def fresh_parameters(folder: str, name: str) -> tuple[str, ...]:
    """The parameters of a game that make other networks, so that they need a fresh start.

    Found by trying: a game with another value is compared with the default one, in its players and in what its
    networks compute.
    """
    if (folder, name) not in _fresh:
        entry = catalogue.entries(folder)[name]
        target = catalogue.find("data", "ring")()
        plain = {"target": target}
        base = entry.function(**plain)
        found = []
        for parameter in entry.parameters.values():
            for value in _other_values(parameter):
                try:
                    other = entry.function(**plain, **{parameter.name: value})
                except ValueError:  # it does not go with the defaults of the others
                    continue
                if not _same_networks(base, other):
                    found.append(parameter.name)
                    break
        _fresh[folder, name] = tuple(found)
    return _fresh[folder, name]


def _behaviour(game: Any) -> list[torch.Tensor]:
    players = game.init(1, torch.Generator().manual_seed(0))
    z = torch.randn(1, 4, game.latent_dim, generator=torch.Generator().manual_seed(0))
    x = game.generator(players["theta_g"], z)
    return [players["theta_d"], players["theta_g"], x, game.logits(players["theta_d"], x)]


def _other_values(parameter: Any) -> list[Any]:
    if parameter.kind == "choice":
        return [choice for choice in parameter.choices if choice != parameter.default]
    if parameter.kind == "bool":
        return [not parameter.default]
    if parameter.kind in ("int", "float") and parameter.range:
        low, high = parameter.range.slider or (parameter.range.low, parameter.range.high)
        kind = int if parameter.kind == "int" else float
        return [kind(value) for value in (low, high) if value != parameter.default]
    return []


def _bare(remedy: Any) -> tuple[str, dict[str, Any]]:
    """A remedy without the game that it is around."""
    return remedy["name"], {k: v for k, v in remedy["arguments"].items() if k != "game"}


def _differences(wanted: Settings, have: Settings) -> dict[str, Any]:
    names = [field.name for field in dataclasses.fields(Settings)]
    return {
        name: getattr(wanted, name) for name in names if not _same(getattr(wanted, name), getattr(have, name))
    }


def _same(a: Any, b: Any) -> bool:
    if a is b:
        return True
    recipe = getattr(a, "recipe", None)
    return recipe == b.recipe if recipe is not None and hasattr(b, "recipe") else bool(a == b)


def _names() -> Iterator[str]:
    for turn in range(1, 1000):
        for letter in ascii_uppercase:
            yield letter if turn == 1 else f"{letter}{turn}"
