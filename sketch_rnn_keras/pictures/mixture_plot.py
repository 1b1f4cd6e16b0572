"""What a model expects at one step of a drawing: the mixture of the next offset and the pen's probabilities.

Enters: a model and a stroke-3 drawing in data units. Leaves: an SVG, PNG or PDF file.

Source: equations 3 to 6 of arXiv 1704.03477.
"""

import math
import os
from pathlib import Path
from typing import Any, NamedTuple

import matplotlib
import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Ellipse, Patch

from .. import latent
from ..errors import InputError, whole_number
from ..model import mixture
from ..model.sketch_rnn import SketchRNN
from ..strokes import as_stroke3, to_polylines, to_stroke5
from .figure import ACCENT, INK, PAST, STYLE, literal, write_figure

_STRONGEST = 0.45  # opacity of the heaviest component
_PALEST = 0.02  # of the heaviest weight; what has less cannot be seen, and may be wide enough to dwarf the drawing


class _NextPoint(NamedTuple):
    """The distribution of the next point in data units: `pi [M]`, `means` and `sigmas [M, 2]`, `rho [M]`, `pen [3]`."""

    pi: np.ndarray
    means: np.ndarray
    sigmas: np.ndarray
    rho: np.ndarray
    pen: np.ndarray


def plot_mixture(
    model: SketchRNN,
    drawing: np.ndarray,
    step: int,
    path: str | os.PathLike,
    z: np.ndarray | None = None,
    name: str = "drawing",
) -> Path:
    """Draw what the model expects next: the mixture of the next offset and the pen's probabilities.

    Each component is an ellipse of one and of two standard deviations, the darker the heavier its weight.

    Args:
        model: a `SketchRNN`.
        drawing: stroke-3 `[n, 3]` in data units, which the decoder reads up to `step`.
        step: how many of its points the model has seen, from 0 to n.
        path: file to write, ending in `.svg`, `.png` or `.pdf`; replaced if it exists.
        z: the code `[N_z]`; that of the drawing when None. Not for decoder-only models.
        name: what the title calls the drawing.

    Returns:
        The path.

    Raises:
        InputError: a step outside the drawing, a drawing that does not fit the model, or another suffix.
    """
    rows = as_stroke3(drawing, "drawing")
    step = whole_number("step", step, 0, len(rows))
    next_point = _next_point(model, rows[:step], rows, z)
    with matplotlib.rc_context(STYLE):
        figure = Figure((8, 4.6), layout="constrained")
        parts: dict[str, Axes] = figure.subplot_mosaic([["scene", "pen"], ["scene", "marks"]], width_ratios=(2.6, 1))
        _plot_scene(parts["scene"], rows, step, next_point)
        parts["scene"].set_title(f"{literal(name)} after {step} of {len(rows)} points")
        _plot_pen(parts["pen"], next_point.pen)
        _explain_marks(parts["marks"])
        return write_figure(figure, path)


def _next_point(model: SketchRNN, seen: np.ndarray, drawing: np.ndarray, z: np.ndarray | None) -> _NextPoint:
    """What is expected after `seen [n, 3]`, the beginning of `drawing`."""
    if len(drawing) > model.hparams.max_seq_len:
        raise InputError(f"drawing: expected at most {model.hparams.max_seq_len} points, received {len(drawing)}")
    if z is None and model.hparams.conditional:
        z = latent.encode(model, [drawing])[0]
    inputs = to_stroke5(model.to_model_units(seen), len(seen))[None]  # the start token, then what was seen
    raw = model.compiled_function(SketchRNN.decode)(inputs, None if z is None else np.asarray(z, "float32")[None])
    named = mixture.parameters(np.asarray(raw)[0, -1].astype("float64"))
    scale = model.to_data_units(np.array([[1.0, 1.0, 0.0]]))[0, :2]
    pen = np.exp(named["pen_logits"] - named["pen_logits"].max())
    return _NextPoint(
        pi=named["pi"],
        means=np.stack([named["mu_x"], named["mu_y"]], axis=1) * scale,
        sigmas=np.stack([named["sigma_x"], named["sigma_y"]], axis=1) * scale,
        rho=named["rho"],
        pen=pen / pen.sum(),
    )


def _plot_scene(axes: Axes, rows: np.ndarray, step: int, next_point: _NextPoint) -> None:
    """The drawing, its seen part dark, and the components around where the pen is."""
    for points in to_polylines(rows):
        axes.plot(*points.T, color=PAST, linewidth=1.2, alpha=0.5)
    for points in to_polylines(rows[:step]):
        axes.plot(*points.T, color=INK, linewidth=2, solid_capstyle="round")
    pen = rows[:step, :2].sum(axis=0)
    components = zip(next_point.pi, next_point.means, next_point.sigmas, next_point.rho, strict=True)
    for pi, mean, sigma, rho in components:
        if pi < _PALEST * next_point.pi.max():
            continue
        covariance = np.outer(sigma, sigma) * np.array([[1, rho], [rho, 1]])
        values, vectors = np.linalg.eigh(covariance)
        angle = math.degrees(math.atan2(vectors[1, 1], vectors[0, 1]))
        for deviations in (1, 2):
            width, height = 2 * deviations * np.sqrt(np.maximum(values[::-1], 0))
            alpha = _STRONGEST * pi / next_point.pi.max() / deviations
            axes.add_patch(Ellipse(pen + mean, width, height, angle=angle, zorder=1, **_shade(alpha)))
    axes.plot(*pen, "o", color=INK, markersize=5)
    axes.set(aspect="equal", anchor="N")
    axes.invert_yaxis()
    axes.set_axis_off()


def _shade(alpha: float) -> dict[str, Any]:
    return {"facecolor": ACCENT, "edgecolor": "none", "alpha": alpha}


def _plot_pen(axes: Axes, probabilities: np.ndarray) -> None:
    """A bar for each state of the pen, its probability in per cent to the right of the axis."""
    axes.barh(("pen down", "pen up", "end"), probabilities, height=0.5, color=(INK, PAST, ACCENT))
    for row, probability in enumerate(probabilities):
        axes.text(1.05, row, f"{100 * probability:.1f} %", verticalalignment="center")
    axes.set(xlim=(0, 1), xticks=(0, 0.5, 1), xlabel="probability", title="pen after the next point")
    axes.set_box_aspect(1)
    axes.invert_yaxis()


def _explain_marks(axes: Axes) -> None:
    """What each mark of the scene is."""
    outer, inner = _STRONGEST / 2, 1 - (1 - _STRONGEST) * (1 - _STRONGEST / 2)  # one ellipse, and two over each other
    marks: dict[str, Artist] = {
        "seen by the model": Line2D([], [], color=INK, linewidth=2),
        "where the pen is": Line2D([], [], color=INK, marker="o", markersize=5, linestyle=""),
        "the rest of the drawing": Line2D([], [], color=PAST, linewidth=1.2, alpha=0.5),
        "next point, within 1 σ": Patch(**_shade(inner)),
        "within 2 σ (paler: less likely)": Patch(**_shade(outer)),
    }
    axes.legend(marks.values(), marks, loc="upper center", frameon=False)
    axes.set_axis_off()
