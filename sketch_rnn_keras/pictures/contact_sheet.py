"""A sheet of random drawings of a data set. Enters: a `Dataset`. Leaves: an SVG, PNG or PDF file."""

import os

from ..data.datasets import Dataset
from ..data.npz import SPLITS
from ..errors import InputError, one_of
from ..streams import Stream, generator
from .grid import draw_sketches


def contact_sheet(
    dataset: Dataset,
    path: str | os.PathLike,
    *,
    split: str = "train",
    count: int = 64,
    seed: int = 0,
    columns: int | None = None,
    title: str | None = None,
) -> int:
    """Draws a grid of drawings chosen at random, each above its number among those of the split that were not left out.

    Args:
        dataset: the drawings.
        path: the file to write, ending in `.svg`, `.png` or `.pdf`.
        split: where to choose from: train, valid or test.
        count: how many; all, if the split has fewer. With more of them, those of a smaller count stay.
        seed: of the choice.
        columns: drawings in a row; None makes the grid as square as can be.
        title: text above the grid, followed by the counts.

    Returns:
        The number of drawings on the sheet.

    Raises:
        InputError: there is no such split, it has no drawings, or the picture cannot be drawn or written.
    """
    one_of("split", split, SPLITS)
    drawings = getattr(dataset, split)
    if not len(drawings):
        raise InputError(f"split {split}: expected drawings to show, there are none; choose another split")
    chosen = generator(seed, Stream.CONTACT_SHEET).permutation(len(drawings))[:count].tolist()
    heading = f"{title}, {split}: {len(chosen):,} of {len(drawings):,}" if title else None
    draw_sketches([drawings[k] for k in chosen], path, columns=columns, labels=list(map(str, chosen)), title=heading)
    return len(chosen)
