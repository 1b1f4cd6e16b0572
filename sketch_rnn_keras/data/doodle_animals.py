"""Layouts of the built-in animals: cat, owl, fish and rabbit. Enters: a generator. Leaves: the parts of one drawing.

The outline comes first, clockwise. The order of random numbers in each layout is part of the drawings of a seed.
"""

import numpy as np

from .doodle_shapes import Part, Point, Rng, Stroke, arc, bezier, closed, lines, loop, on_oval, pair


def _ear(radii: Point, at: float, width: float, reach: float) -> Stroke:
    """A pointed ear on an oval, clockwise: its feet at the angles `at - width` and `at + width`."""
    return lines(*on_oval(np.array([at - width, at, at + width]), radii) * [[1], [reach], [1]])


def _eared(radii: Point, at: float, width: float, reach: float, rng: Rng) -> list[Stroke]:
    """An oval with two ears in clockwise pieces that join: the left ear, the crown, the right ear, the chin."""
    left, right = at + rng.normal(0, 2, 2)
    reach_left, reach_right = reach + rng.normal(0, 0.05, 2)
    return [
        _ear(radii, -left, width, reach_left),
        arc((0, 0), radii, width - left, right - width) * (1, rng.uniform(0.9, 1.0)),
        _ear(radii, right, width, reach_right),
        arc((0, 0), radii, right + width, 360 - left - width),
    ]


# --- the cat --------------------------------------------------------------------------------------------------------


def cat(rng: Rng) -> list[Part]:
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
        return [closed(np.concatenate([left, crown, right, chin]), rng)]
    return [loop((0, 0), (1.0, height), rng), left, right]


def _cat_eyes(height: float, rng: Rng) -> Part:
    """Dots, ticks or wide eyes, some of those with slits."""
    kind = rng.choice(["dots", "ticks", "wide"], p=[0.4, 0.3, 0.3])
    x, y = rng.uniform(0.33, 0.45), -height * rng.uniform(0.1, 0.25)
    size = rng.uniform(0.12, 0.16) if kind == "wide" else rng.uniform(0.05, 0.075)
    ticks = pair(lines((x, y - size), (x, y + size)))
    if kind == "ticks":
        return ticks
    eyes = [loop((side * x, y), (size, size * rng.uniform(1.0, 1.3)), rng) for side in (-1, 1)]
    return eyes + ticks if kind == "wide" and rng.random() < 0.6 else eyes


def _cat_muzzle(height: float, rng: Rng) -> Part:
    """A triangle for a nose and, below it, a mouth like a rounded w or a smile; one of the two may be missing."""
    y, size, cheek = height * rng.uniform(0.15, 0.25), rng.uniform(0.08, 0.12), rng.uniform(0.2, 0.32)
    nose = closed(lines((-size, y), (size, y), (0, y + 1.3 * size), (-size, y)), rng)
    lip = y + rng.uniform(2.0, 2.6) * size
    left, right = pair(bezier((0, lip - 0.08), (0.05, lip + 0.2), (0.8 * cheek, lip + 0.2), (cheek, lip - 0.02)))
    smile = bezier((-cheek, lip - 0.02), (0, lip + 0.3), (cheek, lip - 0.02))
    mouth = np.concatenate([left[::-1], right]) if rng.random() < 0.6 else smile
    return [[nose], [mouth], [nose, mouth]][rng.choice(3, p=[0.08, 0.06, 0.86])]


def _cat_whiskers(height: float, count: int, rng: Rng) -> Part:
    """As many on each side, drawn outwards from the cheek."""
    root, tip, y = rng.uniform(0.4, 0.55), rng.uniform(1.15, 1.4), height * rng.uniform(0.25, 0.35)
    spread = np.linspace(-1, 1, count + 2)[1:-1]
    loose = rng.normal(0, 0.05, (2, count, 2))
    return [
        lines((side * root, y + 0.2 * u), (side * (tip + dx), y + 0.5 * u + dy))
        for side, offsets in zip((-1, 1), loose, strict=True)
        for u, (dx, dy) in zip(spread, offsets, strict=True)
    ]


def _cat_body(height: float, rng: Rng) -> Part:
    """Sitting, seen from the front: round the body from neck to neck, then the tail, then perhaps the forelegs."""
    side, length = rng.choice([-1, 1]), rng.uniform(0.85, 1.1)
    y = 0.85 * height + length
    body = arc((0, y), (rng.uniform(0.8, 1.0), length), 325, 35)
    tail = bezier((0.75, y + 0.5), (1.9, y + 0.9), (1.0, y - 0.6), (1.75, y - 0.8)) * (side, 1)
    legs = pair(lines((0.2, y + 0.1), (0.22, y + length - 0.05)))
    return [body, tail, *legs] if rng.random() < 0.7 else [body, tail]


# --- the owl --------------------------------------------------------------------------------------------------------


def owl(rng: Rng) -> list[Part]:
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
    rounds = [_owl_outline((head, 0.9 * head), rng), [arc((0, y), body, 325, 35)]]
    return [*rounds, *_owl_face(-0.1, rng.uniform(0.2, 0.24), rng), *_owl_limbs(y, body, rng)]


def _owl_outline(radii: Point, rng: Rng) -> Part:
    """An oval with a tuft at either side of the crown or, one time in ten, without."""
    if rng.random() < 0.1:
        return [loop((0, 0), radii, rng)]
    tufted = _eared(radii, rng.normal(34, 2), rng.uniform(11, 15), rng.uniform(1.22, 1.36), rng)
    return [closed(np.concatenate(tufted), rng)]


def _owl_face(y: float, size: float, rng: Rng) -> list[Part]:
    """Two big round eyes side by side; pupils, which are ticks, rings or missing; and the beak between and below."""
    x, pupil = size * rng.uniform(1.0, 1.2), size * rng.uniform(0.22, 0.32)
    sides, gaze = np.array([(-x, y), (x, y)]), rng.normal(0, 0.1 * size, 2)
    eyes = [loop(middle, (size, size), rng) for middle in sides]
    kind, pupils = rng.choice(["ticks", "rings", "none"], p=[0.65, 0.2, 0.15]), []
    if kind == "ticks":
        pupils = [lines((0, -pupil), (0, pupil)) + middle for middle in sides + gaze]
    elif kind == "rings":
        pupils = [loop(middle, (pupil, pupil), rng) for middle in sides + gaze]
    brow, wide, tip = y + 0.65 * size, 0.35 * size, y + rng.uniform(1.4, 1.8) * size
    beak = lines(*[(-wide, brow), (0, tip), (wide, brow), (-wide, brow)][: rng.choice([3, 4])])
    return [eyes, pupils, [beak] if rng.random() < 0.96 else []]


def _owl_limbs(y: float, radii: Point, rng: Rng) -> list[Part]:
    """Wings, folded or raised; two or three feathers on the belly; three-toed feet; a branch. Each may be missing."""
    has_wings, has_feathers, has_feet, has_branch = rng.random(4) < (0.5, 0.15, 0.45, 0.12)
    folded = bezier((0.97, -0.1), (0.4, 0.15), (0.45, 0.6), (0.7, 0.72)) * radii + (0, y)
    raised = bezier((0.97, -0.15), (1.7, 0.3), (1.4, 0.8), (0.85, 0.5)) * radii + (0, y)
    places = np.array([(-0.2, 0.2), (0.2, 0.2), (0, 0.45)]) * radii + (0, y)
    feathers = [arc(place, (0.1, 0.1), 270, 90) for place in places[: rng.integers(2, 4)]]
    floor = y + radii[1]
    toes = lines((0.14, 0.12), (0.25, -0.06), (0.3, 0.14), (0.35, -0.06), (0.46, 0.12))
    foot = toes * (1, rng.uniform(0.9, 1.5)) + (rng.normal(0, 0.04), floor)
    branch = bezier((-1.4, floor + 0.15), (0, floor + rng.normal(0.15, 0.1)), (1.4, floor + rng.normal(0.15, 0.05)))
    return [
        pair(folded if rng.random() < 0.67 else raised) if has_wings else [],
        feathers if has_feathers else [],
        pair(foot) if has_feet or has_branch else [],
        [branch] if has_branch else [],
    ]


# --- the fish -------------------------------------------------------------------------------------------------------


def fish(rng: Rng) -> list[Part]:
    """A fish from the side, its tail open or closed, with some of a gill, fins, scales and bubbles; half swim left."""
    height, side, eye = rng.uniform(0.42, 0.6), rng.choice([-1, 1]), rng.uniform(0.06, 0.1)
    parts = [
        _fish_body(height, rng),
        [loop((0.62, -0.25 * height), (eye, eye), rng)],
        [arc((0.42, 0), (-0.12, 0.62 * height), 15, 165)] if rng.random() < 0.6 else [],
        _fish_fins(height, rng),
        _fish_scales(height, rng) if rng.random() < 0.3 else [],
        [bezier((0.7, 0.35 * height), (0.82, 0.45 * height), (0.93, 0.22 * height))] if rng.random() < 0.6 else [],
        _fish_bubbles(height, rng) if rng.random() < 0.3 else [],
    ]
    return parts if side > 0 else [[(stroke * (-1, 1))[::-1] for stroke in part] for part in parts]


def _fish_body(height: float, rng: Rng) -> Part:
    """One loop that crosses itself at the tail or, one time in three, an oval and then the tail."""
    root, tip, spread = rng.uniform(-0.85, -0.7), rng.uniform(-1.4, -1.2), height * rng.uniform(0.75, 1.0)
    back = bezier((root, 0), (-0.4, -1.35 * height), (0.7, -1.6 * height), (1, 0))
    belly = bezier((1, 0), (0.7, 1.6 * height), (-0.4, 1.35 * height), (root, 0))
    notch = (tip + 0.14, 0)
    if rng.random() < 0.67:
        upper, lower = lines((tip, -spread), (root, 0)), lines((root, 0), (tip, spread))
        return [np.concatenate([upper, back, belly[:-1], lower, bezier((tip, spread), notch, (tip, -spread))])]
    tail = lines((root, 0), (tip, -spread), notch, (tip, spread), (root, 0))
    return [closed(np.concatenate([back, belly]), rng), tail]


def _fish_fins(height: float, rng: Rng) -> Part:
    """One on the back and one below, each of which may be missing, and perhaps one at the side."""
    upper = bezier((-0.25, -0.95 * height), (-0.2, -1.7 * height), (0.35, -1.5 * height), (0.35, -1.08 * height))
    lower = bezier((-0.1, 1.0 * height), (-0.3, 1.6 * height), (0.05, 1.5 * height), (0.2, 1.08 * height))
    middle = bezier((0.25, 0.1 * height), (-0.05, 0.5 * height), (-0.15, 0.1 * height), (0.2, -0.05 * height))
    has_upper, has_lower, has_middle = rng.random(3) < (0.7, 0.5, 0.3)
    return [fin for fin, is_there in ((upper, has_upper), (lower, has_lower), (middle, has_middle)) if is_there]


def _fish_scales(height: float, rng: Rng) -> Part:
    size = rng.uniform(0.1, 0.14)
    places = [(0.1, -0.2), (-0.2, -0.2), (-0.05, 0.25), (-0.35, 0.2)][: rng.integers(3, 5)]
    return [arc((x, 2 * y * height), (-size, size), 10, 170) for x, y in places]


def _fish_bubbles(height: float, rng: Rng) -> Part:
    sizes = rng.uniform(0.05, 0.09, rng.integers(2, 4))
    return [loop((1.2 + 0.1 * (k % 2), -0.1 - 0.28 * k), (size, size), rng) for k, size in enumerate(sizes)]


# --- the rabbit -----------------------------------------------------------------------------------------------------


def rabbit(rng: Rng) -> list[Part]:
    """A rabbit's face with long ears; every fourth has a round body below."""
    height, has_body = rng.uniform(0.85, 1.05), rng.random() < 0.25
    return [
        _rabbit_head(height, rng),
        _rabbit_eyes(height, rng),
        _rabbit_muzzle(height, rng),
        _rabbit_whiskers(height, rng) if rng.random() < 0.4 and not has_body else [],
        _rabbit_body(height, rng) if has_body else [],
    ]


def _rabbit_head(height: float, rng: Rng) -> Part:
    """One outline with its ears or, one time in three, a round and then the ears; some ears have an inside."""
    at, width, lean = rng.uniform(22, 30), rng.uniform(11, 14), rng.uniform(-0.05, 0.4)
    reach, radii = rng.uniform(1.3, 1.8), (1.0, height)
    inner, outer, tip = (on_oval(np.array([at + d]), radii)[0] for d in (-width, width, 0))
    top = tip + np.array([lean, -reach])
    ear = bezier(tuple(inner), (inner[0] - 0.12, top[1]), (top[0] + 0.45, top[1] - 0.3), tuple(outer))
    middle = bezier((tip[0], tip[1] - 0.15), (tip[0], 0.7 * top[1]), (0.6 * top[0] + 0.35 * tip[0], 0.82 * top[1]))
    inside = pair(middle) if rng.random() < 0.4 else []
    crown = arc((0, 0), radii, width - at, at - width)
    chin = arc((0, 0), radii, at + width, 360 - at - width)
    mirrored, right = pair(ear)
    if rng.random() < 0.67:
        return [closed(np.concatenate([mirrored[::-1], crown, right, chin]), rng), *inside]
    return [loop((0, 0), radii, rng), mirrored[::-1], right, *inside]


def _rabbit_eyes(height: float, rng: Rng) -> Part:
    x, y, size = rng.uniform(0.3, 0.42), -height * rng.uniform(0.1, 0.25), rng.uniform(0.06, 0.13)
    if rng.random() < 0.3:
        return pair(lines((x, y - size), (x, y + size)))
    return [loop((side * x, y), (size, size * rng.uniform(1.0, 1.4)), rng) for side in (-1, 1)]


def _rabbit_muzzle(height: float, rng: Rng) -> Part:
    """A small nose, a mouth like a w below it, and mostly two long teeth."""
    y, size, cheek = height * rng.uniform(0.15, 0.25), rng.uniform(0.07, 0.11), rng.uniform(0.22, 0.3)
    nose = closed(lines((-size, y), (size, y), (0, y + size), (-size, y)), rng)
    lip = y + 2.2 * size
    left, right = pair(bezier((0, lip), (0.05, lip + 0.2), (0.8 * cheek, lip + 0.2), (cheek, lip)))
    mouth = np.concatenate([left[::-1], right])
    low = lip + rng.uniform(0.26, 0.36)
    teeth = [
        lines((-0.11, lip + 0.13), (-0.11, low), (0.11, low), (0.11, lip + 0.13)),
        lines((0, lip + 0.02), (0, low)),
    ]
    return [nose, mouth, *(teeth if rng.random() < 0.65 else [])]


def _rabbit_whiskers(height: float, rng: Rng) -> Part:
    root, tip, y = rng.uniform(0.4, 0.5), rng.uniform(1.1, 1.3), height * rng.uniform(0.25, 0.35)
    return [lines((side * root, y + 0.1 * u), (side * tip, y + 0.3 * u)) for side in (-1, 1) for u in (-1, 1)]


def _rabbit_body(height: float, rng: Rng) -> Part:
    """From neck to neck, and a tail like a ball of wool."""
    length, side = rng.uniform(0.8, 1.0), rng.choice([-1, 1])
    y, wide = 0.85 * height + length, rng.uniform(0.8, 0.95)
    return [arc((0, y), (wide, length), 325, 35), loop((side * (wide + 0.12), y + 0.5 * length), (0.2, 0.2), rng)]
