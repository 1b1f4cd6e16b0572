"""Which drawings go into a data file, and into which split. The seed decides; the same seed decides the same."""

import math
from collections.abc import Sequence

import numpy as np

from ..data.npz import SPLITS
from ..errors import InputError
from ..streams import Stream, generator

DEFAULT = (0.9, 0.05, 0.05)


def choose(
    categories: np.ndarray, own: np.ndarray, per_category: int | None, splits: Sequence[float] | None, seed: int
) -> dict[str, np.ndarray]:
    """Chooses drawings, and deals them out.

    Args:
        categories: int `[n]`, what each drawing shows, in the order in which they were read.
        own: int `[n]`, the place of the split that each was in among train, valid and test.
        per_category: how many of each category and split to keep at most, chosen at random; None for all.
        splits: see `convert`; None leaves each drawing in the split that it came from.
        seed: of both choices.

    Returns:
        For each split the numbers of its drawings, in their new order.

    Raises:
        InputError: there are too few.
    """
    kept = _sample(categories, own, per_category, seed)
    if splits is None:
        return {split: kept[own[kept] == place] for place, split in enumerate(SPLITS)}
    order = kept[generator(seed, Stream.CONVERSION_SPLIT).permutation(len(kept))]
    ends = np.cumsum([0, *count_splits(splits, len(kept))])
    return {split: order[ends[place] : ends[place + 1]] for place, split in enumerate(SPLITS)}


def _sample(categories: np.ndarray, own: np.ndarray, limit: int | None, seed: int) -> np.ndarray:
    """The numbers of the drawings to keep, group by group, the group that was read first first.

    Beyond the limit a drawing takes the place of another or is left out: reservoir sampling, in the order of reading.
    """
    count, width = len(categories), len(SPLITS) + 1
    keys = categories * width + (own + 1)
    first = np.full(int(keys.max(initial=0)) + 1, count)
    np.minimum.at(first, keys, np.arange(count))
    place = np.argsort(np.argsort(first, kind="stable"), kind="stable")  # of each group, by its first drawing
    groups = place[keys].astype(np.uint16 if len(first) < 2**16 else np.int64)  # short numbers are sorted fast
    order = np.argsort(groups, kind="stable")
    if limit is None:
        return order
    sizes = np.bincount(groups)
    begins = np.cumsum(sizes) - sizes
    seen = np.empty(count, np.int64)  # drawings of its group that were read before each
    seen[order] = np.arange(count) - begins[groups[order]]
    rooms = np.minimum(sizes, min(limit, count))
    firsts = np.cumsum(rooms) - rooms  # where the reservoir of each group begins; they lie end to end
    kept = np.empty(int(rooms.sum()), np.int64)
    early = np.flatnonzero(seen < limit)
    kept[firsts[groups[early]] + seen[early]] = early
    rng = generator(seed, Stream.CONVERSION_CHOICE)
    for number in np.flatnonzero(seen >= limit).tolist():
        if (taken := int(rng.integers(seen[number] + 1))) < limit:
            kept[firsts[groups[number]] + taken] = number
    return kept


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
