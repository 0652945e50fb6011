"""Spectra: what a game's vector field, and one step of its dynamics, do to a small displacement.

Points are w = (theta_g, theta_d), (x, y) for planar games, and the field is what plain descent follows:

    v(w) = (grad_g L_g, grad_d L_d)        J = dv/dw        a simultaneous step is w - eta v(w)

An equilibrium attracts the flow dw/dt = -v when the eigenvalues of J have positive real parts, and attracts dynamics
when the eigenvalues of one step's operator lie inside the unit circle.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from gan_edu.dynamics.dynamics import COUNTERS, State, differentiable_moves, draw, slopes_at
from gan_edu.games.game import Batch, Game, Players
from gan_edu.training import Training, rates_of, resolve


def jacobian(game: Game, players: Players, batch: Batch | None = None) -> Tensor:
    """The Jacobian of the game's vector field, by autodiff: J[r, i, j] = d v_i / d w_j.

    Args:
        game: From `gan_edu.games`.
        players: theta_g (R, P_g) and theta_d (R, P_d).
        batch: What the losses are estimated on; planar games need none.

    Returns:
        (R, P, P) with P = P_g + P_d, theta_g first. P backward passes, so for small networks.

    Raises:
        ValueError: If the game needs a batch and gets none.

    Example:
        >>> from gan_edu.games.quadratic import quadratic
        >>> one = torch.ones(1, 1)
        >>> jacobian(quadratic(rotation=2, potential=0.5), {"theta_g": one, "theta_d": one})
        tensor([[[ 0.5000,  2.0000],
                 [-2.0000,  0.5000]]])

    Reference:
        Mescheder, Nowozin, Geiger (2017), The Numerics of GANs, arXiv 1705.10461, sec. 3.
    """
    if batch is None:
        if not game.is_planar:
            raise ValueError("batch must be given for games with networks, such as game.draw(...); got None")
        batch = game.draw_without_data(len(players["theta_g"]), 1, torch.Generator())
    here, v = slopes_at(game, players, batch)
    return _derivatives(torch.cat([v.theta_g, v.theta_d], -1), [here["theta_g"], here["theta_d"]])


def eigenvalues(game: Game, players: Players, batch: Batch | None = None) -> Tensor:
    """The eigenvalues of the game's Jacobian.

    Args:
        game: From `gan_edu.games`.
        players: theta_g (R, P_g) and theta_d (R, P_d).
        batch: What the losses are estimated on; planar games need none.

    Returns:
        (R, P) complex, in no particular order.

    Raises:
        ValueError: If the game needs a batch and gets none.

    Example:
        >>> from gan_edu.games.quadratic import quadratic
        >>> one = torch.ones(1, 1, dtype=torch.float64)
        >>> found = eigenvalues(quadratic(rotation=2, potential=0.5), {"theta_g": one, "theta_d": one})
        >>> found.real.round(decimals=6), found.imag.abs().round(decimals=6)
        (tensor([[0.5000, 0.5000]], dtype=torch.float64), tensor([[2., 2.]], dtype=torch.float64))

    Reference:
        Mescheder, Nowozin, Geiger (2017), The Numerics of GANs, arXiv 1705.10461, sec. 3.
    """
    return torch.linalg.eigvals(jacobian(game, players, batch))


def update_jacobian(game: Game, *, batch: Batch | None = None, **settings: Any) -> Tensor:
    """The Jacobian of one step of the dynamics, on all that the next step depends on: F(s) = s + ..., dF/ds.

    The state s holds the players and the vectors that optimizer and dynamics remember, at a moment when nothing has
    moved yet (velocities, last steps: 0). Rates may differ by run, so a row of step sizes takes one call.

    Args:
        game: From `gan_edu.games`.
        batch: What every loss of the step is estimated on; planar games need none.
        **settings: As for `gan_edu.training.train`; `start` is the point, the equilibrium 0 of planar games if left
            out. Adam and RMSProp are not differentiable where the gradient vanishes: nan. The sign of an aligned
            symplectic adjustment is decided at the point itself, so nearby paths may go another way.

    Returns:
        (R, S, S), S numbers in the state: theta_g, theta_d, then the rest.

    Raises:
        ValueError: If a setting is unknown or out of range, the game needs a batch and gets none, or it hides its
            slopes.

    Example:
        >>> from gan_edu.games.bilinear import bilinear
        >>> update_jacobian(bilinear(), dynamics="simultaneous", learning_rate=0.5)[0]
        tensor([[ 1.0000, -0.5000],
                [ 0.5000,  1.0000]], dtype=torch.float64)

    Reference:
        Gidel et al. (2019), Negative Momentum for Improved Game Dynamics, arXiv 1807.04740, sec. 2.
    """
    if game.hides_slopes:
        raise ValueError(
            "a step must show what it depends on; got a game that hides it, such as unrolled, cut off"
        )
    if game.is_planar:
        origin = [0.0] * (game.generator.n_parameters + game.discriminator.n_parameters)
        settings = {"start": origin} | {k: v for k, v in settings.items() if v is not None}
    elif batch is None:
        raise ValueError("batch must be given for games with networks, such as game.draw(...); got None")
    asked = resolve(game, settings)
    state = next(Training(asked)).state
    batches = draw(asked.dynamics, game, asked.runs, asked.batch_size, torch.Generator())
    batches = batches if batch is None else [batch for _ in batches]
    moves = differentiable_moves(asked.dynamics, game, asked.optimizer, rates_of(asked))
    counting = asked.dynamics.step(
        moves, state, batches
    ).named()  # as after the first step, when all remember one
    named = {
        path: counting[path].detach() if _counts(path) else tensor.clone()
        for path, tensor in state.named().items()
    }
    moving = [path for path in named if not _counts(path) and not path.startswith("losses/")]
    moving.sort(key=lambda path: (path != "players/theta_g", path != "players/theta_d"))
    for path in moving:
        named[path].requires_grad_()
    after = asked.dynamics.step(moves, State.from_named(named, 0), batches).named()
    return _derivatives(torch.cat([after[path] for path in moving], -1), [named[path] for path in moving])


def update_eigenvalues(game: Game, *, batch: Batch | None = None, **settings: Any) -> Tensor:
    """The eigenvalues of one step of the dynamics; the largest length is the factor per step in the long run.

    Args:
        game: From `gan_edu.games`.
        batch: What every loss of the step is estimated on; planar games need none.
        **settings: As for `update_jacobian`.

    Returns:
        (R, S) complex, the largest first.

    Raises:
        ValueError: If a setting is unknown or out of range, the game needs a batch and gets none, or it hides its
            slopes.

    Example:
        >>> from gan_edu.games.bilinear import bilinear
        >>> update_eigenvalues(bilinear(), dynamics="simultaneous", learning_rate=0.5).abs()  # sqrt(1 + eta²)
        tensor([[1.1180, 1.1180]], dtype=torch.float64)

    Reference:
        Gidel et al. (2019), Negative Momentum for Improved Game Dynamics, arXiv 1807.04740, sec. 2.
    """
    found = torch.linalg.eigvals(update_jacobian(game, batch=batch, **settings))
    order = found.abs().argsort(dim=-1, descending=True, stable=True)
    return found.gather(-1, order)


def _counts(path: str) -> bool:
    return path.rsplit("/", 1)[-1].startswith(COUNTERS)


def _derivatives(values: Tensor, points: Sequence[Tensor]) -> Tensor:
    """D values / d points of every run on its own: (R, V) by points (R, P) -> (R, V, sum of P)."""
    if not values.requires_grad:
        return values.new_zeros(*values.shape, sum(point.shape[-1] for point in points))
    rows = [
        torch.cat(torch.autograd.grad(column.sum(), points, retain_graph=True, materialize_grads=True), -1)
        for column in values.unbind(-1)
    ]
    return torch.stack(rows, -2)
