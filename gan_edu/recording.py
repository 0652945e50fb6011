"""A recording is a training, kept: replay it, look at any frame, fork it there, save it, load it, go on.

Figures and labs read recordings only. Every frame that is kept holds its whole state, so that going on from frame t
gives the same numbers as never having stopped.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from gan_edu.dynamics.dynamics import State
from gan_edu.games.game import Game
from gan_edu.parameters import Parameter, Range
from gan_edu.training import Frame, Settings, Training, check_steps, resolve

FORMAT = 1
BUDGET = 256 * 2**20  # bytes; Binder gives 1-2 GB in all
SHORTEST = 16  # frames that are kept whatever they weigh


@dataclass(frozen=True)
class Generated:
    """Draws of a generator, `propose(n) -> (n, d)`, with its latent space beside.

    Args:
        decode: G, z (n, l) -> x (n, d).
        latent_dim: l; z ~ N(0, I).
        generator: Where the z come from.
    """

    decode: Callable[[Tensor], Tensor]
    latent_dim: int
    generator: torch.Generator

    def draw(self, n: int) -> Tensor:
        """Latent points, (n, l)."""
        return torch.randn((n, self.latent_dim), generator=self.generator, device=self.generator.device)

    def __call__(self, n: int) -> Tensor:
        """What G makes of n of them."""
        with torch.no_grad():
            return self.decode(self.draw(n))


class Proposal(NamedTuple):
    """What a sampler takes: points of q, and the logarithm of p / q."""

    propose: Generated
    log_ratio: Callable[[Tensor], Tensor]


class Recording:
    """The frames of one training, in order, and what is needed to go on from any of them.

    Args:
        training: Where new frames come from; None for a finished or loaded recording, which `resume` continues.
        frames: Those there are.
        budget: Bytes of frames to keep. Beyond it every second one is dropped, so a long run gets a coarser
            timeline, never a shorter one.
    """

    def __init__(
        self, training: Training | None, frames: list[Frame] | None = None, budget: int = BUDGET
    ) -> None:
        self.frames: list[Frame] = list(frames or [])
        self.training = training
        self.budget = budget
        self.seconds = 0.0
        self._bytes = sum(frame.n_bytes for frame in self.frames)
        self._every, self._numbers = 1, list(range(len(self.frames)))

    def __len__(self) -> int:
        return len(self.frames)

    def __getitem__(self, index: int) -> Frame:
        return self.frames[index]

    def __iter__(self) -> Iterator[Frame]:
        return iter(self.frames)

    @property
    def settings(self) -> Settings:
        """The settings of the newest frame."""
        return self.training.settings if self.training else self.frames[-1].settings

    @property
    def game(self) -> Game:
        """The game of the newest frame, on the CPU."""
        return self.settings.game

    @property
    def steps(self) -> np.ndarray:
        """(T,) the step of each frame."""
        return np.array([frame.step for frame in self.frames])

    @property
    def alive(self) -> np.ndarray:
        """(T, R) which runs had not diverged."""
        return np.stack([frame.alive.numpy() for frame in self.frames])

    def losses(self, player: str) -> np.ndarray:
        """(T, R) the loss of `theta_d` or `theta_g` at its last update before each frame; nan before the first."""
        return np.stack([frame.state.losses[player].cpu().numpy() for frame in self.frames])

    def samples(self, frame: int = -1, n: int = 1000, seed: int = 0) -> Tensor:
        """What the generators draw at a frame, the same latent points for every frame and run: (R, n, d).

        Args:
            frame: Index into the recording.
            n: Samples per run.
            seed: Of the latent points.

        Raises:
            ValueError: If there is no such frame, or n is less than 1.
        """
        return draw_samples(self.frames[self._index(frame)], n, seed)

    def proposal(self, frame: int = -1, run: int = 0, seed: int = 0) -> Proposal:
        """A trained GAN as a sampler takes it: what G draws, and how much more real than drawn D finds a point.

        Args:
            frame: Index into the recording.
            run: Of the population.
            seed: Of what is drawn.

        Returns:
            (propose, log_ratio), on the CPU.

        Raises:
            ValueError: If there is no such frame or run.

        Example:
            >>> from gan_edu.data.ring import ring
            >>> from gan_edu.games.gan import gan
            >>> propose, log_ratio = record(gan(ring(), width=8), steps=10, progress=False).proposal()
            >>> x = propose(100)
            >>> tuple(x.shape), tuple(log_ratio(x).shape)
            ((100, 2), (100,))
        """
        here = self.frames[self._index(frame)]
        run = Parameter("run", "int", range=Range(0, len(here.alive) - 1)).check(run)
        game = here.settings.game.to("cpu")
        theta_d, theta_g = (here.players[name][run].cpu() for name in ("theta_d", "theta_g"))
        random = torch.Generator().manual_seed(seed)
        return Proposal(
            Generated(lambda z: game.generator(theta_g, z), game.latent_dim, random),
            lambda x: game.logits(theta_d, x),
        )

    def advance(self) -> Frame | None:
        """Train up to the next frame and keep it; None when the training has reached its last step."""
        if self.training is None:
            self.training = Training(self.frames[-1].settings, start=self.frames[-1])
        before = self.training.seconds
        frame = next(self.training, None)
        self.seconds += self.training.seconds - before
        if frame is not None:
            self._keep(frame)
        return frame

    def fork(self, frame: int = -1, *, steps: int | None = None, **changes: Any) -> Recording:
        """A new recording that shares the frames up to `frame` and goes on from there with other settings.

        Args:
            frame: Index of the last shared frame.
            steps: Generator updates in all, counted from the very start; without it there is no end.
            **changes: Settings to change; with none, the rest comes out the same, bit for bit.

        Raises:
            ValueError: If there is no such frame, or a setting is unknown or can't change while training.
        """
        shared = self.frames[: self._index(frame) + 1]
        training = Training(shared[-1].settings, start=shared[-1], steps=check_steps(steps))
        if changes:
            training.change(**changes)
        return Recording(training, shared, self.budget)

    def save(self, path: str | Path) -> Path:
        """Write everything to one safetensors file with a JSON header (no pickle).

        Raises:
            ValueError: If the game was made by hand, so that nobody could rebuild it from a file.
        """
        from safetensors.torch import save_file

        tensors, index, settings = {}, [], []
        for number, frame in enumerate(self.frames):
            described = frame.settings.as_json()
            Settings.from_json(described)
            if described not in settings:
                settings.append(described)
            index.append({"step": frame.step, "settings": settings.index(described)})
            for name, tensor in _named(frame).items():
                tensors[f"{number}/{name}"] = tensor.cpu().contiguous().clone()
        header = {"format": FORMAT, "frames": index, "settings": settings, "seconds": self.seconds}
        path = Path(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        save_file(tensors, path, metadata={"gan_edu": json.dumps(header)})
        return path

    @classmethod
    def load(cls, path: str | Path) -> Recording:
        """Read what `save` wrote. Going on from it gives the same frames as never having stopped.

        Raises:
            ValueError: If the file is no recording, or of a newer format.
        """
        from safetensors import SafetensorError, safe_open

        try:
            with safe_open(str(path), framework="pt") as file:
                header = json.loads((file.metadata() or {})["gan_edu"])
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (no iterator there)
        except (SafetensorError, KeyError, json.JSONDecodeError, FileNotFoundError) as error:
            raise ValueError(
                f"path must name a recording saved by gan_edu; got {str(path)!r} ({error})"
            ) from None
        if header["format"] > FORMAT:
            raise ValueError(
                f"this recording has format {header['format']}, newer than {FORMAT}; update gan_edu"
            )
        settings = [Settings.from_json(s) for s in header["settings"]]
        grouped: list[dict[str, Tensor]] = [{} for _ in header["frames"]]
        for name, tensor in tensors.items():
            number, _, rest = name.partition("/")
            grouped[int(number)][rest] = tensor.to(settings[0].device) if "/" in rest else tensor
        frames = [
            _from_named(named, entry["step"], settings[entry["settings"]])
            for named, entry in zip(grouped, header["frames"], strict=True)
        ]
        recording = cls(None, frames)
        recording.seconds = header["seconds"]
        return recording

    def _index(self, frame: int) -> int:
        """A frame's place from the start, or a ValueError that says which there are."""
        count = len(self.frames)
        whole = Parameter("frame", "int", range=Range(-count, count - 1)).check(frame)
        return int(whole) % count

    def _keep(self, frame: Frame) -> None:
        number = self._numbers[-1] + 1 if self._numbers else 0
        if number > 1 and (number - 1) % self._every:  # kept so far only because it was the newest
            self._bytes -= self.frames.pop().n_bytes
            self._numbers.pop()
        self._numbers.append(number)
        self.frames.append(frame)
        self._bytes += frame.n_bytes
        if self._bytes > self.budget and len(self.frames) > SHORTEST:
            self._every *= 2
            kept = [
                (n, f)
                for n, f in zip(self._numbers, self.frames, strict=True)
                if n % self._every == 0 or n == number
            ]
            self._numbers, self.frames = [n for n, _ in kept], [f for _, f in kept]
            self._bytes = sum(f.n_bytes for f in self.frames)


def record(game: Game, *, steps: int = 2000, progress: bool = True, **settings: Any) -> Recording:
    """Train to the end with a progress bar, and keep the frames.

    Interrupting (Ctrl-C, or the stop button of a notebook) keeps what there is.

    Args:
        game: From `gan_edu.games`, with any remedies around it.
        steps: Generator updates.
        progress: Show a bar, in a notebook or on the terminal's stderr.
        **settings: As for `gan_edu.training.train`.

    Returns:
        The recording; its first frame is untrained.

    Raises:
        ValueError: If a setting is unknown or out of its range, a device is not there, or the generator never moves.

    Example:
        >>> from gan_edu.data.ring import ring
        >>> from gan_edu.games.gan import gan
        >>> recording = record(gan(ring(), width=8), steps=20, runs=3, progress=False)
        >>> recording.steps.tolist(), tuple(recording.samples().shape)
        ([0, 10, 20], (3, 1000, 2))
    """
    asked = resolve(game, settings)
    if not asked.dynamics.generator_updates:
        raise ValueError(
            "dynamics must move the generator, whose updates are what steps count; got generator_steps=0"
        )
    recording = Recording(Training(asked, steps=check_steps(steps)))
    return extend(recording, steps, progress=progress)


def extend(recording: Recording, steps: int, *, progress: bool = True) -> Recording:
    """Train a recording on, up to `steps` generator updates in all, with a progress bar."""
    from tqdm.auto import tqdm

    with tqdm(total=steps, unit="step", disable=not progress, leave=False) as bar:
        try:
            while not recording.frames or recording.frames[-1].step < steps:
                frame = recording.advance()
                if frame is None:
                    break
                bar.update(frame.step - bar.n)
        except KeyboardInterrupt:
            if not recording.frames:
                raise
    return recording


def draw_samples(frame: Frame, n: int = 1000, seed: int = 0) -> Tensor:
    """What the generators draw at a frame, from latent points that depend on the seed alone: (R, n, d)."""
    n = Parameter("n", "int", range=Range(1, 10**8)).check(n)
    game, theta = frame.settings.game, frame.players["theta_g"]
    generator = torch.Generator(device=theta.device).manual_seed(seed)
    with torch.no_grad():
        return game.generator(theta, game.draw_latent((n,), generator)).cpu()


def _named(frame: Frame) -> dict[str, Tensor]:
    return frame.state.named() | {"alive": frame.alive, "died_at": frame.died_at, "random": frame.random}


def _from_named(named: dict[str, Tensor], step: int, settings: Settings) -> Frame:
    own = {name: named.pop(name) for name in ("alive", "died_at", "random")}
    return Frame(State.from_named(named, step), **own, settings=settings)
