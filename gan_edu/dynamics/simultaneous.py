"""Simultaneous updates: both players answer the same past."""

from __future__ import annotations

from gan_edu.dynamics.dynamics import Dynamics, Moves, State
from gan_edu.games.game import Batch
from gan_edu.parameters import method


@method
def simultaneous() -> Dynamics:
    """Both players move at once, each against the other's last position, on one batch.

        theta_d <- theta_d - eta_d grad_d L_d(theta_d, theta_g)
        theta_g <- theta_g - eta_g grad_g L_g(theta_d, theta_g)     against the *old* theta_d

    Returns:
        The dynamics. On the game xy it leaves the orbit: the radius grows by sqrt(1 + eta²) a step.

    Example:
        >>> simultaneous().generator_updates
        1

    Reference:
        Mescheder, Nowozin, Geiger (2017), The Numerics of GANs, arXiv 1705.10461, sec. 2.2.
    """

    def step(moves: Moves, state: State, batches: list[Batch]) -> State:
        before = state.players
        state = moves.move(state, "theta_d", batches[0])
        return moves.move(state, "theta_g", batches[0], players=before)

    return Dynamics(("theta_d",), step)
