"""The generators lab: several generators, a discriminator that tells them apart, and who draws what."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from gan_edu import catalogue
from gan_edu.data.target import Target
from gan_edu.games.game import Game
from gan_edu.labs.beside import BesideLab
from gan_edu.labs.collapse import open_lab
from gan_edu.labs.lab import Lab
from gan_edu.labs.session import BUDGET, Run
from gan_edu.labs.texts import TEXTS
from gan_edu.labs.transport import button, tell
from gan_edu.membership import add_generator, remove_generator
from gan_edu.parameters import peel, wrap
from gan_edu.recording import Recording
from gan_edu.training import Frame, Settings
from gan_edu.views.generators import GeneratorsSeen, generators_seen

if TYPE_CHECKING:
    from gan_edu.figures.picture import Picture


class GeneratorsLab(BesideLab):
    """A lab with a picture of the generators beside the stage: D's territories, who draws what, who pushes whom.

    Below it, generators are frozen, added and removed. Who is frozen is a setting like others. With another number of
    generators a new run begins; the old one is kept.
    """

    subject = "generators"
    seen_type = GeneratorsSeen

    def arrange(self) -> list[widgets.Widget]:
        """The parts, from top to bottom; who stands still, and who joins or leaves, in a row of its own."""
        self.frozen: list[widgets.Checkbox] = []
        self._frozen_row = widgets.HBox(layout=widgets.Layout(margin="0 16px 0 0")).add_class("gan-lab-row")
        self.chosen = widgets.Dropdown(
            description=TEXTS["generators_chosen"],
            layout=widgets.Layout(width="auto"),
            style={"description_width": "auto"},
        )
        buttons = [
            button("generators_copy", lambda _: self.add(self.chosen.value)),
            button("generators_remove", lambda _: self.remove(self.chosen.value or 0)),
            button("generators_fresh", lambda _: self.add()),
        ]
        members = widgets.HBox([self.chosen, *buttons]).add_class("gan-lab-row")
        self._who_plays = widgets.HBox([self._frozen_row, members]).add_class("gan-lab-row")
        main, *rest = super().arrange()
        return [main, self._who_plays, *rest]

    def refresh(self) -> None:
        """Say where the session stands, and who plays."""
        super().refresh()
        arguments = [_arguments(settings) for settings in (self.session.wanted, self.session.frame.settings)]
        shown = all("generators" in given for given in arguments)
        self._who_plays.layout.display = "" if shown else "none"
        if not shown:
            return
        wanted, have = arguments
        if len(self.frozen) != have["generators"]:
            self._offer(have["generators"])
        for i, box in enumerate(self.frozen):
            if box.value != (i in wanted["frozen"]):
                tell(box, value=i in wanted["frozen"])

    def _offer(self, k: int) -> None:
        self.frozen = []
        for i in range(k):
            box = widgets.Checkbox(
                description=str(i + 1), tooltip=TEXTS["generators_freeze_help"].format(n=i + 1), indent=False
            )
            box.layout = widgets.Layout(width="auto", margin="0 4px 0 0")
            box.observe(lambda change, i=i: self.freeze(i, change["new"]), "value")
            self.frozen.append(box)
        self._frozen_row.children = [widgets.Label(TEXTS["generators_frozen"]), *self.frozen]
        which = self.chosen.value or 0
        self.chosen.options = [(f"G {i + 1}", i) for i in range(k)]
        self.chosen.value = min(which, k - 1)

    def freeze(self, which: int, on: bool) -> None:
        """Let a generator stand still from the next step on, or learn again."""
        frozen = {*_arguments(self.session.wanted)["frozen"], which} - ({which} if not on else set())
        if self._want(frozen=sorted(frozen)):
            names = ", ".join(f"G {i + 1}" for i in sorted(frozen))
            self.say("generators_now_frozen" if frozen else "generators_none_frozen", names=names)
        self.refresh()

    def add(self, like: int | None = None) -> None:
        """One generator more from the moment that is shown on: a copy of another one, or a fresh one."""
        k, frozen = len(self.frozen), _arguments(self.session.wanted)["frozen"]
        seed = self.session.wanted.seed + k  # not the one that made the others
        said = "generators_added" if like is None else "generators_copied"
        self._go_on(
            lambda frame: add_generator(frame, like, seed), frozen, said, n=k + 1, like=(like or 0) + 1
        )

    def remove(self, which: int) -> None:
        """One generator less from the moment that is shown on."""
        left = [i for i in range(len(self.frozen)) if i != which]
        frozen = [left.index(i) for i in _arguments(self.session.wanted)["frozen"] if i in left]
        self._go_on(lambda frame: remove_generator(frame, which), frozen, "generators_removed", n=which + 1)

    def fork(self) -> Run:
        """A new run from the moment that is shown; as many generators are wanted as there are in it."""
        before = self.session.running.game.generator.members
        run = super().fork()
        k, wanted = self.session.running.game.generator.members, _arguments(self.session.wanted)
        if wanted.get("generators") == before != k:
            self._want(generators=k, frozen=[i for i in wanted["frozen"] if i < k])
        return run

    def _go_on(self, change: Callable[[Frame], Frame], frozen: list[int], said: str, **values: Any) -> None:
        """A new run in which the frame that is shown is changed."""
        training = self.worker.running
        self.worker.stop()
        self.live()
        with self.lock:
            session, wanted = self.session, self.session.wanted
            old, index = session.run.name, session.position
            try:
                frame = change(session.frame)
            except ValueError as error:
                self.say("refused", error=error)
                return
            recording = Recording(None, [*session.recording.frames[:index], frame], BUDGET)
            note = TEXTS["generators_note"].format(k=frame.settings.game.generator.members, step=frame.step)
            name = session.adopt(recording, note).name
            session.wanted = wanted
        self._want(generators=frame.settings.game.generator.members, frozen=frozen)
        self.say(said, name=name, old=old, **values)
        self.draw()
        if training:
            self.train()

    def _want(self, **arguments: Any) -> bool:
        """Ask for other arguments of the game, and say so if they make no sense."""
        wanted = self.session.wanted
        remedies, recipe = peel(wanted.game.recipe or {})
        recipe = {**recipe, "arguments": {**recipe["arguments"], **arguments}}
        try:
            self.use(dataclasses.replace(wanted, game=catalogue.build(wrap(recipe, remedies))))
        except ValueError as error:
            self._wish(error)
            return False
        return True

    def look(self, frame: Frame, run: int) -> GeneratorsSeen:
        """Who is where."""
        return generators_seen(frame, run)

    def picture(self, seen: GeneratorsSeen, title: str, **look: Any) -> tuple[Picture, str]:
        """Territories, and shares of the modes."""
        from gan_edu.figures.generator_map import generator_map

        words = TEXTS["generators_told" if seen.told_apart else "generators_alone"]
        if self.plays_recorded:
            words = f"{TEXTS['generators_recorded']} {words}"
        return generator_map(seen, title=title, **look), words


def _arguments(settings: Settings) -> Mapping[str, Any]:
    """Those of the game, whatever remedies are around it."""
    return peel(settings.game.recipe or {})[1]["arguments"]


def generators_lab(
    preset: str = "mad",
    *,
    target: str | Target | None = None,
    game: str | Game | None = None,
    remedies: Sequence[str] | None = None,
    size: int = 480,
    key: str | None = None,
    fallback: bool | None = None,
    **settings: Any,
) -> Lab | Picture:
    """Several generators, live: one colour and marker each, D's territories, and each one's share of every mode.

    Args:
        preset: Settings to begin with: `mad`, `isolated`, `few`, `similar` or `one_generator`.
        target: As for `gan_edu.labs.collapse.collapse_lab`, as is all the rest.
        game: In place of the preset's, such as `"mad_gan:generators=5,shared=1"`.
        remedies: In place of the preset's.
        size: Greatest width of the stage in pixels.
        key: Of the lab.
        fallback: Show a strip of pictures in place of widgets.
        **settings: As for `gan_edu.training.train`, on top of the preset's.

    Returns:
        The lab, or the strip.

    Raises:
        ValueError: As for the collapse lab.

    Example:
        >>> generators_lab("rotating")
        Traceback (most recent call last):
            ...
        ValueError: preset must be one of mad, isolated, few, similar, one_generator; got 'rotating'
    """
    shown: dict[str, Any] = {"size": size, "key": key, "fallback": fallback}
    return open_lab(GeneratorsLab, preset, target, game, remedies, settings, **shown)
