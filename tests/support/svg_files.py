"""SVG documents for the tests of conversion, and the pen strokes read from them."""

from pathlib import Path

import numpy as np

from sketch_rnn_keras.conversion import svg
from sketch_rnn_keras.conversion.items import Reading, Rejected

NAMESPACES = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'


def strokes_of(place: Path, body: str, root: str = 'stroke="black"', notes: dict | None = None) -> list[np.ndarray]:
    return read(place, f"<svg {NAMESPACES} {root}>{body}</svg>", notes)


def read(place: Path, document: str | bytes, notes: dict | None = None) -> list[np.ndarray]:
    place.write_bytes(document if isinstance(document, bytes) else document.encode())
    reading = Reading()
    (drawing,) = svg.read(place, reading)
    if notes is not None:
        notes |= +reading.notes
    if isinstance(drawing, Rejected):
        return []
    return np.split(drawing.points, np.cumsum(drawing.lengths)[:-1])


def assert_strokes(strokes: list[np.ndarray], expected: list[list]) -> None:
    assert [len(stroke) for stroke in strokes] == [len(stroke) for stroke in expected]
    for stroke, other in zip(strokes, expected, strict=True):
        np.testing.assert_allclose(stroke, other, atol=1e-9)
