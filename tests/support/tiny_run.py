"""One tiny training, whose run directory serves every test that needs one, and what tests of training share."""

import dataclasses
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from support.tiny import tiny_hparams

from sketch_rnn_keras.data.datasets import Dataset, load_dataset

DATA = ("doodles:cat:60", "doodles:owl:60")
LONGEST = 46  # points; drawings with more are left out
NUM_STEPS, SAVE_EVERY, KILLED_AT = 60, 10, 37
HPARAMS = tiny_hparams(
    data_set=[*DATA],
    num_steps=NUM_STEPS,
    save_every=SAVE_EVERY,
    log_every=1,
    learning_rate=0.01,
    decay_rate=0.99,
    kl_decay_rate=0.9,
)


def load_data() -> Dataset:
    """The data set of the training."""
    return load_dataset(DATA, max_seq_len=LONGEST)


def without_validation(data: Dataset) -> Dataset:
    """The same data set with no drawings to validate with."""
    nothing = np.zeros(0, np.int64)
    return dataclasses.replace(data, valid=dataclasses.replace(data.valid, starts=nothing, lengths=nothing))


def one_dot(*_: Any, **__: Any) -> list[np.ndarray]:
    """In place of `loop.sample`, which takes long to compile and has tests of its own."""
    return [np.array([[1, 1, 1]])]


class Recorder:
    """A reporter that keeps what it hears, and acts at the end of a step."""

    def __init__(self, step: int = -1, action: Callable[[], Any] | None = None):
        self.steps: list[int] = []
        self.records: list[tuple[int, str, dict[str, float]]] = []
        self._at, self._action = step, action

    def record(self, step: int, split: str, values: dict[str, float]) -> None:
        self.records.append((step, split, values))

    def step(self, step: int) -> None:
        self.steps.append(step)
        if step == self._at:
            self._action()


class TrainedRun(NamedTuple):
    """What came of one training.

    Attributes:
        whole: its run directory as it ended.
        killed: its run directory as it was when step 37 was done.
        steps: those that its reporter heard of.
        records: the losses that its reporter heard, `[step, split, values]`.
        returned: the weights of the model that `train` returned, by path.
    """

    whole: Path
    killed: Path
    steps: list[int]
    records: list[list]
    returned: dict[str, np.ndarray]


def make_run(folder: Path) -> None:
    """Train, and write into `folder` all that `open_run` reads."""
    from sketch_rnn_keras.training.loop import train  # here: not every test that imports this needs Keras

    whole = folder / "whole"
    reporter = Recorder(KILLED_AT, lambda: shutil.copytree(whole, folder / "killed"))
    model = train(HPARAMS, load_data(), whole, reporter=reporter)
    (folder / "heard.json").write_text(json.dumps([reporter.steps, reporter.records]))
    np.savez(folder / "returned.npz", **{variable.path: variable.numpy() for variable in model.trainable_variables})


def open_run(folder: Path) -> TrainedRun:
    """The training that `make_run` wrote into `folder`."""
    steps, records = json.loads((folder / "heard.json").read_text())
    return TrainedRun(folder / "whole", folder / "killed", steps, records, arrays(folder / "returned.npz"))


def arrays(path: Path) -> dict[str, np.ndarray]:
    """The arrays of an `.npz` file, such as a checkpoint."""
    with np.load(path) as file:
        return {name: file[name] for name in file.files}


def contents(folder: Path) -> dict[Path, bytes]:
    """What is in every file below `folder`."""
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def assert_same_run(run: Path, other: Path) -> None:
    """Fails unless the two run directories hold the same history and the same checkpoints, bit for bit."""
    assert (run / "history.csv").read_bytes() == (other / "history.csv").read_bytes()
    for name in ("last.npz", "best.npz"):
        ours, theirs = arrays(run / "checkpoints" / name), arrays(other / "checkpoints" / name)
        assert ours.keys() == theirs.keys()
        for key, array in ours.items():
            np.testing.assert_array_equal(array, theirs[key], err_msg=key)
