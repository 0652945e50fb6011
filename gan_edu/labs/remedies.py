"""A switch for every remedy of the catalogue, with its own sliders."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import ipywidgets as widgets

from gan_edu import catalogue
from gan_edu.games.game import Game
from gan_edu.labs.controls import Form
from gan_edu.labs.texts import TEXTS


class Remedies:
    """The remedies that are on, and in which order they are put around the game.

    Args:
        recipes: Those that are on at first, inner first.
        changed: Called when a switch or a value changes.

    Example:
        >>> remedies = Remedies([], print)
        >>> remedies.switches["packing"].value = True  # doctest: +ELLIPSIS
        {...}
        >>> remedies.on
        ['packing']
    """

    def __init__(self, recipes: Sequence[Mapping[str, Any]], changed: Callable[[Any], None]) -> None:
        self._changed, self._quiet = changed, False
        self.on: list[str] = []
        self.forms: dict[str, Form] = {}
        self.switches: dict[str, widgets.Checkbox] = {}
        self._sliders: dict[str, widgets.VBox] = {}
        for name, entry in catalogue.entries("remedies").items():
            form = self.forms[name] = Form(entry, {})
            form.observe(self._moved)
            label = TEXTS.get(f"remedy_{name}", name.replace("_", " "))
            layout = widgets.Layout(width="auto")
            switch = widgets.Checkbox(
                False, description=label, tooltip=entry.summary, indent=False, layout=layout
            )
            switch.observe(self._switched, "value")
            self.switches[name] = switch
            self._sliders[name] = widgets.VBox(form.widgets())
        self.box = widgets.VBox()
        self.set(recipes)

    def around(self, game: Game) -> Game:
        """The game with the remedies that are on around it.

        Raises:
            ValueError: If they don't go together.
        """
        for name in self.on:
            game = self.forms[name].entry.function(game=game, **self.forms[name].arguments)
        return game

    def set(self, recipes: Sequence[Mapping[str, Any]]) -> None:
        """Make the switches and sliders say this, without telling anyone."""
        self._quiet = True
        self.on = [recipe["name"] for recipe in recipes]
        for recipe in recipes:
            plain = {name: value for name, value in recipe["arguments"].items() if name != "game"}
            self.forms[recipe["name"]].set(plain)
        for name, switch in self.switches.items():
            switch.value = name in self.on
        self._quiet = False
        self._lay_out()

    def _moved(self, change: Any) -> None:
        if not self._quiet:
            self._changed(change)

    def _switched(self, change: Any) -> None:
        if self._quiet:
            return
        name = next(name for name, switch in self.switches.items() if switch is change["owner"])
        self.on = [*self.on, name] if change["new"] else [other for other in self.on if other != name]
        self.on.sort(key=place)
        self._lay_out()
        self._changed(change)

    def _lay_out(self) -> None:
        self.box.children = [
            part
            for name, switch in self.switches.items()
            for part in ((switch, self._sliders[name]) if name in self.on else (switch,))
        ]


@functools.cache
def place(name: str) -> int:
    """Where a remedy goes, whenever it is switched on; found by trying.

    0, inside, for those that change the generator's own loss; 2, outside, for those after which no other one can make
    the networks anew.
    """
    entry = catalogue.entries("remedies")[name]
    plain = catalogue.parse("gan:width=1", "games", target=catalogue.parse("ring", "data"))
    replaced = dataclasses.replace(
        plain, generator_aim=lambda game, players, batch: players["theta_g"].sum(-1)
    )
    bare = entry.function(game=plain).discriminator.body is None
    try:
        entry.function(game=replaced)
    except ValueError:
        return 0
    return 2 if bare else 1
