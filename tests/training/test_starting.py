"""A training that begins with the weights of another model: what it takes over, what it notes, how it goes on."""

import hashlib
import json
import shutil

import numpy as np
import pytest
from support.tiny import tiny_model
from support.tiny_run import HPARAMS, Recorder, assert_same_run, one_dot

from sketch_rnn_keras.errors import InputError
from sketch_rnn_keras.hparams import HParams
from sketch_rnn_keras.interop import sketch_js
from sketch_rnn_keras.loading import load_model
from sketch_rnn_keras.training import loop
from sketch_rnn_keras.training.loop import train
from sketch_rnn_keras.training.run_directory import RunDirectory
from sketch_rnn_keras.training.starting import Start

SHORT = HPARAMS.replace(num_steps=4, save_every=4)
SHAPELESS = HParams(**{name: value for name, value in SHORT.model_dump(exclude_unset=True).items() if name != "z_size"})


@pytest.fixture(autouse=True)
def draws_nothing(monkeypatch):
    monkeypatch.setattr(loop, "sample", one_dot)


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """A model of the tiny run's shape but for its codes, and of another scale factor and N_max."""
    path = tmp_path_factory.mktemp("source") / "source.keras"
    tiny_model(z_size=5, scale_factor=7.0, max_seq_len=30, spread=0.3).save(path)
    return path


def weights(model):
    return {variable.path: variable.numpy() for variable in model.trainable_variables}


def assert_equal_weights(model, other):
    ours, theirs = weights(model), weights(other)
    assert ours.keys() == theirs.keys()
    for path, value in ours.items():
        np.testing.assert_array_equal(value, theirs[path], err_msg=path)


# ------------------------------------------------------------------------------------------------------ the beginning


def test_the_first_step_finds_the_weights_of_the_model(stand_in, source, data, tmp_path):
    stand_in.growth = 0.0
    model = train(SHAPELESS, data, tmp_path / "run", start=source)
    assert_equal_weights(model, load_model(source))


def test_its_shape_is_taken_over_and_the_datas_units_are_not(stand_in, source, data, tmp_path):
    model = train(SHAPELESS, data, tmp_path / "run", start=source)
    assert model.hparams.shape == load_model(source).hparams.shape
    assert (model.hparams.z_size, model.hparams.learning_rate) == (5, HPARAMS.learning_rate)
    assert (model.scale_factor, model.hparams.max_seq_len) == (data.scale_factor, data.max_seq_len)


def test_the_schedules_begin_anew(stand_in, source, data, tmp_path):
    train(SHAPELESS, data, tmp_path / "run", start=source)
    *_, kl_weight, learning_rate = stand_in.calls[0]
    assert (kl_weight, learning_rate) == pytest.approx((HPARAMS.kl_weight_start, HPARAMS.learning_rate))


@pytest.mark.parametrize("kind", ["run", "checkpoint", "sketch-rnn-js"])
def test_whatever_holds_a_model_is_a_beginning(stand_in, trained_run, decoder_only, data, tmp_path, kind):
    stand_in.growth = 0.0
    place, read, hparams = trained_run.whole, "model.keras", SHORT
    if kind == "checkpoint":
        place, read = shutil.copytree(trained_run.whole, tmp_path / "source"), "checkpoints/last.npz"
        (place / "model.keras").unlink()
    elif kind == "sketch-rnn-js":
        place, read, hparams = tmp_path / "decoder.gen.json", ".", HParams(batch_size=4, num_steps=1, save_every=1)
        sketch_js.save(decoder_only, place)
    model = train(hparams, data, tmp_path / "run", start=place)
    assert_equal_weights(model, load_model(place))
    digest = hashlib.sha256((place / read).read_bytes()).hexdigest()
    assert model.provenance.start == {"name": str(place), "sha256": digest}


def test_another_shape_is_refused_by_name_and_leaves_nothing(source, data, tmp_path):
    hparams = SHORT.replace(z_size=4, dec_model="hyper")
    with pytest.raises(InputError) as caught:
        train(hparams, data, tmp_path / "run", start=source)
    assert str(caught.value).splitlines() == [
        "dec_model: expected lstm, received hyper",
        "z_size: expected 5, received 4",
        f"The weights of {source} have their shape; leave dec_model, z_size out to take it over",
    ]
    assert not (tmp_path / "run").exists()


def test_what_no_decoder_has_does_not_contradict_one(decoder_only, saved):
    hparams = Start.open(saved).give_shape(HParams(enc_rnn_size=77, z_size=9))
    assert (hparams.conditional, hparams.dec_rnn_size, hparams.enc_rnn_size) == (False, 8, 77)


# ------------------------------------------------------------------------------------------------------- what is noted


def test_the_run_and_the_model_note_where_they_began(stand_in, source, data, tmp_path):
    train(SHAPELESS, data, tmp_path / "run", start=source)
    note = {"name": str(source), "sha256": hashlib.sha256(source.read_bytes()).hexdigest()}
    assert json.loads((tmp_path / "run" / "config.json").read_text())["start"] == note
    assert load_model(tmp_path / "run").provenance.start == note
    load_model(tmp_path / "run").save(tmp_path / "copy.keras")
    assert load_model(tmp_path / "copy.keras").provenance.start == note


# ---------------------------------------------------------------------------------------------------------- going on


def test_stopped_and_resumed_is_the_whole_training(source, data, tmp_path):
    hparams = SHAPELESS.replace(num_steps=6, save_every=2)
    killed = Recorder(3, lambda: shutil.copytree(tmp_path / "whole", tmp_path / "killed"))
    train(hparams, data, tmp_path / "whole", start=source, reporter=killed)
    train(HParams.load(tmp_path / "killed" / "config.json"), data, tmp_path / "killed", resume=True)
    assert_same_run(tmp_path / "killed", tmp_path / "whole")
    config = (tmp_path / "whole" / "config.json").read_bytes()
    assert (tmp_path / "killed" / "config.json").read_bytes() == config


def test_stopped_before_the_first_validation_it_goes_on_from_the_model(stand_in, source, data, tmp_path):
    def stop():
        raise OSError("power cut")

    stand_in.growth = 0.0
    with pytest.raises(OSError, match="power cut"):
        train(SHAPELESS, data, tmp_path / "run", start=source, reporter=Recorder(2, stop))
    assert not RunDirectory(tmp_path / "run").best.exists()
    hparams = HParams.load(tmp_path / "run" / "config.json")
    assert_equal_weights(train(hparams, data, tmp_path / "run", resume=True), load_model(source))


@pytest.fixture
def stopped(source, data, tmp_path):
    """A run that was killed when it had noted the model to begin with, and nothing of its weights."""
    run = RunDirectory(tmp_path / "run")
    hparams = Start.open(source).give_shape(SHAPELESS).replace(max_seq_len=data.max_seq_len)
    with run.occupied(resume=False):
        run.begin(hparams, data, resume=False, start=Start.open(source).note)
    return run


def test_stopped_before_the_weights_were_kept_it_reads_them_again(stand_in, stopped, source, data):
    stand_in.growth = 0.0
    model = train(HParams.load(stopped.config), data, stopped.path, resume=True)
    assert_equal_weights(model, load_model(source))


def test_stopped_before_the_weights_were_kept_it_does_not_go_on_with_others(stopped, source, data, tmp_path):
    config = stopped.read_config()
    stopped.write_config(config | {"start": {"name": str(source), "sha256": "0" * 64}})
    with pytest.raises(InputError, match="expected the model that this run was to begin with, but it has changed"):
        train(HParams.load(stopped.config), data, stopped.path, resume=True)
    assert not stopped.is_begun()


def test_a_run_that_goes_on_has_its_weights(trained_run, data, source):
    with pytest.raises(InputError, match="start: expected none where resume=True"):
        train(HPARAMS, data, trained_run.whole, resume=True, start=source)
