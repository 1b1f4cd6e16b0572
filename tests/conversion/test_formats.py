"""Facts about the formats that conversion reads: each gives its drawings; bad input is named, counted or refused."""

import gzip
import json
import re
import struct
import tracemalloc

import numpy as np
import pytest
from support import paths
from support.conversion_files import ALL, columns_of, random_drawings, train_of, write_lines

from sketch_rnn_keras.conversion import convert, ndjson
from sketch_rnn_keras.data.npz import SPLITS, read_splits, write_splits
from sketch_rnn_keras.errors import InputError
from sketch_rnn_keras.strokes import from_polylines, to_stroke5

SQUARE = [[[0, 255, 255, 0, 0], [0, 0, 255, 255, 0]], [[9, 9], [50, 60]]]
GOOD = json.dumps({"drawing": SQUARE}).encode()


def record(drawing: list, recognized: int = 1) -> bytes:
    strokes = [struct.pack("<H", len(x)) + bytes(x) + bytes(y) for x, y in drawing]
    return struct.pack("<Q2sBIH", 5, b"GB", recognized, 9, len(strokes)) + b"".join(strokes)


def test_binary(tmp_path):
    drawings = random_drawings(4)
    (tmp_path / "cat.bin").write_bytes(b"".join(record(drawing, k % 2) for k, drawing in enumerate(drawings)))
    report = convert(tmp_path / "cat.bin", tmp_path / "a.npz", **ALL)
    assert report.categories == {"cat": 4}
    assert sorted(map(columns_of, train_of(tmp_path / "a.npz"))) == sorted(drawings)
    report = convert(tmp_path / "cat.bin", tmp_path / "a.npz", recognized_only=True, **ALL)
    assert report.dropped == {"not recognised by the game": 2}


def test_binary_cut_anywhere(tmp_path):
    whole = record(SQUARE)
    for size in range(len(whole)):
        (tmp_path / "a.bin").write_bytes(whole + whole[:size])
        if size:
            with pytest.raises(InputError, match=f"a.bin, record 1 at byte {len(whole)}: the file ends"):
                convert(tmp_path / "a.bin", tmp_path / "a.npz")
        else:
            assert convert(tmp_path / "a.bin", tmp_path / "a.npz", **ALL).kept == 1
            (tmp_path / "a.npz").unlink()
    assert list(tmp_path.iterdir()) == [tmp_path / "a.bin"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the file ends"),
        (bytes(10) + b"\x07" + bytes(6), "expected 0 or 1 for recognised, received 7"),
        (bytes(15) + b"\xff\xff" + (b"\xff\xff" + bytes(131070)) * 2, "at most 100000 points"),
        (bytes(15) + b"\xff\xff\xff\xff", "the file ends"),
    ],
)
def test_absurd_binary(tmp_path, content, message):
    (tmp_path / "a.bin").write_bytes(content)
    with pytest.raises(InputError, match=message):
        convert(tmp_path / "a.bin", tmp_path / "a.npz")


@pytest.mark.parametrize("layout", ["columns", "points"])
def test_polyline_json(tmp_path, layout):
    folder = tmp_path / "house"
    folder.mkdir()
    strokes = [[[0, 255, 255.0], [0, 0, 1e2]], [[7, 9], [3, 200]], [[5], [6]], [[], []]]
    if layout == "points":
        strokes = [np.transpose(stroke).tolist() for stroke in strokes]
    (folder / "1.json").write_text(json.dumps(strokes), encoding="utf-8-sig")
    report = convert(folder, tmp_path / "a.npz", epsilon=0, **ALL)
    assert report.categories == {"house": 1}
    (stroke3,) = train_of(tmp_path / "a.npz")
    assert columns_of(stroke3) == [[[0, 255, 255], [0, 0, 100]], [[7, 9], [3, 200]], [[5], [6]]]


def test_polyline_json_that_could_be_both(tmp_path):
    (tmp_path / "a.json").write_text("[[[0, 10], [0, 40]], [[3, 4], [5, 6]]]")
    with pytest.raises(InputError, match=r"a.json: each stroke has two points, .* --polylines points"):
        convert(tmp_path, tmp_path / "a.npz", strict=True)
    for layout, expected in (("columns", [[0, 64], [0, 255]]), ("points", [[0, 0], [42, 255]])):
        convert(tmp_path / "a.json", tmp_path / "a.npz", polylines=layout, **ALL)
        assert columns_of(train_of(tmp_path / "a.npz")[0])[0] == expected


def as_objects(arrays: list[np.ndarray]) -> np.ndarray:
    result = np.empty(len(arrays), object)
    result[:] = arrays
    return result


def test_npz_keeps_its_splits(tmp_path):
    strokes = [from_polylines([np.transpose(part) for part in drawing]) for drawing in random_drawings(7)]
    splits = {"train": strokes[:4], "valid": strokes[4:6], "test": [to_stroke5(strokes[6], 9)]}
    np.savez(tmp_path / "a.npz", **{split: as_objects(arrays) for split, arrays in splits.items()})
    report = convert(tmp_path / "a.npz", tmp_path / "b.npz", as_is=True, layout="arrays")
    assert report.splits == {"train": 4, "valid": 2, "test": 1}
    back = read_splits(tmp_path / "b.npz")
    for split, expected in (splits | {"test": strokes[6:]}).items():
        for ours, original in zip(back[split], expected, strict=True):
            np.testing.assert_array_equal(ours, original)
    assert convert(tmp_path / "a.npz", tmp_path / "b.npz", **ALL).splits["train"] == 7


def test_float_offsets_as_they_are(tmp_path):
    drawing = np.array([[0.25, -1.5, 0], [0.125, 3, 1]], np.float32)
    write_splits(tmp_path / "a.npz", {split: [drawing] for split in SPLITS})
    convert(tmp_path / "a.npz", tmp_path / "b.npz", as_is=True)
    np.testing.assert_array_equal(train_of(tmp_path / "b.npz")[0], drawing, strict=True)


def test_the_samples_of_the_documentation(tmp_path):
    text = (paths.ROOT / "docs" / "formats.md").read_text()
    blocks = re.findall(r"```\w*\n(.*?)```", text, re.DOTALL)
    (lines,) = (block for block in blocks if block.startswith('{"word"'))
    (record,) = (block for block in blocks if block.startswith("05 00"))
    (picture,) = (block for block in blocks if block.startswith("<svg"))
    (polylines,) = (block for block in blocks if "columns:" in block)
    (tmp_path / "a.ndjson").write_text(lines)
    (tmp_path / "b.bin").write_bytes(bytes.fromhex(record))
    (tmp_path / "c.svg").write_text(picture)
    for k, line in enumerate(polylines.splitlines()):
        (tmp_path / f"{k}.json").write_text(re.split("  +", line)[0])
    assert convert(tmp_path, tmp_path / "a.npz", strict=True, as_is=True, max_points=999, **ALL).kept == 6
    drawings = [columns_of(stroke3) for stroke3 in train_of(tmp_path / "a.npz")]
    assert [[[1, 3], [2, 4]]] in drawings
    assert drawings.count([[[0, 10, 10], [0, 0, 20]], [[3, 4], [5, 5]]]) == 2


# ------------------------------------------------------------------------------------------------------- bad input


@pytest.mark.parametrize(
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
def test_a_bad_line_is_counted_and_named(tmp_path, line, message):
    (tmp_path / "a.ndjson").write_bytes(b"\n".join([GOOD, line, GOOD, b"", GOOD[:-1]]))
    report = convert(tmp_path / "a.ndjson", tmp_path / "a.npz", **ALL)
    assert (report.kept, report.dropped) == (2, {"unreadable": 2})
    assert f"a.ndjson, line 2: {message}" in report.details[0]
    assert "a.ndjson, line 5: not JSON (EOF" in report.details[1]
    assert report.details[0] in str(report)
    (tmp_path / "a.npz").unlink()
    with pytest.raises(InputError, match="a.ndjson, line 2: "):
        convert(tmp_path / "a.ndjson", tmp_path / "a.npz", strict=True)
    assert list(tmp_path.iterdir()) == [tmp_path / "a.ndjson"]


@pytest.mark.parametrize("drawing", [[], [[[], []]], [[[5], [5]]], [[[5, 5], [5, 5]], [[5], [5]]]])
def test_a_drawing_of_nothing_is_dropped(tmp_path, drawing):
    report = convert(write_lines(tmp_path / "a.ndjson", [SQUARE, drawing]), tmp_path / "a.npz", strict=True, **ALL)
    assert report.kept == 1
    assert report.dropped in ({"empty": 1}, {"with all points in one place": 1})


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.ndjson", b"", "is empty"),
        ("a.ndjson", b"[" + GOOD + b"]", "is one JSON array; write one drawing per line"),
        ("a.ndjson", b"\xef\xbb\xbf[", "is one JSON array"),
        ("a.ndjson", GOOD.decode().encode("utf-16"), "is encoded as UTF-16; save it as UTF-8"),
        ("a.ndjson", gzip.compress(GOOD), "is compressed; unpack it first"),
        ("a.ndjson", b"{\n'drawing'\n", "no drawing is left to write: 2 unreadable. .*a.ndjson, line 1: not JSON"),
        ("a.ndjson", b"{" * (ndjson.MAX_LINE + 1), "line 1: expected at most"),
        ("a.ndjson.gz", gzip.compress(GOOD), "is packed; unpack it first"),
        ("a.svgz", b"", "is packed"),
        ("a.png", b"\x89PNG", "a raster image has pixels, not pen strokes. Trace its lines first"),
        ("a.JPG", b"", "a raster image"),
        ("a.txt", b"", "expected a folder or a file ending in .ndjson, .*, received '.txt'"),
        ("a", b"", "expected a folder or a file ending in"),
        ("a.npz", b"PK", "expected an intact .npz archive"),
        ("a.json", b"[[[0, 1, 2], [0, 1]]]", "a.json: expected all strokes to be"),
        ("a.json", b"[[0, 1], [2, 3]]", "a.json: stroke 0: expected lists of numbers"),
        ("a.json", b'[[[0, 1, 2], [0, 1, "2"]]]', "a.json: expected numbers as coordinates, received text"),
        ("a.json", b"[[[0, 1, 2], [0, 1, 2]], [[1, 2]]]", "a.json: expected all strokes to be"),
        ("a.json", b"{}", "a.json: expected a list of strokes"),
        ("a.json", b"[" * 100_000, "a.json: not JSON in UTF-8 .recursion limit"),
        ("a.json", b"[" + b" " * 2**22 + b"]", "a.json: expected at most"),
        ("a.json", b"", "a.json: not JSON"),
    ],
    ids=lambda value: value[:30] if isinstance(value, str) else "",
)
def test_a_bad_file_is_refused_and_nothing_is_written(tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=message) as caught:
        convert(tmp_path / name, tmp_path / "out" / "a.npz")
    assert name in str(caught.value)
    assert not (tmp_path / "out").exists()


def test_byte_order_mark_windows_lines_and_no_last_newline(tmp_path):
    (tmp_path / "a.ndjson").write_bytes(b"\xef\xbb\xbf" + GOOD + b"\r\n\r\n  " + GOOD)
    assert convert(tmp_path / "a.ndjson", tmp_path / "a.npz", strict=True, **ALL).kept == 2


def test_a_line_without_end_takes_little_memory(tmp_path):
    with (tmp_path / "a.ndjson").open("wb") as file:
        file.write(GOOD + b"\n")
        for _ in range(100):
            file.write(b"[" * 10**6)
    tracemalloc.start()
    try:
        report = convert(tmp_path / "a.ndjson", tmp_path / "a.npz", **ALL)
        assert tracemalloc.get_traced_memory()[1] < 40_000_000
    finally:
        tracemalloc.stop()
    assert (report.kept, report.dropped["unreadable"]) == (1, 1)


def test_folders(tmp_path):
    (tmp_path / "deep" / "deeper").mkdir(parents=True)
    for name in ("b.ndjson", "deep/a.ndjson", "deep/deeper/c.jsonl", ".hidden.ndjson"):
        write_lines(tmp_path / name, [SQUARE])
    for name in ("preview.png", "notes.txt"):
        (tmp_path / name).touch()
    for _ in range(2):  # the output of the first is no source of the second
        report = convert(tmp_path, tmp_path / "a.npz", **ALL)
        assert report.categories == {"b": 1, "a": 1, "c": 1}
        assert "1 raster images left out" in str(report)
    for path in tmp_path.rglob("*.*son*"):
        path.unlink()
    (tmp_path / "a.npz").unlink()
    with pytest.raises(InputError, match="preview.png: a raster image"):
        convert(tmp_path, tmp_path / "a.npz")
    with pytest.raises(InputError, match="found none among 0"):
        convert(tmp_path / "deep", tmp_path / "a.npz")
    with pytest.raises(InputError, match="none: no such file or folder"):
        convert(tmp_path / "none", tmp_path / "a.npz")


def test_a_broken_data_file_is_dropped_drawing_by_drawing(tmp_path):
    good = from_polylines([np.transpose(stroke) for stroke in SQUARE])
    bad = [good[:, :2], good * np.nan, good + 5, np.zeros((3, 3, 3))]
    np.savez(tmp_path / "a.npz", train=as_objects([good, *bad]), valid=[], test=[])
    report = convert(tmp_path / "a.npz", tmp_path / "b.npz")
    assert (report.kept, report.dropped) == (1, {"unreadable": 4})
    assert "a.npz, split train, drawing 1: expected stroke-3 [n, 3] or stroke-5 [n, 5], received shape [7, 2]" in str(
        report
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"epsilon": -1}, "epsilon: expected a number of at least 0"),
        ({"epsilon": float("nan")}, "epsilon"),
        ({"max_points": 0}, "max_points: expected at least 1"),
        ({"per_category": 0}, "per_category: expected at least 1"),
        ({"polylines": "rows"}, "polylines: expected points or columns"),
        ({"layout": "csv"}, "layout: expected one of quickdraw, arrays"),
        ({"max_points": 3}, "no drawing is left to write: 1 of more than 3 points"),
    ],
)
def test_impossible_options(tmp_path, options, message):
    source = write_lines(tmp_path / "a.ndjson", [SQUARE])
    with pytest.raises(InputError, match=message):
        convert(source, tmp_path / "a.npz", **options)
    with pytest.raises(InputError, match="expected a file name ending in .npz"):
        convert(source, tmp_path / "a.csv")
    assert list(tmp_path.iterdir()) == [source]
