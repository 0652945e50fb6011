import itertools
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from gan_edu import catalogue, doctor
from gan_edu.cli import copy_notebooks, main
from gan_edu.metrics.modes import high_quality_share, modes_covered
from gan_edu.recording import Recording, record

TINY = ["train", "--game", "gan:width=8", "--batch", "16"]


def output_of(capsys, *words):
    """Run a command that should succeed, and return its stdout and stderr."""
    assert main(words) == 0
    return capsys.readouterr()


# train


def test_train_reports_what_the_engine_computes(capsys):
    words = [
        "--target",
        "ring:modes=5",
        "--steps",
        "30",
        "--runs",
        "3",
        "--seed",
        "7",
        "--learning-rate",
        "0.01",
    ]
    out, err = output_of(capsys, *TINY, *words, "--json")
    result = json.loads(out)  # one JSON value and nothing else

    target = catalogue.parse("ring:modes=5", "data")
    game = catalogue.parse("gan:width=8", "games", target=target)
    again = record(game, steps=30, runs=3, seed=7, learning_rate=0.01, batch_size=16, progress=False)
    samples = again.samples(n=2500)
    assert result["modes_covered"] == modes_covered(samples, target).tolist()
    assert result["high_quality_share"] == pytest.approx(
        high_quality_share(samples, target).tolist(), abs=1e-4
    )
    assert result["alive"] == [True] * 3
    assert result["steps"] == [30] * 3
    assert result["seconds"] > 0
    assert result["settings"] == json.loads(json.dumps(again.settings.as_json()))
    assert "step/s" in err


def test_train_passes_on_only_what_was_asked(capsys, monkeypatch):
    asked = []

    def spy(game, *, steps, **settings):
        asked.append(settings)
        return record(game, steps=steps, progress=False, **settings)

    monkeypatch.setattr("gan_edu.recording.record", spy)
    output_of(capsys, "train", "--game", "gan:width=8", "--steps", "1")
    output_of(
        capsys,
        "train",
        "--game",
        "gan:width=8",
        "--steps",
        "1",
        "--device",
        "cpu",
        "--optimizer",
        "sgd",
        "--runs",
        "2",
    )
    assert asked == [{}, {"device": "cpu", "optimizer": "sgd", "runs": 2}]


def test_train_applies_remedies_inner_first(capsys, monkeypatch):
    applied, find = [], catalogue.find

    def with_remedies(folder, name):
        def remedy(game, by=1):
            applied.append((name, by))
            return game

        return remedy if folder == "remedies" else find(folder, name)

    monkeypatch.setattr(catalogue, "find", with_remedies)
    output_of(capsys, *TINY, "--steps", "1", "--remedy", "noise:by=3", "--remedy", "packing")
    assert applied == [("noise", 3), ("packing", 1)]


def test_train_tells_where_a_run_diverged(capsys):
    words = [*TINY, "--steps", "40", "--optimizer", "sgd", "--learning-rate", "900", "--runs", "8"]
    result = json.loads(output_of(capsys, *words, "--json").out)
    fallen = [step for step, alive in zip(result["steps"], result["alive"], strict=True) if not alive]
    assert fallen
    assert all(0 < step < 40 for step in fallen)
    assert result["steps"].count(40) == result["alive"].count(True)
    assert output_of(capsys, *words).out.count("diverged there") == len(fallen)


def test_train_prints_a_line_for_each_run(capsys):
    out = output_of(capsys, *TINY, "--steps", "3", "--runs", "2").out
    assert [line.split()[0] for line in out.splitlines()[1:3]] == ["0", "1"]
    assert "of 8" in out


def test_train_keeps_the_recording(capsys, tmp_path):
    path = tmp_path / "new" / "run.safetensors"
    output_of(capsys, *TINY, "--steps", "20", "--steps-per-frame", "5", "--out", str(path))
    assert Recording.load(path).steps.tolist() == [0, 5, 10, 15, 20]


@pytest.mark.parametrize(
    "words",
    [
        ["--target", "rign"],
        ["--target", "ring:modes=many"],
        ["--target", "ring:sides=5"],
        ["--game", "poker"],
        ["--remedy", "wishful_thinking"],
        ["--dynamics", "alternating:discriminator_steps=-1"],
        ["--optimizer", "adam:beta1=2"],
        ["--learning-rate", "quick"],
        ["--learning-rate", "-1"],
        ["--steps", "-5"],
        ["--runs", "0"],
        ["--device", "abacus"],
        ["--speed", "9"],
    ],
    ids=" ".join,
)
def test_a_mistake_is_one_line_on_stderr(capsys, words):
    try:
        status = main([*TINY, *words, "--json"])
    except SystemExit as stop:  # argparse's own way
        status = stop.code
    out, err = capsys.readouterr()
    assert (status, out) == (2, "")
    assert len(err.strip().splitlines()) == 1
    assert err.startswith("gan-edu")


def test_train_refuses_a_bad_file_before_it_trains(capsys, tmp_path, monkeypatch):
    monkeypatch.setattr("gan_edu.recording.record", lambda *_, **__: pytest.fail("trained for nothing"))
    assert main(["train", "--out", str(tmp_path)]) == 2
    assert "must name a file" in capsys.readouterr().err


# planar games

PLANAR = ["train", "--game", "bilinear", "--optimizer", "sgd", "--learning-rate", "0.2", "--steps"]


def test_planar_training_adds_the_trajectory(capsys):
    words = [*PLANAR, "25", "--dynamics", "extragradient", "--start", "1,0.3", "--json"]
    result = json.loads(output_of(capsys, *words).out)
    path = result["trajectory"]
    assert len(path) == 26 and path[0] == [1.0, 0.3]
    w = [complex(*point) for point in path]
    for before, after in itertools.pairwise(w):  # v(x + iy) = y - ix = -i (x + iy)
        assert abs(after - before * (1 + 0.2j * (1 + 0.2j))) < 1e-14
    assert result["steps"] == [25] and result["alive"] == [True]
    assert result["settings"]["start"] == [[1.0, 0.3]]


def test_planar_defaults_and_several_runs(capsys):
    two = json.loads(output_of(capsys, *PLANAR, "3", "--runs", "2", "--start", "1,2", "--json").out)[
        "trajectory"
    ]
    assert two[0] == two[1] and len(two[0]) == 4
    fresh = json.loads(output_of(capsys, "train", "--game", "dirac:noise=0.5", "--steps", "2", "--json").out)
    assert len(fresh["trajectory"]) == 3 and fresh["settings"]["dynamics"]["name"] == "simultaneous"


def test_the_trajectory_ends_where_the_training_does(capsys):
    """Steps count generator updates, of which a round may have several."""
    words = [*PLANAR, "5", "--dynamics", "alternating:generator_steps=2", "--start", "1,0.3", "--json"]
    path = json.loads(output_of(capsys, *words).out)["trajectory"]
    game = catalogue.parse("bilinear", "games")
    last = record(game, steps=5, progress=False, dynamics="alternating:generator_steps=2", start=(1, 0.3))[-1]
    assert len(path) == 4 and last.step == 6
    assert path[-1] == pytest.approx([float(last.players[k]) for k in ("theta_g", "theta_d")], rel=1e-13)


@pytest.mark.parametrize("words", [["--start", "-1,0.3"], ["--start=-1,0.3"], ["--start", "-1.0,.3"]])
def test_a_start_may_be_negative(capsys, words):
    result = json.loads(output_of(capsys, *PLANAR, "1", *words, "--json").out)
    assert result["trajectory"][0] == [-1.0, 0.3]
    assert output_of(capsys, *PLANAR, "1", "--start", "-.5,-2e-3").out.splitlines()[1].split()[1:3] == [
        "(-0.5,",
        "-0.002)",
    ]


def test_planar_training_prints_where_it_went(capsys):
    out = output_of(capsys, *PLANAR, "1", "--dynamics", "simultaneous", "--start", "1,0.5").out
    assert out.splitlines() == ["run  from -> to (x, y)", "  0  (1, 0.5) -> (0.9, 0.7) in 1 steps"]
    words = ["--dynamics", "simultaneous", "--learning-rate", "900", "--start", "1,1"]
    assert "diverged there" in output_of(capsys, *PLANAR, "200", *words).out


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (["--start", "1"], "start must be 2 numbers"),
        (["--start", "1,2,3"], "start must be 2 numbers"),
        (["--start", "1,nan"], "start must be 2 numbers"),
        (["--start", "here"], "'here'"),
        (["--start"], "expected one argument"),
        (["--target", "ring"], "takes no target"),
        (["--dynamics", "consensus:strength=-1"], "strength"),
        (["--dynamics", "runge_kutta:order=3"], "order must be one of 2, 4"),
        (["--dynamics", "alternating:generator_steps=0"], "must move the generator"),
        (["--game", "bilinear:dimensions=0"], "dimensions"),
        (["--game", "gan:width=4", "--start", "1,2"], "theta_g before theta_d"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_planar_mistake_is_one_line_with_the_rule(capsys, words, hint):
    try:
        status = main([*PLANAR, "2", *words, "--json"])
    except SystemExit as stop:
        status = stop.code
    out, err = capsys.readouterr()
    assert (status, out) == (2, "")
    assert len(err.strip().splitlines()) == 1 and hint in err


# list and doctor


def test_list_has_the_whole_catalogue(capsys):
    listed = json.loads(output_of(capsys, "list", "--json").out)
    assert {folder: sorted(found) for folder, found in listed.items()} == {
        folder: sorted(catalogue.entries(folder)) for folder in catalogue.FOLDERS
    }
    modes = listed["data"]["ring"]["parameters"][0]
    assert modes["name"] == "modes"
    assert (modes["default"], modes["low"], modes["required"]) == (8, 1, False)
    assert all(entry["summary"] for found in listed.values() for entry in found.values())


def test_list_reads_well(capsys):
    out = output_of(capsys, "list").out
    assert "ring" in out
    assert "minimax" in out
    assert "data" not in output_of(capsys, "list", "--folder", "games").out.splitlines()


def test_doctor_finds_this_machine_healthy(capsys):
    report = json.loads(output_of(capsys, "doctor", "--json").out)
    assert report["ok"] is True
    names = {check["name"] for check in report["checks"]}
    assert {"python", "torch", "device", "voila", "front end: anywidget"} <= names


def test_doctor_names_the_mend_for_what_is_missing(capsys, monkeypatch):
    monkeypatch.setattr("importlib.metadata.version", lambda name: "2.0")
    monkeypatch.setattr("jupyter_core.paths.jupyter_path", lambda *_: [])
    assert main(["doctor"]) == 1
    out = capsys.readouterr().out
    assert 'pip install "torch>=' in out
    assert "--force-reinstall --no-deps anywidget" in out
    assert "does not work here yet" in out


def test_doctor_forgives_what_is_only_optional(monkeypatch):
    monkeypatch.setattr("shutil.which", lambda _: None)
    checks = {check.name: check for check in doctor.examine()}
    assert not checks["ffmpeg"].ok
    assert doctor.healthy(list(checks.values()))


# lab and app


@pytest.fixture
def course(tmp_path, monkeypatch) -> Path:
    """A course of two notebooks and a recorded run, in place of the real one."""
    source = tmp_path / "course"
    (source / "runs").mkdir(parents=True)
    (source / ".ipynb_checkpoints").mkdir()
    for name in ("00_start.ipynb", "01_next.ipynb", "runs/first.gz", ".ipynb_checkpoints/00_start.ipynb"):
        (source / name).write_text(name)
    monkeypatch.setattr("gan_edu.cli._shipped_notebooks", lambda: source)
    return source


def test_copying_never_overwrites(course, tmp_path):
    folder = tmp_path / "mine" / "deep"
    copied, kept = copy_notebooks(course, folder)
    assert [str(path.relative_to(folder)) for path in copied] == [
        "00_start.ipynb",
        "01_next.ipynb",
        str(Path("runs", "first.gz")),
    ]
    assert not kept
    assert copy_notebooks(course, folder) == ([], [])

    (folder / "00_start.ipynb").write_text("my answers")
    (folder / "01_next.ipynb").unlink()
    (course / "00_start.ipynb").write_text("a newer version")
    copied, kept = copy_notebooks(course, folder)
    assert (copied, kept) == ([folder / "01_next.ipynb"], [folder / "00_start.ipynb"])
    assert (folder / "00_start.ipynb").read_text() == "my answers"


def test_lab_opens_the_first_notebook_of_the_copy(course, tmp_path, capsys, monkeypatch):
    served = []
    monkeypatch.setattr("jupyterlab.labapp.main", served.append)
    monkeypatch.setenv("JUPYTER_CONFIG_PATH", "/etc/mine")
    folder = tmp_path / "my course"
    folder.mkdir()
    (folder / "01_next.ipynb").write_text("mine")
    _, err = output_of(capsys, "lab", "--dir", str(folder), "--no-browser", "--port", "9")
    assert f"--ServerApp.root_dir={folder}" in served[0]
    assert {"--no-browser", "--port=9"} <= set(served[0])
    assert (folder / "00_start.ipynb").exists()
    assert "Kept yours: 01_next.ipynb" in err
    assert os.environ["JUPYTER_CONFIG_PATH"].endswith(f"{os.pathsep}/etc/mine")


def test_app_shows_the_notebook_that_was_asked_for(course, tmp_path, capsys, monkeypatch):
    served = []
    monkeypatch.setattr("voila.app.main", served.append)
    output_of(capsys, "app", "01_next", "--dir", str(tmp_path / "mine"))
    assert served == [[str(tmp_path / "mine" / "01_next.ipynb")]]
    assert main(["app", "07_lost", "--dir", str(tmp_path / "mine")]) == 2
    assert "00_start, 01_next" in capsys.readouterr().err


def test_app_without_voila_says_how_to_get_it(capsys, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    monkeypatch.delitem(sys.modules, "voila", raising=False)
    assert main(["app"]) == 2
    assert "gan-edu[app]" in capsys.readouterr().err


def test_a_reader_that_has_read_enough_is_no_mistake():
    command = f"{sys.executable} -m gan_edu list | head -n 1"
    done = subprocess.run(command, shell=True, capture_output=True, text=True, check=True)
    assert done.stdout == "data\n"
    assert done.stderr == ""
