"""Checks of exercises: right answers pass, wrong ones get a hint that does not give them away, nothing raises."""

from __future__ import annotations

import itertools
import json
import math

import numpy as np
import pytest
import torch

from gan_edu.data.drawn import drawn
from gan_edu.data.ring import ring
from gan_edu.lessons import mode_collapse, start, the_gan_game, the_orbit
from gan_edu.lessons.feedback import Feedback
from gan_edu.lessons.question import Question, questions, quiz_html

LESSONS = {
    "start": start,
    "the_gan_game": the_gan_game,
    "the_orbit": the_orbit,
    "mode_collapse": mode_collapse,
}
CHECKS = {
    f"{name}.{check}": getattr(module, check)
    for name, module in LESSONS.items()
    for check in vars(module)
    if check.startswith("check_")
}


def sample_ring(n, generator, modes=8, distinct=8, radius=2.0, std=0.05):
    angles = 2 * math.pi * torch.randint(modes, (n,), generator=generator) / distinct
    return radius * torch.stack([angles.cos(), angles.sin()], -1) + std * torch.randn(
        n, 2, generator=generator
    )


fresh = itertools.count()


def unseeded(n, generator):
    return sample_ring(n, torch.Generator().manual_seed(next(fresh)))


def squashed(n, generator):
    x = sample_ring(n, generator)
    return torch.where(torch.rand(n, 1, generator=generator) < 0.3, x.new_tensor([2.0, 0.0]), x)


def count_modes(samples, centres, std, share=0.2):
    distance, nearest = torch.cdist(samples, centres).min(-1)
    counts = torch.bincount(nearest[distance < 3 * std], minlength=len(centres))
    return int((counts >= max(1, share * len(samples) / len(centres))).sum())


def count_basins(samples, centres, std):
    return count_modes(samples, centres, 1e9)


def best_answer(p, q, r):
    return r * p / (r * p + (1 - r) * q)


def broken(*arguments):
    raise KeyError("oops")


# every wrong answer, with a word of its hint; None marks a right answer
ANSWERS = [
    ("start.check_parameter_count", (5378,), None),
    ("start.check_parameter_count", (np.int64(5378),), None),
    ("start.check_parameter_count", (5248,), "weights"),
    ("start.check_parameter_count", (4417,), "discriminator"),
    ("start.check_parameter_count", (7,), "table"),
    ("start.check_undecided_loss", (2 * math.log(2),), None),
    ("start.check_undecided_loss", (torch.tensor(1.386),), None),
    ("start.check_undecided_loss", (0.693,), "two terms"),
    ("start.check_undecided_loss", (0.5,), "what it answers"),
    ("start.check_undecided_loss", (-1.386,), "sign"),
    ("start.check_undecided_loss", (0.602,), "base"),
    ("start.check_undecided_loss", (2.0,), "base"),
    ("start.check_undecided_loss", (17,), "averages"),
    ("start.check_ring_sampler", (sample_ring,), None),
    ("start.check_ring_sampler", (lambda n, g: sample_ring(n, g, distinct=7),), "45° apart"),
    ("start.check_ring_sampler", (lambda n, g: sample_ring(n, g, modes=7),), "Only 7"),
    ("start.check_ring_sampler", (lambda n, g: sample_ring(n, g, radius=1),), "1.00"),
    ("start.check_ring_sampler", (lambda n, g: sample_ring(n, g, std=0.06),), "yours is 0.06"),
    ("start.check_ring_sampler", (lambda n, g: sample_ring(n, g, std=0.5),), "too widely"),
    ("start.check_ring_sampler", (lambda n, g: sample_ring(n, g, modes=360, distinct=360),), "angles"),
    ("start.check_ring_sampler", (squashed,), "heavier"),
    ("start.check_ring_sampler", (unseeded,), "same generator"),
    ("start.check_ring_sampler", (lambda n, g: sample_ring(n, g).T,), "shape"),
    ("start.check_ring_sampler", (lambda n, g: sample_ring(n, g) * math.nan,), "finite"),
    ("start.check_ring_sampler", (lambda n, g: None,), "empty"),
    ("start.check_ring_sampler", (sample_ring(3, torch.Generator()),), "function itself"),
    ("start.check_drawing", (drawn(points=[[(0, 0), (3, 0)], [(0, 1), (1, 1)]]),), None),
    ("start.check_drawing", (drawn(points=[[(0, 0), (1, 0)], [(0, 1), (1, 1)]]),), "50%"),
    ("start.check_drawing", (drawn(),), "Two strokes"),
    ("start.check_drawing", (ring(modes=2),), "Two strokes"),
    ("start.check_drawing", ([(0, 0)],), "drawn(points"),
    ("the_gan_game.check_best_answer", (best_answer,), None),
    ("the_gan_game.check_best_answer", (lambda p, q, r: best_answer(p, q, 0.5),), "r = 1/2"),
    ("the_gan_game.check_best_answer", (lambda p, q, r: 1 - best_answer(p, q, r),), "generated"),
    ("the_gan_game.check_best_answer", (lambda p, q, r: best_answer(p, q, 1 - r),), "belongs to p"),
    ("the_gan_game.check_best_answer", (lambda p, q, r: r * p / (p + q),), "Yours says r"),
    ("the_gan_game.check_best_answer", (lambda p, q, r: p - q,), "interval"),
    ("the_gan_game.check_best_answer", (lambda p, q, r: (p / q).log(),), "finite"),
    ("the_gan_game.check_best_answer", (lambda p, q, r: p,), "derivative"),
    ("the_gan_game.check_best_answer", (lambda p, q, r: 0.5,), "For 4 values"),
    ("the_gan_game.check_best_answer", (lambda p, q, r: "half",), "number for every x"),
    ("the_gan_game.check_best_answer", (lambda p, q: p,), "TypeError"),
    ("the_gan_game.check_value", (math.log(1 / 3) / 2 + math.log(2 / 3),), None),
    ("the_gan_game.check_value", (torch.tensor(-0.955),), None),
    ("the_gan_game.check_value", (0.955,), "sign"),
    ("the_gan_game.check_value", (0.2158,), "divergence alone"),
    ("the_gan_game.check_value", (0.4315,), "divergence alone"),
    ("the_gan_game.check_value", (-0.4147,), "base"),
    ("the_gan_game.check_value", (-math.log(4),), "where q = p"),
    ("the_gan_game.check_value", (-1.504,), "half of the real points"),
    ("the_gan_game.check_value", (-0.405,), "two terms"),
    ("the_gan_game.check_value", (7,), "two pieces"),
    ("the_gan_game.check_slopes", (-0.01, -0.99), None),
    ("the_gan_game.check_slopes", (0.01, 0.99), "rise or fall"),
    ("the_gan_game.check_slopes", (-0.99, -0.01), "saturates"),
    ("the_gan_game.check_slopes", (-1 / 0.99, -100), "against D"),
    ("the_gan_game.check_slopes", (0, 0), "Differentiate"),
    ("the_gan_game.check_fooled_losses", (0, 1e-3), "between 0 and 1"),
    ("mode_collapse.check_mode_counter", (count_modes,), None),
    ("mode_collapse.check_mode_counter", (lambda x, c, s: count_modes(x, c, s, share=0),), "stray"),
    ("mode_collapse.check_mode_counter", (count_basins,), "however far"),
    ("mode_collapse.check_mode_counter", (lambda x, c, s: len(x),), "more than there are"),
    ("mode_collapse.check_mode_counter", (lambda x, c, s: 8,), "three steps"),
    ("mode_collapse.check_mode_counter", (lambda x, c, s: "8",), "number"),
    ("mode_collapse.check_mode_counter", (lambda x: 8,), "TypeError"),
    ("mode_collapse.check_perfect_share", (1 - math.exp(-4.5),), None),
    ("mode_collapse.check_perfect_share", (0.9973,), "line"),
    ("mode_collapse.check_perfect_share", (1.0,), "tails"),
    ("mode_collapse.check_perfect_share", (0.0111,), "outside"),
    ("mode_collapse.check_perfect_share", (98.9,), "between 0 and 1"),
    ("mode_collapse.check_perfect_share", (0.5,), "Draw"),
    ("mode_collapse.check_endpoint_ring", (7, 1 / 4), None),
    ("mode_collapse.check_endpoint_ring", (8, 1 / 8), "different"),
    ("mode_collapse.check_endpoint_ring", (6, 1 / 4), "Round"),
    ("mode_collapse.check_endpoint_ring", (7, 1 / 7), "who gets two"),
    ("mode_collapse.check_endpoint_ring", (7, 0.9), "one time in eight"),
    ("mode_collapse.check_covering_rates", (1e-3, -1), "between 0 and 1"),
]


@pytest.mark.parametrize(("name", "answers", "word"), ANSWERS)
def test_answers(name, answers, word):
    feedback = CHECKS[name](*answers)
    assert isinstance(feedback, Feedback)
    assert bool(feedback) == (word is None), feedback
    assert word is None or word in feedback.text


@pytest.mark.parametrize(
    ("rates", "passed", "word"),
    [((3e-3, 3e-3), True, "no remedy"), ((1e-3, 1e-4), False, "diagonal"), ((1e-5, 1e-5), False, "seeds")],
)
def test_covering_rates_are_tried(rates, passed, word):
    feedback = CHECKS["mode_collapse.check_covering_rates"](*rates)
    assert feedback.passed == passed
    assert word in feedback.text


@pytest.mark.parametrize(
    ("rates", "passed", "word"),
    [
        ((1e-2, 1e-3), True, "success"),
        ((1e-3, 1e-4), True, "success"),
        ((1e-5, 1e-2), False, "D wins"),
        ((1e-6, 1e-6), False, "never comes back"),
        ((1e-3, 3e-3), False, "Too few"),
    ],
)
def test_fooling_rates_are_tried(rates, passed, word):
    feedback = CHECKS["the_gan_game.check_fooled_losses"](*rates)
    assert feedback.passed == passed
    assert word in feedback.text


@pytest.mark.parametrize("name", CHECKS)
@pytest.mark.parametrize(
    "answer", [None, ..., "a word", broken, object(), [], float("nan"), torch.ones(3), True]
)
def test_no_mistake_raises(name, answer):
    needed = (
        2 if name.endswith(("endpoint_ring", "covering_rates", "slopes", "fooled_losses", "brake")) else 1
    )
    for answers in ((answer,) * needed, (), (answer,) * 4):
        feedback = CHECKS[name](*answers)
        assert not feedback.passed
        assert feedback.text
        assert "<div" in feedback._repr_html_()


def test_feedback_is_escaped():
    assert "<script>" not in Feedback(False, "<script>")._repr_html_()


@pytest.mark.parametrize("lesson", LESSONS)
def test_quizzes(lesson):
    quiz = questions(lesson)
    assert 3 <= len(quiz) <= 5
    assert len({question.correct for question in quiz}) > 1  # not always the first
    for question in quiz:
        assert len(set(question.choices)) == len(question.choices)
        assert not any(
            "$" in text or "\\" in text for text in (question.text, *question.choices, *question.why)
        )
        assert all(len(why) > 20 for why in question.why)
    assert quiz_html(quiz).count("<b>✔</b>") == len(quiz)


def test_a_question_needs_its_parts():
    with pytest.raises(ValueError, match="a reason for each"):
        Question("?", ("a", "b"), 0, ("because",))
    with pytest.raises(ValueError, match="from 0 to 1"):
        Question("?", ("a", "b"), 2, ("because", "because"))
    with pytest.raises(ValueError, match="with a QUIZ"):
        questions("nothing")


# widgets


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_quiz_tells_and_keeps_answers(folder):
    from gan_edu.labs.quiz import quiz

    widget = quiz("mode_collapse")
    first = questions("mode_collapse")[0]
    widget.buttons[0].click()
    assert "Choose" in widget.told[0].value
    wrong = (first.correct + 1) % len(first.choices)
    widget.radios[0].index = wrong
    widget.buttons[0].click()
    assert first.why[wrong].split(",")[0] in widget.told[0].value
    assert "0 of 4" in widget.score.value
    widget.radios[0].index = first.correct
    assert widget.told[0].value == ""  # the old explanation does not stand beside a new choice
    widget.buttons[0].click()
    assert "1 of 4" in widget.score.value
    again = quiz("mode_collapse")
    assert again.radios[0].index == first.correct
    assert "Yes" in again.told[0].value
    assert again.radios[1].index is None
    assert (
        first.choices[first.correct]
        in json.loads((folder / ".gan_edu" / "keep.json").read_text())["quiz mode_collapse"].values()
    )
    with pytest.raises(ValueError, match="with a QUIZ"):
        quiz("nothing")


def test_a_quiz_is_text_where_widgets_cant_show(folder):
    from gan_edu.labs.quiz import predict, quiz

    bundle = quiz("start")._repr_mimebundle_()
    assert {"application/vnd.jupyter.widget-view+json", "text/html", "text/plain"} <= set(bundle)
    assert bundle["text/html"].count("<details>") == len(questions("start"))
    assert (
        "<li>tails</li>"
        in predict("coin", "Which side?", ["heads", "tails"])._repr_mimebundle_()["text/html"]
    )


def test_prediction_stands_beside_the_measured(folder):
    from gan_edu.labs.quiz import predict

    guess = predict("modes", "How many modes?", [1, 2, 8])
    assert guess.value is None
    assert "none yet" in guess.beside(2).data
    guess.radio.index = 2
    assert guess.value == 8
    assert "8" in guess.told.value
    table = predict("modes", "How many modes?", [1, 2, 8]).beside("2 <modes>").data  # kept over a new start
    assert ">8<" in table
    assert "2 &lt;modes&gt;" in table
    with pytest.raises(ValueError, match="at least two"):
        predict("modes", "?", [1])
