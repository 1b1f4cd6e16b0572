"""Help: every command has it, it comes at once, and the scripts are the same commands."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from support import paths

from sketch_rnn_keras._version import __version__
from sketch_rnn_keras.cli import PANELS
from sketch_rnn_keras.cli.common import app, command_name

SKETCH_RNN = Path(sys.executable).parent / "sketch-rnn"
COMMANDS = [command_name(one) for one in app.registered_commands]


def run(program, *arguments):
    environment = os.environ | {"COLUMNS": "200", "TERM": "dumb", "NO_COLOR": "1"}
    result = subprocess.run([sys.executable, *program, *arguments], capture_output=True, text=True, env=environment)
    assert result.returncode == 0, result.stderr
    return result.stdout


PROMISED = (
    *("train", "evaluate", "sweep", "sample", "info", "convert", "convert-model", "download", "download-model"),
    *("reconstruct", "temperature", "interpolate", "analogy", "complete", "plot", "mixture", "embed", "animate", "web"),
    *("quality", "train-recogniser"),
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


@pytest.mark.parametrize("module", ["sketch_rnn_keras", "sketch_rnn_keras.cli"])
def test_the_help_of_the_whole_names_every_command_in_its_panel(module):
    shown = run(["-m", module], "--help")
    panels = {panel: shown.index(f"─ {panel} ─") for panel in PANELS}
    assert list(panels.values()) == sorted(panels.values())
    ends = [*list(panels.values())[1:], len(shown)]
    for (panel, start), end in zip(panels.items(), ends, strict=True):
        places = [shown[start:end].index(f" {name} ") for name in PANELS[panel]]
        assert places == sorted(places)


def test_every_command_is_in_a_panel():
    assert [name for names in PANELS.values() for name in names] == COMMANDS


def test_the_readme_shows_the_commands_in_that_order():
    readme = (paths.ROOT / "README.md").read_text(encoding="utf-8")
    for panel, names in PANELS.items():
        assert f"| {panel} | {', '.join(f'`{name}`' for name in names)} |" in readme


def test_the_version_is_told():
    assert run(["-m", "sketch_rnn_keras"], "--version") == f"sketch-rnn {__version__}\n"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_can_complete(shell):
    assert "_SKETCH_RNN_COMPLETE" in run([SKETCH_RNN], "--show-completion", shell)


def test_what_is_completed_are_commands(monkeypatch):
    for name, value in {
        "COMP_WORDS": "sketch-rnn sa",
        "COMP_CWORD": "1",
        "_SKETCH_RNN_COMPLETE": "complete_bash",
    }.items():
        monkeypatch.setenv(name, value)
    assert run([SKETCH_RNN]) == "sample\n"


@pytest.mark.parametrize(("script", "option"), [("train.py", "--resume"), ("sample.py", "--temperature")])
def test_scripts_are_the_commands(script, option):
    assert option in run([paths.ROOT / "scripts" / script], "--help")
