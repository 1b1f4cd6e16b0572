"""Facts about fetching several files: what is said of each, and that no failure loses another."""

import errno
import os
import signal
import subprocess
import sys
import threading
import time

import pytest
from support.downloads import WHOLE, check, get, left
from support.paths import ROOT
from support.server import Answer

from sketch_rnn_keras.errors import InputError
from sketch_rnn_keras.files import transfer
from sketch_rnn_keras.files.fetching import THREADS, download_all
from sketch_rnn_keras.files.transfer import Download


def test_what_is_there_is_verified_and_not_fetched(download, server):
    file = download(Answer(WHOLE))
    get(file)
    assert get(file) == WHOLE
    assert len(server.requests) == 1


def test_no_network_is_said_at_once(tmp_path, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    attempts, attempt = [], transfer._attempt
    monkeypatch.setattr(transfer, "_attempt", lambda *arguments: attempts.append(1) or attempt(*arguments))
    with pytest.raises(InputError, match=r"refused.* Check the connection .* save it as .*file"):
        get(Download("http://127.0.0.1:1/file", tmp_path / "file", check, 9))
    assert len(attempts) == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("url", ["file:///etc/hostname", "ftp://127.0.0.1/file", "nowhere", "http://"])
def test_other_addresses_are_refused(tmp_path, url):
    with pytest.raises(InputError, match="could not download"):
        get(Download(url, tmp_path / "file", check, 9))
    assert list(tmp_path.iterdir()) == []


def full(handle: int) -> None:
    if os.path.isfile(handle):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def full_for_the_file(handle: int) -> None:
    if os.fstat(handle).st_size == len(WHOLE):
        full(handle)


@pytest.mark.parametrize(
    ("sync", "message"),
    [
        (full_for_the_file, r"could not download .*/file to .*/file \(No space left on device\).* Make room"),
        (full, r"file\.download\.json: cannot be written \(No space left on device\)"),
    ],
)
def test_on_a_full_disk_no_file_has_the_name_and_later_it_comes(download, monkeypatch, sync, message):
    file = download(Answer(WHOLE))
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", sync)
        with pytest.raises(InputError, match=message):
            get(file)
        assert "file" not in left(file)
    assert get(file) == WHOLE


@pytest.mark.parametrize("place", ["taken/file", "folder"])
def test_a_place_where_nothing_can_be_written_is_named(server, tmp_path, place):
    (tmp_path / "taken").touch()
    (tmp_path / "folder").mkdir()
    with pytest.raises(InputError, match=rf"could not download .* to {tmp_path / place} \(.* choose another folder"):
        get(Download(f"{server.url}/file", tmp_path / place, check, 9))
    assert server.requests == []


def test_a_mistake_of_ours_is_not_hidden(download):
    def broken(_):
        raise ZeroDivisionError

    file = download(Answer(WHOLE))
    with pytest.raises(ZeroDivisionError):
        get(Download(file.url, file.path, broken, 2**20))


@pytest.fixture
def eight(download, server):
    """Eight files, more than are fetched at once, two of which cannot be had."""
    names = [f"file{k}" for k in range(2 * THREADS)]
    files = [download(Answer(name.encode() + b"end"), name=name) for name in names]
    server.answers["/file0"] = [Answer(status=404)]
    server.answers["/file5"] = [Answer(status=500)]
    return files


def test_failures_do_not_lose_the_others(eight):
    with pytest.raises(InputError):
        download_all(eight, progress=False)
    complete = {name for name in left(eight[0]) if not name.endswith(".download.json")}
    assert complete == {file.path.name for file in eight} - {"file0", "file5"}


def test_every_failure_is_told(eight, server):
    with pytest.raises(InputError) as caught:
        download_all(eight, progress=False)
    message = str(caught.value)
    assert "2 of 8 files" in message
    assert f"{server.url}/file0 (404 Not Found)" in message
    assert f"{server.url}/file5 (500 Internal Server Error" in message


def test_every_file_that_came_is_told_of_on_standard_error(eight, capfd):
    with pytest.raises(InputError):
        download_all(eight)
    out, err = capfd.readouterr()
    assert out == ""
    assert err.count("downloaded") == 6


def test_ctrl_c_keeps_what_has_arrived_and_says_so(server, tmp_path):
    silence = threading.Event()
    server.answers["/sketchrnn/cat.npz"] = [Answer(WHOLE, pause=lambda: silence.wait(120))]
    arguments = ["download", "cat", "--base-url", server.url]
    program = "import sys; from sketch_rnn_keras.cli import main; main()"
    process = subprocess.Popen(
        [sys.executable, "-c", program, *arguments],
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    part = tmp_path / "data" / "cat.npz.part"
    deadline = time.monotonic() + 60
    while not (part.exists() and part.stat().st_size >= 250_000) and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    silence.set()
    assert process.returncode == 130
    assert "interrupted; what arrived is kept in data/cat.npz.part; the same command goes on from there" in err
    assert "Traceback" not in err
    assert WHOLE.startswith(part.read_bytes())
