"""The generative adversarial network."""

from __future__ import annotations

from typing import Literal

from torch import Tensor
from torch.nn.functional import softplus

from gan_edu.data.target import Target
from gan_edu.games.adversaries import Depth, Hidden, LatentDim, Start, Width, cross_entropy, networks
from gan_edu.games.game import Game
from gan_edu.parameters import method


@method
def gan(
    target: Target,
    generator_loss: Literal["non_saturating", "minimax"] = "non_saturating",
    width: Width = 64,
    depth: Depth = 2,
    latent_dim: LatentDim = 16,
    activation: Hidden = "relu",
    init: Start = "uniform",
) -> Game:
    """A generator G forges samples, a discriminator D tells them from real ones.

    With logits l = D(x) and prob_real = sigmoid(l):

        discriminator_loss = -E log D(x_real) - E log(1 - D(G(z))) = E softplus(-l_real) + E softplus(l_fake)
        generator_loss     = -E log D(G(z))      =  E softplus(-l_fake)     (non_saturating)
                           =  E log(1 - D(G(z))) = -E softplus(l_fake)      (minimax)

    Args:
        target: What G should learn to draw.
        generator_loss: `minimax` is the game of the theory; its gradient vanishes where D is sure. `non_saturating`
            has the same fixed point and does not fade there.
        width: Units per hidden layer, in both networks.
        depth: Hidden layers, in both networks.
        latent_dim: Numbers per latent point z.
        activation: Of the hidden layers.
        init: Initialisation; see `gan_edu.networks.mlp`.

    Returns:
        The game. Its equilibrium has p_G = p_data, D = 1/2, discriminator_loss = 2 log 2 and generator_loss = log 2
        (non_saturating) or -log 2 (minimax).

    Raises:
        ValueError: If a parameter is out of its range.

    Example:
        >>> from gan_edu.data.ring import ring
        >>> gan(ring(), width=32).generator.n_parameters
        1666

    Reference:
        Goodfellow et al. (2014), Generative Adversarial Nets, arXiv 1406.2661, sec. 3 and algorithm 1.
    """

    def cost_of_generator(logits_fake: Tensor) -> Tensor:
        if generator_loss == "minimax":
            return -softplus(logits_fake).mean(-1)
        return softplus(-logits_fake).mean(-1)

    return Game(
        target,
        *networks(target, width, depth, latent_dim, activation, init),
        latent_dim,
        discriminator_cost=cross_entropy,
        generator_cost=cost_of_generator,
        undecided=0.0,
    )
