"""Metrics: pure functions of samples and a target.

`METRICS` holds those that give one value per run, by name, for charts and menus; it is filled by scanning.
"""

import importlib
import pkgutil

from gan_edu.metrics.metric import METRICS, Metric

__all__ = ["METRICS", "Metric"]

for module in pkgutil.iter_modules(__path__, f"{__name__}."):
    importlib.import_module(module.name)
