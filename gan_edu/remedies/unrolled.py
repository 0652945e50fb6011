"""The unrolled GAN: G looks some steps of D ahead, and through them."""

from __future__ import annotations

import dataclasses
from typing import Annotated, Literal

import torch
from torch import Tensor

from gan_edu.games.game import Batch, Game, Players
from gan_edu.parameters import Range, method

BETAS, TINY = (0.5, 0.999), 1e-16  # of Adam inside; TINY keeps the slope of a square root finite at 0


@method
def unrolled(
    game: Game,
    steps: Annotated[int, Range(0, 100, slider=(0, 10), label="steps ahead k")] = 5,
    learning_rate: Annotated[float, Range(0, 1e3, slider=(1e-4, 1), log=True, label="rate inside")] = 1e-3,
    optimizer: Literal["sgd", "adam"] = "adam",
    through: Annotated[bool, Range(False, True, label="gradient through them")] = True,
) -> Game:
    """The generator's loss is taken against the D that D would become in k steps.

        theta_0 = theta_d        theta_{i+1} = theta_i - eta grad_d L_d(theta_i, theta_g)
        generator_loss = L_g(theta_k(theta_d, theta_g), theta_g)

    and its gradient flows through all k steps. D itself takes an ordinary step, and its optimizer does not notice.

    Args:
        game: Whose generator looks ahead; planar games too.
        steps: k; 0 is the game as it was. A step ahead costs about two gradients.
        learning_rate: eta; what counts is about eta k.
        optimizer: Of the steps ahead: plain descent, or Adam with fresh moments.
        through: Let the gradient flow through the steps. Without, G answers a later D and does not know that it
            made it so. Where D is merely slow, as in the preset `rotating`, that alone can be the cure.

    Returns:
        The game; its generator looks at data, the same batch in every step ahead.

    Raises:
        ValueError: If a parameter is out of its range or unknown.

    Example:
        >>> from gan_edu.data.ring import ring
        >>> from gan_edu.games.gan import gan
        >>> unrolled(gan(ring()), steps=10).recipe["arguments"]["steps"]
        10

    Reference:
        Metz, Poole, Pfau, Sohl-Dickstein (2017), Unrolled Generative Adversarial Networks, arXiv 1611.02163, sec. 2.
    """
    if steps == 0:
        return game

    def aim(whole: Game, players: Players, batch: Batch) -> Tensor:
        theta = players["theta_d"]
        theta = theta.clone() if theta.requires_grad else theta.detach().requires_grad_()
        mean = square = torch.zeros_like(theta)
        for step in range(1, steps + 1):
            loss = whole.discriminator_loss({**players, "theta_d": theta}, batch)
            (slope,) = torch.autograd.grad(loss.sum(), theta, create_graph=through, materialize_grads=True)
            if optimizer == "adam":
                mean = BETAS[0] * mean + (1 - BETAS[0]) * slope
                square = BETAS[1] * square + (1 - BETAS[1]) * slope * slope
                unbiased = square / (1 - BETAS[1] ** step) + TINY
                slope = mean / (1 - BETAS[0] ** step) / unbiased.sqrt()
            theta = theta - learning_rate * slope
            theta = theta if through else theta.detach().requires_grad_()
        return game.generator_aim(whole, {**players, "theta_d": theta}, batch)

    hidden = game.hides_slopes or not through
    return dataclasses.replace(game, generator_aim=aim, generator_sees_data=True, hides_slopes=hidden)
