"""C(G) by quadrature against closed forms and an independent integrator."""

from __future__ import annotations

import math

import pytest
import torch
from scipy import integrate, stats

from gan_edu.data.line import line
from gan_edu.metrics.criterion import criterion
from gan_edu.metrics.divergences import jensen_shannon

X = torch.linspace(-12, 12, 4001, dtype=torch.float64)


def normal(mean: float, std: float = 1.0, x: torch.Tensor = X) -> torch.Tensor:
    return torch.distributions.Normal(torch.tensor(mean, dtype=x.dtype), std).log_prob(x).exp()


def by_scipy(mean: float, std: float) -> float:
    """C(G) for N(0, 1) against N(mean, std^2), by adaptive quadrature of logarithms that never underflow."""
    p, q = stats.norm(0, 1), stats.norm(mean, std)

    def integrand(x: float) -> float:
        log_ratio = p.logpdf(x) - q.logpdf(x)  # log D* = -log(1 + exp(-log_ratio))
        log_d, log_not_d = -math.log1p(math.exp(-log_ratio)), -math.log1p(math.exp(log_ratio))
        return p.pdf(x) * log_d + q.pdf(x) * log_not_d

    return integrate.quad(integrand, -12, 12, limit=200, epsabs=1e-12, epsrel=1e-12)[0]


def test_equal_densities_give_minus_log_4() -> None:
    assert float(criterion(normal(0.3, 0.7), normal(0.3, 0.7), X)) == pytest.approx(-math.log(4), abs=1e-12)


def test_disjoint_densities_give_0() -> None:
    p, q = ((X - centre).abs().lt(1).double() / 2 for centre in (-3, 3))
    assert float(criterion(p, q, X)) == 0


@pytest.mark.parametrize(("mean", "std"), [(0.0, 1.0), (0.5, 1.0), (2.0, 1.0), (1.0, 0.5), (-3.0, 2.0)])
def test_two_gaussians_agree_with_adaptive_quadrature(mean: float, std: float) -> None:
    assert float(criterion(normal(0.0), normal(mean, std), X)) == pytest.approx(by_scipy(mean, std), abs=1e-9)


def test_it_is_the_jensen_shannon_divergence_that_the_metric_estimates() -> None:
    target = line(means=[0.0], stds=[1.0])
    samples = 0.7 * torch.randn(400_000, 1, generator=torch.Generator().manual_seed(0)) + 0.5
    measured = float(jensen_shannon(samples, target))
    value = float(criterion(normal(0.0), normal(0.5, 0.7), X))
    assert (value + math.log(4)) / 2 == pytest.approx(measured, abs=1e-3)


def test_no_discriminator_has_a_higher_value() -> None:
    p, q = normal(0.0), normal(1.0, 0.6)
    best = float(criterion(p, q, X))
    generator = torch.Generator().manual_seed(0)
    for _ in range(20):
        bend = torch.randn(3, generator=generator, dtype=torch.float64)
        logits = (p / q).log() + bend[0] + bend[1] * X + bend[2] * X.sin()
        other = p * torch.nn.functional.logsigmoid(logits) + q * torch.nn.functional.logsigmoid(-logits)
        assert float(torch.trapezoid(other, X)) < best


def test_leading_axes_are_runs_and_nan_stays() -> None:
    q = torch.stack([normal(0.0), normal(1.0), torch.full_like(X, math.nan)])
    values = criterion(normal(0.0).expand(3, -1), q, X)
    assert values[0] == pytest.approx(-math.log(4))
    assert values[1] == pytest.approx(float(criterion(normal(0.0), normal(1.0), X)))
    assert values[2].isnan()


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="must have one K; got"):
        criterion(normal(0.0), normal(0.0)[:-1], X)
    with pytest.raises(ValueError, match="x must increase; its smallest step is -"):
        criterion(normal(0.0), normal(0.0), X.flip(0))
