"""Discriminators that look at more than one example: closeness within a batch, and packs."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from gan_edu.networks.network import Network


def closeness(features: Tensor, others: Tensor, tensor: Tensor) -> Tensor:
    """How close every example is to each of some others, per kernel.

        M = f T in R^(kernels x kernel_dim)        c_b(i, j) = exp(-|M_i,b - M_j,b|_1)

    Args:
        features: f (..., N, A).
        others: f of the others (..., K, A).
        tensor: T (..., A, kernels, kernel_dim).

    Returns:
        (..., kernels, N, K), 1 for a twin and nearly 0 for a stranger.

    Reference:
        Salimans et al. (2016), Improved Techniques for Training GANs, arXiv 1606.03498, sec. 3.2.
    """
    kernels, kernel_dim = tensor.shape[-2:]

    def projected(f: Tensor) -> Tensor:
        return (f @ tensor.flatten(-2)).unflatten(-1, (kernels, kernel_dim)).movedim(-3, -1)

    return _Closeness.apply(projected(features), projected(others))  # each (..., kernels, kernel_dim, N or K)


class _Closeness(torch.autograd.Function):
    """exp(-|.|_1) for all pairs, one coordinate after another: memory for one number a pair, not for kernel_dim.

    Autograd would keep every coordinate of every pair, forwards and backwards, and take several times as long.
    """

    @staticmethod
    def forward(ctx: Any, left: Tensor, right: Tensor) -> Tensor:
        distance = _pairs(left, right, 0).abs()
        for k in range(1, left.shape[-2]):
            distance += _pairs(left, right, k).abs_()
        close = distance.neg_().exp_()
        ctx.save_for_backward(left, right, close)
        return close

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, Tensor]:
        left, right, close = ctx.saved_tensors
        pull = grads[0] * close
        of_left, of_right = [], []
        for k in range(left.shape[-2]):  # plain operators, so that it can be differentiated once more
            moved = _pairs(left, right, k).sign() * pull
            of_left.append(-moved.sum(-1))
            of_right.append(moved.sum(-2))
        return torch.stack(of_left, -2), torch.stack(of_right, -2)


def _pairs(left: Tensor, right: Tensor, k: int) -> Tensor:
    """Differences in one coordinate: (..., kernels, N, K)."""
    return left[..., k, :].unsqueeze(-1) - right[..., k, :].unsqueeze(-2)


def with_closeness(network: Network, kernels: int, kernel_dim: int) -> Network:
    """The network with the mean closeness to the rest of the batch beside its last features.

        o_b(i) = mean over j != i of c_b(i, j)        y = [f, o] W + b

    theta holds the network's body, T and the last layer.

    Raises:
        ValueError: If the network has no hidden layer.
    """
    body = network.body
    if body is None:
        raise ValueError("minibatch discrimination needs a discriminator with a hidden layer; got none")
    width = body.out_dim
    sizes = [
        body.n_parameters,
        width * kernels * kernel_dim,
        (width + kernels) * network.out_dim,
        network.out_dim,
    ]

    def split(theta: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        of_body, tensor, weight, bias = theta.split(sizes, -1)
        shape = (width, kernels, kernel_dim)
        return (
            of_body,
            tensor.unflatten(-1, shape),
            weight.unflatten(-1, (-1, network.out_dim)),
            bias.unsqueeze(-2),
        )

    def forward(theta: Tensor, x: Tensor) -> Tensor:
        of_body, tensor, weight, bias = split(theta)
        f = body(of_body, x)
        n = f.shape[-2]
        o = (closeness(f, f, tensor).sum(-1) - 1) / max(n - 1, 1)
        return torch.cat([f, o.mT], -1) @ weight + bias

    def amid(theta: Tensor, x: Tensor, companions: Tensor) -> Tensor:
        of_body, tensor, weight, bias = split(theta)
        f = body(of_body, x) if body.amid is None else body.amid(of_body, x, companions)
        o = closeness(f, body(of_body, companions), tensor).mean(-1)
        return torch.cat([f, o.mT], -1) @ weight + bias

    def init(lead: tuple[int, ...], generator: torch.Generator) -> Tensor:
        device = generator.device
        tensor = torch.randn((*lead, sizes[1]), generator=generator, device=device) / width**0.5
        bound = (width + kernels) ** -0.5
        last = (
            torch.rand((*lead, sizes[2] + sizes[3]), generator=generator, device=device) * 2 * bound - bound
        )
        return torch.cat([body.init(lead, generator), tensor, last], -1)

    return Network(
        forward,
        init,
        sum(sizes),
        network.in_dim,
        network.out_dim,
        body=body,
        make=_remake(network, lambda made: with_closeness(made, kernels, kernel_dim)),
        mixes=True,
        amid=amid,
    )


def packed(network: Network, pack: int) -> Network:
    """A network that judges `pack` examples together: (..., B, F) -> (..., B // pack, F').

    Only the first layer grows. Examples that don't fill a pack are left out.

    Raises:
        ValueError: If the network can't be made for wider inputs.
    """
    if network.make is None:
        raise ValueError(
            "packing needs a discriminator that can be made for wider inputs; got one made by hand"
        )
    wide = network.make(in_dim=pack * network.in_dim)
    return dataclasses.replace(_in_packs(wide, pack), make=_remake(network, lambda made: packed(made, pack)))


def _in_packs(wide: Network, pack: int) -> Network:
    """A network for joined inputs as one for batches of single ones."""

    def forward(theta: Tensor, x: Tensor) -> Tensor:
        return wide(theta, _joined(x, pack))

    def amid(theta: Tensor, x: Tensor, companions: Tensor) -> Tensor:
        rest = companions[..., : pack - 1, :].flatten(-2).unsqueeze(-2)
        together = torch.cat([x, rest.expand(*x.shape[:-1], -1)], -1)
        return (
            wide(theta, together)
            if wide.amid is None
            else wide.amid(theta, together, _joined(companions, pack))
        )

    return Network(
        forward,
        wide.init,
        wide.n_parameters,
        wide.in_dim // pack,
        wide.out_dim,
        body=_in_packs(wide.body, pack) if wide.body else None,
        mixes=True,
        amid=amid,
    )


def _joined(x: Tensor, pack: int) -> Tensor:
    """(..., B, F) -> (..., B // pack, pack F)."""
    packs = x.shape[-2] // pack
    return x[..., : packs * pack, :].unflatten(-2, (packs, pack)).flatten(-2)


def _remake(network: Network, wrap: Callable[[Network], Network]) -> Callable[..., Network] | None:
    made = network.make
    if made is None:
        return None

    def make(**changes: Any) -> Network:
        return wrap(made(**changes))

    return make
