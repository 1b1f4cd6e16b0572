"""The outer form of a sketch-rnn-js file, `[info, shapes, weights]`: read and looked at without decoding a weight.

Enters: a path. Leaves: the document. Neither Keras nor HTTP: what downloads models and what opens them both come here.
"""

import os
from typing import Any

from ..errors import InputError, shown
from ..files.reading import read_json

WEIGHTS = {"gen": 5, "vae": 17}  # arrays of weights: a decoder alone, a whole model
MAX_BYTES = 2**27  # of a file
MAX_COMMAS = 10_000  # in a file; one with 17 arrays has some 100


def read_document(path: str | os.PathLike) -> tuple[dict, list, list]:
    """The three parts of a file: info, shapes and weights, none of them checked further.

    Raises:
        InputError: the file is larger than 128 MiB, no JSON or of another form.
    """
    document = read_json(path, "a sketch-rnn-js model [info, shapes, weights]", MAX_BYTES, MAX_COMMAS)
    if not (isinstance(document, list) and [type(part) for part in document] == [dict, list, list]):
        raise InputError(
            f"{path}: expected a sketch-rnn-js model: a list of info, shapes and weights, received {_outline(document)}"
        )
    return tuple(document)


def _outline(document: Any) -> str:
    if not isinstance(document, list):
        return type(document).__name__
    return f"a list of {len(document)}: {shown([type(part).__name__ for part in document[:4]])}"


def is_shape(value: Any) -> bool:
    """Whether a value is one or two positive whole numbers."""
    return isinstance(value, list) and len(value) in (1, 2) and all(type(n) is int and 0 < n < 2**31 for n in value)


def base64_length(count: int) -> int:
    """Characters of the base64 text of `count` 16-bit numbers."""
    triples = (2 * count + 2) // 3  # of bytes; the last may lack some
    return 4 * triples
