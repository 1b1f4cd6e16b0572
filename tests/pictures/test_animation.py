"""Facts about moving pictures: what is drawn when, in both formats."""

import numpy as np
import pytest
from PIL import Image
from support.pictures import DOT, SQUARE, TWO, elements

from sketch_rnn_keras import InputError
from sketch_rnn_keras.pictures.animation import FRAMES_PER_SECOND, animate_drawing, animate_sequence


def ink(path):
    """Dark pixels of each frame, and how long it stands, in milliseconds."""
    with Image.open(path) as image:
        assert image.info["loop"] == 0
        counts, times = [], []
        for k in range(image.n_frames):
            image.seek(k)
            counts.append(int((np.asarray(image.convert("L")) < 128).sum()))
            times.append(image.info["duration"])
        return np.array(counts), np.array(times)


def animations(path, attribute):
    return [animate for animate in elements(path, "animate") if animate.get("attributeName") == attribute]


# ------------------------------------------------------------------------------------------------ as the pen draws


def test_a_gif_draws_at_an_even_speed(tmp_path):
    counts, times = ink(animate_drawing(TWO, tmp_path / "a.gif", seconds=2, cell=100, line_width=2))
    assert (times[:-1] == 1000 // FRAMES_PER_SECOND).all()
    np.testing.assert_allclose(np.diff(counts[::6]), np.diff(counts[::6]).mean(), rtol=0.25)


def test_a_gif_holds_the_finished_drawing_for_a_quarter_of_the_time(tmp_path):
    _, times = ink(animate_drawing(TWO, tmp_path / "a.gif", seconds=2, cell=100))
    assert times.sum() == 2000
    assert times[-1] == pytest.approx(500, abs=41)


def test_an_svg_draws_each_stroke_in_its_share_of_the_time(tmp_path):
    path = animate_drawing(TWO, tmp_path / "a.svg", seconds=3)
    first, second = animations(path, "stroke-dashoffset")
    times = [[float(t) for t in a.get("keyTimes").split(";")] for a in (first, second)]
    np.testing.assert_allclose(times, [[0, 0, 0.5, 1], [0, 0.5, 0.75, 1]], atol=1e-3)  # 120 and 60 of 180 units


def test_an_svg_runs_for_as_long_as_asked_and_for_ever(tmp_path):
    found = animations(animate_drawing(TWO, tmp_path / "a.svg", seconds=3), "stroke-dashoffset")
    assert [(a.get("dur"), a.get("repeatCount")) for a in found] == [("3s", "indefinite")] * 2


def test_an_svg_of_a_drawing_is_seen_without_animation_too(tmp_path):
    assert not elements(animate_drawing(TWO, tmp_path / "a.svg"), "path", having="visibility")


# -------------------------------------------------------------------------------------------------- one after another


def test_an_svg_shows_each_drawing_in_its_turn(tmp_path):
    path = animate_sequence([SQUARE, TWO, DOT], tmp_path / "a.svg", seconds=3)
    shown = [
        dict(zip(a.get("keyTimes").split(";"), a.get("values").split(";"), strict=True))
        for a in animations(path, "visibility")
    ]
    assert shown == [
        {"0": "visible", "0.3333": "hidden"},
        {"0": "hidden", "0.3333": "visible", "0.6667": "hidden"},
        {"0": "hidden", "0.6667": "visible"},
    ]


def test_a_gif_shows_each_drawing_for_its_share_of_the_time(tmp_path):
    counts, times = ink(animate_sequence([SQUARE, TWO, DOT], tmp_path / "a.gif", seconds=3, cell=100))
    assert times.tolist() == [1000, 1000, 1000]
    assert len(set(counts.tolist())) == 3


def test_a_gif_has_the_colours_of_all_its_drawings(tmp_path):
    strokes = [[[8 * k, 0, 0], [0, 60, 1]] for k in range(1, 7)]
    path = animate_sequence([np.concatenate(strokes), SQUARE], tmp_path / "a.gif", colour="order", cell=100)
    with Image.open(path) as image:
        pixels = np.asarray(image.convert("RGB")).reshape(-1, 3).astype(int)
    vivid = pixels[np.ptp(pixels, axis=1) > 60]
    assert len(np.unique(vivid // 32, axis=0)) >= 5


# ------------------------------------------------------------------------------------------------------------- both


@pytest.mark.parametrize("suffix", [".gif", ".svg"])
@pytest.mark.parametrize("options", [{}, {"dark": True, "smooth": True, "colour": "order"}])
def test_the_same_input_gives_the_same_bytes(tmp_path, suffix, options):
    for draw, what in ((animate_drawing, TWO), (animate_drawing, DOT), (animate_sequence, [TWO, SQUARE])):
        first, second = (draw(what, tmp_path / f"{n}{suffix}", seconds=0.4, **options).read_bytes() for n in "ab")
        assert first == second


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda p: animate_drawing(np.zeros((0, 3)), p / "a.gif"), "at least one point"),
        (lambda p: animate_drawing(TWO, p / "a.png"), r"\.gif or \.svg"),
        (lambda p: animate_drawing(TWO, p / "a.gif", seconds=0), "seconds: expected"),
        (lambda p: animate_drawing(TWO, p / "a.gif", seconds=float("nan")), "seconds: expected"),
        (lambda p: animate_drawing(TWO, p / "a.gif", colour="pen"), "ink or order"),
        (lambda p: animate_sequence([TWO], p / "a.gif"), "at least two drawings"),
    ],
)
def test_what_cannot_move_is_refused(tmp_path, call, message):
    with pytest.raises(InputError, match=message):
        call(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_gif_too_large_to_be_made_is_refused_at_once(tmp_path):
    with pytest.raises(InputError, match="write SVG, or make the cell smaller"):
        animate_drawing(SQUARE, tmp_path / "a.gif", cell=14000)
    assert not list(tmp_path.iterdir())
