"""Reading and running the notebooks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient
from nbformat import NotebookNode

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
NAMES = [path.stem for path in NOTEBOOKS]
TIMEOUT = 300  # seconds a cell; what a notebook may take is asserted, this is for a hang
CPU_SECONDS = 120
"""That a notebook may take on a machine that does other things too; on idle cores it is below 60."""
COST = """
import time
facts["cpu_seconds"] = time.process_time()
status = dict(line.split(":", 1) for line in open("/proc/self/status"))  # Linux; ru_maxrss would be pytest's
facts["memory"] = int(status["VmHWM"].split()[0]) / 1e6  # GB
"""


def read(name: str) -> NotebookNode:
    """A notebook by its name, without the ending."""
    return nbformat.read(ROOT / "notebooks" / f"{name}.ipynb", as_version=4)


def tagged(notebook: NotebookNode, tag: str) -> list[NotebookNode]:
    """The cells with a tag, in order."""
    return [cell for cell in notebook.cells if tag in cell.metadata.get("tags", [])]


def run(notebook: NotebookNode, folder: Path, look: str = "") -> dict[str, Any]:
    """Run a notebook top to bottom in an empty folder; an error in a cell is raised.

    Args:
        notebook: Gets its outputs.
        folder: Where its kernel works.
        look: Code to run at the end, which leaves a dict of JSON values called `facts`.

    Returns:
        These facts.
    """
    work = nbformat.from_dict({**notebook, "cells": list(notebook.cells)})
    file = folder / "facts.json"
    last = f"{look}\nimport json, pathlib\npathlib.Path({str(file)!r}).write_text(json.dumps(facts))"
    if look:
        work.cells.append(nbformat.v4.new_code_cell(last))
    client = NotebookClient(
        work, timeout=TIMEOUT, store_widget_state=False, resources={"metadata": {"path": str(folder)}}
    )
    client.execute()
    return json.loads(file.read_text()) if look else {}


def executed(name: str, folder: Path, look: str) -> dict[str, Any]:
    """The facts of a notebook that has run within its time and memory."""
    facts = run(read(name), folder, look + COST)
    assert facts["cpu_seconds"] < CPU_SECONDS
    assert facts["memory"] < 1.0
    return facts
