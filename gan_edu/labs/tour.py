"""The tour: the smallest lab. Press, watch, move one slider, draw your own data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from gan_edu.labs.collapse import opened, settings_of
from gan_edu.labs.lab import Lab

if TYPE_CHECKING:
    from gan_edu.figures.picture import Picture


class TourLab(Lab):
    """A stage, a big button, one slider, and a canvas to draw on."""

    with_charts = False

    def arrange(self) -> list[widgets.Widget]:
        """The parts, from top to bottom."""
        row = (
            widgets.HBox([self.transport.play, self.transport.reset])
            .add_class("gan-lab-row")
            .add_class("gan-lab-big")
        )
        line = widgets.HBox([self.transport.timeline, self.transport.place]).add_class("gan-lab-row")
        return [row, self.message, self.main, line]

    def controls(self) -> widgets.VBox:
        """The slider and the canvas."""
        rate = self.panel.numbers["discriminator_learning_rate"].widget
        return widgets.VBox([self.panel.preset, rate, self.drawing.box])


def tour_lab(
    preset: str = "covering",
    *,
    size: int = 440,
    key: str | None = None,
    fallback: bool | None = None,
    **settings: Any,
) -> Lab | Picture:
    """A two-minute tour: a GAN learns a ring live, then what you draw.

    Args:
        preset: Settings to begin with; see `gan_edu.presets.PRESETS`.
        size: Greatest width of the stage in pixels.
        key: As for `gan_edu.labs.collapse.collapse_lab`, as are the next two.
        fallback: Show a strip of pictures in place of widgets.
        **settings: As for `gan_edu.training.train`, on top of the preset's.

    Returns:
        The lab, or the strip.

    Raises:
        ValueError: If a name is unknown or a setting out of range.
    """
    wanted = settings_of(preset, None, None, settings)
    return opened(TourLab, wanted, preset, plain=not settings, size=size, key=key, fallback=fallback)
