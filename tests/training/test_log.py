"""Where losses go: rows, events, whoever watches; and a cost that is no number stops the training."""

import pytest
from support.tiny_run import HPARAMS, Recorder

from sketch_rnn_keras.errors import TrainingError
from sketch_rnn_keras.model import schedules
from sketch_rnn_keras.training import history, log
from sketch_rnn_keras.training.checkpoint import Progress
from sketch_rnn_keras.training.log import Log
from sketch_rnn_keras.training.run_directory import RunDirectory

TERMS = {"offset": 1.0, "pen": 0.5, "recon": 1.5, "recon_masked": 1.25, "pen_masked": 0.25, "kl": 2.0, "kl_raw": 0.1}


class Events:
    """What TensorBoard's writer is asked for."""

    def __init__(self):
        self.written, self.is_closed = [], False

    def write(self, step, split, values):
        self.written.append((step, split, values))

    def close(self):
        self.is_closed = True


@pytest.fixture
def events(monkeypatch):
    found = Events()
    monkeypatch.setattr(log, "backend", lambda: type("Backend", (), {"event_writer": lambda folder: found}))
    return found


@pytest.fixture
def run(tmp_path):
    return RunDirectory(tmp_path)


def test_the_cost_is_the_objective(run, events):
    assert Log(run, HPARAMS, Progress(), ()).record(3, "train", TERMS, kl_weight=0.25) == 1.5 + 0.25 * 2.0


def test_history_events_and_reporter_are_told_the_same(run, events):
    reporter = Recorder()
    Log(run, HPARAMS, Progress(), [reporter]).record(3, "train", TERMS, kl_weight=0.25)
    rate = schedules.learning_rate(2, HPARAMS)
    expected = TERMS | {"cost": 2.0, "kl_weight": 0.25, "learning_rate": rate}
    assert reporter.records == events.written == [(3, "train", expected)]
    (row,) = history.read(run.history)
    assert {name: float(row[name]) for name in expected} == expected


def test_a_step_is_told_to_the_reporter_alone(run, events):
    reporter = Recorder()
    Log(run, HPARAMS, Progress(), [reporter]).step(7)
    assert reporter.steps == [7]
    assert not events.written


def test_nobody_has_to_watch(run, events):
    silent = Log(run, HPARAMS, Progress(), ())
    silent.step(1)
    silent.record(1, "valid", TERMS, kl_weight=0.0)
    assert len(history.read(run.history)) == 1


@pytest.mark.parametrize(("name", "value"), [("recon", float("nan")), ("kl", float("inf"))])
def test_a_cost_that_is_not_finite_is_told_to_nobody(run, events, name, value):
    reporter = Recorder()
    broken = Log(run, HPARAMS, Progress(), [reporter])
    with pytest.raises(
        TrainingError, match=r"the valid cost at step 9 is not finite \(offset 1, pen 0.5, kl_raw 0.1\)"
    ):
        broken.record(9, "valid", TERMS | {name: value}, kl_weight=0.5)
    assert not reporter.records
    assert not events.written
    assert not history.read(run.history)


def test_the_event_file_is_closed_with_the_log(run, events):
    Log(run, HPARAMS, Progress(), ()).close()
    assert events.is_closed


def test_a_training_at_its_end_opens_no_event_file(run, monkeypatch):
    asked = []
    monkeypatch.setattr(log, "backend", lambda: asked.append("a writer"))
    Log(run, HPARAMS, Progress(HPARAMS.num_steps), ()).close()
    assert not asked


@pytest.mark.tensorflow
def test_tensorflow_writes_events(trained_run):
    assert list(trained_run.whole.glob("events.out.tfevents.*"))
