"""The notebooks run from top to bottom, and are committed with what they show."""

import shutil
import tomllib

import nbformat
import pytest
from support.notebooks import assert_committed_with_pictures, colab_link, commands_of_first_cell, execute, pictures
from support.paths import ROOT

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
NAMES = ["0_strokes", "1_train_and_sample", "2_reconstruction_and_temperature", "3_interpolation"]
NAMES += ["4_latent_arithmetic_and_completion", "5_published_models"]
SHORTER = {"num_steps=600, save_every=200": "num_steps=20, save_every=10"}  # trainings, in tests


@pytest.fixture(scope="module")
def workplace(tmp_path_factory):
    """A copy of what the notebooks use; the model that the second one trains stays there for those after it."""
    folder = tmp_path_factory.mktemp("work")
    for name in ("notebooks", "configs"):
        shutil.copytree(ROOT / name, folder / name)
    return folder / "notebooks"


def test_all_are_here():
    assert [path.stem for path in NOTEBOOKS] == NAMES


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_is_committed_with_its_pictures(path):
    assert_committed_with_pictures(path)


@pytest.fixture(scope="module")
def project():
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def test_the_readme_opens_each_in_colab(project):
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert [path.stem for path in NOTEBOOKS if colab_link(path, project) not in readme] == []


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
@pytest.mark.parametrize("is_there", [True, False])
def test_it_begins_by_installing_the_package_where_that_is_missing(path, is_there, project, monkeypatch):
    run = commands_of_first_cell(path, is_there, monkeypatch)
    assert run == ([] if is_there else [("pip", f"install -q {project['name']}")])


@pytest.mark.tensorflow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_runs(path, workplace):
    committed = pictures(nbformat.read(path, 4))
    notebook = execute(path, workplace, SHORTER if path.stem in NAMES[1:3] else {})
    absent = path.stem == NAMES[-1] and not (workplace.parent / "models").exists()  # the last one skips without it
    assert pictures(notebook) == (0 if absent else committed)
