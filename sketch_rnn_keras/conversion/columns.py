"""Pen strokes as JSON has them: lists of x and of y, or of points, checked number by number."""

from typing import Any

import numpy as np

from ..errors import InputError

_NUMBER = {int, float}


def join_columns(strokes: Any) -> tuple[np.ndarray, list[int], bool]:
    """Joins strokes `[[x, ...], [y, ...]]` or `[[x, ...], [y, ...], [t, ...]]`, as Quick, Draw! writes them.

    Returns:
        The points, float64 `[P, 2]`; how many there are in each stroke that has any; whether the strokes have times.

    Raises:
        InputError: the document is anything else; the stroke is named.
    """
    if type(strokes) is not list:
        raise InputError(f"expected a list of strokes, received {kind_of(strokes)}")
    xs, ys, lengths, widths = [], [], [], set()
    for index, stroke in enumerate(strokes):
        if type(stroke) is not list or len(stroke) not in (2, 3) or set(map(type, stroke)) != {list}:
            raise InputError(
                f"stroke {index}: expected [[x, ...], [y, ...]], with a list of times or without, received "
                f"{_outline(stroke)}"
            )
        if len(set(map(len, stroke))) > 1:
            raise InputError(f"stroke {index}: expected lists of one length, received {[len(part) for part in stroke]}")
        widths.add(len(stroke))
        if stroke[0]:
            xs += stroke[0]
            ys += stroke[1]
            lengths.append(len(stroke[0]))
    if len(widths) > 1:
        raise InputError("expected times in all strokes or in none, received them in some")
    points = np.empty((len(xs), 2))
    points[:, 0], points[:, 1] = _numbers(xs), _numbers(ys)
    return points, lengths, widths == {3}


def join_polylines(strokes: Any, layout: str | None) -> tuple[np.ndarray, list[int]]:
    """Joins strokes that are all `[[x, ...], [y, ...]]` or all `[[x, y], [x, y], ...]`.

    Args:
        strokes: the document.
        layout: "columns" or "points", for a document of which both can be true: one whose strokes have two points.

    Returns:
        The points, float64 `[P, 2]`, and how many there are in each stroke that has any.

    Raises:
        InputError: the document is neither, or both.
    """
    if type(strokes) is not list or any(type(stroke) is not list for stroke in strokes):
        raise InputError(
            f"expected a list of strokes, each [[x, ...], [y, ...]] or [[x, y], [x, y], ...], received "
            f"{_outline(strokes)}"
        )
    strokes = [stroke for stroke in strokes if stroke not in ([], [[], []])]
    for index, stroke in enumerate(strokes):
        if any(type(part) is not list for part in stroke):
            raise InputError(f"stroke {index}: expected lists of numbers, received {_outline(stroke)}")
    fits = {
        "columns": all(len(stroke) == 2 and len(stroke[0]) == len(stroke[1]) for stroke in strokes),
        "points": all(len(point) == 2 for stroke in strokes for point in stroke),
    }
    possible = [name for name, holds in fits.items() if holds]
    if strokes and len(possible) == 2:
        if layout is None:
            raise InputError(
                "each stroke has two points, so [[a, b], [c, d]] could be [[x, x], [y, y]] or [[x, y], [x, y]]; "
                "say which with polylines='columns' or polylines='points'"
            )
        possible = [layout]
    if not possible:
        raise InputError(
            "expected all strokes to be [[x, ...], [y, ...]], or all to be [[x, y], [x, y], ...], received others"
        )
    if possible[0] == "columns":
        points, lengths, _ = join_columns(strokes)
        return points, lengths
    lengths = [len(stroke) for stroke in strokes]
    return _numbers([number for stroke in strokes for point in stroke for number in point]).reshape(-1, 2), lengths


def _numbers(values: list) -> np.ndarray:
    if not _NUMBER.issuperset(map(type, values)):  # booleans are no numbers here
        wrong = next(value for value in values if type(value) not in _NUMBER)
        raise InputError(f"expected numbers as coordinates, received {kind_of(wrong)}")
    try:
        return np.array(values, np.float64)
    except OverflowError:
        raise InputError("expected coordinates that a float can hold, received a longer number") from None


def kind_of(value: Any) -> str:
    """What a JSON value is, for a message."""
    names = {dict: "an object", list: "a list", str: "text", bool: "true or false", type(None): "null"}
    return names.get(type(value), "a number")


def _outline(value: Any) -> str:
    """What a JSON value is and, if it is a list, what its first items are."""
    if type(value) is not list:
        return kind_of(value)
    kinds = [kind_of(item) for item in value[:3]]
    return f"[{', '.join(kinds)}{', ...' if len(value) > 3 else ''}]"
