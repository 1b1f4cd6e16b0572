"""The same work on many things, by every core. Enter: a function, things, how many processes. Leave: results in order.

loky starts the processes: they neither copy a process that has threads, as `fork` does, nor run the user's script anew,
as the standard library's other ways do.
"""

import os
import signal
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from ..errors import whole_number

Thing = TypeVar("Thing")
Result = TypeVar("Result")
_IDLE = 30  # seconds after which a process without work ends, should this one have been killed


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
    """
    if processes == 1:
        yield from map(function, things)
        return
    from loky import ProcessPoolExecutor

    executor = ProcessPoolExecutor(processes, timeout=_IDLE, initializer=_leave_interrupts_to_parent)
    try:
        ahead: deque = deque()
        for thing in things:
            ahead.append(executor.submit(function, thing))
            if len(ahead) > processes + 1:
                yield ahead.popleft().result()
        while ahead:
            yield ahead.popleft().result()
    finally:
        executor.shutdown(wait=True, kill_workers=True)


def _leave_interrupts_to_parent() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
