"""What differs from backend to backend, behind one interface: compile, differentiate, share, draw masks, write events.

Enters: the name of the Keras backend in use. Leaves: the module for it, `tensorflow` or `jax`, which offer the same
functions (see `tensorflow.py` for the contract). Nothing else in the package names a backend, but the reader of
TensorFlow's checkpoints. Whoever takes `keras` or `ops` from here starts Keras as `startup` does, without its remarks.
"""

import importlib
from collections.abc import Callable
from types import ModuleType
from typing import Any, TypeAlias

from ..errors import one_of, whole_number
from . import startup
from .devices import WHOLE, Devices, Share, maximum

__all__ = ["WHOLE", "Devices", "Floored", "Objective", "Share", "Tensor", "backend", "maximum", "open_devices"]

Tensor: TypeAlias = Any  # a tensor of the backend in use, or what converts to one; shapes stand in the docstrings
Floored: TypeAlias = Callable[[Tensor, float], Tensor]
# (*tensors, share=Share()) -> (cost, terms). Of the tensors, those with axes are rows of a batch, on the first axis.
Objective: TypeAlias = Callable[..., tuple[Tensor, dict[str, Tensor]]]


def backend() -> ModuleType:
    """The module that compiles functions for the Keras backend in use.

    Raises:
        InputError: another backend is set.
    """
    name = one_of("KERAS_BACKEND", startup.keras().backend.backend(), startup.BACKENDS)
    return importlib.import_module(f".{name}", __package__)


def open_devices(choice: Devices | int | str = 1) -> Devices:
    """The devices of a training, a validation or the sketches that are drawn.

    Args:
        choice: how many of this process; or "all" there are, those of every process that the environment tells of
            among them (docs/scale.md). This process then waits for the others, and must not have computed yet.

    Raises:
        InputError: there are not as many, not all of several processes' are asked for, or they do not meet.
    """
    if isinstance(choice, Devices):
        return choice
    return backend().open_devices(choice if choice == "all" else whole_number("devices", choice, 1))


def __getattr__(name: str) -> Any:
    if name == "keras":
        return startup.keras()
    if name == "ops":
        return startup.keras().ops
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
