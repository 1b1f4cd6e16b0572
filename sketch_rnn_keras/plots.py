"""Figures about a model rather than by it: training curves, and what it expects at one step of a drawing.

Enters: run directories, or a model and a stroke-3 drawing. Leaves: an SVG or PNG file. The same input gives the same
bytes; the letters of an SVG are text.

Sources: the losses are those of section 3.3 of arXiv 1704.03477, the mixture its equations 3 to 6.
"""

import csv
import io
import math
import os
from collections.abc import Sequence
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Ellipse

from .errors import InputError
from .files import check_suffix, write_atomically
from .strokes import as_stroke3, to_polylines

PANELS = {  # column of history.csv, or two: what it is called
    ("offset",): "offset loss $L_s$",
    ("pen",): "pen loss $L_p$",
    ("kl_raw", "kl"): "KL loss $L_{KL}$ (dashed: raised to its tolerance)",
    ("cost",): "objective",
    ("kl_weight",): "KL weight",
    ("learning_rate",): "learning rate",
}
_SCHEDULES = ("kl_weight", "learning_rate")  # the same for training and validation
_INK, _PAST, _ACCENT = "#1f2328", "#8c959f", "#bc4c00"
_STYLE = {
    "svg.fonttype": "none",
    "svg.hashsalt": "sketch-rnn-keras",
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 9,
}


def plot_training(run_dirs: Sequence[str | os.PathLike], path: str | os.PathLike) -> Path:
    """Draw the training curves of one or more runs over each other.

    Args:
        run_dirs: run directories, each with its `history.csv`. A run's training losses are a thin line, its validation
            losses a thick one with dots.
        path: file to write, ending in `.svg` or `.png`; replaced if it exists.

    Returns:
        The path.

    Raises:
        InputError: no run, one without a history or with one that has no rows, or another suffix.
    """
    if not run_dirs:
        raise InputError("expected at least one run directory to plot, received none")
    runs = {str(run): _read_run(Path(run)) for run in run_dirs}
    with matplotlib.rc_context(_STYLE):
        figure = Figure((11, 6), layout="constrained")
        for axes, (columns, title) in zip(figure.subplots(2, 3).flat, PANELS.items(), strict=True):
            for number, (name, splits) in enumerate(runs.items()):
                _plot_run(axes, splits, columns, f"C{number}", name)
            axes.set(title=title, xlabel="step")
            axes.grid(alpha=0.25)
        handles, labels = figure.axes[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=2, frameon=False)
        return _write(figure, path)


def plot_tradeoff(rows: Sequence[dict], path: str | os.PathLike) -> Path:
    """Draw what a smaller weight of L_KL buys: L_R against L_KL, a line for each data set of a sweep.

    Args:
        rows: as `sweep.run` returns them; a decoder-only model, which has no L_KL, is a dashed level.
        path: file to write, ending in `.svg` or `.png`; replaced if it exists.

    Returns:
        The path.
    """
    with matplotlib.rc_context(_STYLE):
        figure = Figure((7, 4.2), layout="constrained")
        axes = figure.add_subplot()
        for number, data in enumerate(dict.fromkeys(row["data"] for row in rows)):
            of_data = [row for row in rows if row["data"] == data]
            coded = [row for row in of_data if row["L_KL"] is not None]
            line = {"color": f"C{number}", "label": _plain(data)}
            axes.plot([row["L_KL"] for row in coded], [row["L_R"] for row in coded], "o-", **line)
            for row in coded:
                place = {"xytext": (6, 6), "textcoords": "offset points", "fontsize": 8, "color": f"C{number}"}
                axes.annotate(_plain(row["variant"]), (row["L_KL"], row["L_R"]), **place)
            for row in of_data:
                if row["L_KL"] is None:
                    axes.axhline(row["L_R"], color=f"C{number}", linestyle="--", linewidth=1, alpha=0.7)
        axes.set(xlabel="$L_{KL}$", ylabel="$L_R$", title="reconstruction against KL; dashed: decoder only")
        axes.grid(alpha=0.25)
        if rows:
            axes.legend(frameon=False)
        return _write(figure, path)


def plot_mixture(model, drawing: np.ndarray, step: int, path: str | os.PathLike, z: np.ndarray | None = None) -> Path:
    """Draw what the model expects next: the mixture of the next offset and the pen's probabilities.

    Each component is an ellipse of one and of two standard deviations, the darker the heavier its weight.

    Args:
        model: a `SketchRNN`.
        drawing: stroke-3 `[n, 3]` in data units, which the decoder reads up to `step`.
        step: how many of its points the model has seen, from 0 to n.
        path: file to write, ending in `.svg` or `.png`; replaced if it exists.
        z: the code `[N_z]`; that of the drawing when None. Not for decoder-only models.

    Returns:
        The path.

    Raises:
        InputError: a step outside the drawing, a drawing that does not fit the model, or another suffix.
    """
    rows = as_stroke3(drawing, "drawing")
    if isinstance(step, bool) or not isinstance(step, (int, np.integer)) or not 0 <= step <= len(rows):
        raise InputError(f"step: expected a whole number from 0 to {len(rows)}, the drawing's points, received {step}")
    mixture = _expected(model, rows[:step], rows, z)
    with matplotlib.rc_context(_STYLE):
        figure = Figure((8, 5.4), layout="constrained")
        scene, pen = figure.subplots(1, 2, width_ratios=(3.2, 1))
        _plot_scene(scene, rows, step, mixture, model.scale_factor or 1.0)
        states = ("pen down", "pen up", "end")
        bars = pen.barh(states, mixture["pen"], height=0.5, color=(_INK, _PAST, _ACCENT))
        pen.bar_label(bars, [f"{100 * p:.1f} %" for p in mixture["pen"]], padding=3)
        pen.set(xlim=(0, 1.25), xticks=(0, 0.5, 1), title="pen after the next point")
        pen.set_box_aspect(1)
        pen.invert_yaxis()
        return _write(figure, path)


def _read_run(run_dir: Path) -> dict[str, dict[str, np.ndarray]]:
    """By split ("train", "valid"), the columns of the run's history."""
    from .training import history

    path = run_dir / "history.csv"
    if not path.is_file():
        raise InputError(f"{run_dir}: expected a run directory with history.csv, found none there")
    try:
        rows = history.read(path)
        names = ("step", *(name for panel in PANELS for name in panel))
        splits = {
            split: {name: np.array([float(row[name]) for row in rows if row["split"] == split]) for name in names}
            for split in ("train", "valid")
        }
    except (KeyError, TypeError, ValueError, OSError, csv.Error) as error:
        raise InputError(f"{path}: expected the history of a training run: {error}") from None
    if not any(len(columns["step"]) for columns in splits.values()):
        raise InputError(f"{path}: the run has not logged a step yet; plot it later")
    return splits


def _plot_run(axes, splits, columns, colour, name):
    dashes = ("-", "--")
    for split, line in (("train", {"alpha": 0.45, "linewidth": 1}), ("valid", {"marker": ".", "linewidth": 1.8})):
        steps = splits[split]["step"]
        if (columns[0] in _SCHEDULES and split == "valid") or not len(steps):
            continue
        for column, dash in zip(columns, dashes, strict=False):
            label = f"{_plain(name)}, {'training' if split == 'train' else 'validation'}" if dash == "-" else None
            axes.plot(steps, splits[split][column], color=colour, linestyle=dash, label=label, **line)


def _expected(model, seen, drawing, z) -> dict[str, np.ndarray]:
    """The parameters of the next point in model units, after `seen [n, 3]`."""
    from . import latent
    from .mixture import from_raw
    from .strokes import to_stroke5
    from .training import backend

    if len(drawing) > model.hparams.max_seq_len:
        raise InputError(f"drawing: expected at most {model.hparams.max_seq_len} points, received {len(drawing)}")
    if z is None and model.hparams.conditional:
        z = latent.encode(model, [drawing])[0]
    units = [model.scale_factor or 1.0, model.scale_factor or 1.0, 1.0]
    inputs = to_stroke5(seen / units, len(seen))[None]  # the start token, then what was seen
    run = backend().compiled(model, model.decode)
    raw = run(inputs, np.asarray(z, "float32")[None]) if z is not None else run(inputs)
    last = from_raw(np.asarray(raw)[0, -1:].astype("float64"))
    log_pi, mu_x, mu_y, log_sigma_x, log_sigma_y, rho_raw, pen = (np.asarray(part)[0] for part in last)
    pen = np.exp(pen - pen.max())
    return {
        "pi": np.exp(log_pi),
        "mean": np.stack([mu_x, mu_y], axis=1),
        "sigma": np.exp(np.stack([log_sigma_x, log_sigma_y], axis=1)),
        "rho": np.tanh(rho_raw),
        "pen": pen / pen.sum(),
    }


def _plot_scene(axes, rows, step, mixture, scale):
    """The drawing, its seen part dark, and the components around where the pen is."""
    for points in to_polylines(rows):
        axes.plot(*points.T, color=_PAST, linewidth=1.2, alpha=0.5)
    for points in to_polylines(rows[:step]):
        axes.plot(*points.T, color=_INK, linewidth=2, solid_capstyle="round")
    pen = rows[:step, :2].sum(axis=0)
    heaviest = mixture["pi"].max()
    for pi, mean, sigma, rho in zip(*(mixture[k] for k in ("pi", "mean", "sigma", "rho")), strict=True):
        covariance = np.outer(sigma, sigma) * scale**2 * np.array([[1, rho], [rho, 1]])
        values, vectors = np.linalg.eigh(covariance)
        angle = math.degrees(math.atan2(vectors[1, 1], vectors[0, 1]))
        for deviations in (1, 2):
            width, height = 2 * deviations * np.sqrt(np.maximum(values[::-1], 0))
            shape = {"facecolor": _ACCENT, "edgecolor": "none", "alpha": 0.45 * pi / heaviest / deviations}
            axes.add_patch(Ellipse(pen + scale * mean, width, height, angle=angle, zorder=1, **shape))
    axes.plot(*pen, "o", color=_INK, markersize=5)
    axes.set(aspect="equal", title=f"after {step} of {len(rows)} points")
    axes.invert_yaxis()
    axes.set_axis_off()


def _plain(text: str) -> str:
    """A name as matplotlib shows it literally: between dollar signs it would be mathematics, after _ be left out."""
    text = text.replace("$", r"\$")
    return f" {text}" if text.startswith("_") else text


def _write(figure: Figure, path) -> Path:
    suffix = check_suffix(path, ".svg", ".png")
    buffer = io.BytesIO()
    FigureCanvasAgg(figure)
    metadata = {"Date": None} if suffix == ".svg" else {"Software": None}
    figure.savefig(buffer, format=suffix[1:], dpi=150, metadata=metadata)
    return write_atomically(path, buffer.getvalue())
