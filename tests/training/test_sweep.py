"""Several trainings and one table."""

import csv
import json

import numpy as np
import pytest
from support import paths

from sketch_rnn_keras import InputError, load_dataset, load_model
from sketch_rnn_keras.data.npz import write_splits
from sketch_rnn_keras.training import sweep
from sketch_rnn_keras.training.evaluation import evaluate

DATA = "doodles:cat:20"
SMALL = {"enc_rnn_size": 4, "dec_rnn_size": 4, "z_size": 2, "num_mixture": 2, "batch_size": 4, "num_steps": 2}
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
    plan = sweep.Plan.load(paths.ROOT / "configs" / f"{name}.json")
    for data in plan.data_sets:
        runs = [plan.hparams(data, variant) for variant in plan.variants]
        assert [run.kl_weight for run in runs[:3]] == [1.0, 0.5, 0.25]
        assert [run.conditional for run in runs] == [True, True, True, False]


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


@pytest.mark.tensorflow
def test_a_sweep_goes_on_where_it_was_interrupted(command, tmp_path, monkeypatch):
    from sketch_rnn_keras.training import loop

    path, train, calls = write(tmp_path), loop.train, []

    def train_once(hparams, *arguments, **options):
        calls.append(hparams.conditional)
        if len(calls) == 2:
            raise KeyboardInterrupt(0)
        return train(hparams, *arguments, **options)

    monkeypatch.setattr(loop, "train", train_once)
    status, _, err = command("sweep", path, "--output-dir", "runs")
    assert status == 130
    assert "To go on: sketch-rnn sweep" in err
    history = (tmp_path / "runs" / "cats-full" / "history.csv").read_bytes()
    assert (tmp_path / "runs" / "table.md").read_text().count("\n") == 3
    status, out, err = command("sweep", path, "--output-dir", "runs")
    assert status == 0, err
    assert (tmp_path / "runs" / "cats-full" / "history.csv").read_bytes() == history  # it was not trained again
    assert out == (tmp_path / "runs" / "table.md").read_text()
    with (tmp_path / "runs" / "table.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["variant"] for row in rows] == ["full", "decoder only"]
    model, dataset = load_model(tmp_path / "runs" / "cats-full"), load_dataset(DATA)
    losses = evaluate(model, dataset.test, SMALL["batch_size"], dataset.max_seq_len)
    assert float(rows[0]["L_KL"]) == pytest.approx(losses["kl_raw"])
    assert float(rows[0]["L_R"]) == pytest.approx(losses["recon_masked"])
    assert rows[1]["L_KL"] == ""
    picture = (tmp_path / "runs" / "tradeoff.svg").read_text()
    assert ">full<" in picture
    assert ">cats<" in picture
    assert len(list((tmp_path / "runs" / "cats-full").glob("events*"))) <= 1
    for changes, message in (({"kl_weight": 0.7}, "kl_weight differ"), ({"num_steps": 1}, "asks for 1")):
        write(tmp_path, hparams=SMALL | changes, variants={"full": {}})
        status, _, err = command("sweep", path, "--output-dir", "runs")
        assert status == 2
        assert message in err


def test_data_sets_are_looked_at_before_any_training(tmp_path):
    write_splits(
        tmp_path / "no_test.npz", {"train": [np.array([[3, 4, 0], [1, 2, 1]], "int16")] * 4, "valid": [], "test": []}
    )
    plan = sweep.Plan.load(write(tmp_path, data_sets={"cats": DATA, "none": str(tmp_path / "no_test.npz")}))
    with pytest.raises(InputError, match="none: expected drawings in the test split"):
        sweep.run(plan, tmp_path / "runs")
    assert not (tmp_path / "runs").exists()
