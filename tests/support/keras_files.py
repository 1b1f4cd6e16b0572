"""Copies of a `.keras` file with other things in it."""

import json
import zipfile
from collections.abc import Callable
from pathlib import Path


def rewritten(saved: Path, path: Path, **members: bytes | str | None) -> Path:
    """A copy with the content of some members replaced, by the part of their name before the dot; None: left out."""
    with zipfile.ZipFile(saved) as source, zipfile.ZipFile(path, "w") as target:
        for name in source.namelist():
            content = members.get(name.split(".")[0], source.read(name))
            if content is not None:
                target.writestr(name, content)
    return path


def document_of(saved: Path) -> dict:
    """All of its config.json, which Keras writes; ours is what it holds under "config"."""
    with zipfile.ZipFile(saved) as archive:
        return json.loads(archive.read("config.json"))


def with_config(saved: Path, path: Path, change: Callable[[dict], object]) -> Path:
    """A copy whose configuration, ours, is what `change` makes of it."""
    document = document_of(saved)
    return rewritten(saved, path, config=json.dumps({**document, "config": change(document["config"])}))


def with_hparams(saved: Path, path: Path, **changes: object) -> Path:
    """A copy with other hyperparameters."""
    return with_config(saved, path, lambda config: config | {"hparams": config["hparams"] | changes})
