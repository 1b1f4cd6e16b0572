"""What figures with axes share: a quiet style, names shown literally, files with the same bytes for the same input."""

import io
import os
from pathlib import Path

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from ..files.writing import PICTURE_SUFFIXES, check_suffix, write_atomically
from .page import PDF_FONTS, UNDATED

INK, PAST, ACCENT = "#1f2328", "#8c959f", "#bc4c00"
STYLE = {
    "svg.fonttype": "none",  # the letters of an SVG are text
    "svg.hashsalt": "sketch-rnn-keras",
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 9,
    "figure.constrained_layout.w_pad": 0.15,  # inches around each part, so that nothing touches the edge
    "figure.constrained_layout.h_pad": 0.15,
    **PDF_FONTS,
}


def literal(text: str) -> str:
    """A name as matplotlib shows it literally: between dollar signs it would be mathematics, after _ be left out."""
    text = text.replace("$", r"\$")
    return f" {text}" if text.startswith("_") else text


def write_figure(figure: Figure, path: str | os.PathLike) -> Path:
    """Write a figure to an `.svg`, `.png` or `.pdf` file, which is replaced if it exists; same figure, same bytes.

    Raises:
        InputError: another suffix, or the file cannot be written.
    """
    suffix = check_suffix(path, *PICTURE_SUFFIXES)
    buffer = io.BytesIO()
    FigureCanvasAgg(figure)
    figure.savefig(buffer, format=suffix[1:], dpi=150, metadata=UNDATED[suffix])
    return write_atomically(path, buffer.getvalue())
