"""The orbit lab as a learner meets it: click, drag, type, keys, play, scrub; and how fast the canvas plays."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from playwright.sync_api import Page

from gan_edu import catalogue
from gan_edu.figures.offline import offline_page
from gan_edu.games.bilinear import bilinear
from gan_edu.scenes import pack
from gan_edu.views.plane import plane_scene

from . import jupyter

pytestmark = pytest.mark.browser

CELL = "from gan_edu.labs.orbit import orbit_lab\nlab = orbit_lab(); lab"
FRAME = "Number(document.querySelector('.gan-stage')?.dataset.frame)"
WORDS = "document.querySelector('[data-path=%s] .gan-stage-path-words').textContent"
LEAST_RATE = 40  # frames a second; 60 where nothing else runs


def says(page: Page, name: str, words: str) -> None:
    """Wait until the list of paths says this of one of them."""
    page.wait_for_function(f"(words) => {WORDS % name} === words", arg=words)


def pressed(page: Page, name: str) -> str | None:
    return page.locator(f"[data-path={name}]").get_attribute("aria-pressed")


def test_click_drag_type_play_and_scrub(page: Page, lab: jupyter.Server, notebook_root: Path) -> None:
    jupyter.make_notebook(notebook_root / "orbit.ipynb", [("code", CELL)])
    jupyter.open_notebook(page, lab, "orbit.ipynb")
    assert jupyter.run_all(page) == []

    # it plays at once, and says what is seen
    page.wait_for_function(f"() => {FRAME} > 10")
    says(page, "simultaneous", "×1.0198 spirals out")
    says(page, "alternating", "×1.0000 stays on an ellipse")
    says(page, "extragradient", "×0.9806 spirals in")
    room = "() => document.querySelector('.gan-stage').scrollWidth - document.body.clientWidth"
    assert page.evaluate(room) < 0  # fits a projector

    # a click starts the paths there
    canvas = page.locator(".gan-stage-canvas")
    box = canvas.bounding_box()
    assert box
    page.mouse.click(box["x"] + 0.75 * box["width"], box["y"] + 0.3 * box["height"])
    jupyter.wait_for_python(page, "lab.stage.start[0] > 0.5 and lab.stage.start[1] > 0.3")
    x, y = jupyter.kernel_eval(page, "lab.stage.start")
    assert jupyter.kernel_eval(page, "lab.scene.paths[0].points[0].tolist()") == [x, y]
    assert [float(part.input_value()) for part in page.locator(".gan-lab-row input[type=number]").all()] == [
        x,
        y,
    ]
    page.wait_for_function(f"() => {FRAME} > 5 && {FRAME} < 600")

    page.keyboard.press("ArrowUp")  # the canvas has the focus
    jupyter.wait_for_python(page, f"lab.stage.start[1] > {y}")

    # dragging shows the whole way, letting go plays it
    page.mouse.move(box["x"] + 0.6 * box["width"], box["y"] + 0.4 * box["height"])
    page.mouse.down()
    for k in range(5):
        page.mouse.move(box["x"] + (0.6 + 0.05 * k) * box["width"], box["y"] + 0.4 * box["height"])
    page.wait_for_function(f"() => {FRAME} === 1000")
    page.mouse.up()
    page.wait_for_function(f"() => {FRAME} > 5 && {FRAME} < 600")
    jupyter.wait_for_python(page, f"lab.stage.start[0] > {x}")

    # numbers can be typed
    typed = page.locator(".gan-lab-row input[type=number]").first
    typed.fill("-0.5")
    typed.press("Enter")
    jupyter.wait_for_python(page, "lab.stage.start[0] == -0.5")

    # the step size, by mouse and by keys, while it plays
    knob = page.locator(".gan-lab-row .noUi-handle").first
    place = knob.bounding_box()
    assert place
    page.mouse.move(place["x"] + place["width"] / 2, place["y"] + place["height"] / 2)
    page.mouse.down()
    page.mouse.move(place["x"] + 60, place["y"] + place["height"] / 2, steps=5)
    page.mouse.up()
    jupyter.wait_for_python(page, "lab.rate.value > 0.3")
    rate = jupyter.kernel_eval(page, "lab.rate.value")
    says(page, "simultaneous", f"×{(1 + rate**2) ** 0.5:.4f} spirals out")
    knob.focus()
    page.keyboard.press("ArrowRight")
    says(page, "simultaneous", f"×{(1 + (rate + 0.01) ** 2) ** 0.5:.4f} spirals out")
    page.locator(".gan-lab-row .noUi-handle").nth(1).focus()
    page.keyboard.press("ArrowLeft")
    says(page, "simultaneous", jupyter.kernel_eval(page, "lab.scene.paths[0].words"))
    assert jupyter.kernel_eval(page, "lab.momentum.value") == -0.05

    # scrub back, step, play on
    page.locator(".gan-stage-timeline").focus()
    page.keyboard.press("Home")
    page.wait_for_function(f"() => {FRAME} === 0")
    page.keyboard.press("ArrowRight")
    page.wait_for_function(f"() => {FRAME} === 1")
    page.locator(".gan-stage-step").click()
    page.wait_for_function(f"() => {FRAME} === 2")
    assert page.locator(".gan-stage-readout").inner_text() == "2/1000"

    # in the plane, arrows move the start, digits switch paths, space plays
    before = jupyter.kernel_eval(page, "lab.stage.start")
    canvas.focus()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowRight")
    jupyter.wait_for_python(
        page, f"[round(v, 6) for v in lab.stage.start] == {[round(v + 0.05, 6) for v in before]}"
    )
    page.keyboard.press("1")
    page.keyboard.press("5")
    jupyter.wait_for_python(page, "'simultaneous' not in lab.stage.chosen and len(lab.stage.chosen) == 4")
    fifth = jupyter.kernel_eval(page, "list(lab.forms)[4]")
    assert (pressed(page, "simultaneous"), pressed(page, fifth)) == ("false", "true")
    page.wait_for_function(f"() => {WORDS % fifth} !== ''")
    page.keyboard.press("Home")
    page.keyboard.press("Space")
    page.wait_for_function(f"() => {FRAME} > 20")
    page.keyboard.press("Space")
    page.wait_for_function("() => document.querySelector('.gan-stage').dataset.playing === 'false'")
    assert "spirals in" in (canvas.get_attribute("aria-label") or "")

    # another game, another field
    page.locator(".gan-lab-row select").first.select_option(label="dirac")
    page.wait_for_function("() => /Dirac/.test(document.querySelector('.gan-stage-caption').textContent)")

    # running the cell again stops the old lab
    jupyter.kernel_eval(page, "globals().update(old=lab)")
    assert jupyter.run_all(page) == []
    assert jupyter.kernel_eval(page, "[old is lab, old.stage.comm is None]") == [False, True]
    log = lab.log.read_text()
    assert "Traceback" not in log, log[-3000:]


def test_the_page_plays_thousands_of_steps_smoothly(page: Page, tmp_path: Path) -> None:
    names = ("simultaneous", "alternating", "extragradient", "optimistic")
    ways = {name: catalogue.find("dynamics", name)() for name in names}
    scene = plane_scene(bilinear(), ways, steps=4000, learning_rate=0.05, caption="four ways")
    path = tmp_path / "orbit.html"
    path.write_text(offline_page(pack(scene), title="Orbit", caption="One file"), encoding="utf-8")
    page.goto(path.as_uri())
    page.wait_for_function(f"() => {FRAME} > 30")
    rates = {}
    for pace in ("60", "300"):
        page.locator(".gan-stage-speed").select_option(pace)
        rates[pace] = page.evaluate(
            """() => new Promise((resolve) => {
                const drawn = () => Number(document.querySelector('.gan-stage').dataset.drawn);
                const [start, before] = [performance.now(), drawn()];
                setTimeout(() => resolve((1000 * (drawn() - before)) / (performance.now() - start)), 2000);
            })"""
        )
    print(json.dumps({f"frames a second at {pace} steps/s": round(rate, 1) for pace, rate in rates.items()}))
    assert min(rates.values()) > LEAST_RATE

    # no kernel: paths are switched and the timeline is dragged all the same
    page.locator(".gan-stage-canvas").focus()
    page.keyboard.press("End")
    page.wait_for_function(f"() => {FRAME} === 4000")
    page.keyboard.press("2")
    assert pressed(page, "alternating") == "false"
    assert pressed(page, "simultaneous") == "true"
    page.keyboard.press("ArrowLeft")
    page.wait_for_function(f"() => {FRAME} === 3999")
