"""Training is an iterator of frames, as in `for frame in train(gan(ring()))`.

The caller's loop is the callback system: to pause is not to ask for the next frame. Between two frames any setting
may change (`training.change(discriminator_learning_rate=1e-4)`). A frame is immutable and holds all that is needed
to go on from it.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from gan_edu import catalogue
from gan_edu import device as devices
from gan_edu.dynamics.dynamics import MOVERS, Dynamics, Mover, State, begin, draw, gradients, moves_of
from gan_edu.games.game import Game
from gan_edu.optimizers.optimizer import Optimizer, Rate
from gan_edu.parameters import Parameter, Range

DEFAULTS: Mapping[str, Any] = {
    "dynamics": "alternating",
    "optimizer": "adam",
    "learning_rate": 1e-3,
    "generator_learning_rate": None,
    "discriminator_learning_rate": None,
    "decay_steps": 0,
    "batch_size": 128,
    "runs": 1,
    "seed": 0,
    "steps_per_frame": 10,
    "device": "auto",
    "start": None,
}
"""Training settings where neither the caller nor the game has a say."""

RATE = Range(0, 1e3, slider=(1e-5, 1e-1), log=True)
NUMBERS = {
    "decay_steps": Parameter(
        "decay_steps", "int", range=Range(0, 10**9, slider=(0, 10_000), label="rates gone after")
    ),
    "batch_size": Parameter("batch_size", "int", range=Range(1, 1_000_000, slider=(8, 512))),
    "runs": Parameter("runs", "int", range=Range(1, 100_000, slider=(1, 64))),
    "seed": Parameter("seed", "int", range=Range(0, 2**63 - 1, slider=(0, 99))),
    "steps_per_frame": Parameter("steps_per_frame", "int", range=Range(1, 1_000_000, slider=(1, 200))),
}
FIXED = ("runs", "seed", "device", "start")


@dataclass(frozen=True)
class Settings:
    """All that a training was asked for, resolved. Learning rates are one number, or one for each run."""

    game: Game
    dynamics: Dynamics
    optimizer: Optimizer
    generator_learning_rate: float | tuple[float, ...]
    discriminator_learning_rate: float | tuple[float, ...]
    batch_size: int
    runs: int
    seed: int
    steps_per_frame: int
    device: str
    start: tuple[tuple[float, ...], ...] | None = None
    decay_steps: int = 0

    def as_json(self) -> dict[str, Any]:
        """The settings as JSON values; `from_json` reads them back."""
        fields = {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}
        return {
            k: getattr(v, "recipe", None) or (list(v) if isinstance(v, tuple) else v)
            for k, v in fields.items()
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Settings:
        """Settings from what `as_json` gave.

        Raises:
            ValueError: If the game was made by hand, so that it can't be rebuilt.
        """
        made = {k: _as_tuple(v) for k, v in values.items()}
        for name in ("game", "dynamics", "optimizer"):
            if not isinstance(made[name], Mapping):
                raise ValueError(
                    f"{name} was made by hand, so it can't be rebuilt; use one from the catalogue"
                )
            made[name] = catalogue.build(made[name])
        return cls(**made)


@dataclass(frozen=True)
class Frame:
    """A moment of a training.

    Args:
        state: Players, optimizer memory, losses and the step.
        alive: (R,) False for a run that has diverged; its last finite state is kept.
        died_at: (R,) the step at which it diverged, -1 for the living.
        random: State of the random numbers, to go on from here.
        settings: Those that led here.
    """

    state: State
    alive: Tensor
    died_at: Tensor
    random: Tensor
    settings: Settings

    @property
    def step(self) -> int:
        """Generator updates so far."""
        return self.state.step

    @property
    def players(self) -> Mapping[str, Tensor]:
        """Parameter vectors by name, (R, P) each."""
        return self.state.players

    @property
    def n_bytes(self) -> int:
        """Memory that this frame holds."""
        tensors = [*self.state.named().values(), self.alive, self.died_at, self.random]
        return sum(t.numel() * t.element_size() for t in tensors)


class Training(Iterator[Frame]):
    """A training in progress: an iterator of frames whose settings can change between two frames.

    Made by `train`, or by `Recording.resume` and `Recording.fork`, which go on from a frame.
    """

    def __init__(self, settings: Settings, start: Frame | None = None, steps: int | None = None) -> None:
        devices.keep_freed_memory()
        self.seconds = 0.0
        self._limit = steps
        self._generator = torch.Generator(device=settings.device)
        self._frame = start
        if start is not None:
            self._generator.set_state(start.random)
        self._begun = start is not None
        self._use(settings)

    @property
    def settings(self) -> Settings:
        """Those in force for the next frame."""
        return self._settings

    def change(self, **changes: Any) -> None:
        """Change settings from the next frame on: learning rates, batch size, dynamics, optimizer, the game, ...

        Raises:
            ValueError: If a setting is unknown, out of range, or can't change while training (runs, seed, device,
                the shape of a network).
        """
        for name in FIXED:
            if name in changes and changes[name] != getattr(self._settings, name):
                raise ValueError(
                    f"{name} can't change while training; start anew, or fork, with {name}={changes[name]!r}"
                )
        new = resolve(changes.pop("game", self._settings.game), changes, base=self._settings)
        if self._frame is not None:
            have = {k: v.shape[-1] for k, v in self._frame.players.items() if k in ("theta_d", "theta_g")}
            need = {
                "theta_d": new.game.discriminator.n_parameters,
                "theta_g": new.game.generator.n_parameters,
            }
            if have != need:
                raise ValueError(
                    f"networks can't change their size while training; have {have}, asked for {need}"
                )
        self._use(new)

    def __iter__(self) -> Training:
        return self

    def __next__(self) -> Frame:
        if not self._begun:
            self._begun = True
            with _one_thread(self._settings.device):
                self._frame = self._first()
            return self._frame
        frame = self._frame
        assert frame is not None
        advance = self._settings.dynamics.generator_updates
        calls = self._settings.steps_per_frame
        if self._limit is not None and advance:
            calls = min(calls, -(-(self._limit - frame.step) // advance))
            if calls <= 0:
                raise StopIteration
        self._prepare(frame)
        began = time.perf_counter()
        with _one_thread(self._settings.device), devices.memory_errors(self._settings.runs):
            self._frame = self._next(frame, calls)
            devices.synchronise(self._settings.device)
        self.seconds += time.perf_counter() - began
        return self._frame

    def _use(self, settings: Settings) -> None:
        old = getattr(self, "_settings", None)
        self._settings = settings
        if old is None or settings.game is not old.game:
            self._game = settings.game.to(settings.device)
            self._gradients = gradients(self._game)
        self._moves = moves_of(
            settings.dynamics, self._game, settings.optimizer, rates_of(settings), self._gradients
        )
        if self._frame is not None:
            self._frame = _with_memory(self._frame, settings)
        self._captured: devices.CapturedStep | None = None
        self._prepared = False

    def warm_up(self) -> None:
        """Do now what the next frame would else wait for, a second or two at the first of all; nothing moves."""
        if self._frame is not None:
            self._prepare(self._frame)

    def _prepare(self, frame: Frame) -> None:
        """Take one step and forget it, so that tracing and graph capture stay out of the training's seconds."""
        if self._prepared:
            return
        with _one_thread(self._settings.device), devices.memory_errors(self._settings.runs):
            if self._settings.device == "cuda" and not self._settings.decay_steps:  # a graph holds its rates
                self._captured = devices.CapturedStep(self._step, frame.state, self._generator)
            else:
                before = self._generator.get_state()
                self._step(frame.state)
                self._generator.set_state(before)
        self._prepared = True

    def _first(self) -> Frame:
        s = self._settings
        self._generator.manual_seed(s.seed)
        with devices.memory_errors(s.runs):
            state = begin(s.dynamics, self._game, s.optimizer, s.runs, self._generator, s.start)
        alive = torch.ones(s.runs, dtype=torch.bool)
        return Frame(state, alive, torch.full((s.runs,), -1), self._generator.get_state(), s)

    def _step(self, state: State) -> State:
        s = self._settings
        batches = draw(s.dynamics, self._game, s.runs, s.batch_size, self._generator)
        return self._moves.play(s.dynamics, state, batches)

    def _advance(self, state: State, calls: int) -> State:
        ahead = self._settings.dynamics.generator_updates
        if self._captured is not None:
            moved = self._captured(state, calls)
        else:
            moved = state
            for call in range(calls):
                if self._settings.decay_steps:
                    rates = rates_of(self._settings, state.step + call * ahead)
                    self._moves = dataclasses.replace(self._moves, rates=rates)
                moved = self._step(moved)
        return dataclasses.replace(moved, step=state.step + calls * ahead)

    def _next(self, frame: Frame, calls: int) -> Frame:
        before = self._generator.get_state()
        state = self._advance(frame.state, calls)
        alive, died_at = frame.alive, frame.died_at
        finite = _finite(state)
        if bool(
            (alive & ~finite).any()
        ):  # rare: walk the same steps again, one by one, to see who fell where
            self._generator.set_state(before)
            state = frame.state
            for _ in range(calls):
                moved = self._advance(state, 1)
                finite = _finite(moved)
                died_at = torch.where(alive & ~finite, moved.step, died_at)
                alive = alive & finite
                state = _keep(state, moved, alive)
        elif not bool(alive.all()):
            state = _keep(frame.state, state, alive)
        return Frame(state, alive, died_at, self._generator.get_state(), self._settings)


def train(game: Game, *, steps: int | None = None, **settings: Any) -> Training:
    """Train a game: an iterator of frames, the first of them untrained.

    Args:
        game: From `gan_edu.games`, with any remedies around it.
        steps: Generator updates in all; without it the training goes on for as long as it is asked.
        **settings: What differs from the game's own settings and the defaults:
            dynamics: `"alternating:discriminator_steps=5"`, or one made in code.
            optimizer: `"adam:beta1=0"`, or one made in code.
            learning_rate: For both players; one number, or one for each run.
            generator_learning_rate, discriminator_learning_rate: For one player.
            decay_steps: Generator updates after which all rates have fallen to 0, linearly from the first update on;
                0 keeps them.
            batch_size: Samples a step, per run.
            runs: How many independent GANs train at once.
            seed: Of everything random. Same seed, same device: same frames, bit for bit.
            steps_per_frame: Steps between two frames.
            device: auto, cpu, cuda or mps.
            start: Where the players begin, in place of fresh ones: theta_g and then theta_d as one row of numbers,
                (x, y) for planar games; or one row for each run.

    Returns:
        The training. `change` alters its settings between two frames.

    Raises:
        ValueError: If a setting is unknown or out of its range, or a device is not there.

    Example:
        >>> from gan_edu.data.ring import ring
        >>> from gan_edu.games.gan import gan
        >>> [frame.step for frame in train(gan(ring(), width=8), steps=20)]
        [0, 10, 20]
    """
    return Training(resolve(game, settings), steps=check_steps(steps))


def resolve(game: Game, settings: Mapping[str, Any], base: Settings | None = None) -> Settings:
    """Settings from what was asked for, on top of the game's own and the defaults (or on top of `base`)."""
    if not isinstance(game, Game):
        raise ValueError(f"game must be a Game, such as gan(ring()); got {type(game).__name__}")
    unknown = set(settings) - set(DEFAULTS)
    if unknown:
        raise ValueError(f"settings must be among {', '.join(DEFAULTS)}; got {', '.join(sorted(unknown))}")
    asked = {k: v for k, v in settings.items() if v is not None}
    if base is None:
        values = {**DEFAULTS, **game.settings}
        if "learning_rate" in asked:  # one rate for both beats a rate that the game has for one
            values |= {"generator_learning_rate": None, "discriminator_learning_rate": None}
    else:
        values = {f.name: getattr(base, f.name) for f in dataclasses.fields(base) if f.name != "game"}
        if "learning_rate" in asked:
            values |= {"generator_learning_rate": None, "discriminator_learning_rate": None}
    values |= asked
    numbers = {name: parameter.check(values[name]) for name, parameter in NUMBERS.items()}
    rates: dict[str, Any] = {}
    for name in ("generator_learning_rate", "discriminator_learning_rate"):
        rate = values[name] if values[name] is not None else values["learning_rate"]
        rates[name] = _check_rate(name, rate, numbers["runs"])
    return Settings(
        game=game,
        dynamics=_made(values["dynamics"], "dynamics", Dynamics),
        optimizer=_made(values["optimizer"], "optimizers", Optimizer),
        device=devices.choose(values["device"], game, numbers["batch_size"] * numbers["runs"]),
        start=_check_start(values["start"], game, numbers["runs"]),
        **numbers,
        **rates,
    )


def _made(value: Any, folder: str, kind: type) -> Any:
    if isinstance(value, str):
        value = catalogue.parse(value, folder)
    if not isinstance(value, kind):
        raise ValueError(
            f"{folder} must be a name such as {next(iter(catalogue.entries(folder)))!r} or a {kind.__name__}; "
            f"got {type(value).__name__}"
        )
    return value


def check_steps(steps: Any) -> int | None:
    """A number of steps, or None for no end."""
    return Parameter("steps", "int", range=Range(0, 10**12), optional=True).check(steps)


def _check_rate(name: str, rate: Any, runs: int) -> float | tuple[float, ...]:
    one = Parameter(name, "float", range=RATE)
    if isinstance(rate, str) or (not isinstance(rate, Sequence | Tensor) and not hasattr(rate, "__len__")):
        return one.check(rate)
    rates = tuple(one.check(float(r)) for r in rate)
    if len(rates) != runs:
        raise ValueError(f"{name} must be one number, or one for each of the {runs} runs; got {len(rates)}")
    return rates


def _check_start(start: Any, game: Game, runs: int) -> tuple[tuple[float, ...], ...] | None:
    if start is None:
        return None
    need = game.generator.n_parameters + game.discriminator.n_parameters
    try:
        rows = torch.as_tensor(start, dtype=torch.float64)
    except (TypeError, ValueError, OverflowError):
        rows = torch.empty(0)
    rows = rows.unsqueeze(0) if rows.ndim == 1 else rows
    if rows.shape not in ((1, need), (runs, need)) or not bool(rows.isfinite().all()):
        each = "" if runs == 1 else f", or {runs} such rows, one for each run"
        raise ValueError(f"start must be {need} numbers, theta_g before theta_d{each}; got {start!r}")
    return tuple(tuple(row) for row in rows.tolist())


def _as_tuple(value: Any) -> Any:
    return tuple(_as_tuple(v) for v in value) if isinstance(value, list) else value


def rates_of(settings: Settings, step: int = 0) -> dict[Mover, Rate]:
    """Each mover's learning rate, as the dynamics use it after so many generator updates."""
    left = rate_left(settings, step)
    return {
        "theta_d": left * _rate(settings.discriminator_learning_rate, settings),
        "theta_g": left * _rate(settings.generator_learning_rate, settings),
    }


def rate_left(settings: Settings, step: int) -> float:
    """What decay has left of the learning rates after so many generator updates: max(0, 1 - step / decay_steps)."""
    return max(0.0, 1 - step / settings.decay_steps) if settings.decay_steps else 1.0


def _rate(rate: float | tuple[float, ...], settings: Settings) -> Rate:
    if isinstance(rate, float):
        return rate
    dtype = torch.float64 if settings.game.is_planar else torch.float32  # the players'
    return torch.tensor(rate, dtype=dtype, device=settings.device).unsqueeze(-1)


def _with_memory(frame: Frame, settings: Settings) -> Frame:
    """The frame for settings that may differ: a memory of the same kind goes on, any other starts afresh."""
    state = frame.state
    slots = {
        mover: _kept(old, settings.optimizer.init(state.players[mover])) for mover, old in state.slots.items()
    }
    memory = _kept(state.memory, settings.dynamics.init(state.players))
    thetas = {mover: state.players[mover] for mover in MOVERS}
    remembered = {k: state.players.get(k, v) for k, v in settings.game.memory(thetas).items()}
    players = {**thetas, **remembered}
    return dataclasses.replace(
        frame, state=dataclasses.replace(state, players=players, slots=slots, memory=memory)
    )


def _kept(old: Mapping[str, Tensor], fresh: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {k: old[k] for k in fresh} if old.keys() == fresh.keys() else dict(fresh)


def _finite(state: State) -> Tensor:
    finite = [torch.isfinite(theta).all(-1) for theta in state.players.values()]
    return torch.stack(finite).all(0).cpu()


def _keep(old: State, new: State, alive: Tensor) -> State:
    """The new state for runs that live, the last finite one for the others."""
    before = old.named()

    def choose(path: str, value: Tensor) -> Tensor:
        if value.ndim == 0 or path.startswith("losses/"):
            return value
        lives = alive.to(value.device).reshape(-1, *[1] * (value.ndim - 1))
        return torch.where(lives, value, before[path])

    return State.from_named({path: choose(path, value) for path, value in new.named().items()}, new.step)


@contextmanager
def _one_thread(device: str) -> Iterator[None]:
    """One thread for toy networks on the CPU: more of them spin and wait on a busy machine. Restored after."""
    threads = torch.get_num_threads()
    if device != "cpu" or threads == 1:
        yield
        return
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
