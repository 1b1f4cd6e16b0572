"""Where the losses of a training go: `history.csv`, TensorBoard's event files, and whoever watches; and its time.

Enters: the loss terms of a step. Leaves: rows, events and calls of a `Reporter`; or a `TrainingError`, when the cost is
no longer finite.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from ..backends import backend
from ..errors import TrainingError
from ..hparams import HParams
from ..model import schedules
from .clock import CLOCK, Clock
from .history import History
from .run_directory import RunDirectory


class Reporter(Protocol):
    """Who is told of a training's progress."""

    def step(self, step: int) -> None:
        """Step `step` is done."""

    def record(self, step: int, split: str, values: dict[str, float]) -> None:
        """The losses of `step` on `split` ("train" or "valid"), by the columns of `history.csv`."""


class Log:
    """Tells all of them.

    Args:
        run: where the files go.
        hparams: for the schedules.
        step: the step training begins at; rows of later ones are removed.
        reporters: who watches.
    """

    def __init__(self, run: RunDirectory, hparams: HParams, step: int, reporters: Sequence[Reporter]):
        self._hparams, self._reporters = hparams, reporters
        self._history = History(run.history, step)
        is_over = step >= hparams.num_steps
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
        values["learning_rate"] = float(schedules.learning_rate(step - 1, self._hparams))
        if not math.isfinite(values["cost"]):
            raise TrainingError(_divergence(step, split, values))
        self._history.append(step, split, values)
        if self._events:
            self._events.write(step, split, values)
        if self._clock and split == "valid":
            self._clock.save()
        for reporter in self._reporters:
            reporter.record(step, split, values)
        return values["cost"]

    def step(self, step: int) -> None:
        for reporter in self._reporters:
            reporter.step(step)

    def close(self) -> None:
        if self._events:
            self._events.close()
        if self._clock:
            self._clock.save()


def _divergence(step: int, split: str, values: Mapping[str, float]) -> str:
    terms = ", ".join(f"{name} {values[name]:g}" for name in ("offset", "pen", "kl_raw"))
    return (
        f"the {split} cost at step {step} is not finite ({terms}); the last checkpoint is kept. "
        "Try a lower learning_rate or grad_clip, or look for outliers in the data"
    )
