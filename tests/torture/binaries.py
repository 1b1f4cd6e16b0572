"""Damage to what libraries in C read: HDF5 files, and the index of a TensorFlow checkpoint.

Enters: a file's content and a source of chance. Leaves: another. The index is a table of protocol buffers in blocks
with checksums; it is taken apart and put together again, so that TensorFlow reads as far as the damage.
"""

import io
import random
import struct

import h5py
import numpy as np
from torture.damage import NUMBERS, TEXTS, spoil_bytes

from sketch_rnn_keras.interop.checkpoint_index import read_table

_SIGNATURES = (b"HEAP", b"SNOD", b"TREE", b"OHDR", b"OCHK", b"FRHP", b"\x89HDF", b"BTHD", b"GCOL")
_FOOTER, _MAGIC = 48, 0xDB4775248B80FB57


def spoil_hdf5(content: bytes, chance: random.Random) -> bytes:
    """A weight of another shape or type, a link to itself or out of the file, or bytes of its tables spoilt."""
    if chance.random() < 0.5:
        return _spoil_tables(content, chance)
    stream = io.BytesIO(content)
    try:
        with h5py.File(stream, "r+") as file:
            _spoil_objects(file, chance)
    except (OSError, ValueError, KeyError, RuntimeError, TypeError):
        return _spoil_tables(content, chance)
    return stream.getvalue()


def _spoil_tables(content: bytes, chance: random.Random) -> bytes:
    """Bytes that follow the name of one of HDF5's own structures."""
    spoilt = bytearray(content)
    for _ in range(chance.choice((1, 1, 3))):
        marks = [at for mark in _SIGNATURES if (at := content.find(mark, chance.randrange(len(content)))) >= 0]
        at = chance.choice(marks or [0]) + chance.randrange(200)
        size = chance.choice((1, 1, 2, 4, 8))
        number = chance.choice((chance.randrange(256), int(chance.choice(NUMBERS))))
        spoilt[at : at + size] = (number % 2 ** (8 * size)).to_bytes(size, "little")
    return bytes(spoilt)


def _spoil_objects(file: h5py.File, chance: random.Random) -> None:
    names: list[str] = []
    file.visit(names.append)
    name = chance.choice(names)
    item = file[name]
    is_weight = isinstance(item, h5py.Dataset)
    shape = item.shape if is_weight else (2, 2)
    form = chance.randrange(14)
    if form > 2:
        del file[name]
    match form:
        case 0:
            file.attrs[chance.choice(("keras_version", "a"))] = "x" * 3000
        case 1 if is_weight:
            item[...] = chance.choice((np.nan, np.inf, 1e38, -1e38))
        case 2:
            file.move(name, name + "\x1b[2J")
        case 3:
            file[name] = h5py.SoftLink(chance.choice(("/", f"/{name}", "/nowhere", name)))
        case 4:
            file[name] = h5py.ExternalLink(chance.choice(("outside.h5", "/etc/passwd", "a.keras")), "/")
        case 5:
            place = chance.choice(("/etc/passwd", "outside.bin", "/dev/zero"))
            file.create_dataset(name, shape, "f4", external=[(place, 0, h5py.h5f.UNLIMITED)])
        case 6:
            layout = h5py.VirtualLayout(shape, "f4")
            layout[...] = h5py.VirtualSource("outside.h5", "a", shape=shape)
            file.create_virtual_dataset(name, layout)
        case 7:
            huge = chance.choice(((2**20, 2**20), (2**40,), (0,), (2**31, 1), ()))
            file.create_dataset(name, huge, "f4", chunks=(64,) * len(huge) if huge and min(huge) else None)
        case 8:
            file.create_dataset(name, shape, chance.choice(("f8", "i4", "c8", "S9", "f2", h5py.string_dtype(), "u1")))
        case 9:
            file.create_dataset(name, data=h5py.Empty("f4"))
        case 10:
            file[name] = file[chance.choice(names)] if name not in ("layers",) else file["/"]
        case 11:
            file.create_group(name)
        case 12:
            file.create_dataset(name, data=np.zeros(shape, "f4"), compression="gzip", chunks=True if shape else None)
        case _:
            file.create_dataset(name, shape[::-1], "f4")


# ---------------------------------------------------------------------------------------------- a checkpoint's index


def spoil_index(content: bytes, chance: random.Random) -> bytes:
    """A variable of another name, type, shape, size or place, or protocol buffers that are none."""
    if chance.random() < 0.1:
        return spoil_bytes(content, chance)
    entries = read_table(content)
    for _ in range(chance.choice((1, 1, 2))):
        at = chance.randrange(len(entries))
        key, value = entries[at]
        match chance.randrange(10):
            case 0:
                del entries[at]
            case 1:
                key = chance.choice(TEXTS).encode("utf-8", "surrogatepass")
            case 2:
                key = chance.choice(entries)[0] + b"\x1b[2J"
            case 3:
                value = spoil_bytes(value, chance)
            case 4:
                value = chance.choice(entries)[1]
            case _:
                value = _spoil_header(value, chance) if not key else _spoil_entry(value, chance)
        entries[at : at + 1] = [(key, value)]
    if chance.random() < 0.9:
        entries = sorted(dict(entries).items())
    return write_table(entries)


def _spoil_header(value: bytes, chance: random.Random) -> bytes:
    from tensorflow.core.protobuf import tensor_bundle_pb2

    header = tensor_bundle_pb2.BundleHeaderProto.FromString(value)
    match chance.randrange(3):
        case 0:
            header.num_shards = chance.choice((0, 2, -1, 2**31 - 1, 100_000))
        case 1:
            header.endianness = 1
        case _:
            header.version.producer = header.version.min_consumer = chance.choice((-1, 2**31 - 1, 99))
    return header.SerializeToString()


def _spoil_entry(value: bytes, chance: random.Random) -> bytes:
    from tensorflow.core.protobuf import tensor_bundle_pb2

    entry = tensor_bundle_pb2.BundleEntryProto.FromString(value)
    number = chance.choice((-1, 0, 1, 2**31 - 1, 2**40, 2**62, 2**63 - 1, -(2**63)))
    match chance.randrange(9):
        case 0:
            entry.dtype = chance.choice((0, 2, 3, 7, 19, 20, 21, 8, 99, 101))
        case 1:
            entry.size = number
        case 2:
            entry.offset = number
        case 3:
            entry.shard_id = chance.choice((-1, 1, 2**31 - 1))
        case 4:
            entry.shape.unknown_rank = True
        case 5:
            entry.slices.add().extent.add().start = number
        case 6:
            entry.shape.dim.add().size = number
        case 7 if entry.shape.dim:
            chance.choice(list(entry.shape.dim)).size = number
        case _:
            for _ in range(chance.choice((3, 300))):
                entry.shape.dim.add().size = chance.choice((0, 1, 2))
    return entry.SerializeToString()


def write_table(entries: list[tuple[bytes, bytes]]) -> bytes:
    """The inverse of `checkpoint_index.read_table`, in one block."""
    data, handles = _sealed(entries, 0)
    meta, meta_handle = _sealed([], len(data))
    index, index_handle = _sealed(
        [(max((key for key, _ in entries), default=b"") + b"\xff", handles)], len(data + meta)
    )
    footer = (meta_handle + index_handle).ljust(_FOOTER - 8, b"\x00") + struct.pack("<Q", _MAGIC)
    return data + meta + index + footer


def _sealed(entries: list[tuple[bytes, bytes]], place: int) -> tuple[bytes, bytes]:
    """A block with its checksum, and its handle."""
    from tensorboard.compat.tensorflow_stub.pywrap_tensorflow import masked_crc32c

    parts = [_number(0) + _number(len(key)) + _number(len(value)) + key + value for key, value in entries]
    block = b"".join(parts) + struct.pack("<II", 0, 1)  # one place to begin at: the first
    return block + b"\x00" + struct.pack("<I", masked_crc32c(block + b"\x00")), _number(place) + _number(len(block))


def _number(value: int) -> bytes:
    parts = bytearray()
    while value > 127:
        parts.append(value & 127 | 128)
        value >>= 7
    return bytes([*parts, value])
