"""Magenta's checkpoints for tests: the original's own, and tiny ones written as TensorFlow does."""

import json
import shutil
from pathlib import Path

import numpy as np
from support.paths import GOLDEN, shared

from sketch_rnn_keras.interop import magenta

HERE = GOLDEN / "ckpt"


def checkpoint(name) -> Path:
    """One of the original's, of which the largest is not in the repository."""
    return HERE / name if (HERE / name).exists() else shared("golden", "ckpt", name)


def copied(tmp_path, name="vae_lstm") -> Path:
    """A copy of one of the original's, to be damaged."""
    return Path(shutil.copytree(HERE / name, tmp_path / name))


def write(folder, model, step=0, config=None, changes=()):
    """A checkpoint as TensorFlow writes it, with an optimiser's slots and scalars; returns its arrays."""
    import tensorflow as tf

    arrays = {name.removesuffix(":0"): array for name, array in magenta.read_variables(model).items()} | dict(changes)
    arrays = {name: np.asarray(array) for name, array in arrays.items() if array is not None}
    others = {f"vector_rnn/{name}/Adam{k}": array + 1 for name, array in arrays.items() for k in ("", "_1")}
    scalars = dict.fromkeys(["vector_rnn/Variable", "vector_rnn/beta1_power", "vector_rnn/global_step"], np.float32(7))
    both = arrays | others | scalars
    folder.mkdir(exist_ok=True)
    tf.raw_ops.SaveV2(
        prefix=str(folder / f"vector-{step}"),
        tensor_names=list(both),
        shape_and_slices=[""] * len(both),
        tensors=list(both.values()),
    )
    document = model.hparams.model_dump(mode="json") if config is None else config
    (folder / "model_config.json").write_text(json.dumps(document))
    (folder / "checkpoint").write_text(f'model_checkpoint_path: "vector-{step}"\n')
    return arrays


def assert_same(model, arrays):
    """Fails unless the weights of a model are these arrays, to the bit, and all of them."""
    found = magenta.read_variables(model)
    assert {name.removesuffix(":0") for name in found} == set(arrays)
    for name, array in arrays.items():
        np.testing.assert_array_equal(found[f"{name}:0"], array)
