"""The doctor: what this machine has, what the course needs, and how to mend the difference."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import shutil
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
WIDGET_EXTENSIONS = {"@jupyter-widgets/jupyterlab-manager": "jupyterlab-widgets", "anywidget": "anywidget"}
OPTIONAL_EXTRAS = ("app",)


@dataclass(frozen=True)
class Check:
    """One thing that was looked at.

    Args:
        name: What it is.
        found: What is there; empty when it is missing.
        needed: What should be there.
        ok: Whether the course works with what is there.
        required: Whether the course needs it at all.
        mend: What to do, when it is not ok.
    """

    name: str
    found: str
    needed: str
    ok: bool
    required: bool = True
    mend: str = ""


def examine() -> list[Check]:
    """Look at everything: Python, packages, device, the widgets' front end, optional programs.

    Example:
        >>> examine()[0].name
        'python'
    """
    return [_python(), *_packages(), _device(), *_front_end(), *_programs()]


def healthy(checks: list[Check]) -> bool:
    """Whether everything that the course needs is there."""
    return all(check.ok for check in checks if check.required)


def as_json(checks: list[Check]) -> dict[str, object]:
    """The checks as plain values."""
    return {"ok": healthy(checks), "checks": [asdict(check) for check in checks]}


def as_text(checks: list[Check]) -> str:
    """The checks as a table, the mends below it."""
    rows = [(_mark(check), check.name, check.found or "not there", check.needed) for check in checks]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]
    mends = [f"  {check.name}: {check.mend}" for check in checks if not check.ok]
    if mends:
        lines += ["", "What to do:", *mends]
    lines += ["", "The course works here." if healthy(checks) else "The course does not work here yet."]
    return "\n".join(lines)


def _mark(check: Check) -> str:
    return "ok" if check.ok else "MISSING" if check.required else "-"


def _python() -> Check:
    ok = sys.version_info >= (3, 11)
    return Check("python", platform.python_version(), ">=3.11", ok, mend="install Python 3.11 or newer")


def _packages() -> list[Check]:
    from packaging.requirements import Requirement

    try:
        lines = importlib.metadata.requires("gan-edu") or []
    except importlib.metadata.PackageNotFoundError:
        mend = "python -m pip install -e . in the folder of the repository"
        return [Check("gan-edu", "", "installed", False, mend=mend)]
    version = importlib.metadata.version("gan-edu")
    checks = [Check("gan-edu", version, "", True)]
    for requirement in map(Requirement, lines):
        extra = next((e for e in OPTIONAL_EXTRAS if _only_for(requirement.marker, e)), None)
        if requirement.marker is None or extra:
            checks.append(_package(requirement.name, str(requirement.specifier), extra))
    return checks


def _only_for(marker: object, extra: str) -> bool:
    return marker is not None and str(marker) == f'extra == "{extra}"'


def _package(name: str, needed: str, extra: str | None) -> Check:
    from packaging.specifiers import SpecifierSet

    try:
        found = importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        found = ""
    ok = bool(found) and SpecifierSet(needed).contains(found, prereleases=True)
    return Check(
        name, found, needed, ok, extra is None, f'"{sys.executable}" -m pip install "{name}{needed}"'
    )


def _device() -> Check:
    needed = "torch that loads"
    try:
        import torch

        from gan_edu.device import available

        found = f"{', '.join(available())}; {os.cpu_count()} cores, {torch.get_num_threads()} threads"
    except (ImportError, OSError) as error:  # a torch without its libraries says so in many ways
        return Check("device", "", needed, False, mend=f"reinstall torch: {str(error).splitlines()[0]}")
    return Check("device", found, needed, True)


def _front_end() -> list[Check]:
    """Widgets need JavaScript inside JupyterLab; the packages put it into the environment's own folder."""
    try:
        from jupyter_core.paths import jupyter_path
    except ImportError:
        return [Check("widget front end", "", "JupyterLab", False, mend="pip install jupyterlab")]
    checks = []
    for extension, package in WIDGET_EXTENSIONS.items():
        places = [Path(folder, extension, "package.json") for folder in jupyter_path("labextensions")]
        here = next((place for place in places if place.exists()), None)
        mend = (
            f'"{sys.executable}" -m pip install --force-reinstall --no-deps {package}; then reload the page'
        )
        checks.append(
            Check(f"front end: {extension}", "found" if here else "", "in JupyterLab", bool(here), mend=mend)
        )
    return checks


def _programs() -> list[Check]:
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    ffmpeg = shutil.which("ffmpeg")
    return [
        Check(
            "ffmpeg",
            ffmpeg or "",
            "for MP4 export",
            bool(ffmpeg),
            False,
            "install ffmpeg; GIF and HTML go without",
        ),
        Check(
            "chromium",
            browser or "",
            "for browser tests",
            bool(browser),
            False,
            "install Chromium; only tests need it",
        ),
    ]
