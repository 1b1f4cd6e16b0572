"""Files to download in tests, whose end shows that all of one has come."""

import json
from pathlib import Path

import numpy as np

from sketch_rnn_keras.files.fetching import Download, download_all

WHOLE = np.random.default_rng(0).bytes(300_000) + b"end"
OTHER = np.random.default_rng(1).bytes(200_000) + b"end"


def check(path: Path) -> None:
    if not path.read_bytes().endswith(b"end"):
        raise ValueError("not a file with an end")


def get(download: Download) -> bytes:
    """Downloads a file, silently; its content."""
    download_all([download], progress=False)
    return download.path.read_bytes()


def left(download: Download) -> set[str]:
    """The names of all files beside a downloaded one, and its own."""
    return {path.name for path in download.path.parent.iterdir()}


def record(download: Download) -> dict:
    return json.loads(download.path.with_name(f"{download.path.name}.download.json").read_text())
