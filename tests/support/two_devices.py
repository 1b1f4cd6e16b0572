"""What one device computes, and what two do: two CPUs that are one.

    python -m support.two_devices FOLDER        (in tests/; the folder is new)

Prints a JSON object of `measure_*`'s results by name. A process of its own, since an engine counts its devices once.
"""

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from support import tiny_run
from support.tiny import tiny_batch, tiny_model

LENGTHS = (3, 5, 12, 7, 1, 9, 4, 12)
BATCH = (tiny_batch(LENGTHS, steps=12, seed=3), np.int32(LENGTHS))
STEPS = 20


def make_two() -> None:
    """Have two devices; before the engine computes."""
    os.environ["XLA_FLAGS"] = os.environ.get("XLA_FLAGS", "") + " --xla_force_host_platform_device_count=2"  # for JAX
    if os.environ.get("KERAS_BACKEND", "tensorflow") == "tensorflow":
        import tensorflow as tf

        (cpu,) = tf.config.list_physical_devices("CPU")
        tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)


DRY = {"use_recurrent_dropout": False}
SEEDS = range(20)


def noise() -> np.ndarray:
    return np.random.default_rng(1).standard_normal((len(LENGTHS), 3)).astype("float32")


def gradients(devices: int, model: Any, objective: Any) -> Callable[..., list[np.ndarray]]:
    """A function of what the objective is given: the gradients, and the loss terms."""
    from sketch_rnn_keras.backends import backend, open_devices

    run = backend().compiled_gradients(model, objective, open_devices(devices))

    def numbers(*tensors: Any) -> list[np.ndarray]:
        found, terms = run(*tensors)
        return [np.array(number) for number in (*found, *terms.values())]

    return numbers


def distance(ours: list[np.ndarray], theirs: list[np.ndarray]) -> float:
    """The greatest distance of two arrays by the norm of the second; of arrays of zeros, by 1."""
    norms = [float(np.linalg.norm(b)) or 1.0 for b in theirs]
    return max(float(np.linalg.norm(a - b)) / norm for a, b, norm in zip(ours, theirs, norms, strict=True))


def measure_gradients(folder: Path) -> dict[str, float]:
    """Under floors of L_KL that no part, every part, and one of the two parts exceeds, with the whole and without."""
    from sketch_rnn_keras.backends import WHOLE

    model = tiny_model(**DRY)
    codes = noise()

    def objective(strokes5: Any, lengths: Any, noise: Any, floor: Any, share: Any = WHOLE) -> tuple:
        terms = model.loss_terms(strokes5, lengths, noise, floored=lambda kl, _: share.floored(kl, floor))
        return terms["recon"] + 0.5 * terms["kl"], terms

    half = len(LENGTHS) // 2
    parts = [[tensor[rows] for tensor in (*BATCH, codes)] for rows in (slice(half), slice(half, None))]
    low, high = sorted(float(model.loss_terms(*part)["kl_raw"]) for part in parts)
    near = 0.1 * (high - low)
    floors = {"exceeded": low / 2, "not": 2 * high, "by one, exceeded": low + near, "by one, not": high - near}
    one, two = (gradients(devices, model, objective) for devices in (1, 2))
    given = {name: (*BATCH, codes, np.float32(floor)) for name, floor in floors.items()}
    return {name: distance(two(*tensors), one(*tensors)) for name, tensors in given.items()}


def measure_dropout(folder: Path) -> dict[str, float]:
    """The same seed on two devices again, another seed, and the same on one device."""
    from sketch_rnn_keras.training.loop import objective

    model = tiny_model(conditional=False)
    one, two = (gradients(devices, model, objective(model)) for devices in (1, 2))
    given = [(*BATCH, noise(), np.int32(seed), np.float32(0.5)) for seed in (3, 4)]
    first = two(*given[0])
    numbers = {"again": two(*given[0]), "other": two(*given[1]), "one": one(*given[0])}
    return {name: distance(found, first) for name, found in numbers.items()}


def weights(devices: int) -> list[np.ndarray]:
    """The weights after twenty steps."""
    from sketch_rnn_keras.backends import backend, open_devices
    from sketch_rnn_keras.model.optimizer import make_optimizer
    from sketch_rnn_keras.training.loop import objective

    model = tiny_model(**DRY)
    optimizer, group = make_optimizer(model.hparams), open_devices(devices)
    update = backend().compiled_update(model, optimizer, objective(model), group)
    for seed in SEEDS:
        update(*BATCH, noise(), np.int32(seed), np.float32(0.5))
    group.leave(model)
    return [variable.numpy() for variable in model.trainable_variables]


def measure_weights(folder: Path) -> float:
    return distance(weights(2), weights(1))


def measure_drawing(folder: Path) -> dict[str, bool]:
    from sketch_rnn_keras import sampling
    from sketch_rnn_keras.training.evaluation import evaluate

    sampling.SKETCHES_AT_ONCE = 8
    model, data = tiny_model(), tiny_run.load_data()
    drawings = [sampling.sample(model, 30, seed=2, devices=devices) for devices in (1, 2)]
    losses = [evaluate(model, data.valid, 4, tiny_run.LONGEST, devices) for devices in (1, 2)]
    same = all(np.array_equal(ours, one) for one, ours in zip(*drawings, strict=True))
    return {"sketches": same, "losses": losses[0] == losses[1]}


def measure_resuming(folder: Path) -> dict[str, Any]:
    """On one device, then on two, then on one; and on one all the time."""
    from sketch_rnn_keras.training import loop

    loop.sample = tiny_run.one_dot
    data, hparams = tiny_run.load_data(), tiny_run.HPARAMS.replace(**DRY, conditional=False)
    for devices, steps in ((1, 10), (2, 20), (1, 30)):
        changed = hparams.replace(num_steps=steps)
        loop.train(changed, data, folder / "changed", devices=devices, resume=steps > 10, verbose=0)
    loop.train(hparams.replace(num_steps=30), data, folder / "one", verbose=0)
    last = [tiny_run.arrays(folder / name / "checkpoints" / "last.npz") for name in ("changed", "one")]
    named = [[arrays[name] for name in arrays if name.startswith("weights/")] for arrays in last]
    record = json.loads((folder / "changed" / "config.json").read_text())["devices"]
    return {"distance": distance(*named), "record": record}


MEASURED: dict[str, Callable[[Path], Any]] = {
    "gradients": measure_gradients,
    "weights": measure_weights,
    "dropout": measure_dropout,
    "drawing": measure_drawing,
    "resuming": measure_resuming,
}

if __name__ == "__main__":
    make_two()
    Path(sys.argv[1]).mkdir()
    print(json.dumps({name: measure(Path(sys.argv[1])) for name, measure in MEASURED.items()}))
