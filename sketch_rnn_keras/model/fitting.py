"""`compile`, `fit` and `evaluate` of Keras with the full objective, beside the package's own loop.

Enters: batches of stroke-5 `[B, N + 1, 5]` with the start token, in model units, as NumPy, `tf.data` or a
`keras.utils.PyDataset` (`Dataset.as_keras` gives one). Leaves: steps of the optimiser, and every loss term as a metric.

`training/loop.py` resumes bit for bit and keeps a run directory; this is for what is built on Keras' own
loop. Given the same batch, noise and masks both take the same step.

Source: section 3.3 of arXiv 1704.03477.
"""

from typing import Any

import keras
from keras import ops

from ..backends import Tensor
from ..errors import InputError
from ..hparams import HParams
from . import schedules
from .losses import TERMS, loss_terms
from .optimizer import LearningRate, make_optimizer


class KLWeight(keras.metrics.Metric):
    """The weight of L_KL at the step that training has reached, which it counts.

    A metric, for these are the variables that travel through a step of `fit` without being weights of the model.
    """

    def __init__(self, hparams: HParams):
        super().__init__(name="kl_weight", dtype="float32")
        self._hparams = hparams
        self.step = self.add_variable(shape=(), initializer=keras.initializers.Zeros(), name="step")

    def update_state(self) -> None:
        """One more step is taken."""
        self.step.assign_add(1.0)

    def result(self) -> Tensor:
        return schedules.kl_weight(ops.convert_to_tensor(self.step), self._hparams)

    def reset_state(self) -> None:
        """Nothing: the schedule goes on from epoch to epoch."""


class Fitting(keras.Model):
    """What `SketchRNN` is to Keras' loop. Its `call` returns raw outputs and adds L_KL to `losses`."""

    hparams: HParams
    stop_training = False  # a callback sets it, in `fit` and in the package's own loop

    def compile(self, optimizer: Any = None, loss: None = None, *, jit_compile: bool = True, **options: Any) -> None:
        """Prepare `fit` and `evaluate`.

        Args:
            optimizer: the paper's when None: Adam, clipping by value and the learning rate's schedule of `hparams`.
            loss: None; the objective is the paper's, L_R + w_KL L_KL with the weight of the step.
            jit_compile: whether XLA compiles the step, which these loops are made for; Keras' "auto" does without it
                where there is a CPU alone.
            **options: what else `keras.Model.compile` takes, such as `run_eagerly`.

        Raises:
            InputError: a loss is given.
        """
        if loss is not None:
            raise InputError("compile: loss: expected none, since the objective is the paper's; leave it out")
        hparams = self.hparams
        if optimizer is None:
            rates = LearningRate(hparams.learning_rate, hparams.min_learning_rate, hparams.decay_rate)
            optimizer = make_optimizer(hparams, rates)
        jit_compile = jit_compile and not options.get("run_eagerly", False)
        super().compile(optimizer=optimizer, jit_compile=jit_compile, **options)
        own = {"_terms": {name: keras.metrics.Mean(name=name) for name in TERMS}, "_kl_weight": KLWeight(hparams)}
        for name, value in own.items():
            object.__setattr__(self, name, value)  # not tracked as part of a built model; `metrics` names them

    def compile_from_config(self, config: dict[str, Any]) -> None:
        """As Keras does for a model whose `compile` is its own; for `keras.saving.load_model`."""
        self.compile(**keras.saving.deserialize_keras_object(config))
        self.optimizer.build(self.trainable_variables)

    @property
    def metrics(self) -> list[keras.metrics.Metric]:
        """The loss, those that were compiled, each loss term, and the KL weight."""
        return super().metrics + ([*self._terms.values(), self._kl_weight] if self.compiled else [])

    def compute_loss(
        self,
        x: Tensor = None,
        y: Tensor = None,
        y_pred: Tensor = None,
        sample_weight: Tensor = None,
        training: bool = True,
    ) -> Tensor:
        """L_R + w_KL max(L_KL, kl_tolerance) (equation 11); its terms go to the metrics.

        Args:
            x: the batch, `[B, N + 1, 5]`.
            y: not used: the drawings are the targets.
            y_pred: what `call` returned for it.
            sample_weight: not used.
            training: whether a step is to be taken with it.
        """
        target = ops.cast(x, self.variable_dtype)[:, 1:]
        kl_raw = self.losses[0] if self.hparams.conditional else None
        terms = loss_terms(y_pred, target, kl_raw, self.hparams.kl_tolerance)
        cost = schedules.cost(terms["recon"], terms["kl"], self._kl_weight.result())
        for name, metric in self._terms.items():
            metric.update_state(terms[name], sample_weight=ops.shape(x)[0])
        if training:
            self._kl_weight.update_state()
        return cost

    def make_train_function(self, force: bool = False) -> Any:
        """As Keras does; the KL weight goes on from the optimiser's step.

        The optimiser's variables are made here: where a step makes them, TensorFlow traces that step twice.
        """
        self.optimizer.build(self.trainable_variables)
        self._kl_weight.step.assign(ops.cast(self.optimizer.iterations, "float32"))
        return super().make_train_function(force)

    def make_test_function(self, force: bool = False) -> Any:
        """As Keras does; the KL weight is that of the optimiser's step."""
        self._kl_weight.step.assign(ops.cast(self.optimizer.iterations, "float32"))
        return super().make_test_function(force)
