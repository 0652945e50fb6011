"""A game: who plays, and what each player wants. Both losses are *minimised* and keep the run axis.

Axes: R runs, B batch, P parameters.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import torch
from torch import Tensor

from gan_edu.data.target import Target
from gan_edu.networks.network import Network

COMPANIONS = 128
Players = Mapping[str, Tensor]
"""The players' parameter vectors, theta_d (R, P_d) and theta_g (R, P_g), and what remedies remember."""


class Batch(NamedTuple):
    """What a loss is estimated on: x_real (R, B, d), latent points z (R, B, l), noise for remedies (R, B, n)."""

    x_real: Tensor
    z: Tensor
    noise: Tensor = torch.empty(0)


class Equilibrium(NamedTuple):
    """Both losses where p_G = p_data and D is at its best; None where theory gives no single number."""

    discriminator_loss: float | None = None
    generator_loss: float | None = None


Loss = Callable[[Players, Batch], Tensor]
Aim = Callable[["Game", Players, Batch], Tensor]
"""(game, players, batch) -> (R,); the game is the whole one, with every remedy that is around."""


def seen_real(game: Game, players: Players, batch: Batch) -> Tensor:
    """The real half of a batch as D gets to see it."""
    return game.shown(players, batch, batch.x_real, "real")


def seen_fake(game: Game, players: Players, batch: Batch) -> Tensor:
    """The fake half, fresh from G, as D gets to see it."""
    return game.shown(players, batch, game.generator(players["theta_g"], batch.z), "fake")


def judged(game: Game, players: Players, batch: Batch) -> tuple[Tensor, Tensor]:
    """What D puts out for the real and for the fake half of a batch, (R, B) each, or (R, B, classes)."""
    halves = [seen_real(game, players, batch), seen_fake(game, players, batch)]
    if game.discriminator.mixes:  # every half among its own kind
        outputs = [game.discriminator(players["theta_d"], half) for half in halves]
    else:  # one pass over both: half the operators, the same numbers
        both = game.discriminator(players["theta_d"], torch.cat(halves, -2))
        outputs = both.split([half.shape[-2] for half in halves], -2)
    real, fake = (half.squeeze(-1) for half in outputs)
    return real, fake


def judged_fake(game: Game, players: Players, batch: Batch) -> Tensor:
    """D's logits for the fake half alone, (R, B)."""
    return game.read(game.discriminator(players["theta_d"], seen_fake(game, players, batch)))


def aim_of_discriminator(game: Game, players: Players, batch: Batch) -> Tensor:
    """What D minimises, unless a remedy changes it: its cost of both halves."""
    return game.discriminator_cost(*judged(game, players, batch))


def aim_of_generator(game: Game, players: Players, batch: Batch) -> Tensor:
    """What G minimises, unless a remedy changes it: its cost of its fakes."""
    return game.generator_cost(judged_fake(game, players, batch))


def equilibrium_of_costs(game: Game) -> Equilibrium:
    """The costs where D puts out `undecided` for everything, unless a remedy changes the losses."""
    if game.undecided is None:
        return Equilibrium()
    logits = torch.full((1, 1), game.undecided, dtype=torch.float64)
    return Equilibrium(float(game.discriminator_cost(logits, logits)), float(game.generator_cost(logits)))


def _single(outputs: Tensor) -> Tensor:
    return outputs.squeeze(-1)


def _as_it_is(players: Players, batch: Batch, x: Tensor, part: str) -> Tensor:
    return x


def _nothing(players: Players) -> dict[str, Tensor]:
    return {}


def _unchanged(players: Players, mover: str) -> Players:
    return players


def _no_cost(*logits: Tensor) -> Tensor:
    raise NotImplementedError("this game has no cost of logits")


@dataclass(frozen=True)
class Game:
    """Two players and two losses, in parts that a remedy can change one at a time.

    Args:
        target: What should be learned.
        generator: z (..., B, l), theta_g -> x_fake (..., B, d).
        discriminator: x (..., B, d), theta_d -> logits (..., B, 1), or one output for each of several classes.
        latent_dim: l, numbers per latent point, z ~ N(0, I).
        discriminator_cost: (logits_real, logits_fake), (R, B) each -> (R,): what D makes of its own verdicts.
        generator_cost: logits_fake (R, B) -> (R,): what G makes of them.
        discriminator_aim: (game, players, batch) -> (R,), minimised over theta_d.
        generator_aim: (game, players, batch) -> (R,), minimised over theta_g.
        read: D's outputs (..., B, classes) -> one logit each (..., B), for those who ask real or not.
        output: What that is: the logit of a probability that x is real, that probability itself, a score with no
            such meaning, or a critic's height, of which only differences count.
        undecided: What the best D puts out for everything once p_G = p_data; None where that is not one number.
        at_equilibrium: game -> both losses there; the game is the whole one.
        shown: (players, batch, x, "real" or "fake") -> x as D gets to see it.
        noise_dim: n, random numbers per example that remedies need, N(0, 1).
        memory: players -> what remedies remember from the start on, kept among the players.
        after: (players, who has just moved) -> players: projections, running means, counters.
        still: (theta_g before, theta_g now) -> theta_g now but for the parts that are not to move; None where all
            of it moves.
        generator_sees_data: Whether the generator's loss looks at x_real; if not, no data is drawn for it.
        discriminator_sees_data: The same of the discriminator's; planar games know their expectations exactly.
        hides_slopes: Whether a loss depends on the players in ways that its gradient is not to know of: what a step
            leads to is then no help in finding how it bends.
        settings: Training settings that suit the game (learning rates, batch size, ...), unless overridden.
        recipe: How to make it again; see `gan_edu.parameters.method`.
    """

    target: Target
    generator: Network
    discriminator: Network
    latent_dim: int
    discriminator_cost: Callable[[Tensor, Tensor], Tensor] = _no_cost
    generator_cost: Callable[[Tensor], Tensor] = _no_cost
    discriminator_aim: Aim = aim_of_discriminator
    generator_aim: Aim = aim_of_generator
    read: Callable[[Tensor], Tensor] = _single
    output: Literal["logit", "probability", "score", "critic"] = "logit"
    undecided: float | None = None
    at_equilibrium: Callable[[Game], Equilibrium] = equilibrium_of_costs
    shown: Callable[[Players, Batch, Tensor, str], Tensor] = _as_it_is
    noise_dim: int = 0
    memory: Callable[[Players], dict[str, Tensor]] = _nothing
    after: Callable[[Players, str], Players] = _unchanged
    still: Callable[[Tensor, Tensor], Tensor] | None = None
    generator_sees_data: bool = False
    discriminator_sees_data: bool = True
    hides_slopes: bool = False
    settings: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    recipe: Mapping[str, Any] | None = None

    def discriminator_loss(self, players: Players, batch: Batch) -> Tensor:
        """What D minimises: (R,)."""
        return self.discriminator_aim(self, players, batch)

    def generator_loss(self, players: Players, batch: Batch) -> Tensor:
        """What G minimises: (R,)."""
        return self.generator_aim(self, players, batch)

    @property
    def equilibrium(self) -> Equilibrium:
        """Both losses where p_G = p_data and D is at its best: the lines of theory in a chart."""
        return self.at_equilibrium(self)

    @property
    def is_planar(self) -> bool:
        """Whether the players are points without networks, see `gan_edu.games.planar`."""
        return not self.latent_dim

    def init(self, runs: int, generator: torch.Generator) -> dict[str, Tensor]:
        """Fresh players: theta_d and theta_g of shape (runs, P), and what remedies remember."""
        players = {
            "theta_d": self.discriminator.init((runs,), generator),
            "theta_g": self.generator.init((runs,), generator),
        }
        return players | self.memory(players)

    def draw(self, runs: int, batch_size: int, generator: torch.Generator) -> Batch:
        """A fresh batch for every run."""
        x_real = self.target.sample((runs, batch_size), generator)
        return self.batch(x_real, self.draw_latent((runs, batch_size), generator), generator)

    def draw_without_data(self, runs: int, batch_size: int, generator: torch.Generator) -> Batch:
        """A fresh batch for a loss that looks at no real data: x_real is (runs, 0, d)."""
        nothing = torch.empty((runs, 0, self.target.dim), device=generator.device)
        return self.batch(nothing, self.draw_latent((runs, batch_size), generator), generator)

    def batch(self, x_real: Tensor, z: Tensor, generator: torch.Generator) -> Batch:
        """A batch of these examples, with the noise that remedies need."""
        shape = (*z.shape[:-1], self.noise_dim)
        return Batch(x_real, z, torch.randn(shape, generator=generator, device=generator.device))

    def draw_latent(self, shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
        """Z ~ N(0, I) of shape (*shape, l)."""
        return torch.randn((*shape, self.latent_dim), generator=generator, device=generator.device)

    def logits(self, theta_d: Tensor, x: Tensor) -> Tensor:
        """What D puts out for every x by itself: (..., B, d) -> (..., B).

        A discriminator that looks at whole batches sees each x among real companions, the same ones every time.
        """
        if self.discriminator.amid is None:
            return self.read(self.discriminator(theta_d, x))
        same = torch.Generator(device=x.device).manual_seed(0)
        companions = self.target.sample((COMPANIONS,), same).to(x)
        lead = torch.broadcast_shapes(theta_d.shape[:-1], x.shape[:-2])
        return self.read(self.discriminator.amid(theta_d, x, companions.expand(*lead, -1, -1)))

    def prob_real(self, theta_d: Tensor, x: Tensor) -> Tensor:
        """D(x), the probability that x is real: (..., B, d) -> (..., B).

        Raises:
            ValueError: If D's output says no such thing.
        """
        if self.reading != "probability":
            raise ValueError(f"prob_real needs a D that estimates a probability; got a {self.output}")
        logits = self.logits(theta_d, x)
        return logits.sigmoid() if self.output == "logit" else logits.clamp(0, 1)

    @property
    def reading(self) -> Literal["probability", "score", "critic"]:
        """What `verdicts` are."""
        return "probability" if self.output == "logit" else self.output

    def verdicts(self, theta_d: Tensor, x: Tensor) -> Tensor:
        """What D says of every x, to be shown: D(x) where that is a probability, else the bare output."""
        return (self.prob_real if self.reading == "probability" else self.logits)(theta_d, x)

    def to(self, device: torch.device | str) -> Game:
        """The same game with its target on another device."""
        return dataclasses.replace(self, target=self.target.to(device))
