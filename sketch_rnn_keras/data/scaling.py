"""Clamping, and the one factor between data units and model units (paper, section 3.1).

Enter: stroke-3 rows of any type of number. Leave: rows in data units, clamped, and the standard deviation of their
offsets. That of whole numbers comes from their sum and the sum of their squares, which are exact: it is the same number
however a data set is stored, cut in pieces or put in order.
"""

import math
from collections.abc import Callable, Iterable
from fractions import Fraction
from typing import NamedTuple, Self

import numpy as np

OFFSET_LIMIT = 1000  # data units; longer jumps are cut to it


class Moments(NamedTuple):
    """Of whole numbers: how many there are, their sum and the sum of their squares."""

    size: int = 0
    total: int = 0
    squares: int = 0

    @classmethod
    def of(cls, values: np.ndarray) -> Self:
        """Of an array of whole numbers within ±1000."""
        numbers = values.ravel().astype(np.float64, copy=False)  # sums of whole numbers below 2^53 are exact
        return cls(numbers.size, int(numbers.sum()), int(numbers @ numbers))

    def plus(self, other: Self) -> "Moments":
        """Of the numbers of both."""
        return Moments(*(mine + theirs for mine, theirs in zip(self, other, strict=True)))

    def deviation(self) -> float:
        """The standard deviation, rounded once; 0 for no numbers."""
        size, total, squares = self
        return math.sqrt(Fraction(size * squares - total**2, size**2)) if size else 0.0


def clamp(flat: np.ndarray) -> np.ndarray:
    """The offsets `[P, 2]` of stroke-3 rows, cut to ±1000 data units."""
    return np.clip(flat[:, :2], -OFFSET_LIMIT, OFFSET_LIMIT)


def in_data_units(rows: np.ndarray) -> np.ndarray:
    """Stroke-3 rows `[P, 3]` of any type as a read-only float32 copy, clamped."""
    result = rows.astype(np.float32)
    np.clip(result[:, :2], -OFFSET_LIMIT, OFFSET_LIMIT, out=result[:, :2])
    result.setflags(write=False)
    return result


def are_whole(values: np.ndarray) -> bool:
    """Whether an array holds nothing but whole numbers."""
    return values.dtype.kind in "biu" or bool((values == np.rint(values)).all())


def deviation_of(blocks: Callable[[], Iterable[np.ndarray]]) -> float:
    """The standard deviation of any numbers within ±1000; their order and their blocks are without effect.

    Args:
        blocks: gives the numbers in arrays; it is called several times.

    Returns:
        The deviation; 0 for numbers that are all equal, and for none.
    """
    moments = Moments()
    for block in blocks():
        if not are_whole(block):
            break
        moments = moments.plus(Moments.of(block))
    else:
        return moments.deviation()
    known = [(block.min(), block.max(), block.size) for block in blocks()]
    if min(low for low, _, _ in known) == max(high for _, high, _ in known):
        return 0.0
    count = sum(size for _, _, size in known)
    mean = math.fsum(number for block in blocks() for number in block.ravel().tolist()) / count
    squares = (number for block in blocks() for number in ((block.ravel() - mean) ** 2).tolist())
    return math.sqrt(math.fsum(squares) / count)
