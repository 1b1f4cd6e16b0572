"""Models and documents of sketch-rnn-js for tests."""

import json
from pathlib import Path

from support.tiny import tiny_model

from sketch_rnn_keras.interop import sketch_js


def tiny(spread: float = 1.0, **changes):
    """A tiny model with the 20 mixture components that the format asks for."""
    sizes = {"enc_rnn_size": 3, "dec_rnn_size": 4, "z_size": 2, "num_mixture": 20, "max_seq_len": 9}
    return tiny_model(seed=3, spread=spread, scale_factor=80.5, **(sizes | changes))


def load(document, folder: Path, **options):
    """Opens a document as a file of the folder."""
    path = folder / "m.json"
    path.write_text(json.dumps(document))
    return sketch_js.load(path, **options)


def with_info(document: list, **changes) -> list:
    """The document with other entries in its info; `...` leaves one out."""
    info = {key: value for key, value in (document[0] | changes).items() if value is not ...}
    return [info, *document[1:]]
