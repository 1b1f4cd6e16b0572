"""Facts about SVG files: what in them counts as a pen stroke; our own come back; bad and hostile ones are refused."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.svg_files import NAMESPACES, assert_strokes, read, strokes_of

from sketch_rnn_keras.conversion import convert, svg, svg_shapes
from sketch_rnn_keras.conversion.items import Drawing, Reading
from sketch_rnn_keras.data.doodles import SUBJECTS, make_doodle
from sketch_rnn_keras.data.npz import read_splits
from sketch_rnn_keras.errors import InputError
from sketch_rnn_keras.pictures.grid import svg_string
from sketch_rnn_keras.strokes import bounds, from_polylines, simplify, to_polylines


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("svg") / "a.svg"


# ------------------------------------------------------------------------------------------------- what is a pen stroke


def at(x: int, attributes: str = 'stroke="red"') -> str:
    """A triangle whose first point shows which it is."""
    return f'<path d="M{x} 0h1v1z" {attributes}/>'


STYLED = "<style>.a{stroke:red;fill:none} #b, path.c {stroke:blue}</style>"
PAGE = '<rect width="300" height="150" fill="white"/>'


@pytest.mark.parametrize(
    ("body", "drawn"),
    [
        (f'<g stroke="red">{at(1, "")}</g>{at(2, "")}', [1]),
        ('<g stroke="red">' + at(1, "") + at(2, 'stroke="none"') + at(3, 'stroke="inherit"') + "</g>", [1, 3]),
        (at(1) + at(2, 'stroke="red" stroke-width="0"') + at(3, 'stroke="transparent"'), [1]),
        (at(1, 'style="stroke:red"') + at(2, 'stroke="red" style="fill:none; stroke:none"'), [1]),
        (STYLED + at(1, 'class="x a"') + at(2, 'id="b"') + at(3, 'class="c"') + at(4, ""), [1, 2, 3]),
        ("<style>.a{stroke:red} path.a{stroke:none}</style>" + at(1, 'class="a"') + at(2), [2]),
        ("<style>.a{stroke:red}</style><style>/**/.b{stroke:none}</style>" + at(1, 'class="b a"') + at(2), [2]),
        ("<style>#b{stroke:none} *{stroke:red} path{stroke:none}</style>" + at(1, 'id="b"') + at(2, ""), [1, 2]),
        (f'<g display="none">{at(1)}</g>' + at(2, 'stroke="red" style="display:none"') + at(3), [3]),
        (f'<g visibility="hidden">{at(1)}' + at(2, 'stroke="red" visibility="visible"') + "</g>", [2]),
        (f"<clipPath>{at(1)}</clipPath><mask>{at(2)}</mask><defs>{at(3)}</defs><symbol>{at(4)}</symbol>{at(5)}", [5]),
        (at(1, "") + at(2, 'fill="none"') + at(3, ""), [1, 3]),
        (PAGE + at(1, "") + '<rect x="2" width="100" height="150"/>', [1, 2]),
        (f'<symbol id="s" stroke="red">{at(1, "")}</symbol><use href="#s"/>{at(2, "")}', [1]),
        (f'<symbol id="s" stroke="none">{at(1, "")}</symbol><use href="#s" stroke="red"/>{at(2)}', [2]),
        (at(3, 'id="c" stroke="red"') + at(1) + '<use href="#c"/>', [3, 1, 3]),
        ('<x:path xmlns:x="other" stroke="red" d="M1 0h1"/>' + at(2), [2]),
    ],
)
def test_what_counts(place, body, drawn):
    assert [stroke[0, 0] for stroke in strokes_of(place, body, "")] == drawn


def test_what_is_left_out_is_counted(place):
    notes = {}
    body = '<text>a</text><text>b</text><image href="x.png"/><use href="other.svg#a"/><use href="#none"/>'
    styles = "<style>g > path {stroke: red} @media print {path {stroke: red}}</style>"
    strokes_of(place, body + styles + '<path d="M0 0h1"/><path stroke="none" d="M0 0h1"/>', notes=notes)
    assert sorted(notes.values()) == [1, 1, 1, 2, 2]
    assert notes["SVG text elements left out"] == 2


@pytest.mark.parametrize("note", ["no shape has a stroke", "as large as the page"])
def test_what_had_to_be_guessed_is_noted(place, note):
    notes = {}
    strokes_of(place, PAGE + at(1, ""), "", notes)
    assert [note in what for what in notes].count(True) == 1


# ---------------------------------------------------------------------------------------------------------- our own

whole = st.integers(0, 255)
sketches = st.lists(st.lists(st.tuples(whole, whole), min_size=1, max_size=6, unique=True), min_size=1, max_size=5)


@settings(deadline=None)
@given(sketches)
def test_our_own_files_come_back(place, sketch):
    polylines = [np.array(points, float) for points in [[(0, 0), (255, 255)], *sketch]]
    strokes = read(place, svg_string(from_polylines(polylines), labels=["a label"], title="A title"))
    points = np.concatenate(strokes)
    scale = np.ptp(points, axis=0).max() / 255
    assert len(strokes) == len(polylines)
    for stroke, original in zip(strokes, polylines, strict=True):
        back = (stroke - points.min(axis=0)) / scale
        assert back.shape == original.shape
        assert np.abs(back - original).max() < 0.05  # the file has hundredths of a unit; 0.5 was asked for


@pytest.mark.parametrize("subject", SUBJECTS)
def test_a_drawing_through_svg_and_conversion(tmp_path, subject):
    drawing = make_doodle(subject, np.random.default_rng(7))
    (tmp_path / "a.svg").write_text(svg_string(drawing))
    convert(tmp_path / "a.svg", tmp_path / "a.npz", splits=(1, 0, 0), epsilon=0.1)
    (back,) = read_splits(tmp_path / "a.npz")["train"]
    expected = simplify(to_polylines(drawing), 0.2)
    assert [len(stroke) for stroke in to_polylines(back)] == [len(stroke) for stroke in expected]
    larger = 255 / max(bounds(drawing))  # its longer side may measure a little less
    assert np.abs(np.concatenate(to_polylines(back)) - larger * np.concatenate(expected)).max() <= 0.5


# ---------------------------------------------------------------------------------------------------------- bad input

ROOT = f"<svg {NAMESPACES}>"
USES = '<use href="#a"/>' * 30
LAUGHS = "".join(f'<g id="a{k}">' + f'<use href="#a{k - 1}"/>' * 10 + "</g>" for k in range(1, 12))


BAD_DOCUMENTS = pytest.mark.parametrize(
    ("document", "message"),
    [
        ("", "not XML"),
        ("no XML", "not XML"),
        (ROOT, "not XML .no element found"),
        (b"\xff\xfe\x00", "not XML"),
        (f'<?xml version="1.0" encoding="klingon"?>{ROOT}</svg>', "not XML .unknown encoding"),
        (ROOT.encode() + b"<text>\xff</text></svg>", "not XML"),
        ("<html/>", "expected an <svg> element, received <html>"),
        (f'<!DOCTYPE a [<!ENTITY b "c">]>{ROOT}<text>&b;</text></svg>', "XML entities are refused"),
        (f'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]>{ROOT}&b;</svg>', "XML entities are refused"),
        (ROOT + "<g>" * 10_000, "line 1: expected at most 20000 elements, nested at most 200 deep"),
        (ROOT + "<g/>" * 30_000 + "</svg>", "line 1: expected at most 20000 elements"),
        (ROOT + " " * svg.MAX_BYTES + "</svg>", "expected at most 2097152 bytes"),
        (f'{ROOT}<g id="a"><use href="#a"/></g></svg>', '<g id="a">: .* nested at most 200 deep'),
        (f'{ROOT}<path id="a0"/>{LAUGHS}<use href="#a11"/></svg>', "expected at most 20000 elements"),
        (
            f'{ROOT}<path id="a" d="M0 0{" " * 200_000}"/>{USES}</svg>',
            '<path id="a">: .* 4194304 characters of attributes',
        ),
        (f'{ROOT}<symbol id="a" class="{" " * 200_000}"/>{USES}</svg>', "<use>: .* characters of attributes"),
        (f"{ROOT}<style>{' ' * (svg.MAX_STYLE + 1)}</style></svg>", "characters of styles"),
        (f"{ROOT}<style>a {{ stroke: {'(' * 100_000} }}</style></svg>", "nested too deeply"),
        (f'{ROOT}<path style="stroke: {"(" * 100_000}" d="M0 0h1"/></svg>', "nested too deeply"),
        (f'{ROOT}\n\n<path id="x" d="M0 0 L b"/></svg>', 'line 3, <path id="x">: expected path data'),
        (f'{ROOT}<path d="L5 5"/></svg>', "<path>: expected path data that begins with M"),
        (f'{ROOT}<path d="M0 0L5"/></svg>', "<path>: expected complete path data"),
        (f'{ROOT}<path d="M0 0A1 1 0 2 1 5 5"/></svg>', "expected complete path data"),
        (f'{ROOT}<path d="M0 0H"/></svg>', "expected complete path data"),
        (f'{ROOT}<path d="M0 0L\u0661 5"/></svg>', "expected path data that begins"),
        (f'{ROOT}<path d="M0 0L\u00a05 5"/></svg>', "expected path data that begins"),
        (f'{ROOT}<path d="M0 0L1e999 1"/></svg>', "expected finite coordinates"),
        (f'{ROOT}<path d="M0 0{"h1" * svg_shapes.MAX_TEXT}"/></svg>', "characters in an attribute"),
        (f'{ROOT}<path d="M0 0{"q9 9 9 0" * 8000}"/></svg>', "expected at most 500000 points"),
        (f'{ROOT}<polyline points="1,2 3"/></svg>', "<polyline>: expected pairs of x and y, received 3 numbers"),
        (f'{ROOT}<polyline points="1,2 x 3"/></svg>', "expected a list of numbers, received '1,2 x 3'"),
        (f'{ROOT}<polyline points="{"1" * 100_000}x"/></svg>', "expected a list of numbers"),
        (f'{ROOT}<circle r="-1"/></svg>', "<circle>: expected r to be at least 0"),
        (f'{ROOT}<circle r="1em"/></svg>', "expected a number with px, .* received '1em'"),
        (f'{ROOT}<circle r="nan"/></svg>', "expected a number"),
        (f'{ROOT}<circle r="1e999"/></svg>', "expected r to be at least 0, received inf"),
        (f'{ROOT}<rect x="1" width="{"1" * 100_000}x"/></svg>', "expected a number"),
        (f'{ROOT}<g transform="turn(5)"/></svg>', "<g>: expected transforms such as"),
        (f'{ROOT}<g transform="matrix(1 2)"/></svg>', "<g>: the transform .* too few or too many numbers"),
        (f'{ROOT}<path d="M0 0h1" transform="scale(1e308) scale(1e308)"/></svg>', "expected finite coordinates"),
        (f'{ROOT}<path style="transform:scale(2);transform-origin:5px 5px" d="M0 0"/></svg>', "a transform-origin"),
        ('<svg viewBox="0 0 0 5"/>', "<svg>: expected viewBox to be"),
        ('<svg viewBox="0 0 5"/>', "<svg>: expected viewBox to be"),
        (f'{ROOT}<path d="M0 0h1e12"/></svg>', "a.svg: expected finite coordinates of at most 1e[+]09"),
    ],
    ids=lambda value: value[:30] if isinstance(value, str) else "",
)


def write(path: Path, document: str | bytes) -> Path:
    path.write_bytes(document if isinstance(document, bytes) else document.encode())
    return path


@BAD_DOCUMENTS
def test_a_bad_document_is_named_where_all_must_be_good(tmp_path, document, message):
    source = write(tmp_path / "a.svg", document)
    with pytest.raises(InputError, match=f"a.svg: .*{message}" if "a.svg" not in message else message):
        convert(source, tmp_path / "a.npz", strict=True)
    assert not (tmp_path / "a.npz").exists()


@BAD_DOCUMENTS
def test_a_bad_document_is_left_out_and_counted(tmp_path, document, message):
    write(tmp_path / "a.svg", document)
    write(tmp_path / "b.svg", f'{ROOT}<path stroke="red" d="M0 0h9"/></svg>')
    report = convert(tmp_path, tmp_path / "a.npz", splits=(1, 0, 0))
    assert (report.kept, report.dropped) == (1, {"unreadable": 1})


BODY = '<path stroke="red" d="M0 0h1"/>'
DOCTYPE = '<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd">'


@pytest.mark.parametrize(
    "document",
    [
        f'<?xml version="1.0" encoding="utf-8"?>\n{DOCTYPE}<!-- a -->{ROOT}<?b?>{BODY}</svg>',
        f"\ufeff{ROOT}{BODY}</svg>",
        f'<?xml version="1.0" encoding="utf-16"?>{ROOT}{BODY}</svg>'.encode("utf-16"),
        f"<svg>{BODY}</svg>",
    ],
    ids=["with all that may come before", "with a byte order mark", "in UTF-16", "without a namespace"],
)
def test_documents_are_read_as_programs_write_them(place, document):
    assert_strokes(read(place, document), [[(0, 0), (1, 0)]])


@settings(deadline=None)
@given(st.text("MmLlHhVvCcSsQqTtAaZz0123456789.,-+eE ", max_size=30))
def test_any_path_data_is_drawn_or_refused(place, data):
    place.write_text(f'{ROOT}<path stroke="red" d="M1 1{data}"/></svg>')
    try:
        (drawing,) = svg.read(place, Reading())
    except InputError:
        return
    if isinstance(drawing, Drawing):
        assert np.isfinite(drawing.points).all()
        assert sum(drawing.lengths) == len(drawing.points)
