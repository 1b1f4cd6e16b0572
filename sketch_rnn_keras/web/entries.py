"""Which models a page has. Enters: what a caller names. Leaves: models with their names, all distinct, and titles."""

import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from ..errors import InputError, shown
from ..files.presets import presets
from ..loading import MODEL_SUFFIXES, load_model
from ..model.sketch_rnn import SketchRNN

Models = SketchRNN | str | os.PathLike | Iterable[str | os.PathLike] | Mapping[str, SketchRNN]


class Entry(NamedTuple):
    """A model, what it is called in the page, and what it draws, in a line or not at all."""

    name: str
    title: str
    model: SketchRNN


def entries(models: Models, opened: Callable[[str], SketchRNN] = load_model) -> list[Entry]:
    """The models of a page.

    Args:
        models: a model, a name or several of whatever `load_model` opens, or models by the names they are to have.
        opened: opens what has a name.

    Returns:
        One entry for each, in their order. A second model of the same name is called "cat 2".

    Raises:
        InputError: there is none, one of them is no model, or a name opens none.
    """
    if isinstance(models, SketchRNN):
        models = {"model": models}
    if isinstance(models, Mapping):
        found = [Entry(_checked_name(name), "", _checked_model(name, model)) for name, model in models.items()]
    else:
        names = [models] if isinstance(models, str | os.PathLike) else models
        found = [_open(os.fspath(name), opened) for name in names]
    if not found:
        raise InputError("models: expected at least one, received none")
    taken: set[str] = set()
    return [entry._replace(name=_distinct(entry.name, taken)) for entry in found]


def _open(name: str, opened: Callable[[str], SketchRNN]) -> Entry:
    preset = None if Path(name).exists() else presets().get(name)
    return Entry(_label(name), preset.title if preset else "", opened(name))


def _label(name: str) -> str:
    """What is named `name`, called as a person would: the last part, without the suffix of its format."""
    last = Path(name).name or Path(name).resolve().name
    suffix = next((suffix for suffix in MODEL_SUFFIXES if last.lower().endswith(suffix)), "")
    return last[: len(last) - len(suffix)] or last


def _distinct(name: str, taken: set[str]) -> str:
    """`name`, or with a number that none of those taken has; it is taken from then on."""
    chosen, number = name, 1
    while chosen in taken:
        number += 1
        chosen = f"{name} {number}"
    taken.add(chosen)
    return chosen


def _checked_name(name: object) -> str:
    if not isinstance(name, str) or not name.strip():
        raise InputError(f"models: expected names of some characters, received {shown(name)}")
    return name


def _checked_model(name: str, model: object) -> SketchRNN:
    if not isinstance(model, SketchRNN):
        raise InputError(f"models: expected a SketchRNN as {shown(name)}, received {shown(model)}")
    return model
