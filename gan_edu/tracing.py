"""Run a pure function of tensors as one flat list of operators.

A toy GAN's step is a hundred operators of a few microseconds each, and Python and autograd cost more than the
arithmetic. `flatten` writes down the operators that a function calls, those of its backward passes included (also
of backward passes through backward passes), and replays the list without either: 2.4 times faster for one small
network (`benchmarks/tricks.py`), the same numbers bit for bit. It is an accelerator only: where it can't be had, the
function itself runs.
"""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor

TRACER = threading.RLock()
"""Held while a function is traced: the tracer patches torch as long as it is at work, for all threads."""

Function = Callable[..., Sequence[Tensor]]


def flatten(function: Function) -> Function:
    """The same function, traced once for every set of shapes that it meets, and every dtype and device.

    Args:
        function: Pure: tensors in, a tuple of tensors out, the same operators whatever the numbers are. Nothing
            random inside. All tensors share a dtype and a device.

    Returns:
        A function of the same tensors. Its results carry no gradient.

    Example:
        >>> def slope(x):
        ...     x = x.detach().requires_grad_()
        ...     return torch.autograd.grad((x**3).sum(), x)
        >>> flatten(slope)(torch.tensor([1.0, 2.0]))[0]
        tensor([ 3., 12.])
    """
    traced: dict[tuple[object, ...], Function] = {}

    def run(*tensors: Tensor) -> Sequence[Tensor]:
        if tensors[0].is_cuda:  # whole steps are captured as CUDA graphs there
            return tuple(t.detach() for t in function(*tensors))
        key = (tensors[0].dtype, tensors[0].device, *[t.shape for t in tensors])
        if key not in traced:
            traced[key] = _trace(function, tensors)
        with torch.no_grad():
            return traced[key](*tensors)

    return run


def detached(function: Function) -> Function:
    """The same function, with results that carry no gradient."""

    def run(*tensors: Tensor) -> Sequence[Tensor]:
        with torch.enable_grad():
            return tuple(t.detach() for t in function(*tensors))

    return run


def _trace(function: Function, tensors: tuple[Tensor, ...]) -> Function:
    from torch.fx.experimental.proxy_tensor import make_fx  # 1 s, and only training needs it

    with TRACER, warnings.catch_warnings():
        warnings.simplefilter(
            "ignore"
        )  # TorchScript says that it is old; nothing newer runs without a compiler
        try:
            tensors = tuple(t.clone() for t in tensors)  # the tracer tells them apart by identity
            with _without_notes():
                graph = make_fx(detached(function))(*tensors)
            graph.graph.eliminate_dead_code()
            _reuse_memory(graph.graph)
            graph.recompile()
            with torch.no_grad():
                return _recorded(graph, tensors)
        except (RuntimeError, NotImplementedError, AttributeError, TypeError):
            return detached(function)


@contextmanager
def _without_notes() -> Iterator[None]:
    """The tracer describes every result, for compilers: half of its time or more, and nobody reads it here."""
    from torch.fx.experimental import proxy_tensor

    kept = getattr(proxy_tensor, "set_meta", None)
    if kept is None:  # a torch that does without
        yield
        return
    proxy_tensor.set_meta = lambda proxy, value: proxy
    try:
        yield
    finally:
        proxy_tensor.set_meta = kept


def _recorded(graph: torch.fx.GraphModule, tensors: tuple[Tensor, ...]) -> Function:
    """What `torch.jit.trace` gives, in a unit of its own.

    `torch.jit.trace` keeps all that was ever traced until the process ends, a megabyte and more for every game that a
    learner tries.
    """
    no_names: list[str] = []
    recorded = torch._C._create_graph_by_tracing(  # pyright: ignore[reportAttributeAccessIssue]
        lambda *args: graph(*args), tensors, lambda value: "", True, False, None, no_names
    )[0]
    return torch._C._create_function_from_graph("flat", recorded)  # pyright: ignore[reportAttributeAccessIssue]


def _reuse_memory(graph: torch.fx.Graph) -> None:
    """Let an activation's backward overwrite the gradient that it alone reads: memory traffic is what costs here."""
    aten = torch.ops.aten
    in_place = {
        aten.threshold_backward.default: aten.threshold_backward.grad_input,
        aten.tanh_backward.default: aten.tanh_backward.grad_input,
    }
    fresh = {aten.bmm.default, aten.mul.Tensor}  # what they give is no view of anything
    for node in graph.nodes:
        incoming = node.args[0] if node.target in in_place else None
        if incoming is not None and incoming.target in fresh and len(incoming.users) == 1:
            node.target = in_place[node.target]
            node.kwargs = {**node.kwargs, "grad_input": incoming}
