"""Writing files in one step: readers see the old content or the new, never a part. Reading JSON without trusting it."""

import contextlib
import json
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .errors import InputError

RECORD_SUFFIX = ".download.json"  # of the record of a download, added to the file's name


@contextlib.contextmanager
def replacing(target: str | os.PathLike) -> Iterator[Path]:
    """A draft beside `target`, moved over it when the block ends well and removed when it does not.

    Folders are made as needed. The draft has the suffix of the target, and is on disk before it takes its place. The
    record of a download that the target came by goes: it speaks of other content.

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
        with contextlib.suppress(OSError):
            record_path(target).unlink()
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
        raise InputError(f"{path}: expected a file name ending in {' or '.join(expected)}, got '{suffix}'")
    return suffix


def record_path(path: Path) -> Path:
    """Where the record of a file's download lies, if the file was downloaded."""
    return path.with_name(path.name + RECORD_SUFFIX)


def write_atomically(path: str | os.PathLike, content: bytes) -> Path:
    """Write `content` to `path` in one step and return the path.

    Raises:
        InputError: the file cannot be written; what was there is left as it was.
    """
    try:
        with replacing(path) as draft:
            draft.write_bytes(content)
    except OSError as error:
        raise InputError(f"{path}: cannot be written ({error.strerror}); choose another file or folder") from None
    return Path(path)


def read_json(path: str | os.PathLike, what: str, max_bytes: int = 2**20, max_commas: int = 2**18) -> Any:
    """Read a JSON document in UTF-8 whose objects repeat no key.

    Args:
        path: the file.
        what: what error messages say was expected, such as "a JSON file of hyperparameters".
        max_bytes: a longer file is refused.
        max_commas: a file with more of them is refused before it is parsed: values take more memory than their text.

    Raises:
        InputError: the file cannot be read, is too long or is not such a document.
    """
    try:
        with Path(path).open("rb") as file:
            content = file.read(max_bytes + 1)
    except OSError as error:
        raise InputError(f"{path}: expected {what}, but {error.strerror}") from None
    if len(content) > max_bytes:
        raise InputError(f"{path}: expected a JSON file of at most {max_bytes} bytes; this one is larger")
    if (commas := content.count(b",")) > max_commas:
        raise InputError(f"{path}: expected {what}, which has at most {max_commas} commas; this one has {commas}")
    try:
        return json.loads(content.decode("utf-8-sig"), object_pairs_hook=_without_duplicates)
    except json.JSONDecodeError as error:
        raise InputError(f"{path}, line {error.lineno}, column {error.colno}: broken JSON: {error.msg}") from None
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: expected JSON text in UTF-8, got the byte at {error.start} that is not") from None
    except RecursionError:
        raise InputError(f"{path}: expected {what}, got one nested too deeply") from None
    except ValueError as error:  # A repeated key, or an integer of thousands of digits.
        raise InputError(f"{path}: {error}") from None


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for key, value in pairs:
        if key in values:
            raise ValueError(f"the key '{key}' appears more than once; keep one")
        values[key] = value
    return values
