"""The stage's pacing, with a pretended browser: no frame is lost for good, and nobody waits for ever."""

from __future__ import annotations

import threading
import time

import pytest

from gan_edu.labs import stage as module
from gan_edu.labs.stage import FRAMES_IN_FLIGHT, Stage
from gan_edu.scenes import LAYERS, Scene, unpack


class Browser:
    """Stands in for the page: keeps what was sent, and answers when told to."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.frames: list[int] = []
        self.steps: list[int] = []
        stage.send = self.take

    def take(self, content, buffers=()) -> None:
        self.frames.append(content["frame"])
        self.steps.append(unpack(bytes(buffers[0])).step)

    def says(self, **content) -> None:
        self.stage._handle_custom_msg(content, [])


@pytest.fixture
def stage() -> Stage:
    return Stage()


@pytest.fixture
def browser(stage: Stage) -> Browser:
    return Browser(stage)


def scene(step: int) -> Scene:
    return Scene(extent=(-1, 1, -1, 1), step=step)


def test_without_a_browser_the_newest_frame_is_kept(stage: Stage, browser: Browser) -> None:
    assert [stage.show(scene(step)) for step in range(20)] == [False] * 20
    assert browser.frames == []
    assert unpack(stage.scene).step == 19
    start = time.monotonic()
    assert not stage.wait(timeout=60)
    assert time.monotonic() - start < 1
    browser.says(kind="ready")
    assert browser.steps == [19]


def test_a_full_window_drops_frames_but_never_the_newest(stage: Stage, browser: Browser) -> None:
    browser.says(kind="ready")
    sent = [stage.show(scene(step)) for step in range(1, 11)]
    assert sent == [True] * FRAMES_IN_FLIGHT + [False] * (10 - FRAMES_IN_FLIGHT)
    browser.says(kind="drawn", frame=3)  # stands for the first three
    assert browser.frames == [1, 2, 3, 4, 10]
    assert browser.steps[-1] == 10
    browser.says(kind="drawn", frame=10)
    assert stage.drawn == 10
    assert browser.frames == [1, 2, 3, 4, 10]
    assert stage.show(scene(11))


def test_a_late_view_gets_the_frame_on_show(stage: Stage, browser: Browser) -> None:
    browser.says(kind="ready")
    stage.show(scene(7))
    browser.says(kind="drawn", frame=1)
    browser.says(kind="ready")
    assert browser.steps == [7, 7]


def test_a_browser_that_went_away_does_not_stop_the_next_one(
    stage: Stage, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser.says(kind="ready")
    for step in range(1, 10):
        stage.show(scene(step))
    assert len(browser.frames) == FRAMES_IN_FLIGHT
    monkeypatch.setattr(module, "PATIENCE", 0.0)
    assert stage.show(scene(10))
    assert browser.steps[-1] == 10


def test_wait_ends_when_the_newest_frame_is_drawn(stage: Stage, browser: Browser) -> None:
    browser.says(kind="ready")
    stage.show(scene(1))
    assert not stage.wait(timeout=0.01)
    results: list[bool] = []
    waiting = threading.Thread(target=lambda: results.append(stage.wait(timeout=30)))
    waiting.start()
    browser.says(kind="drawn", frame=1)
    waiting.join(30)
    assert results == [True]


def test_frames_are_not_sent_a_second_time_as_state(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    states: list[object] = []
    monkeypatch.setattr(stage, "send_state", lambda key=None: states.append(key))
    stage.show(scene(1))
    assert states == []
    stage.layers = ["data"]
    stage.scene = Stage().scene
    assert states == ["layers", "scene"]


def test_it_begins_with_an_empty_plane_and_every_layer(stage: Stage) -> None:
    assert stage.layers == list(LAYERS)
    assert unpack(stage.scene).extent == (-3, 3, -3, 3)


def test_another_theme_is_told_once() -> None:
    told: list[str] = []
    stage = Stage(on_theme=lambda: told.append(stage.shown_theme))
    browser = Browser(stage)
    for theme in ("light", "dark", "dark", "light"):
        browser.says(kind="theme", theme=theme)
    assert told == ["dark", "light"]
