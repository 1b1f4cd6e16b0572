"""Damage to files whose format is text or plain bytes. Enters: a content and a source of chance. Leaves: another.

A `Damage` knows its format, so that what it spoils is reached: JSON stays JSON but for a value, SVG stays XML but for
an attribute. Now and then it forgets what it knows, and spoils bytes.
"""

import copy
import json
import random
import re
from collections.abc import Callable
from typing import Any

Damage = Callable[[bytes, random.Random], bytes]

NUMBERS = (
    *(0, 1, -1, 2, 3, 127, 128, 255, 256, 1000, 2**15, 2**16 - 1, 2**24, 2**31 - 1, 2**31, 2**32 - 1, 2**32),
    *(2**53 + 1, 2**63 - 1, 2**63, 2**64, -(2**31), -(2**63), 10**19, 10**400, 0.5, -0.5, 1e-320, 1e300, -1e300),
)
TEXTS = (
    *(
        "",
        " ",
        "\x1b[2J\x1b]0;yours\x07",
        "\u202egnp.exe",
        "\x00",
        "a\nb\rc",
        "é" * 300,
        "x" * 5000,
        "\ud83d\ude00" * 200,
    ),
    *("../../elsewhere", "/etc/passwd", "~", "nan", "inf", "-1", "1e999", "0x10", "1_0", "%s%n{0}", "true", "-", "٣"),
    *("vector_rnn/RNN/output_w", "os", "system", "doodles:cat", "doodles:cat:999999999", "hf://a/b", "lstm", "hyper"),
)
_DIGITS = "9" * 5000  # more than Python reads
_BYTES = (
    b"\x00",
    b"\xff",
    b"\x80",
    b"\n",
    b",",
    b'"',
    b"{",
    b"[",
    b"\x1b[2J",
    b"\xff\xfe",
    b"\xef\xbb\xbf",
    b"9" * 400,
)
_SIZES = (1, 2, 4, 8)


def spoil_bytes(content: bytes, chance: random.Random) -> bytes:
    """Bytes changed, taken away, said twice, or numbers written over them; it may be no longer be of any format."""
    spoilt = bytearray(content)
    for _ in range(chance.choice((1, 1, 2, 5))):
        at = chance.randrange(len(spoilt) + 1)
        size = min(len(spoilt) - at, chance.choice((1, 2, 8, 100, len(spoilt))))
        match chance.randrange(8):
            case 0:
                spoilt[at : at + 1] = bytes([chance.randrange(256)])
            case 1 if at < len(spoilt):
                spoilt[at] ^= 1 << chance.randrange(8)
            case 2:
                del spoilt[at : at + size]
            case 3:
                del spoilt[at:]
            case 4:
                spoilt[at:at] = spoilt[at : at + size][: 2**20]
            case 5:
                spoilt[at:at] = chance.choice(_BYTES)
            case 6:
                width = chance.choice(_SIZES)
                number = int(chance.choice(NUMBERS)) % 2 ** (8 * width)
                spoilt[at : at + width] = number.to_bytes(width, chance.choice(("little", "big")))
            case _:
                spoilt[at : at + size] = bytes(size)
    return bytes(spoilt)


def odd_value(chance: random.Random, depth: int = 0) -> Any:
    """A JSON value that nobody asked for."""
    match chance.randrange(8 if depth < 2 else 5):
        case 0:
            return chance.choice((None, True, False, [], {}))
        case 1 | 2:
            return chance.choice(NUMBERS)
        case 3:
            return chance.choice((float("nan"), float("inf"), -float("inf")))
        case 4:
            return chance.choice(TEXTS)
        case 5:
            inner, times = odd_value(chance, depth + 1), chance.choice((1, 2, 3, 300))
            times = min(times, 3) if depth else times  # 300 times 300 times 300 keys are a gigabyte
            return [copy.deepcopy(inner) for _ in range(times)]  # of one, what it is spoilt by would be said 300 times
        case 6:
            return {chance.choice(TEXTS): odd_value(chance, depth + 1) for _ in range(3)}
        case _:
            return {f"key {k} \x1b[2J": k for k in range(300)}


def _places(document: Any) -> list[tuple[Any, Any]]:
    """Every container of a document with each of its keys."""
    found, waiting = [], [document]
    while waiting and len(found) < 3000:
        inner = waiting.pop()
        keys = list(inner) if isinstance(inner, dict) else range(len(inner)) if isinstance(inner, list) else ()
        for key in keys:
            found.append((inner, key))
            waiting.append(inner[key])
    return found


def spoil_document(document: Any, chance: random.Random) -> Any:
    """A JSON document with a value replaced, a key added, renamed or gone; the one given is changed."""
    for _ in range(chance.choice((1, 1, 1, 2, 4))):
        if not (places := _places(document)):
            return odd_value(chance)
        inner, key = chance.choice(places)
        match chance.randrange(8):
            case 0:
                del inner[key]
            case 1 if isinstance(inner, dict):
                inner[chance.choice(TEXTS)] = inner.pop(key)
            case 2 if isinstance(inner, dict):
                inner[chance.choice(TEXTS)] = odd_value(chance)
            case 3 if isinstance(inner, dict):
                inner |= {f"{name}{k}": 1 for k in range(40) for name in ("kl_weight", "\x1b[31m", "x" * 100)}
            case 4:
                other, place = chance.choice(places)
                inner[key] = json.loads(json.dumps(other[place], default=str))
            case _:
                inner[key] = odd_value(chance)
    return document


def spoil_json(content: bytes, chance: random.Random) -> bytes:
    """JSON with an odd value in it; nested without end, with a key said twice, with a number of 5,000 digits."""
    try:
        document = json.loads(content)
    except ValueError:
        return spoil_bytes(content, chance)
    form = chance.randrange(12)
    if form < 3:
        return spoil_bytes(content, chance)
    if form == 3:
        deep = chance.choice(("[", '{"a":', '[{"a":[')) * chance.choice((100, 3000, 100_000))
        return (deep if chance.random() < 0.5 else json.dumps(document)[:-1] + ', "deep": ' + deep).encode()
    spoilt = spoil_document(document, chance)
    text = json.dumps(spoilt, ensure_ascii=chance.random() < 0.5)
    if form == 4:
        text = re.sub(r"(?<=[:\[, ])\d+(?=[,\]} ])", lambda found: _DIGITS if chance.random() < 0.2 else found[0], text)
    if form == 5 and isinstance(spoilt, dict) and spoilt:
        key = json.dumps(chance.choice(list(spoilt)))
        text = text[:-1] + f", {key}: 1, {key}: 2}}"
    return text.encode("utf-8", "surrogatepass")


def _often(line: bytes, times: int) -> bytes:
    """A line so many times, but of 64 MiB at most: what was said 2000 times, said 2000 times, is 2 GB to make."""
    return line * min(times, 1 + 2**26 // max(len(line), 1))


def spoil_lines(of_line: Damage) -> Damage:
    """For files of lines: one line spoilt by `of_line`, or lines lost, said twice, exchanged, empty or without end."""

    def spoil(content: bytes, chance: random.Random) -> bytes:
        lines = content.splitlines(keepends=True)
        if not lines or chance.random() < 0.15:
            return spoil_bytes(content, chance)
        for _ in range(chance.choice((1, 1, 3))):
            at = chance.randrange(len(lines))
            match chance.randrange(9):
                case 0:
                    lines[at] = b""
                case 1:
                    lines.insert(at, lines[chance.randrange(len(lines))])
                case 2:
                    lines[at] = _often(lines[at], chance.choice((2, 2000)))
                case 3:
                    lines[at] = _often(lines[at].rstrip(b"\n"), chance.choice((2, 2000)))
                case 4:
                    lines[at] = chance.choice((b"\n", b"\x00\n", b"\xff\xfe\n", b"\r", b'"', b"\xef\xbb\xbf"))
                case _:
                    lines[at] = of_line(lines[at].rstrip(b"\n"), chance) + b"\n"
        return b"".join(lines)

    return spoil


def _spoil_cells(line: bytes, chance: random.Random) -> bytes:
    cells = line.split(b",")
    at = chance.randrange(len(cells))
    match chance.randrange(6):
        case 0:
            del cells[at]
        case 1:
            cells.insert(at, b"0")
        case _:
            value = chance.choice(
                (*NUMBERS[:-10], *TEXTS, "1e308", "-1e308", "x" * 200_000, '"', "0.1", "train", "rollback")
            )
            cells[at] = str(value).encode("utf-8", "surrogatepass")
    return b",".join(cells)


spoil_csv = spoil_lines(_spoil_cells)
spoil_ndjson = spoil_lines(spoil_json)

_ATTRIBUTE = re.compile(rb'([\w:-]+)="([^"]*)"')
_ODD_ATTRIBUTES = (
    *(b"1e309", b"-1e308", b"NaN", b"1e-320", b"100%", b"0", b"url(#a)", b"#", b"#a", b"none", b"inherit", b"0 0 0 0"),
    *(b"M0 0" + b"L1 1" * 30_000, b"M0 0A1 1 0 0 1 5 5A0 0 9 9", b"M0 0 z z z z m", b"M0 0 " + b"T9 9 " * 3000),
    *(b"rotate(1)" * 3000, b"matrix(1 2)", b"&#27;[2J", b"x" * 5000, b"((((" * 5000, b"0 0 1e-300 1e300"),
    *(b"1,2" * 50_000, "é٣".encode()),
)
_ODD_ELEMENTS = (
    *(b"<g>" * 300, b'<use href="#a"/>' * 50, b'<g id="a"><use href="#a"/><use href="#a"/></g>', b"<path/>" * 30_000),
    *(b"<style>*{" + b"(" * 9000, b"<style>@import url(/etc/passwd);</style>", b'<svg viewBox="0 0 0 0">', b"<!--"),
    *(b'<path d="M0 0C1 1 2 2 3 3" stroke="red" transform="scale(1e300)"/>', b"<text>\x1b[2J</text>", b"</svg>"),
    *(b"<![CDATA[", b"<a/>" * 9),
)
_DOCTYPE = b'<!DOCTYPE svg [<!ENTITY a "b"><!ENTITY c SYSTEM "file:///etc/passwd">]>'


def spoil_svg(content: bytes, chance: random.Random) -> bytes:
    """An attribute replaced, an element added, a name changed, an entity declared."""
    if chance.random() < 0.2:
        return spoil_bytes(content, chance)
    for _ in range(chance.choice((1, 1, 2, 4))):
        found = list(_ATTRIBUTE.finditer(content))
        if chance.random() < 0.6 and found:
            place = chance.choice(found)
            part = chance.choice((2, 2, 2, 2, 1))
            odd = spoil_bytes(place[2], chance) if chance.random() < 0.3 else chance.choice(_ODD_ATTRIBUTES)
            content = content[: place.start(part)] + odd.replace(b'"', b"") + content[place.end(part) :]
        elif chance.random() < 0.1:
            content = _DOCTYPE + content.replace(b">", b">&c;", 1)
        else:
            at = content.find(b">", chance.randrange(len(content) + 1)) + 1
            content = content[:at] + chance.choice(_ODD_ELEMENTS) + content[at:]
    return content
