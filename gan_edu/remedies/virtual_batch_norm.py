"""Virtual batch normalisation of the generator."""

from __future__ import annotations

import dataclasses

from gan_edu.games.game import Game
from gan_edu.parameters import method
from gan_edu.remedies.common import needs_target, remade


@method
def virtual_batch_norm(game: Game) -> Game:
    """The generator's hidden layers are normalised by a reference batch, drawn once, and the example itself.

        m = (u + n m_ref)/(n + 1)        s = (u² + n s_ref)/(n + 1)        u <- (u - m) / sqrt(s - m² + epsilon)

    What G makes of one z depends on that z and on the reference batch, which never changes.

    Args:
        game: Whose generator is normalised.

    Returns:
        The game; each run keeps its reference batch in theta_g, where no gradient moves it.

    Raises:
        ValueError: If the generator was made by hand, so that it can't be made anew.

    Example:
        >>> from gan_edu.data.ring import ring
        >>> from gan_edu.games.gan import gan
        >>> virtual_batch_norm(gan(ring())).generator.mixes
        False

    Reference:
        Salimans et al. (2016), Improved Techniques for Training GANs, arXiv 1606.03498, sec. 3.5.
    """
    needs_target(game, "virtual_batch_norm")
    made = remade(game.generator, "generator", "virtual_batch_norm", normalise="virtual")
    return dataclasses.replace(game, generator=made)
