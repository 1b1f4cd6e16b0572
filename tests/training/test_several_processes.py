"""Two processes that train together: the steps of one; one that dies, and the run that goes on after it.

`python -m torture.workers` kills more of them.
"""

import json
import random

import keras
import numpy as np
import pytest
from support.together import PATIENCE, environments, finish, kill_one, start
from support.two_devices import distance

from sketch_rnn_keras.training.run_directory import last_step

BACKEND = keras.backend.backend()


def together(run, steps):
    return [start(BACKEND, run, steps, told) for told in environments(BACKEND)]


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """The run directories of a training by two processes and of one by one, and the weights at their ends."""
    folder = tmp_path_factory.mktemp("together")
    both = finish(together(folder / "two", 20))
    return folder, both, finish([start(BACKEND, folder / "one", 20, {})])


def test_both_processes_end_with_the_weights_of_one_alone(runs):
    _, (first, second), (alone,) = runs
    assert all(np.array_equal(ours, theirs) for ours, theirs in zip(first, second, strict=True))
    assert distance(first, alone) < 1e-5


def test_the_first_process_alone_writes_the_run_directory(runs):
    folder, *_ = runs
    config = json.loads((folder / "two" / "config.json").read_text())
    assert config["devices"] == [{"step": 0, "devices": 2, "processes": 2}]
    rows = (folder / "two" / "history.csv").read_text().splitlines()
    assert len(rows) == len((folder / "one" / "history.csv").read_text().splitlines())


@pytest.mark.parametrize("victim", [0, 1])
def test_a_killed_process_ends_the_other_with_a_sentence_and_the_run_resumes(tmp_path, victim):
    run = tmp_path / "run"
    end = kill_one(BACKEND, run, victim, random.Random(victim).randrange(1, 40))
    assert end.is_clean(victim), end
    resumed_from = last_step(run)
    finish(together(run, resumed_from + 3))
    assert last_step(run) == resumed_from + 3


def test_processes_of_other_data_or_hyperparameters_are_refused_by_all(tmp_path):
    processes = [
        start(BACKEND, tmp_path / "run", steps, told)
        for steps, told in zip((20, 30), environments(BACKEND), strict=True)
    ]
    for process in processes:
        out, err = process.communicate(timeout=PATIENCE)
        assert process.returncode == 1, err[-2000:]
        assert "devices: expected the same hyperparameters and data in 2 processes, but those of 1 are others" in out
