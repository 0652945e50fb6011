"""The stage: one canvas that shows a live run, plays a recorded one, or takes a drawing."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any

import anywidget
from traitlets import Bool, Bytes, Dict, Enum, Float, Int, List, Unicode

from gan_edu.figures.canvas import MODULE, STYLE, TEXTS
from gan_edu.figures.palette import PALETTE
from gan_edu.scenes import LAYERS, Scene, pack

FRAMES_IN_FLIGHT = 4
"""Frames that may be under way to the browser: they hide the server's delay, and are too few for a queue."""
PATIENCE = 1.0
"""Seconds without news from the browser after which the frames under way count as lost."""


class Stage(anywidget.AnyWidget):
    """A canvas for scenes, paced by what the browser has really drawn.

    Args:
        on_theme: called when the browser shows another theme (`shown_theme`), for what is drawn beside the stage.
        scene: the packed frame that is on show, for a view that opens late or a page that is loaded again.
        run: a packed run for the player.
        mode: "live" for `show`, "player" for `run`, "draw" to take strokes, "paths" for `show` with paths that play.
        layers: names of the layers to draw, from `LAYERS`; the legend's buttons change it too.
        offered: layers that the legend's buttons offer though no scene has had them yet.
        size: greatest width in CSS pixels; the canvas shrinks to its container.
        theme: "auto" (follows JupyterLab or the system), "light" or "dark".
        alt: what the picture is, for those who cannot see it; the caption is added to it.
        strokes: what was drawn: a list of strokes, each a list of `[x, y]` in data coordinates.
        autoplay: whether the player starts by itself; it never does for readers who ask for reduced motion.
        position: the player's frame, told when it pauses or is moved; setting it moves the player.
        start: where paths begin, `[x, y]`; the reader moves it.
        chosen: names of the paths that are switched on; None for all of them.
        palette, texts: colours and words.

    Example:
        >>> stage = Stage(size=480, alt="generated and real points")
        >>> stage.show(Scene(extent=(-1, 1, -1, 1), step=1))
        False
    """

    _esm = MODULE
    _css = STYLE

    scene = Bytes(pack(Scene(extent=(-3, 3, -3, 3)))).tag(sync=True)
    run = Bytes().tag(sync=True)
    mode = Enum(["live", "player", "draw", "paths"], "live").tag(sync=True)
    layers = List(Unicode(), list(LAYERS)).tag(sync=True)
    offered = List(Unicode()).tag(sync=True)
    size = Int(480).tag(sync=True)
    theme = Enum(["auto", "light", "dark"], "auto").tag(sync=True)
    palette = Dict(PALETTE.to_dict()).tag(sync=True)
    texts = Dict(TEXTS).tag(sync=True)
    alt = Unicode().tag(sync=True)
    strokes = List().tag(sync=True)
    autoplay = Bool(False).tag(sync=True)
    position = Int(0).tag(sync=True)
    start = List(Float(), [1.0, 0.0], 2, 2).tag(sync=True)
    chosen = List(Unicode(), None, allow_none=True).tag(sync=True)

    def __init__(self, on_theme: Callable[[], None] = lambda: None, **traits: Any) -> None:
        # frames are sent by a worker thread, news of drawn ones comes on another
        self._news = threading.Condition()
        self._streaming = False
        self._viewed = False
        self._on_theme = on_theme
        self.shown_theme = "light"
        self._newest = 0
        self._sent = 0
        self._drawn = 0
        self._in_flight: deque[int] = deque()
        self._heard = 0.0
        super().__init__(**traits)
        self.on_msg(self._receive)

    @property
    def drawn(self) -> int:
        """Number of the newest frame that a browser has drawn; `show` counts frames from 1."""
        return self._drawn

    @property
    def viewed(self) -> bool:
        """Whether a browser has shown this stage."""
        return self._viewed

    def show(self, scene: Scene) -> bool:
        """Show a scene as soon as the browser is ready for it; never blocks, and may come from any thread.

        Args:
            scene: the picture. If the browser is busy it is kept, and sent later unless a newer one has come.

        Returns:
            Whether the frame was sent at once.
        """
        packed = pack(scene)
        with self._news:
            self._newest += 1
            # `scene` is kept for views that come late, but not sent a second time
            self._streaming = True
            try:
                self.scene = packed
            finally:
                self._streaming = False
            return self._send_newest()

    def wait(self, timeout: float = PATIENCE, behind: int = 0) -> bool:
        """Wait until a browser has drawn the newest frame; call it from a worker thread, never from a cell.

        Args:
            timeout: greatest wait in seconds.
            behind: how many frames the browser may be behind.

        Returns:
            Whether it was drawn; False at once when no browser shows this widget.
        """
        with self._news:
            newest = self._newest
            return self._viewed and self._news.wait_for(lambda: self._drawn >= newest - behind, timeout)

    def _send_newest(self) -> bool:
        now = time.monotonic()
        if self._in_flight and now - self._heard > PATIENCE:
            self._in_flight.clear()
        if not self._viewed or self._sent == self._newest or len(self._in_flight) >= FRAMES_IN_FLIGHT:
            return False
        if not self._in_flight:
            self._heard = now
        self._sent = self._newest
        self._in_flight.append(self._newest)
        self.send({"frame": self._newest}, buffers=[self.scene])
        return True

    def _receive(self, _widget: Any, content: dict[str, Any], _buffers: Any) -> None:
        with self._news:
            self._heard = time.monotonic()
            self._viewed, themed = True, False
            if content["kind"] == "theme":
                themed, self.shown_theme = content["theme"] != self.shown_theme, content["theme"]
            elif content["kind"] == "ready":
                # the new view needs the current frame even if others have it
                self._in_flight.clear()
                self._sent = 0
            else:
                self._drawn = max(self._drawn, content["frame"])
                while self._in_flight and self._in_flight[0] <= self._drawn:
                    self._in_flight.popleft()
            self._send_newest()
            self._news.notify_all()
        if themed:
            self._on_theme()

    def _should_send_property(self, key: str, value: Any) -> bool:
        return not (key == "scene" and self._streaming) and super()._should_send_property(key, value)
