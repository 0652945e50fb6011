"""The sampler lab without a browser: what the controls ask for is what the picture and the words say."""

from __future__ import annotations

import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator

import pytest

from gan_edu.figures.drawing import Drawing
from gan_edu.figures.palette import PALETTE
from gan_edu.figures.sampling import ACCEPTED, chains_figure, darts_figure
from gan_edu.labs import samplers as module
from gan_edu.labs.samplers import SamplerLab, safe_bound, sampler_lab
from gan_edu.views.sampling import DARTS, pair, throw, walk

GREEN = PALETTE.light.generators[ACCEPTED]


def opened(*arguments, **settings) -> SamplerLab:
    made = sampler_lab(*arguments, **settings, key="test", fallback=False)
    assert isinstance(made, SamplerLab)
    return made


@pytest.fixture
def lab() -> Iterator[SamplerLab]:
    made = opened()
    yield made
    made.close()


def wait(lab: SamplerLab) -> None:
    """Until it has played to the end."""
    end = time.monotonic() + 60
    while lab.worker.running:
        assert time.monotonic() < end
        time.sleep(0.01)
    lab.worker.stop()


def shown(lab: SamplerLab) -> dict[str, bool]:
    parts = {"M": lab.log_bound.widget, "least": lab.least, "K": lab.proposals, "start": lab.chain_start}
    return {name: widget.layout.display != "none" for name, widget in parts.items()}


def dots(svg: str) -> int:
    """Accepted darts that are drawn."""
    paths = ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}path")
    return sum(path.get("d", "").count("M") for path in paths if path.get("stroke-linecap") == "round")


def crosses(svg: str, ink: str = PALETTE.light.muted) -> int:
    """Refused darts that are drawn."""
    paths = ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}path")
    return sum(
        path.get("d", "").count("m0,")
        for path in paths
        if path.get("stroke") == ink and path.get("fill") == "none"
    )


def test_it_opens_with_an_envelope_that_is_right_and_no_dart(lab) -> None:
    assert (lab.pair.value, lab.method.value, lab.log_bound.value) == ("two_bells", "rejection", 1.3)
    assert lab.picture.alt.startswith("0 of 0 darts accepted, M = 3.67. Acceptance –, in theory 27.3 %")
    assert "exactly the density p. It takes 3.7 darts" in lab.message.value
    assert shown(lab) == {"M": True, "least": True, "K": False, "start": False}
    assert (dots(lab.picture.svg), crosses(lab.picture.svg)) == (0, 0)


def test_every_dart_is_drawn_as_what_became_of_it() -> None:
    """By shape and by colour; those above the picture are counted instead."""
    darts = throw("two_bells", 1.3)
    inside = (abs(darts.x) < 6)[:500]
    kept = darts.accepted[:500]
    drawing = darts_figure(darts, 500, 3)
    assert dots(drawing.svg) == int((kept & inside).sum())
    assert crosses(drawing.svg) == int((~kept & inside).sum())
    assert f'stroke="{GREEN}"' in drawing.svg
    assert f"{int(kept.sum())} of 500 darts accepted" in drawing.alt
    assert "above the picture" not in drawing.svg
    high = throw("missing_mode", 14.2)
    drawing = darts_figure(high, 500)
    assert "▲ 500 darts above the picture" in drawing.svg
    assert (dots(drawing.svg), crosses(drawing.svg)) == (0, 0)
    with pytest.raises(ValueError, match="from 0 to 2048; got 2049"):
        darts_figure(darts, DARTS + 1)


def test_a_step_of_the_chain_is_told_as_it_was() -> None:
    chains = walk("two_bells", 20)
    gone, stayed = (int(next(k for k in range(20) if chains.moves[k] == goes)) for goes in (True, False))
    for step, word in ((gone + 1, "u &lt; ratio: it goes"), (stayed + 1, "u ≥ ratio: it stays")):
        svg = chains_figure(chains, step).svg
        assert word in svg
        assert f"{chains.coin[step - 1]:.3f}" in svg
        assert f"x′ = {chains.proposed[step - 1]:.2f}".replace("-", "−") in svg
        assert f"one chain of 1000, after {step} of 20 steps" in svg
    svg = chains_figure(chains, 20).svg
    ranks = chains.pair.ranks(chains.x[:, 20])
    off = [abs((ranks // 0.05 == k).sum() / 50 - 1) > 1.96 * (19 / 1000) ** 0.5 for k in range(20)]
    assert f">{sum(off)} of 20<" in svg
    assert 0 <= sum(off) <= 5  # of a law that is near p
    assert ">20 of 20<" not in svg
    assert "no step yet" in chains_figure(chains, 0).svg
    with pytest.raises(ValueError, match="from 0 to 20; got 21"):
        chains_figure(chains, 21)


def test_play_goes_to_the_end_and_begins_again(lab, monkeypatch) -> None:
    monkeypatch.setattr(module, "PAUSE", 0.0)
    monkeypatch.setattr(module, "FASTER", 1)
    lab.go()
    wait(lab)
    assert lab.moment.at == lab.timeline.value == DARTS
    assert f"{int(throw('two_bells', 1.3).accepted.sum())} of 2048 darts" in lab.picture.alt
    assert lab.play.description == "Play"
    monkeypatch.setattr(module, "PAUSE", 60.0)
    lab.go()
    assert (lab.play.description, lab.moment.at) == ("Pause", 0)
    lab.go()
    assert not lab.worker.running


def test_steps_keys_and_the_timeline(lab) -> None:
    lab.step()
    lab.step()
    assert (lab.moment.at, lab.moment.fallen) == (2, 1)
    lab._pressed("ArrowLeft")
    assert (lab.moment.at, lab.moment.fallen) == (1, 0)
    lab._pressed("Home")
    lab._pressed("ArrowLeft")
    assert lab.timeline.value == 0
    lab.timeline.value = 700
    assert "of 700 darts" in lab.picture.alt
    lab._pressed("End")
    assert lab.moment.at == DARTS
    lab._pressed("ArrowRight")
    assert lab.moment.at == DARTS


def test_the_envelope_moves_under_the_same_darts(lab) -> None:
    lab.seek(400)
    lab.log_bound.widget.value = 0.2
    assert lab.moment.at == 400
    assert "M is too small (log sup w = 1.22)" in lab.message.value
    theory = throw("two_bells", 0.2).total_variation
    assert f"{theory:.3f} from p" in lab.message.value
    assert theory > 0.05
    lab.log_bound.widget.value = 3.0
    assert "higher than it need be" in lab.message.value
    assert "It takes" not in lab.message.value
    assert "takes 20 darts" in lab.message.value  # e^3
    lab.least.click()
    assert lab.log_bound.value == safe_bound("two_bells") == 1.3
    lab.pair.value = "missing_mode"
    assert "M is too small (log sup w = 14.16)" in lab.message.value
    lab.least.click()
    lab.end()
    assert lab.moment.log_bound == 14.2
    assert lab.picture.alt.startswith("0 of 2048 darts accepted, M = 1,468,864.")
    assert "takes 1,468,864 darts" in lab.message.value


def test_chains(lab) -> None:
    lab.method.value = "metropolis_hastings"
    assert shown(lab) == {"M": False, "least": False, "K": True, "start": True}
    assert (lab.timeline.value, lab.timeline.max) == (0, 20)
    lab.step()
    first = walk("two_bells", 20)
    assert f"After 1 steps the law is {first.exact[1]:.3f} from p" in lab.message.value
    assert f"Acceptance {100 * first.acceptance[1]:.1f} %" in lab.picture.alt
    lab.proposals.value = 100
    assert (lab.timeline.value, lab.timeline.max) == (0, 100)
    lab.chain_start.value = "real"
    lab.pair.value = "missing_mode"
    lab.end()
    chains = walk("missing_mode", 100, "real")
    assert f"unmoved {100 * chains.unmoved[100]:.1f} % begin again" in lab.message.value
    assert f"total variation to the target {chains.measured[100]:.3f}" in lab.picture.alt.lower()
    assert chains.unmoved[100] > 0.1


def test_again_draws_other_numbers_and_reset_brings_all_back(lab) -> None:
    lab.end()
    before = lab.picture.svg
    lab.buttons[2].click()
    assert lab.moment.at == 0
    lab.end()
    assert lab.picture.svg != before
    lab.method.value = "metropolis_hastings"
    lab.log_bound.widget.value = 5.0
    lab.reset()
    assert lab.moment == lab.start
    assert (lab.method.value, lab.log_bound.value, lab.timeline.max) == ("rejection", 1.3, DARTS)
    lab.end()
    assert lab.picture.svg == darts_figure(throw("two_bells", 1.3), DARTS, DARTS).svg


def test_the_settings_as_python_make_the_same_lab(lab) -> None:
    lab.pair.value = "missing_mode"
    lab.method.value = "metropolis_hastings"
    lab.proposals.value = 50
    lab.chain_start.value = "real"
    made: dict = {}
    exec(lab.python.value.replace("\nsampler_lab(", "\nagain = sampler_lab("), made)
    assert made["again"].moment == lab.moment
    made["again"].close()


def test_dark_pages(lab) -> None:
    light = lab.picture.svg
    lab.picture.dark = True
    assert PALETTE.dark.background in lab.picture.svg
    lab.picture.dark = False
    assert lab.picture.svg == light


def test_making_it_again_stops_the_first(lab) -> None:
    lab.go()
    again = opened()
    assert not lab.worker.running
    assert lab.picture.comm is None
    again.close()


@pytest.mark.parametrize("method", module.METHODS)
def test_where_widgets_cannot_show_there_is_a_picture_of_all_draws(method, monkeypatch) -> None:
    monkeypatch.setenv("GAN_EDU_FALLBACK", "1")
    picture = sampler_lab("missing_mode", method=method, log_bound=1.0, proposals=30)
    assert isinstance(picture, Drawing)
    assert ("of 2048 darts" if method == "rejection" else "after 30 of 30 steps") in picture.alt


def test_the_least_bound_is_not_below_w() -> None:
    for name in ("two_bells", "missing_mode"):
        assert 0 <= safe_bound(name) - pair(name).log_bound <= 0.1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"pair": "bells"}, "pair must be one of two_bells, missing_mode; got 'bells'"),
        ({"method": "gibbs"}, "method must be one of rejection, metropolis_hastings; got 'gibbs'"),
        ({"start": "fake"}, "start must be one of proposal, real; got 'fake'"),
        ({"proposals": 0}, "proposals must be a whole number from 1 to 640; got 0"),
        ({"proposals": 2.5}, "from 1 to 640; got 2.5"),
        ({"log_bound": float("nan")}, "log_bound must be a number from -20 to 40; got nan"),
    ],
)
def test_wrong_arguments_are_refused(arguments, said) -> None:
    with pytest.raises(ValueError, match=said):
        sampler_lab(**arguments)
