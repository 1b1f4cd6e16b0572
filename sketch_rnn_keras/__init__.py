"""A faithful, fast Keras 3 reproduction of Sketch-RNN (Ha & Eck, arXiv 1704.03477).

The names below are imported on first use, so that `import sketch_rnn_keras` and `sketch-rnn --help` load no backend.
Once Keras is imported too, by whomever, `SketchRNN` is registered with it: `keras.saving.load_model` knows it.
"""

import importlib
from typing import TYPE_CHECKING, Any

from ._version import __version__
from .backends import startup

_HOMES = {
    "HParams": "hparams",
    "InputError": "errors",
    "SketchRNN": "model.sketch_rnn",
    "complete": "latent",
    "draw_sketches": "pictures.grid",
    "encode": "latent",
    "interpolate": "latent",
    "load_dataset": "data.datasets",
    "load_model": "loading",
    "sample": "sampling",
    "train": "training.loop",
}
__all__ = [
    "HParams",
    "InputError",
    "SketchRNN",
    "__version__",
    "complete",
    "draw_sketches",
    "encode",
    "interpolate",
    "load_dataset",
    "load_model",
    "sample",
    "train",
]

if TYPE_CHECKING:
    from .data.datasets import load_dataset
    from .errors import InputError
    from .hparams import HParams
    from .latent import complete, encode, interpolate
    from .loading import load_model
    from .model.sketch_rnn import SketchRNN
    from .pictures.grid import draw_sketches
    from .sampling import sample
    from .training.loop import train


def _register() -> None:
    importlib.import_module(".model.sketch_rnn", __name__)


startup.after_keras(_register)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f".{_HOMES[name]}", __name__), name)


def __dir__() -> list[str]:
    return sorted(__all__)
