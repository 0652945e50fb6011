"""The hinge GAN."""

from __future__ import annotations

from torch import Tensor

from gan_edu.data.target import Target
from gan_edu.games.adversaries import Depth, Hidden, LatentDim, Start, Width, fall_short, networks
from gan_edu.games.game import Equilibrium, Game
from gan_edu.parameters import method


@method
def hinge(
    target: Target,
    width: Width = 64,
    depth: Depth = 2,
    latent_dim: LatentDim = 16,
    activation: Hidden = "relu",
    init: Start = "uniform",
) -> Game:
    """D wants a margin of 1 on both sides and no more; G climbs D's output.

    With the discriminator's plain outputs l:

        discriminator_loss = E max(0, 1 - l_real) + E max(0, 1 + l_fake)        generator_loss = -E l_fake

    Args:
        target: What G should learn to draw.
        width: Units per hidden layer, in both networks.
        depth: Hidden layers, in both networks.
        latent_dim: Numbers per latent point z.
        activation: Of the hidden layers.
        init: Initialisation; see `gan_edu.networks.mlp`.

    Returns:
        The game. The best l is 1 where data is denser and -1 where fakes are: a score, no probability. Where
        p_G = p_data, the best discriminator_loss is 2; every constant l from -1 to 1 has it, so that generator_loss
        = -l is not one number.

    Raises:
        ValueError: If a parameter is out of its range.

    Example:
        >>> from gan_edu.data.ring import ring
        >>> hinge(ring(), width=32).discriminator.n_parameters
        1185

    Reference:
        Lim and Ye (2017), Geometric GAN, arXiv 1705.02894, sec. 3. Miyato et al. (2018), arXiv 1802.05957, sec. 4.
    """

    def cost_of_discriminator(logits_real: Tensor, logits_fake: Tensor) -> Tensor:
        return (1 - logits_real).relu().mean(-1) + (1 + logits_fake).relu().mean(-1)

    return Game(
        target,
        *networks(target, width, depth, latent_dim, activation, init),
        latent_dim,
        discriminator_cost=cost_of_discriminator,
        generator_cost=fall_short,
        output="score",
        at_equilibrium=lambda game: Equilibrium(discriminator_loss=2.0),
    )
