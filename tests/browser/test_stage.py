"""The stage in a real browser: what is drawn, what comes back, and that nothing else is asked for."""

from __future__ import annotations

import numpy as np
import pytest
from playwright.sync_api import Page

from gan_edu.figures.offline import offline_page
from gan_edu.scenes import Scene, pack_run

from . import jupyter

pytestmark = pytest.mark.browser

SCENES = """
import contextvars, threading, time
import ipywidgets, numpy as np
from gan_edu.labs.stage import Stage
from gan_edu.scenes import Scene, pack_run

rng = np.random.default_rng(0)
noise = rng.normal(size=(1000, 2))
x, y = np.meshgrid(np.linspace(-3, 3, 50), np.linspace(-3, 3, 50))

def scene(k):
    angle = k / 20
    turn = np.array([np.cos(angle), np.sin(angle)])
    field = 1 / (1 + np.exp(-x * turn[0] - y * turn[1]))
    return Scene(extent=(-3, 3, -3, 3), step=10 * k, caption=f"step {10 * k:,}", data=noise[:300] * 0.3 + 1,
                 samples=noise * 0.5 + turn, field=field)

def in_thread(work, *args):
    threading.Thread(target=contextvars.copy_context().run, args=(work, *args), daemon=True).start()
"""

LIVE = """
stage = Stage(alt="a cloud of points that turns")
seen = {}

def flood(frames):
    seen["sent"] = sum((stage.show(scene(k)), time.sleep(0.004))[0] for k in range(1, frames + 1))
    seen["drawn"] = stage.wait(30)

stage
"""

LATE = "place = ipywidgets.Output(); place"

PLAYER = """
player = Stage(mode="player", run=pack_run([scene(k) for k in range(60)], {"seed": 0}))
told = []
player.observe(lambda change: told.append(change.new), "position")
player
"""

DRAWING = """
drawing = Stage(mode="draw", size=400)
drawing
"""


def shows(page: Page, nth: int, attribute: str, value: object) -> None:
    """Wait until stage number `nth` says that it shows this."""
    page.wait_for_function(
        "([nth, name, value]) => document.querySelectorAll('.gan-stage')[nth]?.dataset[name] === value",
        arg=[nth, attribute, str(value)],
    )


def test_live_frames(page: Page, lab: jupyter.Server, notebook_root) -> None:
    """A worker thread floods the stage; the newest frame wins; late views and a reloaded page show it too."""
    name = "live.ipynb"
    jupyter.make_notebook(notebook_root / name, [("code", SCENES), ("code", LIVE), ("code", LATE)])
    jupyter.open_notebook(page, lab, name)
    assert jupyter.run_all(page) == []
    shows(page, 0, "step", 0)

    jupyter.kernel_eval(page, "in_thread(flood, 300)")
    shows(page, 0, "step", 3000)
    page.wait_for_function("() => document.querySelector('.gan-stage-caption').textContent === 'step 3,000'")
    stage = page.locator(".gan-stage").first
    drawn = int(stage.get_attribute("data-drawn") or 0)
    assert 20 <= drawn <= 301
    assert stage.get_attribute("data-frame") == "300"
    assert jupyter.kernel_eval(page, "[stage.wait(10), stage.drawn]") == [True, 300]
    assert 20 <= jupyter.kernel_eval(page, "seen['sent']") <= 300
    assert "step 3,000" in (page.locator(".gan-stage-canvas").first.get_attribute("aria-label") or "")

    jupyter.kernel_eval(page, "place.append_display_data(stage)")
    shows(page, 1, "step", 3000)

    toggle = page.locator('.gan-stage [data-layer="field"]').first
    toggle.focus()
    page.keyboard.press("Space")
    page.wait_for_function(
        "() => [...document.querySelectorAll('[data-layer=field]')].every((b) => b.ariaPressed === 'false')"
    )
    jupyter.wait_for_python(page, "'field' not in stage.layers")

    # both views count: the faster one's news keeps the frames coming
    jupyter.kernel_eval(page, "in_thread(flood, 20)")
    shows(page, 0, "step", 200)
    shows(page, 1, "step", 200)

    page.evaluate("() => window.jupyterapp.commands.execute('docmanager:save')")
    jupyter.open_notebook(page, lab, name)
    shows(page, 0, "step", 200)


def test_player_and_drawing(page: Page, lab: jupyter.Server, notebook_root) -> None:
    """A recording is scrubbed and played by keyboard; strokes by mouse and keyboard arrive in Python."""
    name = "player.ipynb"
    jupyter.make_notebook(notebook_root / name, [("code", SCENES), ("code", PLAYER), ("code", DRAWING)])
    jupyter.open_notebook(page, lab, name)
    assert jupyter.run_all(page) == []
    shows(page, 0, "frame", 0)

    page.locator(".gan-stage-timeline").focus()
    for _ in range(5):
        page.keyboard.press("ArrowRight")
    shows(page, 0, "frame", 5)
    page.keyboard.press("End")
    shows(page, 0, "step", 590)
    jupyter.wait_for_python(page, "player.position == 59 and told[-1] == 59")
    page.keyboard.press("Home")
    page.locator(".gan-stage-canvas").first.focus()
    page.keyboard.press("Space")
    page.wait_for_function("() => Number(document.querySelector('.gan-stage').dataset.frame) > 20")
    page.keyboard.press("Space")
    shows(page, 0, "playing", "false")
    jupyter.wait_for_python(page, "20 < player.position < 60")

    canvas = page.locator(".gan-stage-canvas").nth(1)
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    assert box
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    for k in range(1, 11):
        page.mouse.move(x + 8 * k, y)
    page.mouse.up()
    jupyter.wait_for_python(page, "len(drawing.strokes) == 1 and len(drawing.strokes[0]) > 5")
    stroke = np.array(jupyter.kernel_eval(page, "drawing.strokes[0]"))
    assert np.all(np.diff(stroke[:, 0]) > 0)
    assert np.ptp(stroke[:, 1]) < 1e-6
    assert 1 < stroke[-1, 0] - stroke[0, 0] < 2.5  # 80 of about 326 pixels for 6 units

    canvas.focus()
    for key in ("ArrowUp", "ArrowUp", "ArrowLeft", "Space"):
        page.keyboard.press(key)
    jupyter.wait_for_python(page, "len(drawing.strokes) == 2 and drawing.strokes[1] == [[-0.15, 0.3]]")
    page.locator(".gan-stage-clear").click()
    jupyter.wait_for_python(page, "drawing.strokes == []")
    page.locator(".gan-stage-undo").click()
    jupyter.wait_for_python(page, "len(drawing.strokes) == 2")
    page.locator(".gan-stage-undo").click()
    jupyter.wait_for_python(page, "len(drawing.strokes) == 1")


def test_voila(page: Page, watch, voila_server, tmp_path) -> None:
    """As an app: the run plays by itself, and a worker thread's frames are drawn."""
    watch.allowed.append("https://cdn.jsdelivr.net/npm/@fortawesome/")  # Voilà's template wants icons
    notebook = tmp_path / "app.ipynb"
    start = "in_thread(lambda: [(stage.show(scene(k)), time.sleep(0.01)) for k in range(1, 200)])"
    autoplay = PLAYER.replace("Stage(", "Stage(autoplay=True, ")
    jupyter.make_notebook(notebook, [("code", SCENES), ("code", autoplay), ("code", LIVE), ("code", start)])
    page.goto(voila_server(notebook).base)
    page.wait_for_function("() => Number(document.querySelector('.gan-stage')?.dataset.drawn) > 20")
    shows(page, 1, "step", 1990)


def test_offline_page(page: Page, tmp_path) -> None:
    """The page plays from a file, answers to the keyboard, and asks for nothing but itself."""
    rng = np.random.default_rng(0)
    still = {"extent": (-3, 3, -3, 3), "data": rng.normal(size=(1000, 2))}
    scenes = [
        Scene(**still, step=k, samples=rng.normal(size=(1000, 2)), field=rng.random((50, 50)))
        for k in range(300)
    ]
    html = offline_page(pack_run(scenes, {"game": "<minimax>"}), title="A & B", caption="One file")
    assert len(html) < 3_000_000
    path = tmp_path / "run.html"
    path.write_text(html, encoding="utf-8")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(path.as_uri())
    page.wait_for_function("() => Number(document.querySelector('.gan-stage')?.dataset.drawn) > 30")
    page.locator(".gan-stage-canvas").focus()
    page.keyboard.press("End")
    shows(page, 0, "frame", 299)
    shows(page, 0, "playing", "false")
    assert page.locator("dd").inner_text() == "<minimax>"
    assert page.title() == "A & B"
    assert asked == [path.as_uri()]


def test_legend_says_what_the_shades_are(page: Page, tmp_path) -> None:
    """A critic has a height, no probability, and the page says so, also where the two come in one run."""
    field = np.tile(np.linspace(0, 1, 9), (9, 1))
    scenes = [
        Scene((-1, 1, -1, 1), step=k, field=field, reading=r) for k, r in enumerate(("probability", "critic"))
    ]
    path = tmp_path / "run.html"
    path.write_text(offline_page(pack_run(scenes), title="A", caption="B"), encoding="utf-8")
    page.goto(path.as_uri())
    legend = page.locator('.gan-stage-legend [data-layer="field"]')
    page.locator(".gan-stage-canvas").focus()
    for key, words in (("Home", "discriminator: fake real"), ("End", "critic: lowest highest")):
        page.keyboard.press(key)
        shows(page, 0, "frame", {"Home": 0, "End": 1}[key])
        assert " ".join(legend.inner_text().split()) == words
