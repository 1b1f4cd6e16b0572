"""Reads pickled object arrays of numbers without running what a pickle may say.

Enters: the bytes of a pickle. Leaves: numeric NumPy arrays.

A pickle is a program. The one in a data file is run by an unpickler in which each name that a pickled NumPy array
needs is replaced by a small stand-in, and every other name is refused. The stand-ins build arrays from bytes and do
nothing else, so the worst that a hostile file gets is an `InputError`.
"""

import io
import math
import pickle
import re
import struct
from typing import ClassVar

import numpy as np

from .errors import InputError

_DTYPE_CODE = re.compile(r"[iu][1248]|f[248]|b1|O[48]?")
_PICKLE_ERRORS = (
    *(pickle.UnpicklingError, EOFError, ValueError, TypeError, AttributeError, LookupError),
    *(ArithmeticError, MemoryError, RecursionError, struct.error),
)


def read_objects(content: io.BytesIO, shape: tuple[int, ...], where: str) -> list[np.ndarray]:
    """Reads the pickle of an object array.

    Args:
        content: where the pickle begins.
        shape: what the header before it says of its shape.
        where: what the errors name.

    Returns:
        Its elements, numeric arrays.

    Raises:
        InputError: the pickle is broken, is of another shape, or names anything but arrays of numbers.
    """
    try:
        return _to_drawings(_Unpickler(content, where).load(), shape, where)
    except InputError:
        raise
    except _PICKLE_ERRORS as error:
        raise InputError(f"{where}: the pickled array is broken ({error}); get or download the file again") from error


def _to_drawings(array: object, shape: tuple[int, ...], where: str) -> list[np.ndarray]:
    if not isinstance(array, _Array) or array.items is None or array.shape != shape:
        raise InputError(f"{where}: expected an object array of shape {list(shape)}, the pickle holds something else")
    items = array.items
    if len(shape) == 3 and all(type(item) in (int, float) for item in items):  # how NumPy joins drawings of one length
        return list(np.array(items, np.float64).reshape(shape))
    if len(shape) != 1:
        raise InputError(f"{where}: expected a list of drawings, got an object array of shape {list(shape)}")
    for index, item in enumerate(items):
        if not isinstance(item, _Array) or item.value is None:
            what = "a nested object array" if isinstance(item, _Array) else type(item).__name__
            raise InputError(f"{where}, drawing {index}: expected an array of numbers, got {what}")
    return [item.value for item in items]


def from_bytes(raw: bytes, dtype: np.dtype, shape: tuple[int, ...], fortran_order: bool) -> np.ndarray:
    """The array that these bytes are."""
    return np.frombuffer(raw, dtype).reshape(shape, order="F" if fortran_order else "C")


class _Unpickler(pickle._Unpickler):
    """Runs a pickle that may name NumPy's array constructors and nothing else.

    It is the standard library's unpickler in Python: the one in C reserves 32 GiB when eleven bytes ask it to.
    """

    dispatch: ClassVar = dict(pickle._Unpickler.dispatch)

    def __init__(self, content: io.BytesIO, where: str):
        super().__init__(content, encoding="latin1")  # Python 2 wrote the bytes of an array as str
        self._where = where

    def find_class(self, module: str, name: str) -> object:
        if (module, name) not in _ADMITTED:
            raise InputError(
                f"{self._where}: refused {module}.{name}; a data file may hold NumPy arrays alone. Nothing was run. "
                "Do not use this file unless you made it; if you did, save plain [n, 3] arrays"
            )
        return _ADMITTED[module, name]

    def load_bytearray8(self) -> None:
        """Reads the bytes that are there; the method replaced first allocates as many as are declared."""
        (size,) = struct.unpack("<Q", self.read(8))
        self.append(bytearray(self.read(size)))

    dispatch[pickle.BYTEARRAY8[0]] = load_bytearray8


class _DType:
    """Stands in for `numpy.dtype`: numbers and objects, no structures."""

    def __init__(self, code: str, *_align_and_copy: object):
        if not _DTYPE_CODE.fullmatch(code):
            raise ValueError(f"elements of type {code!r}")
        self.dtype = np.dtype(code)

    def __setstate__(self, state: tuple) -> None:
        self.dtype = self.dtype.newbyteorder(state[1])


class _Array:
    """Stands in for `numpy.ndarray`: `value` if its elements are numbers, `items` if they are objects."""

    value: np.ndarray | None = None
    items: list | None = None
    shape: tuple[int, ...] = ()

    def __setstate__(self, state: tuple) -> None:
        _version, shape, kind, fortran_order, content = state
        if not all(type(length) is int for length in shape):
            raise ValueError("a shape that is no tuple of whole numbers")
        if kind.dtype.hasobject:
            if not isinstance(content, list) or math.prod(shape) != len(content):
                raise ValueError(f"{len(content)} elements for shape {shape}")
            self.shape, self.items = shape, content
        else:
            raw = content.encode("latin1") if isinstance(content, str) else content
            self.value = from_bytes(raw, kind.dtype, shape, fortran_order)


class _Function:
    """A callable that a pickle cannot alter (functions have attributes that it could set)."""

    def __init__(self, function):
        self._function = function

    def __call__(self, *args: object) -> object:
        return self._function(*args)

    def __setstate__(self, state: object) -> None:
        raise ValueError("a function with a state")


def _reconstruct(_cls: object, _shape: object, _code: object) -> _Array:
    return _Array()


def _frombuffer(raw: bytes, kind: _DType, shape: tuple[int, ...], order: str) -> _Array:
    if kind.dtype.hasobject or order not in ("C", "F"):
        raise ValueError(f"a buffer of {kind.dtype} in order {order!r}")
    array = _Array()
    array.value = from_bytes(raw, kind.dtype, shape, order == "F")
    return array


def _encode(text: str, encoding: str) -> bytes:
    if encoding != "latin1":
        raise ValueError(f"bytes encoded as {encoding!r}")
    return text.encode("latin1")


_ADMITTED = {
    ("numpy", "ndarray"): _Array,
    ("numpy", "dtype"): _DType,
    ("numpy.core.multiarray", "_reconstruct"): _Function(_reconstruct),
    ("numpy._core.multiarray", "_reconstruct"): _Function(_reconstruct),
    ("numpy.core.numeric", "_frombuffer"): _Function(_frombuffer),  # protocol 5
    ("numpy._core.numeric", "_frombuffer"): _Function(_frombuffer),
    ("_codecs", "encode"): _Function(_encode),  # bytes, as Python 3 writes them for Python 2
    ("__builtin__", "bytes"): _Function(lambda: b""),  # the same, for an array without rows
}
