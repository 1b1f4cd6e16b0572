"""How long a training has taken: counted over all its sessions, and read without trust."""

import pytest

from sketch_rnn_keras.errors import InputError
from sketch_rnn_keras.training import clock
from sketch_rnn_keras.training.clock import CLOCK, Clock


@pytest.fixture
def now(monkeypatch):
    """The seconds that a clock sees, in a list of one."""
    seconds = [1000.0]
    monkeypatch.setattr(clock.time, "monotonic", lambda: seconds[0])
    return seconds


def test_time_is_counted_over_the_sessions_of_a_run_and_not_between_them(tmp_path, now):
    first = Clock(tmp_path / CLOCK)
    now[0] += 90
    first.save()
    now[0] += 10
    first.save()
    now[0] += 10_000
    second = Clock(tmp_path / CLOCK)
    now[0] += 20.25
    second.save()
    assert clock.read(tmp_path / CLOCK) == pytest.approx(120.2, abs=0.06)


def test_the_time_of_a_run_that_kept_none_is_not_known(tmp_path):
    assert clock.read(tmp_path / CLOCK) is None


@pytest.mark.parametrize("content", ["[]", "{}", '{"seconds": "1"}', '{"seconds": -1}', '{"seconds": NaN}', "{"])
def test_what_is_no_time_is_refused(tmp_path, content):
    (tmp_path / CLOCK).write_text(content)
    with pytest.raises(InputError, match=CLOCK):
        clock.read(tmp_path / CLOCK)


def test_a_training_keeps_its_time(trained_run):
    assert clock.read(trained_run.whole / CLOCK) > clock.read(trained_run.killed / CLOCK) > 0
