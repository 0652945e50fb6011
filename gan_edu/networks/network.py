"""A network is a pure function of a flat parameter vector: `net(theta, x)`.

Shapes: theta (..., P), x (..., B, F) -> (..., B, F'). The leading axes are runs (and a MAD-GAN's generators); they
broadcast, so one batch can be shown to every run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

import torch
from torch import Tensor

_watched: ContextVar[tuple[Network, list[Tensor]] | None] = ContextVar("watched", default=None)


@dataclass(frozen=True)
class Network:
    """What a player's parameter vector means.

    Args:
        forward: (theta, x) -> y.
        init: (leading shape, generator) -> theta; a fresh draw for every run.
        n_parameters: P.
        in_dim: F, numbers per input.
        out_dim: F', numbers per output.
        body: The same network without its last layer; its parameters come first in theta. None for a single layer.
        make: Makes a network like this one with some arguments changed, as remedies ask for.
        mixes: Whether the output for one input depends on the other inputs of its batch.
        amid: (theta, x, companions) -> y, where it does: for every x on its own among the companions (..., B, F).
        members: K, if this is K networks that take turns at the points of a batch; see `gan_edu.networks.several`.
        apart: theta (..., P) -> (..., K, P of one), where it is.
    """

    forward: Callable[[Tensor, Tensor], Tensor]
    init: Callable[[tuple[int, ...], torch.Generator], Tensor]
    n_parameters: int
    in_dim: int
    out_dim: int
    body: Network | None = None
    make: Callable[..., Network] | None = None
    mixes: bool = False
    amid: Callable[[Tensor, Tensor, Tensor], Tensor] | None = None
    members: int = 1
    apart: Callable[[Tensor], Tensor] | None = None

    def __call__(self, theta: Tensor, x: Tensor) -> Tensor:
        """What the network makes of x."""
        y = self.forward(theta, x)
        watched = _watched.get()
        if watched is not None and watched[0] is self:
            watched[1].append(y)
        return y

    def features(self, theta: Tensor, x: Tensor, below: int = 1) -> Tensor:
        """The activations of a hidden layer, which feature matching and similarity conditions compare.

        Args:
            theta: Of the whole network.
            x: Inputs.
            below: How many layers below the output; 1 is the last hidden layer.

        Raises:
            ValueError: If there are not so many layers.
        """
        body = self.layer(below)
        return body(theta[..., : body.n_parameters], x)

    def layer(self, below: int) -> Network:
        """The network up to a hidden layer, so many layers below the output.

        Raises:
            ValueError: If there are not so many layers.
        """
        body: Network | None = self
        for _ in range(below):
            body = body.body if body else None
        if body is None:
            raise ValueError(f"this network has no layer {below} below its output; choose a smaller number")
        return body


@contextmanager
def outputs_of(network: Network) -> Iterator[list[Tensor]]:
    """Collect what a network puts out inside the block, as parts of autograd's graph.

    So a player's loss can be differentiated by what passes between the players, such as x_fake.

    Args:
        network: The one to watch.

    Example:
        >>> from gan_edu.networks.mlp import mlp
        >>> net = mlp((2, 1))
        >>> with outputs_of(net) as seen:
        ...     loss = net(torch.ones(1, 3), torch.zeros(1, 4, 2)).square().mean()
        >>> [tuple(y.shape) for y in seen]
        [(1, 4, 1)]
    """
    seen: list[Tensor] = []
    token = _watched.set((network, seen))
    try:
        yield seen
    finally:
        _watched.reset(token)
