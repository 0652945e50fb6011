"""Optimizers against torch.optim, step for step."""

import inspect

import pytest
import torch

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


@pytest.mark.parametrize("name", list(PAIRS))
def test_updates_are_pure(name):
    ours, _ = PAIRS[name]
    theta = torch.ones(2, 3)
    _, slots = ours.update(theta, torch.ones(2, 3), ours.init(theta), 0.1)
    before = {k: v.clone() for k, v in slots.items()}
    ours.update(theta, 2 * torch.ones(2, 3), slots, 0.1)
    assert torch.equal(theta, torch.ones(2, 3))
    assert all(torch.equal(before[k], v) for k, v in slots.items())


def test_docstrings_give_formula_reference_and_example():
    for entry in catalogue.entries("optimizers").values():
        text = inspect.getdoc(entry.function) or ""
        assert "<-" in text and "Reference:" in text and ">>>" in text, entry.name


def test_bad_values():
    with pytest.raises(ValueError, match=r"adam: beta1 must be a number from 0 to 0.9999; got 1"):
        adam(beta1=1)
