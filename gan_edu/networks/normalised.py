"""Hidden layers whose inputs are normalised, by their own batch or by a reference batch that never changes."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Literal

import torch
from torch import Tensor

from gan_edu.networks.activations import ACTIVATIONS
from gan_edu.networks.network import Network

EPSILON = 1e-5
REFERENCE = 64  # examples in the reference batch


def normalised(
    plain: Network,
    sizes: Sequence[int],
    activation: str,
    kind: Literal["batch", "virtual"],
    make: Callable[..., Network],
) -> Network:
    """A multilayer perceptron with normalised hidden layers.

        u = h W + b        h <- a(gamma (u - m) / sqrt(epsilon + s - m²) + beta)        per hidden layer

        batch:    m, s are the means of u and u² over the batch, so that every example depends on all the others
        virtual:  m = (u + n m_ref)/(n + 1), s = (u² + n s_ref)/(n + 1) for each example on its own, with the n
                  examples of a reference batch; those are normalised by their own means

    The reference batch is a part of theta that no gradient moves, so that a run keeps it when it is saved or forked.

    Args:
        plain: The network without normalisation; it initialises the layers.
        sizes: Layer widths from input to output.
        activation: Of the hidden layers.
        kind: batch or virtual.
        make: Of the network that is returned.

    Returns:
        A network whose theta holds that of the plain one, gamma and beta of each hidden layer, and the reference.

    Example:
        >>> from gan_edu.networks.mlp import mlp
        >>> net = mlp((2, 8, 1), normalise="batch")
        >>> net.n_parameters - mlp((2, 8, 1)).n_parameters
        16

    Reference:
        Ioffe and Szegedy (2015), Batch Normalization, arXiv 1502.03167, algorithm 1. Salimans et al. (2016), Improved
        Techniques for Training GANs, arXiv 1606.03498, sec. 3.5.
    """
    hidden = sizes[1:-1]
    act = ACTIVATIONS[activation].apply_
    layers = list(itertools.pairwise(sizes))
    lengths = [n for i, o in layers for n in (i * o, o)]
    scales = [n for width in hidden for n in (width, width)]
    kept = REFERENCE * sizes[0] if kind == "virtual" else 0

    def forward(theta: Tensor, x: Tensor) -> Tensor:
        parts = theta.split([*lengths, *scales, kept], -1)
        weights = [parts[2 * k].unflatten(-1, shape) for k, shape in enumerate(layers)]
        biases = [part.unsqueeze(-2) for part in parts[1 : 2 * len(layers) : 2]]
        rest = [part.unsqueeze(-2) for part in parts[2 * len(layers) : -1]]
        reference = parts[-1].detach().unflatten(-1, (REFERENCE, sizes[0])) if kept else None
        for k in range(len(hidden)):
            gamma, beta = rest[2 * k], rest[2 * k + 1]
            u = x @ weights[k] + biases[k]
            if reference is None:
                m, s = u.mean(-2, keepdim=True), u.square().mean(-2, keepdim=True)
            else:
                r = reference @ weights[k] + biases[k]
                m_ref, s_ref = r.mean(-2, keepdim=True), r.square().mean(-2, keepdim=True)
                m, s = (
                    (u + REFERENCE * m_ref) / (REFERENCE + 1),
                    (u * u + REFERENCE * s_ref) / (REFERENCE + 1),
                )
                reference = act(gamma * _whitened(r, m_ref, s_ref) + beta)
            x = act(gamma * _whitened(u, m, s) + beta)
        return x @ weights[-1] + biases[-1]

    def init(lead: tuple[int, ...], generator: torch.Generator) -> Tensor:
        start = plain.init(lead, generator)
        ones = [torch.full((*lead, width), float(1 - k % 2)).to(start) for k, width in enumerate(scales)]
        reference = torch.randn((*lead, kept), generator=generator, device=generator.device)
        return torch.cat([start, *ones, reference], -1)

    return Network(
        forward,
        init,
        plain.n_parameters + sum(scales) + kept,
        sizes[0],
        sizes[-1],
        make=make,
        mixes=kind == "batch",
    )


def _whitened(u: Tensor, mean: Tensor, square: Tensor) -> Tensor:
    return (u - mean) / (EPSILON + square - mean * mean).clamp_min(EPSILON).sqrt()
