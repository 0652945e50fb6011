"""What every test shares. There is no global seed: a test makes its own `torch.Generator`."""

import pytest
import torch

torch.set_num_threads(1)  # more of them spin and wait on a busy machine


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if torch.cuda.is_available():
        return
    skip = pytest.mark.skip(reason="needs a CUDA device; torch sees none")
    for item in items:
        if item.get_closest_marker("gpu"):
            item.add_marker(skip)
