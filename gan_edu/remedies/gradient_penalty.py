"""Gradient penalties: how steep D may be, and where: WGAN-GP, R1, R2."""

from __future__ import annotations

import dataclasses
from typing import Annotated, Literal

import torch
from torch import Tensor

from gan_edu.games.adversaries import mean_gap
from gan_edu.games.game import Batch, Equilibrium, Game, Players, seen_fake, seen_real
from gan_edu.parameters import Range, method
from gan_edu.remedies.common import needs_target

TINY = 1e-12  # keeps the slope of a length finite where the length is 0


@method
def gradient_penalty(
    game: Game,
    strength: Annotated[float, Range(0, 1e4, slider=(0.01, 10), log=True, label="penalty λ")] = 0.1,
    norm: Annotated[float, Range(0, 100, slider=(0, 2), step=0.1, label="length asked for")] = 1.0,
    where: Literal["between", "real", "fake"] = "between",
) -> Game:
    """D pays for gradients whose length at some points is not the one that is asked for.

        discriminator_loss <- discriminator_loss + lambda E (|grad_x D(x)| - norm)²

        between: x = u x_real + (1 - u) x_fake, u ~ U(0, 1) fresh for every pair;  with norm = 1 this is WGAN-GP
        real:    with norm = 0 this is R1, lambda = gamma/2;    fake: with norm = 0, R2

    D is the logit, before any sigmoid. Where D judges whole batches, the gradient is that of the sum of its verdicts.

    Args:
        game: `wasserstein` or any other that learns a target.
        strength: lambda; 0.1 to 1 for toys, 10 for images.
        norm: The length asked for.
        where: At which points.

    Returns:
        The game.

    Raises:
        ValueError: If a parameter is out of its range or unknown.

    Example:
        >>> from gan_edu.data.ring import ring
        >>> from gan_edu.games.gan import gan
        >>> gradient_penalty(gan(ring()), norm=0, where="real").recipe["arguments"]["where"]  # R1
        'real'

    Reference:
        Gulrajani et al. (2017), Improved Training of Wasserstein GANs, arXiv 1704.00028, sec. 4. Mescheder, Geiger,
        Nowozin (2018), Which Training Methods for GANs do actually Converge?, arXiv 1801.04406, sec. 4.1.
    """
    needs_target(game, "gradient_penalty")
    column = game.noise_dim

    def points(whole: Game, players: Players, batch: Batch) -> Tensor:
        if where != "between":
            return (seen_real if where == "real" else seen_fake)(whole, players, batch)
        x_fake, x_real = seen_fake(whole, players, batch), seen_real(whole, players, batch)
        u = torch.special.ndtr(batch.noise[..., column : column + 1])
        return u * x_real + (1 - u) * x_fake

    def aim(whole: Game, players: Players, batch: Batch) -> Tensor:
        x = points(whole, players, batch)
        x = x if x.requires_grad else x.detach().requires_grad_()
        verdicts = whole.read(whole.discriminator(players["theta_d"], x))
        (slope,) = torch.autograd.grad(verdicts.sum(), x, create_graph=True)
        squared = slope.square().sum(-1)
        excess = ((squared + TINY).sqrt() - norm).square() if norm else squared
        return game.discriminator_aim(whole, players, batch) + strength * excess.mean(-1)

    def at_equilibrium(whole: Game) -> Equilibrium:
        # a flat D pays unless norm = 0, and how the best D bends is known of a critic only: it costs nothing at all
        flat = not (strength and norm)
        return game.at_equilibrium(whole) if flat or whole.discriminator_cost is mean_gap else Equilibrium()

    drawn = column + (where == "between")
    return dataclasses.replace(game, discriminator_aim=aim, noise_dim=drawn, at_equilibrium=at_equilibrium)
