"""The notebooks on neighbours of Sketch-RNN run, are committed with what they show, and keep what they promise.

They may define models of their own, in cells with the tag `model`: networks, losses, the steps that train them.
"""

import re
import tomllib

import nbformat
import pytest
from support.notebooks import (
    assert_committed_with_pictures,
    code_cells,
    colab_link,
    commands_of_first_cell,
    execute,
    pictures,
)
from support.paths import ROOT

FOLDER = ROOT / "notebooks" / "background"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
NAMES = ["mixture_density", "performance_rnn", "pixels_gan", "pixels_vae", "style_transfer"]
SHORTER = {  # trainings and estimates, in tests
    "mixture_density": {"epochs=30": "epochs=3"},
    "performance_rnn": {"epochs=15": "epochs=1"},
    "pixels_gan": {"steps=1200": "steps=150", "steps=750": "steps=100", "epochs=12": "epochs=1"},
    "pixels_vae": {
        "autoencoder, 8,": "autoencoder, 1,",
        "vae, 15,": "vae, 1,",
        "flat, 8,": "flat, 1,",
        "pixelcnn, 1, 12,": "pixelcnn, 1, 100,",
        "draws=100": "draws=10",
    },
    "style_transfer": {"steps = 200": "steps = 20"},
}
MOST_MODEL_LINES = 79  # that are not blank
MOST_PICTURE_LETTERS = 300_000  # of an SVG; many dots belong into an image within it
MODEL_CODE = re.compile(r"\blayers\.\w+\(|\bkeras\.(Model|Sequential|Variable)\b|\bGradientTape\b")

each = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


@pytest.fixture(scope="module")
def project():
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def model_cells(notebook) -> list:
    return [cell for cell in code_cells(notebook) if "model" in cell.metadata.get("tags", [])]


def test_all_are_here():
    assert [path.stem for path in NOTEBOOKS] == NAMES


@each
def test_it_is_committed_with_its_pictures(path):
    assert_committed_with_pictures(path)


@each
def test_its_pictures_are_small(path):
    outputs = [output.get("data", {}) for cell in code_cells(nbformat.read(path, 4)) for output in cell.outputs]
    assert max(len(data.get("image/svg+xml", "")) for data in outputs) <= MOST_PICTURE_LETTERS


@each
def test_it_shows_nothing_of_the_machine_it_ran_on(path):
    outputs = [output for cell in code_cells(nbformat.read(path, 4)) for output in cell.outputs]
    assert [output for output in outputs if output.get("name") == "stderr"] == []  # warnings, bars


@each
def test_it_says_how_sketch_rnn_differs(path):
    texts = [cell.source for cell in nbformat.read(path, 4).cells if cell.cell_type == "markdown"]
    assert len([text for text in texts if re.search(r"^## Beside Sketch-RNN$", text, re.MULTILINE)]) == 1


@each
def test_its_model_is_short_and_in_cells_that_say_so(path):
    notebook = nbformat.read(path, 4)
    marked = model_cells(notebook)
    lines = [line for cell in marked for line in cell.source.splitlines() if line.strip()]
    assert 1 <= len(lines) <= MOST_MODEL_LINES
    others = [cell.source for cell in code_cells(notebook) if cell not in marked]
    assert [source for source in others if MODEL_CODE.search(source)] == []


def test_the_readme_opens_each_in_colab_and_no_other(project):
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    listed = re.findall(r"\]\((\S+/notebooks/background/\S+\.ipynb)\)", readme)
    assert sorted(f"({link})" for link in listed) == sorted(colab_link(path, project) for path in NOTEBOOKS)


@each
@pytest.mark.parametrize("is_there", [True, False])
def test_it_begins_by_installing_what_it_needs_where_that_is_missing(path, is_there, project, monkeypatch):
    extra = [re.match(r"\w+", requirement)[0] for requirement in project["optional-dependencies"]["background"]]
    later = [cell.source for cell in code_cells(nbformat.read(path, 4))[1:]]
    needs_extra = any(re.search(rf"^(import|from) {name}\b", text, re.MULTILINE) for name in extra for text in later)
    wanted = f'"{project["name"]}[background]"' if needs_extra else project["name"]
    run = commands_of_first_cell(path, is_there, monkeypatch)
    assert run == ([] if is_there else [("pip", f"install -q {wanted}")])


@pytest.mark.tensorflow
@each
def test_it_runs_and_leaves_nothing_behind(path, tmp_path):
    notebook = execute(path, tmp_path, SHORTER[path.stem])
    assert pictures(notebook) == pictures(nbformat.read(path, 4))
    assert list(tmp_path.iterdir()) == []
