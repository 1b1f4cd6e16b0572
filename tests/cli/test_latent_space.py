"""`reconstruct`, `temperature`, `interpolate`, `analogy`, `complete`: what they draw, and what they refuse."""

from pathlib import Path

import numpy as np
import pytest
from support.pictures import drawn, elements, texts

pytestmark = pytest.mark.usefixtures("shared_models")


@pytest.mark.tensorflow
@pytest.mark.parametrize(
    ("arguments", "count", "words"),
    [
        (
            "reconstruct 0 1-2 --count 2",
            9,
            ["original", "sample 1, τ = 0.2", "sample 2, τ = 0.2", "drawing 0", "drawing 1", "drawing 2"],
        ),
        ("reconstruct doodles:owl:20#3 random --count 1", 4, None),
        ("temperature 4 --tau 0.1 --tau 1", 3, ["original", "τ = 0.1", "τ = 1", "drawing 4"]),
        ("temperature --rows 2", 20, [f"τ = {k / 10:g}" for k in range(1, 11)]),
        ("interpolate 0 1 --steps 4", 4, []),
        ("interpolate 0 1 2 --steps 4 --method lerp", 7, []),
        ("interpolate 0-3 --grid --steps 3", 9, []),
        (
            "analogy 0-4 5-9 3 --count 2",
            5,
            [
                "A − B + C, each the mean code of its drawings",
                *("A", "− B", "+ C", "= sample 1", "= sample 2"),
                *("drawing 0 + 4 more", "drawing 5 + 4 more", "drawing 3", "τ = 0.1", "τ = 0.1"),
            ],
        ),
        ("complete 2 --points 9 --count 3", 4, ["drawing 2: 9 points, and 3 endings"]),
    ],
)
def test_a_picture_holds_what_was_asked_for(command, models, arguments, count, words):
    status, out, err = command(*arguments.split(), "--model", models / "vae.keras", "-o", "a.svg")
    assert (status, out) == (0, ""), err
    assert "wrote  a.svg: " in err
    assert len(elements(Path("a.svg"), "path")) == count  # each drawing is one
    assert words is None or texts(Path("a.svg")) == words


@pytest.mark.tensorflow
def test_a_seed_repeats_to_the_byte(command, models):
    for name, seed in (("a.svg", 7), ("b.svg", 7), ("c.svg", 8)):
        assert command("reconstruct", "random", "--model", models / "vae.keras", "--seed", seed, "-o", name)[0] == 0
    first, again, other = (Path(name).read_bytes() for name in ("a.svg", "b.svg", "c.svg"))
    assert first == again != other


@pytest.fixture
def shapes(command, models):
    """What a command draws with the conditional model, greedily: for each drawing the steps from point to point."""

    def run(*arguments):
        options = ["--model", models / "vae.keras", "--temperature", 0, "-o", "a.svg", "--overwrite"]
        status, _, err = command(*arguments, *options)
        assert status == 0, err
        return [np.diff(np.concatenate(polylines), axis=0) for polylines in drawn(Path("a.svg"))]

    return run


@pytest.mark.tensorflow
@pytest.mark.parametrize("method", ["slerp", "lerp"])
def test_an_interpolation_begins_and_ends_with_the_reconstructions(shapes, method):
    _, first, _, last = shapes("reconstruct", 3, 8, "--count", 1)
    way = shapes("interpolate", 3, 8, "--steps", 4, "--method", method)
    for end, stop in ((first, way[0]), (last, way[-1])):
        np.testing.assert_allclose(end, stop, atol=0.02)  # an SVG has hundredths
    assert not np.allclose(first, last, atol=0.02)


# ---------------------------------------------------------------------------------------------- a decoder alone


@pytest.mark.tensorflow
@pytest.mark.parametrize("arguments", ["complete 2 --points 9", "temperature --rows 1"])
def test_a_decoder_alone_completes_and_warms(command, models, arguments):
    status, _, err = command(*arguments.split(), "--model", models / "gen.keras", "-o", "a.svg")
    assert status == 0, err


@pytest.mark.parametrize("arguments", ["reconstruct 0", "interpolate 0 1", "analogy 0 1 2", "temperature 0"])
def test_a_decoder_alone_does_not_encode(refused, models, arguments):
    assert "decoder-only" in refused(*arguments.split(), "--model", models / "gen.keras", "-o", "a.svg")


# ------------------------------------------------------------------------------------------------------ refusals


@pytest.mark.tensorflow
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("reconstruct 100", "places from 0 to "),
        ("reconstruct 1 --temperature -1", "temperature"),
        ("reconstruct 1 --temperature nan", "temperature"),
        ("reconstruct 1 --split dev", "--split: expected"),
        ("interpolate 1", "at least two drawings, received 1"),
        ("interpolate 1 2 3 --grid", "exactly four"),
        ("interpolate 1 2 --method cubic", "slerp or lerp"),
        ("complete 1-2", "expected one drawing, received 2"),
        ("complete 1 --points 1000", "--points: expected at most"),
        ("analogy 1 2 doodles:dog#1", "doodles:SUBJECT"),
    ],
)
def test_a_bad_request_ends_in_one_sentence_and_writes_nothing(refused, models, arguments, message):
    assert message in refused(*arguments.split(), "--model", models / "vae.keras", "-o", "a.svg")
    assert not list(Path().iterdir())


@pytest.mark.parametrize(
    ("style", "message"),
    [
        ("loud", "--style loud: expected one of cell=..., line_width=..."),
        ("dark=yes", "--style dark=yes"),
        ("cell=big", "expected a number, received 'big'"),
        ("cell=1", "cell: expected more than two margins"),
        ("colour=red", "colour: expected one of ink, order, pen"),
        ("line_width=nan", "line_width"),
    ],
)
def test_a_bad_style_is_refused_before_the_model_is_looked_for(refused, style, message):
    assert message in refused("reconstruct", 1, "--model", "none", "-o", "a.svg", "--style", style)


def test_a_picture_that_is_there_is_kept(refused):
    Path("a.svg").write_text("mine")
    assert "--overwrite" in refused("reconstruct", 1, "--model", "none", "-o", "a.svg")
    assert Path("a.svg").read_text() == "mine"


def test_another_suffix_is_refused(refused):
    assert ".svg, .png, .pdf" in refused("reconstruct", 1, "--model", "none", "-o", "a.jpg")
