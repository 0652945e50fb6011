"""The digits: real handwritten digits, small enough to train on while a class watches."""

from __future__ import annotations

import functools
import importlib.util
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
from torch import Tensor

from gan_edu.data.target import Target
from gan_edu.parameters import Range, method

SIDE, LEVELS = 8, 16
QUALITY = 0.99  # share of fresh real images that pass as high quality


@method
def digits(
    std: Annotated[float, Range(1e-3, 1, slider=(0.01, 0.3), log=True)] = 0.05,
    classes: Sequence[int] | None = None,
) -> Target:
    """1,797 real handwritten digits of 8 x 8 pixels, each with a little Gaussian noise.

    p(x) = 1/C sum_c N(x; image_c, std^2 I), pixels scaled from 0..16 to -1 (paper) .. 1 (ink)

    The noise fills the gaps between the 17 grey levels (0.125 apart); without it the data have no density.
    The modes are the ten digits.

    What "high quality" means in 64 dimensions: three standard deviations would pass nothing that is not a
    copy. Here a sample passes when it is as near to some real image as 99 % of fresh real images are. With q
    the 99 % quantile of the distance from a real image to the nearest other one,

        quality_radius = sqrt(q^2 + 64 std^2) / std

    where 64 std^2 is what the noise adds to a squared distance on average. It says how close to real images a
    sample is, not whether a person can read it: the average of two neighbours passes too.

    Args:
        std: Standard deviation of the noise.
        classes: The digits to keep, such as [0, 1]; all ten when left out.

    Returns:
        A 64-dimensional target with `image_shape` (8, 8) and the digits' names as labels.

    Raises:
        ValueError: If `classes` is empty, repeats a digit or holds something else than 0..9.

    Example:
        >>> target = digits(classes=[0, 1])
        >>> len(target.components), target.labels
        (360, ('0', '1'))

    Reference:
        Alpaydin, Kaynak (1998), Optical recognition of handwritten digits, UCI Machine Learning Repository,
        licence CC BY 4.0; the copy that ships with scikit-learn.
    """
    kept = _classes(classes)
    images, labels = _load()
    rows = torch.isin(labels, torch.tensor(kept))
    images, labels = images[rows], labels[rows]
    radius = math.sqrt(_distance_between_real_images(tuple(kept)) ** 2 + SIDE**2 * std**2) / std
    count = len(images)
    return Target(
        name="digits",
        components=images,
        stds=torch.full((count,), std),
        weights=torch.full((count,), 1 / count),
        modes=torch.searchsorted(torch.tensor(kept), labels),
        quality_radius=radius,
        image_shape=(SIDE, SIDE),
        labels=tuple(map(str, kept)),
    )


def _classes(classes: Sequence[int] | None) -> list[int]:
    if classes is None:
        return list(range(10))
    rule = "digits: classes must be a list of different whole numbers from 0 to 9"
    try:
        kept = sorted(int(digit) for digit in classes)
    except (TypeError, ValueError):
        raise ValueError(f"{rule}; got {classes!r}") from None
    if not kept or len(set(kept)) < len(kept) or kept != sorted(classes) or not set(kept) <= set(range(10)):
        raise ValueError(f"{rule}; got {classes!r}")
    return kept


@functools.cache
def _load() -> tuple[Tensor, Tensor]:
    """Images (1797, 64) and digits (1797,), from scikit-learn's file: importing it all takes two seconds."""
    package = importlib.util.find_spec("sklearn")
    if package is None or package.origin is None:
        raise ModuleNotFoundError("digits: the images come with scikit-learn; pip install scikit-learn")
    file = Path(package.origin).parent / "datasets" / "data" / "digits.csv.gz"
    table = torch.from_numpy(np.loadtxt(file, delimiter=",", dtype=np.int64))
    return table[:, :-1].float() / (LEVELS / 2) - 1, table[:, -1]


@functools.cache
def _distance_between_real_images(kept: tuple[int, ...]) -> float:
    """The distance to the nearest other image that a share QUALITY of the images keep."""
    images, labels = _load()
    images = images[torch.isin(labels, torch.tensor(kept))]
    distances = torch.cdist(images, images).fill_diagonal_(math.inf)
    return float(distances.min(-1).values.quantile(QUALITY))
