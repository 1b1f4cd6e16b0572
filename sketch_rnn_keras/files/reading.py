"""Reading JSON without trusting it. Enters: a path and bounds. Leaves: the document, or an `InputError`."""

import json
import os
import stat
from pathlib import Path
from typing import Any

from ..errors import Hindered, InputError, shown


def read_json(path: str | os.PathLike, what: str, max_bytes: int = 2**20, max_commas: int = 2**18) -> Any:
    """Read a JSON document in UTF-8 whose objects repeat no key.

    Args:
        path: the file.
        what: what error messages say was expected, such as "a JSON file of hyperparameters".
        max_bytes: a longer file is refused.
        max_commas: a file with more of them is refused before it is parsed: values take more memory than their text.

    Raises:
        InputError: the file cannot be read, is too long or is not such a document.
    """
    path = Path(path)
    refuse_pipe(path, what)
    try:
        with path.open("rb") as file:
            content = file.read(max_bytes + 1)
    except OSError as error:
        raise InputError(f"{path}: expected {what}, but {error.strerror}") from None
    if len(content) > max_bytes:
        raise InputError(f"{path}: expected a JSON file of at most {max_bytes} bytes; this one is larger")
    if (commas := content.count(b",")) > max_commas:
        raise InputError(f"{path}: expected {what}, which has at most {max_commas} commas; this one has {commas}")
    try:
        return json.loads(content.decode("utf-8-sig"), object_pairs_hook=_without_duplicates)
    except json.JSONDecodeError as error:
        raise InputError(f"{path}, line {error.lineno}, column {error.colno}: broken JSON: {error.msg}") from None
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: expected JSON text in UTF-8, which the byte at {error.start} is not") from None
    except RecursionError:
        raise InputError(f"{path}: expected {what}, received one nested too deeply") from None
    except ValueError as error:  # A repeated key, or an integer of thousands of digits.
        raise InputError(f"{path}: {error}") from None


def refuse_pipe(path: Path, what: str) -> None:
    """Refuse a pipe, in which nobody may write: to open it would be to wait. Those of a shell's <(...) end.

    Args:
        path: what is about to be opened, whether it exists or not.
        what: what the message says was expected.

    Raises:
        InputError: it is a pipe that lies outside `/dev`.
    """
    try:
        is_pipe = stat.S_ISFIFO(os.stat(path).st_mode)
    except (OSError, ValueError):  # whoever opens it says what is wrong
        return
    if is_pipe and Path("/dev") not in path.parents:
        raise InputError(f"{path}: expected {what}, received a pipe, in which nobody may write")


def unreadable(path: str | os.PathLike, error: OSError) -> Hindered:
    """The sentence for a file that the system does not let be read."""
    return Hindered(f"{path}: cannot be read ({error.strerror or error})")


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for key, value in pairs:
        if key in values:
            raise ValueError(f"the key {shown(key)} appears more than once; keep one")
        values[key] = value
    return values
