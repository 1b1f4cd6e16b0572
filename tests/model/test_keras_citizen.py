"""What a Keras user expects of a model: Keras opens its file in a fresh process, and it is built from keywords."""

import os
import subprocess
import sys

import pytest
from support.paths import GOLDEN

from sketch_rnn_keras import InputError
from sketch_rnn_keras.files.presets import presets
from sketch_rnn_keras.hparams import HParams
from sketch_rnn_keras.model.sketch_rnn import SketchRNN

SIZES = {"enc_rnn_size": 4, "dec_rnn_size": 6, "z_size": 3, "num_mixture": 2}


@pytest.mark.parametrize(
    ("imports", "file"),
    [
        ("import keras, sketch_rnn_keras", presets()["doodles-decoder"].file),
        ("import sketch_rnn_keras, keras", GOLDEN / "run_0_1" / "model.keras"),
    ],
    ids=["Keras first, a preset", "Keras last, version 0.1.0"],
)
def test_keras_opens_a_file_in_a_fresh_process(imports, file):
    program = f"{imports}\nprint(type(keras.saving.load_model({str(file)!r})).__name__)"
    environment = os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"}
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=environment)
    assert result.stdout == "SketchRNN\n", result.stderr


def test_importing_the_package_loads_no_backend():
    program = "import sys, sketch_rnn_keras; print([m for m in ('keras', 'tensorflow', 'jax') if m in sys.modules])"
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert result.stdout == "[]\n", result.stderr


def test_keywords_are_short_for_hyperparameters():
    model = SketchRNN(**SIZES, name="small")
    assert model.hparams == HParams(**SIZES)
    assert model.name == "small"


def test_without_anything_it_is_the_default_model():
    assert SketchRNN(dec_rnn_size=6).hparams.z_size == HParams().z_size


def test_hyperparameters_come_in_one_way():
    with pytest.raises(InputError, match="expected an HParams or z_size, received both"):
        SketchRNN(HParams(**SIZES), z_size=4)


def test_a_keyword_that_is_none_is_refused_by_name():
    with pytest.raises(InputError, match="'z_size': expected a whole number"):
        SketchRNN(z_size="many")
