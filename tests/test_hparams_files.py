"""Hyperparameters in files and as text: exact, ordered, and what errors say of a file and a place in it."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support import paths

from sketch_rnn_keras.errors import InputError
from sketch_rnn_keras.hparams import HParams


def write(folder, text, name="model.json"):
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


@given(
    kl_weight=st.floats(0, 1e300),
    decay_rate=st.floats(1e-300, 1),
    num_steps=st.integers(1, 2**31 - 1),
    conditional=st.booleans(),
    data_set=st.lists(st.text(min_size=1), min_size=1),
    description=st.text(),
)
@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_saving_and_loading_is_exact(tmp_path, **values):
    hparams = HParams(**values)
    hparams.save(tmp_path / "saved.json")
    assert HParams.load(tmp_path / "saved.json") == hparams


def test_the_saved_file_is_ordered_json_that_saves_to_the_same_bytes(tmp_path):
    path = tmp_path / "new" / "saved.json"
    HParams(description="naïve \udcff").save(path)
    first = path.read_bytes()
    assert list(json.loads(first)) == list(HParams.model_fields)
    HParams.load(path).save(path)
    assert path.read_bytes() == first
    assert [file.name for file in path.parent.iterdir()] == ["saved.json"]


def test_the_originals_config_loads():
    hparams = HParams.load(paths.GOLDEN / "ckpt" / "vae_lstm" / "model_config.json")
    assert (hparams.dec_rnn_size, hparams.conditional) == (7, True)


def test_a_runs_config_loads_with_overrides(tmp_path):
    path = write(tmp_path, json.dumps({"scale_factor": 2.5, "hparams": {"z_size": 8, "seed": 3}}))
    hparams = HParams.load(path, seed=4)
    assert (hparams.z_size, hparams.seed) == (8, 4)


def test_an_override_can_mend_the_file(tmp_path):
    path = write(tmp_path, '{"learning_rate": 1e-6}')
    assert HParams.load(path, min_learning_rate=0).learning_rate == 1e-6


def test_the_faults_of_an_override_are_told_from_the_files(tmp_path):
    with pytest.raises(InputError, match=r"model\.json, with z_sise overridden: unknown key 'z_sise'.*'z_size'"):
        HParams.load(write(tmp_path, "{}"), z_sise=3)


def test_a_newer_files_unknown_key_is_blamed_on_its_version(tmp_path):
    path = write(tmp_path, json.dumps({"sketch_rnn_keras": "99.1", "hparams": {"attention": True}}))
    with pytest.raises(InputError, match="written by sketch_rnn_keras 99.1, newer than this one"):
        HParams.load(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{\n  "z_size": 8,\n  "kl_weight" 1\n}', r"line 3, column 15: broken JSON"),
        ("", r"line 1, column 1: broken JSON"),
        ("[1, 2]", r"expected an object of hyperparameter names and values, received \[1, 2\] \(list\)"),
        ('{"hparams": []}', r"in 'hparams': expected an object"),
        ('{"z_size": 8, "z_size": 9}', r"'z_size' appears more than once"),
        ('{"z_size": NaN}', r"'z_size': expected a whole number"),
        ('{"kl_weight": 1e999}', r"'kl_weight': expected a finite number"),
        ('{"z_size": ' + "9" * 5000 + "}", r"model\.json: "),
        (b"\xff\xfe{", r"expected JSON text in UTF-8"),
        ("[" * 200_000, r"nested too deeply"),
        ('{"data_set":' * 80_000, r"nested too deeply"),
        (" " * (2**20 + 1), r"at most 1048576 bytes"),
    ],
)
def test_a_broken_file_is_reported_with_its_name_and_place(tmp_path, content, message):
    with pytest.raises(InputError, match=message) as caught:
        HParams.load(write(tmp_path, content))
    assert "model.json" in str(caught.value)
    assert len(str(caught.value)) < 1000


def test_a_byte_order_mark_is_no_fault(tmp_path):
    assert HParams.load(write(tmp_path, '\ufeff{"z_size": 8}')).z_size == 8


def test_a_missing_file_and_a_folder_are_reported(tmp_path):
    with pytest.raises(InputError, match=r"none\.json: .*No such file"):
        HParams.load(tmp_path / "none.json")
    with pytest.raises(InputError, match="expected a JSON file"):
        HParams.load(tmp_path)


@pytest.mark.parametrize(
    ("item", "key", "value"),
    [
        ("kl_weight=1.0", "kl_weight", 1.0),
        ("decay_rate=1e-1", "decay_rate", 0.1),
        ("z_size = 8", "z_size", 8),
        ("enc_model=layer_norm", "enc_model", "layer_norm"),
        ('data_set=["a", "b=c"]', "data_set", ["a", "b=c"]),
        ("data_set=flying saucer", "data_set", "flying saucer"),
        ("description=a b=c", "description", "a b=c"),
        ("conditional=False", "conditional", False),
        ("is_training=true", "is_training", True),
    ],
)
def test_an_override_is_a_key_and_json_or_a_bare_word(item, key, value):
    assert HParams.parse_overrides([item]) == {key: value}


def test_several_overrides_are_taken_together():
    hparams = HParams(**HParams.parse_overrides(["z_size=8", 'data_set=["a", "b=c"]']))
    assert (hparams.z_size, hparams.data_set) == (8, ["a", "b=c"])


@pytest.mark.parametrize(
    ("items", "message"),
    [
        (["kl_weight"], r"^kl_weight: expected KEY=VALUE, such as kl_weight=1.0$"),
        (["kl_wait=1"], r"^kl_wait=1: unknown key 'kl_wait'; did you mean 'kl_weight'\?$"),
        (["=1"], "^=1: unknown key ''"),
        (["z_size=1", "z_size=2"], "^z_size=2: 'z_size' is set twice; give it once$"),
        (['data_set=["a"'], '^data_set=\\["a": broken JSON'),
    ],
)
def test_an_override_that_makes_no_sense_is_named(items, message):
    with pytest.raises(InputError, match=message):
        HParams.parse_overrides(items)
