"""Run a pure function of tensors that hold one number each as a function of plain Python numbers.

An operator on a tensor of one element takes a microsecond, on a Python number thirty times less. The games that can
be drawn on a page are two numbers, and a lab plays thousands of steps of them while a slider moves. Like `tracing`,
this writes down the operators that a function calls, those of its backward passes included; here each becomes
arithmetic.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from gan_edu.tracing import TRACER, Function, detached


def in_scalars(function: Function, tensors: Sequence[Tensor]) -> Callable[..., tuple[float, ...]]:
    """The function, in plain numbers.

    Args:
        function: Pure: tensors in, a tuple of tensors out, the same operators whatever the numbers are. Every tensor
            inside holds one number.
        tensors: Examples of its arguments.

    Returns:
        A function of as many numbers, in double precision. Where a tensor would come to hold inf or nan it may raise
        an ArithmeticError or a ValueError, as Python's numbers do.

    Raises:
        NotImplementedError: If a tensor inside holds more than one number, or an operator is not known here.

    Example:
        >>> f = in_scalars(lambda x, y: ((x * y).exp(),), [torch.ones(1), torch.ones(1)])
        >>> f(2.0, 0.5)
        (2.718281828459045,)
    """
    from torch.fx.experimental.proxy_tensor import make_fx  # 1 s, and only playing needs it

    with TRACER, torch.no_grad():  # clones, as the tracer tells its inputs apart by identity
        old = make_fx(detached(function))(*[tensor.clone() for tensor in tensors]).graph
    old.eliminate_dead_code()
    new = torch.fx.Graph()
    made: dict[torch.fx.Node, Any] = {}
    for node in old.nodes:
        args, kwargs = torch.fx.map_arg((node.args, node.kwargs), made.__getitem__)
        if node.op == "output":
            new.output(tuple(getattr(result, "node", result) for result in args[0]))
        elif node.op != "placeholder" and node.target not in ARITHMETIC:
            raise NotImplementedError(f"{node.target} can't be done in plain numbers")
        elif node.meta["tensor_meta"].shape.numel() != 1:
            raise NotImplementedError(f"{node.name} holds several numbers")
        elif node.op == "placeholder":
            made[node] = torch.fx.Proxy(new.placeholder(node.name))
        else:
            made[node] = ARITHMETIC[node.target](*args, **kwargs)
    new.eliminate_dead_code()
    return torch.fx.GraphModule(torch.nn.Module(), new).forward


def _same(x: Any, *_: Any, **__: Any) -> Any:
    return x


def _cast(x: Any, dtype: torch.dtype = torch.float64, **_: Any) -> Any:
    if not dtype.is_floating_point:
        raise NotImplementedError(f"{dtype} can't be done in plain numbers")
    return x


def _add(a: Any, b: Any, alpha: float = 1) -> Any:
    return a + _times(alpha, b)


def _times(a: Any, b: Any) -> Any:
    """A product; 1 x is x."""
    if isinstance(a, int | float) and a == 1:
        return b
    if isinstance(b, int | float) and b == 1:
        return a
    return a * b


def _power(x: Any, exponent: float) -> Any:
    if exponent in (1, 2):
        return x if exponent == 1 else x * x
    return _call(math.pow, x, exponent)


def _call(function: Callable[..., float], *args: Any) -> Any:
    """A call of the function in the new program; of constants, its result."""
    graphs = [a.node.graph for a in args if isinstance(a, torch.fx.Proxy)]
    if not graphs:
        return function(*args)
    return torch.fx.Proxy(graphs[0].call_function(function, tuple(getattr(a, "node", a) for a in args)))


def _calling(function: Callable[..., float]) -> Callable[..., Any]:
    return lambda *args: _call(function, *args)


def _softplus(x: float, threshold: float) -> float:
    return x if x > threshold else max(x, 0.0) + math.log1p(math.exp(-abs(x)))


def _softplus_slope(x: float, threshold: float) -> float:
    return 1.0 if x > threshold else _sigmoid(x)


def _sigmoid(x: float) -> float:
    if x >= 0:
        return 1 / (1 + math.exp(-x))
    e = math.exp(x)
    return e / (1 + e)


def _sign(x: float) -> float:
    return float((x > 0) - (x < 0))


def _less(a: float, b: float) -> bool:
    return a < b


def _greater(a: float, b: float) -> bool:
    return a > b


def _choose(condition: bool, a: float, b: float) -> float:
    return a if condition else b


aten: Any = torch.ops.aten
ARITHMETIC: dict[Any, Callable[..., Any]] = {
    **dict.fromkeys(
        [
            aten.alias.default,
            aten.clone.default,
            aten.detach.default,
            aten.expand.default,
            aten.squeeze.dim,
            aten.sum.default,
            aten.sum.dim_IntList,
            aten.unsqueeze.default,
            aten.view.default,
        ],
        _same,
    ),
    **dict.fromkeys([aten.ones_like.default], lambda *_, **__: 1.0),
    **dict.fromkeys([aten.zeros_like.default, aten.zeros.default], lambda *_, **__: 0.0),
    aten.scalar_tensor.default: lambda value, **_: value,
    **dict.fromkeys([aten.full.default, aten.full_like.default], lambda _, value, **__: value),
    aten._to_copy.default: _cast,
    aten.add.Tensor: _add,
    aten.add.Scalar: _add,
    aten.sub.Tensor: lambda a, b, alpha=1: a - _times(alpha, b),
    aten.rsub.Scalar: lambda a, b, alpha=1: b - _times(alpha, a),
    aten.neg.default: lambda x: -x,
    aten.mul.Tensor: _times,
    aten.mul.Scalar: _times,
    aten.div.Tensor: lambda a, b: a / b,
    aten.reciprocal.default: lambda x: 1 / x,
    aten.lerp.Scalar: lambda a, b, weight: a + weight * (b - a),
    aten.addcmul.default: lambda x, a, b, value=1: x + _times(value, a * b),
    aten.addcmul_.default: lambda x, a, b, value=1: x + _times(value, a * b),
    aten.pow.Tensor_Scalar: _power,
    aten.pow.Scalar: _calling(math.pow),
    aten.sqrt.default: _calling(math.sqrt),
    aten.exp.default: _calling(math.exp),
    aten.abs.default: _calling(math.fabs),
    aten.sign.default: _calling(_sign),
    aten.sgn.default: _calling(_sign),
    aten.lt.Scalar: _calling(_less),
    aten.gt.Scalar: _calling(_greater),
    aten.where.self: _calling(_choose),
    aten.sigmoid.default: _calling(_sigmoid),
    aten.sigmoid_backward.default: lambda slope, y: slope * (1 - y) * y,
    aten.softplus.default: lambda x, beta=1, threshold=20: _times(
        1 / beta, _call(_softplus, _times(beta, x), threshold)
    ),
    aten.softplus_backward.default: lambda slope, x, beta, threshold: (
        slope * _call(_softplus_slope, _times(beta, x), threshold)
    ),
}
