"""What a download was: a record beside each file that came over the network, by which later damage is found.

Beside `cat.npz` lies `cat.npz.download.json` with its address, size and SHA-256. Enters: the path of a file. Leaves:
whether it is as it came. No HTTP: whoever reads a data file comes here.
"""

import contextlib
import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..errors import Hindered, InputError, shown
from .writing import replacing, unwritable, write_atomically

RECORD_SUFFIX = ".download.json"  # added to the file's name
_MAX_RECORD = 2**16  # bytes
_MAX_URL = 120  # characters of an address in a message


def record_path(path: Path) -> Path:
    """Where the record of a file's download lies, if the file was downloaded."""
    return path.with_name(path.name + RECORD_SUFFIX)


def forget(path: Path) -> None:
    """Remove the record of a file that other content is about to replace."""
    with contextlib.suppress(OSError):
        record_path(path).unlink()


def write_anew(path: str | os.PathLike, content: bytes) -> Path:
    """`write_atomically` where a download may lie: its record goes when, and only when, other content takes its place.

    Raises:
        InputError: the file cannot be written; what was there is left as it was.
    """
    try:
        with replacing(path) as draft:
            draft.write_bytes(content)
            forget(Path(path))
    except OSError as error:
        raise unwritable(path, error) from None
    return Path(path)


def verify(path: str | os.PathLike) -> bool:
    """Compares a file with the record that its download left.

    Args:
        path: an existing file.

    Returns:
        True if it is as it came, False if there is no record of a download.

    Raises:
        InputError: the file or its record is damaged or cannot be read.
    """
    path = Path(path)
    try:
        record, size = read_record(path), path.stat().st_size
        if "sha256" not in record:
            return False
        if size == record.get("size") and digest(path, "sha256").hex() == record["sha256"]:
            return True
    except OSError as error:
        raise Hindered(f"{path}: it or the record of its download cannot be read ({error.strerror})") from error
    found = "another SHA-256" if size == record.get("size") else f"{size} bytes instead of {shown(record.get('size'))}"
    raise InputError(
        f"{path}: expected the file that was downloaded from {str(record.get('url'))[:_MAX_URL]}, but it now has "
        f"{found}; if the change is yours, delete {record_path(path)}, otherwise delete {path} and download it again"
    )


def read_record(path: Path) -> dict[str, Any]:
    """The record beside a file; {} if there is none.

    Raises:
        InputError: what lies there is no such record.
    """
    place = record_path(path)
    try:
        if place.exists() and not place.is_file():  # a pipe would be waited for
            raise ValueError
        with place.open("rb") as file:
            record = json.loads(file.read(_MAX_RECORD))
    except FileNotFoundError:
        return {}
    except (ValueError, RecursionError):
        record = None
    texts = ("url", "validator", "md5", "sha256")
    if not isinstance(record, dict) or not all(isinstance(record.get(key, ""), str) for key in texts):
        raise InputError(f"{place}: expected the JSON record of a download, received something else; delete it")
    return record


def write_record(path: Path, record: Mapping[str, Any]) -> None:
    """Put the record beside a file."""
    write_atomically(record_path(path), (json.dumps(record, indent=2) + "\n").encode())


def digest(path: str | os.PathLike, name: str = "sha256") -> bytes:
    """The digest of a file by one of `hashlib`'s algorithms."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, name).digest()
