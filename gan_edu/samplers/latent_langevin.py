"""Latent Langevin: downhill on D's energy in the latent space, with noise."""

from __future__ import annotations

import math
from typing import Annotated

import torch
from torch import Tensor

from gan_edu.parameters import Range, method
from gan_edu.samplers.draws import Count, Draws, LogRatio, Propose
from gan_edu.samplers.latent import Place, latent_of, place_at, walk


@method
def latent_langevin(
    propose: Propose,
    log_ratio: LogRatio,
    n: Count,
    *,
    generator: torch.Generator,
    steps: Annotated[int, Range(1, 10**6, slider=(1, 640), log=True, label="steps")] = 100,
    step_size: Annotated[float, Range(1e-8, 10, slider=(1e-3, 1), log=True, label="step size τ")] = 0.1,
    adjusted: bool = True,
    progress: bool = False,
) -> Draws:
    """Chains in the latent space that follow the slope of E(z) = |z|²/2 - log w(G(z)), n of them.

        z' = z - (tau / 2) grad E(z) + sqrt(tau) xi,    xi ~ N(0, I)

    Adjusted (MALA), z' is accepted with probability min(1, exp(E(z) - E(z')) T(z | z') / T(z' | z)), where T is the
    density of the move, and exp(-E) is the law that the chain comes to. Unadjusted (ULA) it always is, unless
    w = 0 there, and the law is off by an amount that grows with tau.

    Args:
        propose: With a latent space, as `Recording.proposal` gives it; chains start at draws of its prior.
        log_ratio: x -> log w, (n, d) -> (n,), differentiable.
        n: Points wanted, the last one of a chain each.
        generator: Of the noise and the coins.
        steps: Of each chain.
        step_size: tau.
        adjusted: Whether moves can be refused.
        progress: Show a bar, in a notebook or on the terminal's stderr, after the first second.

    Returns:
        The draws, with proposals (n, steps, d).

    Raises:
        ValueError: If propose has no latent space, a ratio is nan or +inf, or a number is out of its range.

    Example:
        >>> from gan_edu.recording import Generated
        >>> random = torch.Generator().manual_seed(0)
        >>> double = Generated(lambda z: 2 * z, latent_dim=1, generator=random)  # q = N(0, 4), to become N(0, 1)
        >>> log_w = lambda x: (-3 / 8 * x.square())[:, 0]
        >>> draws = latent_langevin(double, log_w, 2000, generator=random)
        >>> 0.95 < float(draws.x.std()) < 1.05
        True

    Reference:
        Che et al. (2020), Your GAN is Secretly an Energy-based Model, arXiv 2003.06060, algorithm 1 (unadjusted).
        Roberts, Tweedie (1996), Exponential convergence of Langevin distributions and their discrete approximations.
        Wang et al. (2021), Reparameterized Sampling for Generative Adversarial Networks, arXiv 2107.00352 (adjusted).
    """
    latent = latent_of(propose, "latent_langevin")

    def log_move(place: Place, to: Tensor) -> Tensor:
        """Log T(to | place), up to a constant."""
        return -(to - place.z + step_size / 2 * place.slope).square().sum(-1) / (2 * step_size)

    def offer(here: Place) -> tuple[Place, Tensor]:
        noise = torch.randn(here.z.shape, generator=generator, device=generator.device)
        z = here.z - step_size / 2 * here.slope + math.sqrt(step_size) * noise
        there = place_at(latent.decode, log_ratio, z)
        if not adjusted:
            return there, torch.ones_like(there.energy)
        back = log_move(there, here.z) - log_move(here, there.z)
        return there, (here.energy - there.energy + back).clamp_max(0).exp()

    return walk(latent, log_ratio, n, steps, offer, generator, progress)
