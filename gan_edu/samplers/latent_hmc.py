"""Latent Hamiltonian Monte Carlo: long glides on D's energy in the latent space."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import torch
from torch import Tensor

from gan_edu.parameters import Range, method
from gan_edu.samplers.draws import Count, Draws, LogRatio, Propose
from gan_edu.samplers.latent import Place, latent_of, place_at, walk


@method
def latent_hmc(
    propose: Propose,
    log_ratio: LogRatio,
    n: Count,
    *,
    generator: torch.Generator,
    steps: Annotated[int, Range(1, 10**6, slider=(1, 200), log=True, label="glides")] = 20,
    leaps: Annotated[int, Range(1, 1000, slider=(1, 50), label="leaps a glide")] = 10,
    step_size: Annotated[float, Range(1e-8, 10, slider=(1e-3, 1), log=True, label="leap size ε")] = 0.1,
    progress: bool = False,
) -> Draws:
    """Chains in the latent space that glide with random momenta, n of them.

        m <- m - (eps / 2) grad E(z);    z <- z + eps m;    m <- m - (eps / 2) grad E(z)

    is a leap, with E(z) = |z|²/2 - log w(G(z)). Where some leaps lead is accepted with probability
    min(1, exp(H - H')), H = E(z) + |m|²/2. Leaps can be walked back and keep volume, so no other term is needed.

    Args:
        propose: With a latent space, as `Recording.proposal` gives it; chains start at draws of its prior.
        log_ratio: x -> log w, (n, d) -> (n,), differentiable.
        n: Points wanted, the last one of a chain each.
        generator: Of the momenta and the coins.
        steps: Glides of each chain.
        leaps: Of each glide.
        step_size: eps.
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
        >>> draws = latent_hmc(double, log_w, 2000, generator=random)
        >>> 0.95 < float(draws.x.std()) < 1.05
        True

    Reference:
        Neal (2011), MCMC using Hamiltonian dynamics, arXiv 1206.1901, sec. 3.
    """
    latent = latent_of(propose, "latent_hmc")

    def offer(here: Place) -> tuple[Place, Tensor]:
        momentum = torch.randn(here.z.shape, generator=generator, device=generator.device)
        there, after = glide(
            lambda z: place_at(latent.decode, log_ratio, z), here, momentum, leaps, step_size
        )
        gain = here.energy - there.energy + (momentum.square() - after.square()).sum(-1) / 2
        return there, gain.clamp_max(0).exp()

    return walk(latent, log_ratio, n, steps, offer, generator, progress)


def glide(
    at: Callable[[Tensor], Place], here: Place, momentum: Tensor, leaps: int, step_size: float
) -> tuple[Place, Tensor]:
    """Some leaps of the leapfrog: the place and the momentum at its end."""
    for _ in range(leaps):
        momentum = momentum - step_size / 2 * here.slope
        here = at(here.z + step_size * momentum)
        momentum = momentum - step_size / 2 * here.slope
    return here, momentum
