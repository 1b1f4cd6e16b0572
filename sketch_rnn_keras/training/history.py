"""`history.csv`: one row per logged training step and per validation, and one where training went back.

Enters: a step, a split and its losses. Leaves: a CSV file that holds nothing but results (no clock), so that the same
training writes the same bytes.
"""

import csv
import io
import itertools
import math
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import InputError, reason, whole_number
from ..files.writing import unwritable, write_atomically
from .checkpoint import MOST_STEPS

TERMS = ("cost", "recon", "offset", "pen", "recon_masked", "pen_masked", "kl", "kl_raw")
COLUMNS = ("step", "split", *TERMS, "kl_weight", "learning_rate")
ROLLBACK = "rollback"  # the split of a row that says: training went back to this step; it has no losses
MAX_LINE = 10_000  # characters; a row has some 200


class History:
    """Appends rows to `path`.

    Args:
        path: the CSV file.
        step: rows after this step are removed first: they were written after the checkpoint that training resumes from.
        rollbacks: and so are those of rollbacks after as many.
    """

    def __init__(self, path: Path, step: int = 0, rollbacks: int = 0):
        self.path = path
        rows = [row for row in read(path) if int(row["step"]) <= step] if path.exists() else []
        excess = [row for row in rows if row["split"] == ROLLBACK][rollbacks:]
        kept = [row for row in rows if row not in excess]
        write_atomically(path, _csv_text([COLUMNS, *([row[c] for c in COLUMNS] for row in kept)]).encode())

    def append(self, step: int, split: str, values: dict[str, float]) -> None:
        """Add the row of `step` and `split` ("train", "valid" or "rollback"); `values` holds every other column.

        Raises:
            InputError: the file cannot be written, or is gone.
        """
        row = [step, split, *(repr(float(values[c])) for c in COLUMNS[2:])]
        try:
            with self.path.open("r+b") as file:  # which, unlike "a", makes no file
                file.seek(0, os.SEEK_END)
                file.write(_csv_text([row]).encode())
        except OSError as error:
            raise unwritable(self.path, error) from None


def read(path: Path) -> list[dict[str, str]]:
    """The rows of a history, as text by column; a last row that was cut off by a crash is left out.

    Raises:
        InputError: the file is no history.
    """
    try:
        if not path.is_file():  # a pipe or a device would be waited for, or have no end
            raise ValueError("it is no file")
        with path.open(newline="", encoding="utf-8") as file:
            # Up to it, and no further: while a training goes on, the rest of that row may come next.
            lines = itertools.takewhile(_is_whole, iter(lambda: file.readline(MAX_LINE + 1), ""))
            rows = list(csv.DictReader(lines, strict=True))
        for row in rows:
            _check(row)
    except (KeyError, TypeError, ValueError, OSError, csv.Error) as error:
        raise InputError(
            f"{path}: expected the history of a training run: {reason(error)}; mend it, or move it away"
        ) from None
    return rows


def _is_whole(line: str) -> bool:
    """Whether a line was written to its end; raises where it is far longer than a row."""
    if len(line) > MAX_LINE:
        raise ValueError(f"a line of more than {MAX_LINE} characters")
    return line.endswith("\n")


def _check(row: dict[str, str]) -> None:
    """Raise unless a row has a step and numbers, and, but for a rollback, a cost."""
    whole_number("step", int(row["step"]), 0 if row["split"] == ROLLBACK else 1, MOST_STEPS)
    numbers = {name: float(row[name]) for name in COLUMNS[2:]}
    if row["split"] != ROLLBACK and not math.isfinite(numbers["cost"]):
        raise ValueError(f"the cost of step {row['step']} is not finite")


def read_columns(path: Path, names: Sequence[str]) -> dict[str, dict[str, np.ndarray]]:
    """By split ("train", "valid"), these columns of a history as numbers.

    Raises:
        InputError: the file is no history, or not a step has been logged yet.
    """
    rows = read(path)
    splits = {
        split: {name: np.array([float(row[name]) for row in rows if row["split"] == split]) for name in names}
        for split in ("train", "valid")
    }
    if not any(len(column) for columns in splits.values() for column in columns.values()):
        raise InputError(f"{path}: the run has not logged a step yet; look at it later")
    return splits


def _csv_text(rows: Iterable[Iterable[Any]]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerows(rows)
    return buffer.getvalue()
