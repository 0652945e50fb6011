"""The features lab as a learner meets it: a picture at open that follows the training, the layer and the switch."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page

from . import jupyter

pytestmark = pytest.mark.browser

STAGE = "document.querySelector('.gan-stage')?.dataset"
PICTURE = "document.querySelector('.gan-lab-features')"
REMEDIES = (
    "[recipe['name'] for recipe in __import__('gan_edu').parameters.peel(lab.session.running.game.recipe)[0]]"
)


def told(page: Page) -> str:
    return page.locator(".gan-lab-note [role=img]").first.get_attribute("aria-label") or ""


def until_told(page: Page, pattern: str) -> None:
    script = "(p) => new RegExp(p).test(document.querySelector('.gan-lab-note [role=img]')?.ariaLabel)"
    page.wait_for_function(script, arg=pattern)


def button(page: Page, name: str) -> None:
    page.get_by_role("button", name=re.compile(rf"^\W*{re.escape(name)}$")).click()


def test_open_train_and_watch_what_f_sees(page: Page, lab: jupyter.Server, notebook_root: Path) -> None:
    cells = [
        ("code", "from gan_edu.labs.features import features_lab"),
        ("code", "lab = features_lab(); lab"),
    ]
    jupyter.make_notebook(notebook_root / "features.ipynb", cells)
    jupyter.open_notebook(page, lab, "features.ipynb")
    assert jupyter.run_all(page) == []

    # a recorded run plays, and what its D sees at the end stands below
    page.wait_for_function(f"() => {STAGE}?.mode === 'player' && Number({STAGE}.frame) > 5")
    page.wait_for_function(f"() => {PICTURE}?.naturalWidth === 705")
    assert told(page).startswith("step 2,400: the means of 64 features")
    assert jupyter.kernel_eval(page, "len(lab.session.recording)") == 1
    assert (
        page.evaluate("() => document.querySelector('.gan-lab').scrollWidth - document.body.clientWidth") <= 0
    )
    if folder := os.environ.get("GAN_EDU_SHOTS"):  # for people
        page.screenshot(path=f"{folder}/features_open.png", full_page=True)

    # it follows the training
    first = page.evaluate(f"() => {PICTURE}.src")
    button(page, "Train")
    page.wait_for_function(f"() => {STAGE}?.mode === 'live' && Number({STAGE}.step) >= 300")
    page.wait_for_function(f"(src) => {PICTURE}.src !== src", arg=first)
    until_told(page, "^step [2-9]\\d\\d")
    button(page, "Pause")
    jupyter.wait_for_python(page, "not lab.worker.running")
    step = jupyter.kernel_eval(page, "f'{lab.session.frame.step:,}'")
    until_told(page, f"^step {step}:")

    # the first layer sees other things, at once
    before = told(page)
    handle = page.locator(".gan-lab-main .noUi-handle").last
    handle.focus()
    page.keyboard.press("ArrowRight")
    jupyter.wait_for_python(page, "lab.below == 2")
    page.wait_for_function(
        "(words) => document.querySelector('.gan-lab-note [role=img]')?.ariaLabel !== words", arg=before
    )
    if folder := os.environ.get("GAN_EDU_SHOTS"):
        page.screenshot(path=f"{folder}/features_live.png", full_page=True)

    # without the remedy, and from the start, the means come apart
    page.locator(".gan-lab-main input[type=checkbox]").uncheck()
    button(page, "Reset")
    button(page, "Train")
    jupyter.wait_for_python(page, f"lab.session.frame.step > 200 and {REMEDIES} == []")
    jupyter.wait_for_python(page, "lab.seen().gap > 0.5")
    button(page, "Pause")

    # scrub back: the picture is that of the moment
    page.locator(".gan-lab-row .noUi-handle").first.focus()
    page.keyboard.press("Home")
    until_told(page, "^B, step 0:")  # the reset made another run
    if folder := os.environ.get("GAN_EDU_SHOTS"):
        page.screenshot(path=f"{folder}/features_start.png", full_page=True)

    # the charts are there too
    page.wait_for_selector(".gan-lab-charts .js-plotly-plot .main-svg")
    assert jupyter.kernel_eval(page, "lab.trace") == ""


def test_no_error_in_any_kernel(lab: jupyter.Server) -> None:
    """Last in this file: what the kernels of the test above have logged."""
    log = lab.log.read_text()
    assert "Traceback" not in log, log[-3000:]
