"""Facts about Quick, Draw!: its categories, where their files lie, and what the download command says."""

import json
import struct
from pathlib import Path

import numpy as np
import pytest
from support import paths
from support.server import Answer

from sketch_rnn_keras.data.catalog import resolve
from sketch_rnn_keras.data.datasets import load_dataset
from sketch_rnn_keras.data.quickdraw import BASE_URL, CATEGORIES, FORMATS, download, download_categories, nearest
from sketch_rnn_keras.errors import InputError

NDJSON = b"".join(
    json.dumps({"word": "cat", "recognized": True, "drawing": [[[0, k], [5, 6]]]}).encode() + b"\n" for k in range(3)
)
BINARY = struct.pack("<Q2sbIHH", 1, b"GB", 1, 1490000000, 1, 2) + bytes([0, 9, 0, 9])


@pytest.fixture(scope="module")
def content(tmp_path_factory) -> bytes:
    path = tmp_path_factory.mktemp("made") / "any.npz"
    drawings = np.array([[[1, 2, 0], [3, 4, 1]]] * 3, np.int16)
    np.savez(path, train=drawings, valid=drawings, test=drawings)
    return path.read_bytes()


@pytest.fixture
def server(server, content):
    """Serves `content`: whole, cut short, without a length, or something else, by the category asked for."""
    answers = {
        **dict.fromkeys(("cat", "flying%20saucer"), Answer(content)),
        "pig": Answer(content, announced="none"),
        "dog": Answer(status=404),
        "bee": Answer(content, sent=len(content) // 2, honours_range=False),
        "owl": Answer(b"<html>Log in to this network</html>"),
    }
    server.answers = {f"/sketchrnn/{name}.npz": [answer] for name, answer in answers.items()}
    return server


def test_categories():
    assert len(CATEGORIES) == len(set(CATEGORIES)) == 345
    assert {"cat", "flying saucer", "owl", "The Eiffel Tower", "t-shirt", "zigzag"} <= set(CATEGORIES)
    assert BASE_URL.startswith("https://")


def test_nearest():
    assert nearest("cta")[0] == "cat"
    assert "flying saucer" in nearest("Flying_Saucer")
    assert nearest("the eifel tower") == ["The Eiffel Tower"]
    assert nearest("qqqqqq") == []


@pytest.mark.parametrize("category", ["cat", "pig"])  # pig comes without Content-Length
def test_download(server, content, tmp_path, category):
    folder = tmp_path / "new" / "data"
    path = download(category, folder, server.url, progress=False)
    assert path == folder / f"{category}.npz"
    assert path.read_bytes() == content
    assert sorted(folder.iterdir()) == [path, folder / f"{category}.npz.download.json"]
    assert load_dataset(path).max_seq_len == 2


def test_name_is_quoted(server, tmp_path):
    assert download("flying saucer", tmp_path, server.url + "/", progress=False).name == "flying saucer.npz"
    assert server.paths == ["/sketchrnn/flying%20saucer.npz"]


def test_a_file_that_is_there_is_kept(server, tmp_path):
    (tmp_path / "cat.npz").write_bytes(b"mine")
    assert download("cat", tmp_path, server.url).read_bytes() == b"mine"
    assert server.paths == []


@pytest.mark.parametrize(
    ("category", "reason", "kept"),
    [
        ("dog", "404", []),
        ("bee", "bytes", ["bee.npz.download.json", "bee.npz.part"]),
        ("owl", "what came is not an .npz file", []),
    ],
)
def test_failed_download_leaves_no_file_of_that_name(server, tmp_path, category, reason, kept):
    with pytest.raises(InputError, match=reason) as caught:
        download(category, tmp_path, server.url, progress=False)
    message = str(caught.value)
    assert f"{server.url}/sketchrnn/{category}.npz" in message
    assert f"save it as {tmp_path / category}.npz" in message
    assert sorted(path.name for path in tmp_path.iterdir()) == kept


def test_offline(tmp_path, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with pytest.raises(InputError, match="Check the connection"):
        download("cat", tmp_path, "http://127.0.0.1:1/sketchrnn", progress=False)
    assert list(tmp_path.iterdir()) == []


def test_unwritable_folder(server, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="could not download"):
        download("cat", tmp_path / "file", server.url, progress=False)


def test_unknown_category(server, tmp_path):
    with pytest.raises(InputError, match=r"one of the 345 .* received 'cta'; near: cat"):
        download("cta", tmp_path, server.url)
    assert server.paths == []


def test_progress_goes_to_standard_error(server, tmp_path, capfd):
    download("cat", tmp_path, server.url)
    captured = capfd.readouterr()
    assert captured.out == ""
    assert "cat.npz" in captured.err


@pytest.mark.parametrize("name", ["cat", "cat.npz"])
def test_plain_name_is_downloaded_once(server, tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sketch_rnn_keras.quickdraw.download.__defaults__", ("data", server.url, False))
    assert resolve(name) == resolve("cat") == Path("data/cat.npz")
    assert server.paths == ["/sketchrnn/cat.npz"]


def test_a_plain_name_whose_file_was_damaged(server, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = download("cat", "data", server.url, progress=False)
    path.write_bytes(path.read_bytes() + b"x")
    for name in ("cat", "cat.npz", "data/cat.npz"):
        with pytest.raises(InputError, match="delete data/cat.npz and download it again"):
            resolve(name)


def test_no_network_points_to_built_in_drawings(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sketch_rnn_keras.quickdraw.download.__defaults__", ("data", "http://127.0.0.1:1", False))
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
def test_formats(server, tmp_path, format, source, name, body):
    server.answers[f"/{source}"] = [Answer(body)]
    path = download("flying saucer", tmp_path, server.url, progress=False, format=format)
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
def test_what_is_not_of_the_format_is_not_kept(server, tmp_path, format, body):
    source = FORMATS[format].source.format("cat")
    server.answers[f"/{source}"] = [Answer(body)]
    with pytest.raises(InputError, match="what came is not"):
        download("cat", tmp_path, server.url, progress=False, format=format)
    assert list(tmp_path.iterdir()) == []


def test_real_ndjson_is_taken_for_what_it_is(server, tmp_path):
    folder = paths.SHARED / "data" / "quickdraw_ndjson"
    if not folder.is_dir():
        pytest.skip("the real drawings are not beside the repository: no shared/data/quickdraw_ndjson")
    for path in folder.glob("*.ndjson"):
        server.answers[f"/full/simplified/{path.stem.replace(' ', '%20')}.ndjson"] = [Answer(path.read_bytes())]
    names = [path.stem for path in folder.glob("*.ndjson")]
    assert len(download_categories(names, tmp_path, server.url, progress=False, format="ndjson")) == 12


# ------------------------------------------------------------------------------------------------------------- command


def test_download_command(command, server):
    status, out, err = command("download", "cat", "pig", "cat", "--base-url", server.url)
    assert (status, out) == (0, "")
    assert "data/cat.npz: " in err
    assert "data/pig.npz: " in err
    assert sorted(server.paths) == ["/sketchrnn/cat.npz", "/sketchrnn/pig.npz"]
    status, _, err = command("download", "cat", "--base-url", server.url)
    assert status == 0
    assert "data/cat.npz: " in err
    assert "there already, as downloaded" in err
    assert len(server.paths) == 2


def test_all_names_are_looked_at_before_anything_is_fetched(command, server):
    status, out, err = command("download", "cat", "cta", "owll", "--base-url", server.url)
    assert (status, out) == (2, "")
    assert "received 'cta'; near: cat, car, octagon; and 'owll'; near: owl" in err
    assert server.paths == []
    assert not Path("data").exists()


def test_a_failing_category_does_not_lose_the_others(command, server):
    status, _, err = command(
        "download", "dog", "cat", "owl", "pig", "--base-url", server.url, "--data-dir", "new/place"
    )
    assert status == 2
    assert "2 of 4 files" in err
    assert "dog.npz (404 Not Found)" in err
    assert sorted(path.name for path in Path("new/place").glob("*.npz")) == ["cat.npz", "pig.npz"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "at least one name"),
        (["cat", "--list"], "leave it or the names out"),
        (["cat", "--format", "png"], "one of the formats npz, ndjson, raw, binary, received 'png'"),
        (["cat", "--base-url", "nowhere"], "could not download nowhere/sketchrnn/cat.npz"),
    ],
)
def test_download_refuses(command, arguments, message):
    status, out, err = command("download", *arguments)
    assert (status, out) == (2, "")
    assert err.startswith("sketch-rnn: ")
    assert message in err


def test_download_lists_the_categories(command):
    assert command("download", "--list") == (0, "\n".join(CATEGORIES) + "\n", "")
