"""Facts about Quick, Draw!: its categories, where their files lie, and what is taken for one."""

import json
import struct
from pathlib import Path

import pytest
from support.paths import shared
from support.server import Answer

from sketch_rnn_keras.data.catalog import resolve
from sketch_rnn_keras.data.datasets import load_dataset
from sketch_rnn_keras.data.quickdraw import BASE_URL, CATEGORIES, FORMATS, download, download_categories
from sketch_rnn_keras.errors import InputError, nearest

NDJSON = b"".join(
    json.dumps({"word": "cat", "recognized": True, "drawing": [[[0, k], [5, 6]]]}).encode() + b"\n" for k in range(3)
)
BINARY = struct.pack("<Q2sbIHH", 1, b"GB", 1, 1490000000, 1, 2) + bytes([0, 9, 0, 9])


def test_there_are_345_categories():
    assert len(CATEGORIES) == len(set(CATEGORIES)) == 345
    assert {"cat", "flying saucer", "owl", "The Eiffel Tower", "t-shirt", "zigzag"} <= set(CATEGORIES)


def test_downloads_come_over_https():
    assert BASE_URL.startswith("https://")


@pytest.mark.parametrize(
    ("name", "category"),
    [("cta", "cat"), ("Flying_Saucer", "flying saucer"), ("the eifel tower", "The Eiffel Tower"), ("qqqqqq", None)],
)
def test_the_category_nearest_to_a_mistyped_name(name, category):
    assert next(iter(nearest(name, CATEGORIES)), None) == category


@pytest.mark.parametrize("category", ["cat", "pig"])  # pig comes without Content-Length
def test_download(quickdraw_server, content, tmp_path, category):
    folder = tmp_path / "new" / "data"
    path = download(category, folder, quickdraw_server.url, progress=False)
    assert path == folder / f"{category}.npz"
    assert path.read_bytes() == content
    assert sorted(folder.iterdir()) == [path, folder / f"{category}.npz.download.json"]
    assert load_dataset(path).max_seq_len == 5


def test_name_is_quoted(quickdraw_server, tmp_path):
    assert download("flying saucer", tmp_path, quickdraw_server.url + "/", progress=False).name == "flying saucer.npz"
    assert quickdraw_server.paths == ["/sketchrnn/flying%20saucer.npz"]


def test_a_file_that_is_there_is_kept(quickdraw_server, tmp_path):
    (tmp_path / "cat.npz").write_bytes(b"mine")
    assert download("cat", tmp_path, quickdraw_server.url).read_bytes() == b"mine"
    assert quickdraw_server.paths == []


@pytest.mark.parametrize(
    ("category", "reason", "kept"),
    [
        ("dog", "404", []),
        ("bee", "bytes", ["bee.npz.download.json", "bee.npz.part"]),
        ("owl", "what came is not an .npz file", []),
    ],
)
def test_failed_download_leaves_no_file_of_that_name(quickdraw_server, tmp_path, category, reason, kept):
    with pytest.raises(InputError, match=reason) as caught:
        download(category, tmp_path, quickdraw_server.url, progress=False)
    message = str(caught.value)
    assert f"{quickdraw_server.url}/sketchrnn/{category}.npz" in message
    assert f"save it as {tmp_path / category}.npz" in message
    assert sorted(path.name for path in tmp_path.iterdir()) == kept


def test_offline(tmp_path, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with pytest.raises(InputError, match="Check the connection"):
        download("cat", tmp_path, "http://127.0.0.1:1/sketchrnn", progress=False)
    assert list(tmp_path.iterdir()) == []


def test_unwritable_folder(quickdraw_server, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="could not download"):
        download("cat", tmp_path / "file", quickdraw_server.url, progress=False)


def test_unknown_category(quickdraw_server, tmp_path):
    with pytest.raises(InputError, match=r"one of the 345 .* received 'cta'; near: cat"):
        download("cta", tmp_path, quickdraw_server.url)
    assert quickdraw_server.paths == []


def test_progress_goes_to_standard_error(quickdraw_server, tmp_path, capfd):
    download("cat", tmp_path, quickdraw_server.url)
    captured = capfd.readouterr()
    assert captured.out == ""
    assert "cat.npz" in captured.err


@pytest.mark.parametrize("name", ["cat", "cat.npz"])
def test_plain_name_is_downloaded_once(quickdraw_server, tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sketch_rnn_keras.data.quickdraw.download.__defaults__", ("data", quickdraw_server.url, False))
    assert resolve(name) == resolve("cat") == Path("data/cat.npz")
    assert quickdraw_server.paths == ["/sketchrnn/cat.npz"]


def test_a_plain_name_whose_file_was_damaged(quickdraw_server, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = download("cat", "data", quickdraw_server.url, progress=False)
    path.write_bytes(path.read_bytes() + b"x")
    for name in ("cat", "cat.npz", "data/cat.npz"):
        with pytest.raises(InputError, match="delete data/cat.npz and download it again"):
            resolve(name)


def test_no_network_points_to_built_in_drawings(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sketch_rnn_keras.data.quickdraw.download.__defaults__", ("data", "http://127.0.0.1:1", False))
    with pytest.raises(InputError, match="doodles:cat is a data set that needs no network"):
        resolve("cat")


# ------------------------------------------------------------------------------------------------------------- formats


@pytest.mark.parametrize(
    ("format", "source", "name", "body"),
    [
        ("ndjson", "full/simplified/flying%20saucer.ndjson", "flying saucer.ndjson", NDJSON),
        ("ndjson", "full/simplified/flying%20saucer.ndjson", "flying saucer.ndjson", NDJSON.rstrip(b"\n")),
        ("raw", "full/raw/flying%20saucer.ndjson", "flying saucer.raw.ndjson", NDJSON),
        ("binary", "full/binary/flying%20saucer.bin", "flying saucer.bin", BINARY),
    ],
)
def test_formats(quickdraw_server, tmp_path, format, source, name, body):
    quickdraw_server.answers[f"/{source}"] = [Answer(body)]
    path = download("flying saucer", tmp_path, quickdraw_server.url, progress=False, format=format)
    assert path == tmp_path / name
    assert path.read_bytes() == body


@pytest.mark.parametrize(
    ("format", "body"),
    [
        ("ndjson", b""),
        ("ndjson", NDJSON[:-9]),
        ("ndjson", b"[" * 100_000),
        ("ndjson", b'{"word": "cat"}\n'),
        ("ndjson", b"<html>\n</html>"),
        ("ndjson", "é".encode("latin1")),
        ("binary", b""),
        ("binary", BINARY[:16]),
        ("binary", b"<html>Log in to this network</html>"),
        ("npz", b""),
        ("npz", BINARY),
    ],
)
def test_what_is_not_of_the_format_is_not_kept(quickdraw_server, tmp_path, format, body):
    source = FORMATS[format].source.format("cat")
    quickdraw_server.answers[f"/{source}"] = [Answer(body)]
    with pytest.raises(InputError, match="what came is not"):
        download("cat", tmp_path, quickdraw_server.url, progress=False, format=format)
    assert list(tmp_path.iterdir()) == []


def test_real_ndjson_is_taken_for_what_it_is(quickdraw_server, tmp_path):
    originals = {path.stem: path.read_bytes() for path in shared("data", "quickdraw_ndjson").glob("*.ndjson")}
    assert len(originals) == 12
    for name, content in originals.items():
        quickdraw_server.answers[f"/full/simplified/{name.replace(' ', '%20')}.ndjson"] = [Answer(content)]
    paths = download_categories(list(originals), tmp_path, quickdraw_server.url, progress=False, format="ndjson")
    assert {path.stem: path.read_bytes() for path in paths} == originals
