"""Two parallel lines: every closed form against an independent one, and the drawing that is made of them."""

from __future__ import annotations

import math
import re
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest
import torch
from scipy import integrate, stats

from gan_edu.data.line import line
from gan_edu.figures.parallel_lines import ACROSS, LEFT, Walk, parallel_lines_figure
from gan_edu.metrics.criterion import criterion
from gan_edu.metrics.distances import wasserstein
from gan_edu.metrics.divergences import jensen_shannon as jensen_shannon_of_samples
from gan_edu.views import parallel_lines as lines

CASES = [(1.0, 0.5), (-0.7, 0.2), (0.3, 1.0), (1.5, 0.1), (0.02, 0.05)]


def bells(theta: float, noise: float):
    x = torch.linspace(-12 * noise - 2, 12 * noise + 2, 8001, dtype=torch.float64)
    p, q = (torch.from_numpy(stats.norm.pdf(x.numpy(), mean, noise)) for mean in (0.0, theta))
    return x, p, q


@pytest.mark.parametrize(("theta", "noise"), CASES)
def test_jensen_shannon_is_what_the_criterion_says(theta: float, noise: float) -> None:
    x, p, q = bells(theta, noise)
    expected = (float(criterion(p, q, x)) + math.log(4)) / 2
    assert float(lines.jensen_shannon(theta, noise)) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(("theta", "noise"), CASES)
def test_slopes_are_those_of_the_losses_with_the_opponent_held(theta: float, noise: float) -> None:
    """Each loss is an integral over the generator's bell; only the bell moves with theta, D* stays."""

    def loss(kind, place: float) -> float:
        def integrand(x: float) -> float:
            d = float(lines.best_discriminator(x, theta, noise))
            return stats.norm.pdf(x, place, noise) * kind(min(max(d, 1e-300), 1 - 1e-16))

        ends = (place - 9 * noise, place + 9 * noise)
        return integrate.quad(integrand, *ends, limit=400, points=[theta / 2], epsabs=1e-11)[0]

    found = lines.slopes(theta, noise)
    step = 1e-4 * noise
    for name, kind in (("minimax", lambda d: math.log1p(-d)), ("non_saturating", lambda d: -math.log(d))):
        slope = (loss(kind, theta + step) - loss(kind, theta - step)) / (2 * step)
        assert float(found[name]) == pytest.approx(slope, rel=1e-3, abs=1e-4), name
    h = 1e-5 * noise
    jsd = [float(lines.jensen_shannon(theta + s * h, noise)) for s in (1, -1)]
    assert float(found["minimax"]) == pytest.approx((jsd[0] - jsd[1]) / h, rel=1e-4, abs=1e-5)
    kl = [float(lines.kullback_leibler(theta + s * h, noise)) for s in (1, -1)]
    assert float(found["likelihood"]) == pytest.approx((kl[0] - kl[1]) / (2 * h), rel=1e-6)
    assert float(found["wasserstein"]) == math.copysign(1, theta)
    assert float(found["minimax"] + found["non_saturating"]) == pytest.approx(float(found["likelihood"]))


@pytest.mark.parametrize(("theta", "noise"), CASES)
def test_kullback_leibler_by_quadrature(theta: float, noise: float) -> None:
    x, p, _ = bells(theta, noise)
    log_ratio = stats.norm.logpdf(x.numpy(), 0, noise) - stats.norm.logpdf(x.numpy(), theta, noise)
    expected = float(torch.trapezoid(p * torch.from_numpy(log_ratio), x))
    assert float(lines.kullback_leibler(theta, noise)) == pytest.approx(expected, rel=1e-6)


def test_the_best_discriminator_is_p_over_p_plus_q() -> None:
    x, p, q = bells(0.8, 0.4)
    seen = (p + q) > 1e-200
    found = torch.from_numpy(lines.best_discriminator(x.numpy(), 0.8, 0.4))
    torch.testing.assert_close(found[seen], (p / (p + q))[seen], rtol=0, atol=1e-9)
    assert lines.best_discriminator([0.0, 0.8], 0.8).tolist() == [1.0, 0.0]
    assert lines.best_discriminator([0.0, 3.0], 0.0).tolist() == [0.5, 0.5]
    # without noise it is the limit of little noise
    far = np.array([-1.0, 0.3, 0.5, 1.2])
    np.testing.assert_allclose(
        lines.best_discriminator(far, 0.8, 0.01), lines.best_discriminator(far, 0.8), atol=1e-6
    )


def test_without_noise_only_the_earth_mover_sees_the_distance() -> None:
    theta = np.array([-1.0, -1e-9, 0.0, 1e-9, 0.3])
    assert lines.jensen_shannon(theta).tolist() == [math.log(2)] * 2 + [0.0] + [math.log(2)] * 2
    assert lines.kullback_leibler(theta).tolist() == [math.inf] * 2 + [0.0] + [math.inf] * 2
    assert lines.earth_mover(theta).tolist() == [1.0, 1e-9, 0.0, 1e-9, 0.3]
    told = lines.slopes(theta)
    assert told["minimax"].tolist() == [0.0] * 5
    assert told["wasserstein"].tolist() == [-1, -1, 0, 1, 1]
    assert told["non_saturating"].tolist() == [-math.inf, -math.inf, 0, math.inf, math.inf]


def test_the_best_critic_reaches_the_distance_and_is_nowhere_steeper_than_one() -> None:
    x = np.linspace(-2, 2, 401)
    for theta in (-0.7, 1.2):
        f = lines.best_critic(x, theta)
        assert np.abs(np.diff(f) / np.diff(x)).max() == pytest.approx(1)
        real, fake = lines.best_critic([0.0, theta], theta)
        assert real - fake == pytest.approx(abs(theta))


def test_samples_measure_the_same() -> None:
    """The package's metrics on points of the lines."""
    draw = torch.Generator().manual_seed(0)
    height = torch.rand(400, 1, generator=draw)
    real = torch.cat([torch.zeros_like(height), height], -1)
    fake = real.flip(0) + torch.tensor([0.8, 0.0])
    assert float(wasserstein(real, fake, order=1)) == pytest.approx(0.8, abs=1e-6)
    samples = 1.0 + 0.5 * torch.randn(200_000, 1, generator=draw)
    found = float(jensen_shannon_of_samples(samples, line(means=[0.0], stds=[0.5])))
    assert found == pytest.approx(float(lines.jensen_shannon(1.0, 0.5)), abs=0.003)


def test_descent_stands_still_walks_straight_or_leaves() -> None:
    assert set(lines.descent(1.0, "minimax", steps=30)) == {1.0}
    straight = lines.descent(1.0, "wasserstein", steps=30, rate=0.05)
    np.testing.assert_allclose(straight[:21], 1 - 0.05 * np.arange(21), atol=1e-12)
    assert set(straight[20:]) == {0.0}
    fro = lines.descent(0.12, "wasserstein", steps=10, rate=0.05)
    np.testing.assert_allclose(np.abs(fro[3:]), [0.03, 0.02] * 4, atol=1e-12)  # to and fro for ever
    noisy = lines.descent(1.0, "minimax", noise=0.5, steps=60)
    assert abs(noisy[-1]) < 0.01
    assert (np.diff(noisy) < 0).all()
    assert len(lines.descent(1.0, "non_saturating", steps=5)) == 1  # no finite slope
    away = lines.descent(1.0, "likelihood", noise=0.1, steps=500, rate=0.05)  # factor 1 - 0.05/0.01 = -4
    np.testing.assert_allclose(away[1:4], [-4.0, 16.0, -64.0])
    assert lines.FARTHEST < abs(away[-1]) <= 4 * lines.FARTHEST


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: lines.jensen_shannon(1.0, -1), "noise must be a finite number of at least 0; got -1"),
        (lambda: lines.slopes(1.0, math.nan), "noise must be a finite number"),
        (lambda: lines.parallel_lines(math.inf), "theta must be a finite number"),
        (lambda: lines.descent(1.0, "hinge"), "loss must be one of minimax, non_saturating, likelihood"),
        (lambda: lines.descent(1.0, "minimax", rate=0), "rate above 0"),
        (lambda: parallel_lines_figure(lines.parallel_lines(1.0), loss="hinge"), "loss must be one of"),
        (lambda: parallel_lines_figure(lines.parallel_lines(1.0), theme="blue"), "theme must be"),
    ],
)
def test_wrong_arguments_are_refused(call, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        call()


def numbers(path: str) -> np.ndarray:
    return np.array([[float(v) for v in pair] for pair in re.findall(r"[ML]([-\d.]+),([-\d.]+)", path)])


def test_the_drawing_shows_the_arrays() -> None:
    seen = lines.parallel_lines(0.6, 0.4)
    walk = Walk([1.0, 0.9, 0.8], "minimax")
    drawing = parallel_lines_figure(seen, [walk], loss="wasserstein")
    root = ElementTree.fromstring(drawing.svg)
    assert root.tag.endswith("svg")
    curves = [numbers(part.get("d", "")) for part in root.iter() if part.tag.endswith("path")]
    whole = [curve for curve in curves if len(curve) == lines.NODES]
    assert len(whole) == 4  # D*, f*, JSD, W: KL leaves the panel
    for curve in whole:
        x = (curve[:, 0] - LEFT) / ACROSS * 2 * lines.REACH - lines.REACH
        np.testing.assert_allclose(x, seen.x, atol=1e-3)
    heights = np.array(
        [seen.prob_real, seen.critic, seen.distances["jensen_shannon"], seen.distances["earth_mover"]]
    )
    for curve, height in zip(whole, heights, strict=True):  # a straight line maps one to the other, downwards
        slope, _ = np.polyfit(height, curve[:, 1], 1)
        assert slope < 0
        assert np.corrcoef(height, curve[:, 1])[0, 1] < -0.9999
    assert len([curve for curve in curves if len(curve) == 3 and curve[0, 0] > LEFT + ACROSS]) == 1
    words = "".join(root.itertext())
    assert f"{-seen.slopes['minimax']:.3f}".replace("-", "−") in words
    assert drawing.alt in words
    assert "data:image/svg+xml" in drawing._repr_html_()


def test_the_drawing_has_gaps_and_no_mark_outside() -> None:
    for theta, noise in ((0.0, 0.0), (1.5, 0.0), (-900.0, 0.1), (0.2, 0.01)):
        drawing = parallel_lines_figure(lines.parallel_lines(theta, noise), theme="dark")
        root = ElementTree.fromstring(drawing.svg)
        places = [float(part.get("cx", "0")) for part in root.iter() if part.tag.endswith("circle")]
        assert all(0 <= place <= 800 for place in places)
        assert "nan" not in drawing.svg
    assert "KL ∞" in parallel_lines_figure(lines.parallel_lines(0.4)).alt


def test_the_race() -> None:
    scenes = lines.race(("one", "two", "three"), steps=30, caption="step {step}")
    assert [scene.step for scene in scenes] == list(range(31))
    assert scenes[7].caption == "step 7"
    places = np.array([scene.samples.reshape(3, -1, 2)[:, 0, 0] for scene in scenes])
    for k, (loss, noise) in enumerate(lines.RACE):
        np.testing.assert_allclose(places[:, k], lines.descent(1.0, loss, noise=noise, steps=30), atol=1e-12)
    assert places[-1].round(2).tolist()[0] == 1.0
    assert abs(places[-1, 2]) < 1e-9
