"""Real kills: small trainings ended by SIGKILL in random moments, each gone on with, and compared with one left alone.

    python -m torture.kills --count 100        (in tests/; some minutes on two cores, Linux)

Each is a process that trains by TensorFlow and is killed a random moment after a random step, the beginning among
them; then another resumes it, or begins it again where it had not begun. Every file must be, byte for byte, that of a
training that was never killed, TensorBoard's events and the clock aside. Of a training's parts one is not real: its
pictures show a dot, for drawing takes long to compile.
"""

import argparse
import collections
import concurrent.futures
import contextlib
import multiprocessing
import os
import random
import signal
import sys
import tempfile
import time
from multiprocessing.connection import Connection
from pathlib import Path
from typing import NamedTuple

for name in ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"):
    os.environ.setdefault(name, "1")  # before TensorFlow is imported

from support import tiny_run  # noqa: E402
from support.crash_matrix import changed, files  # noqa: E402

HPARAMS = tiny_run.HPARAMS.replace(num_steps=30, save_every=5, log_every=1, conditional=False)
FORK = multiprocessing.get_context("fork")  # of a process that has imported all and has run nothing
_LONGEST = {True: 3.0, False: 0.06}  # seconds after a step, by whether it is the beginning, which takes long


class Kill(NamedTuple):
    """One of them.

    Attributes:
        step: the last step that was told of; 0 where none was.
        saved: the step of the checkpoint that was left, -1 where there was none.
        differences: the files that are not those of the whole training.
    """

    step: int
    saved: int
    differences: list[str]


class Teller:
    """A reporter that tells each step to another process."""

    def __init__(self, connection: Connection | None):
        self._connection = connection

    def record(self, step: int, split: str, values: dict[str, float]) -> None:
        """Losses are not told of."""

    def step(self, step: int) -> None:
        if self._connection:
            self._connection.send(step)


def train(run: Path, connection: Connection | None = None) -> None:
    """Begin the training, or go on with it."""
    from sketch_rnn_keras.training import loop

    loop.sample = tiny_run.one_dot
    reporter = Teller(connection)
    data, resume = tiny_run.load_data(), (run / "config.json").exists()
    reporter.step(0)
    loop.train(HPARAMS, data, run, resume=resume, reporter=reporter)


def train_to_the_end(run: Path) -> None:
    process = FORK.Process(target=train, args=(run,))
    process.start()
    process.join()
    if process.exitcode:
        raise RuntimeError(f"{run}: a training that was gone on with ended with {process.exitcode}")


def kill_one(place: Path, number: int) -> Kill:
    """Kill a training, go on with it, compare; what is killed when is a function of the number and of the machine."""
    from sketch_rnn_keras.training.run_directory import last_step

    choice, run = random.Random(number), place / f"{number}"
    step = _killed(run, choice)
    saved = last_step(run) if (run / "checkpoints" / "last.npz").exists() else -1
    train_to_the_end(run)
    return Kill(step, saved, changed(run, files(place / "whole")))


def _killed(run: Path, choice: random.Random) -> int:
    """Have a training killed; the last step that it told of."""
    at = choice.choice([0, *range(HPARAMS.num_steps)])  # the beginning more often
    ours, theirs = FORK.Pipe(duplex=False)
    process = FORK.Process(target=train, args=(run, theirs))
    process.start()
    theirs.close()
    while ours.recv() < at:
        pass
    time.sleep(choice.random() * _LONGEST[at == 0])
    process.kill()
    process.join()
    step = at
    with contextlib.suppress(EOFError):
        while True:
            step = ours.recv()
    if process.exitcode != -signal.SIGKILL:
        raise RuntimeError(f"{run}: ended with {process.exitcode} before it was killed")
    return step


def campaign(count: int, processes: int, place: Path) -> list[Kill]:
    from sketch_rnn_keras.training import loop  # noqa: F401 (imported before it is needed in every process)

    train_to_the_end(place / "whole")
    with concurrent.futures.ProcessPoolExecutor(processes, FORK) as pool:
        return list(pool.map(kill_one, [place] * count, range(count)))


def table(kills: list[Kill]) -> str:
    """Markdown: how many were killed when, and how many of those are the training that was not."""
    lines = ["| killed | trainings | resumed to the same bytes |", "|---|---|---|"]
    groups = collections.defaultdict[str, list[Kill]](list)
    for kill in kills:
        begun = "before its first step" if kill.step == 0 else "after a step"
        groups[f"{begun}, {'no checkpoint' if kill.saved < 0 else 'a checkpoint'} left"].append(kill)
        groups["all"].append(kill)
    for when in [*sorted(groups.keys() - {"all"}), "all"]:
        same = sum(not kill.differences for kill in groups[when])
        lines.append(f"| {when} | {len(groups[when])} | {same} of {len(groups[when])} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--processes", type=int, default=2)
    arguments = parser.parse_args()
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="kills-") as place:
        kills = campaign(arguments.count, arguments.processes, Path(place))
    for number, kill in enumerate(kills):
        if kill.differences:
            print(f"--- {number}: killed at step {kill.step}, saved at {kill.saved}: {', '.join(kill.differences)}")
    print(table(kills))
    print(f"\n{time.monotonic() - began:.0f} s")
    sys.exit(any(kill.differences for kill in kills))


if __name__ == "__main__":
    main()
