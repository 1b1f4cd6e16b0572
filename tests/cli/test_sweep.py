"""`sketch-rnn sweep`: what it prints, and how it says to go on."""

import json
from pathlib import Path

import pytest

from sketch_rnn_keras.training import sweep

PLAN = {"hparams": {}, "data_sets": {"cats": "doodles:cat:20"}, "variants": {"full": {}}}


@pytest.fixture
def plan(tmp_path):
    (tmp_path / "plan.json").write_text(json.dumps(PLAN))
    return "plan.json"


def test_the_table_is_printed(command, plan, monkeypatch):
    def run(plan, folder, watch):
        folder.mkdir()
        (folder / "table.md").write_text("| data |\n")

    monkeypatch.setattr(sweep, "run", run)
    status, out, err = command("sweep", plan, "--output-dir", "runs")
    assert (status, out) == (0, "| data |\n")
    assert "wrote  runs: table.md, table.csv and tradeoff.svg" in err


def test_every_run_is_announced(command, plan, monkeypatch):
    def train(run, run_dir, reporter):
        reporter.step(1)
        return {"L_R": -1.0, "L_KL": 0.5, "best step": 1}

    monkeypatch.setattr(sweep, "_train", train)
    status, out, err = command("sweep", plan, "--output-dir", "runs")
    assert status == 0
    assert "run    cats, full\n" in err
    assert "| cats | -1.00 | 0.50 |" in out


def test_an_interrupted_sweep_says_how_to_go_on(command, plan, monkeypatch):
    def run(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(sweep, "run", run)
    status, out, err = command("sweep", plan, "--output-dir", "runs")
    assert (status, out) == (130, "")
    assert "Interrupted. To go on: sketch-rnn sweep plan.json --output-dir runs" in err


def test_a_file_that_is_no_plan_is_refused_and_nothing_begun(refused):
    Path("plan.json").write_text("[1]")
    assert "plan.json: expected an object" in refused("sweep", "plan.json", "--output-dir", "runs")
    assert not Path("runs").exists()


def test_a_plan_is_no_configuration(refused, plan):
    assert "this is the plan of a sweep" in refused("info", plan)
