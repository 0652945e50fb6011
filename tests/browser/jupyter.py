"""Start Jupyter servers of our own and drive a notebook in a real browser."""

from __future__ import annotations

import ast
import contextlib
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@dataclass(frozen=True)
class Server:
    """A running server: `base` is its address, `token` lets a browser in (empty for Voilà), `log` what it says."""

    base: str
    token: str
    log: Path


def chromium() -> str | None:
    """Path of the system's Chromium, or None; the environment variable CHROMIUM decides if it is set."""
    names = (os.environ.get("CHROMIUM"), "chromium", "chromium-browser", "google-chrome")
    return next((path for name in names if name and (path := shutil.which(name))), None)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _answers(kind: str, port: int, token: str) -> bool:
    if kind == "voila":  # it runs the whole notebook for a page, so only the port is asked
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return True
        return False
    status = f"http://127.0.0.1:{port}/api/status?token={token}"
    with contextlib.suppress(urllib.error.URLError, OSError), urllib.request.urlopen(status, timeout=2):
        return True
    return False


@contextlib.contextmanager
def server(kind: str, root: Path, home: Path, timeout: float = 120.0) -> Iterator[Server]:
    """Run JupyterLab or Voilà for as long as the block lasts.

    Args:
        kind: "lab" or "voila".
        root: the folder to serve; for Voilà also a single notebook.
        home: an empty folder for everything that Jupyter would else keep in the developer's home.
        timeout: seconds until the server must answer.
    """
    port, token = _free_port(), secrets.token_hex(16)
    settings = home / "settings" / "@jupyterlab" / "apputils-extension"
    settings.mkdir(parents=True, exist_ok=True)
    # the news popup would cover the lower right of the first screen
    quiet = {"fetchNews": "false", "checkForUpdates": False}
    (settings / "notification.jupyterlab-settings").write_text(json.dumps(quiet))
    environment = {
        **os.environ,
        "HOME": str(home),
        "JUPYTER_CONFIG_DIR": str(home / "config"),
        "JUPYTER_DATA_DIR": str(home / "data"),
        "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
        "IPYTHONDIR": str(home / "ipython"),
        "JUPYTERLAB_SETTINGS_DIR": str(home / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(home / "workspaces"),
        "OMP_NUM_THREADS": "1",
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
    }
    if kind == "lab":
        command = [
            *(sys.executable, "-m", "jupyterlab", "--no-browser", "--ip=127.0.0.1", f"--port={port}"),
            *("--ServerApp.port_retries=0", "--ServerApp.allow_root=True", f"--ServerApp.root_dir={root}"),
            *(f"--IdentityProvider.token={token}", "--LabApp.expose_app_in_browser=True"),
            "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
        ]
    else:
        command = [
            *(sys.executable, "-m", "voila", str(root), "--no-browser"),
            *("--Voila.ip=127.0.0.1", f"--port={port}"),
        ]
    log = home / f"{kind}.log"
    folder = root if root.is_dir() else root.parent
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            env=environment,
            cwd=folder,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            end = time.monotonic() + timeout
            while not _answers(kind, port, token):
                if process.poll() is not None or time.monotonic() > end:
                    end_of_log = log.read_text()[-2000:]
                    raise RuntimeError(f"{kind} did not start (exit code {process.poll()}):\n{end_of_log}")
                time.sleep(0.1)
            yield Server(f"http://127.0.0.1:{port}", token if kind == "lab" else "", log)
        finally:
            # the whole group, so that no kernel outlives the test
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def make_notebook(path: Path, cells: Iterable[tuple[str, str]]) -> None:
    """Write a notebook.

    Args:
        path: where to.
        cells: pairs of "code" or "markdown" and the source.
    """
    extra = {"code": {"outputs": [], "execution_count": None}, "markdown": {}}
    notebook = {
        "cells": [
            {"cell_type": kind, "id": f"cell-{k}", "metadata": {}, "source": source, **extra[kind]}
            for k, (kind, source) in enumerate(cells)
        ],
        "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(notebook))


def open_notebook(page: Page, lab: Server, path: str, timeout: float = 120_000) -> None:
    """Open a notebook by itself (no file browser, no old workspace) and wait until its kernel is idle.

    Args:
        page: a browser page.
        lab: a server of kind "lab".
        path: the notebook, relative to the server's root.
        timeout: milliseconds until the page must be there.
    """
    page.goto(f"{lab.base}/doc/tree/{path}?token={lab.token}&reset", wait_until="domcontentloaded")
    page.wait_for_function("() => window.jupyterapp?.shell.currentWidget?.context", timeout=timeout)
    page.evaluate(
        """async () => {
            const notebook = window.jupyterapp.shell.currentWidget;
            await notebook.revealed;
            await notebook.context.ready;
            await notebook.sessionContext.ready;
        }"""
    )
    page.wait_for_function(
        "() => window.jupyterapp.shell.currentWidget.sessionContext.session?.kernel?.status === 'idle'",
        timeout=timeout,
    )


def run_all(page: Page) -> list[str]:
    """Run every cell of the open notebook, wait for the last, and give the errors as "Name: message"."""
    return page.evaluate(
        """async () => {
            const { commands, shell } = window.jupyterapp;
            await commands.execute('notebook:run-all-cells'); // its promise is the wait
            return shell.currentWidget.content.widgets
                .filter((cell) => cell.model.type === 'code')
                .flatMap((cell) => cell.model.outputs.toJSON())
                .filter((output) => output.output_type === 'error')
                .map((output) => `${output.ename}: ${output.evalue}`);
        }"""
    )


def kernel_eval(page: Page, expression: str) -> Any:
    """Evaluate a Python expression in the open notebook's kernel, without adding a cell.

    Args:
        page: a page that shows a notebook.
        expression: its value must be JSON.

    Raises:
        AssertionError: if the expression raises.
    """
    reply = page.evaluate(
        """async (expression) => {
            const { kernel } = window.jupyterapp.shell.currentWidget.sessionContext.session;
            const request = { code: '', store_history: false, user_expressions: { value: expression } };
            return (await kernel.requestExecute(request).done).content;
        }""",
        f"__import__('json').dumps({expression})",
    )
    value = reply.get("user_expressions", {}).get("value", reply)
    assert value["status"] == "ok", value
    return json.loads(ast.literal_eval(value["data"]["text/plain"]))


def wait_for_python(page: Page, condition: str, timeout: float = 60.0) -> None:
    """Wait until a Python expression is true in the open notebook's kernel.

    Args:
        page: a page that shows a notebook.
        condition: the expression.
        timeout: seconds after which it is given up.

    Raises:
        AssertionError: if the expression raises, or is still false at the end.
    """
    # asked from here: the browser's own wait takes a promise, which it does not await, for true
    end = time.monotonic() + timeout
    while not kernel_eval(page, f"bool({condition})"):
        assert time.monotonic() < end, f"still false after {timeout} s: {condition}"
        page.wait_for_timeout(50)
