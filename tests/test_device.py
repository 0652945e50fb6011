"""The choice of a device everywhere; CUDA graphs where there is a GPU."""

import pytest
import torch

from gan_edu import device
from gan_edu.data.ring import ring
from gan_edu.games.gan import gan
from gan_edu.recording import record
from gan_edu.training import train

GAME = gan(ring(), width=16)


def test_auto_takes_the_gpu_only_when_the_step_is_large(monkeypatch):
    monkeypatch.setattr(device, "available", lambda: ("cpu", "cuda"))
    assert device.choose("auto", GAME, 128) == "cpu"
    assert device.choose("auto", GAME, 10_000_000) == "cuda"
    monkeypatch.setattr(device, "available", lambda: ("cpu",))
    assert device.choose("auto", GAME, 10_000_000) == "cpu"


def test_a_device_that_is_not_there_is_named_with_those_that_are(monkeypatch):
    monkeypatch.setattr(device, "available", lambda: ("cpu",))
    with pytest.raises(ValueError, match=r"this machine has \(cpu\); got 'cuda'"):
        device.choose("cuda", GAME, 128)


@pytest.mark.gpu
def test_cuda_graph_equals_single_steps():
    settings = {"device": "cuda", "runs": 3, "seed": 1, "learning_rate": [1e-3, 1e-2, 1e-4]}
    many = list(train(GAME, steps=20, steps_per_frame=10, **settings))
    single = list(train(GAME, steps=20, steps_per_frame=1, **settings))
    assert many[-1].step == single[-1].step == 20
    for name, theta in many[-1].players.items():
        assert torch.equal(theta, single[-1].players[name])
        assert bool(torch.isfinite(theta).all()) and not torch.equal(theta, many[0].players[name])


@pytest.mark.gpu
def test_cuda_repeats_saves_and_forks(tmp_path):
    from gan_edu.recording import Recording, extend

    whole = record(GAME, steps=40, device="cuda", runs=2, progress=False)
    again = record(GAME, steps=40, device="cuda", runs=2, progress=False)
    loaded = Recording.load(
        record(GAME, steps=20, device="cuda", runs=2, progress=False).save(tmp_path / "x")
    )
    extend(loaded, 40, progress=False)
    fork = extend(whole.fork(1), 40, progress=False)
    for other in (again, loaded, fork):
        assert all(torch.equal(other[-1].players[k], v) for k, v in whole[-1].players.items())


@pytest.mark.gpu
def test_cuda_learns_what_the_cpu_learns():
    # the same game from other random numbers: both cover the ring (8 of 8 in most runs, so 6 on average is far below)
    settings = {"steps": 2000, "steps_per_frame": 500, "runs": 8, "learning_rate": 1e-3, "progress": False}
    covered = {}
    for name in ("cpu", "cuda"):
        made = record(gan(ring()), device=name, **settings)
        x = made.samples(-1, 2000)
        mode = made.game.target.to("cpu").nearest(x)[1]
        share = torch.nn.functional.one_hot(mode, 8).float().mean(-2)
        covered[name] = (share > 0.2 / 8).sum(-1).float().mean().item()
    assert 6 < covered["cpu"] <= 8 and 6 < covered["cuda"] <= 8


@pytest.mark.gpu
def test_cuda_divergence_is_data():
    made = record(
        GAME, steps=30, device="cuda", runs=2, learning_rate=[1e-3, 1e3], optimizer="sgd", progress=False
    )
    assert made[-1].alive.tolist() == [True, False]
    assert int(made[-1].died_at[1]) > 0
    assert all(bool(torch.isfinite(v).all()) for v in made[-1].players.values())
