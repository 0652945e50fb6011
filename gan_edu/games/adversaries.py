"""What the games of a generator and a discriminator share: a pair of networks, and the cross-entropy."""

from __future__ import annotations

from torch import Tensor
from torch.nn.functional import softplus

from gan_edu.data.target import Target
from gan_edu.networks.mlp import mlp
from gan_edu.networks.network import Network


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
