"""Scenes as a film: a GIF, which plays everywhere, or an MP4 where ffmpeg is there."""

from __future__ import annotations

import io
import itertools
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from gan_edu.figures import canvas
from gan_edu.figures.palette import Theme
from gan_edu.figures.picture import look, whole_file
from gan_edu.figures.scene_figure import SceneFigure
from gan_edu.scenes import LAYERS, Scene

Progress = Callable[[int, int], None]
FASTEST = 50
"""Frames a second that browsers play of a GIF."""
SAMPLED = 6
"""Frames from which the palette of a GIF is chosen."""
COLOURS = (128, 64, 32, 16)
"""Sizes of the palette of a GIF, tried from the finest on."""
CLOSE = 6  # of 255: colours that Pillow may take for each other
PAUSE_AT_END = 1500  # ms


def save_gif(
    scenes: Sequence[Scene],
    path: str | Path,
    fps: float = 12,
    *,
    progress: Progress | None = None,
    largest: int = 3_000_000,
    size: float = 480,
    layers: Iterable[str] = LAYERS,
    theme: str = "light",
    texts: Mapping[str, str] = canvas.TEXTS,
) -> Path:
    """Write a GIF, with as many colours as its size allows; whole or not at all.

    Args:
        scenes: the film; all with the same extent, so that the axes never jump.
        path: where to; its folder is made.
        fps: frames a second, at most 50: browsers play no faster.
        progress: called with (frames drawn, frames in all); an exception from it stops the work.
        largest: bytes that the file may have.
        size: width in pixels.
        layers: as for `scene_figure`; so are the next two.
        theme: colours.
        texts: words.

    Returns:
        The path.

    Raises:
        ValueError: if there is no scene, fps is out of range, or even the fewest colours are too many.

    Example:
        >>> import tempfile
        >>> scenes = [Scene(extent=(-1, 1, -1, 1), samples=[[k / 3, 0.0]], step=k) for k in range(3)]
        >>> path = save_gif(scenes, Path(tempfile.mkdtemp()) / "film.gif", size=200)
        >>> Image.open(path).n_frames
        3
    """
    _check(scenes, fps)
    frames = _frames(scenes, progress, size=size, layers=layers, theme=theme, texts=texts)
    few = [scenes[k] for k in np.unique(np.linspace(0, len(scenes) - 1, SAMPLED).round().astype(int))]
    mosaic = np.concatenate(list(_frames(few, None, size=size, layers=layers, theme=theme, texts=texts)))
    # as bytes from the start: true colours of a long film would not fit a small machine's memory
    palette = _palette(mosaic, COLOURS[0], look(theme))
    drawn = [Image.fromarray(frame).quantize(palette=palette, dither=Image.Dither.NONE) for frame in frames]
    durations = [max(20, round(1000 / fps))] * len(drawn)
    durations[-1] = max(durations[-1], PAUSE_AT_END)
    film = b""
    for count in COLOURS:
        if count < COLOURS[0]:
            palette = _palette(mosaic, count, look(theme))
            drawn = [
                frame.convert("RGB").quantize(palette=palette, dither=Image.Dither.NONE) for frame in drawn
            ]
        file = io.BytesIO()
        drawn[0].save(file, "GIF", save_all=True, append_images=drawn[1:], duration=durations, loop=0)
        film = file.getvalue()
        if len(film) <= largest:
            with whole_file(path) as part:
                part.write_bytes(film)
            return Path(path)
    raise ValueError(
        f"the film must fit into {largest:,} bytes; {len(drawn)} frames of {size:g} pixels took {len(film):,}; "
        "use fewer frames, a smaller size or fewer layers"
    )


def save_mp4(
    scenes: Sequence[Scene],
    path: str | Path,
    fps: float = 24,
    *,
    progress: Progress | None = None,
    size: float = 480,
    layers: Iterable[str] = LAYERS,
    theme: str = "light",
    texts: Mapping[str, str] = canvas.TEXTS,
) -> Path:
    """Write an MP4 (H.264) by the program ffmpeg; whole or not at all.

    Args:
        scenes: the film; all with the same extent.
        path: where to; its name ends in .mp4 and its folder is made.
        fps: frames a second, at most 50.
        progress: called with (frames drawn, frames in all); an exception from it stops the work.
        size: width in pixels.
        layers: as for `scene_figure`; so are the next two.
        theme: colours.
        texts: words.

    Returns:
        The path.

    Raises:
        ValueError: if ffmpeg is missing or fails, there is no scene, or fps is out of range.

    Example:
        >>> save_mp4([], "film.mp4")
        Traceback (most recent call last):
            ...
        ValueError: scenes must hold at least one scene and a single extent; got 0 scenes, 0 extents
    """
    _check(scenes, fps)
    program = shutil.which("ffmpeg")
    if program is None:
        raise ValueError("save_mp4 needs the program ffmpeg, which was not found; install it or use save_gif")
    frames = _frames(scenes, progress, size=size, layers=layers, theme=theme, texts=texts)
    first = next(frames)
    height, width = (side - side % 2 for side in first.shape[:2])  # H.264 wants even sizes
    raw = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}", "-r", f"{fps:g}", "-i", "-"]
    coded = ["-c:v", "libx264", "-pix_fmt", "yuv420p", "-movflags", "+faststart"]
    with whole_file(path) as part, tempfile.TemporaryFile() as log:
        command = [program, "-y", "-loglevel", "error", *raw, *coded, str(part)]
        encoder = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=log, stderr=log)
        assert encoder.stdin is not None
        try:
            for frame in itertools.chain([first], frames):
                encoder.stdin.write(frame[:height, :width].tobytes())
            encoder.stdin.close()
        except BrokenPipeError:
            pass  # what it says explains it better
        except BaseException:
            encoder.kill()
            raise
        finally:
            code = encoder.wait()
        if code:
            log.seek(0)
            complaint = log.read().decode(errors="replace").strip()
            raise ValueError(f"ffmpeg must be able to write H.264 video to {path}; it said: {complaint}")
    return Path(path)


def _check(scenes: Sequence[Scene], fps: float) -> None:
    extents = {scene.extent for scene in scenes}
    if len(extents) != 1:
        came = f"{len(scenes)} scenes, {len(extents)} extents"
        raise ValueError(f"scenes must hold at least one scene and a single extent; got {came}")
    if not 0 < fps <= FASTEST:
        raise ValueError(f"fps must be above 0 and at most {FASTEST}; got {fps!r}")


def _frames(scenes: Sequence[Scene], progress: Progress | None, **look: Any) -> Iterator[np.ndarray]:
    """Each scene as (height, width, 3) bytes, drawn with the same artists."""
    figure = SceneFigure(scenes, **look)
    for number, scene in enumerate(scenes, 1):
        figure.paint(scene)
        yield figure.pixels()
        if progress is not None:
            progress(number, len(scenes))


def _palette(seen: np.ndarray, count: int, theme: Theme) -> Image.Image:
    """So many colours for all frames: the theme's own exactly, which have a meaning, and the best for the rest."""
    meant = (theme.background, theme.ink, theme.real, theme.fake, theme.field_fake, theme.field_real)
    exact = np.array([[int(colour[k : k + 2], 16) for k in (1, 3, 5)] for colour in meant])
    best = np.reshape(Image.fromarray(seen).quantize(count - len(meant)).getpalette() or [], (-1, 3))
    # Pillow finds the nearest colour only roughly, so those beside the exact ones have to go
    apart = np.abs(best[:, None] - exact).max(-1).min(-1) >= CLOSE
    palette = Image.new("P", (1, 1))
    palette.putpalette(np.concatenate([exact, best[apart]]).ravel().tolist())
    return palette
