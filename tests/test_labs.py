"""Labs without a browser: controls, session, worker, what is kept, what is shared, and that menus tell the truth."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from plotly.graph_objects import FigureWidget

from gan_edu import catalogue
from gan_edu.figures.palette import PALETTE
from gan_edu.figures.picture import Picture
from gan_edu.labs import keep as keeping
from gan_edu.labs import recorded, registry
from gan_edu.labs.charts import Paced
from gan_edu.labs.collapse import collapse_lab, settings_of
from gan_edu.labs.controls import Control, Form, argument_help
from gan_edu.labs.lab import Lab
from gan_edu.labs.session import Session, fresh_parameters, without_fresh_start
from gan_edu.labs.settings_panel import SettingsPanel, preset_of
from gan_edu.labs.sharing import as_command, as_python
from gan_edu.labs.texts import TEXTS
from gan_edu.labs.tour import tour_lab
from gan_edu.labs.worker import FairLock, Worker
from gan_edu.parameters import REQUIRED, Parameter, Range
from gan_edu.presets import PRESETS
from gan_edu.scenes import unpack_run
from gan_edu.training import Settings, resolve

METHODS = [
    (folder, name)
    for folder in ("data", "games", "dynamics", "optimizers")
    for name in catalogue.entries(folder)
]


@pytest.fixture(autouse=True)
def folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GAN_EDU_FALLBACK", raising=False)


@pytest.fixture
def lab() -> Iterator[Lab]:
    made = collapse_lab(game="gan:width=8", seed=3)
    assert isinstance(made, Lab)
    yield made
    made.close()


@pytest.fixture
def session() -> Session:
    return Session(settings_of("rotating", None, "gan:width=8", {}))


def until(condition: Callable[[], bool], seconds: float = 20) -> None:
    """Wait for another thread."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never came true"
        time.sleep(0.005)


# ---- controls


@pytest.mark.parametrize(("folder", "name"), METHODS)
def test_every_method_gives_controls(folder: str, name: str) -> None:
    entry = catalogue.entries(folder)[name]
    form = Form(entry, {})
    defaults = {p.name: p.default for p in entry.parameters.values() if p.default is not REQUIRED}
    assert form.arguments == defaults
    helps = argument_help(entry.function)
    for control in form.controls.values():
        assert control.widget.description == control.parameter.label
        assert control.widget.tooltip == helps[control.parameter.name]
    given = {"target": catalogue.parse("ring", "data")} if entry.takes_target else {}
    entry.function(**form.arguments, **given)


def test_sliders_hold_exactly_the_value_they_are_given() -> None:
    """A slider that rounds would train with another rate than the one that was asked for."""
    rate = Parameter("rate", "float", range=Range(0, 1e3, slider=(1e-5, 1e-1), log=True))
    control = Control(rate, 3.3e-4)
    assert control.value == 3.3e-4
    control.value = 7.77e-4
    assert control.value == 7.77e-4
    assert {1e-5, 3e-4, 1e-3, 1e-1, 3.3e-4} <= {number for _, number in control.widget.options}
    assert dict(control.widget.options)["0.0003"] == 3e-4
    whole = Control(Parameter("n", "int", range=Range(1, 1000, slider=(1, 10))), 5)
    whole.value = 400
    assert whole.value == 400


def test_text_controls_say_what_is_wrong() -> None:
    control = Form(catalogue.entries("data")["line"], {}).controls["means"]
    control.widget.value = "(1, 2"
    with pytest.raises(ValueError, match=r"means must be written as in Python; got '\(1, 2'"):
        _ = control.value


def test_which_parameters_need_a_fresh_start() -> None:
    assert set(fresh_parameters("games", "gan")) == {"width", "depth", "latent_dim", "activation", "init"}


# ---- session


def test_going_on_from_the_past_forks_and_loses_nothing(session: Session) -> None:
    for _ in range(5):
        session.advance()
    old = session.run
    kept = list(old.recording.frames)
    session.scrub(2)
    assert session.frame is kept[2]
    session.advance()
    assert session.run.name == "B"
    assert old.recording.frames == kept
    assert session.recording.frames[:3] == kept[:3]
    assert "step 20" in session.run.note
    for name, theta in session.frame.players.items():  # nothing was changed: the same numbers again
        assert torch.equal(theta, kept[3].players[name])


def test_scrubbing_to_the_end_follows_the_training(session: Session) -> None:
    for _ in range(3):
        session.advance()
    session.scrub(1)
    assert not session.at_newest
    session.scrub(99)
    assert session.at_newest
    session.advance()
    assert session.run.name == "A"
    assert session.frame.step == 40


def test_one_player_alone(session: Session) -> None:
    session.advance()
    before = session.frame
    d = session.advance("D")
    assert d is not None
    assert d.step == before.step
    assert torch.equal(d.players["theta_g"], before.players["theta_g"])
    assert not torch.equal(d.players["theta_d"], before.players["theta_d"])
    g = session.advance("G")
    assert g is not None
    assert g.step == before.step + 1
    assert torch.equal(g.players["theta_d"], d.players["theta_d"])
    session.advance()
    assert session.running.as_json() == session.wanted.as_json()


def test_reset_keeps_settings_and_the_old_run(session: Session) -> None:
    session.advance()
    session.change(resolve(session.wanted.game, {"discriminator_learning_rate": 0.02}, base=session.wanted))
    session.advance()
    session.reset()
    assert [run.name for run in session.runs] == ["A", "B"]
    assert session.frame.step == 0
    assert session.running.discriminator_learning_rate == 0.02
    session.reset()  # a run that never left its start is not worth keeping
    assert [run.name for run in session.runs] == ["A", "B"]
    assert session.take(session.named("A")).recording[-1].step == 20


def test_comparing_keeps_the_twin_at_the_same_step(session: Session) -> None:
    for _ in range(4):
        session.advance()
    session.scrub(1)
    old, new = session.twin()
    session.change(resolve(session.wanted.game, {"discriminator_learning_rate": 0.05}, base=session.wanted))
    for _ in range(6):
        session.advance()
        session.keep_up(old)
        assert old.recording[session.beside(old)].step == session.frame.step
    assert new.recording[-1].settings.discriminator_learning_rate == 0.05
    assert old.recording[-1].settings.discriminator_learning_rate == 3e-4


def test_what_acts_at_once_and_what_waits(session: Session) -> None:
    wide = settings_of(
        "rotating", "grid", "gan:width=16,generator_loss='minimax'", {"batch_size": 32, "seed": 9}
    )
    assert not session.change(wide)
    session.advance()
    assert set(session.waiting) == {"width", "seed"}
    running = session.running
    assert running.game.recipe is not None
    arguments = running.game.recipe["arguments"]
    assert (arguments["width"], arguments["generator_loss"], running.batch_size) == (8, "minimax", 32)
    assert running.game.target.name == "grid"
    session.reset()
    assert session.waiting == ()
    assert session.running.as_json() == wide.as_json()


def test_another_shape_of_data_waits_for_a_fresh_start(session: Session) -> None:
    wanted = settings_of("rotating", "line", None, {})
    assert without_fresh_start(wanted, session.running).game is session.running.game


# ---- worker


def test_worker_starts_stops_and_tells_errors() -> None:
    told: list[str] = []
    worker = Worker(
        lambda error, trace: told.append(f"{error} {'in job' in trace}"), lambda: told.append("end")
    )
    started = threading.Event()

    def job(stop: threading.Event) -> None:
        started.set()
        stop.wait()

    worker.start(job)
    assert started.wait(5)
    assert worker.running
    worker.stop()
    assert not worker.running
    assert told == ["end"]

    def fails(_: threading.Event) -> None:
        raise RuntimeError("no luck")

    fails.__name__ = "job"
    worker.start(fails)
    until(lambda: len(told) == 3)
    assert told[1].startswith("no luck")


def test_worker_may_stop_itself() -> None:
    worker = Worker(lambda error, trace: pytest.fail(trace))
    done = threading.Event()

    def job(_: threading.Event) -> None:
        worker.stop()
        done.set()

    worker.start(job)
    assert done.wait(5)


def test_a_waiting_thread_gets_the_lock_from_a_busy_loop() -> None:
    lock, stop, rounds = FairLock(), threading.Event(), [0]

    def loop() -> None:
        while not stop.is_set():
            with lock:
                rounds[0] += 1
                time.sleep(0.002)

    thread = threading.Thread(target=loop)
    thread.start()
    until(lambda: rounds[0] > 2)
    waits = []
    for _ in range(10):
        start = time.perf_counter()
        with lock:
            waits.append(time.perf_counter() - start)
    stop.set()
    thread.join()
    assert sorted(waits)[5] < 0.05


# ---- the lab


def test_lab_trains_and_answers_while_it_trains(lab: Lab) -> None:
    lab.train()
    until(lambda: lab.session.frame.step > 100)
    lab.panel.numbers["discriminator_learning_rate"].widget.value = 0.002
    until(lambda: lab.session.frame.settings.discriminator_learning_rate == 0.002)
    assert lab.transport.play.description == TEXTS["pause"]
    lab.pause()
    assert lab.transport.play.description == TEXTS["train"]
    step = lab.session.frame.step
    time.sleep(0.1)
    assert lab.session.frame.step == step
    assert lab.trace == ""


def test_menus_and_the_running_game_agree(lab: Lab) -> None:
    """Whatever is changed, in whatever order: after the next frame the controls say what is being trained."""

    def agree() -> None:
        lab.step()
        assert set(lab.session.waiting) <= {"width", "seed"}
        said, running = lab.panel.settings, lab.session.running
        wanted = without_fresh_start(said, running).as_json() | {"steps_per_frame": 1}
        assert wanted == running.as_json()
        assert lab.panel.preset.value == (preset_of(said) or "")

    for name in ("grid", "drawn", "moons", "ring"):
        lab.panel.target.menu.value = name
        agree()
        assert lab.session.running.game.target.name == name
    lab.panel.target.form.controls["modes"].widget.value = 5
    agree()
    assert lab.session.running.game.target.n_modes == 5
    lab.panel.game.form.controls["generator_loss"].widget.value = "minimax"
    lab.panel.game.form.controls["width"].widget.value = 32
    lab.panel.dynamics.menu.value = "simultaneous"
    lab.panel.optimizer.menu.value = "sgd"
    agree()
    assert "network width" in lab.panel.waiting.value or "width" in lab.panel.waiting.value
    lab.reset()
    agree()
    assert lab.session.waiting == ()
    assert lab.session.running.game.generator.n_parameters == lab.panel.settings.game.generator.n_parameters
    lab.panel.target.menu.value = "digits"  # another shape: a run of its own, at once
    agree()
    assert lab.session.running.game.target.dim == 64
    lab.take("A")
    agree()
    assert lab.session.running.game.target.dim == 2
    lab.use_preset("frozen")
    lab.pause()
    agree()
    assert lab.panel.preset.value == "frozen"


def test_settings_that_make_no_sense_are_refused_in_words(lab: Lab) -> None:
    controls = lab.panel.dynamics.form.controls
    controls["discriminator_steps"].widget.value = 0
    controls["generator_steps"].widget.value = 0
    assert "must not both be 0" in lab.message.value
    assert lab.panel.settings.as_json() == lab.session.wanted.as_json()


def test_scrub_fork_compare_and_back(lab: Lab) -> None:
    for _ in range(4):
        lab.step()
    lab.transport.timeline.value = 1
    assert lab.session.position == 1
    lab.step()
    assert lab.session.run.name == "B"
    assert "run A keeps its later frames" in lab.message.value
    lab.transport.compare.value = True
    assert lab.other is not None
    assert lab.other.name == "B"
    assert len(lab.main.children) == 3
    lab.step()
    assert [run.name for run in lab.session.runs] == ["A", "B", "C"]
    assert lab.other.recording[-1].step == lab.session.frame.step
    lab.transport.beside.value = "A"
    assert lab.other.name == "A"
    lab.transport.compare.value = False
    assert len(lab.main.children) == 2
    lab.transport.runs.value = "A"
    assert lab.session.run.name == "A"


def test_many_runs_can_be_looked_at_one_by_one() -> None:
    lab = collapse_lab(game="gan:width=8", runs=3)
    assert isinstance(lab, Lab)
    lab.step()
    lab.transport.population.value = 2
    assert lab.population == 2
    assert lab.trace == ""
    lab.close()


def test_errors_in_the_thread_are_shown(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: Any, **__: Any) -> None:
        raise RuntimeError("<the cause>")

    monkeypatch.setattr(lab.session, "advance", fails)
    lab.train()
    until(lambda: "RuntimeError: &lt;the cause&gt;" in lab.message.value)
    assert not lab.worker.running


def test_a_diverged_run_is_told_and_goes_on() -> None:
    lab = collapse_lab(game="gan:width=8,activation='leaky_relu'")
    assert isinstance(lab, Lab)
    lab.panel.optimizer.menu.value = "sgd"
    for rate in ("generator_learning_rate", "discriminator_learning_rate"):
        lab.panel.numbers[rate].value = 1000.0
    lab.panel._changed(None)
    lab.train()
    until(lambda: "diverged" in lab._words)
    lab.pause()
    assert lab.trace == ""
    assert "diverged at step" in lab._words
    lab.close()


def test_running_a_cell_again_stops_the_old_lab() -> None:
    first, second = (collapse_lab(game="gan:width=8", key="same") for _ in range(2))
    assert isinstance(first, Lab)
    assert isinstance(second, Lab)
    assert not first.worker.running
    assert registry._open["same"] is second
    second.close()


def test_slow_motion_ends_where_it_began_and_records_the_step(lab: Lab) -> None:
    layers = list(lab.stage.layers)
    lab.slow.pace.value = 0.5
    lab.slow.toggle.value = True
    until(lambda: "1/10" in _caption(lab))
    for _ in range(200):
        lab.slow._next.set()
        time.sleep(0.02)
        if lab.session.frame.step:
            break
    assert lab.session.frame.step == 1
    assert "arrows" in lab.stage.layers
    lab.pause()
    assert lab.stage.layers == layers
    assert not lab.slow.toggle.value
    assert lab.trace == ""


def _caption(lab: Lab) -> str:
    return unpack_run(lab.stage.scene)[0][0].caption


def test_opening_plays_a_recorded_run() -> None:
    lab = collapse_lab()
    assert isinstance(lab, Lab)
    assert lab.stage.mode == "player"
    assert lab.stage.autoplay
    assert "recorded run" in lab.message.value
    lab.step()
    assert lab.stage.mode == "live"
    lab.close()


@pytest.mark.parametrize("name", ["rotating", "covering"])
def test_recorded_runs_are_small_and_show_what_they_should(name: str) -> None:
    run, curves = recorded.load(name)
    assert len(run) <= 2**20
    scenes, settings = unpack_run(run)
    assert settings["preset"] == name
    assert len(scenes) == len(curves["step"])
    late = [scene.caption for scene in scenes if scene.step > 1000]
    if name == "rotating":
        assert sum("rotating" in caption for caption in late) > 0.8 * len(late)
    else:
        assert max(curves["basins"]) == 8


def test_without_widgets_there_are_pictures() -> None:
    strip = collapse_lab("frozen", game="gan:width=8", dynamics="alternating", batch_size=8, fallback=True)
    assert isinstance(strip, Picture)
    assert "step 0" in strip.alt
    assert strip._repr_html_().startswith("<img")


def test_wrong_names_are_refused() -> None:
    with pytest.raises(ValueError, match=r"preset must be one of rotating, frozen, covering, .*; got 'x'"):
        collapse_lab("x")
    with pytest.raises(ValueError, match="data must be one of"):
        collapse_lab(target="rings")


def test_one_rate_for_both_beats_those_of_the_preset() -> None:
    wanted = settings_of("rotating", None, None, {"learning_rate": 0.02})
    assert (wanted.generator_learning_rate, wanted.discriminator_learning_rate) == (0.02, 0.02)
    kept = settings_of("rotating", None, None, {"generator_learning_rate": 0.02})
    assert (kept.generator_learning_rate, kept.discriminator_learning_rate) == (0.02, 3e-4)


def test_tour_is_a_lab_with_less() -> None:
    lab = tour_lab()
    assert isinstance(lab, Lab)
    lab.train()
    until(lambda: lab.session.frame.step > 20)
    lab.close()
    assert lab.trace == ""


# ---- what is kept


def test_a_drawing_is_never_lost(lab: Lab) -> None:
    strokes = [[[0.0, 0.0], [1.0, 1.0]], [[-1.0, 0.0], [-1.0, 1.0]]]
    lab.drawing.stage.strokes = strokes
    lab.drawing.train.click()
    until(lambda: lab.session.running.game.target.name == "drawn")
    lab.reset()
    lab.pause()
    assert lab.session.running.game.target.n_modes == 2
    assert lab.drawing.stage.strokes == strokes
    again = collapse_lab(game="gan:width=8")
    assert isinstance(again, Lab)
    assert again.drawing.stage.strokes == strokes
    again.close()
    keeping._kept.clear()  # as after a restart of the kernel
    assert keeping.kept("drawing") == strokes


def test_two_kernels_keep_in_one_folder() -> None:
    keeping.keep("a", 1)
    code = "from gan_edu.labs.keep import keep; keep('b', 2)"
    subprocess.run([sys.executable, "-c", code], check=True)
    keeping.keep("c", 3)
    assert json.loads(keeping.FILE.read_text()) == {"a": 1, "b": 2, "c": 3}


def test_a_spoilt_file_is_set_aside() -> None:
    keeping.FILE.parent.mkdir()
    keeping.FILE.write_text("{half a dra")
    keeping.keep("drawing", [[[0, 0]]])
    assert keeping.kept("drawing") == [[[0, 0]]]
    assert (keeping.FILE.parent / "keep-spoilt-1.json").read_text() == "{half a dra"


def test_only_json_is_kept() -> None:
    with pytest.raises(ValueError, match="must be JSON"):
        keeping.keep("x", {1, 2})


# ---- what is shared


@pytest.mark.parametrize(
    ("preset", "target", "game", "more"),
    [
        ("rotating", None, None, {}),
        ("frozen", "grid:side=3", "gan:width=8,generator_loss='minimax'", {"seed": 4, "runs": 2}),
        pytest.param(
            *("covering", "line:means=[-1,1],stds=[0.1,0.1]", "gan:width=8", {"dynamics": "simultaneous"}),
            marks=pytest.mark.slow,
        ),
        pytest.param(
            *("covering", "drawn:points=[[[0,0],[1,1]]],std=0.2", "gan:width=8", {"optimizer": "sgd"}),
            marks=pytest.mark.slow,
        ),
    ],
)
def test_settings_as_text_make_the_same_settings(
    preset: str, target: str | None, game: str | None, more: dict[str, Any]
) -> None:
    settings = settings_of(preset, target, game, more)
    space: dict[str, Any] = {}
    exec(as_python(settings, 3), space)
    assert space["recording"].settings.as_json() == settings.as_json()
    assert space["recording"][-1].step >= 3
    command = as_command(settings, 2).replace("gan-edu", f"{sys.executable} -m gan_edu", 1) + " --json"
    done = subprocess.run(command, shell=True, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)["settings"] == settings.as_json()
    assert Settings.from_json(settings.as_json()).as_json() == settings.as_json()


def test_page_film_and_run_are_written(lab: Lab) -> None:
    for _ in range(3):
        lab.step()
    for button in lab.share.buttons:
        before = set(Path().glob("gan_edu_runs/*"))
        button.click()
        until(
            lambda before=before: (
                not lab.share._worker.running and set(Path().glob("gan_edu_runs/*")) > before
            ),
            60,
        )
        assert "href=" in lab.share.link.value
    assert lab.trace == ""
    steps, name = lab.session.frame.step, lab.session.run.name
    lab.share.load.click()
    assert lab.session.run.name != name
    assert lab.session.frame.step == steps
    lab.step()
    assert lab.session.frame.step == steps + 1
    page = next(Path().glob("gan_edu_runs/*.html")).read_text()
    assert "://" not in page.replace("http://www.w3.org", "")


def test_panel_says_what_it_was_given() -> None:
    for name, preset in PRESETS.items():
        settings = resolve(preset.make(), preset.settings)
        panel = SettingsPanel(settings, print, lab=preset.lab)
        assert panel.settings.as_json() == settings.as_json()
        assert panel.preset.value == name


def test_charts_follow_the_theme_while_nothing_trains(lab: Lab) -> None:
    for content in (
        {"kind": "ready"},
        {"kind": "drawn", "frame": lab.stage._newest},
    ):  # a browser shows the lab
        lab.stage._handle_custom_msg(content, [])
    until(lambda: isinstance(lab.charts.box.children[0], FigureWidget))
    figure = lab.charts.box.children[0]
    assert figure.layout.paper_bgcolor == PALETTE.light.background
    lab.stage._handle_custom_msg({"kind": "theme", "theme": "dark"}, [])
    until(lambda: figure.layout.paper_bgcolor == PALETTE.dark.background)
    until(lambda: figure.data[0].line.color == PALETTE.dark.contour)
    assert lab.charts.box.children == (figure,)


def test_what_is_paced_is_asked_again_where_the_browser_was_late() -> None:
    answers, shown, stop = [None, None, {"number": 7}], [], threading.Event()

    def show(number: int) -> None:
        shown.append(number)
        stop.set()

    paced = Paced(lambda: answers.pop(0), lambda: False, show)
    paced.request()
    worker = threading.Thread(target=paced.run, args=(stop,))
    worker.start()
    worker.join(30)
    assert shown == [7]
    assert answers == []
