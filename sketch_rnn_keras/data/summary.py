"""What is in a data set, before anybody trains on it: figures and warnings.

Enters: a `Dataset`. Leaves: text for an 80-column terminal.
"""

import hashlib
from dataclasses import dataclass

import numpy as np

from ..strokes import USUAL_MAX_SEQ_LEN
from .datasets import Dataset, Split
from .npz import SPLITS

_BARS = 15  # at most, in a histogram
_BAR_WIDTH = 50  # characters


@dataclass(frozen=True)
class Duplicates:
    """Drawings that equal another one, point by point.

    Attributes:
        within: for each split, how many of its drawings repeat an earlier one of the same split.
        between: for each pair of splits, how many drawings of the second are in the first too.
    """

    within: dict[str, int]
    between: dict[tuple[str, str], int]


def describe(dataset: Dataset, name: str) -> str:
    """Describes a data set for a terminal of 80 columns.

    Args:
        dataset: what `load_dataset` gave, without a limit of points.
        name: what to call it.

    Returns:
        Counts and lengths of each split, a histogram of the lengths, duplicates, and warnings.
    """
    splits = {split: getattr(dataset, split) for split in SPLITS}
    lengths = np.concatenate([split.lengths for split in splits.values()])
    return "\n".join(
        [
            name,
            f"scale factor {dataset.scale_factor:.4f}, N_max {dataset.max_seq_len}",
            "",
            *_table(splits),
            "",
            "points, drawings of all splits",
            *histogram(lengths),
            "",
            *_remarks(dataset, lengths, find_duplicates(dataset)),
        ]
    )


def histogram(lengths: np.ndarray) -> list[str]:
    """Draws how often each length occurs as bars of text.

    Args:
        lengths: int `[n]` with n >= 1, in points.

    Returns:
        Lines such as `  51-100     1234 #########`, the longest bar of 50 characters; at most 15.
    """
    spread = int(lengths.max()) - int(lengths.min()) + 1
    widths = (digit * 10**power for power in range(20) for digit in (1, 2, 5))
    width = next(width for width in widths if width * (_BARS - 1) >= spread)
    classes = (lengths - 1) // width
    first = int(classes.min())
    counts = np.bincount(classes - first)
    bars = np.ceil(counts / counts.max() * _BAR_WIDTH).astype(int)
    ranges = [
        f"{k * width + 1}-{(k + 1) * width}" if width > 1 else f"{k + 1}" for k in range(first, first + len(counts))
    ]
    room = max(map(len, ranges))
    return [
        f"{text:>{room}} {count:9,} {'#' * bar}".rstrip() for text, count, bar in zip(ranges, counts, bars, strict=True)
    ]


def find_duplicates(dataset: Dataset) -> Duplicates:
    """Counts the drawings that equal another one in every point, after clamping, in single precision.

    They are told apart by hashes of 64 bits: among ten million, two different ones share one once in 370,000 times.
    """
    contents = {split: np.sort(_hashes(getattr(dataset, split))) for split in SPLITS}
    within = {split: int(np.count_nonzero(hashes[1:] == hashes[:-1])) for split, hashes in contents.items()}
    pairs = [(first, second) for k, second in enumerate(SPLITS) for first in SPLITS[:k]]
    between = {(first, second): _count_common(contents[second], contents[first]) for first, second in pairs}
    return Duplicates(within, between)


def _count_common(hashes: np.ndarray, others: np.ndarray) -> int:
    """How many of the hashes are among the others; both are sorted, which takes a hundredth of `numpy.isin`."""
    if not len(others):
        return 0
    places = np.minimum(np.searchsorted(others, hashes), len(others) - 1)
    return int(np.count_nonzero(others[places] == hashes))


def _table(splits: dict[str, Split]) -> list[str]:
    rows = ["       drawings   points: min  median   95 %     max   pen strokes: median   max"]
    for name, split in splits.items():
        if not len(split):
            rows.append(f"{name:6} {0:8}")
            continue
        points = np.percentile(split.lengths, (0, 50, 95, 100), method="lower")
        strokes = np.percentile(_stroke_counts(split), (50, 100), method="lower")
        low, middle, high, most = points.tolist()
        rows.append(
            f"{name:6} {len(split):8,} {low:13,} {middle:7,} {high:6,} {most:7,} {strokes[0]:21,} {strokes[1]:5,}"
        )
    return rows


def _stroke_counts(split: Split) -> np.ndarray:
    """Pen strokes of each drawing: the points that lift the pen, and a last one that does not."""
    counts = np.zeros(len(split), np.int32)
    for numbers, rows, lengths in split.in_blocks():
        ends = rows[:, 2].copy()
        lasts = np.cumsum(lengths) - 1
        ends[lasts] = 1
        counts[numbers] = np.add.reduceat(ends, lasts - lengths + 1)
    return counts


def _hashes(split: Split) -> np.ndarray:
    """A number for each drawing that tells its content."""
    hashes = np.zeros(len(split), np.uint64)
    for numbers, rows, lengths in split.in_blocks():
        content = memoryview((rows + np.float32(0)).tobytes())  # + 0 makes -0 equal 0
        ends = (np.cumsum(lengths) * rows[:1].nbytes).tolist()
        pieces = zip([0, *ends], ends, strict=False)
        digests = b"".join(hashlib.blake2b(content[begin:end], digest_size=8).digest() for begin, end in pieces)
        hashes[numbers] = np.frombuffer(digests, np.uint64)
    return hashes


def _remarks(dataset: Dataset, lengths: np.ndarray, duplicates: Duplicates) -> list[str]:
    repeated = ", ".join(f"{count:,} in {split}" for split, count in duplicates.within.items() if count)
    remarks = [f"duplicates: {repeated or 'none'} within a split"]
    for (first, second), count in duplicates.between.items():
        if count:
            remarks += [
                f"warning: {first} also holds {count:,} of {second}'s {len(getattr(dataset, second)):,} drawings:",
                f"         results on {second} will be too good",
            ]
    long = int((lengths > USUAL_MAX_SEQ_LEN).sum())
    if long:
        remarks += [
            f"warning: {long:,} of the drawings have more than {USUAL_MAX_SEQ_LEN} points, which makes training slow:",
            f"         train with max_seq_len={USUAL_MAX_SEQ_LEN} to leave them out",
        ]
    return remarks + [f"warning: {note}" for note in dataset.dropped]
