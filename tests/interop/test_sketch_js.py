"""Facts about the JSON of sketch-rnn-js: its numbers are ours to half a step of 16 bits."""

import base64
import json

import numpy as np
import pytest
from keras import ops
from support.paths import GOLDEN, shared
from support.sketch_js import load, tiny, with_info
from support.tiny import tiny_batch

from sketch_rnn_keras.errors import InputError
from sketch_rnn_keras.files.records import record_path
from sketch_rnn_keras.interop import sketch_js
from sketch_rnn_keras.model import mixture
from sketch_rnn_keras.model.sketch_rnn import SketchRNN

STEP = 10 / 32767

# --------------------------------------------------------------------------------------------- the published models


@pytest.fixture(scope="module", params=["bird", "dog"])
def published(request):
    """The file of a published model, the model, and what the client computes with it."""
    path = shared("models", f"{request.param}.gen.json")
    golden = json.loads((GOLDEN / f"sketch_js_{request.param}.json").read_text())
    return path, sketch_js.load(path), golden


def test_a_published_model_is_opened_with_what_its_file_says(published):
    path, model, golden = published
    name = path.name.removesuffix(".gen.json")
    assert (model.hparams.conditional, model.hparams.data_set, model.hparams.dec_rnn_size) == (False, [name], 512)
    assert model.scale_factor == golden["scale_factor"]


def test_a_published_model_computes_what_the_client_computes(published):
    _, model, golden = published
    strokes = np.array(golden["strokes_px"], "float32") / [*[model.scale_factor] * 2, 1, 1, 1]
    found = mixture.parameters(model.decode(strokes[None].astype("float32")))
    found["pen"] = ops.convert_to_numpy(ops.softmax(found["pen_logits"]))
    for key in golden["steps"][0]:
        np.testing.assert_allclose(found[key][0], [step[key] for step in golden["steps"]], rtol=0, atol=1e-4)


def test_a_published_model_is_written_as_it_was(published, tmp_path):
    path, model, _ = published
    rounding, before = sketch_js.save(model, tmp_path / path.name), json.loads(path.read_text())
    assert json.loads((tmp_path / path.name).read_text()) == before
    assert rounding.largest_error < 1e-6
    assert rounding.clamped == 0


# ------------------------------------------------------------------------------------------------------- the format


def test_the_arrays_of_a_decoder_in_their_order(gen, documents):
    info, shapes, blobs = documents["gen"]
    assert info == {"mode": 2, "version": 6, "max_seq_len": 9, "name": "cat", "scale_factor": 80.5}
    head, cell = gen.output_head, gen.decoder
    expected = [head.kernel, head.bias, cell.input_kernel, cell.recurrent_kernel, cell.bias]
    assert_blobs(shapes, blobs, expected)


def test_the_arrays_of_a_vae_in_their_order(vae, documents):
    info, shapes, blobs = documents["vae"]
    assert info == {"mode": 0, "version": 6, "max_seq_len": 9, "name": "cat", "scale_factor": 80.5}
    cells = [
        (cell.input_kernel, cell.recurrent_kernel, cell.bias) for cell in (vae.encoder_forward, vae.encoder_backward)
    ]
    linear = [(layer.kernel, layer.bias) for layer in (vae.mu, vae.presigma, vae.initial_state, vae.output_head)]
    decoder = (vae.decoder.input_kernel, vae.decoder.recurrent_kernel, vae.decoder.bias)
    assert_blobs(shapes, blobs, [array for group in (*cells, *linear, decoder) for array in group])


def assert_blobs(shapes, blobs, expected):
    assert len(shapes) == len(blobs) == len(expected)
    for shape, blob, variable in zip(shapes, blobs, expected, strict=True):
        raw = base64.b64decode(blob)
        values = [10 * int.from_bytes(raw[k : k + 2], "little", signed=True) / 32767 for k in range(0, len(raw), 2)]
        np.testing.assert_allclose(np.reshape(values, shape), variable.numpy(), atol=STEP / 2 + 1e-6)


def differences(one, other):
    pairs = zip(one.get_weights(), other.get_weights(), strict=True)
    return np.concatenate([np.abs(a.astype("float64") - b).ravel() for a, b in pairs])


@pytest.fixture(params=[True, False], ids=["vae", "gen"])
def wide(request):
    """A model whose weights take up the whole range of the format."""
    return tiny(spread=9.99, conditional=request.param)


def test_no_weight_changes_by_more_than_half_a_step(wide, tmp_path):
    sketch_js.save(wide, tmp_path / "a.json")
    again = sketch_js.load(tmp_path / "a.json")
    assert differences(wide, again).max() <= STEP / 2 + 1e-6  # and the rounding of float32


def test_the_rounding_is_reported_as_it_is(wide, tmp_path):
    rounding = sketch_js.save(wide, tmp_path / "a.json")
    errors = differences(wide, sketch_js.load(tmp_path / "a.json"))
    assert rounding.largest_error == pytest.approx(errors.max(), abs=1e-6)
    assert rounding.mean_error == pytest.approx(errors.mean(), abs=1e-6)
    assert (rounding.weights, rounding.clamped) == (wide.count_params(), 0)


def test_what_is_opened_has_the_settings_of_what_was_saved(wide, tmp_path):
    sketch_js.save(wide, tmp_path / "a.json")
    again = sketch_js.load(tmp_path / "a.json")
    assert (again.hparams.max_seq_len, again.scale_factor, again.hparams.data_set) == (9, 80.5, ["a"])
    assert again.hparams.conditional == wide.hparams.conditional


def test_what_was_opened_is_saved_as_the_same_bytes(wide, tmp_path):
    sketch_js.save(wide, tmp_path / "a.json")
    sketch_js.save(sketch_js.load(tmp_path / "a.json"), tmp_path / "b.json", name="a")
    assert (tmp_path / "b.json").read_bytes() == (tmp_path / "a.json").read_bytes()


def test_a_model_takes_the_place_of_a_download_and_of_its_record(gen, tmp_path):
    (tmp_path / "a.gen.json").write_text("downloaded")
    record_path(tmp_path / "a.gen.json").write_text("{}")
    sketch_js.save(gen, tmp_path / "a.gen.json")
    assert [path.name for path in tmp_path.iterdir()] == ["a.gen.json"]


def test_weights_beyond_the_limit_are_clamped_and_counted(tmp_path):
    model, path = tiny(conditional=False), tmp_path / "a.gen.json"
    bias = model.output_head.bias.numpy()
    bias[:3] = (10.0, 12.5, -40.0)
    model.output_head.bias.assign(bias)
    rounding = sketch_js.save(model, path)
    assert rounding.clamped == 2
    assert rounding.largest_error == pytest.approx(30.0)
    assert "2 clamped to ±10" in str(rounding)
    np.testing.assert_allclose(sketch_js.load(path).output_head.bias.numpy()[:3], (10, 10, -10))


@pytest.mark.parametrize(
    ("mode", "kind"), [(2, "gen"), ("gen", "gen"), (2.0, "gen"), (0, "vae"), (1, "vae"), ("vae", "vae")]
)
def test_every_way_of_writing_a_mode_is_read(mode, kind, documents, tmp_path):
    model = load(with_info(documents[kind], mode=mode), tmp_path)
    assert model.hparams.conditional == (kind == "vae")
    assert (model.hparams.dec_rnn_size, model.hparams.num_mixture) == (4, 20)
    if kind == "vae":
        assert (model.hparams.enc_rnn_size, model.hparams.z_size) == (3, 2)


VERSIONS = pytest.mark.parametrize(
    ("version", "is_old"), [(6, False), (7, False), (6.5, False), (..., False), (5, True), (1, True)]
)


@VERSIONS
def test_before_version_6_tanh_of_z_sets_the_start(version, is_old, documents, tmp_path):
    """... and z itself is the decoder's input at every step."""
    model = load(with_info(documents["vae"], version=version), tmp_path)
    z, strokes = np.array([[1.5, -0.8]], "float32"), np.random.default_rng(0).normal(size=(1, 4, 5)).astype("float32")
    kernel, bias = (ops.convert_to_numpy(part) for part in (model.initial_state.kernel, model.initial_state.bias))
    start = np.tanh((np.tanh(z) if is_old else z) @ kernel + bias)
    np.testing.assert_allclose(
        ops.convert_to_numpy(model.decoder.pack(model.decoder_start(z, len(z)))), start, atol=1e-6
    )
    expected = [run_lstm(model.decoder, strokes[0], z[0], start[0])]
    np.testing.assert_allclose(
        ops.convert_to_numpy(model.decode(strokes, ops.convert_to_tensor(z)))[:, -1],
        expected @ model.output_head.kernel.numpy() + model.output_head.bias.numpy(),
        atol=1e-5,
    )


@VERSIONS
def test_the_rule_of_the_version_is_kept_when_saving(version, is_old, documents, tmp_path):
    model = load(with_info(documents["vae"], version=version), tmp_path)
    assert model.hparams.squash_start == is_old
    sketch_js.save(model, tmp_path / "again.vae.json")
    assert json.loads((tmp_path / "again.vae.json").read_text())[0]["version"] == (5 if is_old else 6)


def run_lstm(cell, inputs, z, start):
    """The client's cell in NumPy: gates i, g, f, o and a forget bias of 1; returns h after the last step."""

    def sigmoid(x):
        return 1 / (1 + np.exp(-x))

    c, h = np.split(start, 2)
    for x in inputs:
        pre = np.concatenate([x, z]) @ cell.input_kernel.numpy() + h @ cell.recurrent_kernel.numpy() + cell.bias.numpy()
        i, g, f, o = np.split(pre, 4)
        c = c * sigmoid(f + 1) + sigmoid(i) * np.tanh(g)
        h = np.tanh(c) * sigmoid(o)
    return h


def test_a_decoder_alone_has_no_z_to_squash(documents, tmp_path):
    assert not load(with_info(documents["gen"], version=3), tmp_path).hparams.squash_start


@pytest.mark.parametrize("absent", [..., None])
def test_a_file_without_a_scale_factor_gives_a_model_without_one(documents, tmp_path, absent):
    assert load(with_info(documents["gen"], scale_factor=absent), tmp_path).scale_factor is None


def test_a_scale_factor_that_is_given_takes_the_place_of_the_files(documents, tmp_path):
    assert load(documents["gen"], tmp_path, scale_factor=3.5).scale_factor == 3.5


def test_a_model_without_a_scale_factor_is_not_saved_without_one(vae, tmp_path):
    unscaled = SketchRNN(vae.hparams)
    with pytest.raises(InputError, match="expected a scale_factor, which the clients need"):
        sketch_js.save(unscaled, tmp_path / "a.vae.json")
    assert not (tmp_path / "a.vae.json").exists()
    sketch_js.save(unscaled, tmp_path / "a.vae.json", scale_factor=7)
    assert sketch_js.load(tmp_path / "a.vae.json").scale_factor == 7.0


# ----------------------------------------------------------------------------------- fewer components than clients have


def densities(model, strokes, dx, dy, temperature):
    """p(dx, dy) after each point of `strokes [B, N, 5]`, at every pair of offsets `[K]`: `[B, N, K]`."""
    parts = mixture.temper(mixture.from_raw(model.decode(strokes)), temperature)
    spread = mixture.Mixture(*(part[..., None, :] for part in parts))
    return np.exp(ops.convert_to_numpy(mixture.log_density(spread, dx[None, None], dy[None, None])))


@pytest.mark.parametrize("components", [1, 3, 5, 12, 19])
def test_fewer_components_become_20_of_the_same_density_at_every_temperature(components, tmp_path):
    model = tiny(conditional=False, num_mixture=components)
    model.set_weights([(np.rint(weight / STEP) * STEP).astype("float32") for weight in model.get_weights()])
    sketch_js.save(model, tmp_path / "a.gen.json")
    wide = sketch_js.load(tmp_path / "a.gen.json")
    assert wide.hparams.num_mixture == 20
    strokes = tiny_batch([9, 9], steps=9).astype("float32")
    offsets = np.random.default_rng(0).normal(size=(2, 100)).astype("float32")
    for temperature in (0.1, 1.0):
        found, expected = (densities(one, strokes, *offsets, temperature) for one in (wide, model))
        assert expected.max() > 0.1
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


# -------------------------------------------------------------------------------------- what the format cannot hold


@pytest.mark.parametrize(
    ("changes", "name", "message"),
    [
        ({"dec_model": "layer_norm"}, "a.vae.json", "dec_model = 'lstm' only, this one has 'layer_norm'"),
        ({"dec_model": "hyper", "conditional": False}, "a.gen.json", "dec_model = 'lstm' only, this one has 'hyper'"),
        ({"enc_model": "layer_norm"}, "a.vae.json", "enc_model = 'lstm' only, this one has 'layer_norm'"),
        ({"num_mixture": 21}, "a.vae.json", "the clients have 20 mixture components, this model has 21"),
        ({}, "a.gen.json", r"this model is conditional: give it a name that ends in \.vae\.json"),
        ({"conditional": False}, "a.vae.json", r"this model is decoder-only: give it a name that ends in \.gen\.json"),
    ],
)
@pytest.mark.usefixtures("small_hyper")
def test_models_that_the_format_cannot_hold_are_refused(changes, name, message, tmp_path):
    (tmp_path / name).write_text("mine")
    with pytest.raises(InputError, match=f"{name}: .*{message}"):
        sketch_js.save(tiny(**changes), tmp_path / name)
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [(name, "mine")]


def test_the_cells_of_an_absent_encoder_do_not_matter(tmp_path):
    model = tiny(conditional=False, enc_model="hyper")
    assert sketch_js.save(model, tmp_path / "a.gen.json").weights == model.count_params()
    assert differences(model, sketch_js.load(tmp_path / "a.gen.json")).max() <= STEP / 2 + 1e-6


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_weights_that_are_not_finite_are_refused(value, tmp_path):
    model = tiny(conditional=False)
    model.decoder.bias.assign(np.full(16, value))
    with pytest.raises(InputError, match="LSTMCell/bias:0 holds numbers that are not finite"):
        sketch_js.save(model, tmp_path / "a.gen.json")
    assert not list(tmp_path.iterdir())


def test_a_place_that_cannot_be_written_is_named(gen, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match=r"file/a\.gen\.json: cannot be written"):
        sketch_js.save(gen, tmp_path / "file" / "a.gen.json")
