"""Training: repeatable bit for bit, changeable while it runs, honest about divergence."""

import dataclasses
import itertools

import pytest
import torch

from gan_edu import training
from gan_edu.data.ring import ring
from gan_edu.dynamics.alternating import alternating
from gan_edu.games.bilinear import bilinear
from gan_edu.games.gan import gan
from gan_edu.optimizers.sgd import sgd
from gan_edu.presets import PRESETS
from gan_edu.training import Frame, Settings, resolve, train
from gan_edu.trajectory import trajectory

GAME = gan(ring(), width=8)


def equal(a: Frame, b: Frame) -> bool:
    slots = all(torch.equal(t, b.state.slots[k][n]) for k, m in a.state.slots.items() for n, t in m.items())
    players = all(torch.equal(v, b.players[k]) for k, v in a.players.items())
    return slots and players and a.step == b.step and torch.equal(a.random, b.random)


def frames(count: int, game=GAME, **settings) -> list[Frame]:
    return list(itertools.islice(train(game, **settings), count))


def test_same_seed_same_frames_bit_for_bit():
    one, two = frames(4, runs=2, seed=3), frames(4, runs=2, seed=3)
    assert all(equal(a, b) for a, b in zip(one, two, strict=True))
    assert not equal(one[-1], frames(4, runs=2, seed=4)[-1])


def test_global_random_state_plays_no_part():
    torch.manual_seed(1)
    one = frames(2)
    before = torch.get_rng_state()
    torch.manual_seed(2)
    two = frames(2)
    assert equal(one[-1], two[-1])
    torch.manual_seed(1)
    frames(2)
    assert torch.equal(before, torch.get_rng_state())


def test_steps_are_generator_updates_and_the_last_frame_is_the_last_step():
    assert [f.step for f in train(GAME, steps=25, steps_per_frame=10)] == [0, 10, 20, 25]
    assert [f.step for f in train(GAME, steps=4, steps_per_frame=3, dynamics=alternating(2, 2))] == [0, 4]


def test_frames_own_their_memory():
    made = frames(5, steps_per_frame=1)
    copies = [{k: v.clone() for k, v in f.players.items()} for f in made]
    pointers = {v.data_ptr() for f in made for v in f.players.values()}
    assert len(pointers) == 10
    more = train(GAME, steps_per_frame=1)
    for _ in range(8):
        next(more)
    assert all(torch.equal(c[k], f.players[k]) for c, f in zip(copies, made, strict=True) for k in c)


def test_chunks_of_steps_do_not_matter():
    one = frames(2, steps_per_frame=6)[-1]
    six = frames(7, steps_per_frame=1)[-1]
    assert equal(one, six)


def test_settings_change_between_two_frames():
    moving = train(GAME, steps_per_frame=1)
    next(moving), next(moving)
    moving.change(discriminator_learning_rate=0.0)
    still = next(moving), next(moving)
    assert torch.equal(still[0].players["theta_d"], still[1].players["theta_d"])
    assert not torch.equal(still[0].players["theta_g"], still[1].players["theta_g"])
    moving.change(dynamics="alternating:generator_steps=0", discriminator_learning_rate=0.01, batch_size=16)
    moved = next(moving)
    assert torch.equal(still[1].players["theta_g"], moved.players["theta_g"])
    assert not torch.equal(still[1].players["theta_d"], moved.players["theta_d"])
    assert moved.step == still[1].step
    assert moved.settings.batch_size == 16
    moving.change(game=gan(ring(modes=3), width=8, generator_loss="minimax"), optimizer="momentum")
    frame = next(moving)
    assert frame.settings.game.target.n_modes == 3
    assert set(frame.state.slots["theta_d"]) == {"velocity"}
    assert bool(frame.alive.all())


def test_an_optimizer_that_changes_only_a_parameter_keeps_its_memory():
    moving = train(GAME, steps_per_frame=5, optimizer="adam:beta1=0.5")
    next(moving), next(moving)
    moving.change(optimizer="adam:beta1=0.9")
    assert float(next(moving).state.slots["theta_g"]["updates"]) == 10


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"runs": 3}, ["runs", "can't change"]),
        ({"seed": 5}, ["seed", "can't change"]),
        ({"game": gan(ring(), width=9)}, ["networks", "size"]),
        ({"speed": 3}, ["speed", "batch_size"]),
        ({"batch_size": 0}, ["batch_size", "from 1", "got 0"]),
    ],
)
def test_what_cannot_change_says_so_and_the_training_goes_on(change, words):
    moving = train(GAME)
    first = next(moving)
    with pytest.raises(ValueError) as caught:
        moving.change(**change)
    assert all(word in str(caught.value) for word in words), caught.value
    assert next(moving).settings == first.settings


def test_a_rate_for_each_run_equals_that_rate_for_all():
    # runs see the same random numbers in both trainings, so the second run must come out the same
    mixed = frames(3, runs=3, generator_learning_rate=[1e-3, 1e-2, 1e-4])[-1]
    plain = frames(3, runs=3, generator_learning_rate=1e-2)[-1]
    for name, theta in plain.players.items():
        torch.testing.assert_close(mixed.players[name][1], theta[1])
        assert not torch.allclose(mixed.players[name][0], theta[0])


@pytest.mark.parametrize("steps_per_frame", [1, 4, 9])
def test_rates_decay_step_by_step_whatever_the_frames(steps_per_frame):
    """As if someone had turned both rates down before every step, and nothing moves once they are gone."""
    by_hand = train(GAME, steps_per_frame=1, discriminator_learning_rate=3e-3)
    made = [next(by_hand)]
    for step in range(9):
        left = 1 - step / 9
        by_hand.change(generator_learning_rate=left * 1e-3, discriminator_learning_rate=left * 3e-3)
        made.append(next(by_hand))
    settings = {"discriminator_learning_rate": 3e-3, "decay_steps": 9, "steps_per_frame": steps_per_frame}
    decayed = list(train(GAME, steps=15, **settings))
    for frame in decayed:
        if frame.step <= 9:
            assert equal(frame, made[frame.step])
    assert not torch.equal(made[8].players["theta_g"], made[9].players["theta_g"])
    assert torch.equal(decayed[-1].players["theta_g"], made[9].players["theta_g"])
    assert not torch.equal(decayed[-1].random, made[9].random)  # it went on, at rates of 0


def test_decay_on_xy_against_its_closed_form():
    """Simultaneous steps of length h_t multiply the squared radius by 1 + h_t²."""
    rates = 0.2 * (1 - torch.arange(50, dtype=torch.float64) / 50)
    wanted = (1 + rates.square()).prod()
    path = trajectory(
        bilinear(),
        steps=60,
        start=(1, 0),
        dynamics="simultaneous",
        optimizer="sgd",
        learning_rate=0.2,
        decay_steps=50,
    )
    assert float(path[-1].square().sum()) == pytest.approx(float(wanted), rel=1e-12)
    assert torch.equal(path[50], path[60])


def test_a_diverged_run_is_data_and_the_others_do_not_notice():
    rates = [1e-3, 1e3, 1e-3]
    made = frames(6, runs=3, learning_rate=rates, optimizer="sgd", steps_per_frame=5)
    last = made[-1]
    assert last.alive.tolist() == [True, False, True]
    died = int(last.died_at[1])
    assert last.died_at.tolist() == [-1, died, -1] and 1 <= died <= 25
    assert all(bool(torch.isfinite(v).all()) for v in last.players.values())
    fine = frames(6, runs=3, learning_rate=1e-3, optimizer="sgd", steps_per_frame=5)[-1]
    for run in (0, 2):
        assert torch.equal(last.players["theta_g"][run], fine.players["theta_g"][run])
    # one step a frame tells when it fell, and which state was its last finite one
    slow = frames(died + 2, runs=3, learning_rate=rates, optimizer="sgd", steps_per_frame=1)
    assert slow[died - 1].alive.all() and not slow[died].alive[1]
    assert torch.equal(slow[died - 1].players["theta_d"][1], last.players["theta_d"][1])


def test_defaults_of_the_game_apply_unless_overridden():
    fussy = dataclasses.replace(GAME, settings={"batch_size": 32, "discriminator_learning_rate": 0.5})
    assert resolve(fussy, {}).batch_size == 32
    assert resolve(fussy, {}).discriminator_learning_rate == 0.5
    assert resolve(fussy, {}).generator_learning_rate == 1e-3
    assert resolve(fussy, {"batch_size": 8}).batch_size == 8
    assert resolve(fussy, {"learning_rate": 0.1}).discriminator_learning_rate == 0.1
    assert resolve(fussy, {"optimizer": sgd()}).optimizer.recipe["name"] == "sgd"


@pytest.mark.parametrize("name", list(PRESETS))
def test_settings_survive_json(name):
    settings = resolve(PRESETS[name].make(), PRESETS[name].settings)
    again = Settings.from_json(settings.as_json())
    assert again.as_json() == settings.as_json()
    assert again.game.target.n_modes == settings.game.target.n_modes


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"runs": 0}, ["runs", "from 1", "got 0"]),
        ({"batch": 3}, ["settings must be among", "batch_size", "got batch"]),
        (
            {"dynamics": "alternate"},
            ["dynamics", "simultaneous", "'alternate'", "did you mean 'alternating'"],
        ),
        ({"dynamics": 3}, ["dynamics", "int"]),
        ({"learning_rate": -1}, ["generator_learning_rate", "from 0", "got -1"]),
        ({"learning_rate": float("nan")}, ["generator_learning_rate", "nan"]),
        ({"learning_rate": [1.0, 2.0]}, ["one for each of the 1 runs", "got 2"]),
        ({"device": "tpu"}, ["device", "cpu, cuda, mps", "'tpu'"]),
        ({"seed": -1}, ["seed", "from 0"]),
        ({"steps": 2.5}, ["steps", "whole number", "2.5"]),
    ],
)
def test_bad_settings_get_one_clear_error(settings, words):
    with pytest.raises(ValueError) as caught:
        train(GAME, **settings)
    assert all(word in str(caught.value) for word in words), caught.value


def test_a_target_is_no_game():
    with pytest.raises(ValueError, match=r"game must be a Game, such as gan\(ring\(\)\); got Target"):
        train(ring())  # type: ignore[arg-type]


def test_threads_are_restored():
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(2)
        frames(2)
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


def test_out_of_memory_says_what_to_do(monkeypatch):
    def full(*_args):
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(training, "begin", full)
    with pytest.raises(MemoryError, match="out of memory with 7 runs at once; use fewer runs"):
        next(train(GAME, runs=7))


def test_warming_up_moves_nothing():
    cold, warm = (train(gan(ring(), width=8), runs=2, steps_per_frame=2) for _ in range(2))
    next(cold), next(warm)
    warm.warm_up()
    assert warm.seconds == 0
    a, b = next(cold), next(warm)
    assert all(torch.equal(a.players[name], b.players[name]) for name in a.players)
    assert torch.equal(a.random, b.random)
