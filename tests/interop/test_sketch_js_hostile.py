"""Facts about files that claim to be of sketch-rnn-js: a model is opened or the reason said; nothing is trusted."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.sketch_js import load, with_info

from sketch_rnn_keras.errors import InputError
from sketch_rnn_keras.interop import js_format, magenta, sketch_js


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
        (lambda d: [d[0], d[1], d[2][:4]], "expected 5 weights of a gen model, received 4"),
        (lambda d: [d[0], d[1][:4], d[2]], "expected 5 shapes of a gen model, received 4"),
        (lambda d: with_info(d, mode="vae"), "expected 17 shapes of a vae model, received 5"),
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
    monkeypatch.setattr(js_format, "MAX_BYTES", 1000)
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
