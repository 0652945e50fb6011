"""The collapse lab as a learner meets it: in JupyterLab and as an app, by keyboard, mouse and clock."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page

from . import jupyter

pytestmark = pytest.mark.browser

IMPORTS = "from gan_edu.labs.collapse import collapse_lab\nfrom gan_edu.labs.tour import tour_lab"
CELL = "lab = collapse_lab(); lab"
STAGE = "document.querySelectorAll('.gan-stage')[%d]?.dataset"
EFFECT = 0.5  # seconds


def opened(page: Page, lab: jupyter.Server, root: Path, name: str, cell: str = CELL) -> None:
    jupyter.make_notebook(root / name, [("code", IMPORTS), ("code", cell)])
    jupyter.open_notebook(page, lab, name)
    assert jupyter.run_all(page) == []
    page.wait_for_function(f"() => Number({STAGE % 0}?.drawn) > 0")


def trained_to(page: Page, step: int, stage: int = 0) -> None:
    """Wait until the page shows a live frame of at least this step."""
    page.wait_for_function(
        f"(step) => {STAGE % stage}?.mode === 'live' && Number({STAGE % stage}.step) >= step", arg=step
    )


def button(page: Page, name: str) -> None:
    # an icon is a letter of its own font, before the words
    page.get_by_role("button", name=re.compile(rf"^\W*{re.escape(name)}$")).click()


def handle(page: Page, number: int):
    """The knob of a slider of the panel; 0 is G's learning rate, 1 is D's."""
    return page.locator(".gan-lab-panel .noUi-handle").nth(number)


def no_error(page: Page) -> None:
    assert jupyter.kernel_eval(page, "lab.trace") == ""


def test_open_train_change_scrub_fork_reset(page: Page, lab: jupyter.Server, notebook_root: Path) -> None:
    opened(page, lab, notebook_root, "collapse.ipynb")

    # something moves before anything is trained
    page.wait_for_function(f"() => {STAGE % 0}.mode === 'player' && Number({STAGE % 0}.frame) > 20")
    assert jupyter.kernel_eval(page, "len(lab.session.recording)") == 1
    page.wait_for_selector(".gan-lab-charts .js-plotly-plot .main-svg")
    page.wait_for_function("() => document.querySelector('.js-plotly-plot')._fullData?.[0]?.x?.length > 100")

    button(page, "Train")
    trained_to(page, 100)

    # a slider, twice quickly, by keyboard: the frame on the page was trained with it within half a second
    rates = "lab.session.frame.settings.discriminator_learning_rate"
    assert jupyter.kernel_eval(page, rates) == 3e-4  # exactly, whatever the browser has made of the slider
    handle(page, 1).focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    jupyter.wait_for_python(page, f"{rates} == 7e-4")
    before = jupyter.kernel_eval(page, "__import__('time').perf_counter()")
    page.keyboard.press("ArrowLeft")
    jupyter.wait_for_python(page, f"{rates} == 5e-4")
    trained_to(page, jupyter.kernel_eval(page, "lab.session.frame.step"))
    assert (
        jupyter.kernel_eval(page, "__import__('time').perf_counter()") - before < 3 * EFFECT
    )  # a loaded machine
    assert page.locator(".gan-lab-panel .widget-readout").nth(1).inner_text() == "0.0005"

    # and by mouse
    knob = handle(page, 1)
    box = knob.bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + 40, box["y"] + box["height"] / 2, steps=4)
    page.mouse.up()
    jupyter.wait_for_python(page, f"{rates} > 1e-3")

    # the menu of presets tells the truth, and a preset changes the verdict
    preset = page.locator(".gan-lab-panel select").first
    rotating, frozen = 0, 1
    assert preset.evaluate("(menu) => menu.selectedIndex === menu.options.length - 1")  # your own
    preset.select_option(index=rotating)
    page.wait_for_function("() => /rotating/.test(document.querySelector('.gan-stage-caption').textContent)")
    preset.select_option(index=frozen)
    page.wait_for_function(
        "() => /collapsed|dropping|spreading/.test(document.querySelector('.gan-stage-caption').textContent)"
    )
    assert handle(page, 1).get_attribute("aria-valuenow")

    # scrub back pauses; going on forks, and says so
    trained_to(page, 200)
    timeline = page.locator(".gan-lab-row .noUi-handle").first
    timeline.focus()
    page.keyboard.press("Home")
    page.wait_for_function(f"() => {STAGE % 0}.step === '0'")
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    jupyter.wait_for_python(page, "lab.session.position == 3 and not lab.worker.running")
    page.wait_for_function(f"() => {STAGE % 0}.step === '30'")
    runs = jupyter.kernel_eval(page, "len(lab.session.runs)")
    kept = jupyter.kernel_eval(page, "[lab.session.run.name, len(lab.session.recording)]")
    button(page, "Step")
    page.wait_for_function(f"() => {STAGE % 0}.step === '31'")
    assert jupyter.kernel_eval(page, "len(lab.session.runs)") == runs + 1
    assert jupyter.kernel_eval(page, f"len(lab.session.named({kept[0]!r}).recording)") == kept[1]
    page.wait_for_function(
        "() => /keeps its later frames/.test(document.querySelector('.gan-lab').innerText)"
    )
    for name in ("D only", "G only"):
        button(page, name)
    page.wait_for_function(f"() => {STAGE % 0}.step === '32'")
    button(page, "Fork here")
    jupyter.wait_for_python(page, f"len(lab.session.runs) == {runs + 2}")

    # reset keeps the settings and the runs
    wanted = jupyter.kernel_eval(page, "lab.session.wanted.as_json()")
    button(page, "Reset")
    page.wait_for_function(f"() => {STAGE % 0}.step === '0'")
    assert jupyter.kernel_eval(page, "lab.session.running.as_json()") == wanted
    assert jupyter.kernel_eval(page, "len(lab.session.runs)") == runs + 3

    # running the cell again stops the old lab
    button(page, "Train")
    trained_to(page, 20)
    jupyter.kernel_eval(page, "globals().update(old=lab)")
    assert jupyter.run_all(page) == []
    assert jupyter.kernel_eval(page, "[old is lab, old.worker.running]") == [False, False]
    no_error(page)


def test_compare_slow_motion_and_layers(page: Page, lab: jupyter.Server, notebook_root: Path) -> None:
    opened(page, lab, notebook_root, "compare.ipynb")
    button(page, "Train")
    trained_to(page, 50)
    button(page, "Compare A | B")
    page.wait_for_function("() => document.querySelectorAll('.gan-stage-title').length > 1")
    trained_to(page, 120, stage=1)
    handle(page, 1).focus()
    page.keyboard.press("PageUp")
    jupyter.wait_for_python(page, "lab.session.frame.settings.discriminator_learning_rate > 3e-4")
    jupyter.wait_for_python(page, "lab.other.recording[-1].settings.discriminator_learning_rate == 3e-4")
    button(page, "Pause")
    same = f"() => {STAGE % 0}.step === {STAGE % 1}.step && Number({STAGE % 0}.step) > 100"
    page.wait_for_function(same)
    page.wait_for_function(
        """() => document.querySelector('.js-plotly-plot')?._fullData
            .some((trace) => trace.visible === true && trace.meta.run === 'b')"""
    )
    width = page.evaluate(
        "() => document.querySelector('.gan-lab-main').scrollWidth - document.body.clientWidth"
    )
    assert width <= 0  # two stages fit a projector

    page.locator('.gan-stage [data-layer="arrows"]').first.click()
    jupyter.wait_for_python(page, "'arrows' in lab.stage.layers and 'arrows' in lab.beside.layers")

    step = jupyter.kernel_eval(page, "lab.session.frame.step")
    page.get_by_role("button", name="Slow motion").click()
    caption = "document.querySelectorAll('.gan-stage-caption')[1].textContent"
    seen = set()
    for number in range(1, 11):
        page.wait_for_function(f"(n) => {caption}.startsWith(`${{n}}/10`)", arg=number)
        seen.add(page.evaluate(f"() => {caption}"))
        button(page, "Next stage")
    assert len(seen) == 10
    jupyter.wait_for_python(page, f"lab.session.recording[-1].step > {step}")
    page.get_by_role("button", name="Slow motion").click()
    jupyter.wait_for_python(page, "not lab.worker.running and 'trails' not in lab.stage.layers")
    no_error(page)


def draw_arc(page: Page) -> None:
    canvas = page.locator('.gan-stage[data-mode="draw"] .gan-stage-canvas')
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    assert box
    for k in range(20):
        angle = math.pi * k / 19
        x, y = 0.5 + 0.3 * math.cos(angle), 0.6 - 0.35 * math.sin(angle)
        page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"])
        if k == 0:
            page.mouse.down()
    page.mouse.up()


def test_draw_the_data_and_keep_it(page: Page, lab: jupyter.Server, notebook_root: Path) -> None:
    opened(page, lab, notebook_root, "draw.ipynb")
    page.get_by_role("tab", name="Draw the data").click()
    page.wait_for_selector('.gan-stage[data-mode="draw"]')
    draw_arc(page)
    jupyter.wait_for_python(page, "len(lab.drawing.stage.strokes) == 1")
    button(page, "Train on this")
    trained_to(page, 50)
    assert jupyter.kernel_eval(page, "lab.session.running.game.target.name") == "drawn"
    button(page, "Reset")
    page.get_by_role("tab", name="Keep and share").click()
    button(page, "Pause")
    page.wait_for_function("() => /drawn:points=/.test(document.querySelector('.gan-lab textarea')?.value)")
    button(page, "Page")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download").click()
    assert "<!doctype html>" in Path(download.value.path()).read_text()[:100].lower()

    # the kernel starts anew: the drawing is still there
    no_error(page)
    page.evaluate("() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart()")
    assert jupyter.run_all(page) == []
    assert jupyter.kernel_eval(page, "len(lab.drawing.stage.strokes)") == 1


def test_tour(page: Page, lab: jupyter.Server, notebook_root: Path) -> None:
    opened(page, lab, notebook_root, "tour.ipynb", "lab = tour_lab(); lab")
    button(page, "Train")
    trained_to(page, 100)
    handle(page, 0).focus()
    page.keyboard.press("ArrowLeft")
    jupyter.wait_for_python(page, "lab.session.frame.settings.discriminator_learning_rate == 7e-4")
    no_error(page)


def test_app(page: Page, watch, voila_server: Callable[[Path], jupyter.Server], tmp_path: Path) -> None:
    """The same lab in Voilà, where nothing but the page can be asked."""
    notebook = tmp_path / "app.ipynb"
    jupyter.make_notebook(notebook, [("code", IMPORTS), ("code", CELL)])
    watch.allowed.append("https://cdn.jsdelivr.net/npm/@fortawesome/")  # Voilà's template wants icons
    page.goto(voila_server(notebook).base, wait_until="domcontentloaded")
    page.wait_for_function(f"() => Number({STAGE % 0}?.frame) > 20", timeout=120_000)
    page.wait_for_selector(".gan-lab-charts .js-plotly-plot .main-svg")
    button(page, "Train")
    trained_to(page, 100)
    handle(page, 1).focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function(
        "() => document.querySelectorAll('.gan-lab-panel .widget-readout')[1].innerText === '0.0005'"
    )
    trained_to(page, 200 + int(page.locator(".gan-stage").first.get_attribute("data-step") or 0))
    button(page, "Pause")
    page.get_by_role("tab", name="Keep and share").click()
    page.wait_for_function(
        "() => /--discriminator-learning-rate 0.0005/.test(document.querySelector('.gan-lab textarea')?.value)"
    )


def test_no_error_in_any_kernel(lab: jupyter.Server) -> None:
    """Last in this file: what the kernels of the tests above have logged."""
    log = lab.log.read_text()
    assert "Traceback" not in log, log[-3000:]
