"""Where a training begins: with random weights, with those of a trained model, or with the last checkpoint.

Enters: what `loop.train` was given. Leaves: a run directory that is occupied, a model, its optimiser, and how far
training has come. To start from a trained model is to fine-tune it: the optimiser and the schedules begin anew, the
scale factor and N_max are those of the new data, for the weights expect offsets of unit variance.
"""

import contextlib
import os
from collections.abc import Iterator, Mapping
from typing import NamedTuple, Self

from ..backends import Devices, keras
from ..data.datasets import Dataset
from ..errors import InputError
from ..files.records import digest
from ..hparams import HParams
from ..loading import find_model, load_model
from ..model.optimizer import make_optimizer
from ..model.provenance import Provenance
from ..model.sketch_rnn import SketchRNN
from .checkpoint import Progress
from .run_directory import RunDirectory
from .sharing import check_alike, from_first


class Start(NamedTuple):
    """A trained model whose weights a training begins with.

    Attributes:
        model: the model.
        note: its name, and the SHA-256 of the file that was read if it was one; see `Provenance.start`.
    """

    model: SketchRNN
    note: dict[str, str]

    @classmethod
    def open(cls, name: str | os.PathLike) -> Self:
        """The model of this name; raises `InputError` as `load_model` does."""
        path = find_model(name)
        model = load_model(path)
        files = (path, path / "model.keras", path / "checkpoints" / "last.npz")  # as `load_model` looks for them
        digests = [digest(file).hex() for file in files if file.is_file()]
        return cls(model, {"name": os.fspath(name)} | ({"sha256": digests[0]} if digests else {}))

    @classmethod
    def open_again(cls, note: Mapping[str, str]) -> Self:
        """The model that a run has noted; raises `InputError` where it is another by now."""
        source = cls.open(note["name"])
        if source.note != note:
            raise InputError(
                f"{note['name']}: expected the model that this run was to begin with, but it has changed since; "
                "choose another run directory"
            )
        return source

    def give_shape(self, hparams: HParams) -> HParams:
        """Hyperparameters with the shape of the model where they say nothing of it.

        Raises:
            InputError: they say something else.
        """
        shape = self.model.hparams.shape
        given = {name: getattr(hparams, name) for name in shape if name in hparams.model_fields_set}
        if others := [name for name in given if given[name] != shape[name]]:
            faults = [f"{name}: expected {shape[name]}, received {given[name]}" for name in others]
            advice = f"leave {', '.join(others)} out to take it over"
            raise InputError("\n".join([*faults, f"The weights of {self.note['name']} have their shape; {advice}"]))
        return hparams.replace(**shape)


@contextlib.contextmanager
def begin(
    hparams: HParams,
    dataset: Dataset,
    run: RunDirectory,
    devices: Devices,
    *,
    resume: bool,
    start: str | os.PathLike | None,
) -> Iterator[tuple[SketchRNN, keras.optimizers.Optimizer, Progress]]:
    """The run directory for oneself, and a model and its optimiser as the next step is to find them.

    For the arguments and errors see `loop.train`. What a training begins with is its first checkpoint: a run that goes
    on needs no other model, and a divergence finds something to go back to.
    """
    hparams = hparams.replace(max_seq_len=dataset.max_seq_len)
    if resume and start is not None:
        raise InputError("start: expected none where resume=True, since the run has its weights; leave it out")
    source = None if start is None else Start.open(start)
    if source:
        hparams = source.give_shape(hparams)
    _check_trainable(hparams, dataset, devices)
    resume = resume and devices.process == 0  # the others are told
    with run.occupied(resume):
        config = run.begin(hparams, dataset, resume, source.note if source else {})
        check_alike(config, devices)
        is_begun = run.is_begun()
        if "start" in config and not (source or is_begun):  # it was killed before it had read the weights
            source = Start.open_again(config["start"])
        model = SketchRNN(hparams, dataset.scale_factor, Provenance.from_config(config))
        model.name = "sketch_rnn"  # it is saved, and Keras would number the models of a process
        optimizer = make_optimizer(hparams)
        optimizer.build(model.trainable_variables)
        progress = run.restore(model, optimizer) if is_begun else Progress()
        if source:
            model.set_weights(source.model.get_weights())
        progress = from_first(model, optimizer, progress, devices)
        run.note_devices(config, progress.step, devices.count, devices.processes)
        if not is_begun:
            run.save(model, optimizer, progress, is_best=False)
        yield model, optimizer, progress


def _check_trainable(hparams: HParams, dataset: Dataset, devices: Devices) -> None:
    if not hparams.is_training:
        raise InputError("is_training: expected true for training, received false; set it or leave it out")
    if len(dataset.train) < hparams.batch_size:
        raise InputError(
            f"batch_size: expected at most the {len(dataset.train)} sketches of the training split, "
            f"received {hparams.batch_size}; train with batch_size={len(dataset.train)}"
        )
    if hparams.batch_size % devices.count:
        raise InputError(
            f"batch_size: expected a multiple of {devices.count}, which devices share it, received {hparams.batch_size}"
        )
