"""Alternating updates: the discriminator moves first, and the generator answers the new one."""

from __future__ import annotations

from typing import Annotated

from gan_edu.dynamics.dynamics import Dynamics, Mover, Moves, State
from gan_edu.games.game import Batch
from gan_edu.parameters import Range, method


@method
def alternating(
    discriminator_steps: Annotated[int, Range(0, 100, slider=(0, 10))] = 1,
    generator_steps: Annotated[int, Range(0, 100, slider=(0, 10))] = 1,
) -> Dynamics:
    """K discriminator updates, then j generator updates, each on a fresh batch.

        theta_d <- theta_d - eta_d grad_d L_d(theta_d, theta_g)     k times
        theta_g <- theta_g - eta_g grad_g L_g(theta_d, theta_g)     j times, against the new theta_d

    Args:
        discriminator_steps: k; 0 holds the discriminator still.
        generator_steps: j; 0 holds the generator still. The step counter advances by j.

    Returns:
        The dynamics.

    Raises:
        ValueError: If both are 0, or one is out of its range.

    Example:
        >>> alternating(discriminator_steps=5).draws.count("theta_d")
        5

    Reference:
        Goodfellow et al. (2014), Generative Adversarial Nets, arXiv 1406.2661, algorithm 1.
    """
    if not discriminator_steps and not generator_steps:
        raise ValueError("discriminator_steps and generator_steps must not both be 0; got 0 and 0")
    movers: tuple[Mover, ...] = ("theta_d",) * discriminator_steps + ("theta_g",) * generator_steps

    def step(moves: Moves, state: State, batches: list[Batch]) -> State:
        for mover, batch in zip(movers, batches, strict=True):
            state = moves.move(state, mover, batch)
        return state

    return Dynamics(movers, step, generator_updates=generator_steps)
