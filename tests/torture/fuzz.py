"""The campaign of damaged and hostile files: spoil many, read each, count what came of it.

    python -m torture.fuzz --count 20000 --seed 0            (in tests/; some 20 minutes on two cores, Linux)
    python -m torture.fuzz --kind svg --only 17 --seed 0     (one of them again, with all that is known of it)

A file is a function of (seed, kind, number). Prints what goes wrong as it does, and a table with a
row for each kind. Ends with status 1 if anything did.
"""

import argparse
import collections
import itertools
import multiprocessing
import os
import queue
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"):
    os.environ.setdefault(name, "1")  # before NumPy and TensorFlow are imported, here and in the workers
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from torture.specimens import SPECIMENS, make_all  # noqa: E402
from torture.worker import DIED, HANG, MEMORY, READ, REFUSED, SECONDS, TRACEBACK, Outcome, faults_of, serve  # noqa: E402

PATIENCE = 9  # times as many seconds of the clock as of the processor
MEBIBYTES = 2048  # that reading one file may take
_PAGE, _TICKS = os.sysconf("SC_PAGE_SIZE"), os.sysconf("SC_CLK_TCK")
_BAD = (TRACEBACK, HANG, DIED, MEMORY)
_COLUMNS = (REFUSED, READ, TRACEBACK, HANG, DIED, MEMORY, "elsewhere", "long", "control")


class Worker:
    """A process that reads files, and is replaced when it must be ended."""

    def __init__(self, intact: Path, place: Path):
        self._intact, self._place, self._lives = intact, place, itertools.count()
        self._start()

    def _start(self) -> None:
        context = multiprocessing.get_context("spawn")
        self._connection, theirs = context.Pipe()
        self.folder = self._place / str(next(self._lives))
        self._process = context.Process(target=serve, args=(theirs, self._intact, self.folder), daemon=True)
        self._process.start()
        theirs.close()
        if not self._connection.poll(600):
            raise RuntimeError("a worker does not begin")
        self._connection.recv()

    def read(self, kind: str, seed: int, number: int) -> Outcome:
        """Have one file read; a worker that hangs, takes too much memory or dies is replaced."""
        before, most, used, began = self._mebibytes(), 0.0, self._seconds(), time.monotonic()
        self._connection.send((kind, seed, number))
        result = None
        while result is None:
            try:
                if self._connection.poll(0.02):
                    outcome = self._connection.recv()
                    too_much = outcome.mebibytes > MEBIBYTES
                    return outcome._replace(result=MEMORY) if too_much else outcome
                most = max(most, self._mebibytes() - before)
            except (EOFError, OSError):
                result = DIED
            if most > MEBIBYTES:
                result = MEMORY
            elif self._seconds() - used > SECONDS or time.monotonic() - began > PATIENCE * SECONDS:
                result = HANG
        self._process.kill()
        self._process.join()
        trace = (self.folder / "hang.txt").read_text()[:3000]
        detail = trace or f"exit status {self._process.exitcode}"
        outcome = Outcome(kind, number, result, (), (), time.monotonic() - began, most, detail)
        shutil.rmtree(self.folder, ignore_errors=True)
        self._start()
        return outcome

    def close(self) -> None:
        self._connection.send(None)
        self._process.join()

    def _seconds(self) -> float:
        """Of the processor, that it has had so far."""
        try:
            fields = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:  # it is dead
            return 0.0
        return (int(fields[11]) + int(fields[12])) / _TICKS

    def _mebibytes(self) -> float:
        pages = Path(f"/proc/{self._process.pid}/statm").read_text().split()[1]
        return int(pages) * _PAGE / 2**20


def campaign(
    kinds: Sequence[str],
    numbers: Iterable[int],
    seed: int,
    processes: int,
    place: Path,
    tell: Callable[[Outcome], object] = lambda _: None,
) -> list[Outcome]:
    """The outcome of each number of each kind; `tell` hears of each at once."""
    maker = multiprocessing.get_context("spawn").Process(target=make_all, args=(place / "intact",))
    maker.start()
    maker.join()
    if maker.exitcode:
        raise RuntimeError("the intact files could not be made")
    orders: queue.SimpleQueue = queue.SimpleQueue()
    for number in numbers:
        for kind in kinds:
            orders.put((kind, seed, number))
    outcomes: list[Outcome] = []

    def work(name: int) -> None:
        worker = Worker(place / "intact", place / f"worker {name}")
        while True:
            try:
                outcomes.append(worker.read(*orders.get_nowait()))
                tell(outcomes[-1])
            except queue.Empty:
                return worker.close()

    threads = [threading.Thread(target=work, args=(name,)) for name in range(processes)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


def table(outcomes: Sequence[Outcome]) -> str:
    """A row for each kind, and one for all, as Markdown."""
    kinds = list(dict.fromkeys(outcome.kind for outcome in outcomes))
    lines = [f"| kind | files | {' | '.join(_COLUMNS)} | slowest, s | most MiB |", "|---" * (len(_COLUMNS) + 4) + "|"]
    for kind in [*sorted(kinds, key=list(SPECIMENS).index), "all"]:
        rows = [outcome for outcome in outcomes if kind in (outcome.kind, "all")]
        counts = collections.Counter(outcome.result for outcome in rows)
        for outcome in rows:
            counts.update({fault for message in outcome.messages for fault in faults_of(message)})
            counts["elsewhere"] += bool(outcome.elsewhere)
        cells = [f"{len(rows):,}", *(f"{counts[column]:,}" for column in _COLUMNS)]
        most = max(outcome.seconds for outcome in rows), max(outcome.mebibytes for outcome in rows)
        lines.append(f"| {kind} | {' | '.join(cells)} | {most[0]:.1f} | {most[1]:.0f} |")
    return "\n".join(lines)


def is_bad(outcome: Outcome) -> bool:
    return outcome.result in _BAD or bool(outcome.elsewhere) or any(map(faults_of, outcome.messages))


def _told(outcome: Outcome, every_message: bool) -> str:
    faults = [(faults_of(message), message) for message in outcome.messages]
    said = [f"{found} {len(message)}: {message[:600]!r}" for found, message in faults if found or every_message]
    head = f"--- {outcome.kind} {outcome.number}: {outcome.result}"
    return "\n".join(filter(None, [head, *outcome.elsewhere, *said, outcome.detail]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=2000, help="files, of all kinds together")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--kind", action="append", choices=list(SPECIMENS), help="all by default")
    parser.add_argument("--first", type=int, default=0, help="the number to begin with, where a campaign goes on")
    parser.add_argument("--only", type=int, help="the one file of this number")
    parser.add_argument("--processes", type=int, default=2)
    arguments = parser.parse_args()
    kinds = arguments.kind or list(SPECIMENS)
    numbers = range(arguments.first, -(-arguments.count // len(kinds))) if arguments.only is None else [arguments.only]
    began = time.monotonic()

    def tell(outcome: Outcome) -> None:
        if arguments.only is not None or is_bad(outcome):
            print(_told(outcome, every_message=arguments.only is not None), flush=True)

    with tempfile.TemporaryDirectory(prefix="fuzz-") as place:
        outcomes = campaign(kinds, numbers, arguments.seed, arguments.processes, Path(place), tell)
    print(table(outcomes))
    print(f"\n{time.monotonic() - began:.0f} s; seed {arguments.seed}")
    sys.exit(any(map(is_bad, outcomes)))


if __name__ == "__main__":
    main()
