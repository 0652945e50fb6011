"""Minibatch discrimination: D sees how close an example is to the rest of its batch."""

from __future__ import annotations

import dataclasses
from typing import Annotated

from gan_edu.games.game import Game
from gan_edu.networks.minibatch import with_closeness
from gan_edu.parameters import Range, method
from gan_edu.remedies.common import needs_target


@method
def minibatch_discrimination(
    game: Game,
    kernels: Annotated[int, Range(1, 1024, slider=(1, 64))] = 8,
    kernel_dim: Annotated[int, Range(1, 256, slider=(1, 16), label="kernel size")] = 2,
) -> Game:
    """D gets, beside its features of an example, the example's closeness to the others of its own half batch.

        M = f T        c_b(i, j) = exp(-|M_i,b - M_j,b|_1)        o_b(i) = mean over j != i of c_b(i, j)

    so that a batch of twins, which is what a collapsed generator draws, can be told at once. The paper sums over the
    batch; the mean is the same up to a factor that the next layer learns, and does not depend on the batch size.

    Args:
        game: Whose discriminator gets the layer.
        kernels: How many closenesses, b. More of them sharpen the samples sooner and cost more
            (`benchmarks/remedies.py`).
        kernel_dim: Numbers that each compares.

    Returns:
        The game; real and fake examples are judged apart.

    Raises:
        ValueError: If D has no hidden layer, or a parameter is out of its range.

    Example:
        >>> from gan_edu.data.ring import ring
        >>> from gan_edu.games.gan import gan
        >>> minibatch_discrimination(gan(ring())).discriminator.mixes
        True

    Reference:
        Salimans et al. (2016), Improved Techniques for Training GANs, arXiv 1606.03498, sec. 3.2.
    """
    needs_target(game, "minibatch_discrimination")
    return dataclasses.replace(game, discriminator=with_closeness(game.discriminator, kernels, kernel_dim))
