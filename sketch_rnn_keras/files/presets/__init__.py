"""Models that ship with the package. Enters: a name. Leaves: a `.keras` file, and what is told of it.

`presets.json` beside this file says of each what it draws, how it was trained and under which licence it is; weights
are stored as float16. `docs/models.md` shows what they draw. Neither Keras nor a network.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from ...errors import InputError, reason
from ..reading import read_json

_FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Preset:
    """A model that ships with the package.

    Attributes:
        name: what `load_model` takes.
        title: what it draws, in a line.
        command: how it was trained.
        data: what on, and where that is from.
        licence: of the weights.
        losses: of the test split, by the names of `SketchRNN.loss_terms`.
        steps: optimiser steps.
        recognisable_after: steps and minutes after which its sketches could be recognised.
    """

    name: str
    title: str
    command: str
    data: str
    licence: str
    losses: dict[str, float]
    steps: int
    recognisable_after: str

    @property
    def file(self) -> Path:
        return _FOLDER / f"{self.name}.keras"


@cache
def presets() -> dict[str, Preset]:
    """All presets by name, in the order in which they are shown; raises `InputError` where the list is damaged."""
    file, what = _FOLDER / "presets.json", "the list of the models that ship with the package"
    document = read_json(file, what)
    try:
        return {name: Preset(name, **fields) for name, fields in document.items()}
    except (TypeError, AttributeError) as error:
        raise InputError(f"{file}: expected {what}: {reason(error)}; install the package again") from None
