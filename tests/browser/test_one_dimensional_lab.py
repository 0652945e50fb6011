"""The one-dimensional lab as a learner meets it: D goes to the best D, and a sure D pushes by one loss only."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page

from . import jupyter

pytestmark = pytest.mark.browser

IMPORTS = "from gan_edu import views\nfrom gan_edu.labs.one_dimensional import one_dimensional_lab"
STAGE = "document.querySelector('.gan-stage')?.dataset"
GAP = "(lambda seen: seen.criterion - seen.value)(views.densities(lab.session.frame))"
K = "lab.session.frame.settings.dynamics.recipe['arguments']['discriminator_steps']"


def opened(page: Page, lab: jupyter.Server, root: Path, name: str, cell: str) -> None:
    jupyter.make_notebook(root / name, [("code", IMPORTS), ("code", cell)])
    jupyter.open_notebook(page, lab, name)
    assert jupyter.run_all(page) == []
    page.wait_for_function(f"() => Number({STAGE}?.drawn) > 0")


def trained_to(page: Page, step: int) -> None:
    page.wait_for_function(f"(step) => {STAGE}?.mode === 'live' && Number({STAGE}.step) >= step", arg=step)


def button(page: Page, name: str) -> None:
    # an icon is a letter of its own font, before the words
    page.get_by_role("button", name=re.compile(rf"^\W*{re.escape(name)}$")).click()


def menu(page: Page, number: int):
    """A menu of the panel; 0 is the preset, 1 the target, 2 the generator's loss."""
    return page.locator(".gan-lab-panel select").nth(number)


def no_error(page: Page) -> None:
    assert jupyter.kernel_eval(page, "lab.trace") == ""


def test_open_drag_k_and_see_d_approach_the_best(
    page: Page, lab: jupyter.Server, notebook_root: Path
) -> None:
    opened(page, lab, notebook_root, "one_dimensional.ipynb", "lab = one_dimensional_lab(); lab")

    # a recorded run plays before anything is trained, with every layer and its charts
    page.wait_for_function(f"() => {STAGE}.mode === 'player' && Number({STAGE}.frame) > 20")
    assert jupyter.kernel_eval(page, "len(lab.session.recording)") == 1
    layers = page.locator(".gan-stage [data-layer]").evaluate_all("(all) => all.map((b) => b.dataset.layer)")
    assert layers == ["data", "samples", "arrows", "curves"]
    page.wait_for_selector(".gan-lab-charts .js-plotly-plot .main-svg")
    names = page.evaluate(
        "() => document.querySelector('.js-plotly-plot')._fullData.map((trace) => trace.meta?.name)"
    )
    assert {"discriminator_loss", "generator_loss", "batch_value", "value", "criterion"} <= set(names)
    marks = page.evaluate(
        "() => document.querySelector('.js-plotly-plot')._fullLayout.annotations.map((mark) => mark.text)"
    )
    assert marks == ["▲ 2 log 2", "● log 2", "0: apart", "−log 4"]

    # it fits a projector
    assert (
        page.evaluate("() => document.querySelector('.gan-lab').scrollWidth - document.body.clientWidth") <= 0
    )

    # k = 1: D lags, and the picture says so
    menu(page, 0).select_option(label="D lags behind: k = 1")
    trained_to(page, 100)
    page.wait_for_function("() => /lags/.test(document.querySelector('.gan-stage-caption').textContent)")
    assert jupyter.kernel_eval(page, GAP) > 0.1

    # k dragged to its end, while it trains: D comes to D*
    handle = page.locator(".gan-lab-panel .noUi-handle").first
    box, track = handle.bounding_box(), page.locator(".gan-lab-panel .noUi-base").first.bounding_box()
    assert box
    assert track
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(track["x"] + track["width"] + 20, box["y"] + box["height"] / 2, steps=5)
    page.mouse.up()
    jupyter.wait_for_python(page, f"{K} == 20")
    jupyter.wait_for_python(page, f"{GAP} < 0.1")
    page.wait_for_function(
        "() => /close to D|near p/.test(document.querySelector('.gan-stage-caption').textContent)"
    )
    assert jupyter.kernel_eval(page, "len(lab.session.runs)") == 1

    # by keyboard too
    handle.focus()
    page.keyboard.press("Home")
    jupyter.wait_for_python(page, f"{K} == 0")
    page.keyboard.press("ArrowRight")
    jupyter.wait_for_python(page, f"{K} == 1")
    assert page.locator(".gan-lab-panel .widget-readout").first.inner_text() == "1"

    # the other loss trains G, and the theory's line follows it
    menu(page, 2).select_option(label="minimax")
    jupyter.wait_for_python(
        page, "lab.session.frame.settings.game.recipe['arguments']['generator_loss'] == 'minimax'"
    )
    page.wait_for_function(
        """() => document.querySelector('.js-plotly-plot')._fullLayout.annotations
            .some((mark) => mark.text === '● −log 2')"""
    )

    # other data: the axes follow
    menu(page, 1).select_option(label="three Gaussians")
    jupyter.wait_for_python(page, "lab.session.frame.settings.game.target.n_modes == 3")

    # pause, scrub, fork
    button(page, "Pause")
    timeline = page.locator(".gan-lab-row .noUi-handle").first
    timeline.focus()
    page.keyboard.press("Home")
    page.wait_for_function(f"() => {STAGE}.step === '0'")
    button(page, "D only")
    jupyter.wait_for_python(page, "len(lab.session.runs) == 2 and lab.session.frame.step == 0")
    button(page, "G only")
    page.wait_for_function(f"() => {STAGE}.step === '1'")
    no_error(page)


def test_where_d_is_sure_minimax_stays_and_the_other_loss_moves(
    page: Page, lab: jupyter.Server, notebook_root: Path
) -> None:
    cell = "lab = one_dimensional_lab('vanishing', steps_per_frame=10); lab"
    opened(page, lab, notebook_root, "vanishing.ipynb", cell)
    mean = "(lambda seen: float((seen.x * seen.generated).sum() / seen.generated.sum()))"
    centre = f"{mean}(views.densities(lab.session.frame))"
    button(page, "Train")
    trained_to(page, 60)
    page.wait_for_function("() => /D is sure/.test(document.querySelector('.gan-stage-caption').textContent)")
    assert jupyter.kernel_eval(page, centre) < 2
    menu(page, 2).select_option(label="non saturating")
    jupyter.wait_for_python(page, f"{centre} > 4")
    button(page, "Pause")
    no_error(page)


def test_no_error_in_any_kernel(lab: jupyter.Server) -> None:
    """Last in this file: what the kernels of the tests above have logged."""
    log = lab.log.read_text()
    assert "Traceback" not in log, log[-3000:]
