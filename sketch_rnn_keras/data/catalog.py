"""What the name of a data set means, and its drawings.

Enters: a name such as `cat`, `quickdraw:animals`, `doodles:owl` or `mine.npz`. Leaves: the file or folder that is
meant; of a file the drawings of the splits asked for, unchecked, and their SHA-256.
"""

import contextlib
import hashlib
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ..errors import MAX_SHOWN, InputError, nearest, shown
from ..files.reading import refuse_pipe
from ..files.records import digest, verify
from . import doodles, packing, quickdraw
from .folders import is_folder
from .npz import MAX_DRAWINGS, SPLITS, read_splits

DOODLE_PREFIX = "doodles:"
QUICKDRAW_PREFIX = "quickdraw:"
LIST_PREFIX = "@"
MAX_LIST = 2**20  # bytes of a list of names
TRAIN_DOODLES = 2000
HELD_OUT_DOODLES = (100, 100)  # in the validation and the test split
DOODLE_SEED = 0
MAX_LISTED = 20  # files named in an error
DRAWING_SUFFIXES = (".ndjson", ".jsonl", ".bin", ".json", ".svg")  # of files that `conversion.convert` makes data of


class Doodles(NamedTuple):
    """Built-in drawings: which subject, and how many in the training split."""

    subject: str
    train_count: int = TRAIN_DOODLES


def expand(name: str) -> list[str]:
    """The names that a name stands for: those in the file, for `@names.txt` or `names.txt`; or itself.

    A line of the file is a name; an empty line is none, nor is what follows a `#` at its beginning.

    Raises:
        InputError: there is no such file, or it holds no names, or names of other lists.
    """
    path = Path(name.removeprefix(LIST_PREFIX))
    if not name.startswith(LIST_PREFIX) and path.suffix.lower() != ".txt":
        return [name]
    refuse_pipe(path, "a file of names of data sets")
    try:
        with path.open("rb") as file:
            content = file.read(MAX_LIST + 1)
        lines = content.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError:
        raise InputError(f"{path}: expected names of data sets in UTF-8, one to a line; this is no text") from None
    except (OSError, ValueError) as error:  # a ValueError: the name holds a zero
        why = error.strerror if isinstance(error, OSError) else error
        raise InputError(f"{path}: expected a file of names of data sets, but {why}") from None
    if len(content) > MAX_LIST:
        raise InputError(f"{path}: expected a list of at most {MAX_LIST} bytes, received more")
    names = [line.strip() for line in lines if line.strip() and not line.lstrip().startswith("#")]
    lists = [one for one in names if one.startswith(LIST_PREFIX) or one.lower().endswith(".txt")]
    if not names or lists:
        received = f"the list {shown(lists[0])}" if lists else "none"
        raise InputError(f"{path}: expected names of data sets, one to a line, received {received}")
    return names


def resolve(name: str | os.PathLike, data_dir: str | os.PathLike = "data") -> Path | Doodles:
    """Finds the data set that a name stands for, and downloads it if need be.

    Args:
        name: one of

            * `doodles:cat`, `doodles:cat:500`: built-in drawings, 2000 or as many as said in the training split;
            * the path of an `.npz` file, or of a folder that `conversion.convert` made;
            * `cat`, or `cat.npz` where no such file is: the file or folder of that name in `data_dir`, or else the
              Quick, Draw! category, which is downloaded into `data_dir`;
            * `quickdraw:all`, `quickdraw:animals` or another of `quickdraw.GROUPS`: these categories, which are
              downloaded and packed once, into a folder in `data_dir`; `quickdraw:cat`: that category.
        data_dir: where the files of plain names lie.

    Returns:
        The path of an existing file or folder, or the built-in drawings meant.

    Raises:
        InputError: nothing has this name, the download failed, or the file is no longer as it was downloaded.
    """
    name = os.fspath(name)
    if name.startswith(DOODLE_PREFIX):
        return _parse_doodles(name)
    if name.startswith(QUICKDRAW_PREFIX):
        return _quickdraw(name, data_dir)
    path = Path(name)
    if is_folder(path):
        return path
    is_plain = path.name == name and path.suffix in ("", ".npz")
    is_file, is_dir = os.path.isfile(path), os.path.isdir(path)  # those of `Path` raise errors at names of any length
    if (is_dir and not is_plain) or (is_file and path.suffix.lower() in DRAWING_SUFFIXES):
        raise _unconverted(path)
    if is_file and not (is_plain and path.suffix == ""):
        verify(path)
        return path
    if not is_plain:
        raise InputError(f"no data file {name}; {_list_files(path)}")
    stored = Path(data_dir) / f"{path.stem}.npz"
    if os.path.isfile(stored):
        verify(stored)
        return stored
    if is_folder(stored.with_suffix("")):
        return stored.with_suffix("")
    if path.stem in quickdraw.CATEGORIES:
        with _saying_what_needs_no_network():
            return quickdraw.download(path.stem, data_dir)
    if is_dir:
        raise _unconverted(path)
    close = ", ".join(nearest(path.stem[:MAX_SHOWN], quickdraw.CATEGORIES)) or "none"
    raise InputError(
        f"no data set {shown(name)}: no such file here, and {_list_files(stored)}; "
        f"Quick, Draw! categories of a similar name: {close}; "
        f"built in: {', '.join(DOODLE_PREFIX + subject for subject in doodles.SUBJECTS)}"
    )


def read_named(source: Path | Doodles, splits: Sequence[str] = SPLITS) -> dict[str, list[np.ndarray]]:
    """Reads what `resolve` found.

    Args:
        source: a file, or built-in drawings.
        splits: which to read; the others are neither read nor made.

    Returns:
        The stroke-3 arrays of each of these splits, unchecked.

    Raises:
        InputError: the file is not an archive of arrays; see `npz.read_splits`.
    """
    if not isinstance(source, Doodles):
        return read_splits(source, splits)
    counts = dict(zip(SPLITS, (source.train_count, *HELD_OUT_DOODLES), strict=True))
    asked = [counts[split] if split in splits else 0 for split in SPLITS]
    made = doodles.make_splits(source.subject, asked, DOODLE_SEED)
    return {split: made[split] for split in splits}


def category_of(source: Path | Doodles) -> str:
    """What the drawings of a file, or the built-in ones, show."""
    return source.subject.replace("_", " ") if isinstance(source, Doodles) else source.stem


def digest_named(source: Path | Doodles, splits: Mapping[str, Sequence[np.ndarray]]) -> str:
    """The SHA-256, in hex, of a file; or of the drawings that were made, `splits` as `read_named` returned them."""
    if not isinstance(source, Doodles):
        return digest(source).hex()
    content = hashlib.sha256()
    for split, drawings in splits.items():
        for drawing in drawings:
            content.update(f"{split} {drawing.shape} {drawing.dtype.str}".encode())
            content.update(drawing.tobytes())
    return content.hexdigest()


def _parse_doodles(name: str) -> Doodles:
    subject, *rest = name.removeprefix(DOODLE_PREFIX).split(":")
    subject = subject.replace(" ", "_")
    count = rest[0] if rest else str(TRAIN_DOODLES)
    digits = re.fullmatch(r"0*([1-9]\d{0,8})", count)
    if subject not in doodles.SUBJECTS or len(rest) > 1 or digits is None or int(digits[1]) > MAX_DRAWINGS:
        known = ", ".join(doodles.SUBJECTS)
        raise InputError(
            f"expected {DOODLE_PREFIX}SUBJECT or {DOODLE_PREFIX}SUBJECT:COUNT with a subject of {known} and a count "
            f"from 1 to {MAX_DRAWINGS}, received {shown(name)}"
        )
    return Doodles(subject, int(digits[1]))


def _quickdraw(name: str, data_dir: str | os.PathLike) -> Path:
    """The file of a category, or the folder of a group of them, which is made where it is not there yet."""
    group = name.removeprefix(QUICKDRAW_PREFIX)
    if group in quickdraw.CATEGORIES:
        return resolve(group, data_dir)  # type: ignore[return-value]
    folder = Path(data_dir) / f"quickdraw_{group}"
    categories = quickdraw.group(group)
    if not is_folder(folder):
        with _saying_what_needs_no_network():
            files = quickdraw.download_categories(categories, data_dir)
        packing.pack(files, folder)
    return folder


@contextlib.contextmanager
def _saying_what_needs_no_network() -> Iterator[None]:
    try:
        yield
    except InputError as error:
        raise InputError(f"{error}; {DOODLE_PREFIX}cat is a data set that needs no network") from error


def _unconverted(path: Path) -> InputError:
    """What to do with drawings that are no data file yet."""
    what = "a folder" if path.is_dir() else f"drawings as {path.suffix}"
    output = f"{path.resolve().stem}.npz"
    return InputError(
        f"{path}: expected an .npz file, received {what}; convert it first: "
        f"conversion.convert({str(path)!r}, {output!r})"
    )


def _list_files(missing: Path) -> str:
    """Says which data files are in the folder where `missing` was looked for, and which has the nearest name."""
    if not os.path.isdir(missing.parent):
        return f"there is no folder {missing.parent}"
    present = sorted(path.name for path in missing.parent.iterdir() if path.suffix == ".npz" or is_folder(path))
    if not present:
        return f"folder {missing.parent} holds no .npz files"
    listed = ", ".join(present[:MAX_LISTED])
    if len(present) > MAX_LISTED:
        listed += f" and {len(present) - MAX_LISTED} more"
    close = nearest(missing.name[:MAX_SHOWN], present)
    return f"folder {missing.parent} holds {listed}" + (f"; did you mean {close[0]}?" if close else "")
