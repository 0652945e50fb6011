"""Every notebook is in shape; that it runs, and what it shows, is tested in a file of its own."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path
from urllib.parse import unquote

import pytest

from gan_edu.labs.recorded import load
from gan_edu.lessons.question import questions

from .book import NAMES, NOTEBOOKS, ROOT, read, tagged

PLANNED = 17  # notebooks 00 to 16
WIDEST = 100  # characters that a line of code has on a projector of 1,024 pixels
SLIDES = {"slide", "subslide", "fragment", "skip"}


# in shape


@pytest.mark.parametrize("path", NOTEBOOKS, ids=NAMES)
def test_stripped(path):
    """No outputs, no widget state, no counters; ids that stay the same."""
    raw = json.loads(path.read_text(encoding="utf-8"))
    assert "widgets" not in raw["metadata"]
    for cell in raw["cells"]:
        if cell["cell_type"] == "code":
            assert cell["outputs"] == []
            assert cell["execution_count"] is None
        assert re.fullmatch(r"[a-z0-9-]+", cell["id"]), "ids are words, so that a diff says what has changed"
        assert not re.fullmatch(r"[0-9a-f]{8}", cell["id"])
        assert "".join(cell["source"]).strip()
    assert len({cell["id"] for cell in raw["cells"]}) == len(raw["cells"])
    assert path.stat().st_size < 100_000


@pytest.mark.parametrize("name", NAMES)
def test_first_cell(name):
    """Badges that lead here, a title, goals, time, and what it builds on."""
    first = read(name).cells[0].source
    badges = first.splitlines()[0]
    assert f"mybinder.org/v2/gh/gan-edu/gan_edu/main?urlpath=lab/tree/notebooks/{name}.ipynb" in badges
    assert f"colab.research.google.com/github/gan-edu/gan_edu/blob/main/notebooks/{name}.ipynb" in badges
    assert re.search(r"^# \S", first, re.M)
    goals = first.split("**You will be able to**")[1].split("**Time:**")[0]
    assert len(re.findall(r"^- ", goals, re.M)) >= 3
    assert re.search(r"\*\*Time:\*\* \d+ minutes", first)
    assert re.search(r"\*\*Builds on:\*\* \S", first)


@pytest.mark.parametrize("name", NAMES)
def test_links_lead_somewhere(name):
    """Relative links and badges point to files that exist; no picture is fetched from elsewhere."""
    text = "\n".join(cell.source for cell in read(name).cells if cell.cell_type == "markdown")
    for target in re.findall(r"\]\(([^)]+)\)", text):
        if target.startswith("https://"):
            for path in re.findall(r"notebooks/[\w-]+\.ipynb", unquote(target)):
                assert (ROOT / path).exists(), target
        else:
            assert (ROOT / "notebooks" / target).exists(), target
    assert "![" not in text
    assert "<img" not in text


@pytest.mark.parametrize("name", NAMES)
def test_anatomy(name):
    """Plain code of at most 25 lines, a prediction, a lab, exercises with hint and solution, a quiz, references."""
    notebook = read(name)
    (plain,) = tagged(notebook, "plain")
    assert 10 <= len([line for line in plain.source.splitlines() if line.strip()]) <= 25
    assert "gan_edu" not in plain.source
    (lab,) = tagged(notebook, "lab")
    assert re.search(r"_lab\(", lab.source)
    assert load(lab.metadata["gan_edu"]["recorded"])[0], "the static page needs a run to play"
    assert len(tagged(notebook, "predict")) >= 1

    exercises = [cell for cell in tagged(notebook, "exercise") if cell.cell_type == "code"]
    solutions = tagged(notebook, "solution")
    assert len(exercises) >= 3
    assert len(solutions) == len(exercises)
    for exercise, solution in zip(exercises, solutions, strict=True):
        assert "..." in exercise.source
        assert re.search(r"^check_\w+\(", exercise.source, re.M)
        assert solution.source.count("<details>") == solution.source.count("</details>") == 2
        assert "<summary>Hint</summary>" in solution.source
        assert "<summary>Solution</summary>" in solution.source

    (cell,) = tagged(notebook, "quiz")
    assert 3 <= len(questions(ast.literal_eval(cell.source[len("quiz(") : -1]))) <= 5
    assert len(tagged(notebook, "imprecise")) >= 1
    references = tagged(notebook, "references")[0].source
    assert len(re.findall(r"^\d+\. .+\((19|20)\d\d\)", references, re.M)) >= 2
    assert "**Next:**" in references


@pytest.mark.parametrize("name", NAMES)
def test_lecture(name):
    """Every cell has its place in the slides, and the lecturer has something to say."""
    notebook = read(name)
    assert {cell.metadata["slideshow"]["slide_type"] for cell in notebook.cells} <= SLIDES
    notes = [note for cell in notebook.cells if (note := cell.metadata.get("gan_edu", {}).get("notes"))]
    assert len(notes) >= 8
    assert all(len(note) > 20 for note in notes)


@pytest.mark.parametrize("name", NAMES)
def test_code(name):
    """No plot helpers, no global seed, no star import, nothing from the network."""
    for cell in read(name).cells:
        if cell.cell_type != "code":
            continue
        assert max(map(len, cell.source.splitlines())) <= WIDEST, cell.id
        tree = ast.parse(cell.source)
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom | ast.Import):
                names = [getattr(node, "module", None) or "", *(alias.name for alias in node.names)]
                assert "*" not in names
                assert not any(
                    part.split(".")[0] in ("matplotlib", "plotly", "requests", "urllib") for part in names
                )
        assert not re.search(
            r"torch\.manual_seed|np\.random\.|random\.seed|plt\.|^\s*[!%]", cell.source, re.M
        )


@pytest.mark.parametrize("name", NAMES)
def test_what_it_shows_is_tested(name):
    """By a file of its own, which runs it."""
    source = (Path(__file__).parent / f"test_{name}.py").read_text(encoding="utf-8")
    assert f'NAME = "{name}"' in source
    assert "executed(NAME, tmp_path, LOOK)" in source


def test_the_map_names_every_notebook():
    """Those that are there are linked, the others are marked as coming."""
    (cell,) = [cell for cell in read("00_start").cells if cell.id == "map"]
    rows = re.findall(r"^\| (.*?`(\d\d)_\w+`.*?) \|.*\| (.*?) \|$", cell.source, re.M)
    assert [int(number) for _, number, _ in rows] == list(range(PLANNED))
    there = {path.stem[:2] for path in NOTEBOOKS}
    for link, number, status in rows:
        assert (number in there) == ("coming" not in status)
        assert ("](" in link) == (number in there and number != "00")
