"""`sketch-rnn evaluate`: one JSON object, in the units of the model."""

import json

import pytest
from support.tiny import tiny_model
from support.tiny_run import DATA

from sketch_rnn_keras.data.datasets import load_dataset
from sketch_rnn_keras.interop import sketch_js
from sketch_rnn_keras.training import evaluation, history
from sketch_rnn_keras.training.run_directory import RunDirectory


@pytest.fixture
def evaluate(command):
    """Runs `sketch-rnn evaluate` and returns its object and what is said beside it."""

    def run(*arguments):
        status, out, err = command("evaluate", *arguments)
        assert status == 0, err
        return json.loads(out), err

    return run


@pytest.fixture
def calls(monkeypatch):
    """What is evaluated: the model, the split, the batch size and N_max of each call; nothing is computed."""
    found = []
    monkeypatch.setattr(evaluation, "evaluate", lambda *arguments: found.append(arguments) or {"recon": 1.5})
    return found


@pytest.fixture(scope="module")
def without_scale_factor(tmp_path_factory):
    path = tmp_path_factory.mktemp("bare") / "bare.keras"
    tiny_model(conditional=False, scale_factor=None, max_seq_len=45, data_set=["doodles:cat:20"]).save(path)
    return path


def test_the_losses_are_those_of_the_best_validation_in_the_history(evaluate, trained_run):
    """So the drawings are in the model's units, by the model's scale factor."""
    terms = evaluate("--model", trained_run.whole, "--split", "valid")[0]["valid"]
    best = str(RunDirectory(trained_run.whole).progress().best_step)
    rows = history.read(trained_run.whole / "history.csv")
    (row,) = [row for row in rows if (row["step"], row["split"]) == (best, "valid")]
    assert set(terms) == {"offset", "pen", "pen_masked", "recon", "recon_masked", "kl", "kl_raw"}
    for name, value in terms.items():
        assert value == pytest.approx(float(row[name]), rel=1e-5), name


def test_a_model_of_sketch_rnn_js_is_evaluated(evaluate, tmp_path):
    sketch_js.save(tiny_model(conditional=False, num_mixture=20, max_seq_len=45), tmp_path / "a.gen.json")
    arguments = ("--data", "doodles:cat:20", "--split", "valid")
    assert evaluate("--model", "a.gen.json", *arguments)[0]["valid"]["recon"] > 0


def test_valid_and_test_are_evaluated_unless_splits_are_chosen(evaluate, trained_run, calls):
    assert set(evaluate("--model", trained_run.whole)[0]) == {"model", "data", "valid", "test"}
    assert set(evaluate("--model", trained_run.whole, "--split", "train")[0]) == {"model", "data", "train"}


def test_the_data_is_the_models_own_unless_it_is_given(evaluate, trained_run, calls):
    assert evaluate("--model", trained_run.whole)[0]["data"] == list(DATA)
    assert evaluate("--model", trained_run.whole, "--data", "doodles:cat:20")[0]["data"] == ["doodles:cat:20"]


def test_the_batch_size_is_the_models_own_unless_it_is_given(evaluate, trained_run, calls):
    for options in ((), ("--batch-size", 7)):
        evaluate("--model", trained_run.whole, "--split", "valid", *options)
    assert [call[2] for call in calls] == [4, 7]


def test_a_model_without_a_scale_factor_takes_that_of_the_data(evaluate, without_scale_factor, calls):
    _, said = evaluate("--model", without_scale_factor)
    factor = load_dataset("doodles:cat:20", max_seq_len=45).scale_factor
    assert f"the scale factor of the data is taken, {factor:.4f}" in said
    assert [call[0].scale_factor for call in calls] == [factor, factor]


def test_sketches_longer_than_the_model_knows_are_left_out_and_counted(evaluate, without_scale_factor, calls):
    _, said = evaluate("--model", without_scale_factor)
    assert "of more than 45 points" in said
    assert all(call[1].lengths.max() <= call[3] == 45 for call in calls)


def test_an_unknown_split_is_refused_before_the_model_is_looked_for(refused):
    assert "--split: expected one of train, valid, test, received 'dev'" in refused(
        "evaluate", "--model", "none", "--split", "dev"
    )
