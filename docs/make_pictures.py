"""Makes the pictures of the README and the docs from the package itself, a few minutes in all.

    python docs/make_pictures.py                 all of them
    python docs/make_pictures.py --only rotating.gif

Prints a line of Markdown with the alternative text for each. Same code and same seeds, same pictures.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch

from gan_edu import views
from gan_edu.figures.animation import save_gif
from gan_edu.figures.mode_map import mode_map
from gan_edu.figures.picture import Picture
from gan_edu.figures.population import coverage_histogram, sample_grid
from gan_edu.figures.stability_map import stability_map
from gan_edu.figures.strip import strip
from gan_edu.metrics import METRICS
from gan_edu.metrics.modes import mode_shares
from gan_edu.presets import PRESETS
from gan_edu.recording import Recording, record
from gan_edu.scenes import Scene

FOLDER = Path(__file__).parent / "pictures"
RUNS = 64
FRAMES = 100
LAYERS = ("field", "data", "samples")
RATES = np.logspace(-4.5, -1, 8)
LARGEST = 1_500_000


@cache
def population(name: str, runs: int = RUNS) -> Recording:
    """A preset, trained with many seeds at once."""
    preset = PRESETS[name]
    frames = {"steps_per_frame": max(1, preset.steps // FRAMES)}
    return record(preset.make(), steps=preset.steps, runs=runs, **frames, **preset.settings)


def scenes(recording: Recording, indices: range | list[int]) -> list[Scene]:
    """Frames of the first run, on one extent."""
    extent = views.scene(recording, 0, layers=()).extent
    told = [views.judge(recording, i).sentence for i in indices]
    look = {"layers": LAYERS, "n_samples": 400, "extent": extent}
    return [
        views.scene(recording, i, caption=caption, **look) for i, caption in zip(indices, told, strict=True)
    ]


def rotating(path: Path) -> str:
    """A slow discriminator chases its generator round the ring."""
    recording = population("rotating", runs=1)
    save_gif(scenes(recording, range(len(recording))), path, fps=12, largest=LARGEST, size=420)
    return "A generator's samples jump from mode to mode of a ring of eight Gaussians and never settle"


def moments(path: Path) -> str:
    """The same run in five pictures."""
    recording = population("rotating", runs=1)
    last = len(recording) - 1
    return _write(strip(scenes(recording, [round(k * last / 4) for k in range(5)])), path)


def rotation(path: Path) -> str:
    """The same run as a map of its modes."""
    recording = population("rotating", runs=1)
    samples = torch.stack([recording.samples(t)[0] for t in range(len(recording))])
    return _write(mode_map(mode_shares(samples, recording.game.target).numpy(), recording.steps), path)


def two_collapses(path: Path) -> str:
    """Both ways to collapse, 64 seeds each."""
    names = {"slow discriminator": "rotating", "strong discriminator": "frozen"}
    found = {label: _basins(population(name)) for label, name in names.items()}
    return _write(coverage_histogram(found, 8, label="modes reached at the end"), path)


def seeds(path: Path) -> str:
    """64 seeds of the strong discriminator."""
    recording = population("frozen")
    target = recording.game.target
    data = target.sample(200, torch.Generator().manual_seed(0)).numpy()
    samples, alive = recording.samples(n=300).numpy(), recording[-1].alive.numpy()
    told = {"modes": _basins(recording), "total": target.n_modes, "alive": alive}
    return _write(sample_grid(samples, target.extent, data=data, **told), path)


def stability(path: Path) -> str:
    """One GAN per pixel: 8 x 8 pairs of learning rates in one population."""
    rates_d, rates_g = np.meshgrid(RATES, RATES, indexing="ij")
    rates: dict[str, Any] = {
        "generator_learning_rate": tuple(rates_g.ravel().tolist()),
        "discriminator_learning_rate": tuple(rates_d.ravel().tolist()),
    }
    made = record(
        PRESETS["rotating"].make(),
        steps=2000,
        runs=rates_g.size,
        steps_per_frame=500,
        optimizer="adam:beta1=0.5",
        **rates,
    )
    values, alive = _basins(made).reshape(rates_g.shape), made[-1].alive.numpy().reshape(rates_g.shape)
    return _write(
        stability_map(values, RATES, RATES, label="modes reached", alive=alive, limits=(0, 8)), path
    )


def _basins(recording: Recording) -> np.ndarray:
    return METRICS["basins"](recording.samples(n=2000), recording.game.target).numpy().astype(int)


def _write(picture: Picture, path: Path) -> str:
    picture.save(path)
    return picture.alt


PICTURES: dict[str, Callable[[Path], str]] = {
    "rotating.gif": rotating,
    "moments.png": moments,
    "rotation.png": rotation,
    "two_collapses.png": two_collapses,
    "seeds.png": seeds,
    "stability.png": stability,
}


def main() -> None:
    """Make the pictures that are asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", choices=PICTURES, action="append", help="make this one; may be repeated")
    torch.set_num_threads(1)
    for name in parser.parse_args().only or PICTURES:
        path = FOLDER / name
        alt = PICTURES[name](path)
        print(f"![{alt}](docs/pictures/{name})  <!-- {path.stat().st_size / 1000:,.0f} kB -->", flush=True)


if __name__ == "__main__":
    main()
