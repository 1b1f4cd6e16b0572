"""Which files the sources of a conversion are, and what reads each. Enter: files and folders. Leave: drawings."""

import os
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from ..data.folders import MANIFEST, is_folder
from ..data.spool import is_spool
from ..errors import InputError
from ..files.reading import unreadable
from ..files.records import RECORD_SUFFIX, verify
from . import binary, documents, ndjson, stored
from .items import UNREADABLE, Drawing, Piece, Reading, Rejected

PIECE = 2**24  # bytes that are read in one go
MANY = 500  # files that are read in one go


def read_svg(path: Path, reading: Reading) -> Iterator[Drawing | Rejected]:
    """Reads the one drawing of an SVG file; see `svg.read`.

    Raises:
        InputError: as `svg.read`, or the libraries for SVG are not installed.
    """
    _check_svg_libraries()
    from . import svg

    return svg.read(path, reading)


def _check_svg_libraries() -> None:
    """Refuses SVG files where the libraries for them, which are an extra, are not installed."""
    try:
        from . import svg  # noqa: F401
    except ModuleNotFoundError as error:
        raise InputError(
            f"SVG files need {error.name}, which is not installed; pip install 'sketch-rnn-keras[convert]'"
        ) from None


READERS = {
    ".ndjson": ndjson.read,
    ".jsonl": ndjson.read,
    ".bin": binary.read,
    ".json": documents.read_json,
    ".svg": read_svg,
    ".npz": documents.read_npz,
    MANIFEST: stored.read,
}
CUT = {".ndjson": ndjson.cut, ".jsonl": ndjson.cut, MANIFEST: stored.cut}  # what cuts a large file into pieces
WITH_SPLITS = (".npz", MANIFEST)
ONE_DRAWING = (".json", ".svg")  # a broken file of these is one drawing lost; a broken file of the others is an error
_RASTER = (".png", ".jpg", ".jpeg", ".gif", ".bmp", ".tif", ".tiff", ".webp", ".heic")
_PACKED = (".gz", ".bz2", ".xz", ".zip", ".tar", ".svgz", ".7z")


def kind(path: Path) -> str:
    """Which of `READERS` a file has: that of its suffix, or of data sets."""
    return MANIFEST if path.name == MANIFEST else path.suffix.lower()


def bytes_of(path: Path) -> int:
    """How many are to be read where a file is."""
    return stored.bytes_of(path) if kind(path) == MANIFEST else path.stat().st_size


def find_files(sources: Iterable[str | os.PathLike], output: Path, notes: Counter[str]) -> list[Path]:
    """Lists the files to read: those named, and those in the folders named, sorted, whose suffix is known.

    For a data set that is named stands its manifest.

    Other files in folders are passed over; raster images and data sets among them are counted in `notes`, and so are
    files that are named twice, which are read once.

    Raises:
        InputError: a source is missing, empty, or of a kind that cannot be read.
    """
    files = []
    for source in map(Path, sources):
        if is_folder(source):
            files.append(source / MANIFEST)
        elif os.path.isdir(source):  # those of `Path` raise errors at names of any length
            files += _search(source, output, notes)
        elif not os.path.isfile(source):
            raise InputError(f"{source}: no such file or folder")
        else:
            _check_kind(source)
            files.append(source)
    if not files:
        raise InputError("expected at least one file or folder of drawings, received none")
    if any(path.suffix.lower() == ".svg" for path in files):
        _check_svg_libraries()
    once: dict[Path, Path] = {}
    for path in files:
        once.setdefault(path.resolve(), path)
    notes["files named more than once, read once"] += len(files) - len(once)
    return list(once.values())


def cut_in_pieces(files: Iterable[Path]) -> Iterator[list[Piece]]:
    """Lists what is to be read in one go: many small files, or a part of a large one.

    Raises:
        InputError: a file cannot be read.
    """
    some: list[Piece] = []
    size = 0
    for path in files:
        try:
            file_size = bytes_of(path)
            if file_size > PIECE and kind(path) in CUT:
                if some:
                    yield some
                    some, size = [], 0
                yield from ([piece] for piece in CUT[kind(path)](path, PIECE))
                continue
        except OSError as error:
            raise unreadable(path, error) from None
        some.append(Piece(path))
        size += file_size
        if size > PIECE or len(some) >= MANY:
            yield some
            some, size = [], 0
    if some:
        yield some


def read_all(pieces: Iterable[Piece], reading: Reading) -> Iterator[Drawing | Rejected]:
    """Reads one piece after the other.

    Raises:
        InputError: a file of many drawings is broken as a whole or is not as it was downloaded, or a file cannot be
            opened.
    """
    for piece in pieces:
        path, reading.piece = piece.path, piece
        try:
            if not piece.begin:
                verify(path)
            yield from READERS[kind(path)](path, reading)
        except InputError as error:
            if kind(path) not in ONE_DRAWING:
                raise
            yield Rejected(UNREADABLE, f"{path}: {error}")
        except OSError as error:
            raise unreadable(path, error) from None


def _search(folder: Path, output: Path, notes: Counter[str]) -> list[Path]:
    walk = _walk(folder, output, notes)
    found = [Path(place, name) for place, names in walk for name in names if not name.startswith(".")]
    known = [path for path in found if path.suffix.lower() in READERS and path.is_file()]
    known = [path for path in known if not path.name.endswith(RECORD_SUFFIX)]
    files = sorted(path for path in known if path.resolve() != output.resolve())
    rasters = sorted(path for path in found if path.suffix.lower() in _RASTER)
    if files:
        notes["raster images left out: trace them, and convert the SVG"] += len(rasters)
        return files
    if rasters:
        _check_kind(rasters[0])
    raise InputError(f"{folder}: expected files ending in {', '.join(READERS)}, received none among {len(found)} files")


def _walk(folder: Path, output: Path, notes: Counter[str]) -> Iterator[tuple[str, list[str]]]:
    """The folders below one, each with its files; none of a data set, or of what is being made into one."""
    for place, folders, names in os.walk(folder):
        below = [Path(place, name) for name in folders]
        sets = [path for path in below if is_folder(path)]
        others = [path for path in sets if path.resolve() != output.resolve()]
        notes["folders with a manifest.json left out, as data sets are: name them to convert them"] += len(others)
        folders[:] = [path.name for path in below if path not in sets and not is_spool(path)]
        yield place, names


def _check_kind(path: Path) -> None:
    suffix = path.suffix.lower()
    if suffix in _RASTER:
        raise InputError(
            f"{path}: a raster image has pixels, not pen strokes. Trace its lines first (in Inkscape: Path, Trace "
            "Bitmap, Centreline tracing; or autotrace -centerline), save that as SVG, and convert the SVG"
        )
    if suffix in _PACKED:
        raise InputError(f"{path}: is packed; unpack it first, then convert what is in it")
    if kind(path) not in READERS:
        raise InputError(f"{path}: expected a folder, or a file ending in {', '.join(READERS)}, received {suffix!r}")
