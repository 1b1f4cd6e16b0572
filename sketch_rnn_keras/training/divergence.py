"""What becomes of a training whose cost or weights are no longer finite: it stops, or goes back and another way on.

Enters: the `TrainingError`, and a run with a checkpoint. Leaves: an error with advice; or the model as that checkpoint
has it, from where the random choices are others and the learning rate is half. Neither the paper nor the original knows
of this: whoever asks for it has another training than theirs from there on, and the history says from where.
"""

import warnings
from dataclasses import replace
from typing import TYPE_CHECKING

from ..errors import TrainingError, TrainingWarning
from .checkpoint import MOST_ROLLBACKS, Progress
from .log import Log
from .run_directory import RunDirectory

if TYPE_CHECKING:  # the command line looks up the names before a backend is loaded
    import keras

    from ..model.sketch_rnn import SketchRNN

ON_DIVERGENCE = ("stop", "rollback")


def stopped(error: TrainingError) -> TrainingError:
    """The error that ends a training, with what may help."""
    return TrainingError(
        f"{error}; the last checkpoint is kept. Try a lower learning_rate or grad_clip, look for outliers in the data, "
        "or let it go back by itself with on_divergence='rollback'",
        error.step,
    )


def roll_back(
    run: RunDirectory, model: "SketchRNN", optimizer: "keras.optimizers.Optimizer", log: Log, error: TrainingError
) -> Progress:
    """Go back to the last checkpoint.

    The checkpoint is written again with what it needs to be gone on from in the same way, after a crash too.

    Args:
        run, model, optimizer, log: those of the training.
        error: what was found, and after which step: the choices from the checkpoint to there are skipped.

    Returns:
        How far training has come then.

    Raises:
        TrainingError: it has gone back often enough.
    """
    before = run.restore(model, optimizer)
    if before.rollbacks == MOST_ROLLBACKS:
        raise TrainingError(f"{error}, after {MOST_ROLLBACKS} rollbacks; the last checkpoint is kept", error.step)
    skipped = before.skipped + error.step - before.step
    after = replace(before, rollbacks=before.rollbacks + 1, skipped=skipped)
    warnings.warn(
        f"{error}; back to step {after.step}, from where the learning rate is halved "
        f"(rollback {after.rollbacks} of at most {MOST_ROLLBACKS})",
        TrainingWarning,
        stacklevel=2,
    )
    log.roll_back(after)
    run.save(model, optimizer, after, is_best=False)
    return after
