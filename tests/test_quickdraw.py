"""Facts about downloads, against a server on this machine: all of a file arrives, or nothing is left."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from sketch_rnn_keras.datasets import load_dataset
from sketch_rnn_keras.errors import InputError
from sketch_rnn_keras.quickdraw import BASE_URL, CATEGORIES, download, nearest
from sketch_rnn_keras.sources import resolve


@pytest.fixture(scope="module")
def content(tmp_path_factory) -> bytes:
    path = tmp_path_factory.mktemp("made") / "any.npz"
    drawings = np.array([[[1, 2, 0], [3, 4, 1]]] * 3, np.int16)
    np.savez(path, train=drawings, valid=drawings, test=drawings)
    return path.read_bytes()


@pytest.fixture
def server(content, monkeypatch):
    """Serves `content`: whole, cut short, without a length, or something else, by the category asked for."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            requested.append(self.path)
            body = b"<html>Log in to this network</html>" if "owl" in self.path else content
            self.send_response(404 if "dog" in self.path else 200)
            if "pig" not in self.path:
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body[: len(body) // 2] if "bee" in self.path else body)

        def log_message(self, *_):
            pass

    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.setenv(name, "127.0.0.1")
    requested = []
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        thread = threading.Thread(target=running.serve_forever, args=(0.01,))
        thread.start()
        running.url = f"http://127.0.0.1:{running.server_port}/sketchrnn"
        running.requested = requested
        yield running
        running.shutdown()
        thread.join()


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
    assert list(folder.iterdir()) == [path]
    assert load_dataset(path).max_seq_len == 2


def test_name_is_quoted(server, tmp_path):
    assert download("flying saucer", tmp_path, server.url, progress=False).name == "flying saucer.npz"
    assert server.requested == ["/sketchrnn/flying%20saucer.npz"]


def test_a_file_that_is_there_is_kept(server, tmp_path):
    (tmp_path / "cat.npz").write_bytes(b"mine")
    assert download("cat", tmp_path, server.url).read_bytes() == b"mine"
    assert server.requested == []


@pytest.mark.parametrize(
    ("category", "reason"), [("dog", "404"), ("bee", "bytes"), ("owl", "what came is not an .npz file")]
)
def test_failed_download_leaves_nothing(server, tmp_path, category, reason):
    with pytest.raises(InputError, match=reason) as caught:
        download(category, tmp_path, server.url, progress=False)
    message = str(caught.value)
    assert f"{server.url}/{category}.npz" in message
    assert f"save it as {tmp_path / category}.npz" in message
    assert list(tmp_path.iterdir()) == []


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
    with pytest.raises(InputError, match=r"one of the 345 .* got 'cta'; near: cat"):
        download("cta", tmp_path, server.url)
    assert server.requested == []


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
    assert server.requested == ["/sketchrnn/cat.npz"]
