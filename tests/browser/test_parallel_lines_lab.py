"""The parallel-lines lab as a learner meets it: drag, keys, train, pause, undo, reset."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page

from . import jupyter

pytestmark = pytest.mark.browser

CELL = "from gan_edu.labs.parallel_lines import parallel_lines_lab\nlab = parallel_lines_lab(); lab"
AT = "Number(document.querySelector('.gan-lines').getAttribute('aria-valuenow'))"


def test_drag_keys_train_undo(page: Page, lab: jupyter.Server, notebook_root: Path) -> None:
    jupyter.make_notebook(notebook_root / "lines.ipynb", [("code", CELL)])
    jupyter.open_notebook(page, lab, "lines.ipynb")
    assert jupyter.run_all(page) == []
    page.wait_for_function(f"() => {AT} === 1")
    assert page.evaluate(
        "() => document.querySelector('.gan-lines').scrollWidth <= document.body.clientWidth"
    )
    says = page.locator(".gan-lab-message")
    assert "stands still" in says.inner_text()

    # the minimax generator does not move, though it is trained
    train = page.get_by_role("button", name="Train G")
    train.click()
    jupyter.wait_for_python(page, "len(lab.moment.walks[-1].path) > 5")
    page.get_by_role("button", name="Pause").click()
    jupyter.wait_for_python(page, "not lab.worker.running and set(lab.moment.walks[-1].path) == {1.0}")

    # the critic's does, and stops where it is paused
    page.get_by_label("the generator minimises").select_option(label="−f: Wasserstein")
    train.click()
    page.wait_for_function(f"() => {AT} < 0.6")
    page.get_by_role("button", name="Pause").click()
    jupyter.wait_for_python(page, "not lab.worker.running and 0 <= lab.moment.theta < 0.6")
    assert jupyter.kernel_eval(page, "[walk.loss for walk in lab.moment.walks]") == ["minimax", "wasserstein"]

    # drag the line in the picture, then move it by keys
    picture = page.locator(".gan-lines")
    box = picture.bounding_box()
    assert box
    scale = box["width"] / 800
    page.mouse.move(box["x"] + (58 + 452 * 0.5) * scale, box["y"] + 400 * scale)
    page.mouse.down()
    page.mouse.move(box["x"] + (58 + 452 * 0.25) * scale, box["y"] + 400 * scale, steps=5)
    page.mouse.up()
    page.wait_for_function(f"() => Math.abs({AT} + 0.75) < 0.02")
    at = page.evaluate(AT)
    picture.focus()
    page.keyboard.press("ArrowLeft")
    page.wait_for_function(f"() => Math.abs({AT} - {at} + 0.05) < 1e-6")
    assert "JSD 0.693" in (picture.get_attribute("aria-valuetext") or "")

    # noise, by keys; undo and reset
    page.locator(".gan-lab-row .noUi-handle").nth(1).focus()
    for _ in range(10):
        page.keyboard.press("ArrowRight")
    jupyter.wait_for_python(page, "abs(lab.moment.noise - 0.2) < 1e-9")
    page.wait_for_function("() => !/JSD 0.693/.test(document.querySelector('.gan-lines').ariaValueText)")
    page.get_by_role("button", name="Undo").click()
    jupyter.wait_for_python(page, "lab.moment.noise == 0 and lab.noise.value == 0")
    page.get_by_role("button", name="Reset").click()
    page.wait_for_function(f"() => {AT} === 1")
    jupyter.wait_for_python(page, "lab.moment == lab.start and lab.loss.value == 'minimax'")
    page.get_by_role("button", name="Undo").click()
    jupyter.wait_for_python(page, "lab.moment.loss == 'wasserstein'")

    # running the cell again stops the old lab
    train.click()
    jupyter.kernel_eval(page, "globals().update(old=lab)")
    assert jupyter.run_all(page) == []
    assert jupyter.kernel_eval(page, "[old is lab, old.worker.running, old.picture.comm is None]") == [
        False,
        False,
        True,
    ]
    log = lab.log.read_text()
    assert "Traceback" not in log, log[-3000:]
