"""Crashes: an action that is ended at each of its operations on files in turn, and what is left of its folder then.

Enters: an action that writes into a folder. Leaves: for every operation the folder as a kill leaves it, and as a power
cut does: with nothing but what was on disk for certain, the names that their folders' last fsync saw, with the content
that their own last fsync saw. Both are worse than what a real machine does, where more may have come through.
"""

import itertools
import os
import sys
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

_CHANGES = {"os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.link", "os.symlink", "os.truncate", "os.chmod"}
_KILLED, _ENDED, _FAILED = 9, 0, 1  # exit statuses


class Left(NamedTuple):
    """What a crash has left.

    Attributes:
        operation: at which it came, counting from 1, and how.
        folder: what was written into.
    """

    operation: str
    folder: Path


class FileOperations:
    """Calls `before` with number, name and path of each operation that changes or syncs what is in a folder.

    An audit hook hears of changes before they happen; of syncs, those of the folder above too, a wrapper of `os.fsync`.
    Neither can be taken away again: `watch` sets what is watched.
    """

    def __init__(self) -> None:
        self._folder: Path | None = None
        self._fsync = os.fsync
        sys.addaudithook(self._heard)
        os.fsync = self._sync

    def watch(self, folder: Path | None, before: Callable[[int, str, Path], None]) -> None:
        self._folder, self._before, self._count = folder, before, 0

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
            self._before(self._count, event, path)
            self._folder = folder


class Disk:
    """What of a folder is on disk for certain."""

    def __init__(self, folder: Path):
        self._folder, self._contents, self._names = folder, dict[int, bytes](), dict[Path, dict[str, int | None]]()

    def synced(self, path: Path) -> None:
        """This file or folder is on disk now."""
        if path.is_dir():
            self._names[path] = {p.name: None if p.is_dir() else p.stat().st_ino for p in path.iterdir()}
        elif path.exists():
            self._contents[path.stat().st_ino] = path.read_bytes()

    def write(self, target: Path) -> None:
        """Make the folder anew as a power cut leaves it."""
        if self._folder.name in self._names.get(self._folder.parent, ()):
            self._write(self._folder, target)

    def _write(self, folder: Path, target: Path) -> None:
        target.mkdir()
        for name, number in self._names.get(folder, {}).items():
            if number is None:
                self._write(folder / name, target / name)
            else:
                (target / name).write_bytes(self._contents.get(number, b""))


def crash_everywhere(action: Callable[[Path], Any], place: Path) -> Iterator[Left]:
    """Runs an action in forks of this process, each of which ends at a later operation, until one comes to its end.

    Args:
        action: called with a folder, which it makes. This process must not have called it: no thread may run.
        place: where the folders go.
    """
    for operation in itertools.count(1):
        folder, without_power = place / f"{operation}", place / f"{operation}-power"
        status = in_fork(lambda: _crash(action, folder, operation, without_power))  # noqa: B023 (called at once)
        if status == _ENDED:
            return
        assert status == _KILLED, f"the action failed by itself at operation {operation}"
        yield Left(f"{operation}, kill", folder)
        yield Left(f"{operation}, power cut", without_power)


def in_fork(action: Callable[[], Any]) -> int:
    """The exit status of a fork of this process that does something."""
    sys.stdout.flush()
    if process := os.fork():
        return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
    try:
        action()
        os._exit(_ENDED)
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(_FAILED)


def _crash(action: Callable[[Path], Any], folder: Path, operation: int, without_power: Path) -> None:
    disk = Disk(folder)

    def before(count: int, event: str, path: Path) -> None:
        if count == operation:
            disk.write(without_power)
            os._exit(_KILLED)
        if event == "fsync":
            disk.synced(path)

    folder.parent.mkdir(parents=True, exist_ok=True)
    FileOperations().watch(folder, before)
    action(folder)
