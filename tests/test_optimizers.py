"""Optimizers against torch.optim, step for step."""

import inspect

import pytest
import torch
from torch.fx.experimental.proxy_tensor import make_fx

from gan_edu import catalogue
from gan_edu.optimizers.adam import adam
from gan_edu.optimizers.momentum import momentum
from gan_edu.optimizers.rmsprop import rmsprop
from gan_edu.optimizers.sgd import sgd

PAIRS = {
    "sgd": (sgd(), lambda p: torch.optim.SGD(p, lr=0.03)),
    "momentum": (momentum(0.8), lambda p: torch.optim.SGD(p, lr=0.03, momentum=0.8)),
    "rmsprop": (rmsprop(0.9), lambda p: torch.optim.RMSprop(p, lr=0.03, alpha=0.9)),
    "adam": (adam(0.5, 0.99), lambda p: torch.optim.Adam(p, lr=0.03, betas=(0.5, 0.99))),
}


def test_every_optimizer_of_the_catalogue_is_compared():
    assert set(PAIRS) == set(catalogue.entries("optimizers"))


def hills(theta: torch.Tensor, step: int) -> torch.Tensor:
    """A gradient that changes sign and size from step to step."""
    return torch.sin(3 * theta + step) * (1 + step % 3)


@pytest.mark.parametrize("name", list(PAIRS))
def test_twenty_steps_equal_torch_optim(name):
    ours, theirs = PAIRS[name]
    theta = torch.linspace(-2, 2, 12, dtype=torch.float64).reshape(3, 4)
    parameter = torch.nn.Parameter(theta.clone())
    reference, slots = theirs([parameter]), ours.init(theta)
    for step in range(20):
        parameter.grad = hills(parameter.detach(), step)
        reference.step()
        theta, slots = ours.update(theta, hills(theta, step), slots, 0.03)
        torch.testing.assert_close(theta, parameter.detach(), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", list(PAIRS))
def test_a_rate_for_each_run_equals_runs_one_by_one(name):
    ours, _ = PAIRS[name]
    start = torch.linspace(-2, 2, 12).reshape(3, 4)
    rates = torch.tensor([[0.1], [0.01], [0.0]])
    theta, slots = start, ours.init(start)
    alone = [(start[r : r + 1], ours.init(start[r : r + 1])) for r in range(3)]
    for step in range(5):
        theta, slots = ours.update(theta, hills(theta, step), slots, rates)
        alone = [ours.update(t, hills(t, step), s, float(rates[r])) for r, (t, s) in enumerate(alone)]
    torch.testing.assert_close(theta, torch.cat([t for t, _ in alone]))
    assert torch.equal(theta[2], start[2])
    assert not torch.equal(theta[0], start[0])


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("name", list(PAIRS))
def test_updates_are_pure(name, dtype):
    ours, _ = PAIRS[name]
    theta, gradient = torch.ones(2, 3, dtype=dtype), 2 * torch.ones(2, 3, dtype=dtype)
    _, slots = ours.update(theta, gradient, ours.init(theta), 0.1)
    before = {k: v.clone() for k, v in slots.items()}
    moved, _ = ours.update(theta, gradient, slots, 0.1)
    assert not torch.equal(moved, theta)
    assert torch.equal(theta, torch.ones(2, 3, dtype=dtype))
    assert torch.equal(gradient, 2 * torch.ones(2, 3, dtype=dtype))
    assert all(torch.equal(before[k], v) for k, v in slots.items())


# adam's two ways: PyTorch's fused operator for float32 and one rate, the formula for all else

ADAM = adam(0.5, 0.99)
ALL_RATES = torch.full((3, 1), 0.03)  # a rate for each run takes the formula


@pytest.fixture
def fused_calls(monkeypatch):
    """A list that grows by one with every call of the fused operator."""
    calls, operator = [], torch._fused_adam_  # pyright: ignore[reportPrivateImportUsage]

    def counted(*args, **constants):
        calls.append(1)
        return operator(*args, **constants)

    monkeypatch.setattr(torch, "_fused_adam_", counted)
    return calls


def walk(rate, steps=20, dtype=torch.float32, gradients=()):
    """Twenty steps of Adam, along gradients that are given or those of the hills; where it ends and they."""
    theta = torch.linspace(-2, 2, 12, dtype=dtype).reshape(3, 4)
    slots, used = ADAM.init(theta), []
    for step in range(steps):
        used.append(gradients[step].to(dtype) if gradients else hills(theta, step))
        theta, slots = ADAM.update(theta, used[-1], slots, rate)
    return theta, slots, used


def test_fused_adam_equals_torchs_fused_adam_bit_for_bit(fused_calls):
    theta, slots, gradients = walk(0.03)
    assert len(fused_calls) == 20
    parameter = torch.nn.Parameter(torch.linspace(-2, 2, 12).reshape(3, 4))
    reference = torch.optim.Adam([parameter], lr=0.03, betas=(0.5, 0.99), fused=True)
    for gradient in gradients:
        parameter.grad = gradient
        reference.step()
    assert torch.equal(theta, parameter)
    assert torch.equal(slots["square"], reference.state[parameter]["exp_avg_sq"])


def test_fused_adam_and_the_formula_differ_by_rounding_only(fused_calls):
    """Twenty steps of length 0.03 with the same gradients end within 4 units in the last place of a float32."""
    fused, slots, gradients = walk(0.03)
    assert fused_calls
    fused_calls.clear()
    formula, same_slots, _ = walk(ALL_RATES, gradients=gradients)
    exact, _, _ = walk(0.03, dtype=torch.float64, gradients=gradients)
    assert not fused_calls
    for theta in (fused, formula):
        assert 0 < (theta - exact).abs().max() < 4 * 2**-23 * 2  # theta is below 2 in size
    torch.testing.assert_close(same_slots["mean"], slots["mean"], rtol=1e-6, atol=1e-7)
    torch.testing.assert_close(same_slots["square"], slots["square"], rtol=1e-6, atol=1e-7)
    assert slots["updates"] == same_slots["updates"] == 20


@pytest.mark.parametrize("rate", [0.03, ALL_RATES], ids=["fused", "formula"])
def test_adam_takes_vectors_that_lie_in_memory_in_any_order(rate):
    theta, gradient = torch.linspace(-2, 2, 12).reshape(3, 4), torch.linspace(-1, 3, 12).reshape(3, 4)
    expected, _ = ADAM.update(theta, gradient, ADAM.init(theta), rate)
    turned = [t.T.contiguous().T for t in (theta, gradient)]
    for a, b in ((turned[0], gradient), (theta, turned[1]), (turned[0], turned[1])):
        assert torch.equal(ADAM.update(a, b, ADAM.init(a), rate)[0], expected)
    column = gradient[:, :1]
    spread, _ = ADAM.update(theta, column.expand(3, 4), ADAM.init(theta), rate)
    assert torch.equal(spread, ADAM.update(theta, column.repeat(1, 4), ADAM.init(theta), rate)[0])


@pytest.mark.parametrize("rate", [0.03, ALL_RATES], ids=["one rate", "a rate for each run"])
def test_adam_can_be_differentiated(rate):
    """The fused operator has no derivative and would not say so; float32 must agree with float64."""
    theta, slots, _ = walk(rate, steps=3)

    def after(x, memory):
        return ADAM.update(x, torch.sin(3 * x), memory, rate)[0]

    exact_slots = {k: v.double() for k, v in slots.items()}
    ones = torch.ones_like(theta)
    _, exact = torch.func.jvp(lambda x: after(x, exact_slots), (theta.double(),), (ones.double(),))
    assert (exact - 1).abs().max() > 0.02  # 1 would be the slope of a step that does not look at its gradient
    _, forward = torch.func.jvp(lambda x: after(x, slots), (theta,), (ones,))
    leaf = theta.clone().requires_grad_()
    (backward,) = torch.autograd.grad(after(leaf, slots).sum(), leaf)
    for slope in (forward, backward):
        torch.testing.assert_close(slope, exact.float(), rtol=1e-5, atol=1e-6)


def test_the_formula_can_be_traced():
    """What is written down at the first step holds at the twentieth: the count of steps is a tensor."""

    def update(theta, gradient, mean, square, updates):
        slots = {"mean": mean, "square": square, "updates": updates}
        theta, slots = ADAM.update(theta, gradient, slots, 0.03)
        return theta, slots["mean"], slots["square"], slots["updates"]

    theta, slots, gradients = walk(0.03, dtype=torch.float64)
    start = torch.linspace(-2, 2, 12, dtype=torch.float64).reshape(3, 4)
    state = (start, *ADAM.init(start).values())
    traced = make_fx(update)(state[0], gradients[0], *state[1:])
    for gradient in gradients:
        state = traced(state[0], gradient, *state[1:])
    assert torch.equal(state[0], theta)
    assert torch.equal(state[2], slots["square"])


def test_docstrings_give_formula_reference_and_example():
    for entry in catalogue.entries("optimizers").values():
        text = inspect.getdoc(entry.function) or ""
        assert "<-" in text and "Reference:" in text and ">>>" in text, entry.name


def test_bad_values():
    with pytest.raises(ValueError, match=r"adam: beta1 must be a number from 0 to 0.9999; got 1"):
        adam(beta1=1)
