"""The Wasserstein GAN."""

from __future__ import annotations

from gan_edu.data.target import Target
from gan_edu.games.adversaries import Depth, Hidden, LatentDim, Start, Width, fall_short, mean_gap, networks
from gan_edu.games.game import Equilibrium, Game
from gan_edu.parameters import method


@method
def wasserstein(
    target: Target,
    width: Width = 64,
    depth: Depth = 2,
    latent_dim: LatentDim = 16,
    activation: Hidden = "relu",
    init: Start = "uniform",
) -> Game:
    """A critic f gives every point a height, and its mean on real minus that on fake bounds a distance.

        discriminator_loss = E f(x_fake) - E f(x_real)        generator_loss = -E f(x_fake)

    The supremum of E f(x_real) - E f(x_fake) over all f that are 1-Lipschitz is the earth mover's distance W_1.
    Nothing here keeps f Lipschitz: put `weight_clipping`, `gradient_penalty` or `spectral_normalisation` around it.

    Args:
        target: What G should learn to draw.
        width: Units per hidden layer, in both networks.
        depth: Hidden layers, in both networks.
        latent_dim: Numbers per latent point z.
        activation: Of the hidden layers.
        init: Initialisation; see `gan_edu.networks.mlp`.

    Returns:
        The game; f is its `discriminator`. Where p_G = p_data, discriminator_loss = 0; generator_loss says nothing,
        there or elsewhere, since f plus any number is as good as f. It brings the paper's settings: RMSProp and 5
        critic steps a generator step; the rate is 20 times the paper's 5e-5, for networks this small.

    Raises:
        ValueError: If a parameter is out of its range.

    Example:
        >>> from gan_edu.data.ring import ring
        >>> wasserstein(ring(), width=32).discriminator.n_parameters
        1185

    Reference:
        Arjovsky, Chintala, Bottou (2017), Wasserstein GAN, arXiv 1701.07875, sec. 3 and algorithm 1.
    """
    return Game(
        target,
        *networks(target, width, depth, latent_dim, activation, init),
        latent_dim,
        discriminator_cost=mean_gap,
        generator_cost=fall_short,
        output="critic",
        at_equilibrium=lambda game: Equilibrium(discriminator_loss=0.0),
        settings={
            "dynamics": "alternating:discriminator_steps=5",
            "optimizer": "rmsprop",
            "learning_rate": 1e-3,
        },
    )
