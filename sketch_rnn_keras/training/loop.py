"""The training loop. `train` is the function to read first.

Enters: hyperparameters, a data set, a run directory. Leaves: a trained model and the run directory's files.

Source: section 3.3 of arXiv 1704.03477; optimiser, schedules and clipping of the original. Every random choice of step
s is a function of (seed, s), so a resumed training repeats the one that was interrupted.
"""

import contextlib
import math
import signal
import threading
from dataclasses import replace

import keras
import numpy as np

from .. import __version__, schedules
from ..datasets import Dataset, training_batches
from ..drawing import draw_sketches
from ..errors import InputError, TrainingError
from ..hparams import HParams
from ..model import SketchRNN
from ..provenance import Provenance
from ..sampling import sample
from . import backend
from .checkpoints import Progress, RunDirectory
from .evaluation import evaluate, latent_noise
from .history import History

RESUMABLE = {"num_steps", "save_every", "log_every", "description"}  # what may change when a run goes on
_LATENT_STREAM, _DROPOUT_STREAM = 1, 2  # random streams of a step beside that of its batch


def train(hparams: HParams, dataset: Dataset, run_dir, *, resume: bool = False, reporter=None) -> SketchRNN:
    """Train a model and keep everything about it in `run_dir`.

    Args:
        hparams: every hyperparameter; `max_seq_len` is replaced by the data set's own.
        dataset: as `load_dataset` returns it; its scale factor is stored with the model.
        run_dir: a new or empty directory, or with `resume` the directory of an earlier training.
        resume: continue from the last checkpoint, bit for bit.
        reporter: told of progress (see `report.Reporter`); None for silence.

    Returns:
        The model as the last step left it. `run_dir/model.keras` holds the best one.

    Raises:
        InputError: the directory, the data or the hyperparameters do not fit.
        TrainingError: the cost is no longer finite.
        KeyboardInterrupt: after Ctrl-C, once the state has been saved.
    """
    hparams = hparams.replace(max_seq_len=dataset.max_seq_len)
    run, model, optimizer, progress = _set_up(hparams, dataset, run_dir, resume)
    update = backend().compiled_update(model, optimizer, objective(model))
    history = History(run.history, progress.step)
    events = _event_writer(run) if progress.step < hparams.num_steps else None  # else nothing is left to tell
    batches = training_batches(
        dataset.train,
        batch_size=hparams.batch_size,
        max_seq_len=hparams.max_seq_len,
        random_scale_factor=hparams.random_scale_factor,
        augment_stroke_prob=hparams.augment_stroke_prob,
        seed=hparams.seed,
        start_step=progress.step,
        num_steps=hparams.num_steps,
    )

    def record(split, terms, kl_weight):
        values = {name: float(value) for name, value in terms.items()}
        values["cost"] = float(values["recon"] + kl_weight * values["kl"])
        values |= {"kl_weight": kl_weight, "learning_rate": schedules.learning_rate(progress.step - 1, hparams)}
        if not math.isfinite(values["cost"]):
            raise TrainingError(_divergence(split, progress.step, values))
        history.append(progress.step, split, values)
        if events:
            events.write(progress.step, split, values)
        if reporter:
            reporter.record(progress.step, split, values)
        return values

    with _interruption() as interrupted, contextlib.closing(batches), contextlib.closing(events or _Nothing()):
        for batch in batches:
            kl_weight = schedules.kl_weight(progress.step, hparams)
            optimizer.learning_rate = schedules.learning_rate(progress.step, hparams)
            noise = latent_noise(model, hparams.batch_size, hparams.seed, progress.step, _LATENT_STREAM)
            dropout_seed = np.random.SeedSequence([hparams.seed, progress.step, _DROPOUT_STREAM]).generate_state(1) >> 1
            terms = update(*batch, noise, dropout_seed.astype("int32")[0], np.asarray(kl_weight, "float32"))
            progress = replace(progress, step=progress.step + 1)

            if progress.step % hparams.log_every == 0 or progress.step == 1:
                record("train", terms, kl_weight)
            if progress.step % hparams.save_every == 0 or progress.step == hparams.num_steps:
                progress = _validate_and_save(run, model, optimizer, dataset, progress, record)
            elif interrupted.is_set():
                run.save(model, optimizer, progress, is_best=False)
            if interrupted.is_set():
                raise KeyboardInterrupt(progress.step)
            if reporter:
                reporter.step(progress.step)
    return model


def last_step(run_dir) -> int:
    """The step of the last checkpoint in `run_dir`; 0 before the first."""
    run = RunDirectory(run_dir)
    return run.progress().step if run.is_begun() else 0


def objective(model: SketchRNN):
    """What training differentiates: `(strokes5, lengths, noise, dropout_seed, kl_weight) -> (cost, loss terms)`."""

    def cost(strokes5, lengths, noise, dropout_seed, kl_weight):
        batch_size, points = strokes5.shape[:2]
        masks = model.dropout_masks(batch_size, points - 1, backend().mask_source(dropout_seed))
        terms = model.loss_terms(strokes5, lengths, noise, masks)
        return terms["recon"] + kl_weight * terms["kl"], terms

    return cost


def make_optimizer(hparams: HParams) -> keras.optimizers.Optimizer:
    """Adam with the original's constants; each gradient element is clipped to plus or minus `grad_clip`."""
    # The name is in the checkpoint; Keras would number it within a process.
    adam = keras.optimizers.Adam(hparams.learning_rate, epsilon=1e-8, clipvalue=hparams.grad_clip, name="adam")
    if hparams.precision != "mixed_float16":
        return adam
    return keras.optimizers.LossScaleOptimizer(adam, name="loss_scale")  # gradients below 6e-8 would vanish


def _validate_and_save(run, model, optimizer, dataset, progress, record) -> Progress:
    """Validate, save the checkpoint, keep the best; draw a few sketches to look at."""
    hparams, is_best = model.hparams, not len(dataset.valid)
    kl_weight = schedules.kl_weight(progress.step, hparams)
    if len(dataset.valid):
        terms = evaluate(model, dataset.valid, hparams.batch_size, hparams.max_seq_len)
        # Both costs at the weight of now: the best of an earlier step was judged under a smaller one.
        is_best = record("valid", terms, kl_weight)["cost"] < progress.best_cost(kl_weight)
        if is_best:
            progress = replace(
                progress, best_step=progress.step, best_recon=float(terms["recon"]), best_kl=float(terms["kl"])
            )
    run.save(model, optimizer, progress, is_best)
    sketches = sample(model, count=12, temperature=0.4, seed=hparams.seed)
    draw_sketches(sketches, run.samples / f"step_{progress.step:08d}.svg", columns=4)
    return progress


def _set_up(hparams, dataset, run_dir, resume):
    run, progress = RunDirectory(run_dir), Progress()
    config = {
        "sketch_rnn_keras": __version__,
        "hparams": hparams.model_dump(mode="json"),
        "scale_factor": dataset.scale_factor,
        "max_seq_len": dataset.max_seq_len,
        "data": list(dataset.sources),
    }
    if not hparams.is_training:
        raise InputError("is_training: expected true for training, received false; set it or leave it out")
    if len(dataset.train) < hparams.batch_size:
        raise InputError(
            f"batch_size: expected at most the {len(dataset.train)} sketches of the training split, "
            f"received {hparams.batch_size}; use --set batch_size={len(dataset.train)}"
        )
    if resume:
        _check_same_run(run, config)
    else:
        run.create(config)
    model = SketchRNN(hparams, dataset.scale_factor, Provenance(tuple(dataset.sources)))
    optimizer = make_optimizer(hparams)
    optimizer.build(model.trainable_variables)
    if resume and run.is_begun():
        progress = run.restore(model, optimizer)
    if resume:
        run.write_config(config)
    return run, model, optimizer, progress


def _check_same_run(run, config) -> None:
    before = run.read_config()
    old = HParams.from_dict(before, str(run.config)).model_dump(mode="json")  # an earlier version knew fewer of them
    changed = {name for name, value in config["hparams"].items() if old[name] != value} - RESUMABLE
    if changed:
        raise InputError(
            f"{run.config}: a resumed run may change only {', '.join(sorted(RESUMABLE))}; "
            f"{', '.join(sorted(changed))} differ. Start another run in another --run-dir"
        )
    hashes = [source["sha256"] for source in config["data"]], [source["sha256"] for source in before["data"]]
    if hashes[0] != hashes[1]:
        raise InputError(f"{run.config}: the data has changed since this run began; resume with the same files")


def _event_writer(run):
    return backend().EventWriter(run.path) if backend().EventWriter else None


def _divergence(split, step, values) -> str:
    terms = ", ".join(f"{name} {values[name]:g}" for name in ("offset", "pen", "kl_raw"))
    return (
        f"the {split} cost at step {step} is not finite ({terms}); the last checkpoint is kept. "
        "Try a lower learning_rate or grad_clip, or look for outliers in the data with `sketch-rnn info`"
    )


class _Nothing:
    def close(self):
        """Nothing to close."""


@contextlib.contextmanager
def _interruption():
    """An event that the first Ctrl-C (or SIGTERM) sets, so that the step is finished first; a second one kills."""
    event, previous = threading.Event(), {}

    def handle(number, frame):
        event.set()
        signal.signal(number, previous[number])

    if threading.current_thread() is threading.main_thread():
        previous = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield event
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
