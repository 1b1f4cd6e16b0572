"""Help: every command has it, it comes at once, and the scripts are the same commands."""

import os
import subprocess
import sys

import pytest
from support import paths

from sketch_rnn_keras.cli.common import app

COMMANDS = [one.name or one.callback.__name__.replace("_", "-") for one in app.registered_commands]


def run(program, *arguments):
    environment = os.environ | {"COLUMNS": "200", "TERM": "dumb", "NO_COLOR": "1"}
    result = subprocess.run([sys.executable, *program, *arguments], capture_output=True, text=True, env=environment)
    assert result.returncode == 0, result.stderr
    return result.stdout


PROMISED = (
    *("train", "evaluate", "sweep", "sample", "info", "convert", "convert-model", "download", "download-model"),
    *("reconstruct", "temperature", "interpolate", "analogy", "complete", "plot", "mixture", "embed", "animate"),
)


def test_no_command_is_lost():
    assert [name for name in PROMISED if name not in COMMANDS] == []


@pytest.mark.parametrize("arguments", [[], *([name] for name in COMMANDS)], ids=" ".join)
def test_help_loads_no_backend(arguments):
    program = (
        "import sys; from sketch_rnn_keras.cli import main\n"
        "try: main()\n"
        "finally: print('loaded:', [m for m in ('tensorflow', 'keras', 'jax', 'matplotlib') if m in sys.modules])"
    )
    shown = run(["-c", program], *arguments, "--help")
    assert "Usage" in shown
    assert "loaded: []" in shown


def test_the_help_of_the_whole_names_every_command():
    shown = run(["-m", "sketch_rnn_keras.cli"], "--help")
    assert [name for name in COMMANDS if f" {name} " not in shown] == []


@pytest.mark.parametrize(("script", "option"), [("train.py", "--resume"), ("sample.py", "--temperature")])
def test_scripts_are_the_commands(script, option):
    assert option in run([paths.ROOT / "scripts" / script], "--help")
