"""How long a training has taken. Enters: a run's `clock.json`, if it goes on. Leaves: that file with the time added.

The time is apart from `history.csv` and the checkpoints, which the same training writes to the same bytes.
"""

import json
import time
from pathlib import Path

from ..errors import InputError, shown
from ..files.reading import read_json
from ..files.writing import write_atomically

CLOCK = "clock.json"  # in a run directory


class Clock:
    """Counts from when it is made, on top of what `path` holds; `save` writes the sum."""

    def __init__(self, path: Path):
        self._path, self._before, self._since = path, read(path) or 0.0, time.monotonic()

    def save(self) -> None:
        seconds = self._before + time.monotonic() - self._since
        if self._path.parent.is_dir():  # a run directory that has gone is not made again
            write_atomically(self._path, (json.dumps({"seconds": round(seconds, 1)}) + "\n").encode())


def read(path: Path) -> float | None:
    """The seconds that a run has been trained for, in all its sessions; None where that is not known."""
    if not path.is_file():
        return None
    document = read_json(path, "how long a run was trained")
    seconds = document.get("seconds") if isinstance(document, dict) else None
    if not isinstance(seconds, int | float) or not 0 <= seconds < 1e10:
        raise InputError(f"{path}: expected seconds of at least 0, received {shown(document)}; delete the file")
    return float(seconds)
