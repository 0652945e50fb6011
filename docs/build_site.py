"""Static pages of the notebooks: `python docs/build_site.py` writes `site/`, readable without a kernel or a network.

Each notebook is run, and its page holds the code, the printed figures, the quiz as text, and in place of the lab the
recorded run, which plays. Equations become pictures whose alternative text is their source. Nothing is fetched.
`--slides` adds a reveal.js lecture of each notebook with its speaker notes (`S` opens them); that needs reveal.js,
from the network or from a local copy named by `--reveal`.
"""

from __future__ import annotations

import argparse
import base64
import copy
import io
import re
import tempfile
from html import escape, unescape
from pathlib import Path
from string import Template

import nbformat
from matplotlib.figure import Figure
from nbclient import NotebookClient
from nbconvert import HTMLExporter, SlidesExporter
from nbformat import NotebookNode
from PIL import Image
from pygments.formatters import HtmlFormatter

from gan_edu.figures.canvas import TEXTS
from gan_edu.figures.offline import offline_page
from gan_edu.figures.palette import PALETTE
from gan_edu.labs.recorded import load

ROOT = Path(__file__).parents[1]
WIDGET = "application/vnd.jupyter.widget-view+json"
FONT_SIZE = 17  # pixels
COLOURS = 128
"""Of a figure: shades of a few colours, so that a palette is enough and a page stays below 3 MB."""

WORDS = {
    "player": "The lab itself needs a kernel. This is a recorded run of it: play it, drag the timeline, hide layers.",
    "caption": "A recorded run of the preset “{preset}”.",
    "kernel": "This is the static page of a notebook. Run it to train live and to have your answers checked.",
}

PAGE = Template("""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy"
  content="default-src 'none'; img-src data:; script-src 'unsafe-inline'; style-src 'unsafe-inline'">
<title>$title</title>
<style>
$pygments
body { max-width: 980px; margin: 0 auto; padding: 16px; font: ${size}px/1.55 $family; }
body { color: $ink; background: $paper; }
h1, h2, h3 { line-height: 1.25; }
h2 { margin-top: 2em; border-bottom: 1px solid $grid; }
a { color: $focus; }
.anchor-link, .prompt, .jp-InputPrompt, .jp-OutputPrompt, .jp-Cell-inputCollapser, .jp-Cell-outputCollapser,
  .jp-Collapser { display: none; }
pre { overflow-x: auto; font-size: 14px; line-height: 1.4; margin: 0; padding: 10px 12px; }
.highlight { background: $panel; border-radius: 4px; margin: 8px 0; }
code { font-size: 0.92em; }
:not(pre) > code { background: $panel; padding: 0 3px; border-radius: 3px; }
img { max-width: 100%; height: auto; }
img.math { vertical-align: middle; max-width: 100%; }
p.math { text-align: center; overflow-x: auto; }
table { border-collapse: collapse; display: block; overflow-x: auto; }
th, td { border: 1px solid $grid; padding: 3px 10px; text-align: left; }
details { margin: 6px 0; padding: 4px 12px; background: $panel; border-radius: 4px; }
summary { cursor: pointer; }
iframe { width: 100%; height: 1040px; border: 1px solid $grid; border-radius: 4px; }
.static { color: $muted; font-size: 14px; }
:focus-visible { outline: 3px solid $focus; }
</style>
</head>
<body>
<p class="static">$kernel</p>
<main>
$body
</main>
</body>
</html>
""")


def build(folder: Path, names: list[str] | None = None, reveal: str | None = None) -> list[Path]:
    """Run notebooks and write their pages.

    Args:
        folder: Where the pages go; made if it is not there.
        names: Of notebooks, without the ending; all of them by default.
        reveal: Address of reveal.js for slides; no slides without it.

    Returns:
        The files.
    """
    folder.mkdir(parents=True, exist_ok=True)
    names = names or sorted(path.stem for path in (ROOT / "notebooks").glob("*.ipynb"))
    written = []
    for name in names:
        done = executed(nbformat.read(ROOT / "notebooks" / f"{name}.ipynb", as_version=4))
        pages = {f"{name}.html": page(done)} | (
            {f"{name}.slides.html": slides(done, reveal)} if reveal else {}
        )
        for file, html in pages.items():
            (folder / file).write_text(html, encoding="utf-8")
            written.append(folder / file)
    index = folder / "index.html"
    index.write_text(
        f'<!doctype html><meta http-equiv="refresh" content="0; url={names[0]}.html">', encoding="utf-8"
    )
    return [*written, index]


def executed(notebook: NotebookNode) -> NotebookNode:
    """A notebook with its outputs, run in an empty folder."""
    with tempfile.TemporaryDirectory() as empty:
        resources = {"metadata": {"path": empty}}
        # lines that were printed one after the other belong together
        asked = {"timeout": 300, "store_widget_state": False, "coalesce_streams": True}
        return NotebookClient(notebook, resources=resources, **asked).execute()


def page(notebook: NotebookNode) -> str:
    """The page of an executed notebook."""
    still = without_widgets(notebook)
    for cell in still.cells:
        if cell.cell_type == "markdown":
            cell.source = linked(with_pictures_of_math(cell.source))
    body, _ = HTMLExporter(template_name="basic").from_notebook_node(still)
    light = PALETTE.light
    return PAGE.substitute(
        title=escape(title_of(notebook)),
        body=body,
        kernel=escape(WORDS["kernel"]),
        pygments=HtmlFormatter(style="default").get_style_defs(".highlight"),
        family=PALETTE.font_family,
        size=FONT_SIZE,
        ink=light.ink,
        paper=light.background,
        panel=light.panel,
        grid=light.grid,
        muted=light.muted,
        focus=light.focus,
    )


def slides(notebook: NotebookNode, reveal: str) -> str:
    """The lecture of an executed notebook, the speaker notes of its cells included."""
    show = without_widgets(notebook)
    cells = []
    for cell in show.cells:
        cells.append(cell)
        if note := cell.metadata.get("gan_edu", {}).get("notes"):
            cells.append(nbformat.v4.new_markdown_cell(note, metadata={"slideshow": {"slide_type": "notes"}}))
    show.cells = cells
    html, _ = SlidesExporter(reveal_url_prefix=reveal).from_notebook_node(show)
    return html


def title_of(notebook: NotebookNode) -> str:
    """The first heading."""
    return re.search(r"^# (.+)$", notebook.cells[0].source, re.M)[1]  # type: ignore[index]


def without_widgets(notebook: NotebookNode) -> NotebookNode:
    """A copy in which the lab is a player, other widgets are text, and figures are small."""
    still = copy.deepcopy(notebook)
    for cell in still.cells:
        if cell.cell_type != "code":
            continue
        kept = []
        for output in cell.outputs:
            data = output.get("data", {})
            if WIDGET in data:
                del data[WIDGET]
                data.pop("text/plain", None)
            if "text/html" in data:
                data["text/html"] = with_small_pictures(data["text/html"])
            if output.output_type in ("stream", "error") or data:
                kept.append(output)
        if preset := cell.metadata.get("gan_edu", {}).get("recorded"):
            kept = [nbformat.v4.new_output("display_data", {"text/html": player(preset)})]
        cell.outputs = kept
    return still


def player(preset: str) -> str:
    """The recorded run of a preset in a frame of its own, which may run its script and nothing else."""
    title = WORDS["caption"].format(preset=preset)
    run, beside = load(preset)
    inner = offline_page(run, title=preset, caption=title, texts={**TEXTS, **beside.get("texts", {})})
    frame = f'<iframe title="{escape(title)}" sandbox="allow-scripts" srcdoc="{escape(inner)}"></iframe>'
    return f'<p class="static">{escape(WORDS["player"])}</p>{frame}'


def with_small_pictures(html: str) -> str:
    """HTML whose embedded PNG pictures have a palette."""

    def small(match: re.Match[str]) -> str:
        file = io.BytesIO()
        picture = Image.open(io.BytesIO(base64.b64decode(match[1]))).convert("RGB")
        picture.quantize(COLOURS, dither=Image.Dither.NONE).save(file, "png", optimize=True)
        return f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode('ascii')}"

    return re.sub(r"data:image/png;base64,([A-Za-z0-9+/=]+)", small, html)


def with_pictures_of_math(text: str) -> str:
    """Markdown whose `$…$` and `$$…$$` are pictures; code stays as it is."""
    parts = re.split(r"(```.*?```|`[^`\n]*`)", text, flags=re.S)
    for k in range(0, len(parts), 2):
        parts[k] = re.sub(
            r"\$\$(.+?)\$\$", lambda m: f'<p class="math">{math(m[1])}</p>', parts[k], flags=re.S
        )
        parts[k] = re.sub(r"(?<![\\$])\$([^$\n]+)\$", lambda m: math(m[1]), parts[k])
    return "".join(parts)


def math(source: str) -> str:
    """An equation as a picture with its source as alternative text."""
    source = " ".join(unescape(source).split())
    figure = Figure(figsize=(0.01, 0.01))
    figure.text(
        0, 0, f"${source}$", fontsize=FONT_SIZE * 0.85, color=PALETTE.light.ink, math_fontfamily="stix"
    )
    file = io.BytesIO()
    figure.savefig(
        file, format="svg", bbox_inches="tight", pad_inches=0.02, transparent=True, metadata={"Date": None}
    )
    svg = file.getvalue()
    width, height = (float(v) for v in re.search(rb'width="([\d.]+)pt" height="([\d.]+)pt"', svg).groups())  # type: ignore[union-attr]
    size = f'width="{width * 4 / 3:.1f}" height="{height * 4 / 3:.1f}"'
    data = base64.b64encode(svg).decode("ascii")
    return f'<img class="math" alt="{escape(source)}" {size} src="data:image/svg+xml;base64,{data}">'


def linked(text: str) -> str:
    """Markdown whose links to notebooks lead to their pages."""
    return re.sub(r"\]\((\w+)\.ipynb\)", r"](\1.html)", text)


def main() -> None:
    """Read the command line and build."""
    reader = argparse.ArgumentParser(description="Build the static pages of the notebooks.")
    reader.add_argument("names", nargs="*", help="notebooks without their ending; all by default")
    reader.add_argument("--out", type=Path, default=ROOT / "site")
    reader.add_argument("--slides", action="store_true", help="also reveal.js lectures")
    reader.add_argument(
        "--reveal", default=SlidesExporter().reveal_url_prefix, help="address or folder of reveal.js"
    )
    asked = reader.parse_args()
    for path in build(asked.out, asked.names, asked.reveal if asked.slides else None):
        print(f"{path}  {path.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
