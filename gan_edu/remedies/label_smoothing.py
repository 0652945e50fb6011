"""Label smoothing: D is asked to be less sure."""

from __future__ import annotations

import dataclasses
import math
from typing import Annotated

from torch import Tensor
from torch.nn.functional import softplus

from gan_edu.games.adversaries import cross_entropy
from gan_edu.games.game import Game
from gan_edu.parameters import Range, method


@method
def label_smoothing(
    game: Game,
    real: Annotated[float, Range(0.5, 1, step=0.05, label="real label")] = 0.9,
    fake: Annotated[float, Range(0, 0.5, step=0.05, label="fake label")] = 0.0,
) -> Game:
    """The cross-entropy with targets alpha for real and beta for fake examples, in place of 1 and 0.

        discriminator_loss = E_real H(alpha, D) + E_fake H(beta, D)        H(a, D) = -a log D - (1 - a) log(1 - D)

    The optimal D is (alpha p_data + beta p_G) / (p_data + p_G). With beta > 0 (two-sided) p_G is in the numerator:
    where G alone puts mass, D still says beta, and G has less reason to leave. One-sided smoothing has beta = 0.

    Args:
        game: With a cross-entropy discriminator.
        real: alpha.
        fake: beta.

    Returns:
        The game. At its equilibrium D = (alpha + beta) / 2, and discriminator_loss is twice the entropy of that.

    Raises:
        ValueError: If the discriminator has another loss, or a label is out of its range.

    Example:
        >>> from gan_edu.data.ring import ring
        >>> from gan_edu.games.gan import gan
        >>> label_smoothing(gan(ring())).recipe["arguments"]["real"]
        0.9

    Reference:
        Salimans et al. (2016), Improved Techniques for Training GANs, arXiv 1606.03498, sec. 3.4.
    """
    if game.discriminator_cost is not cross_entropy:
        raise ValueError(
            "label_smoothing needs a discriminator with the plain cross-entropy, as in gan; got another"
        )

    def cost(logits_real: Tensor, logits_fake: Tensor) -> Tensor:
        of_real = real * softplus(-logits_real) + (1 - real) * softplus(logits_real)
        of_fake = fake * softplus(-logits_fake) + (1 - fake) * softplus(logits_fake)
        return of_real.mean(-1) + of_fake.mean(-1)

    best = (real + fake) / 2
    return dataclasses.replace(game, discriminator_cost=cost, undecided=math.log(best / (1 - best)))
