"""Draw the data: a canvas for mouse, pen or finger, whose strokes become the target."""

from __future__ import annotations

from collections.abc import Callable

import ipywidgets as widgets

from gan_edu.data.drawn import drawn
from gan_edu.data.target import Target
from gan_edu.labs.keep import keep, kept
from gan_edu.labs.stage import Stage
from gan_edu.labs.texts import TEXTS
from gan_edu.labs.transport import button
from gan_edu.scenes import Scene, pack

NAME = "drawing"
EXTENT = (-3.0, 3.0, -3.0, 3.0)


class DrawTarget:
    """The canvas, and a button that trains on what was drawn.

    The drawing is kept as it grows: it is there again after a reset, a reload of the page, a second run of the
    cell and a restart of the kernel.

    Args:
        use: Gets the target that was drawn.
        say: Gets the key of a message.
        size: Width of the canvas.
    """

    def __init__(self, use: Callable[[Target], None], say: Callable[[str], None], size: int = 380) -> None:
        self._use, self._say = use, say
        self.stage = Stage(
            mode="draw",
            size=size,
            scene=pack(Scene(extent=EXTENT)),
            strokes=kept(NAME, []),
            alt=TEXTS["alt_draw"],
        )
        self.stage.observe(lambda change: keep(NAME, change["new"]), "strokes")
        self.train = button("draw_train", self._train, icon="play", style="success")
        self.train.layout.width = "160px"
        self.box = widgets.VBox([self.stage, self.train])

    def _train(self, _: widgets.Button) -> None:
        if self.stage.strokes:
            self._use(drawn(points=self.stage.strokes))
        else:
            self._say("draw_first")
