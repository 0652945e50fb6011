"""The sampler lab on a trained GAN as a learner meets it: K twice fast, gamma, another moment, a failure case."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page

from . import jupyter

pytestmark = pytest.mark.browser

CELL = "from gan_edu.labs.trained_samplers import trained_sampler_lab\nlab = trained_sampler_lab(); lab"


def says(page: Page, words: str, where: str = ".gan-trained-samplers text") -> None:
    """Wait until the picture's text says so."""
    page.wait_for_function(
        "([words, where]) => [...document.querySelectorAll(where)].some((part) => part.textContent.includes(words))",
        arg=[words, where],
    )


def told(page: Page, words: str) -> None:
    """Wait until the sentence below the picture says so."""
    says(page, words, ".gan-lab-message")


def test_sliders_moments_and_failures(page: Page, lab: jupyter.Server, notebook_root: Path) -> None:
    jupyter.make_notebook(notebook_root / "trained.ipynb", [("code", CELL)])
    jupyter.open_notebook(page, lab, "trained.ipynb")
    assert jupyter.run_all(page) == []
    says(page, "MH-GAN, K = 100")
    says(page, "20 of 25")
    told(page, "JSD 0.129 for G alone")
    picture = page.locator(".gan-trained-samplers .gan-samplers")
    assert picture.evaluate("(it) => it.scrollWidth <= document.body.clientWidth")

    # K is dragged down and up again faster than chains are walked: the last value is what is shown
    inside = page.locator(".gan-lab")
    handles = inside.locator(".noUi-handle")
    box = inside.locator(".noUi-target").nth(2).bounding_box()
    assert box
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] - 2, middle)
    page.mouse.down()
    for place in (0.6, 0.2, 0.0, 0.3, 0.8, 0.0):
        page.mouse.move(box["x"] + place * box["width"], middle, steps=3)
    page.mouse.up()
    says(page, "MH-GAN, K = 1")
    jupyter.wait_for_python(page, "lab.moment.setting.proposals == 1 and lab.settled")
    page.mouse.move(box["x"], middle)
    page.mouse.down()
    for place in (0.5, 1.0, 0.4, 1.0):
        page.mouse.move(box["x"] + place * box["width"], middle, steps=3)
    page.mouse.up()
    says(page, "MH-GAN, K = 100")
    jupyter.wait_for_python(page, "lab.moment.setting.proposals == 100 and lab.settled")
    told(page, "JSD 0.129 for G alone")

    # a lower gamma by keys
    handles.nth(1).focus()
    for _ in range(3):
        page.keyboard.press("ArrowLeft")
    jupyter.wait_for_python(page, "lab.moment.setting.percentile == 80 and lab.settled")
    drs = jupyter.kernel_eval(page, "lab.samplers.at(8, lab.moment.setting).outcomes['drs'].divergence")
    told(page, f"{drs:.3f} with DRS")

    # another moment: by keys in the picture, and on the slider
    picture.focus()
    page.keyboard.press("ArrowRight")
    says(page, "step 5,400 · frame 10 of 21", ".gan-lab .widget-html-content")
    page.keyboard.press("Home")
    told(page, "JSD 0.6")
    handles.nth(0).focus()
    for _ in range(8):
        page.keyboard.press("ArrowRight")
    told(page, "JSD 0.129 for G alone")

    # failure cases, and back
    cases = inside.get_by_label("failure cases")
    cases.select_option(label="overconfident D: logits × 5")
    told(page, "D’s logits are 5 times too large")
    says(page, "8 of 25")
    inside.get_by_label("calibration").select_option(label="Platt")
    told(page, "calibration with Platt has undone it")
    cases.select_option(label="restart with old proposals")
    says(page, "MH-GAN, K = 5")
    assert inside.get_by_label("MH starts at").is_disabled()
    told(page, "once more what they have refused")
    cases.select_option(label="nothing is wrong")
    says(page, "MH-GAN, K = 100")
    inside.get_by_role("button", name="Reset").click()
    jupyter.wait_for_python(page, "lab.moment == lab.start and lab.settled")
    assert not any(
        "moments" in words for words in page.locator(".gan-trained-samplers text").all_text_contents()
    )
    log = lab.log.read_text()
    assert "Traceback" not in log, log[-3000:]
