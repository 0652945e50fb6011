"""A strip of small pictures: what a handout shows, and a page where widgets can't be."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping, Sequence

from gan_edu.figures import canvas
from gan_edu.figures.picture import FONT, Picture, legend, look
from gan_edu.figures.scene_figure import LINE, ROW, ScenePainter, headline, height_of, legend_entries
from gan_edu.figures.texts import TEXTS
from gan_edu.scenes import LAYERS, Scene

GAP = 8
LEGEND = 130  # pixels of an entry of the legend
LETTER = 8


def strip(
    scenes: Sequence[Scene],
    *,
    columns: int = 5,
    width: float = 1000,
    layers: Iterable[str] = LAYERS,
    theme: str = "light",
    stage_texts: Mapping[str, str] = canvas.TEXTS,
    texts: Mapping[str, str] = TEXTS,
) -> Picture:
    """Moments of a training beside each other, in reading order, with one legend.

    Args:
        scenes: the moments; title and caption, or the step, stand above each.
        columns: pictures in a row, at most.
        width: of the whole, in pixels.
        layers: names of the layers to draw.
        theme: "light" or "dark".
        stage_texts: words of the legend.
        texts: words of the alternative text.

    Returns:
        A figure whose alternative text tells every moment; `png()` gives its bytes.

    Raises:
        ValueError: if there is no scene, `columns` is below 1, or a layer, the width or the theme is unknown.

    Example:
        >>> scenes = [Scene(extent=(-1, 1, -1, 1), samples=[[0.0, k / 3]], step=k) for k in range(3)]
        >>> strip(scenes).alt
        '3 moments of a training: step 0; step 1; step 2'
    """
    if not scenes or columns < 1:
        raise ValueError(f"strip needs a scene and a column; got {len(scenes)} scenes and {columns} columns")
    columns = min(columns, len(scenes))
    rows, layers = -(-len(scenes) // columns), tuple(layers)
    side = (width - GAP) / columns - GAP
    letters = max(8, int(side / LETTER))
    words = [headline(scene, stage_texts) for scene in scenes]
    heads = [textwrap.wrap(text, letters) for text in words]
    above = LINE * max(len(lines) for lines in heads) + 4
    tall = side * max(height_of(scene, layers) for scene in scenes)
    entries = legend_entries(scenes, layers, look(theme), stage_texts)
    across = max(1, int(width // LEGEND))
    height = 2 * GAP + rows * (above + tall + GAP) + ROW * -(-len(entries) // across)
    alt = f"{texts['strip'].format(count=len(scenes))}: {'; '.join(words)}"
    figure = Picture(width, height, theme=theme, alt=alt)
    for number, scene in enumerate(scenes):
        row, column = divmod(number, columns)
        left = GAP + column * (side + GAP)
        bottom = height - GAP - (row + 1) * (above + tall) - row * GAP
        axes = figure.add_axes((left / width, bottom / height, side / width, tall / height))
        ScenePainter(axes, figure.theme, layers, stage_texts).paint(scene)
        axes.tick_params(labelbottom=False, labelleft=False, length=0)
        top = (bottom + tall + above) / height
        look_of_text = {
            "color": figure.theme.ink,
            "fontsize": FONT,
            "va": "top",
            "parse_math": False,
            "linespacing": 1.3,
        }
        figure.text(left / width, top, "\n".join(heads[number]), **look_of_text)
    if entries:
        legend(figure, figure.theme, bbox_to_anchor=(0, 0), ncols=across, handles=entries)
    return figure
