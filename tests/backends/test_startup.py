"""Starting a backend says nothing of its own; what is wrong is said all the same."""

import os
import subprocess
import sys

import pytest

from sketch_rnn_keras.backends import startup

REMARKS = [
    "WARNING: All log messages before absl::InitializeLog() is called are written to STDERR",
    "I0000 00:00:1795568477.748220    9364 port.cc:153] oneDNN custom operations are on.",
    "To enable the following instructions: AVX2 FMA, in other operations, rebuild TensorFlow",
    "E0000 00:00:1795568480.044009    9364 cuda_platform.cc:52] failed call to cuInit: INTERNAL: CUDA error: 303",
]
ERRORS = [
    "E0000 00:00:1795568480.044009    9364 cuda_dnn.cc:52] Loaded runtime CuDNN library: 9.0 but source was compiled",
    "F0000 00:00:1795568480.044009    9364 tensor.cc:1] Check failed: out of memory",
    "Traceback (most recent call last):",
    "Inconsistency detected by ld.so",
]


def run(program, folder, **environment):
    kept = {name: value for name, value in os.environ.items() if name not in ("TF_CPP_MIN_LOG_LEVEL", "KERAS_BACKEND")}
    command = [sys.executable, "-c", program]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, env=kept | environment)


def sketch_rnn(*arguments):
    return f"import sys; sys.argv = {['sketch-rnn', *arguments]!r}; from sketch_rnn_keras.cli import main; main()"


@pytest.mark.tensorflow
def test_a_model_command_prints_its_own_line_and_no_other(tmp_path):
    result = run(sketch_rnn("sample", "--count", "1", "--output", "a.svg"), tmp_path)
    assert result.returncode == 0
    assert result.stdout == ""
    assert result.stderr == "wrote  a.svg: 1 sketches at temperature 0.4, seed 0\n"


@pytest.mark.tensorflow
def test_python_prints_nothing(tmp_path):
    program = "from sketch_rnn_keras import load_model, sample; sample(load_model('doodles'), 1)"
    result = run(program, tmp_path)
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


@pytest.mark.parametrize("line", ERRORS)
def test_an_error_of_the_start_is_printed(line, capfd):
    with startup.without_remarks():
        os.write(2, f"{REMARKS[0]}\n{line}\n{REMARKS[1]}\n".encode())
    assert capfd.readouterr().err == f"{line}\n"


@pytest.mark.parametrize("line", REMARKS)
def test_a_remark_is_not(line, capfd):
    with startup.without_remarks():
        os.write(2, f"{line}\n".encode())
    assert capfd.readouterr().err == ""


def test_what_is_written_before_an_exception_is_kept(capfd):
    def fail():
        with startup.without_remarks():
            os.write(2, b"the cause\n")
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert capfd.readouterr().err == "the cause\n"


def test_standard_error_is_itself_again_afterwards(capfd):
    with startup.without_remarks():
        pass
    os.write(2, f"{REMARKS[0]}\n".encode())
    assert capfd.readouterr().err == f"{REMARKS[0]}\n"


@pytest.mark.parametrize("name", ["torch", "foo"])
def test_another_backend_is_refused_in_one_sentence(name, tmp_path):
    result = run(sketch_rnn("sample", "--output", "a.svg"), tmp_path, KERAS_BACKEND=name)
    assert result.returncode == 2
    assert result.stderr.count("\n") == 1
    assert f"KERAS_BACKEND: expected tensorflow or jax, received '{name}'" in result.stderr


def test_a_backend_that_is_not_installed_is_named(tmp_path):
    absent = "import sys; sys.modules['tensorflow'] = None; "
    result = run(absent + sketch_rnn("sample", "--output", "a.svg"), tmp_path, KERAS_BACKEND="tensorflow")
    assert result.returncode == 2
    assert "pip install tensorflow" in result.stderr
    assert "Traceback" not in result.stderr
