"""From files of drawings to one data file. Enter: paths. Leave: an `.npz` file and a `Report`.

Drawings are read and prepared some hundred at a time; what is kept of them is stroke-3.
"""

import math
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np

from ..data.datasets import scale_factor_of
from ..data.npz import check_writable, write_splits
from ..errors import InputError, one_of, shown, whole_number
from ..strokes import USUAL_MAX_SEQ_LEN
from .inputs import find_files, read_all
from .items import ONE_POINT, Drawing, Reading, Rejected
from .prepare import prepare
from .report import MAX_NAMED, Report
from .splitting import DEFAULT, Reservoir, check_splits

_BATCH = 20_000  # points that are prepared together


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
    layout: str = "quickdraw",
    overwrite: bool = False,
    progress: Callable[[float], None] | None = None,
) -> Report:
    """Converts drawings of any format of `docs/formats.md` into one data file.

    Each drawing is aligned to the top left, scaled to 0..255 and simplified, as Quick, Draw! did with its own. Those
    that it has simplified already stay as they are. The same sources, options and seed give the same bytes.

    Args:
        sources: files and folders.
        output: the `.npz` file to write.
        epsilon: tolerance of the simplification on the canvas of 255; None for 2, and for none of what Quick, Draw!
            has simplified already.
        max_points: longer drawings are left out.
        per_category: drawings of each category at most, chosen at random.
        splits: for train, valid and test, three counts or three fractions that add up to 1. None: 0.9, 0.05 and 0.05;
            but if all sources are `.npz` files and `per_category` is None, each drawing stays in its split.
        seed: of the random choice of drawings and splits.
        recognized_only: leave out drawings that the game Quick, Draw! did not recognise.
        strict: make a drawing that cannot be read an error. It is left out and reported otherwise.
        as_is: neither align, scale nor simplify.
        polylines: "points" or "columns": how polyline JSON is meant where it could be both.
        layout: "quickdraw" or "arrays", see `npz.write_splits`.
        overwrite: whether `output` may be replaced.
        progress: called now and then with the share of the sources that has been read, 0 to 1.

    Returns:
        What was kept, what was left out and why.

    Raises:
        InputError: a file or an option cannot be used, or no drawing is left. Nothing is written then.
    """
    output = Path(output)
    check_writable(output, layout, overwrite)
    _check_options(epsilon, max_points, per_category, seed, polylines)
    reading, report = Reading(recognized_only, polylines), Report(output, max_points)
    sources = [sources] if isinstance(sources, str | os.PathLike) else sources
    files = find_files(sources, output, reading.notes)
    stay = splits is None and per_category is None and all(path.suffix.lower() == ".npz" for path in files)
    if splits is None and not stay:
        splits = DEFAULT
    if splits is not None:
        check_splits(splits)

    total = sum(path.stat().st_size for path in files) or 1
    reservoir = Reservoir(per_category, seed)
    for batch in _batches(read_all(files, reading), report, strict):
        for drawing, stroke3 in zip(batch, prepare(batch, epsilon, as_is), strict=True):
            if stroke3 is None:
                report.dropped[ONE_POINT] += 1
            elif len(stroke3) > max_points:
                report.dropped[f"of more than {max_points} points"] += 1
                report.longest_dropped = max(report.longest_dropped, len(stroke3))
            else:
                reservoir.add(stroke3, drawing.category, drawing.split if stay else None)
        if progress:
            progress(min(1, reading.bytes_read / total))
    report.notes = reading.notes
    _write(reservoir, splits, layout, overwrite, report)
    return report


def _batches(items: Iterable[Drawing | Rejected], report: Report, strict: bool) -> Iterator[list[Drawing]]:
    """Gathers drawings; counts what is none."""
    batch, points = [], 0
    for item in items:
        if isinstance(item, Rejected):
            if strict and item.detail:
                raise InputError(item.detail)
            report.dropped[item.reason] += 1
            if item.detail and len(report.details) <= MAX_NAMED:
                report.details.append(item.detail)
            continue
        batch.append(item)
        points += len(item.points)
        if points > _BATCH:
            yield batch
            batch, points = [], 0
    if batch:
        yield batch


def _write(reservoir: Reservoir, splits: Sequence[float] | None, layout: str, overwrite: bool, report: Report) -> None:
    if not reservoir.seen:
        reasons = ", ".join(f"{count} {reason}" for reason, count in report.dropped.items()) or "there was none"
        detail = f". {report.details[0]}" if report.details else ""
        raise InputError(f"no drawing is left to write: {reasons}{detail}")
    drawings, report.categories = reservoir.into_splits(splits)
    if not drawings["train"]:
        raise InputError("no drawing is left to train with; choose other splits, such as splits=(0.9, 0.05, 0.05)")
    report.splits = {split: len(part) for split, part in drawings.items()}
    report.not_chosen = reservoir.seen - report.kept
    report.lengths = np.sort([len(drawing) for part in drawings.values() for drawing in part])
    report.scale_factor = scale_factor_of(np.concatenate(drawings["train"]))
    write_splits(report.output, drawings, layout, overwrite)


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
