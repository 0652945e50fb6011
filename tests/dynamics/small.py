"""A GAN small enough for dense Jacobians, with players in double precision."""

import dataclasses

from gan_edu.data.ring import ring
from gan_edu.games.gan import gan


def in_float64(game):
    """The same game with players in double precision."""

    def network(net):
        return dataclasses.replace(
            net,
            forward=lambda theta, x: net.forward(theta, x.to(theta.dtype)),
            init=lambda shape, generator: net.init(shape, generator).double(),
        )

    return dataclasses.replace(
        game, generator=network(game.generator), discriminator=network(game.discriminator)
    )


TINY = gan(ring(), width=3, depth=1, latent_dim=1, activation="tanh")
GAME = in_float64(TINY)
