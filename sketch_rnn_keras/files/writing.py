"""Writing files in one step: readers see the old content or the new, never a part.

Enters: a path and content. Leaves: the file or folder, on disk under its name. What is half written lies beside it as a
hidden draft, `.cat.draft-x1y2z3a4.npz`, which its writer keeps locked. The system takes the lock from a process that
dies, so whoever next writes into that folder knows the drafts of the dead, and sweeps them.
"""

import contextlib
import errno
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from ..errors import Hindered, InputError, alternatives

try:
    import fcntl
except ImportError:  # Windows: drafts are not locked there, so none is swept
    fcntl = None  # type: ignore[assignment]

PICTURE_SUFFIXES = (".svg", ".png", ".pdf")
_DRAFT = re.compile(r"\..*\.draft-\w{8}(\.\w+)?")
_STEM = 50  # characters of the target's name in that of its draft, which must not become too long for the system


@contextlib.contextmanager
def replacing(target: str | os.PathLike) -> Iterator[Path]:
    """Gives a draft of `target` to write to, and puts it in place when the block succeeds.

    Args:
        target: the file; its folder is made if need be, and drafts of dead processes in it are swept. The draft has its
            suffix and lies beside it.

    Raises:
        OSError: the draft cannot be made or put in place.
        Exception: whatever the block raises; the draft is removed and the target is left as it was.
    """
    target = Path(target)
    make_folder(target.parent)
    sweep_drafts(target.parent)
    with _draft_of(target) as draft:
        yield draft
        sync(draft)
        os.replace(draft, target)
        sync(target.parent)


@contextlib.contextmanager
def new_folder(target: str | os.PathLike) -> Iterator[Path]:
    """Gives a draft of a folder to write into, and puts it in place when the block succeeds.

    Args:
        target: the folder, which must not exist or be empty, and not be the working directory; what `replacing` says of
            others holds here.

    Raises:
        OSError: the draft cannot be made or put in place.
        Exception: whatever the block raises; the draft is removed.
    """
    target = Path(os.path.realpath(target))  # a link to an empty folder stays a link
    if target == Path.cwd():
        raise OSError(errno.EBUSY, "it is the working directory", str(target))
    make_folder(target.parent)
    sweep_drafts(target.parent)
    draft, handle = _locked_folder(target)
    try:
        os.chmod(draft, 0o755)
        yield draft
        for path in (*draft.rglob("*"), draft):
            sync(path)
        if fcntl is None and target.exists():
            target.rmdir()  # Windows puts nothing in the place of a folder
        os.rename(draft, target)
        sync(target.parent)
    finally:
        if handle is not None:
            os.close(handle)
        shutil.rmtree(draft, ignore_errors=True)


@contextlib.contextmanager
def _draft_of(target: Path) -> Iterator[Path]:
    """A new file, locked while the block lasts, and removed afterwards unless it has got another name."""
    handle, name = _locked_draft(target)
    if fcntl is None:
        os.close(handle)  # an open file cannot get another name on Windows
    try:
        os.chmod(name, 0o644)
        yield Path(name)
    finally:
        if fcntl is not None:
            os.close(handle)
        Path(name).unlink(missing_ok=True)


def _locked_draft(target: Path) -> tuple[int, str]:
    while True:
        prefix = f".{target.stem[:_STEM]}.draft-"
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=prefix, suffix=target.suffix)
        _lock(handle, is_patient=True)
        if os.fstat(handle).st_nlink:  # it was not swept in the moment before it was locked
            return handle, name
        os.close(handle)


def _locked_folder(target: Path) -> tuple[Path, int | None]:
    while True:
        draft = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name[:_STEM]}.draft-"))
        if fcntl is None:
            return draft, None  # a folder cannot be opened on Windows
        handle = os.open(draft, os.O_RDONLY)
        _lock(handle, is_patient=True)
        if draft.exists():  # see above
            return draft, handle
        os.close(handle)


def sweep_drafts(folder: Path) -> None:
    """Remove the drafts in a folder whose writers are dead."""
    with contextlib.suppress(OSError):  # a folder that may not be listed, a draft that is somebody else's
        for path in folder.glob(".*.draft-*"):
            if is_draft(path.name) and not path.is_symlink() and (path.is_file() or path.is_dir()):
                _sweep(path)


def _sweep(draft: Path) -> None:
    is_folder = draft.is_dir()
    handle = os.open(draft, os.O_RDONLY if is_folder else os.O_RDWR)
    try:
        if _lock(handle):
            shutil.rmtree(draft) if is_folder else draft.unlink()
    finally:
        os.close(handle)


def is_draft(name: str) -> bool:
    """Whether a draft has such a name."""
    return _DRAFT.fullmatch(name) is not None


def make_folder(folder: Path) -> None:
    """Make a folder and those above it where they are missing, and have their names on disk."""
    if not folder.is_dir():
        make_folder(folder.parent)
        folder.mkdir(exist_ok=True)
        sync(folder.parent)


def sync(path: Path) -> None:
    """Have on disk what a file holds, or the names that a folder holds: they outlast a power cut."""
    is_folder = path.is_dir()
    if is_folder and (fcntl is None or not os.access(path, os.R_OK)):
        return  # Windows has no such thing; and what may not be listed cannot be opened
    handle = os.open(path, os.O_RDONLY if fcntl else os.O_RDWR)
    try:
        os.fsync(handle)
    except OSError as error:
        if not (is_folder and error.errno == errno.EINVAL):  # some file systems cannot do it for folders
            raise
    finally:
        os.close(handle)


def _lock(handle: int, is_patient: bool = False) -> bool:
    """Lock an open file until it is closed; False if another has it and one is not patient, or locks are unknown here.

    One who sweeps has a draft for a moment only, and its writer waits for that.
    """
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | (0 if is_patient else fcntl.LOCK_NB))
    except (AttributeError, OSError):  # no `fcntl`; locked; a file system without locks
        return False
    return True


def check_suffix(path: str | os.PathLike, *expected: str) -> str:
    """The suffix of a file name in small letters.

    Raises:
        InputError: it is none of those expected.
    """
    suffix = Path(path).suffix.lower()
    if suffix not in expected:
        raise InputError(f"{path}: expected a file name ending in {alternatives(expected)}, received '{suffix}'")
    return suffix


def write_atomically(path: str | os.PathLike, content: bytes) -> Path:
    """Write `content` to `path` in one step and return the path.

    Raises:
        InputError: the file cannot be written; what was there is left as it was.
    """
    try:
        with replacing(path) as draft:
            draft.write_bytes(content)
    except OSError as error:
        raise unwritable(path, error) from None
    return Path(path)


def unwritable(path: str | os.PathLike, error: OSError) -> Hindered:
    """The sentence for a file that the system does not let be written."""
    return Hindered(f"{path}: cannot be written ({error.strerror or error}); choose another file or folder")
