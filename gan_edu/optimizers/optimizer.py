"""An optimizer acts on a player's flat parameter vector: two pure functions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from torch import Tensor

Slots = Mapping[str, Tensor]
"""What an optimizer remembers of one player, (R, P) each, and `updates`, how often it moved that player."""

Rate = float | Tensor
"""A learning rate: one number, or (R, 1) with one for each run."""


@dataclass(frozen=True)
class Optimizer:
    """How a gradient becomes a step.

    Args:
        init: theta -> slots.
        update: (theta, gradient, slots, learning rate) -> (theta, slots). Descends; changes nothing in place.
        recipe: How to make it again; see `gan_edu.parameters.method`.
    """

    init: Callable[[Tensor], dict[str, Tensor]]
    update: Callable[[Tensor, Tensor, Slots, Rate], tuple[Tensor, dict[str, Tensor]]]
    recipe: Mapping[str, Any] | None = None
