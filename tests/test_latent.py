"""Codes of drawings, ways between them, arithmetic on them; drawings continued from a prefix."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sketch_rnn_keras import HParams, InputError, SketchRNN, latent, sample
from sketch_rnn_keras.strokes import to_stroke5

SIZES = {"enc_rnn_size": 6, "dec_rnn_size": 7, "z_size": 5, "num_mixture": 3, "max_seq_len": 12}


@pytest.fixture(scope="module")
def model():
    """A small conditional model with random weights, whose unit is 4 data units."""
    model = SketchRNN(HParams(**SIZES), scale_factor=4.0)
    rng = np.random.default_rng(1)
    for weight in model.trainable_variables:
        weight.assign(0.4 * rng.normal(size=weight.shape))
    model.output_head.bias.assign(
        model.output_head.bias.numpy() - 2.0 * (np.arange(21) == 2)
    )  # sketches of some length
    return model


def drawings(count, seed=0):
    rng = np.random.default_rng(seed)
    result = []
    for _ in range(count):
        n = int(rng.integers(1, 13))
        rows = np.concatenate([4 * rng.normal(size=(n, 2)), rng.random((n, 1)) < 0.3], axis=1)
        result.append(rows.astype("float32"))
    return result


vectors = st.lists(st.floats(-3, 3, width=32), min_size=4, max_size=4).map(np.array)


# ----------------------------------------------------------------------------------------------------------- encoding
def test_codes_are_the_encoders_means(model):
    several = drawings(7)
    strokes5 = np.stack([to_stroke5(d / [4, 4, 1], 12)[1:] for d in several])
    mu, presigma = model.encode(strokes5, np.array([len(d) for d in several]))
    np.testing.assert_allclose(latent.encode(model, several), mu, atol=1e-6)
    np.testing.assert_allclose(latent.encode_distribution(model, several)[1], presigma, atol=1e-6)


def test_more_drawings_than_a_chunk_are_encoded_alike(model, monkeypatch):
    several = drawings(7)
    whole = latent.encode(model, several)
    monkeypatch.setattr(latent, "CHUNK", 3)
    np.testing.assert_allclose(latent.encode(model, several), whole, atol=1e-6)


def test_sampled_codes_spread_by_temperature_and_depend_on_the_seed_and_place_alone(model):
    several = drawings(3)
    mu, presigma = latent.encode_distribution(model, several)
    full, half = (latent.encode(model, several, t, seed=5) for t in (1.0, 0.5))
    np.testing.assert_allclose(full - mu, 2 * (half - mu), atol=1e-5)
    noise = (full - mu) / np.exp(presigma / 2)
    assert 0.4 < noise.std() < 1.8
    np.testing.assert_allclose(latent.encode(model, several[:1], 1.0, seed=5), full[:1], atol=1e-6)
    assert not np.allclose(latent.encode(model, several, 1.0, seed=6), full)


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ([], "at least one drawing"),
        ([np.zeros((0, 3))], "drawing 0: expected 1 to 12 points"),
        ([np.zeros((13, 3))], "received 13"),
        ([np.zeros((2, 3)), np.zeros((2, 4))], "drawing 1: expected finite stroke-3"),
        ([np.full((2, 3), np.nan)], "finite"),
    ],
)
def test_drawings_that_cannot_be_encoded_are_named(model, bad, message):
    with pytest.raises(InputError, match=message):
        latent.encode(model, bad)


def test_cross_losses_are_each_drawings_offset_loss_from_each_code(model):
    several = drawings(4)
    found = latent.cross_losses(model, several)
    mu, _ = latent.encode_distribution(model, several)
    for i, j in ((0, 0), (1, 3), (3, 1)):
        strokes5 = to_stroke5(several[j] / [4, 4, 1], 12)[None]
        own_mu, own_presigma = model.encode(strokes5[:, 1:], np.array([len(several[j])]))
        noise = (mu[i] - own_mu) / np.exp(own_presigma / 2)  # which leads from j's distribution to i's mean
        expected = 12 * model.loss_terms(strokes5, noise=np.asarray(noise))["offset"]
        assert found[i, j] == pytest.approx(float(expected), rel=1e-4)
    assert found.shape == (4, 4)


def test_any_n_max_a_file_claims_costs_nothing(model):
    several = drawings(3)
    claimed = SketchRNN(HParams(**SIZES | {"max_seq_len": 2**31 - 1}), scale_factor=4.0)
    claimed.set_weights(model.get_weights())
    np.testing.assert_allclose(latent.encode(claimed, several), latent.encode(model, several), atol=1e-6)


@pytest.mark.parametrize("temperature", [-1, float("nan"), float("inf")])
def test_bad_temperatures_are_refused(model, temperature):
    with pytest.raises(InputError, match="temperature"):
        latent.encode(model, drawings(1), temperature)


def test_a_decoder_only_model_says_that_it_cannot_encode():
    with pytest.raises(InputError, match="decoder-only"):
        latent.encode(SketchRNN(HParams(**SIZES, conditional=False)), drawings(1))


# ------------------------------------------------------------------------------------------------------- interpolation
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


# ---------------------------------------------------------------------------------------------------------- completion
@pytest.mark.parametrize("lift", [0, 1])
def test_a_completion_begins_with_its_prefix(model, lift):
    prefix = np.array([[4, 2, 0], [0, 3, 1], [1, 1, lift]], "float32")
    z = np.repeat(latent.encode(model, [prefix]), 3, axis=0)
    endings = sample(model, z=z, prefix=prefix, temperature=1.0, seed=2)
    for ending in endings:
        np.testing.assert_allclose(ending[:3], prefix, atol=1e-5)
    assert len({ending.tobytes() for ending in endings}) == 3


def test_a_prefix_of_what_is_drawn_greedily_changes_nothing(model):
    z = latent.encode(model, drawings(1, seed=3))
    whole = sample(model, z=z, temperature=0)[0]
    assert len(whole) > 4
    np.testing.assert_allclose(sample(model, z=z, prefix=whole[:3], temperature=0)[0], whole, atol=1e-4)


@pytest.mark.parametrize(
    ("prefix", "message"),
    [
        (np.zeros((0, 3)), "received 0"),
        (np.zeros((12, 3)), "received 12"),
        (np.zeros((2, 2)), r"received shape \[2, 2\]"),
    ],
)
def test_a_prefix_that_does_not_fit_is_refused(model, prefix, message):
    with pytest.raises(InputError, match=message):
        sample(model, 1, prefix=prefix)
