"""Facts about `sketch-rnn download`: what it fetches, says and refuses."""

from pathlib import Path

import pytest

from sketch_rnn_keras.data.quickdraw import CATEGORIES


def test_each_category_is_downloaded_once_and_told_of(command, quickdraw_server):
    status, out, err = command("download", "cat", "pig", "cat", "--base-url", quickdraw_server.url)
    assert (status, out) == (0, "")
    assert "data/cat.npz: " in err
    assert "data/pig.npz: " in err
    assert sorted(quickdraw_server.paths) == ["/sketchrnn/cat.npz", "/sketchrnn/pig.npz"]


def test_what_is_there_is_not_downloaded_again(command, quickdraw_server):
    command("download", "cat", "--base-url", quickdraw_server.url)
    status, _, err = command("download", "cat", "--base-url", quickdraw_server.url)
    assert status == 0
    assert "data/cat.npz: " in err
    assert "there already, as downloaded" in err
    assert len(quickdraw_server.paths) == 1


def test_all_names_are_looked_at_before_anything_is_fetched(command, quickdraw_server):
    status, out, err = command("download", "cat", "cta", "owll", "--base-url", quickdraw_server.url)
    assert (status, out) == (2, "")
    assert "received 'cta'; near: cat, car, octagon; and 'owll'; near: owl" in err
    assert quickdraw_server.paths == []
    assert not Path("data").exists()


def test_a_failing_category_does_not_lose_the_others(command, quickdraw_server):
    status, _, err = command(
        "download", "dog", "cat", "owl", "pig", "--base-url", quickdraw_server.url, "--data-dir", "new/place"
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
        (["cat", "--format", "png"], "format: expected one of npz, ndjson, raw, binary, received 'png'"),
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
