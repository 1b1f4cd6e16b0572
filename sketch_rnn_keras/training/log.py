"""Where the losses of a training go: `history.csv`, TensorBoard's event files, and whoever watches; and its time.

Enters: the loss terms of a step. Leaves: rows, events and calls of a `Reporter`; or a `TrainingError`, when the cost is
no longer finite.
"""

import math
import warnings
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from ..backends import backend
from ..errors import TrainingError, TrainingWarning
from ..hparams import HParams
from ..model import schedules
from .checkpoint import Progress
from .clock import CLOCK, Clock
from .history import ROLLBACK, TERMS, History
from .run_directory import RunDirectory


class Reporter(Protocol):
    """Who is told of a training's progress."""

    def step(self, step: int) -> None:
        """Step `step` is done."""

    def record(self, step: int, split: str, values: dict[str, float]) -> None:
        """The losses of `step` on `split` ("train" or "valid"), by the columns of `history.csv`.

        "rollback": a divergence has sent training back to this step; there are no losses then (NaN).
        """


class Log:
    """Tells all of them.

    Args:
        run: where the files go.
        hparams: for the schedules.
        progress: how far training has come when it begins; rows of later steps are removed.
        reporters: who watches.
    """

    def __init__(self, run: RunDirectory, hparams: HParams, progress: Progress, reporters: Sequence[Reporter]):
        self._run, self._hparams, self._reporters, self._progress = run, hparams, reporters, progress
        self._history = History(run.history, progress.step, progress.rollbacks)
        is_over = progress.step >= hparams.num_steps
        self._events = None if is_over else backend().event_writer(run.path)
        self._clock = None if is_over else Clock(run.path / CLOCK)

    def record(self, step: int, split: str, terms: Mapping[str, Any], kl_weight: float) -> float:
        """Write down the loss terms of a step; returns the cost.

        Raises:
            TrainingError: it is not finite.
        """
        values = {name: float(value) for name, value in terms.items()}
        values["cost"] = schedules.cost(values["recon"], values["kl"], kl_weight)
        values["kl_weight"] = float(kl_weight)
        values["learning_rate"] = float(self._progress.learning_rate(step - 1, self._hparams))
        if not math.isfinite(values["cost"]):
            found = ", ".join(f"{name} {values[name]:g}" for name in ("offset", "pen", "kl_raw"))
            raise TrainingError(f"the {split} cost at step {step} is not finite ({found})", step)
        self._tell(step, split, values)
        self._write_events(step, split, values)
        if self._clock and split == "valid":
            self._clock.save()
        return values["cost"]

    def roll_back(self, progress: Progress) -> None:
        """Write down that training goes on from an earlier step, with the learning rate that the next step has."""
        self._progress = progress
        self._history = History(self._run.history, progress.step, progress.rollbacks - 1)
        values = dict.fromkeys(TERMS, math.nan)
        values["kl_weight"] = schedules.kl_weight(progress.step, self._hparams)
        values["learning_rate"] = float(progress.learning_rate(progress.step, self._hparams))
        self._tell(progress.step, ROLLBACK, values)

    def _tell(self, step: int, split: str, values: dict[str, float]) -> None:
        self._history.append(step, split, values)
        for reporter in self._reporters:
            reporter.record(step, split, values)

    def _write_events(self, step: int, split: str, values: dict[str, float]) -> None:
        if self._events:
            try:
                self._events.write(step, split, values)
            except OSError as error:
                self._do_without_events(error)

    def _do_without_events(self, error: OSError) -> None:
        """A training does not end for want of them."""
        self._events = None
        text = f"{self._run.path}: TensorBoard's events cannot be written ({error}); training goes on without them"
        warnings.warn(text, TrainingWarning, stacklevel=2)

    def step(self, step: int) -> None:
        for reporter in self._reporters:
            reporter.step(step)

    def close(self) -> None:
        if self._events:
            try:
                self._events.close()
            except OSError as error:
                self._do_without_events(error)
        if self._clock:
            self._clock.save()
