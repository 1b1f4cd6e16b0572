"""Drawings on their way to a data set, on disk, so that neither memory nor an interruption limits how many they are.

Enters: `Chunk`s of stroke-3 drawings, in order. Leaves: all rows in one file and a record of each drawing. Beside the
output lies `.NAME.part/` while it is made:

    work/plan.json         what is made, of what: another plan begins anew
    work/journal.jsonl     a line for each chunk that is on disk, written after it; it vouches for itself and for what
                           drawings.bin holds of the chunk
    work/int16.npy         the rows of all drawings, or float32.npy since the first that needs it
    work/drawings.bin      a `DRAWING` for each
    set/                   the data set, until it gets its name
    before/                the one that had the name before
"""

import contextlib
import hashlib
import json
import os
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import filelock
import numpy as np

from .._version import __version__
from ..errors import Hindered, InputError
from ..files.reading import read_json
from ..files.writing import make_folder, sync, unwritable, write_atomically
from .chunks import DRAWING, Chunk
from .folders import HEADER, header

SUFFIX = ".part"
_BLOCK = 2**22  # numbers that are copied at once
_MAX_PLAN = 2**28  # bytes
_MAX_LINE = 2**26  # bytes of one in the journal: the categories that 16 MiB of drawings can name
_PATIENCE = 0.1  # seconds between two looks at whether another process is done


def plan_of(files: Sequence[Path], settings: Mapping[str, Any]) -> dict[str, Any]:
    """The plan of what is made of files as they are now, by this version of the package and with these settings."""
    states = [(path, path.stat()) for path in files]
    named = [[str(path.absolute()), state.st_size, state.st_mtime_ns] for path, state in states]
    return {"sketch_rnn_keras": __version__, "files": named, **settings}


def is_spool(path: Path) -> bool:
    """Whether a folder is what a `Spool` makes beside an output, or has left there."""
    return path.name.startswith(".") and path.name.endswith(SUFFIX) and os.path.isdir(path / "work")


class Spool:
    """The folder `.NAME.part` beside an output: opened where another attempt at the same left it, or begun.

    Args:
        output: what is made in the end.
        plan: what decides it, as JSON.
        on_wait: called where another process is making it, whose end is waited for then; that is refused by default.

    Attributes:
        done: chunks that are on disk already; the next to add has this number.
        notes: those of these chunks.
        categories: the names that `DRAWING`s refer to.
    """

    def __init__(self, output: Path, plan: Mapping[str, Any], on_wait: Callable[[], None] | None = None):
        self.output = Path(os.path.abspath(output))
        self.folder = self.output.with_name(f".{self.output.name}{SUFFIX}")
        self.work, self.set, self.before = (self.folder / name for name in ("work", "set", "before"))
        self._journal, self._index = self.work / "journal.jsonl", self.work / "drawings.bin"
        self.notes: list[dict[str, Any]] = []
        self.categories: dict[str, int] = {}
        self.dtype: np.dtype = np.dtype("<i2")
        self._points, self._count = 0, 0
        self._lock = filelock.FileLock(self.work / "lock")
        self._made = [parent for parent in self.folder.parents if not os.path.exists(parent)]
        try:
            self._take(on_wait)
            self._restore()
            self._open(json.loads(json.dumps(plan)))
        except filelock.Timeout:
            raise InputError(f"{output}: another process is making it; wait for it, or choose another output") from None
        except OSError as error:
            self._lock.release()
            raise unwritable(self.folder, error) from None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """What was refused leaves nothing behind; what was interrupted stays for the next attempt."""
        is_refused = isinstance(error, InputError) and not isinstance(error, Hindered)
        with contextlib.suppress(OSError):
            self._restore()
        if is_over := error is None or is_refused:
            with contextlib.suppress(OSError):
                self._clear()
            shutil.rmtree(self.folder, ignore_errors=True)
        self._lock.release()
        if is_over and os.name == "nt":
            shutil.rmtree(self.folder, ignore_errors=True)  # where a file that is open cannot be removed
        if is_refused:
            for parent in self._made:
                if parent.is_dir() and not any(parent.iterdir()):
                    parent.rmdir()

    @property
    def done(self) -> int:
        return len(self.notes)

    @property
    def strokes(self) -> Path:
        """The file of all rows."""
        return self._file(self.dtype)

    def rows(self) -> np.ndarray:
        """All rows `[P, 3]`, on disk."""
        if not self._points:
            return np.zeros((0, 3), self.dtype)
        return np.memmap(self.strokes, self.dtype, "r", HEADER, (self._points, 3))

    def drawings(self) -> np.ndarray:
        """A `DRAWING` for each drawing, on disk."""
        return np.memmap(self._index, DRAWING, "r", 0, (self._count,)) if self._count else np.zeros(0, DRAWING)

    def add(self, chunk: Chunk) -> None:
        """Has a chunk on disk before it returns.

        Raises:
            InputError: the disk is full, or the folder is gone.
        """
        try:
            if chunk.rows.dtype.kind == "f" and self.dtype.kind != "f":
                self._widen()
            new = [name for name in chunk.categories if name not in self.categories]
            self.categories |= {name: len(self.categories) + place for place, name in enumerate(new)}
            drawings = chunk.drawings.copy()
            if len(drawings):
                drawings["category"] = np.array([self.categories[name] for name in chunk.categories])[
                    drawings["category"]
                ]
            _append(self.strokes, chunk.rows.astype(self.dtype, copy=False).tobytes())
            _append(self._index, drawings.tobytes())
            self._points += len(chunk.rows)
            self._count += len(drawings)
            self.notes.append(chunk.notes)
            line = {"points": self._points, "drawings": self._count, "dtype": self.dtype.name}
            line |= {"categories": new, "notes": chunk.notes}
            line["sha256"] = _digest(line, drawings.tobytes())
            _append(self._journal, (json.dumps(line) + "\n").encode())
        except OSError as error:
            raise unwritable(self.folder, error) from error

    def _take(self, on_wait: Callable[[], None] | None) -> None:
        """Locks the folder."""
        has_waited = False
        while True:
            try:
                make_folder(self.work)
                self._lock.acquire(timeout=0)
                return
            except filelock.Timeout:
                if on_wait is None:
                    raise
                if not has_waited:
                    on_wait()
                has_waited = True
            except FileNotFoundError:  # the other process is removing the folder
                if not has_waited:
                    raise
            time.sleep(_PATIENCE)

    def _restore(self) -> None:
        """Gives the data set that was to be replaced its name again, where the new one did not come to have it."""
        if os.path.lexists(self.before) and not os.path.lexists(self.output):
            os.rename(self.before, self.output)
            sync(self.output.parent)

    def _clear(self) -> None:
        """Removes all but the lock, which is the last to go: another process may wait to begin here."""
        for path in (self.set, self.before, *self.work.iterdir()):
            if path.name != "lock":
                _remove(path)

    def put_in_place(self) -> None:
        """Gives the data set in `set` its name.

        Raises:
            OSError: it cannot have it; what had the name before keeps it.
        """
        if os.path.lexists(self.output):
            _remove(self.before)
            os.rename(self.output, self.before)
        try:
            os.rename(self.set, self.output)
        except OSError:
            self._restore()
            raise
        sync(self.output.parent)

    def _open(self, plan: Any) -> None:
        """Goes on where the journal ends, or begins anew where the plan is another, or something here is no file."""
        file = self.work / "plan.json"
        try:
            is_same = file.is_file() and read_json(file, "a plan", _MAX_PLAN, _MAX_PLAN) == plan
        except InputError:
            is_same = False
        if not is_same or not all(path.is_file() for path in self.work.iterdir()):
            self._clear()
            write_atomically(file, json.dumps(plan).encode())
        _remove(self.set)
        good, ends = _entries(self._journal, self._index)
        while good and not self._holds(good[-1]):
            good.pop()
        for line in good:
            self.notes.append(line["notes"])
            self.categories |= {name: len(self.categories) + place for place, name in enumerate(line["categories"])}
        if good:
            self._points, self._count = good[-1]["points"], good[-1]["drawings"]
            self.dtype = np.dtype(good[-1]["dtype"]).newbyteorder("<")
        self._cut(self._journal, ends[len(good)])
        self._cut(self.strokes, HEADER + self._points * 3 * self.dtype.itemsize)
        self._cut(self._index, self._count * DRAWING.itemsize)

    def _holds(self, line: dict[str, Any]) -> bool:
        """Whether the files are as long as a line of the journal says."""
        dtype = np.dtype(line["dtype"])
        sizes = {self._file(dtype): HEADER + line["points"] * 3 * dtype.itemsize}
        sizes[self._index] = line["drawings"] * DRAWING.itemsize
        return all(path.is_file() and path.stat().st_size >= size for path, size in sizes.items())

    def _cut(self, path: Path, size: int) -> None:
        with path.open("ab") as file:
            file.truncate(size)

    def _file(self, dtype: np.dtype) -> Path:
        return self.work / f"{dtype.name}.npy"

    def _widen(self) -> None:
        """Makes the rows float32, which the drawing that comes needs."""
        narrow, self.dtype = self.rows(), np.dtype("<f4")
        with self.strokes.open("wb") as file:
            file.write(bytes(HEADER))
            for first in range(0, len(narrow), _BLOCK // 3):
                file.write(narrow[first : first + _BLOCK // 3].astype(self.dtype).tobytes())
        sync(self.strokes)

    def finish_strokes(self) -> None:
        """Gives the file of all rows its header: it is a `.npy` file then."""
        with self.strokes.open("r+b") as file:
            file.write(header(self.dtype, (self._points, 3)))


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _append(path: Path, content: bytes) -> None:
    with path.open("ab") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _entries(journal: Path, index: Path) -> tuple[list[dict[str, Any]], list[int]]:
    """The lines of a journal up to one that was not written to its end, or does not vouch for what is there.

    No more is read. Beside them the places where they end: before the first, 0, and behind each.
    """
    entries: list[dict[str, Any]] = []
    ends = [0]
    if not journal.is_file() or not index.is_file():
        return entries, ends
    with journal.open("rb") as lines, index.open("rb") as file:
        left = index.stat().st_size
        while line := lines.readline(_MAX_LINE):
            try:
                entry = json.loads(line) if line.endswith(b"\n") else {}
                size = (entry["drawings"] - (entries[-1]["drawings"] if entries else 0)) * DRAWING.itemsize
                if not 0 <= size <= left or entry.pop("sha256") != _digest(entry, file.read(size)):
                    break
            except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
                break
            entries.append(entry)
            ends.append(ends[-1] + len(line))
            left -= size
    return entries, ends


def _digest(line: Mapping[str, Any], drawings: bytes) -> str:
    return hashlib.sha256(json.dumps(line).encode() + drawings).hexdigest()
