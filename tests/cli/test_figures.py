"""`plot`, `mixture`, `embed`, `animate`: what they write, and what they refuse."""

from pathlib import Path

import numpy as np
import pytest
from support.pictures import texts

pytestmark = pytest.mark.usefixtures("shared_models")
CATS, OWLS = "doodles:cat:20", "doodles:owl:20"


@pytest.fixture
def run(command):
    """Runs a command that must end well, and returns what it says."""

    def run(*arguments):
        status, out, err = command(*arguments)
        assert (status, out) == (0, ""), err
        return err

    return run


def test_the_curves_of_a_run_are_drawn(run, trained_run):
    said = run("plot", trained_run.whole, "-o", "curves.svg")
    assert f"wrote  curves.svg: the curves of {trained_run.whole}" in said
    assert "learning rate" in Path("curves.svg").read_text()


@pytest.mark.tensorflow
def test_what_a_model_expects_is_drawn(run, models):
    assert "what is expected after 5 points of 3" in run(
        "mixture", 3, "--step", 5, "--model", models / "vae.keras", "-o", "mixture.svg"
    )
    assert "drawing 3 after 5 of" in Path("mixture.svg").read_text()


@pytest.fixture
def embedded(run, models):
    """Embeds 20 drawings of each of two data sets, and draws the map."""
    data = ["--data", CATS, "--data", OWLS, "--count", 20]
    return run("embed", "--model", models / "vae.keras", *data, "-o", "a.npz", "--map", "map.svg")


@pytest.mark.tensorflow
def test_codes_are_written_for_every_drawing(embedded):
    assert "wrote  a.npz: 40 codes" in embedded
    with np.load("a.npz") as file:
        assert file["codes"].shape == (40, 3)


@pytest.mark.tensorflow
def test_the_map_names_its_data_sets(embedded):
    assert texts(Path("map.svg")) == [CATS, OWLS]


@pytest.mark.tensorflow
def test_several_drawings_melt_into_each_other(run, models):
    assert "and back in 4 seconds" in run("animate", 0, 1, "--model", models / "vae.keras", "--steps", 3, "-o", "a.gif")
    assert Path("a.gif").read_bytes()[:6] == b"GIF89a"


def test_one_drawing_is_drawn_without_a_model(run):
    assert "drawn in 4 seconds" in run("animate", f"{CATS}#0", "-o", "a.svg")


@pytest.mark.tensorflow
def test_a_drawing_of_the_models_data_is_drawn(run, models):
    assert "drawn in 4 seconds" in run("animate", "random", "--model", models / "gen.keras", "-o", "a.svg")


# ------------------------------------------------------------------------------------------------------ refusals


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("embed -o a.npz --map b.svg --style cell=90", "a map takes line_width, smooth and dark"),
        ("embed -o a.npz --map b.svg --style line_width=-1", "line_width"),
        ("embed -o a.npz --style dark", "--style is for the picture that --map names"),
        ("embed -o a.txt", ".npz or .csv"),
        ("mixture 1 --step 1000 -o a.svg", "step: expected a whole number"),
        ("animate 1 -o a.mp4", ".gif or .svg"),
    ],
)
def test_a_bad_request_ends_in_one_sentence_and_writes_nothing(refused, models, arguments, message):
    assert message in refused(*arguments.split(), "--model", models / "vae.keras")
    assert not list(Path().iterdir())


def test_several_drawings_need_a_model_to_move(refused):
    assert "a --model that interpolates" in refused("animate", "0-1", "--data", CATS, "-o", "a.gif")


def test_a_run_without_a_history_is_refused(refused):
    assert "received none" in refused("plot", "nowhere", "-o", "a.svg")
