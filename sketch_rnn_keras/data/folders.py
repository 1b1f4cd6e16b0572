"""Data sets of any size: a folder of plain `.npy` files, opened at once and read as batches ask for it.

Enters: a folder that was made by `write_folder`. Leaves: `Split`s whose rows stay on disk. The files:

    manifest.json                     how many drawings, how long, of what; size and SHA-256 of each other file
    strokes.npy                       int16 or float32 [P, 3], the stroke-3 rows of all drawings, as they were given
    train_starts.npy                  int64 [n], the row where each drawing of the split begins
    train_lengths.npy                 int32 [n], its number of points
    train_categories.npy              uint16 [n], the place of what it shows among the manifest's categories
    valid_*.npy, test_*.npy           likewise

The manifest is written last, so a folder without one is no data set. It is believed in what it says of the other files
but for their sizes, types and shapes, which are looked at each time: to hash many gigabytes at every start would take
longer than to train on some of them. `verify_folder` hashes them.
"""

import functools
import json
import mmap
import os
import tokenize
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Literal, NamedTuple, Self

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from ..errors import InputError, reason
from ..files.reading import read_json, unreadable
from ..files.records import digest
from ..files.writing import write_atomically
from .npz import SPLITS
from .scaling import OFFSET_LIMIT, Moments
from .splits import FileRows, Split

MANIFEST = "manifest.json"
STROKES = "strokes.npy"
INDEX: dict[str, np.dtype] = {"starts": np.dtype("<i8"), "lengths": np.dtype("<i4"), "categories": np.dtype("<u2")}
MAX_CATEGORIES = 2**16
MAX_NAME = 80  # characters of a category
HEADER = 128  # bytes of a .npy file before its numbers, as they are written here
_MAX_MANIFEST = 2**24  # bytes
_MOST = 2**40  # drawings or points: more is not believed
_HEADER_ERRORS = (ValueError, TypeError, SyntaxError, tokenize.TokenError, MemoryError, RecursionError)

Count = Annotated[int, Field(ge=0, le=_MOST)]
Name = Annotated[str, Field(min_length=1, max_length=MAX_NAME)]


class _Part(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class FileNote(_Part):
    """What a file is known by."""

    bytes: Count
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class LengthNote(NamedTuple):
    """The drawings of one length: how many, and the sum and the squares' sum of their offsets, clamped.

    The two sums are 0 where the offsets are no whole numbers.
    """

    points: int
    drawings: int
    total: int
    squares: int


class SplitNote(_Part):
    """What is in a split: its drawings, and `LengthNote`s, the shortest first."""

    drawings: Count
    lengths: list[Annotated[list[int], Field(min_length=4, max_length=4)]]

    @property
    def by_length(self) -> list[LengthNote]:
        return [LengthNote(*row) for row in self.lengths]

    def moments(self, most: int | None = None) -> Moments:
        """Of the offsets of its drawings, or of those of at most so many points."""
        notes = [note for note in self.by_length if most is None or note.points <= most]
        sums = (Moments(2 * note.points * note.drawings, note.total, note.squares) for note in notes)
        return functools.reduce(Moments.plus, sums, Moments())

    @model_validator(mode="after")
    def _check(self) -> Self:
        rows = self.by_length
        points = [row.points for row in rows]
        if points != sorted(set(points)) or any(not (0 < row.points < 2**31 and row.drawings > 0) for row in rows):
            raise ValueError("expected lengths from the shortest on, each with a number of drawings")
        if sum(row.drawings for row in rows) != self.drawings:
            raise ValueError("expected lengths that account for each drawing")
        for row in rows:
            offsets = 2 * row.points * row.drawings
            if abs(row.total) > offsets * OFFSET_LIMIT or not row.total**2 <= row.squares * offsets:
                raise ValueError("expected sums that offsets can have")
        return self


class Manifest(_Part):
    """What `manifest.json` says.

    `scale_factor` is that of the whole training split, which of float32 is known from nowhere else but all its rows.
    """

    format: Literal["sketch-rnn data set"]
    version: Literal[1]
    dtype: Literal["int16", "float32"]
    points: Count
    scale_factor: Annotated[float, Field(gt=0, le=OFFSET_LIMIT, allow_inf_nan=False)]
    categories: Annotated[list[Name], Field(max_length=MAX_CATEGORIES)]
    splits: dict[str, SplitNote]
    files: dict[str, FileNote]

    @model_validator(mode="after")
    def _check(self) -> Self:
        if tuple(self.splits) != SPLITS:
            raise ValueError(f"splits: expected {', '.join(SPLITS)}")
        if self.files.keys() != {STROKES, *(index_name(split, what) for split in SPLITS for what in INDEX)}:
            raise ValueError("files: expected those of the format")
        if not all(name.isprintable() for name in self.categories):
            raise ValueError("categories: expected names of printable characters")
        return self


def index_name(split: str, what: str) -> str:
    """The file that holds the starts, lengths or categories of a split."""
    return f"{split}_{what}.npy"


def is_folder(path: Path) -> bool:
    """Whether a path is a data set of this format, or at least a folder with a `manifest.json`."""
    return os.path.isfile(path / MANIFEST)  # that of `Path` raises an error where a name is too long


class Folder(NamedTuple):
    """An open data set: its manifest, and its rows and indices on disk."""

    path: Path
    manifest: Manifest
    rows: FileRows
    places: Mapping[str, np.ndarray]

    @property
    def sha256(self) -> str:
        """The manifest's, which holds the SHA-256 of each other file."""
        return digest(self.path / MANIFEST).hex()

    def split(self, name: str) -> Split:
        """One of the splits, whole.

        Raises:
            InputError: a drawing is of a category that is none.
        """
        starts, lengths, categories = (self.places[index_name(name, what)] for what in INDEX)
        count = len(self.manifest.categories)
        if len(categories) and (most := int(categories.max())) >= count:
            raise InputError(
                f"{self.path / index_name(name, 'categories')}: expected numbers below {count}, that of the categories "
                f"in {MANIFEST}, received {most}; make or get the data set again"
            )
        return Split(self.rows, starts, lengths, categories, self.longest(name))

    def longest(self, name: str) -> int:
        """The most points of a drawing of a split; 0 if it has none."""
        return max((note.points for note in self.manifest.splits[name].by_length), default=0)

    def moments(self, name: str, most: int) -> Moments | None:
        """Of the offsets of all drawings of a split of at most so many points; None where they are not whole."""
        return self.manifest.splits[name].moments(most) if self.manifest.dtype == "int16" else None


def open_folder(path: Path) -> Folder:
    """Opens a data set without reading it.

    Raises:
        InputError: it is none, it is not whole, or its manifest and its files do not agree.
    """
    manifest = read_manifest(path)
    try:
        _check_sizes(path, manifest)
        dtype, file = np.dtype(manifest.dtype).newbyteorder("<"), path / STROKES
        rows = FileRows(file, dtype, manifest.points, _offset(file, dtype, (manifest.points, 3)))
        places = {
            index_name(split, what): _map(path / index_name(split, what), kind, (manifest.splits[split].drawings,))
            for split in SPLITS
            for what, kind in INDEX.items()
        }
    except OSError as error:
        raise unreadable(error.filename or path, error) from None
    return Folder(path, manifest, rows, places)


def _check_sizes(path: Path, manifest: Manifest) -> None:
    for name, note in manifest.files.items():
        file = path / name
        if not file.is_file():
            raise InputError(f"{path}: expected the file {name}, which is missing; make or get the data set again")
        if (size := file.stat().st_size) != note.bytes:
            raise InputError(
                f"{file}: expected {note.bytes} bytes, as {MANIFEST} says, received {size}; make or get the data set "
                "again"
            )


def read_manifest(path: Path) -> Manifest:
    """What the manifest of a data set says.

    Raises:
        InputError: it cannot be read, or is no such manifest.
    """
    file = path / MANIFEST
    document = read_json(file, "the manifest of a data set", _MAX_MANIFEST, _MAX_MANIFEST // 4)
    try:
        return Manifest.model_validate(document)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"]))[:MAX_NAME]
        fault = reason(ValueError(f"{where}: {first['msg']}" if where else first["msg"]))
        raise InputError(
            f"{file}: expected the manifest of a data set, as sketch-rnn convert writes it: {fault}"
        ) from None


def verify_folder(path: Path) -> Iterator[str]:
    """Hashes each file of a data set, and gives its name once it is known to be what the manifest says.

    Raises:
        InputError: a file is another; or as `open_folder`.
    """
    for name, note in open_folder(path).manifest.files.items():
        try:
            found = digest(path / name).hex()
        except OSError as error:
            raise unreadable(path / name, error) from None
        if found != note.sha256:
            raise InputError(f"{path / name}: expected the SHA-256 in {MANIFEST}, received another; it is damaged")
        yield name


def write_manifest(path: Path, manifest: Manifest) -> None:
    """Makes the files in a folder a data set. The same files give the same bytes."""
    write_atomically(path / MANIFEST, (json.dumps(manifest.model_dump(), indent=1) + "\n").encode())


def note_of(file: Path) -> FileNote:
    """What a file will be known by."""
    return FileNote(bytes=file.stat().st_size, sha256=digest(file).hex())


def header(dtype: np.dtype, shape: tuple[int, ...]) -> bytes:
    """The beginning of a `.npy` file, of the same size whatever the shape: it can be written when that is known."""
    text = str({"descr": dtype.newbyteorder("<").str, "fortran_order": False, "shape": shape})
    magic = np.lib.format.magic(1, 0)
    room = HEADER - len(magic) - 2
    return magic + room.to_bytes(2, "little") + text.ljust(room - 1).encode() + b"\n"


def _map(file: Path, dtype: np.dtype, shape: tuple[int, ...]) -> np.ndarray:
    """An array on disk, mapped: read as it is used, and shared by processes."""
    offset = _offset(file, dtype, shape)
    with file.open("rb") as stream:
        content = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
    return np.frombuffer(content, dtype, int(np.prod(shape)), offset).reshape(shape)


def _offset(file: Path, dtype: np.dtype, shape: tuple[int, ...]) -> int:
    """Where the numbers of a `.npy` file begin, once it is known to hold such an array."""
    try:
        with file.open("rb") as stream:
            version = np.lib.format.read_magic(stream)
            if version != (1, 0):
                raise ValueError(f".npy format {version}, not 1.0")
            found = np.lib.format.read_array_header_1_0(stream)
            offset = stream.tell()
        if found != (shape, False, dtype):
            raise ValueError(f"an array of shape {list(found[0])} and type {found[2]}")
        if file.stat().st_size != offset + int(np.prod(shape)) * dtype.itemsize:
            raise ValueError("another number of bytes than its header declares")
    except _HEADER_ERRORS as error:
        raise InputError(
            f"{file}: expected an array of shape {list(shape)} and type {dtype}, as {MANIFEST} says, received "
            f"{reason(error)}; make or get the data set again"
        ) from None
    return offset
