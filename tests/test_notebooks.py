"""The notebooks run from top to bottom, and are committed with what they show."""

import shutil
import tomllib
from pathlib import Path

import nbformat
import pytest
from IPython.core.interactiveshell import InteractiveShell
from nbclient import NotebookClient
from support.paths import ROOT

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
NAMES = ["0_strokes", "1_train_and_sample", "2_reconstruction_and_temperature", "3_interpolation"]
NAMES += ["4_latent_arithmetic_and_completion", "5_published_models"]


@pytest.fixture(scope="module")
def workplace(tmp_path_factory):
    """A copy of what the notebooks use; the model that the second one trains stays there for those after it."""
    folder = tmp_path_factory.mktemp("work")
    for name in ("notebooks", "configs"):
        shutil.copytree(ROOT / name, folder / name)
    return folder / "notebooks"


def pictures(notebook) -> int:
    outputs = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    assert not [output for output in outputs if output.output_type == "error"]
    return sum("image/svg+xml" in output.get("data", {}) for output in outputs)


def test_all_are_here():
    assert [path.stem for path in NOTEBOOKS] == NAMES


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_is_committed_with_its_pictures(path):
    notebook = nbformat.read(path, 4)
    assert pictures(notebook) >= 2
    assert all(cell.execution_count for cell in notebook.cells if cell.cell_type == "code")
    assert not any(str(Path.home()) in str(cell) or "/tmp/" in str(cell) for cell in notebook.cells)


@pytest.fixture(scope="module")
def project():
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def test_the_readme_opens_each_in_colab(project):
    place = project["urls"]["Repository"].replace("https://github.com", "https://colab.research.google.com/github")
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert [name for name in NAMES if f"({place}/blob/main/notebooks/{name}.ipynb)" not in readme] == []


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
@pytest.mark.parametrize("is_there", [True, False])
def test_it_begins_by_installing_the_package_where_that_is_missing(path, is_there, project, monkeypatch):
    first = next(cell for cell in nbformat.read(path, 4).cells if cell.cell_type == "code")
    run = []
    shell = InteractiveShell()
    monkeypatch.setattr(shell, "run_line_magic", lambda *command, **_: run.append(command))
    monkeypatch.setattr("importlib.util.find_spec", lambda name: is_there or None)
    assert shell.run_cell(first.source).success
    assert run == ([] if is_there else [("pip", f"install -q {project['name']}")])


@pytest.mark.tensorflow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_runs(path, workplace, monkeypatch):
    monkeypatch.delenv("XLA_FLAGS", raising=False)  # training pays for optimised programs
    notebook = nbformat.read(path, 4)
    committed = pictures(notebook)
    resources = {"metadata": {"path": str(workplace)}}
    NotebookClient(notebook, timeout=900, kernel_name="python3", resources=resources).execute()
    absent = path.stem == NAMES[-1] and not (workplace.parent / "models").exists()  # the last one skips without it
    assert pictures(notebook) == (0 if absent else committed)
