"""What the tests of all notebooks do with one: count its pictures, look for places of a machine, begin it, run it."""

from collections.abc import Mapping
from pathlib import Path

import nbformat
from IPython.core.interactiveshell import InteractiveShell
from nbclient import NotebookClient

from .paths import ROOT

HANGS = 900  # seconds that no cell takes; a guard against hanging, not a promise of speed


def code_cells(notebook) -> list:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def pictures(notebook) -> int:
    outputs = [output for cell in code_cells(notebook) for output in cell.outputs]
    assert not [output for output in outputs if output.output_type == "error"]
    return sum("image/svg+xml" in output.get("data", {}) for output in outputs)


def assert_committed_with_pictures(path: Path) -> None:
    notebook = nbformat.read(path, 4)
    assert pictures(notebook) >= 2
    assert all(cell.execution_count for cell in code_cells(notebook))
    assert not any(str(Path.home()) in str(cell) or "/tmp/" in str(cell) for cell in notebook.cells)


def commands_of_first_cell(path: Path, is_there: bool, monkeypatch) -> list[tuple[str, ...]]:
    """The IPython commands that the first code cell gives where every package is there, or none."""
    first = code_cells(nbformat.read(path, 4))[0]
    run: list[tuple[str, ...]] = []
    shell = InteractiveShell()
    monkeypatch.setattr(shell, "run_line_magic", lambda *command, **_: run.append(command))
    monkeypatch.setattr("importlib.util.find_spec", lambda name: is_there or None)
    assert shell.run_cell(first.source).success
    return run


def colab_link(path: Path, project: dict) -> str:
    """The end of a Markdown link that opens the notebook in Colab; `project` is that of pyproject.toml."""
    place = project["urls"]["Repository"].replace("https://github.com", "https://colab.research.google.com/github")
    return f"({place}/blob/main/{path.relative_to(ROOT).as_posix()})"


def execute(path: Path, folder: Path, shorter: Mapping[str, str]):
    """The notebook as it is after a run within `folder`; `shorter`: what it says, and what is run in its place."""
    notebook = nbformat.read(path, 4)
    for as_written, in_tests in shorter.items():
        (cell,) = (cell for cell in code_cells(notebook) if as_written in cell.source)
        assert cell.source.count(as_written) == 1
        cell.source = cell.source.replace(as_written, in_tests)
    resources = {"metadata": {"path": str(folder)}}
    NotebookClient(notebook, timeout=HANGS, kernel_name="python3", resources=resources).execute()
    return notebook
