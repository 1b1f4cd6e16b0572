"""The Quick, Draw! data set: its categories, and how to get one (paper, section 3.1).

Enters: names of categories. Leaves: paths of their files, in any of the formats that the data set is published in;
`load_dataset` reads `npz`.
The drawings were made available by Google, Inc. under CC BY 4.0: https://github.com/googlecreativelab/quickdraw-dataset
"""

import json
import os
import zipfile
from collections.abc import Callable, Sequence
from importlib import resources
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from ..errors import known_names, one_of

BASE_URL = "https://storage.googleapis.com/quickdraw_dataset"
CATEGORIES = tuple(
    resources.files(__package__).joinpath("quickdraw_categories.txt").read_text(encoding="utf-8").splitlines()
)
GROUPS: dict[str, tuple[str, ...]] = {"all": CATEGORIES} | {
    name: tuple(members)
    for name, members in json.loads(
        resources.files(__package__).joinpath("quickdraw_groups.json").read_text(encoding="utf-8")
    ).items()
}

MAX_LINE = 2**22  # bytes of a drawing in ndjson; Quick, Draw!'s longest lines are a tenth of it


def group(name: str) -> tuple[str, ...]:
    """The categories of a group, such as animals; that of a category is the one.

    Raises:
        InputError: there is no such group.
    """
    known_names([name], [*GROUPS, *CATEGORIES], "groups and Quick, Draw! categories")
    return GROUPS.get(name, (name,))


def download(
    category: str,
    data_dir: str | os.PathLike = "data",
    base_url: str = BASE_URL,
    progress: bool = True,
    *,
    format: str = "npz",
) -> Path:
    """Gets the file of a category, unless it is there already: `download_categories` for one."""
    return download_categories([category], data_dir, base_url, progress, format=format)[0]


def download_categories(
    categories: Sequence[str],
    data_dir: str | os.PathLike = "data",
    base_url: str = BASE_URL,
    progress: bool = True,
    *,
    format: str = "npz",
) -> list[Path]:
    """Gets the files of some categories. One that is there already is compared with the record of its download.

    A file appears under its name only when all of it has arrived. A broken transfer is continued by the next call.

    Args:
        categories: some of `CATEGORIES`; all are looked at before anything is fetched.
        data_dir: the folder to put them in; made if it does not exist.
        base_url: where the folders of the data set lie: the original or a copy of it.
        progress: whether to tell about it on standard error.
        format: one of `FORMATS`.

    Returns:
        For each category its file, `data_dir/cat.npz`, `cat.ndjson`, `cat.raw.ndjson` or `cat.bin`.

    Raises:
        InputError: there is no such category or format, a download failed, or a file has been damaged since; the
            downloads of the other categories are completed first.
    """
    from ..files.fetching import Download, download_all  # here: what reads data needs no HTTP

    known_names(categories, CATEGORIES, "Quick, Draw! categories")
    one_of("format", format, FORMATS)
    source, name, max_bytes, check = FORMATS[format]
    paths = {category: Path(data_dir) / name.format(category) for category in categories}
    downloads = [
        Download(f"{base_url.rstrip('/')}/{quote(source.format(category))}", path, check, max_bytes)
        for category, path in paths.items()
    ]
    download_all(downloads, progress=progress)
    return [paths[category] for category in categories]


def _check_npz(path: Path) -> None:
    if not zipfile.is_zipfile(path):
        raise ValueError("not an .npz file, or not all of one")


def _check_ndjson(path: Path) -> None:
    """Looks at the first and the last line."""
    with path.open("rb") as file:
        first = file.readline(MAX_LINE)
        file.seek(-min(path.stat().st_size, MAX_LINE), os.SEEK_END)
        last = file.read().removesuffix(b"\n").rpartition(b"\n")[2]
    for line in (first, last):
        try:
            drawing = json.loads(line)
        except (ValueError, RecursionError):
            drawing = None
        if not isinstance(drawing, dict) or "drawing" not in drawing:
            raise ValueError("not ndjson, one drawing to a line, or not all of it")


def _check_binary(path: Path) -> None:
    """Looks at the head of the first drawing: key, country, recognised (0 or 1), time, number of strokes."""
    with path.open("rb") as file:
        head = file.read(17)
    if len(head) < 17 or head[10] not in (0, 1):
        raise ValueError("not Quick, Draw!'s binary format")


class _Format(NamedTuple):
    source: str
    name: str
    max_bytes: int
    check: Callable[[Path], None]


FORMATS = {
    "npz": _Format("sketchrnn/{}.npz", "{}.npz", 2**30, _check_npz),
    "ndjson": _Format("full/simplified/{}.ndjson", "{}.ndjson", 2**32, _check_ndjson),
    "raw": _Format("full/raw/{}.ndjson", "{}.raw.ndjson", 2**34, _check_ndjson),
    "binary": _Format("full/binary/{}.bin", "{}.bin", 2**30, _check_binary),
}
