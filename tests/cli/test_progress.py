"""What a person sees of a training: a line for every validation, and on a terminal a bar."""

import io

import pytest
from rich.console import Console

from sketch_rnn_keras.cli.progress import TrainingBar

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
