"""Who watches a training: a progress bar or a reporter, and Keras callbacks.

Enters: what `train` was given for them, and what `log.Log` tells of steps and losses. Leaves: text, and calls of the
callbacks, as in `fit`: an epoch is what lies between two validations.
"""

import contextlib
from collections.abc import Iterator, Sequence

import keras

from ..errors import InputError, shown
from ..model.sketch_rnn import SketchRNN
from .history import ROLLBACK
from .log import Reporter
from .progress import TrainingBar

VERBOSE = ("auto", 0, 1, 2)
# What a run directory and the schedules of its hyperparameters do already, and would undo.
_REFUSED = (
    keras.callbacks.BackupAndRestore,
    keras.callbacks.LearningRateScheduler,
    keras.callbacks.ReduceLROnPlateau,
)


def check_watchers(callbacks: Sequence[keras.callbacks.Callback], verbose: int | str) -> None:
    """Raises InputError: one is no Keras callback, or sets what the hyperparameters decide; `verbose` is none."""
    if verbose not in VERBOSE:
        raise InputError(f"verbose: expected 'auto', 0, 1 or 2, received {shown(verbose)}")
    for one in callbacks:
        if not isinstance(one, keras.callbacks.Callback):
            raise InputError(f"callbacks: expected Keras callbacks, received a {type(one).__name__}")
        if isinstance(one, _REFUSED):
            raise InputError(
                "callbacks: expected none that sets the learning rate or restores a model, received a "
                f"{type(one).__name__}; hyperparameters decide the one, resume=True does the other"
            )


@contextlib.contextmanager
def watchers(
    model: SketchRNN,
    optimizer: keras.optimizers.Optimizer,
    first_step: int,
    reporter: Reporter | None,
    callbacks: Sequence[keras.callbacks.Callback],
    verbose: int | str,
) -> Iterator[list[Reporter]]:
    """Those who are told of a training, while it lasts; for the arguments see `loop.train`."""
    with contextlib.ExitStack() as stack:
        reporters: list[Reporter] = []
        if reporter is not None:
            reporters.append(reporter)
        elif verbose != 0:
            bar = TrainingBar(model.hparams.num_steps, first_step, has_bar=verbose != 2)
            reporters.append(stack.enter_context(bar))
        if not callbacks:
            yield reporters
            return
        told = KerasCallbacks(callbacks, model, optimizer, first_step)
        yield [*reporters, told]
        told.close()


class KerasCallbacks:
    """A `log.Reporter` that calls Keras callbacks.

    Their logs are the last losses that were logged, under the names that `fit` gives them ("loss", "recon", "val_loss",
    ...); between two logged steps a batch ends with empty logs.

    Args:
        callbacks: the callbacks. One sets `model.stop_training` to end the training.
        model: the model; its `save_every` is the steps of an epoch. It is compiled with `optimizer`, which some
            callbacks read and which is saved with it.
        optimizer: the optimiser.
        first_step: steps taken so far.
    """

    def __init__(
        self,
        callbacks: Sequence[keras.callbacks.Callback],
        model: SketchRNN,
        optimizer: keras.optimizers.Optimizer,
        first_step: int,
    ):
        hparams = model.hparams
        model.compile(optimizer=optimizer)
        epochs = -(-hparams.num_steps // hparams.save_every)
        self._callbacks = keras.callbacks.CallbackList(
            callbacks, model=model, epochs=epochs, steps=hparams.save_every, verbose=0
        )
        self._hparams, self._logs, self._news = hparams, dict[str, float](), dict[str, float]()
        self._callbacks.on_train_begin()
        self._begin(first_step)

    def record(self, step: int, split: str, values: dict[str, float]) -> None:
        """Keep the losses for the end of the step; a rollback begins an earlier one again."""
        names = {name: "loss" if name == "cost" else name for name in values}
        if split == ROLLBACK:
            self._begin(step)
        elif split == "train":
            self._news = {names[name]: value for name, value in values.items()}
            self._logs |= self._news
        else:
            self._logs |= {f"val_{names[name]}": value for name, value in values.items()}

    def step(self, step: int) -> None:
        """End the step, its epoch if it is the last one, and begin the next."""
        epoch, batch = divmod(step - 1, self._hparams.save_every)
        self._callbacks.on_train_batch_end(batch, self._news)
        self._news = {}
        is_last = step == self._hparams.num_steps
        if is_last or step % self._hparams.save_every == 0:
            self._callbacks.on_epoch_end(epoch, dict(self._logs))
        if not is_last:
            self._begin(step)

    def _begin(self, step: int) -> None:
        epoch, batch = divmod(step, self._hparams.save_every)
        if batch == 0:
            self._callbacks.on_epoch_begin(epoch)
        self._callbacks.on_train_batch_begin(batch)

    def close(self) -> None:
        """The training has ended."""
        self._callbacks.on_train_end(dict(self._logs))
