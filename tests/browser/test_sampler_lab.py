"""The sampler lab as a learner meets it: play, pause, the envelope, keys, a chain."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page

from . import jupyter

pytestmark = pytest.mark.browser

CELL = "from gan_edu.labs.samplers import sampler_lab\nlab = sampler_lab(); lab"


def says(page: Page, words: str) -> None:
    """Wait until the picture says so to those who cannot see it."""
    page.wait_for_function(
        "(words) => document.querySelector('.gan-samplers')?.ariaLabel.includes(words)", arg=words
    )


def test_play_envelope_keys_and_chains(page: Page, lab: jupyter.Server, notebook_root: Path) -> None:
    jupyter.make_notebook(notebook_root / "samplers.ipynb", [("code", CELL)])
    jupyter.open_notebook(page, lab, "samplers.ipynb")
    assert jupyter.run_all(page) == []
    says(page, "0 of 0 darts accepted, M = 3.67")
    assert page.evaluate(
        "() => document.querySelector('.gan-samplers').scrollWidth <= document.body.clientWidth"
    )

    # darts fall until they are paused
    inside = page.locator(".gan-lab")
    inside.get_by_role("button", name="Play").click()
    jupyter.wait_for_python(page, "lab.moment.at > 20")
    inside.get_by_role("button", name="Pause").click()
    jupyter.wait_for_python(page, "not lab.worker.running")
    at = jupyter.kernel_eval(page, "lab.moment.at")
    says(page, f"of {at} darts accepted")

    # the envelope comes down by keys, under the same darts
    inside.locator(".noUi-handle").first.focus()
    for _ in range(10):
        page.keyboard.press("ArrowLeft")
    says(page, f"of {at} darts accepted, M = 1.35")
    page.wait_for_function(
        "() => /M is too small/.test(document.querySelector('.gan-lab-message').innerText)"
    )
    inside.get_by_role("button", name="M = sup w").click()
    says(page, "M = 3.67")

    # keys in the picture
    picture = page.locator(".gan-samplers")
    picture.focus()
    page.keyboard.press("ArrowRight")
    says(page, f"of {at + 1} darts accepted")
    page.keyboard.press("End")
    says(page, "of 2048 darts accepted")

    # a chain
    inside.get_by_label("sampler").select_option(label="Metropolis–Hastings")
    says(page, "1000 chains after 0 of 20 steps")
    inside.get_by_label("densities").select_option(label="four bells, one missing in q")
    inside.get_by_label("start", exact=True).select_option(label="at a real point")
    picture.focus()
    page.keyboard.press("ArrowRight")
    says(page, "1000 chains after 1 of 20 steps")
    page.keyboard.press("Space")
    says(page, "1000 chains after 20 of 20 steps")
    jupyter.wait_for_python(page, "not lab.worker.running")
    inside.get_by_role("button", name="Reset").click()
    says(page, "0 of 0 darts accepted, M = 3.67")
    jupyter.wait_for_python(page, "lab.moment == lab.start")
    assert not inside.get_by_label("start", exact=True).is_visible()
    log = lab.log.read_text()
    assert "Traceback" not in log, log[-3000:]
