"""What a model expects at one step of a drawing: the mixture of the next offset and the pen's probabilities.

Enters: a model and a stroke-3 drawing in data units. Leaves: an SVG or PNG file.

Source: equations 3 to 6 of arXiv 1704.03477.
"""

import math
import os
from pathlib import Path
from typing import NamedTuple

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Ellipse

from .. import latent
from ..errors import InputError, whole_number
from ..model import mixture
from ..model.sketch_rnn import SketchRNN
from ..strokes import as_stroke3, to_polylines, to_stroke5
from .figure import ACCENT, INK, PAST, STYLE, write_figure


class _NextPoint(NamedTuple):
    """The distribution of the next point in data units: `pi [M]`, `means` and `sigmas [M, 2]`, `rho [M]`, `pen [3]`."""

    pi: np.ndarray
    means: np.ndarray
    sigmas: np.ndarray
    rho: np.ndarray
    pen: np.ndarray


def plot_mixture(
    model: SketchRNN, drawing: np.ndarray, step: int, path: str | os.PathLike, z: np.ndarray | None = None
) -> Path:
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
    step = whole_number("step", step, 0, len(rows))
    next_point = _next_point(model, rows[:step], rows, z)
    with matplotlib.rc_context(STYLE):
        figure = Figure((8, 5.4), layout="constrained")
        scene, pen = figure.subplots(1, 2, width_ratios=(3.2, 1))
        _plot_scene(scene, rows, step, next_point)
        states = ("pen down", "pen up", "end")
        bars = pen.barh(states, next_point.pen, height=0.5, color=(INK, PAST, ACCENT))
        pen.bar_label(bars, [f"{100 * p:.1f} %" for p in next_point.pen], padding=3)
        pen.set(xlim=(0, 1.25), xticks=(0, 0.5, 1), title="pen after the next point")
        pen.set_box_aspect(1)
        pen.invert_yaxis()
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
        covariance = np.outer(sigma, sigma) * np.array([[1, rho], [rho, 1]])
        values, vectors = np.linalg.eigh(covariance)
        angle = math.degrees(math.atan2(vectors[1, 1], vectors[0, 1]))
        for deviations in (1, 2):
            width, height = 2 * deviations * np.sqrt(np.maximum(values[::-1], 0))
            alpha = 0.45 * pi / next_point.pi.max() / deviations
            shape = {"facecolor": ACCENT, "edgecolor": "none", "alpha": alpha}
            axes.add_patch(Ellipse(pen + mean, width, height, angle=angle, zorder=1, **shape))
    axes.plot(*pen, "o", color=INK, markersize=5)
    axes.set(aspect="equal", title=f"after {step} of {len(rows)} points")
    axes.invert_yaxis()
    axes.set_axis_off()
