"""What several test files share: the command line, and a web server that can misbehave."""

import signal
import sys

import pytest
from support.server import Server

from sketch_rnn_keras import cli
from sketch_rnn_keras.files import transfer

# A shell starts background jobs with Ctrl-C ignored, which their children inherit; some tests send it.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def command(capsys, monkeypatch, tmp_path):
    """Runs `sketch-rnn ARGUMENTS` in an empty folder; returns its exit status, output and messages."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["sketch-rnn", *map(str, arguments)])
        status = 0
        try:
            cli.main()
        except SystemExit as end:
            status = end.code or 0
        out, err = capsys.readouterr()
        assert "Traceback" not in err
        return status, out, err

    return run


@pytest.fixture
def server(monkeypatch):
    """A web server on this machine, which is asked without waiting between attempts."""
    monkeypatch.setattr(transfer, "_DELAYS", (0,) * len(transfer._DELAYS))
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.setenv(name, "127.0.0.1")
    with Server() as running:
        yield running
