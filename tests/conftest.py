"""What several test files share: the command line, a web server that can misbehave, tiny models, a trained one."""

import os

# The threads of several processes wait for each other: NumPy and TensorFlow have one in each.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")

import signal
import sys

import pytest
from filelock import FileLock
from support import tiny_run
from support.server import Server
from support.tiny import tiny_model

from sketch_rnn_keras import cli
from sketch_rnn_keras.files import transfer

# A shell starts background jobs with Ctrl-C ignored, which their children inherit; some tests send it.
signal.signal(signal.SIGINT, signal.default_int_handler)

LONGEST = {  # of all files: begun last, they keep one process busy when the others have nothing left to do
    "test_background_notebooks",
    "test_notebooks",
    "test_fitting",
    "test_golden_training",
    "test_serving",
    "test_devices",
    "test_several_processes",
    "test_crashes",
    "test_engine",
    "test_page",
}


def pytest_collection_modifyitems(items):
    items.sort(key=lambda item: item.path.stem not in LONGEST)


@pytest.fixture(scope="session", autouse=True)
def programs(tmp_path_factory):
    """Under JAX a process compiles what it runs operation by operation once, not in every test anew."""
    if os.environ.get("KERAS_BACKEND") == "jax":
        import jax

        jax.config.update("jax_compilation_cache_dir", str(tmp_path_factory.mktemp("programs")))
        jax.config.update("jax_persistent_cache_min_compile_time_secs", 0)
        jax.config.update("jax_persistent_cache_min_entry_size_bytes", -1)


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
def refused(command):
    """Runs `sketch-rnn ARGUMENTS`, which must end in status 2 and print nothing; returns the one sentence of why."""

    def run(*arguments):
        status, out, err = command(*arguments)
        assert (status, out) == (2, "")
        assert err.count("sketch-rnn: ") == 1
        return err[err.index("sketch-rnn: ") :]  # after what was said of the data, if anything

    return run


@pytest.fixture
def server(monkeypatch):
    """A web server on this machine, which is asked without waiting between attempts."""
    monkeypatch.setattr(transfer, "_DELAYS", (0,) * len(transfer._DELAYS))
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.setenv(name, "127.0.0.1")
    with Server() as running:
        yield running


@pytest.fixture(scope="session")
def conditional():
    """A tiny conditional model that draws sketches of some length. Its weights are not to be changed."""
    return tiny_model(end=-2.0)


@pytest.fixture(scope="session")
def decoder_only():
    """A tiny decoder-only model that draws sketches of some length. Its weights are not to be changed."""
    return tiny_model(end=-2.0, conditional=False)


@pytest.fixture(scope="session")
def saved(decoder_only, tmp_path_factory):
    """The tiny decoder-only model as a `.keras` file. It is not to be changed."""
    path = tmp_path_factory.mktemp("saved") / "model.keras"
    decoder_only.save(path)
    return path


@pytest.fixture(scope="session")
def data():
    """The data set of `trained_run`."""
    return tiny_run.load_data()


@pytest.fixture(scope="session")
def trained_run(tmp_path_factory):
    """One tiny training, made once for all processes that run tests. Its files are not to be changed."""
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent  # that of the whole session
    folder, draft = folder / "trained", folder / "training"
    with FileLock(f"{folder}.lock"):
        if not folder.exists():
            draft.mkdir()
            tiny_run.make_run(draft)
            draft.rename(folder)
    return tiny_run.open_run(folder)
