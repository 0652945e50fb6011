"""Discriminators that look at more than one example: closeness within a batch, and packs."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import torch
from torch import Tensor

from gan_edu.networks.network import Network

STRIPS = 4  # of a batch compared with itself: more of them work out less twice, with more operators
LARGEST = 2**24  # numbers in a strip, 64 MB
COMPARED = 256  # single points that are compared with their companions at once


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
    return _close(_projected(features, tensor), _projected(others, tensor))


def _projected(features: Tensor, tensor: Tensor) -> Tensor:
    """M (..., kernels, kernel_dim, N): what is compared lies side by side in memory."""
    return (tensor.flatten(-2).mT @ features.mT).unflatten(-2, tensor.shape[-2:])


def _gaps(m: Tensor, others: Tensor) -> Tensor:
    """M_j - M_i for all pairs: (..., kernels, kernel_dim, N, K)."""
    return others.unsqueeze(-2) - m.unsqueeze(-1)


def _close(m: Tensor, others: Tensor) -> Tensor:
    """c(i, j) for all pairs, as a power of two, which is had four times as fast: (..., kernels, N, K)."""
    gaps = _gaps(m, others).abs_()
    distance = gaps[..., 0, :, :]
    for k in range(1, gaps.shape[-3]):
        distance += gaps[..., k, :, :]
    return distance.mul_(-1 / math.log(2)).exp2()


class _Sums(torch.autograd.Function):
    """The sum of c(i, j) over all j: (..., kernels, kernel_dim, N) -> (..., kernels, N).

    In strips of rows, of which only the columns from the diagonal on are worked out, for c(i, j) = c(j, i). Autograd
    would keep every coordinate of every pair. This keeps c, and not even that where it is large.
    """

    @staticmethod
    def forward(ctx: Any, m: Tensor) -> Tensor:
        rows = _rows(m)
        close = (_close(*pair) for pair in _strips(m, rows))
        kept = list(close) if rows * STRIPS >= m.shape[-1] else []
        ctx.save_for_backward(m, *kept)
        return _row_sums(kept or close, 1)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> Tensor:
        return _Slopes.apply(grads[0].contiguous(), *ctx.saved_tensors)


class _Slopes(torch.autograd.Function):
    """The gradient of sum_i g_i o_i by M_i: the sum of (g_i + g_j) c(i, j) sign(M_j - M_i) over all j."""

    @staticmethod
    def forward(ctx: Any, g: Tensor, m: Tensor, *kept: Tensor) -> Tensor:
        ctx.save_for_backward(g, m)
        rows = _rows(m)

        def pulls() -> Iterator[Tensor]:
            close = kept or (_close(*pair) for pair in _strips(m, rows))
            for of_g, of_m, c in zip(_strips(g, rows), _strips(m, rows), close, strict=True):
                yield _gaps(*of_m).sign_().mul_(_both(*of_g).mul_(c).unsqueeze(-3))

        return _row_sums(pulls(), -1)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        """Second derivatives, for penalties and unrolling: plain operators, so that there are third ones."""
        (g, m), (h,) = ctx.saved_tensors, grads
        sign = _gaps(m, m).sign()
        change = -_close(m, m) * (sign * _gaps(h, h)).sum(-3)  # of c, as M moves along h
        of_m = (sign * (change * _both(g, g)).unsqueeze(-3)).sum(-1)
        return change.sum(-1), of_m, *[None] * (len(ctx.needs_input_grad) - 2)


def _both(g: Tensor, others: Tensor) -> Tensor:
    """g_i + g_j for all pairs: (..., N, K)."""
    return others.unsqueeze(-2) + g.unsqueeze(-1)


def _rows(m: Tensor) -> int:
    """Rows in a strip: a part of all, or as few as keep it from growing too large."""
    n = m.shape[-1]
    return max(1, min(-(-n // STRIPS), LARGEST // m.numel()))


def _strips(x: Tensor, rows: int) -> Iterator[tuple[Tensor, Tensor]]:
    """The examples of each strip, and those from there on."""
    for start in range(0, x.shape[-1], rows):
        yield x[..., start : start + rows], x[..., start:]


def _row_sums(strips: Iterable[Tensor], mirror: int) -> Tensor:
    """Row sums of a square matrix with A_ji = mirror A_ij, from its strips."""
    sums: list[Tensor] = []
    carried: Tensor | None = None  # what the strips so far add to the rows below them
    for strip in strips:
        rows = strip.shape[-2]
        own, below = strip.sum(-1), strip[..., rows:].sum(-2)
        if carried is not None:
            own, below = own.add_(carried[..., :rows], alpha=mirror), below.add_(carried[..., rows:])
        sums.append(own)
        carried = below
    return torch.cat(sums, -1)


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
        o = (_Sums.apply(_projected(f, tensor)) - 1) / max(n - 1, 1)
        return f @ weight[..., :width, :] + (weight[..., width:, :].mT @ o).mT + bias

    def amid(theta: Tensor, x: Tensor, companions: Tensor) -> Tensor:
        of_body, tensor, weight, bias = split(theta)
        f = body(of_body, x) if body.amid is None else body.amid(of_body, x, companions)
        others = body(of_body, companions)
        o = torch.cat([closeness(part, others, tensor).mean(-1) for part in f.split(COMPARED, -2)], -1)
        return f @ weight[..., :width, :] + (weight[..., width:, :].mT @ o).mT + bias

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
