"""The geometry of SVG elements, by svgelements. Enter: attributes, as text. Leave: polylines in the element's units.

svgelements parses path data, transforms and arcs. It passes over what it does not understand, so text is checked
before it gets there; what it raises on text that passes is of many types.
"""

import math
import re
from collections.abc import Iterable, Mapping

import numpy as np
import svgelements

from ..errors import InputError, shown

_BASIC = {
    "line": (svgelements.SimpleLine, ("x1", "y1", "x2", "y2")),
    "rect": (svgelements.Rect, ("x", "y", "width", "height", "rx", "ry")),
    "circle": (svgelements.Circle, ("cx", "cy", "r")),
    "ellipse": (svgelements.Ellipse, ("cx", "cy", "rx", "ry")),
}
SHAPES = frozenset(["path", "polyline", "polygon", *_BASIC])
MAX_POINTS = 500_000  # of a drawing, curves sampled
MAX_TEXT = 2**18  # characters of one attribute; svgelements takes some 300 bytes of memory for two of them
_SAMPLES = np.arange(65) / 64  # of a curve; the greatest error is some 0.1 of a canvas of 255
_ERRORS = (ValueError, TypeError, AttributeError, LookupError, ArithmeticError, RecursionError)

_NUMBER = r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
_LENGTH = re.compile(rf"\s*({_NUMBER})\s*(px|pt|pc|in|cm|mm|Q|%|)\s*")
_PATH = re.compile(r"\s*[Mm][MmZzLlHhVvCcSsQqTtAa0-9\s,.eE+-]*", re.ASCII)
_FUNCTION = r"(?:matrix|translate|scale|rotate|skewX|skewY)\s*\([0-9\s,.eE+-]*\)"
_TRANSFORM = re.compile(rf"(?:[\s,]*{_FUNCTION})*[\s,]*", re.ASCII)
_PIXELS = {"px": 1, "": 1, "pt": 4 / 3, "pc": 16, "in": 96, "cm": 96 / 2.54, "mm": 96 / 25.4, "Q": 96 / 101.6}
Viewport = tuple[float, float]  # width and height


def parse_length(text: str, whole: float) -> float:
    """Gives a length in pixels; `whole` is what 100 % are."""
    found = _LENGTH.fullmatch(text)
    if not found:
        raise InputError(f"expected a number with px, pt, pc, in, cm, mm, Q, % or no unit, received {shown(text)}")
    number, unit = float(found[1]), found[2]
    return number / 100 * whole if unit == "%" else number * _PIXELS[unit]


def parse_transform(text: str) -> svgelements.Matrix:
    """Gives the affine map of a transform attribute."""
    text = re.sub(r"(?<=[0-9.])(?:px|deg)\b", "", _bounded(text))  # as style attributes have them
    if not _TRANSFORM.fullmatch(text):
        raise InputError(f"expected transforms such as translate(1 2) rotate(30), received {shown(text)}")
    try:
        return svgelements.Matrix(text)
    except _ERRORS:
        raise InputError(f"the transform {shown(text)} has too few or too many numbers") from None


def parse_viewbox(text: str) -> list[float]:
    """Gives x, y, width and height of a viewBox."""
    numbers = parse_numbers(text)
    if len(numbers) != 4 or not numbers[2] > 0 or not numbers[3] > 0:
        raise InputError(f"expected viewBox to be x, y, a width and a height above 0, received {shown(text)}")
    return numbers


def fit_viewbox(viewbox: str, aspect: str | None, viewport: Viewport) -> svgelements.Matrix:
    """Gives the map from a viewBox to a viewport of this size, whose corner is (0, 0)."""
    fit = svgelements.Viewbox.viewbox_transform(0, 0, *viewport, *parse_viewbox(viewbox), aspect)
    return parse_transform(fit)


def parse_numbers(text: str) -> list[float]:
    """Gives the numbers of a list such as `points`."""
    if re.sub(_NUMBER, "", _bounded(text)).strip(", \t\r\n"):
        raise InputError(f"expected a list of numbers, received {shown(text)}")
    return [float(number) for number in re.findall(_NUMBER, text)]


def apply(matrix: svgelements.Matrix, points: np.ndarray) -> np.ndarray:
    """Maps points `[k, 2]`; those that are too large become infinite, or NaN."""
    a, b, c, d, e, f = (float(matrix[k]) for k in range(6))
    with np.errstate(over="ignore", invalid="ignore"):
        return points @ [[a, b], [c, d]] + [e, f]


def outline(tag: str, attributes: Mapping[str, str], viewport: Viewport) -> list[np.ndarray]:
    """Gives the subpaths of a shape as polylines.

    Args:
        tag: one of `SHAPES`.
        attributes: of the element.
        viewport: what percentages refer to.

    Returns:
        Arrays `[k, 2]`, in drawing order. A closed subpath returns to its start; a dot is one point; a subpath that
        only moves the pen is left out.

    Raises:
        InputError: an attribute cannot be understood.
    """
    if tag in ("polyline", "polygon"):
        return _polyline(parse_numbers(attributes.get("points", "")), closed=tag == "polygon")
    try:
        if tag == "path":
            segments = _parse_path(attributes.get("d", ""))
        else:
            shape = _BASIC[tag][0](**_lengths(tag, attributes, viewport))
            segments = [] if shape.is_degenerate() else shape.segments(transformed=False)
        with np.errstate(over="ignore", invalid="ignore"):
            return list(_trace(segments))
    except InputError:
        raise
    except _ERRORS:
        raise InputError(f"expected complete path data, received {shown(attributes.get('d', ''))}") from None


def _polyline(numbers: list[float], closed: bool) -> list[np.ndarray]:
    if len(numbers) % 2:
        raise InputError(f"expected pairs of x and y, received {len(numbers)} numbers")
    points = np.array(numbers).reshape(-1, 2)
    if len(points) < 2:
        return []
    return _stroke([points, points[:1]] if closed else [points[:1], points[1:]])


def _lengths(tag: str, attributes: Mapping[str, str], viewport: Viewport) -> dict[str, float]:
    """The numbers of a basic shape; one that is missing is 0, but a corner's radius is then the other radius."""
    width, height = viewport
    whole = {"r": math.hypot(width, height) / math.sqrt(2)}
    whole |= dict.fromkeys(("x", "x1", "x2", "cx", "rx", "width"), width)
    names = _BASIC[tag][1]
    given = {name: attributes[name] for name in names if attributes.get(name, "auto").strip() != "auto"}
    lengths = {name: parse_length(text, whole.get(name, height)) for name, text in given.items()}
    for name, other in (("rx", "ry"), ("ry", "rx")):
        if name in names and other in lengths:
            lengths.setdefault(name, lengths[other])
    for name in {"width", "height", "r", "rx", "ry"} & lengths.keys():
        if not 0 <= lengths[name] < math.inf:
            raise InputError(f"expected {name} to be at least 0, received {lengths[name]:g}")
    return dict.fromkeys(names, 0.0) | lengths


def _parse_path(data: str) -> Iterable[svgelements.PathSegment]:
    if data.strip() in ("", "none"):
        return []
    if not _PATH.fullmatch(_bounded(data)):
        raise InputError(f"expected path data that begins with M, such as M 0 0 L 9 9, received {shown(data)}")
    return svgelements.Path(_explicit(data)).segments(transformed=False)


def _explicit(data: str) -> str:
    """Writes out what svgelements gets wrong or does slowly.

    It reflects the control point of any curve before S or T, where SVG wants one of the same kind; a line of no length
    in between is no curve. It searches back to the last move at each z; a move of no length after z is near.
    """
    before = ""

    def expand(command: re.Match) -> str:
        nonlocal before
        letter = command[0].upper()
        if before == "Z" and letter != "M":
            inserted = "m0 0"
        elif (letter == "S" and before not in "CS") or (letter == "T" and before not in "QT"):
            inserted = "l0 0"
        else:
            inserted = ""
        before = letter
        return inserted + command[0]

    return re.sub(r"[A-DF-Za-df-z]", expand, re.sub(r"[zZ][\s,zZ]*", "z ", data))


def _trace(segments: Iterable[svgelements.PathSegment]) -> Iterable[np.ndarray]:
    """Samples curves, and cuts where the pen moves or a subpath is closed."""
    parts: list[np.ndarray] = []
    count = 0
    for segment in segments:
        end = np.array([[float(segment.end.x), float(segment.end.y)]])
        if isinstance(segment, svgelements.Move):
            yield from _stroke(parts)
            parts = [end]
            continue
        if not isinstance(segment, svgelements.Linear):
            parts.append(np.asarray(segment.npoint(_SAMPLES))[1:-1])
            count += len(parts[-1])
        parts.append(end)
        if count > MAX_POINTS:
            raise InputError(f"expected at most {MAX_POINTS} points on its curves, received more")
        if isinstance(segment, svgelements.Close):
            yield from _stroke(parts)
            parts = [end]  # where a next subpath begins if it does not move
    yield from _stroke(parts)


def _stroke(parts: list[np.ndarray]) -> list[np.ndarray]:
    """One polyline; none if the pen only moved, and a single point for a dot."""
    if len(parts) < 2:
        return []
    points = np.concatenate(parts)
    return [points[:1] if (points == points[0]).all() else points]


def _bounded(text: str) -> str:
    if len(text) > MAX_TEXT:
        raise InputError(f"expected at most {MAX_TEXT} characters in an attribute, received {len(text)}")
    return text
