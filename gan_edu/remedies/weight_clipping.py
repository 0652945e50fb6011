"""Weight clipping: the critic's parameters stay in a box."""

from __future__ import annotations

import dataclasses
from typing import Annotated

from gan_edu.games.game import Equilibrium, Game, Players
from gan_edu.parameters import Range, method
from gan_edu.remedies.common import needs_target


@method
def weight_clipping(
    game: Game,
    limit: Annotated[float, Range(1e-6, 1e3, slider=(0.001, 1), log=True)] = 0.01,
) -> Game:
    """After each of its updates, every parameter of the discriminator is clipped.

        theta_d <- max(-limit, min(limit, theta_d))

    which bounds the slope of the critic, crudely: it tends to learn very simple functions.

    Args:
        game: Usually `wasserstein`.
        limit: Half the side of the box. The paper's 0.01 is for its networks; toys want 0.1 or so.

    Returns:
        The game.

    Raises:
        ValueError: If the limit is not positive, or the game is planar.

    Example:
        >>> from gan_edu.data.ring import ring
        >>> from gan_edu.games.wasserstein import wasserstein
        >>> weight_clipping(wasserstein(ring()), limit=0.1).recipe["arguments"]["limit"]
        0.1

    Reference:
        Arjovsky, Chintala, Bottou (2017), Wasserstein GAN, arXiv 1701.07875, algorithm 1.
    """
    needs_target(game, "weight_clipping")

    def after(players: Players, mover: str) -> Players:
        players = game.after(players, mover)
        return (
            {**players, "theta_d": players["theta_d"].clamp(-limit, limit)} if mover == "theta_d" else players
        )

    def at_equilibrium(whole: Game) -> Equilibrium:
        return (
            Equilibrium() if whole.undecided else game.at_equilibrium(whole)
        )  # the box may not reach that far

    return dataclasses.replace(game, after=after, at_equilibrium=at_equilibrium)
