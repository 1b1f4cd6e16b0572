"""What the built-in drawings are made of: ovals, curves and lines, as strokes.

Enter: places and sizes in units of half the width of a head or a hull, with y downwards; angles in degrees, clockwise
from twelve o'clock. Leave: ideal strokes, which `doodles.py` then draws by hand.
"""

import numpy as np

Rng = np.random.Generator
Point = tuple[float, float]
Stroke = np.ndarray  # [k, 2], absolute coordinates
Part = list[Stroke]  # strokes that a person draws one after the other: the eyes, the whiskers


def on_oval(angles: np.ndarray, radii: Point) -> np.ndarray:
    """The points of an ellipse about the origin at these angles."""
    angles = np.radians(angles)
    return np.array([np.sin(angles), -np.cos(angles)]).T * radii


def arc(center: Point, radii: Point, start: float, stop: float) -> Stroke:
    """Part of an ellipse, clockwise if `stop > start`, with a point every eight degrees or so."""
    count = 2 + int(abs(stop - start) / 8)
    return on_oval(start + (stop - start) / count * np.arange(count + 1), radii) + center


def bezier(*controls: Point) -> Stroke:
    """The Bezier curve of any degree with these control points, by de Casteljau's algorithm."""
    t = np.arange(25)[:, None] / 24
    points = np.array(controls, float)[:, None]
    while len(points) > 1:
        points = points[:-1] * (1 - t) + points[1:] * t
    return points[0]


def lines(*corners: Point) -> Stroke:
    """Straight lines from corner to corner, eight points each."""
    t = np.arange(8 * (len(corners) - 1) + 1) / 8
    return np.array([np.interp(t, range(len(corners)), axis) for axis in zip(*corners, strict=True)]).T


def pair(right: Stroke) -> Part:
    """A stroke's mirror image, then the stroke."""
    return [right * (-1, 1), right]


def closed(outline: Stroke, rng: Rng, looseness: float = 0.04) -> Stroke:
    """Makes one pen stroke of an outline, whose end passes the start a little or stops short of it."""
    if rng.random() < 0.12:
        outline = outline[::-1]
    extra = int(len(outline) * rng.uniform(-looseness, 1.5 * looseness))
    return outline[:extra] if extra < 0 else np.concatenate([outline, outline[: extra + 1]])


def loop(center: Point, radii: Point, rng: Rng) -> Stroke:
    """A closed oval, begun near twelve o'clock: an eye, a porthole."""
    start = rng.normal(-10, 20)
    return closed(arc(center, radii, start, start + 360), rng, looseness=0.06)
