"""Crashes: an action on files, and what a crash at each of its operations would leave of its folder.

Enters: an action that writes into a folder. Leaves: for every operation the folder as a kill leaves it, and as a power
cut does: with nothing but what was on disk for certain, the names that their folders' last fsync saw, with the content
that their own last fsync saw. Both are worse than what a real machine does, where more may have come through.

The action runs once. What a process that is killed leaves is what the system has of it then, without its locks: a copy
of its folder. Real kills, which take longer, are in `torture/kills.py`.
"""

import contextlib
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

_CHANGES = {"os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.link", "os.symlink", "os.truncate", "os.chmod"}
Heard = Callable[[int, str, Path], None]


class Left(NamedTuple):
    """What a crash has left.

    Attributes:
        operation: at which it came, counting from 1, and how.
        folder: what was written into; it may not have been made yet.
    """

    operation: str
    folder: Path


class FileOperations:
    """Calls `before` with number, name and path of each operation that changes or syncs what is in a folder.

    An audit hook hears of changes before they happen; of syncs, those of the folder above too, a wrapper of `os.fsync`.
    Neither can be taken away again: `watched` sets what is watched. What C++ writes is not heard.
    """

    def __init__(self) -> None:
        self._folder: Path | None = None
        self._fsync = os.fsync
        sys.addaudithook(self._heard)
        os.fsync = self._sync

    @contextlib.contextmanager
    def watched(self, folder: Path, before: Heard) -> Iterator[None]:
        """Call `before` while the block runs."""
        self._folder, self._before, self._count = folder, before, 0
        try:
            yield
        finally:
            self._folder = None

    def _heard(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open":
            path, mode, flags = arguments
            changes = flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT) if isinstance(flags, int) else "r" not in mode
        else:
            path, changes = next(iter(arguments), None), event in _CHANGES
        if changes and isinstance(path, str | os.PathLike):
            self._reach(event, Path(path))

    def _sync(self, handle: int) -> None:
        self._reach("fsync", Path(os.readlink(f"/proc/self/fd/{handle}")))
        self._fsync(handle)

    def _reach(self, event: str, path: Path) -> None:
        folder = self._folder
        if folder and (folder in (path, *path.parents) or (event, path) == ("fsync", folder.parent)):
            self._count += 1
            self._folder = None  # what `before` does itself is none
            try:
                self._before(self._count, event, path)
            finally:
                self._folder = folder


class Disk:
    """What of a folder is on disk for certain. Files and folders are known by number, for names change.

    Args:
        folder: what is written into. What is there already is on disk.
    """

    def __init__(self, folder: Path):
        self._folder, self._contents, self._names = folder, dict[int, bytes](), dict[int, dict[str, int]]()
        for path in (folder.parent, folder, *folder.rglob("*")):
            self.synced(path)

    def synced(self, path: Path) -> None:
        """This file or folder is on disk now."""
        if path.is_dir():
            below = list(path.iterdir())
            self._names[_number(path)] = {one.name: _number(one) for one in below}
            for one in below:
                if one.is_dir():
                    self._names.setdefault(_number(one), {})
        elif path.exists():
            self._contents[_number(path)] = path.read_bytes()

    def write(self, target: Path) -> None:
        """Make the folder anew as a power cut leaves it."""
        above = self._names[_number(self._folder.parent)]
        if self._folder.name in above:
            self._write(above[self._folder.name], target)

    def _write(self, folder: int, target: Path) -> None:
        target.mkdir()
        for name, number in self._names[folder].items():
            if number in self._names:
                self._write(number, target / name)
            else:
                (target / name).write_bytes(self._contents.get(number, b""))


def _number(path: Path) -> int:
    return path.stat().st_ino


def crash_everywhere(
    operations: FileOperations, action: Callable[[Path], Any], folder: Path, place: Path
) -> list[Left]:
    """Runs an action, and keeps what a crash at each of its operations would leave.

    Args:
        operations: what hears of them.
        action: called with the folder.
        folder: what it writes into.
        place: a new folder for what is left.
    """
    disk, left = Disk(folder), list[Left]()

    def before(count: int, event: str, path: Path) -> None:
        killed, without_power = place / f"{count}", place / f"{count}-power"
        if folder.exists():
            shutil.copytree(folder, killed)
        disk.write(without_power)
        left.extend((Left(f"{count}, kill", killed), Left(f"{count}, power cut", without_power)))
        if event == "fsync":
            disk.synced(path)

    place.mkdir()
    with operations.watched(folder, before):
        action(folder)
    return left
