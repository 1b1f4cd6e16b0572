"""Facts about the geometry of SVG files: shapes, curves and coordinate systems against formulas."""

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.svg_files import assert_strokes, strokes_of


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("svg") / "a.svg"


# ---------------------------------------------------------------------------------------------------------- geometry

BOX = [(1, 2), (4, 2), (4, 6), (1, 6), (1, 2)]


@pytest.mark.parametrize(
    ("element", "expected"),
    [
        ('<line x1="1" y1="2" x2="3" y2="-4"/>', [[(1, 2), (3, -4)]]),
        ('<line x2="50%" y2="1cm"/>', [[(0, 0), (150, 96 / 2.54)]]),
        ('<polyline points="1,2 3-4,5.5e1 6"/>', [[(1, 2), (3, -4), (55, 6)]]),
        ('<polygon points="1 2 3 4 5 6"/>', [[(1, 2), (3, 4), (5, 6), (1, 2)]]),
        ('<rect x="1" y="2" width="3" height="4"/>', [BOX]),
        ('<rect x="1" width="0" height="4"/><circle/><ellipse rx="4" ry="0"/><path/><polyline points="1 2"/>', []),
        ('<path d="M1 2H4V6h-3z"/>', [BOX]),
        ('<path d="m1 2 3 0v4h-3z"/>', [BOX]),
        ('<path d="M1 2h1m2 2l1.5.5"/>', [[(1, 2), (2, 2)], [(4, 4), (5.5, 4.5)]]),
        ('<path d="M1 2h1v1zl5 5"/>', [[(1, 2), (2, 2), (2, 3), (1, 2)], [(1, 2), (6, 7)]]),
        ('<path d="M1 2zM5 5M6 6zz"/>', [[(1, 2)], [(6, 6)]]),
        ('<path d="M1 2l0 0m1 1"/><line x1="3" x2="3"/>', [[(1, 2)], [(3, 0)]]),
    ],
)
def test_straight_shapes(place, element, expected):
    assert_strokes(strokes_of(place, element), expected)


@pytest.mark.parametrize(
    ("element", "center", "radii"),
    [
        ('<circle cx="5" cy="6" r="7"/>', (5, 6), (7, 7)),
        ('<ellipse cx="5" cy="6" rx="7" ry="2"/>', (5, 6), (7, 2)),
        ('<ellipse cx="5" cy="6" rx="7"/>', (5, 6), (7, 7)),
        ('<rect x="-2" y="4" width="14" height="4" rx="50" ry="2"/>', (5, 6), (7, 2)),
        ('<path d="M-2 6A7 2 0 0112 6 7 2 0 11-2 6z"/>', (5, 6), (7, 2)),
        ('<circle r="1" transform="matrix(7 0 0 2 5 6)"/>', (5, 6), (7, 2)),
        ('<circle r="10%" cx="5" cy="6"/>', (5, 6), (math.hypot(300, 150) / math.sqrt(2) / 10,) * 2),
    ],
)
def test_round_shapes(place, element, center, radii):
    (stroke,) = strokes_of(place, element)
    unit = (stroke - center) / radii
    np.testing.assert_allclose(np.hypot(*unit.T), 1, atol=1e-6)
    np.testing.assert_allclose(stroke[0], stroke[-1], atol=1e-9)
    turned = np.unwrap(np.arctan2(unit[:, 1], unit[:, 0]))
    assert abs(turned[-1] - turned[0]) == pytest.approx(2 * np.pi)
    assert np.abs(np.diff(turned)).max() < 0.1


def test_rounded_corners(place):
    (stroke,) = strokes_of(place, '<rect width="40" height="20" rx="5"/>')
    np.testing.assert_allclose(stroke.min(axis=0), 0, atol=1e-9)
    np.testing.assert_allclose(stroke.max(axis=0), (40, 20), atol=1e-9)
    corner = stroke[(stroke < 5).all(axis=1)]
    assert len(corner) > 10
    np.testing.assert_allclose(np.hypot(*(corner - 5).T), 5, atol=1e-9)


controls = st.lists(st.tuples(*[st.integers(-50, 50)] * 2), min_size=4, max_size=4)


@given(controls, st.sampled_from([3, 4]))
def test_bezier_curves(place, points, order):
    """Against de Casteljau's algorithm, through transforms, which curves commute with."""
    (x0, y0), *rest = points[:order]
    letter = "Q" if order == 3 else "C"
    data = f"M{x0} {y0}{letter}{' '.join(f'{x},{y}' for x, y in rest)}"
    strokes = strokes_of(place, f'<g transform="rotate(30)"><path transform="skewX(20) scale(2 .5)" d="{data}"/></g>')
    t = np.arange(65)[:, None] / 64
    curve = np.array(points[:order], float)[:, None]
    while len(curve) > 1:
        curve = curve[:-1] * (1 - t) + curve[1:] * t
    x, y = curve[0].T * [[2], [0.5]]
    x = x + math.tan(math.radians(20)) * y
    cos, sin = math.cos(math.radians(30)), math.sin(math.radians(30))
    expected = np.stack([cos * x - sin * y, sin * x + cos * y], axis=1)
    if np.ptp(expected, axis=0).max() == 0:
        expected = expected[:1]
    np.testing.assert_allclose(np.concatenate(strokes), expected, atol=1e-6)


@pytest.mark.parametrize(
    ("short", "long"),
    [
        ("M0 0C1 2 3 4 5 6S9 9 10 0", "M0 0C1 2 3 4 5 6C7 8 9 9 10 0"),
        ("M0 0Q1 2 3 4S9 9 10 0", "M0 0Q1 2 3 4C3 4 9 9 10 0"),
        ("M0 0Q1 2 3 4T10 0", "M0 0Q1 2 3 4Q5 6 10 0"),
        ("M0 0C1 2 3 4 5 6T10 0", "M0 0C1 2 3 4 5 6Q5 6 10 0"),
        ("M0 0c1 2 3 4 5 6s4 3 5-6", "M0 0C1 2 3 4 5 6C7 8 9 9 10 0"),
        ("M0 0h5zS1 2 3 4", "M0 0h5zM0 0C0 0 1 2 3 4"),
        ("M0 0A0 5 0 0 1 3 4", "M0 0L3 4"),
    ],
)
def test_short_commands(place, short, long):
    strokes, others = (strokes_of(place, f'<path d="{data}"/>') for data in (short, long))
    assert len(strokes) == len(others)
    for stroke, other in zip(strokes, others, strict=True):
        stroke, other = (points[np.append(True, (np.diff(points, axis=0) != 0).any(1))] for points in (stroke, other))
        np.testing.assert_allclose(stroke, other, atol=1e-9)


H1 = '<path d="M0 0h1"/>'
STRETCHED = 'viewBox="0 0 10 10" width="40" height="20" preserveAspectRatio="none"'
NESTED = f'<svg x="5" y="6" width="10" height="10" viewBox="0 0 5 5"><g transform="translate(1 1)">{H1}</g></svg>'
SYMBOL = f'<symbol id="p" viewBox="0 0 2 2">{H1}</symbol><use href="#p" width="6" height="6"/>'


@pytest.mark.parametrize(
    ("body", "root", "expected"),
    [
        ('<path d="M1 2h3"/>', 'viewBox="1 2 10 20" width="20" height="40"', [(0, 0), (6, 0)]),
        ('<path d="M0 0h3"/>', 'viewBox="0 0 10 10" width="40" height="20"', [(10, 0), (16, 0)]),
        ('<path d="M0 0l3 3"/>', STRETCHED, [(0, 0), (12, 6)]),
        ('<line x2="100%"/>', 'viewBox="0 0 10 10" width="20" height="20"', [(0, 0), (20, 0)]),
        (NESTED, "", [(7, 8), (9, 8)]),
        (SYMBOL, "", [(0, 0), (3, 0)]),
        (f'<g transform="translate(5)"><g transform="scale(2),rotate(90)">{H1}</g></g>', "", [(5, 0), (5, 2)]),
        (f'<g style="transform: translate(5px, 1px) rotate(90deg)">{H1}</g>', "", [(5, 1), (5, 2)]),
        (f'<defs><g id="p">{H1}</g></defs><use href="#p" x="3" y="4"/>', "", [(3, 4), (4, 4)]),
        (f'<defs><g id="p">{H1}</g></defs><use xlink:href="#p" x="3" transform="scale(2)"/>', "", [(6, 0), (8, 0)]),
    ],
)
def test_coordinate_systems(place, body, root, expected):
    assert_strokes(strokes_of(place, body, f'stroke="red" {root}'), [expected])
