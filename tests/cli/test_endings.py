"""How any command ends when its input is hostile or the system refuses: one sentence, status 2, nothing done."""

import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest
from support.npz_archives import npy


class Writes:
    """Pickles into a call that makes the file `path`."""

    def __init__(self, path):
        self.path = str(path)

    def __reduce__(self):
        return open, (self.path, "w")


@pytest.fixture
def hostile(tmp_path):
    """A data file that makes the file `marker` when its pickles are run."""
    path = tmp_path / "hostile.npz"
    with zipfile.ZipFile(path, "w") as archive:
        for split in ("train", "valid", "test"):
            archive.writestr(f"{split}.npy", npy(pickle.dumps(Writes(tmp_path / "marker"))))
    return path


def test_a_careless_reader_would_have_run_it(hostile, tmp_path):
    np.load(hostile, allow_pickle=True)["train"]
    assert (tmp_path / "marker").exists()


@pytest.mark.parametrize("name", ["train", "info", "evaluate", "animate"])
def test_hostile_data_runs_nothing(refused, saved, hostile, tmp_path, name):
    arguments = {
        "train": ["--run-dir", "run", "--data", hostile],
        "info": [hostile],
        "evaluate": ["--model", saved, "--data", hostile],
        "animate": [f"{hostile}#0", "--output", "a.svg"],
    }
    assert "hostile.npz" in refused(name, *arguments[name])
    assert not (tmp_path / "marker").exists()


LONG = "a" * 300


@pytest.mark.parametrize(
    "arguments",
    [
        ["animate", "doodles:cat:20#3", "--output", f"{LONG}.svg"],
        ["animate", f"{LONG}.svg", "--output", "a.svg"],
        ["info", f"{LONG}.npz"],
        ["animate", "doodles:cat:20#3", "--output", "file/a.svg"],
    ],
    ids=["long output", "long drawing", "long data", "below a file"],
)
def test_a_name_that_the_system_refuses_ends_in_one_sentence(refused, arguments):
    Path("file").touch()
    assert refused(*arguments).count("\n") == 1
    assert [path.name for path in Path().iterdir()] == ["file"]


def test_the_message_of_the_library_is_said_as_it_is_typed(refused, monkeypatch):
    Path("a.npz").touch()
    message = refused("convert", "a.npz", "--output", "a.npz")
    assert "--overwrite" in message
    assert "overwrite=True" not in message
