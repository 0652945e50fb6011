"""Where widgets can't show: a strip of pictures that says the same."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from gan_edu import views
from gan_edu.recording import record
from gan_edu.training import Settings

if TYPE_CHECKING:
    from gan_edu.figures.picture import Picture

PICTURES = 5
ON_A_LINE = 6, 3
"""Pictures, and columns of them: those of a line have words in them."""


def no_widgets() -> bool:
    """Whether widgets that are fed from a thread are known not to work here: Google Colab, or asked for.

    The environment variable GAN_EDU_FALLBACK asks for pictures, such as when a static page is made.
    """
    return "google.colab" in sys.modules or bool(os.environ.get("GAN_EDU_FALLBACK"))


def strip(settings: Settings, steps: int) -> Picture:
    """Train, and draw moments that are evenly spread."""
    from gan_edu.figures import strip as figures

    values = {
        name: getattr(settings, name) for name in vars(settings) if name not in ("game", "steps_per_frame")
    }
    recording = record(
        settings.game, steps=steps, steps_per_frame=max(1, steps // 60), progress=False, **values
    )
    last = len(recording) - 1
    count, columns = ON_A_LINE if settings.game.target.dim == 1 else (PICTURES, PICTURES)
    indices = [round(k * last / (count - 1)) for k in range(count)]
    extent = views.scene(recording, 0, layers=()).extent
    pictures = [
        views.scene(recording, index, extent=extent, n_samples=400, caption=views.sentence(recording, index))
        for index in indices
    ]
    return figures.strip(pictures, columns=columns)
