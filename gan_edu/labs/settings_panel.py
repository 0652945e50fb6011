"""The panel that says which game is played and how it is trained: widgets in, `Settings` out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import ipywidgets as widgets

from gan_edu import catalogue
from gan_edu.labs.controls import LABEL_WIDTH, Control, Form, menu
from gan_edu.labs.remedies import Remedies
from gan_edu.labs.session import fresh_parameters
from gan_edu.labs.texts import TEXTS
from gan_edu.parameters import Parameter, Range, peel
from gan_edu.presets import PRESETS
from gan_edu.training import NUMBERS, Settings, resolve

RATES = ("generator_learning_rate", "discriminator_learning_rate")
LIVE = (*RATES, "batch_size")
FRESH = ("seed", "runs")
RATE = Range(1e-8, 1e3, slider=(1e-5, 1e-1), log=True)


class Choice:
    """A menu of one folder of the catalogue, and the controls of the method that is chosen.

    Args:
        folder: Of the catalogue.
        recipe: What is chosen at first.
        changed: Called when a value changes.
        apart: Gives the names of parameters whose controls go to a box of their own.
    """

    def __init__(
        self,
        folder: str,
        recipe: Mapping[str, Any],
        changed: Callable[[Any], None],
        apart: Callable[[str], tuple[str, ...]] = lambda name: (),
    ) -> None:
        self.folder, self._changed, self._apart = folder, changed, apart
        self.menu = menu(folder, recipe["name"])
        self.box, self.apart_box = widgets.VBox(), widgets.VBox()
        self._forms: dict[str, Form] = {}
        self._quiet = False
        self._show(recipe["name"], recipe["arguments"])
        self.menu.observe(self._choose, "value")

    @property
    def form(self) -> Form:
        """The controls of the chosen method."""
        return self._forms[str(self.menu.value)]

    def make(self, **given: Any) -> Any:
        """The thing that the controls describe."""
        return self.form.entry.function(**{**self.form.arguments, **given})

    def set(self, recipe: Mapping[str, Any]) -> None:
        """Make menu and controls say this."""
        self._quiet = True
        try:
            self._show(recipe["name"], recipe["arguments"])
            self.menu.value = recipe["name"]
        finally:
            self._quiet = False

    def _choose(self, change: Any) -> None:
        if self._quiet:
            return
        self._show(change["new"], {})
        self._changed(change)

    def _show(self, name: str, arguments: Mapping[str, Any]) -> None:
        plain = {k: v for k, v in arguments.items() if not isinstance(v, Mapping)}
        if name in self._forms:
            self._forms[name].set(plain)
        else:
            form = self._forms[name] = Form(catalogue.entries(self.folder)[name], plain)
            form.observe(self._changed)
        form = self._forms[name]
        apart = self._apart(name)
        self.box.children = form.widgets([n for n in form.controls if n not in apart])
        self.apart_box.children = form.widgets(apart)


class SettingsPanel:
    """All controls of a training.

    Args:
        settings: What they say at first.
        on_change: Gets new settings when a control has changed, or the ValueError that forbids them.
        on_preset: Gets the name of a preset that was chosen.
        lab: Whose presets are offered.

    Example:
        >>> from gan_edu.presets import PRESETS
        >>> settings = resolve(PRESETS["rotating"].make(), PRESETS["rotating"].settings)
        >>> SettingsPanel(settings, print).settings.discriminator_learning_rate
        0.0003
    """

    def __init__(
        self,
        settings: Settings,
        on_change: Callable[[Settings | ValueError], None],
        on_preset: Callable[[str], None] = lambda name: None,
        lab: str = "collapse",
    ) -> None:
        self._on_change, self._on_preset, self._quiet = on_change, on_preset, False
        assert settings.game.recipe is not None, "a lab needs a game from the catalogue"
        remedies, game = peel(settings.game.recipe)
        self.remedies = Remedies(remedies, self._changed)
        self.target = Choice("data", game["arguments"]["target"], self._changed)
        self.game = Choice("games", game, self._changed, lambda name: fresh_parameters("games", name))
        self.dynamics = Choice("dynamics", _recipe(settings.dynamics), self._changed)
        self.optimizer = Choice("optimizers", _recipe(settings.optimizer), self._changed)
        self.numbers = {name: _number(name, settings) for name in (*LIVE, "decay_steps", *FRESH)}
        for control in self.numbers.values():
            control.widget.observe(self._changed, "value")
        self._base = settings
        self._offered = [name for name, preset in PRESETS.items() if preset.lab == lab]
        self.preset = widgets.Dropdown(
            options=[*((TEXTS[f"preset_{name}"], name) for name in self._offered), (TEXTS["preset_own"], "")],
            description=TEXTS["menu_preset"],
            layout=widgets.Layout(width="auto", margin="1px 0"),
            style={"description_width": LABEL_WIDTH},
        )
        self.say_preset()
        self.preset.observe(self._preset_chosen, "value")
        self.waiting = widgets.HTML(TEXTS["fresh_note"]).add_class("gan-lab-note")

    @property
    def settings(self) -> Settings:
        """What the controls say.

        Raises:
            ValueError: If they don't go together.
        """
        values: dict[str, Any] = {name: control.value for name, control in self.numbers.items()}
        game = self.remedies.around(self.game.make(target=self.target.make()))
        values |= {
            "dynamics": self.dynamics.make(),
            "optimizer": self.optimizer.make(),
            "device": self._base.device,
        }
        return resolve(game, {**values, "steps_per_frame": self._base.steps_per_frame})

    def set(self, settings: Settings) -> None:
        """Make the controls say this, without telling anyone."""
        with self.quiet():
            remedies, game = peel(settings.game.recipe or {})
            self.remedies.set(remedies)
            self.target.set(game["arguments"]["target"])
            self.game.set(game)
            self.dynamics.set(_recipe(settings.dynamics))
            self.optimizer.set(_recipe(settings.optimizer))
            for name, control in self.numbers.items():
                control.value = _one(getattr(settings, name))
            self._base = settings
        self.say_preset()

    def say_preset(self) -> None:
        """Let the menu of presets say which of them the controls agree with, if any."""
        with self.quiet():
            name = preset_of(self.settings)
            self.preset.value = name if name in self._offered else ""

    def say_waiting(self, names: tuple[str, ...]) -> None:
        """Say which settings need a fresh start."""
        words = ", ".join(name.replace("_", " ") for name in names)
        self.waiting.value = (
            f"<b>{TEXTS['fresh_waiting'].format(names=words)}</b>" if names else TEXTS["fresh_note"]
        )

    @property
    def is_quiet(self) -> bool:
        """Whether changes are not told."""
        return self._quiet

    @contextmanager
    def quiet(self) -> Iterator[None]:
        """Changes in this block are not told."""
        before, self._quiet = self._quiet, True
        try:
            yield
        finally:
            self._quiet = before

    def box(self) -> widgets.VBox:
        """The panel."""
        fresh = [self.waiting, self.game.apart_box, *self.fresh_widgets]
        decay = self.numbers["decay_steps"].widget
        folded = widgets.Accordion(
            [
                self.target.box,
                widgets.VBox([self.game.menu, self.game.box]),
                self.remedies.box,
                widgets.VBox(
                    [self.dynamics.menu, self.dynamics.box, self.optimizer.menu, self.optimizer.box, decay]
                ),
                widgets.VBox(fresh),
            ],
            titles=[TEXTS[f"group_{name}"] for name in ("target", "game", "remedies", "dynamics", "fresh")],
        )
        return widgets.VBox([self.preset, self.target.menu, *self.live_widgets, folded])

    @property
    def live_widgets(self) -> list[widgets.Widget]:
        """Those of the numbers that act at once."""
        return [self.numbers[name].widget for name in LIVE]

    @property
    def fresh_widgets(self) -> list[widgets.Widget]:
        """Those of the numbers that take effect on reset."""
        return [self.numbers[name].widget for name in FRESH]

    def _changed(self, _change: Any) -> None:
        if self._quiet:
            return
        try:
            wanted = self.settings
        except ValueError as error:
            self._on_change(error)
            return
        self.say_preset()
        self._on_change(wanted)

    def _preset_chosen(self, change: Any) -> None:
        if not self._quiet and change["new"]:
            self._on_preset(change["new"])


FREE = ("seed", "runs", "steps_per_frame", "device")
"""Settings that a preset says nothing about."""


def preset_of(settings: Settings) -> str | None:
    """The preset that these settings are, whatever their seed."""
    have = settings.as_json()
    for name, preset in PRESETS.items():
        want = resolve(preset.make(), preset.settings).as_json()
        if all(have[key] == value for key, value in want.items() if key not in FREE):
            return name
    return None


def _recipe(made: Any) -> Mapping[str, Any]:
    assert made.recipe is not None, "a lab needs dynamics and an optimizer from the catalogue"
    return made.recipe


def _number(name: str, settings: Settings) -> Control:
    if name in RATES:
        parameter = Parameter(
            name, "float", range=Range(RATE.low, RATE.high, log=True, slider=RATE.slider, label=TEXTS[name])
        )
    else:
        parameter = NUMBERS[name]
    return Control(parameter, _one(getattr(settings, name)), TEXTS[f"help_{name}"])


def _one(value: Any) -> Any:
    return value[0] if isinstance(value, tuple) else value
