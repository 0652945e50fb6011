"""A target: what the generator should learn to draw. Each is a Gaussian mixture with known parts.

p(x) = sum_c weights[c] N(x; components[c], stds[c]^2 I)

so that sampling, the density, the modes and every metric are exact. A ring has 8 components; a drawing has
one per painted point, and the digits one per real image.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

# Distances held at once when many points meet many components: what fits a cache, or fills an accelerator.
CHUNK = {"cpu": 2**16}
CHUNK_ACCELERATOR = 2**24


@dataclass(frozen=True, eq=False)
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
        floats = {name: getattr(self, name).to(device, dtype) for name in ("components", "stds", "weights")}
        return dataclasses.replace(self, modes=self.modes.to(device), **floats)

    def sample(self, shape: tuple[int, ...] | int, generator: torch.Generator) -> Tensor:
        """Draw `shape` independent samples: (*shape, d).

        Raises:
            ValueError: If a size is negative or not a whole number.
        """
        return self.sample_with_components(shape, generator)[0]

    def sample_with_components(
        self, shape: tuple[int, ...] | int, generator: torch.Generator
    ) -> tuple[Tensor, Tensor]:
        """Draw samples and say which component each came from: (*shape, d), (*shape,).

        Four small operators when all components are alike: a training step can't afford more.
        """
        shape = (shape,) if isinstance(shape, int) else tuple(shape)
        if any(not isinstance(n, int) or n < 0 for n in shape):
            raise ValueError(f"shape must hold whole numbers that are not negative; got {shape}")
        device, dtype = self.components.device, self.components.dtype
        if self._uniform:
            chosen = torch.randint(len(self.components), shape, generator=generator, device=device)
        else:
            u = torch.rand(shape, generator=generator, device=device, dtype=dtype)
            chosen = torch.searchsorted(self._cumulative, u, right=True)
        noise = torch.randn((*shape, self.dim), generator=generator, device=device, dtype=dtype)
        centres = torch.embedding(self.components, chosen)
        if self._std is not None:
            return centres.add_(noise, alpha=self._std), chosen
        return centres.addcmul_(noise, self.stds[chosen].unsqueeze(-1)), chosen

    def log_prob(self, x: Tensor) -> Tensor:
        """Density: log p(x) by log-sum-exp over the components, (..., d) -> (...,). Memory stays bounded."""
        points = self._points(x)
        log_scale = self.weights.log() - self.dim * (self.stds.log() + 0.5 * math.log(2 * math.pi))
        precision = self.stds.square().reciprocal()
        parts = [
            torch.logsumexp(log_scale[:, None] - 0.5 * precision[:, None] * self._squared_distances(part), 0)
            for part in points.split(self._rows)
        ]
        return torch.cat(parts).reshape(x.shape[:-1])

    def nearest(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """The nearest component, in its standard deviations: (..., d) -> distance (...,), component (...,).

        A point that is not finite gets a distance that is not finite.
        """
        points = self._points(x)
        component = torch.cat([self._nearest(part) for part in points.split(self._rows)])
        # measured afresh, as the differences that the search avoids: exact also where stds are small
        offset = points - torch.embedding(self.components, component)
        distance = torch.linalg.vector_norm(offset, dim=-1) / self.stds[component]
        return distance.reshape(x.shape[:-1]), component.reshape(x.shape[:-1])

    @property
    def extent(self) -> tuple[float, float, float, float]:
        """(x_min, x_max, y_min, y_max): a square window with room around the data.

        One dimension: y from 0 to 1. More than two: the window of the first two coordinates.
        """
        low, high = self.components.min(0).values, self.components.max(0).values
        margin = 0.3 * float((high - low).max()) / 2 + 5 * float(self.stds.max())
        if self.dim == 1:
            return float(low) - margin, float(high) + margin, 0.0, 1.0
        middle = (low[:2] + high[:2]) / 2
        half = float((high - low)[:2].max()) / 2 + margin
        x, y = middle.tolist()
        return x - half, x + half, y - half, y + half

    def _points(self, x: Tensor) -> Tensor:
        if x.shape[-1:] != (self.dim,):
            raise ValueError(
                f"points must end in {self.dim} coordinates for {self.name}; got shape {tuple(x.shape)}"
            )
        return x.reshape(-1, self.dim).to(self.components.dtype)

    @property
    def _rows(self) -> int:
        return max(1, CHUNK.get(self.components.device.type, CHUNK_ACCELERATOR) // len(self.components))

    def _nearest(self, x: Tensor) -> Tensor:
        if self._std is not None:  # |x|^2 is the same for all components: one matrix product ranks them
            norms = self.components.square().sum(-1, keepdim=True)
            return torch.addmm(norms, self.components, x.T, alpha=-2).min(0).indices
        return (self._squared_distances(x) / self.stds.square()[:, None]).min(0).indices

    def _squared_distances(self, x: Tensor) -> Tensor:
        """(N, d) -> (C, N). Component first: reductions over the first axis are the fast ones."""
        if self.dim <= 3:  # differences, because |x|^2 - 2xc + |c|^2 cancels where stds are small
            total = (x[:, 0] - self.components[:, :1]).square()
            for axis in range(1, self.dim):
                total = total + (x[:, axis] - self.components[:, axis : axis + 1]).square()
            return total
        norms = self.components.square().sum(-1, keepdim=True) + x.square().sum(-1)
        return torch.addmm(norms, self.components, x.T, alpha=-2).clamp(min=0)

    # Facts about the mixture that sampling asks for at every step: worked out once, when the target is made.
    def __post_init__(self) -> None:
        n = len(self.components)
        if self.components.ndim != 2 or not (
            self.stds.shape == self.weights.shape == self.modes.shape == (n,)
        ):
            parts = (self.components, self.stds, self.weights, self.modes)
            shapes = ", ".join(str(tuple(part.shape)) for part in parts)
            raise ValueError(f"a target needs components (C, d) and C stds, weights and modes; got {shapes}")
        if not bool(self.components.isfinite().all()):
            raise ValueError("components must be finite; got nan or infinity")
        if not bool(((self.stds > 0) & self.stds.isfinite()).all()):
            raise ValueError(f"stds must be positive; the smallest is {float(self.stds.min()):g}")
        if not bool((self.weights >= 0).all()) or abs(float(self.weights.sum()) - 1) > 1e-4:
            raise ValueError(
                f"weights must be non-negative and sum to 1; they sum to {float(self.weights.sum()):g}"
            )
        if self.modes.unique().tolist() != list(range(self.n_modes)):
            raise ValueError(
                f"modes must be numbered 0..M-1 without a gap; got {self.modes.unique().tolist()}"
            )
        if len(self.labels) not in (0, self.n_modes):
            raise ValueError(f"labels must name all {self.n_modes} modes or none; got {self.labels}")
        object.__setattr__(self, "_uniform", bool((self.weights == self.weights[0]).all()))
        same = bool((self.stds == self.stds[0]).all())
        object.__setattr__(self, "_std", float(self.stds[0]) if same else None)
        cumulative = self.weights.cumsum(0)
        object.__setattr__(self, "_cumulative", cumulative / cumulative[-1])  # ends in exactly 1, and u < 1

    _uniform: bool = dataclasses.field(init=False, repr=False, default=False)
    _std: float | None = dataclasses.field(init=False, repr=False, default=None)
    _cumulative: Tensor = dataclasses.field(init=False, repr=False, default_factory=lambda: torch.empty(0))
