"""Figures: what they hold, not how they look. Arrays in, figure out; nothing is computed, shown or remembered."""

from __future__ import annotations

import math
import os
import re
import stat
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.patches import Rectangle
from PIL import Image
from plotly import graph_objects

from gan_edu.figures.animation import save_gif, save_mp4
from gan_edu.figures.charts import (
    MOST_POINTS,
    Panel,
    loss_panel,
    metric_panel,
    modes_panel,
    training_chart,
    update_training_chart,
)
from gan_edu.figures.heat_map import cell_edges, colour_scale, ink_on
from gan_edu.figures.mode_map import mode_map
from gan_edu.figures.palette import PALETTE
from gan_edu.figures.picture import Picture
from gan_edu.figures.population import coverage_histogram, sample_grid
from gan_edu.figures.scene_figure import SceneFigure, scene_figure
from gan_edu.figures.stability_map import stability_map
from gan_edu.figures.strip import strip
from gan_edu.scenes import ROLES, Curve, Scene

PANELS = [
    loss_panel((2 * math.log(2), math.log(2))),
    modes_panel(8),
    metric_panel("high_quality_share", "high-quality share", low=0, high=1, perfect=(0.989, 0.98, 0.995)),
]
NAMES = [line.name for panel in PANELS for line in panel.lines]
NAN = float("nan")


def run(last: int, value: float = 1.0, every: int = 10) -> dict[str, np.ndarray]:
    steps = np.arange(0, last + 1, every)
    return {"step": steps, **{name: np.full(len(steps), value) for name in NAMES}}


def traces(figure: graph_objects.Figure, which: str) -> dict[str, graph_objects.Scatter]:
    return {t.meta["name"]: t for t in figure.data if t.meta["run"] == which and t.meta["name"]}


def scene(step: int = 0, **layers: object) -> Scene:
    points = np.random.default_rng(step).uniform(-1, 1, (20, 2))
    look = {"extent": (-1, 1, -1, 1), "samples": points, "data": points[:5], "caption": "a caption"}
    return Scene(**{**look, "step": step, **layers})


# ------------------------------------------------------------------------------------------------- charts


def test_chart_holds_every_line_of_both_runs() -> None:
    a, b = run(100, 1.0), run(40, 2.0)
    figure = training_chart(PANELS, a, b)
    for which, arrays in (("a", a), ("b", b)):
        lines = traces(figure, which)
        assert list(lines) == NAMES
        for name, trace in lines.items():
            np.testing.assert_array_equal(trace.x, arrays["step"])
            np.testing.assert_array_equal(trace.y, arrays[name])
            assert trace.visible


def test_lines_of_one_panel_differ_without_colour() -> None:
    figure = training_chart(PANELS, run(100), run(100))
    for row in range(1, 4):
        axis = "y" if row == 1 else f"y{row}"
        looks = [(t.marker.symbol, t.line.width) for t in figure.data if t.meta["name"] and t.yaxis == axis]
        assert len(set(looks)) == len(looks) >= 2


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_runs_that_are_compared_have_one_look_in_every_panel_and_its_key(theme: str) -> None:
    figure = training_chart(PANELS, run(100), theme=theme)
    colours = getattr(PALETTE, theme)
    alone = {name: trace.line.color for name, trace in traces(figure, "a").items()}
    assert (alone["discriminator_loss"], alone["generator_loss"]) == (colours.contour, colours.fake)
    update_training_chart(figure, PANELS, run(100), run(100))
    for which, own in (("a", colours.a), ("b", colours.b)):
        mine = [trace for trace in figure.data if trace.meta["run"] == which]
        assert {(t.line.color, t.marker.color, t.line.dash) for t in mine} == {(own, own, None)}
        keys = [trace for trace in mine if not trace.meta["name"]]
        assert [key.legend for key in keys] == ["legend", "legend2", "legend3"]
        assert all(key.visible and key.showlegend is not False for key in keys)
    for name, first in traces(figure, "a").items():
        second = traces(figure, "b")[name]
        assert second.line.width < first.line.width
        assert second.marker.symbol == f"{first.marker.symbol}-open"
    update_training_chart(figure, PANELS, run(100))  # alone again
    assert {name: trace.line.color for name, trace in traces(figure, "a").items()} == alone


def test_theory_lines_stand_at_the_equilibrium() -> None:
    figure = training_chart(PANELS, run(10))
    heights = sorted(
        s.y0 for s in figure.layout.shapes if s.type == "line" and s.name != "cursor" and s.yref == "y"
    )
    assert heights == pytest.approx([math.log(2), 2 * math.log(2)])
    band = next(s for s in figure.layout.shapes if s.type == "rect")
    assert (band.y0, band.y1, band.yref) == (0.98, 0.995, "y3")
    assert {a.text for a in figure.layout.annotations} >= {"▲ 2 log 2", "● log 2", "all 8"}


def test_theory_lines_come_from_the_game_and_say_whose_they_are() -> None:
    def written(*equilibrium: float | None) -> dict[str, float]:
        return {line.label: line.value for line in loss_panel(equilibrium).references}

    assert written(0.25, 0.125) == {"▲ 0.25": 0.25, "● 0.125": 0.125}
    assert written(2 * math.log(2), -math.log(2)) == {"▲ 2 log 2": 2 * math.log(2), "● −log 2": -math.log(2)}
    assert written(0.0, 0.0) == {"▲ ● 0": 0.0}  # one line where there is one height
    assert written(2.0, None) == {"▲ 2": 2.0}
    assert written(None, None) == {}
    assert written(1.3862, 0.798) == {"▲ 1.39": 1.3862, "● 0.798": 0.798}  # near 2 log 2 is not 2 log 2


def test_axes_grow_in_round_steps_and_never_jump_back_while_a_run_goes_on() -> None:
    figure = training_chart(PANELS, run(0))
    seen = []
    for last in range(0, 3000, 50):
        update_training_chart(figure, PANELS, run(last, value=last / 1000))
        seen.append((figure.layout.xaxis.range[1], figure.layout.yaxis.range[1]))
    ends, tops = zip(*seen, strict=True)
    assert list(ends) == sorted(ends)
    assert list(tops) == sorted(tops)
    assert len(set(ends)) < 14
    assert len(set(tops)) < 6
    assert figure.layout.yaxis2.range == pytest.approx((-0.4, 8.4))  # fixed by the number of modes
    assert figure.layout.yaxis3.range == pytest.approx((-0.05, 1.05))
    update_training_chart(figure, PANELS, run(20))  # a new run starts afresh
    assert figure.layout.xaxis.range == (0, 100)
    assert figure.layout.yaxis.range[1] < 2


def test_a_single_spike_does_not_flatten_the_losses() -> None:
    arrays = run(10_000)
    arrays["generator_loss"] = arrays["generator_loss"].copy()
    arrays["generator_loss"][500] = 1e9
    assert training_chart(PANELS, arrays).layout.yaxis.range[1] < 3


@pytest.mark.parametrize("value", [NAN, math.inf, -math.inf])
def test_diverged_losses_leave_a_gap(value: float) -> None:
    arrays = run(100)
    arrays["generator_loss"] = np.where(arrays["step"] > 50, value, 0.7)
    figure = training_chart(PANELS, arrays)
    assert int(np.isnan(traces(figure, "a")["generator_loss"].y).sum()) == 5
    assert np.isfinite(figure.layout.yaxis.range).all()
    assert "generator no finite value" in figure.layout.meta["alt"]
    everything = training_chart(PANELS, run(100, value))
    assert np.isfinite(everything.layout.yaxis.range).all()


def test_empty_chart_has_its_legend_and_says_so() -> None:
    figure = training_chart(PANELS, {name: [] for name in ("step", *NAMES)})
    assert figure.layout.meta["alt"] == "A no steps yet"
    assert all(trace.visible for trace in traces(figure, "a").values())
    assert figure.layout.xaxis.range == (0, 100)


def test_second_run_comes_and_goes() -> None:
    figure = training_chart(PANELS, run(100))
    keys = [trace for trace in figure.data if not trace.meta["name"]]
    assert not any(trace.visible for trace in [*keys, *traces(figure, "b").values()])
    update_training_chart(figure, PANELS, run(100), run(50))
    assert all(trace.visible for trace in figure.data)
    assert "; B at step 50: " in figure.layout.meta["alt"]
    update_training_chart(figure, PANELS, run(100))
    assert not any(trace.visible for trace in [*keys, *traces(figure, "b").values()])


def test_cursor_is_shown_moved_and_hidden() -> None:
    figure = training_chart(PANELS, run(100), cursor=30)
    cursor = next(shape for shape in figure.layout.shapes if shape.name == "cursor")
    assert (cursor.visible, cursor.x0, cursor.x1, cursor.yref) == (True, 30, 30, "paper")
    update_training_chart(figure, PANELS, run(100))
    assert not cursor.visible


def test_long_runs_are_thinned_but_keep_their_ends() -> None:
    drawn = traces(training_chart(PANELS, run(50_000, every=1)), "a")["basins"].x
    assert (len(drawn), drawn[0], drawn[-1]) == (MOST_POINTS, 0, 50_000)


def test_chart_works_as_a_widget() -> None:
    widget = graph_objects.FigureWidget(training_chart(PANELS, run(100)))
    update_training_chart(widget, PANELS, run(200), run(50), cursor=10)
    assert len(traces(widget, "a")["basins"].x) == 21
    assert widget.layout.xaxis.range == (0, 200)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_chart_is_legible_and_in_the_palette(theme: str) -> None:
    figure = training_chart(PANELS, run(100), theme=theme)
    sizes = [int(size) for size in re.findall(r'"font":\{[^{}]*"size":(\d+)', figure.to_json())]
    assert sizes
    assert min(sizes) >= 14
    assert figure.layout.paper_bgcolor == getattr(PALETTE, theme).background


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"step": [0]}, "a must hold step, discriminator_loss.* got no discriminator_loss"),
        ({**run(10), "basins": [1.0]}, "shape"),
        ({**run(10), "basins": [[1.0], [1.0]]}, "shape"),
    ],
)
def test_chart_refuses_arrays_that_do_not_fit_and_stays_as_it_was(arrays: dict, message: str) -> None:
    figure = training_chart(PANELS, run(100))
    before = figure.to_json()
    with pytest.raises(ValueError, match=message):
        update_training_chart(figure, PANELS, arrays)
    assert figure.to_json() == before


def test_panels_refuse_what_they_cannot_draw() -> None:
    for make in (
        lambda: loss_panel((math.nan, 0.5)),
        lambda: modes_panel(0),
        lambda: metric_panel("mmd", "MMD", perfect=(1, 2)),
        lambda: training_chart([], run(10)),
        lambda: training_chart(PANELS, run(10), theme="sepia"),
    ):
        with pytest.raises(ValueError, match="must"):
            make()


def test_a_chart_without_references_or_data_has_an_axis() -> None:
    figure = training_chart([Panel("x", (PANELS[0].lines[0],))], {"step": [], "discriminator_loss": []})
    low, high = figure.layout.yaxis.range
    assert low < high


# ------------------------------------------------------------------------------------------------- scenes


def drawn(figure: Picture) -> dict[str, np.ndarray]:
    """Visible markers by marker symbol, as (N, 2)."""
    lines = [line for line in figure.axes[0].lines if line.get_visible() and line.get_linestyle() == "None"]
    return {line.get_marker(): np.array(line.get_xydata()) for line in lines}


def test_scene_figure_holds_the_points_in_the_palette() -> None:
    one = scene(7)
    figure = scene_figure(one)
    points = drawn(figure)
    np.testing.assert_array_equal(points["o"], one.samples)
    np.testing.assert_array_equal(points["s"], one.data)
    real = next(line for line in figure.axes[0].lines if line.get_marker() == "s")
    assert (real.get_markerfacecolor(), to_hex(real.get_color()).upper()) == ("none", PALETTE.light.real)
    assert (figure.axes[0].get_xlim(), figure.axes[0].get_ylim()) == ((-1, 1), (-1, 1))
    assert figure.alt == figure.texts[0].get_text() == "a caption"
    assert scene_figure(scene(1200, caption="")).alt == "step 1,200"


def test_scene_field_lies_on_its_nodes_with_a_line_at_one_half() -> None:
    field = np.tile(np.linspace(0, 1, 5), (3, 1))  # 1/2 at x = 0
    figure = scene_figure(scene(field=field))
    image = figure.axes[0].images[0]
    np.testing.assert_array_equal(image.get_array(), field)
    assert image.get_extent() == [-1.25, 1.25, -1.5, 1.5]
    assert image.origin == "lower"
    half = [path.vertices for path in figure.axes[0].collections[0].get_paths()]
    np.testing.assert_allclose(np.concatenate(half)[:, 0], 0, atol=1e-12)
    assert figure.axes[0].get_xlim() == (-1, 1)


def test_scene_legend_says_what_the_shades_are() -> None:
    def words(**about: str) -> list[str]:
        figure = scene_figure(scene(data=None, samples=None, field=np.eye(5), **about))
        return [text.get_text() for text in figure.legends[0].texts]

    assert words() == ["D: fake", "D: real", "D = 1/2"]
    assert words(reading="critic") == ["critic: lowest", "critic: highest", "halfway"]


def test_scene_generators_differ_in_marker_and_colour() -> None:
    figure = scene_figure(scene(data=None, classes=np.arange(20) % 8))
    lines = [line for line in figure.axes[0].lines if line.get_visible()]
    assert len({line.get_marker() for line in lines}) == len({line.get_color() for line in lines}) == 8
    assert [text.get_text() for text in figure.legends[0].texts] == [f"generator {k}" for k in range(1, 9)]


def test_scene_with_every_layer_and_with_gaps_is_drawn() -> None:
    full = scene(
        field=np.where(np.eye(6) > 0, NAN, 0.4),
        arrows=np.array([[0, 0, 0.5, 0.5], [NAN, 0, 1, 1]]),
        manifold=np.full((2, 3, 2), NAN),
        trails=np.zeros((4, 1, 2)),
        samples=np.array([[0.0, 0.0], [NAN, 1], [1e9, 0]]),
        highlight=("samples",),
    )
    assert len(scene_figure(full).png()) > 1000
    assert len(scene_figure(Scene(extent=(-1, 1, -1, 1))).png()) > 1000
    assert drawn(scene_figure(full, layers=["data"])).keys() == {"s"}


def test_scene_curves_and_tiles_have_their_own_axes() -> None:
    line = np.stack([np.linspace(-1, 1, 50), np.linspace(0, 1, 50)], 1)
    figure = scene_figure(scene(data=None, samples=None, curves=[Curve(line, role) for role in ROLES]))
    assert (
        len({(to_hex(x.get_color()), x.get_linestyle(), x.get_marker()) for x in figure.axes[0].lines}) == 4
    )
    assert len(figure.legends[0].texts) == 4
    sheet = scene_figure(scene(tiles=np.full((5, 2, 3), 0.5))).axes[0].images[0].get_array()
    assert int(np.isfinite(np.ma.filled(sheet, NAN)).sum()) == 5 * 2 * 3


def test_a_painter_moves_what_is_there() -> None:
    scenes = [scene(k, field=np.full((4, 4), k / 5), arrows=np.ones((k, 4))) for k in range(4)]
    figure = SceneFigure(scenes)
    figure.paint(scenes[1])
    before = len(figure.axes[0].get_children())
    figure.paint(scenes[3])
    assert len(figure.axes[0].get_children()) == before
    np.testing.assert_array_equal(drawn(figure)["o"], scenes[3].samples)
    figure.paint(replace(scenes[2], samples=None))
    assert "o" not in drawn(figure)


def test_strip_has_a_panel_for_every_scene_and_tells_them() -> None:
    scenes = [scene(k, title="A", caption=f"caption {k}") for k in range(7)]
    figure = strip(scenes, columns=4)
    assert len(figure.axes) == 7
    tops = {round(axes.get_position().y0, 3) for axes in figure.axes}
    assert len(tops) == 2
    assert [text.get_text() for text in figure.texts] == [f"A · caption {k}" for k in range(7)]
    assert figure.alt.startswith("7 moments of a training: A · caption 0; A · caption 1")
    assert figure.png()[:4] == b"\x89PNG"
    for bad in ([], scenes):
        with pytest.raises(ValueError, match="needs a scene and a column"):
            strip(bad, columns=0)


# --------------------------------------------------------------------------------------------------- films


def test_gif_holds_every_frame_once_and_reports_progress(tmp_path: Path) -> None:
    scenes = [scene(k, field=np.full((5, 5), k / 9)) for k in range(9)]
    told: list[tuple[int, int]] = []
    path = save_gif(
        scenes, tmp_path / "new" / "film.gif", fps=20, size=240, progress=lambda k, n: told.append((k, n))
    )
    with Image.open(path) as film:
        assert film.n_frames == 9
        assert film.info["duration"] == 50
        assert film.size[0] == 240
        corner = film.convert("RGB").getpixel((0, 0))
    assert corner == (255, 255, 255)  # the theme's background exactly
    assert told == [(k, 9) for k in range(1, 10)]
    assert [file.name for file in path.parent.iterdir()] == ["film.gif"]
    assert stat.S_IMODE(path.stat().st_mode) & 0o444


def test_gif_gets_fewer_colours_until_it_fits_or_says_what_to_do(tmp_path: Path) -> None:
    x, y = np.meshgrid(*[np.linspace(0, 1, 50)] * 2)
    scenes = [scene(k, field=(np.sin(9 * x + k) * np.cos(7 * y) + 1) / 2) for k in range(5)]
    free = save_gif(scenes, tmp_path / "free.gif", size=240).stat().st_size
    tight = save_gif(scenes, tmp_path / "tight.gif", size=240, largest=int(0.8 * free)).stat().st_size
    assert tight <= 0.8 * free
    before = (tmp_path / "tight.gif").read_bytes()
    with pytest.raises(ValueError, match="fewer frames"):
        save_gif(scenes, tmp_path / "tight.gif", size=240, largest=100)
    assert (tmp_path / "tight.gif").read_bytes() == before


def test_a_film_that_is_interrupted_leaves_nothing(tmp_path: Path) -> None:
    def stop(number: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        save_gif([scene()], tmp_path / "film.gif", progress=stop)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("save", [save_gif, save_mp4])
def test_films_refuse_what_they_cannot_play(save, tmp_path: Path) -> None:
    for scenes, fps in (
        ([], 10),
        ([scene()], 0),
        ([scene()], NAN),
        ([scene(), scene(extent=(-2, 2, -2, 2))], 10),
    ):
        with pytest.raises(ValueError, match=r"must"):
            save(scenes, tmp_path / "film", fps)
    assert not list(tmp_path.iterdir())


def test_mp4_says_where_ffmpeg_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ValueError, match="install it or use save_gif"):
        save_mp4([scene()], tmp_path / "film.mp4")


@pytest.mark.skipif(os.name != "posix", reason="the stand-in for ffmpeg is a shell script")
@pytest.mark.parametrize("works", [True, False])
def test_mp4_pipes_frames_of_even_size(works: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "bin" / "ffmpeg"
    program.parent.mkdir()
    # keeps what it was given, in place of coding it
    act = (
        'for last; do :; done; cat > "$last"; echo "$@" > "$0.said"'
        if works
        else "echo no such coder >&2; exit 1"
    )
    program.write_text(f"#!/bin/sh\n{act}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    path = tmp_path / "film.mp4"
    if not works:
        with pytest.raises(ValueError, match="no such coder"):
            save_mp4([scene()] * 3, path, size=201)
        assert not path.exists()
        return
    save_mp4([scene()] * 3, path, size=201)
    width, height = map(int, re.findall(r"(\d+)x(\d+)", program.with_suffix(".said").read_text())[0])
    assert width % 2 == height % 2 == 0
    assert path.stat().st_size == 3 * 3 * width * height


# --------------------------------------------------------------------------------------------- populations


def test_histogram_counts_the_runs_of_every_group() -> None:
    groups = {"slow": [1, 1, 2], "strong": [3, 8]}
    figure = coverage_histogram(groups, 8)
    bars = figure.axes[0].containers
    assert [[int(bar.get_height()) for bar in group] for group in bars] == [
        [0, 2, 1, 0, 0, 0, 0, 0, 0],
        [0, 0, 0, 1, 0, 0, 0, 0, 1],
    ]
    assert (
        len({group[0].get_hatch() for group in bars})
        == len({group[0].get_facecolor() for group in bars})
        == 2
    )
    assert "strong: 2 runs, 5.5 of 8 modes on average" in figure.alt
    assert "slow: nothing to show" in coverage_histogram({"slow": []}, 8).alt


@pytest.mark.parametrize(
    ("groups", "total"), [({}, 8), ({"a": [9]}, 8), ({"a": [-1]}, 8), ({"a": [0.5]}, 8), ({"a": [NAN]}, 8),
                          ({"a": [[1]]}, 8), ({"a": [1]}, 0), ({str(k): [1] for k in range(5)}, 8)]
)  # fmt: skip
def test_histogram_refuses_counts_that_are_none(groups: dict, total: int) -> None:
    with pytest.raises(ValueError, match="must"):
        coverage_histogram(groups, total)


def test_sample_grid_puts_every_run_into_its_own_panel() -> None:
    samples = np.full((5, 3, 2), NAN)
    samples[:, 0] = 0.0  # one point in the middle, one missing, one outside
    samples[:, 1] = 9.0
    figure = sample_grid(
        samples, (-1, 1, -1, 1), data=[[0.5, 0.5]], modes=[1, 2, 3, 4, 5], total=8, alive=[1, 1, 1, 1, 0]
    )
    axes = figure.axes[0]
    panels = [patch for patch in axes.patches if isinstance(patch, Rectangle)]
    middles = [(p.get_x() + p.get_width() / 2, p.get_y() + p.get_height() / 2) for p in panels]
    np.testing.assert_allclose(drawn(figure)["o"], middles)
    assert len(drawn(figure)["s"]) == 5
    assert [t.get_text() for t in axes.texts] == ["1/8", "2/8", "3/8", "4/8", "diverged"]
    assert figure.alt.endswith("3.0 of 8 modes covered on average, 1 to 5")


@pytest.mark.parametrize(
    "arguments",
    [
        {"samples": np.zeros((4, 2))},
        {"samples": np.zeros((0, 4, 2))},
        {"samples": np.zeros((2, 4, 3))},
        {"extent": (1, -1, 0, 1)},
        {"data": [1.0, 2.0]},
        {"modes": [1, 2]},
        {"modes": [1], "total": 8},
        {"alive": [True]},
    ],
)
def test_sample_grid_refuses_what_does_not_fit(arguments: dict) -> None:
    with pytest.raises(ValueError, match=r"must|needs"):
        sample_grid(**{"samples": np.zeros((2, 4, 2)), "extent": (-1, 1, -1, 1), **arguments})


def test_mode_map_shows_shares_on_a_fixed_scale() -> None:
    shares = np.array([[0.2, 0.1], [NAN, 0.0], [0.0, 0.3]])
    figure = mode_map(shares, [0, 10, 30])
    mesh = figure.axes[0].collections[0]
    np.testing.assert_array_equal(np.ma.filled(mesh.get_array(), NAN), shares.T)
    assert mesh.get_clim() == (0, 1)
    np.testing.assert_allclose(mesh.get_coordinates()[0, :, 0], [-5, 5, 20, 40])
    assert figure.axes[1].get_ylabel() == "share of the samples"
    assert figure.alt.endswith("steps 0 to 30; the largest mode changes 1 times")
    assert mode_map(np.empty((0, 3)), []).alt == "no steps yet"


@pytest.mark.parametrize(
    ("shares", "steps"),
    [([0.5], [0]), ([[0.5]], [0, 1]), ([[1.5]], [0]), ([[0.5], [0.5]], [1, 1]), (np.empty((1, 0)), [0])],
)
def test_mode_map_refuses_what_is_no_share(shares: object, steps: object) -> None:
    with pytest.raises(ValueError, match="must"):
        mode_map(shares, steps)


def test_stability_map_writes_every_value_and_hatches_the_diverged() -> None:
    values, rates = np.arange(12.0).reshape(3, 4), np.logspace(-4, -1, 4)
    values[0, 0], alive = NAN, np.ones((3, 4), bool)
    alive[2, 3] = False
    figure = stability_map(
        values, rates, rates[:3], label="modes covered", alive=alive, limits=(0, 8), decimals=1
    )
    axes = figure.axes[0]
    assert [text.get_text() for text in axes.texts] == [f"{v:.1f}" for v in values.ravel()[1:-1]]
    hatched = [patch for patch in axes.patches if patch.get_hatch()]
    assert len(hatched) == 1
    assert hatched[0].get_x() + hatched[0].get_width() / 2 == pytest.approx(-1)  # log10 of the largest rate
    assert np.ma.filled(axes.collections[0].get_array(), NAN).shape == (3, 4)
    assert [label.get_text() for label in axes.get_xticklabels()] == ["1e-4", "1e-3", "1e-2", "1e-1"]
    assert figure.axes[1].get_ylabel() == "modes covered"
    assert figure.alt.endswith("best: 10.0 at generator 1e-2, discriminator 1e-2; 1 diverged")
    lowest = stability_map(values, rates, rates[:3], label="KL", better="low").alt
    assert lowest.endswith("best: 1 at generator 1e-3, discriminator 1e-4")


def test_stability_map_of_nothing_is_drawn() -> None:
    figure = stability_map(
        np.full((2, 2), NAN), [1e-3, 1e-2], [1e-3, 1e-2], label="x", alive=np.zeros((2, 2))
    )
    assert figure.alt.endswith("; 4 diverged")
    assert len(stability_map([[3]], [1e-3], [1e-3], label="x").png()) > 1000


@pytest.mark.parametrize(
    "arguments",
    [
        {"values": [[1, 2]]},
        {"alive": [True, False]},
        {"generator_rates": [1e-3, 1e-3]},
        {"discriminator_rates": [0, 1e-3]},
        {"generator_rates": [1e-3, NAN]},
        {"generator_rates": []},
        {"limits": (1, 1)},
        {"better": "best"},
    ],
)
def test_stability_map_refuses_what_does_not_fit(arguments: dict) -> None:
    usual = {"values": np.zeros((2, 2)), "generator_rates": [1e-4, 1e-3], "discriminator_rates": [1e-4, 1e-3]}
    with pytest.raises(ValueError, match="must"):
        stability_map(**{**usual, **arguments}, label="x")


@pytest.mark.parametrize("theme", [PALETTE.light, PALETTE.dark])
def test_numbers_can_be_read_on_every_colour(theme) -> None:
    def luminance(rgb: np.ndarray) -> float:
        linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
        return float(linear @ np.array([0.2126, 0.7152, 0.0722]))

    shades = [np.array(colour_scale(theme)(k / 50)[:3]) for k in range(51)]
    lights = [luminance(shade) for shade in shades]
    assert lights in (sorted(lights), sorted(lights)[::-1])  # lightness alone tells how much
    for shade, light in zip(shades, lights, strict=True):
        ink = 0.0 if ink_on(tuple(shade)) == "#000000" else 1.0
        assert (max(light, ink) + 0.05) / (min(light, ink) + 0.05) >= 4.5


def test_cells_meet_halfway() -> None:
    assert cell_edges([1, 2, 4]) == [0.5, 1.5, 3.0, 5.0]


# ------------------------------------------------------------------------------------------------ pictures


def test_picture_shows_itself_with_its_alternative_text() -> None:
    picture = Picture(120, 60, alt='a "quoted" <thing>')
    page = picture._repr_html_()
    assert 'alt="a &quot;quoted&quot; &lt;thing&gt;" width="120"' in page
    assert b"quoted" in picture.png()
    assert picture.pixels().shape == (60, 120, 3)
    with pytest.raises(ValueError, match="width and height must be positive"):
        Picture(0, 60)
    with pytest.raises(ValueError, match="theme must be light or dark"):
        Picture(10, 10, theme="blue")


def test_picture_is_written_whole(tmp_path: Path) -> None:
    path = Picture(40, 20).save(tmp_path / "new" / "one.png", scale=2)
    assert Image.open(path).size == (80, 40)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_letters_are_large_enough_for_a_projector(theme: str) -> None:
    figures = [
        scene_figure(scene(field=np.eye(4)), theme=theme),
        strip([scene(), scene(1)], theme=theme),
        coverage_histogram({"a": [1], "b": [2]}, 8, theme=theme),
        sample_grid(np.zeros((4, 3, 2)), (-1, 1, -1, 1), modes=[1] * 4, total=8, theme=theme),
        mode_map(np.eye(4), range(4), theme=theme),
        stability_map(np.eye(3), [1, 2, 3], [1, 2, 3], label="x", theme=theme),
    ]
    for figure in figures:
        figure.draw_without_rendering()
        letters = [t for t in figure.findobj(lambda artist: hasattr(artist, "get_fontsize")) if t.get_text()]
        assert letters
        assert min(t.get_fontsize() for t in letters) >= 14 * 72 / 100 - 1e-9
        assert to_hex(figure.get_facecolor()).upper() == getattr(PALETTE, theme).background


def test_drawing_leaves_no_trace_in_pyplot() -> None:
    code = """
import sys, tempfile, pathlib
import numpy as np
import gan_edu.figures
assert "matplotlib" not in sys.modules and "plotly" not in sys.modules
from gan_edu.scenes import Scene
from gan_edu.figures.animation import save_gif
from gan_edu.figures.charts import loss_panel, training_chart
from gan_edu.figures.stability_map import stability_map
scene = Scene(extent=(-1, 1, -1, 1), field=np.eye(3), samples=[[0.0, 0.0]])
save_gif([scene], pathlib.Path(tempfile.mkdtemp()) / "film.gif")
stability_map([[1]], [1], [1], label="x").png()
training_chart([loss_panel((1.4, 0.7))], {"step": [0], "discriminator_loss": [1], "generator_loss": [1]})
print([name for name in sys.modules if name in ("matplotlib.pyplot", "torch", "ipywidgets", "IPython")])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]", done.stdout
