"""Labs that are open: running a cell again stops the lab that it made before."""

from __future__ import annotations

import itertools
from typing import Protocol


class Closable(Protocol):
    """What can be stopped for good."""

    def close(self) -> None:
        """Stop, and give everything back."""


_open: dict[str, Closable] = {}
_numbers = itertools.count()


def replace(lab: Closable, key: str | None = None) -> None:
    """Register a lab, first thing, and close the one that the same cell made before.

    Args:
        lab: The new one; it need not be ready yet.
        key: In place of the cell, where it is not known.
    """
    key = key or _cell() or f"lab {next(_numbers)}"
    old = _open.pop(key, None)
    _open[key] = lab
    if old is not None:
        old.close()


def _cell() -> str | None:
    """The notebook cell that is being run, as far as the front end tells."""
    from IPython.core.getipython import get_ipython

    shell = get_ipython()
    parent = getattr(shell, "get_parent", dict)() or {}
    return parent.get("metadata", {}).get("cellId")
