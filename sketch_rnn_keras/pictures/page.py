"""A page of drawings as SVG (by svgwrite), PNG or PDF (by matplotlib's canvases, without pyplot or other shared state).

Enters: a `Page`: strokes, pen-up moves and lines of text, placed and coloured. Leaves: the bytes of a file, the same
for the same page. All formats show the same; SVG and PDF hold lines, and letters as text.
"""

import io
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import matplotlib
import numpy as np
import svgwrite
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_pdf import FigureCanvasPdf
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch
from matplotlib.path import Path as Outline

from ..errors import InputError

PNG_PIXELS_PER_UNIT = 2  # A PNG is as sharp as a high-density screen; an SVG unit is one CSS pixel.
FONT = "DejaVu Sans"  # Comes with matplotlib; wider than most fonts a viewer may use for the SVG.
UNDATED = {  # by suffix: what of matplotlib's metadata is left out, since a date or a version would change the bytes
    ".svg": {"Date": None},
    ".png": {"Software": None},
    ".pdf": {"Creator": None, "Producer": None, "CreationDate": None},
}
PDF_FONTS = {"pdf.fonttype": 42}  # TrueType, which journals ask for
_UNITS_PER_INCH = 72  # so that line widths and font sizes, which matplotlib counts in points, equal page units
_PNG_MAX_PIXELS = 2**16 - 1  # Agg's limit on either side.
_PDF_MAX_UNITS = 14400  # of a page on either side: what viewers of PDF take


def printable(text: str) -> str:
    """A text without the characters that XML forbids and no font has."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


@dataclass(frozen=True)
class Text:
    """A line of text standing on y; x is its middle, or its end."""

    content: str
    x: float
    y: float
    size: float
    anchor: str = "middle"  # or "end"


@dataclass(frozen=True)
class Stroke:
    """A pen stroke: float64 `[k, 2]` in page coordinates, and the colour of its ink."""

    points: np.ndarray
    colour: str


@dataclass(frozen=True)
class Colours:
    """Of a page."""

    paper: str
    ink: str
    letters: str
    travel: str  # of moves with the pen up


@dataclass(frozen=True)
class Page:
    """What both formats draw. Units: CSS pixels, y downwards."""

    width: int
    height: int
    line_width: float
    smooth: bool  # whether strokes are curves through their points
    colours: Colours
    sketches: list[list[Stroke]] = field(default_factory=list)
    travels: list[np.ndarray] = field(default_factory=list)  # each [2, 2]
    texts: list[Text] = field(default_factory=list)


def start_svg(page: Page) -> tuple[svgwrite.Drawing, svgwrite.container.Group]:
    """An SVG document with the page's paper, and the group in it that has the page's pen."""
    drawing = svgwrite.Drawing(size=(page.width, page.height), debug=False)
    drawing.viewbox(0, 0, page.width, page.height)
    drawing.add(drawing.rect(size=("100%", "100%"), fill=page.colours.paper))
    pen = {"stroke_width": _number(page.line_width), "stroke_linecap": "round", "stroke_linejoin": "round"}
    return drawing, drawing.g(fill="none", stroke=page.colours.ink, **pen)


def end_svg(drawing: svgwrite.Drawing) -> bytes:
    """The bytes of the document's file."""
    return ('<?xml version="1.0" encoding="utf-8"?>\n' + drawing.tostring() + "\n").encode()


def to_svg(page: Page) -> bytes:
    """The page as an SVG document; letters stay text."""
    drawing, inked = start_svg(page)
    if page.travels:
        dashes = {"stroke_width": _number(page.line_width / 2), "stroke_dasharray": _number(2 * page.line_width)}
        moves = drawing.add(drawing.g(fill="none", stroke=page.colours.travel, **dashes))
        moves.add(drawing.path(d=path_data(page.travels)))
    drawing.add(inked)
    for sketch in page.sketches:
        for colour, polylines in _by_colour(sketch):
            paint = {} if colour == page.colours.ink else {"stroke": colour}
            inked.add(drawing.path(d=path_data(polylines, page.smooth), **paint))
    if page.texts:
        lettered = drawing.add(drawing.g(fill=page.colours.letters, font_family="sans-serif", text_anchor="middle"))
        for text in page.texts:
            anchor = {} if text.anchor == "middle" else {"text_anchor": text.anchor}
            place = (_number(text.x), _number(text.y))
            lettered.add(drawing.text(text.content, insert=place, font_size=_number(text.size), **anchor))
    return end_svg(drawing)


def to_png(page: Page, pixels_per_unit: float = PNG_PIXELS_PER_UNIT) -> bytes:
    """The page as a PNG file.

    Raises:
        InputError: the page is too large.
    """
    _check_size(page, "PNG", int(_PNG_MAX_PIXELS / pixels_per_unit))
    buffer = io.BytesIO()
    FigureCanvasAgg(_figure(page, pixels_per_unit)).print_png(buffer, metadata=UNDATED[".png"])
    return buffer.getvalue()


def to_pdf(page: Page) -> bytes:
    """The page as a PDF file.

    Raises:
        InputError: the page is too large.
    """
    _check_size(page, "PDF", _PDF_MAX_UNITS)
    buffer = io.BytesIO()
    with matplotlib.rc_context(PDF_FONTS):
        FigureCanvasPdf(_figure(page)).print_pdf(buffer, metadata=UNDATED[".pdf"])
    return buffer.getvalue()


def _check_size(page: Page, name: str, largest: int) -> None:
    if max(page.width, page.height) > largest:
        raise InputError(
            f"a page of {page.width} x {page.height} is too large for {name} (at most {largest} either way); write "
            "SVG, or make the cells smaller"
        )


def _figure(page: Page, pixels_per_unit: float = 1) -> Figure:
    """The page as a figure of matplotlib's."""
    size = (page.width / _UNITS_PER_INCH, page.height / _UNITS_PER_INCH)
    figure = Figure(size, dpi=_UNITS_PER_INCH * pixels_per_unit, facecolor=page.colours.paper)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, page.width), ylim=(page.height, 0))
    axes.set_axis_off()
    for move in page.travels:
        dashes = {"linewidth": page.line_width / 2, "linestyle": (0, (4, 4))}  # in line widths
        axes.add_patch(PathPatch(Outline(move), fill=False, edgecolor=page.colours.travel, **dashes))
    pen = {"linewidth": page.line_width, "capstyle": "round", "joinstyle": "round"}
    for sketch in page.sketches:
        for colour, polylines in _by_colour(sketch):
            outline = Outline.make_compound_path(*(_outline(points, page.smooth) for points in polylines))
            axes.add_patch(PathPatch(outline, fill=False, snap=False, edgecolor=colour, **pen))
    for text in page.texts:
        letters: dict[str, Any] = {
            "color": page.colours.letters,
            "fontfamily": FONT,
            "fontsize": text.size,
            "parse_math": False,
        }
        side = {"middle": "center", "end": "right"}[text.anchor]
        axes.text(text.x, text.y, text.content, horizontalalignment=side, **letters)
    return figure


RENDERERS = {".svg": to_svg, ".png": to_png, ".pdf": to_pdf}  # by the suffix of the file


def _by_colour(sketch: list[Stroke]) -> Iterator[tuple[str, list[np.ndarray]]]:
    """The strokes in their order, neighbours of one colour together: `(colour, polylines)`."""
    for colour, strokes in itertools.groupby(sketch, key=lambda stroke: stroke.colour):
        yield colour, [stroke.points for stroke in strokes]


def path_data(polylines: Sequence[np.ndarray], smooth: bool = False) -> str:
    """Write polylines as relative SVG path commands in hundredths of a unit.

    Positions are rounded before they are subtracted, so rounding errors do not add up along the path.
    """
    pen, commands = np.zeros((1, 2)), []
    for points in polylines:
        curved = smooth and len(points) > 2
        rounded = np.round(_curve(points) if curved else points, 2)
        starts = np.concatenate([pen, rounded[:-1]])
        if curved:  # the three points of a piece are all relative to where it begins
            starts[1:] = np.repeat(rounded[:-1:3], 3, axis=0)
        numbers = [_number(step) for step in (rounded - starts).ravel().tolist()]
        start, rest = " ".join(numbers[:2]), " ".join(numbers[2:])
        if not rest:
            rest = "0 0"  # a line of no length, with round caps, is a dot
        commands.append(f"m{start}{'c' if curved else 'l'}{rest}")
        pen = rounded[-1:]
    return "".join(commands).replace(" -", "-")


def _number(value: float) -> str:
    """The shortest SVG number within 0.005 of a value: -0.50 is -.5."""
    hundredths = round(value * 100)
    digits = f"{abs(hundredths) / 100:.15g}".lstrip("0") or "0"
    return f"-{digits}" if hundredths < 0 else digits


def _outline(points: np.ndarray, smooth: bool) -> Outline:
    """A matplotlib path; one point is stretched by a hundredth of a unit, because Agg draws no line of no length."""
    if np.ptp(points, axis=0).max() == 0:
        points = np.stack([points[0], points[0] + (0.01, 0)])
    if not smooth or len(points) < 3:
        return Outline(points)
    curve = _curve(points)
    return Outline(curve, [Outline.MOVETO] + [Outline.CURVE4] * (len(curve) - 1))


def _curve(points: np.ndarray) -> np.ndarray:
    """A Catmull-Rom spline through `points [k, 2]` as cubic Bezier pieces: `[3 (k - 1) + 1, 2]`.

    The tangent at a point is parallel to the line between its neighbours, so control points lie a sixth of it away.
    """
    tangents = np.gradient(points, axis=0)  # half the step between the neighbours; at the ends, the only step
    curve = np.empty((3 * len(points) - 2, 2))
    curve[::3] = points
    curve[1::3] = points[:-1] + tangents[:-1] / 3
    curve[2::3] = points[1:] - tangents[1:] / 3
    return curve
