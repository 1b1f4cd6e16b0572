"""From files of drawings to one data set. Enter: paths. Leave: an `.npz` file or a folder, and a `Report`.

Files are read and prepared by all cores, some megabytes at a time, and spooled to disk: neither memory nor an
interruption limits how many drawings there are. Which are kept and where they go is decided when all have been read.
"""

import itertools
import math
import os
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..data.chunks import narrowed
from ..data.folder_writing import check_folder_writable, write_folder
from ..data.npz import LAYOUTS, MAX_BYTES, MAX_DRAWINGS, SPLITS, check_writable, write_splits
from ..data.scaling import clamp, deviation_of
from ..data.spool import Spool, plan_of
from ..data.workers import count_processes, map_in_order
from ..errors import InputError, one_of, shown, whole_number
from ..strokes import USUAL_MAX_SEQ_LEN
from .inputs import PIECE, WITH_SPLITS, bytes_of, cut_in_pieces, find_files, kind
from .reading import Settings, Task, read
from .report import MAX_NAMED, Report
from .splitting import DEFAULT, check_splits, choose

FOLDER = "folder"  # the layout of data sets of any size, beside those of `.npz` files


def convert(
    sources: Sequence[str | os.PathLike] | str | os.PathLike,
    output: str | os.PathLike,
    *,
    epsilon: float | None = None,
    max_points: int = USUAL_MAX_SEQ_LEN,
    per_category: int | None = None,
    splits: Sequence[float] | None = None,
    seed: int = 0,
    recognized_only: bool = False,
    strict: bool = False,
    as_is: bool = False,
    polylines: str | None = None,
    layout: str | None = None,
    overwrite: bool = False,
    processes: int | None = None,
    progress: Callable[[float], None] | None = None,
) -> Report:
    """Converts drawings of any format of `docs/formats.md` into one data set.

    Each drawing is aligned to the top left, scaled to 0..255 and simplified, as Quick, Draw! did with its own. Those
    that it has simplified already stay as they are. The same sources, options and seed give the same bytes. What is
    interrupted lies beside `output`, hidden, as `.NAME.part`; the same call goes on with it.

    Args:
        sources: files and folders; also data sets in folders, as this function makes them.
        output: the `.npz` file to write, or the folder, which has a name without suffix: for more drawings than memory.
        epsilon: tolerance of the simplification on the canvas of 255; None for 2, and for none of what Quick, Draw!
            has simplified already.
        max_points: longer drawings are left out.
        per_category: drawings of each category at most, chosen at random.
        splits: for train, valid and test, three counts or three fractions that add up to 1. None: 0.9, 0.05 and 0.05;
            but if all sources are data sets, `.npz` files or folders, and `per_category` is None, each drawing stays in
            its split.
        seed: of the random choice of drawings and splits.
        recognized_only: leave out drawings that the game Quick, Draw! did not recognise.
        strict: make a drawing that cannot be read an error. It is left out and reported otherwise.
        as_is: neither align, scale nor simplify.
        polylines: "points" or "columns": how polyline JSON is meant where it could be both.
        layout: "quickdraw" or "arrays", see `npz.write_splits`; "folder", see `data.folders`. None: what the name of
            `output` says, and "quickdraw" for a file.
        overwrite: whether `output` may be replaced.
        processes: how many read; one for each core by default, where there is much to read.
        progress: called now and then with the share of the sources that has been read, 0 to 1.

    Returns:
        What was kept, what was left out and why.

    Raises:
        InputError: a file or an option cannot be used, or no drawing is left. Nothing is written then.
    """
    output = Path(output)
    layout = _check_output(output, layout, overwrite)
    _check_options(epsilon, max_points, per_category, seed, polylines)
    settings, report = (
        Settings(epsilon, max_points, recognized_only, strict, as_is, polylines),
        Report(output, max_points),
    )
    sources = [sources] if isinstance(sources, str | os.PathLike) else sources
    files = find_files(sources, output, report.notes)
    stay = splits is None and per_category is None and all(kind(path) in WITH_SPLITS for path in files)
    if splits is None and not stay:
        splits = DEFAULT
    if splits is not None:
        check_splits(splits)
    plan = plan_of(files, {"settings": settings._asdict(), "piece": PIECE})  # what decides which drawings are read
    with Spool(output, plan) as spool:
        _read(spool, files, settings, processes, progress)
        for note in spool.notes:
            _count(report, note)
        drawings = spool.drawings()
        if not len(drawings):
            reasons = ", ".join(f"{count} {reason}" for reason, count in report.dropped.items()) or "there was none"
            detail = f". {report.details[0]}" if report.details else ""
            raise InputError(f"no drawing is left to write: {reasons}{detail}")
        own = np.asarray(drawings["split"]) if stay else np.zeros(len(drawings), np.int8)
        chosen = choose(np.asarray(drawings["category"]), own, per_category, splits, seed)
        _write(spool, chosen, layout, overwrite, report)
    return report


def _check_output(output: Path, layout: str | None, overwrite: bool) -> str:
    """The layout that the output will have."""
    if layout is None:
        layout = "quickdraw" if output.suffix else FOLDER
    if one_of("layout", layout, (*LAYOUTS, FOLDER)) == FOLDER:
        check_folder_writable(output, overwrite)
    else:
        check_writable(output, layout, overwrite)
    return layout


def _read(
    spool: Spool,
    files: Sequence[Path],
    settings: Settings,
    processes: int | None,
    progress: Callable[[float], None] | None,
) -> None:
    """Spools all drawings, but for those that an earlier attempt has spooled."""
    total = sum(map(bytes_of, files)) or 1
    count = count_processes(processes)
    if processes is None and total < 2 * PIECE:
        count = 1  # to start processes would take longer
    done = sum(note["bytes"] for note in spool.notes)
    tasks = (Task(pieces, settings) for pieces in itertools.islice(cut_in_pieces(files), spool.done, None))
    for chunk in map_in_order(read, tasks, count):
        spool.add(chunk)
        done += chunk.notes["bytes"]
        if progress:
            progress(min(1, done / total))


def _count(report: Report, note: Mapping[str, Any]) -> None:
    report.dropped.update(note["dropped"])
    report.notes.update(note["notes"])
    report.details += note["details"][: MAX_NAMED + 1 - len(report.details)]
    report.longest_dropped = max(report.longest_dropped, note["longest_dropped"])


def _write(spool: Spool, chosen: Mapping[str, np.ndarray], layout: str, overwrite: bool, report: Report) -> None:
    if not len(chosen["train"]):
        raise InputError("no drawing is left to train with; choose other splits, such as splits=(0.9, 0.05, 0.05)")
    drawings, names = spool.drawings(), list(spool.categories)
    report.splits = {split: len(numbers) for split, numbers in chosen.items()}
    report.not_chosen = len(drawings) - report.kept
    everything = np.concatenate(list(chosen.values()))
    report.lengths = np.sort(drawings["length"][everything])
    counts = np.bincount(drawings["category"][everything])
    report.categories = Counter({names[k]: int(counts[k]) for k in np.flatnonzero(counts)})
    del everything
    if layout == FOLDER:
        report.scale_factor = write_folder(report.output, spool, chosen, overwrite).scale_factor
        return
    for split, numbers in chosen.items():
        _check_size(spool, split, numbers)
    train = _as_arrays(spool, chosen["train"])
    offsets = clamp(np.concatenate(train)).astype(np.float64)
    report.scale_factor = deviation_of(lambda: [offsets])
    others = {split: _as_arrays(spool, chosen[split]) for split in SPLITS[1:]}
    write_splits(report.output, {"train": train, **others}, layout, overwrite)


def _check_size(spool: Spool, split: str, numbers: np.ndarray) -> None:
    """Refuses what a split of a file cannot hold, before any of it is in memory."""
    size = int(spool.drawings()["length"][numbers].sum(dtype=np.int64)) * 3 * spool.dtype.itemsize
    for what, count, most in (("drawings", len(numbers), MAX_DRAWINGS), ("bytes", size, MAX_BYTES)):
        if count > most:
            raise InputError(
                f"split {split}: expected at most {most} {what} in a file, received {count}; write a folder, lower "
                "per_category, or give fewer sources at once; a folder is an output without a suffix"
            )


def _as_arrays(spool: Spool, numbers: np.ndarray) -> list[np.ndarray]:
    """Drawings of a spool, each int16 if that can hold it."""
    lengths = np.array(spool.drawings()["length"], np.int64)
    ends, rows = np.cumsum(lengths), spool.rows()
    drawings = [np.array(rows[ends[number] - lengths[number] : ends[number]]) for number in numbers.tolist()]
    return drawings if spool.dtype.kind == "i" else [narrowed(drawing) for drawing in drawings]


def _check_options(
    epsilon: float | None, max_points: int, per_category: int | None, seed: int, polylines: str | None
) -> None:
    if epsilon is not None and not 0 <= epsilon < math.inf:
        raise InputError(f"epsilon: expected a number of at least 0, received {shown(epsilon)}")
    whole_number("seed", seed)
    whole_number("max_points", max_points, least=1)
    if per_category is not None:
        whole_number("per_category", per_category, least=1)
    if polylines is not None:
        one_of("polylines", polylines, ("points", "columns"))
