"""The picture of several generators: whose point is whose."""

from __future__ import annotations

import numpy as np
import torch

from gan_edu.data.ring import ring
from gan_edu.games.gan import gan
from gan_edu.games.mad_gan import mad_gan
from gan_edu.networks.mlp import mlp
from gan_edu.recording import record
from gan_edu.views.picture import scene

K = 3


def test_points_and_lines_belong_to_one_generator_each():
    recording = record(
        mad_gan(ring(), K, width=8, latent_dim=2), steps=4, runs=2, batch_size=16, progress=False
    )
    game, theta = recording.game, recording[-1].players["theta_g"][1]
    picture = scene(recording, -1, 1, layers=("samples", "manifold"), n_samples=50)
    assert picture.samples is not None
    assert picture.classes is not None
    assert picture.classes.tolist() == [j % K for j in range(50)]
    one = mlp((2, 8, 8, 2))
    assert game.generator.apart is not None
    thetas = game.generator.apart(theta)
    z = game.draw_latent((1, 50), torch.Generator().manual_seed(0))[0]
    for j in (0, 1, 2, 49):
        with torch.no_grad():
            expected = one(thetas[j % K][None], z[None, j : j + 1])[0, 0]
        np.testing.assert_allclose(picture.samples[j], expected, rtol=1e-5)
    assert picture.manifold is not None
    lines = 15 * K  # five rings and ten rays, once for every generator
    assert picture.manifold.shape == (lines, 41, 2)
    # all rays begin at z = 0: so every third line begins at the same point, and the others elsewhere
    begins = picture.manifold[5 * K :, 0].reshape(10, K, 2)
    np.testing.assert_allclose(begins, np.broadcast_to(begins[:1], begins.shape), rtol=1e-4, atol=1e-5)
    assert np.abs(begins[0, 0] - begins[0, 1]).max() > 1e-2


def test_one_generator_has_no_classes():
    picture = scene(record(gan(ring(), width=8), steps=2, batch_size=8, progress=False), layers=("samples",))
    assert picture.classes is None
