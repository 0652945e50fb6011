"""The code that a notebook shows, to be compared with the package."""

from __future__ import annotations

from typing import Any

import torch

from .book import read, tagged


def names_of(*tags: str, notebook: str) -> dict[str, Any]:
    """What the tagged cells of a notebook define."""
    names: dict[str, Any] = {"torch": torch, "pi": torch.pi}
    for tag in tags:
        (cell,) = tagged(read(notebook), tag)
        exec(cell.source, names)  # the very code that the learner reads
    return names


def flat(net: torch.nn.Sequential) -> torch.Tensor:
    """Parameters in the order in which the package keeps them: weights (in, out), then biases, layer by layer."""
    layers = [layer for layer in net if isinstance(layer, torch.nn.Linear)]
    return torch.cat([part.detach().flatten() for layer in layers for part in (layer.weight.T, layer.bias)])


def fill(net: torch.nn.Sequential, theta: torch.Tensor) -> None:
    """The other way round."""
    with torch.no_grad():
        for layer in net:
            if isinstance(layer, torch.nn.Linear):
                weight, bias, theta = theta.split(
                    [
                        layer.weight.numel(),
                        layer.bias.numel(),
                        len(theta) - layer.weight.numel() - len(layer.bias),
                    ]
                )
                layer.weight.copy_(weight.view(layer.in_features, layer.out_features).T)
                layer.bias.copy_(bias)
