"""One file over HTTP: an address in, a whole and checked file out, or the reason why not.

While `cat.npz` is on its way, its bytes are in `cat.npz.part`. They stay there when the transfer breaks, and the next
attempt or the next run asks for the rest alone, on the condition that the file is still the same (RFC 9110, If-Range).
`cat.npz` appears in one step, when all of it has arrived and its content has been looked at. Beside it remains its
record (see `records`).
"""

import base64
import contextlib
import os
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import filelock
import requests
import urllib3

from .records import digest, read_record, record_path, write_record
from .writing import make_folder, sync

_TIMEOUT = (10, 60)  # seconds to connect, seconds between bytes
_PIECE = 2**16  # bytes
_DELAYS = (1, 2, 4, 8)  # seconds before each further attempt
_LONGEST_DELAY = 60  # seconds, whatever the server asks for
_TRANSIENT_STATUSES = (408, 429, 500, 502, 503, 504)  # answers after which another attempt may succeed
_CONTENT_RANGE = re.compile(r"bytes (?:(\d+)-\d+|\*)/(\d+)")


@dataclass(frozen=True)
class Download:
    """A file to get.

    Attributes:
        url: where it lies, `http` or `https`.
        path: where to put it; its folder is made if need be.
        check: called with the path of what has arrived; raises ValueError, saying what it is not.
        max_bytes: more is not believed.
    """

    url: str
    path: Path
    check: Callable[[Path], None]
    max_bytes: int

    @property
    def part(self) -> Path:
        return self.path.with_name(self.path.name + ".part")


class Failure(Exception):
    """The file could not be received, and another attempt would not help."""


class _Transient(Exception):
    """Another attempt may help, `wait` seconds from now or later."""

    def __init__(self, reason: Any, wait: float = 0):
        super().__init__(reason)
        self.wait = wait


class _Unreachable(_Transient):
    """There was no answer at all: unless there had been one before, it is for the user to look at the network."""


class Stopped(Exception):
    """The user has interrupted."""


def fetch(download: Download, progress: Callable[[int, int | None], None], stop: threading.Event) -> bool:
    """Gets a file, unless it is there.

    Two processes that want the same file share one transfer.

    Args:
        download: what to get.
        progress: called with the number of bytes that have arrived, and that of all or None where it is not known.
        stop: when it is set, the transfer ends at the next piece.

    Returns:
        True if the file was transferred, False if it is there, unread: `records.verify` reads it.

    Raises:
        Failure: the server's answer, or what came, is not what was asked for, or too many attempts failed.
        OSError: the file cannot be written.
        Stopped: `stop` was set.
    """
    path = download.path
    if path.exists() and not _lock_file(path).exists():  # that of a process that was killed is removed
        return False
    make_folder(path.parent)
    with _alone(path, stop):
        if path.exists():
            return False
        _transfer(download, progress, stop)
        return True


def _transfer(download: Download, progress: Callable[[int, int | None], None], stop: threading.Event) -> None:
    """Attempts a transfer until it succeeds, must fail or has failed too often."""
    answered = False
    for delay in (*_DELAYS, None):
        try:
            _attempt(download, progress, stop)
            return _finish(download)
        except _Transient as error:
            answered = answered or not isinstance(error, _Unreachable)
            if not answered:
                raise Failure(error) from error
            if delay is None:
                raise Failure(f"{error}, at the last of {len(_DELAYS) + 1} attempts") from error
            if stop.wait(min(max(delay, error.wait), _LONGEST_DELAY)):
                raise Stopped from None


def _attempt(download: Download, progress: Callable[[int, int | None], None], stop: threading.Event) -> None:
    """Sends one request and appends what comes to the part."""
    record = read_record(download.path)
    have = download.part.stat().st_size if download.part.exists() else 0
    validator = record.get("validator", "") if record.get("url") == download.url else ""
    headers = {"Accept-Encoding": "identity"}  # without compression Content-Length is the size of the file
    if have and validator.isascii() and validator.isprintable() and validator:
        headers |= {"Range": f"bytes={have}-", "If-Range": validator}
    else:
        have = 0
    with _request(download.url, headers) as response:
        have, total = _agree(download, response, have, validator)
        if response.status_code == 416:  # nothing is missing
            return
        with download.part.open("ab") as file:
            try:
                # Unlike iter_content, read1 does not lose what has come when the connection breaks within a chunk.
                while piece := response.raw.read1(_PIECE, decode_content=False):
                    have += len(piece)
                    if stop.is_set() or have > download.max_bytes:
                        break
                    file.write(piece)
                    progress(have, total)
            except urllib3.exceptions.HTTPError as error:
                of_total = "" if total is None else f" of {total}"
                raise _Transient(f"the connection broke or fell silent after {have}{of_total} bytes") from error
    if have > download.max_bytes:
        download.part.unlink()
        raise Failure(f"more came than the {download.max_bytes} bytes that such a file has at most")
    if stop.is_set():
        raise Stopped
    if total is not None and have != total:
        raise _Transient(f"{have} of {total} bytes arrived")


def _request(url: str, headers: Mapping[str, str]) -> requests.Response:
    try:
        return requests.get(url, stream=True, timeout=_TIMEOUT, headers=headers)
    except requests.ReadTimeout as error:
        raise _Transient(f"no answer within {_TIMEOUT[1]} seconds") from error
    except requests.ConnectionError as error:
        cause = error.args[0] if error.args else error
        if isinstance(cause, urllib3.exceptions.MaxRetryError):
            raise _Unreachable(cause.reason) from error
        raise _Transient("the connection broke before an answer came") from error
    except requests.RequestException as error:
        raise Failure(error) from error


def _agree(download: Download, response: requests.Response, have: int, validator: str) -> tuple[int, int | None]:
    """Reads the head of an answer: how many bytes of the part stay, and how many there will be (None: not said).

    If the file comes from its first byte, the part is removed and the record made anew; else they remain.
    """
    if response.status_code in _TRANSIENT_STATUSES:
        raise _Transient(f"{response.status_code} {response.reason}", _seconds(response.headers.get("Retry-After")))
    if have and response.status_code in (206, 416):
        place = _CONTENT_RANGE.match(response.headers.get("Content-Range", ""))
        if place and _validator(response) in (None, validator):
            first, whole = place[1], int(place[2])
            is_complete = first is None and whole == have
            goes_on = first is not None and int(first) == have < whole <= download.max_bytes
            if is_complete or goes_on:
                return have, whole
        download.part.unlink()
        raise _Transient("the file has changed since its first part was downloaded")
    if response.status_code != 200:
        raise Failure(f"{response.status_code} {response.reason}")
    if response.headers.get("Content-Type", "").startswith("text/html"):
        raise Failure("a web page came instead of a file; does this network want you to log in?")
    length = response.headers.get("Content-Length", "")
    total = int(length) if length.isdecimal() else None
    if total is not None and total > download.max_bytes:
        raise Failure(f"{total} bytes are announced, such a file has {download.max_bytes} at most")
    download.part.unlink(missing_ok=True)
    made = {"url": download.url, "validator": _validator(response), "md5": _google_md5(response)}
    write_record(download.path, {key: value for key, value in made.items() if value})
    return 0, total


def _finish(download: Download) -> None:
    """Looks at what has arrived and gives it its name."""
    part, record = download.part, read_record(download.path)
    if "md5" in record and base64.b64encode(digest(part, "md5")).decode() != record["md5"]:
        part.unlink()
        raise _Transient("the file was damaged on its way: its MD5 is not the one announced")
    try:
        download.check(part)
    except ValueError as error:
        part.unlink()
        record_path(download.path).unlink()
        raise Failure(f"what came is {error}") from error
    with part.open("rb") as file:
        os.fsync(file.fileno())
    size, sha256 = part.stat().st_size, digest(part, "sha256").hex()
    write_record(download.path, record | {"size": size, "sha256": sha256})
    os.replace(part, download.path)
    sync(download.path.parent)


def _validator(response: requests.Response) -> str | None:
    """What identifies this version of the file to If-Range: a strong ETag, or else the date of the last change."""
    etag = response.headers.get("ETag", "")
    return etag if etag.startswith('"') else response.headers.get("Last-Modified")


def _google_md5(response: requests.Response) -> str | None:
    """The whole file's MD5 in base64, as Google Cloud Storage announces it."""
    found = re.search(r"md5=([A-Za-z0-9+/]{22}==)", response.headers.get("X-Goog-Hash", ""))
    return found and found[1]


def _seconds(retry_after: str | None) -> float:
    """What a Retry-After header asks for, as a number of seconds or as a date."""
    with contextlib.suppress(urllib3.exceptions.InvalidHeader):
        return urllib3.Retry().parse_retry_after(retry_after) if retry_after else 0
    return 0


@contextlib.contextmanager
def _alone(path: Path, stop: threading.Event) -> Iterator[None]:
    """Keeps other processes from downloading to the same place meanwhile; waits for one that does."""
    lock = filelock.FileLock(_lock_file(path))
    while True:
        with contextlib.suppress(filelock.Timeout):
            lock.acquire(timeout=0.5)
            break
        if stop.is_set():
            raise Stopped
    try:
        yield
    finally:
        with contextlib.suppress(OSError):  # an open file cannot be removed on Windows
            os.unlink(lock.lock_file)
        lock.release()


def _lock_file(path: Path) -> Path:
    return path.with_name(f".{path.name}.lock")
