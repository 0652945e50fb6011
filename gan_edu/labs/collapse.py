"""The collapse lab: why a GAN that could draw every mode draws two."""

from __future__ import annotations

from typing import Any

from gan_edu.labs.lab import Lab
from gan_edu.presets import PRESETS
from gan_edu.training import resolve


def collapse_lab(preset: str = "rotating", **settings: Any) -> Lab:
    """Mode collapse, live."""
    chosen = PRESETS[preset]
    return Lab(resolve(chosen.make(), {**chosen.settings, **settings}))
