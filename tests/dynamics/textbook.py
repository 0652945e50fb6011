"""The dynamics as textbooks write them, in numpy, on games whose field is linear: v(w) = J w, w = (x, y).

Nothing here is shared with the package. `rates` is one learning rate for each number of w; each function gives the
path w_0, ..., w_T as (T + 1, 2n).
"""

import numpy as np


def simultaneous(J, rates, w, steps):
    return walk(lambda w, past: w - rates * (J @ w), w, steps)


def alternating(J, rates, w, steps, d_steps=1, g_steps=1):
    def step(w, past):
        for _ in range(d_steps):
            w = np.where(is_y(w), w - rates * (J @ w), w)
        for _ in range(g_steps):
            w = np.where(is_y(w), w, w - rates * (J @ w))
        return w

    return walk(step, w, steps)


def extragradient(J, rates, w, steps):
    return walk(lambda w, past: w - rates * (J @ (w - rates * (J @ w))), w, steps)


def optimistic(J, rates, w, steps):
    def step(w, past):
        before = past[-2] if len(past) > 1 else w
        return w - 2 * rates * (J @ w) + rates * (J @ before)

    return walk(step, w, steps)


def consensus(J, rates, w, steps, strength=1.0):
    return walk(lambda w, past: w - rates * (J @ w + strength * J.T @ (J @ w)), w, steps)


def symplectic_gradient_adjustment(J, rates, w, steps, strength=1.0, align=True):
    turn = (J - J.T) / 2

    def step(w, past):
        v = J @ w
        sign = np.sign((v @ J.T @ v) * ((turn.T @ v) @ (J.T @ v)) / len(w) + 0.1) if align else 1
        return w - rates * (v + sign * strength * turn.T @ v)

    return walk(step, w, steps)


def competitive_gradient_descent(J, rates, w, steps):
    """Both best responses to each other's step at once: dw = -rates (v + (J's blocks between players) dw)."""
    n = len(w) // 2
    between = J.copy()
    between[:n, :n] = between[n:, n:] = 0
    system = np.eye(2 * n) + rates[:, None] * between
    return walk(lambda w, past: w + np.linalg.solve(system, -rates * (J @ w)), w, steps)


def negative_momentum(J, rates, w, steps, beta=-0.5):
    def step(w, past):
        before = past[-2] if len(past) > 1 else w
        y = np.where(is_y(w), w - rates * (J @ w) + beta * (w - before), w)
        return np.where(is_y(w), y, w - rates * (J @ y) + beta * (w - before))

    return walk(step, w, steps)


def averaging(J, rates, w, steps, kind="uniform", decay=0.99, played="alternating", averaged="both"):
    path = {"alternating": alternating, "simultaneous": simultaneous}[played](J, rates, w, steps)
    if kind == "uniform":
        means = np.stack([path[: t + 1].mean(0) for t in range(steps + 1)])
    else:
        weights = [np.r_[decay**t, (1 - decay) * decay ** np.arange(t)[::-1]] for t in range(steps + 1)]
        means = np.stack([share @ path[: len(share)] for share in weights])
    left = {"both": is_y(w) & ~is_y(w), "generator": is_y(w), "discriminator": ~is_y(w)}[averaged]
    return np.where(left, path, means)


def historical_averaging(J, rates, w, steps, strength=0.1):
    def step(w, past):
        return w - rates * (J @ w + 2 * strength * (w - np.mean(past, 0)))

    return walk(step, w, steps)


def runge_kutta(J, rates, w, steps, order=4):
    """On a linear field every Runge-Kutta method of `order` stages is the exponential's Taylor polynomial."""
    M, term, once = -rates[:, None] * J, np.eye(len(w)), np.eye(len(w))
    for k in range(1, order + 1):
        term = term @ M / k
        once = once + term
    return walk(lambda w, past: once @ w, w, steps)


def walk(step, w, steps):
    path = [np.asarray(w, float)]
    for _ in range(steps):
        path.append(step(path[-1], path))
    return np.stack(path)


def is_y(w):
    """The second half of w belongs to y, the discriminator, who moves first in alternating steps."""
    return np.arange(len(w)) >= len(w) // 2
