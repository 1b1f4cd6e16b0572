"""Facts about training: what it writes, that it repeats itself through any interruption, and what it refuses."""

import dataclasses
import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from sketch_rnn_keras._version import __version__
from sketch_rnn_keras.data.datasets import load_dataset
from sketch_rnn_keras.errors import InputError, TrainingError
from sketch_rnn_keras.hparams import HParams
from sketch_rnn_keras.loading import load_model
from sketch_rnn_keras.model.sketch_rnn import SketchRNN
from sketch_rnn_keras.training import history, loop, schedules
from sketch_rnn_keras.training.evaluation import evaluate
from sketch_rnn_keras.training.loop import last_step, make_optimizer, train
from sketch_rnn_keras.training.run_directory import Progress, RunDirectory

NUM_STEPS, SAVE_EVERY, KILLED_AT = 60, 10, 37
SMALL = {
    "enc_rnn_size": 8,
    "dec_rnn_size": 12,
    "z_size": 4,
    "num_mixture": 2,
    "batch_size": 4,
    "num_steps": NUM_STEPS,
    "save_every": SAVE_EVERY,
    "log_every": 1,
    "learning_rate": 0.01,
    "decay_rate": 0.99,
    "kl_decay_rate": 0.9,
}
HPARAMS = HParams(**SMALL, data_set=["doodles:cat:60"])


@pytest.fixture(scope="module")
def data():
    return load_dataset("doodles:cat:60", max_seq_len=42)


class Recorder:
    """A reporter that keeps what it hears, and acts at the end of a step."""

    def __init__(self, step: int = -1, action=None):
        self.steps, self.records, self._at, self._action = [], [], step, action

    def record(self, step, split, values):
        self.records.append((step, split, values))

    def step(self, step):
        self.steps.append(step)
        if step == self._at:
            self._action()


@pytest.fixture(scope="module")
def runs(data, tmp_path_factory):
    """One training: `.whole` as it ended, `.killed` as its directory was when step 37 was done."""
    folder = tmp_path_factory.mktemp("runs")
    whole, killed = folder / "whole", folder / "killed"
    reporter = Recorder(KILLED_AT, lambda: shutil.copytree(whole, killed))
    model = train(HPARAMS, data, whole, reporter=reporter)
    return SimpleNamespace(whole=whole, killed=killed, reporter=reporter, model=model)


def arrays(path) -> dict:
    with np.load(path) as file:
        return {name: file[name] for name in file.files}


def assert_same_run(ours, other):
    assert (ours / "history.csv").read_bytes() == (other / "history.csv").read_bytes()
    for name in ("last.npz", "best.npz"):
        mine, theirs = arrays(ours / "checkpoints" / name), arrays(other / "checkpoints" / name)
        assert mine.keys() == theirs.keys()
        for key, array in mine.items():
            np.testing.assert_array_equal(array, theirs[key], err_msg=key)


def contents(folder: Path) -> dict:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


# ------------------------------------------------------------------------------------------------ a whole training


def test_the_cost_falls(runs):
    costs = [float(row["cost"]) for row in history.read(runs.whole / "history.csv") if row["split"] == "train"]
    assert np.mean(costs[-10:]) < np.mean(costs[:3]) - 0.3


def test_rows_of_the_history(runs):
    rows = history.read(runs.whole / "history.csv")
    assert tuple(rows[0]) == history.COLUMNS
    expected = [(str(step), "train") for step in range(1, NUM_STEPS + 1)]
    expected += [(str(step), "valid") for step in range(SAVE_EVERY, NUM_STEPS + 1, SAVE_EVERY)]
    assert [(row["step"], row["split"]) for row in rows] == sorted(expected, key=lambda pair: (int(pair[0]), pair[1]))
    for row in rows:
        value = {key: float(text) for key, text in row.items() if key != "split"}
        assert value["recon"] == pytest.approx(value["offset"] + value["pen"], abs=1e-5)
        assert value["recon_masked"] == pytest.approx(value["offset"] + value["pen_masked"], abs=1e-5)
        assert value["cost"] == pytest.approx(value["recon"] + value["kl_weight"] * value["kl"], abs=1e-9)
        floored = max(value["kl_raw"], HPARAMS.kl_tolerance)
        assert value["kl"] >= floored - 1e-6  # a validation averages what is floored batch by batch
        assert row["split"] == "valid" or value["kl"] == pytest.approx(floored)


def test_the_schedules_are_those_of_each_step(runs):
    for row in history.read(runs.whole / "history.csv"):
        step = int(row["step"])
        assert float(row["learning_rate"]) == schedules.learning_rate(step - 1, HPARAMS)
        weight_step = step - 1 if row["split"] == "train" else step
        assert float(row["kl_weight"]) == schedules.kl_weight(weight_step, HPARAMS)


def test_the_reporter_hears_what_the_history_holds(runs):
    rows = history.read(runs.whole / "history.csv")
    assert [(str(step), split) for step, split, _ in runs.reporter.records] == [(r["step"], r["split"]) for r in rows]
    assert [values["cost"] for *_, values in runs.reporter.records] == [float(row["cost"]) for row in rows]
    assert runs.reporter.steps == list(range(1, NUM_STEPS + 1))


def test_files_of_a_run(runs, data):
    config = json.loads((runs.whole / "config.json").read_text())
    assert config["sketch_rnn_keras"] == __version__
    assert HParams.from_dict(config) == HPARAMS.replace(max_seq_len=data.max_seq_len)
    assert config["scale_factor"] == data.scale_factor
    assert config["max_seq_len"] == data.max_seq_len <= 42
    assert config["data"] == data.sources
    assert len(config["data"][0]["sha256"]) == 64
    names = {str(path.relative_to(runs.whole)) for path in contents(runs.whole) if "tfevents" not in path.name}
    pictures = {f"samples/step_{step:08d}.svg" for step in range(SAVE_EVERY, NUM_STEPS + 1, SAVE_EVERY)}
    files = {"config.json", "history.csv", "model.keras", "checkpoints/last.npz", "checkpoints/best.npz"}
    assert names == files | pictures


@pytest.mark.tensorflow
def test_tensorboard_events(runs):
    assert list(runs.whole.glob("events.out.tfevents.*"))


def test_the_last_checkpoint_is_the_model_returned(runs):
    last = arrays(runs.whole / "checkpoints" / "last.npz")
    for variable in runs.model.trainable_variables:
        np.testing.assert_array_equal(last[f"weights/{variable.path}"], variable.numpy())
    assert last_step(runs.whole) == NUM_STEPS
    assert last_step(runs.killed) == 30


def test_the_best_checkpoint_is_the_saved_model(runs, data):
    rows = [row for row in history.read(runs.whole / "history.csv") if row["split"] == "valid"]
    best, model = arrays(runs.whole / "checkpoints" / "best.npz"), load_model(runs.whole)
    assert model.scale_factor == data.scale_factor
    for variable in model.trainable_variables:
        np.testing.assert_array_equal(best[f"weights/{variable.path}"], variable.numpy())
    progress = json.loads(str(best["progress"]))
    row = next(row for row in rows if int(row["step"]) == progress["best_step"] == progress["step"])
    assert (progress["best_recon"], progress["best_kl"]) == (float(row["recon"]), float(row["kl"]))


# --------------------------------------------------------------------------------------------------------- resuming


def test_killed_and_resumed_is_the_whole_training(runs, data, tmp_path):
    run = shutil.copytree(runs.killed, tmp_path / "run")
    assert [row["step"] for row in history.read(run / "history.csv")][-1] == str(KILLED_AT)
    reporter = Recorder()
    train(HPARAMS, data, run, resume=True, reporter=reporter)
    assert reporter.steps == list(range(31, NUM_STEPS + 1))
    assert_same_run(run, runs.whole)


def test_a_run_killed_between_the_two_checkpoints_gets_its_best_one(runs, tmp_path):
    run = RunDirectory(shutil.copytree(runs.whole, tmp_path / "run"))
    model = SketchRNN(HParams.load(run.config))
    optimizer = make_optimizer(model.hparams)
    optimizer.build(model.trainable_variables)
    run.save(model, optimizer, Progress(step=70, best_step=70), is_best=False)
    assert run.restore(model, optimizer).step == 70
    assert run.best.read_bytes() == run.last.read_bytes()


def test_a_finished_run_resumes_to_itself(runs, data, tmp_path):
    run = shutil.copytree(runs.whole, tmp_path / "run")
    before = contents(run)
    model = train(HPARAMS, data, run, resume=True)
    after = contents(run)
    assert {path: after[path] for path in before} == before
    np.testing.assert_array_equal(model.output_head.bias.numpy(), runs.model.output_head.bias.numpy())


def test_a_run_begun_before_a_hyperparameter_was_added(runs, data, tmp_path):
    run = RunDirectory(shutil.copytree(runs.whole, tmp_path / "run"))
    config = run.read_config()
    del config["hparams"]["squash_start"]
    run.write_config(config)
    train(HPARAMS, data, run.path, resume=True)
    with pytest.raises(InputError, match="squash_start differ"):
        train(HPARAMS.replace(squash_start=True), data, run.path, resume=True)


def test_what_a_resumed_run_may_not_change(runs, data, tmp_path):
    run = shutil.copytree(runs.killed, tmp_path / "run")
    before = contents(run)
    with pytest.raises(InputError, match="z_size differ"):
        train(HPARAMS.replace(z_size=5), data, run, resume=True)
    other = dataclasses.replace(data, sources=[{**data.sources[0], "sha256": "0" * 64}])
    with pytest.raises(InputError, match="the data has changed"):
        train(HPARAMS, other, run, resume=True)
    assert contents(run) == before


@pytest.mark.parametrize("damage", ["missing", "empty", "cut", "text", "another model's", "config", "sources"])
def test_a_damaged_run(runs, data, tmp_path, damage):
    run = RunDirectory(shutil.copytree(runs.killed, tmp_path / "run"))
    content = run.last.read_bytes()
    if damage == "missing":
        run.last.unlink()
    elif damage == "config":
        run.config.write_text("{")
    elif damage == "sources":
        run.config.write_text(json.dumps(run.read_config() | {"data": [1]}))
    elif damage == "another model's":
        model = SketchRNN(HPARAMS.replace(dec_rnn_size=9))
        optimizer = make_optimizer(HPARAMS)
        optimizer.build(model.trainable_variables)
        run.save(model, optimizer, Progress(step=30), is_best=False)
    else:
        run.last.write_bytes({"empty": b"", "cut": content[: len(content) // 2], "text": b"not a checkpoint"}[damage])
    before = contents(run.path)
    with pytest.raises(InputError, match=r"config\.json" if damage in ("config", "sources") else r"last\.npz"):
        train(HPARAMS, data, run.path, resume=True)
    assert contents(run.path) == before


def test_no_run_to_resume(data, tmp_path):
    with pytest.raises(InputError, match=r"expected a run directory"):
        train(HPARAMS, data, tmp_path / "none", resume=True)
    assert not (tmp_path / "none").exists()


# ------------------------------------------------------------------------------------------------------ refusals


@pytest.mark.parametrize("place", ["a run", "a folder", "a file", "below a file"])
def test_a_new_run_touches_nothing_that_is_there(runs, data, tmp_path, place):
    run = tmp_path / "run"
    if place == "a run":
        shutil.copytree(runs.killed, run)
    elif place == "a folder":
        run.mkdir()
        (run / "notes.txt").write_text("mine")
    else:
        run.write_text("mine")
    before = contents(tmp_path)
    with pytest.raises(InputError, match="run-dir"):
        train(HPARAMS, data, run / "deeper" if place == "below a file" else run)
    assert contents(tmp_path) == before


def test_a_batch_larger_than_the_data(data, tmp_path):
    with pytest.raises(InputError, match=f"^batch_size: .*batch_size={len(data.train)}"):
        train(HPARAMS.replace(batch_size=500), data, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_model_that_is_not_for_training(data, tmp_path):
    with pytest.raises(InputError, match="^is_training: "):
        train(HPARAMS.replace(is_training=False), data, tmp_path / "run")


# ---------------------------------------------------------------------------- the loop, with a stand-in for its step

ZERO_TERMS = dict.fromkeys(("offset", "pen", "recon", "recon_masked", "pen_masked", "kl", "kl_raw"), 0.0)


def without_validation(data):
    nothing = np.zeros(0, np.int64)
    return dataclasses.replace(data, valid=dataclasses.replace(data.valid, starts=nothing, lengths=nothing))


@pytest.fixture
def stand_in(monkeypatch):
    """A loop whose compiled step only keeps its arguments, and changes one weight; `.terms[step]` are its losses."""
    double = SimpleNamespace(calls=[], terms={}, validations={}, growth=1.0, EventWriter=None)

    def compiled_update(model, optimizer, objective):
        def update(*arguments):
            double.calls.append((*arguments, float(optimizer.learning_rate)))
            model.output_head.bias.assign(model.output_head.bias + double.growth)
            return ZERO_TERMS | double.terms.get(len(double.calls), {})

        return update

    def evaluate(model, *_):
        return ZERO_TERMS | double.validations.get(len(double.calls), {})

    double.compiled_update = compiled_update
    monkeypatch.setattr(loop, "backend", lambda: double)
    monkeypatch.setattr(loop, "evaluate", evaluate)
    monkeypatch.setattr(loop, "sample", lambda *_, **__: [np.array([[1, 1, 1]])])
    return double


def test_what_a_step_is_given(stand_in, data, tmp_path):
    train(HPARAMS.replace(num_steps=8), data, tmp_path / "run")
    strokes, lengths, noises, seeds, weights, rates = zip(*stand_in.calls, strict=True)
    assert {(batch.shape, batch.dtype.name) for batch in strokes} == {((4, data.max_seq_len + 1, 5), "float32")}
    assert {(n.shape, n.dtype.name) for n in lengths} == {((4,), "int32")}
    assert {(noise.shape, noise.dtype.name) for noise in noises} == {((4, 4), "float32")}
    for values in (strokes, noises, seeds):
        assert len({np.asarray(value).tobytes() for value in values}) == 8
    np.testing.assert_allclose(weights, [schedules.kl_weight(step, HPARAMS) for step in range(8)])
    np.testing.assert_allclose(rates, [schedules.learning_rate(step, HPARAMS) for step in range(8)], rtol=1e-6)


def test_what_a_step_is_given_depends_on_seed_and_step_alone(stand_in, data, tmp_path):
    train(HPARAMS.replace(num_steps=10), data, tmp_path / "run")
    train(HPARAMS.replace(num_steps=13), data, tmp_path / "run", resume=True)
    first, stand_in.calls = stand_in.calls, []
    train(HPARAMS.replace(num_steps=13), data, tmp_path / "again")
    for ours, others in zip(first, stand_in.calls, strict=True):
        for value, other in zip(ours, others, strict=True):
            np.testing.assert_array_equal(value, other)
    same, stand_in.calls = stand_in.calls, []
    train(HPARAMS.replace(num_steps=13, seed=1), data, tmp_path / "other")
    for ours, others in zip(same, stand_in.calls, strict=True):
        assert all(not np.array_equal(ours[i], others[i]) for i in (0, 2, 3))


def test_which_steps_are_logged_and_saved(stand_in, data, tmp_path):
    train(HPARAMS.replace(num_steps=25, log_every=7), data, tmp_path / "run")
    rows = [(int(row["step"]), row["split"]) for row in history.read(tmp_path / "run" / "history.csv")]
    logged, saved = (1, 7, 14, 21), (10, 20, 25)
    assert rows == sorted([(step, "train") for step in logged] + [(step, "valid") for step in saved])
    assert sorted(path.name for path in (tmp_path / "run" / "samples").iterdir()) == [
        f"step_{step:08d}.svg" for step in saved
    ]


def test_the_best_checkpoint_is_judged_at_the_weight_of_now(stand_in, data, tmp_path):
    """Step 20 costs more than step 10 did in its own time, and less at the weight that step 20 has."""
    stand_in.validations = {10: {"recon": 1.0, "kl": 2.0}, 20: {"recon": 1.2, "kl": 1.0}, 30: {"recon": 1.3, "kl": 1.0}}
    hparams = HPARAMS.replace(num_steps=30, kl_weight_start=0.01, kl_weight=0.5, kl_decay_rate=0.95)
    w10, w20 = (schedules.kl_weight(step, hparams) for step in (10, 20))
    assert 1.2 + w20 * 1.0 > 1.0 + w10 * 2.0
    assert 1.2 + w20 * 1.0 < 1.0 + w20 * 2.0
    model = train(hparams, data, tmp_path / "run")
    best, last = (arrays(tmp_path / "run" / "checkpoints" / name) for name in ("best.npz", "last.npz"))
    progress = json.loads(str(last["progress"]))
    assert progress == {"step": 30, "best_step": 20, "best_recon": 1.2, "best_kl": 1.0}
    bias = model.output_head.bias.numpy()
    np.testing.assert_allclose(best[f"weights/{model.output_head.bias.path}"], bias - 10, atol=1e-5)
    np.testing.assert_allclose(load_model(tmp_path / "run").output_head.bias.numpy(), bias - 10, atol=1e-5)


def test_the_cost_of_the_best():
    progress = Progress(step=20, best_step=10, best_recon=1.0, best_kl=2.0)
    assert [progress.best_cost(weight) for weight in (0.0, 0.5)] == [1.0, 2.0]
    assert Progress().best_cost(0.5) == float("inf")


@pytest.mark.parametrize("split", ["train", "valid"])
def test_divergence_keeps_the_last_checkpoint(stand_in, data, tmp_path, split):
    if split == "train":
        stand_in.terms = {17: {"recon": float("nan"), "offset": float("nan")}}
    else:
        stand_in.validations = {20: {"recon": float("inf"), "offset": float("inf")}}
    step = 17 if split == "train" else 20
    with pytest.raises(TrainingError, match=f"the {split} cost at step {step} is not finite.*learning_rate"):
        train(HPARAMS, data, tmp_path / "run")
    assert last_step(tmp_path / "run") == 10
    rows = history.read(tmp_path / "run" / "history.csv")
    assert all(np.isfinite(float(row["cost"])) for row in rows)


def test_weights_that_are_not_finite_are_not_saved(stand_in, data, tmp_path):
    stand_in.growth = 1e37  # the bias passes the largest float32 at step 35
    with pytest.raises(TrainingError, match="output_head/bias is not finite after step 40"):
        train(HPARAMS, without_validation(data), tmp_path / "run")
    assert last_step(tmp_path / "run") == 30


def test_without_validation_drawings_the_last_is_the_best(stand_in, data, tmp_path):
    train(HPARAMS.replace(num_steps=20), without_validation(data), tmp_path / "run")
    best, last = (arrays(tmp_path / "run" / "checkpoints" / name) for name in ("best.npz", "last.npz"))
    np.testing.assert_equal(best, last)
    assert {row["split"] for row in history.read(tmp_path / "run" / "history.csv")} == {"train"}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_saves(stand_in, data, tmp_path, number):
    handler = signal.getsignal(number)
    with pytest.raises(KeyboardInterrupt) as caught:
        train(HPARAMS, data, tmp_path / "run", reporter=Recorder(4, lambda: signal.raise_signal(number)))
    assert caught.value.args == (5,)  # the step under way is finished
    assert signal.getsignal(number) is handler
    assert last_step(tmp_path / "run") == 5
    assert not (tmp_path / "run" / "checkpoints" / "best.npz").exists()


def test_a_second_ctrl_c_stops_at_once(stand_in, data, tmp_path):
    def twice():
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt) as caught:
        train(HPARAMS, data, tmp_path / "run", reporter=Recorder(14, twice))
    assert caught.value.args == ()
    assert last_step(tmp_path / "run") == 10


def test_a_run_stopped_before_its_first_checkpoint_begins_again(stand_in, data, tmp_path):
    def stop():
        raise OSError("power cut")

    with pytest.raises(OSError, match="power cut"):
        train(HPARAMS, data, tmp_path / "run", reporter=Recorder(6, stop))
    train(HPARAMS.replace(num_steps=8), data, tmp_path / "run", resume=True)
    rows = history.read(tmp_path / "run" / "history.csv")
    assert [(int(row["step"]), row["split"]) for row in rows] == [*((s, "train") for s in range(1, 9)), (8, "valid")]


# -------------------------------------------------------------------------------------------- history, evaluation


VALUES = dict.fromkeys(history.COLUMNS[2:], 1 / 3)


def write_history(path, steps):
    log = history.History(path)
    for step in steps:
        log.append(step, "train", VALUES)
    return path


def test_a_history_gives_numbers_back_exactly(tmp_path):
    path = write_history(tmp_path / "history.csv", [1])
    assert [float(history.read(path)[0][column]) for column in history.COLUMNS[2:]] == [1 / 3] * len(VALUES)


def test_rows_after_the_step_are_removed(tmp_path):
    path = write_history(tmp_path / "history.csv", [1, 10, 20, 30])
    expected = write_history(tmp_path / "expected.csv", [1, 10, 20]).read_bytes()
    history.History(path, step=20)
    assert path.read_bytes() == expected


@pytest.mark.parametrize("cut", [1, 3, 30])
def test_a_last_row_that_was_cut_off(tmp_path, cut):
    path = write_history(tmp_path / "history.csv", [1, 10])
    path.write_bytes(path.read_bytes()[:-cut])
    assert [row["step"] for row in history.read(path)] == ["1"]
    history.History(path, step=10).append(10, "train", VALUES)
    assert path.read_bytes() == write_history(tmp_path / "expected.csv", [1, 10]).read_bytes()


def test_evaluation_repeats_itself(runs, data):
    ours, again = (evaluate(runs.model, data.valid, 4, data.max_seq_len) for _ in range(2))
    assert ours == again
    assert set(ours) == set(ZERO_TERMS)
    assert ours["recon"] == pytest.approx(ours["offset"] + ours["pen"], abs=1e-5)
    assert ours["recon_masked"] == pytest.approx(ours["offset"] + ours["pen_masked"], abs=1e-5)
    assert ours["kl"] >= max(ours["kl_raw"], HPARAMS.kl_tolerance) - 1e-6
    recorded = [values for step, split, values in runs.reporter.records if (step, split) == (NUM_STEPS, "valid")]
    assert recorded[0]["recon"] == ours["recon"]


def test_evaluation_of_nothing(runs, data):
    with pytest.raises(InputError, match="evaluate: expected at least one sketch"):
        evaluate(runs.model, without_validation(data).valid, 4, data.max_seq_len)


@pytest.mark.tensorflow
def test_decoder_only_hyper_lstm_trains(data, tmp_path, monkeypatch):
    monkeypatch.setattr(loop, "sample", lambda *_, **__: [np.array([[1, 1, 1]])])  # compiling it has its own test
    hparams = HPARAMS.replace(conditional=False, dec_model="hyper", num_steps=2)
    model = train(hparams, without_validation(data), tmp_path / "run")
    rows = history.read(tmp_path / "run" / "history.csv")
    assert [row["step"] for row in rows] == ["1", "2"]
    assert {float(row["kl"]) for row in rows} == {0.0}
    assert rows[0]["recon"] != rows[1]["recon"]
    assert load_model(tmp_path / "run").count_params() == model.count_params()


# ---------------------------------------------------------------------------------------------- whole processes


def start(run_dir, *options) -> subprocess.Popen:
    sizes = ("dec_rnn_size=32", "enc_rnn_size=16", "z_size=4", "num_mixture=2", "max_seq_len=50", "batch_size=10")
    steps = (f"num_steps={NUM_STEPS}", f"save_every={SAVE_EVERY}", "log_every=1")
    command = [sys.executable, "-m", "sketch_rnn_keras.cli", "train", "--run-dir", str(run_dir), *options]
    if "--resume" not in options:
        command += ["--data", "doodles:cat:60", *(part for s in (*sizes, *steps) for part in ("--set", s))]
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True)


def wait_for_step(process, run_dir, step):
    while process.poll() is None:
        path = run_dir / "history.csv"
        rows = history.read(path) if path.exists() else []
        if rows and int(rows[-1]["step"]) >= step:
            return
        time.sleep(0.002)
    pytest.fail(f"ended with {process.returncode}: {process.stderr.read()}")


@pytest.mark.tensorflow
def test_a_process_killed_and_resumed(tmp_path):
    whole, run = start(tmp_path / "whole"), tmp_path / "killed"
    killed = start(run)
    wait_for_step(killed, run, KILLED_AT)
    killed.send_signal(signal.SIGKILL)
    assert killed.wait() == -signal.SIGKILL
    assert KILLED_AT <= int(history.read(run / "history.csv")[-1]["step"]) < NUM_STEPS
    resumed = start(run, "--resume")
    assert resumed.wait() == 0, resumed.stderr.read()
    assert whole.wait() == 0, whole.stderr.read()
    assert_same_run(run, tmp_path / "whole")


@pytest.mark.tensorflow
def test_a_process_interrupted(tmp_path):
    process = start(tmp_path / "run")
    wait_for_step(process, tmp_path / "run", 5)
    process.send_signal(signal.SIGINT)
    _, message = process.communicate()
    assert process.returncode == 130
    assert "Traceback" not in message
    step = last_step(tmp_path / "run")
    assert 5 <= step < NUM_STEPS
    assert f"saved at step {step}" in message
    assert f"sketch-rnn train --resume --run-dir {tmp_path / 'run'}" in message
