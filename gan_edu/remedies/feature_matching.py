"""Feature matching: G should meet the mean of what D sees, and no longer fool it."""

from __future__ import annotations

import dataclasses
from typing import Annotated

from torch import Tensor

from gan_edu.games.game import Batch, Equilibrium, Game, Players, seen_fake, seen_real
from gan_edu.parameters import Range, method
from gan_edu.remedies.common import names, needs_plain_generator_loss, needs_target


@method
def feature_matching(
    game: Game,
    below: Annotated[int, Range(1, 16, slider=(1, 4), label="layers below")] = 1,
) -> Game:
    """The generator minimises the distance between the mean features of real and of fake examples.

        generator_loss = |E f(x_real) - E f(G(z))|²        f: a hidden layer of D, which D goes on training as before

    Args:
        game: Whose generator is asked for something else.
        below: Which layer f is; 1 is the last hidden one.

    Returns:
        The game; its generator looks at data. At equilibrium generator_loss = 0, and a little more on a finite batch.

    Raises:
        ValueError: If D has no such layer, or another remedy has changed the generator's loss already.

    Example:
        >>> from gan_edu.data.ring import ring
        >>> from gan_edu.games.gan import gan
        >>> feature_matching(gan(ring())).generator_sees_data
        True

    Reference:
        Salimans et al. (2016), Improved Techniques for Training GANs, arXiv 1606.03498, sec. 3.1.
    """
    needs_target(game, "feature_matching")
    needs_plain_generator_loss(game, "feature_matching")
    if "top_k" in names(game):
        raise ValueError("feature_matching needs no verdicts, so top_k inside would choose in vain; got both")
    game.discriminator.layer(below)

    def aim(whole: Game, players: Players, batch: Batch) -> Tensor:
        real, fake = (
            whole.discriminator.features(players["theta_d"], seen(whole, players, batch), below).mean(-2)
            for seen in (seen_real, seen_fake)
        )
        return (real - fake).square().sum(-1)

    def at_equilibrium(whole: Game) -> Equilibrium:
        return game.at_equilibrium(whole)._replace(generator_loss=0.0)

    return dataclasses.replace(
        game, generator_aim=aim, generator_sees_data=True, at_equilibrium=at_equilibrium
    )
