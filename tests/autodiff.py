"""Gradients of a scalar function of Keras variables, by the backend's own automatic differentiation."""

from types import SimpleNamespace

import numpy as np
from keras import ops

from sketch_rnn_keras import training


def cost_and_gradients(objective, variables):
    """`(cost, gradients)` in NumPy of `objective()`, which reads the `.value` of `variables`."""
    owner = SimpleNamespace(trainable_variables=variables, non_trainable_variables=[])

    def traced():
        cost = objective()
        return cost, cost

    gradients, cost = training.backend().compiled_gradients(owner, traced)()
    # TensorFlow says None for a variable that the cost does not reach.
    gradients = [np.zeros(v.shape) if g is None else g for g, v in zip(gradients, variables, strict=True)]
    return ops.convert_to_numpy(cost), [ops.convert_to_numpy(g) for g in gradients]
