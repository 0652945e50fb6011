"""Runs that play the moment a lab opens. `python -m gan_edu.labs.recorded` makes them again."""

from __future__ import annotations

import json
from importlib import resources
from typing import Any

from gan_edu import views
from gan_edu.games.bilinear import bilinear
from gan_edu.parameters import describe
from gan_edu.presets import PRESETS
from gan_edu.recording import record
from gan_edu.scenes import pack_run
from gan_edu.views.closeness import closeness_at
from gan_edu.views.features import features_seen
from gan_edu.views.generators import generators_seen

LENGTH = {
    "collapse": (2400, 12),
    "one_dimensional": (800, 5),
    "closeness": (1000, 10),
    "features": (2400, 12),
    "generators": (600, 5),
    "trained_samplers": (12_000, 600),
}
"""Steps, and steps per frame, for the presets of each lab."""
LAYERS = {
    "collapse": ("data", "samples", "field"),
    "one_dimensional": ("data", "samples", "curves", "arrows"),
    "closeness": ("data", "samples", "field"),
    "features": ("data", "samples", "field"),
    "generators": ("data", "samples", "field"),
}
BESIDE = {"closeness": closeness_at, "features": features_seen, "generators": generators_seen}
"""What stands beside the stage, by lab: of a frame."""
SAMPLES, GRID = 400, 36
PLACES = 5
"""Digits of the curves that are kept."""


def load(preset: str) -> tuple[bytes, dict[str, Any]]:
    """The packed run of a preset and the arrays for its charts; nothing where there is no recording.

    Where a run's points and curves are not those of a GAN, `texts` of the second says what a legend should call them.

    Example:
        >>> run, curves = load("rotating")
        >>> len(run) < 2**20, "basins" in curves
        (True, True)
    """
    folder = resources.files("gan_edu.labs.recorded")
    run, curves = folder / f"{preset}.run", folder / f"{preset}.json"
    if not run.is_file():
        return b"", {}
    return run.read_bytes(), json.loads(curves.read_text(encoding="utf-8"))


def make(preset: str) -> tuple[bytes, dict[str, Any]]:
    """Train a preset and pack what is seen; `orbit`, `parallel_lines` and `envelopes` need no training."""
    if preset == "orbit":
        from gan_edu.labs.orbit import orbit_scene

        game = bilinear()
        return pack_run([orbit_scene(game)], {"game": describe(game.recipe or {}), "learning rate": 0.2}), {}
    if preset == "parallel_lines":
        from gan_edu.labs.parallel_lines import race_scenes

        return pack_run(race_scenes(), {"start": 1.0, "step size": 0.05}), {}
    if preset == "envelopes":
        from gan_edu.labs.texts import TEXTS
        from gan_edu.views.envelopes import envelopes

        words = tuple(TEXTS[f"envelopes_{name}"] for name in ("small", "right", "large"))
        legend = ("data", "samples", "role_real", "role_fake", "role_optimum")
        run = pack_run(
            envelopes(words, caption=TEXTS["envelopes"]), {"target": "two bells", "proposal": "N(0, 4)"}
        )
        return run, {"texts": {name: TEXTS[f"envelopes_{name}"] for name in legend}}
    chosen = PRESETS[preset]
    steps, steps_per_frame = LENGTH[chosen.lab]
    recording = record(
        chosen.make(), steps=steps, steps_per_frame=steps_per_frame, device="cpu", **chosen.settings
    )
    if chosen.lab == "trained_samplers":
        from gan_edu.labs.trained_samplers import pack

        return pack(recording), {}
    pictures = [
        views.scene(
            recording, index, layers=LAYERS[chosen.lab], n_samples=SAMPLES, grid=GRID,
            caption=views.sentence(recording, index),
        )
        for index in range(len(recording))
    ]  # fmt: skip
    arrays = views.metrics_over_time(recording)
    curves: dict[str, Any] = {
        name: [float(f"{value:.{PLACES}g}") for value in array] for name, array in arrays.items()
    }
    if chosen.lab in BESIDE:  # what stands beside the stage, of the last frame
        curves[chosen.lab] = BESIDE[chosen.lab](recording[-1]).as_json()
    return pack_run(pictures, {"preset": preset, "game": describe(recording.game.recipe or {})}), curves
