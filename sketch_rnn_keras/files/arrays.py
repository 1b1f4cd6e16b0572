"""Arrays in an `.npz` file that vouches for them: what a checkpoint is made of.

Enters: arrays by name, or a path. Leaves: a file without pickles, in which a member `sha256` holds the digest of every
array; or the arrays, once the file is known to hold what was written. Nothing is allocated that the file does not hold.
"""

import hashlib
import io
import json
import math
import struct
import tokenize
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import InputError, reason

DIGESTS = "sha256"  # the member that holds them: JSON, by the array's name

# What zipfile, NumPy and json raise for a damaged file.
_DAMAGE = (
    *(ValueError, TypeError, KeyError, AttributeError, EOFError, OSError, MemoryError, RecursionError, OverflowError),
    *(SyntaxError, tokenize.TokenError, RuntimeError, struct.error, zipfile.BadZipFile, zlib.error),
)


def write_arrays(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Write arrays and their digests; the same arrays give the same bytes.

    Raises:
        OSError: the file cannot be written.
    """
    digests = {name: _digest(array) for name, array in arrays.items()}
    members: dict[str, Any] = {**arrays, DIGESTS: np.array(json.dumps(digests))}
    with path.open("wb") as file:
        np.savez(file, **members)


def read_arrays(path: Path, only: str = "") -> dict[str, np.ndarray]:
    """The arrays that `write_arrays` wrote; files of earlier versions hold no digests.

    Args:
        path: the file.
        only: the name of the one array to read; all by default.

    Raises:
        InputError: the file is missing or damaged, or holds anything but numbers and text.
    """
    try:
        if path.exists() and not path.is_file():  # a pipe would be waited for
            raise ValueError("it is no file")
        with zipfile.ZipFile(path) as archive:
            _check_sizes(archive, path.stat().st_size)
            members = {member.filename.removesuffix(".npy"): member for member in archive.infolist()}
            digests = json.loads(str(_array(archive.read(members.pop(DIGESTS))))) if DIGESTS in members else None
            names = [only] if only else list(members)
            arrays = {name: _array(archive.read(members[name])) for name in names}
        if digests is not None and (wrong := [name for name in names if digests[name] != _digest(arrays[name])]):
            raise ValueError(f"the array {wrong[0]} is not the one that was written")
        if digests is not None and digests.keys() != members.keys():
            raise ValueError("it does not hold the arrays that were written")
    except FileNotFoundError:
        raise InputError(f"{path}: expected a file of arrays, received none") from None
    except _DAMAGE as error:
        raise InputError(f"{path}: expected an intact file of arrays: {reason(error)}") from None
    return arrays


def _check_sizes(archive: zipfile.ZipFile, size: int) -> None:
    """Raise unless the members are stored as they are, so that none unpacks to more than the file."""
    for member in archive.infolist():
        if member.compress_type != zipfile.ZIP_STORED or member.file_size > size:
            raise ValueError("its arrays are not stored as they are, within the size of the file")


def _array(content: bytes) -> np.ndarray:
    """The numbers or the text of a `.npy` file."""
    stream = io.BytesIO(content)
    if (version := np.lib.format.read_magic(stream)) != (1, 0):
        raise ValueError(f"an array in .npy format {version}, not 1.0")
    shape, is_fortran, dtype = np.lib.format.read_array_header_1_0(stream)
    if dtype.kind not in "biufU" or min(shape, default=0) < 0:
        raise ValueError(f"an array of {dtype}, not of numbers or text")
    if math.prod(shape) * dtype.itemsize != len(content) - stream.tell():
        raise ValueError("an array of another size than its header says")
    flat = np.frombuffer(content, dtype, offset=stream.tell())
    return flat.reshape(shape[::-1]).T if is_fortran else flat.reshape(shape)


def _digest(array: np.ndarray) -> str:
    return hashlib.sha256(f"{array.dtype.str}{array.shape}".encode() + array.tobytes()).hexdigest()
