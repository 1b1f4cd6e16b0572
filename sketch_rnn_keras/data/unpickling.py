"""Reads pickled object arrays of numbers without running what a pickle may say.

Enters: the bytes of a pickle. Leaves: numeric NumPy arrays.

A pickle is a program. The one in a data file is run by an unpickler that knows only the operations that pickled NumPy
arrays need, and runs a limited number of them; each name that they need is replaced by a small stand-in, and every
other name is refused. The stand-ins build arrays from bytes and do nothing else, and only once all of the pickle has
been read and the sizes add up. Nothing of a pickle is hashed, compared in depth or printed. So the worst that a hostile
file gets is an `InputError`.
"""

import io
import itertools
import math
import pickle
import re
import struct
from typing import Any, ClassVar

import numpy as np

from ..errors import InputError

OPERATIONS_PER_ELEMENT = 36  # of an array; a drawing takes 14 to 34 of them, by the protocol, and a number one
MAX_OPERATIONS = OPERATIONS_PER_ELEMENT * 2**20

_OPERATIONS = (
    *("PROTO", "FRAME", "MARK", "STOP", "GLOBAL", "STACK_GLOBAL", "REDUCE", "BUILD"),
    *("NONE", "NEWTRUE", "NEWFALSE", "INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4"),
    *("FLOAT", "BINFLOAT", "STRING", "BINSTRING", "SHORT_BINSTRING", "BINBYTES", "SHORT_BINBYTES", "BINBYTES8"),
    *("UNICODE", "BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8", "BYTEARRAY8"),
    *("TUPLE", "EMPTY_TUPLE", "TUPLE1", "TUPLE2", "TUPLE3", "LIST", "EMPTY_LIST", "APPEND", "APPENDS"),
    *("PUT", "BINPUT", "LONG_BINPUT", "MEMOIZE", "GET", "BINGET", "LONG_BINGET"),
)
NUMBERS = re.compile(r"[iu][1248]|f[248]|b1")  # types of numbers, as NumPy's codes
_DTYPE_CODE = re.compile(rf"{NUMBERS.pattern}|O[48]?")
_PICKLE_ERRORS = (
    *(pickle.UnpicklingError, EOFError, ValueError, TypeError, AttributeError, LookupError),
    *(ArithmeticError, MemoryError, RecursionError, BufferError, struct.error),
)


def read_objects(content: io.BytesIO, shape: tuple[int, ...], max_bytes: int, where: str) -> list[np.ndarray]:
    """Reads the pickle of an object array.

    Args:
        content: where the pickle begins.
        shape: what the header before it says of its shape.
        max_bytes: what its elements may take together, an element that is named twice counted twice.
        where: what the errors name.

    Returns:
        Its elements, numeric arrays.

    Raises:
        InputError: the pickle is broken, too long or of another shape, or names anything but arrays of numbers.
    """
    operations = min(OPERATIONS_PER_ELEMENT * math.prod(shape) + 1000, MAX_OPERATIONS)
    try:
        return _to_drawings(_Unpickler(content, operations, where).load(), shape, max_bytes, where)
    except StopIteration:
        raise InputError(
            f"{where}: expected a pickle of at most {operations} operations for shape {list(shape)}, received a "
            "longer one; get or download the file again"
        ) from None
    except InputError:
        raise
    except _PICKLE_ERRORS as error:
        raise InputError(
            f"{where}: the pickled array is broken ({str(error)[:200]}); get or download the file again"
        ) from error


def _to_drawings(array: Any, shape: tuple[int, ...], max_bytes: int, where: str) -> list[np.ndarray]:
    if not isinstance(array, _Array) or not array.holds_objects or array.shape != shape:
        raise InputError(f"{where}: expected an object array of shape {list(shape)}, the pickle holds something else")
    items = array.content
    if not isinstance(items, list) or math.prod(shape) != len(items):
        raise ValueError(f"no list of {math.prod(shape)} elements")
    if len(shape) == 3 and all(type(item) in (int, float) for item in items):  # how NumPy joins drawings of one length
        return list(np.array(items, np.float64).reshape(shape))
    if len(shape) != 1:
        raise InputError(f"{where}: expected a list of drawings, received an object array of shape {list(shape)}")
    for index, item in enumerate(items):
        if not isinstance(item, _Array) or item.holds_objects:
            what = "a nested object array" if isinstance(item, _Array) else type(item).__name__
            raise InputError(f"{where}, drawing {index}: expected an array of numbers, received {what}")
    if (size := sum(len(item.content) for item in items)) > max_bytes:
        raise InputError(f"{where}: expected at most {max_bytes} bytes of drawings, received {size}; split the file")
    return [item.numbers() for item in items]


def from_bytes(raw: bytes, dtype: np.dtype, shape: tuple[int, ...], fortran_order: bool) -> np.ndarray:
    """The array that these bytes are."""
    return np.frombuffer(raw, dtype).reshape(shape, order="F" if fortran_order else "C")


class _Unpickler(pickle._Unpickler):
    """Runs a pickle of few kinds of operations that may name NumPy's array constructors and nothing else.

    It is the standard library's unpickler in Python: the one in C reserves 32 GiB when eleven bytes ask it to.
    """

    dispatch: ClassVar = {
        code: pickle._Unpickler.dispatch[code] for code in (getattr(pickle, name)[0] for name in _OPERATIONS)
    }

    def __init__(self, content: io.BytesIO, operations: int, where: str):
        super().__init__(content, encoding="latin1")  # Python 2 wrote the bytes of an array as str
        self.dispatch, self._where = _Counted(type(self).dispatch, operations), where

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _ADMITTED:
            raise InputError(
                f"{self._where}: refused {module[:80]}.{name[:80]}; a data file may hold NumPy arrays alone. Nothing "
                "was run. Do not use this file unless you made it; if you did, save plain [n, 3] arrays"
            )
        return _ADMITTED[module, name]

    def load_bytearray8(self) -> None:
        """Reads the bytes that are there; the method replaced first allocates as many as are declared."""
        (size,) = struct.unpack("<Q", self.read(8))
        self.append(bytearray(self.read(size)))

    dispatch[pickle.BYTEARRAY8[0]] = load_bytearray8


class _Counted(dict):
    """Operations that are looked up one by one to be run; raises StopIteration when `limit` of them have been."""

    def __init__(self, operations: dict, limit: int):
        super().__init__(operations)
        self._tick = itertools.repeat(None, limit).__next__

    def __getitem__(self, code: int) -> Any:
        self._tick()
        return dict.__getitem__(self, code)

    def __missing__(self, code: int) -> None:
        raise ValueError(f"{bytes([code])!r} is an operation that arrays do not need")


class _DType:
    """Stands in for `numpy.dtype`: numbers and objects, no structures."""

    def __init__(self, code: str, *_align_and_copy: Any):
        if not _DTYPE_CODE.fullmatch(code):
            raise ValueError(f"elements of type {code[:20]!r}")
        self.dtype = np.dtype(code)

    def __setstate__(self, state: tuple) -> None:
        if state[1] not in ("<", ">", "=", "|"):
            raise ValueError("an unknown order of bytes")
        self.dtype = self.dtype.newbyteorder(state[1])


class _Array:
    """Stands in for `numpy.ndarray`: what a pickle says of one, believed in nothing until `numbers` is called."""

    def __setstate__(self, state: tuple) -> None:
        _version, shape, kind, self._fortran_order, self.content = state
        if type(shape) is not tuple or len(shape) > 3 or not all(type(n) is int and 0 <= n < 2**31 for n in shape):
            raise ValueError("a shape that is no tuple of at most three whole numbers")
        self.shape, self._dtype = shape, kind.dtype

    @property
    def holds_objects(self) -> bool:
        return self._dtype.hasobject

    def numbers(self) -> np.ndarray:
        """The array that `content`, bytes or text in Latin-1, is."""
        raw = self.content.encode("latin1") if isinstance(self.content, str) else self.content
        return from_bytes(raw, self._dtype, self.shape, self._fortran_order)


class _Function:
    """A callable that a pickle cannot alter (functions have attributes that it could set)."""

    def __init__(self, function):
        self._function = function

    def __call__(self, *args: Any) -> Any:
        return self._function(*args)

    def __setstate__(self, state: Any) -> None:
        raise ValueError("a function with a state")


def _reconstruct(_cls: Any, _shape: Any, _code: Any) -> _Array:
    return _Array()


def _frombuffer(raw: bytes, kind: _DType, shape: tuple[int, ...], order: str) -> _Array:
    if kind.dtype.hasobject or order not in ("C", "F"):
        raise ValueError("a buffer of objects, or in an unknown order")
    array = _Array()
    array.__setstate__((1, shape, kind, order == "F", raw))
    return array


def _encode(text: str, encoding: str) -> str:
    """The text itself: `_Array.numbers` encodes it, once it is known how many bytes that makes."""
    if type(text) is not str or encoding != "latin1":
        raise ValueError("bytes in another encoding than Latin-1")
    return text


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
