"""The English words of charts and printed figures; the canvas has its own in `gan_edu.figures.canvas`."""

from __future__ import annotations

TEXTS = {
    "step": "training step",
    "loss": "loss",
    "discriminator": "discriminator",
    "generator": "generator",
    "modes": "modes",
    "modes_covered": "modes covered",
    "basins": "basins reached",
    "all_modes": "all {total}",
    "high_quality_share": "high-quality share",
    "perfect": "perfect<br>sampler",
    "run_a": "A",
    "run_b": "B",
    "at": "at step {step}",
    "no_steps": "no steps yet",
    "no_value": "no finite value",
    "runs": "runs",
    "histogram": "{group}: {runs} runs, {mean:.1f} of {total} modes on average",
    "grid": "{runs} runs of the same training, one per panel: generated points",
    "grid_modes": "{mean:.1f} of {total} modes covered on average, {low} to {high}",
    "nothing": "nothing to show",
    "mode": "mode",
    "share": "share of the samples",
    "fair_share": "fair share",
    "share_map": "share of the samples near each of {modes} modes, steps {first} to {last}",
    "changes": "the largest mode changes {changes} times",
    "generator_rate": "learning rate of the generator",
    "discriminator_rate": "learning rate of the discriminator",
    "diverged": "diverged",
    "map": "{label} for {rows} learning rates of the discriminator by {columns} of the generator",
    "best": "best: {value} at generator {generator}, discriminator {discriminator}",
    "n_diverged": "{count} diverged",
    "strip": "{count} moments of a training",
}
"""Words by name; braces are filled in by the figure."""
