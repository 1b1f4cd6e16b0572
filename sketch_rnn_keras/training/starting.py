"""Where a training begins: with random weights, with those of a trained model, or with the last checkpoint.

Enters: what `loop.train` was given. Leaves: a model, its optimiser, and how far training has come. To start from a
trained model is to fine-tune it: the optimiser and the schedules begin anew, the scale factor and N_max are those of
the new data, for the weights expect offsets of unit variance.
"""

import os
from typing import NamedTuple, Self

from ..backends import keras
from ..data.datasets import Dataset
from ..errors import InputError
from ..files.records import digest
from ..hparams import HParams
from ..loading import find_model, load_model
from ..model.optimizer import make_optimizer
from ..model.provenance import Provenance
from ..model.sketch_rnn import SketchRNN
from .run_directory import Progress, RunDirectory


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


def begin(
    hparams: HParams, dataset: Dataset, run: RunDirectory, *, resume: bool, start: str | os.PathLike | None
) -> tuple[SketchRNN, keras.optimizers.Optimizer, Progress]:
    """A model and its optimiser as the next step is to find them; for the arguments and errors see `loop.train`."""
    hparams = hparams.replace(max_seq_len=dataset.max_seq_len)
    if resume and start is not None:
        raise InputError("start: expected none where resume=True, since the run has its weights; leave it out")
    source = None if start is None else Start.open(start)
    if source:
        hparams = source.give_shape(hparams)
    config = run.begin(hparams, dataset, resume, source.note if source else {})
    model = SketchRNN(hparams, dataset.scale_factor, Provenance.from_config(config))
    optimizer = make_optimizer(hparams)
    optimizer.build(model.trainable_variables)
    progress = run.restore(model, optimizer) if resume and run.is_begun() else Progress()
    if source:
        model.set_weights(source.model.get_weights())
        run.save(model, optimizer, progress, is_best=False)  # a run that goes on does not need the source
    return model, optimizer, progress
