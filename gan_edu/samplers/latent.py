"""What the samplers that walk in the latent space share: an energy, its slope, and a walk of many chains."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from gan_edu.recording import Generated
from gan_edu.samplers.draws import KEPT, Draws, LogRatio, Propose, ratios_at, shown

CHAINS = 2048
"""That walk side by side."""


class Place(NamedTuple):
    """Where chains stand: z (C, l), x = G(z) (C, d), log w(x) (C,), the energy E(z) (C,) and its slope (C, l)."""

    z: Tensor
    x: Tensor
    ratio: Tensor
    energy: Tensor
    slope: Tensor


def place_at(decode: Callable[[Tensor], Tensor], log_ratio: LogRatio, z: Tensor) -> Place:
    """The energy E(z) = |z|²/2 - log w(G(z)), whose density exp(-E) is that of z where G(z) follows p.

    Where p has nothing the energy is infinite, and the slope given is that of |z|²/2.

    Raises:
        ValueError: If the ratios have a wrong shape, or one is nan or +inf.

    Reference:
        Che et al. (2020), Your GAN is Secretly an Energy-based Model, arXiv 2003.06060, sec. 3.
    """
    with torch.enable_grad():
        z = z.detach().requires_grad_()
        x = decode(z)
        ratio = ratios_at(log_ratio, x)
        energy = z.square().sum(-1) / 2 - ratio
        (slope,) = torch.autograd.grad(energy.sum(), z)
    z, ratio = z.detach(), ratio.detach()
    slope = torch.where(ratio.isneginf()[:, None], z, slope)
    return Place(z, x.detach(), ratio, energy.detach(), slope)


def latent_of(propose: Propose, sampler: str) -> Generated:
    """The proposal, if it has a latent space.

    Raises:
        ValueError: If it has none.
    """
    if not isinstance(propose, Generated):
        raise ValueError(
            f"{sampler} walks in a latent space, so propose must be a generator's, as recording.proposal gives it; "
            f"got {type(propose).__name__}"
        )
    return propose


def walk(
    latent: Generated,
    log_ratio: LogRatio,
    n: int,
    steps: int,
    offer: Callable[[Place], tuple[Place, Tensor]],
    generator: torch.Generator,
    progress: bool,
) -> Draws:
    """Chains that start at draws of the latent prior and accept what they are offered; the last place of each.

    Args:
        latent: See `Generated`.
        log_ratio: See `gan_edu.samplers.draws.LogRatio`; differentiable.
        n: Chains, one point each.
        steps: Of each chain.
        offer: Where chains stand -> where they could go, and with what probability (C,).
        generator: Of the coins.
        progress: Show a bar of the steps.
    """
    ends, moves, counts, seen = [], [], 0, []
    with shown(n * steps, "step", progress) as bar:
        for first in range(0, n, CHAINS):
            here = place_at(latent.decode, log_ratio, latent.draw(min(CHAINS, n - first)))
            offered, moved = [], torch.zeros(len(here.x), dtype=torch.bool, device=here.x.device)
            kept = max(1, KEPT // steps - first) if first * steps < KEPT else 0  # chains
            for _ in range(steps):
                there, probability = offer(here)
                # from where p has nothing to anywhere, and never back
                probability = probability.masked_fill(there.ratio.isneginf(), 0)
                probability = probability.masked_fill(here.ratio.isneginf(), 1)
                coins = torch.rand(probability.shape, generator=generator, device=generator.device)
                accepted = coins < probability
                here = Place(*(_where(accepted, new, old) for new, old in zip(there, here, strict=True)))
                moved |= accepted
                counts += int(accepted.sum())
                if kept:  # a clone: a slice would hold on to all of it
                    parts = there.x, accepted, probability, there.ratio
                    offered.append([part[:kept].clone() for part in parts])
                bar.update(len(moved))
            ends.append(here.x)
            moves.append(moved)
            if kept:
                seen.append([torch.stack(parts, 1) for parts in zip(*offered, strict=True)])
    points, accepted, probability, ratio = (torch.cat(parts) for parts in zip(*seen, strict=True))
    return Draws(torch.cat(ends), n * steps, counts, points, accepted, probability, ratio, torch.cat(moves))


def _where(accepted: Tensor, new: Tensor, old: Tensor) -> Tensor:
    return torch.where(accepted.unsqueeze(-1) if new.ndim == 2 else accepted, new, old)
