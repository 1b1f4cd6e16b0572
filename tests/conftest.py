"""What several test files share: the command line."""

import sys

import pytest

from sketch_rnn_keras import cli


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
