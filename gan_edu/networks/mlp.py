"""The multilayer perceptron: h <- a(h W + b), layer by layer, for a whole population of networks at once."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any, Literal, get_args

import torch
from torch import Tensor

from gan_edu.networks.activations import ACTIVATIONS, Activation
from gan_edu.networks.network import Network

THIN = 2  # outputs up to which a layer is computed across
Init = Literal["uniform", "kaiming", "xavier", "orthogonal"]


def mlp(
    sizes: Sequence[int],
    activation: str = "relu",
    *,
    init: str = "uniform",
    init_gain: float = 1.0,
    output: str | None = None,
    spectral: bool = False,
    normalise: Literal["none", "batch", "virtual"] = "none",
) -> Network:
    """A multilayer perceptron as a pure function of one flat parameter vector.

    h_0 = x;  h_l = a(h_{l-1} W_l + b_l);  y = h_{L-1} W_L + b_L, passed through `output` if that is given.
    theta holds W_1, b_1, W_2, b_2, ... in this order, each W_l of shape (in, out) in row-major order.

    Args:
        sizes: Layer widths from input to output, at least two: (2, 64, 64, 1).
        activation: Of the hidden layers: relu, leaky_relu (slope 0.2), tanh, elu or sigmoid.
        init: How weights start. `uniform`: U(±1/sqrt(in)) for weights and biases, the default of torch.nn.Linear;
            `kaiming`: N(0, gain²/in), He et al. (2015), arXiv 1502.01852; `xavier`: N(0, 2/(in+out)), Glorot and
            Bengio (2010); `orthogonal`: a random orthogonal matrix, Saxe et al. (2013), arXiv 1312.6120, as the
            unrolled GAN's toy uses. Biases are zero except for `uniform`.
        init_gain: Multiplies the initial weights.
        output: Activation of the last layer; none by default.
        spectral: Divide every weight matrix by its largest singular value, so that no layer stretches any distance.
        normalise: Whether hidden layers are normalised, and by what; see `gan_edu.networks.normalised`.

    Returns:
        A network with `theta (..., P), x (..., B, sizes[0]) -> (..., B, sizes[-1])`.

    Raises:
        ValueError: If sizes, an activation or an initialisation is unknown or makes no sense.

    Example:
        >>> net = mlp((2, 8, 1), "tanh")
        >>> theta = net.init((4,), torch.Generator().manual_seed(0))  # four networks at once
        >>> net(theta, torch.zeros(4, 5, 2)).shape
        torch.Size([4, 5, 1])
    """
    sizes = tuple(sizes)
    if len(sizes) < 2 or any(not isinstance(n, int) or n < 1 for n in sizes):
        raise ValueError(f"sizes must be at least two whole numbers from 1 up; got {sizes}")
    for name in (activation, output or activation):
        if name not in ACTIVATIONS:
            raise ValueError(f"activation must be one of {', '.join(ACTIVATIONS)}; got {name!r}")
    if init not in get_args(Init):
        raise ValueError(f"init must be one of {', '.join(get_args(Init))}; got {init!r}")
    given = {"sizes": sizes, "activation": activation, "init": init, "init_gain": init_gain, "output": output}
    given |= {"spectral": spectral, "normalise": normalise}

    def make(in_dim: int | None = None, **changes: Any) -> Network:
        entry = {"sizes": (in_dim, *sizes[1:])} if in_dim else {}
        return mlp(**{**given, **entry, **changes})

    if normalise != "none":
        from gan_edu.networks.normalised import normalised  # it is made of this one

        return normalised(make(normalise="none"), sizes, activation, normalise, make)
    hidden, last = ACTIVATIONS[activation], ACTIVATIONS[output] if output else None
    plan = _Plan(sizes, (*[hidden] * (len(sizes) - 2), last), spectral)

    def forward(theta: Tensor, x: Tensor) -> Tensor:
        return _run(plan, theta, x)

    def initialise(lead: tuple[int, ...], generator: torch.Generator) -> Tensor:
        parts = []
        for fan_in, fan_out in plan.layers:
            weight, bias = _initial_layer(lead, fan_in, fan_out, init, hidden.gain, generator)
            parts += [init_gain * weight.flatten(-2), bias]
        return torch.cat(parts, -1)

    body = make(sizes=sizes[:-1], output=activation) if len(sizes) > 2 else None
    return Network(forward, initialise, plan.n_parameters, sizes[0], sizes[-1], body, make)


class _Plan:
    """Where each layer lies in theta, worked out once."""

    def __init__(
        self, sizes: tuple[int, ...], activations: Sequence[Activation | None], spectral: bool
    ) -> None:
        self.spectral = spectral
        self.layers = list(itertools.pairwise(sizes))
        self.activations_ = tuple(a.apply_ if a else None for a in activations)
        self.lengths = [n for i, o in self.layers for n in (i * o, o)]
        self.n_parameters = sum(self.lengths)

    def views(self, theta: Tensor) -> list[tuple[Tensor, Tensor]]:
        """Weights (..., in, out) and biases (..., 1, out) as views of theta."""
        parts = theta.split(self.lengths, -1)
        weights = [parts[2 * k].unflatten(-1, shape) for k, shape in enumerate(self.layers)]
        if self.spectral:
            weights = [weight / largest_stretch(weight) for weight in weights]
        return list(zip(weights, (bias.unsqueeze(-2) for bias in parts[1::2]), strict=True))


def _run(plan: _Plan, theta: Tensor, x: Tensor) -> Tensor:
    if theta.shape[-1] != plan.n_parameters or x.shape[-1] != plan.layers[0][0]:
        raise ValueError(
            f"this network takes theta (..., {plan.n_parameters}) and x (..., B, {plan.layers[0][0]}); "
            f"got {tuple(theta.shape)} and {tuple(x.shape)}"
        )
    lead = theta.shape[:-1]
    if x.shape[:-2] != lead:
        lead = torch.broadcast_shapes(lead, x.shape[:-2])
        theta, x = theta.expand(*lead, -1), x.expand(*lead, -1, -1)
    if len(lead) != 1:
        theta, x = theta.reshape(-1, theta.shape[-1]), x.reshape(-1, *x.shape[-2:])
    for (weight, bias), activation_ in zip(plan.views(theta), plan.activations_, strict=True):
        if activation_:
            # In place: autograd needs an activation's output, never the number that went in.
            x = activation_(torch.baddbmm(bias, x, weight))
        else:
            x = (
                torch.baddbmm(bias, x, weight)
                if weight.shape[-1] > THIN
                else _ThinLayer.apply(x, weight, bias)
            )
    return x if len(lead) == 1 else x.reshape(*lead, *x.shape[-2:])


def largest_stretch(weight: Tensor, rounds: int = 8) -> Tensor:
    """The largest singular value of each matrix by power iteration: (..., m, n) -> (..., 1, 1).

    u and v, the directions of the largest stretch, are held constant, which leaves the gradient exact.

    Args:
        weight: The matrices W.
        rounds: Power iterations, from the same start every time, so that nothing has to be remembered.

    Reference:
        Miyato et al. (2018), Spectral Normalization for Generative Adversarial Networks, arXiv 1802.05957, sec. 2.1.
    """
    fixed = weight.detach()
    v = (
        fixed.square().sum(-2, keepdim=True).mT
    )  # where the columns are long: a start near the largest stretch
    for _ in range(rounds):
        v = torch.nn.functional.normalize(fixed.mT @ (fixed @ v), dim=-2)
    u = torch.nn.functional.normalize(fixed @ v, dim=-2)
    return u.mT @ weight @ v


class _ThinLayer(torch.autograd.Function):
    """x W + b for a layer of one or two outputs, the last one of every toy: computed across.

    Matrix libraries are slow where the result has few columns and quick where it has few rows: 13 times for the
    gradient of a discriminator's last layer (`benchmarks/tricks.py`). The numbers are the same up to rounding.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        ctx.save_for_backward(x, weight)
        return torch.baddbmm(bias.mT, weight.mT.contiguous(), x.mT).mT

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, Tensor | None, Tensor | None]:
        (g,), (x, weight) = grads, ctx.saved_tensors
        wants_x, wants_weight, wants_bias = ctx.needs_input_grad
        x_grad = (g * weight.mT if weight.shape[-1] == 1 else torch.bmm(g, weight.mT)) if wants_x else None
        weight_grad = torch.bmm(g.mT, x).mT if wants_weight else None
        return x_grad, weight_grad, g.sum(-2, keepdim=True) if wants_bias else None


def _initial_layer(
    lead: tuple[int, ...], fan_in: int, fan_out: int, init: str, gain: float, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    device = generator.device
    shape = (*lead, fan_in, fan_out)
    if init == "uniform":
        bound = 1 / math.sqrt(fan_in)
        both = (
            torch.rand((*lead, fan_in + 1, fan_out), generator=generator, device=device) * 2 * bound - bound
        )
        return both[..., :-1, :], both[..., -1, :]
    weight = torch.randn(shape, generator=generator, device=device)
    if init == "orthogonal":
        tall = weight if fan_in >= fan_out else weight.mT
        q, r = torch.linalg.qr(tall)
        q = q * r.diagonal(dim1=-2, dim2=-1).sign().unsqueeze(
            -2
        )  # else the law is not uniform over rotations
        weight = q if fan_in >= fan_out else q.mT
    else:
        weight = weight * (
            gain / math.sqrt(fan_in) if init == "kaiming" else math.sqrt(2 / (fan_in + fan_out))
        )
    return weight, torch.zeros((*lead, fan_out), device=device)
