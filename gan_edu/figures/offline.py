"""A recorded run as one HTML file that plays without a kernel and without a network."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from html import escape
from string import Template
from typing import Any

from gan_edu.figures.canvas import MODULE, PAGE, STYLE, TEXTS
from gan_edu.figures.palette import PALETTE, Palette
from gan_edu.scenes import LAYERS, unpack_run


def offline_page(
    run: bytes,
    *,
    title: str,
    caption: str,
    palette: Palette = PALETTE,
    notes: str = "",
    texts: Mapping[str, str] = TEXTS,
) -> str:
    """One HTML page that plays a packed run with the same canvas as the notebook; under 3 MB for 300 frames.

    Args:
        run: what `gan_edu.scenes.pack_run` returned; its settings are listed under the picture.
        title: heading of the page, and the picture's alternative text.
        caption: a sentence under the heading.
        palette: colours and fonts.
        notes: text under the picture, line breaks kept.
        texts: words of the canvas.

    Returns:
        The HTML, which asks for nothing over the network and whose content security policy forbids it.

    Raises:
        ValueError: if `run` is not a packed run.

    Example:
        >>> from gan_edu.scenes import Scene, pack_run
        >>> run = pack_run([Scene(extent=(-1, 1, -1, 1))], {"seed": 0})
        >>> "<dt>seed</dt><dd>0</dd>" in offline_page(run, title="A ring", caption="Watch the modes.")
        True
    """
    _, settings = unpack_run(run)
    state = {
        "mode": "player",
        "layers": LAYERS,
        "size": 720,
        "theme": "auto",
        "palette": palette.to_dict(),
        "texts": dict(texts),
        "alt": title,
        "strokes": [],
        "autoplay": True,
        "position": 0,
    }
    words = {
        "locale": texts["locale"],
        "title": title,
        "caption": caption,
        "notes": notes,
    }
    page_colours = {
        f"{name}_{part}": getattr(theme, part)
        for name, theme in (("light", palette.light), ("dark", palette.dark))
        for part in ("background", "ink", "muted")
    }
    return Template(PAGE).substitute(
        {name: escape(value) for name, value in words.items()},
        settings="".join(_setting(name, value) for name, value in settings.items()),
        style=STYLE,
        font_family=palette.font_family,
        run=base64.b64encode(run).decode("ascii"),
        module=MODULE,
        state=json.dumps(state, ensure_ascii=False).replace("<", "\\u003c"),
        **page_colours,
    )


def _setting(name: str, value: Any) -> str:
    shown = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return f"<dt>{escape(name)}</dt><dd>{escape(shown)}</dd>"
