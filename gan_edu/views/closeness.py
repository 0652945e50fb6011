"""What a discriminator that compares examples sees: how close those of a batch are to each other."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from gan_edu.catalogue import entries
from gan_edu.data.target import Target
from gan_edu.games.game import Game, Players, seen_fake, seen_real
from gan_edu.networks.minibatch import closeness, with_closeness
from gan_edu.parameters import peel
from gan_edu.training import Frame
from gan_edu.views.look import look_at

EXAMPLES = 64
"""Of a batch that is looked at: enough for blocks of eight, few enough to see each row."""
LEVELS = 255
REMEDY = "minibatch_discrimination"


@dataclass(frozen=True, eq=False)
class Compared:
    """One batch, compared with itself; its examples are in the order of their modes.

    Args:
        maps: (kernels, n, n) c_b(i, j), in [0, 1].
        modes: (n,) the nearest mode of each example, growing.
    """

    maps: np.ndarray
    modes: np.ndarray

    @property
    def to_the_rest(self) -> np.ndarray:
        """o_b(i), the mean of c_b(i, j) over all j but i itself: (kernels, n)."""
        n = self.maps.shape[-1]
        return (self.maps.sum(-1) - np.diagonal(self.maps, axis1=1, axis2=2)) / max(n - 1, 1)


@dataclass(frozen=True, eq=False)
class Closeness:
    """The real and the generated batch of one moment, each compared with itself.

    Args:
        step: Of the moment.
        real: The real batch.
        fake: The generated one.
        learned: Whether T is D's own. If not, D looks at every example alone, and T is a random one.
    """

    step: int
    real: Compared
    fake: Compared
    learned: bool

    @property
    def kernels(self) -> int:
        """How many closenesses there are."""
        return len(self.real.maps)

    def as_json(self) -> dict[str, Any]:
        """JSON types, closenesses to half a level of 255."""
        halves = {
            name: {
                "shape": half.maps.shape,
                "maps": base64.b64encode(np.rint(half.maps * LEVELS).astype(np.uint8).tobytes()).decode(),
                "modes": half.modes.tolist(),
            }
            for name, half in (("real", self.real), ("fake", self.fake))
        }
        return {"step": self.step, "learned": self.learned, **halves}

    @staticmethod
    def from_json(told: Mapping[str, Any]) -> Closeness:
        """What `as_json` wrote."""

        def half(name: str) -> Compared:
            codes = np.frombuffer(base64.b64decode(told[name]["maps"]), np.uint8)
            maps = codes.reshape(told[name]["shape"]).astype(np.float32) / LEVELS
            return Compared(maps, np.array(told[name]["modes"]))

        return Closeness(told["step"], half("real"), half("fake"), told["learned"])


def closeness_at(frame: Frame, run: int = 0, *, examples: int = EXAMPLES, seed: int = 0) -> Closeness:
    """How close the examples of a real and of a generated batch are to each other, as D sees them.

    D compares by its own T where minibatch discrimination is on. Where it is not, its features are compared by the T
    that such a layer would begin with: what it *could* see.

    Args:
        frame: Of a game that learns a target.
        run: Which run of the population.
        examples: In each batch; a D that judges packs has one row for each pack.
        seed: Of data, latent points and noise, so that the same ones are looked at from frame to frame.

    Raises:
        ValueError: If there is no such run, the game is planar, or D has no hidden layer.

    Example:
        >>> from gan_edu.data.ring import ring
        >>> from gan_edu.games.gan import gan
        >>> from gan_edu.remedies.minibatch_discrimination import minibatch_discrimination
        >>> from gan_edu.training import train
        >>> game = minibatch_discrimination(gan(ring(), width=8), kernels=3)
        >>> seen = closeness_at(next(train(game)), examples=20)
        >>> seen.real.maps.shape, seen.fake.to_the_rest.shape, seen.learned
        ((3, 20, 20), (3, 20), True)
    """
    look = look_at(frame, run)
    if look.game.is_planar:
        raise ValueError("closeness is for games that learn a target; got a planar game")
    generator = torch.Generator().manual_seed(seed)
    batch = look.game.draw(1, examples, generator)
    with torch.no_grad():
        halves = [
            compared(look.game, look.players, sees(look.game, look.players, batch)[0])
            for sees in (seen_real, seen_fake)
        ]
    return Closeness(frame.step, *halves, learned=_arguments(look.game) is not None)


def compared(game: Game, players: Players, x: Tensor) -> Compared:
    """One batch, compared with itself as the discriminator does it.

        c_b(i, j) = exp(-|M_i,b - M_j,b|_1)        M = f(x) T

    Args:
        game: Whose discriminator compares.
        players: Of one run: theta_d is (P,) or (1, P).
        x: The batch, (n, d), in any order.

    Raises:
        ValueError: If the discriminator has no hidden layer.

    Reference:
        Salimans et al. (2016), Improved Techniques for Training GANs, arXiv 1606.03498, sec. 3.2.
    """
    theta = players["theta_d"].reshape(-1)
    with torch.no_grad():
        features = game.discriminator.features(theta, x)
        pack = len(x) // len(features)
        modes = nearest_modes(x[: pack * len(features) : pack], game.target)
        order = modes.argsort(stable=True)
        maps = closeness(features[order], features[order], _tensor(game, theta))
    return Compared(maps.numpy(), modes[order].numpy())


def nearest_modes(x: Tensor, target: Target) -> Tensor:
    """The mode of the component that is nearest to each point: (..., d) -> (...)."""
    return target.modes[target.nearest(x)[1]]


def _tensor(game: Game, theta: Tensor) -> Tensor:
    """T (features, kernels, kernel_dim): D's own, or the one that a fresh layer around D would begin with."""
    arguments, discriminator = _arguments(game), game.discriminator
    if arguments is None:
        arguments = {name: each.default for name, each in entries("remedies")[REMEDY].parameters.items()}
        discriminator = with_closeness(discriminator, arguments["kernels"], arguments["kernel_dim"])
        theta = discriminator.init((), torch.Generator().manual_seed(0))
    assert discriminator.body is not None
    shape = discriminator.body.out_dim, arguments["kernels"], arguments["kernel_dim"]
    first = discriminator.body.n_parameters  # theta holds the body, T and the last layer
    return theta[first : first + int(np.prod(shape))].unflatten(-1, shape)


def _arguments(game: Game) -> Mapping[str, Any] | None:
    """What minibatch discrimination was put around the game with, if it was."""
    remedies = peel(game.recipe)[0] if game.recipe else []
    return next((each["arguments"] for each in remedies if each["name"] == REMEDY), None)
