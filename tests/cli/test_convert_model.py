"""`sketch-rnn convert-model`: models of other implementations in, ours out, and back."""

import json
from pathlib import Path

import numpy as np
import pytest
from support import paths
from support.tiny import tiny_model

from sketch_rnn_keras.data.datasets import load_dataset
from sketch_rnn_keras.interop import sketch_js
from sketch_rnn_keras.loading import load_model

CHECKPOINT = paths.GOLDEN / "ckpt" / "vae_lstm"
DATA = "doodles:cat:20"


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """A decoder and a VAE, each as `.keras` and JSON, and a VAE of another cell."""
    folder = tmp_path_factory.mktemp("models")
    for kind, changes in (("gen", {"conditional": False}), ("vae", {}), ("norm", {"dec_model": "layer_norm"})):
        model = tiny_model(seed=2, scale_factor=12.5, max_seq_len=45, num_mixture=20, data_set=[DATA], **changes)
        model.save(folder / f"{kind}.keras")
        if kind != "norm":
            sketch_js.save(model, folder / f"{kind}.{kind}.json")
    return folder


@pytest.fixture
def convert(command):
    """Runs `sketch-rnn convert-model` and returns what it says."""

    def run(*arguments):
        status, out, err = command("convert-model", *arguments)
        assert (status, out) == (0, ""), err
        return err

    return run


def largest_difference(one, other):
    pairs = zip(load_model(one).get_weights(), load_model(other).get_weights(), strict=True)
    return max(np.abs(a - b).max() for a, b in pairs)


# ----------------------------------------------------------------------------------------------- to JSON and back


@pytest.mark.parametrize("kind", ["gen", "vae"])
def test_no_weight_changes_by_more_than_half_a_step_of_16_bits(kind, convert, models):
    convert(models / f"{kind}.keras", f"mine.{kind}.json")
    convert(f"mine.{kind}.json", "back.keras")
    assert 0 < largest_difference(models / f"{kind}.keras", "back.keras") <= 5 / 32767 + 1e-6


@pytest.mark.parametrize("kind", ["gen", "vae"])
def test_nothing_but_the_weights_and_the_name_of_the_data_changes(kind, convert, models):
    convert(models / f"{kind}.keras", f"mine.{kind}.json")
    convert(f"mine.{kind}.json", "back.keras")
    back = load_model("back.keras")
    assert (back.scale_factor, back.hparams.max_seq_len, back.hparams.data_set) == (12.5, 45, ["mine"])


@pytest.mark.parametrize("kind", ["gen", "vae"])
def test_what_is_read_is_described_and_what_is_lost_is_counted(kind, convert, models):
    said = convert(models / f"{kind}.keras", f"mine.{kind}.json")
    for part in ("8 units", "scale factor 12.5", "weights rounded to 16 bits: largest error", "0 clamped to ±10"):
        assert part in said


def test_a_converted_model_says_what_it_was(convert, models):
    said = convert(models / "gen.gen.json", "back.keras")
    assert "converted from sketch-rnn-js model gen.gen.json, version 6" in said


def test_folders_are_made_and_hold_nothing_else(convert, models):
    convert(models / "gen.keras", "new/mine.gen.json")
    assert [path.name for path in Path("new").iterdir()] == ["mine.gen.json"]


def test_the_name_and_the_scale_factor_can_be_given(convert, models):
    convert(models / "gen.keras", "a.gen.json", "--name", "cat", "--scale-factor", "80")
    info = json.loads(Path("a.gen.json").read_text())[0]
    assert info == {"mode": 2, "version": 6, "max_seq_len": 45, "name": "cat", "scale_factor": 80.0}


def test_a_published_model_through_keras_and_back_is_itself(convert):
    path = paths.shared("models", "bird.gen.json")
    convert(path, "bird.keras")
    convert("bird.keras", "bird.gen.json")
    assert json.loads(Path("bird.gen.json").read_text()) == json.loads(path.read_text())


# --------------------------------------------------------------------------------------------------- checkpoints


@pytest.mark.tensorflow
def test_a_checkpoint_without_a_scale_factor_is_noted(convert):
    said = convert(CHECKPOINT, "a.keras")
    assert "scale factor not known" in said
    assert "no scale factor is known: drawings will be in the model's own units" in said
    assert load_model("a.keras").scale_factor is None


@pytest.mark.tensorflow
def test_a_checkpoint_takes_the_scale_factor_that_is_given(convert):
    convert(CHECKPOINT, "b.keras", "--scale-factor", "7.5")
    assert load_model("b.keras").scale_factor == 7.5
    assert largest_difference(CHECKPOINT, "b.keras") == 0


@pytest.mark.tensorflow
def test_a_checkpoint_takes_the_scale_factor_and_the_name_of_its_data(convert):
    said = convert(CHECKPOINT, "a.keras", "--data", DATA)
    data, model = load_dataset(DATA), load_model("a.keras")
    assert f"scale factor {data.scale_factor:.4f}" in said
    assert (model.scale_factor, model.hparams.data_set) == (data.scale_factor, [DATA])
    assert [dict(source) for source in model.provenance.data] == data.sources


@pytest.mark.tensorflow
def test_data_changes_neither_the_weights_nor_the_n_max_of_a_checkpoint(convert):
    convert(CHECKPOINT, "a.keras", "--data", DATA)
    assert load_model("a.keras").hparams.max_seq_len == 10
    assert largest_difference(CHECKPOINT, "a.keras") == 0


@pytest.mark.tensorflow
def test_what_a_checkpoint_does_not_say_is_said_and_taken_from_the_data(convert):
    folder = Path("run")
    folder.mkdir()
    for path in CHECKPOINT.glob("vector-0.*"):
        (folder / path.name).write_bytes(path.read_bytes())
    said = convert(folder, "a.keras", "--data", DATA)
    for note in ("no file checkpoint: took vector-0", "no model_config.json", "inferred from the variables", "N_max"):
        assert note in said
    assert load_model("a.keras").hparams.max_seq_len == load_dataset(DATA).max_seq_len


# ------------------------------------------------------------------------------------------------------ refusals


@pytest.mark.parametrize(
    ("source", "arguments", "message"),
    [
        ("norm.keras", ["a.vae.json"], "dec_model = 'lstm' only"),
        ("vae.keras", ["a.gen.json"], r"conditional: give it a name that ends in .vae.json"),
        ("gen.keras", ["a.vae.json"], r"decoder-only: give it a name that ends in .gen.json"),
        ("gen.keras", ["a.json"], "expected a file name ending in .keras, .gen.json, .vae.json"),
        ("gen.keras", ["a.keras", "--name", "cat"], "--name is for .gen.json"),
        ("gen.keras", ["a.keras", "--scale-factor", "-1"], "scale_factor: expected a positive number"),
        ("gen.keras", ["a.keras", "--scale-factor", "nan"], "scale_factor: expected a positive number"),
        ("gen.keras", ["a.keras", "--scale-factor", "1", "--data", DATA], "leave one out"),
        ("gen.keras", ["a.keras", "--data", "doodles:dog"], "doodles:dog"),
        ("none.keras", ["a.keras"], "check the path"),
        ("gen.keras", ["file/a.keras"], "cannot be written"),
        ("gen.keras", ["file/a.gen.json"], "cannot be written"),
    ],
)
def test_what_cannot_be_converted_is_refused_and_nothing_written(source, arguments, message, refused, models):
    Path("file").write_text("mine")
    assert message in refused("convert-model", models / source, *arguments)
    assert [path.name for path in Path().iterdir()] == ["file"]


@pytest.mark.parametrize("name", ["a.keras", "a.gen.json"])
def test_nothing_is_replaced_unasked(name, refused, convert, models):
    Path(name).write_text("mine")
    assert "--overwrite" in refused("convert-model", models / "gen.keras", name)
    assert Path(name).read_text() == "mine"
    convert(models / "gen.keras", name, "--overwrite")
    assert load_model(name).hparams.dec_rnn_size == 8
