"""`sketch-rnn quality` and `train-recogniser`."""

import json

import pytest
from support.tiny import tiny_model

from sketch_rnn_keras.model.saving import save_keras
from sketch_rnn_keras.quality.recogniser import load_recogniser


def test_quality_prints_one_json_object_a_table_and_draws_a_picture(command, saved):
    arguments = ["--model", saved, "--data", "doodles:cat:40", "--count", 12, "--temperature", 0.3, "--temperature", 1]
    status, out, err = command("quality", *arguments, "--controls", "--output", "a.svg")
    assert status == 0
    document = json.loads(out)
    assert (document["count"], document["seed"], document["categories"]) == (12, 0, ["cat"])
    assert [len(one["sha256"]) for one in (*document["data"], document["recogniser"])] == [64, 64]
    names = [row["name"] for row in document["rows"]]
    controls = ["training drawings", "copy machine", "scribbles", "untrained model"]
    assert names == ["other real drawings", str(saved), str(saved), *controls]
    assert [row["temperature"] for row in document["rows"][:3]] == [None, 0.3, 1.0]
    assert document["reconstructions"] == []  # it reads nothing
    assert "| scribbles |" in err
    assert "wrote  a.svg" in err


def test_a_model_that_reads_is_measured_by_its_reconstructions(command, tmp_path):
    model = tiny_model(end=-2.0, max_seq_len=90)
    model.scale_factor = None
    save_keras(model, tmp_path / "reads.keras")
    arguments = ["--model", "reads.keras", "--data", "doodles:cat:40", "--count", 12, "--temperature", 0.5]
    status, out, err = command("quality", *arguments)
    assert status == 0
    [row] = json.loads(out)["reconstructions"]
    assert (row["name"], row["temperature"]) == ("reads.keras", 0.2)
    assert row["chamfer_of_others"] > 0
    assert "note   reads.keras reads drawings with the scale factor of the data" in err
    assert "| reads.keras |" in err.split("| model | found first |")[1]


def test_what_cannot_be_measured_is_said_or_refused(command, refused, saved):
    data = ["--data", "doodles:cat:40", "--temperature", 0.5]
    _, out, err = command("quality", "--model", saved, *data, "--count", 100, "--category", "monkey")
    assert json.loads(out)["rows"][0]["recognised"] is None
    assert "note   20 of each, not 100" in err
    assert "the recogniser knows none of monkey, only cat" in err
    both = ["--category", "monkey", "--category", "cat"]
    _, out, err = command("quality", "--model", saved, *data, "--count", 10, *both)
    assert "the recogniser does not know monkey" in err
    assert json.loads(out)["rows"][0]["recognised"] == 1
    assert "a.txt: expected a file name ending in" in refused("quality", "--output", "a.txt")
    assert "temperature" in refused("quality", "--model", saved, "--temperature", -1)
    assert "expected a file of arrays" in refused("quality", "--model", saved, *data, "--recogniser", "none.npz")


def test_a_recogniser_is_trained_tested_and_used(command, refused, saved):
    data = [item for name in ("cat", "house") for item in ("--data", f"doodles:{name}:20")]
    status, out, err = command("train-recogniser", *data, "--steps", 2, "--output", "mine.npz")
    assert status == 0
    assert "of 200 recognised" in out.splitlines()[-1]
    assert "scribble: " in out
    assert "wrote  mine.npz: 2 categories" in err
    assert load_recogniser("mine.npz").categories == ("cat", "house", "scribble")
    assert "mine.npz exists already" in refused("train-recogniser", *data, "--output", "mine.npz")
    more = ["--data", "doodles:cat:40", "--count", 12, "--temperature", 0.5]
    assert command("quality", "--model", saved, *more, "--recogniser", "mine.npz")[0] == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--data", "doodles:cat:5", "--output", "a.npz"], "--data: expected two categories or more"),
        (["--output", "a.keras"], "expected a file name ending in .npz"),
    ],
)
def test_what_cannot_be_trained_is_refused(refused, arguments, message):
    assert message in refused("train-recogniser", *arguments)
