"""The command line: `gan-edu lab | app | list | train | doctor`. A command imports only what it needs."""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn

USER_ERROR = 2
FIRST = "00_start.ipynb"
TARGET = "ring"
EVALUATED = 2500  # samples of each run that the metrics see


def point(text: str) -> list[float]:
    """Numbers with commas between them; argparse names this function where they are none."""
    return [float(part) for part in text.split(",")]


TRAINING = {  # options that go to the training as they are, and only when given: a game may carry its own
    "dynamics": (str, "NAME[:key=value,...]", "who moves when; see `gan-edu list`"),
    "optimizer": (str, "NAME[:key=value,...]", "how a player moves"),
    "learning_rate": (float, "X", "for both players"),
    "discriminator_learning_rate": (float, "X", "for the discriminator alone"),
    "generator_learning_rate": (float, "X", "for the generator alone"),
    "decay_steps": (int, "N", "generator updates after which the learning rates have fallen to 0"),
    "batch_size": (int, "B", "samples a step, per run"),
    "runs": (int, "R", "independent trainings, all at once"),
    "seed": (int, "S", "of everything random"),
    "device": (str, "NAME", "auto, cpu, cuda or mps"),
    "steps_per_frame": (int, "N", "steps between two frames of the recording"),
    "start": (point, "X,Y", "where a planar game begins"),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        arguments: The words after `gan-edu`; those of the process when left out.

    Returns:
        The exit status: 0, 1 (the doctor found something missing) or 2 (a mistake, one line on stderr).

    Raises:
        SystemExit: If the words make no sense, also with one line on stderr and status 2.

    Example:
        >>> main(["list", "--folder", "cuisine"])
        2
    """
    options = _parser().parse_args(arguments)
    try:
        status = options.command(options)
        sys.stdout.flush()
        return status
    except BrokenPipeError:  # `gan-edu list | head` has read enough
        sys.stdout = None  # type: ignore[assignment]  # else Python complains while it shuts down
        return 0
    except (ValueError, OSError, MemoryError) as error:
        message = str(error) or type(error).__name__
    except ModuleNotFoundError as error:
        message = f"{error.name} is missing; `gan-edu doctor` tells how to mend that"
    print(f"gan-edu: {' '.join(message.split())}", file=sys.stderr)
    return USER_ERROR


def copy_notebooks(source: Path, folder: Path) -> tuple[list[Path], list[Path]]:
    """Copy the course's notebooks to a learner's folder, and never overwrite a file there.

    Args:
        source: The notebooks, and what they show.
        folder: Made when it is missing.

    Returns:
        The files that were copied, and those of the learner that were kept though the course's differ.
    """
    copied, kept = [], []
    for origin in sorted(path for path in source.rglob("*") if path.is_file()):
        part = origin.relative_to(source)
        if any(name.startswith((".", "__pycache__")) for name in part.parts):
            continue
        content, place = origin.read_bytes(), folder / part
        place.parent.mkdir(parents=True, exist_ok=True)
        try:
            with place.open("xb") as file:  # x: never onto a file that is there
                file.write(content)
            copied.append(place)
        except FileExistsError:
            if place.read_bytes() != content:
                kept.append(place)
    return copied, kept


class _Parser(argparse.ArgumentParser):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._negative_number_matcher = re.compile(r"-\.?\d")  # -1,0.3 is a value and no option

    def error(self, message: str) -> NoReturn:
        """A mistake is one line, as everywhere else here."""
        print(f"{self.prog}: {message} (--help lists what there is)", file=sys.stderr)
        raise SystemExit(USER_ERROR)


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="gan-edu", description="GAN training dynamics that people touch.")
    parser.add_argument("--version", action=_Version, nargs=0, help="print the version")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    lab = commands.add_parser("lab", help="copy the notebooks to a folder of yours and open JupyterLab")
    lab.set_defaults(command=_lab)
    app = commands.add_parser("app", help="show a notebook as an app, without code (needs Voilà)")
    app.add_argument("notebook", nargs="?", default=FIRST, help=f"its name (default: {FIRST})")
    app.set_defaults(command=_app)
    for command in (lab, app):
        command.add_argument(
            "--dir",
            type=Path,
            default=Path("gan_edu_notebooks"),
            metavar="FOLDER",
            help="where your copies live (default: %(default)s); files that are there stay as they are",
        )
        command.add_argument("--no-browser", action="store_true", help="only print the address")
        command.add_argument("--port", type=int, metavar="N", help="of the server")

    listing = commands.add_parser("list", help="every method there is, with its parameters")
    listing.add_argument("--folder", help="only data, games, remedies, dynamics, ...")
    listing.set_defaults(command=_list)
    doctor = commands.add_parser("doctor", help="what this machine has, and how to mend what is missing")
    doctor.set_defaults(command=_doctor)

    train = commands.add_parser("train", help="train, and say how many modes were covered")
    train.add_argument(
        "--target", metavar="NAME[:key=value,...]", help=f"what to learn ({TARGET}); planar games need none"
    )
    train.add_argument(
        "--game", default="gan", metavar="NAME[:key=value,...]", help="what to play (%(default)s)"
    )
    train.add_argument(
        "--remedy",
        action="append",
        default=[],
        metavar="NAME[:key=value,...]",
        help="repeat it for several, inner first",
    )
    for name, (kind, shape, text) in TRAINING.items():
        spellings = [f"--{name.replace('_', '-')}", *(["--batch"] if name == "batch_size" else [])]
        train.add_argument(
            *spellings, dest=name, type=kind, metavar=shape, help=text, default=argparse.SUPPRESS
        )
    train.add_argument("--steps", type=int, default=2000, metavar="N", help="generator updates (%(default)s)")
    train.add_argument("--out", type=Path, metavar="FILE", help="keep the recording, as .safetensors")
    train.set_defaults(command=_train)

    for command in (listing, doctor, train):
        command.add_argument("--json", action="store_true", help="one JSON value on stdout")
    return parser


class _Version(argparse.Action):
    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> None:
        import gan_edu

        print(gan_edu.__version__)
        parser.exit()


def _lab(options: argparse.Namespace) -> int:
    from jupyterlab.labapp import main as serve

    _prepare(options.dir)
    # Our page_config.json: JupyterLab doesn't ask, over the first screen, whether it may fetch news.
    paths = [str(Path(__file__).parent / "jupyter"), os.environ.get("JUPYTER_CONFIG_PATH")]
    os.environ["JUPYTER_CONFIG_PATH"] = os.pathsep.join(filter(None, paths))
    words = [
        f"--ServerApp.root_dir={options.dir.resolve()}",
        f"--LabApp.default_url=/lab/tree/{FIRST}",  # so that the address it prints opens the notebook as well
    ]
    if hasattr(os, "geteuid") and os.geteuid() == 0:  # containers
        words.append("--allow-root")
    return _serve(serve, options, words)


def _app(options: argparse.Namespace) -> int:
    if importlib.util.find_spec("voila") is None:
        raise ValueError(f'the app needs Voilà: "{sys.executable}" -m pip install "gan-edu[app]"')
    from voila.app import main as serve

    _prepare(options.dir)
    notebook = options.dir / Path(options.notebook).with_suffix(".ipynb")
    if not notebook.exists():
        names = ", ".join(sorted(path.stem for path in options.dir.glob("*.ipynb")))
        raise ValueError(f"notebook must be one of {names}; got {options.notebook!r}")
    return _serve(serve, options, [str(notebook)])


def _serve(serve: Callable[[list[str]], None], options: argparse.Namespace, words: list[str]) -> int:
    words += ["--no-browser"] if options.no_browser else []
    words += [f"--port={options.port}"] if options.port is not None else []
    serve(words)
    return 0


def _prepare(folder: Path) -> None:
    copied, kept = copy_notebooks(_shipped_notebooks(), folder)
    if copied:
        print(f"Copied {len(copied)} files to {folder}", file=sys.stderr)
    if kept:
        names = ", ".join(str(path.relative_to(folder)) for path in kept)
        print(f"Kept yours: {names} (another --dir gets the course's own)", file=sys.stderr)


def _shipped_notebooks() -> Path:
    package = Path(__file__).parent
    for place in (package / "notebooks", package.parent / "notebooks"):  # in the wheel, in the repository
        if (place / FIRST).exists():
            return place
    raise ValueError(
        "this installation has no notebooks; reinstall it: python -m pip install --force-reinstall gan-edu"
    )


def _list(options: argparse.Namespace) -> int:
    from gan_edu import catalogue

    folders = [options.folder] if options.folder else catalogue.FOLDERS
    known = {folder: catalogue.entries(folder) for folder in folders}
    if options.json:
        described = {
            f: {name: _describe(entry) for name, entry in found.items()} for f, found in known.items()
        }
        print(json.dumps(described, indent=2))
        return 0
    for folder, found in known.items():
        if found:
            print(folder)
        for name, entry in found.items():
            print(f"  {name:20}{entry.summary}")
            for parameter in _describe(entry)["parameters"]:
                print(f"      {_in_words(parameter)}")
    return 0


def _describe(entry: Any) -> dict[str, Any]:
    from gan_edu.parameters import REQUIRED, plain

    described = []
    for p in entry.parameters.values():
        facts = {"name": p.name, "label": p.label, "kind": p.kind, "required": p.default is REQUIRED}
        if p.default is not REQUIRED:
            facts["default"] = plain(p.default)
        facts |= {"low": p.low, "high": p.high} if p.range else {}
        facts |= {"choices": list(p.choices)} if p.choices else {}
        described.append(facts)
    return {"summary": entry.summary, "parameters": described}


def _in_words(parameter: dict[str, Any]) -> str:
    words = parameter["name"]
    if not parameter["required"]:
        words += f"={parameter['default']}"
    if "low" in parameter:
        words += f"  ({parameter['low']:g} to {parameter['high']:g})"
    elif "choices" in parameter:
        words += f"  ({' | '.join(map(str, parameter['choices']))})"
    return words


def _doctor(options: argparse.Namespace) -> int:
    from gan_edu import doctor

    checks = doctor.examine()
    print(json.dumps(doctor.as_json(checks), indent=2) if options.json else doctor.as_text(checks))
    return 0 if doctor.healthy(checks) else 1


def _train(options: argparse.Namespace) -> int:
    from gan_edu import catalogue
    from gan_edu.metrics.modes import high_quality_share, modes_covered
    from gan_edu.recording import record

    game = catalogue.around(_game(options), options.remedy)
    if options.out:
        _check_writable(options.out)  # before the training, not after it
    given = {name: value for name, value in vars(options).items() if name in TRAINING}
    recording = record(game, steps=options.steps, **given)
    if options.out:
        recording.save(options.out)

    last, target = recording[-1], recording.game.target
    samples = recording.samples(n=EVALUATED)
    died_at = last.died_at.tolist()
    result: dict[str, Any] = {
        "settings": recording.settings.as_json(),
        "modes_covered": [int(count) for count in modes_covered(samples, target)],
        "high_quality_share": [round(float(share), 4) for share in high_quality_share(samples, target)],
        "alive": last.alive.tolist(),
        "steps": [last.step if alive else died for alive, died in zip(last.alive, died_at, strict=True)],
        "seconds": recording.seconds,
    }
    if game.is_planar:
        from gan_edu.trajectory import trajectory

        rounds = -(-options.steps // last.settings.dynamics.generator_updates)
        paths = trajectory(game, steps=rounds, **given).transpose(0, 1).tolist()
        result["trajectory"] = paths[0] if len(paths) == 1 else paths
    if options.json:
        print(json.dumps(result))
    else:
        print(_path_table(result) if game.is_planar else _table(result, target.n_modes))
    return 0


def _game(options: argparse.Namespace) -> Any:
    from gan_edu import catalogue

    name = catalogue.name_of(options.game)
    catalogue.find("games", name)
    if catalogue.entries("games")[name].takes_target:
        target = catalogue.parse(options.target or TARGET, "data")
        return catalogue.parse(options.game, "games", target=target)
    if options.target:
        raise ValueError(f"{name} is a planar game, which takes no target; got {options.target!r}")
    return catalogue.parse(options.game, "games")


def _check_writable(path: Path) -> None:
    if path.is_dir():
        raise ValueError(f"--out must name a file; got the folder {str(path)!r}")
    path.parent.mkdir(parents=True, exist_ok=True)
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        raise ValueError(f"--out must name a file that can be written; got {str(path)!r}")


def _table(result: dict[str, Any], modes: int) -> str:
    lines = ["run  modes covered  high quality  steps"]
    columns = zip(
        *(result[k] for k in ("modes_covered", "high_quality_share", "steps", "alive")), strict=True
    )
    for run, (covered, share, steps, alive) in enumerate(columns):
        end = "" if alive else "  diverged there"
        lines.append(f"{run:3}  {f'{covered} of {modes}':>13}  {share:12.1%}  {steps:5}{end}")
    return "\n".join([*lines, f"{result['seconds']:.1f} s of training"])


def _path_table(result: dict[str, Any]) -> str:
    paths = result["trajectory"] if len(result["alive"]) > 1 else [result["trajectory"]]
    lines = ["run  from -> to (x, y)"]
    for run, (path, steps, alive) in enumerate(zip(paths, result["steps"], result["alive"], strict=True)):
        ends = " -> ".join(
            "(" + ", ".join(f"{number:.4g}" for number in end) + ")" for end in (path[0], path[-1])
        )
        lines.append(f"{run:3}  {ends} in {steps} steps{'' if alive else ', diverged there'}")
    return "\n".join(lines)
