"""Instance noise: D sees everything blurred, less and less."""

from __future__ import annotations

import dataclasses
from typing import Annotated

import torch
from torch import Tensor

from gan_edu.games.game import Batch, Game, Players
from gan_edu.parameters import Range, method
from gan_edu.remedies.common import needs_target


@method
def instance_noise(
    game: Game,
    std: Annotated[float, Range(0, 100, slider=(0, 2), step=0.05, label="noise σ")] = 1.0,
    steps: Annotated[int, Range(0, 10**9, slider=(0, 5000), label="gone after")] = 0,
) -> Game:
    """Fresh noise on real and on fake examples alike, before D sees them.

        D sees x_real + sigma e and G(z) + sigma e'        e, e' ~ N(0, I),  sigma = std max(0, 1 - t / steps)

    Two distributions that share no point do once they are blurred, so the gradient from a good D does not vanish.

    Args:
        game: Whose discriminator gets to see noise.
        std: sigma at the start, in units of the data.
        steps: Generator updates until it has shrunk to nothing; 0 keeps it for ever.

    Returns:
        The game; t is kept among the players.

    Raises:
        ValueError: If a parameter is out of its range.

    Example:
        >>> from gan_edu.data.ring import ring
        >>> from gan_edu.games.gan import gan
        >>> instance_noise(gan(ring())).noise_dim  # two numbers for a real point and two for a fake one
        4

    Reference:
        Sønderby et al. (2017), Amortised MAP Inference for Image Super-resolution, arXiv 1610.04490, sec. 3.2.1.
        Arjovsky and Bottou (2017), Towards Principled Methods for Training GANs, arXiv 1701.04862, sec. 3.
    """
    needs_target(game, "instance_noise")
    first, dim = game.noise_dim, game.discriminator.in_dim
    begin = {"real": first, "fake": first + dim}
    counter = f"count_noise_{first}"

    def shown(players: Players, batch: Batch, x: Tensor, part: str) -> Tensor:
        x = game.shown(players, batch, x, part)
        sigma = (
            std * (1 - players[counter] / steps).clamp_min(0)
            if steps
            else players[counter].new_full((1, 1), std)
        )
        noise = batch.noise[..., begin[part] : begin[part] + dim]
        return x + sigma.unsqueeze(-1) * noise[..., : x.shape[-2], :]

    def memory(players: Players) -> dict[str, Tensor]:
        return game.memory(players) | {counter: torch.zeros_like(players["theta_g"][..., :1])}

    def after(players: Players, mover: str) -> Players:
        players = game.after(players, mover)
        return {**players, counter: players[counter] + 1} if mover == "theta_g" else players

    return dataclasses.replace(game, shown=shown, memory=memory, after=after, noise_dim=first + 2 * dim)
