"""Recordings: save, load, fork and go on give the frames of a training that never stopped."""

import numpy as np
import pytest
import torch

from gan_edu import recording as module
from gan_edu.data.ring import ring
from gan_edu.games.gan import gan
from gan_edu.recording import Recording, extend, record
from tests.test_training import equal

GAME = gan(ring(), width=8)


def make(steps: int = 60, **settings) -> Recording:
    return record(GAME, steps=steps, runs=2, seed=5, progress=False, **settings)


@pytest.fixture(scope="module")
def whole() -> Recording:
    return make()


def same(a: Recording, b: Recording) -> bool:
    return len(a) == len(b) and all(equal(x, y) for x, y in zip(a, b, strict=True))


def test_record_reaches_the_last_step(whole):
    assert whole.steps.tolist() == [0, 10, 20, 30, 40, 50, 60]
    assert whole.seconds > 0


def test_save_load_and_go_on_equals_never_having_stopped(whole, tmp_path):
    half = make(30)
    loaded = Recording.load(half.save(tmp_path / "deep" / "run.safetensors"))
    assert same(loaded, half)
    assert loaded.settings.as_json() == half.settings.as_json()
    assert same(extend(loaded, 60, progress=False), whole)


def test_a_file_remembers_settings_that_changed(whole, tmp_path):
    changed = whole.fork(2, batch_size=16, steps=40)
    extend(changed, 40, progress=False)
    loaded = Recording.load(changed.save(tmp_path / "run.safetensors"))
    assert [f.settings.batch_size for f in loaded] == [128, 128, 128, 16, 16]


@pytest.mark.parametrize("at", [0, 3, -2])
def test_forking_with_nothing_changed_reproduces_the_rest(whole, at):
    assert same(extend(whole.fork(at), 60, progress=False), whole)


def test_forking_with_a_change_shares_the_past_and_leaves_the_original_alone(whole):
    before = list(whole.frames)
    fork = extend(whole.fork(3, discriminator_learning_rate=0.1), 60, progress=False)
    assert all(a is b for a, b in zip(fork.frames[:4], whole.frames[:4], strict=True))
    assert not equal(fork[-1], whole[-1])
    assert all(a is b for a, b in zip(before, whole.frames, strict=True))


def test_interrupting_keeps_what_there_is(monkeypatch):
    calls = iter(range(100))
    original = Recording.advance

    def tired(self):
        if next(calls) == 3:
            raise KeyboardInterrupt
        return original(self)

    monkeypatch.setattr(Recording, "advance", tired)
    kept = make()
    assert kept.steps.tolist() == [0, 10, 20]
    monkeypatch.undo()
    assert extend(kept, 60, progress=False).steps.tolist() == [0, 10, 20, 30, 40, 50, 60]


def test_samples_use_the_same_latent_points_in_every_frame(whole):
    one, two = whole.samples(-1, n=20, seed=1), whole.samples(-1, n=20, seed=1)
    assert one.shape == (2, 20, 2)
    assert torch.equal(one, two)
    assert not torch.equal(one, whole.samples(-1, n=20, seed=2))
    theta = whole[-1].players["theta_g"]
    z = GAME.draw_latent((20,), torch.Generator().manual_seed(1))
    torch.testing.assert_close(one[1], GAME.generator(theta[1], z))


def test_arrays_over_time(whole):
    assert whole.losses("theta_d").shape == (7, 2)
    assert np.isnan(whole.losses("theta_d")[0]).all() and np.isfinite(whole.losses("theta_d")[1:]).all()
    assert whole.alive.shape == (7, 2) and whole.alive.all()


def test_a_long_run_gets_a_coarser_timeline_never_a_shorter_one():
    start = make(0)
    long = Recording(start.fork(0).training, start.frames, budget=40 * start[0].n_bytes)
    for _ in range(200):
        long.advance()
        assert sum(f.n_bytes for f in long) <= 41 * start[0].n_bytes
        assert long[-1].step == 10 * _ + 10
    gaps = np.diff(long.steps)[:-1]
    assert len(long) > 20 and long.steps[0] == 0
    assert set(gaps) == {80}  # even, but for the newest
    fork = extend(long.fork(3), int(long.steps[4]), progress=False)
    assert equal(fork[-1], long[4])


def test_a_handmade_game_trains_but_says_why_it_cannot_be_saved(tmp_path):
    import dataclasses

    odd = dataclasses.replace(GAME, recipe=None)
    made = record(odd, steps=10, progress=False)
    with pytest.raises(ValueError, match="game was made by hand"):
        made.save(tmp_path / "x.safetensors")


@pytest.mark.parametrize("content", [b"", b"nonsense" * 10])
def test_loading_something_else_is_one_clear_error(tmp_path, content):
    path = tmp_path / "x.safetensors"
    path.write_bytes(content)
    with pytest.raises(ValueError, match="path must name a recording"):
        Recording.load(path)
    with pytest.raises(ValueError, match="path must name a recording"):
        Recording.load(tmp_path / "missing")


def test_a_file_of_the_future_is_refused(whole, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "FORMAT", 2)
    path = whole.save(tmp_path / "x.safetensors")
    monkeypatch.undo()
    with pytest.raises(ValueError, match="newer than 1"):
        Recording.load(path)


@pytest.mark.parametrize(
    ("ask", "words"),
    [
        (lambda r: r.samples(7), ["frame", "from -7 to 6", "got 7"]),
        (lambda r: r.samples(n=0), ["n must be", "got 0"]),
        (lambda r: r.fork(-8), ["frame", "got -8"]),
        (lambda r: r.fork(2.5), ["frame", "2.5"]),
        (lambda r: r.fork(2, steps=-1), ["steps", "from 0", "-1"]),
    ],
)
def test_a_frame_that_is_not_there_is_named_with_those_that_are(whole, ask, words):
    with pytest.raises(ValueError) as caught:
        ask(whole)
    assert all(word in str(caught.value) for word in words), caught.value
