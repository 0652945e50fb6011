"""What each of the engine's four tricks gains, on the machine at hand: `python -m benchmarks.tricks`.

Each is measured against the same code without it, in CPU time of one thread, medians of interleaved rounds.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Callable

import torch

from gan_edu import device
from gan_edu.data.ring import ring
from gan_edu.dynamics.dynamics import gradient
from gan_edu.games.game import Batch
from gan_edu.games.gan import gan
from gan_edu.training import train

ROUNDS, CALLS = 9, 200


def ratio(without: Callable[[], object], trick: Callable[[], object], calls: int = CALLS) -> float:
    """How many times quicker the trick is."""
    found = []
    for _ in range(ROUNDS + 1):
        took = []
        for work in (without, trick):
            began = time.process_time()
            for _ in range(calls):
                work()
            took.append(time.process_time() - began)
        found.append(took[0] / took[1])
    return statistics.median(found[1:])


def flattening() -> float:
    """The gradient of the discriminator's loss, one run, width 32: through autograd against the flat list."""
    game, draws = gan(ring(), width=32), torch.Generator().manual_seed(0)
    players, batch = game.init(1, draws), game.draw(1, 128, draws)
    flat = gradient(game.discriminator_loss, "theta_d")

    def direct() -> None:
        theta_d = players["theta_d"].detach().requires_grad_()
        loss = game.discriminator_loss({**players, "theta_d": theta_d}, Batch(*batch))
        torch.autograd.grad(loss.sum(), theta_d)

    return ratio(direct, lambda: flat(players, batch))


def population() -> float:
    """Sixteen runs at width 32: one after the other against all at once, per run."""
    one, many = (train(gan(ring(), width=32), runs=runs, steps_per_frame=20) for runs in (1, 16))
    next(one), next(many)
    return 16 * ratio(lambda: next(one), lambda: next(many), calls=4)


def thin() -> float:
    """The gradient of a layer with one output, 16 runs of 256 by 64: as columns against as rows."""
    x, g = torch.randn(16, 256, 64), torch.randn(16, 256, 1)
    return ratio(lambda: torch.bmm(x.mT, g), lambda: torch.bmm(g.mT, x).mT)


def memory(keep: bool) -> float:
    """Seconds of 200 steps of 16 runs at width 64, in a process of its own."""
    if not keep:
        device.keep_freed_memory = lambda: False  # type: ignore[assignment]
    training = train(gan(ring()), runs=16, steps_per_frame=100)
    next(training), next(training)
    began = time.process_time()
    next(training), next(training)
    return time.process_time() - began


def main() -> None:
    """Print the four ratios."""
    torch.set_num_threads(1)
    if sys.argv[1:]:
        print(memory(sys.argv[1] == "keep"))
        return
    print(f"flat list of operators, one run at width 32: {flattening():.1f} times")
    print(f"16 runs at once, width 32: {population():.1f} times per run")
    print(f"thin layer's gradient as rows: {thin():.1f} times")
    took: dict[str, list[float]] = {"give": [], "keep": []}
    for _ in range(5):
        for how, times in took.items():
            done = subprocess.run(
                [sys.executable, "-m", "benchmarks.tricks", how], capture_output=True, text=True, check=True
            )
            times.append(float(done.stdout.split()[-1]))
    gain = statistics.median(a / b for a, b in zip(took["give"], took["keep"], strict=True))
    print(f"freed memory is kept, 16 runs at width 64: {gain:.2f} times")


if __name__ == "__main__":
    main()
