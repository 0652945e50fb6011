"""A recorded run as one HTML file that plays without a kernel and without a network."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from html import escape
from typing import Any

from gan_edu.figures.canvas import MODULE, STYLE, TEXTS
from gan_edu.figures.palette import PALETTE, Palette
from gan_edu.scenes import LAYERS, unpack_run

_PAGE = """<!doctype html>
<html lang="{locale}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'">
<title>{title}</title>
<style>
{style}
:root {{ color-scheme: light dark; --page: {light.background}; --ink: {light.ink}; --muted: {light.muted}; }}
@media (prefers-color-scheme: dark) {{
  :root {{ --page: {dark.background}; --ink: {dark.ink}; --muted: {dark.muted}; }}
}}
body {{ max-width: 760px; margin: 24px auto; padding: 0 12px; background: var(--page); color: var(--ink);
  font: 16px/1.5 {font_family}; }}
h1 {{ font-size: 1.5em; margin: 0 8px; }}
p {{ margin: 8px; }}
p.notes {{ white-space: pre-line; }}
dl {{ display: grid; grid-template-columns: max-content 1fr; gap: 2px 16px; margin: 8px; color: var(--muted); }}
dd {{ margin: 0; }}
</style>
</head>
<body>
<h1>{title}</h1>
<p>{caption}</p>
<div id="stage"></div>
{notes}
<dl>{settings}</dl>
<script type="application/octet-stream" id="run">{run}</script>
<script type="module">
{module}
const run = Uint8Array.from(atob(document.getElementById("run").textContent), (letter) => letter.charCodeAt(0));
const state = {{ ...{state}, run, scene: run }};
const model = {{
  get: (name) => state[name],
  set: (name, value) => {{ state[name] = value; }},
  save_changes() {{}},
  on() {{}},
  send() {{}},
}};
render({{ model, el: document.getElementById("stage") }});
</script>
</body>
</html>
"""


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
        The HTML, which asks for nothing over the network and says so in its content security policy.

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
    return _PAGE.format(
        locale=escape(texts["locale"]),
        title=escape(title),
        caption=escape(caption),
        notes=f'<p class="notes">{escape(notes)}</p>' if notes else "",
        settings="".join(f"<dt>{escape(str(name))}</dt><dd>{escape(_words(value))}</dd>" for name, value in settings.items()),
        style=STYLE,
        light=palette.light,
        dark=palette.dark,
        font_family=palette.font_family,
        run=base64.b64encode(run).decode("ascii"),
        module=MODULE,
        state=json.dumps(state, ensure_ascii=False).replace("<", "\\u003c"),
    )


def _words(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
