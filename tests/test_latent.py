"""Codes of drawings, ways between them, arithmetic on them; interpolated and completed drawings."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.tiny import SIZES, tiny_drawings, tiny_model

from sketch_rnn_keras import InputError, latent, load_dataset, sample
from sketch_rnn_keras.data.batches import sequential_batches
from sketch_rnn_keras.data.npz import read_splits, write_splits
from sketch_rnn_keras.strokes import to_stroke5

N_MAX, N_Z = SIZES["max_seq_len"], SIZES["z_size"]


@pytest.fixture(scope="module")
def endless():
    """A conditional model whose sketches never end."""
    return tiny_model(end=-50.0)


vectors = st.lists(st.floats(-3, 3, width=32), min_size=4, max_size=4).map(np.array)


# ----------------------------------------------------------------------------------------------------------- encoding


def test_codes_are_the_encoders_means(conditional):
    several = tiny_drawings(7)
    strokes5 = np.stack([to_stroke5(d / [4, 4, 1], 12)[1:] for d in several])
    mu, presigma = conditional.encode(strokes5, np.array([len(d) for d in several]))
    np.testing.assert_allclose(latent.encode(conditional, several), mu, atol=1e-6)
    np.testing.assert_allclose(latent.encode_distribution(conditional, several)[1], presigma, atol=1e-6)


def test_a_drawing_of_a_data_set_has_the_code_of_the_drawing_in_the_file(tmp_path):
    """Both are in data units: the data set's scale factor is the model's business alone."""
    drawings = [(30 * drawing).round().astype("int16") for drawing in tiny_drawings(12, scale=1.0)]
    for drawing in drawings:
        drawing[:, 2] = drawing[:, 2] > 0
    write_splits(tmp_path / "a.npz", {"train": drawings[:6], "valid": drawings[6:8], "test": drawings[8:]})
    data, raw = load_dataset(tmp_path / "a.npz"), read_splits(tmp_path / "a.npz")
    model = tiny_model(scale_factor=data.scale_factor)
    assert data.scale_factor > 10
    for split in ("train", "test"):
        of_data, of_file = getattr(data, split), raw[split]
        codes = latent.encode(model, [of_data[k] for k in range(len(of_data))])
        np.testing.assert_array_equal(codes, latent.encode(model, of_file))
    in_model_units = latent.encode(tiny_model(scale_factor=None), [data.test[0]])
    assert np.abs(in_model_units - codes[:1]).max() > 1e-3  # a drawing taken for model units has another code


def test_a_drawing_of_a_data_set_has_the_code_it_has_in_a_batch(data):
    """The two doors between the units agree."""
    model = tiny_model(scale_factor=data.scale_factor, max_seq_len=data.max_seq_len)
    batch = next(sequential_batches(data.test, 5, data.max_seq_len, scale_factor=data.scale_factor))
    shortest = np.argsort(data.test.lengths, kind="stable")[:5]
    mu, _ = model.encode(batch.strokes5[:, 1:], batch.lengths)
    np.testing.assert_allclose(latent.encode(model, [data.test[k] for k in shortest]), mu, atol=1e-5)


def test_more_drawings_than_a_chunk_are_encoded_alike(conditional, monkeypatch):
    several = tiny_drawings(7)
    whole = latent.encode(conditional, several)
    monkeypatch.setattr(latent, "DRAWINGS_AT_ONCE", 3)
    np.testing.assert_allclose(latent.encode(conditional, several), whole, atol=1e-6)


def test_sampled_codes_spread_by_the_temperature_and_the_encoders_deviation(conditional):
    several = tiny_drawings(3)
    mu, presigma = latent.encode_distribution(conditional, several)
    full, half = (latent.encode(conditional, several, t, seed=5) for t in (1.0, 0.5))
    np.testing.assert_allclose(full - mu, 2 * (half - mu), atol=1e-5)
    assert 0.4 < ((full - mu) / np.exp(presigma / 2)).std() < 1.8


def test_a_sampled_code_depends_on_the_seed_and_the_place_alone(conditional):
    several = tiny_drawings(3)
    full = latent.encode(conditional, several, 1.0, seed=5)
    np.testing.assert_allclose(latent.encode(conditional, several[:1], 1.0, seed=5), full[:1], atol=1e-6)
    assert not np.allclose(latent.encode(conditional, several, 1.0, seed=6), full)


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ([], "at least one drawing"),
        ([np.zeros((0, 3))], "drawing 0: expected 1 to 12 points"),
        ([np.zeros((13, 3))], "received 13"),
        ([np.zeros((2, 3)), np.zeros((2, 4))], r"drawing 1: expected stroke-3 rows .*received shape \[2, 4\]"),
        ([np.full((2, 3), np.nan)], "drawing 0: expected finite numbers"),
    ],
)
def test_drawings_that_cannot_be_encoded_are_named(conditional, bad, message):
    with pytest.raises(InputError, match=message):
        latent.encode(conditional, bad)


def test_cross_losses_are_each_drawings_offset_loss_from_each_code(conditional):
    several = tiny_drawings(4)
    found = latent.cross_losses(conditional, several)
    mu, _ = latent.encode_distribution(conditional, several)
    for i, j in ((0, 0), (1, 3), (3, 1)):
        strokes5 = to_stroke5(several[j] / [4, 4, 1], 12)[None]
        own_mu, own_presigma = conditional.encode(strokes5[:, 1:], np.array([len(several[j])]))
        noise = (mu[i] - own_mu) / np.exp(own_presigma / 2)  # which leads from j's distribution to i's mean
        expected = 12 * conditional.loss_terms(strokes5, noise=np.asarray(noise))["offset"]
        assert found[i, j] == pytest.approx(float(expected), rel=1e-4)
    assert found.shape == (4, 4)


def test_any_n_max_a_file_claims_costs_nothing(conditional):
    several = tiny_drawings(3)
    claimed = tiny_model(max_seq_len=2**31 - 1)
    claimed.set_weights(conditional.get_weights())
    np.testing.assert_allclose(latent.encode(claimed, several), latent.encode(conditional, several), atol=1e-6)


@pytest.mark.parametrize("temperature", [-1, float("nan"), float("inf")])
def test_bad_temperatures_are_refused(conditional, temperature):
    with pytest.raises(InputError, match="temperature"):
        latent.encode(conditional, tiny_drawings(1), temperature)


def test_a_decoder_only_model_says_that_it_cannot_encode(decoder_only):
    with pytest.raises(InputError, match="decoder-only"):
        latent.encode(decoder_only, tiny_drawings(1))


# ------------------------------------------------------------------------------------------------- ways between codes


@settings(deadline=None)
@given(vectors, vectors, st.floats(0, 1))
def test_lerp_and_slerp_are_the_closed_forms(a, b, t):
    np.testing.assert_allclose(latent.lerp(a, b, [t])[0], (1 - t) * a + t * b, atol=1e-12)
    norms = np.linalg.norm(a) * np.linalg.norm(b)
    if norms > 1e-3:
        w = np.arccos(np.clip(a @ b / norms, -1, 1))
        if 1e-2 < w < np.pi - 1e-2:
            expected = np.sin((1 - t) * w) / np.sin(w) * a + np.sin(t * w) / np.sin(w) * b
            np.testing.assert_allclose(latent.slerp(a, b, [t])[0], expected, atol=1e-6)


@settings(deadline=None)
@given(vectors, st.floats(-2, 2), st.floats(0, 1))
def test_slerp_is_defined_for_parallel_opposite_and_zero_vectors(a, factor, t):
    np.testing.assert_allclose(latent.slerp(a, factor * a, [t]), latent.lerp(a, factor * a, [t]), atol=1e-6)


def test_slerp_stays_on_the_sphere_where_lerp_cuts_through():
    a, b, t = np.array([1.0, 0, 0]), np.array([0, 1.0, 0]), np.linspace(0, 1, 9)
    np.testing.assert_allclose(np.linalg.norm(latent.slerp(a, b, t), axis=1), 1)
    assert np.linalg.norm(latent.lerp(a, b, t), axis=1).min() < 0.71


def test_slerp_is_continuous_where_it_turns_into_lerp():
    a = np.array([1.0, 0.0])
    turned = [np.array([np.cos(w), np.sin(w)]) for w in (0.99e-4, 1.01e-4)]
    both = [latent.slerp(a, b, [0.3])[0] for b in turned]
    np.testing.assert_allclose(*both, atol=1e-6)


@pytest.mark.parametrize("method", latent.METHODS)
def test_a_path_passes_through_its_stops(method):
    stops = np.random.default_rng(0).normal(size=(3, 5)).astype("float32")
    way = latent.path(stops, 4, method)
    assert way.shape == (7, 5)
    np.testing.assert_array_equal(way[::3], stops)


@pytest.mark.parametrize("method", latent.METHODS)
def test_a_grid_has_its_corners_and_edges(method):
    corners = np.random.default_rng(0).normal(size=(4, 5)).astype("float32")
    cells = latent.grid(corners, 3, 4, method).reshape(3, 4, 5)
    np.testing.assert_array_equal(cells[[0, 0, -1, -1], [0, -1, 0, -1]], corners)
    np.testing.assert_allclose(cells[0], latent.path(corners[:2], 4, method), atol=1e-6)
    np.testing.assert_allclose(cells[:, 0], latent.path(corners[[0, 2]], 3, method), atol=1e-6)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: latent.path(np.ones((1, 5)), 4), "at least two drawings"),
        (lambda: latent.path(np.ones((2, 5)), 1), "steps: expected"),
        (lambda: latent.path(np.ones((2, 5)), 3, "cubic"), "slerp or lerp"),
        (lambda: latent.grid(np.ones((3, 5)), 2, 2), "exactly four"),
        (lambda: latent.grid(np.ones((4, 5)), 1, 2), "rows: expected"),
    ],
)
def test_impossible_ways_are_refused(call, message):
    with pytest.raises(InputError, match=message):
        call()


# ---------------------------------------------------------------------------------------------------------- arithmetic


def test_an_analogy_of_equals_is_the_third():
    a, c = np.random.default_rng(0).normal(size=(2, 5)).astype("float32")
    np.testing.assert_array_equal(latent.analogy(a, a, c), c)


def test_an_analogy_takes_means_of_sets():
    a, b, c = np.array([[1.0, 2], [3, 4]]), np.array([1.0, 1]), np.array([[0.0, 6]])
    np.testing.assert_allclose(latent.analogy(a, b, c), [1, 8])


def test_the_nearest_come_in_order_and_of_equals_the_first():
    codes = np.array([[3.0, 0], [1, 0], [0, 1], [0, 0.5]])
    indices, distances = latent.nearest([0, 0], codes, 3)
    assert indices.tolist() == [3, 1, 2]
    np.testing.assert_allclose(distances, [0.5, 1, 1])
    assert len(latent.nearest([0, 0], codes, 9)[0]) == 4


# --------------------------------------------------------------------------------------- interpolation, completion


@pytest.mark.parametrize("method", latent.METHODS)
def test_an_interpolation_begins_and_ends_with_the_reconstructions(conditional, method):
    several = tiny_drawings(3)
    way = latent.interpolate(conditional, several, steps=4, method=method, temperature=0.3, seed=2)
    codes = latent.encode(conditional, several)
    again = sample(conditional, z=codes, temperature=0.3, seed=2, same_noise=True)
    assert len(way) == 2 * 3 + 1
    for stop, end in zip(way[::3], again, strict=True):
        np.testing.assert_allclose(stop, end, atol=1e-4)


def test_between_the_ends_are_the_sketches_of_the_codes_between(endless):
    several = tiny_drawings(2)
    way = latent.interpolate(endless, several, steps=3, temperature=0)
    middle = latent.slerp(*latent.encode(endless, several), [0.5])
    np.testing.assert_allclose(way[1], sample(endless, z=middle, temperature=0)[0], atol=1e-4)
    assert np.abs(way[1] - way[0]).max() > 1e-3


def test_an_interpolation_needs_two_drawings(conditional):
    with pytest.raises(InputError, match="at least two drawings"):
        latent.interpolate(conditional, tiny_drawings(1), steps=3)


PREFIX = np.array([[4, 2, 0], [0, 3, 1], [1, 1, 0]], "float32")


@pytest.mark.parametrize("is_conditional", [True, False])
def test_endings_begin_with_the_drawing_and_differ(is_conditional, endless):
    model = endless if is_conditional else tiny_model(end=-50.0, conditional=False)
    endings = latent.complete(model, PREFIX, count=3, temperature=1.0, seed=2)
    for ending in endings:
        np.testing.assert_allclose(ending[:3], PREFIX, atol=1e-5)
    assert len({ending.tobytes() for ending in endings}) == 3


def test_a_conditional_model_begins_with_the_code_of_the_drawing(endless):
    z = latent.encode(endless, [PREFIX])
    expected = sample(endless, z=z, prefix=PREFIX, temperature=0.4)[0]
    np.testing.assert_allclose(latent.complete(endless, PREFIX)[0], expected, atol=1e-5)


def test_a_drawing_without_room_for_an_ending_is_refused(conditional):
    with pytest.raises(InputError, match=f"received {N_MAX}"):
        latent.complete(conditional, np.ones((N_MAX, 3)))
