"""Drawings as pictures: stroke-3 arrays in, one SVG or PNG file with a grid of drawings out.

Every drawing is scaled uniformly and centred in a square cell of its own, so its unit does not matter. Both formats
show the same page, laid out once: SVG by svgwrite, PNG by matplotlib's Agg canvas without pyplot or other shared state.
The same input gives the same bytes. The paper's figures of generated sketches are such grids.
"""

import bisect
import io
import math
import os
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import svgwrite
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.patches import PathPatch
from matplotlib.path import Path as Outline
from matplotlib.textpath import text_to_path

from .errors import InputError
from .files import write_atomically
from .strokes import to_polylines

PNG_PIXELS_PER_UNIT = 2  # A PNG is as sharp as a high-density screen; an SVG unit is one CSS pixel.
_PNG_MAX_PIXELS = 2**16 - 1  # Agg's limit on either side.
_INK, _LETTERS = "#1f2328", "#656d76"
_FONT = "DejaVu Sans"  # Comes with matplotlib; wider than most fonts a viewer may use for the SVG.


@dataclass(frozen=True)
class _Text:
    """A line of text, centred on x, standing on y."""

    content: str
    x: float
    y: float
    size: float


@dataclass(frozen=True)
class _Page:
    """What both formats draw. Units: CSS pixels, y downwards."""

    width: int
    height: int
    line_width: float
    sketches: list[list[np.ndarray]]  # each a list of polylines, float64 [k, 2], in page coordinates
    texts: list[_Text]


def draw_sketches(
    sketches: Sequence[np.ndarray] | np.ndarray,
    path: str | os.PathLike,
    *,
    columns: int | None = None,
    labels: Sequence[str | None] | None = None,
    cell: float = 160,
    line_width: float = 2.0,
    margin: float = 14.0,
    title: str | None = None,
) -> Path:
    """Draw sketches into a picture file, row by row in a grid; the suffix chooses SVG or PNG.

    A file that exists is replaced, in one step: to ask first is the caller's part. A one-point stroke is a dot; an
    empty sketch leaves its cell empty.

    Args:
        sketches: stroke-3 arrays `[n, 3]` in any unit, y downwards; or one such array for a single drawing.
        path: file to write, ending in `.svg` or `.png`.
        columns: drawings per row; None makes the grid as square as can be.
        labels: one text per sketch, shown below it, shortened with an ellipsis where too wide; None for no text.
        cell: side of a drawing's square, in CSS pixels. A PNG has two pixels for each.
        line_width: width of the pen, in CSS pixels.
        margin: space kept free inside each side of a cell, and around the page, in CSS pixels.
        title: text above the grid.

    Returns:
        The path.

    Raises:
        InputError: no sketches, a sketch of the wrong shape or with NaN or infinity (its index is named), labels that
            do not match, impossible sizes, another suffix, or a file that cannot be written.
    """
    renderers = {".svg": _svg, ".png": _png}
    suffix = Path(path).suffix.lower()
    if suffix not in renderers:
        raise InputError(f"{path}: expected a file name ending in .svg or .png, got '{suffix}'")
    page = _lay_out(sketches, columns, labels, cell, line_width, margin, title)
    return write_atomically(path, renderers[suffix](page))


def svg_string(
    sketches: Sequence[np.ndarray] | np.ndarray,
    *,
    columns: int | None = None,
    labels: Sequence[str | None] | None = None,
    cell: float = 160,
    line_width: float = 2.0,
    margin: float = 14.0,
    title: str | None = None,
) -> str:
    """Return the SVG document that `draw_sketches` writes, for a notebook or a web page.

    Args:
        sketches, columns, labels, cell, line_width, margin, title: as for `draw_sketches`.

    Returns:
        XML text; the same for the same input.

    Raises:
        InputError: as `draw_sketches`.
    """
    return _svg(_lay_out(sketches, columns, labels, cell, line_width, margin, title)).decode()


def _lay_out(
    sketches: Sequence[np.ndarray] | np.ndarray,
    columns: int | None,
    labels: Sequence[str | None] | None,
    cell: float,
    line_width: float,
    margin: float,
    title: str | None,
) -> _Page:
    """Check everything and place every drawing and text on the page."""
    _check_sizes(cell, line_width, margin)
    drawings = _checked_sketches(sketches)
    columns = _checked_columns(columns, len(drawings))
    labels = _checked_labels(labels, len(drawings))
    rows = math.ceil(len(drawings) / columns)
    letter = min(max(0.075 * cell, 7), 18)  # size of the labels
    row_height = cell + (2.2 * letter if any(labels) else 0)
    top = margin + (3 * letter if title else 0)
    width = math.ceil(2 * margin + columns * cell)
    height = math.ceil(top + rows * row_height + margin)

    sketches_placed = []
    texts = [_caption(title, width / 2, margin + 1.5 * letter, 1.5 * letter, width - 2 * margin)] if title else []
    for index, (drawing, label) in enumerate(zip(drawings, labels, strict=True)):
        row, column = divmod(index, columns)
        x, y = margin + (column + 0.5) * cell, top + row * row_height
        middle, room = np.array([x, y + cell / 2]), cell - 2 * margin - line_width
        sketches_placed.append(_fit(drawing, middle, room, index))
        if label:
            texts.append(_caption(label, x, y + cell + 0.7 * letter, letter, cell - margin))
    return _Page(width, height, line_width, sketches_placed, texts)


def _fit(sketch: np.ndarray, middle: np.ndarray, room: float, index: int) -> list[np.ndarray]:
    """Scale a stroke-3 array uniformly so that its larger side is `room`, and centre it: page coordinates."""
    with np.errstate(over="ignore", invalid="ignore"):
        polylines = to_polylines(sketch)
    if not polylines:
        return []
    points = np.concatenate(polylines)
    low, high = points.min(axis=0), points.max(axis=0)
    with np.errstate(over="ignore", invalid="ignore"):
        extent = np.max(high - low)
    if not np.isfinite(extent):
        raise InputError(f"sketch {index}: its offsets add up to more than a float can hold; scale it down")
    extent = extent or 1  # All points are one.
    # Dividing before multiplying works for extents as small as floats can be.
    corner = middle - room * ((high - low) / extent) / 2
    return [corner + room * ((points - low) / extent) for points in polylines]


def _svg(page: _Page) -> bytes:
    drawing = svgwrite.Drawing(size=(page.width, page.height), debug=False)
    drawing.viewbox(0, 0, page.width, page.height)
    drawing.add(drawing.rect(size=("100%", "100%"), fill="white"))
    pen = {"stroke_width": _number(page.line_width), "stroke_linecap": "round", "stroke_linejoin": "round"}
    inked = drawing.add(drawing.g(fill="none", stroke=_INK, **pen))
    for polylines in page.sketches:
        if polylines:
            inked.add(drawing.path(d=_path_data(polylines)))
    if page.texts:
        lettered = drawing.add(drawing.g(fill=_LETTERS, font_family="sans-serif", text_anchor="middle"))
        for text in page.texts:
            place = (_number(text.x), _number(text.y))
            lettered.add(drawing.text(text.content, insert=place, font_size=_number(text.size)))
    return ('<?xml version="1.0" encoding="utf-8"?>\n' + drawing.tostring() + "\n").encode()


def _path_data(polylines: Sequence[np.ndarray]) -> str:
    """Write polylines as relative SVG path commands in hundredths of a unit.

    Positions are rounded before they are subtracted, so rounding errors do not add up along the path.
    """
    pen, commands = np.zeros((1, 2)), []
    for points in polylines:
        rounded = np.round(points, 2)
        numbers = [_number(step) for step in np.diff(rounded, axis=0, prepend=pen).ravel().tolist()]
        # A line of no length, with round caps, is a dot.
        commands.append(f"m{' '.join(numbers[:2])}l{' '.join(numbers[2:] or '00')}")
        pen = rounded[-1:]
    return "".join(commands).replace(" -", "-")


def _number(value: float) -> str:
    """The shortest SVG number within 0.005 of a value: -0.50 is -.5."""
    hundredths = round(value * 100)
    digits = f"{abs(hundredths) / 100:.15g}".lstrip("0") or "0"
    return f"-{digits}" if hundredths < 0 else digits


def _png(page: _Page) -> bytes:
    if max(page.width, page.height) * PNG_PIXELS_PER_UNIT > _PNG_MAX_PIXELS:
        raise InputError(
            f"a page of {page.width} x {page.height} is too large for PNG (at most "
            f"{_PNG_MAX_PIXELS // PNG_PIXELS_PER_UNIT} either way); write SVG, or make the cells smaller"
        )
    # 72 units to the inch make line widths and font sizes, which matplotlib counts in points, equal to page units.
    figure = Figure((page.width / 72, page.height / 72), dpi=72 * PNG_PIXELS_PER_UNIT, facecolor="white")
    canvas = FigureCanvasAgg(figure)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, page.width), ylim=(page.height, 0))
    axes.set_axis_off()
    pen = {"edgecolor": _INK, "linewidth": page.line_width, "capstyle": "round", "joinstyle": "round"}
    for polylines in page.sketches:
        if polylines:
            outline = Outline.make_compound_path(*map(_outline, polylines))
            axes.add_patch(PathPatch(outline, fill=False, snap=False, **pen))
    for text in page.texts:
        letters = {"color": _LETTERS, "fontfamily": _FONT, "fontsize": text.size, "parse_math": False}
        axes.text(text.x, text.y, text.content, horizontalalignment="center", **letters)
    buffer = io.BytesIO()
    canvas.print_png(buffer, metadata={"Software": None})
    return buffer.getvalue()


def _outline(points: np.ndarray) -> Outline:
    """A matplotlib path; one point is stretched by a hundredth of a unit, because Agg draws no line of no length."""
    if np.ptp(points, axis=0).max() == 0:
        points = np.stack([points[0], points[0] + (0.01, 0)])
    return Outline(points)


def _caption(content: str, x: float, y: float, size: float, room: float) -> _Text:
    """One line of text that XML and the page can hold: clean, and shortened with an ellipsis to `room` units."""
    line = " ".join(str(content).split())[: 1 + math.ceil(4 * room / size)]  # no letter is under a quarter wide
    line = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in line)
    if _text_width(line, size) > room:
        shorter = range(1, len(line))
        kept = bisect.bisect_right(shorter, room, key=lambda n: _text_width(line[:n].rstrip() + "…", size))
        line = line[:kept].rstrip() + "…"
    return _Text(line, x, y, size)


def _text_width(text: str, size: float) -> float:
    """Width in page units. The font lacks full-width characters; they are as wide as its em dash."""
    measured = "".join("—" if unicodedata.east_asian_width(c) in "WF" else c for c in text)
    font = FontProperties(family=_FONT, size=size)
    return text_to_path.get_text_width_height_descent(measured, font, ismath=False)[0]


def _checked_sketches(sketches: Sequence[np.ndarray] | np.ndarray) -> list[np.ndarray]:
    if isinstance(sketches, np.ndarray) and sketches.ndim == 2 and sketches.dtype != object:
        sketches = [sketches]
    if len(sketches) == 0:
        raise InputError("expected at least one sketch to draw, got none")
    return [_checked_sketch(sketch, index) for index, sketch in enumerate(sketches)]


def _checked_sketch(sketch: np.ndarray, index: int) -> np.ndarray:
    try:
        rows = np.asarray(sketch, np.float64)
    except (TypeError, ValueError):
        raise InputError(
            f"sketch {index}: expected a stroke-3 array [n, 3] of numbers, got {type(sketch).__name__}"
        ) from None
    if rows.size == 0:
        return np.zeros((0, 3))
    if rows.ndim != 2 or rows.shape[1] != 3:
        raise InputError(f"sketch {index}: expected a stroke-3 array [n, 3], got shape {list(rows.shape)}")
    if not np.isfinite(rows).all():
        row = int(np.flatnonzero(~np.isfinite(rows).all(axis=1))[0])
        raise InputError(f"sketch {index}: expected finite numbers, got {rows[row].tolist()} in row {row}")
    return rows


def _checked_columns(columns: int | None, count: int) -> int:
    if columns is None:
        return math.ceil(math.sqrt(count))
    if columns < 1:
        raise InputError(f"columns: expected at least 1, got {columns}")
    return min(columns, count)


def _checked_labels(labels: Sequence[str | None] | None, count: int) -> list[str]:
    if labels is None:
        return [""] * count
    if isinstance(labels, str) or len(labels) != count:
        got = "one text" if isinstance(labels, str) else f"{len(labels)}"
        raise InputError(f"labels: expected a list of {count}, one per sketch, got {got}")
    return ["" if label is None else label for label in labels]


def _check_sizes(cell: float, line_width: float, margin: float) -> None:
    sizes = {"cell": cell, "line_width": line_width, "margin": margin}
    for name, size in sizes.items():
        if not (math.isfinite(size) and size >= 0) or (size == 0 and name != "margin"):
            raise InputError(f"{name}: expected a finite number above 0, got {size}")
    if cell <= 2 * margin + line_width:
        raise InputError(
            f"cell: expected more than two margins of {margin} and a line of {line_width}, got {cell}; "
            "make the cell larger or the margin smaller"
        )
