"""Facts about drawing: what decides a sketch, what does not, when it ends, and what is refused."""

import numpy as np
import pytest
from support.tiny import SIZES, tiny_model

from sketch_rnn_keras import sampling
from sketch_rnn_keras.errors import InputError
from sketch_rnn_keras.sampling import sample, sample_points

N_MAX, N_Z = SIZES["max_seq_len"], SIZES["z_size"]


@pytest.fixture(scope="module")
def endless():
    """A model whose sketches never end."""
    return tiny_model(end=-50.0)


def assert_close(ours, others, atol=1e-5):
    assert [len(sketch) for sketch in ours] == [len(sketch) for sketch in others]
    for sketch, other in zip(ours, others, strict=True):
        np.testing.assert_allclose(sketch, other, atol=atol)


def test_sketches_are_finite_stroke_3_of_at_most_n_max_points(conditional):
    sketches = sample(conditional, 8, seed=3)
    assert len(sketches) == 8
    assert len({len(sketch) for sketch in sketches}) > 1
    for sketch in sketches:
        assert sketch.dtype == np.float32
        assert sketch.shape == (len(sketch), 3)
        assert len(sketch) <= N_MAX
        assert set(sketch[:, 2]) <= {0, 1}
        assert np.isfinite(sketch).all()


def test_one_sketch_by_default(conditional):
    assert len(sample(conditional)) == 1


def test_the_seed_decides(conditional):
    ours, again, others = (sample(conditional, 8, seed=seed) for seed in (5, 5, 6))
    assert [sketch.tobytes() for sketch in ours] == [sketch.tobytes() for sketch in again]
    assert all(sketch.tobytes() != other.tobytes() for sketch, other in zip(ours, others, strict=True))


def test_sketches_of_one_call_differ(conditional):
    assert len({sketch.tobytes() for sketch in sample(conditional, 8)}) == 8


def test_a_sketch_does_not_depend_on_how_many_are_drawn(conditional):
    assert_close(sample(conditional, 8, seed=2)[:3], sample(conditional, 3, seed=2))


@pytest.mark.parametrize("kind", ["conditional", "decoder only", "given z"])
def test_a_sketch_does_not_depend_on_the_chunks(conditional, decoder_only, monkeypatch, kind):
    chosen = decoder_only if kind == "decoder only" else conditional
    z = np.random.default_rng(0).standard_normal((8, N_Z)) if kind == "given z" else None
    together = sample(chosen, 8, seed=2, z=z)
    monkeypatch.setattr(sampling, "SKETCHES_AT_ONCE", 3)
    assert_close(sample(chosen, 8, seed=2, z=z), together)


def test_greedy_ignores_the_seed_and_follows_z(conditional):
    z = np.random.default_rng(0).standard_normal((3, N_Z))
    ours, others = (sample(conditional, temperature=0, seed=seed, z=z) for seed in (1, 2))
    assert_close(ours, others, atol=0)
    assert ours[0].tobytes() != ours[1].tobytes()


def test_greedy_without_z_follows_the_seed(endless):
    assert sample(endless, temperature=0, seed=1)[0].tobytes() != sample(endless, temperature=0, seed=2)[0].tobytes()


def test_a_low_temperature_comes_near_greedy(endless):
    z = np.zeros((1, N_Z))
    greedy = sample(endless, temperature=0, z=z)[0]
    near, far = (np.abs(sample(endless, temperature=t, z=z)[0] - greedy)[0, :2].max() for t in (1e-8, 1.0))
    assert near < 1e-3 < far


def test_the_laws_of_temperature_agree_at_1_alone(endless):
    def drawn(temperature, law):
        return sample(endless, 2, temperature, temperature_law=law)

    assert_close(drawn(1.0, "paper"), drawn(1.0, "magenta"))
    assert np.abs(drawn(0.3, "paper")[0] - drawn(0.3, "magenta")[0]).max() > 1e-3


def test_rows_of_z_count(conditional):
    z = np.random.default_rng(0).standard_normal((5, N_Z))
    assert len(sample(conditional, z=z)) == 5
    assert_close(sample(conditional, 5, z=z), sample(conditional, z=z.tolist()))


def test_z_is_what_makes_the_sketch(endless):
    same, other = sample(endless, temperature=0, z=[[1.0] * N_Z, [-1.0] * N_Z])
    assert np.abs(same - other).max() > 1e-3


def test_max_points_cuts(endless):
    whole, cut = sample(endless, 4), sample(endless, 4, max_points=5)
    assert [len(sketch) for sketch in cut] == [5] * 4
    assert_close([sketch[:5] for sketch in whole], cut)


def test_max_points_may_be_more_than_n_max(endless):
    assert len(sample(endless, max_points=N_MAX + 7)[0]) == N_MAX + 7


def test_a_sketch_that_never_ends_has_every_point(endless):
    assert [sketch.shape for sketch in sample(endless, 3)] == [(N_MAX, 3)] * 3


@pytest.mark.parametrize("temperature", [0, 0.5])
def test_a_sketch_that_ends_at_once_is_empty(temperature):
    assert [sketch.shape for sketch in sample(tiny_model(end=50.0), 3, temperature)] == [(0, 3)] * 3


def test_points_are_in_data_units():
    in_model_units, in_data_units = (
        sample(tiny_model(end=-2.0, scale_factor=factor), 4, seed=1) for factor in (None, 36.5)
    )
    assert_close([sketch * (36.5, 36.5, 1) for sketch in in_model_units], in_data_units, atol=1e-3)


@pytest.fixture(scope="module")
def stopped_and_full(conditional):
    """Points of 6 sketches from a loop that ends with the last of them, and from one that makes all its 40 steps."""
    rng = np.random.default_rng(0)
    z, uniform, normal = rng.standard_normal((6, N_Z)), rng.random((40, 6, 2)), rng.standard_normal((40, 6, 2))
    noise = np.concatenate([uniform, normal], axis=2)
    stopped, full = (sample_points(conditional, z, noise, 0.8, stop_at_end=stop) for stop in (True, False))
    assert stopped.shape == full.shape == (6, 40, 5)
    assert full[..., 4].any(axis=1).all()  # each of them ends
    return stopped, full, full[..., 4].argmax(axis=1)


def test_stopping_early_changes_nothing_before_the_end(stopped_and_full):
    stopped, full, ends = stopped_and_full
    for sketch, other, end in zip(stopped, full, ends, strict=True):
        np.testing.assert_allclose(sketch[: end + 1], other[: end + 1], atol=1e-5)


def test_the_loop_ends_with_the_last_sketch_unless_it_is_told_to_go_on(stopped_and_full):
    stopped, full, ends = stopped_and_full
    assert ends.max() < 39
    np.testing.assert_array_equal(stopped[:, ends.max() + 1 :, 4], 1)
    assert np.abs(full[:, ends.max() + 1 :, :2]).min() > 0


def test_a_decoder_alone_draws_what_the_seed_decides(decoder_only):
    ours, again = sample(decoder_only, 4, seed=1), sample(decoder_only, 4, seed=1)
    assert len({sketch.tobytes() for sketch in ours}) == 4
    assert_close(ours, again, atol=0)


@pytest.mark.parametrize("cell", ["lstm", "layer_norm", "hyper"])
def test_every_cell_draws(cell):
    sketches = sample(tiny_model(end=-50.0, dec_model=cell), 2)
    assert [sketch.shape for sketch in sketches] == [(N_MAX, 3)] * 2
    assert np.abs(sketches[0] - sketches[1]).max() > 0


def test_drawing_follows_the_weights():
    model = tiny_model(end=-50.0)
    before = sample(model, seed=1)[0]
    model.output_head.bias.assign(model.output_head.bias.numpy() + 0.5)
    assert np.abs(sample(model, seed=1)[0] - before).max() > 1e-3


Z = np.zeros((2, N_Z))


@pytest.mark.parametrize(
    ("name", "options"),
    [
        *(("count", {"count": count}) for count in (0, -1, True, False, 2.0, np.bool_(True), "2", 3)),
        *(("seed", {"seed": seed}) for seed in (-1, 1.0, True, None)),
        *(("temperature", {"temperature": t}) for t in (-0.1, float("nan"), float("inf"), "hot", None)),
        *(("temperature_law", {"temperature_law": law}) for law in ("linear", None)),
        *(("max_points", {"max_points": points}) for points in (0, -3, True, 2.5, 10**6)),
    ],
    ids=repr,
)
def test_impossible_arguments(conditional, name, options):
    if options == {"count": 3}:
        options = {"count": 3, "z": Z}
    with pytest.raises(InputError, match=f"^{name}: "):
        sample(conditional, **options)


@pytest.mark.parametrize(
    "z",
    [Z[0], Z[:, :-1], Z[None], Z[:0], np.full_like(Z, np.nan), np.full_like(Z, np.inf), "abc", [[1.0], [1.0, 2.0]]],
    ids=["one row", "narrow", "three axes", "no rows", "nan", "infinite", "text", "ragged"],
)
def test_impossible_z(conditional, z):
    with pytest.raises(InputError, match=rf"^z: expected .*\[count, {N_Z}\]"):
        sample(conditional, z=z)


def test_z_for_a_model_without(decoder_only):
    with pytest.raises(InputError, match="^z: .*decoder-only"):
        sample(decoder_only, z=Z)


# ------------------------------------------------------------------------------------------------------- prefixes

PREFIX = np.array([[4, 2, 0], [0, 3, 1], [1, 1, 0]], "float32")  # data units


@pytest.mark.parametrize("lift", [0, 1])
def test_every_sketch_begins_with_the_prefix_and_goes_on_in_its_own_way(endless, lift):
    prefix = PREFIX.copy()
    prefix[-1, 2] = lift
    sketches = sample(endless, 3, prefix=prefix, seed=2)
    for sketch in sketches:
        np.testing.assert_allclose(sketch[:3], prefix, atol=1e-5)
    assert len({sketch[3:].tobytes() for sketch in sketches}) == 3


def test_a_prefix_is_in_data_units():
    one, other = (sample(tiny_model(end=-50.0, scale_factor=factor), prefix=PREFIX)[0] for factor in (4.0, 40.0))
    np.testing.assert_allclose(one[:3], PREFIX, atol=1e-5)
    np.testing.assert_allclose(other[:3], PREFIX, atol=1e-5)
    assert np.abs(one[3:] / 4.0 - other[3:] / 40.0).max() > 1e-3  # they were read in model units, which differ


def test_a_prefix_of_what_is_drawn_greedily_changes_nothing(endless):
    z = np.random.default_rng(3).standard_normal((1, N_Z))
    whole = sample(endless, z=z, temperature=0)[0]
    np.testing.assert_allclose(sample(endless, z=z, prefix=whole[:3], temperature=0)[0], whole, atol=1e-4)


@pytest.mark.parametrize(
    ("prefix", "message"),
    [
        (np.zeros((0, 3)), f"prefix: expected 1 to {N_MAX - 1} points, so that one more has room, received 0"),
        (np.zeros((N_MAX, 3)), f"prefix: expected 1 to {N_MAX - 1} points, .*received {N_MAX}"),
        (np.zeros((2, 2)), r"prefix: expected stroke-3 .*received shape \[2, 2\]"),
        (np.full((2, 3), np.nan), "prefix: expected finite numbers"),
    ],
    ids=["empty", "too long", "two columns", "nan"],
)
def test_a_prefix_that_does_not_fit_is_refused(conditional, prefix, message):
    with pytest.raises(InputError, match=message):
        sample(conditional, prefix=prefix)


def test_the_same_noise_for_all_leaves_the_codes_alone_to_differ(endless):
    z = np.random.default_rng(0).standard_normal((2, N_Z))
    first, second, third = sample(endless, z=[z[0], z[0], z[1]], same_noise=True)
    np.testing.assert_allclose(first, second, atol=1e-5)
    assert np.abs(first - third).max() > 1e-3


def test_sketches_come_one_after_another(conditional, monkeypatch):
    monkeypatch.setattr(sampling, "SKETCHES_AT_ONCE", 4)
    drawn, heard = sampling.sample_points, []
    monkeypatch.setattr(sampling, "sample_points", lambda *given, **more: heard.append(1) or drawn(*given, **more))
    each = sampling.sample_each(conditional, 10, seed=5)
    first = [next(each) for _ in range(5)]
    assert len(heard) == 2
    for one, other in zip([*first, *each], sample(conditional, 10, seed=5), strict=True):
        np.testing.assert_array_equal(one, other)


def test_the_same_noise_needs_codes(decoder_only):
    with pytest.raises(InputError, match="^same_noise: expected with z alone"):
        sample(decoder_only, 2, same_noise=True)


def test_progress_ends_at_the_number_asked_for(conditional, monkeypatch):
    monkeypatch.setattr(sampling, "SKETCHES_AT_ONCE", 2)
    told = []
    sample(conditional, 5, progress=told.append)
    assert told == [2, 4, 5]
