"""Drawings in a grid: stroke-3 arrays in, one SVG, PNG or PDF file (or the text of an SVG, or a `Page`) out.

Every drawing is scaled uniformly and centred in a square cell of its own, so its unit does not matter. This module lays
the page out, `page` writes it. The same input gives the same bytes. The paper's figures of generated sketches are
such grids.
"""

import bisect
import itertools
import math
import os
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib.colors import to_hex
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import text_to_path

from ..errors import InputError, one_of, whole_number
from ..files.writing import check_suffix, write_atomically
from ..strokes import as_stroke3, to_polylines
from .page import FONT, RENDERERS, Colours, Page, Stroke, Text, printable, to_svg

COLOURINGS = ("ink", "order", "pen")
_LIGHT = Colours(paper="white", ink="#1f2328", letters="#656d76", travel="#bc4c00")
_DARK = Colours(paper="#0d1117", ink="#e6edf3", letters="#8b949e", travel="#f0883e")
_SHOWS_ON_LIGHT, _SHOWS_ON_DARK = (0.0, 0.85), (0.3, 1.0)  # the parts of the colour map that show on such paper


@dataclass(frozen=True)
class Style:
    """How drawings look.

    Attributes:
        cell: side of a drawing's square, in CSS pixels. A PNG has two pixels for each.
        line_width: width of the pen, in CSS pixels.
        margin: space kept free inside each side of a cell, and around the page, in CSS pixels.
        colour: "ink": one colour; "order": from dark to bright in the order of the strokes (reversed on dark paper:
            from dim to bright); "pen": one colour, with dashed lines where the pen moves above the paper.
        smooth: draw curves through the points instead of straight lines between them.
        dark: light ink on dark paper.

    Raises:
        InputError: impossible sizes or another colouring.
    """

    cell: float = 160.0
    line_width: float = 2.0
    margin: float = 14.0
    colour: str = "ink"
    smooth: bool = False
    dark: bool = False

    def __post_init__(self) -> None:
        _check_sizes(self.cell, self.line_width, self.margin)
        one_of("colour", self.colour, COLOURINGS)

    @property
    def colours(self) -> Colours:
        return _DARK if self.dark else _LIGHT

    @property
    def letter(self) -> float:
        """Size of labels and captions."""
        return min(max(0.075 * self.cell, 7), 18)


def draw_sketches(
    sketches: Sequence[np.ndarray] | np.ndarray,
    path: str | os.PathLike,
    *,
    columns: int | None = None,
    labels: Sequence[str | None] | None = None,
    title: str | None = None,
    row_captions: Sequence[str] | None = None,
    column_captions: Sequence[str] | None = None,
    **style: Any,
) -> Path:
    """Draw sketches into a picture file, row by row in a grid; the suffix chooses SVG, PNG or PDF.

    A file that exists is replaced, in one step: to ask first is the caller's part. A one-point stroke is a dot; an
    empty sketch leaves its cell empty.

    Args:
        sketches: stroke-3 arrays `[n, 3]` in any unit, y downwards; or one such array for a single drawing.
        path: file to write, ending in `.svg`, `.png` or `.pdf`.
        columns: drawings per row; None makes the grid as square as can be.
        labels: one text per sketch, shown below it, shortened with an ellipsis where too wide; None for no text.
        title: text above the grid.
        row_captions, column_captions: one text per row, to its left, and one per column, above it.
        **style: the attributes of `Style`: `cell`, `line_width`, `margin`, `colour`, `smooth`, `dark`.

    Returns:
        The path.

    Raises:
        InputError: no sketches, a sketch of the wrong shape or with NaN or infinity (its index is named), texts that do
            not match, an impossible style, another suffix, or a file that cannot be written.
    """
    suffix = check_suffix(path, *RENDERERS)
    texts: dict[str, Any] = {"title": title, "row_captions": row_captions, "column_captions": column_captions}
    page = lay_out(sketches, Style(**style), columns=columns, labels=labels, **texts)
    return write_atomically(path, RENDERERS[suffix](page))


def svg_string(sketches: Sequence[np.ndarray] | np.ndarray, **options: Any) -> str:
    """Return the SVG document that `draw_sketches` writes, for a notebook or a web page.

    Args:
        sketches: as for `draw_sketches`.
        **options: those of `draw_sketches`.

    Returns:
        XML text; the same for the same input.

    Raises:
        InputError: as `draw_sketches`.
    """
    texts = ("columns", "labels", "title", "row_captions", "column_captions")
    layout = {name: options.pop(name) for name in texts if name in options}
    return to_svg(lay_out(sketches, Style(**options), **layout)).decode()


def lay_out(
    sketches: Sequence[np.ndarray] | np.ndarray,
    style: Style,
    *,
    columns: int | None = None,
    labels: Sequence[str | None] | None = None,
    title: str | None = None,
    row_captions: Sequence[str] | None = None,
    column_captions: Sequence[str] | None = None,
) -> Page:
    """Check everything and place every drawing and text on the page; see `draw_sketches`."""
    drawings = _checked_sketches(sketches)
    columns = _checked_columns(columns, len(drawings))
    rows = math.ceil(len(drawings) / columns)
    labels = _checked_texts("labels", labels, len(drawings), "sketch")
    beside = _checked_texts("row_captions", row_captions, rows, "row")
    above = _checked_texts("column_captions", column_captions, columns, "column")
    cell, letter, margin = style.cell, style.letter, style.margin
    left = margin + min(max(_text_width(text, letter) for text in beside), 2 * cell) + (letter if any(beside) else 0)
    top = margin + (3 * letter if title else 0) + (2.2 * letter if any(above) else 0)
    row_height = cell + (2.2 * letter if any(labels) else 0)
    width, height = math.ceil(left + columns * cell + margin), math.ceil(top + rows * row_height + margin)
    page = Page(width, height, style.line_width, style.smooth, style.colours)

    if title:
        page.texts.append(_caption(title, width / 2, margin + 1.5 * letter, 1.5 * letter, width - 2 * margin))
    for column, text in enumerate(above):
        page.texts.append(_caption(text, left + (column + 0.5) * cell, top - 0.8 * letter, letter, cell - margin / 2))
    for row, text in enumerate(beside):
        y = top + row * row_height + cell / 2 + 0.35 * letter
        page.texts.append(_caption(text, left - letter, y, letter, 2 * cell, "end"))
    for index, (drawing, label) in enumerate(zip(drawings, labels, strict=True)):
        row, column = divmod(index, columns)
        x, y = left + (column + 0.5) * cell, top + row * row_height
        middle, room = np.array([x, y + cell / 2]), cell - 2 * margin - style.line_width
        polylines = place(drawing, middle, room, index)
        page.sketches.append([Stroke(*pair) for pair in zip(polylines, _inks(style, len(polylines)), strict=True)])
        if style.colour == "pen":
            page.travels.extend(np.stack([a[-1], b[0]]) for a, b in itertools.pairwise(polylines))
        page.texts.append(_caption(label, x, y + cell + 0.7 * letter, letter, cell - margin))
    page.texts[:] = [text for text in page.texts if text.content]
    return page


def _inks(style: Style, count: int) -> list[str]:
    """The colour of each of `count` strokes."""
    if style.colour != "order":
        return [style.colours.ink] * count
    start, end = _SHOWS_ON_DARK if style.dark else _SHOWS_ON_LIGHT
    colours = matplotlib.colormaps["viridis"](np.linspace(start, end, max(count, 2)))
    return [to_hex(colour) for colour in colours[:count]]


def place(sketch: np.ndarray, middle: np.ndarray, room: float, index: int) -> list[np.ndarray]:
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


def _caption(content: str, x: float, y: float, size: float, room: float, anchor: str = "middle") -> Text:
    """One line of text that XML and the page can hold: clean, and shortened with an ellipsis to `room` units."""
    line = " ".join(str(content).split())[: 1 + math.ceil(4 * room / size)]  # no letter is under a quarter wide
    line = printable(line)
    if _text_width(line, size) > room:
        shorter = range(1, len(line))
        kept = bisect.bisect_right(shorter, room, key=lambda n: _text_width(line[:n].rstrip() + "…", size))
        line = line[:kept].rstrip() + "…"
    return Text(line, x, y, size, anchor)


def _text_width(text: str, size: float) -> float:
    """Width in page units. The font lacks full-width characters; they are as wide as its em dash."""
    measured = "".join("—" if unicodedata.east_asian_width(c) in "WF" else c for c in text)
    font = FontProperties(family=FONT, size=size)
    return text_to_path.get_text_width_height_descent(measured, font, ismath=False)[0]


def _checked_sketches(sketches: Sequence[np.ndarray] | np.ndarray) -> list[np.ndarray]:
    if isinstance(sketches, np.ndarray) and sketches.ndim == 2 and sketches.dtype != object:
        sketches = [sketches]
    if len(sketches) == 0:
        raise InputError("expected at least one sketch to draw, received none")
    return [as_stroke3(sketch, f"sketch {index}") for index, sketch in enumerate(sketches)]


def _checked_columns(columns: int | None, count: int) -> int:
    if columns is None:
        return math.ceil(math.sqrt(count))
    return min(whole_number("columns", columns, least=1), count)


def _checked_texts(name: str, texts: Sequence[str | None] | None, count: int, each: str) -> list[str]:
    if texts is None:
        return [""] * count
    if isinstance(texts, str) or len(texts) != count:
        received = "one text" if isinstance(texts, str) else f"{len(texts)}"
        raise InputError(f"{name}: expected a list of {count}, one per {each}, received {received}")
    return ["" if text is None else str(text) for text in texts]


def _check_sizes(cell: float, line_width: float, margin: float) -> None:
    sizes = {"cell": cell, "line_width": line_width, "margin": margin}
    for name, size in sizes.items():
        least = "of at least" if name == "margin" else "above"
        if not math.isfinite(size) or size < 0 or (size == 0 and name != "margin"):
            raise InputError(f"{name}: expected a finite number {least} 0, received {size}")
    if cell <= 2 * margin + line_width:
        raise InputError(
            f"cell: expected more than two margins of {margin} and a line of {line_width}, received {cell}; "
            "make the cell larger or the margin smaller"
        )
