"""Calibration: what a discriminator says, made into the probability that it means.

Samplers read D's logit as log p/q. That holds for the best D only; a trained one is mostly too sure. Held-out points,
as many real ones as generated ones, show what D's scores are worth, and a monotone map repairs them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from gan_edu.samplers.draws import LogRatio, shaped

Kind = Literal["none", "isotonic", "isotonic_laplace", "platt", "beta"]
KINDS: tuple[Kind, ...] = ("none", "isotonic", "isotonic_laplace", "platt", "beta")
MOST = 80.0
"""Logits beyond this are not told apart: a probability of 1 - 1e-35."""


def calibrated(log_ratio: LogRatio, x_real: Tensor, x_fake: Tensor, kind: Kind = "isotonic") -> LogRatio:
    """A log ratio that says what it means on held-out points.

        platt     l -> a l + b                                      a logistic regression on the logit
        beta      l -> a log D - b log(1 - D) + c, a, b >= 0        D = sigmoid(l)
        isotonic  any rising step function, clipped to [1/(n+2), 1 - 1/(n+2)]: a probability of 1 would trap a chain
        isotonic_laplace  the same steps, but one seen on r real and m - r generated points says (r + 1) / (m + 2)

    The clip does not keep a chain from a step that three lucky points have made: that is as sure as n points can be.
    Laplace's correction lets no step be surer than the points on it allow.

    Each class has half of the weight, however many points there are of it, so that the logit stays log p/q.

    Args:
        log_ratio: x (n, d) -> (n,), such as D's logit.
        x_real: (n, d), points of p that neither player was trained on.
        x_fake: (m, d), points of q.
        kind: Which map; `none` leaves the ratio as it is.

    Returns:
        The map after `log_ratio`; those of `platt` and `beta` are differentiable.

    Raises:
        ValueError: If a kind is unknown, there are no points of a class, or a score has a wrong shape or is nan.

    Example:
        >>> random = torch.Generator().manual_seed(0)
        >>> real, fake = torch.randn(2, 20_000, 1, generator=random) + torch.tensor([[[1.0]], [[-1.0]]])
        >>> too_sure = lambda x: 3 * (2 * x[:, 0])  # the true log ratio is 2 x
        >>> repaired = calibrated(too_sure, real, fake, "platt")
        >>> abs(float(repaired(torch.ones(1, 1))) - 2) < 0.1
        True

    Reference:
        Turner et al. (2019), Metropolis-Hastings Generative Adversarial Networks, arXiv 1811.11357. Zadrozny, Elkan
        (2002), Transforming classifier scores into accurate multiclass probability estimates (isotonic).
        Provost, Domingos (2003), Tree induction for probability-based ranking (Laplace's correction). Platt
        (1999), Probabilistic outputs for support vector machines. Kull et al. (2017), Beta calibration.
    """
    if kind not in KINDS:
        raise ValueError(f"calibration must be one of {', '.join(KINDS)}; got {kind!r}")
    if kind == "none":
        return log_ratio
    if not len(x_real) or not len(x_fake):
        raise ValueError(
            f"calibration needs real and generated points; got {len(x_real)} real and {len(x_fake)} generated"
        )
    with torch.no_grad():
        scores = [shaped(log_ratio, x).double().clamp(-MOST, MOST) for x in (x_real, x_fake)]
    wrong = torch.cat(scores).isnan()
    if bool(wrong.any()):
        place = torch.cat([x_real, x_fake])[wrong][0].tolist()
        raise ValueError(
            f"calibration needs scores that are numbers; got {int(wrong.sum())} nan among {len(wrong)}, "
            f"the first at x = {place}"
        )
    makers = {"isotonic": _isotonic, "isotonic_laplace": _laplace, "platt": _platt, "beta": _beta}
    mapped = makers[kind](*scores)
    return lambda x: mapped(log_ratio(x).clamp(-MOST, MOST))


def _isotonic(real: Tensor, fake: Tensor) -> Callable[[Tensor], Tensor]:
    score, label, weight = _labelled(real, fake)
    n = len(score)
    return _through(*_rising(score, label, weight, least=1 / (n + 2)))


def _laplace(real: Tensor, fake: Tensor) -> Callable[[Tensor], Tensor]:
    score, label, weight = _labelled(real, fake)
    at, height = _rising(score, label, weight)
    step = np.unique(np.interp(score, at, height), return_inverse=True)[1]
    points, of_real = (len(score) * np.bincount(step, each) for each in (weight, weight * label))
    # the corrected steps may fall here and there, so they are made to rise again
    return _through(*_rising(score, ((of_real + 1) / (points + 2))[step], weight))


def _rising(
    score: np.ndarray, value: np.ndarray, weight: np.ndarray, least: float = 0.0
) -> tuple[np.ndarray, np.ndarray]:
    """The rising function nearest to the values, from `least` to 1 - `least`: its corners, and its height there."""
    from sklearn.isotonic import IsotonicRegression

    fitted = IsotonicRegression(y_min=least, y_max=1 - least).fit(score, value, sample_weight=weight)
    return fitted.X_thresholds_, fitted.y_thresholds_


def _through(at: np.ndarray, prob: np.ndarray) -> Callable[[Tensor], Tensor]:
    """The map of log ratios that goes through these probabilities, straight in logits."""
    logit = np.log(prob) - np.log1p(-prob)

    def mapped(ratio: Tensor) -> Tensor:
        said = np.interp(ratio.cpu().double().numpy(), at, logit)
        return torch.as_tensor(said, dtype=ratio.dtype).to(ratio.device)

    return mapped


def _platt(real: Tensor, fake: Tensor) -> Callable[[Tensor], Tensor]:
    a, b = _logistic(np.stack([_labelled(real, fake)[0]], 1), real, fake, bounds=[(None, None)])
    return lambda ratio: a * ratio + b


def _beta(real: Tensor, fake: Tensor) -> Callable[[Tensor], Tensor]:
    def columns(ratio: Tensor) -> list[Tensor]:
        return [torch.nn.functional.logsigmoid(ratio), -torch.nn.functional.logsigmoid(-ratio)]

    table = torch.stack(columns(torch.cat([real, fake])), -1).numpy()
    a, b, c = _logistic(table, real, fake, bounds=[(0, None), (0, None)])
    return lambda ratio: sum(
        (k * part for k, part in zip((a, b), columns(ratio), strict=True)), start=ratio * 0 + c
    )


def _labelled(real: Tensor, fake: Tensor) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Scores, labels (1 is real) and weights, each class half of the weight."""
    score = torch.cat([real, fake]).cpu().numpy()
    label = np.repeat([1.0, 0.0], [len(real), len(fake)])
    weight = np.repeat([0.5 / len(real), 0.5 / len(fake)], [len(real), len(fake)])
    return score, label, weight


def _logistic(table: np.ndarray, real: Tensor, fake: Tensor, bounds: list[Any]) -> list[float]:
    """The logistic regression of the labels on the columns of a table: slopes, then the constant."""
    from scipy.optimize import minimize

    _, label, weight = _labelled(real, fake)
    table = np.column_stack([table, np.ones(len(table))])

    def cost(values: np.ndarray) -> tuple[float, np.ndarray]:
        logit = table @ values
        loss = np.logaddexp(0, logit) - label * logit
        return float(weight @ loss), table.T @ (weight * (1 / (1 + np.exp(-logit)) - label))

    start = np.r_[np.full(table.shape[1] - 1, 1.0), 0.0]
    found = minimize(
        cost, start, jac=True, bounds=[*bounds, (None, None)], method="L-BFGS-B", options={"ftol": 1e-14}
    )
    return [float(value) for value in found.x]


@dataclass(frozen=True)
class Reliability:
    """How far scores are what they say.

    Args:
        said: (bins,) mean probability that D gives to the points of each bin.
        came: (bins,) share of them that is real.
        counts: (bins,) points.
        brier: Mean of (y - D)², from 0 to 1; 1/4 for a D that always says 1/2.
        z: sum (y - D) / sqrt(sum D (1 - D)), N(0, 1) for a calibrated D. Blind to shape: errors of both signs cancel.
        mean_ratio: E_q w, which is 1 for w = p / q.
    """

    said: np.ndarray
    came: np.ndarray
    counts: np.ndarray
    brier: float
    z: float
    mean_ratio: float


def reliability(ratio_real: Tensor, ratio_fake: Tensor, bins: int = 10) -> Reliability:
    """What D says beside what comes, on held-out points, in bins of equally many.

    Args:
        ratio_real: Log ratios of real points (n,).
        ratio_fake: Of generated ones (m,).
        bins: Groups, from low to high.

    Raises:
        ValueError: If there are no points of a class, or fewer points than bins.

    Example:
        >>> sure = reliability(torch.full((50,), 2.0), torch.full((50,), 2.0), bins=1)
        >>> round(float(sure.said[0]), 2), float(sure.came[0])
        (0.88, 0.5)
    """
    if not len(ratio_real) or not len(ratio_fake) or bins < 1 or len(ratio_real) + len(ratio_fake) < bins:
        came = f"{len(ratio_real)} real and {len(ratio_fake)} generated points, {bins} bins"
        raise ValueError(f"reliability needs points of both kinds, and at least one a bin; got {came}")
    prob = torch.cat([ratio_real, ratio_fake]).double().sigmoid().cpu().numpy()
    label = np.repeat([1.0, 0.0], [len(ratio_real), len(ratio_fake)])
    # where many have the same score, each part of them has its share of real ones
    within = np.concatenate([np.arange(len(ratio)) / len(ratio) for ratio in (ratio_real, ratio_fake)])
    groups = np.array_split(np.lexsort((within, prob)), bins)
    spread = float(np.sqrt((prob * (1 - prob)).sum()))
    return Reliability(
        said=np.array([prob[group].mean() for group in groups]),
        came=np.array([label[group].mean() for group in groups]),
        counts=np.array([len(group) for group in groups]),
        brier=float(((label - prob) ** 2).mean()),
        z=float((label - prob).sum()) / spread if spread else float("nan"),
        mean_ratio=float(ratio_fake.double().exp().mean()),
    )
