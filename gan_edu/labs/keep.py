"""What learners made and must not lose: drawings and answers, kept in the process and in the working folder.

The file `.gan_edu/keep.json` survives a restart of the kernel. It is written as a whole or not at all; one that
can't be read is set aside, never overwritten.
"""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
import threading
from pathlib import Path
from typing import Any

FILE = Path(".gan_edu") / "keep.json"

_lock = threading.Lock()
_kept: dict[str, dict[str, Any]] = {}


def keep(name: str, value: Any) -> None:
    """Keep a value under a name.

    Where the folder can't be written, the value is kept for as long as the process lives.

    Args:
        name: Such as "drawing".
        value: JSON values.

    Raises:
        ValueError: If the value is not JSON.
    """
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"a value to keep must be JSON (text, finite numbers, lists, dicts); got {error}"
        ) from None
    with _lock:
        # another notebook's kernel may have kept something since
        values = {**_values(), **_read(), name: value}
        _values().update(values)
        _write(values)


def kept(name: str, default: Any = None) -> Any:
    """What was kept under a name."""
    with _lock:
        return _values().get(name, default)


def _values() -> dict[str, Any]:
    place = str(FILE.resolve())  # a notebook may change its folder
    if place not in _kept:
        _kept[place] = _read()
    return _kept[place]


def _read() -> dict[str, Any]:
    try:
        values = json.loads(FILE.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError):
        values = None
    if isinstance(values, dict):
        return values
    spoilt = next(
        path for n in range(1, 10**6) if not (path := FILE.with_name(f"keep-spoilt-{n}.json")).exists()
    )
    with contextlib.suppress(OSError):  # a folder that can't be written: then nothing is overwritten either
        FILE.rename(spoilt)
    return {}


def _write(values: dict[str, Any]) -> None:
    try:
        FILE.parent.mkdir(exist_ok=True)
        handle, name = tempfile.mkstemp(dir=FILE.parent, prefix="keep-", suffix=".json")
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(values, file)
        os.replace(name, FILE)
    except OSError:
        pass  # kept in the process at least
