"""How fast the collapse lab is in a real browser, on the machine at hand.

Training with pictures against the bare rate at the default sizes and at GAN Lab's, pictures that the browser draws
a second, from a key on a slider to its effect, and from running the cell to the first picture after the imports.
Then, for two labs with and without their warm-up: from a click on Train to the first live frame, at once and when the
lab has been open for a while, and the longest that the kernel lets controls wait in a lab's first seconds.
Run from the root of the repository: `python -m benchmarks.lab_speed`.
"""

from __future__ import annotations

import json
import statistics
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from tests.browser import jupyter

SECONDS = 6
ROUNDS = 3
GAN_LAB = "game='gan:width=11', batch_size=150"
IMPORTS = """
import time
import torch
import gan_edu, ipywidgets, anywidget
from gan_edu.labs.collapse import collapse_lab
from gan_edu.labs.lab import Lab
from gan_edu.labs.one_dimensional import one_dimensional_lab
from gan_edu.training import Training

def bare(lab, seconds=1.5):
    torch.set_num_threads(1)
    training = Training(lab.session.wanted)
    for _ in range(20):
        frame = next(training)
    start, first = time.perf_counter(), frame.step
    while time.perf_counter() - start < seconds:
        frame = next(training)
    return (frame.step - first) / (time.perf_counter() - start)

def where():
    return [lab.session.frame.step, time.perf_counter()]
"""
COLD = """
def get_ready(self, stop):
    self.charts.request()
    self.charts.run(stop)

Lab._get_ready = get_ready
"""
WHILE = 5
"""Seconds after which a lab has warmed up."""
OPENED = """() => {
    const stage = document.querySelector('.gan-stage[data-drawn]');
    return stage && Number(stage.dataset.drawn) > 0;
}"""
NUMBER = "() => Number(document.querySelector('.gan-stage').dataset.%s)"


def with_pictures(page: Page, every_frame: bool) -> tuple[float, float]:
    """Steps and drawn frames a second while the lab trains."""
    jupyter.kernel_eval(page, f"[setattr(lab.transport.pace, 'value', {every_frame}), lab.train()][0]")
    page.wait_for_timeout(1500)
    drawn, (steps, at) = page.evaluate(NUMBER % "drawn"), jupyter.kernel_eval(page, "where()")
    page.wait_for_timeout(1000 * SECONDS)
    drawn, (steps, at) = (
        page.evaluate(NUMBER % "drawn") - drawn,
        (now - before for now, before in zip(jupyter.kernel_eval(page, "where()"), (steps, at), strict=True)),
    )
    jupyter.kernel_eval(page, "lab.pause()")
    return steps / at, drawn / at


def slider_to_effect(page: Page) -> float:
    """Seconds from a key on the slider until a frame that was trained with the new rate is on the page."""
    jupyter.kernel_eval(page, "lab.train()")
    handle = page.locator(".gan-lab-panel .noUi-handle").nth(1)
    handle.focus()
    times = []
    for key in ("ArrowRight", "ArrowLeft") * 4:
        page.wait_for_timeout(400)
        before = jupyter.kernel_eval(page, "lab.session.running.discriminator_learning_rate")
        start = page.evaluate("() => performance.now()")
        page.keyboard.press(key)
        jupyter.wait_for_python(page, f"lab.session.frame.settings.discriminator_learning_rate != {before}")
        step = jupyter.kernel_eval(page, "lab.session.frame.step")
        page.wait_for_function(f"() => Number(document.querySelector('.gan-stage').dataset.step) >= {step}")
        times.append(page.evaluate("() => performance.now()") - start)
    jupyter.kernel_eval(page, "lab.pause()")
    return statistics.median(times) / 1000


def opened(page: Page, lab: jupyter.Server, root: Path, name: str, cell: str, setup: str = "") -> float:
    """Open a lab in a kernel of its own: seconds from running its cell, after the imports, to the first picture."""
    jupyter.make_notebook(root / f"{name}.ipynb", [("code", IMPORTS + setup), ("code", f"lab = {cell}; lab")])
    jupyter.open_notebook(page, lab, f"{name}.ipynb")
    page.evaluate(
        """async () => {
            const { commands, shell } = window.jupyterapp;
            shell.currentWidget.content.activeCellIndex = 0;
            await commands.execute('notebook:run-cell');
            shell.currentWidget.content.activeCellIndex = 1;
            window.began = performance.now();
            commands.execute('notebook:run-cell');
        }"""
    )
    page.wait_for_function(OPENED)
    return page.evaluate("() => performance.now() - window.began") / 1000


def shut(page: Page) -> None:
    """End the kernel, which would go on beside the next one."""
    page.evaluate("() => window.jupyterapp.shell.currentWidget.sessionContext.shutdown()")


def click_to_live(page: Page) -> float:
    """Seconds from a click on Train to the first live frame on the page."""
    start = page.evaluate(
        """() => {
            const { dataset } = document.querySelector('.gan-stage');
            window.live = new Promise((resolve) => new MutationObserver(() => {
                if (dataset.mode === 'live' && Number(dataset.step) > 0) resolve(performance.now());
            }).observe(document.querySelector('.gan-stage'), { attributes: true }));
            document.querySelector('.gan-lab button.mod-success').click();
            return performance.now();
        }"""
    )
    return (page.evaluate("() => window.live") - start) / 1000


def longest_wait(page: Page) -> float:
    """Seconds that the kernel takes at most, while a lab gets ready, to act on a layer that is toggled."""
    waits, end = [], time.monotonic() + WHILE
    while time.monotonic() < end:
        page.locator('.gan-stage [data-layer="data"]').first.click()
        start = time.monotonic()
        jupyter.kernel_eval(page, "1")  # comes after the news of the click, on the same channel
        waits.append(time.monotonic() - start)
        page.wait_for_timeout(50)
    return max(waits)


def first_frame(page: Page, lab: jupyter.Server, root: Path, cell: str, setup: str) -> dict[str, float]:
    """How a lab begins: medians of rounds, each click in a kernel of its own."""
    rows: dict[str, list[float]] = {}
    for _ in range(ROUNDS):
        rows.setdefault("cell_to_first_picture_s", []).append(opened(page, lab, root, "first", cell, setup))
        rows.setdefault("train_at_once_s", []).append(click_to_live(page))
        shut(page)
        opened(page, lab, root, "first", cell, setup)
        page.wait_for_timeout(1000 * WHILE)
        rows.setdefault("train_after_a_while_s", []).append(click_to_live(page))
        shut(page)
        opened(page, lab, root, "first", cell, setup)
        rows.setdefault("longest_wait_s", []).append(longest_wait(page))
        shut(page)
    return {name: round(statistics.median(values), 2) for name, values in rows.items()}


def measure(page: Page, lab: jupyter.Server, root: Path, name: str, options: str) -> dict[str, float]:
    """One lab of one size: medians of interleaved rounds."""
    waited = opened(page, lab, root, name, f"collapse_lab({options})")
    page.wait_for_selector(".js-plotly-plot .main-svg")
    rows = []
    for _ in range(ROUNDS):
        bare = jupyter.kernel_eval(page, "bare(lab)")
        full, drawn = with_pictures(page, every_frame=False)
        smooth, smooth_drawn = with_pictures(page, every_frame=True)
        rows.append((bare, full, full / bare, drawn, smooth, smooth_drawn))
    bare, full, ratio, drawn, smooth, smooth_drawn = (
        statistics.median(column) for column in zip(*rows, strict=True)
    )
    return {
        "cell_to_first_picture_s": round(waited, 2),
        "bare_steps_per_s": round(bare),
        "full_speed_steps_per_s": round(full),
        "full_speed_of_bare": round(ratio, 2),
        "full_speed_drawn_fps": round(drawn, 1),
        "every_frame_steps_per_s": round(smooth),
        "every_frame_drawn_fps": round(smooth_drawn, 1),
        "slider_to_effect_s": round(slider_to_effect(page), 3),
    }


def main() -> None:
    """Print the measurements as JSON."""
    folder = Path(tempfile.mkdtemp())
    root, home = folder / "notebooks", folder / "home"
    root.mkdir()
    with sync_playwright() as playwright, jupyter.server("lab", root, home) as lab:
        browser = playwright.chromium.launch(
            executable_path=jupyter.chromium(), args=jupyter.CHROMIUM_ARGUMENTS
        )
        page = browser.new_page(viewport={"width": 1024, "height": 900})
        sizes = {"default": "", "gan_lab": GAN_LAB}
        result = {name: measure(page, lab, root, name, options) for name, options in sizes.items()}
        for cell in ("collapse_lab()", "one_dimensional_lab()"):
            for title, setup in (("warm", ""), ("cold", COLD)):
                result[f"{cell} {title}"] = first_frame(page, lab, root, cell, setup)
        browser.close()
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
