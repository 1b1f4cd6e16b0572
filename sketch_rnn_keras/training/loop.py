"""The training loop. `train` is the function to read first; what it calls follows in the order of the calls.

Enters: hyperparameters, a data set, a run directory. Leaves: a trained model and the run directory's files.

Source: section 3.3 of arXiv 1704.03477; optimiser, schedules and clipping of the original. Every random choice of step
s is a function of (seed, s), so a resumed training repeats the one that was interrupted.
"""

import contextlib
import os
import warnings
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ..backends import WHOLE, Devices, Objective, Share, Tensor, backend, open_devices
from ..data.batches import training_batches
from ..data.datasets import Dataset
from ..errors import InputError, TrainingError, TrainingWarning, one_of
from ..hparams import HParams
from ..model import schedules
from ..model.sketch_rnn import SketchRNN
from ..pictures.grid import draw_sketches
from ..sampling import sample
from ..streams import Stream, derived_seed
from . import checkpoint
from .checkpoint import Progress
from .divergence import ON_DIVERGENCE, roll_back, stopped
from .evaluation import evaluate, latent_noise
from .interruption import first_interrupt
from .log import Log, Reporter
from .model_card import TEMPERATURE, write_run_card
from .run_directory import RunDirectory
from .sharing import interruption, own_directory
from .starting import begin
from .watching import check_watchers, watchers

if TYPE_CHECKING:
    import keras
else:
    from ..backends import keras


def train(
    hparams: HParams,
    dataset: Dataset,
    run_dir: str | os.PathLike,
    *,
    resume: bool = False,
    start: str | os.PathLike | None = None,
    on_divergence: str = "stop",
    devices: Devices | int | str = 1,
    reporter: Reporter | None = None,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    verbose: int | str = "auto",
) -> SketchRNN:
    """Train a model and keep everything about it in `run_dir`.

    Args:
        hparams: every hyperparameter; `max_seq_len` is replaced by the data set's own.
        dataset: as `load_dataset` returns it; its scale factor is stored with the model.
        run_dir: a new or empty directory, or with `resume` the directory of an earlier training.
        resume: continue from the last checkpoint, bit for bit.
        start: begin with the weights of a trained model, anything that `load_model` opens, in place of random ones.
            Its cells and sizes (`HParams.shape`) are taken over where `hparams` does not say otherwise; the scale
            factor is that of `dataset`, for the weights expect offsets of unit variance.
        on_divergence: what becomes of a cost or a weight that is not finite. "stop": a `TrainingError`. "rollback":
            back to the last checkpoint, on with other batches and half the learning rate; the fourth time stops.
        devices: how many devices of this process share each batch, which `batch_size` must be divisible among; or "all"
            there are, those of other processes among them where the environment tells of some (docs/scale.md). Without
            dropout the gradients are those of one device, up to rounding. The first process alone uses `run_dir`.
        reporter: told of progress (see `log.Reporter`), in place of what `verbose` asks for.
        callbacks: Keras callbacks, for which an epoch is what lies between two validations (`watching.py`). One that
            sets `model.stop_training` ends the training; it can be resumed.
        verbose: "auto" or 1: a progress bar on a terminal or in a notebook, and a line for each validation; 2: the
            lines alone; 0: nothing.

    Returns:
        The model as the last step left it. `run_dir/model.keras` holds the best one.

    Raises:
        InputError: the directory, the data or the hyperparameters do not fit, `start` is no model, another process
            trains in the directory, or a file cannot be written; the last checkpoint is whole.
        TrainingError: the cost is no longer finite.
        WorkerLost: another process of the training is gone.
        KeyboardInterrupt: after Ctrl-C, once the state has been saved.
    """
    check_watchers(callbacks, verbose)
    one_of("on_divergence", on_divergence, ON_DIVERGENCE)
    group = open_devices(devices)
    with (
        group.together(),
        own_directory(run_dir, group) as run,
        begin(hparams, dataset, run, group, resume=resume, start=start) as (model, optimizer, progress),
        first_interrupt() as interrupted,
        watchers(model, optimizer, progress.step, reporter, callbacks, verbose) as reporters,
        contextlib.closing(Log(run, model.hparams, progress, reporters)) as log,
    ):
        update = backend().compiled_update(model, optimizer, objective(model), group)
        stop = interruption(interrupted, group, model.hparams.log_every)
        training = Training(run, dataset, model, optimizer, update, group, log, stop)
        while progress.step < model.hparams.num_steps and not model.stop_training:
            try:
                progress = take_steps(training, progress)
            except TrainingError as error:
                if on_divergence == "stop":
                    raise stopped(error) from None
                progress = roll_back(run, model, optimizer, log, error)
        group.leave(model)
    return model


class Training(NamedTuple):
    """What the steps of a training share; `update` takes one, `stop` says whether one is the last, after Ctrl-C."""

    run: RunDirectory
    dataset: Dataset
    model: SketchRNN
    optimizer: keras.optimizers.Optimizer
    update: Callable[..., dict[str, Tensor]]
    devices: Devices
    log: Log
    stop: Callable[[int], bool]


def take_steps(training: Training, progress: Progress) -> Progress:
    """Take all steps that are left, or fewer if a callback so wishes; how far training has come then."""
    run, dataset, model, optimizer, update, _, log, stop = training
    hparams, skipped = model.hparams, progress.skipped
    batches = training_batches(
        dataset.train, hparams, scale_factor=dataset.scale_factor, start_step=progress.step, skipped=skipped
    )
    with contextlib.closing(batches):
        for step, batch in enumerate(batches, start=progress.step):
            kl_weight = schedules.kl_weight(step, hparams)
            optimizer.learning_rate = progress.learning_rate(step, hparams)
            noise = latent_noise(hparams, Stream.TRAINING_LATENT, step + skipped, len(batch.lengths))
            dropout_seed = np.int32(derived_seed(hparams.seed, Stream.DROPOUT, step + skipped))
            terms = update(*batch, noise, dropout_seed, np.float32(kl_weight))
            progress = replace(progress, step=step + 1)
            is_last = stop(progress.step)

            if progress.step % hparams.log_every == 0 or progress.step == 1:
                log.record(progress.step, "train", terms, kl_weight)
            if progress.step % hparams.save_every == 0 or progress.step == hparams.num_steps:
                progress = validate_and_save(training, progress)
            elif is_last:
                run.save(model, optimizer, progress, is_best=False)
            if is_last:
                raise KeyboardInterrupt(progress.step)
            log.step(progress.step)
            if model.stop_training:  # a callback's wish
                run.save(model, optimizer, progress, is_best=False)
                break
    return progress


def objective(model: SketchRNN) -> Objective:
    """What training differentiates: `(strokes5, lengths, noise, dropout_seed, kl_weight) -> (cost, loss terms)`."""

    def cost(
        strokes5: Tensor,
        lengths: Tensor,
        noise: Tensor,
        dropout_seed: Tensor,
        kl_weight: Tensor,
        share: Share = WHOLE,
    ) -> tuple[Tensor, dict[str, Tensor]]:
        batch_size, points = strokes5.shape[:2]
        masks = model.dropout_masks(batch_size, points - 1, backend().mask_source(dropout_seed, share))
        terms = model.loss_terms(strokes5, lengths, noise, masks, share.floored)
        return schedules.cost(terms["recon"], terms["kl"], kl_weight), terms

    return cost


def validate_and_save(training: Training, progress: Progress) -> Progress:
    """Validate, draw a few sketches to look at, write the card, save the checkpoint, keep the best."""
    run, dataset, model, optimizer, *_ = training
    hparams, is_best = model.hparams, not len(dataset.valid)
    kl_weight = schedules.kl_weight(progress.step, hparams)
    if len(dataset.valid):
        terms = evaluate(model, dataset.valid, hparams.batch_size, hparams.max_seq_len, training.devices)
        cost = training.log.record(progress.step, "valid", terms, kl_weight)
        # Both costs at the weight of now: the best of an earlier step was judged under a smaller one.
        is_best = cost < progress.best_cost(kl_weight)
    if is_best and len(dataset.valid):
        progress = replace(progress, best_step=progress.step, best_recon=terms["recon"], best_kl=terms["kl"])
    checkpoint.check_finite(model, optimizer, progress.step)
    draw_samples(run, model, progress.step)
    write_run_card(model, run, progress)
    run.save(model, optimizer, progress, is_best)
    return progress


def draw_samples(run: RunDirectory, model: SketchRNN, step: int) -> None:
    """A few sketches as the model draws them after a step; a training does not end for want of them."""
    sketches = sample(model, count=12, temperature=TEMPERATURE, seed=model.hparams.seed)
    try:
        draw_sketches(sketches, run.samples / f"step_{step:08d}.svg", columns=4)
    except InputError as error:
        warnings.warn(f"{error}; training goes on without this picture", TrainingWarning, stacklevel=2)
