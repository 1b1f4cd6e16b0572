"""The Quick, Draw! data set: its categories, and how to get one (paper, section 3.1).

Enters: the name of a category. Leaves: the path of its `.npz` file, in the format that `load_dataset` reads.
The drawings were made available by Google, Inc. under CC BY 4.0: https://github.com/googlecreativelab/quickdraw-dataset
"""

import difflib
import os
import zipfile
from importlib import resources
from pathlib import Path
from typing import BinaryIO
from urllib.parse import quote

import requests
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

from .errors import InputError
from .files import replacing

BASE_URL = "https://storage.googleapis.com/quickdraw_dataset/sketchrnn"
CATEGORIES = tuple(
    resources.files(__package__).joinpath("quickdraw_categories.txt").read_text(encoding="utf-8").splitlines()
)

_TIMEOUT = (10, 60)  # seconds to connect, seconds between bytes
_CHUNK = 2**16  # bytes


def nearest(name: str) -> list[str]:
    """Lists up to three categories whose names resemble `name`, the best first."""
    by_lower_case = {category.lower(): category for category in CATEGORIES}
    return [by_lower_case[match] for match in difflib.get_close_matches(name.lower(), by_lower_case)]


def download(
    category: str, data_dir: str | os.PathLike = "data", base_url: str = BASE_URL, progress: bool = True
) -> Path:
    """Gets the file of a category, unless it is there already.

    The file appears under its name only when all of it has arrived.

    Args:
        category: one of `CATEGORIES`.
        data_dir: the folder to put it in; made if it does not exist.
        base_url: where the files lie.
        progress: whether to show a progress bar, on standard error.

    Returns:
        `data_dir/<category>.npz`.

    Raises:
        InputError: there is no such category, or the download failed.
    """
    if category not in CATEGORIES:
        close = ", ".join(nearest(category)) or "none"
        raise InputError(
            f"expected one of the {len(CATEGORIES)} Quick, Draw! categories, got {category!r}; near: {close}"
        )
    target = Path(data_dir) / f"{category}.npz"
    if target.exists():
        return target
    url = f"{base_url}/{quote(category)}.npz"
    try:
        _download_to(url, target, progress)
    except (requests.RequestException, OSError) as error:
        raise InputError(
            f"could not download {url} ({error}). Check the connection and run again, or fetch that address on another "
            f"computer and save it as {target}; `doodles:cat` is a data set that needs no network"
        ) from error
    return target


def _download_to(url: str, target: Path, progress: bool) -> None:
    with replacing(target) as draft:
        with draft.open("wb") as file:
            _fetch(url, file, target.name, progress)
        if not zipfile.is_zipfile(draft):
            raise OSError("what came is not an .npz file")


def _fetch(url: str, file: BinaryIO, label: str, progress: bool) -> None:
    columns = (
        *(TextColumn("{task.description}"), BarColumn(), DownloadColumn()),
        *(TransferSpeedColumn(), TimeRemainingColumn()),
    )
    with (
        # Without compression Content-Length is the size of the file.
        requests.get(url, stream=True, timeout=_TIMEOUT, headers={"Accept-Encoding": "identity"}) as response,
        Progress(*columns, console=Console(stderr=True), disable=not progress) as bar,
    ):
        response.raise_for_status()
        expected = int(response.headers["Content-Length"]) if "Content-Length" in response.headers else None
        task = bar.add_task(label, total=expected)
        for chunk in response.iter_content(_CHUNK):
            file.write(chunk)
            bar.update(task, advance=len(chunk))
    if expected not in (None, file.tell()):
        raise OSError(f"{file.tell()} of {expected} bytes arrived")
