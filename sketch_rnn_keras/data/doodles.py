"""Procedural drawings of the thesis's three subjects: the data set that needs no network.

Enter: a subject (cat, flying saucer, owl) and a seed. Leave: stroke-3 drawings, int16, prepared as Quick, Draw! does
with its own (paper, section 3.1): aligned to the top left, scaled to 0..255, simplified by Ramer-Douglas-Peucker.

A drawing is made in three steps. The subject's function lays out ideal strokes, whose parts vary, come and go; a hand
draws them, which turns, slants and wobbles them; then they are scaled and simplified. Until that last step a unit is
half the width of a head or a hull and the origin its middle. y grows downwards. Angles are in degrees, clockwise from
twelve o'clock.
"""

from collections.abc import Sequence

import numpy as np

from ..errors import InputError, one_of, shown, whole_number
from ..streams import doodle_generator
from ..strokes import bounds, from_polylines, simplify
from .npz import SPLITS

SUBJECTS = ("cat", "flying_saucer", "owl")
CANVAS = 255  # the longer side of a drawing, in pixels
EPSILON = 3.0  # tolerance of the simplification, in pixels; Quick, Draw! uses 2, which gives longer drawings
MIN_POINTS, MAX_POINTS = 20, 80

Rng = np.random.Generator
Point = tuple[float, float]
Stroke = np.ndarray  # [k, 2], absolute coordinates
Part = list[Stroke]  # strokes that a person draws one after the other: the eyes, the whiskers


def make_doodle(subject: str, rng: Rng) -> np.ndarray:
    """Draws a subject once.

    Args:
        subject: one of `SUBJECTS`.
        rng: the source of all that varies; it is advanced.

    Returns:
        int16 `[n, 3]` stroke-3 with 20 <= n <= 80, the last point lifted. The points lie in 0..255, the topmost and the
        leftmost at 0.

    Raises:
        InputError: the subject is unknown.
    """
    parts = _LAYOUTS[_subject_index(subject)](rng)
    return _prepare(_by_hand(_in_order(parts, rng), rng))


def make_splits(subject: str, counts: Sequence[int] = (2000, 100, 100), seed: int = 0) -> dict[str, list[np.ndarray]]:
    """Draws a data set. Drawing k of a split depends on the seed, the subject, the split and k alone.

    Args:
        subject: one of `SUBJECTS`.
        counts: how many drawings to train, to validate and to test with.
        seed: a non-negative integer.

    Returns:
        The stroke-3 drawings (see `make_doodle`) of "train", "valid" and "test".

    Raises:
        InputError: the subject is unknown, or a count or the seed is not a non-negative integer.
    """
    index = _subject_index(subject)
    if np.shape(counts) != (len(SPLITS),):
        raise InputError(f"counts: expected one for each of {', '.join(SPLITS)}, received {shown(counts)}")
    counts = [whole_number(f"counts, {split}", count) for split, count in zip(SPLITS, counts, strict=True)]
    seed = whole_number("seed", seed)
    return {
        split: [make_doodle(subject, doodle_generator(seed, index, place, k)) for k in range(counts[place])]
        for place, split in enumerate(SPLITS)
    }


def _subject_index(subject: str) -> int:
    return SUBJECTS.index(one_of("subject", subject, SUBJECTS))


# --- geometry -------------------------------------------------------------------------------------------------------


def _on_oval(angles: np.ndarray, radii: Point) -> np.ndarray:
    """The points of an ellipse about the origin at these angles."""
    angles = np.radians(angles)
    return np.array([np.sin(angles), -np.cos(angles)]).T * radii


def _arc(center: Point, radii: Point, start: float, stop: float) -> Stroke:
    """Part of an ellipse, clockwise if `stop > start`, with a point every eight degrees or so."""
    count = 2 + int(abs(stop - start) / 8)
    return _on_oval(start + (stop - start) / count * np.arange(count + 1), radii) + center


def _bezier(*controls: Point) -> Stroke:
    """The Bezier curve of any degree with these control points, by de Casteljau's algorithm."""
    t = np.arange(25)[:, None] / 24
    points = np.array(controls, float)[:, None]
    while len(points) > 1:
        points = points[:-1] * (1 - t) + points[1:] * t
    return points[0]


def _lines(*corners: Point) -> Stroke:
    """Straight lines from corner to corner, eight points each."""
    t = np.arange(8 * (len(corners) - 1) + 1) / 8
    return np.array([np.interp(t, range(len(corners)), axis) for axis in zip(*corners, strict=True)]).T


def _pair(right: Stroke) -> Part:
    """A stroke's mirror image, then the stroke."""
    return [right * (-1, 1), right]


def _closed(outline: Stroke, rng: Rng, looseness: float = 0.04) -> Stroke:
    """Makes one pen stroke of an outline, whose end passes the start a little or stops short of it."""
    if rng.random() < 0.12:
        outline = outline[::-1]
    extra = int(len(outline) * rng.uniform(-looseness, 1.5 * looseness))
    return outline[:extra] if extra < 0 else np.concatenate([outline, outline[: extra + 1]])


def _loop(center: Point, radii: Point, rng: Rng) -> Stroke:
    """A closed oval, begun near twelve o'clock: an eye, a porthole."""
    start = rng.normal(-10, 20)
    return _closed(_arc(center, radii, start, start + 360), rng, looseness=0.06)


def _ear(radii: Point, at: float, width: float, reach: float) -> Stroke:
    """A pointed ear on an oval, clockwise: its feet at the angles `at - width` and `at + width`."""
    return _lines(*_on_oval(np.array([at - width, at, at + width]), radii) * [[1], [reach], [1]])


def _eared(radii: Point, at: float, width: float, reach: float, rng: Rng) -> list[Stroke]:
    """An oval with two ears in clockwise pieces that join: the left ear, the crown, the right ear, the chin."""
    left, right = at + rng.normal(0, 2, 2)
    reach_left, reach_right = reach + rng.normal(0, 0.05, 2)
    return [
        _ear(radii, -left, width, reach_left),
        _arc((0, 0), radii, width - left, right - width) * (1, rng.uniform(0.9, 1.0)),
        _ear(radii, right, width, reach_right),
        _arc((0, 0), radii, right + width, 360 - left - width),
    ]


# --- the hand -------------------------------------------------------------------------------------------------------


def _in_order(parts: list[Part], rng: Rng) -> list[Stroke]:
    """The strokes in the usual order, the outline first; now and then two later parts change places."""
    parts = [part for part in parts if part]
    if len(parts) > 2 and rng.random() < 0.2:
        i = rng.integers(1, len(parts) - 1)
        parts[i], parts[i + 1] = parts[i + 1], parts[i]
    return [stroke for part in parts for stroke in part]


def _by_hand(strokes: list[Stroke], rng: Rng) -> list[Stroke]:
    """Draws ideal strokes as a person's hand does: with a wobble, stretched, slanted and turned."""
    turn, slant = np.radians(rng.normal(0, 4)), rng.normal(0, 0.05)
    stretch = np.diag(np.exp(rng.normal(0, 0.06, 2)))
    rotation = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    points = np.concatenate(strokes)
    starts = np.cumsum([0, *map(len, strokes)])[:-1]
    wobbly = points + rng.uniform(0.004, 0.015) * _wobble(points, starts, rng)
    return np.split(wobbly @ stretch @ np.array([[1, 0], [slant, 1]]) @ rotation, starts[1:])


def _wobble(points: np.ndarray, starts: np.ndarray, rng: Rng) -> np.ndarray:
    """A slight shift of each stroke and slow waves along it, of under three periods; long strokes stray further."""
    stroke = np.repeat(np.arange(len(starts)), np.diff(starts, append=len(points)))
    steps = np.hypot(*np.diff(points, axis=0, prepend=points[:1]).T)
    steps[starts] = 0
    length, travelled = np.add.reduceat(steps, starts), np.cumsum(steps)
    progress = (travelled - travelled[starts][stroke]) / length[stroke]
    periods = rng.uniform([0.4, 1.2, 2.0], [1.2, 2.0, 2.6], (len(starts), 2, 3))
    phases = periods[stroke] * progress[:, None, None] + rng.random((len(starts), 2, 3))[stroke]
    waves = (np.sin(2 * np.pi * phases) / (1, 2, 3)).sum(axis=2) * np.minimum(length, 3)[stroke, None]
    return rng.normal(0, 1, (len(starts), 2))[stroke] + waves


def _prepare(strokes: list[Stroke]) -> np.ndarray:
    """Aligns, scales, rounds and simplifies.

    The tolerance moves until the number of points is within the limits. It ends: no layout has more than 40 strokes,
    of two points each at the coarsest, and the finest has hundreds of points.
    """
    points = np.concatenate(strokes)
    corner, size = points.min(axis=0), np.ptp(points, axis=0).max()
    pixels = [np.rint((stroke - corner) * (CANVAS / size)) for stroke in strokes]
    epsilon = EPSILON
    simple = simplify(pixels, epsilon)
    while not MIN_POINTS <= _count_points(simple) <= MAX_POINTS:
        epsilon *= 1.25 if _count_points(simple) > MAX_POINTS else 0.8
        simple = simplify(pixels, epsilon)
    drawing = from_polylines(simple)
    drawing[0, :2] -= bounds(drawing)[:2]  # the outermost point itself may be gone
    return drawing.astype(np.int16)


def _count_points(strokes: list[Stroke]) -> int:
    return sum(len(stroke) for stroke in strokes)


# --- the cat --------------------------------------------------------------------------------------------------------


def _cat(rng: Rng) -> list[Part]:
    """A cat's face; every sixth cat sits below its own."""
    height = rng.uniform(0.78, 0.95)
    sits = rng.random() < 1 / 6
    whiskers = 1 if sits else rng.choice([1, 2, 3], p=[0.1, 0.6, 0.3])
    return [
        _cat_head(height, rng),
        _cat_eyes(height, rng),
        _cat_muzzle(height, rng),
        _cat_whiskers(height, whiskers, rng),
        _cat_body(height, rng) if sits else [],
    ]


def _cat_head(height: float, rng: Rng) -> Part:
    """One outline with its ears or, one time in four, a round and then the ears."""
    at, width, reach = rng.normal(42, 3), rng.uniform(15, 20), rng.uniform(1.45, 1.65)
    left, crown, right, chin = _eared((1.0, height), at, width, reach, rng)
    if rng.random() < 0.75:
        return [_closed(np.concatenate([left, crown, right, chin]), rng)]
    return [_loop((0, 0), (1.0, height), rng), left, right]


def _cat_eyes(height: float, rng: Rng) -> Part:
    """Dots, ticks or wide eyes, some of those with slits."""
    kind = rng.choice(["dots", "ticks", "wide"], p=[0.4, 0.3, 0.3])
    x, y = rng.uniform(0.33, 0.45), -height * rng.uniform(0.1, 0.25)
    size = rng.uniform(0.12, 0.16) if kind == "wide" else rng.uniform(0.05, 0.075)
    ticks = _pair(_lines((x, y - size), (x, y + size)))
    if kind == "ticks":
        return ticks
    eyes = [_loop((side * x, y), (size, size * rng.uniform(1.0, 1.3)), rng) for side in (-1, 1)]
    return eyes + ticks if kind == "wide" and rng.random() < 0.6 else eyes


def _cat_muzzle(height: float, rng: Rng) -> Part:
    """A triangle for a nose and, below it, a mouth like a rounded w or a smile; one of the two may be missing."""
    y, size, cheek = height * rng.uniform(0.15, 0.25), rng.uniform(0.08, 0.12), rng.uniform(0.2, 0.32)
    nose = _closed(_lines((-size, y), (size, y), (0, y + 1.3 * size), (-size, y)), rng)
    lip = y + rng.uniform(2.0, 2.6) * size
    left, right = _pair(_bezier((0, lip - 0.08), (0.05, lip + 0.2), (0.8 * cheek, lip + 0.2), (cheek, lip - 0.02)))
    smile = _bezier((-cheek, lip - 0.02), (0, lip + 0.3), (cheek, lip - 0.02))
    mouth = np.concatenate([left[::-1], right]) if rng.random() < 0.6 else smile
    return [[nose], [mouth], [nose, mouth]][rng.choice(3, p=[0.08, 0.06, 0.86])]


def _cat_whiskers(height: float, count: int, rng: Rng) -> Part:
    """As many on each side, drawn outwards from the cheek."""
    root, tip, y = rng.uniform(0.4, 0.55), rng.uniform(1.15, 1.4), height * rng.uniform(0.25, 0.35)
    spread = np.linspace(-1, 1, count + 2)[1:-1]
    loose = rng.normal(0, 0.05, (2, count, 2))
    return [
        _lines((side * root, y + 0.2 * u), (side * (tip + dx), y + 0.5 * u + dy))
        for side, offsets in zip((-1, 1), loose, strict=True)
        for u, (dx, dy) in zip(spread, offsets, strict=True)
    ]


def _cat_body(height: float, rng: Rng) -> Part:
    """Sitting, seen from the front: round the body from neck to neck, then the tail, then perhaps the forelegs."""
    side, length = rng.choice([-1, 1]), rng.uniform(0.85, 1.1)
    y = 0.85 * height + length
    body = _arc((0, y), (rng.uniform(0.8, 1.0), length), 325, 35)
    tail = _bezier((0.75, y + 0.5), (1.9, y + 0.9), (1.0, y - 0.6), (1.75, y - 0.8)) * (side, 1)
    legs = _pair(_lines((0.2, y + 0.1), (0.22, y + length - 0.05)))
    return [body, tail, *legs] if rng.random() < 0.7 else [body, tail]


# --- the flying saucer ----------------------------------------------------------------------------------------------


def _flying_saucer(rng: Rng) -> list[Part]:
    """A flat hull, a dome on it, and some of portholes, a beam or legs, an antenna or a pilot."""
    depth = rng.uniform(0.2, 0.36)
    dome = (rng.uniform(0.4, 0.56), rng.uniform(0.38, 0.6))
    seam = 0.02 - depth * np.sqrt(1 - dome[0] ** 2)  # the height at which the dome stands on the hull
    size, xs = rng.uniform(0.045, 0.065), np.linspace(-1, 1, rng.integers(2, 5)) * rng.uniform(0.45, 0.6)
    portholes = [_loop((x, depth * (0.45 - 0.4 * x**2)), (size, size), rng) for x in xs]
    below = [_saucer_beam, _saucer_legs, None][rng.choice(3, p=[0.4, 0.25, 0.35])]
    above = [_saucer_antenna, _saucer_pilot, None][rng.choice(3, p=[0.3, 0.15, 0.55])]
    return [
        _saucer_hull(depth, rng),
        _saucer_dome(dome, seam, rng),
        portholes if rng.random() < 0.6 else [],
        below(depth, rng) if below else [],
        above(dome, seam, rng) if above else [],
    ]


def _saucer_hull(depth: float, rng: Rng) -> Part:
    """An ellipse or, one time in four, a lens with sharp ends."""
    if rng.random() < 0.75:
        start = rng.normal(-90, 12)
        return [_closed(_arc((0, 0), (1.0, depth), start, start + 360), rng)]
    upper = _bezier((-1, 0), (-0.4, -1.6 * depth), (0.4, -1.6 * depth), (1, 0))
    return [_closed(np.concatenate([upper, -upper]), rng)]


def _saucer_dome(dome: Point, seam: float, rng: Rng) -> Part:
    """The glass, left to right; every third dome shows its rim in front."""
    glass = _arc((0, seam), dome, -90 - rng.normal(2, 4), 90 + rng.normal(2, 4))
    rim = _arc((0, seam), (dome[0], rng.uniform(0.08, 0.14)), 270, 90)
    return [glass, rim] if rng.random() < 0.33 else [glass]


def _saucer_beam(depth: float, rng: Rng) -> Part:
    """Light that widens downwards: its edges, often with the lit ground between them, or else three or four rays."""
    top, bottom, length = rng.uniform(0.2, 0.35), rng.uniform(0.5, 0.8), rng.uniform(0.6, 0.95)
    if rng.random() < 0.35:
        ray = _lines((top, depth + 0.12), (bottom, depth + 0.12 + 0.5 * length))
        return [ray * (u, 1) for u in np.linspace(-1.3, 1.3, rng.integers(3, 5))]
    edges = _pair(_lines((top, depth + 0.03), (bottom, depth + length)))
    ground = _bezier((-bottom, depth + length), (0, depth + length + 0.15), (bottom, depth + length))
    return [*edges, ground] if rng.random() < 0.6 else edges


def _saucer_legs(depth: float, rng: Rng) -> Part:
    """Two with a foot each and perhaps a third in the middle."""
    x, y = rng.uniform(0.5, 0.65), depth + rng.uniform(0.25, 0.4)
    legs = _pair(_lines((x, 0.85 * depth), (1.35 * x, y), (1.55 * x, y)))
    return [*legs, _lines((0, depth), (0, y + 0.05))] if rng.random() < 0.4 else legs


def _saucer_antenna(dome: Point, seam: float, rng: Rng) -> Part:
    foot, lean, length, size = seam - dome[1], rng.normal(0, 0.08), rng.uniform(0.2, 0.32), rng.uniform(0.05, 0.07)
    return [_lines((0, foot), (lean, foot - length)), _loop((lean, foot - length - size), (size, size), rng)]


def _saucer_pilot(dome: Point, seam: float, rng: Rng) -> Part:
    """A head under the glass, with two slanted eyes."""
    y, size = seam - 0.42 * dome[1], dome[1] * rng.uniform(0.3, 0.4)
    eyes = _pair(_lines((0.2 * size, y + 0.1 * size), (0.55 * size, y - 0.2 * size)))
    return [_loop((0, y), (0.8 * size, size), rng), *eyes]


# --- the owl --------------------------------------------------------------------------------------------------------


def _owl(rng: Rng) -> list[Part]:
    """An owl in one outline or, less often, as head and body or as a face alone."""
    build = rng.choice(["whole", "two rounds", "face"], p=[0.7, 0.15, 0.15])
    if build == "face":
        height = rng.uniform(0.85, 1.0)
        return [_owl_outline((1.0, height), rng), *_owl_face(-0.15 * height, rng.uniform(0.3, 0.38), rng)]
    if build == "whole":
        radii = (rng.uniform(0.75, 0.9), rng.uniform(1.15, 1.35))
        face = _owl_face(-0.45 * radii[1], rng.uniform(0.22, 0.27), rng)
        return [_owl_outline(radii, rng), *face, *_owl_limbs(0.0, radii, rng)]
    head, body = rng.uniform(0.62, 0.7), (rng.uniform(0.68, 0.8), rng.uniform(0.85, 1.05))
    y = body[1] + 0.5 * head
    rounds = [_owl_outline((head, 0.9 * head), rng), [_arc((0, y), body, 325, 35)]]
    return [*rounds, *_owl_face(-0.1, rng.uniform(0.2, 0.24), rng), *_owl_limbs(y, body, rng)]


def _owl_outline(radii: Point, rng: Rng) -> Part:
    """An oval with a tuft at either side of the crown or, one time in ten, without."""
    if rng.random() < 0.1:
        return [_loop((0, 0), radii, rng)]
    tufted = _eared(radii, rng.normal(34, 2), rng.uniform(11, 15), rng.uniform(1.22, 1.36), rng)
    return [_closed(np.concatenate(tufted), rng)]


def _owl_face(y: float, size: float, rng: Rng) -> list[Part]:
    """Two big round eyes side by side; pupils, which are ticks, rings or missing; and the beak between and below."""
    x, pupil = size * rng.uniform(1.0, 1.2), size * rng.uniform(0.22, 0.32)
    sides, gaze = np.array([(-x, y), (x, y)]), rng.normal(0, 0.1 * size, 2)
    eyes = [_loop(middle, (size, size), rng) for middle in sides]
    kind, pupils = rng.choice(["ticks", "rings", "none"], p=[0.65, 0.2, 0.15]), []
    if kind == "ticks":
        pupils = [_lines((0, -pupil), (0, pupil)) + middle for middle in sides + gaze]
    elif kind == "rings":
        pupils = [_loop(middle, (pupil, pupil), rng) for middle in sides + gaze]
    brow, wide, tip = y + 0.65 * size, 0.35 * size, y + rng.uniform(1.4, 1.8) * size
    beak = _lines(*[(-wide, brow), (0, tip), (wide, brow), (-wide, brow)][: rng.choice([3, 4])])
    return [eyes, pupils, [beak] if rng.random() < 0.96 else []]


def _owl_limbs(y: float, radii: Point, rng: Rng) -> list[Part]:
    """Wings, folded or raised; two or three feathers on the belly; three-toed feet; a branch. Each may be missing."""
    has_wings, has_feathers, has_feet, has_branch = rng.random(4) < (0.5, 0.15, 0.45, 0.12)
    folded = _bezier((0.97, -0.1), (0.4, 0.15), (0.45, 0.6), (0.7, 0.72)) * radii + (0, y)
    raised = _bezier((0.97, -0.15), (1.7, 0.3), (1.4, 0.8), (0.85, 0.5)) * radii + (0, y)
    places = np.array([(-0.2, 0.2), (0.2, 0.2), (0, 0.45)]) * radii + (0, y)
    feathers = [_arc(place, (0.1, 0.1), 270, 90) for place in places[: rng.integers(2, 4)]]
    floor = y + radii[1]
    toes = _lines((0.14, 0.12), (0.25, -0.06), (0.3, 0.14), (0.35, -0.06), (0.46, 0.12))
    foot = toes * (1, rng.uniform(0.9, 1.5)) + (rng.normal(0, 0.04), floor)
    branch = _bezier((-1.4, floor + 0.15), (0, floor + rng.normal(0.15, 0.1)), (1.4, floor + rng.normal(0.15, 0.05)))
    return [
        _pair(folded if rng.random() < 0.67 else raised) if has_wings else [],
        feathers if has_feathers else [],
        _pair(foot) if has_feet or has_branch else [],
        [branch] if has_branch else [],
    ]


_LAYOUTS = (_cat, _flying_saucer, _owl)  # in the order of SUBJECTS
