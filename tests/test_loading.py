"""Facts about opening models: every format by its path, old and newer files, where a model says it comes from."""

import io
import json
import shutil
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pytest
from support import paths

import sketch_rnn_keras
from sketch_rnn_keras import loading
from sketch_rnn_keras.errors import InputError
from sketch_rnn_keras.hparams import HParams
from sketch_rnn_keras.interop import sketch_js
from sketch_rnn_keras.loading import load_model
from sketch_rnn_keras.model.provenance import Provenance
from sketch_rnn_keras.model.sketch_rnn import SketchRNN, least_weights

CHECKPOINT = paths.GOLDEN / "ckpt" / "vae_lstm"
SMALL = {"dec_rnn_size": 6, "enc_rnn_size": 4, "z_size": 3, "max_seq_len": 9}
DATA = ({"name": "cat.npz", "sha256": "ab" * 32}, {"name": "owl.npz", "sha256": "cd" * 32})


def build(**changes):
    model = SketchRNN(HParams(**(SMALL | changes)), 2.5, Provenance(DATA))
    rng = np.random.default_rng(1)
    model.set_weights([rng.uniform(-1, 1, size=w.shape) for w in model.weights])
    return model


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    path = tmp_path_factory.mktemp("saved") / "model.keras"
    build(conditional=False).save(path)
    return path


def rewritten(saved, path, change=lambda config: config, weights=None):
    """A copy of a `.keras` file with its `config` changed, and with other weights."""
    with zipfile.ZipFile(saved) as source, zipfile.ZipFile(path, "w") as target:
        for name in source.namelist():
            content = source.read(name)
            if name == "config.json":
                document = json.loads(content)
                content = json.dumps({**document, "config": change(document["config"])})
            if name == "model.weights.h5" and weights is not None:
                content = weights
            target.writestr(name, content)
    return path


# -------------------------------------------------------------------------------------------------------- the formats


def test_every_format_by_its_path(saved, tmp_path):
    model = build()
    sketch_js.save(model, tmp_path / "a.vae.json")
    sketch_js.save(build(conditional=False), tmp_path / "a.gen.json")
    shutil.copy(tmp_path / "a.gen.json", tmp_path / "other.json")
    for path, conditional in (("a.vae.json", True), ("a.gen.json", False), ("other.json", False)):
        for scale_factor in (None, 7.0):
            loaded = sketch_rnn_keras.load_model(tmp_path / path, scale_factor)
            assert loaded.hparams.conditional == conditional
            assert loaded.scale_factor == (scale_factor or 2.5)
    assert load_model(saved).scale_factor == 2.5
    assert load_model(saved.parent, scale_factor=8).scale_factor == 8.0


@pytest.mark.tensorflow
def test_the_folder_of_a_checkpoint(tmp_path):
    folder = Path(shutil.copytree(CHECKPOINT, tmp_path / "run"))
    assert load_model(folder).scale_factor is None
    assert load_model(str(folder), scale_factor=3).scale_factor == 3.0
    build(conditional=False).save(folder / "model.keras")  # ours comes first
    assert not load_model(folder).hparams.conditional


@pytest.mark.parametrize("value", [0, -1.0, np.nan, np.inf, "2", True, 1e300])
def test_an_impossible_scale_factor_is_refused(value, saved):
    with pytest.raises(InputError, match="scale_factor: expected a positive number"):
        load_model(saved, scale_factor=value)


@pytest.mark.parametrize("name", ["a.txt", "a", "a.keras.zip", "a.json"])
def test_other_files_are_refused(name, tmp_path):
    (tmp_path / name).write_text('{"z_size": 3}')
    with pytest.raises(InputError, match=f"{name}: expected "):
        load_model(tmp_path / name)


# ---------------------------------------------------------------------------------------------------------- provenance


def test_a_saved_model_remembers_where_it_comes_from(tmp_path):
    model = build(data_set=["cat.npz", "owl.npz"])
    model.save(tmp_path / "a.keras")
    found = load_model(tmp_path / "a.keras").provenance
    assert found == Provenance(DATA, "", sketch_rnn_keras.__version__)
    sketch_js.save(model, tmp_path / "cat.vae.json")
    load_model(tmp_path / "cat.vae.json").save(tmp_path / "b.keras")
    found = load_model(tmp_path / "b.keras")
    assert found.provenance.origin == "sketch-rnn-js model cat.vae.json, version 6"
    assert found.provenance.version == sketch_rnn_keras.__version__
    assert (found.hparams.data_set, found.hparams.max_seq_len, found.scale_factor) == (["cat"], 9, 2.5)


def test_the_files_of_the_first_version_stay_loadable(saved, tmp_path):
    """They hold hyperparameters and a scale factor only, and fewer hyperparameters than there are now."""

    def first(config):
        late = ("precision", "squash_start")
        hparams = {key: value for key, value in config["hparams"].items() if key not in late}
        return {"hparams": hparams, "scale_factor": config["scale_factor"]}

    path = rewritten(saved, tmp_path / "old.keras", first)
    with zipfile.ZipFile(path) as archive:
        assert set(json.loads(archive.read("config.json"))["config"]) == {"hparams", "scale_factor"}
    model, expected = load_model(path), load_model(saved)
    assert model.provenance == Provenance((), "", None)
    assert (model.hparams, model.scale_factor) == (expected.hparams, 2.5)
    for one, other in zip(model.get_weights(), expected.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def newer(**hparams):
    return lambda config: config | {"sketch_rnn_keras": "99.1", "hparams": config["hparams"] | hparams}


def test_a_newer_file_with_unknown_hyperparameters_says_so(saved, tmp_path):
    path = rewritten(saved, tmp_path / "a.keras", newer(attention=True))
    here = sketch_rnn_keras.__version__
    hint = f"written by sketch_rnn_keras 99.1, newer than this one, {here}; upgrade it"
    with pytest.raises(InputError, match=f"unknown key 'attention'.*{hint}"):
        load_model(path)
    config = {"sketch_rnn_keras": "99.1", "hparams": {"attention": True}}
    (tmp_path / "config.json").write_text(json.dumps(config))
    with pytest.raises(InputError, match=hint):
        HParams.load(tmp_path / "config.json")


@pytest.mark.parametrize("version", ["0.0.1", sketch_rnn_keras.__version__, "x", 7, None, "9" * 5000])
def test_only_a_newer_version_is_to_blame(version):
    with pytest.raises(InputError, match="unknown key 'attention'") as caught:
        HParams.from_dict({"sketch_rnn_keras": version, "hparams": {"attention": True}})
    assert "upgrade" not in str(caught.value)


def test_a_newer_file_that_says_nothing_new_loads(saved, tmp_path):
    path = rewritten(saved, tmp_path / "a.keras", lambda config: newer()(config) | {"later": [1]})
    assert load_model(path).provenance.version == "99.1"


@pytest.mark.parametrize(
    "changes",
    [
        {"data": 7},
        {"data": ["cat"]},
        {"data": [{"sha256": "ab"}]},
        {"data": [{"name": 7}]},
        {"origin": 7},
        {"sketch_rnn_keras": 1.5},
        {"scale_factor": 10**400},
    ],
    ids=str,
)
def test_provenance_of_other_types_is_refused(changes, saved, tmp_path):
    path = rewritten(saved, tmp_path / "a.keras", lambda config: config | changes)
    with pytest.raises(InputError, match=r"a\.keras: expected a Sketch-RNN saved by sketch_rnn_keras: "):
        load_model(path)


# -------------------------------------------------------------------------------------------------------- hostile sizes


@pytest.fixture
def nothing_built(monkeypatch):
    def forbidden(*_, **__):
        raise AssertionError("a model was built")

    monkeypatch.setattr(loading.SketchRNN, "from_config", forbidden)


@pytest.mark.parametrize(
    "sizes",
    [
        {"dec_rnn_size": 10**6},
        {"num_mixture": 10**8},
        {"conditional": True, "z_size": 10**6},
        {"conditional": True, "enc_rnn_size": 10**6},
        {"dec_model": "hyper", "dec_rnn_size": 10**5},
    ],
    ids=str,
)
def test_huge_sizes_are_refused_before_anything_is_built(sizes, saved, tmp_path, nothing_built):
    held = build(conditional=False).count_params()
    path = rewritten(saved, tmp_path / "a.keras", lambda config: config | {"hparams": config["hparams"] | sizes})
    with pytest.raises(InputError, match=f"ask for at least [0-9]+ weights, the file holds {held}"):
        load_model(path)


def test_weights_that_declare_more_than_they_take_are_refused(saved, tmp_path, nothing_built):
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as weights:
        weights.create_dataset("decoder/vars/0", shape=(10**6, 10**4), dtype="f4", chunks=(100, 100))
    path = rewritten(saved, tmp_path / "a.keras", weights=buffer.getvalue())
    with pytest.raises(InputError, match="its weights declare 40000000000 bytes"):
        load_model(path)


def test_an_archive_that_unpacks_to_too_much_is_refused(saved, tmp_path, nothing_built, monkeypatch):
    monkeypatch.setattr(loading, "MAX_WEIGHT_BYTES", 1000)
    with pytest.raises(InputError, match="its weights take [0-9]+ bytes, more than 1000"):
        load_model(saved)


@pytest.mark.parametrize("enc_model", ["lstm", "layer_norm", "hyper"])
@pytest.mark.parametrize("dec_model", ["lstm", "layer_norm", "hyper"])
@pytest.mark.parametrize("conditional", [True, False])
def test_the_bound_is_never_above_a_models_weights(enc_model, dec_model, conditional):
    model = SketchRNN(HParams(**SMALL, enc_model=enc_model, dec_model=dec_model, conditional=conditional))
    assert least_weights(model.hparams) <= model.count_params()
    if dec_model == "lstm" and (enc_model == "lstm" or not conditional):
        assert model.count_params() < 1.3 * least_weights(model.hparams)
