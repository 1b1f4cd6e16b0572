"""One process that reads what is spoilt, a file after the other, and says what came of each.

Enters: a kind, a seed and a number, by which the same file is made again. Leaves: an `Outcome`. What hangs, dies or
takes too much memory is for `fuzz` to end, which watches from outside.
"""

import contextlib
import faulthandler
import io
import os
import random
import resource
import shutil
import sys
import tempfile
import time
import traceback
import warnings
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, NamedTuple

REFUSED, READ, TRACEBACK, HANG, DIED, MEMORY = "refused", "read", "traceback", "hang", "died", "memory"
LONGEST = 500  # characters of a message
SECONDS = 10  # of the processor, or several times as many of the clock: machines are shared
_ROOM = 12 * 2**30  # bytes, most of which TensorFlow asks for and does not use
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT
_CHANGES = ("os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.link", "os.symlink", "os.truncate", "os.chmod")
_RUNS = ("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.fork", "os.forkpty", "socket.connect")


class Outcome(NamedTuple):
    """What came of reading one file.

    Attributes:
        kind, number: which.
        result: one of the words above; the worst of its readers.
        messages: what was said.
        elsewhere: what was written, run or asked for outside its folder.
        seconds: of the processor, for all its readers.
        mebibytes: that it took at most, beyond what the process had.
        detail: where a traceback ends, or where it hung.
    """

    kind: str
    number: int
    result: str
    messages: tuple[str, ...] = ()
    elsewhere: tuple[str, ...] = ()
    seconds: float = 0.0
    mebibytes: float = 0.0
    detail: str = ""


class _Watch:
    """Hears of every file that is opened, and of what is run, outside a folder."""

    def __init__(self) -> None:
        self.folder: Path | None = None
        self.heard: list[str] = []
        sys.addaudithook(self._hear)

    def _hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self.folder is None:
            return
        if event in _RUNS:
            self.heard.append(f"{event} {arguments!r}"[:200])
            raise PermissionError(f"{event} by a file that is read")
        if event == "open":
            path, mode, flags = arguments
            changes = flags & _WRITES if isinstance(flags, int) and flags else set(mode or "") & set("wax+")
        else:
            path, changes = next(iter(arguments), None), event in _CHANGES
        if changes and isinstance(path, str | bytes | os.PathLike):
            place = Path(os.path.abspath(os.fsdecode(path)))
            if self.folder not in (place, *place.parents) and place != Path(os.devnull):
                self.heard.append(f"{event} {place}"[:200])


def serve(connection: Connection, intact: Path, place: Path) -> None:
    """Answer `(kind, seed, number, keep)` with an outcome until None comes; `keep`: the spoilt file is left there."""
    sys.dont_write_bytecode = True
    place.mkdir(parents=True)
    resource.setrlimit(resource.RLIMIT_DATA, (_ROOM, _ROOM))  # where nobody watches any longer
    trace = (place / "hang.txt").open("w+")
    _warm_up(intact, place)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # what libraries in C say
    faulthandler.enable(trace)
    watch = _Watch()
    connection.send("ready")
    while (order := connection.recv()) is not None:
        kind, seed, number = order
        try:
            outcome = _read(kind, seed, number, intact / kind, place / "case", watch, trace)
        except Exception:  # of this program, not of what it watches
            outcome = Outcome(kind, number, DIED, detail=traceback.format_exc())
        connection.send(outcome)


def _warm_up(intact: Path, place: Path) -> None:
    """Import and compile whatever the readers need, so that no file is blamed for it."""
    from torture import readers
    from torture.specimens import SPECIMENS

    readers.stand_in()
    for kind, specimen in SPECIMENS.items():
        for name in specimen.readers:
            shutil.copytree(intact / kind, place / "case")
            with contextlib.chdir(place / "case"), contextlib.redirect_stdout(io.StringIO()):
                readers.READERS[name]()
            shutil.rmtree(place / "case")


def _read(kind: str, seed: int, number: int, intact: Path, case: Path, watch: _Watch, trace: Any) -> Outcome:
    from torture.readers import READERS
    from torture.specimens import SPECIMENS, spoil_folder

    if case.exists():
        shutil.rmtree(case)
    spoil_folder(intact, case, random.Random(f"{seed}/{kind}/{number}"))
    tempfile.tempdir = str(case)
    before, began = _reset_peak(), time.process_time()
    results, messages, details = [], [], []
    trace.truncate(0)
    faulthandler.dump_traceback_later(SECONDS - 1, repeat=True, file=trace)
    for name in SPECIMENS[kind].readers:
        said = io.StringIO()
        with (
            contextlib.chdir(case),
            contextlib.redirect_stdout(said),
            contextlib.redirect_stderr(said),
            warnings.catch_warnings(record=True) as noted,
        ):
            warnings.simplefilter("always")
            watch.folder = case
            result, message, detail = _attempt(READERS[name])
            watch.folder = None
        messages += [*message, *(text for text in [said.getvalue()] if not all(map(_printable, text)))]
        messages += [str(each.message) for each in noted if each.category.__module__.startswith("sketch_rnn_keras")]
        results.append(result)
        details.append(f"{name}: {detail}" if detail else "")
    faulthandler.cancel_dump_traceback_later()
    result = next(each for each in (TRACEBACK, REFUSED, READ) if each in results)
    elsewhere, watch.heard = tuple(watch.heard), []
    seconds, peak = time.process_time() - began, (_status("VmHWM") - before) / 1024
    return Outcome(kind, number, result, tuple(messages), elsewhere, seconds, peak, "\n".join(filter(None, details)))


def _attempt(reader: Any) -> tuple[str, list[str], str]:
    """What became of one reader, what it said, and its traceback."""
    from sketch_rnn_keras.errors import InputError, TrainingError

    try:
        return READ, list(reader() or ()), ""
    except (InputError, TrainingError) as error:
        return REFUSED, [str(error)], ""
    except BaseException as error:  # SystemExit, too, would be news
        lines = traceback.format_exc(limit=-6, chain=False)
        return TRACEBACK, [], f"{type(error).__name__}: {str(error)[:200]!r}\n{lines[-2500:]}"


def _printable(character: str) -> bool:
    return character.isprintable() or character == "\n"


def faults_of(message: str) -> list[str]:
    """What is wrong with a message."""
    found = ["long"] if len(message) > LONGEST else []
    return found + ([] if all(map(_printable, message)) else ["control"])


def _reset_peak() -> float:
    """Begin to count the most memory anew; KiB that the process has now."""
    Path("/proc/self/clear_refs").write_text("5")
    return _status("VmRSS")


def _status(name: str) -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return float(next(line for line in lines if line.startswith(name)).split()[1])
