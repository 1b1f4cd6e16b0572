"""Facts about the sources of a conversion: which files are read, and which are refused before anything is written."""

import gzip
import json
import re
import sys

import pytest
from support import paths
from support.conversion_files import ALL, SQUARE, columns_of, train_of, write_lines

from sketch_rnn_keras.conversion import convert, ndjson
from sketch_rnn_keras.errors import InputError

GOOD = json.dumps({"drawing": SQUARE}).encode()


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


# ---------------------------------------------------------------------------------------------------------- folders


@pytest.fixture
def folder(tmp_path):
    """Drawings at three depths, and what is none."""
    (tmp_path / "deep" / "deeper").mkdir(parents=True)
    for name in ("b.ndjson", "deep/a.ndjson", "deep/deeper/c.jsonl", ".hidden.ndjson"):
        write_lines(tmp_path / name, [SQUARE])
    for name in ("preview.png", "notes.txt"):
        (tmp_path / name).touch()
    return tmp_path


def test_a_folder_is_searched_in_depth_and_rasters_are_told_of(folder):
    report = convert(folder, folder / "a.npz", **ALL)
    assert report.categories == {"b": 1, "a": 1, "c": 1}
    assert "1 raster images left out" in str(report)


def test_what_interrupted_conversions_have_left_is_not_searched(folder):
    for name in (".a.part/work", "b.part", ".c.part"):
        (folder / name).mkdir(parents=True)
        write_lines(folder / name / "d.ndjson", [SQUARE], word=name)
    assert convert(folder, folder / "a.npz", **ALL).categories == {"b": 1, "a": 1, "c": 1, "b.part": 1, ".c.part": 1}


def test_data_sets_in_a_folder_are_told_of(folder):
    convert(folder / "b.ndjson", folder / "set", **ALL)
    assert "note: 1 folders with a manifest.json left out" in str(convert(folder, folder / "a.npz", **ALL))
    (folder / "a.npz").unlink()
    report = convert(folder, folder / "set", **ALL)  # the output itself is no source
    assert report.kept == 3
    assert "manifest.json" not in str(report)


def test_the_output_in_a_folder_is_no_source_of_the_next_conversion(folder):
    convert(folder, folder / "a.npz", **ALL)
    assert convert(folder, folder / "a.npz", **ALL).kept == 3


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("rasters", "preview.png: a raster image"),
        ("empty", "received none among 0"),
        ("none", "no such file or folder"),
        ("x" * 300, "no such file or folder"),
    ],
    ids=lambda value: value[:30],
)
def test_a_folder_without_drawings_is_refused(tmp_path, name, message):
    for made in ("rasters", "empty"):
        (tmp_path / made).mkdir()
    (tmp_path / "rasters" / "preview.png").touch()
    with pytest.raises(InputError, match=f"{name}.*{message}"):
        convert(tmp_path / name, tmp_path / "a.npz")


# ---------------------------------------------------------------------------------------------------------- bad files


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.ndjson", b"", "received an empty file"),
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
        ("a.txt", b"", "expected a folder, or a file ending in .ndjson, .*, received '.txt'"),
        ("a", b"", "expected a folder, or a file ending in"),
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


def test_without_the_libraries_for_svg_a_message_says_which_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "svgelements", None)
    for name in [name for name in sys.modules if name.startswith("sketch_rnn_keras.conversion.svg")]:
        monkeypatch.delitem(sys.modules, name)
        monkeypatch.delattr(name)
    (tmp_path / "a.svg").write_text("<svg/>")
    with pytest.raises(InputError, match=r"SVG files need .*svgelements.* pip install 'sketch-rnn-keras\[convert\]'"):
        convert(tmp_path / "a.svg", tmp_path / "a.npz", strict=True)
