"""A wheel built from a clone works in an empty folder, with nothing of the clone beside it."""

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import venv

import pytest
from support.paths import ROOT

pytestmark = pytest.mark.tensorflow

TEN_LINES = """
from sketch_rnn_keras import HParams, draw_sketches, encode, load_dataset, load_model, sample, train
data = load_dataset("doodles:cat:40")
sizes = {"enc_rnn_size": 6, "dec_rnn_size": 8, "z_size": 3, "num_mixture": 2, "batch_size": 4}
train(HParams(**sizes, num_steps=2, save_every=2), data, "run")
model = load_model("run")
draw_sketches(sample(model, count=2, max_points=5, seed=7), "cats.svg")
assert encode(model, [data.test[0], data.test[1]]).shape == (2, 3)
"""


@pytest.fixture(scope="module")
def python(tmp_path_factory):
    """The interpreter of an environment that has the wheel, and the clone's dependencies but not the clone."""
    folder = tmp_path_factory.mktemp("wheel")
    clone = folder / "clone"
    clone.mkdir()
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, clone)
    ignored = shutil.ignore_patterns("__pycache__")
    for name in ("sketch_rnn_keras", "configs"):
        shutil.copytree(ROOT / name, clone / name, ignore=ignored)
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    build = [*pip, "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", folder, clone]
    subprocess.run(build, check=True, capture_output=True)
    [wheel] = folder.glob("sketch_rnn_keras-*.whl")
    shutil.rmtree(clone)
    venv.create(folder / "venv", with_pip=False)
    executable = folder / "venv" / "bin" / "python"
    where = [executable, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    packages = subprocess.run(where, check=True, capture_output=True, text=True).stdout.strip()
    subprocess.run([*pip, "install", "--no-deps", "--target", packages, wheel], check=True, capture_output=True)
    # The dependencies are those of this environment; its own .pth files, one of which leads to the clone, are not read.
    with open(os.path.join(packages, "dependencies.pth"), "w") as file:
        file.write(sysconfig.get_path("purelib") + "\n")
    return executable


def run(python, folder, *arguments):
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    result = subprocess.run([python, *arguments], cwd=folder, capture_output=True, text=True, env=environment)
    assert result.returncode == 0, result.stderr
    return result.stdout


def test_it_is_imported_from_the_wheel_and_not_from_the_clone(python, tmp_path):
    printed = run(python, tmp_path, "-c", "import sketch_rnn_keras; print(sketch_rnn_keras.__file__)")
    assert str(ROOT) not in printed


def test_every_module_and_every_configuration_is_in_it(python, tmp_path):
    listing = "import sketch_rnn_keras as s, pathlib as p; root = p.Path(s.__file__).parent; "
    listing += "print(*sorted(str(f.relative_to(root)) for f in root.rglob('*') if f.is_file() and f.suffix != '.pyc'))"
    package = ROOT / "sketch_rnn_keras"
    here = [str(f.relative_to(package)) for f in package.rglob("*") if f.is_file() and f.suffix != ".pyc"]
    here += [f"configs/{f.name}" for f in (ROOT / "configs").iterdir()]
    assert run(python, tmp_path, "-c", listing).split() == sorted(here)


def test_the_ten_lines_of_python_work(python, tmp_path):
    run(python, tmp_path, "-c", TEN_LINES)
    assert (tmp_path / "cats.svg").read_text().count("<path") > 0


def test_a_configuration_that_ships_is_trained_by_its_name(python, tmp_path):
    sizes = ("dec_rnn_size=8", "enc_rnn_size=6", "num_mixture=2", "num_steps=2", "save_every=2", "batch_size=4")
    settings = [part for size in sizes for part in ("--set", size)]
    run(
        python, tmp_path, "-m", "sketch_rnn_keras.cli", "train", "--config", "quickstart", "--run-dir", "run", *settings
    )
    assert json.loads((tmp_path / "run" / "config.json").read_text())["hparams"]["kl_weight"] == 0.3


def test_the_command_works(python, tmp_path):
    run(python, tmp_path, "-m", "sketch_rnn_keras.cli", "info", "doodles:owl:20")
    run(python, tmp_path, "-m", "sketch_rnn_keras.cli", "animate", "doodles:owl#1", "-o", "owl.svg")
    assert (tmp_path / "owl.svg").exists()
    run(python, tmp_path, "-m", "sketch_rnn_keras.cli", "web", "doodles-decoder", "-o", "page.html")
    assert "doodles-decoder" in (tmp_path / "page.html").read_text(encoding="utf-8")
