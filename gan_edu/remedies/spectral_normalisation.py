"""Spectral normalisation: no layer of D stretches any distance."""

from __future__ import annotations

import dataclasses

from gan_edu.games.game import Game
from gan_edu.parameters import method
from gan_edu.remedies.common import needs_target, remade


@method
def spectral_normalisation(game: Game) -> Game:
    """Every weight matrix of D is divided by its largest singular value.

        W <- W / sigma_max(W)

    so that D with ReLU or leaky ReLU is 1-Lipschitz. sigma_max comes from a few power iterations, and the gradient
    flows through it.

    Args:
        game: Whose discriminator is normalised.

    Returns:
        The game.

    Raises:
        ValueError: If the discriminator was made by hand, so that it can't be made anew.

    Example:
        >>> from gan_edu.data.ring import ring
        >>> from gan_edu.games.gan import gan
        >>> spectral_normalisation(gan(ring())).recipe["name"]
        'spectral_normalisation'

    Reference:
        Miyato et al. (2018), Spectral Normalization for Generative Adversarial Networks, arXiv 1802.05957, sec. 2.
    """
    needs_target(game, "spectral_normalisation")
    made = remade(game.discriminator, "discriminator", "spectral_normalisation", spectral=True)
    return dataclasses.replace(game, discriminator=made)
