"""Starting Keras and its backend without their remarks on the machine.

Enters: the environment. Leaves: the module `keras`, its backend ready. TensorFlow writes half a dozen lines to the
process's standard error while it starts, one of which reads like a crash where there is no GPU; its own switch
(TF_CPP_MIN_LOG_LEVEL) does not reach them. What is written meanwhile is held back, and all but these remarks is written
out afterwards.
"""

import contextlib
import importlib
import os
import re
import sys
import tempfile
from collections.abc import Iterator
from types import ModuleType

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
