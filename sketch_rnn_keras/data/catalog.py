"""What the name of a data set means, and its drawings.

Enters: a name such as `cat`, `doodles:owl` or `mine.npz`. Leaves: the drawings of the splits asked for, unchecked, and
their SHA-256.
"""

import hashlib
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ..errors import InputError, nearest
from ..files.records import digest, verify
from . import doodles, quickdraw
from .npz import SPLITS, read_splits

DOODLE_PREFIX = "doodles:"
TRAIN_DOODLES = 2000
HELD_OUT_DOODLES = (100, 100)  # in the validation and the test split
DOODLE_SEED = 0
MAX_LISTED = 20  # files named in an error
DRAWING_SUFFIXES = (".ndjson", ".jsonl", ".bin", ".json", ".svg")  # of files that `conversion.convert` makes data of


class Doodles(NamedTuple):
    """Built-in drawings: which subject, and how many in the training split."""

    subject: str
    train_count: int = TRAIN_DOODLES


def resolve(name: str | os.PathLike, data_dir: str | os.PathLike = "data") -> Path | Doodles:
    """Finds the data set that a name stands for, and downloads it if need be.

    Args:
        name: one of

            * `doodles:cat`, `doodles:cat:500`: built-in drawings, 2000 or as many as said in the training split;
            * the path of an `.npz` file;
            * `cat`, or `cat.npz` where no such file is: the file of that name in `data_dir`, or else the Quick, Draw!
              category, which is downloaded into `data_dir`.
        data_dir: where the files of plain names lie.

    Returns:
        The path of an existing file, or the built-in drawings meant.

    Raises:
        InputError: nothing has this name, the download failed, or the file is no longer as it was downloaded.
    """
    name = os.fspath(name)
    if name.startswith(DOODLE_PREFIX):
        return _parse_doodles(name)
    path = Path(name)
    is_plain = path.name == name and path.suffix in ("", ".npz")
    if (path.is_dir() and not is_plain) or (path.is_file() and path.suffix.lower() in DRAWING_SUFFIXES):
        raise _unconverted(path)
    if path.is_file() and not (is_plain and path.suffix == ""):
        verify(path)
        return path
    if not is_plain:
        raise InputError(f"no data file {name}; {_list_files(path)}")
    stored = Path(data_dir) / f"{path.stem}.npz"
    if stored.is_file():
        verify(stored)
        return stored
    if path.stem in quickdraw.CATEGORIES:
        try:
            return quickdraw.download(path.stem, data_dir)
        except InputError as error:
            raise InputError(f"{error}; {DOODLE_PREFIX}cat is a data set that needs no network") from error
    if path.is_dir():
        raise _unconverted(path)
    close = ", ".join(nearest(path.stem, quickdraw.CATEGORIES)) or "none"
    raise InputError(
        f"no data set {name!r}: no such file here, and {_list_files(stored)}; "
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
    if subject not in doodles.SUBJECTS or len(rest) > 1 or not re.fullmatch(r"0*[1-9]\d{0,8}", count):
        known = ", ".join(doodles.SUBJECTS)
        raise InputError(
            f"expected {DOODLE_PREFIX}SUBJECT or {DOODLE_PREFIX}SUBJECT:COUNT with a subject of {known} and a positive "
            f"count, received {name!r}"
        )
    return Doodles(subject, int(count))


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
    if not missing.parent.is_dir():
        return f"there is no folder {missing.parent}"
    present = sorted(path.name for path in missing.parent.glob("*.npz"))
    if not present:
        return f"folder {missing.parent} holds no .npz files"
    listed = ", ".join(present[:MAX_LISTED])
    if len(present) > MAX_LISTED:
        listed += f" and {len(present) - MAX_LISTED} more"
    close = nearest(missing.name, present)
    return f"folder {missing.parent} holds {listed}" + (f"; did you mean {close[0]}?" if close else "")
