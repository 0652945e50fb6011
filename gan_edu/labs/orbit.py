"""The orbit lab: two players, one number each, and every way of moving them, side by side in the plane."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
from collections.abc import Iterable
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from gan_edu import catalogue
from gan_edu.games.game import Game
from gan_edu.labs.controls import Control, Form
from gan_edu.labs.copy_text import CopyText
from gan_edu.labs.fallback import no_widgets
from gan_edu.labs.registry import replace
from gan_edu.labs.settings_panel import Choice
from gan_edu.labs.share_panel import FOLDER, link
from gan_edu.labs.sharing import written
from gan_edu.labs.stage import Stage
from gan_edu.labs.style import STYLE
from gan_edu.labs.texts import TEXTS
from gan_edu.labs.transport import button
from gan_edu.parameters import Parameter, Range
from gan_edu.scenes import Scene, pack
from gan_edu.views.plane import Way, plane_scene, vector_field

if TYPE_CHECKING:
    from gan_edu.figures.picture import Picture

SHOWN = ("simultaneous", "alternating", "extragradient", "optimistic")
"""The dynamics that are on at first; they also come first in the list."""
STEPS = (50, 200, 1000, 4000, 10_000)
EXTENTS = (1, 2, 5, 20)
RATE = Parameter(
    "learning_rate", "float", range=Range(1e-4, 10, slider=(0.01, 1), step=0.01, label=TEXTS["orbit_rate"])
)
MOMENTUM = Parameter("momentum", "float", range=Range(-0.999, 0.999, slider=(-0.9, 0.9), step=0.05))
UNSEEN = ("dimensions", "condition")
"""Parameters of games that say nothing in the plane."""


class OrbitLab(widgets.VBox):
    """The plane of a planar game, with the paths of any number of dynamics.

    Args:
        game: From the catalogue, one number per player.
        forms: The controls of all dynamics.
        chosen: Names of those that are on at first.
        start: x and y.
        learning_rate, momentum: Of both players.
        steps: How far the paths are worked out.
        size: Greatest width of the stage.
        key: Of the lab, so that making it again stops the old one.
    """

    def __init__(
        self,
        game: Game,
        forms: dict[str, Form],
        chosen: list[str],
        *,
        start: tuple[float, float],
        learning_rate: float,
        momentum: float,
        steps: int,
        size: int,
        key: str | None,
    ) -> None:
        replace(self, key)
        assert game.recipe is not None, "a lab needs a game from the catalogue"
        self._quiet = True
        self.forms = forms
        self.game = Choice("games", game.recipe, self._changed, lambda _: UNSEEN)
        self.rate = Control(RATE, learning_rate, TEXTS["help_orbit_rate"])
        self.momentum = Control(MOMENTUM, momentum, TEXTS["help_orbit_momentum"])
        self.steps = _menu("orbit_steps", [(f"{n:,}", n) for n in sorted({*STEPS, steps})], steps)
        reach = next((reach for reach in EXTENTS if max(map(abs, start)) <= reach and reach > 1), EXTENTS[-1])
        self.reach = _menu("orbit_reach", [(f"±{reach}", reach) for reach in EXTENTS], reach)
        self.place = [
            widgets.FloatText(
                value, description=TEXTS[name], step=0.1,
                layout=widgets.Layout(width="auto", max_width="150px"), style={"description_width": "auto"},
            )
            for name, value in zip(("orbit_x", "orbit_y"), start, strict=True)
        ]  # fmt: skip
        self.stage = Stage(
            size=size, mode="paths", autoplay=True, alt=TEXTS["alt_orbit"], start=list(start), chosen=chosen
        )
        self.message = widgets.HTML().add_class("gan-lab-message")
        self.python = CopyText(label=TEXTS["share_python"], copy=TEXTS["copy"], copied=TEXTS["copied"])
        self.link = widgets.HTML()
        self._parameters = widgets.VBox()
        page = button("share_html", self._page, icon="file-code-o")
        folded = widgets.Accordion(
            [self._parameters, widgets.VBox([widgets.HBox([page, self.link]), self.python])],
            titles=[TEXTS["group_parameters"], TEXTS["tab_share"]],
        )
        for part in (self.rate.widget, self.momentum.widget):
            part.layout.flex = "1 1 260px"
        self.game.menu.layout.flex = "0 1 180px"
        for part in (self.game.menu, self.rate.widget, self.momentum.widget):
            part.style.description_width = "auto"
        rows = [
            [self.game.menu, self.rate.widget, self.momentum.widget],
            [*self.place, self.reach, self.steps],
        ]
        self._flow: tuple[Any, Any] = (None, None)
        super().__init__(
            [
                widgets.HTML(STYLE).add_class("gan-lab-style"),
                *(widgets.HBox(row).add_class("gan-lab-row") for row in rows),
                self.stage,
                self.message,
                folded,
            ]
        )
        self.add_class("gan-lab")
        self._offer_parameters()
        for part in (self.rate.widget, self.momentum.widget, self.steps, self.reach):
            part.observe(self._changed, "value")
        for form in self.forms.values():
            form.observe(self._changed)
        for part in self.place:
            part.observe(self._typed, "value")
        self.stage.observe(self._moved, "start")
        self.stage.observe(self._switched, "chosen")
        self._quiet = False
        self.draw()

    @property
    def _name(self) -> str:
        return str(self.game.menu.value)

    @property
    def scene(self) -> Scene:
        """What the controls ask for.

        Raises:
            ValueError: If they don't go together.
        """
        game: Game = self.game.make()
        reach: float = self.reach.value  # type: ignore[assignment]
        steps: int = self.steps.value  # type: ignore[assignment]
        x, y = self.stage.start
        extent = (-reach, reach, -reach, reach)
        if self._flow[0] != (game.recipe, reach):
            self._flow = (game.recipe, reach), vector_field(game, extent)
        rate, momentum = self.rate.value, self.momentum.value
        return plane_scene(
            game,
            _ways(self.forms),
            shown=self.stage.chosen,
            start=(x, y),
            steps=steps,
            learning_rate=rate,
            momentum=momentum,
            extent=extent,
            flow=self._flow[1],
            labels=_labels(self.forms),
            caption=_caption(self._name, rate, momentum),
        )

    def draw(self) -> None:
        """Work out all paths and hand them to the browser, which plays them by itself."""
        try:
            scene = self.scene
        except ValueError as error:
            self._say(TEXTS["refused"].format(error=error))
            return
        self._say("")
        self.stage.show(scene)
        self.python.value = self._as_python()

    def close(self) -> None:
        """Stop for good."""
        self.stage.close()
        super().close()

    def _say(self, words: str) -> None:
        self.message.value = f'<div role="status">{escape(words)}</div>' if words else ""

    def _changed(self, _change: Any) -> None:
        if not self._quiet:
            self._offer_parameters()
            self.draw()

    def _typed(self, _change: Any) -> None:
        if not self._quiet:
            self.stage.start = [part.value for part in self.place]

    def _moved(self, change: Any) -> None:
        self._quiet = True
        for part, value in zip(self.place, change["new"], strict=True):
            part.value = value
        self._quiet = False
        self.draw()

    def _switched(self, _change: Any) -> None:
        self._offer_parameters()
        self.draw()

    def _offer_parameters(self) -> None:
        """Sliders of the game and of the dynamics that are on."""
        labels = _labels(self.forms)
        groups = [(_words(self._name), self.game.box.children)]
        groups += [(labels[n], self.forms[n].widgets()) for n in self.forms if n in self.stage.chosen]
        parts = [[widgets.HTML(f"<b>{escape(name)}</b>"), *inner] for name, inner in groups if inner]
        self._parameters.children = [part for group in parts for part in group] or [
            widgets.HTML(TEXTS["no_parameters"])
        ]

    def _as_python(self) -> str:
        on = [
            written({"folder": form.entry.folder, "name": name, "arguments": form.arguments})
            for name, form in self.forms.items()
            if name in self.stage.chosen
        ]
        values = {
            "dynamics": on,
            "start": tuple(self.stage.start),
            "learning_rate": self.rate.value,
            "momentum": self.momentum.value,
            "steps": self.steps.value,
        }
        inner = "".join(f"    {name}={value!r},\n" for name, value in values.items())
        game = written(self.game.make().recipe)
        return f"from gan_edu.labs.orbit import orbit_lab\n\norbit_lab(\n    {game!r},\n{inner})"

    def _page(self, _: widgets.Button) -> None:
        from gan_edu.figures.offline import offline_page

        FOLDER.mkdir(exist_ok=True)
        names = (FOLDER / f"orbit-{self._name}-{number}.html" for number in range(1, 10**6))
        path: Path = next(path for path in names if not path.exists())
        html = offline_page(
            pack(_without_offers(self.scene)), title=TEXTS["orbit_title"], caption=TEXTS["orbit_page"]
        )
        path.write_text(html, encoding="utf-8")
        self.link.value = link(path)


def orbit_lab(
    game: str | Game = "bilinear",
    dynamics: Iterable[str] = SHOWN,
    *,
    start: tuple[float, float] = (1.0, 0.3),
    learning_rate: float = 0.2,
    momentum: float = 0.0,
    steps: int = 1000,
    size: int = 960,
    key: str | None = None,
    fallback: bool | None = None,
) -> OrbitLab | Picture:
    """Why gradient descent circles, and what helps: click anywhere in the plane and watch.

    Args:
        game: One number per player, such as `"bilinear"`, `"dirac:gradient_penalty=0.3"` or `"quadratic"`.
        dynamics: Those that are on at first, such as `["simultaneous", "consensus:strength=0.5"]`; and remedies that
            fit, such as `"unrolled:steps=1"`, which are played by simultaneous steps.
        start: x and y.
        learning_rate: Of both players.
        momentum: Of both players, heavy-ball.
        steps: How far the paths are worked out, from 1 to 100,000.
        size: Greatest width of the stage in pixels.
        key: Of the lab: making another with the same key stops the first. By default the notebook's cell.
        fallback: Show a picture in place of widgets; by default where widgets are known not to work.

    Returns:
        The lab, or the picture.

    Raises:
        ValueError: If a name is unknown, a setting is out of range, or the game is not planar.

    Example:
        >>> orbit_lab(dynamics=["simultaneous"], steps=50, fallback=True).alt
        'min over x of xy, min over y of −xy · step size 0.2. simultaneous: ×1.0198 spirals out'
    """
    made = game if isinstance(game, Game) else _planar(game)
    if made.recipe is None or not made.is_planar or made.generator.n_parameters != 1:
        raise ValueError(f"game must be planar, one of {', '.join(planar_games())}; got {game!r}")
    if not 1 <= steps <= 100_000:
        raise ValueError(f"steps must be a whole number from 1 to 100,000; got {steps!r}")
    start = (float(start[0]), float(start[1]))
    learning_rate, momentum = RATE.check(learning_rate), MOMENTUM.check(momentum)
    given = {"start": start, "learning_rate": learning_rate, "momentum": momentum, "steps": steps}
    if no_widgets() if fallback is None else fallback:
        from gan_edu.figures.orbit import orbit_figure

        return orbit_figure(orbit_scene(made, dynamics, **given))
    return OrbitLab(made, *_forms(dynamics), size=size, key=key, **given)


def orbit_scene(game: Game, dynamics: Iterable[str] = SHOWN, **settings: Any) -> Scene:
    """What a lab with these settings shows at first, without the paths that it only offers.

    Args:
        game: From the catalogue.
        dynamics: Those that are on.
        **settings: As for `gan_edu.views.plane.plane_scene`.

    Raises:
        ValueError: If a name is unknown or a setting is out of range.

    Example:
        >>> [path.name for path in orbit_scene(_planar("dirac"), ["optimistic"], steps=10).paths]
        ['optimistic']
    """
    forms, chosen = _forms(dynamics)
    ways = _ways(forms)
    caption = _caption(
        (game.recipe or {})["name"], settings.get("learning_rate", 0.2), settings.get("momentum", 0)
    )
    return _without_offers(
        plane_scene(game, ways, shown=chosen, labels=_labels(ways), caption=caption, **settings)
    )


def _without_offers(scene: Scene) -> Scene:
    return dataclasses.replace(scene, paths=tuple(path for path in scene.paths if len(path.points)))


def _caption(game: str, rate: float, momentum: float) -> str:
    more = TEXTS["orbit_with_momentum"].format(momentum=f"{momentum:g}".replace("-", "−")) if momentum else ""
    return TEXTS["orbit_caption"].format(game=_words(game), rate=rate) + more


def planar_games() -> list[str]:
    """Names of the catalogue's games that need no target."""
    return [name for name, entry in catalogue.entries("games").items() if not entry.takes_target]


def _planar(text: str) -> Game:
    name = catalogue.name_of(text)
    if name not in planar_games():
        raise ValueError(f"game must be planar, one of {', '.join(planar_games())}; got {text!r}")
    return catalogue.parse(text, "games")


def _forms(dynamics: Iterable[str]) -> tuple[dict[str, Form], list[str]]:
    """The controls of all dynamics, those that come first in front, and the names of those that are on."""
    recipes = {
        recipe["name"]: {name: value for name, value in recipe["arguments"].items() if name != "game"}
        for recipe in (_recipe(text) for text in dynamics)
    }
    known = {**catalogue.entries("dynamics"), **planar_remedies()}
    order = [*(name for name in SHOWN if name in known), *(name for name in known if name not in SHOWN)]
    return {name: Form(known[name], recipes.get(name, {})) for name in order}, list(recipes)


@functools.cache
def planar_remedies() -> dict[str, catalogue.Entry]:
    """The catalogue's remedies that can be put around a planar game, found by trying."""
    game, found = catalogue.parse("bilinear", "games"), {}
    for name, entry in catalogue.entries("remedies").items():
        with contextlib.suppress(ValueError):
            entry.function(game=game)
            found[name] = entry
    return found


def _ways(forms: dict[str, Form]) -> dict[str, Way]:
    return {
        name: functools.partial(form.entry.function, **form.arguments)
        if form.entry.folder == "remedies"
        else form.entry.function(**form.arguments)
        for name, form in forms.items()
    }


def _recipe(text: str) -> dict[str, Any]:
    if catalogue.name_of(text) in planar_remedies():
        return catalogue.parse(text, "remedies", game=catalogue.parse("bilinear", "games")).recipe
    return catalogue.parse(text, "dynamics").recipe


def _labels(names: Iterable[str]) -> dict[str, str]:
    return {name: TEXTS.get(f"dynamics_{name}", name.replace("_", " ")) for name in names}


def _words(game: str) -> str:
    """The game as a formula, or its first words."""
    return TEXTS.get(f"orbit_{game}", catalogue.entries("games")[game].summary)


def _menu(name: str, options: list[tuple[str, Any]], value: Any) -> widgets.Dropdown:
    return widgets.Dropdown(
        options=options, value=value, description=TEXTS[name],
        layout=widgets.Layout(width="auto", max_width="200px"), style={"description_width": "auto"},
    )  # fmt: skip
