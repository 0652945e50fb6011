"""The engine against a plain PyTorch loop that takes the same steps: `python -m benchmarks.engine`.

The plain loop is what a careful tutorial writes: nn.Sequential, torch.optim.Adam, the fakes detached in the
discriminator's step, the discriminator's parameters frozen in the generator's. Both do the same arithmetic on the
same batch sizes. Figures are medians over interleaved rounds, as ratios plain / engine *per run*, so that a busy
machine slows both. CPU time of one thread is counted, not wall time; on CUDA wall time after a synchronise.

`peak` is the share of this machine's matrix-multiply rate (measured here, a 1,024 square) that the multiplications
of the step reach; `bound` is the ratio that an engine would have which only multiplied matrices, at that rate.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable

import torch
from torch import nn
from torch.nn.functional import softplus

from gan_edu.data.ring import ring
from gan_edu.games.gan import gan
from gan_edu.training import train

LATENT = 2
CASES = [(32, 128, 1), (32, 128, 4), (32, 128, 16), (32, 128, 64), (64, 128, 1), (64, 128, 16), (64, 256, 16)]
CASES += [(128, 128, 1), (128, 128, 16), (128, 256, 16), (256, 256, 4)]
GOALS = {(32, 1): 3.0, (32, 16): 9.0, (64, 16): 4.0, (128, 16): 3.0}


def plain_step(width: int, batch: int, device: str) -> Callable[[], None]:
    """One alternating step of one GAN in idiomatic PyTorch."""
    target = ring().to(device)
    draws = torch.Generator(device=device).manual_seed(0)

    def net(n_in: int, n_out: int) -> nn.Sequential:
        layers = [
            nn.Linear(n_in, width),
            nn.ReLU(),
            nn.Linear(width, width),
            nn.ReLU(),
            nn.Linear(width, n_out),
        ]
        return nn.Sequential(*layers).to(device)

    g, d = net(LATENT, 2), net(2, 1)
    opt_g = torch.optim.Adam(g.parameters(), lr=1e-3, betas=(0.5, 0.999))
    opt_d = torch.optim.Adam(d.parameters(), lr=1e-3, betas=(0.5, 0.999))

    def latent() -> torch.Tensor:
        return torch.randn(batch, LATENT, generator=draws, device=device)

    def step() -> None:
        opt_d.zero_grad()
        loss = softplus(-d(target.sample(batch, draws))).mean() + softplus(d(g(latent()).detach())).mean()
        loss.backward()
        opt_d.step()
        d.requires_grad_(False)
        opt_g.zero_grad()
        softplus(-d(g(latent()))).mean().backward()
        opt_g.step()
        d.requires_grad_(True)

    return step


def engine_steps(width: int, batch: int, runs: int, device: str, steps: int) -> Callable[[], None]:
    """`steps` steps of a population, as the package trains it."""
    game = gan(ring(), width=width, latent_dim=LATENT)
    training = train(
        game, batch_size=batch, runs=runs, steps_per_frame=steps, optimizer="adam:beta1=0.5", device=device
    )
    next(training)

    def work() -> None:
        next(training)

    return work


def multiplications(width: int, batch: int) -> int:
    """Multiply-adds of one step of one run: forward, gradient of weights, gradient of inputs where needed."""
    g = LATENT * width + width**2 + 2 * width
    d = 2 * width + width**2 + width
    d_step = batch * g + 2 * batch * (d + d + width**2 + width)
    g_step = batch * (g + d) + batch * d + batch * (g + width**2 + 2 * width)
    return d_step + g_step


def seconds(work: Callable[[], None], device: str) -> float:
    """CPU seconds of one call (wall seconds on a GPU)."""
    clock = time.process_time if device == "cpu" else time.perf_counter
    began = clock()
    work()
    if device == "cuda":
        torch.cuda.synchronize()
    return clock() - began


def peak_rate(device: str) -> float:
    """Multiply-adds a second of a 1,024 x 1,024 matrix product."""
    a = torch.randn(1024, 1024, device=device)

    def work() -> None:
        torch.mm(a, a)

    return 1024**3 / min(seconds(work, device) for _ in range(9))


def compare(width: int, batch: int, runs: int, device: str, rounds: int) -> dict[str, float]:
    """Medians of interleaved rounds for one case."""
    plain, per_round = plain_step(width, batch, device), 60
    steps = max(4, per_round // max(1, runs // 4))
    engine = engine_steps(width, batch, runs, device, steps)

    def plain_round() -> None:
        for _ in range(per_round):
            plain()

    plain_round()
    engine()
    a, b, peaks = [], [], []
    for _ in range(rounds):
        a.append(seconds(plain_round, device) / per_round)
        b.append(seconds(engine, device) / (steps * runs))
        peaks.append(peak_rate(device))
    plain_s, engine_s, peak = statistics.median(a), statistics.median(b), statistics.median(peaks)
    floor = multiplications(width, batch) / peak
    return {
        "plain_ms": 1e3 * plain_s,
        "engine_ms": 1e3 * engine_s,
        "ratio": statistics.median(x / y for x, y in zip(a, b, strict=True)),
        "peak": floor / engine_s,
        "bound": plain_s / floor,
    }


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="cpu", choices=["cpu", "cuda"])
    parser.add_argument("--rounds", type=int, default=9)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    print(
        f"torch {torch.__version__}, {arguments.device}, one thread, medians of {arguments.rounds} interleaved rounds"
    )
    print("width batch runs | plain ms | engine ms per run | ratio | goal | share of matmul peak | bound")
    for width, batch, runs in CASES:
        r = compare(width, batch, runs, arguments.device, arguments.rounds)
        goal = GOALS.get((width, runs))
        print(
            f"{width:5} {batch:5} {runs:4} | {r['plain_ms']:8.3f} | {r['engine_ms']:17.4f} | {r['ratio']:5.2f} | "
            f"{f'{goal:.0f}' if goal else '-':>4} | {100 * r['peak']:19.0f}% | {r['bound']:.1f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
