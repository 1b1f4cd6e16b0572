"""Makes the folder that `folders` describes. Enters: a `Spool`, and which of its drawings go where. Leaves: the folder.

It is made within the spool's and gets its name in one step, so nobody opens half of one.
"""

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from ..errors import InputError, few
from ..files.writing import make_folder, sync, unwritable
from .folders import (
    INDEX,
    MANIFEST,
    MAX_CATEGORIES,
    MAX_NAME,
    STROKES,
    Manifest,
    SplitNote,
    header,
    index_name,
    is_folder,
    note_of,
    open_folder,
    read_manifest,
    write_manifest,
)
from .npz import SPLITS
from .scaling import deviation_of
from .splits import Split
from .spool import Spool

_BLOCK = 2**20  # rows, or drawings, that are handled at once


def check_folder_writable(path: Path, overwrite: bool) -> None:
    """Raises the `InputError` that `write_folder` would raise for this name, before the work is done.

    A data set alone may be replaced, and only where nothing else lies in its folder: all of that would go with it.
    """
    if not os.path.lexists(path):
        return
    try:
        names = sorted(os.listdir(path)) if os.path.isdir(path) else None
    except OSError as error:
        raise unwritable(path, error) from None
    here = Path.cwd()
    if names is not None and Path(os.path.realpath(path)) in (here, *here.parents):
        raise InputError(f"{path}: expected the name of a new folder, received the one where you are; name one in it")
    if names == []:
        return
    if names is None or not is_folder(path):
        raise InputError(f"{path}: expected the name of a new folder, there is something else; choose another output")
    try:
        own = [MANIFEST, *read_manifest(path).files]
    except InputError as error:
        raise InputError(f"{path}: expected a data set or a new folder; choose another output. {error}") from None
    if others := [name for name in names if name not in own or not os.path.isfile(path / name)]:
        raise InputError(f"{path}: holds more than a data set: {few(others)}; choose another output")
    if not overwrite:
        raise InputError(f"{path} exists already; choose another output, or replace it with overwrite=True")


def write_folder(path: Path, spool: Spool, chosen: Mapping[str, np.ndarray], overwrite: bool = False) -> Manifest:
    """Makes a data set of drawings of a spool. The same drawings give the same bytes.

    Args:
        path: the folder to make.
        spool: all drawings.
        chosen: for train, valid and test, the numbers of their drawings, in order.
        overwrite: whether a data set of this name may be replaced.

    Returns:
        Its manifest.

    Raises:
        InputError: `check_folder_writable`; too many categories; the folder cannot be written.
    """
    check_folder_writable(path, overwrite)
    if len(spool.categories) > MAX_CATEGORIES:
        raise InputError(
            f"{path}: expected at most {MAX_CATEGORIES} categories, received {len(spool.categories)}; name files or "
            "words otherwise"
        )
    try:
        make_folder(spool.set)
        starts, points = _write_strokes(spool, chosen)
        notes = {split: _write_index(spool, split, chosen[split], starts) for split in SPLITS}
        names = [STROKES, *(index_name(split, what) for split in SPLITS for what in INDEX)]
        manifest = Manifest(
            format="sketch-rnn data set",
            version=1,
            dtype="int16" if spool.dtype.kind == "i" else "float32",
            points=points,
            scale_factor=_scale_factor(spool, chosen["train"], notes["train"]),
            categories=_as_names(spool.categories),
            splits=notes,
            files={name: note_of(spool.set / name) for name in names},
        )
        write_manifest(spool.set, manifest)
        open_folder(spool.set)
        spool.put_in_place()
    except OSError as error:
        raise unwritable(path, error) from error
    return manifest


def _write_strokes(spool: Spool, chosen: Mapping[str, np.ndarray]) -> tuple[np.ndarray, int]:
    """Writes the rows of the chosen drawings; returns where each drawing of the spool begins, and the rows."""
    lengths = np.array(spool.drawings()["length"], np.int64)
    keeps = np.zeros(len(lengths), bool)
    for numbers in chosen.values():
        keeps[numbers] = True
    starts = np.cumsum(lengths * keeps)
    points = int(starts[-1])
    starts -= lengths * keeps
    target = spool.set / STROKES
    if keeps.all():
        spool.finish_strokes()
        _link(spool.strokes, target)
        return starts, points
    rows = spool.rows()
    with target.open("wb") as file:
        file.write(header(spool.dtype, (points, 3)))
        first, ends = 0, np.cumsum(lengths)
        for last in _cuts(ends):
            if last > first:
                begin = int(ends[first - 1]) if first else 0
                file.write(rows[begin : ends[last - 1]][np.repeat(keeps[first:last], lengths[first:last])].tobytes())
            first = last
    sync(target)
    return starts, points


def _cuts(ends: np.ndarray) -> np.ndarray:
    """Numbers of drawings at which to cut, so that each piece has about a million rows."""
    cuts = np.searchsorted(ends, np.arange(_BLOCK, int(ends[-1]), _BLOCK))
    return np.append(np.unique(cuts), len(ends))


def _link(source: Path, target: Path) -> None:
    """One more name for a file, or a copy where the file system has but one for each."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)
    sync(target)


def _write_index(spool: Spool, split: str, numbers: np.ndarray, starts: np.ndarray) -> SplitNote:
    """Writes where the drawings of a split are, and what they show; returns what is noted of them."""
    drawings = spool.drawings()
    content = {
        "starts": lambda some: starts[some],
        "lengths": lambda some: drawings["length"][some],
        "categories": lambda some: drawings["category"][some],
    }
    for what, dtype in INDEX.items():
        target = spool.set / index_name(split, what)
        with target.open("wb") as file:
            file.write(header(dtype, (len(numbers),)))
            for first in range(0, len(numbers), _BLOCK):
                file.write(content[what](numbers[first : first + _BLOCK]).astype(dtype).tobytes())
        sync(target)
    sums: dict[int, list[int]] = {}
    for first in range(0, len(numbers), _BLOCK):
        some = drawings[numbers[first : first + _BLOCK]]
        order = np.argsort(some["length"], kind="stable")
        points, firsts, counts = np.unique(some["length"][order], return_index=True, return_counts=True)
        totals = np.add.reduceat(some["total"][order], firsts)
        squares = np.add.reduceat(some["squares"][order], firsts)
        if spool.dtype.kind == "f":
            totals, squares = totals * 0, squares * 0
        for length, *found in np.column_stack([points, counts, totals, squares]).tolist():
            sums[length] = [before + more for before, more in zip(sums.get(length, [0, 0, 0]), found, strict=True)]
    return SplitNote(drawings=len(numbers), lengths=[[length, *sums[length]] for length in sorted(sums)])


def _scale_factor(spool: Spool, numbers: np.ndarray, note: SplitNote) -> float:
    if spool.dtype.kind == "i":
        factor = note.moments().deviation()
    else:
        lengths = np.array(spool.drawings()["length"], np.int64)
        starts = np.cumsum(lengths) - lengths
        factor = deviation_of(Split(spool.rows(), starts[numbers], lengths[numbers]).offset_blocks)
    if not factor:
        raise InputError("split train: all offsets are equal, so there is nothing to scale by; add other drawings")
    return factor


def _as_names(categories: Mapping[str, int]) -> list[str]:
    """The categories as a manifest has them: printable, not long."""
    return [
        "".join(letter if letter.isprintable() else "?" for letter in name)[:MAX_NAME] or "?" for name in categories
    ]
