"""The generators lab as a learner meets it: territories beside the stage, that follow the training and the menu."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page

from . import jupyter

pytestmark = pytest.mark.browser

STAGE = "document.querySelector('.gan-stage')?.dataset"
MAP = "document.querySelector('.gan-lab-generators')"
NOTE = ".gan-lab-generators + .gan-lab-note"


def changed(page: Page, picture: str) -> str:
    """Wait for another picture of the generators; gives its address."""
    page.wait_for_function(f"(old) => {MAP}.src !== old && {MAP}.naturalWidth > 100", arg=picture)
    return page.evaluate(f"() => {MAP}.src")


def told(page: Page, words: str) -> None:
    """Wait until the picture says something, to those who see it or to those who can't."""
    page.wait_for_function(
        f"(words) => document.querySelector('{NOTE}')?.innerHTML.includes(words)", arg=words
    )


def button(page: Page, name: str) -> None:
    # an icon is a letter of its own font, before the words
    page.get_by_role("button", name=re.compile(rf"^\W*{re.escape(name)}$")).click()


def test_open_train_scrub_and_take_the_classes_away(
    page: Page, lab: jupyter.Server, notebook_root: Path
) -> None:
    cells = [
        ("code", "from gan_edu.labs.generators import generators_lab"),
        ("code", "lab = generators_lab(); lab"),
    ]
    jupyter.make_notebook(notebook_root / "generators.ipynb", cells)
    jupyter.open_notebook(page, lab, "generators.ipynb")
    assert jupyter.run_all(page) == []

    # a recorded run plays, with the picture of its end beside it, on one row of a projector
    page.wait_for_function(f"() => {STAGE}?.mode === 'player' && Number({STAGE}.frame) > 5")
    picture = changed(page, "")
    told(page, "step 600: 8 generators")
    stage, seen = (page.locator(name).first.bounding_box() for name in (".gan-stage", ".gan-lab-generators"))
    assert stage
    assert seen
    assert seen["x"] > stage["x"] + stage["width"] - 1
    assert abs(seen["y"] - stage["y"]) < 100
    assert seen["width"] > 380
    assert (
        page.evaluate("() => document.querySelector('.gan-lab').scrollWidth - document.body.clientWidth") <= 0
    )

    # live: the map follows the training
    button(page, "Train")
    page.wait_for_function(f"() => {STAGE}.mode === 'live' && Number({STAGE}.step) >= 20")
    picture = changed(page, picture)
    told(page, "Above: what D takes for whose")

    # pause and scrub back: the map of that moment
    button(page, "Pause")
    page.locator(".gan-lab-row .noUi-handle").first.focus()
    page.keyboard.press("Home")
    page.wait_for_function(f"() => {STAGE}.step === '0'")
    told(page, "step 0: 8 generators")
    picture = changed(page, picture)

    # a discriminator without classes: no map, and the lab says so
    page.locator(".gan-lab-panel select").first.select_option(label="8 generators, D only says real or not")
    told(page, "no map of who is who")
    button(page, "Pause")
    assert jupyter.kernel_eval(page, "lab.trace") == ""


def test_no_error_in_any_kernel(lab: jupyter.Server) -> None:
    """Last in this file: what the kernel of the test above has logged."""
    log = lab.log.read_text()
    assert "Traceback" not in log, log[-3000:]
