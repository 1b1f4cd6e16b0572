"""Ctrl-C while training: the step is finished and saved first. Enters: signals. Leaves: an event."""

import contextlib
import signal
import threading
from collections.abc import Iterator
from typing import Any


@contextlib.contextmanager
def first_interrupt() -> Iterator[threading.Event]:
    """An event that the first Ctrl-C (or SIGTERM) sets, so that the step is finished first; a second one kills."""
    event = threading.Event()
    previous: dict[int, Any] = {}

    def handle(number: int, frame: Any) -> None:
        event.set()
        signal.signal(number, previous[number])

    if threading.current_thread() is threading.main_thread():
        previous = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield event
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
