"""One picture of a run as arrays, and its compact binary form for the canvas.

A packed run is one blob, which the browser draws straight from the integers in it:

    "GAN1" | u32 length of the header | header: JSON | blocks    (header and blocks padded to multiples of 4)

    header = {"common": {...}, "frames": [{...}, ...], "settings": {...}}

A frame's description is `common` with the frame's own entries laid over it. `blocks` gives for every layer
`[offset, *shape]`, counted from the end of the header; `curves` gives `[role, offset, points]`, and `paths` one
object for each path, whose points are float32, because a radius is read over many powers of ten. Equal blocks
are stored once: real data that never moves costs nothing per frame. A single scene is a run of one frame; one
with paths plays by itself, a step at a time.

Coordinates are uint16 over `window`, the extent grown by its own width and height on each side, so that lines
leave the picture in the right direction; points beyond the window are moved to its edge, far outside of what
is drawn. The code 65535 marks a point that is not finite: it is not drawn, and a line has a gap there.
`field` and `tiles` are uint8 with 254 for probability one and 255 for "not finite".
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

LAYERS = ("field", "flow", "manifold", "data", "trails", "samples", "arrows", "paths", "curves", "tiles")
"""Every layer of a scene, in the order in which they are drawn."""
ROLES = ("real", "fake", "discriminator", "optimum")
"""What a curve over a 1-D target can show."""

READINGS = ("probability", "score", "critic")
"""What the shades of the field are: those of a score or a critic go from the lowest to the highest in the picture."""

MAGIC = b"GAN1"
POSITION_STEPS = 65534
SHADE_STEPS = 254
LARGEST = 1e30  # of a path's coordinates, well inside of float32

_SHAPES = {
    "data": ("points", 2),
    "samples": ("points", 2),
    "field": ("rows", "columns"),
    "flow": ("arrows", 4),
    "arrows": ("arrows", 4),
    "manifold": ("lines", "points", 2),
    "trails": ("trails", "points", 2),
    "tiles": ("tiles", "rows", "columns"),
}
_SHADES = ("field", "tiles")
_BYTES = (*_SHADES, "classes")


@dataclass(frozen=True, eq=False)
class Curve:
    """A line over a 1-D target.

    Args:
        points: `(K, 2)`, x and height.
        role: what it shows, one of `ROLES`.

    Raises:
        ValueError: if the shape or the role is wrong.

    Example:
        >>> Curve(points=[[0, 0], [1, 1]], role="real").points.shape
        (2, 2)
    """

    points: np.ndarray
    role: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "points", _array("curve", self.points, ("points", 2)))
        if self.role not in ROLES:
            raise ValueError(f"the role of a curve must be one of {', '.join(ROLES)}; got {self.role!r}")


@dataclass(frozen=True, eq=False)
class Path:
    """Where the two players of a planar game have been, and what theory says about it.

    Args:
        points: `(T, 2)`, x and y from the start on, one row a step; none for a path that is offered, not shown.
        name: what it is known by.
        label: what the legend calls it; the name unless given.
        words: what is seen, in a few words.
        style: number of its colour, marker and dashes.
        factor: by how much theory multiplies the distance from the origin each step.
        eigenvalues: `(E,)` complex, of one step's operator.
        guide: `(K, 2)` a line that theory says it stays on.

    Raises:
        ValueError: if a shape is wrong, a point of the path is not finite, or style is not a whole number.

    Example:
        >>> Path(points=[[1, 0], [0, 1]], name="simultaneous").label
        'simultaneous'
    """

    points: np.ndarray
    name: str
    label: str = ""
    words: str = ""
    style: int = 0
    factor: float | None = None
    eigenvalues: tuple[complex, ...] = ()
    guide: np.ndarray = field(default_factory=lambda: np.empty((0, 2)))

    def __post_init__(self) -> None:
        keep = object.__setattr__
        for name in ("points", "guide"):
            keep(self, name, _array(f"{name} of a path", getattr(self, name), ("points", 2)))
        if not np.isfinite(self.points).all():
            raise ValueError(
                f"points of a path must be finite; got {self.points[~np.isfinite(self.points)][0]}"
            )
        if not isinstance(self.style, int | np.integer) or self.style < 0:
            raise ValueError(f"style must be a whole number of at least 0; got {self.style!r}")
        keep(self, "style", int(self.style))
        keep(self, "label", self.label or self.name)
        keep(self, "eigenvalues", tuple(complex(value) for value in self.eigenvalues))


@dataclass(frozen=True, eq=False)
class Scene:
    """Everything that one picture of a run needs; every layer is optional.

    Args:
        extent: `(x_min, x_max, y_min, y_max)` of the picture, in data coordinates.
        step: training step, at least 0.
        caption: one line that says what is seen.
        title: short name of the picture, such as "A".
        data: `(M, 2)` real points.
        samples: `(N, 2)` generated points.
        classes: `(N,)` number of the generator that made each sample, 0 to 254.
        field: `(g, h)` what the discriminator says, in [0, 1], at evenly spaced nodes that include the edges of
            the extent; row 0 lies at y_min.
        reading: what that is, one of `READINGS`.
        flow: `(A, 4)` a vector field behind everything: x and y of each arrow's tail, then of its head.
        arrows: `(A, 4)` x and y of the tail, then of the head.
        manifold: `(L, K, 2)` lines, for instance the image of a grid of latent points.
        trails: `(S, T, 2)` where samples have been, oldest first.
        paths: steps of a planar game.
        axes: names of x and y.
        curves: lines over a 1-D target; the picture then gives up equal scales of x and y.
        tiles: `(n, h, w)` grey images in [0, 1], drawn as a sheet in place of the plane.
        highlight: names of layers to emphasise; the others are dimmed.
        notes: `(x, y, words)`: a line of text whose left end, at half height, is at that point.

    Raises:
        ValueError: if a shape, a range or a name is wrong. Values that are not finite are allowed.

    Example:
        >>> scene = Scene(extent=(-1, 1, -1, 1), step=3, samples=[[0.0, 0.5]])
        >>> unpack(pack(scene)).samples.round(3).tolist()
        [[0.0, 0.5]]
    """

    extent: tuple[float, float, float, float]
    step: int = 0
    caption: str = ""
    title: str = ""
    data: np.ndarray | None = None
    samples: np.ndarray | None = None
    classes: np.ndarray | None = None
    field: np.ndarray | None = None
    reading: str = "probability"
    flow: np.ndarray | None = None
    arrows: np.ndarray | None = None
    manifold: np.ndarray | None = None
    trails: np.ndarray | None = None
    paths: tuple[Path, ...] = ()
    curves: tuple[Curve, ...] = ()
    tiles: np.ndarray | None = None
    highlight: tuple[str, ...] = ()
    axes: tuple[str, str] = ("", "")
    notes: tuple[tuple[float, float, str], ...] = ()

    def __post_init__(self) -> None:
        keep = object.__setattr__
        keep(self, "extent", _extent(self.extent))
        if not isinstance(self.step, int | np.integer) or self.step < 0:
            raise ValueError(f"step must be a whole number of at least 0; got {self.step!r}")
        keep(self, "step", int(self.step))
        for name, shape in _SHAPES.items():
            value = getattr(self, name)
            if value is not None:
                keep(self, name, _array(name, value, shape))
        for name in _SHADES:
            value = getattr(self, name)
            # a comparison with NaN is false, so that values that are not finite pass
            if value is not None and bool(((value < 0) | (value > 1)).any()):
                low, high = np.nanmin(value), np.nanmax(value)
                raise ValueError(f"{name} must lie in [0, 1]; got {low:g} to {high:g}")
        keep(self, "classes", _classes(self.classes, self.samples))
        keep(self, "curves", tuple(self.curves))
        keep(self, "paths", tuple(self.paths))
        keep(self, "axes", tuple(self.axes))
        keep(self, "highlight", tuple(self.highlight))
        keep(self, "notes", tuple((float(x), float(y), str(words)) for x, y, words in self.notes))
        if self.reading not in READINGS:
            raise ValueError(f"reading must be one of {', '.join(READINGS)}; got {self.reading!r}")
        if unknown := set(self.highlight) - set(LAYERS):
            choices = ", ".join(LAYERS)
            raise ValueError(f"highlight must name layers; got {sorted(unknown)}; choose from {choices}")


def _array(name: str, value: Any, shape: tuple[str | int, ...]) -> np.ndarray:
    array = np.asarray(value)
    if array.dtype.kind not in "fiub":
        raise ValueError(f"{name} must hold real numbers; got dtype {array.dtype}")
    fits = array.ndim == len(shape) and all(
        size == want for size, want in zip(array.shape, shape, strict=True) if isinstance(want, int)
    )
    if not fits:
        raise ValueError(f"{name} must have shape ({', '.join(map(str, shape))}); got {array.shape}")
    return array


def _extent(value: Any) -> tuple[float, float, float, float]:
    edges = tuple(float(edge) for edge in value)
    if len(edges) != 4 or not np.isfinite(edges).all() or edges[0] >= edges[1] or edges[2] >= edges[3]:
        raise ValueError(f"extent must be finite (x_min, x_max, y_min, y_max) with min < max; got {edges}")
    return edges


def _classes(classes: Any, samples: np.ndarray | None) -> np.ndarray | None:
    if classes is None:
        return None
    array = np.asarray(classes)
    count = None if samples is None else len(samples)
    if array.shape != (count,) or array.dtype.kind not in "iub":
        came = f"{array.dtype} {array.shape}"
        raise ValueError(f"classes must hold one whole number per sample ({count}); got {came}")
    if array.size and not (array.min() >= 0 and array.max() <= SHADE_STEPS):
        raise ValueError(f"classes must lie between 0 and {SHADE_STEPS}; got {array.min()} to {array.max()}")
    return array.astype(np.uint8)


def _window(extent: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
    x_min, x_max, y_min, y_max = extent
    width, height = x_max - x_min, y_max - y_min
    return x_min - width, x_max + width, y_min - height, y_max + height


def _encode_points(points: np.ndarray, extent: tuple[float, float, float, float]) -> np.ndarray:
    x_low, x_high, y_low, y_high = _window(extent)
    low, span = np.array([x_low, y_low]), np.array([x_high - x_low, y_high - y_low])
    pairs = points.reshape(-1, 2).astype(np.float64)
    finite = np.isfinite(pairs).all(axis=1, keepdims=True)
    codes = np.rint((np.where(finite, pairs, 0) - low) / span * POSITION_STEPS)
    codes = np.where(finite, np.clip(codes, 0, POSITION_STEPS), POSITION_STEPS + 1)
    return codes.astype("<u2").reshape(points.shape)


def _decode_points(codes: np.ndarray, extent: tuple[float, float, float, float]) -> np.ndarray:
    x_low, x_high, y_low, y_high = _window(extent)
    low, span = np.array([x_low, y_low]), np.array([x_high - x_low, y_high - y_low])
    pairs = codes.reshape(-1, 2).astype(np.float64)
    pairs[pairs > POSITION_STEPS] = np.nan
    return (low + pairs / POSITION_STEPS * span).reshape(codes.shape)


def _encode_shades(shades: np.ndarray) -> np.ndarray:
    finite = np.isfinite(shades)
    codes = np.rint(np.where(finite, shades, 0) * SHADE_STEPS)
    return np.where(finite, codes, SHADE_STEPS + 1).astype(np.uint8)


def _decode_shades(codes: np.ndarray) -> np.ndarray:
    return np.where(codes > SHADE_STEPS, np.nan, codes / SHADE_STEPS)


def _float32(points: np.ndarray) -> np.ndarray:
    return np.clip(points, -LARGEST, LARGEST).astype("<f4")


class _Body:
    """The blocks after the header; equal blocks share one place."""

    def __init__(self) -> None:
        self.parts: list[bytes] = []
        self.size = 0
        self.places: dict[bytes, int] = {}

    def add(self, codes: np.ndarray) -> int:
        block = codes.tobytes()
        if block not in self.places:
            self.places[block] = self.size
            padded = block + bytes(-len(block) % 4)
            self.parts.append(padded)
            self.size += len(padded)
        return self.places[block]


def _describe(scene: Scene, body: _Body) -> dict[str, Any]:
    blocks = {}
    for name in (*_SHAPES, "classes"):
        value = getattr(scene, name)
        if value is not None:
            if name == "classes":
                codes = value
            else:
                codes = _encode_shades(value) if name in _SHADES else _encode_points(value, scene.extent)
            blocks[name] = [body.add(codes), *value.shape]
    curves = [[c.role, body.add(_encode_points(c.points, scene.extent)), len(c.points)] for c in scene.curves]
    paths = [
        {
            "name": path.name,
            "label": path.label,
            "words": path.words,
            "style": path.style,
            "factor": path.factor,
            "eigenvalues": [[value.real, value.imag] for value in path.eigenvalues],
            "points": [body.add(_float32(path.points)), len(path.points)],
            "guide": [body.add(_float32(path.guide)), len(path.guide)],
        }
        for path in scene.paths
    ]
    return {
        "extent": scene.extent,
        "window": _window(scene.extent),
        "step": scene.step,
        "caption": scene.caption,
        "title": scene.title,
        "highlight": scene.highlight,
        "reading": scene.reading,
        "notes": scene.notes,
        "axes": scene.axes,
        "curves": curves,
        "paths": paths,
        "blocks": blocks,
    }


def pack(scene: Scene) -> bytes:
    """Pack one scene: about 6.5 kB for 1,000 points and a 50 x 50 field.

    Args:
        scene: the picture.

    Returns:
        Bytes as described at the top of this module; `unpack` reads them back.

    Example:
        >>> len(pack(Scene(extent=(-1, 1, -1, 1))))
        252
    """
    return pack_run([scene], {})


def pack_run(scenes: Iterable[Scene], settings: Mapping[str, Any] | None = None) -> bytes:
    """Pack the frames of a run in one blob, what they have in common only once.

    Args:
        scenes: at least one scene, all with the same extent, so that the axes never jump.
        settings: what the run was made with; kept as JSON and shown to the reader.

    Returns:
        Bytes: under 2 MB for 300 frames of 1,000 points and a 50 x 50 field.

    Raises:
        ValueError: if there is no scene, the extents differ, or the settings are not JSON.

    Example:
        >>> scenes = [Scene(extent=(-1, 1, -1, 1), step=step) for step in range(3)]
        >>> [scene.step for scene in unpack_run(pack_run(scenes, {"seed": 0}))[0]]
        [0, 1, 2]
    """
    scenes = list(scenes)
    extents = sorted({scene.extent for scene in scenes})
    if len(extents) != 1:
        came = f"{len(scenes)} scenes, {len(extents)} extents {extents[:3]}"
        raise ValueError(f"a run must hold at least one scene and a single extent; got {came}")
    body = _Body()
    frames = [_describe(scene, body) for scene in scenes]
    common = {key: value for key, value in frames[0].items() if all(frame[key] == value for frame in frames)}
    blocks = {
        name: place
        for name, place in frames[0]["blocks"].items()
        if all(frame["blocks"].get(name) == place for frame in frames)
    }
    common["blocks"] = blocks
    for frame in frames:
        for key in common.keys() - {"blocks"}:
            del frame[key]
        frame["blocks"] = {name: place for name, place in frame["blocks"].items() if name not in blocks}
    return _assemble({"common": common, "frames": frames, "settings": dict(settings or {})}, body)


def _assemble(header: dict[str, Any], body: _Body) -> bytes:
    try:
        text = json.dumps(header, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()
    except (TypeError, ValueError) as error:
        raise ValueError(f"settings must be JSON (text, finite numbers, lists, dicts); got {error}") from None
    text += b" " * (-len(text) % 4)
    return b"".join([MAGIC, len(text).to_bytes(4, "little"), text, *body.parts])


def unpack(packed: bytes) -> Scene:
    """Read back one packed scene, each value to within half a quantum.

    Args:
        packed: what `pack` returned.

    Returns:
        The scene.

    Raises:
        ValueError: if the bytes are not one packed scene.

    Example:
        >>> unpack(pack(Scene(extent=(-1, 1, -1, 1), caption="hello"))).caption
        'hello'
    """
    scenes, _ = unpack_run(packed)
    if len(scenes) != 1:
        raise ValueError(f"a packed scene must hold one frame; got {len(scenes)}; use unpack_run")
    return scenes[0]


def unpack_run(packed: bytes) -> tuple[list[Scene], dict[str, Any]]:
    """Read back a packed run.

    Args:
        packed: what `pack_run` returned.

    Returns:
        The scenes and the settings.

    Raises:
        ValueError: if the bytes are not a packed run.

    Example:
        >>> unpack_run(pack_run([Scene(extent=(-1, 1, -1, 1))], {"seed": 7}))[1]
        {'seed': 7}
    """
    if packed[:4] != MAGIC:
        raise ValueError(f"a packed run must begin with {MAGIC!r}; got {packed[:4]!r}")
    start = 8 + int.from_bytes(packed[4:8], "little")
    try:
        header = json.loads(packed[8:start])
        body = memoryview(packed)[start:]
        return [_scene(header["common"], frame, body) for frame in header["frames"]], header["settings"]
    except (
        KeyError,
        TypeError,
        AttributeError,
        UnicodeDecodeError,
        RecursionError,
        OverflowError,
        ValueError,
    ) as error:
        came = f"{len(packed)} bytes: {error}"
        raise ValueError(f"a packed run must be whole and unchanged; got {came}") from None


def _scene(common: dict[str, Any], own: dict[str, Any], body: memoryview) -> Scene:
    frame = {**common, **own, "blocks": {**common["blocks"], **own["blocks"]}}
    extent = _extent(frame["extent"])
    layers: dict[str, Any] = {}
    for name, (offset, *shape) in frame["blocks"].items():
        codes = _block(body, offset, shape, np.dtype(np.uint8) if name in _BYTES else np.dtype("<u2"))
        if name == "classes":
            layers[name] = codes
        else:
            layers[name] = _decode_shades(codes) if name in _SHADES else _decode_points(codes, extent)
    curves = tuple(
        Curve(_decode_points(_block(body, offset, [points, 2], np.dtype("<u2")), extent), role)
        for role, offset, points in frame["curves"]
    )
    return Scene(
        extent=extent,
        step=frame["step"],
        caption=frame["caption"],
        title=frame["title"],
        highlight=tuple(frame["highlight"]),
        reading=frame.get("reading", READINGS[0]),
        notes=tuple(tuple(note) for note in frame.get("notes", ())),
        axes=tuple(frame.get("axes", ("", ""))),
        curves=curves,
        paths=tuple(_path(entry, body) for entry in frame.get("paths", ())),
        **layers,
    )


def _path(entry: Mapping[str, Any], body: memoryview) -> Path:
    lines = {
        name: _block(body, entry[name][0], [entry[name][1], 2], np.dtype("<f4"))
        for name in ("points", "guide")
    }
    numbers = tuple(complex(*value) for value in entry["eigenvalues"])
    return Path(**{**entry, **lines, "eigenvalues": numbers})


def _block(body: memoryview, offset: int, shape: list[int], dtype: np.dtype) -> np.ndarray:
    if offset < 0 or min(shape) < 0:
        raise ValueError(f"offset and shape of a block must be at least 0; got {offset}, {shape}")
    return np.frombuffer(body, dtype=dtype, count=math.prod(shape), offset=offset).reshape(shape)
