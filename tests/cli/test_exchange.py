"""Facts about `sketch-rnn convert-model`, and about the other commands on models of other implementations."""

import json
from pathlib import Path

import numpy as np
import pytest
from support import paths

from sketch_rnn_keras.data.datasets import load_dataset
from sketch_rnn_keras.hparams import HParams
from sketch_rnn_keras.interop import sketch_js
from sketch_rnn_keras.loading import load_model
from sketch_rnn_keras.model.sketch_rnn import SketchRNN

CHECKPOINT = paths.GOLDEN / "ckpt" / "vae_lstm"
MODELS = paths.SHARED / "models"
SIZES = {"dec_rnn_size": 6, "enc_rnn_size": 4, "z_size": 3, "max_seq_len": 45, "data_set": "doodles:cat:20"}


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """A decoder and a VAE, each as `.keras` and JSON, and a VAE of another cell."""
    folder = tmp_path_factory.mktemp("models")
    for kind, changes in (("gen", {"conditional": False}), ("vae", {}), ("norm", {"dec_model": "layer_norm"})):
        model = SketchRNN(HParams(**SIZES, **changes), scale_factor=12.5)
        rng = np.random.default_rng(2)
        model.set_weights([rng.uniform(-1, 1, size=w.shape) for w in model.weights])
        model.save(folder / f"{kind}.keras")
        if kind != "norm":
            sketch_js.save(model, folder / f"{kind}.{kind}.json")
    return folder


def refused(result) -> str:
    status, out, err = result
    assert (status, out) == (2, "")
    return err[err.index("sketch-rnn: ") :]


def largest_difference(one, other):
    pairs = zip(load_model(one).get_weights(), load_model(other).get_weights(), strict=True)
    return max(np.abs(a - b).max() for a, b in pairs)


@pytest.mark.parametrize("kind", ["gen", "vae"])
def test_to_json_and_back(kind, command, models):
    """No weight changes by more than half a step of 16 bits, and nothing else changes."""
    status, out, err = command("convert-model", models / f"{kind}.keras", f"new/mine.{kind}.json")
    assert (status, out) == (0, "")
    assert "6 units" in err
    assert "scale factor 12.5" in err
    assert "weights rounded to 16 bits: largest error" in err
    assert "0 clamped to ±10" in err
    status, out, err = command("convert-model", f"new/mine.{kind}.json", "back.keras")
    assert (status, out) == (0, "")
    assert f"converted from sketch-rnn-js model mine.{kind}.json, version 6" in err
    assert 0 < largest_difference(models / f"{kind}.keras", "back.keras") <= 5 / 32767 + 1e-6
    back = load_model("back.keras")
    assert (back.scale_factor, back.hparams.max_seq_len, back.hparams.data_set) == (12.5, 45, ["mine"])
    assert sorted(path.name for path in Path("new").iterdir()) == [f"mine.{kind}.json"]


def test_name_and_scale_factor(command, models):
    options = ("--name", "cat", "--scale-factor", "80")
    assert command("convert-model", models / "gen.keras", "a.gen.json", *options)[0] == 0
    info = json.loads(Path("a.gen.json").read_text())[0]
    assert info == {"mode": 2, "version": 6, "max_seq_len": 45, "name": "cat", "scale_factor": 80.0}


@pytest.mark.tensorflow
def test_a_checkpoint_needs_a_scale_factor(command):
    status, _, err = command("convert-model", CHECKPOINT, "a.keras")
    assert status == 0
    assert "scale factor not known" in err
    assert "no scale factor is known: drawings will be in the model's own units" in err
    assert load_model("a.keras").scale_factor is None
    assert command("convert-model", CHECKPOINT, "b.keras", "--scale-factor", "7.5")[0] == 0
    assert load_model("b.keras").scale_factor == 7.5
    assert largest_difference(CHECKPOINT, "b.keras") == 0


@pytest.mark.tensorflow
def test_the_scale_factor_of_the_data(command):
    status, _, err = command("convert-model", CHECKPOINT, "a.keras", "--data", "doodles:cat:20")
    assert status == 0
    data, model = load_dataset("doodles:cat:20"), load_model("a.keras")
    assert f"scale factor {data.scale_factor:.4f}" in err
    assert model.scale_factor == data.scale_factor
    assert model.hparams.max_seq_len == 10  # that of the checkpoint's configuration
    assert model.hparams.data_set == ["doodles:cat:20"]
    assert [dict(source) for source in model.provenance.data] == data.sources
    assert largest_difference(CHECKPOINT, "a.keras") == 0


@pytest.mark.tensorflow
def test_what_a_checkpoint_does_not_say_is_said(command):
    folder = Path("run")
    folder.mkdir()
    for path in CHECKPOINT.glob("vector-0.*"):
        (folder / path.name).write_bytes(path.read_bytes())
    status, _, err = command("convert-model", folder, "a.keras", "--data", "doodles:cat:20")
    assert status == 0
    for note in ("no file checkpoint: took vector-0", "no model_config.json", "inferred from the variables", "N_max"):
        assert note in err
    assert load_model("a.keras").hparams.max_seq_len == load_dataset("doodles:cat:20").max_seq_len


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
        ("gen.keras", ["a.keras", "--scale-factor", "1", "--data", "doodles:cat:20"], "leave one out"),
        ("gen.keras", ["a.keras", "--data", "doodles:dog"], "doodles:dog"),
        ("none.keras", ["a.keras"], "check the path"),
        ("gen.keras", ["file/a.keras"], "cannot be written"),
        ("gen.keras", ["file/a.gen.json"], "cannot be written"),
    ],
)
def test_refusals_leave_nothing(source, arguments, message, command, models):
    Path("file").write_text("mine")
    assert message in refused(command("convert-model", models / source, *arguments))
    assert [path.name for path in Path().iterdir()] == ["file"]


@pytest.mark.parametrize("name", ["a.keras", "a.gen.json"])
def test_nothing_is_replaced_unasked(name, command, models):
    Path(name).write_text("mine")
    assert "--overwrite" in refused(command("convert-model", models / "gen.keras", name))
    assert Path(name).read_text() == "mine"
    assert command("convert-model", models / "gen.keras", name, "--overwrite")[0] == 0
    assert load_model(name).hparams.dec_rnn_size == 6


# ------------------------------------------------------------------------------------ the other commands on such models


def test_info_tells_a_model_from_a_config(command, models):
    status, out, _ = command("info", models / "vae.vae.json")
    assert status == 0
    assert "conditional; lstm encoder of 4 units" in out
    assert "N_max 45; scale factor 12.5; data vae" in out
    assert "converted from sketch-rnn-js model vae.vae.json, version 6" in out
    assert "decoder/W_xh" in out
    Path("model_config.json").write_text(' {"dec_rnn_size": 6}')
    status, out, _ = command("info", "model_config.json")
    assert status == 0
    assert json.loads(out)["dec_rnn_size"] == 6
    Path("list.json").write_text("[1, 2]")
    assert "list of info, shapes and weights" in refused(command("info", "list.json"))


def test_info_does_not_pass_control_characters_on(command, models):
    document = json.loads((models / "gen.gen.json").read_text())
    document[0]["name"] = "cat\x1b[2J\n"
    Path("m.json").write_text(json.dumps(document))
    status, out, _ = command("info", "m.json")
    assert (status, "\x1b" in out) == (0, False)
    assert "data cat?[2J?" in out
    Path("c.json").write_text(json.dumps({"\x1b[2J": 1}))
    assert "unknown key '?[2J'" in refused(command("info", "c.json"))


def test_info_on_a_model_says_who_wrote_it(command, models):
    out = command("info", models / "gen.keras")[1]
    assert "trained; file written by sketch_rnn_keras 0." in out
    assert "data doodles:cat:20" in out


@pytest.mark.tensorflow
def test_the_commands_take_a_checkpoint(command):
    assert "Magenta checkpoint vae_lstm/vector-0" in command("info", CHECKPOINT)[1]
    status, _, err = command("sample", "--model", CHECKPOINT, "--output", "a.svg", "--count", 2)
    assert status == 0
    assert "no scale factor is known: drawings are in the model's own units" in err
    assert Path("a.svg").exists()


def test_sample_and_evaluate_take_json(command, models):
    path = models / "gen.gen.json"
    assert command("sample", "--model", path, "--output", "a.svg", "--count", 2)[0] == 0
    status, out, _ = command("evaluate", "--model", path, "--data", "doodles:cat:20", "--split", "valid")
    assert status == 0
    assert json.loads(out)["valid"]["recon"] > 0


def test_evaluate_without_a_scale_factor_takes_that_of_the_data(command, models):
    model = load_model(models / "gen.keras")
    SketchRNN(model.hparams).save("bare.keras")
    status, out, err = command("evaluate", "--model", "bare.keras")
    assert status == 0
    assert "the scale factor of the data is taken" in err
    assert json.loads(out)["data"] == ["doodles:cat:20"]


def test_a_published_model_through_keras_and_back_is_itself(command):
    path = MODELS / "bird.gen.json"
    if not path.exists():
        pytest.skip("the published models are not beside the repository: no shared/models/bird.gen.json")
    assert command("convert-model", path, "bird.keras")[0] == 0
    assert command("convert-model", "bird.keras", "bird.gen.json")[0] == 0
    assert json.loads(Path("bird.gen.json").read_text()) == json.loads(path.read_text())
