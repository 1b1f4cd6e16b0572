"""`sketch-rnn info`: what a model, a configuration or a data set is, and nothing that would steer a terminal."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from support import paths, tiny_run
from support.tiny import tiny_model

from sketch_rnn_keras._version import __version__
from sketch_rnn_keras.cli.run_report import BLOCKS, PLAIN, WIDTH
from sketch_rnn_keras.interop import sketch_js
from sketch_rnn_keras.training import history
from sketch_rnn_keras.training.run_directory import RunDirectory

CHECKPOINT = paths.GOLDEN / "ckpt" / "vae_lstm"


@pytest.fixture
def info(command):
    """Runs `sketch-rnn info` and returns what it prints."""

    def run(*arguments):
        status, out, err = command("info", *arguments)
        assert status == 0, err
        return out

    return run


@pytest.fixture(scope="module")
def json_model(tmp_path_factory):
    """A decoder as a file of sketch-rnn-js."""
    path = tmp_path_factory.mktemp("js") / "a.gen.json"
    sketch_js.save(tiny_model(conditional=False, num_mixture=20, max_seq_len=45, scale_factor=12.5), path)
    return path


# ---------------------------------------------------------------------------------------------------------- models


@pytest.mark.parametrize("part", ["", "model.keras"])
def test_a_trained_model_says_what_it_is(info, trained_run, part):
    shown = info(trained_run.whole / part)
    assert "conditional; lstm encoder of 6 units each way, z of 3, lstm decoder of 8 units, 2 mixture" in shown
    assert "decoder/W_xh" in shown


def test_a_trained_model_says_who_wrote_it(info, trained_run):
    assert f"trained; file written by sketch_rnn_keras {__version__}" in info(trained_run.whole)


def test_a_trained_model_says_what_it_was_trained_on(info, trained_run):
    config = json.loads((trained_run.whole / "config.json").read_text())
    shown = info(trained_run.whole)
    assert f"N_max {config['max_seq_len']}; scale factor {config['scale_factor']}" in shown
    for source in config["data"]:
        assert f"{source['name']} (SHA-256 {source['sha256']})" in shown


def test_a_model_of_sketch_rnn_js_says_what_it_is(info, json_model):
    shown = info(json_model)
    assert "decoder only; lstm decoder of 8 units" in shown
    assert "N_max 45; scale factor 12.5; data a" in shown
    assert "converted from sketch-rnn-js model a.gen.json, version 6" in shown


@pytest.mark.tensorflow
def test_a_checkpoint_says_which_it_is(info):
    assert "Magenta checkpoint vae_lstm/vector-0" in info(CHECKPOINT)


# ------------------------------------------------------------------------------------------------------------- runs


def line_of(shown, word, part=""):
    return next(line for line in shown.splitlines() if line.startswith(word) and part in line)


def test_a_run_says_how_far_it_came_and_what_was_best(info, trained_run):
    shown = info(trained_run.whole)
    progress = RunDirectory(trained_run.whole).progress()
    assert line_of(shown, "steps") == f"steps  {tiny_run.NUM_STEPS} of {tiny_run.NUM_STEPS}"
    best = line_of(shown, "best")
    assert f"step {progress.best_step}: valid" in best
    assert f"recon {progress.best_recon:+.3f}" in best


def test_a_run_that_was_killed_says_what_of_it_is_saved(info, trained_run):
    assert line_of(info(trained_run.killed), "steps") == f"steps  {tiny_run.KILLED_AT} of 60, saved at step 30"


def test_a_run_says_how_long_it_took(info, trained_run):
    run = Path(shutil.copytree(trained_run.killed, "run"))
    (run / "clock.json").write_text('{"seconds": 3723.4}')
    assert line_of(info(run), "time") == "time   1:02:03 (hours:minutes:seconds)"
    (run / "clock.json").unlink()  # as in runs of earlier versions
    assert "time  " not in info(run)


def test_a_run_shows_the_curves_of_its_cost(info, trained_run):
    shown = info(trained_run.whole)
    for split in ("train", "valid"):
        rows = [row for row in history.read(trained_run.whole / "history.csv") if row["split"] == split]
        line = line_of(shown, "cost", split).removeprefix(f"cost   {split} ")
        assert line.endswith(f" {float(rows[0]['cost']):+.3f} to {float(rows[-1]['cost']):+.3f}")
        assert set(line[:WIDTH].lstrip()) <= set(BLOCKS)
    assert line_of(shown, "cost", "train")[len("cost   train ")] == BLOCKS[-1]  # it falls from the highest


def test_the_curves_are_plain_where_a_terminal_cannot_show_blocks(trained_run):
    describe = f"from pathlib import Path; print(run_report.describe_run(Path({str(trained_run.whole)!r})))"
    program = f"from sketch_rnn_keras.cli import run_report; {describe}"
    environment = os.environ | {"PYTHONIOENCODING": "ascii"}
    shown = subprocess.run([sys.executable, "-c", program], capture_output=True, env=environment, check=True)
    assert set(line_of(shown.stdout.decode("ascii"), "cost", "train")[len("cost   train ") :][:WIDTH]) <= set(PLAIN)


def test_a_run_that_was_never_validated_says_so(info, trained_run):
    run = Path(shutil.copytree(trained_run.killed, "run", ignore=shutil.ignore_patterns("model.keras")))
    rows = (run / "history.csv").read_text().splitlines(keepends=True)
    (run / "history.csv").write_text("".join(row for row in rows[:9] if ",valid," not in row))
    shown = info(run)
    assert line_of(shown, "steps") == f"steps  30 of {tiny_run.NUM_STEPS}"
    assert line_of(shown, "best") == "best   no validation yet"
    assert "cost   valid" not in shown


def test_a_history_whose_steps_are_in_no_order_takes_no_memory(info, trained_run):
    run = Path(shutil.copytree(trained_run.whole, "run"))
    head, *rows = (run / "history.csv").read_text().splitlines(keepends=True)
    (run / "history.csv").write_text(head + "4000000000" + rows[0].removeprefix("1") + "".join(rows))
    assert line_of(info(run), "steps").startswith("steps  4,000,000,000 of")


# ------------------------------------------------------------------------------------------ configurations and data


def test_a_configuration_is_printed_whole(info):
    Path("model_config.json").write_text(' {"dec_rnn_size": 6}')
    shown = json.loads(info("model_config.json"))
    assert (shown["dec_rnn_size"], shown["enc_rnn_size"]) == (6, 256)


def test_the_configuration_of_a_run_is_printed(info, trained_run):
    assert json.loads(info(trained_run.whole / "config.json"))["dec_rnn_size"] == 8


def test_a_data_set_says_how_many_drawings_it_has(info):
    lines = info("doodles:owl:20").splitlines()
    assert [line.split()[:2] for line in lines[4:7]] == [["train", "20"], ["valid", "100"], ["test", "100"]]


def test_a_contact_sheet_is_drawn_beside_it(command):
    status, _, err = command("info", "doodles:owl:20", "--contact-sheet", "a.svg", "--count", 5)
    assert status == 0
    assert "wrote  a.svg: 5 drawings" in err
    assert Path("a.svg").read_text().startswith("<?xml")


# -------------------------------------------------------------------------------------------------------- refusals


@pytest.mark.parametrize("target", ["none.keras", "none.json", "folder/none.npz", "broken.keras", "broken.npz"])
def test_what_is_not_there_or_broken_is_named(refused, target):
    for name in ("broken.keras", "broken.npz"):
        Path(name).write_text("not an archive")
    assert target in refused("info", target)


def test_a_list_that_is_no_model_is_refused(refused):
    Path("list.json").write_text("[1, 2]")
    assert "list of info, shapes and weights" in refused("info", "list.json")


def test_a_sheet_of_a_model_is_refused(refused, json_model):
    message = refused("info", json_model, "--contact-sheet", "a.svg")
    assert "--contact-sheet shows the drawings of a data set" in message
    assert not Path("a.svg").exists()


@pytest.mark.parametrize("option", ["--count", "--seed", "--columns"])
def test_an_option_of_the_sheet_alone_is_refused(refused, option):
    assert f"{option} is for the picture that --contact-sheet names" in refused("info", "doodles:owl:20", option, 3)


def test_control_characters_in_a_model_are_not_passed_on(info, json_model):
    document = json.loads(json_model.read_text())
    document[0]["name"] = "cat\x1b[2J\n"
    Path("m.json").write_text(json.dumps(document))
    shown = info("m.json")
    assert "\x1b" not in shown
    assert "data cat?[2J?" in shown


def test_control_characters_in_a_message_are_not_passed_on(refused):
    Path("c.json").write_text(json.dumps({"\x1b[2J": 1}))
    assert r"unknown key '\x1b[2J'" in refused("info", "c.json")
