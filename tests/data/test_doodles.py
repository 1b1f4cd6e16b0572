"""The procedural drawings: their format, their variety and that a seed fixes them."""

import hashlib

import numpy as np
import pytest

from sketch_rnn_keras.data import doodles
from sketch_rnn_keras.errors import InputError
from sketch_rnn_keras.strokes import bounds, to_polylines


@pytest.fixture(scope="module", params=doodles.SUBJECTS)
def drawings(request) -> list[np.ndarray]:
    splits = doodles.make_splits(request.param, counts=(200, 50, 50), seed=5)
    return [drawing for split in splits.values() for drawing in split]


def as_bytes(splits: dict[str, list[np.ndarray]]) -> dict[str, list[bytes]]:
    return {split: [drawing.tobytes() for drawing in drawings] for split, drawings in splits.items()}


def test_format(drawings):
    for drawing in drawings:
        assert drawing.dtype == np.int16
        assert drawing.ndim == 2
        assert drawing.shape[1] == 3
        assert set(np.unique(drawing[:, 2])) == {0, 1}
        assert drawing[-1, 2] == 1


def test_lengths_are_within_the_limits_and_vary(drawings):
    lengths = np.array([len(drawing) for drawing in drawings])
    assert lengths.min() >= 20
    assert lengths.max() <= 80
    assert len(np.unique(lengths)) > 20
    assert 24 <= np.median(lengths) <= 65


@pytest.mark.parametrize("subject", ["cat", "flying_saucer", "owl"])
def test_the_first_three_have_as_many_points_as_they_had(subject):
    splits = doodles.make_splits(subject, counts=(200, 50, 50), seed=5)
    assert 35 <= np.median([len(drawing) for drawings in splits.values() for drawing in drawings]) <= 65


def test_lies_against_the_top_left_of_the_canvas_and_fills_it(drawings):
    for drawing in drawings:
        left, top, right, bottom = bounds(drawing)
        assert (left, top) == (0, 0)
        assert 245 <= max(right, bottom) <= 255


def test_every_drawing_is_distinct(drawings):
    assert len({drawing.tobytes() for drawing in drawings}) == len(drawings)


def test_has_several_strokes_and_each_moves_the_pen_at_every_point(drawings):
    for drawing in drawings:
        polylines = to_polylines(drawing)
        assert len(polylines) >= 2
        assert all(len(points) >= 2 for points in polylines)
        assert all((np.diff(points, axis=0) != 0).any(axis=1).all() for points in polylines)


def test_usually_begins_with_the_outline_drawn_clockwise(drawings):
    outlines = [to_polylines(drawing)[0] for drawing in drawings]
    widths = [np.ptp(outline[:, 0]) / np.ptp(np.cumsum(d[:, 0])) for outline, d in zip(outlines, drawings, strict=True)]
    assert np.median(widths) > 0.6
    areas = [np.sum(x * np.roll(y, -1) - y * np.roll(x, -1)) for x, y in (outline.T for outline in outlines)]
    clockwise = np.mean(np.array(areas) > 0)  # with y downwards
    assert 0.8 < clockwise < 0.97


def test_a_simple_or_an_intricate_layout_is_brought_within_the_limits():
    line = np.stack([np.linspace(0, 1, 500), 0.02 * np.sin(np.linspace(0, 20, 500))], axis=1)
    assert 20 <= len(doodles._prepare([line])) <= 80
    spirals = [t[:, None] * np.stack([np.sin(40 * t), np.cos(40 * t)], axis=1) for t in [np.linspace(0, 1, 900)] * 8]
    assert 20 <= len(doodles._prepare(spirals)) <= 80


def test_each_split_has_as_many_drawings_as_are_asked_for():
    assert [len(split) for split in doodles.make_splits("flying_saucer", (3, 0, 1)).values()] == [3, 0, 1]


def test_the_built_in_data_set_is_of_2000_100_and_100_drawings_and_seed_0():
    assert doodles.make_splits.__defaults__ == ((2000, 100, 100), 0)


@pytest.mark.parametrize(
    ("subject", "sha256"),
    [
        ("cat", "bb6a75d4c7a91742"),
        ("flying_saucer", "052621f18867e6c0"),
        ("owl", "fea831e4fd81c233"),
        ("fish", "9e94121d1f2d7f3b"),
        ("flower", "d7c9bd0989cfa6f0"),
        ("house", "add3f1977a6eb236"),
        ("mushroom", "b81e0c3b0d118b46"),
        ("rabbit", "1ea45082d45cdbe9"),
        ("sailboat", "1cb3148697fba4c6"),
        ("snowman", "f5f2ed82efb1bc7b"),
        ("umbrella", "0aca52c2e2cd40ca"),
    ],
)
def test_drawings_have_the_bytes_that_they_had_in_every_version(subject, sha256):
    """Models were trained on them, and their runs name the SHA-256 of their data."""
    splits = doodles.make_splits(subject, (3, 3, 3), seed=0)
    content = b"".join(drawing.tobytes() for split in splits.values() for drawing in split)
    assert hashlib.sha256(content).hexdigest()[:16] == sha256


@pytest.mark.parametrize("subject", doodles.SUBJECTS)
def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(subject):
    first, again, other = (as_bytes(doodles.make_splits(subject, (5, 5, 5), seed)) for seed in (1, 1, 2))
    assert first == again
    assert all(set(first[split]).isdisjoint(other[split]) for split in doodles.SPLITS)


def test_asking_for_more_leaves_the_earlier_drawings_as_they_are():
    few, many = (as_bytes(doodles.make_splits("cat", counts)) for counts in ((3, 2, 1), (9, 4, 6)))
    for split in doodles.SPLITS:
        assert many[split][: len(few[split])] == few[split]


def test_a_drawing_depends_on_seed_subject_split_and_number_alone():
    splits = doodles.make_splits("owl", (2, 2, 4), seed=7)
    drawing = doodles.make_doodle("owl", np.random.default_rng([7, 2, 2, 3]))
    np.testing.assert_array_equal(splits["test"][3], drawing)


@pytest.mark.parametrize("subject", ["cats", "flying saucer", "Owl", None])
def test_an_unknown_subject_is_refused_and_the_known_ones_are_named(subject):
    message = f"subject: expected one of {', '.join(doodles.SUBJECTS)}, received {subject!r}"
    with pytest.raises(InputError, match=message):
        doodles.make_splits(subject)
    with pytest.raises(InputError, match=message):
        doodles.make_doodle(subject, np.random.default_rng(0))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"counts": (1, 2)}, "counts: expected one for each of train, valid, test"),
        ({"counts": 5}, "counts: expected one for each"),
        ({"counts": (1, -2, 3)}, "counts, valid: expected a whole number >= 0, received -2"),
        ({"counts": (1, 2, 3.5)}, "counts, test: expected a whole number >= 0, received 3.5"),
        ({"seed": -1}, "seed: expected a whole number >= 0, received -1"),
    ],
)
def test_bad_counts_and_seeds_are_errors(arguments, message):
    with pytest.raises(InputError, match=message):
        doodles.make_splits("cat", **arguments)
