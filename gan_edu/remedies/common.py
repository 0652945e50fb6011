"""What remedies ask of the game that they are put around."""

from __future__ import annotations

from typing import Any

from gan_edu.games.game import Game, aim_of_generator
from gan_edu.networks.network import Network
from gan_edu.parameters import peel


def needs_target(game: Game, remedy: str) -> None:
    """Refuse games that have no data, no networks and no logits.

    Raises:
        ValueError: If the game is planar.
    """
    if game.is_planar:
        raise ValueError(f"{remedy} needs a game that learns a target, such as gan; got a planar game")


def needs_plain_generator_loss(game: Game, remedy: str) -> None:
    """Refuse games whose generator no longer looks at D's logits.

    Raises:
        ValueError: If another remedy has replaced or wrapped the generator's loss.
    """
    if game.generator_aim is not aim_of_generator:
        inner = ", ".join(names(game)) or "a game made by hand"
        raise ValueError(
            f"{remedy} changes the generator's own loss, so no remedy inside may have replaced it; got {inner} inside"
        )


def names(game: Game) -> list[str]:
    """The remedies around a game, outermost first."""
    return [remedy["name"] for remedy in reversed(peel(game.recipe)[0])] if game.recipe else []


def remade(network: Network, player: str, remedy: str, **changes: Any) -> Network:
    """The network with other arguments.

    Raises:
        ValueError: If it was made by hand, so that it can't be made anew.
    """
    if network.make is None:
        raise ValueError(f"{remedy} needs a {player} that can be made anew; got one made by hand")
    return network.make(**changes)
