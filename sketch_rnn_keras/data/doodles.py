"""Procedural drawings of the thesis's three subjects and of eight more: the data set that needs no network.

Enter: a subject (such as a cat) and a seed. Leave: stroke-3 drawings, int16, prepared as Quick, Draw! does
with its own (paper, section 3.1): aligned to the top left, scaled to 0..255, simplified by Ramer-Douglas-Peucker.

A drawing is made in three steps. The subject's layout (`doodle_animals.py`, `doodle_things.py`) gives ideal strokes,
whose parts vary, come and go; a hand draws them, which turns, slants and wobbles them; then they are scaled and
simplified. Until that last step a unit is half the width of a head or a hull and the origin its middle. y grows
downwards.
"""

from collections.abc import Callable, Sequence

import numpy as np

from ..errors import InputError, one_of, shown, whole_number
from ..streams import doodle_generator
from ..strokes import bounds, from_polylines, simplify
from . import doodle_animals as animals
from . import doodle_things as things
from .doodle_shapes import Part, Rng, Stroke
from .npz import SPLITS

CANVAS = 255  # the longer side of a drawing, in pixels
EPSILON = 3.0  # tolerance of the simplification, in pixels; Quick, Draw! uses 2, which gives longer drawings
MIN_POINTS, MAX_POINTS = 20, 80

# Their places are part of the numbers that a drawing is made from: a new subject comes last.
_LAYOUTS: dict[str, Callable[[Rng], list[Part]]] = {
    "cat": animals.cat,
    "flying_saucer": things.flying_saucer,
    "owl": animals.owl,
    "fish": animals.fish,
    "flower": things.flower,
    "house": things.house,
    "mushroom": things.mushroom,
    "rabbit": animals.rabbit,
    "sailboat": things.sailboat,
    "snowman": things.snowman,
    "umbrella": things.umbrella,
}
SUBJECTS = tuple(_LAYOUTS)


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
    parts = _LAYOUTS[one_of("subject", subject, SUBJECTS)](rng)
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
    index = SUBJECTS.index(one_of("subject", subject, SUBJECTS))
    if np.shape(counts) != (len(SPLITS),):
        raise InputError(f"counts: expected one for each of {', '.join(SPLITS)}, received {shown(counts)}")
    counts = [whole_number(f"counts, {split}", count) for split, count in zip(SPLITS, counts, strict=True)]
    seed = whole_number("seed", seed)
    return {
        split: [make_doodle(subject, doodle_generator(seed, index, place, k)) for k in range(counts[place])]
        for place, split in enumerate(SPLITS)
    }


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
