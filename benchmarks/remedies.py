"""What a step costs with each remedy, as a multiple of the plain GAN's step: `python -m benchmarks.remedies`.

One run and eight at once, width 64, batch 128, alternating steps with Adam on one thread; CPU time, the smallest of
interleaved rounds, tracing left out. Unrolling k steps should cost at most 1 + 2k plain steps, minibatch
discrimination at most 4; larger layers than the default one are shown beside it.
"""

from __future__ import annotations

import time

import torch

from gan_edu import catalogue
from gan_edu.data.ring import ring
from gan_edu.games.game import Game
from gan_edu.games.gan import gan
from gan_edu.training import Training, train

ROUNDS, STEPS = 6, 20
RUNS = (1, 8)
LARGER = [f"minibatch_discrimination:kernels=16,kernel_dim={k}" for k in (2, 4)]
GOALS = {f"unrolled:steps={k}": 1.0 + 2 * k for k in (1, 5, 10)} | {"minibatch_discrimination": 4.0}


def begun(game: Game, runs: int) -> Training:
    """A training whose step has been traced."""
    training = train(game, runs=runs, batch_size=128, steps_per_frame=STEPS)
    next(training), next(training)
    return training


def seconds(training: Training) -> float:
    """CPU seconds of one step, over the next frame."""
    began = time.process_time()
    next(training)
    return (time.process_time() - began) / STEPS


def main() -> None:
    """Print the table."""
    torch.set_num_threads(1)
    plain = gan(ring(), width=64)
    others = [
        name for name in catalogue.entries("remedies") if name not in ("minibatch_discrimination", "unrolled")
    ]
    print(
        f"{'step with a remedy / plain step':51}"
        + "".join(f"{f'{runs} runs':>10}" for runs in RUNS)
        + "      goal"
    )
    for spec in [*GOALS, *LARGER, *others]:
        game = catalogue.parse(spec, "remedies", game=plain)
        ratios = []
        for runs in RUNS:
            pair = begun(plain, runs), begun(game, runs)
            rounds = [[seconds(training) for training in pair] for _ in range(ROUNDS)]
            base, with_remedy = (min(times) for times in zip(*rounds, strict=True))
            ratios.append(with_remedy / base)
        goal = f"{GOALS[spec]:10.0f}" if spec in GOALS else ""
        print(f"{spec:51}" + "".join(f"{ratio:10.2f}" for ratio in ratios) + goal, flush=True)


if __name__ == "__main__":
    main()
