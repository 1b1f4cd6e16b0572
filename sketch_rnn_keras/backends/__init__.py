"""What differs from backend to backend, behind one interface: compile, differentiate, draw masks.

Enters: the name of the Keras backend in use. Leaves: the module for it, `tensorflow` or `jax`, which offer the same
functions (see `tensorflow.py` for the contract). Nothing else in the package names a backend, but the reader of
TensorFlow's checkpoints.
"""

import importlib
from collections.abc import Callable
from types import ModuleType
from typing import Any, TypeAlias

from ..errors import InputError

Tensor: TypeAlias = Any  # a tensor of the backend in use, or what converts to one; shapes stand in the docstrings

Objective: TypeAlias = Callable[..., tuple[Tensor, dict[str, Tensor]]]  # (*tensors) -> (cost, terms)

BACKENDS = ("tensorflow", "jax")


def backend() -> ModuleType:
    """The module that compiles functions for the Keras backend in use.

    Raises:
        InputError: another backend is set.
    """
    import keras  # here, so that a message about the backend needs none

    name = keras.backend.backend()
    if name not in BACKENDS:
        expected = " or ".join(BACKENDS)
        raise InputError(f"KERAS_BACKEND: expected {expected}, received {name!r}; set the environment variable")
    return importlib.import_module(f".{name}", __package__)
