"""Reads some files and prepares their drawings: what each process of a conversion does.

Enters: a `Task`. Leaves: a `Chunk` of stroke-3 drawings; its notes say what was left out.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from ..data.chunks import NO_SPLIT, Chunk, make_chunk
from ..data.npz import SPLITS
from ..errors import InputError
from .inputs import read_all
from .items import ONE_POINT, Drawing, Piece, Reading, Rejected
from .prepare import prepare
from .report import MAX_NAMED

_BATCH = 20_000  # points that are prepared together


class Settings(NamedTuple):
    """What `convert` was told of how to read and prepare; see there."""

    epsilon: float | None
    max_points: int
    recognized_only: bool
    strict: bool
    as_is: bool
    polylines: str | None


class Task(NamedTuple):
    """What is read in one go."""

    pieces: list[Piece]
    settings: Settings


def read(task: Task) -> Chunk:
    """Reads and prepares.

    Returns:
        The drawings in order, with these notes: "dropped", by reason; "details" of the first unreadable ones;
        "longest_dropped"; "bytes" read; "notes" of things seen.

    Raises:
        InputError: see `inputs.read_all`; or with `strict` a drawing cannot be read.
    """
    settings = task.settings
    reading = Reading(settings.recognized_only, settings.polylines)
    dropped: Counter[str] = Counter()
    details: list[str] = []
    longest = 0
    kept, categories, splits = [], [], []
    for batch in _batches(read_all(task.pieces, reading), dropped, details, settings.strict):
        for drawing, stroke3 in zip(batch, prepare(batch, settings.epsilon, settings.as_is), strict=True):
            if stroke3 is None:
                dropped[ONE_POINT] += 1
            elif len(stroke3) > settings.max_points:
                dropped[f"of more than {settings.max_points} points"] += 1
                longest = max(longest, len(stroke3))
            else:
                kept.append(stroke3.copy())  # it is a view of all that were prepared together
                categories.append(drawing.category)
                splits.append(NO_SPLIT if drawing.split is None else SPLITS.index(drawing.split))
    notes = {"dropped": dropped, "details": details, "longest_dropped": longest}
    notes |= {"bytes": reading.bytes_read, "notes": reading.notes}
    return make_chunk(kept, categories, splits, notes)


def _batches(
    items: Iterable[Drawing | Rejected], dropped: Counter[str], details: list[str], strict: bool
) -> Iterator[list[Drawing]]:
    """Gathers drawings; counts what is none."""
    batch, points = [], 0
    for item in items:
        if isinstance(item, Rejected):
            if strict and item.detail:
                raise InputError(item.detail)
            dropped[item.reason] += 1
            if item.detail and len(details) <= MAX_NAMED:
                details.append(item.detail)
            continue
        batch.append(item)
        points += len(item.points)
        if points > _BATCH:
            yield batch
            batch, points = [], 0
    if batch:
        yield batch
