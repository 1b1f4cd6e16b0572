"""What the name of a configuration means. Enters: a path, or the name of one that ships. Leaves: a path.

The configurations of the repository's `configs/` lie beside this package in a clone, and inside it in a wheel.
"""

import os
from pathlib import Path

from ..errors import InputError, nearest
from .reading import read_json

_PACKAGE = Path(__file__).parents[1]


def configs() -> dict[str, Path]:
    """The file of each configuration that ships, by name; those of sweeps are among them."""
    inside = _PACKAGE / "configs"
    folder = inside if inside.is_dir() else _PACKAGE.parent / "configs"
    return {path.stem: path for path in sorted(folder.glob("*.json"))}


def config_names(of_sweeps: bool = False) -> list[str]:
    """The names of the configurations that ship: those of one training, or those of sweeps."""
    what = "a configuration that ships"
    return [name for name, path in configs().items() if ("variants" in read_json(path, what)) == of_sweeps]


def find_config(name: str | os.PathLike, what: str, of_sweeps: bool = False) -> Path:
    """What a configuration's name stands for, in this order: a path, one that ships.

    Args:
        name: a path, or a plain name such as "quickstart".
        what: what error messages say was expected, such as "a JSON file of hyperparameters".
        of_sweeps: which names they list.

    Raises:
        InputError: nothing has this name.
    """
    path, plain = Path(name), os.fspath(name)
    if plain in configs() and not path.is_file():  # a folder of that name, such as that of the run, is not meant
        return configs()[plain]
    if path.exists():
        return path
    known = config_names(of_sweeps)
    close = nearest(path.stem, known)
    hint = f"; did you mean {close[0]}?" if close else ""
    raise InputError(f"{path}: No such file; expected {what}, or one that ships: {', '.join(known)}{hint}")
