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


def test_freeze_one_and_add_one(page: Page, lab: jupyter.Server, notebook_root: Path) -> None:
    """By keyboard: a ticked generator stands still while the others move; a copy joins; scrubbing back undoes."""
    cells = [
        ("code", "from gan_edu.labs.generators import generators_lab"),
        ("code", "lab = generators_lab(game='mad_gan:generators=3,width=32', seed=1); lab"),
        (
            "code",
            "def each(index=-1):\n    frame = lab.session.recording[index]\n"
            "    return frame.settings.game.generator.apart(frame.players['theta_g'])[0]",
        ),
    ]
    jupyter.make_notebook(notebook_root / "members.ipynb", cells)
    jupyter.open_notebook(page, lab, "members.ipynb")
    assert jupyter.run_all(page) == []
    told(page, "step 0: 3 generators")
    frozen = page.get_by_role("checkbox", name="2", exact=True)

    # freeze the second one
    frozen.focus()
    page.keyboard.press("Space")
    page.wait_for_function("() => document.body.innerText.includes('Frozen: G 2.')")
    assert frozen.is_checked()
    button(page, "Train")
    page.wait_for_function(f"() => Number({STAGE}.step) >= 60")
    button(page, "Pause")
    page.get_by_role("button", name=re.compile(r"^\W*Train$")).wait_for()
    step = jupyter.kernel_eval(page, "lab.session.frame.step")
    told(page, f"step {step}: 3 generators")
    moved = jupyter.kernel_eval(page, "(each() - each(0)).abs().amax(-1).gt(0).tolist()")
    assert moved == [True, False, True]

    # a copy of it learns
    page.get_by_label("generator", exact=True).select_option(label="G 2")
    button(page, "Copy")
    told(page, f"step {step}: 4 generators")
    page.wait_for_function("() => document.body.innerText.includes('G 4 begins as a copy of G 2, in run B')")
    assert page.get_by_role("checkbox", name="4", exact=True).count() == 1
    assert jupyter.kernel_eval(page, "bool((each()[3] == each()[1]).all())") is True
    picture = page.evaluate(f"() => {MAP}.src")
    button(page, "Step")
    changed(page, picture)
    told(page, f"step {step + 1}: 4 generators")
    moved = jupyter.kernel_eval(page, "(each() - each(-2)).abs().amax(-1).gt(0).tolist()")
    assert moved == [True, False, True, True]
    wide = "() => document.querySelector('.gan-lab').scrollWidth - document.body.clientWidth"
    assert page.evaluate(wide) <= 0

    # scrub back: three again
    page.locator(".gan-lab-row .noUi-handle").first.focus()
    page.keyboard.press("Home")
    told(page, "step 0: 3 generators")
    assert page.get_by_role("checkbox", name="4", exact=True).count() == 0
    assert jupyter.kernel_eval(page, "lab.trace") == ""


def test_no_error_in_any_kernel(lab: jupyter.Server) -> None:
    """Last in this file: what the kernel of the test above has logged."""
    log = lab.log.read_text()
    assert "Traceback" not in log, log[-3000:]
