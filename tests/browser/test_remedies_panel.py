"""Switching remedies on in the collapse lab, as a learner does."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page

from . import jupyter
from .test_collapse_lab import button, no_error, opened, trained_to

pytestmark = pytest.mark.browser


def test_switch_remedies_while_training(page: Page, lab: jupyter.Server, notebook_root: Path) -> None:
    opened(page, lab, notebook_root, "remedies.ipynb", "lab = collapse_lab(game='gan:width=16'); lab")
    page.get_by_role("tab", name="Remedies").or_(page.get_by_text("Remedies", exact=True)).first.click()

    # one that needs no other networks acts on the running training, with its sliders below the switch
    page.get_by_label("gradient penalty").check()
    page.get_by_text("length asked for").wait_for()
    button(page, "Train")
    trained_to(page, 30)
    peel = "__import__('gan_edu.parameters').parameters.peel"
    around = f"[r['name'] for r in {peel}(lab.session.running.game.recipe)[0]]"
    assert jupyter.kernel_eval(page, around) == ["gradient_penalty"]

    # one that does waits for a fresh start, and says so
    page.get_by_label("packing").check()
    page.wait_for_function("() => document.querySelector('.gan-lab').innerText.includes('remedies')")
    assert jupyter.kernel_eval(page, around) == ["gradient_penalty"]
    button(page, "Reset")
    trained_to(page, 10)
    button(page, "Pause")
    assert jupyter.kernel_eval(page, around) == ["gradient_penalty", "packing"]

    # what can't go together is said, and taken back
    page.get_by_label("feature matching").check()
    page.get_by_label("top k").click()
    page.wait_for_function("() => document.querySelector('.gan-lab-message').innerText.includes('top_k')")
    assert not page.get_by_label("top k").is_checked()
    no_error(page)
