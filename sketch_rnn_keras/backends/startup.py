"""Starting Keras and its backend without their remarks on the machine.

Enters: the environment. Leaves: the module `keras`, its backend ready. TensorFlow writes half a dozen lines to the
process's standard error while it starts, one of which reads like a crash where there is no GPU; its own switch
(TF_CPP_MIN_LOG_LEVEL) does not reach them. What is written meanwhile is held back, and all but these remarks is written
out afterwards.
"""

import contextlib
import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import os
import re
import sys
import tempfile
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

from ..errors import InputError

BACKENDS = ("tensorflow", "jax")
_REMARKS = re.compile(
    rb"WARNING: All log messages before absl::InitializeLog"
    rb"|I\d{4} \d\d:\d\d:\d\d[.:]"  # information, however it is dated
    rb"|I0000 00:00:"
    rb"|To enable the following instructions: "  # the second line of one of them
    rb"|[EW]\d{4} .*(?:failed call to cuInit|cuda_diagnostics|Unable to register cu\w+ factory)"
)


def keras() -> ModuleType:
    """The module `keras`; at the first call it is loaded, and its backend with it.

    Raises:
        InputError: a backend is asked for that this package does not know, or that is not installed.
    """
    if "keras" in sys.modules:
        return sys.modules["keras"]
    name = os.environ.get("KERAS_BACKEND", "")
    if name and name not in BACKENDS:
        raise InputError(f"KERAS_BACKEND: expected {' or '.join(BACKENDS)}, received {name!r}; set or unset it")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    try:
        with without_remarks():
            loaded = importlib.import_module("keras")
            if loaded.backend.backend() == "tensorflow":
                importlib.import_module("tensorflow").config.list_physical_devices()  # looks for a GPU now
    except ModuleNotFoundError as error:
        raise InputError(
            f"expected a backend for Keras, but {error.name} is not installed; pip install {error.name}, or set "
            "KERAS_BACKEND to one that is"
        ) from None
    return loaded


@contextlib.contextmanager
def without_remarks() -> Iterator[None]:
    """Holds back what is written to file descriptor 2; the remarks of a start-up are dropped, the rest comes after."""
    sys.stderr.flush()
    try:
        kept = os.dup(2)
    except OSError:  # there is no standard error
        yield
        return
    with tempfile.TemporaryFile() as held:
        os.dup2(held.fileno(), 2)
        try:
            yield
        finally:
            sys.stderr.flush()
            os.dup2(kept, 2)
            os.close(kept)
            held.seek(0)
            for line in held:
                if not _REMARKS.match(line):
                    os.write(2, line)


def after_keras(callback: Callable[[], None]) -> None:
    """Call `callback` as soon as Keras is imported, by whomever; now, where it is already."""
    if "keras" in sys.modules:
        callback()
    elif not any(isinstance(finder, _KerasFinder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _KerasFinder(callback))


class _KerasFinder(importlib.abc.MetaPathFinder):
    """Stands first in line for the import of Keras alone, and hands it to whoever finds it."""

    def __init__(self, callback: Callable[[], None]):
        self._callback = callback

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> importlib.machinery.ModuleSpec | None:
        if fullname != "keras":
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(fullname)
        if spec is not None and spec.loader is not None:
            spec.loader = _CallingLoader(spec.loader, self._callback)
        return spec


class _CallingLoader(importlib.abc.Loader):
    """Another loader, and a callback once it is done."""

    def __init__(self, loader: Any, callback: Callable[[], None]):
        self._loader, self._callback = loader, callback

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType | None:
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        self._loader.exec_module(module)
        self._callback()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loader, name)
