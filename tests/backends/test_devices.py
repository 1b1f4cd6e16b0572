"""Two devices are one: gradients, steps, dropout, sketches and losses; and what is asked for but is not there."""

import json
import os
import subprocess
import sys
from pathlib import Path

import keras
import pytest

from sketch_rnn_keras.backends import open_devices
from sketch_rnn_keras.errors import InputError

TESTS = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    """What `support.two_devices` prints, under the backend in use."""
    folder = tmp_path_factory.mktemp("two") / "runs"
    path = os.pathsep.join([str(TESTS), os.environ.get("PYTHONPATH", "")])
    environment = os.environ | {"KERAS_BACKEND": keras.backend.backend(), "PYTHONPATH": path}
    command = [sys.executable, "-m", "support.two_devices", str(folder)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=900, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize("floor", ["exceeded", "not", "by one, exceeded", "by one, not"])
def test_gradients_of_two_devices_are_those_of_one(measured, floor):
    assert measured["gradients"][floor] < 1e-6


def test_weights_after_twenty_steps_are_those_of_one(measured):
    assert measured["weights"] < 1e-5


def test_dropout_repeats_on_as_many_devices_and_differs_by_its_seed(measured):
    assert measured["dropout"]["again"] == 0.0
    assert measured["dropout"]["other"] > 1e-3


def test_dropout_under_jax_does_not_depend_on_the_devices(measured):
    if keras.backend.backend() != "jax":
        pytest.skip("TensorFlow folds the device into the seed")
    assert measured["dropout"]["one"] < 1e-6


@pytest.mark.parametrize("what", ["sketches", "losses"])
def test_what_two_devices_draw_and_validate_is_bit_for_bit_that_of_one(measured, what):
    assert measured["drawing"][what]


def test_a_training_goes_on_with_two_devices_and_back(measured):
    assert measured["resuming"]["distance"] < 1e-5
    one, two = ({"devices": count, "processes": 1} for count in (1, 2))
    assert measured["resuming"]["record"] == [{"step": 0, **one}, {"step": 10, **two}, {"step": 20, **one}]


def test_more_devices_than_there_are_are_refused():
    with pytest.raises(InputError, match="devices: expected at most 1, as many as there are.*received 3"):
        open_devices(3)


@pytest.mark.parametrize("choice", [0, "two", True, 1.5])
def test_what_is_no_number_of_devices_is_refused(choice):
    with pytest.raises(InputError, match="devices: expected a whole number >= 1, received"):
        open_devices(choice)


@pytest.mark.parametrize(
    ("backend", "told", "message"),
    [
        ("jax", {"JAX_COORDINATOR_ADDRESS": "127.0.0.1:1", "JAX_PROCESS_ID": "one"}, "do not meet: invalid literal"),
        ("tensorflow", {"TF_CONFIG": "{"}, "TF_CONFIG: expected JSON with cluster"),
        ("tensorflow", {"TF_CONFIG": '{"cluster": {"worker": []}, "task": {}}'}, "TF_CONFIG: expected JSON"),
    ],
)
def test_what_is_told_wrongly_of_other_processes_is_refused(monkeypatch, backend, told, message):
    if backend != keras.backend.backend():
        pytest.skip("of the other backend")
    for name, value in told.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(InputError, match=message):
        open_devices("all")


def test_one_device_is_the_usual_one():
    devices = open_devices()
    assert (devices.count, devices.places, devices.processes, devices.process) == (1, (None,), 1, 0)
    assert open_devices(devices) is devices
