"""What holds for every metric of `METRICS`, found by scanning."""

import inspect
import math
import subprocess
import sys

import pytest
import torch

from gan_edu.data.digits import digits
from gan_edu.data.drawn import drawn
from gan_edu.data.line import line
from gan_edu.data.ring import ring
from gan_edu.data.target import Target
from gan_edu.metrics import METRICS, Metric
from gan_edu.metrics.perfect import perfect

N = 200
TARGETS = [line(), ring(), drawn(), digits(classes=[0, 1, 2])]
PAIRS = [
    pytest.param(metric, target, id=f"{metric.name}-{target.name}")
    for metric in METRICS.values()
    for target in TARGETS
    if metric.fits(target)
]
EVERY = pytest.mark.parametrize(("metric", "target"), PAIRS)


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def one_mode(target: Target, shape: tuple[int, ...], generator: torch.Generator) -> torch.Tensor:
    """A collapsed generator: sharp, on the lightest mode only."""
    centres = target.components[target.modes == target.mode_weights.argmin()]
    chosen = torch.randint(len(centres), shape, generator=generator)
    return centres[chosen] + target.stds[0] * torch.randn((*shape, target.dim), generator=generator)


def far_off(target: Target, shape: tuple[int, ...], generator: torch.Generator) -> torch.Tensor:
    """A generator that has left the data."""
    return 100 + torch.randn((*shape, target.dim), generator=generator)


def worse(metric: Metric, value: float, line: float) -> bool:
    return value < line if metric.better == "high" else value > line


def test_the_metrics_of_the_literature_are_there() -> None:
    assert set(METRICS) >= {
        "modes_covered",
        "high_quality_share",
        "basins",
        "reverse_kl_modes",
        "jensen_shannon_modes",
        "jensen_shannon",
        "forward_kl",
        "reverse_kl",
        "chi_squared",
        "wasserstein",
        "sliced_wasserstein",
        "mmd",
    }


@pytest.mark.parametrize("metric", METRICS.values(), ids=METRICS.keys())
def test_facts_for_charts(metric: Metric) -> None:
    assert metric.label
    assert metric.better in ("high", "low")
    low, high = metric.limits(ring(modes=5))
    assert low is None or high is None or low < high
    doc = inspect.getdoc(metric.function)
    assert doc is not None
    assert "Example:" in doc


def test_limits_of_modes_are_the_targets() -> None:
    assert METRICS["modes_covered"].limits(ring(modes=5)) == (0, 5)
    assert METRICS["jensen_shannon"].limits(ring()) == (0, math.log(2))


@EVERY
def test_a_perfect_sampler_meets_its_line(metric: Metric, target: Target) -> None:
    """Two-sided, on samples that the line was not made from."""
    n, repeats = N, 20
    known = perfect(metric, target, n, repeats=100 if target.dim < 3 else 30)
    scores = torch.stack(
        [metric(target.sample(n, seeded(1000 + i)), target, seeded(2000 + i)) for i in range(repeats)]
    ).double()
    spread = max((known.high - known.low) / 3.92, 1e-9)
    error = spread * math.sqrt(
        1 / repeats + 1 / (100 if target.dim < 3 else 30)
    )  # the line's own scatter too
    assert float(scores.mean()) == pytest.approx(known.mean, abs=5 * error)
    inside = ((scores >= known.low) & (scores <= known.high)).double().mean()
    assert float(inside) >= 0.7  # 20 draws of probability 0.95: below 0.7 in one of 30,000


@EVERY
def test_a_generator_off_the_data_is_far_from_the_line(metric: Metric, target: Target) -> None:
    known = perfect(metric, target, N, repeats=20)
    score = float(metric(far_off(target, (N,), seeded()), target))
    edge = known.low if metric.better == "high" else known.high
    assert worse(metric, score, edge)
    assert abs(score - known.mean) > 3 * (known.high - known.low)


@EVERY
def test_a_collapsed_generator_is_far_from_the_line(metric: Metric, target: Target) -> None:
    known = perfect(metric, target, N, repeats=20)
    score = float(metric(one_mode(target, (N,), seeded()), target))
    if metric.name == "high_quality_share":
        assert score == pytest.approx(known.mean, abs=0.03)  # sharpness alone does not see a collapse
        return
    edge = known.low if metric.better == "high" else known.high
    assert worse(metric, score, edge)
    assert abs(score - known.mean) > 2 * (known.high - known.low)


@EVERY
def test_leading_axes_are_runs(metric: Metric, target: Target) -> None:
    samples = torch.stack([target.sample((2, 60), seeded()), far_off(target, (2, 60), seeded())])
    together = metric(samples, target)
    assert together.shape == (2, 2)
    one_by_one = [[metric(samples[i, j], target) for j in range(2)] for i in range(2)]
    for i in range(2):
        for j in range(2):
            torch.testing.assert_close(together[i, j], one_by_one[i][j], rtol=1e-5, atol=1e-5)


@EVERY
def test_values_stay_within_the_limits(metric: Metric, target: Target) -> None:
    low, high = metric.limits(target)
    for make in (one_mode, far_off):
        value = metric(make(target, (3, 60), seeded()), target)
        assert bool(value.isfinite().all())
        assert low is None or bool((value >= low).all())
        assert high is None or bool((value <= high).all())


@EVERY
def test_the_order_of_samples_does_not_matter(metric: Metric, target: Target) -> None:
    samples = target.sample(100, seeded())
    shuffled = samples[torch.randperm(100, generator=seeded(1))]
    torch.testing.assert_close(metric(samples, target), metric(shuffled, target), rtol=1e-4, atol=1e-5)


@EVERY
def test_inputs_are_left_alone(metric: Metric, target: Target) -> None:
    samples = target.sample((2, 50), seeded())
    samples[0, 0, 0] = math.nan
    kept = [t.clone() for t in (samples, target.components, target.weights, target.stds)]
    metric(samples, target)
    for before, after in zip(kept, (samples, target.components, target.weights, target.stds), strict=True):
        assert torch.equal(before.nan_to_num(7), after.nan_to_num(7))


@EVERY
@pytest.mark.parametrize("poison", [math.nan, math.inf, -math.inf, 3e38])
def test_a_diverged_run_is_data_and_leaves_the_others_alone(
    metric: Metric, target: Target, poison: float
) -> None:
    samples = target.sample((2, 60), seeded())
    alone = metric(samples[1], target)
    samples[0] = poison
    value = metric(samples, target)
    torch.testing.assert_close(value[1], alone)
    if metric.name in ("modes_covered", "high_quality_share"):
        assert float(value[0]) == 0
    if metric.name == "jensen_shannon":
        assert float(value[0]) == pytest.approx(math.log(2), abs=1e-3)


@EVERY
def test_the_same_call_gives_the_same_value(metric: Metric, target: Target) -> None:
    samples = target.sample((2, 60), seeded())
    assert torch.equal(metric(samples, target), metric(samples, target))
    assert torch.equal(metric(samples, target, seeded(4)), metric(samples, target, seeded(4)))


@EVERY
def test_double_precision_gives_the_same_value(metric: Metric, target: Target) -> None:
    samples = target.sample(100, seeded())
    reference = seeded(4)
    singles = metric(samples, target, reference)
    doubles = metric(samples.double(), target, seeded(4))
    if metric.name == "sliced_wasserstein":
        return  # its lines are drawn in the precision of the samples
    torch.testing.assert_close(singles.double(), doubles.double(), rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("metric", METRICS.values(), ids=METRICS.keys())
@pytest.mark.parametrize(
    ("samples", "message"),
    [
        (torch.zeros(5, 3), r"samples must have shape \(..., n, 2\) with n at least 1; got \(5, 3\)"),
        (torch.zeros(2), "samples must have shape"),
        (torch.zeros(0, 2), "samples must have shape"),
        (torch.zeros(5, 2, dtype=torch.int64), "samples must be a floating-point tensor"),
        ([[1.0, 2.0]], "samples must be a floating-point tensor"),
    ],
)
def test_bad_samples_are_refused(metric: Metric, samples: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        metric(samples, ring())  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["jensen_shannon", "forward_kl", "reverse_kl", "chi_squared"])
def test_divergences_are_for_one_and_two_dimensions(name: str) -> None:
    assert not METRICS[name].fits(digits())
    with pytest.raises(ValueError, match="dimension"):
        METRICS[name](torch.zeros(5, 64), digits())
    with pytest.raises(ValueError, match="one or two dimensions; digits has 64"):
        METRICS[name].function(torch.zeros(5, 64), digits())


def test_costly_metrics_use_the_first_samples() -> None:
    metric = METRICS["wasserstein"]
    assert metric.most is not None
    samples = ring().sample(metric.most + 50, seeded())
    assert torch.equal(metric(samples, ring()), metric(samples[: metric.most], ring()))


def test_importing_the_metrics_leaves_scipy_out() -> None:
    code = "import sys, gan_edu.metrics.perfect, gan_edu.metrics.verdict; sys.exit('scipy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.gpu
@EVERY
def test_the_same_value_on_cuda(metric: Metric, target: Target) -> None:
    there = target.to("cuda")
    samples = target.sample((3, 100), seeded())
    samples[2, 5] = math.nan
    if metric.against == "samples":
        reference = target.sample(100, seeded(1))
        value = metric.function(samples.cuda(), reference.cuda())
        expected = metric.function(samples, reference)
    else:
        value, expected = metric(samples.cuda(), there), metric(samples, target)
    assert value.device.type == "cuda"
    if metric.name == "sliced_wasserstein":  # the lines come from another generator there
        torch.testing.assert_close(value.cpu(), expected, rtol=0.3, atol=0, equal_nan=True)
    else:
        torch.testing.assert_close(value.cpu(), expected, rtol=1e-3, atol=1e-4, equal_nan=True)
    assert metric(samples[:2].cuda(), there).isfinite().all()
