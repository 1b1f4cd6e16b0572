"""Reads the drawings of an `.npz` file without trusting it, and writes such files.

Enters, to be read: a zip archive with a `.npy` member for each split. Leaves: plain numeric arrays, unchecked. What is
written has one of two layouts, and both are read:

* `quickdraw`: each split is a pickled object array of stroke-3 arrays, as Quick, Draw!'s own files;
* `arrays`: no pickles. Each split is one array `[P, 3]`, its drawings end to end, beside `<split>_lengths`, `[n]`.

A pickle is a program. `unpickling` reads those of data files and runs nothing.
"""

import io
import math
import os
import pickle
import tokenize
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from ..errors import Hindered, InputError, few, one_of, reason
from ..files.records import forget
from ..files.writing import replacing, unwritable
from .unpickling import NUMBERS, from_bytes, read_objects

SPLITS = ("train", "valid", "test")
LAYOUTS = ("quickdraw", "arrays")
MAX_BYTES = 2**30  # per split, unpacked; 70,000 Quick, Draw! drawings take some 30 MB
MAX_DRAWINGS = 2**20  # per split

_ZIP_ERRORS = (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, OSError)
_HEADER_ERRORS = (ValueError, TypeError, SyntaxError, tokenize.TokenError, MemoryError, RecursionError)


def read_splits(path: Path, splits: Sequence[str] = SPLITS) -> dict[str, list[np.ndarray]]:
    """Reads the splits of a data file.

    Args:
        path: an `.npz` file whose members train, valid and test are each an object array of `[n, 3]` arrays (pickled
            under Python 2 or 3), one numeric array `[count, n, 3]`, or one numeric array `[P, 3]` with the number of
            points of each drawing in a member train_lengths, valid_lengths, test_lengths.
        splits: which to read; the others need not be there.

    Returns:
        For each split its arrays, as the file holds them: neither their shapes nor their values are checked.

    Raises:
        InputError: the file is no such archive, or holds anything but arrays of numbers.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            return {split: _read_split(archive, split, f"{path}, split {split}") for split in splits}
    except _ZIP_ERRORS as error:
        kind = Hindered if isinstance(error, OSError) else InputError
        raise kind(
            f"{path}: expected an intact .npz archive, but reading it failed ({reason(error)}); get the file again"
        ) from error


def write_splits(
    path: Path, splits: Mapping[str, Sequence[np.ndarray]], layout: str = "quickdraw", overwrite: bool = False
) -> Path:
    """Writes a data file that `read_splits` reads. The same drawings give the same bytes.

    Args:
        path: the file to write, ending in `.npz`.
        splits: for train, valid and test, stroke-3 arrays `[n, 3]`, at least one row each.
        layout: "quickdraw", which the original code reads by `np.load(path, allow_pickle=True)`, with any NumPy under
            Python 3; or "arrays", which needs no pickle.
        overwrite: whether a file that exists may be replaced.

    Returns:
        The path.

    Raises:
        InputError: another layout or suffix, a file that exists or cannot be written, a split that is missing, a
            drawing of another shape, more than `read_splits` takes.
    """
    path = Path(path)
    check_writable(path, layout, overwrite)
    if splits.keys() != set(SPLITS):
        raise InputError(f"{path}: expected the splits {', '.join(SPLITS)}, received {', '.join(splits) or 'none'}")
    for split in SPLITS:
        _check_drawings(splits[split], f"{path}, split {split}")
    try:
        with replacing(path) as draft:
            _write_archive(draft, splits, layout, path)
            forget(path)  # the record of a download that the file came by speaks of other content
    except OSError as error:
        raise unwritable(path, error) from None
    return path


def _write_archive(draft: Path, splits: Mapping[str, Sequence[np.ndarray]], layout: str, path: Path) -> None:
    with zipfile.ZipFile(draft, "w", zipfile.ZIP_DEFLATED) as archive:
        for split in SPLITS:
            members = {"quickdraw": _as_objects, "arrays": _as_arrays}[layout](split, splits[split])
            for name, content in members.items():
                _check_size(len(content), f"{path}, {name}")
                with archive.open(f"{name}.npy", "w") as member:  # dated 1980, whenever it is written
                    member.write(content)


def check_writable(path: Path, layout: str, overwrite: bool) -> None:
    """Raises the `InputError` that `write_splits` would raise for this file, before the work is done."""
    one_of("layout", layout, LAYOUTS)
    if path.suffix != ".npz":
        raise InputError(f"{path}: expected a file name ending in .npz, received {path.suffix!r}")
    if os.path.isdir(path):
        raise InputError(f"{path}: expected the name of a file, this is a folder")
    if os.path.exists(path) and not overwrite:
        raise InputError(f"{path} exists already; choose another output, or replace it with overwrite=True")


def _read_split(archive: zipfile.ZipFile, split: str, where: str) -> list[np.ndarray]:
    content, shape, fortran_order, dtype = _open_member(archive, split, where)
    if dtype.hasobject:
        _check_count(max(shape, default=0), where)
        arrays = read_objects(content, shape, MAX_BYTES, where)
    elif f"{split}_lengths.npy" in archive.namelist():
        flat = _read_numbers(content, shape, fortran_order, dtype, where)
        lengths = _read_numbers(*_open_member(archive, f"{split}_lengths", where), f"{where}_lengths")
        arrays = _cut(flat, lengths, where)
    else:
        arrays = _list(_read_numbers(content, shape, fortran_order, dtype, where), where)
    return arrays


def _open_member(archive: zipfile.ZipFile, name: str, where: str) -> tuple[io.BytesIO, tuple[int, ...], bool, np.dtype]:
    """The bytes of an array after its header, and the header: shape, Fortran order, type."""
    member = f"{name}.npy"
    if member not in archive.namelist():
        present = few(Path(name).stem for name in archive.namelist()) or "nothing"
        raise InputError(f"{where}: missing; expected the splits {', '.join(SPLITS)}, the file holds {present}")
    info = archive.getinfo(member)
    if info.file_size > MAX_BYTES:
        raise InputError(f"{where}: expected at most {MAX_BYTES} bytes unpacked, the archive declares {info.file_size}")
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):  # zipfile unpacks others without bound
        raise InputError(f"{where}: expected it stored or deflated, as NumPy does; save it with numpy.savez_compressed")
    with archive.open(member) as file:
        content = io.BytesIO(file.read(info.file_size))  # `archive.read` unpacks all, whatever is declared
    readers = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
    try:
        return content, *readers[np.lib.format.read_magic(content)](content)
    except KeyError as error:
        raise InputError(f"{where}: expected .npy format 1.0 or 2.0, received {error}; save the file again") from error
    except _HEADER_ERRORS as error:
        raise InputError(f"{where}: the .npy header cannot be read ({reason(error)}); get the file again") from error


def _read_numbers(
    content: io.BytesIO, shape: tuple[int, ...], fortran_order: bool, dtype: np.dtype, where: str
) -> np.ndarray:
    if dtype.kind not in "biuf":
        raise InputError(f"{where}: expected numbers, received elements of type {dtype}")
    raw = content.read()
    if min(shape, default=0) < 0 or math.prod(shape) * dtype.itemsize != len(raw):
        raise InputError(f"{where}: the header declares shape {list(shape)} of {dtype}, but {len(raw)} bytes follow")
    return from_bytes(raw, dtype, shape, fortran_order)


def _list(drawings: np.ndarray, where: str) -> list[np.ndarray]:
    shape = drawings.shape
    if shape != (0,) and (len(shape) != 3 or 0 in shape[1:]):
        raise InputError(f"{where}: expected drawings of shape [n, 3], received one array of shape {list(shape)}")
    _check_count(len(drawings), where)
    return list(drawings)


def _cut(flat: np.ndarray, lengths: np.ndarray, where: str) -> list[np.ndarray]:
    """The drawings that lie end to end in `flat`; `lengths` is as little trusted as all else."""
    if flat.ndim != 2 or lengths.ndim != 1 or lengths.dtype.kind not in "iu":
        raise InputError(
            f"{where}: expected points of shape [P, 3] and whole numbers as lengths of shape [n], received shapes "
            f"{list(flat.shape)} and {list(lengths.shape)} ({lengths.dtype})"
        )
    _check_count(len(lengths), where)
    sizes = lengths.tolist()  # as Python's integers, which do not overflow
    if min(sizes, default=0) < 0 or sum(sizes) != len(flat):
        raise InputError(f"{where}: the lengths add up to {sum(sizes)}, but there are {len(flat)} points")
    return np.split(flat, np.cumsum(sizes)[:-1]) if sizes else []


def _check_count(count: int, where: str) -> None:
    if count > MAX_DRAWINGS:
        raise InputError(f"{where}: expected at most {MAX_DRAWINGS} drawings, received {count}; split the file")


def _as_arrays(split: str, drawings: Sequence[np.ndarray]) -> dict[str, bytes]:
    flat = np.concatenate([np.zeros((0, 3), np.int16), *drawings])
    lengths = np.array([len(drawing) for drawing in drawings], np.int32)
    return {split: _npy(flat), f"{split}_lengths": _npy(lengths)}


def _as_objects(split: str, drawings: Sequence[np.ndarray]) -> dict[str, bytes]:
    """An object array as older NumPy versions pickle it: new ones write a module name that those do not have."""
    array = np.empty(len(drawings), object)
    array[:] = list(drawings)
    content = io.BytesIO()
    np.lib.format.write_array_header_1_0(content, np.lib.format.header_data_from_array_1_0(array))
    content.write(pickle.dumps(array, protocol=3).replace(b"numpy._core.", b"numpy.core.", 1))
    return {split: content.getvalue()}


def _npy(array: np.ndarray) -> bytes:
    content = io.BytesIO()
    np.lib.format.write_array(content, array, version=(1, 0), allow_pickle=False)
    return content.getvalue()


def _check_drawings(drawings: Sequence[np.ndarray], where: str) -> None:
    for index, drawing in enumerate(drawings):
        shape, dtype = np.shape(drawing), getattr(drawing, "dtype", None)
        plain = type(drawing) is np.ndarray and NUMBERS.fullmatch(drawing.dtype.str[1:])
        if not plain or len(shape) != 2 or shape[0] < 1 or shape[1] != 3:
            what = f"{type(drawing).__name__} of shape {list(shape)}" + (f" of {dtype}" if dtype else "")
            raise InputError(f"{where}, drawing {index}: expected an array of numbers of shape [n, 3], received {what}")
    _check_count(len(drawings), where)
    _check_size(sum(drawing.nbytes for drawing in drawings), where)


def _check_size(size: int, where: str) -> None:
    if size > MAX_BYTES:
        raise InputError(f"{where}: expected at most {MAX_BYTES} bytes, received {size}; make several files")
