"""The least squares GAN."""

from __future__ import annotations

from typing import Annotated, Literal

from torch import Tensor

from gan_edu.data.target import Target
from gan_edu.games.adversaries import networks
from gan_edu.games.game import Game
from gan_edu.parameters import Range, method


@method
def least_squares(
    target: Target,
    width: Annotated[int, Range(1, 4096, slider=(4, 128), label="network width")] = 64,
    depth: Annotated[int, Range(1, 16, slider=(1, 4), label="hidden layers")] = 2,
    latent_dim: Annotated[int, Range(1, 1024, slider=(1, 64))] = 16,
    activation: Literal["relu", "leaky_relu", "tanh", "elu"] = "relu",
    init: Literal["uniform", "kaiming", "xavier", "orthogonal"] = "uniform",
) -> Game:
    """D regresses 1 on real and 0 on fake; G wants its fakes to score 1.

    With the discriminator's plain outputs l:

        discriminator_loss = E (l_real - 1)²/2 + E l_fake²/2        generator_loss = E (l_fake - 1)²/2

    Args:
        target: What G should learn to draw.
        width: Units per hidden layer, in both networks.
        depth: Hidden layers, in both networks.
        latent_dim: Numbers per latent point z.
        activation: Of the hidden layers.
        init: Initialisation; see `gan_edu.networks.mlp`.

    Returns:
        The game. Its equilibrium has D = 1/2, discriminator_loss = 1/4 and generator_loss = 1/8.

    Raises:
        ValueError: If a parameter is out of its range.

    Example:
        >>> from gan_edu.data.ring import ring
        >>> least_squares(ring(), width=32).discriminator.n_parameters
        1185

    Reference:
        Mao et al. (2017), Least Squares Generative Adversarial Networks, arXiv 1611.04076, sec. 3.2 (eq. 9).
    """

    def cost_of_discriminator(logits_real: Tensor, logits_fake: Tensor) -> Tensor:
        return (logits_real - 1).square().mean(-1) / 2 + logits_fake.square().mean(-1) / 2

    def cost_of_generator(logits_fake: Tensor) -> Tensor:
        return (logits_fake - 1).square().mean(-1) / 2

    return Game(
        target,
        *networks(target, width, depth, latent_dim, activation, init),
        latent_dim,
        discriminator_cost=cost_of_discriminator,
        generator_cost=cost_of_generator,
    )
