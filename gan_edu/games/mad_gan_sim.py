"""MAD-GAN-Sim: several generators that are pushed apart where they draw alike."""

from __future__ import annotations

import dataclasses
from typing import Annotated, Literal

import torch
from torch import Tensor
from torch.nn.functional import normalize

from gan_edu.data.target import Target
from gan_edu.games.adversaries import Depth, Hidden, LatentDim, Start, Width
from gan_edu.games.game import Batch, Equilibrium, Game, Players
from gan_edu.games.mad_gan import Generators, Shared, mad_gan
from gan_edu.parameters import Range, method


@method
def mad_gan_sim(
    target: Target,
    generators: Generators = 8,
    weight: Annotated[float, Range(0, 100, slider=(1e-3, 1), log=True, label="similarity λ")] = 1e-2,
    classify: bool = False,
    generator_loss: Literal["non_saturating", "minimax"] = "non_saturating",
    shared: Shared = 0,
    width: Width = 64,
    depth: Depth = 2,
    latent_dim: LatentDim = 16,
    activation: Hidden = "relu",
    init: Start = "uniform",
    frozen: tuple[int, ...] = (),
) -> Game:
    """Several generators, each of which should fool D better than the others, the more so the more alike they draw.

        U_i = D(G_i(z)) - 1/(k-1) sum_{j != i} [D(G_j(z)) + cos(phi(G_i(z)), phi(G_j(z)))]        the same z for all
        generator_loss of G_i = that of the game + lambda E max(0, -U_i)

    phi is D's last hidden layer. Where U_i >= 0, the condition holds and the gradient is that of the game alone;
    where not, G_i moves away from what the others draw, which for G_i is given. In the mean over i all D cancel: the
    mean of U_i is minus the mean cosine. So features that are never negative (ReLU's) let it hold for few or none,
    and the term is then lambda times the mean cosine; where features may be opposed (tanh's), it comes and goes.

    Args:
        target: What the mixture of all G_i should learn to draw.
        generators: k, at least 2.
        weight: lambda.
        classify: Whether D also says which generator it was, as in `mad_gan`; the authors' code has an ordinary D.
        generator_loss: As for `mad_gan`, as is the rest.
        shared: First layers that all generators have in common.
        width: Units per hidden layer, in every network.
        depth: Hidden layers, in every network.
        latent_dim: Numbers per latent point z.
        activation: Of the hidden layers.
        init: Initialisation; see `gan_edu.networks.mlp`.
        frozen: Generators that stand still, as for `mad_gan`.

    Returns:
        The game. One step of the generators costs one pass of D's features more, and k² cosines a latent point.

    Raises:
        ValueError: If a parameter is out of its range, or there are fewer than two generators.

    Example:
        >>> from gan_edu.data.ring import ring
        >>> mad_gan_sim(ring(), generators=3, width=8).discriminator.out_dim
        1

    Reference:
        Ghosh et al. (2018), Multi-Agent Diverse Generative Adversarial Networks, arXiv 1704.02906, sec. 3.2.
    """
    _at_least_two(generators)
    nets = (width, depth, latent_dim, activation, init)
    game = mad_gan(target, generators, classify, generator_loss, shared, *nets, frozen)

    def aim(whole: Game, players: Players, batch: Batch) -> Tensor:
        shortfall = (-margins(whole, players, batch)).clamp_min(0)
        return game.generator_aim(whole, players, batch) + weight * shortfall.mean((-1, -2))

    def at_equilibrium(whole: Game) -> Equilibrium:
        rest = game.at_equilibrium(whole)
        return rest if weight == 0 else rest._replace(generator_loss=None)

    return dataclasses.replace(game, generator_aim=aim, at_equilibrium=at_equilibrium)


def margins(game: Game, players: Players, batch: Batch) -> Tensor:
    """U_i at the first n latent points of a batch, where n k is at most the batch: (R, n, k).

    Args:
        game: Any game of k generators, whether or not its loss asks for the condition.
        players: Of R runs.
        batch: Only its latent points count.

    Raises:
        ValueError: If there are fewer than two generators.

    Example:
        >>> from gan_edu.data.ring import ring
        >>> game, random = mad_gan(ring(), generators=3, width=8), torch.Generator().manual_seed(0)
        >>> margins(game, game.init(2, random), game.draw(2, 12, random)).shape
        torch.Size([2, 4, 3])
    """
    k = game.generator.members
    _at_least_two(k)
    x_fake = game.shown(players, batch, same_latent(game, players, batch.z, k), "fake")
    prob_real = game.read(game.discriminator(players["theta_d"], x_fake)).sigmoid()
    return condition(prob_real, game.discriminator.features(players["theta_d"], x_fake), k)


def same_latent(game: Game, players: Players, z: Tensor, generators: int) -> Tensor:
    """What all generators make of the same latent points, in turn: (R, n k, d), where n k is at most the batch."""
    n = max(1, z.shape[-2] // generators)
    return game.generator(players["theta_g"], z[..., :n, :].repeat_interleave(generators, -2))


def condition(prob_real: Tensor, features: Tensor, generators: int) -> Tensor:
    """U_i for every latent point: D (R, n k) and phi (R, n k, F), generators in turn -> (R, n, k).

    The others' share carries no gradient: G_i moves itself, not them.
    """
    ahead = prob_real.unflatten(-1, (-1, generators))
    phi = normalize(features.unflatten(-2, (-1, generators)), dim=-1)
    alike = phi @ phi.detach().mT  # cosines (R, n, k, k)
    others = 1 - torch.eye(generators, dtype=alike.dtype, device=alike.device)
    rivals = ahead.detach().unsqueeze(-2) + alike  # D(G_j) + cos(phi_i, phi_j)
    return ahead - (rivals * others).sum(-1) / (generators - 1)


def _at_least_two(generators: int) -> None:
    if generators < 2:
        raise ValueError(f"a similarity needs at least 2 generators; got {generators}")
