"""What a stranger meets first: installing, Binder, the wheel, the layers."""

import json
import os
import re
import subprocess
import sys
import time
import tomllib
import urllib.request
import zipfile
from pathlib import Path
from urllib.parse import unquote

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
CONDA_NAMES = {"pytorch-cpu": "torch", "matplotlib-base": "matplotlib"}


def locked() -> dict[str, str]:
    lines = (ROOT / "requirements.lock").read_text().splitlines()
    return dict(line.split("==") for line in lines if not line.startswith("#"))


def conda(path: str) -> list[str]:
    return yaml.safe_load((ROOT / path).read_text())["dependencies"]


def run_python(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout


# the lock


def test_the_lock_holds_names_and_exact_versions_and_nothing_else():
    lines = (ROOT / "requirements.lock").read_text().splitlines()
    assert [line for line in lines if not re.fullmatch(r"#.*|[a-z0-9-]+==[0-9][0-9a-z.]*", line)] == []
    assert not any("/" in line or "://" in line for line in lines)
    assert re.fullmatch(r"\d+\.\d+\.\d+", locked()["torch"])  # no "+cpu": which build it is, is pip's choice


def test_the_lock_satisfies_pyproject_with_its_tools():
    extras = PROJECT["optional-dependencies"]
    wanted = [PROJECT["dependencies"], *(extras[name] for name in ("app", "site", "test", "dev"))]
    versions = locked()
    for requirement in (Requirement(line) for lines in wanted for line in lines):
        name = canonicalize_name(requirement.name)
        if name != "gan-edu":
            assert requirement.specifier.contains(versions[name]), f"{requirement}: `make lock` is due"


# conda and Binder


def test_binder_and_conda_have_the_same_dependencies():
    assert conda("environment.yml") == conda("binder/environment.yml")
    assert all(
        isinstance(entry, str) for entry in conda("environment.yml")
    )  # a pip part would rebuild Binder


def test_conda_asks_for_what_pyproject_asks_for():
    found = {}
    for entry in conda("environment.yml"):
        name, *versions = re.split(r"(?=[<>=])", entry, maxsplit=1)
        found[CONDA_NAMES.get(name, name)] = "".join(versions)
    wanted = [*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["app"]]
    assert {r.name: str(r.specifier) for r in map(Requirement, wanted)}.items() <= found.items()
    assert Requirement(f"python{PROJECT['requires-python']}").specifier.contains(found["python"].strip("="))


def test_binder_installs_the_package_and_writes_its_settings(tmp_path):
    fake = tmp_path / "bin" / "python"  # notes what pip was told, and says where the environment is
    fake.parent.mkdir()
    fake.write_text(f'#!/bin/sh\n[ "$1" = -m ] && echo "$@" > {tmp_path}/pip || echo {tmp_path}\n')
    fake.chmod(0o755)
    path = f"{fake.parent}{os.pathsep}{os.environ['PATH']}"
    subprocess.run([ROOT / "binder" / "postBuild"], check=True, env={"PATH": path})
    assert (tmp_path / "pip").read_text().split() == ["-m", "pip", "install", "--no-deps", "-e", "."]
    settings = json.loads((tmp_path / "share/jupyter/lab/settings/overrides.json").read_text())
    assert settings["@jupyterlab/apputils-extension:notification"]["fetchNews"] == "false"
    assert settings["@jupyterlab/apputils-extension:kernels-settings"]["commsOverSubshells"] == "disabled"


def test_binder_starts_with_one_thread():
    show = [ROOT / "binder" / "start", "sh", "-c", "echo $OMP_NUM_THREADS $0 $1", "it's", "here"]
    assert subprocess.run(show, check=True, capture_output=True, text=True).stdout == "1 it's here\n"


def test_links_that_open_a_notebook_lead_to_one_that_exists():
    pages = [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("notebooks/*.ipynb")]
    pattern = re.compile(r"(?:urlpath=(?:lab/tree|doc/tree|voila/render)/|/blob/\w+/)([\w/.-]+?\.ipynb)")
    targets = {target for page in pages for target in pattern.findall(unquote(page.read_text()))}
    assert "notebooks/00_start.ipynb" in targets
    assert [target for target in sorted(targets) if not (ROOT / target).exists()] == []


def test_links_between_pages_lead_to_files_that_exist():
    pages = [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")]
    links = {(page, link) for page in pages for link in re.findall(r"\]\(([^)#:]+)\)", page.read_text())}
    assert [f"{page.name}: {link}" for page, link in links if not (page.parent / link).exists()] == []


# commands


@pytest.mark.parametrize("script", ["binder/postBuild", "binder/start", ".ci/run"])
def test_scripts_can_be_run(script):
    assert os.access(ROOT / script, os.X_OK)
    subprocess.run(["bash", "-n", ROOT / script], check=True)


def test_make_does_nothing_twice_and_help_names_the_targets():
    shown = subprocess.run(["make", "help"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    assert {"lab", "test", "check", "app", "lock", "clean"} <= set(re.findall(r"make (\w+)", shown))
    for target in ("lab", "test"):
        dry = ["make", "--dry-run", target, "--assume-old=pyproject.toml", "--assume-old=requirements.lock"]
        plan = subprocess.run(
            [*dry, "--assume-old=.venv/.ready"], cwd=ROOT, check=True, capture_output=True, text=True
        )
        assert "pip install" not in plan.stdout


# imports


def test_importing_gan_edu_is_light():
    heavy = "{'torch', 'matplotlib', 'plotly', 'sklearn', 'scipy', 'ipywidgets', 'IPython', 'anywidget'}"
    assert run_python(f"import sys, gan_edu; print({heavy} & set(sys.modules))") == "set()\n"
    engine = "import sys, gan_edu; gan_edu.train, gan_edu.record; import gan_edu.metrics"
    assert run_python(f"{engine}; print({heavy} & set(sys.modules))") == "{'torch'}\n"


def test_imports_point_one_way():
    run = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stdout


# the wheel


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    return next(folder.glob("*.whl"))


def test_the_wheel_carries_notebooks_and_data_but_no_rubbish(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {
        "gan_edu/notebooks/00_start.ipynb",
        "gan_edu/figures/stage.js",
        "gan_edu/figures/stage.css",
    } <= names
    rubbish = re.compile(r"__pycache__|\.ipynb_checkpoints|\.pyc$")
    files = [
        p.relative_to(ROOT)
        for top in ("gan_edu", "notebooks")
        for p in (ROOT / top).rglob("*")
        if p.is_file()
    ]
    wanted = {path.as_posix() for path in files if not rubbish.search(path.as_posix())}
    assert {f"gan_edu/{name}" if name.startswith("notebooks/") else name for name in wanted} <= names
    assert not list(filter(rubbish.search, names))


@pytest.mark.slow
def test_the_installed_wheel_opens_jupyterlab_on_a_copy(wheel, tmp_path):
    zipfile.ZipFile(wheel).extractall(tmp_path / "installed")
    home = {"HOME": str(tmp_path), "PYTHONPATH": str(tmp_path / "installed"), "PATH": os.environ["PATH"]}
    words = [sys.executable, "-m", "gan_edu", "lab", "--dir", "my course", "--no-browser"]
    log = tmp_path / "log"
    with log.open("wb") as file:
        server = subprocess.Popen(
            words, cwd=tmp_path, env=home, stdout=file, stderr=file, start_new_session=True
        )
    try:
        address = _wait_for_address(log, server)
        assert address.split("?")[0].endswith("/lab/tree/00_start.ipynb")
        assert "token=" in address
        with urllib.request.urlopen(address, timeout=20) as answer:
            page = answer.read().decode()
        config = json.loads(re.search(r'id="jupyter-config-data"[^>]*>(.*?)</script>', page, re.DOTALL)[1])
        assert config["disabledExtensions"] == ["@jupyterlab/apputils-extension:announcements"]
        assert (tmp_path / "my course" / "00_start.ipynb").exists()
    finally:
        server.terminate()
        server.wait(20)


def _wait_for_address(log: Path, server: subprocess.Popen[bytes]) -> str:
    for _ in range(600):
        text = log.read_text()
        found = re.search(r"(http://127\.0\.0\.1:\S+)\n", text)  # a whole line: it may be half written
        if found:
            return found[1]
        assert server.poll() is None, text
        time.sleep(0.1)
    raise AssertionError(f"no address after a minute:\n{log.read_text()}")
