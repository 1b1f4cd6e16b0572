"""Drawings for the tests of pictures, and what an SVG holds of them."""

import os
import re
from xml.etree import ElementTree

import numpy as np

SVG = "{http://www.w3.org/2000/svg}"
SQUARE = np.array([[10, 10, 0], [30, 0, 0], [0, 30, 0], [-30, 0, 0], [0, -30, 1]], np.float32)
DOT = np.array([[5, 5, 1]], np.float32)
EMPTY = np.zeros((0, 3), np.float32)


def root_of(svg: str | os.PathLike) -> ElementTree.Element:
    """The root of an SVG text, or of the file at a path."""
    return ElementTree.fromstring(svg.encode()) if isinstance(svg, str) else ElementTree.parse(svg).getroot()


def elements(svg: str | os.PathLike, name: str, having: str | None = None) -> list[ElementTree.Element]:
    """The elements of one kind, such as `path`, in their order; those with the attribute `having` alone."""
    return [one for one in root_of(svg).iter(f"{SVG}{name}") if having is None or one.get(having) is not None]


def texts(svg: str | os.PathLike) -> list[str]:
    """What is written on a picture, in its order."""
    return [text.text for text in elements(svg, "text")]


def numbers(text: str) -> np.ndarray:
    """All numbers of a path's data, in pairs: `[n, 2]`."""
    return np.array(re.findall(r"-?(?:\d+\.?\d*|\.\d+)", text), float).reshape(-1, 2)


def parse_path(data: str) -> list[np.ndarray]:
    """Undo the relative commands: a list of polylines in page coordinates."""
    pen, polylines = np.zeros(2), []
    for move, line in re.findall(r"m([^ml]*)l([^ml]*)", data):
        polylines.append(pen + np.cumsum(numbers(f"{move} {line}"), axis=0))
        pen = polylines[-1][-1]
    return polylines


def drawn(svg: str | os.PathLike) -> list[list[np.ndarray]]:
    """The polylines of every path of an SVG."""
    return [parse_path(path.get("d")) for path in elements(svg, "path")]
