"""Top-k training: G learns from its better fakes only."""

from __future__ import annotations

import dataclasses
import math
from typing import Annotated

from torch import Tensor

from gan_edu.games.game import Game
from gan_edu.parameters import Range, method
from gan_edu.remedies.common import needs_plain_generator_loss, needs_target


@method
def top_k(game: Game, share: Annotated[float, Range(0.01, 1, step=0.05, label="share kept")] = 0.5) -> Game:
    """The generator's loss is taken over the fakes that D likes best.

        generator_loss = the game's, over the ceil(share B) largest logits of the batch

    Args:
        game: Whose generator learns from some of its fakes.
        share: Of the batch.

    Returns:
        The game.

    Raises:
        ValueError: If the share is out of its range, or another remedy has replaced the generator's loss.

    Example:
        >>> from gan_edu.data.ring import ring
        >>> from gan_edu.games.gan import gan
        >>> top_k(gan(ring()), share=0.25).recipe["arguments"]["share"]
        0.25

    Reference:
        Sinha et al. (2020), Top-k Training of GANs: Improving GAN Performance by Throwing Away Bad Samples, arXiv
        2002.06224, sec. 3.
    """
    needs_target(game, "top_k")
    needs_plain_generator_loss(game, "top_k")

    def cost(logits_fake: Tensor) -> Tensor:
        kept = math.ceil(share * logits_fake.shape[-1])
        return game.generator_cost(logits_fake.topk(kept, -1, sorted=False).values)

    return dataclasses.replace(game, generator_cost=cost)
