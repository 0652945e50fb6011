"""A target: what the generator should learn to draw. Every target here is a Gaussian mixture with known parts.

p(x) = sum_c weights[c] N(x; components[c], stds[c]^2 I)

so that sampling, the density, the modes and every metric are exact. A ring has 8 components; a drawing has one
per painted point, and the digits one per real image.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

CHUNK = 2**22  # numbers held at once when many points meet many components


@dataclass(frozen=True)
class Target:
    """A distribution with a sampler, an exact density and modes.

    Args:
        name: As in menus.
        components: (C, d) centres of the Gaussians.
        stds: (C,) their standard deviations.
        weights: (C,) their probabilities; they sum to 1.
        modes: (C,) whole numbers 0..M-1: the mode that a component belongs to.
        quality_radius: A sample is of high quality within so many standard deviations of a component.
        image_shape: (height, width) when a point is an image.
        labels: Names of the modes, if they have any.
        recipe: How to make it again; see `gan_edu.parameters.method`.
    """

    name: str
    components: Tensor
    stds: Tensor
    weights: Tensor
    modes: Tensor
    quality_radius: float = 3.0
    image_shape: tuple[int, int] | None = None
    labels: tuple[str, ...] = ()
    recipe: Mapping[str, Any] | None = None

    @property
    def dim(self) -> int:
        """Numbers per sample, d."""
        return self.components.shape[-1]

    @property
    def n_modes(self) -> int:
        """M, how many modes there are to cover."""
        return int(self.modes.max()) + 1

    @property
    def mode_weights(self) -> Tensor:
        """(M,) the probability of each mode."""
        return torch.zeros(self.n_modes, dtype=self.weights.dtype, device=self.weights.device).index_add(
            0, self.modes, self.weights
        )

    def to(self, device: torch.device | str, dtype: torch.dtype | None = None) -> Target:
        """The same target on another device, or in another precision."""
        floats = {
            name: getattr(self, name).to(device=device, dtype=dtype or getattr(self, name).dtype)
            for name in ("components", "stds", "weights")
        }
        return dataclasses.replace(self, modes=self.modes.to(device), **floats)

    def sample(self, shape: tuple[int, ...] | int, generator: torch.Generator) -> Tensor:
        """Draw `shape` independent samples: (*shape, d).

        Raises:
            ValueError: If a size is negative.
        """
        return self.sample_with_components(shape, generator)[0]

    def sample_with_components(
        self, shape: tuple[int, ...] | int, generator: torch.Generator
    ) -> tuple[Tensor, Tensor]:
        """Draw samples and say which component each came from: (*shape, d), (*shape,)."""
        shape = (shape,) if isinstance(shape, int) else tuple(shape)
        if any(n < 0 for n in shape):
            raise ValueError(f"shape must hold no negative size; got {shape}")
        device, count = self.components.device, len(self.components)
        if self._uniform:
            chosen = torch.randint(count, shape, generator=generator, device=device)
        else:
            u = torch.rand(shape, generator=generator, device=device, dtype=self.weights.dtype)
            # u can round up to the last cumulative weight; the clamp keeps it inside
            chosen = torch.searchsorted(self.weights.cumsum(0), u, right=True).clamp_(max=count - 1)
        noise = torch.randn((*shape, self.dim), generator=generator, device=device, dtype=self.components.dtype)
        noise.mul_(self._std if self._std is not None else self.stds[chosen].unsqueeze(-1))
        return noise.add_(self.components[chosen]), chosen

    def log_prob(self, x: Tensor) -> Tensor:
        """log p(x) by log-sum-exp over the components: (..., d) -> (...,). Memory stays bounded."""
        points = self._points(x)
        out = torch.cat([self._log_prob(part) for part in points.split(self._rows)])
        return out.reshape(x.shape[:-1])

    def nearest(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """The nearest component, in its standard deviations: (..., d) -> distance (...,), component (...,)."""
        points = self._points(x)
        parts = [
            (torch.cdist(part, self.components, compute_mode="donot_use_mm_for_euclid_dist") / self.stds).min(-1)
            for part in points.split(self._rows)
        ]
        distance = torch.cat([p.values for p in parts]).reshape(x.shape[:-1])
        component = torch.cat([p.indices for p in parts]).reshape(x.shape[:-1])
        return distance, component

    @property
    def extent(self) -> tuple[float, float, float, float]:
        """(x_min, x_max, y_min, y_max): a square window with room around the data; 1-D targets get y from 0 to 1."""
        low, high = self.components.min(0).values, self.components.max(0).values
        margin = 0.3 * float((high - low).max()) / 2 + 4 * float(self.stds.max())
        if self.dim == 1:
            return float(low) - margin, float(high) + margin, 0.0, 1.0
        middle = (low[:2] + high[:2]) / 2
        half = float((high - low)[:2].max()) / 2 + margin
        x, y = middle.tolist()
        return x - half, x + half, y - half, y + half

    def _points(self, x: Tensor) -> Tensor:
        if x.shape[-1:] != (self.dim,):
            raise ValueError(f"points must end in {self.dim} coordinates for {self.name}; got shape {tuple(x.shape)}")
        return x.reshape(-1, self.dim)

    @property
    def _rows(self) -> int:
        return max(1, CHUNK // self.components.numel())

    def _log_prob(self, x: Tensor) -> Tensor:
        squared = torch.cdist(x, self.components, compute_mode="donot_use_mm_for_euclid_dist").square()
        log_normal = -0.5 * squared / self.stds**2 - self.dim * (self.stds.log() + 0.5 * math.log(2 * math.pi))
        return torch.logsumexp(log_normal + self.weights.log(), -1)

    # Facts about the mixture that sampling asks for at every step: worked out once, when the target is made.
    def __post_init__(self) -> None:
        n, d = self.components.shape
        if not (self.stds.shape == self.weights.shape == self.modes.shape == (n,)):
            raise ValueError(
                f"a target of {n} components needs {n} stds, weights and modes; got "
                f"{tuple(self.stds.shape)}, {tuple(self.weights.shape)}, {tuple(self.modes.shape)}"
            )
        if not bool((self.weights >= 0).all()) or abs(float(self.weights.sum()) - 1) > 1e-4:
            raise ValueError(f"weights must be non-negative and sum to 1; they sum to {float(self.weights.sum()):g}")
        object.__setattr__(self, "_uniform", bool((self.weights == self.weights[0]).all()))
        same = bool((self.stds == self.stds[0]).all())
        object.__setattr__(self, "_std", float(self.stds[0]) if same else None)

    _uniform: bool = dataclasses.field(init=False, repr=False, compare=False, default=False)
    _std: float | None = dataclasses.field(init=False, repr=False, compare=False, default=None)
