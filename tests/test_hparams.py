"""Hyperparameters: the original's names and defaults, validation, files, overrides, and what errors say."""

import copy
import json
import math
import pickle

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support import paths

from sketch_rnn_keras.errors import InputError
from sketch_rnn_keras.files.writing import write_atomically
from sketch_rnn_keras.hparams import HParams

CONFIGS = paths.ROOT / "configs"

# Thesis, listing 3.1; Magenta's get_default_hparams.
ORIGINAL = {
    "data_set": ["aaron_sheep.npz"],
    "num_steps": 10000000,
    "save_every": 500,
    "max_seq_len": 250,
    "dec_rnn_size": 512,
    "dec_model": "lstm",
    "enc_rnn_size": 256,
    "enc_model": "lstm",
    "z_size": 128,
    "kl_weight": 0.5,
    "kl_weight_start": 0.01,
    "kl_tolerance": 0.2,
    "batch_size": 100,
    "grad_clip": 1.0,
    "num_mixture": 20,
    "learning_rate": 0.001,
    "decay_rate": 0.9999,
    "kl_decay_rate": 0.99995,
    "min_learning_rate": 0.00001,
    "use_recurrent_dropout": True,
    "recurrent_dropout_prob": 0.90,
    "use_input_dropout": False,
    "input_dropout_prob": 0.90,
    "use_output_dropout": False,
    "output_dropout_prob": 0.90,
    "random_scale_factor": 0.15,
    "augment_stroke_prob": 0.10,
    "conditional": True,
    "is_training": True,
}
SIZES = ["num_steps", "save_every", "max_seq_len", "dec_rnn_size", "enc_rnn_size", "z_size", "batch_size"]
SIZES += ["num_mixture", "log_every"]
PROBABILITIES = ["recurrent_dropout_prob", "input_dropout_prob", "output_dropout_prob", "decay_rate", "kl_decay_rate"]
NON_NEGATIVE = ["kl_weight", "kl_weight_start", "kl_tolerance", "min_learning_rate"]
FRACTIONS = ["random_scale_factor", "augment_stroke_prob"]
SWITCHES = ["use_recurrent_dropout", "use_input_dropout", "use_output_dropout", "conditional", "is_training"]
FLOATS = [*PROBABILITIES, *NON_NEGATIVE, *FRACTIONS, "learning_rate", "grad_clip"]


def write(folder, text, name="model.json"):
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_names_defaults_and_order_are_the_originals():
    assert list(HParams().model_dump().items())[: len(ORIGINAL)] == list(ORIGINAL.items())
    assert {name: HParams.model_fields[name].default for name in ("seed", "log_every", "description")} == {
        "seed": 0,
        "log_every": 20,
        "description": "",
    }


def test_every_field_is_described_and_keep_probabilities_say_so():
    for name, field in HParams.model_fields.items():
        assert field.description, name
        assert ("KEEPING" in field.description) == name.endswith("_dropout_prob"), name


@pytest.mark.parametrize("kind", ["recurrent", "input", "output"])
def test_keep_probability_needs_its_switch_and_training(kind):
    on = HParams(**{f"use_{kind}_dropout": True, f"{kind}_dropout_prob": 0.7})
    assert getattr(on, f"{kind}_keep_prob") == 0.7
    assert getattr(on.replace(**{f"use_{kind}_dropout": False}), f"{kind}_keep_prob") == 1.0
    assert getattr(on.replace(is_training=False), f"{kind}_keep_prob") == 1.0


@pytest.mark.parametrize("name", SIZES)
@pytest.mark.parametrize("value", [0, -1, 1.5, math.inf, math.nan, True, "8", None, [8], 2**31])
def test_sizes_are_whole_and_positive(name, value):
    with pytest.raises(InputError, match=f"'{name}': expected a whole number from 1"):
        HParams(**{name: value})


@pytest.mark.parametrize(
    ("names", "values"),
    [
        (PROBABILITIES, [0, -0.1, 1.0001]),
        (NON_NEGATIVE, [-1e-9]),
        (FRACTIONS, [-0.1, 1]),
        (["learning_rate", "grad_clip"], [0, -1]),
        (FLOATS, [math.nan, math.inf, -math.inf, True, "0.5", None, 10**400]),
        (SWITCHES, [2, 0.5, "true", None, math.nan]),
        (["seed"], [-1, 2**31, 0.5, True]),
        (["enc_model", "dec_model"], ["LSTM", "gru", 1, None, []]),
        (["data_set"], [[], "", [""], ["a", 1], 5, None, {"a": 1}]),
        (["description"], [5, None, ["a"]]),
    ],
)
def test_impossible_values_are_rejected_by_name(names, values):
    for name in names:
        for value in values:
            with pytest.raises(InputError, match=rf"'{name}(\[\d\])?': expected .*, received "):
                HParams(**{name: value})


def test_values_at_the_edge_are_accepted():
    assert HParams(kl_weight=0, kl_weight_start=0, kl_tolerance=0, min_learning_rate=0).kl_weight == 0
    assert HParams(random_scale_factor=0, augment_stroke_prob=0, input_dropout_prob=1).input_dropout_prob == 1
    assert HParams(learning_rate=0.01, min_learning_rate=0.01).min_learning_rate == 0.01
    assert HParams(seed=2**31 - 1).seed == 2**31 - 1


def test_the_floor_of_the_learning_rate_is_below_it():
    with pytest.raises(
        InputError, match=r"'min_learning_rate': expected at most the learning_rate, 0\.001, received 0\.01"
    ):
        HParams(min_learning_rate=0.01)


def test_what_json_writers_produce_is_accepted_with_the_right_type():
    hparams = HParams(num_steps=1e5, z_size=np.int64(7), kl_weight=1, conditional=0, is_training=1.0, data_set="cat")
    assert (hparams.num_steps, type(hparams.num_steps)) == (100000, int)
    assert (hparams.z_size, type(hparams.z_size)) == (7, int)
    assert (hparams.kl_weight, type(hparams.kl_weight)) == (1.0, float)
    assert hparams.conditional is False
    assert hparams.is_training is True
    assert hparams.data_set == ["cat"]
    assert HParams(data_set=("a", "b")).data_set == ["a", "b"]


def test_an_unknown_key_gets_the_nearest_name_or_all_of_them():
    with pytest.raises(InputError, match="unknown key 'kl_wieght'; did you mean 'kl_weight'"):
        HParams.from_dict({"kl_wieght": 1.0})
    with pytest.raises(InputError, match=r"unknown key 'qqqq'; the keys are data_set, num_steps,.* description$"):
        HParams.from_dict({"qqqq": 1.0})


def test_every_fault_is_named_with_its_source():
    with pytest.raises(InputError) as caught:
        HParams.from_dict({"z_size": 0, "kl_wieght": 1}, where="my.json")
    assert [line.split(":")[0] for line in str(caught.value).splitlines()] == ["my.json", "my.json"]
    assert "'z_size'" in str(caught.value)
    assert "'kl_wieght'" in str(caught.value)


@pytest.mark.parametrize("values", [[], "text", 3, None, {"hparams": 3}, {3: 4}])
def test_from_dict_wants_names_and_values(values):
    with pytest.raises(InputError, match="expected"):
        HParams.from_dict(values)


def test_immutable_and_replaced_by_copies():
    hparams = HParams(z_size=8)
    with pytest.raises(ValueError, match="frozen"):
        hparams.z_size = 9
    assert (hparams.replace(z_size=9).z_size, hparams.z_size) == (9, 8)
    with pytest.raises(InputError, match="changed hyperparameters: 'z_size'"):
        hparams.replace(z_size=0)
    HParams().data_set.append("mine")
    assert HParams().data_set == ["aaron_sheep.npz"]


def test_the_names_that_were_given_are_remembered(tmp_path):
    assert HParams().model_fields_set == set()
    loaded = HParams.load(write(tmp_path, '{"z_size": 8}'), kl_weight=1)
    assert loaded.model_fields_set == {"z_size", "kl_weight"}
    assert loaded.replace(max_seq_len=90).model_fields_set == {"z_size", "kl_weight", "max_seq_len"}
    for twin in (copy.deepcopy(loaded), pickle.loads(pickle.dumps(loaded))):
        assert twin == loaded
        assert twin.model_fields_set == loaded.model_fields_set


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


def test_the_originals_config_loads(tmp_path):
    numbers = {name: int(value) if isinstance(value, bool) else value for name, value in ORIGINAL.items()}
    path = write(tmp_path, json.dumps(numbers), "model_config.json")
    assert HParams.load(path).model_dump(include=set(ORIGINAL)) == ORIGINAL


def test_a_runs_config_loads_with_overrides(tmp_path):
    path = write(tmp_path, json.dumps({"scale_factor": 2.5, "hparams": {"z_size": 8, "seed": 3}}))
    hparams = HParams.load(path, seed=4)
    assert (hparams.z_size, hparams.seed) == (8, 4)


def test_an_override_can_mend_the_file_and_its_faults_are_told_from_the_files(tmp_path):
    path = write(tmp_path, '{"learning_rate": 1e-6}')
    assert HParams.load(path, min_learning_rate=0).learning_rate == 1e-6
    with pytest.raises(InputError, match=r"model\.json, with z_sise overridden: unknown key 'z_sise'.*'z_size'"):
        HParams.load(path, z_sise=3)


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


def test_overrides_from_the_command_line():
    items = ["kl_weight=1.0", "enc_model=layer_norm", 'data_set=["a", "b=c"]', "conditional=False", "z_size = 8"]
    values = {"kl_weight": 1.0, "enc_model": "layer_norm", "data_set": ["a", "b=c"], "conditional": False, "z_size": 8}
    overrides = HParams.parse_overrides([*items, "description=a b=c", "is_training=true", "decay_rate=1e-1"])
    assert overrides == {**values, "description": "a b=c", "is_training": True, "decay_rate": 0.1}
    assert HParams(**overrides).data_set == ["a", "b=c"]
    assert HParams(**HParams.parse_overrides(["data_set=flying saucer"])).data_set == ["flying saucer"]


@pytest.mark.parametrize(
    ("items", "message"),
    [
        (["kl_weight"], r"--set kl_weight: expected KEY=VALUE"),
        (["kl_wait=1"], r"--set kl_wait=1: unknown key 'kl_wait'; did you mean 'kl_weight'"),
        (["=1"], "unknown key ''"),
        (["z_size=1", "z_size=2"], "'z_size' is set twice"),
        (['data_set=["a"'], "broken JSON"),
    ],
)
def test_overrides_that_make_no_sense(items, message):
    with pytest.raises(InputError, match=message):
        HParams.parse_overrides(items)


def test_a_failed_write_leaves_the_old_file_and_no_draft(tmp_path):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "kept").write_text("old")
    with pytest.raises(InputError, match="cannot be written"):
        write_atomically(tmp_path / "full", b"new")
    assert [path.name for path in tmp_path.iterdir()] == ["full"]
    with pytest.raises(InputError, match="cannot be written"):
        write_atomically(tmp_path / "full" / "kept" / "below.json", b"new")
    assert (tmp_path / "full" / "kept").read_text() == "old"


OF_ONE_RUN = sorted(path for path in CONFIGS.glob("*.json") if not path.stem.startswith("kl_"))  # see test_sweep.py


@pytest.mark.parametrize("path", OF_ONE_RUN, ids=lambda path: path.stem)
def test_every_config_loads_and_differs_from_the_defaults_only_where_it_says(path):
    hparams, written = HParams.load(path), json.loads(path.read_text())
    assert f"--config configs/{path.name}" in hparams.description
    assert "Data:" in hparams.description
    assert "Loss and time:" in hparams.description
    defaults = HParams().model_dump()
    assert [key for key, value in written.items() if value == defaults[key]] == []


def test_the_promised_configs_are_there():
    conditional = {path.stem: HParams.load(path).conditional for path in OF_ONE_RUN}
    promised = {"quickstart", "cat", "flying_saucer", "aaron_sheep", "kanji"}
    assert {name: conditional[name] for name in [*promised, "owl"]} == {**dict.fromkeys(promised, True), "owl": False}
