"""Historical averaging: each player is also pulled towards where it has been on average."""

from __future__ import annotations

import dataclasses
from typing import Annotated

import torch
from torch import Tensor

from gan_edu.games.game import Aim, Batch, Game, Players
from gan_edu.parameters import Range, method


@method
def historical_averaging(
    game: Game,
    strength: Annotated[float, Range(0, 1000, slider=(0, 1), step=0.01, label="pull λ")] = 0.1,
) -> Game:
    """Both losses get a penalty on the distance to the player's own past.

        L <- L + lambda |theta - mean|²        mean = (theta_0 + ... + theta_t) / (t + 1), held constant

    Args:
        game: Planar games too.
        strength: lambda. The mean moves ever more slowly, so a strong pull first brakes and then hardly helps.

    Returns:
        The game; the means are kept among the players. On xy it turns the way out of simultaneous steps into a way
        in; it is no cure for mode collapse.

    Raises:
        ValueError: If the strength is negative or not a number.

    Example:
        >>> from gan_edu.games.bilinear import bilinear
        >>> sorted(historical_averaging(bilinear()).init(1, torch.Generator()))
        ['count_theta_d', 'count_theta_g', 'mean_theta_d', 'mean_theta_g', 'theta_d', 'theta_g']

    Reference:
        Salimans et al. (2016), Improved Techniques for Training GANs, arXiv 1606.03498, sec. 3.3.
    """

    def pulled(inner: Aim, mover: str) -> Aim:
        def aim(whole: Game, players: Players, batch: Batch) -> Tensor:
            away = players[mover] - players[f"mean_{mover}"]
            return inner(whole, players, batch) + strength * away.square().sum(-1)

        return aim

    def memory(players: Players) -> dict[str, Tensor]:
        kept = game.memory(players)
        for mover in ("theta_d", "theta_g"):
            kept[f"mean_{mover}"] = players[mover].clone()
            kept[f"count_{mover}"] = torch.ones_like(players[mover][..., :1])
        return kept

    def after(players: Players, mover: str) -> Players:
        players = game.after(players, mover)
        count = players[f"count_{mover}"] + 1
        mean = players[f"mean_{mover}"]
        mean = mean + (players[mover] - mean) / count
        return {**players, f"mean_{mover}": mean, f"count_{mover}": count}

    return dataclasses.replace(
        game,
        discriminator_aim=pulled(game.discriminator_aim, "theta_d"),
        generator_aim=pulled(game.generator_aim, "theta_g"),
        memory=memory,
        after=after,
    )
