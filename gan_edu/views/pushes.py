"""Where the generator's loss pushes each sample."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from gan_edu.dynamics.dynamics import Players
from gan_edu.games.game import Batch, Game
from gan_edu.networks.network import outputs_of

ARROW = 0.1
"""The longest arrow, as a share of the picture's width."""
HALF = 1.5
"""The push per width of the picture whose arrow is half as long as the longest."""


def pushes(game: Game, players: Players, batch: Batch) -> tuple[Tensor, Tensor]:
    """Where the generator's loss pushes every sample: minus its gradient by x_fake, times the batch size.

    Args:
        game: Whose loss.
        players: theta_d (R, P_d) and theta_g (R, P_g).
        batch: Latent points, and data where the loss looks at them.

    Returns:
        x_fake (R, B, d) and the pushes (R, B, d); zeros where the loss does not depend on the samples.
    """
    with torch.enable_grad(), outputs_of(game.generator) as seen:
        theta_g = players["theta_g"].detach().requires_grad_()
        loss = game.generator_loss({**players, "theta_g": theta_g}, batch).sum()
    slopes = torch.autograd.grad(loss, seen, allow_unused=True)
    # the loss may look at the samples more than once; the first of them is the batch that it was given
    slope = torch.zeros_like(seen[0]) if slopes[0] is None else slopes[0]
    return seen[0].detach(), -slope * seen[0].shape[-2]


def as_arrows(x: Tensor, push: Tensor, width: float, longest: float = ARROW) -> np.ndarray:
    """Tails and heads (N, 4). A push of u per width of the picture gets length longest width u / (u + HALF).

    So arrows grow with the push and never fill the picture, and a gradient that vanishes is seen to vanish.
    """
    strength = torch.linalg.vector_norm(push, dim=-1, keepdim=True)
    heads = x + push * (longest * width * width / (strength * width + HALF))
    return torch.cat([x, heads], -1).numpy()
