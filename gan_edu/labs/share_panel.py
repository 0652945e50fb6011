"""What leaves a lab: settings as text, the recording, a page, a film."""

from __future__ import annotations

import base64
import mimetypes
import shutil
import threading
from collections.abc import Callable, Iterator
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

import ipywidgets as widgets

from gan_edu import views
from gan_edu.labs.copy_text import CopyText
from gan_edu.labs.sharing import as_command, as_python
from gan_edu.labs.texts import TEXTS
from gan_edu.labs.transport import button
from gan_edu.labs.worker import Worker
from gan_edu.parameters import describe
from gan_edu.recording import Recording
from gan_edu.scenes import Scene, pack_run

if TYPE_CHECKING:
    from gan_edu.labs.lab import Lab

FOLDER = Path("gan_edu_runs")
MOST_FRAMES = 300
FILM_FRAMES = 120
LINKED_BYTES = 8 * 2**20
"""Larger files are not put into the page as a link."""


class SharePanel:
    """Buttons that write files into the folder `gan_edu_runs`, and the settings as text that runs."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self._worker = Worker(self._failed, self._ended)
        words = {"copy": TEXTS["copy"], "copied": TEXTS["copied"]}
        self.command = CopyText(label=TEXTS["share_command"], **words)
        self.python = CopyText(label=TEXTS["share_python"], **words)
        makers: dict[str, Callable[[], Path]] = {"html": self._page, "gif": lambda: self._film("gif")}
        if shutil.which("ffmpeg"):
            makers["mp4"] = lambda: self._film("mp4")
        makers["save"] = self._save
        self.buttons = [
            button(f"share_{name}", lambda _, make=make: self._start(make), icon=icon)
            for (name, make), icon in zip(
                makers.items(), ("file-code-o", "film", "film", "save"), strict=False
            )
        ]
        self.progress = widgets.FloatProgress(
            0, min=0, max=1, layout=widgets.Layout(visibility="hidden", width="200px")
        )
        self.link = widgets.HTML()
        self.files = widgets.Dropdown(
            options=self._saved(), description=TEXTS["share_files"], layout=widgets.Layout(width="420px")
        )
        self.load = button("share_load", self._load, icon="folder-open")
        self.box = widgets.VBox(
            [
                widgets.HBox([*self.buttons, self.progress]).add_class("gan-lab-row"),
                self.link,
                widgets.HBox([self.files, self.load]).add_class("gan-lab-row"),
                widgets.HTML(TEXTS["share_settings"]),
                self.command,
                self.python,
            ]
        )

    def refresh(self) -> None:
        """Write down the settings of the run in hand."""
        session = self._lab.session
        steps = max(1, session.frame.step)
        self.command.value = as_command(session.frame.settings, steps)
        self.python.value = as_python(session.frame.settings, steps)

    def _start(self, make: Callable[[], Path]) -> None:
        self._lab.pause()
        self.progress.layout.visibility = "visible"
        self.progress.value = 0
        for each in self.buttons:
            each.disabled = True

        def job(_stop: threading.Event) -> None:
            path = make()
            self.link.value = link(path)
            self.files.options = saved = self._saved()
            self.files.value = saved[-1][1] if saved else None

        self._worker.start(job)

    def _failed(self, error: BaseException, trace: str) -> None:
        self._lab.say("failed", error=f"{type(error).__name__}: {error}")
        self._lab.trace = trace

    def _ended(self) -> None:
        self.progress.layout.visibility = "hidden"
        for each in self.buttons:
            each.disabled = False

    def _path(self, kind: str) -> Path:
        FOLDER.mkdir(exist_ok=True)
        session = self._lab.session
        stem = (
            f"{session.frame.settings.game.target.name}-{session.run.name}-step{session.recording[-1].step}"
        )
        names = (f"{stem}{'' if n == 1 else f'-{n}'}.{kind}" for n in range(1, 10**6))
        return next(FOLDER / name for name in names if not (FOLDER / name).exists())

    def _pictures(self, most: int, of_the_bar: float) -> Iterator[Scene]:
        lab = self._lab
        recording = lab.session.recording
        stride = -(-len(recording) // most)
        chosen = [*range(0, len(recording) - 1, stride), len(recording) - 1]
        # one extent for all, so that the axes never jump
        extent = _around([views.scene(recording, i, n_samples=2, layers=()).extent for i in chosen])
        for number, index in enumerate(chosen, 1):
            words = views.sentence(recording, index, lab.population)
            yield views.scene(
                recording, index, lab.population, layers=lab.stage.layers, caption=words, extent=extent
            )
            self.progress.value = of_the_bar * number / len(chosen)

    def _page(self) -> Path:
        from gan_edu.figures.offline import offline_page

        lab = self._lab
        settings = lab.session.frame.settings
        shown = {
            "game": describe(settings.game.recipe or {}),
            "dynamics": describe(settings.dynamics.recipe or {}),
            "optimizer": describe(settings.optimizer.recipe or {}),
            "learning rate G": settings.generator_learning_rate,
            "learning rate D": settings.discriminator_learning_rate,
            "batch size": settings.batch_size,
            "seed": settings.seed,
        }
        run = pack_run(self._pictures(MOST_FRAMES, 0.95), shown)
        path = self._path("html")
        title = TEXTS["page_title"].format(target=settings.game.target.name, run=lab.session.run.name)
        path.write_text(offline_page(run, title=title, caption=TEXTS["page_caption"]), encoding="utf-8")
        return path

    def _film(self, kind: str) -> Path:
        from gan_edu.figures.animation import save_gif, save_mp4

        pictures = list(self._pictures(FILM_FRAMES, 0.3))

        def tell(drawn: int, of: int) -> None:
            self.progress.value = 0.3 + 0.7 * drawn / of

        save = save_gif if kind == "gif" else save_mp4
        return save(pictures, self._path(kind), progress=tell, theme=self._lab.stage.shown_theme)

    def _save(self) -> Path:
        return self._lab.session.recording.save(self._path("safetensors"))

    def _load(self, _: widgets.Button) -> None:
        if self.files.value is None:
            self._lab.say("nothing_saved")
            return
        self._lab.adopt(Recording.load(self.files.value), note=Path(self.files.value).name)

    def _saved(self) -> list[tuple[str, str]]:
        paths = sorted(FOLDER.glob("*.safetensors"), key=lambda path: path.stat().st_mtime)
        return [(path.name, str(path)) for path in paths]


def link(path: Path) -> str:
    """Where a file is, and a link that downloads it in any front end."""
    where = escape(str(path))
    if path.stat().st_size > LINKED_BYTES:
        return TEXTS["written"].format(path=where)
    kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    data = base64.b64encode(path.read_bytes()).decode("ascii")
    anchor = f'<a download="{escape(path.name)}" href="data:{kind};base64,{data}">{TEXTS["download"]}</a>'
    return f"{TEXTS['written'].format(path=where)} {anchor}"


def _around(extents: list[tuple[float, float, float, float]]) -> tuple[float, float, float, float]:
    x_min, x_max, y_min, y_max = zip(*extents, strict=True)
    return min(x_min), max(x_max), min(y_min), max(y_max)
