"""Damage to archives of arrays: zip members, `.npy` headers, the operations of pickles.

Enters: a file's content and a source of chance. Leaves: another, whose checksums are right most of the time: what lies
behind them is what is to be reached.
"""

import io
import pickle
import pickletools
import random
import struct
import zipfile
import zlib
from collections.abc import Mapping

from torture.damage import NUMBERS, TEXTS, Damage, spoil_bytes

from sketch_rnn_keras.files.arrays import DIGESTS

_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
_NAMES = ("../../elsewhere.npy", "/elsewhere.npy", "\x1b[2J.npy", "", "train.npy", "progress.npy", "x" * 3000)
_DIRECTORY = b"PK\x01\x02"
_FIELDS = {8: 2, 10: 2, 16: 4, 20: 4, 24: 4, 28: 2, 30: 2, 42: 4}  # of a directory's entry: where, and how many bytes
_BLOCK = 2**20
_BOMB = 3 * 2**30  # bytes


def _bomb() -> bytes:
    """Raw deflated zeros, 3 GiB of them: blocks after a full flush can be put one after the other."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    block = packer.compress(bytes(_BLOCK)) + packer.flush(zlib.Z_FULL_FLUSH)
    return block * (_BOMB // _BLOCK) + packer.flush()


def spoil_zip(by_suffix: Mapping[str, Damage]) -> Damage:
    """For zip archives; `by_suffix` says how members are spoilt, by the end of their name."""

    def spoil(content: bytes, chance: random.Random) -> bytes:
        form = chance.randrange(20)
        try:
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                members = [
                    (info.filename, _beginning(archive, info), info.compress_type) for info in archive.infolist()
                ]
        except (zipfile.BadZipFile, zlib.error, OSError):
            form = 0
        if form < 2:
            return spoil_bytes(content, chance)
        if chance.random() < 0.5:  # as earlier versions wrote them: what vouches for the others is not there
            members = [member for member in members if member[0] != f"{DIGESTS}.npy"]
        at = chance.randrange(len(members))
        name, inner, method = members[at]
        match form:
            case 2:
                del members[at]
            case 3:
                members.append((name, spoil_bytes(inner, chance), method))
            case 4:
                members[at] = (chance.choice(_NAMES), inner, method)
            case 5:
                members[at] = (name, inner, chance.choice(_METHODS))
            case 6:
                members[at] = (name, members[chance.randrange(len(members))][1], method)
            case 7:
                members += [(f"more {k}", b"", method) for k in range(chance.choice((1, 3000)))]
            case 8:
                pass  # its directory is spoilt below
            case 9 if chance.random() < 0.1:
                return _with_bomb(members, at, chance)
            case _:
                damage = next((each for suffix, each in by_suffix.items() if name.endswith(suffix)), spoil_bytes)
                members[at] = (name, damage(inner, chance), method)
        written = _write(members)
        return _spoil_directory(written, chance) if form == 8 else written

    return spoil


def _beginning(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    """The content of a member, or the first of it: it may be spoilt already, and 3 GiB."""
    with archive.open(info) as file:
        return file.read(_BLOCK)


def _write(members: list[tuple[str, bytes, int]]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, content, method in members:
            info = zipfile.ZipInfo("x")
            info.filename = name  # as it is, whatever ZipInfo makes of it
            archive.writestr(info, content, method)
    return stream.getvalue()


def _spoil_directory(content: bytes, chance: random.Random) -> bytes:
    """An entry that says another size, method, place or checksum than is true."""
    spoilt = bytearray(content)
    entries = [at for at in range(len(spoilt)) if spoilt.startswith(_DIRECTORY, at)]
    at, size = chance.choice(list(_FIELDS.items()))
    place = chance.choice(entries) + at
    spoilt[place : place + size] = (int(chance.choice(NUMBERS)) % 2 ** (8 * size)).to_bytes(size, "little")
    return bytes(spoilt)


def _with_bomb(members: list[tuple[str, bytes, int]], at: int, chance: random.Random) -> bytes:
    """A member of some MB that unpacks to 3 GiB, and says so or does not."""
    name, inner, _ = members[at]
    start, bomb = inner[:200], _bomb()
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = packer.compress(start) + packer.flush(zlib.Z_FULL_FLUSH) + bomb
    declared = chance.choice((_BOMB + len(start), len(inner), 2**32 - 2))
    written = bytearray(_write([*members[:at], (name, packed, zipfile.ZIP_STORED), *members[at + 1 :]]))
    for mark, method, size in ((b"PK\x03\x04", 8, 22), (_DIRECTORY, 10, 24)):
        place = next(k for k in _all(written, mark) if name.encode() in written[k : k + 60 + len(name)])
        struct.pack_into("<H", written, place + method, zipfile.ZIP_DEFLATED)
        struct.pack_into("<I", written, place + size, declared % 2**32)
    return bytes(written)


def _all(content: bytearray, mark: bytes) -> list[int]:
    found, at = [], content.find(mark)
    while at >= 0:
        found.append(at)
        at = content.find(mark, at + 1)
    return found


# -------------------------------------------------------------------------------------------------------- .npy files

_DESCRS = (
    *("'|O'", "'<f8'", "'<f4'", "'>i2'", "'|b1'", "'<c16'", "'|V8'", "'<U9'", "'|S0'", "'<M8[s]'", "'f4,O'", "'|V0'"),
    *(
        "[('a', '<f4')]",
        "[('a', '|O', (9, 9))]",
        "('<f4', (2, 2))",
        "('|O', {})",
        "None",
        "7",
        "'\\x1b[2J'",
        "'<U999999999'",
    ),
)
_SHAPES = (
    *("(0,)", "(1,)", "(-1,)", "(3, -1)", "()", "(1, 2, 3)", "(0, 0, 3)", "(True,)", "('a',)", "[3]", "None", "(1.5,)"),
    *("(2147483648,)", "(9223372036854775807,)", "(9223372036854775808, 2)", "(1000000, 1000000)", "(4,) * 9"),
    *(f"({'1, ' * 40})", "(0, 99999)"),
)
_HEADERS = (
    *(
        "{",
        "(" * 5000,
        "{'descr': " * 300,
        "'" * 3,
        "{'descr'}",
        "\x00",
        "[1, 2]",
        "\x1b[2J",
        "{1: 2, 3: 4, 5: 6}",
        "\\",
    ),
    *(
        "__import__('os').system('true')",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1,), 'more': 1}",
        "f'{1}'",
    ),
    *("{'descr': '<f4', 'fortran_order': 2, 'shape': (1L,)}", "{'descr': '''", "{\n  a\n b", "{'a': 1}}", "lambda: 0"),
    *("1" * 9000, "-" * 9000, "é"),
)


def spoil_npy(content: bytes, chance: random.Random) -> bytes:
    """A header that says another type, shape or order, or is none; a body that is shorter, longer or another pickle."""
    if content[:6] != b"\x93NUMPY" or chance.random() < 0.1:
        return spoil_bytes(content, chance)
    wide = content[6] > 1
    length = int.from_bytes(content[8 : 12 if wide else 10], "little")
    start = 12 if wide else 10
    header, body = content[start : start + length].decode("latin1"), content[start + length :]
    match chance.randrange(9):
        case 0:
            header = _replaced(header, "descr", chance.choice(_DESCRS))
        case 1:
            header = _replaced(header, "shape", chance.choice(_SHAPES))
        case 2:
            header = _replaced(_replaced(header, "descr", chance.choice(_DESCRS)), "shape", chance.choice(_SHAPES))
        case 3:
            header = chance.choice(_HEADERS)
        case 4:
            header = _replaced(header, "fortran_order", chance.choice(("True", "1", "None", "[]")))
        case 5:
            return spoil_bytes(content[: start + length], chance) + body
        case _ if "|O" in header:
            body = spoil_pickle(body, chance)
        case 6:
            body = body[: chance.randrange(len(body) + 1)]
        case _:
            body = spoil_bytes(body, chance)
    raw = header.encode("latin1", "replace") + b"\n"
    version = chance.choice((content[6], content[6], content[6], 2, 3, 9))
    declared = len(raw) if chance.random() < 0.9 else int(chance.choice(NUMBERS[:15])) % 2**16
    size = declared.to_bytes(4, "little") if version > 1 else (declared % 2**16).to_bytes(2, "little")
    return b"\x93NUMPY" + bytes([version, 0]) + size + raw + body


def _replaced(header: str, key: str, value: str) -> str:
    before, found, rest = header.partition(f"'{key}': ")
    if not found:
        return header
    ends = [rest.find(mark) for mark in (", 'descr", ", 'fortran", ", 'shape", ", }", "}") if mark in rest]
    return before + found + value + rest[min(ends, default=0) :]


# ----------------------------------------------------------------------------------------------------------- pickles

_GLOBALS = (
    *(b"cos\nsystem\n", b"cbuiltins\neval\n", b"cposix\nsystem\n", b"cnumpy\nndarray\n", b"cnumpy\ndtype\n"),
    *(b"c__builtin__\nbytes\n", b"c_codecs\nencode\n", b"cnumpy.core.multiarray\n_reconstruct\n", b"c\x1b[2J\nx\n"),
    b"c" + b"x" * 9000 + b"\ny\n",
)
_OPERATIONS = (
    *(b"(", b"t", b"l", b"]", b")", b"N", b"R", b"b", b".", b"0", b"2", b"1", b"e", b"a", b"d", b"}", b"s", b"Q", b"o"),
    *(
        b"\x85",
        b"\x86",
        b"\x87",
        b"\x93",
        b"\x94",
        b"\x97",
        b"q\x00",
        b"h\x00",
        b"h\xff",
        b"r\xff\xff\xff\xff",
        b"K\x01",
    ),
    *(b"J\xff\xff\xff\x7f", b"I" + b"9" * 5000 + b"\n", b"\x8a\xff" + b"\xff" * 255, b"G\x7f\xf0" + bytes(6)),
    *(b"\x8e" + b"\xff" * 8, b"X\xff\xff\xff\xff", b"\x8b\xff\xff\xff\x7f", b"\x95" + b"\xff" * 8, b"U\x04abcd"),
    *(b"S'a'\n", b"V\\u1234\n", b"L1L\n", b"F1e999\n", b"c\n\n", b"i\n\n", b"\x80\x05", b"\x80\xff", b"(" * 5000),
    *(b"]" + b"\x85" * 5000, b"(" + b"2" * 3000 + b"t", b"h\x00" * 9000, b")" * 9000),
)


def spoil_pickle(content: bytes, chance: random.Random) -> bytes:
    """Operations taken away, put in, said twice, exchanged, or given another argument."""
    try:
        places = [place for _, _, place in pickletools.genops(content)]
    except Exception:  # it is spoilt already
        return spoil_bytes(content, chance)
    parts = [content[start:end] for start, end in zip(places, [*places[1:], len(content)], strict=True)]
    for _ in range(chance.choice((1, 1, 2, 4))):
        at, other = chance.randrange(len(parts)), chance.randrange(len(parts))
        match chance.randrange(8):
            case 0:
                parts[at] = b""
            case 1:
                parts.insert(at, parts[other])
            case 2:
                parts[at], parts[other] = parts[other], parts[at]
            case 3:
                parts.insert(at, chance.choice(_OPERATIONS))
            case 4:
                parts[at] = chance.choice(_GLOBALS)
            case 5:
                parts[at] = pickle.dumps(chance.choice((*NUMBERS, *TEXTS)), 2)[2:-1]
            case 6:
                parts[at] = b"".join(parts[min(at, other) : max(at, other)][:2000])
            case _:
                parts[at] = parts[at][:1] + spoil_bytes(parts[at][1:], chance)
    return b"".join(parts)
