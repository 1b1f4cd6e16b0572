"""Training: the loop (read `loop.py` first), its checkpoints and history, and what differs from backend to backend."""

import importlib
from types import ModuleType

from ..errors import InputError

_BACKENDS = ("tensorflow", "jax")


def backend() -> ModuleType:
    """The module that compiles functions for the Keras backend in use: `training.tensorflow` or `training.jax`.

    Raises:
        InputError: another backend is set.
    """
    import keras  # here, so that a history can be read without starting a backend

    name = keras.backend.backend()
    if name not in _BACKENDS:
        expected = " or ".join(_BACKENDS)
        raise InputError(f"KERAS_BACKEND: expected {expected}, received {name!r}; set the environment variable")
    return importlib.import_module(f".{name}", __package__)
