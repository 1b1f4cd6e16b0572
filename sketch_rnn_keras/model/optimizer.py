"""The paper's optimiser: Adam, its gradients clipped by value, its learning rate decaying to a floor.

Enters: hyperparameters. Leaves: a Keras optimiser.

Source: section 3.3 of arXiv 1704.03477; constants of the original.
"""

from typing import Any

import keras
from keras import ops

from ..backends import Tensor
from ..hparams import HParams
from . import schedules


def make_optimizer(hparams: HParams, learning_rate: Any = None) -> keras.optimizers.Optimizer:
    """Adam with the original's constants; each gradient element is clipped to plus or minus `grad_clip`.

    Args:
        hparams: supplies the constants.
        learning_rate: a number or a Keras schedule; the learning rate of the first step when None.
    """
    rate = hparams.learning_rate if learning_rate is None else learning_rate
    # The name is in the checkpoint; Keras would number it within a process.
    adam = keras.optimizers.Adam(rate, epsilon=1e-8, clipvalue=hparams.grad_clip, name="adam")
    if hparams.precision != "mixed_float16":
        return adam
    return keras.optimizers.LossScaleOptimizer(adam, name="loss_scale")  # gradients below 6e-8 would vanish


@keras.saving.register_keras_serializable(package="sketch_rnn_keras")
class LearningRate(keras.optimizers.schedules.LearningRateSchedule):
    """`schedules.learning_rate` as a Keras schedule.

    Args:
        learning_rate, min_learning_rate, decay_rate: the hyperparameters of these names.
    """

    def __init__(self, learning_rate: float, min_learning_rate: float, decay_rate: float):
        self._hparams = HParams(learning_rate=learning_rate, min_learning_rate=min_learning_rate, decay_rate=decay_rate)

    def __call__(self, step: Tensor) -> Tensor:
        return schedules.learning_rate(ops.cast(step, "float32"), self._hparams)

    def get_config(self) -> dict[str, float]:
        hparams = self._hparams
        return {name: getattr(hparams, name) for name in ("learning_rate", "min_learning_rate", "decay_rate")}
