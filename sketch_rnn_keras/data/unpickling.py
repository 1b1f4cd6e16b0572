"""Reads pickled object arrays of numbers without running what a pickle may say.

Enters: the bytes of a pickle. Leaves: numeric NumPy arrays.

A pickle is a program. `pickletools.genops` reads its operations one by one and runs nothing; it takes no more memory
than a few times what is there, whatever sizes a pickle declares. `_run` runs a limited number of them, and only those
that pickled NumPy arrays need; each name that they need is replaced by a small stand-in, and every other name is
refused. The stand-ins build arrays from bytes and do nothing else, and only once all of the pickle has been read and
the sizes add up. Nothing of a pickle but names and numbers is hashed, and nothing is compared in depth or printed. So
the worst that a hostile file gets is an `InputError`.
"""

import io
import itertools
import math
import pickletools
import re
from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np

from ..errors import InputError, reason

OPERATIONS_PER_ELEMENT = 36  # of an array; a drawing takes 14 to 34 of them, by the protocol, and a number one
MAX_OPERATIONS = OPERATIONS_PER_ELEMENT * 2**20

_PUSHES = {  # the operations that put on the stack what they are given; not STRING, which NumPy has never written
    *("INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4", "FLOAT", "BINFLOAT"),
    *("BINSTRING", "SHORT_BINSTRING", "BINBYTES", "SHORT_BINBYTES", "BINBYTES8", "BYTEARRAY8"),
    *("UNICODE", "BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8"),
}
_CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False, "EMPTY_TUPLE": ()}
_TUPLES = {"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}
NUMBERS = re.compile(r"[iu][1248]|f[248]|b1")  # types of numbers, as NumPy's codes
_DTYPE_CODE = re.compile(rf"{NUMBERS.pattern}|O[48]?")
_PICKLE_ERRORS = (ValueError, TypeError, AttributeError, LookupError, ArithmeticError, MemoryError, BufferError)
_Value: TypeAlias = Any  # whatever a pickle may hold


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
    try:
        return _to_drawings(_run(content, shape, where), shape, max_bytes, where)
    except InputError:
        raise
    except _PICKLE_ERRORS as error:
        raise InputError(
            f"{where}: the pickled array is broken ({reason(error)}); get or download the file again"
        ) from error


def _to_drawings(array: _Value, shape: tuple[int, ...], max_bytes: int, where: str) -> list[np.ndarray]:
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


def _run(content: io.BytesIO, shape: tuple[int, ...], where: str) -> _Value:
    """Runs the pickle of an array of this shape; gives what its last operation leaves."""
    limit = min(OPERATIONS_PER_ELEMENT * math.prod(shape) + 1000, MAX_OPERATIONS)
    stack: list[_Value] = []
    marked: list[list[_Value]] = []
    memo: dict[Any, _Value] = {}
    for operation, argument, _place in itertools.islice(pickletools.genops(content), limit):
        name = operation.name
        if name in _PUSHES:
            stack.append(argument)
        elif name in _CONSTANTS:
            stack.append(_CONSTANTS[name])
        elif name in ("BINGET", "LONG_BINGET", "GET"):
            stack.append(memo[argument])
        elif name in ("BINPUT", "LONG_BINPUT", "PUT", "MEMOIZE"):
            memo[len(memo) if argument is None else argument] = stack[-1]
        elif name in _TUPLES:
            stack.append(tuple(reversed([stack.pop() for _ in range(_TUPLES[name])])))
        elif name == "MARK":
            marked.append(stack)
            stack = []
        elif name in ("TUPLE", "LIST", "APPENDS"):
            items, stack = stack, marked.pop()
            if name == "APPENDS":
                _list(stack[-1]).extend(items)
            else:
                stack.append(tuple(items) if name == "TUPLE" else items)
        elif name == "EMPTY_LIST":
            stack.append([])
        elif name == "APPEND":
            item = stack.pop()
            _list(stack[-1]).append(item)
        elif name == "REDUCE":
            arguments, function = stack.pop(), stack.pop()
            if type(arguments) is not tuple:
                raise ValueError("a call with something else than a tuple")
            stack.append(function(*arguments))
        elif name == "BUILD":
            state = stack.pop()
            stack[-1].set_state(state)
        elif name == "GLOBAL":
            module, attribute = str(argument).split(" ", 1)
            stack.append(_find(module, attribute, where))
        elif name == "STACK_GLOBAL":
            attribute, module = stack.pop(), stack.pop()
            stack.append(_find(module, attribute, where))
        elif name == "STOP":
            return stack.pop()
        elif name not in ("PROTO", "FRAME"):
            raise ValueError(f"{name} is an operation that arrays do not need")
    raise InputError(
        f"{where}: expected a pickle of at most {limit} operations for shape {list(shape)}, received a longer "
        "one; get or download the file again"
    )


def _list(value: _Value) -> list[_Value]:
    if type(value) is not list:
        raise ValueError("something is added to what is no list")
    return value


def _find(module: _Value, name: _Value, where: str) -> Any:
    if type(module) is not str or type(name) is not str:
        raise ValueError("a name that is no text")
    if (module, name) not in _ADMITTED:
        raise InputError(
            f"{where}: refused {module[:80]}.{name[:80]}; a data file may hold NumPy arrays alone. Nothing "
            "was run. Do not use this file unless you made it; if you did, save plain [n, 3] arrays"
        )
    return _ADMITTED[module, name]


class _DType:
    """Stands in for `numpy.dtype`: numbers and objects, no structures."""

    def __init__(self, code: str, *_align_and_copy: _Value):
        if not _DTYPE_CODE.fullmatch(code):
            raise ValueError(f"elements of type {code[:20]!r}")
        self.dtype = np.dtype(code)

    def set_state(self, state: tuple) -> None:
        if state[1] not in ("<", ">", "=", "|"):
            raise ValueError("an unknown order of bytes")
        self.dtype = self.dtype.newbyteorder(state[1])


class _Array:
    """Stands in for `numpy.ndarray`: what a pickle says of one, believed in nothing until `numbers` is called."""

    def set_state(self, state: tuple) -> None:
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


def _reconstruct(_cls: _Value, _shape: _Value, _code: _Value) -> _Array:
    return _Array()


def _frombuffer(raw: bytes, kind: _DType, shape: tuple[int, ...], order: str) -> _Array:
    if kind.dtype.hasobject or order not in ("C", "F"):
        raise ValueError("a buffer of objects, or in an unknown order")
    array = _Array()
    array.set_state((1, shape, kind, order == "F", raw))
    return array


def _encode(text: str, encoding: str) -> str:
    """The text itself: `_Array.numbers` encodes it, once it is known how many bytes that makes."""
    if type(text) is not str or encoding != "latin1":
        raise ValueError("bytes in another encoding than Latin-1")
    return text


_ADMITTED: dict[tuple[str, str], Callable[..., _Value]] = {
    ("numpy", "ndarray"): _Array,
    ("numpy", "dtype"): _DType,
    ("numpy.core.multiarray", "_reconstruct"): _reconstruct,
    ("numpy._core.multiarray", "_reconstruct"): _reconstruct,
    ("numpy.core.numeric", "_frombuffer"): _frombuffer,  # protocol 5
    ("numpy._core.numeric", "_frombuffer"): _frombuffer,
    ("_codecs", "encode"): _encode,  # bytes, as Python 3 writes them for Python 2
    ("__builtin__", "bytes"): lambda: b"",  # the same, for an array without rows
}
