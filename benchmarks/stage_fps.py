"""Frames per second that a browser draws, live from a worker thread in JupyterLab.

A frame is 1,000 moving points, 500 real ones and a 50 x 50 field. The worker thread makes about 200 a second.
Run from the root of the repository: `python -m benchmarks.stage_fps`.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.browser import jupyter

SECONDS = 8
CELL = """
import contextvars, threading, time
import numpy as np
from gan_edu.labs.stage import Stage
from gan_edu.scenes import Scene

rng = np.random.default_rng(0)
noise, data = rng.normal(size=(1000, 2)), rng.normal(size=(500, 2))
x, y = np.meshgrid(np.linspace(-3, 3, 50), np.linspace(-3, 3, 50))
stage, result = Stage(), {}

def flood(seconds):
    start, cpu, k, sent = time.monotonic(), time.thread_time(), 0, 0
    while time.monotonic() - start < seconds:
        turn = np.array([np.cos(k / 40), np.sin(k / 40)])
        field = 1 / (1 + np.exp(-3 * (x * turn[0] + y * turn[1])))
        k += 1
        samples = noise * 0.6 + turn
        sent += stage.show(Scene(extent=(-3, 3, -3, 3), step=k, data=data, samples=samples, field=field))
        time.sleep(0.004)
    sending = time.monotonic() - start
    cpu_ms = 1e3 * (time.thread_time() - cpu) / k
    drawn = stage.wait(20)
    lag = time.monotonic() - start - sending
    result.update(made=k, sent=sent, seconds=sending, cpu_ms=cpu_ms, drawn=drawn, lag=lag)

def start(seconds):
    threading.Thread(target=contextvars.copy_context().run, args=(flood, seconds), daemon=True).start()

stage
"""
# an animation callback holds all the script of a frame: unpacking, painting, telling the kernel
TIMED = """
window.spent = [];
const request = window.requestAnimationFrame.bind(window);
window.requestAnimationFrame = (callback) => request((now) => {
  const before = document.querySelector('.gan-stage')?.dataset.drawn, start = performance.now();
  callback(now);
  const spent = performance.now() - start;
  if (document.querySelector('.gan-stage')?.dataset.drawn !== before) window.spent.push(spent);
});
"""


def main() -> None:
    """Print the measurement as JSON."""
    folder = Path(tempfile.mkdtemp())
    root, home = folder / "notebooks", folder / "home"
    jupyter.make_notebook(root / "fps.ipynb", [("code", CELL)])
    with sync_playwright() as playwright, jupyter.server("lab", root, home) as lab:
        browser = playwright.chromium.launch(
            executable_path=jupyter.chromium(), args=jupyter.CHROMIUM_ARGUMENTS
        )
        page = browser.new_page(viewport={"width": 1024, "height": 900})
        page.add_init_script(TIMED)
        jupyter.open_notebook(page, lab, "fps.ipynb")
        assert jupyter.run_all(page) == []
        page.wait_for_selector(".gan-stage[data-drawn]")
        page.evaluate("() => { window.spent.length = 0; }")
        jupyter.kernel_eval(page, f"start({SECONDS})")
        page.wait_for_timeout(1000 * SECONDS)
        jupyter.wait_for_python(page, "'drawn' in result")
        result = jupyter.kernel_eval(page, "result")
        spent = sorted(page.evaluate("() => window.spent"))
        browser.close()
    median, late = spent[len(spent) // 2], spent[int(0.95 * len(spent))]
    print(
        json.dumps(
            {
                "drawn_fps": round(len(spent) / result["seconds"], 1),
                "sent_fps": round(result["sent"] / result["seconds"], 1),
                "made_fps": round(result["made"] / result["seconds"], 1),
                "kernel_cpu_ms_per_frame": round(result["cpu_ms"], 2),
                "script_ms_median": round(median, 2),
                "script_ms_95_percent": round(late, 2),
                "lag_s": round(result["lag"], 3),
            },
            indent=1,
        )
    )


if __name__ == "__main__":
    main()
