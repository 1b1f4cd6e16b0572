"""The devices that share a training, a validation or the sketches that are drawn: what is the same under every backend.

Enters: how many there are. Leaves: work given to them. `jax_devices.py` and `tensorflow_devices.py` open them, and add
what their engines do: the mean of gradients, numbers of other processes.
"""

import contextlib
import itertools
import re
import subprocess
import sys
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, NamedTuple, TypeVar

import numpy as np

from ..errors import WorkerLost, reason
from . import startup

GO_ON = "the last checkpoint is whole: end those that are left, and start them all again with resume=True"
# Reads what the process it watches writes before it ends.
_WITNESS = "import sys; sys.stdin.read() or print(sys.argv[1], file=sys.stderr)"
_COMMUNICATION = re.compile("connect|peer|unavailable|timed? ?out|heartbeat", re.IGNORECASE)
_TASK = re.compile(r"/job:\w+/replica:\d+/task:\d+")  # what engines call a process
Item = TypeVar("Item")
Result = TypeVar("Result")


def maximum(mean: Any, floor: float) -> Any:
    """max(mean, floor)."""
    return startup.keras().ops.maximum(mean, floor)


class Share(NamedTuple):
    """Which of the equal parts of a batch an objective is given, where several devices share it.

    Attributes:
        index: the part's place, from 0.
        parts: how many there are.
        floored: `(mean over the rows of this part, floor) -> max(mean over all rows, floor)`. Where the floor does not
            hold, its gradient is that of the part's own mean: the mean of the parts' gradients is the whole's.
    """

    index: Any = 0
    parts: int = 1
    floored: Callable[[Any, float], Any] = maximum


WHOLE = Share()


class Devices(ABC):
    """The devices that take part, those of other processes among them.

    Args:
        count: how many there are.
        places: the devices of this process, each of which can be given work of its own; None is the usual one.
        processes: how many processes there are.
        process: the place of this one among them; the first writes the files.
    """

    def __init__(self, count: int, places: Sequence[Any] = (None,), processes: int = 1, process: int = 0):
        self.count, self.places, self.processes, self.process = count, places, processes, process

    def each(self, function: Callable[[Item, Any], Result], items: Iterable[Item]) -> Iterator[Result]:
        """`function(item, place)` of every item, in their order, on the devices of this process side by side."""
        if len(self.places) == 1:
            yield from (function(item, self.places[0]) for item in items)
            return
        pending: deque[Future] = deque()
        with ThreadPoolExecutor(len(self.places), thread_name_prefix="devices") as executor:
            for item, place in zip(items, itertools.cycle(self.places), strict=False):
                pending.append(executor.submit(function, item, place))
                if len(pending) > len(self.places):
                    yield pending.popleft().result()
            while pending:
                yield pending.popleft().result()

    @abstractmethod
    def total(self, array: np.ndarray) -> np.ndarray:
        """The sum over the processes of an array of the same shape in each."""

    @abstractmethod
    def leave(self, model: Any) -> None:
        """Have the weights of a model on the usual device of this process alone, when training is over."""

    @contextlib.contextmanager
    def witness(self) -> Iterator[None]:
        """Have it said if this process ends within the block without Python: engines abort it when others are gone."""
        if self.processes == 1:
            yield
            return
        words = f"sketch-rnn: {self._gone()}, or an engine has ended process {self.process} for another reason; {GO_ON}"
        command = [sys.executable, "-S", "-c", _WITNESS, words]
        with subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True) as process:
            try:
                yield
            finally:
                process.communicate(b"alive")

    def lost(self, error: Exception) -> WorkerLost | None:
        """What to raise for an engine's error, if it is one of communication with another process."""
        lines = [line for line in str(error).splitlines() if _COMMUNICATION.search(line)]
        if self.processes == 1 or not lines:
            return None
        task = _TASK.search(str(error))
        words = [*([task[0]] if task else []), reason(Exception(lines[0]))]
        return WorkerLost(f"{self._gone()} ({': '.join(words)}); {GO_ON}")

    def _gone(self) -> str:
        if self.processes == 2:
            return f"process {1 - self.process} of the two that train together is gone"
        return f"one of the {self.processes} processes that train together is gone, not {self.process}"

    @abstractmethod
    def together(self) -> contextlib.AbstractContextManager[None]:
        """Raises WorkerLost where another process has gone while this one was in the block."""
