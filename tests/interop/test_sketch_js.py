"""Facts about the JSON of sketch-rnn-js: its numbers are ours to half a step of 16 bits, and none of it is trusted."""

import base64
import json

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from keras import ops
from support import paths

from sketch_rnn_keras.errors import InputError
from sketch_rnn_keras.hparams import HParams
from sketch_rnn_keras.interop import magenta, sketch_js
from sketch_rnn_keras.model import mixture
from sketch_rnn_keras.model.sketch_rnn import SketchRNN

GOLDEN = paths.GOLDEN
MODELS = paths.SHARED / "models"
SMALL = {"enc_rnn_size": 3, "dec_rnn_size": 4, "z_size": 2, "max_seq_len": 9}
STEP = 10 / 32767


def build(scale=1.0, **changes):
    model = SketchRNN(HParams(**(SMALL | changes)), scale_factor=80.5)
    rng = np.random.default_rng(3)
    model.set_weights([rng.uniform(-scale, scale, size=w.shape) for w in model.weights])
    return model


@pytest.fixture(scope="module")
def vae():
    return build()


@pytest.fixture(scope="module")
def gen():
    return build(conditional=False)


@pytest.fixture(scope="module")
def documents(vae, gen, tmp_path_factory):
    """What `save` writes, parsed: by kind."""
    folder = tmp_path_factory.mktemp("saved")
    for kind, model in (("gen", gen), ("vae", vae)):
        sketch_js.save(model, folder / f"cat.{kind}.json")
    return {kind: json.loads((folder / f"cat.{kind}.json").read_text()) for kind in ("gen", "vae")}


def load(document, tmp_path, **options):
    path = tmp_path / "m.json"
    path.write_text(json.dumps(document))
    return sketch_js.load(path, **options)


def with_info(document, **changes):
    info = {key: value for key, value in (document[0] | changes).items() if value is not ...}
    return [info, *document[1:]]


def differences(one, other):
    pairs = zip(one.get_weights(), other.get_weights(), strict=True)
    return np.concatenate([np.abs(a.astype("float64") - b).ravel() for a, b in pairs])


# ----------------------------------------------------------------------------------------------- the published models


@pytest.mark.parametrize("name", ["bird", "dog"])
def test_a_published_model_computes_what_the_client_computes(name, tmp_path):
    path = MODELS / f"{name}.gen.json"
    if not path.exists():
        pytest.skip(f"the published models are not beside the repository: no shared/models/{name}.gen.json")
    model, golden = sketch_js.load(path), json.loads((GOLDEN / f"sketch_js_{name}.json").read_text())
    assert (model.hparams.conditional, model.hparams.data_set, model.hparams.dec_rnn_size) == (False, [name], 512)
    assert model.scale_factor == golden["scale_factor"]
    strokes = np.array(golden["strokes_px"], "float32") / [*[model.scale_factor] * 2, 1, 1, 1]
    found = mixture.parameters(model.decode(strokes[None].astype("float32")))
    found["pen"] = ops.convert_to_numpy(ops.softmax(found["pen_logits"]))
    for key in golden["steps"][0]:
        np.testing.assert_allclose(found[key][0], [step[key] for step in golden["steps"]], rtol=0, atol=1e-4)

    report, before = sketch_js.save(model, tmp_path / path.name), json.loads(path.read_text())
    assert json.loads((tmp_path / path.name).read_text()) == before
    assert report.largest_error < 1e-6
    assert report.clamped == 0


# --------------------------------------------------------------------------------------------------------- the format


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


@pytest.mark.parametrize("conditional", [True, False])
def test_no_weight_changes_by_more_than_half_a_step(conditional, tmp_path):
    model, path = build(scale=9.99, conditional=conditional), tmp_path / "a.json"
    report = sketch_js.save(model, path)
    again = sketch_js.load(path)
    errors = differences(model, again)
    assert errors.max() <= STEP / 2 + 1e-6  # and the rounding of float32
    assert report.largest_error == pytest.approx(errors.max(), abs=1e-6)
    assert report.mean_error == pytest.approx(errors.mean(), abs=1e-6)
    assert (report.weights, report.clamped) == (model.count_params(), 0)
    assert (again.hparams.max_seq_len, again.scale_factor, again.hparams.data_set) == (9, 80.5, ["a"])
    sketch_js.save(again, tmp_path / "b.json", name="a")
    assert (tmp_path / "b.json").read_bytes() == path.read_bytes()


def test_weights_beyond_the_limit_are_clamped_and_counted(tmp_path):
    model, path = build(conditional=False), tmp_path / "a.gen.json"
    bias = model.output_head.bias.numpy()
    bias[:3] = (10.0, 12.5, -40.0)
    model.output_head.bias.assign(bias)
    report = sketch_js.save(model, path)
    assert report.clamped == 2
    assert report.largest_error == pytest.approx(30.0)
    assert "2 clamped to ±10" in str(report)
    np.testing.assert_allclose(sketch_js.load(path).output_head.bias.numpy()[:3], (10, 10, -10))


@pytest.mark.parametrize(
    ("mode", "kind"), [(2, "gen"), ("gen", "gen"), (2.0, "gen"), (0, "vae"), (1, "vae"), ("vae", "vae")]
)
def test_modes(mode, kind, documents, tmp_path):
    model = load(with_info(documents[kind], mode=mode), tmp_path)
    assert model.hparams.conditional == (kind == "vae")
    assert (model.hparams.dec_rnn_size, model.hparams.num_mixture) == (4, 20)
    if kind == "vae":
        assert (model.hparams.enc_rnn_size, model.hparams.z_size) == (3, 2)


@pytest.mark.parametrize("version", [6, 7, 6.5, ..., 5, 1])
def test_before_version_6_tanh_of_z_sets_the_start(version, vae, documents, tmp_path):
    """... and z itself is the decoder's input at every step."""
    model = load(with_info(documents["vae"], version=version), tmp_path)
    is_old = version in (5, 1)
    assert model.hparams.squash_start == is_old
    z, strokes = np.array([[1.5, -0.8]], "float32"), np.random.default_rng(0).normal(size=(1, 4, 5)).astype("float32")
    start = np.tanh(
        (np.tanh(z) if is_old else z) @ model.initial_state.kernel.numpy() + model.initial_state.bias.numpy()
    )
    np.testing.assert_allclose(ops.convert_to_numpy(model.decoder.pack(model.decoder_start(z))), start, atol=1e-6)
    expected = [run_lstm(model.decoder, strokes[0], z[0], start[0])]
    np.testing.assert_allclose(
        ops.convert_to_numpy(model.decode(strokes, ops.convert_to_tensor(z)))[:, -1],
        expected @ model.output_head.kernel.numpy() + model.output_head.bias.numpy(),
        atol=1e-5,
    )
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


def test_the_scale_factor(documents, vae, tmp_path):
    assert load(with_info(documents["gen"], scale_factor=...), tmp_path).scale_factor is None
    assert load(with_info(documents["gen"], scale_factor=None), tmp_path).scale_factor is None
    assert load(documents["gen"], tmp_path, scale_factor=3.5).scale_factor == 3.5
    unscaled = SketchRNN(vae.hparams)
    with pytest.raises(InputError, match="expected a scale_factor, which the clients need"):
        sketch_js.save(unscaled, tmp_path / "a.vae.json")
    assert not (tmp_path / "a.vae.json").exists()
    sketch_js.save(unscaled, tmp_path / "a.vae.json", scale_factor=7)
    assert sketch_js.load(tmp_path / "a.vae.json").scale_factor == 7.0


# ------------------------------------------------------------------------------------------ what the format cannot hold


@pytest.mark.parametrize(
    ("changes", "name", "message"),
    [
        ({"dec_model": "layer_norm"}, "a.vae.json", "dec_model = 'lstm' only, this one has 'layer_norm'"),
        ({"dec_model": "hyper", "conditional": False}, "a.gen.json", "dec_model = 'lstm' only, this one has 'hyper'"),
        ({"enc_model": "layer_norm"}, "a.vae.json", "enc_model = 'lstm' only, this one has 'layer_norm'"),
        ({"num_mixture": 19}, "a.vae.json", "num_mixture = 20 only, this one has 19"),
        ({}, "a.gen.json", r"this model is conditional: give it a name that ends in \.vae\.json"),
        ({"conditional": False}, "a.vae.json", r"this model is decoder-only: give it a name that ends in \.gen\.json"),
    ],
)
def test_models_that_the_format_cannot_hold_are_refused(changes, name, message, tmp_path):
    (tmp_path / name).write_text("mine")
    with pytest.raises(InputError, match=f"{name}: .*{message}"):
        sketch_js.save(build(**changes), tmp_path / name)
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [(name, "mine")]


def test_the_cells_of_an_absent_encoder_do_not_matter(tmp_path):
    sketch_js.save(build(conditional=False, enc_model="hyper"), tmp_path / "a.gen.json")


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_weights_that_are_not_finite_are_refused(value, tmp_path):
    model = build(conditional=False)
    model.decoder.bias.assign(np.full(16, value))
    with pytest.raises(InputError, match="LSTMCell/bias:0 holds numbers that are not finite"):
        sketch_js.save(model, tmp_path / "a.gen.json")
    assert not list(tmp_path.iterdir())


def test_a_place_that_cannot_be_written(gen, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot be written"):
        sketch_js.save(gen, tmp_path / "file" / "a.gen.json")


# -------------------------------------------------------------------------------------------------------- hostile files


def replaced(part, index, value):
    def change(document):
        parts = json.loads(json.dumps(document))
        parts[part][index] = value
        return parts

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: {}, "a list of info, shapes and weights"),
        (lambda d: d[:2], "a list of info, shapes and weights"),
        (lambda d: [d[0], d[1], {}], "a list of info, shapes and weights"),
        (lambda d: [d[0], d[1], d[2][:4]], "expected 5 weights of a gen model, found 4"),
        (lambda d: [d[0], d[1][:4], d[2]], "expected 5 shapes of a gen model, found 4"),
        (lambda d: with_info(d, mode="vae"), "expected 17 shapes of a vae model, found 5"),
        (lambda d: with_info(d, mode=3), "mode: expected one of"),
        (lambda d: with_info(d, mode=True), "mode: expected one of"),
        (lambda d: with_info(d, mode=[2]), "mode: expected one of"),
        (lambda d: with_info(d, mode=...), "mode: expected one of"),
        (lambda d: with_info(d, version="6"), "version: expected a number"),
        (lambda d: with_info(d, version=None), "version: expected a number"),
        (lambda d: with_info(d, name=7), "name: expected a text"),
        (lambda d: with_info(d, name=""), "'data_set.*': expected a file or category name"),
        (lambda d: with_info(d, name="x" * 2000), "name: expected a text of at most 1000"),
        (lambda d: with_info(d, max_seq_len=0), "'max_seq_len': expected a whole number"),
        (lambda d: with_info(d, max_seq_len=1.5), "'max_seq_len': expected a whole number"),
        (lambda d: with_info(d, max_seq_len=...), "'max_seq_len': expected a whole number"),
        (lambda d: with_info(d, scale_factor=float("nan")), "scale_factor: expected a positive number"),
        (lambda d: with_info(d, scale_factor=float("inf")), "scale_factor: expected a positive number"),
        (lambda d: with_info(d, scale_factor=10**400), "scale_factor: expected a positive number"),
        (lambda d: with_info(d, scale_factor=-1), "scale_factor: expected a positive number"),
        (lambda d: with_info(d, scale_factor="80"), "scale_factor: expected a positive number"),
        (replaced(1, 3, [2**31 - 1, 4]), r"shapes \[0\] .*expected \[2147483647, 123\]"),
        (replaced(1, 3, [10**4000, 4]), r"shapes \[3\]: expected one or two positive whole numbers"),
        (replaced(1, 1, [[123]]), r"shapes \[1\]: expected one or two positive"),
        (replaced(1, 1, []), r"shapes \[1\]: expected one or two positive"),
        (replaced(1, 1, [True]), r"shapes \[1\]: expected one or two positive"),
        (replaced(1, 1, 123), r"shapes \[1\]: expected one or two positive"),
        (replaced(1, 1, [122]), r"shapes \[1\] \(RNN/output_b\): expected \[123\]"),
        (replaced(1, 2, [7, 16]), r"shapes \[2\] \(RNN/LSTMCell/W_xh\): expected \[5, 16\]"),
        (replaced(2, 4, "AAAA"), r"weights \[4\] \(RNN/LSTMCell/bias\): expected base64 text of 32 bytes"),
        (replaced(2, 4, "!" * 44), r"weights \[4\] .*expected base64 text"),
        (replaced(2, 4, "é" * 44), r"weights \[4\] .*expected base64 text"),
        (replaced(2, 4, "A" * 44), r"weights \[4\] .*expected 32 bytes for the shape \[16\], received 33"),
        (replaced(2, 4, [1, 2]), r"weights \[4\] .*received list"),
        (replaced(2, 4, None), r"weights \[4\] .*received NoneType"),
    ],
)  # fmt: skip
def test_documents_that_are_no_model_are_refused(change, message, documents, tmp_path):
    with pytest.raises(InputError, match=rf"m\.json.*{message}") as caught:
        load(change(documents["gen"]), tmp_path)
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize(
    "content",
    [b"", b"[", b"\xff\xfe", b"[" * 100_000, b'[{"a":' * 100_000, b"[1,2,", b"[{},[],[" + b"0," * 20_000 + b"0]]"],
    ids=lambda content: repr(content[:8]),
)
def test_files_that_are_no_json_are_refused(content, tmp_path):
    (tmp_path / "m.json").write_bytes(content)
    with pytest.raises(InputError, match=r"m\.json"):
        sketch_js.load(tmp_path / "m.json")


def test_a_huge_file_is_refused_before_it_is_read(monkeypatch, tmp_path):
    monkeypatch.setattr(sketch_js, "MAX_BYTES", 1000)
    (tmp_path / "m.json").write_bytes(b" " * 1001)
    with pytest.raises(InputError, match="at most 1000 bytes"):
        sketch_js.load(tmp_path / "m.json")


def test_huge_shapes_allocate_nothing(monkeypatch, documents, tmp_path):
    """Shapes that agree with each other, and claim 16 TB."""

    def forbidden(*_, **__):
        raise AssertionError("a model was built")

    monkeypatch.setattr(sketch_js, "SketchRNN", forbidden)
    info, _, blobs = documents["gen"]
    huge = [[10**6, 123], [123], [5, 4 * 10**6], [10**6, 4 * 10**6], [4 * 10**6]]
    with pytest.raises(InputError, match=r"weights \[0\] .*expected base64 text of 246000000 bytes"):
        load([info, huge, blobs], tmp_path)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=8,
)


PLACES = ["whole", "info", "mode", "version", "name", "max_seq_len", "scale_factor", 1, 2]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.sampled_from(PLACES), value=JSON, index=st.integers(0, 4))
def test_any_document_loads_or_is_refused(place, value, index, documents, tmp_path):
    document = json.loads(json.dumps(documents["gen"]))
    if place == "whole":
        document = value
    elif place == "info":
        document[0] = value
    elif isinstance(place, int):
        document[place][index] = value
    else:
        document[0][place] = value
    try:
        model = load(document, tmp_path)
    except InputError:
        return
    assert magenta.read_variables(model).keys() == magenta.variables(model).keys()
    assert model.hparams.dec_rnn_size == 4
