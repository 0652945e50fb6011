"""The static pages: read from a file, with a run that plays, without a kernel or a network."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page

from gan_edu.labs.recorded import load
from gan_edu.scenes import unpack_run

ROOT = Path(__file__).parents[2]
LARGEST = 3_000_000
EXECUTED = "00_start"


def builder():
    """The script `docs/build_site.py` as a module."""
    spec = importlib.util.spec_from_file_location("build_site", ROOT / "docs" / "build_site.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.browser
@pytest.mark.notebooks
@pytest.mark.parametrize("name", sorted(path.stem for path in (ROOT / "notebooks").glob("*.ipynb")))
def test_page_plays_from_a_file(page: Page, tmp_path: Path, name: str) -> None:
    """Small, complete, playable by keyboard, and nothing is asked for but the file.

    One of them with its outputs: running them all is what the tests of the notebooks do.
    """
    pytest.importorskip("nbconvert")
    nbformat = pytest.importorskip("nbformat")
    path = tmp_path / "site" / f"{name}.html"
    notebook = nbformat.read(ROOT / "notebooks" / f"{name}.ipynb", as_version=4)
    (lab,) = [cell for cell in notebook.cells if "lab" in cell.metadata.get("tags", [])]
    if name == EXECUTED:
        files = builder().build(tmp_path / "site", [name])
        assert files == [path, tmp_path / "site" / "index.html"]
    else:
        path.parent.mkdir()
        path.write_text(builder().page(notebook), encoding="utf-8")
    assert 60_000 < path.stat().st_size < LARGEST
    html = path.read_text(encoding="utf-8")
    assert "$" not in re.sub(
        r"<pre.*?</pre>|<iframe.*?</iframe>|<code.*?</code>", "", html, flags=re.S
    )  # no bare LaTeX
    assert ".ipynb)" not in html
    assert "0%|" not in html

    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(path.as_uri())
    assert page.locator("h1").count() == 1
    assert page.locator("img:not([alt])").count() == 0
    assert page.evaluate(
        "() => [...document.images].every((image) => image.complete && image.naturalWidth > 0)"
    )
    assert page.evaluate("() => document.documentElement.scrollWidth <= window.innerWidth")

    page.locator("iframe").scroll_into_view_if_needed()
    (player,) = page.frames[1:]
    player.wait_for_function("() => Number(document.querySelector('.gan-stage')?.dataset.frame) > 20")
    player.locator(".gan-stage-canvas").focus()
    page.keyboard.press("End")
    player.wait_for_function("() => document.querySelector('.gan-stage').dataset.playing === 'false'")
    last = unpack_run(load(lab.metadata["gan_edu"]["recorded"])[0])[0][-1].step
    assert int(player.locator(".gan-stage").get_attribute("data-step") or 0) >= min(800, last) > 0
    if name == EXECUTED:
        answers = page.locator("details", has_text="✔").first
        assert not answers.locator("ol").is_visible()
        answers.locator("summary").press("Enter")
        assert answers.locator("ol").is_visible()
    assert asked == [path.as_uri()]


@pytest.mark.notebooks
def test_slides_carry_the_speaker_notes() -> None:
    """The same file is a lecture: sections, and what the lecturer says."""
    pytest.importorskip("nbconvert")
    nbformat = pytest.importorskip("nbformat")
    notebook = nbformat.read(ROOT / "notebooks" / "03_mode_collapse.ipynb", as_version=4)
    html = builder().slides(notebook, "reveal.js")
    assert html.count('<aside class="notes">') >= 8
    assert html.count("<section") >= 15
    assert 'src="reveal.js/dist/reveal.js"' in html or "reveal.js/dist/reveal" in html
