"""Facts about work that is shared out: results in order, and no process outlives the one that began it."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from support.paths import ROOT

from sketch_rnn_keras.data.workers import count_processes, map_in_order
from sketch_rnn_keras.errors import InputError


def late_first(number: int) -> tuple[int, int]:
    """The first things take longest."""
    time.sleep(0.2 / (1 + number))
    return number, os.getpid()


def killed(number: int) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.parametrize("processes", [1, 2])
def test_results_come_in_the_order_of_the_things(processes):
    results = list(map_in_order(late_first, range(6), processes))
    assert [number for number, _ in results] == list(range(6))
    assert (os.getpid() in {process for _, process in results}) == (processes == 1)


def test_things_are_asked_for_as_they_are_needed():
    asked = []
    things = (asked.append(k) or k for k in range(100))
    results = map_in_order(late_first, things, 2)
    next(results)
    assert len(asked) < 6
    results.close()


def test_a_process_that_is_killed_ends_in_a_sentence():
    with pytest.raises(InputError, match="has been killed, as it is where memory runs out; .* processes=1"):
        list(map_in_order(killed, [1, 2], 2))


@pytest.mark.parametrize("processes", [0, -1, 1.5, True])
def test_a_number_of_processes_that_is_none_is_refused(processes):
    with pytest.raises(InputError, match="processes: expected a whole number >= 1"):
        count_processes(processes)


SCRIPT = "import time; from sketch_rnn_keras.data.workers import map_in_order as m; list(m(time.sleep, [99] * 9, 2))"


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="reads Linux's /proc")
def test_no_process_outlives_the_one_that_began_it():
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    begun = subprocess.Popen([sys.executable, "-c", SCRIPT], stderr=subprocess.DEVNULL, env=environment)
    children = Path(f"/proc/{begun.pid}/task/{begun.pid}/children")
    until = time.monotonic() + 60
    while len(found := children.read_text().split()) < 3 and time.monotonic() < until:  # loky's own beside the two
        time.sleep(0.1)
    assert len(found) >= 3
    begun.kill()
    begun.wait()
    while (left := [one for one in found if is_running(one)]) and time.monotonic() < until + 30:
        time.sleep(0.1)
    assert left == []


def is_running(process: str) -> bool:
    """Whether there is such a process, other than one that has ended and waits to be noticed."""
    status = Path(f"/proc/{process}/stat")
    try:
        return status.read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
