"""Runge-Kutta steps: as near to the continuous flow as one likes."""

from __future__ import annotations

from typing import Literal

import torch

from gan_edu.dynamics.dynamics import MOVERS, Dynamics, Moves, Slopes, State
from gan_edu.games.game import Batch
from gan_edu.parameters import method

# Where the next slope is looked at, as a share of the step along the last one; and the weights of the slopes.
TABLEAUX: dict[int, tuple[tuple[float, ...], tuple[float, ...]]] = {
    2: ((0.5,), (0.0, 1.0)),
    4: ((0.5, 0.5, 1.0), (1 / 6, 1 / 3, 1 / 3, 1 / 6)),
}


@method
def runge_kutta(order: Literal[2, 4] = 4) -> Dynamics:
    """Follow the gradient flow dw/dt = -v(w) by an explicit Runge-Kutta method, on one batch a step.

        k_1 = v(w)   k_{i+1} = v(w - a_i eta k_i)      w <- w - eta sum_i b_i k_i
        order 2: a = (1/2), b = (0, 1)      order 4: a = (1/2, 1/2, 1), b = (1, 2, 2, 1)/6

    Args:
        order: 2 (midpoint) or 4 (the classical method); as many gradients a step. The error of a step shrinks as
            eta^(order + 1).

    Returns:
        The dynamics: on xy nearly the circle of continuous time; order 2 leaves it by sqrt(1 + eta⁴/4) a step, order
        4 falls in by sqrt(1 - eta⁶/72 + eta⁸/576).

    Raises:
        ValueError: If there is no such order.

    Example:
        >>> runge_kutta(order=2).recipe["arguments"]
        {'order': 2}

    Reference:
        Qin et al. (2020), Training Generative Adversarial Networks by Solving Ordinary Differential Equations, arXiv
        2010.15040, sec. 3 (where Runge-Kutta steps serve to train).
    """
    shares, weights = TABLEAUX[order]

    def step(moves: Moves, state: State, batches: list[Batch]) -> State:
        first = moves.field(state.players, batches[0])
        seen = [first]
        for share in shares:
            last = {"theta_d": seen[-1].theta_d, "theta_g": seen[-1].theta_g}
            ahead = {m: state.players[m] - share * moves.rates[m] * last[m] for m in MOVERS}
            seen.append(moves.field({**state.players, **ahead}, batches[0]))
        nothing = torch.zeros_like(first.theta_d), torch.zeros_like(first.theta_g)
        theta_d = sum((w * slopes.theta_d for w, slopes in zip(weights, seen, strict=True)), nothing[0])
        theta_g = sum((w * slopes.theta_g for w, slopes in zip(weights, seen, strict=True)), nothing[1])
        return moves.follow(state, Slopes(first.loss_d, first.loss_g, theta_d, theta_g))

    return Dynamics(("theta_d",), step)
