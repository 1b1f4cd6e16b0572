"""Gradients of a scalar function of Keras variables, by the backend's own automatic differentiation, uncompiled."""

import keras
from keras import ops


def cost_and_gradients(objective, variables):
    """`(cost, gradients)` in NumPy of `objective()`, which reads the `.value` of `variables`."""
    cost, gradients = _BACKENDS[keras.backend.backend()](objective, variables)
    return ops.convert_to_numpy(cost), [ops.convert_to_numpy(g) for g in gradients]


def _tensorflow(objective, variables):
    import tensorflow as tf

    with tf.GradientTape() as tape:
        cost = objective()
    values = [v.value for v in variables]
    return cost, tape.gradient(cost, values, unconnected_gradients=tf.UnconnectedGradients.ZERO)


def _jax(objective, variables):
    import jax

    def cost(values):
        with keras.StatelessScope(state_mapping=list(zip(variables, values, strict=True))):
            return objective()

    with jax.disable_jit():  # compiling takes longer than running
        return jax.value_and_grad(cost)([v.value for v in variables])


_BACKENDS = {"tensorflow": _tensorflow, "jax": _jax}
