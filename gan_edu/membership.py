"""Generators that join a game of several, or leave it, while it trains."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import torch
from torch import Tensor

from gan_edu import catalogue
from gan_edu.dynamics.dynamics import MOVERS, State
from gan_edu.games.game import Game
from gan_edu.parameters import Parameter, Range, peel, wrap
from gan_edu.training import Frame


def add_generator(frame: Frame, like: int | None = None, seed: int = 0) -> Frame:
    """The same moment with one generator more, from which training goes on.

        D_j  <-  D_j / (1 + D_i) for all old classes j, D_{k+1} <- D_i / (1 + D_i)        for a copy of G_i

    The new generator is the last one, and D's class for it comes right before real. A copy takes over what D knows
    of G_i, and what the optimizer remembers: if D was the best one before, it is the best one now. For a fresh
    generator D gets a fresh class; the old ones keep their ratios. Its optimizer memory is the mean of the others':
    with none at all Adam, whose count of steps goes on, would take a first step up to thirty times too long.

    Args:
        frame: Of a game such as `mad_gan`, with any remedies around it.
        like: i, the generator that is copied, counted from 0; None for a fresh one. D can't tell a copy from G_i; the
            two part because they get other latent points.
        seed: Of a fresh one.

    Returns:
        The frame. `Recording(None, [*frames, frame])` goes on from it.

    Raises:
        ValueError: If generators can't come and go in this game, there is no such generator, or there would be more
            than the game takes.

    Example:
        >>> from gan_edu.data.ring import ring
        >>> from gan_edu.games.mad_gan import mad_gan
        >>> from gan_edu.recording import Recording, extend, record
        >>> three = record(mad_gan(ring(), 3, width=8), steps=20, progress=False)
        >>> four = extend(Recording(None, [add_generator(three[-1], like=0)]), 40, progress=False)
        >>> four.game.generator.members, four.steps.tolist()
        (4, [20, 30, 40])
    """
    k = frame.settings.game.generator.members
    if like is not None:
        like = Parameter("like", "int", range=Range(0, k - 1)).check(like)
    return _with_members(frame, [*range(k), like], seed)


def remove_generator(frame: Frame, which: int) -> Frame:
    """The same moment without one of the generators and without D's class for it; D_j <- D_j / (1 - D_i).

    Args:
        frame: Of a game such as `mad_gan`, with any remedies around it.
        which: i, counted from 0. Those after it move up.

    Returns:
        The frame; what is left of it is as it was, bit for bit.

    Raises:
        ValueError: If generators can't come and go in this game, there is no such generator, or it is the last one.

    Example:
        >>> from gan_edu.data.ring import ring
        >>> from gan_edu.games.mad_gan import mad_gan
        >>> from gan_edu.training import train
        >>> frame = remove_generator(next(train(mad_gan(ring(), 3, width=8))), 1)
        >>> frame.settings.game.generator.members, frame.settings.game.discriminator.out_dim
        (2, 3)
    """
    k = frame.settings.game.generator.members
    which = Parameter("which", "int", range=Range(0, k - 1)).check(which)
    return _with_members(frame, [i for i in range(k) if i != which], 0)


def _with_members(frame: Frame, source: Sequence[int | None], seed: int) -> Frame:
    """The frame with these of its generators, and a fresh one for None."""
    old = frame.settings.game
    new, k = _game_of(old, source), old.generator.members
    settings = dataclasses.replace(frame.settings, game=new, start=None)
    theta = frame.players["theta_g"]
    begun = new.init(len(theta), torch.Generator(device=theta.device).manual_seed(seed))
    memory = settings.dynamics.init(begun)
    slots = {mover: settings.optimizer.init(begun[mover]) for mover in MOVERS}
    fresh = State(begun, slots, frame.state.losses, memory=memory).named()

    def remade(path: str, value: Tensor) -> Tensor:
        mover = next((mover for mover in MOVERS if mover in path), None)
        if mover is None or value.shape != frame.players[mover].shape:  # a count, or losses
            return value
        each = abs(fresh[path].shape[-1] - value.shape[-1])  # numbers for one generator
        if not each:  # a D that knows no generators
            return value
        real = [k] if mover == "theta_d" else []  # its class comes last
        rest, own = _split(value, mover, k + len(real), each)
        own_fresh = _split(fresh[path], mover, len(source) + len(real), each)[1]
        usual = own[..., :k, :].mean(-2)
        parts = [
            own[..., i, :]
            if i is not None
            else usual
            if path.startswith("slots/")
            else own_fresh[..., place, :]
            for place, i in enumerate([*source, *real])
        ]
        made = torch.stack(parts, -2 if mover == "theta_g" else -1)
        return torch.cat([rest, made.flatten(-2)], -1)

    state = frame.state
    named = {path: remade(path, value) for path, value in state.named().items()}
    return dataclasses.replace(frame, state=State.from_named(named, state.step), settings=settings)


def _split(theta: Tensor, mover: str, members: int, each: int) -> tuple[Tensor, Tensor]:
    """What all have in common, and what each has for itself (..., members, each).

    A generator has its layers for itself, one generator after the other. D has a column of the last layer's weights,
    and a bias, for each class.
    """
    rest, own = theta.split([theta.shape[-1] - members * each, members * each], -1)
    if mover == "theta_g":
        return rest, own.unflatten(-1, (members, each))
    return rest, own.unflatten(-1, (each, members)).mT


def _game_of(game: Game, source: Sequence[int | None]) -> Game:
    """The game with these of its generators."""
    remedies, recipe = peel(game.recipe or {"folder": "", "name": "one made by hand", "arguments": {}})
    arguments = recipe["arguments"]
    if "generators" not in arguments:
        raise ValueError(f"generators come and go in games of several, such as mad_gan; got {recipe['name']}")
    if game.discriminator.body is None:
        raise ValueError(
            "generators come and go where D has a last layer; got a D whose layers are normalised"
        )
    frozen = [source.index(i) for i in arguments["frozen"] if i in source]
    arguments = {**arguments, "generators": len(source), "frozen": frozen}
    return catalogue.build(wrap({**recipe, "arguments": arguments}, remedies))
