"""A faithful, fast Keras 3 reproduction of Sketch-RNN (Ha & Eck, arXiv 1704.03477).

The names below are imported on first use, so that `import sketch_rnn_keras` and `sketch-rnn --help` load no backend.
"""

import importlib
from typing import TYPE_CHECKING

__version__ = "0.1.0"

_HOMES = {
    "HParams": "hparams",
    "InputError": "errors",
    "SketchRNN": "model",
    "draw_sketches": "drawing",
    "load_dataset": "datasets",
    "load_model": "loading",
    "sample": "sampling",
    "train": "training.loop",
}
__all__ = ["HParams", "InputError", "SketchRNN", "draw_sketches", "load_dataset", "load_model", "sample", "train"]

if TYPE_CHECKING:
    from .datasets import load_dataset
    from .drawing import draw_sketches
    from .errors import InputError
    from .hparams import HParams
    from .loading import load_model
    from .model import SketchRNN
    from .sampling import sample
    from .training.loop import train


def __getattr__(name: str):
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f".{_HOMES[name]}", __name__), name)
