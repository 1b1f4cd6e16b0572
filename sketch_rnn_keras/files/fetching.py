"""Several files over HTTP at once, and what the user is told about it.

Enters: addresses and where to put what lies there. Leaves: the files, lines and bars on standard error.
"""

import errno
import queue
import threading
from collections.abc import Sequence

from rich.console import Console
from rich.filesize import decimal
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

from ..errors import InputError
from .records import verify
from .transfer import Download, Failure, Stopped, fetch

__all__ = ["Download", "download_all"]

THREADS = 4


def download_all(downloads: Sequence[Download], *, progress: bool = True) -> None:
    """Gets files, a few at a time. Those that are there already are verified instead.

    Args:
        downloads: what to get.
        progress: whether to tell about it on standard error: a line for each file, and on a terminal a moving bar.

    Raises:
        InputError: at least one could not be fetched, or is there but damaged; the others are complete.
        KeyboardInterrupt: the user interrupted; what arrived is kept, and is told of.
    """
    waiting: queue.SimpleQueue[Download] = queue.SimpleQueue()
    failures: list[Exception] = []
    stop = threading.Event()
    for download in downloads:
        waiting.put(download)

    def work() -> None:
        while not stop.is_set():
            try:
                _download(waiting.get_nowait(), bars, stop, progress)
            except (queue.Empty, Stopped):
                return
            except Exception as error:
                failures.append(error)

    with _bars(progress) as bars:
        # Daemons, so that one that waits for a silent server does not hold up the end of the program.
        threads = [threading.Thread(target=work, daemon=True) for _ in range(min(THREADS, len(downloads)))]
        try:
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        except KeyboardInterrupt:
            stop.set()
            for thread in threads:
                thread.join(0.5)
            parts = ", ".join(str(download.part) for download in downloads if download.part.is_file())
            if parts and progress:
                _say(bars, f"interrupted; what arrived is kept in {parts}; the same command goes on from there")
            raise
    _raise_failures(failures, len(downloads))


def _download(download: Download, bars: Progress, stop: threading.Event, talkative: bool) -> None:
    path, task = download.path, bars.add_task(download.path.name, total=None)
    try:
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, "it is a folder")
        if fetch(download, lambda have, total: bars.update(task, completed=have, total=total), stop):
            state = "downloaded"
        else:
            state = "there already, " + ("as downloaded" if verify(path) else "unchecked: no record of a download")
    except Failure as failure:
        raise InputError(
            f"could not download {download.url} ({failure}){_kept(download)}. Check the connection and run again, or "
            f"fetch that address on another computer and save it as {path}"
        ) from failure
    except OSError as error:
        raise InputError(
            f"could not download {download.url} to {path} ({error.strerror or error}){_kept(download)}. Make room or "
            "choose another folder, and run again"
        ) from error
    finally:
        bars.remove_task(task)
    if talkative:
        _say(bars, f"{path}: {decimal(path.stat().st_size)}, {state}")


def _kept(download: Download) -> str:
    return f"; what arrived is kept in {download.part}" if download.part.is_file() else ""


def _bars(progress: bool) -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    console = Console(stderr=True)
    return Progress(*columns, TimeRemainingColumn(), console=console, disable=not (progress and console.is_terminal))


def _say(bars: Progress, text: str) -> None:
    bars.console.print(text, markup=False, highlight=False, soft_wrap=True)


def _raise_failures(failures: Sequence[Exception], count: int) -> None:
    """Raises one error for all that went wrong with `count` downloads, if anything did."""
    for error in failures:
        if not isinstance(error, InputError):
            raise error
    if failures and count == 1:
        raise failures[0]
    if failures:
        listed = "".join(f"\n  {error}" for error in failures)
        raise InputError(f"{len(failures)} of {count} files could not be had; the others are complete{listed}")
