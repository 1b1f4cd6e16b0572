"""Run notebooks from top to bottom and write them back with what they show: `python scripts/run_notebooks.py PATHS`.

What a machine says beside that (warnings, bars: all of standard error) and when each cell ran is left out.
"""

import argparse
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient


def run(path: Path) -> float:
    """Run one, replace it, and return the seconds that took. A cell that fails raises, and the file stays as it was."""
    notebook = nbformat.read(path, 4)
    start = time.monotonic()
    resources = {"metadata": {"path": str(path.parent)}}
    NotebookClient(
        notebook, timeout=None, kernel_name="python3", resources=resources, record_timing=False, coalesce_streams=True
    ).execute()
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = [output for output in cell.outputs if output.get("name") != "stderr"]
    nbformat.write(notebook, path)
    return time.monotonic() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="a notebook, which is replaced")
    for path in parser.parse_args().paths:
        print(f"{path}: {run(path):.0f} s", flush=True)


if __name__ == "__main__":
    main()
