"""Facts about the command line: what each command prints and writes, and how it ends when its input is wrong."""

import json
import os
import pickle
import subprocess
import sys
import zipfile
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from support import paths

from sketch_rnn_keras import cli
from sketch_rnn_keras._version import __version__
from sketch_rnn_keras.training import history, loop

SIZES = ("enc_rnn_size=8", "dec_rnn_size=8", "z_size=3", "num_mixture=2", "batch_size=4", "max_seq_len=45")
STEPS = ("num_steps=4", "save_every=2", "log_every=1")
SET = tuple(part for setting in (*SIZES, *STEPS) for part in ("--set", setting))
SCRIPTS = paths.ROOT / "scripts"


@pytest.fixture(scope="module")
def run_dir(tmp_path_factory):
    """A run directory of two data sets, made by the command itself."""
    path = tmp_path_factory.mktemp("cli") / "run"
    arguments = ["train", "--data", "doodles:cat:30", "--data", "doodles:owl:20", "--run-dir", str(path), *SET]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["sketch-rnn", *arguments])
        with pytest.raises(SystemExit) as end:
            cli.main()
    assert not end.value.code
    return path


def refused(result) -> str:
    status, out, err = result
    assert (status, out) == (2, "")
    sentence = err[err.index("sketch-rnn: ") :]  # after what was said of the data, if anything
    assert sentence.count("sketch-rnn: ") == 1
    return sentence


# --------------------------------------------------------------------------------------------------------- help


COMMANDS = "train evaluate sweep sample reconstruct plot animate info convert convert-model download download-model"


@pytest.mark.parametrize("arguments", [[], *([name] for name in COMMANDS.split())], ids=" ".join)
def test_help_loads_no_backend(arguments):
    program = (
        "import sys; from sketch_rnn_keras.cli import main\n"
        "try: main()\n"
        "finally: print('loaded:', [m for m in ('tensorflow', 'keras', 'jax', 'matplotlib') if m in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", program, *arguments, "--help"], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    assert "Usage" in result.stdout
    assert "loaded: []" in result.stdout


@pytest.mark.parametrize(("script", "option"), [("train.py", "--resume"), ("sample.py", "--temperature")])
def test_scripts_are_the_commands(script, option):
    environment = os.environ | {"COLUMNS": "200", "TERM": "dumb", "NO_COLOR": "1"}
    result = subprocess.run(
        [sys.executable, SCRIPTS / script, "--help"], capture_output=True, text=True, env=environment
    )
    assert result.returncode == 0, result.stderr
    assert option in result.stdout


# -------------------------------------------------------------------------------------------------- the main path


def test_training_joins_its_data_sets(run_dir):
    config = json.loads((run_dir / "config.json").read_text())
    names = ["doodles:cat:30", "doodles:owl:20"]
    assert config["hparams"]["data_set"] == [source["name"] for source in config["data"]] == names
    assert config["max_seq_len"] <= 45
    rows = [(row["step"], row["split"]) for row in history.read(run_dir / "history.csv")]
    assert rows == [("1", "train"), ("2", "train"), ("2", "valid"), ("3", "train"), ("4", "train"), ("4", "valid")]


@pytest.mark.parametrize("picture", ["a.svg", "new/folder/a.png"])
def test_sample_writes_a_picture(command, run_dir, picture):
    status, out, err = command("sample", "--model", run_dir, "--output", picture, "--count", 3, "--labels")
    assert (status, out) == (0, "")
    assert "3 sketches" in err
    content = Path(picture).read_bytes()
    if picture.endswith(".png"):
        assert content.startswith(b"\x89PNG")
    else:
        assert ElementTree.fromstring(content).tag.endswith("svg")


def test_sample_repeats_itself(command, run_dir):
    for name, seed in (("a.svg", 7), ("b.svg", 7), ("c.svg", 8)):
        assert command("sample", "--model", run_dir, "--output", name, "--count", 3, "--seed", seed)[0] == 0
    a, b, c = (Path(name).read_bytes() for name in ("a.svg", "b.svg", "c.svg"))
    assert a == b != c


def test_sample_asks_before_it_replaces(command, run_dir):
    Path("a.svg").write_text("mine")
    assert "--overwrite" in refused(command("sample", "--model", run_dir, "--output", "a.svg", "--count", 2))
    assert Path("a.svg").read_text() == "mine"
    assert command("sample", "--model", run_dir, "--output", "a.svg", "--count", 2, "--overwrite")[0] == 0
    assert Path("a.svg").read_text().startswith("<?xml")


def test_evaluate_prints_one_json_object(command, run_dir):
    status, out, _ = command("evaluate", "--model", run_dir)
    assert status == 0
    result = json.loads(out)
    assert result["data"] == ["doodles:cat:30", "doodles:owl:20"]
    assert set(result) == {"model", "data", "valid", "test"}
    for split in ("valid", "test"):
        terms = result[split]
        assert set(terms) == {"offset", "pen", "pen_masked", "recon", "recon_masked", "kl", "kl_raw"}
        assert terms["recon"] == pytest.approx(terms["offset"] + terms["pen"], abs=1e-5)
    again = json.loads(command("evaluate", "--model", run_dir, "--split", "valid")[1])
    assert set(again) == {"model", "data", "valid"}
    assert again["valid"] == result["valid"]


def test_evaluate_uses_the_scale_of_the_model(command, run_dir):
    """The best model's validation row in the history is what evaluation finds in the same data."""
    terms = json.loads(command("evaluate", "--model", run_dir, "--split", "valid")[1])["valid"]
    rows = [row for row in history.read(run_dir / "history.csv") if row["split"] == "valid"]
    best = min(rows, key=lambda row: float(row["recon"]))
    assert terms["recon"] == pytest.approx(float(best["recon"]), abs=1e-5)


def test_info_on_a_model(command, run_dir):
    for target in (run_dir, run_dir / "model.keras"):
        status, out, _ = command("info", target)
        assert status == 0
        assert "decoder/W_xh" in out
        assert "conditional; lstm encoder of 8 units" in out
        assert f"trained; file written by sketch_rnn_keras {__version__}" in out
        config = json.loads((run_dir / "config.json").read_text())
        assert config["sketch_rnn_keras"] == __version__
        assert f"N_max {config['max_seq_len']}; scale factor {config['scale_factor']}" in out
        for source in config["data"]:
            assert f"{source['name']} (SHA-256 {source['sha256']})" in out


def test_info_on_a_config(command, run_dir):
    status, out, _ = command("info", run_dir / "config.json")
    assert status == 0
    assert json.loads(out)["dec_rnn_size"] == 8


def test_info_on_data(command):
    status, out, _ = command("info", "doodles:owl:20")
    assert status == 0
    assert [line.split()[:2] for line in out.splitlines()[4:7]] == [["train", "20"], ["valid", "100"], ["test", "100"]]


def test_resuming_a_finished_run(command, run_dir):
    before = {path: path.read_bytes() for path in run_dir.rglob("*") if path.is_file()}
    status, out, err = command("train", "--resume", "--run-dir", run_dir)
    assert (status, out) == (0, "")
    assert "trained to step 4 already" in err
    assert {path: path.read_bytes() for path in run_dir.rglob("*") if path.is_file()} == before


def test_a_run_directory_without_a_model(command, run_dir):
    Path("begun").mkdir()
    Path("begun/config.json").write_bytes((run_dir / "config.json").read_bytes())
    assert "has not saved one yet" in refused(command("sample", "--model", "begun", "--output", "a.svg"))


# -------------------------------------------------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--set", "kl_wieght=1"], "kl_weight"),
        (["--set", "kl_weight"], "expected KEY=VALUE"),
        (["--set", "batch_size=many"], "batch_size"),
        (["--set", "batch_size=400"], "batch_size: expected at most"),
        (["--config", "none.json"], "none.json"),
        (["--data", "folder/none.npz"], "no data file folder/none.npz"),
        (["--data", "doodles:dog"], "doodles:dog"),
        (["--resume"], "expected a run directory"),
        (["--resume", "--config", "a.json"], "leave --config out"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_train_refuses(command, arguments, message):
    data = [] if {"--data", "--resume"} & set(arguments) else ["--data", "doodles:cat:30"]
    assert message in refused(command("train", "--run-dir", "run", *data, *arguments))
    assert not Path("run").exists()


def test_train_leaves_other_folders_alone(command, run_dir):
    Path("file").write_text("mine")
    for place in ("file", "file/run", run_dir):
        assert "--run-dir" in refused(command("train", "--run-dir", place, "--data", "doodles:cat:30", *SET))
    assert Path("file").read_text() == "mine"


def test_resuming_with_other_hyperparameters(command, run_dir):
    message = refused(command("train", "--resume", "--run-dir", run_dir, "--set", "z_size=9", "--set", "num_steps=9"))
    assert "z_size differ" in message


def test_resuming_with_other_data(command, run_dir):
    arguments = ("--resume", "--run-dir", run_dir, "--data", "doodles:cat:30", "--set", "num_steps=9")
    assert refused(command("train", *arguments))


class Writes:
    """Pickles into a call that makes the file `path`."""

    def __init__(self, path):
        self.path = str(path)

    def __reduce__(self):
        return open, (self.path, "w")


@pytest.mark.parametrize("name", ["train", "info", "evaluate"])
def test_hostile_data_runs_nothing(command, run_dir, tmp_path, name):
    with zipfile.ZipFile("hostile.npz", "w") as archive:
        for split in ("train", "valid", "test"):
            header = b"\x93NUMPY\x01\x00v\x00{'descr': '|O', 'fortran_order': False, 'shape': (1,), }"
            archive.writestr(f"{split}.npy", header.ljust(127) + b"\n" + pickle.dumps(Writes(tmp_path / "marker")))
    arguments = {
        "train": ["--run-dir", "run", "--data", "hostile.npz"],
        "info": ["hostile.npz"],
        "evaluate": ["--model", run_dir, "--data", "hostile.npz"],
    }
    assert "hostile.npz" in refused(command(name, *arguments[name]))
    assert not (tmp_path / "marker").exists()
    np.load("hostile.npz", allow_pickle=True)["train"]  # what a careless reader would have done
    assert (tmp_path / "marker").exists()


@pytest.mark.parametrize("name", ["a.gif", "a", "a.svg.txt"])
def test_sample_refuses_other_pictures_before_it_looks_for_the_model(command, name):
    assert "expected a file name ending in .svg or .png" in refused(
        command("sample", "--model", "none", "--output", name)
    )


@pytest.mark.parametrize("options", [("--temperature", "-1"), ("--temperature", "nan"), ("--temperature-law", "x")])
def test_sample_refuses_impossible_options(command, run_dir, options):
    assert "temperature" in refused(command("sample", "--model", run_dir, "--output", "a.svg", *options))
    assert not Path("a.svg").exists()


@pytest.mark.parametrize("options", [("--count", "0"), ("--seed", "-1"), ("--max-points", "0"), ("--columns", "0")])
def test_numbers_below_their_least(command, options):
    status, _, err = command("sample", "--model", "none", "--output", "a.svg", *options)
    assert status == 2
    assert options[0] in err


def test_unknown_split(command):
    assert "expected train, valid or test" in refused(command("evaluate", "--model", "none", "--split", "dev"))


@pytest.mark.parametrize("target", ["none.keras", "none.json", "folder/none.npz", "broken.keras", "broken.npz"])
def test_info_on_what_is_not_there_or_broken(command, target):
    for name in ("broken.keras", "broken.npz"):
        Path(name).write_text("not an archive")
    assert target in refused(command("info", target))


# ----------------------------------------------------------------------------------------- endings of a training


@pytest.mark.parametrize(
    ("error", "status", "message"),
    [
        (KeyboardInterrupt(17), 130, "saved at step 17. To go on: sketch-rnn train --resume --run-dir run"),
        (KeyboardInterrupt(), 130, ""),
        (loop.TrainingError("the train cost at step 9 is not finite"), 1, "step 9"),
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


@pytest.mark.parametrize(
    "arguments",
    [
        ["animate", "doodles:cat:20#3", "--output", "a" * 300 + ".svg"],
        ["animate", "a" * 300 + ".svg", "--output", "a.svg"],
        ["info", "a" * 300 + ".npz"],
        ["animate", "doodles:cat:20#3", "--output", "file/a.svg"],
    ],
)
def test_names_that_the_system_refuses_end_in_one_sentence(command, arguments):
    Path("file").touch()
    status, out, err = command(*arguments)
    assert (status, out) == (2, "")
    assert err.count("\n") == 1
    assert [path.name for path in Path().iterdir()] == ["file"]


def test_one_drawing_is_animated_with_a_model_or_without(command, run_dir):
    status, _, err = command("animate", "random", "--model", run_dir, "--output", "a.svg")
    assert status == 0, err
    assert command("animate", "doodles:cat#3", "--output", "b.svg")[0] == 0


def test_a_plan_of_several_trainings_is_no_configuration(command):
    Path("plan.json").write_text('{"hparams": {}, "data_sets": {}, "variants": {}}')
    status, _, err = command("info", "plan.json")
    assert status == 2
    assert "run it with sketch-rnn sweep" in err
