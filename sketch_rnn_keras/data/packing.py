"""Many data files as one folder, once. Enter: `.npz` files. Leaves: the folder that `folders` describes.

Each drawing stays in its split, as it is, and shows what its file is named after. The files are read by all cores and
spooled to disk; an interrupted packing is gone on with.
"""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ..errors import InputError
from .chunks import Chunk, make_chunk, narrowed
from .cleaning import clean
from .folder_writing import write_folder
from .folders import is_folder
from .npz import SPLITS, read_splits
from .spool import Spool, plan_of
from .workers import count_processes, map_in_order


def pack(files: Sequence[Path], folder: str | os.PathLike, processes: int | None = None) -> Path:
    """Makes a folder of data files, unless it is there; what is done is said on standard error.

    Where another process is at it, its end is waited for, and what it has made is taken.

    Args:
        files: `.npz` files of whole numbers that int16 holds, or of others, which become float32.
        folder: the folder to make. A data set of this name is left as it is.
        processes: how many read; one for each core by default.

    Returns:
        The folder.

    Raises:
        InputError: a file is broken, there is no drawing to train with, or the folder cannot be written.
    """
    folder = Path(folder)

    def on_wait() -> None:
        print(f"another process is packing {folder}; waiting for it", file=sys.stderr)

    plan = plan_of(files, {"packed": True})
    with Spool(folder, plan, on_wait) as spool:
        if is_folder(folder):
            return folder
        left = files[spool.done :]
        print(f"packing {len(left)} data files into {folder}, once", file=sys.stderr)
        for chunk in map_in_order(read_file, left, min(count_processes(processes), len(left)) or 1):
            spool.add(chunk)
        own = np.asarray(spool.drawings()["split"])
        write_folder(folder, spool, {split: np.flatnonzero(own == place) for place, split in enumerate(SPLITS)})
    return folder


def read_file(path: Path) -> Chunk:
    """The drawings of a data file, but for empty ones.

    Raises:
        InputError: the file is broken, or a drawing is no stroke-3.
    """
    drawings: list[np.ndarray] = []
    splits: list[int] = []
    for place, (split, arrays) in enumerate(read_splits(path).items()):
        kept, _ = clean(arrays, str(path), split, None)
        drawings += [narrowed(drawing) for drawing in kept]
        splits += [place] * len(kept)
    if not drawings:
        raise InputError(f"{path}: expected drawings, received none")
    return make_chunk(drawings, [path.stem] * len(drawings), splits)
