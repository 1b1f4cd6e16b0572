"""Facts about the outer form of a sketch-rnn-js file, which is looked at before any weight is decoded."""

import base64
import subprocess
import sys

import pytest

from sketch_rnn_keras.errors import InputError
from sketch_rnn_keras.interop import js_format
from sketch_rnn_keras.interop.js_format import base64_length, is_shape, read_document


def test_the_three_parts_are_given_as_they_are(tmp_path):
    (tmp_path / "a.json").write_text('[{"mode": 2}, [[4, 123]], ["AAAA", 7]]')
    assert read_document(tmp_path / "a.json") == ({"mode": 2}, [[4, 123]], ["AAAA", 7])


@pytest.mark.parametrize("text", ["3", "{}", "[]", "[{}, []]", "[{}, [], [], []]", "[[], [], []]", '[{}, "", []]'])
def test_another_form_is_refused(tmp_path, text):
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(InputError, match="a.json: expected a sketch-rnn-js model: a list of info, shapes and weights"):
        read_document(tmp_path / "a.json")


@pytest.mark.parametrize("limit", ["MAX_BYTES", "MAX_COMMAS"])
def test_a_file_beyond_the_limits_is_refused(tmp_path, monkeypatch, limit):
    (tmp_path / "a.json").write_text("[{}, [], []]")
    monkeypatch.setattr(js_format, limit, 1)
    with pytest.raises(InputError, match="a.json: expected .* at most 1 "):
        read_document(tmp_path / "a.json")


@pytest.mark.parametrize("value", [[1], [4, 123], [2**31 - 1, 1]])
def test_one_or_two_positive_whole_numbers_are_a_shape(value):
    assert is_shape(value)


@pytest.mark.parametrize("value", [[], [1, 2, 3], [0], [-1, 2], [1.0], [True], ["1"], [2**31], 5, "12", None, (1, 2)])
def test_anything_else_is_no_shape(value):
    assert not is_shape(value)


@pytest.mark.parametrize("count", [0, 1, 2, 3, 4, 100])
def test_the_length_of_base64_is_that_which_python_writes(count):
    assert base64_length(count) == len(base64.b64encode(bytes(2 * count)))


def test_neither_keras_nor_http_is_needed():
    program = (
        "import sys; import sketch_rnn_keras.interop.published; "
        "print(sorted({'keras', 'tensorflow', 'jax', 'requests'} & sys.modules.keys()))"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert result.stdout == "[]\n"
