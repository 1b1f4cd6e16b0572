"""A run directory: the files of one training, kept as a database keeps its own.

Enters: a model, its optimiser and the training's progress. Leaves: what `--resume` needs, and what a person wants.

    config.json                what is trained, and on what: hyperparameters, scale factor, N_max, SHA-256 of the data
    checkpoints/last.npz       weights, optimiser and progress after the last step that counts, as plain arrays
    checkpoints/previous.npz   the checkpoint before that
    checkpoints/best.npz       the checkpoint whose weights are in model.keras
    model.keras                the best weights, with all that drawing with them needs
    history.csv, samples/, model_card.md, clock.json, events.out.tfevents.*      losses, pictures, what a reader wants
    .lock                      who trains here now; empty when nobody does

The rules, whose promises are tested by crashes at every file operation (docs/reliability.md):

1. One training at a time has the directory. The lock is the system's: it goes with its process, however that ends.
2. A run begins with `config.json`. A folder without one that holds nothing but what a killed start leaves is free.
3. Files are replaced in one step, on disk and under their names before the next is written. Only `history.csv` is
   appended to; rows of later steps than the last checkpoint, and a row that was cut off, do not count.
4. `last.npz` is the commit: whatever else a step leaves is on disk before it. What is newer does not count, and is
   written again, the same bytes, when the steps are taken again: every random choice is a function of (seed, step), so
   the step is all that a checkpoint must know of them.
5. The latest good checkpoint counts: arrays carry their SHA-256, and where `last.npz` is damaged it is `previous.npz`.
"""

import contextlib
import json
import os
import platform
import shutil
import warnings
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from filelock import FileLock, Timeout
from pydantic import TypeAdapter

from .._version import __version__
from ..data.datasets import Dataset
from ..errors import InputError, TrainingWarning, reason, shown
from ..files.arrays import write_arrays
from ..files.reading import read_json
from ..files.writing import is_draft, make_folder, replacing, sync, unwritable, write_atomically
from ..hparams import HParams
from ..model.provenance import Provenance
from . import checkpoint
from .checkpoint import Progress

if TYPE_CHECKING:  # a history or a checkpoint is read without a backend
    import keras

    from ..model.sketch_rnn import SketchRNN

RESUMABLE = {"num_steps", "save_every", "log_every", "description"}  # what may change when a run goes on
_DEVICES = TypeAdapter(list[dict[Literal["step", "devices", "processes"], int]])
Read = TypeVar("Read")


class RunDirectory:
    """The files of one training run under `path`."""

    def __init__(self, path: str | os.PathLike):
        self.path = Path(path)
        self.config, self.history = self.path / "config.json", self.path / "history.csv"
        checkpoints = self.path / "checkpoints"
        self.last, self.previous, self.best = (checkpoints / f"{name}.npz" for name in ("last", "previous", "best"))
        self.model, self.samples = self.path / "model.keras", self.path / "samples"
        self._lock = self.path / ".lock"

    @contextlib.contextmanager
    def occupied(self, resume: bool) -> Iterator[None]:
        """Have the directory for oneself while the block runs.

        Args:
            resume: whether a run is to go on; otherwise the directory is made, and must be free.

        Raises:
            InputError: there is no run, or, for a new one, the directory is not free; or another process trains here.
        """
        if resume:
            self.read_config()
        else:
            self._check_free()
            try:
                make_folder(self.path)
            except OSError as error:
                why = f"cannot be made ({error.strerror}); choose another run directory"
                raise InputError(f"{self.path}: {why}") from None
        try:
            lock = FileLock(self._lock, timeout=0).acquire()
        except Timeout:
            raise InputError(
                f"{self.path}: {self._trainer()} trains here; wait for its end, or choose another run directory"
            ) from None
        except OSError as error:
            raise unwritable(self._lock, error) from None
        with lock, self._signed():
            if not resume:
                self._check_free()  # another may have come first
            yield

    @contextlib.contextmanager
    def _signed(self) -> Iterator[None]:
        """Have host and process in the lock, for whoever finds it taken; Windows does not let it be written."""
        with contextlib.suppress(OSError):
            self._lock.write_text(json.dumps({"host": platform.node(), "process": os.getpid()}))
        try:
            yield
        finally:
            with contextlib.suppress(OSError):
                os.truncate(self._lock, 0)

    def _trainer(self) -> str:
        """Who trains here, as far as the lock says."""
        try:
            trainer = read_json(self._lock, "a lock")
            return f"process {int(trainer['process'])} on {shown(trainer['host'])}"
        except (InputError, KeyError, TypeError, ValueError):
            return "another process"

    def _check_free(self) -> None:
        """Raise unless there is nothing, or but what a start that was killed before `config.json` leaves."""
        folders = (self.path, self.last.parent, self.samples)
        if not os.path.lexists(self.path):
            return
        is_free = self.path.is_dir() and all(
            path in folders or path == self._lock or is_draft(path.name)
            for folder in folders
            for path in (folder.iterdir() if folder.is_dir() else ())
        )
        if not is_free:
            raise InputError(
                f"{self.path}: expected a new or empty run directory, received one with files in it; "
                "continue that run with resume=True, or choose another run directory"
            )

    def begin(
        self,
        hparams: HParams,
        dataset: Dataset,
        resume: bool,
        start: Mapping[str, str] = MappingProxyType({}),
    ) -> dict[str, Any]:
        """Write `config.json` of a new run, or make sure that the run that is there can go on with these arguments.

        Args:
            hparams: every hyperparameter.
            dataset: what to train on.
            resume: whether a run is to go on.
            start: what is noted of the model whose weights a new run begins with (`provenance.Provenance`).

        Returns:
            What `config.json` holds now.

        Raises:
            InputError: the run was begun with other hyperparameters or other data, or a file cannot be written.
        """
        config = {
            "sketch_rnn_keras": __version__,
            "hparams": hparams.model_dump(mode="json"),
            "scale_factor": dataset.scale_factor,
            "max_seq_len": dataset.max_seq_len,
            "data": list(dataset.sources),
        }
        before: dict[str, Any] = self._check_same_run(config) if resume else {"start": start}
        if resume:
            self._check_size(hparams)
        if start := before.get("start", {}):
            config["start"] = dict(start)
        config["devices"] = before.get("devices", [{"step": 0, "devices": 1, "processes": 1}])  # until others are noted
        self.write_config(config)
        return config

    def note_devices(self, config: dict[str, Any], step: int, devices: int, processes: int) -> None:
        """Have it in `config.json` how many devices and processes take the steps after this one, where that changes."""
        before, now = config["devices"], {"devices": devices, "processes": processes}
        if before and before[-1] | now == before[-1]:
            return
        config["devices"] = [*(one for one in before if one.get("step", 0) < step), {"step": step, **now}]
        self.write_config(config)

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
        return before

    def _check_size(self, hparams: HParams) -> None:
        """Raise unless a checkpoint can hold the weights: a model takes its memory before they are looked at."""
        from ..model.sketch_rnn import least_weights  # here: a history is read without a backend

        sizes = [file.stat().st_size for file in (self.last, self.previous) if file.is_file()]
        if sizes and 4 * least_weights(hparams) > max(sizes):
            raise InputError(
                f"{self.config}: expected hyperparameters of the model in {self.last}, received those of a larger one, "
                f"of at least {least_weights(hparams)} weights"
            )

    def write_config(self, config: dict) -> None:
        write_atomically(self.config, (json.dumps(config, indent=2) + "\n").encode())

    def read_config(self) -> dict:
        """The document that `begin` wrote.

        Raises:
            InputError: this is no run directory, or it is damaged.
        """
        if not self.config.is_file():
            raise InputError(
                f"{self.path}: expected a run directory with config.json, received none; a new run has no resume=True"
            )
        config = read_json(self.config, "the configuration of a run")
        try:
            if not (isinstance(config, dict) and {"hparams", "scale_factor", "data"} <= config.keys()):
                raise ValueError("hparams, scale_factor or data is missing")
            if not all("sha256" in source for source in Provenance.from_config(config).data):
                raise ValueError("a source of its data has no sha256")
            _DEVICES.validate_python(config.get("devices", []), strict=True)
        except ValueError as error:
            raise InputError(f"{self.config}: expected the configuration of a run: {reason(error)}") from None
        return config

    def save(
        self, model: "SketchRNN", optimizer: "keras.optimizers.Optimizer", progress: Progress, is_best: bool
    ) -> None:
        """Commit a step: write `last.npz`, after all that belongs to it.

        Raises:
            TrainingError: a weight is not finite; nothing is written.
            InputError: a file cannot be written, or the directory is gone; the last checkpoint is what it was.
        """
        from ..model.saving import save_keras  # here: it loads a backend

        arrays = checkpoint.collect(model, optimizer, progress)
        if not self.config.is_file():
            raise InputError(f"{self.path}: expected the run directory that is trained in, but it is gone")
        try:
            if self.history.exists():
                sync(self.history)
            if is_best:
                save_keras(model, self.model)
            with replacing(self.last) as draft:
                write_arrays(draft, arrays)
                if is_best:
                    _copy(draft, self.best)
                if self.last.exists():
                    _copy(self.last, self.previous)
        except OSError as error:
            raise unwritable(self.last, error) from None

    def restore(self, model: "SketchRNN", optimizer: "keras.optimizers.Optimizer") -> Progress:
        """Put the latest good checkpoint's values into `model` and `optimizer`; it is `last.npz` then.

        Raises:
            InputError: there is none, or it is of another model.
        """
        file, (arrays, progress) = self._latest_good(checkpoint.read)
        checkpoint.assign(file, arrays, model, optimizer)
        if file != self.last:
            warnings.warn(
                f"{self.last} is damaged; going on from {file}, of step {progress.step}", TrainingWarning, stacklevel=2
            )
            try:
                _copy(file, self.last)
            except OSError as error:
                raise unwritable(self.last, error) from None
        return progress

    def is_begun(self) -> bool:
        """Whether there is a checkpoint; that of the beginning is written before the first step."""
        return self.last.exists() or self.previous.exists()

    def progress(self) -> Progress:
        """How far the last checkpoint is; raises `InputError` as `restore` does."""
        return self._latest_good(checkpoint.read_progress)[1]

    def _latest_good(self, read: Callable[[Path], Read]) -> tuple[Path, Read]:
        """The latest checkpoint that can be read, and what `read` finds in it."""
        try:
            return self.last, read(self.last)
        except InputError as error:
            with contextlib.suppress(InputError):
                return self.previous, read(self.previous)
            raise InputError(f"{error}; a copy of {self.best} will do") from None


def last_step(run_dir: str | os.PathLike) -> int:
    """The step of the last checkpoint in `run_dir`; 0 before the first."""
    run = RunDirectory(run_dir)
    return run.progress().step if run.is_begun() else 0


def _copy(source: Path, target: Path) -> None:
    with replacing(target) as draft:
        shutil.copyfile(source, draft)
