"""Drawings as grey pixels: what a convolutional network sees of them.

Enters: stroke-3 drawings in any unit. Leaves: uint8 `[n, size, size]`, white ink (255) on black. The lines are
matplotlib's Agg, anti-aliased, with round ends and joins: the package requires it already, and of the libraries that
were measured its pixels are the nearest to those of cairo, which drew Quick, Draw!'s own bitmaps (docs/quality.md).
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.path import Path
from matplotlib.transforms import Affine2D

from ..errors import real_number, whole_number
from ..strokes import as_stroke3

CANVAS = 256.0  # the longer side of a drawing is scaled to one less, as in Quick, Draw!'s simplified drawings
MOST_PIXELS = 1024  # of a side
_DOT = 0.01  # units that the pen moves to draw a dot: Agg draws nothing of a pen that does not move
_DPI = 72.0  # at which Agg's points are pixels


class Style(NamedTuple):
    """How drawings become pixels. The default is how Quick, Draw!'s own 28 x 28 bitmaps were drawn.

    Attributes:
        size: pixels of a side.
        line_width: of the pen, in units of which the drawing's longer side measures 255.
        padding: around the drawing with its lines, in these units.
    """

    size: int = 28
    line_width: float = 16.0
    padding: float = 16.0


QUICK_DRAW = Style()


def rasterise(drawings: Sequence[np.ndarray], style: Style = QUICK_DRAW) -> np.ndarray:
    """Draws each drawing into the middle of its own square, its longer side as long as the square allows.

    Args:
        drawings: stroke-3 arrays `[n, 3]`, in any unit; n may be 0. Where a drawing lies and how large it is makes no
            difference; its proportions do.
        style: size, line width and padding.

    Returns:
        uint8 `[count, size, size]`: 0 is paper, 255 ink. A drawing without points is an empty square.

    Raises:
        InputError: something is no stroke-3 drawing of finite numbers, or the style is out of its range.
    """
    size, line_width, padding = checked(style)
    border = padding + line_width / 2
    scale = size / (CANVAS + 2 * border)
    renderer, pixels = RendererAgg(size, size, _DPI), np.zeros((len(drawings), size, size), np.uint8)
    pen = renderer.new_gc()
    pen.set_linewidth(line_width * scale)
    pen.set_capstyle("round")
    pen.set_joinstyle("round")
    pen.set_snap(False)
    to_middle = Affine2D().translate(size / 2, size / 2)
    ink = np.asarray(renderer.buffer_rgba())[..., 3]  # a view
    for k, drawing in enumerate(drawings):
        rows = as_stroke3(drawing, f"drawing {k}")
        if len(rows):
            renderer.clear()
            renderer.draw_path(pen, _path(rows, scale), to_middle, None)
            pixels[k] = ink
    return pixels


def checked(style: Style) -> Style:
    """The style.

    Raises:
        InputError: a size, a width or a padding is out of its range.
    """
    return Style(
        whole_number("size", style.size, 1, MOST_PIXELS),
        real_number("line_width", style.line_width, 0, CANVAS),
        real_number("padding", style.padding, -1e-9, CANVAS, f"a number from 0 to {CANVAS:g}"),
    )


def fitted(stroke3: np.ndarray) -> np.ndarray:
    """The points of a drawing about the origin, float64 `[n, 2]`, the longer side of their bounds of length 1.

    A drawing of one place, which has no length, lies at the origin.

    Args:
        stroke3: `[n, 3]` with n >= 1, in any unit.
    """
    points = np.cumsum(stroke3[:, :2], axis=0, dtype=np.float64)
    low, high = points.min(axis=0), points.max(axis=0)
    side = (high - low).max()
    return (points - (low + high) / 2) / (side if side > 0 else 1.0)


def _path(rows: np.ndarray, scale: float) -> Path:
    """The pen strokes as a path in pixels about the origin; those that stay in one place end in a step of `_DOT`."""
    begins = np.ones(len(rows), bool)
    begins[1:] = rows[:-1, 2] == 1
    moves = ((rows[:, 0] != 0) | (rows[:, 1] != 0)) & ~begins
    points, codes = fitted(rows) * (CANVAS - 1), np.where(begins, Path.MOVETO, Path.LINETO).astype(np.uint8)
    firsts = np.flatnonzero(begins)
    stays = ~np.logical_or.reduceat(moves, firsts)
    if stays.any():
        lasts = np.append(firsts[1:], len(rows))[stays] - 1
        points = np.insert(points, lasts + 1, points[lasts] + (_DOT, 0), axis=0)
        codes = np.insert(codes, lasts + 1, Path.LINETO)
    path = Path(points * (scale, -scale), codes)  # Agg's y grows upwards
    path.should_simplify = False
    return path
