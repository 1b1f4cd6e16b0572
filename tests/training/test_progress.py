"""What a person sees of a training: a line for every validation, and on a terminal a bar."""

import io

import pytest
from rich.console import Console

from sketch_rnn_keras.training import progress
from sketch_rnn_keras.training.progress import MEASURED_STEPS, TrainingBar

LOSSES = {"cost": -1.25, "recon": -1.5, "kl_raw": 0.5, "kl_weight": 0.25, "learning_rate": 0.001}


@pytest.fixture(params=[False, True], ids=["in a file", "on a terminal"])
def console(request):
    return Console(file=io.StringIO(), force_terminal=request.param, width=120)


def test_a_validation_stays_as_a_line(console):
    with TrainingBar(100, console=console) as bar:
        bar.step(20)
        bar.record(20, "valid", LOSSES)
    line = "step 20  valid  cost -1.250  recon -1.500  kl 0.500  w_KL 0.250  lr 1.0e-03"
    assert line in console.file.getvalue()


def test_training_losses_leave_no_line():
    console = Console(file=io.StringIO(), force_terminal=False)
    with TrainingBar(100, console=console) as bar:
        bar.record(20, "train", LOSSES)
        bar.step(20)
    assert console.file.getvalue() == ""


def test_on_a_terminal_they_stand_beside_the_bar():
    console = Console(file=io.StringIO(), force_terminal=True, width=160)
    with TrainingBar(100, first_step=10, console=console) as bar:
        bar.record(20, "train", LOSSES)
        bar.step(20)
    shown = console.file.getvalue()
    assert "20/100" in shown
    assert "cost -1.250" in shown


# ------------------------------------------------------------------------------------------- trainings that take days


def said(monkeypatch, num_steps, seconds_per_step, first_step=0):
    """What a bar says while steps take so long each, the first of them an hour."""
    console, now = Console(file=io.StringIO(), force_terminal=False), 0.0
    monkeypatch.setattr(progress.time, "monotonic", lambda: now)
    with TrainingBar(num_steps, first_step, console=console, advice="; rest") as bar:
        for step in range(first_step + 1, first_step + 3 * MEASURED_STEPS):
            now += 3600 if step == first_step + 1 else seconds_per_step
            bar.step(step)
    return console.file.getvalue()


def test_a_training_of_days_is_announced_once_with_advice(monkeypatch):
    steps = 10_000 - MEASURED_STEPS - 1
    assert said(monkeypatch, 10_000, 20.0) == f"note   {steps:,} more steps of 20 s take about 2.3 days; rest\n"


def test_the_steps_that_a_resumed_run_has_made_are_not_counted(monkeypatch):
    assert said(monkeypatch, 10_000, 20.0, first_step=9_000) == ""
    assert "more steps of 20 s take about 1.2 days" in said(monkeypatch, 15_000, 20.0, first_step=10_000)


def test_a_training_of_hours_is_not(monkeypatch):
    assert said(monkeypatch, 10_000, 8.0) == ""
