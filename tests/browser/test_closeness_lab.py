"""The closeness lab as a learner meets it: heat maps beside the stage, that change while it trains and by kernel."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page

from . import jupyter

pytestmark = pytest.mark.browser

STAGE = "document.querySelector('.gan-stage')?.dataset"
MAPS = "document.querySelector('.gan-lab-closeness')"
TOLD = "document.querySelector('.gan-lab-closeness + .gan-lab-note')?.textContent"


def changed(page: Page, picture: str) -> str:
    """Wait for another picture of the heat maps; gives its address."""
    page.wait_for_function(f"(old) => {MAPS}.src !== old && {MAPS}.naturalWidth > 100", arg=picture)
    return page.evaluate(f"() => {MAPS}.src")


def button(page: Page, name: str) -> None:
    # an icon is a letter of its own font, before the words
    page.get_by_role("button", name=re.compile(rf"^\W*{re.escape(name)}$")).click()


def test_open_train_choose_a_kernel_and_scrub(page: Page, lab: jupyter.Server, notebook_root: Path) -> None:
    cells = [
        ("code", "from gan_edu.labs.closeness import closeness_lab"),
        ("code", "lab = closeness_lab(); lab"),
    ]
    jupyter.make_notebook(notebook_root / "closeness.ipynb", cells)
    jupyter.open_notebook(page, lab, "closeness.ipynb")
    assert jupyter.run_all(page) == []

    # a recorded run plays, with the heat maps of its end beside it, on one row of a projector
    page.wait_for_function(f"() => {STAGE}?.mode === 'player' && Number({STAGE}.frame) > 5")
    picture = changed(page, "")
    page.wait_for_function(f"() => /recorded run at its end, step 1,000/.test({TOLD})")
    stage, maps = (page.locator(name).first.bounding_box() for name in (".gan-stage", ".gan-lab-closeness"))
    assert stage
    assert maps
    assert maps["x"] > stage["x"] + stage["width"] - 1
    assert abs(maps["y"] - stage["y"]) < 100
    assert maps["width"] > 380
    assert (
        page.evaluate("() => document.querySelector('.gan-lab').scrollWidth - document.body.clientWidth") <= 0
    )

    # by one kernel alone, with the keyboard
    page.locator(".gan-lab-main .noUi-handle").first.focus()
    page.keyboard.press("ArrowRight")
    picture = changed(page, picture)
    assert "by kernel 1" in jupyter.kernel_eval(page, "lab.maps.alt")

    # live: the maps follow the training
    button(page, "Train")
    page.wait_for_function(f"() => {STAGE}.mode === 'live' && Number({STAGE}.step) >= 20")
    picture = changed(page, picture)
    page.wait_for_function(f"() => /^Step/.test({TOLD})")
    picture = changed(page, picture)

    # pause and scrub back: the maps of that moment
    button(page, "Pause")
    page.locator(".gan-lab-row .noUi-handle").first.focus()
    page.keyboard.press("Home")
    page.wait_for_function(f"() => {STAGE}.step === '0'")
    page.wait_for_function(f"() => /^Step 0:/.test({TOLD})")
    picture = changed(page, picture)

    # a discriminator that compares nothing: the lab says so
    page.locator(".gan-lab-panel select").first.select_option(label="D looks at one at a time")
    page.wait_for_function(f"() => /looks at every example alone/.test({TOLD})")
    button(page, "Pause")
    assert jupyter.kernel_eval(page, "lab.trace") == ""


def test_no_error_in_any_kernel(lab: jupyter.Server) -> None:
    """Last in this file: what the kernel of the test above has logged."""
    log = lab.log.read_text()
    assert "Traceback" not in log, log[-3000:]
