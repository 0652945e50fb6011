"""Packing: D judges several examples together."""

from __future__ import annotations

import dataclasses
from typing import Annotated

from gan_edu.games.game import Game
from gan_edu.networks.minibatch import packed
from gan_edu.parameters import Range, method
from gan_edu.remedies.common import needs_target


@method
def packing(game: Game, pack: Annotated[int, Range(2, 64, slider=(2, 8), label="pack size m")] = 2) -> Game:
    """D(x_1, ..., x_m): m independent examples, all real or all fake, joined into one input.

    A generator that draws one mode only makes packs of equals, which real packs hardly ever are.

    Args:
        game: Whose discriminator is packed; only its first layer grows.
        pack: m. A batch of B gives B // m verdicts.

    Returns:
        The game.

    Raises:
        ValueError: If the discriminator can't be made for wider inputs, or tells generators apart.

    Example:
        >>> from gan_edu.data.ring import ring
        >>> from gan_edu.games.gan import gan
        >>> plain = gan(ring(), width=8)
        >>> packing(plain, pack=3).discriminator.n_parameters - plain.discriminator.n_parameters
        32

    Reference:
        Lin, Khetan, Fanti, Oh (2018), PacGAN: The power of two samples in generative adversarial networks, arXiv
        1712.04086, sec. 2.
    """
    needs_target(game, "packing")
    if game.discriminator.out_dim > 1:
        raise ValueError(
            "packing joins points of several generators, so D can't say which of them made a pack; got a D with "
            f"{game.discriminator.out_dim} classes"
        )
    return dataclasses.replace(game, discriminator=packed(game.discriminator, pack))
