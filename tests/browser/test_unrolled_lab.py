"""A generator that looks ahead, in the collapse lab: the look-ahead changes while it trains."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page

from . import jupyter
from .test_collapse_lab import STAGE, button, no_error, opened, trained_to

pytestmark = pytest.mark.browser


def test_slide_the_steps_ahead_while_training(page: Page, lab: jupyter.Server, notebook_root: Path) -> None:
    opened(page, lab, notebook_root, "unrolled.ipynb", 'lab = collapse_lab("unrolled"); lab')
    page.wait_for_function(f"() => {STAGE % 0}.mode === 'player' && Number({STAGE % 0}.frame) > 20")
    button(page, "Train")
    trained_to(page, 50)

    # the preset has switched the remedy on, and its slider acts on the running training
    page.get_by_role("tab", name="Remedies").or_(page.get_by_text("Remedies", exact=True)).first.click()
    slider = page.locator(".gan-lab-panel .widget-slider").filter(has_text="steps ahead k")
    peel = "__import__('gan_edu.parameters').parameters.peel"
    ahead = f"[r['arguments']['steps'] for r in {peel}(lab.session.frame.settings.game.recipe)[0]]"
    assert jupyter.kernel_eval(page, ahead) == [5]
    slider.locator(".noUi-handle").focus()
    page.keyboard.press("ArrowRight")
    jupyter.wait_for_python(page, f"{ahead} == [6]")
    trained_to(page, jupyter.kernel_eval(page, "lab.session.frame.step"))

    # none at all is the plain game; nothing starts afresh
    page.keyboard.press("Home")
    jupyter.wait_for_python(page, f"{ahead} == [0]")
    step = jupyter.kernel_eval(page, "lab.session.frame.step")
    assert step > 50
    trained_to(page, step + 50)
    button(page, "Pause")
    assert jupyter.kernel_eval(page, "len(lab.session.runs)") == 1
    no_error(page)
