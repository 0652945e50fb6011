"""The canvas module, its style sheet, page and words, shared by the live widget and the offline page."""

from __future__ import annotations

from importlib import resources

_FOLDER = resources.files("gan_edu.figures")
MODULE = "\n".join((_FOLDER / name).read_text(encoding="utf-8") for name in ("paths.js", "stage.js"))
"""An ES module that exports `render({model, el})`."""
STYLE = (_FOLDER / "stage.css").read_text(encoding="utf-8")
PAGE = (_FOLDER / "offline.html").read_text(encoding="utf-8")
"""A `string.Template`."""

TEXTS = {
    "locale": "en",
    "layers": "Layers of the picture",
    "field": "discriminator",
    "field_fake": "fake",
    "field_real": "real",
    "score": "discriminator’s score",
    "critic": "critic",
    "lowest": "lowest",
    "highest": "highest",
    "half": "D = 1/2",
    "halfway": "halfway",
    "scaled": "{reading}, lowest to highest",
    "manifold": "generator’s image",
    "data": "real",
    "trails": "trails",
    "samples": "generated",
    "generator": "generator",
    "flow": "vector field",
    "arrows": "push on samples",
    "paths": "Paths",
    "curves": "curves",
    "tiles": "images",
    "role_real": "p, real",
    "role_fake": "p_G, generated",
    "role_discriminator": "D(x)",
    "role_optimum": "best D*(x)",
    "outside": "outside the picture",
    "empty": "Nothing to show yet",
    "play": "Play",
    "pause": "Pause",
    "timeline": "Frame of the recording",
    "speed": "Speed",
    "frame": "frame",
    "step": "step",
    "draw": "Draw the data here",
    "draw_help": "Draw with mouse, pen or finger. Keyboard: arrows move the cross, space drops a point.",
    "undo": "Undo",
    "clear": "Clear",
    "cleared": "Cleared. Undo brings it back.",
    "strokes": "strokes",
    "cursor": "cross at",
    "distance": "distance by step, start = 1 (thin: theory near 0)",
    "eigenvalues": "eigenvalues of one step, and the unit circle",
    "circle_in": "inside: comes in",
    "theory": "theory: × {factor} a step",
    "one_step": "One step",
    "steps_per_second": "steps/s",
    "start": "start at",
    "paths_help": "Click or drag in the plane to start there. Arrow keys move the start, space plays, digits switch.",
}
"""The English words of the canvas."""
