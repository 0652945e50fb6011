"""The least squares GAN."""

from __future__ import annotations

from torch import Tensor

from gan_edu.data.target import Target
from gan_edu.games.adversaries import Depth, Hidden, LatentDim, Start, Width, networks
from gan_edu.games.game import Game
from gan_edu.parameters import method


@method
def least_squares(
    target: Target,
    width: Width = 64,
    depth: Depth = 2,
    latent_dim: LatentDim = 16,
    activation: Hidden = "relu",
    init: Start = "uniform",
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
        The game. The best D puts out p_data / (p_data + p_G), the probability itself. Its equilibrium has D = 1/2,
        discriminator_loss = 1/4 and generator_loss = 1/8.

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
        output="probability",
        undecided=0.5,
    )
