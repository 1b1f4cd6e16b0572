"""Archives as data files are, with anything in them, and what is said when they are refused."""

import contextlib
import io
import pickle
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pytest
from support.data_files import as_objects

from sketch_rnn_keras.data import npz
from sketch_rnn_keras.errors import InputError

DRAWINGS = [
    np.arange(12, dtype=np.int16).reshape(4, 3),
    np.zeros((0, 3), np.int8),
    np.asfortranarray(np.arange(9.0).reshape(3, 3)),
    np.array([[1.5, -2, 1]], ">f4"),
]


def npy(pickled: bytes, shape: tuple[int, ...] = (1,), descr: str = "|O") -> bytes:
    stream = io.BytesIO()
    header = {"descr": descr, "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(stream, header)
    return stream.getvalue() + pickled


def write_archive(path: Path, **members: bytes | np.ndarray) -> Path:
    """Writes an archive with one good drawing in each split that is not given; None leaves a split out."""
    good = npy(pickle.dumps(as_objects(DRAWINGS[:1])))
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for split, content in (dict.fromkeys(npz.SPLITS, good) | members).items():
            if content is not None:
                archive.writestr(f"{split}.npy", content)
    return path


def refusal(path: Path) -> str:
    """What is said of a file that must not be read; fails if it is read, or not named."""
    with pytest.raises(InputError) as caught:
        npz.read_splits(path)
    assert path.name in str(caught.value)
    return str(caught.value)


@contextlib.contextmanager
def memory_below(limit: int):
    """Fails if what happens inside allocates `limit` bytes or more at once."""
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < limit
    finally:
        tracemalloc.stop()
