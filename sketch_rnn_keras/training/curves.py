"""Curves of what a training did. Enters: run directories, or the rows of a sweep. Leaves: an SVG, PNG or PDF file.

Source: the losses are those of section 3.3 of arXiv 1704.03477.
"""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..errors import InputError
from ..pictures.figure import STYLE, literal, write_figure
from . import history

PANELS = {  # column of history.csv, or two: what it is called
    ("offset",): "offset loss $L_s$",
    ("pen",): "pen loss $L_p$",
    ("kl_raw", "kl"): "KL loss $L_{KL}$ (dashed: raised to its tolerance)",
    ("cost",): "objective",
    ("kl_weight",): "KL weight",
    ("learning_rate",): "learning rate",
}
_WHY_TWO = (
    "Training losses are of one batch, with the run's dropout and augmentation, which is harder; those of validation "
    "are of drawings\nheld back, with neither, and so often lie below. Both count the pen over all steps "
    "up to $N_{max}$, those after a drawing's end too."
)
_SCHEDULES = ("kl_weight", "learning_rate")  # the same for training and validation


def plot_training(run_dirs: Sequence[str | os.PathLike], path: str | os.PathLike) -> Path:
    """Draw the training curves of one or more runs over each other.

    Args:
        run_dirs: run directories, each with its `history.csv`. A run's training losses are a thin line, its validation
            losses a thick one with dots.
        path: file to write, ending in `.svg`, `.png` or `.pdf`; replaced if it exists.

    Returns:
        The path.

    Raises:
        InputError: no run, one without a history or with one that has no rows, or another suffix.
    """
    if not run_dirs:
        raise InputError("expected at least one run directory to plot, received none")
    runs = {str(run): _read_run(Path(run)) for run in run_dirs}
    with matplotlib.rc_context(STYLE):
        figure = Figure((11, 6.5), layout="constrained")
        for axes, (columns, title) in zip(figure.subplots(2, 3).flat, PANELS.items(), strict=True):
            for number, (name, splits) in enumerate(runs.items()):
                _plot_run(axes, splits, columns, f"C{number}", name)
            axes.set(title=title, xlabel="step")
            axes.grid(alpha=0.25)
        handles, labels = figure.axes[0].get_legend_handles_labels()
        below: dict[str, Any] = {"loc": "outside lower center", "ncols": 2, "frameon": False}
        figure.legend(handles, labels, title=_WHY_TWO, title_fontsize=8, **below)
        return write_figure(figure, path)


def plot_tradeoff(rows: Sequence[Mapping[str, Any]], path: str | os.PathLike) -> Path:
    """Draw what a smaller weight of L_KL buys: L_R against L_KL, a line for each data set of a sweep.

    Args:
        rows: as `sweep.run` returns them; a decoder-only model, which has no L_KL, is a dashed level.
        path: file to write, ending in `.svg`, `.png` or `.pdf`; replaced if it exists.

    Returns:
        The path.
    """
    with matplotlib.rc_context(STYLE):
        figure = Figure((7, 4.2), layout="constrained")
        axes = figure.add_subplot()
        for number, data in enumerate(dict.fromkeys(row["data"] for row in rows)):
            of_data = [row for row in rows if row["data"] == data]
            coded = [row for row in of_data if row["L_KL"] is not None]
            line: dict[str, Any] = {"color": f"C{number}", "label": literal(data)}
            axes.plot([row["L_KL"] for row in coded], [row["L_R"] for row in coded], "o-", **line)
            for row in coded:
                place: dict[str, Any] = {
                    "xytext": (6, 6),
                    "textcoords": "offset points",
                    "fontsize": 8,
                    "color": f"C{number}",
                }
                axes.annotate(literal(row["variant"]), (row["L_KL"], row["L_R"]), **place)
            for row in of_data:
                if row["L_KL"] is None:
                    axes.axhline(row["L_R"], color=f"C{number}", linestyle="--", linewidth=1, alpha=0.7)
        axes.set(xlabel="$L_{KL}$", ylabel="$L_R$", title="reconstruction against KL; dashed: decoder only")
        axes.grid(alpha=0.25)
        if rows:
            axes.legend(frameon=False)
        return write_figure(figure, path)


def _read_run(run_dir: Path) -> dict[str, dict[str, np.ndarray]]:
    """By split ("train", "valid"), the columns of the run's history."""
    path = run_dir / "history.csv"
    if not path.is_file():
        raise InputError(f"{run_dir}: expected a run directory with history.csv, received none")
    return history.read_columns(path, ("step", *(name for panel in PANELS for name in panel)))


def _plot_run(axes: Axes, splits: Mapping, columns: Sequence[str], colour: str, name: str) -> None:
    dashes = ("-", "--")
    for split, line in (("train", {"alpha": 0.45, "linewidth": 1}), ("valid", {"marker": ".", "linewidth": 1.8})):
        steps = splits[split]["step"]
        if (columns[0] in _SCHEDULES and split == "valid") or not len(steps):
            continue
        for column, dash in zip(columns, dashes, strict=False):
            label = f"{literal(name)}, {'training' if split == 'train' else 'validation'}" if dash == "-" else None
            axes.plot(steps, splits[split][column], color=colour, linestyle=dash, label=label, **line)
