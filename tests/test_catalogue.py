"""The catalogue finds methods by scanning, and everything in it keeps to the rules."""

import doctest
import importlib
import inspect
import json
import re
from pathlib import Path

import pytest

from gan_edu import catalogue
from gan_edu.data.ring import ring
from gan_edu.games.gan import gan
from gan_edu.parameters import describe
from gan_edu.recording import record

EVERYTHING = [entry for folder in catalogue.FOLDERS for entry in catalogue.entries(folder).values()]
IDS = [f"{e.folder}/{e.name}" for e in EVERYTHING]
MADE = [entry for entry in EVERYTHING if entry.folder != "samplers"]  # which take functions, and give draws


def build(entry):
    given = {"target": catalogue.find("data", "ring")()} if entry.takes_target else {}
    if entry.folder == "remedies":
        given = {"game": catalogue.parse("gan:width=8", "games", target=catalogue.find("data", "ring")())}
    return entry.function(**given)


def test_the_expected_methods_are_there():
    assert {"ring", "grid", "line", "moons", "drawn", "digits"} <= set(catalogue.entries("data"))
    games = catalogue.entries("games")
    assert {"gan", "bilinear", "dirac", "quadratic"} <= set(games)
    assert [name for name, entry in games.items() if not entry.takes_target] == [
        "bilinear",
        "dirac",
        "quadratic",
    ]
    assert set(catalogue.entries("dynamics")) == {
        "alternating",
        "averaging",
        "competitive_gradient_descent",
        "consensus",
        "extragradient",
        "negative_momentum",
        "optimistic",
        "runge_kutta",
        "simultaneous",
        "symplectic_gradient_adjustment",
    }
    assert {"sgd", "momentum", "rmsprop", "adam"} == set(catalogue.entries("optimizers"))
    assert {"unrolled", "feature_matching", "packing", "historical_averaging"} <= set(
        catalogue.entries("remedies")
    )


@pytest.mark.parametrize("entry", MADE, ids=[f"{e.folder}/{e.name}" for e in MADE])
def test_defaults_build_and_recipes_rebuild(entry):
    made = build(entry)
    recipe = json.loads(json.dumps(made.recipe))
    again = catalogue.build(recipe)
    assert again.recipe == made.recipe
    assert recipe["name"] == entry.name and recipe["folder"] == entry.folder
    assert describe(recipe).startswith(entry.name + "(")


@pytest.mark.parametrize("entry", EVERYTHING, ids=IDS)
def test_docstrings_have_every_part(entry):
    text = inspect.getdoc(entry.function) or ""
    assert entry.summary.endswith((".", ":")) or len(entry.summary) > 10
    for part in ("Returns:", "Example:", ">>>", "Reference:"):
        assert part in text, f"{entry.folder}/{entry.name}: no {part}"
    for name in entry.parameters:
        assert f"{name}:" in text or f"{name}," in text, f"{entry.name}: {name} is not described"


MODULES = [
    "parameters",
    "catalogue",
    "tracing",
    "scalars",
    "training",
    "recording",
    "trajectory",
    "networks.mlp",
]
MODULES += [f"{e.folder}.{e.name}" for e in EVERYTHING]


@pytest.mark.parametrize("name", MODULES)
def test_examples_run(name):
    module = importlib.import_module(f"gan_edu.{name}")
    tests = [t for t in doctest.DocTestFinder().find(module) if t.examples]
    assert tests, f"{name} has no example"
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    for test in tests:
        runner.run(test)
    assert runner.failures == 0


def test_parse_reads_numbers_lists_and_words():
    made = catalogue.parse("line:means=[0,1,2],stds=[.1,.1,.1],weights=None", "data")
    assert made.n_modes == 3
    game = catalogue.parse("gan:width=8,generator_loss=minimax", "games", target=made)
    assert game.recipe["arguments"]["generator_loss"] == "minimax"
    assert game.recipe["arguments"]["target"]["name"] == "line"


@pytest.mark.parametrize(
    ("text", "folder", "words"),
    [
        ("rong", "data", ["data must be one of", "ring", "'rong'", "did you mean 'ring'"]),
        ("ring:modes", "data", ["name:key=value", "ring:modes"]),
        ("ring:modes=0", "data", ["ring: modes must be", "got 0"]),
        ("ring:sides=3", "data", ["ring", "sides", "modes, radius, std"]),
        ("gan", "toys", ["folder must be one of", "'toys'"]),
    ],
)
def test_errors_say_the_rule_the_value_and_the_choices(text, folder, words):
    with pytest.raises(ValueError) as caught:
        catalogue.parse(text, folder)
    assert all(word in str(caught.value) for word in words), caught.value


def test_the_example_of_the_docs_is_found_without_another_edit(tmp_path, monkeypatch):
    import gan_edu.optimizers

    docs = Path(__file__).parents[1] / "docs" / "adding_a_method.md"
    (source,) = re.findall(r"```python\n(.*?)```", docs.read_text(), re.S)
    (tmp_path / "sign_descent.py").write_text(source)
    monkeypatch.setattr(gan_edu.optimizers, "__path__", [*gan_edu.optimizers.__path__, str(tmp_path)])
    catalogue.entries.cache_clear()
    try:
        assert (
            catalogue.entries("optimizers")["sign_descent"].summary
            == "Sign descent: theta <- theta - eta sign(g)."
        )
        made = record(
            gan(ring(), width=4), optimizer="sign_descent", steps=3, steps_per_frame=1, progress=False
        )
        moved = made[1].players["theta_g"] - made[0].players["theta_g"]
        assert set(moved.abs().mul(1e3).round().unique().tolist()) <= {0.0, 1.0}
        module = importlib.import_module("gan_edu.optimizers.sign_descent")
        assert doctest.testmod(module).attempted == 3
        assert doctest.testmod(module).failed == 0
    finally:
        catalogue.entries.cache_clear()
