"""The pen strokes of an SVG file. Enters: a file, one drawing. Leaves: polylines, in the order of the elements.

What counts as a pen stroke: each subpath of each shape that has a stroke. If nothing in the file has one, the outlines
of the filled shapes count instead, but for a rectangle as large as the page. What is hidden does not count, nor do
text, images and definitions; those of them that a viewer would show are counted. `docs/formats.md` has the rules.

`svgelements.SVG.parse` (1.9.6) was tried for all of it. It lacks bounds, so that files of some KB hang it, skips in
silence what it does not understand, and gets style rules, `inherit`, symbols, masks and percentages wrong.
"""

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, ParseError, TreeBuilder

import numpy as np
from defusedxml import DefusedXmlException
from defusedxml.ElementTree import XMLParser
from svgelements import Matrix

from ..errors import InputError
from . import svg_shapes
from .items import Drawing, Reading, Rejected, make_drawing
from .svg_style import StyleSheet

MAX_BYTES = 2**21
MAX_STYLE = 2**18  # characters of style sheets, and of style attributes
MAX_ELEMENTS = 20_000  # in the file, and drawn when each `use` is replaced by what it refers to
MAX_ATTRIBUTES = 2**22  # characters of what is drawn, each `use` replaced
MAX_DEPTH = 200
_NAMESPACE, _LINK = "{http://www.w3.org/2000/svg}", "{http://www.w3.org/1999/xlink}href"
_CONTAINERS = frozenset(["svg", "g", "a", "switch"])
_LEFT_OUT = frozenset(["text", "image", "foreignObject"])
_INITIAL = {"stroke": "none", "fill": "black", "stroke-width": "1", "visibility": "visible"}  # what children inherit
_NO_PAINT = ("none", "transparent")
_TOO_MANY = f"expected at most {MAX_ELEMENTS} elements, nested at most {MAX_DEPTH} deep, received more"


def read(path: Path, reading: Reading) -> Iterator[Drawing | Rejected]:
    """Reads one drawing.

    Raises:
        InputError: the file is no SVG or too large, or an element, which is named, cannot be understood.
    """
    with path.open("rb") as file:
        content = file.read(MAX_BYTES + 1)
    reading.bytes_read += len(content)
    if len(content) > MAX_BYTES:
        raise InputError(f"expected at most {MAX_BYTES} bytes for one drawing, received more")
    try:
        strokes = _Document(_parse(content), reading).strokes()
    except RecursionError:  # tinycss2 has no limit of its own
        raise InputError("expected simple styles, received one with brackets nested too deeply") from None
    points = np.concatenate([np.zeros((0, 2)), *strokes])
    yield make_drawing(points, [len(stroke) for stroke in strokes], path.absolute().parent.name)


class _Located(Element):
    """An element that knows its line in the file."""

    line = 0

    @property
    def name(self) -> str:
        return self.tag.removeprefix(_NAMESPACE) if isinstance(self.tag, str) else ""


class _Builder(TreeBuilder):
    """Builds the tree, but not one that is too large or too deep."""

    def __init__(self) -> None:
        super().__init__(element_factory=_Located)
        self.parser: Any = None  # of expat; it knows the line
        self._count = self._depth = 0

    def start(self, tag: str, attributes: dict[str, str]) -> Element:
        self._count, self._depth = self._count + 1, self._depth + 1
        line = self.parser.parser.CurrentLineNumber
        if self._count > MAX_ELEMENTS or self._depth > MAX_DEPTH:
            raise InputError(f"line {line}: {_TOO_MANY}")
        element: Any = super().start(tag, attributes)
        element.line = line
        return element

    def end(self, tag: str) -> Element:
        self._depth -= 1
        return super().end(tag)


def _parse(content: bytes) -> _Located:
    builder = _Builder()
    parser = builder.parser = XMLParser(target=builder)
    try:
        parser.feed(content)
        root = parser.close()
    except InputError:
        raise
    except DefusedXmlException:
        raise InputError("XML entities are refused, they can hide anything; save it as plain SVG") from None
    except (ParseError, ValueError, LookupError) as error:  # the latter: an encoding that expat does not know
        raise InputError(f"not XML ({error})") from None
    if root.name != "svg":
        raise InputError(f"expected an <svg> element, received <{root.name[:40]}>")
    return root


@dataclasses.dataclass(frozen=True)
class _Context:
    """What an element inherits."""

    matrix: Matrix  # to the page
    viewport: svg_shapes.Viewport
    style: dict[str, str]
    depth: int = 0


class _Document:
    """Walks the tree and collects what is drawn."""

    def __init__(self, root: _Located, reading: Reading):
        self._root, self._notes = root, reading.notes
        self._stroked: list[np.ndarray] = []
        self._filled: list[np.ndarray] = []
        self._elements = self._attributes = self._points = self._filled_shapes = self._backgrounds = 0
        self._page = np.zeros((2, 2))  # its corners
        elements: list[Any] = list(root.iter())
        self._by_id = {element.get("id"): element for element in elements if element.get("id")}
        self._styles = StyleSheet()
        sheets = ["".join(element.itertext()) for element in elements if element.name == "style"]
        for size in (sum(map(len, sheets)), sum(len(element.get("style", "")) for element in root.iter())):
            if size > MAX_STYLE:
                raise InputError(f"expected at most {MAX_STYLE} characters of styles, received {size}")
        for sheet in sheets:
            others = self._styles.add(sheet)
            self._notes["SVG style rules not understood: their selectors are not simple"] += others

    def strokes(self) -> list[np.ndarray]:
        self._visit(self._root, _Context(Matrix(), (300.0, 150.0), _INITIAL))
        if self._stroked:
            self._notes["filled SVG shapes left out, beside shapes that have a stroke"] += self._filled_shapes
            return self._stroked
        if self._filled:
            self._notes["SVG files in which no shape has a stroke: outlines of filled shapes taken"] += 1
            self._notes["filled SVG rectangles left out, as large as the page"] += self._backgrounds
        return self._filled

    def _visit(self, element: _Located, context: _Context) -> None:
        self._elements += 1
        try:
            if self._elements > MAX_ELEMENTS or context.depth > MAX_DEPTH:
                raise InputError(_TOO_MANY)
            own = self._style_of(element)
            if own.get("display") == "none":
                return
            context = _inherit(context, own)
            if element.name in svg_shapes.SHAPES:
                self._collect(element, context)
            context, children = self._open(element, context)
        except InputError as error:
            raise InputError(f"{_describe(element)}: {error}") from None
        for child in children:
            self._visit(child, context)

    def _open(self, element: _Located, context: _Context) -> tuple[_Context, list[Any]]:
        """What lies in an element and what it passes on; shapes and definitions hold nothing that is drawn here."""
        if element is self._root:
            context, self._page = _enter_page(element, context)
        elif element.name == "svg":
            context = _enter_viewbox(element, element, _moved(element, context))
        elif element.name == "use":
            return self._follow(element, _moved(element, context))
        elif element.name in _LEFT_OUT:
            self._notes[f"SVG {element.name} elements left out"] += 1
        return context, list(element) if element.name in _CONTAINERS else []

    def _follow(self, use: _Located, context: _Context) -> tuple[_Context, list[Any]]:
        link = use.get("href", use.get(_LINK, ""))
        target = self._by_id.get(link[1:]) if link.startswith("#") else None
        if target is None:
            self._notes["SVG use elements left out: they refer to nothing in their file"] += 1
            return context, []
        if target.name == "symbol":
            context = _inherit(context, self._style_of(target))
            return _enter_viewbox(target, use, context), list(target)
        return context, [target]

    def _style_of(self, element: _Located) -> dict[str, str]:
        self._attributes += sum(len(name) + len(value) for name, value in element.items())
        if self._attributes > MAX_ATTRIBUTES:
            raise InputError(
                f"expected at most {MAX_ATTRIBUTES} characters of attributes, each use replaced, received more"
            )
        return self._styles.style_of(element.name, element.attrib)

    def _collect(self, element: _Located, context: _Context) -> None:
        """Keeps the outlines of a shape that is seen."""
        style = context.style
        stroked = style["stroke"] not in _NO_PAINT and svg_shapes.parse_length(style["stroke-width"], 100) > 0
        if style["visibility"] in ("hidden", "collapse") or not (stroked or style["fill"] not in _NO_PAINT):
            return
        shape = svg_shapes.outline(element.name, element.attrib, context.viewport)
        shape = [svg_shapes.apply(context.matrix, points) for points in shape]
        self._points += sum(len(points) for points in shape)
        if self._points > svg_shapes.MAX_POINTS:
            raise InputError(f"expected at most {svg_shapes.MAX_POINTS} points in a drawing, received more")
        if not all(np.isfinite(points).all() for points in shape):
            raise InputError("expected finite coordinates, received some that are too large")
        if stroked:
            self._stroked += shape
        elif element.name == "rect" and shape and self._covers_page(shape[0]):
            self._backgrounds += 1
        else:
            self._filled += shape
            self._filled_shapes += 1

    def _covers_page(self, points: np.ndarray) -> bool:
        low, high = self._page
        slack = 0.01 * (high - low)
        return bool((points.min(axis=0) <= low + slack).all() and (points.max(axis=0) >= high - slack).all())


def _inherit(context: _Context, own: dict[str, str]) -> _Context:
    """The context of an element: its parent's, changed by what it sets itself."""
    passed_on = {name: value for name, value in own.items() if name in _INITIAL and value != "inherit"}
    matrix = context.matrix
    if own.get("transform", "none") != "none":
        if "transform-origin" in own:
            raise InputError("a transform-origin is not understood; write its effect into the transform")
        matrix = svg_shapes.parse_transform(own["transform"]) @ matrix
    return _Context(matrix, context.viewport, context.style | passed_on, context.depth + 1)


def _moved(element: _Located, context: _Context) -> _Context:
    """Moves the origin to the element's x and y."""
    x, y = (
        svg_shapes.parse_length(element.get(name, "0"), whole)
        for name, whole in zip(("x", "y"), context.viewport, strict=True)
    )
    return dataclasses.replace(context, matrix=Matrix.translate(x, y) @ context.matrix)


def _enter_viewbox(frame: _Located, sizes: _Located, context: _Context) -> _Context:
    """Enters the coordinates of `frame`, whose width and height `sizes` gives."""
    width, height = (
        svg_shapes.parse_length("100%" if sizes.get(name, "auto") == "auto" else sizes.get(name, ""), whole)
        for name, whole in zip(("width", "height"), context.viewport, strict=True)
    )
    box = frame.get("viewBox")
    if box is None:
        return dataclasses.replace(context, viewport=(width, height))
    *_, box_width, box_height = svg_shapes.parse_viewbox(box)
    fit = svg_shapes.fit_viewbox(box, frame.get("preserveAspectRatio"), (width, height))
    return dataclasses.replace(context, matrix=fit @ context.matrix, viewport=(box_width, box_height))


def _enter_page(root: _Located, context: _Context) -> tuple[_Context, np.ndarray]:
    """Enters the outermost element; returns the corners of the page, too."""
    x = y = 0.0
    box = root.get("viewBox")
    if box is not None:
        x, y, width, height = svg_shapes.parse_viewbox(box)
        context = dataclasses.replace(context, viewport=(width, height))  # what a size of 100 % is taken for
    context = _enter_viewbox(root, root, context)
    corner = np.array([x, y])
    return context, svg_shapes.apply(context.matrix, np.array([corner, corner + context.viewport]))


def _describe(element: _Located) -> str:
    identity = f' id="{element.get("id", "")[:40]}"' if element.get("id") else ""
    return f"line {element.line}, <{element.name[:40]}{identity}>"
