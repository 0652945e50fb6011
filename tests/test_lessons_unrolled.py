"""Checks of the notebook about the unrolled GAN: right answers pass, wrong ones get the hint that fits them."""

from __future__ import annotations

import math

import pytest
import torch

from gan_edu.lessons import unrolled as lesson
from gan_edu.lessons.feedback import Feedback


def surrogate(x, y, k, eta):
    for _ in range(k):
        y = y + eta * x
    return x * y


def cut_off(x, y, k, eta):
    for _ in range(k):
        y = y + eta * x.detach()
    return x * y


def detached_later(x, y, k, eta):
    return (x * y).detach() + k * eta * x * x


RIGHT = {"A": {1}, "B": {1, 3}, "C": {2}, "D": set()}

# every wrong answer, with a word of its hint; None marks a right answer
ANSWERS = [
    ("check_surrogate", (surrogate,), None),
    ("check_surrogate", (lambda x, y, k, e: x * y + k * e * x**2,), None),
    ("check_surrogate", (lambda x, y, k, e: x * y,), "plain loss"),
    ("check_surrogate", (lambda x, y, k, e: x * (y - k * e * x),), "wrong way"),
    ("check_surrogate", (lambda x, y, k, e: x * (y + e * x),), "once only"),
    ("check_surrogate", (lambda x, y, k, e: y + k * e * x,), "x times the y"),
    ("check_surrogate", (lambda x, y, k, e: float(surrogate(x, y, k, e).detach()),), "no gradient flows"),
    ("check_surrogate", (cut_off,), "cut off"),
    ("check_surrogate", (detached_later,), "detached"),
    ("check_surrogate", (lambda x, y: x * y,), "TypeError"),
    ("check_surrogate", (1.0,), "function itself"),
    ("check_factor", (math.sqrt(0.95),), None),
    ("check_factor", (0.9747,), None),
    ("check_factor", (0.95,), "determinant"),
    ("check_factor", (math.sqrt(0.98),), "cut off"),
    ("check_factor", (math.sqrt(1.01),), "plain step"),
    ("check_factor", (1.2,), "leave"),
    ("check_factor", (0.5,), "matrix"),
    ("check_factor", ("small",), "number"),
    ("check_fakes", (RIGHT,), None),
    ("check_fakes", ({**RIGHT, "B": [3, 1]},), None),
    ("check_fakes", ({**RIGHT, "A": set()},), "don't name"),
    ("check_fakes", ({**RIGHT, "A": {1, 2}},), "Program A: it keeps demand 2"),
    ("check_fakes", ({**RIGHT, "B": {1}},), "What else has moved"),
    ("check_fakes", ({**RIGHT, "C": set()},), "who ends with it"),
    ("check_fakes", ({**RIGHT, "D": {1}},), "3 of 4 are right"),
    ("check_fakes", ({**RIGHT, "D": ...},), "still empty"),
    ("check_fakes", ({**RIGHT, "D": 4},), "set of the numbers"),
    ("check_fakes", ({"A": {1}},), "keys A, B, C, D"),
    ("check_cut_rate", (0.2,), "between 0 and 0.1"),
    ("check_cut_rate", ("0.05",), "number"),
]
TRAINED = [("check_cut_rate", (0.05,), None), ("check_cut_rate", (0.01,), "Make up for it")]


def told(name, answers, word):
    feedback = getattr(lesson, name)(*answers)
    assert isinstance(feedback, Feedback)
    assert bool(feedback) == (word is None), feedback
    assert word is None or word in feedback.text
    return feedback.text


@pytest.mark.parametrize(("name", "answers", "word"), ANSWERS)
def test_answers(name, answers, word):
    told(name, answers, word)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "answers", "word"), TRAINED)
def test_answers_that_train(name, answers, word):
    assert "of 8 seeds" in told(name, answers, word)


def test_numbers_that_are_told():
    """The factor that is praised is what a path of 400 steps has, 0.95 ** 200."""
    text = lesson.check_factor(0.9747).text
    found, expected = (float(word) for word in text.split() if word[0].isdigit() and "e" in word)
    assert expected == pytest.approx(0.95**200, rel=0.05)
    assert found / expected == pytest.approx(1, abs=0.3)


def test_hints_keep_the_answer():
    """No hint about the factor gives it away, and none about the programs says what is right."""
    for name, answers, word in ANSWERS:
        if word is not None and name in ("check_factor", "check_fakes"):
            text = getattr(lesson, name)(*answers).text
            assert "0.97" not in text
            assert "{1, 3}" not in text


@pytest.mark.filterwarnings("ignore:Using backward")  # what the first program is warned of, in vain
def test_the_programs_of_the_exercise():
    """What the exercise says of its four programs is so: each demand is tested, as the learner is told to."""
    from tests.notebooks.book import read
    from tests.notebooks.plain import names_of

    (cell,) = [cell for cell in read("04_unrolled").cells if cell.id == "exercise-3"]
    names = names_of("plain-data", "plain-network", "plain", notebook="04_unrolled")
    exec("import copy\n" + cell.source.split("```python")[1].split("```")[0], names)
    random = torch.Generator().manual_seed(0)
    x_real = names["ring"](32, random)
    generated = torch.randn(32, 2, generator=random)
    for name, demands in lesson.BROKEN.items():
        net = names["network"](2, 16, 1, random=torch.Generator().manual_seed(1))
        adam = torch.optim.Adam(net.parameters(), lr=0.02)
        names["loss_of_d"](net, x_real, generated).backward()
        adam.step()  # so that it remembers something
        reference = names["look_ahead"](net, x_real, wanted := generated.clone().requires_grad_(), 5, 0.02)
        (truth,) = torch.autograd.grad(torch.nn.functional.softplus(-reference(wanted)).mean(), wanted)
        weights = [parameter.detach().clone() for parameter in net.parameters()]
        moments = [slot["exp_avg"].clone() for slot in adam.state.values()]
        x_fake = generated.clone().requires_grad_()
        names[name](net, adam, torch.optim.SGD([x_fake], lr=0.1), x_real, x_fake)
        flows = torch.allclose(x_fake.grad, truth, rtol=1e-4, atol=1e-7)
        kept = all(torch.equal(a, b) for a, b in zip(weights, net.parameters(), strict=True))
        same = all(torch.equal(a, s["exp_avg"]) for a, s in zip(moments, adam.state.values(), strict=True))
        found = {number for number, fine in ((1, flows), (2, kept), (3, same)) if not fine}
        assert found == demands, name
