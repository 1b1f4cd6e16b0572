"""The exceptions whose message is meant for the user, and the checks that everybody writes.

Enters: a value and the name the user knows it by. Leaves: the value, or an `InputError` in the one wording of this
package: what was expected, what was received, where, and what to do. Messages name arguments (`resume=True`), never
flags: the command line translates them.
"""

import difflib
import numbers
from collections.abc import Iterable, Sequence
from typing import Any

MAX_SHOWN = 60  # characters of a received value
MAX_LISTED = 5  # received names
MAX_REASON = 300  # characters of what a library says of a damaged file
MAX_FAULTS = 400  # characters of the faults of one document


class InputError(ValueError):
    """A file, a setting or an argument that cannot be used.

    The message says what was expected, what was received, where, and what to do about it. The command line prints
    it without a traceback and exits with status 2. What would steer a terminal is "?": a message may quote a file.
    """

    def __init__(self, message: str):
        super().__init__("\n".join(map(printable, message.split("\n"))))


class Hindered(InputError):
    """The system stood in the way: a full disk, a file that may not be opened, memory that ran out.

    The same call may succeed later, so what has been done for it is kept.
    """


class TrainingError(RuntimeError):
    """Training cannot go on: its numbers are no longer finite. The message says where and what to try.

    Attributes:
        step: the step after which this was seen.
    """

    def __init__(self, message: str, step: int = 0):
        super().__init__(message)
        self.step = step


class WorkerLost(RuntimeError):
    """Another process of a training on several is gone. The message says which, and how to go on."""


class TrainingWarning(UserWarning):
    """Training goes on, though not all is as it was meant to be. The message says what is not."""


def shown(value: Any) -> str:
    """A value as messages show it, at most 60 characters."""
    try:
        text = repr(value)
    except ValueError:  # an integer of thousands of digits, which Python does not write out
        return f"{type(value).__name__} too long to show"
    return cut(text, MAX_SHOWN)


def cut(text: str, most: int) -> str:
    """`text`, or its beginning and three dots, `most` characters in all."""
    return text if len(text) <= most else text[: most - 3] + "..."


def few(names: Iterable[str], most: int = MAX_LISTED) -> str:
    """The first of names that come from a file, each of them cut where need be, and how many more there are."""
    names = list(names)
    listed = ", ".join(cut(name, MAX_SHOWN) for name in names[:most])
    return listed + (f" and {len(names) - most} more" if len(names) > most else "")


def printable(text: str) -> str:
    """`text` without what would steer a terminal."""
    return "".join(character if character.isprintable() else "?" for character in text)


def reason(error: Exception) -> str:
    """What a library says of a damaged file, on one line without what would steer a terminal: it may quote the file."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    text = printable("; ".join(lines if isinstance(error, InputError) else lines[:1]))
    return cut(text, MAX_REASON)


def first_of(faults: Sequence[str], count: int | None = None) -> str:
    """The first faults of a document, one on a line, as many as a reader takes in, and how many more there are.

    Args:
        faults: at least one; each is shown, cut where need be.
        count: how many there are, if those are not all.
    """
    named = [cut(fault, MAX_FAULTS) for fault in faults[:MAX_LISTED]]
    while len(named) > 1 and len("\n".join(named)) > MAX_FAULTS:
        named.pop()
    others = (count or len(faults)) - len(named)
    return "\n".join([*named, f"and {others} more"] if others else named)


def whole_number(name: str, value: Any, least: int = 0, most: int | None = None) -> int:
    """`value` as an int.

    Raises:
        InputError: it is no whole number (True is none), or below `least` or above `most`.
    """
    is_whole = isinstance(value, numbers.Integral) and not isinstance(value, bool)
    if not is_whole or value < least or (most is not None and value > most):
        span = f">= {least}" if most is None else f"from {least} to {most}"
        raise InputError(f"{name}: expected a whole number {span}, received {shown(value)}")
    return int(value)


def real_number(name: str, value: Any, above: float, below: float, expected: str = "") -> float:
    """`value` as a float.

    Raises:
        InputError: it is no real number, or not strictly between the two bounds; `expected` words them.
    """
    is_real = isinstance(value, numbers.Real) and not isinstance(value, bool)
    if not is_real or not above < value < below:
        what = expected or f"a number above {above:g} and below {below:g}"
        raise InputError(f"{name}: expected {what}, received {shown(value)}")
    return float(value)


def one_of(name: str, value: Any, choices: Iterable[str]) -> str:
    """`value`, which is one of the choices.

    Raises:
        InputError: it is not; the message lists the choices.
    """
    choices = list(choices)
    if not isinstance(value, str) or value not in choices:
        raise InputError(f"{name}: expected {alternatives(choices)}, received {shown(value)}")
    return value


def nearest(name: str, known: Iterable[str]) -> list[str]:
    """Lists up to three of the known names that resemble `name`, the best first; capitals do not matter."""
    by_lower_case = {candidate.lower(): candidate for candidate in known}
    return [by_lower_case[match] for match in difflib.get_close_matches(name.lower(), by_lower_case)]


def known_names(names: Sequence[str], known: Sequence[str], what: str) -> None:
    """Refuses names that are not known, all at once.

    Args:
        names: what the user wrote.
        known: what there is.
        what: what the known names are, in the plural, for the message.

    Raises:
        InputError: naming the first unknown names and those nearest to them.
    """
    wrong = [name for name in dict.fromkeys(names) if name not in known]
    if wrong:
        named = wrong[:MAX_LISTED]
        near = [", ".join(nearest(name[:MAX_SHOWN], known)) or "none" for name in named]
        received = "; and ".join(f"{shown(name)}; near: {one}" for name, one in zip(named, near, strict=True))
        if len(wrong) > MAX_LISTED:
            received += f"; and {len(wrong) - MAX_LISTED} others"
        raise InputError(f"expected one of the {len(known)} {what}, received {received}")


def alternatives(choices: Sequence[str]) -> str:
    """Choices as messages list them."""
    return " or ".join(choices) if len(choices) < 3 else f"one of {', '.join(choices)}"
