"""Several trainings and one table."""

import contextlib
import csv
import json
from types import SimpleNamespace

import numpy as np
import pytest
from support.tiny import SIZES
from support.tiny_run import one_dot

from sketch_rnn_keras import InputError, load_dataset, load_model
from sketch_rnn_keras.data.npz import write_splits
from sketch_rnn_keras.training import loop, sweep
from sketch_rnn_keras.training.evaluation import evaluate

DATA = "doodles:cat:20"
SMALL = {name: size for name, size in SIZES.items() if name != "max_seq_len"} | {"num_steps": 2}
PLAN = {
    "hparams": SMALL,
    "data_sets": {"cats": DATA},
    "variants": {"full": {}, "decoder only": {"conditional": False}},
}
ROWS = [
    {"data": data, "variant": variant, "L_R": -k - 0.004, "L_KL": kl, "best step": 10}
    for data in ("cat", "owl")
    for k, (variant, kl) in enumerate([("w = 1", 0.25), ("w = 0.5", 0.5), ("decoder only", None)])
]


def write(tmp_path, **changes):
    path = tmp_path / "plan.json"
    path.write_text(json.dumps(PLAN | changes))
    return path


def test_a_row_for_each_data_set_and_columns_for_each_variant():
    table = sweep.markdown(ROWS[:-1]).splitlines()
    assert table[0] == "| data | w = 1: L_R | w = 1: L_KL | w = 0.5: L_R | w = 0.5: L_KL | decoder only: L_R |"
    assert table[2:] == [
        "| cat | -0.00 | 0.25 | -1.00 | 0.50 | -2.00 |",
        "| owl | -0.00 | 0.25 | -1.00 | 0.50 |  |",  # not trained yet
    ]


@pytest.mark.parametrize("name", ["kl_tradeoff", "kl_tradeoff_kanji"])
def test_the_thesis_sweep_is_a_plan(name):
    plan = sweep.Plan.load(name)
    for data in plan.data_sets:
        runs = [plan.hparams(data, variant) for variant in plan.variants]
        assert [run.kl_weight for run in runs[:3]] == [1.0, 0.5, 0.25]
        assert [run.conditional for run in runs] == [True, True, True, False]


def test_the_sweep_of_variants_is_a_plan_of_equal_steps():
    plan = sweep.Plan.load("variants")
    runs = [plan.hparams("cat", variant) for variant in plan.variants]
    assert {run.num_steps for run in runs} == {1000}
    assert {run.dec_model for run in runs} == {"lstm", "layer_norm", "hyper"}
    assert [run.conditional for run in runs].count(False) == 1


def test_the_sweep_of_equal_time_differs_from_that_of_equal_steps_in_these_alone():
    steps, time = sweep.Plan.load("variants"), sweep.Plan.load("equal_time")
    for cell, variant in {"lstm": "w_KL = 0.25", "layer_norm": "layer_norm", "hyper": "hyper"}.items():
        expected, run = steps.hparams("cat", variant), time.hparams("cat", cell)
        assert run.replace(num_steps=1000, decay_rate=0.998) == expected.replace(description=run.description)
        assert run.decay_rate**run.num_steps == pytest.approx(0.998**1000, rel=0.02)  # the rate at the end


def test_the_variants_hyperparameters_win(tmp_path):
    variants = {"full": {"kl_weight": 1.0}, "decoder only": {"conditional": False}}
    path = write(tmp_path, variants=variants, per_data_set={"cats": {"num_steps": 7, "kl_weight": 0.3}})
    plan = sweep.Plan.load(path)
    full, alone = (plan.hparams("cats", variant) for variant in PLAN["variants"])
    assert (full.num_steps, full.kl_weight, full.conditional, full.data_set) == (7, 1.0, True, [DATA])
    assert (alone.kl_weight, alone.conditional) == (0.3, False)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"variants": {}}, "an object under 'variants'"),
        ({"data_sets": ["cat"]}, "an object under 'data_sets'"),
        ({"speed": 1}, "unknown key 'speed'"),
        ({"hparams": {"units": 3}}, "plan.json, cats, full: unknown key 'units'"),
        ({"variants": {"x": 3}}, "cats, x: expected objects"),
        ({"variants": {"w 1": {}, "w_1": {}}}, "two runs would share the folder cats-w_1"),
        ({"per_data_set": {"cta": {"num_steps": 5}}}, "per_data_set: expected an object with keys of data_sets, cats"),
        ({"per_data_set": [1]}, "per_data_set: expected an object"),
        ({"variants": {"x": {"hparams": {}}}}, "'hparams' has no place there"),
        ({"variants": {"x": {"data_set": []}}}, "'data_set' has no place there"),
        ({"variants": {"w\x1b[2J": {}}}, "expected names of printable characters"),
    ],
)
def test_plans_that_cannot_be_run_are_refused(tmp_path, changes, message):
    with pytest.raises(InputError, match=message):
        sweep.Plan.load(write(tmp_path, **changes))


@pytest.mark.parametrize("content", ["[1]", "{", "[" * 100000, ""])
def test_files_that_are_no_plan_are_refused(tmp_path, content):
    (tmp_path / "plan.json").write_text(content)
    with pytest.raises(InputError, match=r"plan\.json[:,] "):
        sweep.Plan.load(tmp_path / "plan.json")


LOSSES = {"L_R": -1.25, "L_KL": 0.5, "best step": 2}


def test_data_sets_are_looked_at_before_any_training(tmp_path):
    write_splits(
        tmp_path / "no_test.npz", {"train": [np.array([[3, 4, 0], [1, 2, 1]], "int16")] * 4, "valid": [], "test": []}
    )
    plan = sweep.Plan.load(write(tmp_path, data_sets={"cats": DATA, "none": str(tmp_path / "no_test.npz")}))
    with pytest.raises(InputError, match="none: expected drawings in the test split"):
        sweep.run(plan, tmp_path / "runs")
    assert not (tmp_path / "runs").exists()


def test_each_run_is_watched_as_it_begins(tmp_path, monkeypatch):
    """The watcher is told of the run, and who it gives is told of the run's progress."""
    trained, watched = [], []

    @contextlib.contextmanager
    def watch(run):
        watched.append((run.data, run.variant, run.hparams.conditional, len(run.dataset.train), run.first_step))
        yield f"reporter of {run.variant}"
        watched.append("end")

    monkeypatch.setattr(sweep, "_train", lambda run, run_dir, reporter: trained.append((run_dir, reporter)) or LOSSES)
    rows = sweep.run(sweep.Plan.load(write(tmp_path)), tmp_path / "runs", watch)
    assert watched == [("cats", "full", True, 20, 0), "end", ("cats", "decoder only", False, 20, 0), "end"]
    assert trained == [
        (tmp_path / "runs" / "cats-full", "reporter of full"),
        (tmp_path / "runs" / "cats-decoder_only", "reporter of decoder only"),
    ]
    assert rows == [{"data": "cats", "variant": variant, **LOSSES} for variant in PLAN["variants"]]


# ------------------------------------------------------------------- a sweep that is interrupted, and goes on
# Two runs, of which the second is stopped at its beginning; then the same call again.


def read_table(folder):
    with (folder / "table.csv").open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def sweep_folder(tmp_path_factory):
    return write(tmp_path_factory.mktemp("sweep")).parent


@pytest.fixture(scope="module")
def interrupted(sweep_folder):
    """What the first call left: the history of the run that it finished, and the table."""
    train, calls = loop.train, []

    def train_once(hparams, *arguments, **options):
        calls.append(hparams.conditional)
        if len(calls) == 2:
            raise KeyboardInterrupt(0)
        return train(hparams, *arguments, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loop, "sample", one_dot)
        patch.setattr(loop, "train", train_once)
        with pytest.raises(KeyboardInterrupt):
            sweep.run(sweep.Plan.load(sweep_folder / "plan.json"), sweep_folder / "runs")
    runs = sweep_folder / "runs"
    return SimpleNamespace(history=(runs / "cats-full" / "history.csv").read_bytes(), table=read_table(runs))


@pytest.fixture(scope="module")
def rows(sweep_folder, interrupted):
    """What the second call returns."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loop, "sample", one_dot)
        return sweep.run(sweep.Plan.load(sweep_folder / "plan.json"), sweep_folder / "runs")


@pytest.mark.tensorflow
def test_the_table_holds_the_run_that_was_finished(interrupted):
    assert [row["variant"] for row in interrupted.table] == ["full"]


@pytest.mark.tensorflow
def test_a_run_that_was_finished_is_not_trained_again(sweep_folder, interrupted, rows):
    assert (sweep_folder / "runs" / "cats-full" / "history.csv").read_bytes() == interrupted.history


@pytest.mark.tensorflow
def test_a_run_that_was_finished_leaves_no_empty_event_file(sweep_folder, rows):
    assert len(list((sweep_folder / "runs" / "cats-full").glob("events*"))) <= 1


@pytest.mark.tensorflow
def test_every_variant_has_its_row_in_the_end(sweep_folder, rows):
    assert [(row["data"], row["variant"]) for row in rows] == [("cats", "full"), ("cats", "decoder only")]
    assert [row["variant"] for row in read_table(sweep_folder / "runs")] == ["full", "decoder only"]


@pytest.mark.tensorflow
def test_the_losses_are_those_of_the_best_model_on_the_test_split(sweep_folder, rows):
    model, dataset = load_model(sweep_folder / "runs" / "cats-full"), load_dataset(DATA)
    losses = evaluate(model, dataset.test, SMALL["batch_size"], dataset.max_seq_len)
    row = read_table(sweep_folder / "runs")[0]
    assert float(row["L_KL"]) == rows[0]["L_KL"] == pytest.approx(losses["kl_raw"])
    assert float(row["L_R"]) == rows[0]["L_R"] == pytest.approx(losses["recon_masked"])


@pytest.mark.tensorflow
def test_a_decoder_alone_has_no_kl(sweep_folder, rows):
    assert rows[1]["L_KL"] is None
    assert read_table(sweep_folder / "runs")[1]["L_KL"] == ""


@pytest.mark.tensorflow
def test_the_picture_and_the_table_show_the_same(sweep_folder, rows):
    picture = (sweep_folder / "runs" / "tradeoff.svg").read_text()
    assert ">full<" in picture
    assert ">cats<" in picture
    assert (sweep_folder / "runs" / "table.md").read_text() == sweep.markdown(rows)


@pytest.mark.tensorflow
@pytest.mark.parametrize(
    ("changes", "message"), [({"kl_weight": 0.7}, "kl_weight differ"), ({"num_steps": 1}, "the plan asks for 1")]
)
def test_a_folder_of_another_plan_is_refused(sweep_folder, rows, tmp_path, changes, message):
    plan = sweep.Plan.load(write(tmp_path, hparams=SMALL | changes, variants={"full": {}}))
    with pytest.raises(InputError, match=message):
        sweep.run(plan, sweep_folder / "runs")


def test_a_plan_of_very_many_runs_is_refused_before_they_are_listed(tmp_path):
    many = {f"{k}": {} for k in range(2000)}
    with pytest.raises(InputError, match="expected at most 1000 runs, received 4000000"):
        sweep.Plan.load(write(tmp_path, data_sets=dict.fromkeys(many, DATA), variants=many))


def test_names_of_any_length_are_cut_in_messages(tmp_path):
    with pytest.raises(InputError, match="unknown key 'units'") as caught:
        sweep.Plan.load(write(tmp_path, variants={"x" * 5000: {"units": 3}}))
    assert len(str(caught.value)) < 500 + len(str(tmp_path))
