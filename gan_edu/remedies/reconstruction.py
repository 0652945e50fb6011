"""Reconstruction, as in VEEGAN: a third network F maps points back to latent ones, and D judges pairs."""

from __future__ import annotations

import dataclasses
from typing import Annotated, Any

import torch
from torch import Tensor

from gan_edu.games.adversaries import Width
from gan_edu.games.game import Aim, Batch, Equilibrium, Game, Players
from gan_edu.networks.mlp import mlp
from gan_edu.networks.network import Network
from gan_edu.parameters import Range, method
from gan_edu.remedies.common import names, needs_target, remade


@method
def reconstruction(
    game: Game,
    strength: Annotated[float, Range(0, 1000, slider=(0, 10), step=0.1, label="reconstruction λ")] = 1.0,
    noise: Annotated[float, Range(0, 100, slider=(0, 2), step=0.05, label="noise on F(x)")] = 1.0,
    width: Width = 64,
) -> Game:
    """D tells pairs (x, F(x)) from pairs (G(z), z), and G has to let F find z again.

        D is shown (x_real, F(x_real) + noise e) as real and (G(z), z) as fake        e ~ N(0, I)
        generator_loss <- generator_loss + lambda E |z - F(G(z))|²        F minimises E |z - F(G(z))|²

    Where G misses a mode, F maps its points to z that look unlike any Gaussian ones, and the pairs give that away.

    Args:
        game: Whose discriminator gets to see pairs.
        strength: lambda.
        noise: Standard deviation of F's answers in the pairs.
        width: Of F's two hidden layers.

    Returns:
        The game. F's parameters are the last of theta_d: F learns at D's rate when D does, and its error is a part of
        discriminator_loss. The paper moves F along with G, and has -E l for G's own loss, as `wasserstein` does.

    Raises:
        ValueError: If the discriminator can't be made for pairs, or features inside are matched.

    Example:
        >>> from gan_edu.data.ring import ring
        >>> from gan_edu.games.gan import gan
        >>> reconstruction(gan(ring())).discriminator.in_dim  # a point and its 16 latent numbers
        18

    Reference:
        Srivastava et al. (2017), VEEGAN: Reducing Mode Collapse in GANs using Implicit Variational Learning, arXiv
        1705.07761, sec. 3.
    """
    needs_target(game, "reconstruction")
    if "feature_matching" in names(game):
        raise ValueError("reconstruction needs a generator that answers D, not feature_matching; got both")
    dim, latent_dim, column = game.discriminator.in_dim, game.latent_dim, game.noise_dim
    judge = remade(game.discriminator, "discriminator", "reconstruction", in_dim=dim + latent_dim)
    back = mlp((dim, width, width, latent_dim))
    sizes = [judge.n_parameters, back.n_parameters]

    def forward(theta: Tensor, pairs: Tensor) -> Tensor:
        return judge(theta.split(sizes, -1)[0], pairs)

    def paired(theta: Tensor, x: Tensor) -> Tensor:
        return torch.cat([x, back(theta.split(sizes, -1)[1], x)], -1)

    def amid(theta: Tensor, x: Tensor, companions: Tensor) -> Tensor:
        own, pairs = theta.split(sizes, -1)[0], paired(theta, x)
        return judge.amid(own, pairs, paired(theta, companions)) if judge.amid else judge(own, pairs)

    def init(lead: tuple[int, ...], generator: torch.Generator) -> Tensor:
        return torch.cat([judge.init(lead, generator), back.init(lead, generator)], -1)

    def make(**changes: Any) -> Network:
        raise ValueError("reconstruction has to stand around remedies that make another D, not inside them")

    def shown(players: Players, batch: Batch, x: Tensor, part: str) -> Tensor:
        x = game.shown(players, batch, x, part)
        if part == "fake":
            return torch.cat([x, batch.z], -1)
        drawn = batch.noise[..., : x.shape[-2], column : column + latent_dim]
        answers = paired(players["theta_d"].detach(), x)  # F does not answer to D
        return answers + torch.nn.functional.pad(noise * drawn, (dim, 0))

    def with_error(inner: Aim, weight: float) -> Aim:
        def aim(whole: Game, players: Players, batch: Batch) -> Tensor:
            loss = inner(whole, players, batch)
            x_fake = whole.generator(players["theta_g"], batch.z)
            again = paired(players["theta_d"], x_fake)[..., dim:]
            return loss + weight * (batch.z - again).square().sum(-1).mean(-1)

        return aim

    return dataclasses.replace(
        game,
        discriminator=Network(
            forward, init, sum(sizes), judge.in_dim, judge.out_dim, make=make, mixes=judge.mixes, amid=amid
        ),
        discriminator_aim=with_error(game.discriminator_aim, 1.0),
        generator_aim=with_error(game.generator_aim, strength),
        shown=shown,
        noise_dim=column + latent_dim,
        at_equilibrium=lambda whole: Equilibrium(),
    )
