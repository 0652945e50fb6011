"""Every dynamics on GANs: against plain torch with dense Jacobians; purity; saving, forking, changing, diverging."""

import itertools

import pytest
import torch
from torch.nn.functional import softplus

from gan_edu import catalogue
from gan_edu.dynamics.dynamics import State, begin, draw, moves_of
from gan_edu.games.bilinear import bilinear
from gan_edu.games.game import Batch
from gan_edu.games.quadratic import quadratic
from gan_edu.optimizers.sgd import sgd
from gan_edu.recording import Recording, record
from gan_edu.training import train
from tests.dynamics.small import GAME, TINY

RATES = {"theta_d": 0.3, "theta_g": 0.7}
RATES_BY_RUN = {name: torch.tensor([[r], [r / 3]], dtype=torch.float64) for name, r in RATES.items()}
ROUNDS = 3


def rng(seed=0):
    return torch.Generator().manual_seed(seed)


P_G = GAME.generator.n_parameters


# --- plain torch: one run, w = (theta_g, theta_d), a field for each batch, Jacobians in full ------------------------


def plain_field(batch):
    """W -> v(w), differentiable: the gradients of both losses, written out."""

    def field(w):
        theta_g, theta_d = (part.unsqueeze(0) for part in w.split([P_G, len(w) - P_G]))
        fake = GAME.discriminator(theta_d, GAME.generator(theta_g, batch.z))
        real = GAME.discriminator(theta_d, batch.x_real)
        loss_d = softplus(-real).mean() + softplus(fake).mean()
        (slope_d,) = torch.autograd.grad(loss_d, theta_d, create_graph=True)
        (slope_g,) = torch.autograd.grad(softplus(-fake).mean(), theta_g, create_graph=True)
        return torch.cat([slope_g[0], slope_d[0]])

    def run(w):
        with torch.enable_grad():
            return field(w if w.requires_grad else w.clone().requires_grad_())

    return run


def v_and_jacobian(field, w):
    return field(w).detach(), torch.autograd.functional.jacobian(field, w)


def only(w, player):
    mask = torch.zeros_like(w)
    mask[P_G:] = player == "d"
    mask[:P_G] = player == "g"
    return mask


def plain_simultaneous(w, fields, rates, memory):
    return w - rates * fields[0](w).detach()


def plain_alternating(w, fields, rates, memory):
    w = w - only(w, "d") * rates * fields[0](w).detach()
    return w - only(w, "g") * rates * fields[1](w).detach()


def plain_extragradient(w, fields, rates, memory):
    ahead = w - rates * fields[0](w).detach()
    return w - rates * fields[1](ahead).detach()


def plain_optimistic(w, fields, rates, memory):
    v = fields[0](w).detach()
    last = memory.setdefault("v", v)
    memory["v"] = v
    return w - 2 * rates * v + rates * last


def plain_consensus(w, fields, rates, memory):
    v, J = v_and_jacobian(fields[0], w)
    return w - rates * (v + J.T @ v)


def plain_symplectic_gradient_adjustment(w, fields, rates, memory):
    v, J = v_and_jacobian(fields[0], w)
    turn = (J - J.T).T / 2 @ v
    sign = torch.sign((v @ (J.T @ v)) * (turn @ (J.T @ v)) / len(w) + 0.1)
    return w - rates * (v + sign * turn)


def plain_competitive_gradient_descent(w, fields, rates, memory):
    v, J = v_and_jacobian(fields[0], w)
    system = torch.eye(len(w), dtype=w.dtype)
    system[:P_G, P_G:] = rates[0] * J[:P_G, P_G:]
    system[P_G:, :P_G] = rates[-1] * J[P_G:, :P_G]
    return w - torch.linalg.solve(system, rates * v)


def plain_negative_momentum(w, fields, rates, memory):
    moved = plain_alternating(w, fields, rates, {})
    # G answers the new D, braked as well
    before = memory.setdefault("w", w)
    brake = -0.5 * (w - before)
    d = w + only(w, "d") * (moved - w + brake)
    memory["w"] = w
    return d + only(w, "g") * (-rates * fields[1](d).detach() + brake)


def plain_averaging(w, fields, rates, memory):
    seen = memory.setdefault("seen", [w])
    seen.append(plain_alternating(seen[-1], fields, rates, {}))
    return torch.stack(seen).mean(0)


def plain_runge_kutta(w, fields, rates, memory):
    def k(at):
        return -rates * fields[0](at).detach()

    one = k(w)
    two = k(w + one / 2)
    three = k(w + two / 2)
    four = k(w + three)
    return w + (one + 2 * two + 2 * three + four) / 6


ALL = list(catalogue.entries("dynamics"))
PLAIN = {name: globals()[f"plain_{name}"] for name in ALL}
SHORT = [name + ":iterations=2" * name.startswith("competitive") for name in ALL]  # its tracing takes long


def made(name):
    return catalogue.parse(name, "dynamics")


def drawn(dynamics, seed=1):
    batches = draw(dynamics, GAME, 2, 6, rng(seed))
    return [Batch(batch.x_real.double(), batch.z.double()) for batch in batches]


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=[pytest.mark.slow] * (n not in ("optimistic", "consensus"))) for n in ALL]
)
def test_rounds_of_a_population_equal_plain_torch_run_by_run(name):
    dynamics = made(
        {"competitive_gradient_descent": f"competitive_gradient_descent:iterations={P_G}"}.get(name, name)
    )
    state = begin(dynamics, GAME, sgd(), 2, rng())
    moves = moves_of(dynamics, GAME, sgd(), RATES_BY_RUN)
    rounds = [drawn(dynamics, seed) for seed in range(ROUNDS)]
    w = torch.cat([state.players["theta_g"], state.players["theta_d"]], -1)
    plain = []
    for run in range(2):
        at, memory = w[run], {}
        rate = sum(only(at, mover[-1]) * rates[run] for mover, rates in RATES_BY_RUN.items())
        for batches in rounds:
            real = batches[0].x_real  # the generator's batch holds no data, and its loss looks at none
            here = [Batch(real[run : run + 1], batch.z[run : run + 1]) for batch in batches]
            if name == "extragradient":
                here[1] = Batch(batches[1].x_real[run : run + 1], here[1].z)
            at = PLAIN[name](at, [plain_field(batch) for batch in here], rate, memory)
        plain.append(at)
    for batches in rounds:
        before, state = state, dynamics.step(moves, state, batches)
        if len(batches) == 1:  # losses are those at the point where the step began
            for mover, loss in (("theta_d", GAME.discriminator_loss), ("theta_g", GAME.generator_loss)):
                torch.testing.assert_close(state.losses[mover], loss(before.players, batches[0]))
    found = torch.cat([state.players["theta_g"], state.players["theta_d"]], -1)
    torch.testing.assert_close(found, torch.stack(plain), rtol=1e-10, atol=1e-12)
    assert (found - w).abs().max() > 0.01


# --- the contract: every dynamics with every optimizer --------------------------------------------------------------

OPTIMIZERS = list(catalogue.entries("optimizers"))


def same(a: State, b: State):
    mine, others = a.named(), b.named()
    return (
        a.step == b.step
        and mine.keys() == others.keys()
        and all(equal(t, others[k]) for k, t in mine.items())
    )


def equal(a, b):
    return torch.equal(a.nan_to_num(), b.nan_to_num()) and a.dtype == b.dtype


@pytest.mark.slow
@pytest.mark.parametrize("optimizer", ["adam"])
@pytest.mark.parametrize("name", SHORT)
def test_a_step_is_pure_and_keeps_the_shape_of_its_state(name, optimizer):
    dynamics, moved_by = made(name), catalogue.parse(optimizer, "optimizers")
    moves = moves_of(dynamics, GAME, moved_by, RATES)
    state = begin(dynamics, GAME, moved_by, 2, rng())
    for _ in range(2):
        batches = drawn(dynamics)
        copies = {path: tensor.clone() for path, tensor in state.named().items()}
        batch_copies = [tuple(part.clone() for part in batch) for batch in batches]
        after = dynamics.step(moves, state, batches)
        assert same(state, State.from_named(copies, 0))
        assert all(map(torch.equal, itertools.chain(*batches), itertools.chain(*batch_copies)))
        shapes = [
            (path, t.shape, t.dtype) for path, t in state.named().items() if not path.startswith("losses")
        ]
        # also their order, by which CUDA graphs copy a state into place
        assert shapes == [
            (path, t.shape, t.dtype) for path, t in after.named().items() if not path.startswith("losses")
        ]
        assert all(not t.requires_grad for t in after.named().values())
        again = dynamics.step(moves, state, batches)
        assert same(after, again)
        state = after


@pytest.mark.slow
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("name", SHORT)
def test_saved_loaded_forked_it_goes_on_bit_for_bit(name, optimizer, tmp_path):
    game = TINY if optimizer == "adam" else quadratic()
    settings = {"dynamics": name, "optimizer": optimizer, "learning_rate": 0.05, "batch_size": 4, "runs": 2}
    whole = record(game, steps=20, steps_per_frame=5, progress=False, **settings)
    assert whole.steps.tolist() == [0, 5, 10, 15, 20] and bool(whole[-1].alive.all())
    assert not torch.equal(whole[-1].players["theta_d"], whole[2].players["theta_d"])
    loaded = Recording.load(whole.save(tmp_path / "whole.safetensors"))
    assert all(same(a.state, b.state) for a, b in zip(loaded, whole, strict=True))
    for recording in (loaded.fork(2), *([whole.fork(2)] if optimizer == "rmsprop" else [])):
        for frame in (3, 4):
            recording.advance()
            assert same(recording[frame].state, whole[frame].state)


@pytest.mark.parametrize("averaged", ["generator", "discriminator"])
def test_the_mean_of_one_player_is_shown_and_the_other_plays(averaged):
    """A plain loop over the frames of the game that is played: the same batches, and D answers the G that plays."""
    settings = {"steps": 12, "steps_per_frame": 1, "runs": 2, "seed": 3, "learning_rate": 0.01}
    played = list(train(GAME, **settings))
    shown = list(
        train(GAME, dynamics=f"averaging:kind=exponential,decay=0.8,averaged={averaged}", **settings)
    )
    mover = f"theta_{averaged[0]}"
    mean = played[0].players[mover].clone()
    for one, other in zip(played, shown, strict=True):
        mean = 0.8 * mean + 0.2 * one.players[mover] if one.step else mean
        torch.testing.assert_close(other.players[mover], mean, rtol=1e-6, atol=1e-7)
        for name in one.players.keys() - {mover}:
            assert torch.equal(other.players[name], one.players[name])
    assert float((mean - played[-1].players[mover]).abs().max()) > 1e-3


MEMORIES = ["averaging", "optimistic", "negative_momentum", "alternating"]


@pytest.mark.parametrize(
    ("first", "then"),
    [
        pytest.param(*pair, marks=[] if set(pair) <= set(MEMORIES[:2]) else pytest.mark.slow)
        for pair in itertools.permutations(MEMORIES, 2)
    ],
)
def test_changing_the_dynamics_starts_their_memory_afresh(first, then):
    """From the frame of the change on it is as if the run had begun there."""
    game = quadratic(potential=0.1)
    moving = train(game, dynamics=first, steps_per_frame=7, start=(1, 0.3))
    next(moving)
    place = next(moving)
    moving.change(dynamics=then)
    point = [float(place.players["theta_g"]), float(place.players["theta_d"])]
    fresh = train(game, dynamics=then, steps_per_frame=7, start=point)
    next(fresh)
    for _ in range(2):
        a, b = next(moving), next(fresh)
        assert all(torch.equal(a.players[k], b.players[k]) for k in a.players)
        assert a.state.memory.keys() == b.state.memory.keys()


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("averaging", "averaging:kind=exponential,decay=0.5"),
        ("negative_momentum", "negative_momentum:beta=0.2"),
    ],
)
def test_changing_a_parameter_keeps_the_memory(name, change):
    moving = train(quadratic(), dynamics=name, steps_per_frame=7, start=(1, 0.3))
    next(moving)
    place = next(moving)
    moving.change(dynamics=change)
    assert moving._frame is not None
    assert all(torch.equal(moving._frame.state.memory[k], v) for k, v in place.state.memory.items())
    changed = next(moving)
    fresh = train(
        quadratic(),
        dynamics=change,
        steps_per_frame=7,
        start=[float(place.players[k]) for k in ("theta_g", "theta_d")],
    )
    next(fresh)
    assert not torch.equal(changed.players["theta_g"], next(fresh).players["theta_g"])


@pytest.mark.slow
@pytest.mark.parametrize("name", SHORT)
def test_a_diverged_run_keeps_its_last_finite_state_with_its_memory(name):
    game = quadratic(rotation=0.01, potential=-10.0)
    rates = (0.01, 1e3)
    settings = {"dynamics": name, "learning_rate": rates, "runs": 2, "start": [(1, 0.3), (0.5, 1)]}
    slow = list(itertools.islice(train(game, steps_per_frame=1, **settings), 121))
    died = int(slow[-1].died_at[1])
    assert slow[-1].died_at.tolist() == [-1, died] and 2 < died < 115
    chunked = list(itertools.islice(train(game, steps_per_frame=40, **settings), 4))[-1]
    assert chunked.died_at.tolist() == [-1, died]
    alone = list(
        itertools.islice(
            train(
                game, **{**settings, "learning_rate": 0.01, "runs": 1, "start": (1, 0.3)}, steps_per_frame=40
            ),
            4,
        )
    )[-1]
    for path, tensor in chunked.state.named().items():
        if path.startswith("losses/"):
            continue
        assert bool(tensor.isfinite().all()), path
        assert torch.equal(tensor[1], slow[died - 1].state.named()[path][1]), path
        torch.testing.assert_close(tensor[:1], alone.state.named()[path], rtol=1e-12, atol=0)


def test_players_are_known_by_name_and_not_by_order():
    """A trace is made for shapes, and both players of a planar game have the same."""
    moves = moves_of(made("simultaneous"), bilinear(), sgd(), RATES)
    batch = bilinear().draw_without_data(1, 1, rng())
    one, two = torch.tensor([[2.0]]).double(), torch.tensor([[3.0]]).double()
    for players in ({"theta_d": one, "theta_g": two}, {"theta_g": two, "theta_d": one}):
        slopes = moves.field(players, batch)
        assert (float(slopes.theta_g), float(slopes.theta_d)) == (2.0, -3.0)


def test_a_rate_for_each_run_is_as_exact_as_the_players():
    mixed = list(itertools.islice(train(bilinear(), runs=2, learning_rate=(0.2, 0.1), start=(1, 0.3)), 3))[-1]
    for run, rate in enumerate((0.2, 0.1)):
        alone = list(itertools.islice(train(bilinear(), learning_rate=rate, start=(1, 0.3)), 3))[-1]
        assert all(torch.equal(mixed.players[k][run], alone.players[k][0]) for k in alone.players)
        assert alone.players["theta_g"].dtype == torch.float64
    floats = next(train(TINY, runs=2, learning_rate=(0.2, 0.1)))
    assert floats.players["theta_g"].dtype == torch.float32


def test_dynamics_that_never_move_the_generator_are_no_recording():
    with pytest.raises(ValueError, match=r"dynamics must move the generator.*generator_steps=0"):
        record(quadratic(), steps=3, dynamics="alternating:generator_steps=0", progress=False)
