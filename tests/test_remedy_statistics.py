"""Which remedy cures which collapse: statistics over populations of eight, and a page that says what the code does.

The bounds held in two or three populations (seeds 0 to 2) when they were chosen, those of the last test in one and in
the 32 runs of the page; one is run here. Where a remedy does not cure, that is asserted too.
"""

from __future__ import annotations

import dataclasses
import functools
import re

import pytest
import torch
from torch import Tensor

from benchmarks.remedy_table import PAGE, TABLES, scores, written


@functools.cache
def found(table: str, name: str, steps: int | None = None) -> dict[str, Tensor]:
    """Every metric of the runs of one population."""
    recipe = TABLES[table][name]
    recipe = dataclasses.replace(recipe, steps=min(steps or recipe.steps, recipe.steps))
    return scores(recipe, range(1))[0]


def mean_basins(table: str, name: str, steps: int) -> float:
    return float(found(table, name, steps)["basins"].mean())


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "steps", "low", "high"),
    [
        ("none", 800, 1, 3),
        ("PacGAN2", 800, 7.5, 8),
        ("feature matching", 800, 7.5, 8),
        ("unrolled, k = 5", 300, 7, 8),
        ("the same at D's rate", 300, 1, 5.5),
        ("R1", 800, 1, 3),
        ("label smoothing", 800, 1, 3),
        ("historical averaging", 800, 1, 3),
    ],
)
def test_a_generator_chased_round_the_ring(name, steps, low, high):
    assert low <= mean_basins("rotating", name, steps) <= high


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "steps", "low", "high"),
    [
        ("none", 300, 2, 6),
        ("feature matching", 200, 7.5, 8),
        ("R1", 200, 7.5, 8),
        ("instance noise", 200, 7.5, 8),
        ("WGAN-GP, 5 critic steps", 200, 7.5, 8),
        ("label smoothing", 300, 2, 7),
        ("historical averaging", 300, 2, 7.25),
    ],
)
def test_a_generator_cut_off_from_modes(name, steps, low, high):
    assert low <= mean_basins("frozen", name, steps) <= high


@pytest.mark.slow
def test_covering_is_not_sharpness():
    """PacGAN2 reaches every mode long before it hits any; rates that fall to 0 make it sharp."""
    early, late = found("rotating", "PacGAN2", 800), found("ring", "PacGAN2")
    assert early["basins"].min() >= 7 and early["high_quality_share"].max() < 0.5
    assert (late["modes_covered"] == 8).sum() >= 7
    assert 0.78 <= late["high_quality_share"].mean() <= 0.95
    assert 0.08 <= late["jensen_shannon"].mean() <= 0.2


def cells(table: str) -> dict[str, list[str]]:
    """The rows of a table of the page, by name."""
    part = PAGE.read_text().split(f"<!-- table {table} -->\n")[1].split("<!-- end -->")[0]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in part.strip().splitlines()[2:]]
    return {name: rest for name, *rest in rows}


@pytest.mark.parametrize("table", list(TABLES))
def test_the_page_has_the_recipes_of_the_code(table):
    assert {name: rest[0] for name, rest in cells(table).items()} == {
        name: str(recipe) for name, recipe in TABLES[table].items()
    }


def test_a_row_is_put_in_its_place():
    first, second, *_ = TABLES["ring"]
    page = (
        "above\n<!-- table ring -->\n| gone | x |\n<!-- end -->\nbelow\n<!-- table grid -->\n<!-- end -->\n"
    )
    page = written(page, "ring", [second, "2"])
    page = written(page, "ring", [first, "1"])
    assert page.startswith("above\n") and page.endswith(
        "<!-- end -->\nbelow\n<!-- table grid -->\n<!-- end -->\n"
    )
    assert re.findall(r"^\| (\w+) \| (\d) \|$", page, re.MULTILINE) == [(first, "1"), (second, "2")]
    assert "gone" not in page and "JSD" in page
    assert written(page, "ring", [second, "3"]) == page.replace("| 2 |", "| 3 |")


def test_recipes_say_what_they_change():
    assert str(TABLES["rotating"]["none"]) == "1,500 steps"
    assert str(TABLES["rotating"]["minibatch discrimination"]) == (
        "`minibatch_discrimination:kernels=8,kernel_dim=4`, `batch_size=64`, 1,500 steps"
    )
    assert TABLES["frozen"]["R1"].settings["dynamics"] == "alternating:discriminator_steps=5"
    assert torch.equal(
        torch.tensor([r.settings["decay_steps"] for r in TABLES["ring"].values()]),
        torch.tensor([r.steps for r in TABLES["ring"].values()]),
    )
