"""Fixtures for tests in a real browser: one server and one browser for the session, one page per test."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

from . import jupyter

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"


@dataclass
class Watch:
    """What a page did that it should not do.

    `allowed` holds beginnings of addresses outside of this machine that a test puts up with.
    """

    errors: list[str] = field(default_factory=list)
    external: list[str] = field(default_factory=list)
    allowed: list[str] = field(default_factory=list)

    def on(self, page: Page) -> None:
        """Begin to listen to a page."""
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", self._log)
        page.on("request", lambda request: self._ask(request.url))

    def _log(self, message: ConsoleMessage) -> None:
        if message.type == "error" and not message.location["url"].startswith(tuple(self.allowed)):
            self.errors.append(message.text)

    def _ask(self, address: str) -> None:
        own = ("http://127.0.0.1:", "ws://127.0.0.1:", "file:", "data:", "blob:")
        if not address.startswith((*own, *self.allowed)):
            self.external.append(address)


@pytest.fixture(scope="session")
def notebook_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the notebooks, so that a test run never touches the tree."""
    root = tmp_path_factory.mktemp("notebooks")
    if NOTEBOOKS.is_dir():
        unwanted = shutil.ignore_patterns(".ipynb_checkpoints")
        shutil.copytree(NOTEBOOKS, root, dirs_exist_ok=True, ignore=unwanted)
    return root


@pytest.fixture(scope="session")
def lab(notebook_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[jupyter.Server]:
    """A JupyterLab server on the copied notebooks."""
    with jupyter.server("lab", notebook_root, tmp_path_factory.mktemp("lab-home")) as running:
        yield running


@pytest.fixture(scope="module")  # outlives the pages, which would log the end of their kernel as an error
def voila_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[Path], jupyter.Server]]:
    """Start Voilà on a notebook; stopped at the end of the module."""
    with contextlib.ExitStack() as stack:
        yield lambda notebook: stack.enter_context(
            jupyter.server("voila", notebook, tmp_path_factory.mktemp("voila-home"))
        )


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The system's Chromium, without a window; missing is an error in CI and a skip elsewhere."""
    path = jupyter.chromium()
    if path is None:
        reason = "no Chromium found: install it or name it in the environment variable CHROMIUM"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=path, args=jupyter.CHROMIUM_ARGUMENTS)
        yield running
        running.close()


@pytest.fixture
def watch() -> Watch:
    """Console errors and outside requests of this test's page."""
    return Watch()


@pytest.fixture
def page(browser: Browser, watch: Watch, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Page]:
    """A page of its own, as wide as a projector; it must log no error and not leave this machine."""
    context = browser.new_context(viewport={"width": 1024, "height": 900})
    opened = context.new_page()
    opened.set_default_timeout(60_000)
    watch.on(opened)
    yield opened
    folder = Path(os.environ.get("GAN_EDU_ARTEFACTS", tmp_path))
    folder.mkdir(parents=True, exist_ok=True)
    opened.screenshot(path=folder / f"{request.node.name}.png")
    context.close()
    assert watch.errors == []
    assert watch.external == []
