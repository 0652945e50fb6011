"""The switches of the remedies, and which of them act on a running training."""

import itertools
from collections.abc import Iterator

import pytest

from gan_edu import catalogue
from gan_edu.labs.collapse import collapse_lab, settings_of
from gan_edu.labs.lab import Lab
from gan_edu.labs.remedies import Remedies, place
from gan_edu.labs.session import Session
from gan_edu.labs.settings_panel import SettingsPanel
from gan_edu.parameters import peel


@pytest.fixture
def lab(tmp_path, monkeypatch) -> Iterator[Lab]:
    monkeypatch.chdir(tmp_path)
    made = collapse_lab(game="gan:width=8", seed=3)
    assert isinstance(made, Lab)
    yield made
    made.close()


def names(game) -> list[str]:
    return [remedy["name"] for remedy in peel(game.recipe)[0]]


def test_a_panel_opens_with_values_that_are_not_the_defaults() -> None:
    told = []
    settings = settings_of("rotating", None, "gan:width=8", {}, remedies=["packing:pack=3"])
    panel = SettingsPanel(settings, told.append)
    assert panel.remedies.forms["packing"].arguments == {"pack": 3}
    assert panel.settings.game.recipe == settings.game.recipe
    assert told == []
    panel.remedies.forms["packing"].controls["pack"].value = 4
    assert [peel(each.game.recipe)[0][0]["arguments"]["pack"] for each in told] == [4]


def test_every_remedy_has_a_switch_and_its_sliders() -> None:
    remedies = Remedies([], lambda change: None)
    assert set(remedies.switches) == set(catalogue.entries("remedies"))
    assert len(remedies.box.children) == len(remedies.switches)
    for name, switch in remedies.switches.items():
        assert switch.tooltip == catalogue.entries("remedies")[name].summary
        switch.value = True
        shown = remedies.box.children[remedies.box.children.index(switch) + 1].children
        assert len(shown) == len([p for p in catalogue.entries("remedies")[name].parameters if p != "game"])
        switch.value = False


def test_switches_put_remedies_around_the_game_and_take_them_away(lab: Lab) -> None:
    remedies = lab.panel.remedies
    remedies.switches["gradient_penalty"].value = True
    remedies.forms["gradient_penalty"].controls["norm"].value = 0.0
    remedies.switches["feature_matching"].value = True
    game = lab.session.wanted.game
    assert names(game) == ["feature_matching", "gradient_penalty"]  # G's own loss is changed first
    assert game.recipe["arguments"]["norm"] == 0.0
    remedies.switches["gradient_penalty"].value = False
    assert names(lab.session.wanted.game) == ["feature_matching"]


NEVER = {frozenset({"feature_matching", other}) for other in ("top_k", "reconstruction")}


def test_the_order_of_switching_never_matters_for_whether_it_works() -> None:
    plain = catalogue.parse("gan:width=4", "games", target=catalogue.parse("ring", "data"))
    remedies = Remedies([], lambda change: None)
    for first, second in itertools.permutations(remedies.switches, 2):
        remedies.set([])
        remedies.switches[first].value = remedies.switches[second].value = True
        if frozenset({first, second}) in NEVER:
            with pytest.raises(ValueError, match="feature_matching"):
                remedies.around(plain)
            continue
        assert sorted(names(remedies.around(plain))) == sorted({first, second})
        assert [place(name) for name in remedies.on] == sorted(place(name) for name in (first, second))


def test_what_cannot_go_together_is_said_and_taken_back(lab: Lab) -> None:
    lab.panel.remedies.switches["feature_matching"].value = True
    lab.panel.remedies.switches["top_k"].value = True
    assert "top_k" in lab.message.value
    assert lab.panel.remedies.on == ["feature_matching"]
    assert lab.panel.remedies.switches["top_k"].value is False


QUICK = ("instance_noise", "packing")
EACH = [
    pytest.param(name, marks=[] if name in QUICK else pytest.mark.slow)
    for name in sorted(catalogue.entries("remedies"))
]


@pytest.mark.parametrize("name", EACH)
def test_a_remedy_acts_at_once_or_waits_for_a_fresh_start(name: str) -> None:
    needs_networks = {
        "batch_norm", "minibatch_discrimination", "packing", "reconstruction", "spectral_normalisation",
        "virtual_batch_norm",
    }  # fmt: skip
    session = Session(settings_of("rotating", None, "gan:width=8", {"batch_size": 8, "steps_per_frame": 1}))
    session.advance()
    seen: list = []
    panel = SettingsPanel(session.wanted, seen.append)
    panel.remedies.switches[name].value = True
    at_once = session.change(seen[-1])
    assert at_once is (name not in needs_networks)
    assert session.waiting == (() if at_once else ("remedies",))
    session.advance()
    assert names(session.running.game) == ([name] if at_once else [])
    session.reset()
    session.advance()
    assert names(session.running.game) == [name]
    assert session.waiting == ()
    again = SettingsPanel(session.running, print)
    assert again.settings.as_json()["game"] == session.running.as_json()["game"]


def test_other_settings_act_while_a_remedy_waits() -> None:
    session = Session(settings_of("rotating", None, "gan:width=8", {"batch_size": 8, "steps_per_frame": 1}))
    seen: list = []
    panel = SettingsPanel(session.wanted, seen.append)
    panel.remedies.switches["packing"].value = True
    panel.game.form.controls["generator_loss"].value = "minimax"
    panel.game.form.controls["width"].value = 16
    session.change(seen[-1])
    assert set(session.waiting) == {"width", "remedies"}
    session.advance()
    assert session.running.game.recipe["arguments"]["generator_loss"] == "minimax"
    assert session.running.game.recipe["arguments"]["width"] == 8
    session.change(panel.settings)
    session.reset()
    assert names(session.running.game) == ["packing"]


def test_a_lab_trains_draws_and_shares_with_remedies(lab: Lab) -> None:
    lab.panel.remedies.switches["minibatch_discrimination"].value = True
    lab.panel.remedies.switches["instance_noise"].value = True
    assert "remedies" in lab.panel.waiting.value
    lab.reset()
    lab.step()
    lab.step()
    assert lab.trace == ""
    assert lab.session.frame.step == 2
    from gan_edu.labs.sharing import as_command, as_python

    command = as_command(lab.session.running, 10)
    assert "--remedy minibatch_discrimination --remedy instance_noise" in " ".join(
        command.replace("\\", " ").split()
    )
    assert "instance_noise(minibatch_discrimination(gan(" in as_python(lab.session.running, 10)
    lab.use_target(catalogue.parse("grid", "data"))
    lab.pause()
    assert names(lab.session.wanted.game) == ["minibatch_discrimination", "instance_noise"]
    assert lab.session.wanted.game.target.name == "grid"
