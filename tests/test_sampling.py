"""Facts about drawing: what decides a sketch, what does not, when it ends, and what is refused."""

import numpy as np
import pytest

from sketch_rnn_keras import sampling
from sketch_rnn_keras.errors import InputError
from sketch_rnn_keras.hparams import HParams
from sketch_rnn_keras.model.sketch_rnn import SketchRNN
from sketch_rnn_keras.sampling import sample, sample_points

N_MAX, N_Z = 12, 4
SMALL = {
    "enc_rnn_size": 8,
    "dec_rnn_size": 8,
    "z_size": N_Z,
    "num_mixture": 2,
    "max_seq_len": N_MAX,
}
END = 2  # index of the end's logit among the output head's biases


def make_model(end: float = 0.0, scale_factor: float | None = None, **hparams) -> SketchRNN:
    """A model with weights large enough that its sketches differ, and `end` added to the logit of the end."""
    model = SketchRNN(HParams(**SMALL | hparams), scale_factor=scale_factor)
    rng = np.random.default_rng(1)
    for variable in model.trainable_variables:
        variable.assign(variable.numpy() + 0.2 * rng.standard_normal(variable.shape).astype("float32"))
    bias = model.output_head.bias.numpy()
    bias[END] += end
    model.output_head.bias.assign(bias)
    return model


@pytest.fixture(scope="module")
def model():
    return make_model(end=-1.5)


@pytest.fixture(scope="module")
def endless():
    return make_model(end=-50.0)


@pytest.fixture(scope="module")
def decoder_only():
    return make_model(end=-1.5, conditional=False)


def assert_close(ours, others, atol=1e-5):
    assert [len(sketch) for sketch in ours] == [len(sketch) for sketch in others]
    for sketch, other in zip(ours, others, strict=True):
        np.testing.assert_allclose(sketch, other, atol=atol)


def test_what_comes_out(model):
    sketches = sample(model, 8, seed=3)
    assert len(sketches) == 8
    assert len({len(sketch) for sketch in sketches}) > 1
    for sketch in sketches:
        assert sketch.dtype == np.float32
        assert sketch.shape == (len(sketch), 3)
        assert len(sketch) <= N_MAX
        assert set(sketch[:, 2]) <= {0, 1}
        assert np.isfinite(sketch).all()


def test_one_sketch_by_default(model):
    assert len(sample(model)) == 1


def test_the_seed_decides(model):
    ours, again, others = (sample(model, 8, seed=seed) for seed in (5, 5, 6))
    assert [sketch.tobytes() for sketch in ours] == [sketch.tobytes() for sketch in again]
    assert all(sketch.tobytes() != other.tobytes() for sketch, other in zip(ours, others, strict=True))


def test_sketches_of_one_call_differ(model):
    assert len({sketch.tobytes() for sketch in sample(model, 8)}) == 8


def test_a_sketch_does_not_depend_on_how_many_are_drawn(model):
    assert_close(sample(model, 8, seed=2)[:3], sample(model, 3, seed=2))


@pytest.mark.parametrize("kind", ["conditional", "decoder only", "given z"])
def test_a_sketch_does_not_depend_on_the_chunks(model, decoder_only, monkeypatch, kind):
    chosen = decoder_only if kind == "decoder only" else model
    z = np.random.default_rng(0).standard_normal((8, N_Z)) if kind == "given z" else None
    together = sample(chosen, 8, seed=2, z=z)
    monkeypatch.setattr(sampling, "CHUNK", 3)
    assert_close(sample(chosen, 8, seed=2, z=z), together)


def test_greedy_ignores_the_seed_and_follows_z(model):
    z = np.random.default_rng(0).standard_normal((3, N_Z))
    ours, others = (sample(model, temperature=0, seed=seed, z=z) for seed in (1, 2))
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


def test_rows_of_z_count(model):
    z = np.random.default_rng(0).standard_normal((5, N_Z))
    assert len(sample(model, z=z)) == 5
    assert_close(sample(model, 5, z=z), sample(model, z=z.tolist()))


def test_z_is_what_makes_the_sketch(endless):
    same, other = sample(endless, temperature=0, z=[[1.0] * N_Z, [-1.0] * N_Z])
    assert np.abs(same - other).max() > 1e-3


def test_max_points_cuts(endless):
    whole, cut = sample(endless, 4), sample(endless, 4, max_points=5)
    assert [len(sketch) for sketch in cut] == [5] * 4
    assert_close([sketch[:5] for sketch in whole], cut)
    assert len(sample(endless, max_points=N_MAX + 7)[0]) == N_MAX + 7


def test_a_sketch_that_never_ends_has_every_point(endless):
    assert [sketch.shape for sketch in sample(endless, 3)] == [(N_MAX, 3)] * 3


@pytest.mark.parametrize("temperature", [0, 0.5])
def test_a_sketch_that_ends_at_once_is_empty(temperature):
    assert [sketch.shape for sketch in sample(make_model(end=50.0), 3, temperature)] == [(0, 3)] * 3


def test_points_are_in_data_units():
    in_model_units, in_data_units = (
        sample(make_model(end=-1.5, scale_factor=factor), 4, seed=1) for factor in (None, 36.5)
    )
    assert_close([sketch * (36.5, 36.5, 1) for sketch in in_model_units], in_data_units, atol=1e-3)


def test_stopping_early_changes_nothing_before_the_end(model):
    rng = np.random.default_rng(0)
    z, uniform, normal = rng.standard_normal((6, N_Z)), rng.random((40, 6, 2)), rng.standard_normal((40, 6, 2))
    noise = np.concatenate([uniform, normal], axis=2)
    stopped, full = (sample_points(model, z, noise, 0.8, stop_at_end=stop) for stop in (True, False))
    assert stopped.shape == full.shape == (6, 40, 5)
    ends = full[..., 4].argmax(axis=1)
    assert full[..., 4].any(axis=1).all()
    assert ends.max() < 39
    for sketch, other, end in zip(stopped, full, ends, strict=True):
        np.testing.assert_allclose(sketch[: end + 1], other[: end + 1], atol=1e-5)
    np.testing.assert_array_equal(stopped[:, ends.max() + 1 :, 4], 1)  # the loop ended with the last sketch
    assert np.abs(full[:, ends.max() + 1 :, :2]).min() > 0  # and went on when it was told to


def test_decoder_only(decoder_only):
    ours, again = sample(decoder_only, 4, seed=1), sample(decoder_only, 4, seed=1)
    assert len({sketch.tobytes() for sketch in ours}) == 4
    assert_close(ours, again, atol=0)


@pytest.mark.parametrize("cell", ["lstm", "layer_norm", "hyper"])
def test_every_cell_draws(cell):
    sketches = sample(make_model(end=-50.0, dec_model=cell), 2)
    assert [sketch.shape for sketch in sketches] == [(N_MAX, 3)] * 2
    assert np.abs(sketches[0] - sketches[1]).max() > 0


def test_drawing_follows_the_weights():
    model = make_model(end=-50.0)
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
def test_impossible_arguments(model, name, options):
    if options == {"count": 3}:
        options = {"count": 3, "z": Z}
    with pytest.raises(InputError, match=f"^{name}: "):
        sample(model, **options)


@pytest.mark.parametrize(
    "z",
    [Z[0], Z[:, :-1], Z[None], Z[:0], np.full_like(Z, np.nan), np.full_like(Z, np.inf), "abc", [[1.0], [1.0, 2.0]]],
    ids=["one row", "narrow", "three axes", "no rows", "nan", "infinite", "text", "ragged"],
)
def test_impossible_z(model, z):
    with pytest.raises(InputError, match=rf"^z: expected .*\[count, {N_Z}\]"):
        sample(model, z=z)


def test_z_for_a_model_without(decoder_only):
    with pytest.raises(InputError, match="^z: .*decoder-only"):
        sample(decoder_only, z=Z)


def test_progress_ends_at_the_number_asked_for(model, monkeypatch):
    monkeypatch.setattr("sketch_rnn_keras.sampling.CHUNK", 2)
    told = []
    sample(model, 5, progress=told.append)
    assert told == [2, 4, 5]
