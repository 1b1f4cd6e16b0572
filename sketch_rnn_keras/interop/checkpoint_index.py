"""The index of a TensorFlow checkpoint, looked at before TensorFlow does, which ends the process on some damaged ones.

Enters: the path of a checkpoint without suffix. Leaves: nothing, or a `ValueError` that says what is wrong. An index is
a table as LevelDB writes it: blocks of keys and values, one of which lists the others. The values are protocol buffers:
of the whole, and of each variable its type and shape, and where in which file of data it is. Damage to bytes alone is
TensorFlow's to find, by the blocks' checksums.
"""

import math
from collections.abc import Iterator
from pathlib import Path
from typing import TypeAlias

MAX_BYTES = 2**22  # the original's largest has 6,060
MAX_RANK = 8
MAX_SHARDS = 1000
MAX_KEY = 1000  # bytes of a name; a key repeats what it shares with the one before for nothing
MAX_ENTRIES = 100_000
_FOOTER = 48  # bytes at the end: where two blocks are, and a number that marks such tables
_MARK = 0xDB4775248B80FB57.to_bytes(8, "little")
_VARINT, _BYTES, _FIXED32 = 0, 2, 5  # the forms of a field
_HEADER = {1: _VARINT, 2: _VARINT, 3: _BYTES}  # shards, order of bytes, version
# Type, shape, shard, offset, size, CRC.
_ENTRY = {1: _VARINT, 2: _BYTES, 3: _VARINT, 4: _VARINT, 5: _VARINT, 6: _FIXED32}
_SHAPE = {2: _BYTES}  # dimensions, one or more
_DIMENSION = {1: _VARINT, 2: _BYTES}  # size, name
_Value: TypeAlias = int | bytes


def check_index(prefix: Path) -> None:
    """Raise unless TensorFlow can read the index without harm.

    Raises:
        ValueError: it is no such table, or says what cannot be.
        OSError: it cannot be read.
    """
    with Path(f"{prefix}.index").open("rb") as file:
        content = file.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise ValueError(f"its index is larger than {MAX_BYTES} bytes")
    try:
        entries = dict(read_table(content))
        header = _message(entries.pop(b""), _HEADER)
        shards, byte_order = _number(header, 1, 2**31), _number(header, 2, 2**31)
        if not 1 <= shards <= MAX_SHARDS or byte_order:
            raise ValueError(f"its index names {shards} files of data, or numbers whose bytes are in another order")
        for value in entries.values():
            _check_entry(value, prefix, shards)
    except (IndexError, KeyError):
        raise ValueError("its index is cut off, or none") from None


def read_table(content: bytes) -> list[tuple[bytes, bytes]]:
    """The keys and values of a table.

    Raises:
        ValueError, IndexError: it is none.
    """
    if not content.endswith(_MARK):
        raise ValueError("its index is cut off, or none")
    footer = content[-_FOOTER:]
    _, _, at = _place(footer, 0)  # a block of what describes the table: there is nothing in it
    start, size, _ = _place(footer, at)
    table: list[tuple[bytes, bytes]] = []
    for _, place in _entries(_block(content, start, size)):
        for entry in _entries(_block(content, *_place(place, 0)[:2])):
            if len(table) == MAX_ENTRIES:  # or one block, listed again and again
                raise ValueError(f"its index has more than {MAX_ENTRIES} entries")
            table.append(entry)
    return table


def _block(content: bytes, start: int, size: int) -> bytes:
    if content[start + size]:  # the byte after it: how it is packed
        raise ValueError("its index is packed, which TensorFlow does not do")
    return content[start : start + size]


def _entries(block: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Keys, of which each begins with a part of the one before, and values; at the end, places to begin at."""
    at, key = 0, b""
    end = len(block) - 4 * (int.from_bytes(block[-4:], "little") + 1)
    if end < 0:
        raise ValueError("a block of its index is cut off")
    while at < end:
        shared, at = _varint(block, at)
        more, at = _varint(block, at)
        size, at = _varint(block, at)
        if shared > len(key) or at + more + size > end:
            raise ValueError("a block of its index says more than it holds")
        if shared + more > MAX_KEY:
            raise ValueError(f"a name in its index has more than {MAX_KEY} bytes")
        key = key[:shared] + block[at : at + more]
        yield key, block[at + more : at + more + size]
        at += more + size


def _place(content: bytes, at: int) -> tuple[int, int, int]:
    start, at = _varint(content, at)
    size, at = _varint(content, at)
    return start, size, at


def _varint(content: bytes, at: int) -> tuple[int, int]:
    """A number of seven bits to a byte, and the place after it."""
    number = 0
    for shift in range(0, 64, 7):
        number |= (content[at] & 127) << shift
        at += 1
        if content[at - 1] < 128:
            return number, at
    raise ValueError("a number in its index is too long")


def _check_entry(value: bytes, prefix: Path, shards: int) -> None:
    """Raise unless a variable has a shape, and lies within a file of data."""
    entry = _message(value, _ENTRY)
    [shape] = entry.get(2, [b""])
    dimensions = [_number(_message(part, _DIMENSION), 1, 2**31) for part in _message(_bytes(shape), _SHAPE).get(2, [])]
    shard, offset, size = (_number(entry, field, 2**62) for field in (3, 4, 5))
    if len(dimensions) > MAX_RANK or math.prod(dimensions) >= 2**40 or shard >= shards:
        raise ValueError("a variable in its index has an impossible shape or place")
    file = Path(f"{prefix}.data-{shard:05d}-of-{shards:05d}")
    if not file.is_file():  # a pipe would be waited for
        raise ValueError(f"its data, {file.name}, is missing, or no file")
    if offset + size > file.stat().st_size:
        raise ValueError(f"a variable in its index lies beyond the end of {file.name}; copy both again")


def _message(content: _Value, forms: dict[int, int]) -> dict[int, list[_Value]]:
    """The fields of a protocol buffer by number: those of `forms`, each once, but for the dimensions of a shape."""
    content, at = _bytes(content), 0
    fields: dict[int, list[_Value]] = {}
    while at < len(content):
        tag, at = _varint(content, at)
        number, form = tag >> 3, tag & 7
        if forms.get(number) != form or (number in fields and forms is not _SHAPE):
            raise ValueError("its index holds something else than variables")
        value: _Value
        if form == _VARINT:
            value, at = _varint(content, at)
        else:
            size, at = (4, at) if form == _FIXED32 else _varint(content, at)
            value, at = content[at : at + size], at + size
        fields.setdefault(number, []).append(value)
    if at > len(content):
        raise ValueError("a variable in its index is cut off")
    return fields


def _number(fields: dict[int, list[_Value]], field: int, below: int) -> int:
    """A field's number, which is 0 where it is not there."""
    [value] = fields.get(field, [0])
    if not isinstance(value, int) or value >= below:  # negative ones are above 2^63 there
        raise ValueError("a number in its index is too large, or negative")
    return value


def _bytes(value: _Value) -> bytes:
    if not isinstance(value, bytes):
        raise ValueError("its index holds something else than variables")
    return value
