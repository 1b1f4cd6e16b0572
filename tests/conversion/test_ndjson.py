"""Facts about ndjson: a bad line is counted, named and passed over, and none takes much memory."""

import json
import re

import pytest
from support.conversion_files import ALL, SQUARE, write_lines
from support.npz_archives import memory_below

from sketch_rnn_keras.conversion import convert, ndjson
from sketch_rnn_keras.errors import InputError

GOOD = json.dumps({"drawing": SQUARE}).encode()


def test_byte_order_mark_windows_lines_and_no_last_newline(tmp_path):
    (tmp_path / "a.ndjson").write_bytes(b"\xef\xbb\xbf" + GOOD + b"\r\n\r\n  " + GOOD)
    assert convert(tmp_path / "a.ndjson", tmp_path / "a.npz", strict=True, **ALL).kept == 2


BAD_LINES = pytest.mark.parametrize(
    ("line", "message"),
    [
        (b"{", "not JSON (EOF"),
        (b'{"drawing": [[[0, 1], [0, 1]]]} {}', "not JSON (trailing characters, column 33)"),
        (b'{"drawing": [[[0, 1], [0, NaN]]]}', "not JSON (expected value"),
        (b'{"drawing": [[[0, Infinity], [0, 1]]]}', "not JSON (expected value"),
        (b'{"word": "\xff", "drawing": []}', "not JSON (invalid unicode"),
        (b"[" * 100_000, "not JSON (recursion limit"),
        (b'{"drawing": ' + b"[" * 5000 + b"]" * 5000 + b"}", "not JSON (recursion limit"),
        (b"[1, 2]", 'expected an object with a "drawing"'),
        (b"{}", 'expected an object with a "drawing"'),
        (b'{"drawing": "[[[0, 1], [0, 1]]]"}', "expected a list of strokes, received text"),
        (b'{"drawing": null}', "expected a list of strokes, received null"),
        (b'{"drawing": [[[0, 1], [0, 1]], 7]}', "stroke 1: expected [[x, ...], [y, ...]]"),
        (b'{"drawing": [[[0, 1]]]}', "stroke 0: expected [[x, ...], [y, ...]]"),
        (b'{"drawing": [[[0], [1], [2], [3]]]}', "stroke 0: expected [[x, ...], [y, ...]]"),
        (b'{"drawing": [[0, 1], [0, 1]]}', "stroke 0: expected [[x, ...], [y, ...]]"),
        (b'{"drawing": [[[0, 1, 2], [0, 1]]]}', "stroke 0: expected lists of one length, received [3, 2]"),
        (b'{"drawing": [[[0, 1], [0, 1], [0]]]}', "stroke 0: expected lists of one length, received [2, 2, 1]"),
        (b'{"drawing": [[[0, 1], [0, 1], [0, 1]], [[0], [1]]]}', "expected times in all strokes or in none"),
        (b'{"drawing": [[["0", 1], [0, 1]]]}', "expected numbers as coordinates, received text"),
        (b'{"drawing": [[[0, true], [0, 1]]]}', "expected numbers as coordinates, received true or false"),
        (b'{"drawing": [[[0, null], [0, 1]]]}', "expected numbers as coordinates, received null"),
        (b'{"drawing": [[[0, []], [0, 1]]]}', "expected numbers as coordinates, received a list"),
        (b'{"drawing": [[[0, 1e308], [0, 1]]]}', "expected finite coordinates of at most 1e+09, received 1e+308"),
        (b'{"drawing": [[[0, 1e999], [0, 1]]]}', "expected finite coordinates of at most 1e+09, received inf"),
        (b'{"drawing": [[[0, 1' + b"0" * 400 + b"], [0, 1]]]}", "expected coordinates that a float can hold"),
        (
            b'{"drawing": [[[0, 1' + b"0" * 20 + b"], [0, 1]]]}",
            "expected finite coordinates of at most 1e+09, received 1e+20",
        ),
        (b'{"recognized": "yes", "drawing": []}', 'expected "recognized" to be true or false'),
        (b" " * (ndjson.MAX_LINE + 9), f"expected at most {ndjson.MAX_LINE} bytes, received more"),
    ],
    ids=lambda value: value[:40] if isinstance(value, str) else "",
)


@BAD_LINES
def test_a_bad_line_is_counted_and_named(tmp_path, line, message):
    (tmp_path / "a.ndjson").write_bytes(b"\n".join([GOOD, line, GOOD, b"", GOOD[:-1]]))
    report = convert(tmp_path / "a.ndjson", tmp_path / "a.npz", **ALL)
    assert (report.kept, report.dropped) == (2, {"unreadable": 2})
    assert f"a.ndjson, line 2: {message}" in report.details[0]
    assert "a.ndjson, line 5: not JSON (EOF" in report.details[1]
    assert report.details[0] in str(report)


@BAD_LINES
def test_a_bad_line_is_an_error_where_all_must_be_good(tmp_path, line, message):
    (tmp_path / "a.ndjson").write_bytes(b"\n".join([GOOD, line, GOOD]))
    with pytest.raises(InputError, match=f"a.ndjson, line 2: {re.escape(message)}"):
        convert(tmp_path / "a.ndjson", tmp_path / "a.npz", strict=True)
    assert list(tmp_path.iterdir()) == [tmp_path / "a.ndjson"]


@pytest.mark.parametrize(
    ("drawing", "reason"),
    [
        ([], "empty"),
        ([[[], []]], "empty"),
        ([[[5], [5]]], "with all points in one place"),
        ([[[5, 5], [5, 5]], [[5], [5]]], "with all points in one place"),
    ],
)
def test_a_drawing_of_nothing_is_dropped_and_no_error(tmp_path, drawing, reason):
    source = write_lines(tmp_path / "a.ndjson", [SQUARE, drawing])
    report = convert(source, tmp_path / "a.npz", strict=True, **ALL)
    assert (report.kept, report.dropped) == (1, {reason: 1})


def test_a_line_without_end_takes_little_memory(tmp_path):
    with (tmp_path / "a.ndjson").open("wb") as file:
        file.write(GOOD + b"\n")
        for _ in range(100):
            file.write(b"[" * 10**6)
    with memory_below(40_000_000):
        report = convert(tmp_path / "a.ndjson", tmp_path / "a.npz", **ALL)
    assert (report.kept, report.dropped["unreadable"]) == (1, 1)
