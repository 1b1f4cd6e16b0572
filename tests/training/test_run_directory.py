"""A run directory: its files, what a new run refuses to touch, and what a checkpoint must be to be resumed."""

import dataclasses
import json
import re
import shutil
import time

import numpy as np
import pytest
from support.tiny import untrained_model
from support.tiny_run import HPARAMS, LONGEST, NUM_STEPS, SAVE_EVERY, arrays, contents

from sketch_rnn_keras._version import __version__
from sketch_rnn_keras.errors import InputError, TrainingWarning
from sketch_rnn_keras.hparams import HParams
from sketch_rnn_keras.model.optimizer import make_optimizer
from sketch_rnn_keras.training.run_directory import RESUMABLE, Progress, RunDirectory, last_step


def build(hparams):
    """A model and its optimiser, ready for a checkpoint."""
    model = untrained_model(**hparams.model_dump(exclude_unset=True))
    optimizer = make_optimizer(hparams)
    optimizer.build(model.trainable_variables)
    return model, optimizer


def begin(run, data):
    """Begin a new run, as a training does."""
    with run.occupied(resume=False):
        run.begin(HPARAMS, data, resume=False)


@pytest.fixture
def run(trained_run, tmp_path):
    """A copy of the finished run."""
    return RunDirectory(shutil.copytree(trained_run.whole, tmp_path / "run"))


@pytest.fixture
def killed(trained_run, tmp_path):
    """A copy of the run that was killed after step 37, whose last checkpoint is that of step 30."""
    return RunDirectory(shutil.copytree(trained_run.killed, tmp_path / "run"))


# ---------------------------------------------------------------------------------------------------------- files


def test_a_run_directory_holds_these_files(trained_run):
    paths = {str(path.relative_to(trained_run.whole)) for path in contents(trained_run.whole)}
    pictures = {f"samples/step_{step:08d}.svg" for step in range(SAVE_EVERY, NUM_STEPS + 1, SAVE_EVERY)}
    files = {"config.json", "history.csv", "clock.json", "model.keras", "model_card.md", ".lock"}
    files |= {f"checkpoints/{name}.npz" for name in ("last", "previous", "best")}
    assert {path for path in paths if "tfevents" not in path} == files | pictures


def test_the_configuration_holds_every_resolved_hyperparameter(trained_run, data):
    config = json.loads((trained_run.whole / "config.json").read_text())
    assert config["hparams"].keys() == HParams.model_fields.keys()
    assert HParams.from_dict(config) == HPARAMS.replace(max_seq_len=data.max_seq_len)


def test_the_configuration_holds_what_was_found_in_the_data(trained_run, data):
    config = json.loads((trained_run.whole / "config.json").read_text())
    assert config["scale_factor"] == data.scale_factor
    assert config["max_seq_len"] == data.max_seq_len <= LONGEST
    assert config["data"] == data.sources
    assert all(re.fullmatch("[0-9a-f]{64}", source["sha256"]) for source in config["data"])


def test_the_configuration_says_who_wrote_it(trained_run):
    assert json.loads((trained_run.whole / "config.json").read_text())["sketch_rnn_keras"] == __version__


def test_the_last_step_is_that_of_the_last_checkpoint(trained_run, tmp_path):
    assert last_step(trained_run.whole) == NUM_STEPS
    assert last_step(trained_run.killed) == 30
    assert last_step(tmp_path) == 0


def test_the_cost_of_the_best_is_at_the_weight_that_is_asked_for():
    progress = Progress(step=20, best_step=10, best_recon=1.0, best_kl=2.0)
    assert [progress.best_cost(weight) for weight in (0.0, 0.5)] == [1.0, 2.0]


def test_before_the_first_validation_anything_is_better():
    assert Progress().best_cost(0.5) == float("inf")


# ----------------------------------------------------------------------------------------------------- a new run


@pytest.mark.parametrize("place", ["a run", "a folder", "a file", "below a file"])
def test_a_new_run_touches_nothing_that_is_there(killed, data, tmp_path, place):
    path = tmp_path / place
    if place == "a run":
        path = killed.path
    elif place == "a folder":
        path.mkdir()
        (path / "notes.txt").write_text("mine")
    else:
        (tmp_path / "a file").write_text("mine")
    path = tmp_path / "a file" / "deeper" if place == "below a file" else path
    before = contents(tmp_path)
    with pytest.raises(InputError, match="choose another run directory"):
        begin(RunDirectory(path), data)
    assert contents(tmp_path) == before


def test_a_new_run_in_a_place_that_is_taken_says_how_to_go_on(killed, data):
    with pytest.raises(InputError, match="continue that run with resume=True"):
        begin(RunDirectory(killed.path), data)


def test_an_empty_folder_is_a_place_for_a_new_run(data, tmp_path):
    begin(RunDirectory(tmp_path), data)
    assert (tmp_path / "config.json").exists()


# ---------------------------------------------------------------------------------------------------- resuming


def test_what_was_saved_is_restored(killed):
    hparams = HParams.load(killed.config)
    model, optimizer = build(hparams)
    rng = np.random.default_rng(0)
    values = [rng.normal(size=v.shape).astype("float32") for v in (*model.trainable_variables, *optimizer.variables)]
    for variable, value in zip((*model.trainable_variables, *optimizer.variables), values, strict=True):
        variable.assign(value)
    progress = Progress(step=31, best_step=30, best_recon=0.5, best_kl=0.25)
    killed.save(model, optimizer, progress, is_best=False)
    model, optimizer = build(hparams)
    assert killed.restore(model, optimizer) == progress
    for variable, value in zip((*model.trainable_variables, *optimizer.variables), values, strict=True):
        np.testing.assert_array_equal(variable.numpy(), value.astype(variable.numpy().dtype))


def test_of_a_best_step_the_checkpoint_is_kept_as_the_best(run):
    before = run.last.read_bytes()
    run.save(*build(HParams.load(run.config)), Progress(step=70, best_step=70), is_best=True)
    assert run.best.read_bytes() == run.last.read_bytes() != before == run.previous.read_bytes()


def test_the_same_checkpoint_is_the_same_bytes(run, tmp_path):
    other = RunDirectory(shutil.copytree(run.path, tmp_path / "other"))
    state = build(HParams.load(run.config))
    for one in (run, other):
        one.save(*state, Progress(step=70, best_step=70), is_best=True)
        time.sleep(1.1)  # dates in files are to the second
    assert other.last.read_bytes() == run.last.read_bytes()
    assert other.model.read_bytes() == run.model.read_bytes()


def test_a_checkpoint_holds_plain_arrays(trained_run):
    for array in arrays(trained_run.whole / "checkpoints" / "last.npz").values():  # np.load refuses pickles
        assert array.dtype.kind in "fiuU"


def test_what_may_change_is_how_long_and_how_often():
    assert {"num_steps", "save_every", "log_every", "description"} == RESUMABLE


OTHERS = {
    "z_size": 5,
    "dec_model": "hyper",
    "learning_rate": 0.02,
    "use_input_dropout": True,
    "squash_start": True,
    "data_set": ["doodles:cat:60"],
    "seed": 1,
    "precision": "mixed_bfloat16",
}


@pytest.mark.parametrize("name", OTHERS)
def test_a_resumed_run_changes_no_other_hyperparameter(killed, data, name):
    hparams = HParams.load(killed.config, **{name: OTHERS[name]})
    before = contents(killed.path)
    with pytest.raises(
        InputError, match=f"may change only description, log_every, num_steps, save_every; {name} differ"
    ):
        killed.begin(hparams, data, resume=True)
    assert contents(killed.path) == before


@pytest.mark.parametrize("name", sorted(RESUMABLE))
def test_a_resumed_run_may_change_these_and_writes_them_down(killed, data, name):
    hparams = HParams.load(killed.config).replace(**{name: "longer" if name == "description" else 99})
    killed.begin(hparams, data, resume=True)
    assert HParams.load(killed.config) == hparams


def test_a_resumed_run_needs_the_same_data(killed, data):
    changed = [{**data.sources[0], "sha256": "0" * 64}, *data.sources[1:]]
    with pytest.raises(InputError, match="the data has changed since this run began"):
        killed.begin(HParams.load(killed.config), dataclasses.replace(data, sources=changed), resume=True)


def test_the_names_of_the_data_may_have_changed(killed, data):
    renamed = [{**source, "name": "elsewhere.npz"} for source in data.sources]
    killed.begin(HParams.load(killed.config), dataclasses.replace(data, sources=renamed), resume=True)
    assert killed.read_config()["data"] == renamed


def begun_before_squash_start(run):
    config = run.read_config()
    del config["hparams"]["squash_start"]
    run.write_config(config)


def test_a_run_begun_before_a_hyperparameter_was_added_goes_on_with_its_default(run, data):
    hparams = HParams.load(run.config)
    begun_before_squash_start(run)
    run.begin(hparams, data, resume=True)
    assert HParams.load(run.config) == hparams


def test_a_run_begun_before_a_hyperparameter_was_added_goes_on_with_no_other_value(run, data):
    hparams = HParams.load(run.config).replace(squash_start=True)
    begun_before_squash_start(run)
    with pytest.raises(InputError, match="squash_start differ"):
        run.begin(hparams, data, resume=True)


def test_where_there_is_no_run_none_is_resumed(data, tmp_path):
    with pytest.raises(InputError, match="expected a run directory with config.json, received none"):
        RunDirectory(tmp_path / "none").begin(HPARAMS, data, resume=True)
    assert not (tmp_path / "none").exists()


# ------------------------------------------------------------------------------------------------------- damage


def test_a_damaged_record_of_devices_is_refused(killed):
    killed.write_config(killed.read_config() | {"devices": [{"step": "often"}]})
    with pytest.raises(InputError, match=r"config\.json: expected the configuration of a run"):
        killed.read_config()


def test_runs_of_versions_that_knew_one_device_are_noted_as_such(killed, data):
    config = killed.read_config()
    del config["devices"]
    killed.write_config(config)
    now = killed.begin(HParams.load(killed.config), data, resume=True)
    alone = {"step": 0, "devices": 1, "processes": 1}
    assert now["devices"] == [alone]
    killed.note_devices(now, 4, devices=4, processes=2)
    assert killed.read_config()["devices"] == [alone, {"step": 4, "devices": 4, "processes": 2}]


def test_only_devices_that_change_are_noted(killed, data):
    config = killed.begin(HParams.load(killed.config), data, resume=True)
    killed.note_devices(config, 3, devices=1, processes=1)
    assert killed.read_config()["devices"] == [{"step": 0, "devices": 1, "processes": 1}]
    for count in (2, 3):  # the second took no step
        killed.note_devices(config, 3, devices=count, processes=1)
    assert [(one["step"], one["devices"]) for one in killed.read_config()["devices"]] == [(0, 1), (3, 3)]


@pytest.mark.parametrize(
    "text",
    ["{", "[]", "[" * 100_000, '{"hparams": {}}', '{"hparams": {}, "scale_factor": 1, "data": [1]}', "\ud800"],
    ids=["cut", "list", "deep", "keys missing", "other sources", "no UTF-8"],
)
def test_a_damaged_configuration_is_named_and_left(killed, text):
    killed.config.write_bytes(text.encode("utf-8", "surrogatepass"))
    before = contents(killed.path)
    with pytest.raises(InputError, match=r"config\.json") as caught:
        killed.read_config()
    assert len(str(caught.value)) - len(str(killed.config)) < 200
    assert contents(killed.path) == before


@pytest.mark.parametrize("damage", ["missing", "empty", "cut", "text"])
def test_damaged_checkpoints_are_named_and_left(killed, damage):
    content = killed.last.read_bytes()
    for file in (killed.last, killed.previous):
        file.write_bytes({"cut": content[: len(content) // 2], "text": b"not a checkpoint"}.get(damage, b""))
        if damage == "missing":
            file.unlink()
    before = contents(killed.path)
    with pytest.raises(InputError, match=r"last\.npz: expected .*; a copy of .*best\.npz will do"):
        killed.restore(*build(HParams.load(killed.config)))
    assert contents(killed.path) == before


def test_a_checkpoint_of_another_size_is_refused(killed):
    killed.save(*build(HPARAMS.replace(dec_rnn_size=9)), Progress(step=30), is_best=False)
    with pytest.raises(InputError, match=r"last\.npz: .*: expected \(.*\), received \("):
        killed.restore(*build(HParams.load(killed.config)))


def test_a_checkpoint_of_another_model_is_refused(killed):
    killed.save(*build(HPARAMS.replace(conditional=False)), Progress(step=30), is_best=False)
    with pytest.raises(InputError, match=r"last\.npz: expected [0-9]+ arrays of this model, received [0-9]+ others"):
        killed.restore(*build(HParams.load(killed.config)))


def test_a_run_whose_model_its_checkpoints_cannot_hold_is_refused_before_it_is_built(killed, data):
    huge = HParams.load(killed.config).replace(dec_rnn_size=10**6)
    document = killed.read_config()
    killed.write_config(document | {"hparams": huge.model_dump(mode="json")})
    with pytest.raises(InputError, match=r"config\.json: expected hyperparameters of the model in .*last\.npz"):
        killed.begin(huge, data, resume=True)


def test_a_folder_in_the_place_of_the_last_checkpoint_is_left(killed):
    killed.last.unlink()
    killed.last.mkdir()
    with (
        pytest.warns(TrainingWarning, match="is damaged; going on from"),
        pytest.raises(InputError, match=r"last\.npz: cannot be written"),
    ):
        killed.restore(*build(HParams.load(killed.config)))
    assert killed.last.is_dir()
