"""GAN training dynamics that people touch: one short file per algorithm, and live labs over them.

`import gan_edu` loads nothing heavy: the names below are fetched on first use, and torch with them.
"""

from __future__ import annotations

import importlib
import importlib.metadata
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gan_edu.recording import Recording, record
    from gan_edu.training import train

    __version__: str

_HOMES = {"Recording": "gan_edu.recording", "record": "gan_edu.recording", "train": "gan_edu.training"}

__all__ = ["Recording", "__version__", "record", "train"]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    if name == "__version__":
        return importlib.metadata.version("gan-edu")
    raise AttributeError(f"module 'gan_edu' has no attribute {name!r}; it has {', '.join(__all__)}")


def __dir__() -> list[str]:
    return __all__
