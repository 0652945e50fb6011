"""What remedies ask of the game that they are put around."""

from __future__ import annotations

from gan_edu.games.game import Game, aim_of_generator


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
    found, recipe = [], game.recipe
    while recipe and recipe["folder"] == "remedies":
        found.append(recipe["name"])
        recipe = recipe["arguments"]["game"]
    return found
