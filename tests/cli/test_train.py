"""`sketch-rnn train`: a run by the command alone, how it goes on, how it ends, and what it refuses."""

import json
import sys
from pathlib import Path

import pytest
from support.tiny_run import contents, one_dot

from sketch_rnn_keras import cli
from sketch_rnn_keras.errors import TrainingError
from sketch_rnn_keras.training import history, loop

SIZES = ("enc_rnn_size=8", "dec_rnn_size=8", "z_size=3", "num_mixture=2", "batch_size=4", "max_seq_len=45")
STEPS = ("num_steps=4", "save_every=2", "log_every=1")
SET = tuple(part for setting in (*SIZES, *STEPS) for part in ("--set", setting))
DATA = ("--data", "doodles:cat:30", "--data", "doodles:owl:20")


# ------------------------------------------------------------------------------------------------------ a whole run


@pytest.fixture(scope="module")
def run_dir(tmp_path_factory):
    """A run directory of two data sets, made by the command itself."""
    path = tmp_path_factory.mktemp("cli") / "run"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loop, "sample", one_dot)
        patch.setattr(sys, "argv", ["sketch-rnn", "train", *DATA, "--run-dir", str(path), *SET])
        with pytest.raises(SystemExit) as end:
            cli.main()
    assert not end.value.code
    return path


@pytest.mark.tensorflow
def test_training_joins_its_data_sets(run_dir):
    config = json.loads((run_dir / "config.json").read_text())
    names = ["doodles:cat:30", "doodles:owl:20"]
    assert config["hparams"]["data_set"] == [source["name"] for source in config["data"]] == names


@pytest.mark.tensorflow
def test_training_keeps_to_the_limit_of_points(run_dir):
    assert json.loads((run_dir / "config.json").read_text())["max_seq_len"] <= 45


@pytest.mark.tensorflow
def test_training_makes_the_steps_that_were_set(run_dir):
    rows = [(row["step"], row["split"]) for row in history.read(run_dir / "history.csv")]
    assert rows == [("1", "train"), ("2", "train"), ("2", "valid"), ("3", "train"), ("4", "train"), ("4", "valid")]


@pytest.fixture
def trained(monkeypatch):
    """What `loop.train` is called with; it trains nothing."""
    calls = []

    def train(hparams, dataset, run_dir, *, reporter, **options):
        calls.append({"hparams": hparams, "dataset": dataset, "run_dir": run_dir, **options})
        raise KeyboardInterrupt(0)

    monkeypatch.setattr(loop, "train", train)
    return calls


def test_a_configuration_names_its_data(command, trained):
    Path("my.json").write_text('{"data_set": "doodles:owl:20", "z_size": 7, "batch_size": 3}')
    command("train", "--run-dir", "run", "--config", "my.json", "--set", "batch_size=4")
    (call,) = trained
    assert (call["hparams"].data_set, call["hparams"].z_size, call["hparams"].batch_size) == (["doodles:owl:20"], 7, 4)
    assert len(call["dataset"].train) == 20


def test_a_configuration_that_ships_is_taken_by_its_name(command, trained):
    command("train", "--run-dir", "run", "--config", "quickstart", "--set", "z_size=7")
    (call,) = trained
    assert (call["hparams"].data_set, call["hparams"].kl_weight, call["hparams"].z_size) == (["doodles:cat"], 0.3, 7)


def test_data_that_is_given_takes_the_place_of_the_configurations(command, trained):
    Path("my.json").write_text('{"data_set": "nowhere.npz", "batch_size": 4}')
    command("train", "--run-dir", "run", "--config", "my.json", *DATA)
    assert trained[0]["hparams"].data_set == ["doodles:cat:30", "doodles:owl:20"]


def test_what_was_left_out_of_the_data_is_said(command, trained):
    _, _, err = command("train", "--run-dir", "run", *DATA, *SET)
    assert "data   doodles:cat:30, doodles:owl:20: " in err
    assert "of more than 45 points (number " in err


def test_a_resumed_run_takes_its_own_configuration_and_data(command, trained, trained_run):
    command("train", "--resume", "--run-dir", trained_run.whole, "--set", "num_steps=99")
    (call,) = trained
    config = json.loads((trained_run.whole / "config.json").read_text())
    assert call["resume"]
    assert call["hparams"].model_dump(mode="json") == config["hparams"] | {"num_steps": 99}
    assert call["dataset"].sources == config["data"]


def test_resuming_a_finished_run_changes_nothing(command, trained_run):
    before = contents(trained_run.whole)
    status, out, err = command("train", "--resume", "--run-dir", trained_run.whole)
    assert (status, out) == (0, "")
    assert "is trained to step 60 already; to go on, add --set num_steps=N" in err
    assert contents(trained_run.whole) == before


# -------------------------------------------------------------------------------------------------------- fine-tuning


def test_a_model_to_start_from_gives_its_shape_and_what_it_replaces_is_said(command, trained):
    Path("my.json").write_text('{"z_size": 32, "num_mixture": 20, "batch_size": 7}')
    _, _, err = command("train", "--from", "doodles", "--config", "my.json", "--run-dir", "run", *DATA)
    (call,) = trained
    shape = {"conditional": True, "dec_rnn_size": 384, "enc_rnn_size": 128, "z_size": 16, "num_mixture": 20}
    assert shape.items() <= call["hparams"].shape.items()
    assert (call["start"], call["hparams"].batch_size) == ("doodles", 7)
    assert "note   as doodles has them, in place of those in --config: z_size 16 (not 32)\n" in err


@pytest.mark.tensorflow
def test_a_run_that_began_with_a_model_says_so_and_goes_on(command, models, monkeypatch):
    monkeypatch.setattr(loop, "sample", one_dot)
    command("train", "--from", models / "gen.keras", "--run-dir", "run", *DATA, *SET[2:])
    _, out, _ = command("info", "run")
    assert f"trained from {models / 'gen.keras'} (SHA-256 " in out
    status, _, err = command("train", "--resume", "--run-dir", "run", "--set", "num_steps=5")
    assert (status, "done   " in err) == (0, True)


def test_what_is_set_against_the_model_is_refused(refused):
    message = refused("train", "--from", "doodles", "--run-dir", "run", *DATA, "--set", "z_size=3")
    assert "z_size: expected 16, received 3\nThe weights of doodles have their shape; leave z_size out" in message
    assert not Path("run").exists()


# ------------------------------------------------------------------------------------------------------------ endings


@pytest.mark.parametrize(
    ("error", "status", "message"),
    [
        (KeyboardInterrupt(17), 130, "saved at step 17. To go on: sketch-rnn train --resume --run-dir run"),
        (KeyboardInterrupt(), 130, ""),
        (TrainingError("the train cost at step 9 is not finite"), 1, "step 9"),
    ],
    ids=["Ctrl-C", "second Ctrl-C", "divergence"],
)
def test_exit_status(command, monkeypatch, error, status, message):
    def end(*_, **__):
        raise error

    monkeypatch.setattr(loop, "train", end)
    code, out, err = command("train", "--run-dir", "run", "--data", "doodles:cat:30")
    assert (code, out) == (status, "")
    assert message in err


# ----------------------------------------------------------------------------------------------------------- refusals


@pytest.mark.parametrize("config", [[], ["--config", "aaron_sheep"]])
def test_data_that_was_not_given_is_asked_for(refused, config):
    message = refused("train", "--run-dir", "run", *config)
    assert "expected data to train on: add --data, such as --data doodles:cat (built in)" in message
    assert not Path("run").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--set", "kl_wieght=1"], "--set kl_wieght=1: unknown key 'kl_wieght'; did you mean 'kl_weight'?"),
        (["--set", "kl_weight"], "--set kl_weight: expected KEY=VALUE, such as --set kl_weight=1.0"),
        (["--set", "z_size=1", "--set", "z_size=2"], "sketch-rnn: --set z_size=2: 'z_size' is set twice"),
        (["--set", "batch_size=many"], "'batch_size': expected a whole number"),
        (["--set", "batch_size=400"], "batch_size: expected at most the 30 sketches of the training split"),
        (["--set", "batch_size=400"], "train with --set batch_size=30"),
        (["--config", "none.json"], "none.json: No such file; expected a JSON file of hyperparameters, or one that"),
        (["--data", "folder/none.npz"], "no data file folder/none.npz"),
        (["--data", "doodles:dog"], "doodles:dog"),
        (["--resume"], "expected a run directory"),
        (["--resume", "--config", "a.json"], "leave --config out"),
        (["--resume", "--from", "doodles"], "leave --from out"),
        (["--from", "doodels"], "did you mean doodles?"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_cannot_be_trained_is_refused(refused, arguments, message):
    data = [] if {"--data", "--resume"} & set(arguments) else ["--data", "doodles:cat:30"]
    assert message in refused("train", "--run-dir", "run", *data, *arguments)
    assert not Path("run").exists()


def test_a_run_that_is_there_is_left_alone_and_the_flag_to_go_on_is_named(refused, trained_run):
    before = contents(trained_run.whole)
    message = refused("train", "--run-dir", trained_run.whole, "--data", "doodles:cat:30", *SET)
    assert "continue that run with --resume, or choose another run directory" in message
    assert contents(trained_run.whole) == before


@pytest.mark.parametrize("place", ["file", "file/run"])
def test_a_file_in_the_way_is_left_alone(refused, place):
    Path("file").write_text("mine")
    assert "choose another run directory" in refused("train", "--run-dir", place, "--data", "doodles:cat:30", *SET)
    assert Path("file").read_text() == "mine"


def test_a_run_does_not_go_on_with_other_hyperparameters(refused, trained_run):
    changes = ("--set", "z_size=9", "--set", "num_steps=99")
    assert "z_size differ" in refused("train", "--resume", "--run-dir", trained_run.whole, *changes)


def test_a_run_does_not_go_on_with_other_data(refused, trained_run):
    changes = ("--data", "doodles:cat:30", "--data", "doodles:owl:20", "--set", "num_steps=99")
    assert "the data has changed" in refused("train", "--resume", "--run-dir", trained_run.whole, *changes)
