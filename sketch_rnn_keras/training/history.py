"""`history.csv`: one row per logged training step and per validation.

Enters: a step, a split and its losses. Leaves: a CSV file that holds nothing but results (no clock), so that the same
training writes the same bytes.
"""

import csv
import io
import itertools
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import InputError
from ..files.writing import write_atomically

TERMS = ("cost", "recon", "offset", "pen", "recon_masked", "pen_masked", "kl", "kl_raw")
COLUMNS = ("step", "split", *TERMS, "kl_weight", "learning_rate")


class History:
    """Appends rows to `path`; each row is on disk when `append` returns.

    Args:
        path: the CSV file.
        step: rows after this step are removed first: they were written after the checkpoint that training resumes from.
    """

    def __init__(self, path: Path, step: int = 0):
        self.path = path
        kept = [row for row in read(path) if int(row["step"]) <= step] if path.exists() else []
        write_atomically(path, _csv_text([COLUMNS, *([row[c] for c in COLUMNS] for row in kept)]).encode())

    def append(self, step: int, split: str, values: dict[str, float]) -> None:
        """Add the row of `step` and `split` ("train" or "valid"); `values` holds every other column."""
        row = [step, split, *(repr(float(values[c])) for c in COLUMNS[2:])]
        with self.path.open("a", newline="") as file:
            file.write(_csv_text([row]))


def read(path: Path) -> list[dict[str, str]]:
    """The rows of a history, as text by column; a last row that was cut off by a crash is left out."""
    with path.open(newline="") as file:
        # Up to it, and no further: while a training goes on, the rest of that row may come next.
        return list(csv.DictReader(itertools.takewhile(lambda line: line.endswith("\n"), file)))


def read_columns(path: Path, names: Sequence[str]) -> dict[str, dict[str, np.ndarray]]:
    """By split ("train", "valid"), these columns of a history as numbers.

    Raises:
        InputError: the file is no history, or not a step has been logged yet.
    """
    try:
        rows = read(path)
        splits = {
            split: {name: np.array([float(row[name]) for row in rows if row["split"] == split]) for name in names}
            for split in ("train", "valid")
        }
    except (KeyError, TypeError, ValueError, OSError, csv.Error) as error:
        raise InputError(f"{path}: expected the history of a training run: {error}") from None
    if not any(len(column) for columns in splits.values() for column in columns.values()):
        raise InputError(f"{path}: the run has not logged a step yet; look at it later")
    return splits


def _csv_text(rows: Iterable[Iterable[Any]]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerows(rows)
    return buffer.getvalue()
