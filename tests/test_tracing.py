"""A traced function gives the same numbers as the function, first and second derivatives included."""

import gc
import os
from pathlib import Path

import pytest
import torch

from gan_edu import tracing
from gan_edu.networks.mlp import mlp


def slope_of_slope(theta: torch.Tensor, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """A gradient penalty: the gradient of the squared length of a gradient."""
    net = mlp((2, 5, 1), "tanh")
    theta, x = theta.detach().requires_grad_(), x.detach().requires_grad_()
    (inner,) = torch.autograd.grad(net(theta, x).sum(), x, create_graph=True)
    value = inner.square().sum((-2, -1))
    return value, torch.autograd.grad(value.sum(), theta)[0]


def inputs(runs: int) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(runs)
    return mlp((2, 5, 1)).init((runs,), generator), torch.randn(runs, 7, 2, generator=generator)


def test_flatten_gives_the_same_numbers_bit_for_bit():
    flat = tracing.flatten(slope_of_slope)
    for runs in (1, 3, 1, 3, 1):  # repeated: TorchScript optimises after the first calls
        expected = slope_of_slope(*inputs(runs))
        for ours, theirs in zip(flat(*inputs(runs)), expected, strict=True):
            assert torch.equal(ours, theirs)
            assert not ours.requires_grad


def test_every_shape_is_traced_once(monkeypatch):
    calls = []
    original = tracing._trace
    monkeypatch.setattr(tracing, "_trace", lambda f, t: calls.append(t[1].shape) or original(f, t))
    flat = tracing.flatten(slope_of_slope)
    for runs in (1, 2, 1, 2, 2):
        flat(*inputs(runs))
    assert len(calls) == 2


def test_what_cannot_be_traced_still_runs():
    def stubborn(x: torch.Tensor) -> tuple[torch.Tensor]:
        return (x * float(x.sum()),)  # a number read off a tensor is beyond the tracer

    flat = tracing.flatten(stubborn)
    x = torch.tensor([1.0, 2.0])
    torch.testing.assert_close(flat(x)[0], torch.tensor([3.0, 6.0]))
    torch.testing.assert_close(flat(x + 1)[0], torch.tensor([10.0, 15.0]))


def resident() -> float:
    """Memory of this process in MB."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="reads Linux's own account of memory")
def test_what_was_traced_is_given_back():
    """A lab traces again for every game that a learner tries."""

    def trace_and_forget(times: int) -> float:
        for _ in range(times):
            flat = tracing.flatten(slope_of_slope)
            for _ in range(3):  # TorchScript optimises after the first calls
                flat(*inputs(2))
        gc.collect()
        return resident()

    before = trace_and_forget(10)
    after = trace_and_forget(40)
    assert after - before < 10  # torch.jit.trace keeps about 1 MB of each
    assert isinstance(tracing._trace(slope_of_slope, inputs(2)), torch.jit.ScriptFunction)
