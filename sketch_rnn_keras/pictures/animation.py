"""Moving pictures: a drawing as it is drawn, or one drawing after another, as GIF or animated SVG.

Enters: stroke-3 arrays. Leaves: one file that runs for ever. The same input gives the same bytes. An SVG has its
drawings once, with times (SMIL, which browsers play); a GIF has one picture for each moment (by Pillow).
"""

import io
import math
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import svgwrite
from PIL import Image

from ..errors import InputError
from ..files.writing import check_suffix, write_atomically
from .grid import Style, lay_out
from .page import Page, Stroke, end_svg, path_data, start_svg, to_png

FRAMES_PER_SECOND = 25  # of a GIF of a drawing being drawn
_HOLD = 0.25  # share of the time in which the finished drawing stands still
_COLOURS = 32  # of a GIF: ink, paper and what lies between
_MAX_PIXELS = 2**28  # of all frames of a GIF


def animate_drawing(sketch: np.ndarray, path: str | os.PathLike, *, seconds: float = 4.0, **style: Any) -> Path:
    """Show a drawing as the pen draws it, at an even speed, over and over.

    Args:
        sketch: stroke-3 `[n, 3]` in any unit.
        path: file to write, ending in `.gif` or `.svg`; replaced if it exists.
        seconds: how long one round takes, above 0 and at most 60; for its last quarter the drawing stands finished.
        **style: the attributes of `grid.Style`, such as `cell` for the size.

    Returns:
        The path.

    Raises:
        InputError: an empty or bad drawing, an impossible time or style, or another suffix.
    """
    page = lay_out([sketch], moving_style(**style))
    strokes = page.sketches[0]
    if not strokes:
        raise InputError("expected a drawing with at least one point to animate, received an empty one")
    suffix = _check(path, seconds)
    ends = np.cumsum([_length(stroke.points) for stroke in strokes])
    times = (1 - _HOLD) * np.concatenate([[0], ends]) / (ends[-1] or 1)
    if suffix == ".svg":
        return write_atomically(path, _drawing_svg(page, strokes, times, seconds))
    count = math.ceil(seconds * FRAMES_PER_SECOND)
    moments = np.minimum(np.arange(1, count + 1) / count / (1 - _HOLD), 1) * ends[-1]
    pages = [replace(page, sketches=[_until(strokes, moment)]) for moment in moments]
    return write_atomically(path, _gif(pages, 1 / FRAMES_PER_SECOND))


def animate_sequence(
    sketches: Sequence[np.ndarray], path: str | os.PathLike, *, seconds: float = 4.0, **style: Any
) -> Path:
    """Show drawings one after another, such as an interpolation there and back, over and over.

    Args:
        sketches: stroke-3 arrays in any unit, at least two.
        path: file to write, ending in `.gif` or `.svg`; replaced if it exists.
        seconds: how long one round takes, above 0 and at most 60.
        **style: the attributes of `grid.Style`.

    Returns:
        The path.

    Raises:
        InputError: fewer than two drawings, a bad one, an impossible time or style, or another suffix.
    """
    if len(sketches) < 2:
        raise InputError(f"expected at least two drawings to show one after another, received {len(sketches)}")
    suffix = _check(path, seconds)
    pages = [lay_out([sketch], moving_style(**style)) for sketch in sketches]
    if suffix == ".svg":
        return write_atomically(path, _sequence_svg(pages, seconds))
    return write_atomically(path, _gif(pages, seconds / len(pages)))


def moving_style(**style: Any) -> Style:
    """How the drawings of an animation look; raises `InputError` for what cannot move."""
    if style.get("colour") == "pen":
        raise InputError("colour: expected ink or order for an animation, received 'pen'")
    return Style(**{"cell": 320, "line_width": 3.0, **style})


def _check(path: str | os.PathLike, seconds: float) -> str:
    """The file's suffix."""
    if not 0 < seconds <= 60:
        raise InputError(f"seconds: expected a number above 0 and at most 60, received {seconds}")
    return check_suffix(path, ".gif", ".svg")


def _length(points: np.ndarray) -> float:
    """Of a stroke; a dot takes as long as one unit."""
    return max(np.hypot(*np.diff(points, axis=0).T).sum(), 1.0)


def _until(strokes: list[Stroke], moment: float) -> list[Stroke]:
    """What is drawn once the pen has gone `moment` units."""
    drawn = []
    for stroke in strokes:
        length = _length(stroke.points)
        if moment <= 0:
            break
        drawn.append(stroke if moment >= length else replace(stroke, points=_beginning(stroke.points, moment)))
        moment -= length
    return drawn


def _beginning(points: np.ndarray, length: float) -> np.ndarray:
    """The part of a polyline that lies within `length` of its start, along it."""
    along = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(points, axis=0).T))])
    whole = points[along < length]
    tip = [np.interp(length, along, points[:, axis]) for axis in (0, 1)]
    return np.concatenate([whole, [tip]])


def _drawing_svg(page: Page, strokes: list[Stroke], times: np.ndarray, seconds: float) -> bytes:
    """Every stroke is a dash as long as itself, which moves into its place in its time."""
    document, inked = start_svg(page)
    document.add(inked)
    for stroke, start, end in zip(strokes, times[:-1], times[1:], strict=True):
        path = inked.add(document.path(d=path_data([stroke.points], page.smooth), stroke=stroke.colour))
        path.update({"pathLength": "1", "stroke-dasharray": "1 2"})  # a viewer without animation shows all of it
        path.add(_animate(document, "stroke-dashoffset", [1, 1, 0, 0], [0, start, end, 1], seconds))
        path.add(_animate(document, "visibility", ["hidden", "visible"], [0, start], seconds, calcMode="discrete"))
    return end_svg(document)


def _sequence_svg(pages: list[Page], seconds: float) -> bytes:
    """All drawings lie over each other; each is visible in its turn."""
    document, inked = start_svg(pages[0])
    document.add(inked)
    for k, page in enumerate(pages):
        frame = inked.add(document.g(visibility="hidden" if k else "visible"))  # without animation, the first
        for stroke in page.sketches[0]:
            frame.add(document.path(d=path_data([stroke.points], page.smooth), stroke=stroke.colour))
        values, times = ["hidden", "visible", "hidden"], [0, k / len(pages), (k + 1) / len(pages)]
        shown = slice(1 if k == 0 else 0, 2 if k == len(pages) - 1 else 3)
        frame.add(_animate(document, "visibility", values[shown], times[shown], seconds, calcMode="discrete"))
    return end_svg(document)


def _animate(
    document: svgwrite.Drawing, attribute: str, values: list, times: list[float], seconds: float, **more: str
) -> svgwrite.animate.Animate:
    """An `animate` element: `values` at `times`, 0 to 1, of each round."""
    return document.animate(
        attributeName=attribute,
        values=";".join(map(str, values)),
        keyTimes=";".join(f"{time:.4f}".rstrip("0").rstrip(".") for time in times),
        dur=f"{seconds:g}s",
        repeatCount="indefinite",
        **more,
    )


def _gif(pages: Sequence[Page], seconds: float) -> bytes:
    """A GIF that shows each page for `seconds`, to the hundredth, as often as it is watched."""
    if pages[0].width * pages[0].height * len(pages) > _MAX_PIXELS:
        raise InputError(
            f"expected at most {_MAX_PIXELS} pixels in all, received {len(pages)} of {pages[0].width} x "
            f"{pages[0].height}; write SVG, or make the cell smaller or the time shorter"
        )

    def picture(page: Page) -> Image.Image:
        return Image.open(io.BytesIO(to_png(page, 1))).convert("RGB")

    richest = max(reversed(pages), key=lambda page: len(page.sketches[0]))  # in strokes, and so in colours
    palette = picture(richest).quantize(_COLOURS, dither=Image.Dither.NONE)
    frames = [picture(page).quantize(palette=palette, dither=Image.Dither.NONE) for page in pages]
    buffer = io.BytesIO()
    options = {"save_all": True, "append_images": frames[1:], "loop": 0, "duration": max(round(100 * seconds), 2) * 10}
    frames[0].save(buffer, "GIF", **options)
    return buffer.getvalue()
