"""MAD-GAN: several generators, and a discriminator that also says which of them made a fake."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Annotated, Literal

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy as cross_entropy_of
from torch.nn.functional import softplus

from gan_edu.data.target import Target
from gan_edu.games.adversaries import Depth, Hidden, LatentDim, Start, Width, cross_entropy
from gan_edu.games.game import Equilibrium, Game
from gan_edu.networks.mlp import mlp
from gan_edu.networks.several import several
from gan_edu.parameters import Range, method

Generators = Annotated[int, Range(1, 64, slider=(1, 10), label="generators k")]
Shared = Annotated[int, Range(0, 16, slider=(0, 2), label="shared layers")]
SETTINGS = {
    "dynamics": "alternating:discriminator_steps=5",
    "optimizer": "adam:beta1=0",
    "learning_rate": 1e-3,
    "batch_size": 256,
}
"""With one or two steps of D the generators chase one another round the modes for ever."""


@method
def mad_gan(
    target: Target,
    generators: Generators = 8,
    classify: bool = True,
    generator_loss: Literal["non_saturating", "minimax"] = "non_saturating",
    shared: Shared = 0,
    width: Width = 64,
    depth: Depth = 2,
    latent_dim: LatentDim = 16,
    activation: Hidden = "relu",
    init: Start = "uniform",
    frozen: tuple[int, ...] = (),
) -> Game:
    """Generators G_1, ..., G_k against one D with a softmax over k + 1 classes: made by G_1, ..., made by G_k, real.

        discriminator_loss = -E log D_{k+1}(x_real) - sum_i E log D_i(G_i(z))
        generator_loss     = -E log D_{k+1}(G_i(z)), the mean over i            (non_saturating, as all code has it)
                           =  E log(1 - D_{k+1}(G_i(z)))                        (minimax, as the paper has it)

    To tell the generators from one another, D pushes them apart. Every point of a batch of fakes is made by the next
    generator in turn. Classes are counted from 0, the last one is real.

    Args:
        target: What the mixture of all G_i should learn to draw.
        generators: k.
        classify: Whether D says which generator it was. Without, it is an ordinary D for their mixture: k isolated
            tries, which may well settle on the same mode.
        generator_loss: See above.
        shared: First layers that all generators have in common.
        width: Units per hidden layer, in every network.
        depth: Hidden layers, in every network.
        latent_dim: Numbers per latent point z.
        activation: Of the hidden layers.
        init: Initialisation; see `gan_edu.networks.mlp`.
        frozen: Generators, counted from 0, that stand still while the others and D learn. May change in training.

    Returns:
        The game. The best D has D_{k+1} = p / (p + sum_i p_Gi) and D_i = p_Gi / (p + sum_i p_Gi). At equilibrium the
        mean of the p_Gi is p, though none of them need be, D_{k+1} = 1 / (k + 1) and generator_loss = log(k + 1);
        discriminator_loss is (k + 1) log(k + 1) - k log k where no two generators share a point, and up to
        (k + 1) log(k + 1) where they all draw the same.

    Raises:
        ValueError: If a parameter is out of its range, all layers are shared, or a generator is to be frozen that is
            not there or shares layers with others.

    Example:
        >>> from gan_edu.data.ring import ring
        >>> game = mad_gan(ring(), generators=3, width=8)
        >>> game.discriminator.out_dim, game.generator.members
        (4, 3)

    Reference:
        Ghosh et al. (2018), Multi-Agent Diverse Generative Adversarial Networks, arXiv 1704.02906, sec. 3.
    """
    if shared > depth:
        raise ValueError(f"shared must be at most the {depth} hidden layers; got {shared}")
    hidden = [width] * depth
    one = mlp((latent_dim, *hidden, target.dim), activation, init=init)
    classes = generators + 1 if classify else 1
    return Game(
        target,
        several(one, generators, shared),
        mlp((target.dim, *hidden, classes), activation, init=init),
        latent_dim,
        discriminator_cost=who_made_it if classify else cross_entropy,
        generator_cost=_minimax if generator_loss == "minimax" else _non_saturating,
        read=logit_of_real if classify else Game.read,
        undecided=None if classify else 0.0,
        at_equilibrium=_apart if classify else Game.at_equilibrium,
        still=_standing_still(generators, frozen, shared),
        settings=SETTINGS,
    )


def who_made_it(real: Tensor, fake: Tensor) -> Tensor:
    """-E log D_{k+1}(x_real) - sum_i E log D_i(G_i(z)): outputs (R, B, k + 1) for both halves -> (R,)."""
    classes = real.shape[-1]
    makers = torch.arange(fake.shape[-2], device=fake.device) % (classes - 1)
    of_real = -real.log_softmax(-1)[..., -1]
    of_fake = cross_entropy_of(fake.flatten(0, -2), makers.repeat(fake[..., 0, 0].numel()), reduction="none")
    return of_real.mean(-1) + (classes - 1) * of_fake.view(fake.shape[:-1]).mean(-1)


def logit_of_real(outputs: Tensor) -> Tensor:
    """The logit of D_{k+1}, log D_{k+1} - log(1 - D_{k+1}): (..., k + 1) -> (...)."""
    return outputs[..., -1] - outputs[..., :-1].logsumexp(-1)


def _non_saturating(logits_fake: Tensor) -> Tensor:
    return softplus(-logits_fake).mean(-1)


def _minimax(logits_fake: Tensor) -> Tensor:
    return -softplus(logits_fake).mean(-1)


def _apart(game: Game) -> Equilibrium:
    """The losses where the mixture is right and no two generators share a point."""
    k = game.generator.members
    best = torch.full((1, 1), -math.log(k), dtype=torch.float64)  # the logit of 1 / (k + 1)
    value = (k + 1) * math.log(k + 1) - k * math.log(k)
    return Equilibrium(value, float(game.generator_cost(best)))


def _standing_still(k: int, frozen: object, shared: int) -> Callable[[Tensor, Tensor], Tensor] | None:
    """(before, now) -> now, but for the frozen ones of k generators; None where all of them move."""
    if not isinstance(frozen, list | tuple) or len(set(frozen) & set(range(k))) < len(frozen):
        raise ValueError(
            f"frozen must be a list of numbers from 0 to {k - 1}, each of them once; got {frozen!r}"
        )
    if frozen and shared:
        raise ValueError(f"frozen needs generators that share no layers; got shared={shared}")
    if not frozen:
        return None

    def still(before: Tensor, now: Tensor) -> Tensor:
        pairs = zip(before.tensor_split(k, -1), now.tensor_split(k, -1), strict=True)
        return torch.cat([held if i in frozen else moved for i, (held, moved) in enumerate(pairs)], -1)

    return still
