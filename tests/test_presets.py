"""The models that ship: they open by name, without a network, draw, and are small."""

import json
from pathlib import Path

import keras
import numpy as np
import pytest

import sketch_rnn_keras
from sketch_rnn_keras import load_model, sample
from sketch_rnn_keras.errors import InputError
from sketch_rnn_keras.files.presets import presets
from sketch_rnn_keras.interop import published
from sketch_rnn_keras.loading import find_model
from sketch_rnn_keras.model.sketch_rnn import SketchRNN

pytestmark = pytest.mark.tensorflow
MOST_BYTES = 6 * 10**6  # of all of them together


def test_every_preset_is_there_and_all_are_small():
    folder = Path(sketch_rnn_keras.__file__).parent / "files" / "presets"
    assert {path.stem for path in folder.glob("*.keras")} == set(presets())
    assert sum(preset.file.stat().st_size for preset in presets().values()) <= MOST_BYTES


@pytest.mark.parametrize("name", presets())
def test_a_preset_is_opened_by_its_name_in_an_empty_folder(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    model = load_model(name)
    assert model.scale_factor > 0
    assert all(np.isfinite(weights).all() for weights in model.get_weights())
    assert all(source["sha256"] for source in model.provenance.data)


@pytest.mark.parametrize("name", presets())
def test_its_sketches_end_by_themselves(name):
    model = load_model(name)
    lengths = [len(sketch) for sketch in sample(model, count=16, temperature=0.4, seed=1)]
    assert min(lengths) >= (2 if name == "omniglot" else 5)  # a character may be one bar
    assert np.median(lengths) < model.hparams.max_seq_len


def test_from_preset_gives_the_same_model():
    ours, theirs = SketchRNN.from_preset("doodles"), load_model("doodles")
    for a, b in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_an_unknown_preset_is_refused_with_those_there_are():
    with pytest.raises(InputError, match="preset: expected .*doodles.*, received 'dragons'"):
        SketchRNN.from_preset("dragons")


def test_a_misspelt_name_is_answered_with_the_nearest():
    with pytest.raises(InputError, match="did you mean doodles"):
        load_model("doodels")


# ------------------------------------------------------------------------------------------------ the order of names


def test_a_path_comes_before_a_preset(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "doodles").mkdir()
    assert find_model("doodles") == Path("doodles")


def test_a_preset_comes_before_a_file_in_models(tmp_path):
    (tmp_path / "doodles.keras").touch()
    assert find_model("doodles", tmp_path) == presets()["doodles"].file


@pytest.mark.parametrize("suffix", [".keras", ".gen.json", ".vae.json"])
def test_a_file_in_models_comes_before_a_published_model(suffix, tmp_path, monkeypatch):
    monkeypatch.setattr(published, "download_models", lambda *_: pytest.fail("nothing is to be downloaded"))
    (tmp_path / f"bird{suffix}").touch()
    assert find_model("bird", tmp_path) == tmp_path / f"bird{suffix}"


def test_a_published_model_is_downloaded(tmp_path, monkeypatch):
    fetched = []
    monkeypatch.setattr(published, "download_models", lambda *names: fetched.append(names) or [tmp_path / "x"])
    assert find_model("bird", tmp_path) == tmp_path / "x"
    assert fetched == [(["bird"], tmp_path)]


def test_without_a_network_the_error_names_a_model_that_needs_none(tmp_path, monkeypatch):
    def offline(*_):
        raise InputError("could not download bird")

    monkeypatch.setattr(published, "download_models", offline)
    with pytest.raises(InputError, match="could not download bird; doodles is a model that ships with the package"):
        find_model("bird", tmp_path)


@pytest.mark.parametrize("name", ["no/doodles", "doodles.keras", "./doodles"])
def test_what_looks_like_a_path_is_no_preset(name):
    assert find_model(name) == Path(name)


# ------------------------------------------------------------------------------------------------------- commands


@pytest.mark.parametrize("command_line", ["sample --count 2", "interpolate --steps 2", "complete --count 2"])
def test_a_picture_without_a_model_or_drawings(command_line, command, tmp_path):
    status, _, err = command(*command_line.split(), "--output", "a.svg")
    assert status == 0, err
    assert (tmp_path / "a.svg").read_text().count("<path") >= 2


def test_the_list_of_models(command):
    status, out, _ = command("models")
    assert status == 0
    for name, preset in presets().items():
        assert f"{name} " in out
        assert preset.title in out


def test_info_of_a_preset(command):
    status, out, _ = command("info", "doodles-decoder")
    assert status == 0
    assert "decoder only" in out


def test_the_losses_in_the_list_are_finite():
    document = json.loads((presets()["doodles"].file.parent / "presets.json").read_text())
    assert all(np.isfinite(list(fields["losses"].values())).all() for fields in document.values())


def test_keras_opens_a_preset_too():
    model = keras.saving.load_model(presets()["doodles-decoder"].file)
    assert isinstance(model, SketchRNN)


@pytest.mark.parametrize("text", ["{", "[]", '{"a": []}', '{"a": {"title": "b"}}', '{"a": {"\\u001b": 1}}'])
def test_a_damaged_list_is_refused(text, tmp_path, monkeypatch):
    monkeypatch.setattr("sketch_rnn_keras.files.presets._FOLDER", tmp_path)
    (tmp_path / "presets.json").write_text(text)
    with pytest.raises(InputError, match=r"presets\.json"):
        presets.__wrapped__()
