"""Which drawings go into a data file, and into which split. The seed decides; the same seed decides the same."""

import math
from collections import Counter
from collections.abc import Sequence

import numpy as np

from ..data.npz import SPLITS
from ..errors import InputError
from ..streams import Stream, generator

DEFAULT = (0.9, 0.05, 0.05)
MAX_BYTES = 2**30  # of drawings kept
_OVERHEAD = 200  # bytes of an array besides its numbers


class Reservoir:
    """The drawings kept while reading: all, or of each category a random sample of the number asked for.

    Attributes:
        seen: drawings offered.
    """

    def __init__(self, per_category: int | None, seed: int):
        self._limit = per_category or math.inf
        self._seed = seed
        self._rng = generator(seed, Stream.CONVERSION_CHOICE)
        self._groups: dict[tuple[str, str | None], list[np.ndarray]] = {}
        self._seen: Counter[tuple[str, str | None]] = Counter()
        self._bytes = 0

    @property
    def seen(self) -> int:
        return self._seen.total()

    def add(self, stroke3: np.ndarray, category: str, split: str | None) -> None:
        """Keeps a copy of a drawing; beyond the limit, in the place of another or not at all (reservoir sampling)."""
        key = (category, split)
        group = self._groups.setdefault(key, [])
        self._seen[key] += 1
        if len(group) < self._limit:
            self._bytes += stroke3.nbytes + _OVERHEAD
            group.append(stroke3.copy())
        elif (place := int(self._rng.integers(self._seen[key]))) < len(group):
            self._bytes += stroke3.nbytes - group[place].nbytes
            group[place] = stroke3.copy()
        if self._bytes > MAX_BYTES:
            raise InputError(
                f"expected drawings of at most {MAX_BYTES} bytes in one file, received more; lower per_category, or "
                "give fewer sources at once"
            )

    def into_splits(self, splits: Sequence[float] | None) -> tuple[dict[str, list[np.ndarray]], Counter[str]]:
        """Deals the drawings out.

        Args:
            splits: see `convert`; None leaves each drawing in the split that it came from.

        Returns:
            The drawings of each split, and how many of each category are in them.

        Raises:
            InputError: there are too few.
        """
        drawings = [drawing for group in self._groups.values() for drawing in group]
        keys = [key for key, group in self._groups.items() for _ in group]
        if splits is None:
            dealt = {split: [k for k, (_, own) in enumerate(keys) if own == split] for split in SPLITS}
        else:
            order = generator(self._seed, Stream.CONVERSION_SPLIT).permutation(len(drawings)).tolist()
            ends = np.cumsum([0, *count_splits(splits, len(drawings))]).tolist()
            dealt = {split: order[ends[i] : ends[i + 1]] for i, split in enumerate(SPLITS)}
        categories = Counter(keys[k][0] for split in SPLITS for k in dealt[split])
        return {split: [drawings[k] for k in dealt[split]] for split in SPLITS}, categories


def check_splits(splits: Sequence[float]) -> None:
    """Refuses what can be neither three counts nor three fractions.

    Raises:
        InputError: another number of them, a negative one, fractions that do not add up to 1, nothing to train with.
    """
    if len(splits) != len(SPLITS) or not all(math.isfinite(part) and part >= 0 for part in splits):
        raise InputError(f"splits: expected three numbers, for {', '.join(SPLITS)}, received {_list(splits)}")
    if not _are_fractions(splits) and any(part != int(part) for part in splits):
        raise InputError(
            f"splits: expected whole numbers, or fractions that add up to 1, received {_list(splits)}, which add up to "
            f"{sum(splits):g}"
        )
    if splits[0] == 0:
        raise InputError(f"splits: expected drawings to train with, received {_list(splits)}")


def count_splits(splits: Sequence[float], total: int) -> list[int]:
    """Turns fractions into counts; each split that is not 0 gets one drawing at least.

    Raises:
        InputError: there are too few drawings.
    """
    if not _are_fractions(splits):
        if sum(splits) > total:
            raise InputError(
                f"splits: asked for {_list(splits)}, {sum(splits):g} drawings, but {total} are left; ask for fewer, or "
                f"for fractions: splits={DEFAULT}"
            )
        return [int(part) for part in splits]
    held_out = [max(1, round(part * total)) if part else 0 for part in splits[1:]]
    if sum(held_out) >= total:
        raise InputError(
            f"splits: {total} drawings are too few for {_list(splits)}; add drawings, or use splits=(1, 0, 0)"
        )
    return [total - sum(held_out), *held_out]


def _are_fractions(splits: Sequence[float]) -> bool:
    return math.isclose(sum(splits), 1, abs_tol=1e-6)


def _list(splits: Sequence[float]) -> str:
    return " ".join(f"{part:g}" for part in splits)
