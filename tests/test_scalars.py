"""A function of tensors of one number, as plain Python arithmetic."""

import math

import pytest
import torch
from torch.nn.functional import softplus

from gan_edu.scalars import in_scalars

ONE = torch.ones(1, 1, dtype=torch.float64)
POINTS = [-800.0, -25.0, -3.0, -0.0, 0.0, 0.3, 1.0, 19.99, 20.01, 45.0, 800.0]


def slopes(function, order):
    """The function and its derivatives, by backward passes."""

    def run(x):
        x = x.clone().requires_grad_()
        values = [function(x)]
        for _ in range(order):
            values.append(
                torch.autograd.grad(values[-1].sum(), x, create_graph=True, materialize_grads=True)[0]
            )
        return values

    return run


@pytest.mark.parametrize("order", [0, 1, 2])
@pytest.mark.parametrize(
    "function",
    [
        lambda x: softplus(x),
        lambda x: softplus(-2 * x) * x,
        lambda x: torch.sigmoid(x) * x,
        lambda x: (x**2 + 1).sqrt(),
        lambda x: x.abs() * x.sign(),
        lambda x: 3 - x / (x * x + 2),
        lambda x: torch.where(x > 0.5, x**3, -x),
        lambda x: torch.where(x < 0.5, torch.full_like(x, 2.0) * x**3, torch.zeros_like(x)),
        lambda x: torch.addcmul(x, x, x, value=0.5) + torch.lerp(x, x * x, 0.3),
        lambda x: 0.9 ** x.abs() + x.unsqueeze(0).sum(0) + x.expand(1, 1),
        lambda x: torch.exp(-x.abs()) * torch.ones_like(x).exp(),
        lambda x: x.pow(1) + 1 / (x.square() + 1),
    ],
)
def test_numbers_equal_tensors(function, order):
    run = slopes(function, order)
    plain = in_scalars(run, [ONE])
    for point in POINTS:
        expected = [float(value.detach()) for value in run(ONE * point)]
        assert plain(point) == pytest.approx(expected, rel=1e-14, abs=1e-300, nan_ok=True), point


def test_several_arguments_and_constant_results():
    plain = in_scalars(lambda x, y: (x - 2 * y, torch.zeros_like(x), y), [ONE, ONE])
    assert plain(5.0, 1.5) == (2.0, 0.0, 1.5)


def test_arguments_that_are_one_tensor_are_told_apart():
    assert in_scalars(lambda x, y: (x - y,), [ONE, ONE])(5.0, 2.0) == (3.0,)


def test_the_examples_do_not_stick():
    plain = in_scalars(lambda x: (x * x,), [ONE * 7])
    assert [plain(x)[0] for x in (2.0, -3.0)] == [4.0, 9.0]


@pytest.mark.parametrize(
    ("function", "example", "words"),
    [
        (lambda x: (x.cumsum(0),), ONE, "cumsum"),
        (lambda x: (x.sum(),), torch.ones(2), "several numbers"),
        (lambda x: (x.expand(3, 1).sum(),), ONE, "several numbers"),
        (lambda x: (x.long().double(),), ONE, "int64"),
        (lambda x: (x * torch.tensor([2.0]),), ONE, "constant"),
        (lambda x: x.unbind(0), ONE, "unbind"),
    ],
)
def test_what_is_not_known_is_refused(function, example, words):
    with pytest.raises(NotImplementedError, match=words):
        in_scalars(function, [example])


def test_overflow_is_pythons():
    with pytest.raises(OverflowError):
        in_scalars(lambda x: (x.exp(),), [ONE])(1000.0)
    assert in_scalars(lambda x: (x * x,), [ONE])(1e200) == (math.inf,)
    assert math.isnan(in_scalars(lambda x: (x - x,), [ONE])(math.inf)[0])
