"""What the games of a generator and a discriminator share: their parameters, a pair of networks, costs of logits."""

from __future__ import annotations

from typing import Annotated, Literal

from torch import Tensor
from torch.nn.functional import softplus

from gan_edu.data.target import Target
from gan_edu.networks.mlp import mlp
from gan_edu.networks.network import Network
from gan_edu.parameters import Range

Width = Annotated[int, Range(1, 4096, slider=(4, 128), label="network width")]
Depth = Annotated[int, Range(1, 16, slider=(1, 4), label="hidden layers")]
LatentDim = Annotated[int, Range(1, 1024, slider=(1, 64))]
Hidden = Literal["relu", "leaky_relu", "tanh", "elu"]
Start = Literal["uniform", "kaiming", "xavier", "orthogonal"]


def networks(
    target: Target, width: int, depth: int, latent_dim: int, activation: str, init: str
) -> tuple[Network, Network]:
    """A generator and a discriminator of the same width and depth."""
    hidden = [width] * depth
    generator = mlp((latent_dim, *hidden, target.dim), activation, init=init)
    discriminator = mlp((target.dim, *hidden, 1), activation, init=init)
    return generator, discriminator


def cross_entropy(logits_real: Tensor, logits_fake: Tensor) -> Tensor:
    """-E log D(x_real) - E log(1 - D(x_fake)): (R, B), (R, B) -> (R,)."""
    return softplus(-logits_real).mean(-1) + softplus(logits_fake).mean(-1)


def mean_gap(logits_real: Tensor, logits_fake: Tensor) -> Tensor:
    """E l_fake - E l_real, minimised by a critic that lifts real above fake: (R, B), (R, B) -> (R,)."""
    return logits_fake.mean(-1) - logits_real.mean(-1)


def fall_short(logits_fake: Tensor) -> Tensor:
    """-E l_fake, minimised by a generator that climbs D's output: (R, B) -> (R,)."""
    return -logits_fake.mean(-1)
