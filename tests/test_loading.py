"""Opening what holds a model: every format by its path, one rule of recognition, and what comes back."""

import json
import shutil
from pathlib import Path

import keras
import numpy as np
import pytest
from support import paths
from support.tiny import tiny_model
from support.tiny_run import arrays

import sketch_rnn_keras
from sketch_rnn_keras.errors import InputError
from sketch_rnn_keras.files.presets import presets
from sketch_rnn_keras.interop import sketch_js
from sketch_rnn_keras.loading import ModelFormat, check_model_path, load_model, model_format
from sketch_rnn_keras.model.cells import CELLS
from sketch_rnn_keras.model.sketch_rnn import SketchRNN, least_weights

CHECKPOINT = paths.GOLDEN / "ckpt" / "vae_lstm"


def assert_same_weights(model, other):
    assert [w.path for w in model.weights] == [w.path for w in other.weights]
    for a, b in zip(model.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


# ------------------------------------------------------------------------------------------------ what comes back


@pytest.mark.parametrize("conditional", [True, False])
@pytest.mark.parametrize("kind", CELLS)
def test_a_saved_model_comes_back(kind, conditional, tmp_path):
    model = tiny_model(dec_model=kind, enc_model="layer_norm", conditional=conditional, seed=9, scale_factor=2.5)
    model.save(tmp_path / "model.keras")
    again = load_model(tmp_path / "model.keras")
    assert_same_weights(model, again)
    assert (again.hparams, again.scale_factor) == (model.hparams, 2.5)


def test_a_model_comes_back_from_its_run_directory(saved, decoder_only):
    assert_same_weights(load_model(saved.parent), decoder_only)


def test_keras_itself_opens_a_saved_model(saved, decoder_only):
    again = keras.saving.load_model(saved)
    assert isinstance(again, SketchRNN)
    assert_same_weights(decoder_only, again)
    assert (again.hparams, again.scale_factor) == (decoder_only.hparams, 4.0)


def test_a_model_without_scale_factor_comes_back_without(tmp_path):
    tiny_model(conditional=False, scale_factor=None).save(tmp_path / "a.keras")
    assert load_model(tmp_path / "a.keras").scale_factor is None


@pytest.mark.parametrize("kind", ["vae", "gen"])
def test_a_file_of_sketch_rnn_js_is_opened_by_its_content(kind, tmp_path):
    model = tiny_model(conditional=kind == "vae", num_mixture=20)
    sketch_js.save(model, tmp_path / f"a.{kind}.json")
    shutil.copy(tmp_path / f"a.{kind}.json", tmp_path / "other.json")
    for name in (f"a.{kind}.json", "other.json"):
        assert load_model(tmp_path / name).hparams.conditional == (kind == "vae")


@pytest.mark.tensorflow
def test_the_folder_of_a_checkpoint_is_opened():
    assert load_model(CHECKPOINT).provenance.origin == "Magenta checkpoint vae_lstm/vector-0"


@pytest.mark.tensorflow
def test_our_model_comes_before_a_checkpoint_in_one_folder(saved, tmp_path):
    folder = Path(shutil.copytree(CHECKPOINT, tmp_path / "run"))
    shutil.copy(saved, folder / "model.keras")
    assert not load_model(folder).hparams.conditional


# --------------------------------------------------------------------------------------------------- scale factor


def test_the_scale_factor_of_the_file_is_taken_unless_another_is_given(saved):
    assert load_model(saved).scale_factor == 4.0
    assert load_model(saved, scale_factor=8).scale_factor == 8.0


def test_the_scale_factor_of_a_json_file_is_taken_unless_another_is_given(tmp_path):
    sketch_js.save(tiny_model(conditional=False, num_mixture=20), tmp_path / "a.gen.json")
    assert load_model(tmp_path / "a.gen.json").scale_factor == 4.0
    assert load_model(tmp_path / "a.gen.json", scale_factor=7).scale_factor == 7.0


@pytest.mark.tensorflow
def test_a_checkpoint_has_no_scale_factor_unless_one_is_given():
    assert load_model(CHECKPOINT).scale_factor is None
    assert load_model(str(CHECKPOINT), scale_factor=3).scale_factor == 3.0


@pytest.mark.parametrize("value", [0, -1.0, np.nan, np.inf, "2", True, 1e300, 10**400])
def test_an_impossible_scale_factor_is_refused(value, saved):
    with pytest.raises(InputError, match="scale_factor: expected a positive number"):
        load_model(saved, scale_factor=value)


# ------------------------------------------------------------------------------- a run without a best model


@pytest.fixture
def unvalidated(trained_run, tmp_path):
    """A copy of the run that was killed, as it would be if it had never been validated."""
    run = Path(shutil.copytree(trained_run.killed, tmp_path / "unvalidated"))
    (run / "model.keras").unlink()
    return run


def test_a_run_that_was_never_validated_opens_at_its_last_checkpoint(unvalidated):
    model, saved = load_model(unvalidated), arrays(unvalidated / "checkpoints" / "last.npz")
    assert model_format(unvalidated) is ModelFormat.RUN
    for variable in model.trainable_variables:
        np.testing.assert_array_equal(variable, saved[f"weights/{variable.path}"])
    assert model.provenance.notes == (
        "no validation has chosen a best model yet; this is the last checkpoint, of step 30",
    )


def test_it_has_the_runs_configuration(unvalidated):
    model, config = load_model(unvalidated), json.loads((unvalidated / "config.json").read_text())
    assert model.hparams.model_dump(mode="json") == config["hparams"]
    assert (model.scale_factor, [*model.provenance.data]) == (config["scale_factor"], config["data"])
    assert load_model(unvalidated, scale_factor=7.0).scale_factor == 7.0


def test_a_run_with_a_best_model_opens_there(trained_run):
    assert load_model(trained_run.killed).provenance.notes == ()


# ---------------------------------------------------------------------------------------------------- recognition


@pytest.fixture
def places(saved, tmp_path):
    """Paths of all kinds, by name."""
    (tmp_path / "run").mkdir()
    shutil.copy(saved, tmp_path / "run" / "model.keras")
    shutil.copytree(CHECKPOINT, tmp_path / "checkpoint")
    (tmp_path / "variables").mkdir()
    (tmp_path / "variables" / "vector-3.index").touch()
    (tmp_path / "begun").mkdir()
    (tmp_path / "begun" / "config.json").write_text("{}")
    (tmp_path / "empty").mkdir()
    (tmp_path / "a.KERAS").touch()
    (tmp_path / "list.json").write_bytes(b'\xef\xbb\xbf  [{"mode": 2}]')
    (tmp_path / "object.json").write_text('{"z_size": 3}')
    (tmp_path / "a.h5").write_bytes(saved.read_bytes())
    return tmp_path


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("run", ModelFormat.RUN),
        ("run/model.keras", ModelFormat.KERAS),
        ("a.KERAS", ModelFormat.KERAS),
        ("checkpoint", ModelFormat.MAGENTA),
        ("variables", ModelFormat.MAGENTA),
        ("list.json", ModelFormat.SKETCH_JS),
        ("object.json", None),
        ("begun", None),
        ("empty", None),
        ("a.h5", None),
        ("absent.keras", None),
    ],
)
def test_a_format_is_recognised_by_names_and_first_bytes(places, name, expected):
    assert model_format(places / name) is expected
    if expected:
        assert check_model_path(str(places / name)) is expected


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("absent.keras", "check the path"),
        ("begun", "this run has not saved a model yet"),
        ("empty", "what is there is none of these"),
        ("object.json", "what is there is none of these"),
        ("a.h5", "what is there is none of these"),
    ],
)
@pytest.mark.parametrize("opened_by", [load_model, check_model_path])
def test_what_holds_no_model_is_refused_with_what_would(places, name, hint, opened_by):
    formats = ", ".join(each.value for each in ModelFormat)
    with pytest.raises(InputError) as caught:
        opened_by(places / name)
    names = ", ".join(presets())
    assert str(caught.value) == f"{places / name}: expected what holds a model ({formats}) or one of {names}; {hint}"


def test_the_public_name_is_this_function():
    assert sketch_rnn_keras.load_model is load_model


# ------------------------------------------------------------------------------------------------ bound of weights


@pytest.mark.parametrize("enc_model", CELLS)
@pytest.mark.parametrize("dec_model", CELLS)
def test_the_bound_is_never_above_a_conditional_models_weights(enc_model, dec_model):
    model = tiny_model(enc_model=enc_model, dec_model=dec_model)
    assert least_weights(model.hparams) <= model.count_params()


@pytest.mark.parametrize("dec_model", CELLS)
def test_the_bound_is_never_above_a_decoders_weights(dec_model):
    model = tiny_model(conditional=False, dec_model=dec_model)
    assert least_weights(model.hparams) <= model.count_params()


@pytest.mark.parametrize("conditional", [True, False])
def test_the_bound_is_near_the_weights_of_lstms(conditional):
    model = tiny_model(conditional=conditional)
    assert model.count_params() < 1.3 * least_weights(model.hparams)
