"""Every target of the catalogue, found by scanning: a new file is tested without an edit here."""

import json
import math
import warnings

import numpy as np
import pytest
import torch
from scipy import stats

from gan_edu import catalogue
from gan_edu.data.digits import digits
from gan_edu.data.drawn import FACE, drawn
from gan_edu.data.grid import grid
from gan_edu.data.line import line
from gan_edu.data.moons import moons
from gan_edu.data.ring import ring
from gan_edu.data.target import Target

# A p-value below this fails: right code would in one of 10,000 seeds, and the seeds are fixed. Every
# statistical test also shows that a deliberately broken variant falls below it.
DOUBT = 1e-4
N = 20_000

TARGETS = {name: entry.function() for name, entry in catalogue.entries("data").items()}
TARGETS["line with unequal weights"] = line(means=[-2, 0, 1.5], stds=[0.5, 0.1, 0.3], weights=[0.2, 0.5, 0.3])
TARGETS["ring of one"] = ring(modes=1)
ALL = pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS.keys())
FLAT = pytest.mark.parametrize(
    "target",
    [target for target in TARGETS.values() if target.dim <= 2],
    ids=[name for name, target in TARGETS.items() if target.dim <= 2],
)


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def wider(target: Target, factor: float) -> Target:
    """A sampler with a wrong standard deviation, like the published ones."""
    return Target(target.name, target.components, target.stds * factor, target.weights, target.modes)


def test_the_catalogue_holds_all_targets() -> None:
    assert {"ring", "grid", "line", "moons", "drawn", "digits"} <= set(catalogue.entries("data"))


@ALL
def test_fields_fit_each_other(target: Target) -> None:
    count = len(target.components)
    assert target.components.shape == (count, target.dim)
    assert target.stds.shape == target.weights.shape == target.modes.shape == (count,)
    assert target.components.dtype == target.stds.dtype == target.weights.dtype == torch.float32
    assert math.isclose(float(target.weights.double().sum()), 1, abs_tol=1e-5)
    assert math.isclose(float(target.mode_weights.sum()), 1, abs_tol=1e-5)
    assert target.mode_weights.shape == (target.n_modes,)
    assert float(target.mode_weights.min()) > 0
    assert target.image_shape is None or math.prod(target.image_shape) == target.dim


@ALL
def test_no_two_components_are_the_same_place(target: Target) -> None:
    # a ring made with linspace(0, 2 pi, M) fails here: its first mode is its last
    assert len(target.components.round(decimals=5).unique(dim=0)) == len(target.components)


def test_distinctness_would_catch_a_ring_that_ends_where_it_starts() -> None:
    angles = torch.linspace(0, 2 * math.pi, 8)
    centres = torch.stack([angles.cos(), angles.sin()], -1)
    assert len(centres.round(decimals=5).unique(dim=0)) == 7


@ALL
def test_recipe_survives_json_and_makes_the_same_target(target: Target) -> None:
    again = catalogue.build(json.loads(json.dumps(target.recipe)))
    assert torch.equal(again.components, target.components)
    assert torch.equal(again.weights, target.weights)
    assert again.recipe == target.recipe
    assert torch.equal(again.sample(50, seeded()), target.sample(50, seeded()))


@ALL
def test_sampling_repeats_exactly_from_the_generator(target: Target) -> None:
    before = torch.random.get_rng_state()
    first, second = target.sample((3, 50), seeded(5)), target.sample((3, 50), seeded(5))
    assert torch.equal(first, second)
    assert not torch.equal(first, target.sample((3, 50), seeded(6)))
    assert first.shape == (3, 50, target.dim)
    assert torch.equal(before, torch.random.get_rng_state())  # the global generator is left alone


@ALL
@pytest.mark.parametrize("shape", [(), 0, 7, (2, 0, 3)])
def test_sampling_takes_any_shape(target: Target, shape: tuple[int, ...] | int) -> None:
    samples, components = target.sample_with_components(shape, seeded())
    expected = (shape,) if isinstance(shape, int) else shape
    assert samples.shape == (*expected, target.dim)
    assert components.shape == expected


@pytest.mark.parametrize("shape", [-1, (3, -2), (2.0,), "5"])
def test_a_bad_shape_is_refused(shape: object) -> None:
    with pytest.raises(ValueError, match="shape must hold whole numbers"):
        ring().sample(shape, seeded())  # type: ignore[arg-type]


def noise_p_value(target: Target, samples: torch.Tensor, components: torch.Tensor) -> float:
    """Two-sided: the declared stds say that the scaled noise has a standard normal's sum of squares."""
    scaled = (samples - target.components[components]) / target.stds[components].unsqueeze(-1)
    total, count = float(scaled.double().square().sum()), scaled.numel()
    below = stats.norm.cdf((total - count) / math.sqrt(2 * count))
    return 2 * min(below, 1 - below)


@ALL
def test_noise_has_the_declared_standard_deviation(target: Target) -> None:
    samples, components = target.sample_with_components(N, seeded(1))
    assert noise_p_value(target, samples, components) > DOUBT
    for factor in (0.95, 1.05):  # power: five percent off is seen
        samples, components = wider(target, factor).sample_with_components(N, seeded(1))
        assert noise_p_value(target, samples, components) < DOUBT


@ALL
def test_every_component_has_its_own_spread(target: Target) -> None:
    few = Target("few", *(getattr(target, f)[:3] for f in ("components", "stds")), *_equal(target))
    samples, components = few.sample_with_components(N, seeded(2))
    for index, std in enumerate(few.stds.tolist()):
        noise = samples[components == index] - few.components[index]
        count = noise.numel()
        # 5 standard errors on either side
        assert float(noise.double().std()) == pytest.approx(std, rel=5 / math.sqrt(2 * count))
        assert float(noise.double().mean()) == pytest.approx(0, abs=5 * std / math.sqrt(count))


def _equal(target: Target) -> tuple[torch.Tensor, torch.Tensor]:
    count = min(3, len(target.components))
    return torch.full((count,), 1 / count), torch.arange(count)


def frequency_p_value(target: Target, samples: torch.Tensor, components: torch.Tensor) -> float:
    observed = torch.bincount(target.modes[components], minlength=target.n_modes).double().numpy()
    expected = target.mode_weights.double().numpy()
    return float(stats.chisquare(observed, expected / expected.sum() * observed.sum()).pvalue)


@ALL
def test_modes_come_as_often_as_their_weights_say(target: Target) -> None:
    samples, components = target.sample_with_components(N, seeded(3))
    if target.n_modes == 1:
        assert int(target.modes[components].max()) == 0
        return
    assert frequency_p_value(target, samples, components) > DOUBT
    keep = torch.ones(N, dtype=torch.bool)
    keep[(target.modes[components] == 0).nonzero().view(-1)[::4]] = False  # power: a quarter of one mode lost
    assert frequency_p_value(target, samples[keep], components[keep]) < DOUBT


def marginal_p_value(target: Target, samples: torch.Tensor, axis: int) -> float:
    centres, widths, weights = (t.double().numpy() for t in (target.components, target.stds, target.weights))

    def cdf(x: np.ndarray) -> np.ndarray:
        return stats.norm.cdf((x[:, None] - centres[:, axis]) / widths) @ (weights / weights.sum())

    return float(stats.kstest(samples[:, axis].double().numpy(), cdf).pvalue)


@FLAT
def test_marginals_follow_the_mixture(target: Target) -> None:
    samples = target.sample(N, seeded(4))
    for axis in range(target.dim):
        assert marginal_p_value(target, samples, axis) > DOUBT
    # power: a shift of a tenth of the data's spread, and 10 % of one mode in the place of the others
    assert marginal_p_value(target, samples + 0.1 * samples.std(), 0) < DOUBT
    mixed = torch.where(torch.arange(N)[:, None] % 10 == 0, target.components[:1], samples)
    assert marginal_p_value(target, mixed, 0) < DOUBT


@FLAT
def test_density_integrates_to_one(target: Target) -> None:
    target = target.to("cpu", torch.float64)
    x_min, x_max, y_min, y_max = target.extent
    x = torch.linspace(x_min, x_max, 801, dtype=torch.float64)
    y = torch.linspace(y_min, y_max, 801, dtype=torch.float64)
    if target.dim == 1:
        total = float(target.log_prob(x[:, None]).exp().sum() * (x[1] - x[0]))
    else:
        points = torch.stack(torch.meshgrid(x, y, indexing="xy"), -1)
        total = float(target.log_prob(points).exp().sum() * (x[1] - x[0]) * (y[1] - y[0]))
    assert total == pytest.approx(1, abs=1e-4)


def scipy_log_prob(target: Target, x: torch.Tensor) -> np.ndarray:
    parts = [
        math.log(weight) + stats.multivariate_normal.logpdf(x.double().numpy(), centre, std**2)
        for weight, centre, std in zip(
            target.weights.tolist(), target.components.double().numpy(), target.stds.tolist(), strict=True
        )
    ]
    return np.logaddexp.reduce(np.stack([np.atleast_1d(part) for part in parts]), 0)


@ALL
def test_log_prob_is_scipys(target: Target) -> None:
    near = target.sample(10, seeded(7))
    x = torch.cat([near, near + 0.3, 3 * near])
    expected = scipy_log_prob(target, x)
    doubles = target.to("cpu", torch.float64)
    np.testing.assert_allclose(doubles.log_prob(x.double()).numpy(), expected, rtol=1e-8, atol=1e-6)
    # single precision: relative to the exponent, which is large far from the data
    np.testing.assert_allclose(target.log_prob(x).numpy(), expected, rtol=1e-3, atol=5e-2)
    assert not np.allclose(wider(doubles, 1.02).log_prob(x.double()).numpy(), expected, rtol=1e-3)


@ALL
def test_log_prob_and_nearest_keep_leading_axes(target: Target) -> None:
    x = target.sample((2, 3, 4), seeded(8))
    flat = x.reshape(-1, target.dim)
    torch.testing.assert_close(target.log_prob(x), target.log_prob(flat).reshape(2, 3, 4))
    for whole, part in zip(target.nearest(x), target.nearest(flat), strict=True):
        assert torch.equal(whole, part.reshape(2, 3, 4))


@ALL
def test_nearest_is_brute_force(target: Target) -> None:
    x = torch.cat([target.sample(30, seeded(9)), 2 * target.sample(30, seeded(10)) + 0.1]).double()
    target = target.to("cpu", torch.float64)
    distance, component = target.nearest(x)
    every = [
        (float((point - centre).norm() / std), index)
        for point in x
        for index, (centre, std) in enumerate(zip(target.components[:200], target.stds[:200], strict=True))
    ]
    count = len(every) // len(x)
    best = [min(every[i * count : (i + 1) * count]) for i in range(len(x))]
    if count == len(target.components):
        np.testing.assert_allclose(distance.numpy(), [b[0] for b in best], rtol=1e-9)
        # where two are as near, either will do
        chosen = (x - target.components[component]).norm(dim=-1) / target.stds[component]
        torch.testing.assert_close(chosen, distance)
    else:
        assert all(d <= b[0] + 1e-9 for d, b in zip(distance.tolist(), best, strict=True))
    assert int(component.min()) >= 0
    assert int(component.max()) < len(target.components)


def test_nearest_is_exact_where_stds_are_tiny() -> None:
    target = ring(std=1e-4)
    x = (target.components + torch.tensor([2e-4, 0.0])).unsqueeze(0)
    distance, component = target.nearest(x)
    # float32 holds places near 2 to 1.2e-7, a thousandth of a standard deviation
    torch.testing.assert_close(distance, torch.full((1, 8), 2.0), atol=5e-3, rtol=0)
    assert component.tolist() == [list(range(8))]


def test_nearest_weighs_distance_by_the_standard_deviation() -> None:
    target = line(means=[0, 1], stds=[1.0, 0.01])
    distance, component = target.nearest(torch.tensor([[0.9]]))
    assert component.tolist() == [0]
    assert float(distance) == pytest.approx(0.9)


@ALL
def test_points_that_are_not_finite_are_infinitely_far(target: Target) -> None:
    x = torch.full((3, target.dim), 1.0)
    x[0], x[1, 0] = math.nan, math.inf
    distance, component = target.nearest(x)
    assert distance.isfinite().tolist() == [False, False, True]
    assert int(component.max()) < len(target.components)


@ALL
def test_inputs_are_left_alone(target: Target) -> None:
    x = target.sample((2, 5), seeded())
    copy, fields = x.clone(), [target.components.clone(), target.stds.clone(), target.weights.clone()]
    target.log_prob(x)
    target.nearest(x)
    target.sample(10, seeded())
    assert torch.equal(x, copy)
    assert all(map(torch.equal, fields, (target.components, target.stds, target.weights)))


@ALL
def test_moving_changes_precision_of_everything(target: Target) -> None:
    doubles = target.to("cpu", torch.float64)
    assert doubles.components.dtype == doubles.stds.dtype == doubles.weights.dtype == torch.float64
    assert doubles.modes.dtype == torch.int64
    assert doubles.recipe == target.recipe
    samples = doubles.sample(5, seeded())
    assert samples.dtype == doubles.log_prob(samples).dtype == torch.float64
    assert target.log_prob(samples).dtype == torch.float32  # a point is brought to the target's precision


@ALL
def test_extent_holds_the_data(target: Target) -> None:
    x_min, x_max, y_min, y_max = target.extent
    assert x_min < x_max
    assert y_min < y_max
    samples = target.sample(2000, seeded())
    assert float(samples[:, 0].min()) > x_min
    assert float(samples[:, 0].max()) < x_max
    if target.dim == 2:
        assert float(samples[:, 1].min()) > y_min
        assert float(samples[:, 1].max()) < y_max
        assert x_max - x_min == pytest.approx(y_max - y_min)


def test_log_prob_has_the_mixtures_gradient() -> None:
    target = line(means=[-1, 1], stds=[0.5, 0.3], weights=[0.3, 0.7]).to("cpu", torch.float64)
    x = torch.linspace(-2, 2, 9, dtype=torch.float64)[:, None].requires_grad_()
    assert torch.autograd.gradcheck(target.log_prob, (x,))
    points = ring(std=0.5).to("cpu", torch.float64).components.clone().requires_grad_()  # on the very centres
    assert torch.autograd.gradcheck(ring(std=0.5).to("cpu", torch.float64).log_prob, (points,))


@pytest.mark.parametrize("call", [Target.log_prob, Target.nearest])
def test_points_of_another_dimension_are_refused(call) -> None:
    with pytest.raises(ValueError, match=r"must end in 2 coordinates for ring; got shape \(5, 3\)"):
        call(ring(), torch.zeros(5, 3))


@pytest.mark.gpu
@ALL
def test_the_same_target_on_cuda(target: Target) -> None:
    there = target.to("cuda")
    samples, components = there.sample_with_components((50, 400), torch.Generator("cuda").manual_seed(1))
    assert samples.device.type == components.device.type == "cuda"
    assert noise_p_value(target, samples.cpu(), components.cpu()) > DOUBT
    if target.n_modes > 1:
        assert frequency_p_value(target, samples.cpu().flatten(0, 1), components.cpu().flatten()) > DOUBT
    few = samples[0]
    torch.testing.assert_close(there.log_prob(few).cpu(), target.log_prob(few.cpu()), rtol=1e-3, atol=5e-2)
    torch.testing.assert_close(
        there.nearest(few)[0].cpu(), target.nearest(few.cpu())[0], rtol=1e-3, atol=1e-3
    )


# --- the parts of a hand-made target are checked ---


def parts(**changes: object) -> dict:
    usual = {
        "components": torch.zeros(2, 1),
        "stds": torch.ones(2),
        "weights": torch.full((2,), 0.5),
        "modes": torch.arange(2),
    }
    return usual | changes


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"stds": torch.ones(3)}, "a target needs"),
        ({"components": torch.zeros(2)}, "a target needs"),
        ({"components": torch.full((2, 1), math.nan)}, "components must be finite"),
        ({"stds": torch.tensor([1.0, 0.0])}, "stds must be positive"),
        ({"stds": torch.tensor([1.0, math.nan])}, "stds must be positive"),
        ({"weights": torch.tensor([0.5, 0.6])}, r"sum to 1; they sum to 1\.1"),
        ({"weights": torch.tensor([1.5, -0.5])}, "non-negative"),
        ({"modes": torch.tensor([0, 2])}, "without a gap"),
        ({"labels": ("one",)}, "labels must name all 2 modes"),
    ],
)
def test_parts_that_do_not_fit_are_refused(changes: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Target("by hand", **parts(**changes))


def test_a_component_without_weight_is_never_drawn() -> None:
    target = line(means=[0, 1, 2], stds=[0.1, 0.1, 0.1], weights=[0.0, 1.0, 0.0])
    _, components = target.sample_with_components(5000, seeded())
    assert components.unique().tolist() == [1]
    assert bool(target.log_prob(torch.tensor([[0.0], [1.0]])).isfinite().all())


# --- ring and grid ---


def test_ring_is_a_circle_of_equal_steps() -> None:
    target = ring(modes=6, radius=3)
    torch.testing.assert_close(target.components.norm(dim=-1), torch.full((6,), 3.0))
    steps = (target.components - target.components.roll(1, 0)).norm(dim=-1)
    torch.testing.assert_close(steps, torch.full((6,), 3.0))  # a hexagon's side is its radius


def test_grid_is_a_lattice_around_the_origin() -> None:
    target = grid(side=5, spacing=2)
    axis = [-4.0, -2.0, 0.0, 2.0, 4.0]
    assert target.components.tolist() == [[x, y] for y in axis for x in axis]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: ring(modes=0), "ring: modes must be a whole number from 1 to 256; got 0"),
        (lambda: ring(radius=0), "ring: radius must be"),
        (lambda: ring(std=math.nan), "ring: std must be"),
        (lambda: grid(side=2.5), "grid: side must be a whole number"),
        (lambda: grid(spacing=-1), "grid: spacing must be"),
        (lambda: moons(noise=0), "moons: noise must be"),
        (lambda: ring(colour="red"), "ring: .*parameters are modes, radius, std"),
    ],
)
def test_a_parameter_out_of_range_is_refused(make, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()


# --- line ---


def test_the_default_line_is_mad_gans_mixture_standardised() -> None:
    target = line()
    torch.testing.assert_close(
        target.components[:, 0] * 37 + 56, torch.tensor([10.0, 20, 60, 80, 110]), rtol=0, atol=1e-4
    )
    torch.testing.assert_close(target.stds * 37, torch.tensor([3.0, 3, 2, 2, 1]))
    mean = float((target.weights * target.components[:, 0]).sum())
    variance = float((target.weights * (target.components[:, 0] ** 2 + target.stds**2)).sum()) - mean**2
    assert mean == pytest.approx(0, abs=0.01)
    assert math.sqrt(variance) == pytest.approx(1, abs=0.02)


def test_line_takes_arrays() -> None:
    target = line(means=np.array([0, 1]), stds=(0.1, 0.2), weights=torch.tensor([0.25, 0.75]))
    assert target.recipe is not None
    assert target.recipe["arguments"] == {"means": [0, 1], "stds": [0.1, 0.2], "weights": [0.25, 0.75]}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"means": []}, "means must be a list of finite numbers, not empty"),
        ({"means": [0, math.inf]}, "means must be a list of finite numbers"),
        ({"means": 3.0}, "means must be a list"),
        ({"means": ["a"]}, "means must be a list"),
        ({"means": [0, 1], "stds": [1]}, "equal lengths; got 2, 1 and 2"),
        ({"means": [0, 1], "stds": [1, 1], "weights": [1]}, "equal lengths; got 2, 2 and 1"),
        ({"means": [1, 1], "stds": [1, 1]}, "means must all be different"),
        ({"means": [0, 1], "stds": [1, 0]}, "stds must be positive"),
        ({"means": [0, 1], "stds": [1, 1], "weights": [0.5, 0.6]}, r"sum to 1; got \[0.5, 0.6\], sum 1.1"),
        ({"means": [0, 1], "stds": [1, 1], "weights": [1.5, -0.5]}, "weights must be non-negative"),
    ],
)
def test_line_refuses(arguments: dict, message: str) -> None:
    with pytest.raises(ValueError, match=f"line: .*{message}"):
        line(**arguments)


# --- moons ---


@pytest.mark.parametrize("noise", [0.02, 0.1, 0.3])
def test_moons_are_scikit_learns(noise: float) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from sklearn.datasets import make_moons

    theirs, labels = make_moons(10_000, noise=noise, random_state=0)
    ours, components = moons(noise=noise).sample_with_components(10_000, seeded())
    modes = moons(noise=noise).modes[components].numpy()
    for mode in (0, 1):
        for axis in (0, 1):
            a, b = ours.numpy()[modes == mode, axis], theirs[labels == mode, axis]
            assert stats.ks_2samp(a, b).pvalue > DOUBT
            assert stats.ks_2samp(a + 0.1, b).pvalue < DOUBT  # power


def test_a_moons_density_is_smooth_along_the_arc() -> None:
    for noise in (0.01, 0.1, 1.0):
        t = torch.linspace(0.3 * math.pi, 0.7 * math.pi, 400, dtype=torch.float64)
        upper = moons(noise=noise).to("cpu", torch.float64)
        keep = upper.modes == 0
        half = Target(
            "upper", upper.components[keep], upper.stds[keep], 2 * upper.weights[keep], upper.modes[keep]
        )
        density = half.log_prob(torch.stack([t.cos(), t.sin()], -1)).exp()
        neighbours = (density[1:] - density[:-1]).abs().max() / density.max()
        assert float(neighbours) < 0.01


# --- drawn ---


def test_drawn_spreads_ink_by_length_not_by_the_hands_speed() -> None:
    fast = [(0.0, 0.0), (10.0, 0.0)]
    slow_start = [(x / 100, 0.0) for x in range(100)] + [(10.0, 0.0)]
    a, b = drawn(points=[fast]), drawn(points=[slow_start])
    torch.testing.assert_close(a.components, b.components, atol=1e-4, rtol=0)
    steps = a.components[1:, 0] - a.components[:-1, 0]
    torch.testing.assert_close(steps, torch.full_like(steps, 0.1), atol=1e-4, rtol=0)
    assert float(a.components[0, 0]) == pytest.approx(0.05)


def test_drawn_weighs_strokes_by_their_length() -> None:
    # 0.37 and 1.13 don't divide by the pieces' length: the pieces' weights make up for it
    target = drawn(points=[[(0, 0), (0.37, 0)], [(0, 1), (0, 2.13)]], std=0.1)
    torch.testing.assert_close(target.mode_weights, torch.tensor([0.37, 1.13]) / 1.5)
    assert target.n_modes == 2


def test_drawn_follows_corners() -> None:
    target = drawn(points=[[(0, 0), (1, 0), (1, 1)]], std=0.25)
    expected = [
        [0.125, 0],
        [0.375, 0],
        [0.625, 0],
        [0.875, 0],
        [1, 0.125],
        [1, 0.375],
        [1, 0.625],
        [1, 0.875],
    ]
    torch.testing.assert_close(target.components, torch.tensor(expected))


@pytest.mark.parametrize("dot", [[(1.0, 2.0)], [(1.0, 2.0)] * 5, [(1.0, 2.0), (1.0, 2.05)]])
def test_a_dot_is_a_stroke(dot: list) -> None:
    target = drawn(points=[dot, [(0, 0), (0.3, 0)]], std=0.1)
    torch.testing.assert_close(target.mode_weights, torch.tensor([0.25, 0.75]))
    torch.testing.assert_close(target.components[0], torch.tensor([1.0, 2.0]), atol=0.03, rtol=0)


def test_a_long_drawing_stays_small() -> None:
    scribble = [[(math.cos(i), math.sin(1.7 * i)) for i in range(3000)] for _ in range(3)]
    target = drawn(points=scribble, std=0.01)
    assert len(target.components) <= 512 + 3


def test_drawn_takes_arrays_and_keeps_a_json_recipe() -> None:
    target = drawn(points=[np.array([[0, 0], [1, 1]]), np.array([[2.0, 2.0]])])
    assert target.recipe is not None
    assert json.loads(json.dumps(target.recipe))["arguments"]["points"] == [[[0, 0], [1, 1]], [[2.0, 2.0]]]


def test_the_default_drawing_is_a_face() -> None:
    assert drawn().n_modes == len(FACE) == 4
    assert float(drawn().mode_weights.min()) > 0.02


@pytest.mark.parametrize(
    ("points", "message"),
    [
        ([], "at least one; got"),
        (None, "points must be a list of strokes"),
        ("abc", "points must be a list of strokes"),
        ([[]], r"at least one \(x, y\)"),
        (
            [(0, 0), (1, 1)],
            r"a stroke must be a list of at least one \(x, y\)",
        ),  # one stroke, not a list of them
        ([[(0, 0, 0)]], r"\(x, y\)"),
        ([[(0, math.nan)]], "finite"),
        ([[(0, 1), (2,)]], r"\(x, y\)"),
        ([[("a", "b")]], "finite numbers"),
    ],
)
def test_drawn_refuses(points: object, message: str) -> None:
    with pytest.raises(ValueError, match=f"drawn: .*{message}"):
        drawn(points=points)  # type: ignore[arg-type]


# --- digits ---


def test_digits_are_scikit_learns() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from sklearn.datasets import load_digits

    theirs, target = load_digits(), digits()
    np.testing.assert_array_equal((target.components.numpy() + 1) * 8, theirs.data)
    np.testing.assert_array_equal(target.modes.numpy(), theirs.target)
    assert target.labels == tuple("0123456789")
    assert target.image_shape == (8, 8)
    assert float(target.components.min()) == -1
    assert float(target.components.max()) == 1


def test_digits_keep_the_classes_asked_for() -> None:
    target, whole = digits(classes=[7, 3]), digits()
    assert target.labels == ("3", "7")
    assert target.n_modes == 2
    kept = (whole.modes == 3) | (whole.modes == 7)
    assert torch.equal(target.components, whole.components[kept])
    assert torch.equal(target.modes, (whole.modes[kept] == 7).long())


@pytest.mark.parametrize("std", [0.01, 0.05, 0.3])
def test_99_percent_of_unseen_real_digits_are_of_high_quality(std: float) -> None:
    whole = digits(std=std)
    order = torch.randperm(1797, generator=seeded())
    seen, fresh = order[:1500], order[1500:]
    target = Target(
        "seen",
        whole.components[seen],
        whole.stds[seen],
        torch.full((1500,), 1 / 1500),
        whole.modes[seen],
        quality_radius=whole.quality_radius,
    )
    noise = std * torch.randn(len(fresh), 64, generator=seeded())
    passed = (target.nearest(whole.components[fresh] + noise)[0] < target.quality_radius).double().mean()
    assert 0.96 <= float(passed) <= 1  # 297 images: 0.99 less 5 standard errors
    scrambled = whole.components[fresh][:, torch.randperm(64, generator=seeded())]
    assert float((target.nearest(scrambled)[0] < target.quality_radius).double().mean()) < 0.05


@pytest.mark.parametrize("classes", [[], [10], [-1], [1, 1], ["a"], [1.5], 3])
def test_digits_refuse_other_classes(classes: object) -> None:
    with pytest.raises(
        ValueError, match="digits: classes must be a list of different whole numbers from 0 to 9"
    ):
        digits(classes=classes)  # type: ignore[arg-type]
