"""The commands that draw with a model: what they write, that a seed repeats to the byte, and what they refuse."""

import re
from xml.etree import ElementTree

import numpy as np
import pytest

from sketch_rnn_keras import HParams, SketchRNN

SVG = "{http://www.w3.org/2000/svg}"
DATA = "doodles:cat:20"
SIZES = {"enc_rnn_size": 8, "dec_rnn_size": 8, "z_size": 3, "num_mixture": 2, "max_seq_len": 80}


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """Two models of random weights that draw sketches of some length: a conditional one and a decoder alone."""
    folder = tmp_path_factory.mktemp("models")
    for name, conditional in (("vae", True), ("gen", False)):
        model = SketchRNN(HParams(**SIZES, conditional=conditional, data_set=[DATA]), scale_factor=30.0)
        for weight in model.trainable_variables:  # larger than at the start of a training: the code is not ignored
            weight.assign_add(0.3 * np.random.default_rng(len(weight.shape)).normal(size=weight.shape))
        model.output_head.bias.assign(model.output_head.bias.numpy() - 4.0 * (np.arange(15) == 2))
        model.save(folder / f"{name}.keras")
    return folder


def pictures(path):
    """How many drawings an SVG shows (each is one path here), and its texts."""
    root = ElementTree.parse(path).getroot()
    return len(list(root.iter(f"{SVG}path"))), [text.text for text in root.iter(f"{SVG}text")]


@pytest.mark.tensorflow
@pytest.mark.parametrize(
    ("arguments", "count", "texts"),
    [
        ("reconstruct 0 1-2 --count 2", 9, ["drawing", "0", "1", "2"]),
        ("reconstruct doodles:owl:20#3 random --count 1", 4, None),
        ("temperature 4 --tau 0.1 --tau 1", 3, ["drawing", "τ = 0.1", "τ = 1", "4"]),
        ("temperature --rows 2", 20, [f"τ = {k / 10:g}" for k in range(1, 11)]),
        ("interpolate 0 1 --steps 4", 4, []),
        ("interpolate 0 1 2 --steps 4 --method lerp", 7, []),
        ("interpolate 0-3 --grid --steps 3", 9, []),
        ("analogy 0-4 5-9 3 --count 2", 5, ["0 …", "− 5 …", "+ 3", "="]),
        ("complete 2 --points 9 --count 3", 4, ["2: the first 9 points, and 3 endings"]),
    ],
)
def test_pictures_hold_what_was_asked_for(command, models, arguments, count, texts):
    status, out, err = command(*arguments.split(), "--model", models / "vae.keras", "-o", "a.svg")
    assert (status, out) == (0, ""), err
    assert "wrote  a.svg: " in err
    drawn, shown = pictures("a.svg")
    assert drawn == count
    assert texts is None or shown == texts


@pytest.mark.tensorflow
def test_a_seed_repeats_to_the_byte(command, models, tmp_path):
    for name, seed in (("a.svg", 7), ("b.svg", 7), ("c.svg", 8)):
        assert command("reconstruct", "random", "--model", models / "vae.keras", "--seed", seed, "-o", name)[0] == 0
    first, again, other = ((tmp_path / name).read_bytes() for name in ("a.svg", "b.svg", "c.svg"))
    assert first == again != other


@pytest.mark.tensorflow
@pytest.mark.parametrize("method", ["slerp", "lerp"])
def test_an_interpolation_begins_and_ends_with_the_reconstructions(command, models, method):
    options = ["--model", models / "vae.keras", "--temperature", 0]
    assert command("reconstruct", 3, 8, "--count", 1, *options, "-o", "ends.svg")[0] == 0
    assert command("interpolate", 3, 8, "--steps", 4, "--method", method, *options, "-o", "way.svg")[0] == 0
    ends, way = (
        [steps_of(path.get("d")) for path in ElementTree.parse(name).getroot().iter(f"{SVG}path")]
        for name in ("ends.svg", "way.svg")
    )
    for end, stop in ((ends[1], way[0]), (ends[3], way[3])):
        np.testing.assert_allclose(end, stop, atol=0.02)  # an SVG has hundredths
    assert not np.allclose(ends[1], ends[3], atol=0.02)


def steps_of(path_data):
    """The numbers of an SVG path, all relative, but where it begins."""
    return [float(number) for number in re.findall(r"-?\d*\.?\d+", path_data)][2:]


@pytest.mark.tensorflow
def test_a_decoder_alone_completes_and_warms_but_does_not_encode(command, models):
    gen = ["--model", models / "gen.keras", "--output", "a.svg", "--overwrite"]
    for arguments in (["complete", "2", "--points", "9"], ["temperature", "--rows", "1"]):
        assert command(*arguments, *gen)[0] == 0
    for arguments in (["reconstruct", "0"], ["interpolate", "0", "1"], ["analogy", "0", "1", "2"]):
        status, _, err = command(*arguments, *gen)
        assert status == 2
        assert "decoder-only" in err


@pytest.mark.tensorflow
def test_maps_mixtures_and_moving_pictures(command, models, tmp_path):
    model = ["--model", models / "vae.keras"]
    data = ["--data", DATA, "--data", "doodles:owl:20", "--count", 20]
    status, _, err = command("embed", *model, *data, "-o", "a.npz", "--map", "map.svg")
    assert status == 0, err
    with np.load("a.npz") as file:
        assert file["codes"].shape == (40, 3)
    assert pictures("map.svg")[1] == ["doodles:cat:20", "doodles:owl:20"]
    assert command("mixture", 3, "--step", 5, *model, "-o", "mixture.svg")[0] == 0
    assert command("animate", 0, 1, *model, "--steps", 3, "-o", "a.gif")[0] == 0
    assert command("animate", f"{DATA}#0", "-o", "a.svg")[0] == 0
    assert (tmp_path / "a.gif").read_bytes()[:6] == b"GIF89a"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("reconstruct 100", "places from 0 to "),
        ("reconstruct 1 --temperature -1", "temperature"),
        ("reconstruct 1 --temperature nan", "temperature"),
        ("interpolate 1", "at least two drawings"),
        ("interpolate 1 2 3 --grid", "exactly four"),
        ("interpolate 1 2 --method cubic", "slerp or lerp"),
        ("complete 1-2", "expected one drawing, received 2"),
        ("complete 1 --points 1000", "--points: expected at most"),
        ("reconstruct 1 --split dev", "--split: expected"),
        ("reconstruct 1 --style loud", "--style loud: expected one of cell=..., line_width=..."),
        ("reconstruct 1 --style dark=yes", "--style dark=yes"),
        ("reconstruct 1 --style cell=big", "expected a number, received 'big'"),
        ("reconstruct 1 --style cell=1", "cell: expected more than two margins"),
        ("reconstruct 1 --style colour=red", "colour: expected one of ink, order, pen"),
        ("embed --map b.svg --style cell=90", "a map takes line_width, smooth and dark"),
        ("embed --map b.svg --style line_width=-1", "line_width"),
        ("reconstruct 1 --style line_width=nan", "line_width"),
        ("interpolate 1", "needs at least two drawings, received 1"),
        ("embed --style dark", "--style is for the picture that --map names"),
        ("mixture 1 --step 1000", "step: expected a whole number"),
        ("analogy 1 2 doodles:dog#1", "doodles:SUBJECT"),
    ],
)
@pytest.mark.tensorflow
def test_bad_requests_end_in_one_sentence_and_write_nothing(command, models, tmp_path, arguments, message):
    output = "a.npz" if arguments.startswith("embed") else "a.svg"
    status, out, err = command(*arguments.split(), "--model", models / "vae.keras", "-o", output)
    assert (status, out) == (2, "")
    assert message in err
    assert not list(tmp_path.iterdir())


def test_a_file_that_exists_is_kept_and_other_suffixes_are_refused(command, models, tmp_path):
    (tmp_path / "a.svg").write_text("mine")
    for arguments, message in (
        ("reconstruct 1 -o a.svg", "--overwrite"),
        ("reconstruct 1 -o a.pdf", ".svg or .png"),
        ("embed -o a.txt", ".npz or .csv"),
        ("animate 1 -o a.mp4", ".gif or .svg"),
    ):
        status, _, err = command(*arguments.split(), "--model", models / "vae.keras")
        assert status == 2
        assert message in err
    assert (tmp_path / "a.svg").read_text() == "mine"


def test_several_drawings_need_a_model_to_move(command):
    status, _, err = command("animate", "0-1", "--data", DATA, "-o", "a.gif")
    assert status == 2
    assert "a --model that interpolates" in err
