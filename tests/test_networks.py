"""Networks against torch.nn, and gradients against finite differences."""

import itertools
import math

import pytest
import torch
from torch import nn

from gan_edu.networks.activations import ACTIVATIONS
from gan_edu.networks.mlp import mlp

MODULES = {
    "relu": nn.ReLU(),
    "leaky_relu": nn.LeakyReLU(0.2),
    "tanh": nn.Tanh(),
    "elu": nn.ELU(),
    "sigmoid": nn.Sigmoid(),
}


def rng(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def module_with(theta: torch.Tensor, sizes: tuple[int, ...], activation: str) -> nn.Sequential:
    """An nn.Sequential with the parameters of one flat theta, filled by index arithmetic of its own."""
    layers: list[nn.Module] = []
    at = 0
    for k, (fan_in, fan_out) in enumerate(itertools.pairwise(sizes)):
        layer = nn.Linear(fan_in, fan_out, dtype=theta.dtype)
        with torch.no_grad():
            for i in range(fan_in):
                layer.weight[:, i] = theta[at : at + fan_out]
                at += fan_out
            layer.bias[:] = theta[at : at + fan_out]
            at += fan_out
        layers += [layer] + ([MODULES[activation]] if k < len(sizes) - 2 else [])
    assert at == theta.numel()
    return nn.Sequential(*layers)


def test_every_activation_has_a_module_to_be_compared_with():
    assert set(MODULES) == set(ACTIVATIONS)


@pytest.mark.parametrize("activation", list(ACTIVATIONS))
def test_a_population_equals_modules_one_by_one(activation):
    sizes = (3, 7, 5, 2)
    net = mlp(sizes, activation)
    theta = net.init((4,), rng()).double()
    x = torch.randn(4, 6, 3, generator=rng(1), dtype=torch.float64)
    out = net(theta, x)
    for run in range(4):
        torch.testing.assert_close(out[run], module_with(theta[run], sizes, activation)(x[run]))


def test_leading_axes_broadcast():
    net = mlp((2, 4, 3))
    theta = net.init((2, 5), rng())
    x = torch.randn(6, 2, generator=rng(1))
    out = net(theta, x)
    assert out.shape == (2, 5, 6, 3)
    torch.testing.assert_close(out[1, 3], net(theta[1, 3], x))
    assert net(theta[0, 0], x).shape == (6, 3)


def test_features_are_the_last_hidden_layer():
    sizes = (2, 4, 3, 1)
    net = mlp(sizes, "tanh")
    theta = net.init((1,), rng())
    x = torch.randn(1, 6, 2, generator=rng(1))
    module = module_with(theta[0], sizes, "tanh")
    torch.testing.assert_close(net.features(theta, x)[0], module[:-1](x[0]))
    assert net.features(theta, x).shape == (1, 6, 3)


@pytest.mark.parametrize("activation", ["tanh", "elu", "sigmoid"])  # smooth ones: finite differences apply
def test_first_and_second_derivatives_match_finite_differences(activation):
    net = mlp((2, 3, 1), activation)
    theta = net.init((2,), rng()).double().requires_grad_()
    x = torch.randn(2, 4, 2, generator=rng(1), dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(net.forward, (theta, x))
    assert torch.autograd.gradgradcheck(net.forward, (theta, x))


def test_inputs_stay_unchanged():
    net = mlp((2, 4, 1), "relu", output="sigmoid")
    theta, x = net.init((1,), rng()), torch.randn(1, 3, 2, generator=rng(1))
    before = theta.clone(), x.clone()
    out = net(theta, x)
    assert torch.equal(theta, before[0]) and torch.equal(x, before[1])
    assert bool(((out > 0) & (out < 1)).all())


def weight(init: str, fan_in: int, fan_out: int, activation: str = "relu", **more) -> torch.Tensor:
    net = mlp((fan_in, fan_out), activation, init=init, **more)
    return net.init((40,), rng())[:, : fan_in * fan_out].reshape(40, fan_in, fan_out)


@pytest.mark.parametrize(
    ("init", "expected"),
    [
        ("uniform", 1 / math.sqrt(3 * 64)),
        ("kaiming", math.sqrt(2 / 64)),
        ("xavier", math.sqrt(2 / (64 + 48))),
        ("orthogonal", 1 / 8),  # columns of length 1 in 64 dimensions
    ],
)
def test_initial_weights_have_the_stated_deviation(init, expected):
    # 40 * 64 * 48 = 122,880 numbers: the standard error of a standard deviation is 0.2 %, so 1 % is 5 of them
    w = weight(init, 64, 48)
    assert w.std().item() == pytest.approx(expected, rel=0.01)
    assert abs(w.mean().item()) < 5 * expected / math.sqrt(w.numel())


def test_uniform_is_the_default_of_torch_linear():
    torch.manual_seed(0)
    layer = nn.Linear(64, 4096)
    net = mlp((64, 4096))
    theta = net.init((1,), rng())[0]
    for ours, theirs in ((theta[: 64 * 4096], layer.weight), (theta[64 * 4096 :], layer.bias)):
        assert ours.abs().max().item() == pytest.approx(1 / 8, rel=0.01)
        assert theirs.abs().max().item() == pytest.approx(1 / 8, rel=0.01)
        assert ours.std().item() == pytest.approx(theirs.std().item(), rel=0.03)


@pytest.mark.parametrize("shape", [(8, 5), (5, 8)])
def test_orthogonal_weights_are_orthogonal(shape):
    w = weight("orthogonal", *shape)
    gram = w.mT @ w if shape[0] >= shape[1] else w @ w.mT
    torch.testing.assert_close(gram, torch.eye(5).expand(40, 5, 5), atol=1e-5, rtol=0)
    signs = (w[:, 0, 0] > 0).float().mean()
    assert 0.2 < signs < 0.8  # without the sign correction of QR the diagonal has one sign


def test_gain_scales_the_weights():
    torch.testing.assert_close(weight("orthogonal", 8, 5, init_gain=0.8), 0.8 * weight("orthogonal", 8, 5))


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: mlp((2,)), ["sizes", "at least two", "(2,)"]),
        (lambda: mlp((2, 0, 1)), ["sizes", "from 1 up"]),
        (lambda: mlp((2, 1), "swish"), ["activation", "relu", "'swish'"]),
        (lambda: mlp((2, 1), init="ones"), ["init", "orthogonal", "'ones'"]),
        (lambda: mlp((2, 1))(torch.zeros(4), torch.zeros(5, 2)), ["theta", "3", "(4,)"]),
        (lambda: mlp((2, 1))(torch.zeros(3), torch.zeros(5, 3)), ["x", "(5, 3)"]),
    ],
)
def test_bad_input_gets_one_clear_error(make, words):
    with pytest.raises(ValueError) as caught:
        make()
    assert all(word in str(caught.value) for word in words), caught.value
