"""A checkpoint: everything that a training needs to go on, in one file.

Enters: a model, its optimiser, and how far training has come. Leaves: arrays that `files/arrays.py` writes and vouches
for, or those values put back. Which of a run's checkpoints counts is the business of `run_directory`.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import numpy as np
from pydantic import Field, TypeAdapter

from ..errors import InputError, TrainingError, shown
from ..files.arrays import read_arrays
from ..hparams import HParams
from ..model import schedules

if TYPE_CHECKING:  # a checkpoint is read without a backend
    import keras

    from ..model.sketch_rnn import SketchRNN

MOST_STEPS = 2**32  # as many as random choices are numbered
MOST_ROLLBACKS = 3
_PROGRESS = "progress"  # the member that holds it, as JSON
_Step = Annotated[int, Field(ge=0, le=MOST_STEPS)]


@dataclass(frozen=True)
class Progress:
    """How far training has come.

    Attributes:
        step: steps made.
        best_step, best_recon, best_kl: step and validation losses of the best checkpoint so far.
        rollbacks: how often a divergence has sent it back to a checkpoint; each has halved the learning rate.
        skipped: by how many steps its random choices (batches, noise, dropout) are ahead of the step since.
    """

    step: _Step = 0
    best_step: _Step = 0
    best_recon: float = float("inf")
    best_kl: float = 0.0
    rollbacks: Annotated[int, Field(ge=0, le=MOST_ROLLBACKS)] = 0
    skipped: _Step = 0

    def learning_rate(self, step: int, hparams: HParams) -> np.ndarray:
        """The learning rate of a step, counting from 0: the schedule's, halved at every rollback; float64 `[]`.

        No Python number: TensorFlow keeps each that it is given, for as long as the process lives.
        """
        return np.asarray(schedules.learning_rate(step, hparams) / 2**self.rollbacks)

    def best_cost(self, kl_weight: float) -> float:
        """The best checkpoint's validation cost under the KL weight of now, not of its own time."""
        return schedules.cost(self.best_recon, self.best_kl, kl_weight)


def check_finite(model: "SketchRNN", optimizer: "keras.optimizers.Optimizer", step: int) -> None:
    """Raises TrainingError: after this step a weight, or a moment of the optimiser, is not finite."""
    for name, variable in _variables(model, optimizer).items():
        if not np.isfinite(variable.numpy()).all():
            raise TrainingError(f"{name} is not finite after step {step}", step)


def collect(model: "SketchRNN", optimizer: "keras.optimizers.Optimizer", progress: Progress) -> dict[str, np.ndarray]:
    """The arrays of a checkpoint; raises `TrainingError` as `check_finite` does."""
    check_finite(model, optimizer, progress.step)
    arrays = {name: variable.numpy() for name, variable in _variables(model, optimizer).items()}
    return arrays | {_PROGRESS: np.array(json.dumps(asdict(progress)))}


def read(file: Path) -> tuple[dict[str, np.ndarray], Progress]:
    """What `collect` gave.

    Raises:
        InputError: the file is missing or damaged.
    """
    arrays = read_arrays(file)
    return arrays, parse_progress(str(arrays.pop(_PROGRESS, None)), file)


def read_progress(file: Path) -> Progress:
    """How far training had come; the other arrays are not looked at. Raises `InputError` as `read` does."""
    return parse_progress(str(read_arrays(file, only=_PROGRESS)[_PROGRESS]), file)


def assign(
    file: Path, arrays: Mapping[str, np.ndarray], model: "SketchRNN", optimizer: "keras.optimizers.Optimizer"
) -> None:
    """Put the arrays of a file into a model and its optimiser.

    Raises:
        InputError: they are another model's; nothing is changed.
    """
    variables = _variables(model, optimizer)
    if arrays.keys() != variables.keys():
        raise InputError(f"{file}: expected {len(variables)} arrays of this model, received {len(arrays)} others")
    for name, variable in variables.items():
        shape, dtype = arrays[name].shape, arrays[name].dtype
        if shape != tuple(variable.shape) or dtype.kind not in "fiu":
            raise InputError(f"{file}: {name}: expected {tuple(variable.shape)}, received {shape} of {dtype}")
    for name, variable in variables.items():
        variable.assign(arrays[name])


def parse_progress(text: str | bytes, source: Path) -> Progress:
    """How far a training has come, as JSON says; raises `InputError` where it does not."""
    try:
        return TypeAdapter(Progress).validate_json(text, strict=True)
    except ValueError:
        raise InputError(f"{source}: expected how far a training has come, received {shown(text)}") from None


def _variables(model: "SketchRNN", optimizer: "keras.optimizers.Optimizer") -> dict:
    named = {f"weights/{v.path}": v for v in model.trainable_variables}
    named |= {f"optimizer/{v.path}": v for v in optimizer.variables}
    assert len(named) == len(model.trainable_variables) + len(optimizer.variables), "variable paths must be unique"
    return named
