"""Several networks side by side, which take turns at the points of a batch: the generators of a MAD-GAN."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from gan_edu.networks.network import Network


def several(network: Network, members: int, shared: int = 0) -> Network:
    """K networks of one shape as one network: point j of a batch goes through network j mod K.

        theta = [the first layers, which all share | the rest of network 0 | the rest of network 1 | ...]

    So a batch is a sample of the mixture with equal weights, whatever its size, and what draws, measures or plays
    with a generator need not know that there are K of them.

    Args:
        network: What each of them looks like.
        members: K.
        shared: How many hidden layers, from the first on, all of them have in common.

    Returns:
        The network. With S parameters in the shared layers it has S + K (P - S).

    Raises:
        ValueError: If K is less than 1, or there are not so many hidden layers.

    Example:
        >>> from gan_edu.networks.mlp import mlp
        >>> trio = several(mlp((1, 2)), members=3)
        >>> theta = torch.tensor([[1.0, 1, 0, 0, 2, 2, 0, 0, 3, 3, 0, 0]])  # weights 1, 2, 3 and no biases
        >>> trio(theta, torch.ones(1, 4, 1))[0, :, 0].tolist()
        [1.0, 2.0, 3.0, 1.0]
    """
    if members < 1:
        raise ValueError(f"members must be at least 1; got {members}")
    bodies = _bodies(network)
    if not 0 <= shared < len(bodies):
        raise ValueError(f"shared must be from 0 to {len(bodies) - 1}, the hidden layers; got {shared}")
    common = bodies[shared]
    own = network.n_parameters - common

    def forward(theta: Tensor, x: Tensor) -> Tensor:
        lead = torch.broadcast_shapes(theta.shape[:-1], x.shape[:-2])
        n = x.shape[-2]
        rounds = -(-n // members)
        x = torch.nn.functional.pad(x, (0, 0, 0, rounds * members - n)).unflatten(-2, (rounds, members))
        y = network(thetas_of(theta), x.transpose(-2, -3))  # (..., K, rounds, F')
        return y.transpose(-2, -3).flatten(-3, -2)[..., :n, :].expand(*lead, -1, -1)

    def thetas_of(theta: Tensor) -> Tensor:
        """(..., K, P): every network's own parameters behind the common ones."""
        first, rest = theta.split([common, members * own], -1)
        rest = rest.unflatten(-1, (members, own))
        return torch.cat([first.unsqueeze(-2).expand(*rest.shape[:-1], -1), rest], -1) if common else rest

    def initialise(lead: tuple[int, ...], generator: torch.Generator) -> Tensor:
        thetas = network.init((*lead, members), generator)
        return torch.cat([thetas[..., 0, :common], thetas[..., common:].flatten(-2)], -1)

    def make(**changes: Any) -> Network:
        if network.make is None:
            raise ValueError("these networks were made by hand, so they can't be made anew; use mlp")
        return several(network.make(**changes), members, shared)

    return Network(
        forward,
        initialise,
        common + members * own,
        network.in_dim,
        network.out_dim,
        make=make,
        members=members,
        apart=thetas_of,
    )


def in_proportion(network: Network, weights: Sequence[float]) -> Network:
    """The mixture with other weights: the members of `several` take turns in proportion, in a fixed order.

        the m-th turn of network i is at time (m - 1/2) / w_i, for m = 1, 2, ...

    So any number of points is shared out as evenly as can be. It is for drawing: a D with classes learns from
    generators that have equal turns.

    Args:
        network: From `several`.
        weights: w_1, ..., w_K, none below 0; they need not sum to 1.

    Returns:
        The network, of the same theta.

    Raises:
        ValueError: If there are not as many weights as members, one is below 0 or no number, or all are 0.

    Example:
        >>> from gan_edu.networks.mlp import mlp
        >>> duo = in_proportion(several(mlp((1, 1)), members=2), [3, 1])
        >>> duo(torch.tensor([[1.0, 0, 2, 0]]), torch.ones(1, 8, 1))[0, :, 0].tolist()
        [1.0, 1.0, 2.0, 1.0, 1.0, 1.0, 2.0, 1.0]
    """
    k = network.members
    shares = torch.tensor(list(weights), dtype=torch.float64)
    if len(shares) != k or not bool((shares >= 0).all() and 0 < shares.sum() < torch.inf):
        raise ValueError(f"weights must be {k} numbers from 0 up, not all 0; got {list(weights)}")
    shares = shares / shares.sum()

    def forward(theta: Tensor, x: Tensor) -> Tensor:
        n = x.shape[-2]
        turns = (shares * (n + k / 2)).ceil().long() + 1  # no fewer than any of them has among the first n
        members = torch.arange(k).repeat_interleave(turns)
        rounds = torch.cat([torch.arange(int(turn)) for turn in turns])
        first = ((rounds + 0.5) / shares[members]).argsort(stable=True)[:n]
        place = (k * rounds + members)[first].to(
            x.device
        )  # point j stands where its network's turn comes in `several`
        rows = x.new_zeros((*x.shape[:-2], k * int(turns.max()), x.shape[-1])).index_copy(-2, place, x)
        return network(theta, rows).index_select(-2, place)

    return dataclasses.replace(network, forward=forward)


def _bodies(network: Network) -> list[int]:
    """Parameters up to each hidden layer: none, the first, the first two, ..."""
    lengths = []
    while network.body:
        network = network.body
        lengths.append(network.n_parameters)
    return [0, *reversed(lengths)]
