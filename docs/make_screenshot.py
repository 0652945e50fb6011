"""The README's picture: the collapse lab in JupyterLab, as a browser shows it. `python -m docs.make_screenshot`."""

from __future__ import annotations

import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.browser import jupyter

WIDTH, HEIGHT = 1024, 1180
CELL = "from gan_edu.labs.collapse import collapse_lab\nlab = collapse_lab('rotating')\nlab"
READY = "() => Number(document.querySelector('.gan-stage').dataset.step) >= 1500"


def main() -> None:
    """Train the lab for 1,500 steps and photograph it."""
    folder = Path(tempfile.mkdtemp())
    root = folder / "notebooks"
    root.mkdir()
    jupyter.make_notebook(root / "collapse_lab.ipynb", [("code", CELL)])
    out = Path(__file__).parent / "pictures" / "lab.png"
    with sync_playwright() as playwright, jupyter.server("lab", root, folder / "home") as lab:
        browser = playwright.chromium.launch(
            executable_path=jupyter.chromium(), args=jupyter.CHROMIUM_ARGUMENTS
        )
        page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
        jupyter.open_notebook(page, lab, "collapse_lab.ipynb")
        jupyter.run_all(page)
        page.wait_for_selector(".js-plotly-plot .main-svg")
        jupyter.kernel_eval(page, "lab.train()")
        page.wait_for_function(READY, timeout=120_000)
        jupyter.kernel_eval(page, "lab.pause()")
        page.wait_for_timeout(2500)  # the curves catch up
        page.screenshot(path=str(out))
        browser.close()
    print(out)


if __name__ == "__main__":
    main()
