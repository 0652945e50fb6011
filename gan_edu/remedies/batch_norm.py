"""Batch normalisation of the generator, to compare with the virtual one."""

from __future__ import annotations

import dataclasses

from gan_edu.games.game import Game
from gan_edu.parameters import method
from gan_edu.remedies.common import needs_target, remade


@method
def batch_norm(game: Game) -> Game:
    """The generator's hidden layers are normalised by their own batch.

        u <- (u - E u) / sqrt(Var u + epsilon), then scaled and shifted by learned numbers

    What G makes of one z then depends on all the other z of its batch.

    Args:
        game: Whose generator is normalised.

    Returns:
        The game.

    Raises:
        ValueError: If the generator was made by hand, so that it can't be made anew.

    Example:
        >>> from gan_edu.data.ring import ring
        >>> from gan_edu.games.gan import gan
        >>> batch_norm(gan(ring())).generator.mixes
        True

    Reference:
        Ioffe and Szegedy (2015), Batch Normalization, arXiv 1502.03167, algorithm 1.
    """
    needs_target(game, "batch_norm")
    made = remade(game.generator, "generator", "batch_norm", normalise="batch")
    return dataclasses.replace(game, generator=made)
