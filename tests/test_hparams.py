"""Hyperparameters: the original's names and defaults, what values are possible, and what errors say of the others."""

import copy
import math
import pickle

import numpy as np
import pytest

from sketch_rnn_keras import __version__
from sketch_rnn_keras.errors import InputError
from sketch_rnn_keras.hparams import HParams

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


def test_names_defaults_and_order_are_the_originals():
    assert list(HParams().model_dump().items())[: len(ORIGINAL)] == list(ORIGINAL.items())


def test_what_is_not_the_originals_follows_and_changes_nothing_by_default():
    ours = dict(list(HParams().model_dump().items())[len(ORIGINAL) :])
    assert ours == {"precision": "float32", "squash_start": False, "seed": 0, "log_every": 20, "description": ""}


def test_the_originals_document_is_a_valid_one():
    """It has 0 and 1 for false and true."""
    numbers = {name: int(value) if isinstance(value, bool) else value for name, value in ORIGINAL.items()}
    assert HParams.from_dict(numbers).model_dump(include=set(ORIGINAL)) == ORIGINAL


def test_every_field_is_described_and_keep_probabilities_say_so():
    descriptions = {name: field.description for name, field in HParams.model_fields.items()}
    assert all(descriptions.values())
    keeping = {name for name, description in descriptions.items() if "KEEPING" in description}
    assert keeping == {name for name in descriptions if name.endswith("_dropout_prob")}


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


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("num_steps", 1e5, 100_000),
        ("z_size", np.int64(7), 7),
        ("kl_weight", 1, 1.0),
        ("conditional", 0, False),
        ("is_training", 1.0, True),
        ("data_set", "cat", ["cat"]),
        ("data_set", ("a", "b"), ["a", "b"]),
    ],
    ids=str,
)
def test_what_json_writers_produce_is_accepted_with_the_right_type(name, value, expected):
    found = getattr(HParams(**{name: value}), name)
    assert (found, type(found)) == (expected, type(expected))


def test_an_unknown_key_gets_the_nearest_name_or_the_place_where_all_are():
    with pytest.raises(InputError, match="unknown key 'kl_wieght'; did you mean 'kl_weight'"):
        HParams.from_dict({"kl_wieght": 1.0})
    with pytest.raises(InputError, match=r"unknown key 'qqqq'; HParams\.model_fields lists the \d+ keys$"):
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


def test_hyperparameters_are_immutable():
    with pytest.raises(ValueError, match="frozen"):
        HParams(z_size=8).z_size = 9


def test_a_replaced_value_is_in_a_copy():
    hparams = HParams(z_size=8)
    assert (hparams.replace(z_size=9).z_size, hparams.z_size) == (9, 8)


def test_a_replaced_value_is_checked():
    with pytest.raises(InputError, match="changed hyperparameters: 'z_size'"):
        HParams().replace(z_size=0)


def test_a_list_that_is_changed_is_nobody_elses_default():
    HParams().data_set.append("mine")
    assert HParams().data_set == ["aaron_sheep.npz"]


def test_the_names_that_were_given_are_remembered():
    assert HParams().model_fields_set == set()
    given = HParams.from_dict({"z_size": 8, "kl_weight": 1})
    assert given.model_fields_set == {"z_size", "kl_weight"}
    assert given.replace(max_seq_len=90).model_fields_set == {"z_size", "kl_weight", "max_seq_len"}


@pytest.mark.parametrize("twin_of", [copy.deepcopy, lambda hparams: pickle.loads(pickle.dumps(hparams))])
def test_a_copy_is_equal_and_remembers_them_too(twin_of):
    hparams = HParams(z_size=8)
    assert twin_of(hparams) == hparams
    assert twin_of(hparams).model_fields_set == {"z_size"}


def test_the_shape_is_what_the_weights_are_made_for():
    of_decoder = {"conditional": False, "dec_model": "hyper", "dec_rnn_size": 9, "num_mixture": 3}
    assert HParams(z_size=7, **of_decoder).shape == of_decoder
    of_both = of_decoder | {"conditional": True, "enc_model": "layer_norm", "enc_rnn_size": 5, "z_size": 7}
    assert HParams(**of_both).shape == of_both | {"squash_start": False}


def test_data_is_limited_to_an_n_max_that_was_given():
    assert HParams(max_seq_len=250).length_limit == 250
    assert HParams().length_limit is None


# ---------------------------------------------------------------------------------------- documents of other versions


def test_a_newer_document_with_an_unknown_key_says_so():
    document = {"sketch_rnn_keras": "99.1", "hparams": {"attention": True}}
    hint = f"written by sketch_rnn_keras 99.1, newer than this one, {__version__}; upgrade it"
    with pytest.raises(InputError, match=f"unknown key 'attention'(.|\n)*{hint}"):
        HParams.from_dict(document)


@pytest.mark.parametrize("version", ["0.0.1", __version__, "x", 7, None, "9" * 5000])
def test_only_a_newer_version_is_to_blame(version):
    with pytest.raises(InputError, match="unknown key 'attention'") as caught:
        HParams.from_dict({"sketch_rnn_keras": version, "hparams": {"attention": True}})
    assert "upgrade" not in str(caught.value)


def test_the_plan_of_a_sweep_is_told_from_hyperparameters():
    with pytest.raises(InputError, match="this is the plan of a sweep"):
        HParams.from_dict({"hparams": {}, "data_sets": {}, "variants": {}})


def test_however_much_is_wrong_the_message_is_short():
    wrong = {f"key {k} \x1b[2J {'x' * 300}": k for k in range(10_000)} | {"description": "é" * 9, "z_size": "x" * 9000}
    with pytest.raises(InputError, match=r"my\.json: .*\n.*\n?and \d+ more") as caught:
        HParams.from_dict(wrong, where="my.json")
    assert len(str(caught.value)) < 500
    assert "\x1b" not in str(caught.value)


def test_faults_pass_between_processes():
    with pytest.raises(InputError) as caught:
        HParams(kl_wieght=1)
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


def test_a_version_that_is_very_long_is_cut():
    with pytest.raises(InputError, match="upgrade it") as caught:
        HParams.from_dict({"sketch_rnn_keras": "99" + ".1" * 5000, "hparams": {"attention": True}})
    assert len(str(caught.value)) < 500
