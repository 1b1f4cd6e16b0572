"""Layouts of the built-in things: flying saucer, flower, house, mushroom, sailboat, snowman, umbrella.

Enters: a generator. Leaves: the parts of one drawing, the outline first, clockwise. The order of random numbers in each
layout is part of the drawings of a seed.
"""

import itertools

import numpy as np

from .doodle_shapes import Part, Point, Rng, arc, bezier, closed, lines, loop, on_oval, pair

# --- the flying saucer ----------------------------------------------------------------------------------------------


def flying_saucer(rng: Rng) -> list[Part]:
    """A flat hull, a dome on it, and some of portholes, a beam or legs, an antenna or a pilot."""
    depth = rng.uniform(0.2, 0.36)
    dome = (rng.uniform(0.4, 0.56), rng.uniform(0.38, 0.6))
    seam = 0.02 - depth * np.sqrt(1 - dome[0] ** 2)  # the height at which the dome stands on the hull
    size, xs = rng.uniform(0.045, 0.065), np.linspace(-1, 1, rng.integers(2, 5)) * rng.uniform(0.45, 0.6)
    portholes = [loop((x, depth * (0.45 - 0.4 * x**2)), (size, size), rng) for x in xs]
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
        return [closed(arc((0, 0), (1.0, depth), start, start + 360), rng)]
    upper = bezier((-1, 0), (-0.4, -1.6 * depth), (0.4, -1.6 * depth), (1, 0))
    return [closed(np.concatenate([upper, -upper]), rng)]


def _saucer_dome(dome: Point, seam: float, rng: Rng) -> Part:
    """The glass, left to right; every third dome shows its rim in front."""
    glass = arc((0, seam), dome, -90 - rng.normal(2, 4), 90 + rng.normal(2, 4))
    rim = arc((0, seam), (dome[0], rng.uniform(0.08, 0.14)), 270, 90)
    return [glass, rim] if rng.random() < 0.33 else [glass]


def _saucer_beam(depth: float, rng: Rng) -> Part:
    """Light that widens downwards: its edges, often with the lit ground between them, or else three or four rays."""
    top, bottom, length = rng.uniform(0.2, 0.35), rng.uniform(0.5, 0.8), rng.uniform(0.6, 0.95)
    if rng.random() < 0.35:
        ray = lines((top, depth + 0.12), (bottom, depth + 0.12 + 0.5 * length))
        return [ray * (u, 1) for u in np.linspace(-1.3, 1.3, rng.integers(3, 5))]
    edges = pair(lines((top, depth + 0.03), (bottom, depth + length)))
    ground = bezier((-bottom, depth + length), (0, depth + length + 0.15), (bottom, depth + length))
    return [*edges, ground] if rng.random() < 0.6 else edges


def _saucer_legs(depth: float, rng: Rng) -> Part:
    """Two with a foot each and perhaps a third in the middle."""
    x, y = rng.uniform(0.5, 0.65), depth + rng.uniform(0.25, 0.4)
    legs = pair(lines((x, 0.85 * depth), (1.35 * x, y), (1.55 * x, y)))
    return [*legs, lines((0, depth), (0, y + 0.05))] if rng.random() < 0.4 else legs


def _saucer_antenna(dome: Point, seam: float, rng: Rng) -> Part:
    foot, lean, length, size = seam - dome[1], rng.normal(0, 0.08), rng.uniform(0.2, 0.32), rng.uniform(0.05, 0.07)
    return [lines((0, foot), (lean, foot - length)), loop((lean, foot - length - size), (size, size), rng)]


def _saucer_pilot(dome: Point, seam: float, rng: Rng) -> Part:
    """A head under the glass, with two slanted eyes."""
    y, size = seam - 0.42 * dome[1], dome[1] * rng.uniform(0.3, 0.4)
    eyes = pair(lines((0.2 * size, y + 0.1 * size), (0.55 * size, y - 0.2 * size)))
    return [loop((0, y), (0.8 * size, size), rng), *eyes]


# --- the flower -----------------------------------------------------------------------------------------------------


def flower(rng: Rng) -> list[Part]:
    """Petals in one line round the middle or as rings of their own, on a stem with leaves; some have no stem."""
    count, middle = int(rng.integers(5, 8)), rng.uniform(0.26, 0.36)
    center = [loop((0, 0), (middle, middle), rng)]
    has_stem = rng.random() < 0.85
    length = rng.uniform(1.1, 1.7)
    stem = bezier((0, 0.98), (rng.normal(0, 0.15), 1 + 0.5 * length), (rng.normal(0, 0.1), 1 + length))
    parts = [_flower_petals(count, middle, rng), center]
    return [*parts, [stem] if has_stem else [], _flower_leaves(length, rng) if has_stem else []]


def _flower_petals(count: int, middle: float, rng: Rng) -> Part:
    """Round or pointed petals, as one closed line."""
    depth, start = rng.uniform(0.35, 0.55), rng.uniform(0, 360)
    angles = np.arange(10 * count + 1) * 36 / count
    waves = np.abs(np.sin(np.radians(angles) * count / 2))
    pointed = rng.random() < 0.25
    reach = 1 - depth + depth * (1 - np.abs(1 - 2 * ((angles * count / 360) % 1)) if pointed else waves**0.6)
    return [closed(on_oval(start + angles, (1, 1)) * reach[:, None], rng, looseness=0.02)]


def _flower_leaves(length: float, rng: Rng) -> Part:
    """None, one or two, each a loop that begins and ends at the stem."""
    leaves = []
    for side, is_there in ((1, rng.random() < 0.7), (-1, rng.random() < 0.55)):
        y, reach, rise = 1 + length * rng.uniform(0.5, 0.8), rng.uniform(0.45, 0.7), rng.uniform(0.15, 0.4)
        upper = bezier((0, y), (0.3 * reach, y - 1.2 * rise), (reach, y - rise))
        lower = bezier((reach, y - rise), (0.8 * reach, y + 0.4 * rise), (0, y))
        leaf = np.concatenate([upper, lower[1:]])
        leaves += [leaf * (side, 1)] if is_there else []
    return leaves


# --- the house ------------------------------------------------------------------------------------------------------


def house(rng: Rng) -> list[Part]:
    """Walls, a roof, a door, windows, often a chimney and sometimes its smoke."""
    wall, peak = rng.uniform(1.0, 1.5), rng.uniform(0.6, 1.0)
    has_chimney = rng.random() < 0.5
    return [
        _house_walls(wall, peak, rng),
        _house_door(wall, rng),
        _house_windows(wall, rng),
        _house_chimney(peak, rng) if has_chimney else [],
    ]


def _house_walls(wall: float, peak: float, rng: Rng) -> Part:
    """A box and a roof that stands over it or, one time in four, one outline with a line under its roof."""
    if rng.random() < 0.25:
        outline = lines((-1, 0), (0, -peak), (1, 0), (1, wall), (-1, wall), (-1, 0))
        return [closed(outline, rng), lines((-1, 0), (1, 0))]
    eaves = rng.uniform(0.0, 0.25)
    box = closed(lines((-1, 0), (1, 0), (1, wall), (-1, wall), (-1, 0)), rng)
    return [box, lines((-1 - eaves, 0.1 * eaves), (0, -peak), (1 + eaves, 0.1 * eaves))]


def _house_door(wall: float, rng: Rng) -> Part:
    """Open at the ground, with or without a knob."""
    x, width, top = rng.uniform(-0.4, 0.4), rng.uniform(0.18, 0.26), wall * rng.uniform(0.5, 0.6)
    door = lines((x - width, wall), (x - width, top), (x + width, top), (x + width, wall))
    knob = loop((x + 0.55 * width, (top + wall) / 2), (0.04, 0.04), rng)
    return [door, knob] if rng.random() < 0.4 else [door]


def _house_windows(wall: float, rng: Rng) -> Part:
    """One or two squares above or beside the door, most of them with a cross."""
    size, y = rng.uniform(0.15, 0.2), wall * rng.uniform(0.2, 0.28)
    sides = [(-1, 1), (-1,), (1,)][rng.choice(3, p=[0.6, 0.2, 0.2])]
    has_cross, panes = rng.random() < 0.6, []
    for x in (0.66 * side for side in sides):
        square = [(x - size, y - size), (x + size, y - size), (x + size, y + size), (x - size, y + size)]
        panes += [closed(lines(*square, square[0]), rng)]
        panes += [lines((x - size, y), (x + size, y)), lines((x, y - size), (x, y + size))] if has_cross else []
    return panes


def _house_chimney(peak: float, rng: Rng) -> Part:
    x, width, rise = rng.uniform(0.4, 0.6), rng.uniform(0.1, 0.14), rng.uniform(0.05, 0.25)
    left, right, top = -peak * (1 - x + width), -peak * (1 - x - width), -peak - rise
    chimney = lines((x - width, left), (x - width, top), (x + width, top), (x + width, right))
    smoke = bezier((x, top - 0.1), (x + 0.5, top - 0.3), (x - 0.4, top - 0.5), (x + 0.3, top - 0.75))
    return [chimney, smoke] if rng.random() < 0.5 else [chimney]


# --- the mushroom ---------------------------------------------------------------------------------------------------


def mushroom(rng: Rng) -> list[Part]:
    """A cap with spots or without, a stem, and perhaps gills, a ring or grass."""
    cap, width, length = rng.uniform(0.7, 1.0), rng.uniform(0.24, 0.38), rng.uniform(0.8, 1.2)
    has_spots, has_ring, has_grass = rng.random(3) < (0.75, 0.2, 0.3)
    foot = width * rng.uniform(1.0, 1.35)
    stem = np.concatenate(
        [
            bezier((-width, 0.1), (-0.8 * width, 0.5 * length), (-foot, length)),
            bezier((-foot, length), (0, length + 0.15), (foot, length)),
            bezier((foot, length), (0.8 * width, 0.5 * length), (width, 0.1)),
        ]
    )
    ring = bezier((-width, 0.35), (0, 0.55), (width, 0.35))
    tufts = [lines((x - 0.1, length - 0.2), (x, length + 0.1), (x + 0.12, length - 0.22)) for x in (-0.75, 0.75)]
    return [
        _mushroom_cap(cap, rng),
        [stem],
        _mushroom_spots(cap, rng) if has_spots else [],
        [ring] if has_ring else [],
        tufts if has_grass else [],
    ]


def _mushroom_cap(cap: float, rng: Rng) -> Part:
    """The dome and its rim, which hangs or bulges, in one line."""
    dome, sag = arc((0, 0), (1, cap), -90, 90), rng.uniform(0.05, 0.3)
    return [closed(np.concatenate([dome, bezier((1, 0), (0.6, sag), (-0.6, sag), (-1, 0))[1:]]), rng)]


def _mushroom_spots(cap: float, rng: Rng) -> Part:
    places = [(0.0, -0.6), (-0.5, -0.3), (0.5, -0.32), (0.02, -0.15)][: rng.integers(3, 5)]
    return [
        loop((x, y * cap), (size, size), rng) for (x, y), size in zip(places, rng.uniform(0.09, 0.16, 4), strict=False)
    ]


# --- the sailboat ---------------------------------------------------------------------------------------------------


def sailboat(rng: Rng) -> list[Part]:
    """A hull, a mast, one or two sails, and some of a flag, waves and a porthole or two."""
    depth, height, x = rng.uniform(0.35, 0.5), rng.uniform(1.5, 2.0), rng.normal(0, 0.06)
    has_flag, has_waves, has_portholes = rng.random(3) < (0.35, 0.45, 0.2)
    flag = lines((x, -height), (x + 0.35, -height + 0.12), (x, -height + 0.24))
    portholes = [loop((u, 0.45 * depth), (0.07, 0.07), rng) for u in (-0.35, 0.35)]
    return [
        _sailboat_hull(depth, rng),
        [lines((x, 0), (x, -height))],
        _sailboat_sails(x, height - 0.3 * has_flag, rng),
        [flag] if has_flag else [],
        portholes if has_portholes else [],
        _sailboat_waves(depth, rng) if has_waves else [],
    ]


def _sailboat_hull(depth: float, rng: Rng) -> Part:
    """Straight sides or, as often, a round keel."""
    if rng.random() < 0.5:
        keel = rng.uniform(0.55, 0.75)
        return [closed(lines((-1, 0), (1, 0), (keel, depth), (-keel, depth), (-1, 0)), rng)]
    bottom = bezier((1, 0), (0.75, 1.35 * depth), (-0.75, 1.35 * depth), (-1, 0))
    return [closed(np.concatenate([lines((-1, 0), (1, 0)), bottom[1:]]), rng)]


def _sailboat_sails(x: float, height: float, rng: Rng) -> Part:
    """A triangle behind the mast and, two times in three, a smaller one before it; some have the wind in them."""
    reach, low, wind = rng.uniform(0.7, 0.9), -rng.uniform(0.12, 0.25), rng.uniform(0, 0.25)
    main = bezier((x + 0.05, -height), (x + 0.5 * reach + wind, -0.6 * height), (x + reach, low))
    sails = [np.concatenate([main, lines((x + reach, low), (x + 0.05, low), (x + 0.05, -height))[1:]])]
    if rng.random() < 0.67:
        reach, top = reach * rng.uniform(0.7, 0.95), -height * rng.uniform(0.8, 0.95)
        sails += [lines((x - 0.06, top), (x - 0.06, low), (x - reach, low), (x - 0.06, top))]
    return sails


def _sailboat_waves(depth: float, rng: Rng) -> Part:
    y, count = depth + rng.uniform(0.05, 0.15), rng.integers(3, 6)
    xs = np.linspace(-1.3, 1.3, 12 * count + 1)
    return [np.stack([xs, y + 0.08 * np.cos(np.arange(len(xs)) * np.pi / 6)], axis=1)]


# --- the snowman ----------------------------------------------------------------------------------------------------


def snowman(rng: Rng) -> list[Part]:
    """Two or three balls, the largest first, a face, and some of arms, buttons and a hat."""
    sizes = [1.0, rng.uniform(0.66, 0.76), rng.uniform(0.46, 0.54)]
    if rng.random() < 0.4:
        sizes = [1.0, rng.uniform(0.62, 0.72)]
    places = [0.0]
    for below, size in itertools.pairwise(sizes):
        places.append(places[-1] - 0.93 * (below + size))
    has_arms, has_buttons, has_hat = rng.random(3) < (0.6, 0.6, 0.55)
    trunk = places[-2]
    return [
        [loop((0, y), (size, size), rng) for y, size in zip(places, sizes, strict=True)],
        _snowman_face(places[-1], sizes[-1], rng),
        _snowman_arms(trunk, sizes[-2], rng) if has_arms else [],
        _snowman_buttons(trunk, sizes[-2], rng) if has_buttons else [],
        _snowman_hat(places[-1] - 0.75 * sizes[-1], sizes[-1], rng) if has_hat else [],
    ]


def _snowman_face(y: float, size: float, rng: Rng) -> Part:
    """Eyes, a carrot to one side, and mostly a smile."""
    eye, side = 0.09 * size, rng.choice([-1, 1])
    eyes = pair(lines((0.35 * size, y - 0.25 * size - eye), (0.35 * size, y - 0.25 * size + eye)))
    carrot = lines((0, y - 0.08 * size), (side * rng.uniform(0.6, 1.0) * size, y + 0.1 * size), (0, y + 0.18 * size))
    smile = bezier((-0.4 * size, y + 0.4 * size), (0, y + 0.8 * size), (0.4 * size, y + 0.4 * size))
    return [*eyes, carrot, smile] if rng.random() < 0.7 else [*eyes, carrot]


def _snowman_arms(y: float, size: float, rng: Rng) -> Part:
    """Sticks, two times in five with a twig at the end."""
    reach, rise = 0.9 * size + rng.uniform(0.5, 0.8), rng.uniform(0.2, 0.6)
    arms = pair(lines((0.9 * size, y - 0.2 * size), (reach, y - 0.2 * size - rise)))
    twigs = pair(lines((reach - 0.2, y - 0.2 * size - 0.7 * rise), (reach - 0.02, y - 0.15 * size - 0.5 * rise)))
    return arms + twigs if rng.random() < 0.4 else arms


def _snowman_buttons(y: float, size: float, rng: Rng) -> Part:
    dot = 0.07 * size
    return [lines((0, y + u * size - dot), (0, y + u * size + dot)) for u in (-0.4, 0.0, 0.4)[: rng.integers(2, 4)]]


def _snowman_hat(y: float, size: float, rng: Rng) -> Part:
    """A brim and the hat's tall part."""
    brim, crown, rise = size * rng.uniform(0.9, 1.15), size * rng.uniform(0.55, 0.7), size * rng.uniform(0.8, 1.1)
    return [lines((-brim, y), (brim, y)), lines((-crown, y), (-crown, y - rise), (crown, y - rise), (crown, y))]


# --- the umbrella ---------------------------------------------------------------------------------------------------


def umbrella(rng: Rng) -> list[Part]:
    """A canopy with a scalloped edge, a stick with a hook, and mostly ribs; the tip may be missing."""
    height, count, length = rng.uniform(0.75, 1.0), int(rng.integers(3, 6)), rng.uniform(1.1, 1.4)
    has_ribs, has_tip, is_raining = rng.random(3) < (0.65, 0.6, 0.12)
    corners = np.linspace(1, -1, count + 1)
    side, hook = rng.choice([-1, 1]), rng.uniform(0.18, 0.26)
    bend = bezier((0, length), (0, length + 1.5 * hook), (2 * hook, length + 1.5 * hook), (2 * hook, length - 0.1))
    ribs = [bezier((0, -height), (0.85 * x, -0.75 * height), (x, 0)) for x in corners[1:-1] if abs(x) > 0.01]
    drops = [lines((x, -height - 0.1), (x - 0.08, -height + 0.15)) for x in (-1.0, -0.7, 0.75, 1.05)]
    return [
        _umbrella_canopy(height, corners, rng),
        [np.concatenate([lines((0, -0.05), (0, length)), bend * (side, 1)])],
        ribs if has_ribs else [],
        [lines((0, -height), (0, -height - 0.2))] if has_tip else [],
        drops if is_raining else [],
    ]


def _umbrella_canopy(height: float, corners: np.ndarray, rng: Rng) -> Part:
    """The dome from left to right, then the edge from right to left, in one line."""
    rise = rng.uniform(0.12, 0.22)
    edge = [bezier((a, 0), ((a + b) / 2, -2 * rise), (b, 0)) for a, b in itertools.pairwise(corners)]
    return [closed(np.concatenate([arc((0, 0), (1, height), -90, 90), *edge]), rng)]
