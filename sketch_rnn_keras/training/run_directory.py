"""A run directory: its configuration, checkpoints and the model that was best.

Enters: a model, its optimiser and the training's progress. Leaves: `config.json`, `checkpoints/last.npz` and
`best.npz` (everything a resumed training needs, as plain arrays without pickle), `model.keras` (the best weights).
Every random stream is a function of (seed, step), so the step is all that a checkpoint must know of them. Files are
replaced atomically: a kill at any moment leaves the previous one.
"""

import json
import os
import shutil
import zipfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from .._version import __version__
from ..data.datasets import Dataset
from ..errors import InputError, TrainingError
from ..files.writing import replacing, write_atomically
from ..hparams import HParams
from ..model import schedules

if TYPE_CHECKING:  # a history or a checkpoint is read without a backend
    import keras

    from ..model.sketch_rnn import SketchRNN

RESUMABLE = {"num_steps", "save_every", "log_every", "description"}  # what may change when a run goes on


@dataclass(frozen=True)
class Progress:
    """How far training has come: steps made, and the validation losses of the best checkpoint so far."""

    step: int = 0
    best_step: int = 0
    best_recon: float = float("inf")
    best_kl: float = 0.0

    def best_cost(self, kl_weight: float) -> float:
        """The best checkpoint's validation cost under the KL weight of now, not of its own time."""
        return schedules.cost(self.best_recon, self.best_kl, kl_weight)


class RunDirectory:
    """The files of one training run under `path`."""

    def __init__(self, path: str | os.PathLike):
        self.path = Path(path)
        self.config, self.history = self.path / "config.json", self.path / "history.csv"
        self.last, self.best = self.path / "checkpoints" / "last.npz", self.path / "checkpoints" / "best.npz"
        self.model, self.samples = self.path / "model.keras", self.path / "samples"

    def begin(
        self, hparams: HParams, dataset: Dataset, resume: bool, start: Mapping[str, str] = MappingProxyType({})
    ) -> dict[str, Any]:
        """Make the directory for a new run, or make sure that the run in it can go on with these arguments.

        Args:
            hparams: every hyperparameter.
            dataset: what to train on.
            resume: whether a run is to go on.
            start: what is noted of the model whose weights a new run begins with (`provenance.Provenance`).

        Returns:
            What `config.json` holds now.

        Raises:
            InputError: the hyperparameters cannot train on the data; there is a run, or anything else, in the directory
                already; or, to resume, there is none, or it was begun with other hyperparameters or other data.
        """
        _check_trainable(hparams, dataset)
        config = {
            "sketch_rnn_keras": __version__,
            "hparams": hparams.model_dump(mode="json"),
            "scale_factor": dataset.scale_factor,
            "max_seq_len": dataset.max_seq_len,
            "data": list(dataset.sources),
        }
        if resume:
            start = self._check_same_run(config).get("start", {})
        else:
            self._make()
        if start:
            config["start"] = dict(start)
        self.write_config(config)
        return config

    def _make(self) -> None:
        if self.path.exists() and (not self.path.is_dir() or any(self.path.iterdir())):
            raise InputError(
                f"{self.path}: expected a new or empty run directory, received one with files in it; "
                "continue that run with resume=True, or choose another run directory"
            )
        try:
            for folder in (self.last.parent, self.samples):
                folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(f"{self.path}: cannot be made ({error.strerror}); choose another run directory") from None

    def _check_same_run(self, config: dict) -> dict:
        """The document that the run began with."""
        before = self.read_config()
        old = HParams.from_dict(before, str(self.config)).model_dump(mode="json")  # an earlier version knew fewer
        changed = {name for name, value in config["hparams"].items() if old[name] != value} - RESUMABLE
        if changed:
            raise InputError(
                f"{self.config}: a resumed run may change only {', '.join(sorted(RESUMABLE))}; "
                f"{', '.join(sorted(changed))} differ. Start another run in another run directory"
            )
        now, then = ([source["sha256"] for source in document["data"]] for document in (config, before))
        if now != then:
            raise InputError(f"{self.config}: the data has changed since this run began; resume with the same files")
        if "start" in before and not self.is_begun():
            raise InputError(
                f"{self.path}: the training was stopped before it had read the weights that it was to start from; "
                "begin it again in another run directory"
            )
        return before

    def write_config(self, config: dict) -> None:
        write_atomically(self.config, (json.dumps(config, indent=2) + "\n").encode())

    def read_config(self) -> dict:
        """The document that `begin` wrote.

        Raises:
            InputError: this is no run directory.
        """
        if not self.config.is_file():
            raise InputError(f"{self.path}: expected a run directory with config.json, received none")
        try:
            config = json.loads(self.config.read_text(encoding="utf-8"))
            if not (isinstance(config, dict) and {"hparams", "scale_factor", "data"} <= config.keys()):
                raise ValueError("hparams, scale_factor or data is missing")
            if not all(isinstance(source, dict) and {"name", "sha256"} <= source.keys() for source in config["data"]):
                raise ValueError("data is not a list of names and sha256")
        except (ValueError, TypeError, RecursionError) as error:
            raise InputError(f"{self.config}: expected the configuration of a run: {error}") from None
        return config

    def save(
        self, model: "SketchRNN", optimizer: "keras.optimizers.Optimizer", progress: Progress, is_best: bool
    ) -> None:
        """Write `last.npz`; when this is the best so far, also `best.npz` and `model.keras`.

        Raises:
            TrainingError: a weight is not finite; nothing is written.
        """
        arrays = {name: variable.numpy() for name, variable in _variables(model, optimizer).items()}
        if broken := [name for name, array in arrays.items() if not np.isfinite(array).all()]:
            raise TrainingError(
                f"{broken[0]} is not finite after step {progress.step}; the last checkpoint is kept. "
                "Try a lower learning_rate or grad_clip"
            )
        arrays["progress"] = np.array(json.dumps(asdict(progress)))
        if is_best:
            self.save_model(model)
        with replacing(self.last) as draft, draft.open("wb") as file:
            np.savez(file, **arrays)
        if is_best:
            self._copy_last_to_best()

    def save_model(self, model: "SketchRNN") -> None:
        with replacing(self.model) as draft:
            model.save(draft)

    def restore(self, model: "SketchRNN", optimizer: "keras.optimizers.Optimizer") -> Progress:
        """Put the last checkpoint's values into `model` and `optimizer`.

        Raises:
            InputError: the checkpoint is missing, damaged or of another model.
        """
        arrays, progress = self._read_last()
        variables = _variables(model, optimizer)
        if arrays.keys() != variables.keys():
            raise InputError(
                f"{self.last}: expected {len(variables)} arrays of this model, received {len(arrays)} others"
            )
        for name, variable in variables.items():
            if arrays[name].shape != tuple(variable.shape):
                raise InputError(
                    f"{self.last}: {name}: expected {tuple(variable.shape)}, received {arrays[name].shape}"
                )
        for name, variable in variables.items():
            variable.assign(arrays[name])
        if progress.best_step == progress.step > 0:
            self._copy_last_to_best()  # a kill may have come between the two files
        return progress

    def _copy_last_to_best(self) -> None:
        with replacing(self.best) as draft:
            shutil.copyfile(self.last, draft)

    def is_begun(self) -> bool:
        """Whether a checkpoint was ever written: a run that was stopped before begins again."""
        return self.last.exists() or self.best.exists()

    def progress(self) -> Progress:
        """How far the last checkpoint is; raises `InputError` as `restore` does."""
        return self._read_last(only_progress=True)[1]

    def _read_last(self, only_progress: bool = False) -> tuple[dict[str, np.ndarray], Progress]:
        if not self.last.exists():
            raise InputError(f"{self.last}: expected the last checkpoint, received none; a copy of {self.best} will do")
        try:
            with np.load(self.last, allow_pickle=False) as file:
                progress = Progress(**json.loads(str(file["progress"])))
                names = [] if only_progress else [name for name in file.files if name != "progress"]
                return {name: file[name] for name in names}, progress
        except (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile, EOFError) as error:
            raise InputError(f"{self.last}: expected a checkpoint of this run: {error}") from None


def last_step(run_dir: str | os.PathLike) -> int:
    """The step of the last checkpoint in `run_dir`; 0 before the first."""
    run = RunDirectory(run_dir)
    return run.progress().step if run.is_begun() else 0


def _check_trainable(hparams: HParams, dataset: Dataset) -> None:
    if not hparams.is_training:
        raise InputError("is_training: expected true for training, received false; set it or leave it out")
    if len(dataset.train) < hparams.batch_size:
        raise InputError(
            f"batch_size: expected at most the {len(dataset.train)} sketches of the training split, "
            f"received {hparams.batch_size}; train with batch_size={len(dataset.train)}"
        )


def _variables(model: "SketchRNN", optimizer: "keras.optimizers.Optimizer") -> dict:
    named = {f"weights/{v.path}": v for v in model.trainable_variables}
    named |= {f"optimizer/{v.path}": v for v in optimizer.variables}
    assert len(named) == len(model.trainable_variables) + len(optimizer.variables), "variable paths must be unique"
    return named
