"""The same work on many things, by every core. Enter: a function, things, how many processes. Leave: results in order.

loky starts the processes: they neither copy a process that has threads, as `fork` does, nor run the user's script anew,
as the standard library's other ways do.
"""

import os
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import BrokenExecutor
from typing import TypeVar

from ..errors import Hindered, whole_number

Thing = TypeVar("Thing")
Result = TypeVar("Result")
_PATIENCE = 1  # seconds between two looks at whether the process that began this one is there


def count_processes(processes: int | None) -> int:
    """How many processes to use: as many as said, or one for each core that this process may use."""
    if processes is not None:
        return whole_number("processes", processes, least=1)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def map_in_order(function: Callable[[Thing], Result], things: Iterable[Thing], processes: int) -> Iterator[Result]:
    """Gives `function(thing)` for each thing, in their order; with one process, in this one.

    A few things are ahead of the result that is given, however many there are. An error of the function is raised where
    its result would have been given.

    Args:
        function: of a module, with arguments and results that can be pickled.
        things: what to work on.
        processes: how many.

    Raises:
        Hindered: one of them was killed; or whatever the function raises.
    """
    if processes == 1:
        yield from map(function, things)
        return
    from loky import ProcessPoolExecutor

    executor = ProcessPoolExecutor(processes, initializer=_serve, initargs=(os.getpid(),))
    try:
        ahead: deque = deque()
        for thing in things:
            ahead.append(executor.submit(function, thing))
            if len(ahead) > processes + 1:
                yield ahead.popleft().result()
        while ahead:
            yield ahead.popleft().result()
    except BrokenExecutor as error:
        raise Hindered(
            "a process that was at work has been killed, as it is where memory runs out; give the same command again, "
            "which goes on where it was, and processes=1 if it happens again"
        ) from error
    finally:
        executor.shutdown(wait=True, kill_workers=True)


def _serve(parent: int) -> None:
    """Leaves Ctrl-C to the process that began this one, and ends with it, should it be killed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()


def _end_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(_PATIENCE)
    os._exit(1)
