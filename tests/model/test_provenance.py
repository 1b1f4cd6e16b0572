"""A model remembers where it comes from; files of earlier and of later versions are read as far as they can be."""

import pytest
from support.keras_files import document_of, with_config
from support.tiny import tiny_model

from sketch_rnn_keras import __version__
from sketch_rnn_keras.errors import InputError
from sketch_rnn_keras.interop import sketch_js
from sketch_rnn_keras.loading import load_model
from sketch_rnn_keras.model.provenance import Provenance

DATA = ({"name": "cat.npz", "sha256": "ab" * 32}, {"name": "owl.npz", "sha256": "cd" * 32})


@pytest.fixture(scope="module")
def model():
    model = tiny_model(data_set=["cat.npz", "owl.npz"], num_mixture=20)
    model.provenance = Provenance(DATA)
    return model


def test_a_saved_model_remembers_its_data_and_who_wrote_it(model, tmp_path):
    model.save(tmp_path / "a.keras")
    assert load_model(tmp_path / "a.keras").provenance == Provenance(DATA, "", __version__)


def test_a_saved_model_remembers_where_its_training_began(model, tmp_path):
    tuned = tiny_model()
    tuned.provenance = Provenance(DATA, start=DATA[0])
    tuned.save(tmp_path / "tuned.keras")
    assert load_model(tmp_path / "tuned.keras").provenance == tuned.provenance


def test_a_converted_model_remembers_what_it_was(model, tmp_path):
    sketch_js.save(model, tmp_path / "cat.vae.json")
    load_model(tmp_path / "cat.vae.json").save(tmp_path / "b.keras")
    found = load_model(tmp_path / "b.keras").provenance
    assert found.origin == "sketch-rnn-js model cat.vae.json, version 6"
    assert found.version == __version__


def test_a_converted_model_keeps_what_its_file_said(model, tmp_path):
    sketch_js.save(model, tmp_path / "cat.vae.json")
    load_model(tmp_path / "cat.vae.json").save(tmp_path / "b.keras")
    found = load_model(tmp_path / "b.keras")
    assert (found.hparams.data_set, found.hparams.max_seq_len, found.scale_factor) == (["cat"], 12, 4.0)


# ------------------------------------------------------------------------------------- earlier and later versions


@pytest.fixture
def first(saved, tmp_path):
    """A file of the first version: hyperparameters, fewer than there are now, and a scale factor."""

    def as_it_was(config):
        late = ("precision", "squash_start")
        hparams = {key: value for key, value in config["hparams"].items() if key not in late}
        return {"hparams": hparams, "scale_factor": config["scale_factor"]}

    path = with_config(saved, tmp_path / "old.keras", as_it_was)
    assert set(document_of(path)["config"]) == {"hparams", "scale_factor"}
    return path


def test_a_file_of_the_first_version_opens_as_the_same_model(first, decoder_only):
    model = load_model(first)
    assert (model.hparams, model.scale_factor) == (decoder_only.hparams, 4.0)
    for one, other in zip(model.get_weights(), decoder_only.get_weights(), strict=True):
        assert (one == other).all()


def test_a_file_of_the_first_version_does_not_say_where_it_comes_from(first):
    assert load_model(first).provenance == Provenance((), "", None)


def test_a_newer_file_with_unknown_hyperparameters_says_so(saved, tmp_path):
    later = {"sketch_rnn_keras": "99.1"}
    path = with_config(
        saved, tmp_path / "a.keras", lambda config: config | later | {"hparams": config["hparams"] | {"attention": 1}}
    )
    hint = f"written by sketch_rnn_keras 99.1, newer than this one, {__version__}; upgrade it"
    with pytest.raises(InputError, match=f"unknown key 'attention'.*{hint}"):
        load_model(path)


def test_a_newer_file_that_asks_for_nothing_new_opens(saved, tmp_path):
    later = {"sketch_rnn_keras": "99.1", "later": [1]}
    path = with_config(saved, tmp_path / "a.keras", lambda config: config | later)
    assert load_model(path).provenance.version == "99.1"
