"""What every sampler takes and gives: proposals, the logarithm of a density ratio, and what became of each proposal.

A sampler turns points of q, which can be drawn, into points of p, of which only the ratio w = p / q is known. For a
trained GAN q is the generator's distribution, and log w the discriminator's logit: D / (1 - D) is p / q at its best.

Axes: N proposals, n points that come out, K proposals of a chain, d numbers of a point.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Protocol

import torch
from torch import Tensor

from gan_edu.parameters import Range

if TYPE_CHECKING:
    from tqdm import tqdm

Propose = Callable[[int], Tensor]
"""n -> (n, d), points of q."""
LogRatio = Callable[[Tensor], Tensor]
"""x (n, d) -> (n,), log p(x) - log q(x) up to a constant; -inf where p has nothing."""
Count = Annotated[int, Range(1, 10**8)]
ROWS = 2048
"""Proposals that are looked at together: what they and the layers' outputs need stays in a processor's cache."""
KEPT = 2**20
"""Proposals that are kept to be looked at; those after them are counted only."""


class Sampler(Protocol):
    """sampler(propose, log_ratio, n, *, generator, ...) -> Draws."""

    def __call__(
        self, propose: Propose, log_ratio: LogRatio, n: int, *, generator: torch.Generator, **settings: Any
    ) -> Draws:
        """Draw n points."""
        ...


@dataclass(frozen=True)
class Draws:
    """What a sampler has drawn, and what it went through for it.

    Args:
        x: (n, d) the points that came out.
        n_proposals: Points of q that were drawn and judged.
        n_accepted: How many of them were accepted.
        proposals: (N, d), or (n, K, d) for chains: the first `KEPT` of them, refused ones too.
        accepted: (N,) or (n, K): what became of each.
        probability: (N,) or (n, K): with what probability it was accepted.
        log_ratio: (N,) or (n, K): what it was judged by.
        moved: (n,) whether the chain behind each point ever accepted; None without chains.
        restarted: Chains that began again because they had not.
        recipe: Settings, see `gan_edu.parameters.method`.
    """

    x: Tensor
    n_proposals: int
    n_accepted: int
    proposals: Tensor
    accepted: Tensor
    probability: Tensor
    log_ratio: Tensor
    moved: Tensor | None = None
    restarted: int = 0
    recipe: Mapping[str, Any] | None = None

    @property
    def acceptance_rate(self) -> float:
        """Share of the proposals that were accepted."""
        return self.n_accepted / max(self.n_proposals, 1)

    @property
    def never_moved(self) -> float:
        """Share of the points whose chain never accepted anything; 0 without chains."""
        return 0.0 if self.moved is None else float((~self.moved).double().mean())

    @property
    def proposals_per_point(self) -> float:
        """What a point costs."""
        return self.n_proposals / max(len(self.x), 1)


def shown(total: int, unit: str, progress: bool) -> tqdm[Any]:
    """A progress bar that counts up to `total`, from the first second on; without `progress` it shows nothing."""
    from tqdm.auto import tqdm

    return tqdm(total=total, unit=unit, unit_scale=True, disable=not progress, delay=1, leave=False)


def judged(
    propose: Propose, log_ratio: LogRatio, n: int, bar: tqdm[Any] | None = None
) -> tuple[Tensor, Tensor]:
    """N proposals and their log ratios, `ROWS` at a time: (n, d), (n,). The bar moves by N.

    Raises:
        ValueError: If either has a wrong shape, or a ratio is nan or +inf.
    """
    parts = []
    with torch.no_grad():
        for first in range(0, n, ROWS):
            rows = min(ROWS, n - first)
            x = propose(rows)
            if not isinstance(x, Tensor) or x.ndim != 2 or len(x) != rows:
                came = tuple(x.shape) if isinstance(x, Tensor) else type(x).__name__
                raise ValueError(f"propose(n) must give a tensor of shape (n, d); for n = {rows} got {came}")
            parts.append((x, ratios_at(log_ratio, x)))
            if bar is not None:
                bar.update(rows)
    return torch.cat([x for x, _ in parts]), torch.cat([ratio for _, ratio in parts])


def ratios_at(log_ratio: LogRatio, x: Tensor) -> Tensor:
    """The log ratios of some points, checked: (n, d) -> (n,).

    Raises:
        ValueError: If the shape is wrong, or a ratio is nan or +inf.
    """
    return checked(shaped(log_ratio, x), x)


def shaped(log_ratio: LogRatio, x: Tensor) -> Tensor:
    """The log ratios of some points, whatever they are: (n, d) -> (n,).

    Raises:
        ValueError: If the shape is wrong.
    """
    ratio = log_ratio(x)
    if not isinstance(ratio, Tensor) or ratio.shape != x.shape[:1]:
        came = tuple(ratio.shape) if isinstance(ratio, Tensor) else type(ratio).__name__
        raise ValueError(f"log_ratio(x) must give a tensor of shape (n,); for x {tuple(x.shape)} got {came}")
    return ratio


def checked(ratio: Tensor, x: Tensor | None = None) -> Tensor:
    """Log ratios as they are, if all of them are numbers or -inf.

    Raises:
        ValueError: If one is nan or +inf.
    """
    wrong = ratio.isnan() | ratio.isposinf()
    if bool(wrong.any()):
        place = f", the first at x = {x[wrong][0].tolist()}" if x is not None else ""
        raise ValueError(
            f"log ratios must be finite or -inf; got {int(ratio.isnan().sum())} nan and "
            f"{int(ratio.isposinf().sum())} +inf among {len(ratio)}{place}"
        )
    return ratio


def sift(
    propose: Propose,
    log_ratio: LogRatio,
    n: int,
    probability_of: Callable[[Tensor], Tensor],
    generator: torch.Generator,
    limit: int,
    progress: bool,
) -> Draws:
    """Accept every proposal on its own, until there are n or `limit` have been judged.

    Args:
        propose: See `Propose`.
        log_ratio: See `LogRatio`.
        n: Points wanted.
        probability_of: Log ratios (N,) -> probabilities (N,), in the order in which they come.
        generator: Of the coins.
        limit: Proposals after which it stops with fewer points.
        progress: Show a bar of the points.
    """
    found: list[Tensor] = []
    kept: list[tuple[Tensor, ...]] = []
    n_found = n_judged = 0
    with shown(n, "point", progress) as bar:
        for rows in _rounds(limit):
            x, ratio = judged(propose, log_ratio, rows)
            probability = probability_of(ratio)
            coins = torch.rand(rows, generator=generator, device=generator.device, dtype=torch.float64)
            accepted = coins < probability
            last = (
                accepted.cumsum(0) < n - n_found
            ).sum() + 1  # what comes after the last one was never drawn
            x, ratio, probability, accepted = (part[:last] for part in (x, ratio, probability, accepted))
            found.append(x[accepted])
            if n_judged < KEPT:
                kept.append((x, accepted, probability, ratio))
            n_judged += len(x)
            n_found += len(found[-1])
            bar.update(len(found[-1]))
            if n_found == n:
                break
    proposals, accepted, probability, ratio = (torch.cat(parts)[:KEPT] for parts in zip(*kept, strict=True))
    return Draws(torch.cat(found), n_judged, n_found, proposals, accepted, probability, ratio)


def _rounds(limit: int) -> Iterator[int]:
    for first in range(0, limit, ROWS):
        yield min(ROWS, limit - first)
