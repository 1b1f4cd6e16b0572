"""The public names: each is there, they come on first use, and nothing else does."""

import importlib
import subprocess
import sys

import pytest

import sketch_rnn_keras

PROMISED = (
    *("HParams", "InputError", "SketchRNN", "complete", "draw_sketches", "encode", "interpolate"),
    *("load_dataset", "load_model", "sample", "train", "__version__"),
)


def run(program):
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    return result.stdout.strip()


def test_no_public_name_is_lost():
    assert set(PROMISED) <= set(sketch_rnn_keras.__all__)


@pytest.mark.parametrize("name", sorted(sketch_rnn_keras.__all__))
def test_a_public_name_can_be_imported_and_is_listed(name):
    assert getattr(sketch_rnn_keras, name) is not None
    assert name in dir(sketch_rnn_keras)


@pytest.mark.parametrize(
    "module", ["latent", "interop.magenta", "interop.sketch_js", "conversion", "training.loop", "strokes"]
)
def test_a_module_that_users_name_can_be_imported(module):
    assert importlib.import_module(f"sketch_rnn_keras.{module}")


def test_conversion_offers_its_one_function():
    from sketch_rnn_keras.conversion import convert

    assert callable(convert)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'sketch_rnn_keras' has no attribute 'draw'"):
        _ = sketch_rnn_keras.draw


HEAVY = "[m for m in ('tensorflow', 'jax', 'keras', 'matplotlib', 'requests', 'shapely') if m in sys.modules]"


@pytest.mark.parametrize(
    "statement",
    [
        "import sketch_rnn_keras",
        "from sketch_rnn_keras import HParams, InputError, load_dataset, load_model",
        "from sketch_rnn_keras import data, strokes, errors, streams, hparams, loading",
        "from sketch_rnn_keras import load_dataset; load_dataset('doodles:cat:1')",
    ],
)
def test_what_needs_no_backend_loads_none(statement):
    loaded = run(f"import sys; {statement}; print({HEAVY})")
    allowed = "['shapely']" if "doodles" in statement else "[]"
    assert loaded == allowed


@pytest.mark.parametrize("backend", ["jax"])
def test_the_package_works_without_tensorflow_under_another_backend(backend):
    program = (
        f"import os, sys; os.environ['KERAS_BACKEND'] = {backend!r}; sys.modules['tensorflow'] = None\n"
        "from sketch_rnn_keras import HParams, SketchRNN, sample, train, encode, load_model\n"
        "model = SketchRNN(HParams(enc_rnn_size=4, dec_rnn_size=4, z_size=2, num_mixture=1, max_seq_len=3))\n"
        "print(len(sample(model, 2)))"
    )
    assert run(program) == "2"
