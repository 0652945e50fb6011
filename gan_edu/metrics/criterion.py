"""The generator's virtual training criterion C(G): what the value of the game is against the best discriminator."""

from __future__ import annotations

import torch
from torch import Tensor


def criterion(p: Tensor, q: Tensor, x: Tensor) -> Tensor:
    """C(G) = max_D V(D, G) by the trapezoid rule: p and q (..., K) at the nodes x (K,) -> (...), from -log 4 to 0.

        C(G) = int p log(p / (p + q)) + q log(q / (p + q)) dx = -log 4 + 2 JSD(p || q)

    The best discriminator D* = p / (p + q) reaches it, and no other has a higher value. It is -log 4 where p = q,
    and 0 where the two never overlap. Where one of them is 0, the integrand is 0: what lies outside of the nodes
    adds nothing as long as it is all of one kind.

    Args:
        p: Density of the data at the nodes, >= 0.
        q: Density of the generator.
        x: Increasing, close enough to resolve both; the error falls as the square of their distance.

    Raises:
        ValueError: If the last axes differ, or the nodes do not increase.

    Example:
        >>> x = torch.linspace(-8, 8, 1001, dtype=torch.float64)
        >>> p, q = (torch.distributions.Normal(mean, 1.0).log_prob(x).exp() for mean in (0.0, 1.0))
        >>> round(float(criterion(p, p, x)), 6), round(float(criterion(p, q, x)), 6)  # -log 4, and more
        (-1.386294, -1.163451)

    Reference:
        Goodfellow et al. (2014), Generative Adversarial Nets, arXiv 1406.2661, theorem 1.
    """
    if not p.shape[-1] == q.shape[-1] == x.shape[-1] or x.ndim != 1:
        shapes = f"{tuple(p.shape)}, {tuple(q.shape)} and {tuple(x.shape)}"
        raise ValueError(f"p (..., K), q (..., K) and x (K,) must have one K; got {shapes}")
    if not bool((x.diff() > 0).all()):
        raise ValueError(f"x must increase; its smallest step is {float(x.diff().min()):g}")
    both = p + q
    terms = torch.special.xlogy(p, p / both) + torch.special.xlogy(q, q / both)
    return torch.trapezoid(torch.where(both == 0, 0, terms), x)  # 0/0 only where neither is; nan stays nan
