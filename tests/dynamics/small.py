"""A GAN small enough for dense Jacobians, with players in double precision."""

import dataclasses

from torch.nn.functional import softplus

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

    game = dataclasses.replace(
        game, generator=network(game.generator), discriminator=network(game.discriminator)
    )

    def discriminator_loss(players, batch):
        real = game.discriminator(players["theta_d"], batch.x_real)
        fake = game.discriminator(players["theta_d"], game.generator(players["theta_g"], batch.z))
        return softplus(-real).mean((-2, -1)) + softplus(fake).mean((-2, -1))

    def generator_loss(players, batch):
        fake = game.discriminator(players["theta_d"], game.generator(players["theta_g"], batch.z))
        return softplus(-fake).mean((-2, -1))

    return dataclasses.replace(game, discriminator_loss=discriminator_loss, generator_loss=generator_loss)


TINY = gan(ring(), width=3, depth=1, latent_dim=1, activation="tanh")
GAME = in_float64(TINY)
