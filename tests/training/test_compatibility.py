"""A run directory of version 0.1.0 opens, evaluates to the numbers it had, and goes on."""

import json
import shutil

import pytest
from support.paths import GOLDEN

from sketch_rnn_keras.data.datasets import load_dataset
from sketch_rnn_keras.hparams import HParams
from sketch_rnn_keras.loading import load_model
from sketch_rnn_keras.training.evaluation import evaluate
from sketch_rnn_keras.training.loop import train
from sketch_rnn_keras.training.run_directory import last_step

OLD = GOLDEN / "run_0_1"  # written by commit a5826d0, with what its `sketch-rnn evaluate` printed


@pytest.fixture(scope="module")
def data():
    return load_dataset("doodles:cat:20")


@pytest.mark.parametrize("split", ["valid", "test"])
def test_it_evaluates_to_the_same_numbers(data, split):
    expected = json.loads((OLD / "evaluated.json").read_text())[split]
    model = load_model(OLD)
    losses = evaluate(model, getattr(data, split), model.hparams.batch_size, model.hparams.max_seq_len)
    assert losses == pytest.approx(expected, rel=2e-6, abs=1e-6)


def test_the_model_says_what_wrote_it():
    model = load_model(OLD / "model.keras")
    assert model.provenance.version == "0.1.0"
    assert [source["name"] for source in model.provenance.data] == ["doodles:cat:20"]


def test_the_run_goes_on(data, tmp_path):
    run = shutil.copytree(OLD, tmp_path / "run")
    assert last_step(run) == 4
    before = (run / "history.csv").read_text()
    train(HParams.load(run / "config.json", num_steps=6), data, run, resume=True)
    assert last_step(run) == 6
    assert (run / "history.csv").read_text().startswith(before)
