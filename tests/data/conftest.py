"""What the tests of data share: a small data set, and a server of Quick, Draw! categories."""

import numpy as np
import pytest
from support.data_files import make_drawings, write_data
from support.server import Answer

from sketch_rnn_keras.data.datasets import Dataset, load_dataset


@pytest.fixture(scope="session")
def dataset(tmp_path_factory) -> Dataset:
    """50 training drawings of 1 to 30 points, two of 3 and 5 in each other split."""
    lengths = np.random.default_rng(1).integers(1, 31, 50).tolist()
    return load_dataset(write_data(tmp_path_factory.mktemp("data") / "a.npz", train=make_drawings(1, lengths)))


@pytest.fixture(scope="session")
def content(tmp_path_factory) -> bytes:
    """A data file whose longest drawing has 5 points."""
    return write_data(tmp_path_factory.mktemp("made") / "any.npz").read_bytes()


@pytest.fixture
def quickdraw_server(server, content):
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
