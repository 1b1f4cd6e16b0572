"""Writing files in one step: readers see the old content or the new, never a part.

Enters: a path and content. Leaves: the file, on disk before it takes its place.
"""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from ..errors import InputError, alternatives

PICTURE_SUFFIXES = (".svg", ".png", ".pdf")


@contextlib.contextmanager
def replacing(target: str | os.PathLike) -> Iterator[Path]:
    """A draft beside `target`, moved over it when the block ends well and removed when it does not.

    Folders are made as needed. The draft has the suffix of the target, and is on disk before it takes its place.

    Args:
        target: the file; one that exists is replaced.

    Yields:
        The draft's path, an empty file.
    """
    target = Path(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.stem}.", suffix=target.suffix)
    os.close(handle)
    draft = Path(name)
    try:
        yield draft
        draft.chmod(0o644)  # mkstemp's 0600 would hide the file from other users of the folder
        with draft.open("rb") as file:
            os.fsync(file.fileno())
        os.replace(draft, target)
    finally:
        draft.unlink(missing_ok=True)


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


def unwritable(path: str | os.PathLike, error: OSError) -> InputError:
    """The sentence for a file that the system does not let be written."""
    return InputError(f"{path}: cannot be written ({error.strerror or error}); choose another file or folder")
