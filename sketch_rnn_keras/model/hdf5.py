"""The groups of an HDF5 file, looked at before its library does, which never ends on some damaged ones.

Enters: a file of weights. Leaves: nothing, or a `ValueError`. A group keeps its names in a heap, whose free parts form
a list, and finds them by a tree: the list must end, and the tree's levels must go down. Both are found by their marks,
wherever they lie, so that no address is trusted to lead to them. (HDF5's specification, sections III.A and III.D.)
"""

from collections.abc import Iterator
from typing import IO

_PIECE = 2**24  # bytes that are searched at once
_HEAP, _TREE = b"HEAP\x00", b"TREE\x00"  # with version 0; of groups
_END = 1  # what the last free part of a heap says of the next one
_MOST = 2**16  # bytes of a heap: names of some 20 characters, of 100 weights at most
_MOST_TABLES = 10_000  # heaps and trees; a model has some 100 of each


def check_groups(content: IO[bytes], size: int) -> None:
    """Raise unless the groups of a file can be read to an end.

    Args:
        content: the file, which can be searched.
        size: of it, in bytes.

    Raises:
        ValueError: they cannot, or lie as Keras does not write them.
    """
    head = _read(content, 0, 32)
    if not head.startswith(b"\x89HDF\r\n\x1a\n") or (head[8] < 2 and (head[13:15] != b"\x08\x08" or any(head[24:32]))):
        raise ValueError("its weights are no HDF5 file as Keras writes it")
    for place in _tables(content, _HEAP):
        length, free, data = (_number(content, place + at) for at in (8, 16, 24))
        if length > _MOST or data + length > size:
            raise ValueError("a table of names in its weights is damaged")
        _check_free(_read(content, data, length), free)
    for place in _tables(content, _TREE):
        level, *used = _read(content, place + 5, 3)
        for entry in range(int.from_bytes(used, "little") if level else 0):
            child = _number(content, place + 32 + 16 * entry)
            if _read(content, child, 6) != _TREE + bytes([level - 1]):
                raise ValueError("a table of groups in its weights is damaged")


def _check_free(heap: bytes, free: int) -> None:
    """Raise unless the list of a heap's free parts ends; there cannot be more than have room."""
    for _ in range(len(heap) // 16 + 1):
        if free in (_END, 2**64 - 1):
            return
        if free + 16 > len(heap):
            break
        free = int.from_bytes(heap[free : free + 8], "little")
    raise ValueError("a table of names in its weights is damaged")


def _tables(content: IO[bytes], mark: bytes) -> Iterator[int]:
    """Where tables of one kind are; raises where there are more than any model has."""
    for count, place in enumerate(_places(content, mark)):
        if count == _MOST_TABLES:
            raise ValueError(f"its weights have more than {_MOST_TABLES} tables of names or groups")
        yield place


def _places(content: IO[bytes], mark: bytes) -> Iterator[int]:
    """Where a mark is."""
    start, before = 0, b""
    while piece := _read(content, start, _PIECE):
        text, at = before + piece, -1
        while (at := text.find(mark, at + 1)) >= 0:
            yield start - len(before) + at
        start, before = start + len(piece), text[-len(mark) + 1 :]


def _read(content: IO[bytes], place: int, size: int) -> bytes:
    content.seek(min(place, 2**62))
    return content.read(size)


def _number(content: IO[bytes], place: int) -> int:
    raw = _read(content, place, 8)
    if len(raw) != 8:
        raise ValueError("a table in its weights is cut off")
    return int.from_bytes(raw, "little")
