"""Drawings whose place in any ranking is known: a copy machine's, and scribbles that nobody would recognise.

Enters: a stroke-3 drawing and a generator. Leaves: another one; whoever looks at them does not look at their size.
"""

import numpy as np

from ..strokes import bounds

JITTER = 0.01  # of a drawing's longer side: how far a copy machine's pen strays
_LIFTS = (0.02, 0.3)  # probabilities that the pen of a scribble leaves the paper after a point


def copied(drawing: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A drawing again, by a hand that trembles: what a model that only remembers would draw."""
    left, top, right, bottom = bounds(drawing)
    points = np.cumsum(drawing[:, :2], axis=0, dtype=np.float64)
    points += rng.normal(0, JITTER * max(right - left, bottom - top), points.shape)
    again = np.array(drawing, np.float32)
    again[:, :2] = np.diff(points, axis=0, prepend=0)
    return again


def scribble(drawing: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The pen's moves in another order or, as often, moves at random; half of these stop early.

    The former have the statistics of a drawing and no meaning. The latter are what an untrained model draws.
    """
    if rng.random() < 0.5:
        return np.array(drawing, np.float32)[rng.permutation(len(drawing))]
    count = len(drawing) if rng.random() < 0.5 else int(rng.integers(1, len(drawing) + 1))
    moves = rng.normal(0, 1, (count, 2)) * rng.uniform(0.3, 1, 2)
    return np.column_stack([moves, rng.random(count) < rng.uniform(*_LIFTS)]).astype(np.float32)
