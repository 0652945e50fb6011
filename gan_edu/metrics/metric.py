"""What a chart needs to know about a metric, stated beside its formula."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

import torch
from torch import Tensor

from gan_edu.data.target import Target

F = TypeVar("F", bound=Callable[..., Tensor])


@dataclass(frozen=True)
class Metric:
    """A metric with one value per run, called in one way whatever it compares the samples with.

    Args:
        name: Of the function.
        function: The plain function that computes it.
        label: What people read beside the chart.
        better: Whether high or low values are good.
        low: Smallest value that it can take, None without a bound.
        high: Largest value, None without a bound, "modes" for the target's number of modes.
        against: Whether the function compares samples with the target or with samples of the target.
        dims: Dimensions of data that it can be computed for; empty for all.
        most: It costs too much on more samples than this: the first so many are used.
    """

    name: str
    function: Callable[..., Tensor]
    label: str
    better: Literal["high", "low"]
    low: float | None = 0.0
    high: float | Literal["modes"] | None = None
    against: Literal["target", "samples"] = "target"
    dims: tuple[int, ...] = ()
    most: int | None = None

    def __call__(self, samples: Tensor, target: Target, generator: torch.Generator | None = None) -> Tensor:
        """The metric's value: (..., n, d) -> (...).

        Args:
            samples: Leading axes are independent runs.
            target: What they should look like.
            generator: For metrics that draw reference samples from the target, as many as there are samples
                and the same ones for all runs. Left out, the same ones are drawn every time, so that a line
                on a chart moves only when the samples do.

        Raises:
            ValueError: If the samples don't fit the target, or the metric doesn't.
        """
        if not self.fits(target):
            raise ValueError(
                f"{self.name} needs data of dimension {self.dims}; {target.name} has {target.dim}"
            )
        check_samples(samples, target.dim)
        samples = samples[..., : self.most, :]
        if self.against == "target":
            return self.function(samples, target)
        if generator is None:
            generator = torch.Generator(target.components.device).manual_seed(0)
        reference = target.sample(samples.shape[-2], generator).to(samples)
        return self.function(samples, reference)

    def fits(self, target: Target) -> bool:
        """Whether it can be computed for this target."""
        return not self.dims or target.dim in self.dims

    def limits(self, target: Target) -> tuple[float | None, float | None]:
        """(low, high) of a chart's axis; None where there is no bound."""
        return self.low, float(target.n_modes) if self.high == "modes" else self.high


METRICS: dict[str, Metric] = {}


def metric(**facts: Any) -> Callable[[F], F]:
    """Put a function into `METRICS`; `facts` are those of `Metric`. The function itself stays as it is."""

    def mark(function: F) -> F:
        METRICS[function.__name__] = Metric(name=function.__name__, function=function, **facts)
        return function

    return mark


def check_samples(samples: Tensor, dim: int) -> None:
    """Raise a ValueError unless samples are (..., n, dim) floating-point numbers with n >= 1."""
    if not isinstance(samples, Tensor) or not samples.is_floating_point():
        raise ValueError(
            f"samples must be a floating-point tensor; got {getattr(samples, 'dtype', type(samples))}"
        )
    if samples.ndim < 2 or samples.shape[-1] != dim or samples.shape[-2] == 0:
        raise ValueError(
            f"samples must have shape (..., n, {dim}) with n at least 1; got {tuple(samples.shape)}"
        )
