"""What differs from backend to backend, behind one interface: compile, differentiate, draw masks, write event files.

Enters: the name of the Keras backend in use. Leaves: the module for it, `tensorflow` or `jax`, which offer the same
functions (see `tensorflow.py` for the contract). Nothing else in the package names a backend, but the reader of
TensorFlow's checkpoints. Whoever takes `keras` or `ops` from here starts Keras as `startup` does, without its remarks.
"""

import importlib
from collections.abc import Callable
from types import ModuleType
from typing import Any, TypeAlias

from ..errors import one_of
from . import startup

Tensor: TypeAlias = Any  # a tensor of the backend in use, or what converts to one; shapes stand in the docstrings
Objective: TypeAlias = Callable[..., tuple[Tensor, dict[str, Tensor]]]  # (*tensors) -> (cost, terms)


def backend() -> ModuleType:
    """The module that compiles functions for the Keras backend in use.

    Raises:
        InputError: another backend is set.
    """
    name = one_of("KERAS_BACKEND", startup.keras().backend.backend(), startup.BACKENDS)
    return importlib.import_module(f".{name}", __package__)


def __getattr__(name: str) -> Any:
    if name == "keras":
        return startup.keras()
    if name == "ops":
        return startup.keras().ops
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
