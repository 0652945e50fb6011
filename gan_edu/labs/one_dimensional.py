"""The one-dimensional lab: the whole game in one picture, with the best discriminator beside the learned one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from gan_edu.data.line import line
from gan_edu.data.target import Target
from gan_edu.games.game import Game
from gan_edu.labs.collapse import opened, settings_of
from gan_edu.labs.controls import LABEL_WIDTH
from gan_edu.labs.lab import Lab
from gan_edu.labs.texts import TEXTS
from gan_edu.training import Settings

if TYPE_CHECKING:
    from gan_edu.figures.picture import Picture

TARGETS: dict[str, dict[str, Any]] = {
    "one": {"means": [2.0], "stds": [0.5]},
    "far": {"means": [5.0], "stds": [0.5]},
    "two": {"means": [-1.5, 1.5], "stds": [0.4, 0.4]},
    "three": {"means": [-2.0, 0.0, 2.0], "stds": [0.3, 0.3, 0.3]},
    "five": {},
}
"""Arguments of `line` for the entries of the menu."""
MOST_STEPS = 20
STEPS_PER_FRAME = 4


class OneDimensionalLab(Lab):
    """A lab whose stage draws densities, D and D*, and what every sample is told by either generator loss."""

    subject = "one_dimensional"
    layers = ("data", "samples", "arrows", "curves")

    def arrange(self) -> list[widgets.Widget]:
        """The parts, from top to bottom."""
        tabs = widgets.Tab([self.charts.box, self.share.box])
        tabs.titles = [TEXTS[f"tab_{name}"] for name in ("charts", "share")]
        self.tabs = tabs
        self.stage.alt = TEXTS["alt_line"]
        return [self.main, self.message, self.transport.box, self.slow.box, tabs]

    def panels(self, game: Game) -> list[Any]:
        """Losses, and the values that D and the best D reach."""
        from gan_edu.figures.charts import loss_panel, value_panel

        return [loss_panel(game.equilibrium), value_panel()]

    def controls(self) -> widgets.VBox:
        """The preset, the data, k, the generator's loss and the rates; the rest is folded."""
        panel = self.panel
        steps = panel.dynamics.form.controls["discriminator_steps"].widget
        steps.max, steps.description = MOST_STEPS, TEXTS["line_k"]
        self.targets = widgets.Dropdown(
            options=[*((TEXTS[f"line_{name}"], name) for name in TARGETS), (TEXTS["preset_own"], "")],
            description=TEXTS["menu_data"],
            layout=widgets.Layout(width="auto", margin="1px 0"),
            style={"description_width": LABEL_WIDTH},
        )
        self.say_target()
        self.targets.observe(self._target_chosen, "value")
        folded = widgets.Accordion(
            [
                panel.target.box,
                widgets.VBox([panel.dynamics.menu, panel.optimizer.menu, panel.optimizer.box]),
                widgets.VBox([panel.waiting, panel.game.apart_box, *(panel.fresh_widgets)]),
            ],
            titles=[TEXTS[f"group_{name}"] for name in ("target", "dynamics", "fresh")],
        )
        return widgets.VBox(
            [panel.preset, self.targets, panel.dynamics.box, panel.game.box, *panel.live_widgets, folded]
        )

    def say_target(self) -> None:
        """Let the menu of targets say which of them is wanted, if any."""
        recipe = self.session.wanted.game.target.recipe
        with self.panel.quiet():
            self.targets.value = next((n for n, a in TARGETS.items() if line(**a).recipe == recipe), "")

    def _target_chosen(self, change: dict[str, Any]) -> None:
        if not self.panel.is_quiet and change["new"]:
            self.use_target(line(**TARGETS[change["new"]]))

    def _wish(self, wanted: Settings | ValueError, fresh: bool = False) -> None:
        super()._wish(wanted, fresh)
        self.say_target()


def one_dimensional_lab(
    preset: str = "approach",
    *,
    target: str | Target | None = None,
    game: str | Game | None = None,
    size: int = 480,
    key: str | None = None,
    fallback: bool | None = None,
    **settings: Any,
) -> Lab | Picture:
    """The GAN game on a line, live: p, p_G, D and the best D, both values, and the push on every sample.

    Args:
        preset: Settings to begin with: `approach`, `lagging`, `vanishing` or `rescued`.
        target: In place of the preset's, such as `"line:means=[-1,1],stds=[0.3,0.3]"`.
        game: In place of the preset's, such as `"gan:width=32,latent_dim=1"`.
        size: As for `gan_edu.labs.collapse.collapse_lab`, as are the next two.
        key: Of the lab.
        fallback: Show a strip of pictures in place of widgets.
        **settings: As for `gan_edu.training.train`, on top of the preset's.

    Returns:
        The lab, or the strip.

    Raises:
        ValueError: If a name is unknown, a setting is out of range, or the data are not one-dimensional.

    Example:
        >>> one_dimensional_lab(target="ring")
        Traceback (most recent call last):
            ...
        ValueError: target must have one dimension; got ring with 2
    """
    settings = {"steps_per_frame": STEPS_PER_FRAME, **settings}
    wanted = settings_of(preset, target, game, settings, OneDimensionalLab.subject)
    if wanted.game.target.dim != 1:
        raise ValueError(
            f"target must have one dimension; got {wanted.game.target.name} with {wanted.game.target.dim}"
        )
    plain = target is None and game is None and settings == {"steps_per_frame": STEPS_PER_FRAME}
    return opened(OneDimensionalLab, wanted, preset, plain=plain, size=size, key=key, fallback=fallback)
