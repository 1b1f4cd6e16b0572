"""Drawings for the tests of pictures, and what an SVG holds of them."""

import os
import re
from xml.etree import ElementTree

import numpy as np

SVG = "{http://www.w3.org/2000/svg}"
SQUARE = np.array([[10, 10, 0], [30, 0, 0], [0, 30, 0], [-30, 0, 0], [0, -30, 1]], np.float32)
DOT = np.array([[5, 5, 1]], np.float32)
EMPTY = np.zeros((0, 3), np.float32)
TWO = np.vstack([SQUARE, [[60, 0, 0], [0, 60, 1]]])  # the square, then a line to its right
CELL, LINE, MARGIN = 100, 3.0, 8.0
SIZES = {"cell": CELL, "line_width": LINE, "margin": MARGIN}


def scribble(seed: int, length: int = 60, unit: float = 1.0) -> np.ndarray:
    """A stroke-3 drawing of nothing, of several pen strokes."""
    rng = np.random.default_rng(seed)
    lift = rng.random((length, 1)) < 0.15
    return np.hstack([rng.normal(0, unit, (length, 2)), lift])


def root_of(svg: str | os.PathLike) -> ElementTree.Element:
    """The root of an SVG text, or of the file at a path."""
    return ElementTree.fromstring(svg.encode()) if isinstance(svg, str) else ElementTree.parse(svg).getroot()


def elements(
    svg: str | os.PathLike | ElementTree.Element, name: str, having: str | None = None
) -> list[ElementTree.Element]:
    """The elements of one kind, such as `path`, in their order; those with the attribute `having` alone."""
    root = svg if isinstance(svg, ElementTree.Element) else root_of(svg)
    return [one for one in root.iter(f"{SVG}{name}") if having is None or one.get(having) is not None]


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
