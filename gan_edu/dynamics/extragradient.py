"""Extragradient: look one step ahead, and use the slope that is found there."""

from __future__ import annotations

import dataclasses

from gan_edu.dynamics.dynamics import Dynamics, Moves, State
from gan_edu.games.game import Batch
from gan_edu.parameters import method


@method
def extragradient() -> Dynamics:
    """Both players take a trial step, look at the field there, go back, and follow what they saw.

        w_ahead = w - eta v(w)          v = (grad_d L_d, grad_g L_g), on one batch
        w <- w - eta v(w_ahead)         on a fresh batch

    With Adam in place of plain descent this is ExtraAdam: the trial step updates the moments as well.

    Returns:
        The dynamics, at two gradients a step. On xy the radius shrinks by sqrt(1 - eta² + eta⁴) a step.

    Example:
        >>> extragradient().draws
        ('theta_d', 'theta_d')

    Reference:
        Korpelevich (1976), The extragradient method for finding saddle points and other problems. Gidel et al.
        (2019), A Variational Inequality Perspective on Generative Adversarial Networks, arXiv 1802.10551,
        algorithms 2 and 4.
    """

    def step(moves: Moves, state: State, batches: list[Batch]) -> State:
        trial, fresh = batches
        ahead = moves.follow(state, moves.field(state.players, trial))
        back = dataclasses.replace(state, slots=ahead.slots)
        return moves.follow(back, moves.field(ahead.players, fresh))

    return Dynamics(("theta_d", "theta_d"), step)
