"""A map of a latent space: the codes of many drawings in the plane, with the drawings themselves as thumbnails.

Enters: codes `[count, N_z]`, the drawings, what each shows. Leaves: an `.npz` or `.csv` file of
codes, an SVG, PNG or PDF map.
"""

import csv
import io
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib.colors import to_hex

from ..errors import InputError
from ..files.records import write_anew
from ..files.writing import check_suffix, write_atomically
from .grid import Style, place
from .page import RENDERERS, Page, Stroke, Text, printable

_SQUARES = 22  # of the lattice, along the longer side
_THUMBNAIL, _MARGIN, _LEGEND = 44, 16, 36  # CSS pixels


def project(codes: np.ndarray) -> tuple[np.ndarray, float]:
    """The principal plane of codes: where they vary most.

    Args:
        codes: `[count, N_z]`.

    Returns:
        `[count, 2]`, centred, each axis turned so that its largest entry is positive; and the share of the variance
        that the plane holds.
    """
    centred = np.asarray(codes, "float64") - np.mean(codes, axis=0, dtype="float64")
    _, values, axes = np.linalg.svd(centred, full_matrices=False)
    places = np.zeros((len(centred), 2))
    places[:, : len(axes[:2])] = centred @ axes[:2].T
    signs = np.where(np.abs(places.min(axis=0)) > places.max(axis=0), -1.0, 1.0)
    return places * signs, float((values[:2] ** 2).sum() / ((values**2).sum() or 1))


def write_codes(path: str | os.PathLike, codes: np.ndarray, names: Sequence[str], places: np.ndarray) -> Path:
    """Write codes for other programs.

    Args:
        path: file to write; `.npz` holds arrays `codes` float32 `[count, N_z]`, `names` and `places` `[count, 2]`,
            `.csv` one row for each drawing: name, x, y, z0, z1, ...
        codes, names, places: one for each drawing.

    Raises:
        InputError: another suffix, or the file cannot be written.
    """
    if check_suffix(path, ".npz", ".csv") == ".npz":
        buffer = io.BytesIO()
        np.savez(buffer, codes=codes, names=np.array(names, str), places=places)
        return write_anew(path, buffer.getvalue())
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["name", "x", "y", *(f"z{k}" for k in range(codes.shape[1]))])
    for name, place_, code in zip(names, places, codes, strict=True):
        writer.writerow([name, *(f"{x:.6g}" for x in place_), *(f"{x:.9g}" for x in code)])
    return write_atomically(path, text.getvalue().encode())


def draw_map(
    sketches: Sequence[np.ndarray], places: np.ndarray, kinds: Sequence[str], path: str | os.PathLike, **style: Any
) -> int:
    """Draw thumbnails where their codes lie, each in its square of a lattice; the first in a square stays alone.

    Args:
        sketches: stroke-3 arrays.
        places: `[count, 2]`, in any unit.
        kinds: what each sketch shows; if there are several kinds, each has a colour, named in a legend.
        path: file to write, ending in `.svg`, `.png` or `.pdf`; replaced if it exists.
        **style: `line_width`, `smooth` and `dark` of `grid.Style`.

    Returns:
        How many thumbnails there are.

    Raises:
        InputError: no sketches, a bad one, another style or suffix, or a file that cannot be written.
    """
    suffix = check_suffix(path, *RENDERERS)
    look = map_style(**style)
    colours = _colours(kinds, look)
    extent = np.ptp(places, axis=0).max() or 1.0
    squares = np.floor((_SQUARES - 1e-9) * (places - places.min(axis=0)) / extent).astype(int)
    width, height = (2 * _MARGIN + _THUMBNAIL * (squares.max(axis=0) + 1)).tolist()
    page = Page(width, height + (_LEGEND if len(colours) > 1 else 0), look.line_width, look.smooth, look.colours)
    taken, size = set(), _THUMBNAIL - 2 * look.margin - look.line_width
    for index, (sketch, kind) in enumerate(zip(sketches, kinds, strict=True)):
        square = tuple(squares[index].tolist())
        if square not in taken:
            taken.add(square)
            polylines = place(sketch, _MARGIN + (squares[index] + 0.5) * _THUMBNAIL, size, index)
            page.sketches.append([Stroke(points, colours[kind]) for points in polylines])
    for k, kind in enumerate(colours if len(colours) > 1 else ()):
        x, y = (k + 0.5) * width / len(colours), height + _LEGEND / 2
        page.sketches.append([Stroke(np.array([[x - 12, y - 8], [x + 12, y - 8]]), colours[kind])])
        page.texts.append(Text(printable(kind), x, y + 10, 13))
    write_atomically(path, RENDERERS[suffix](page))
    return len(taken)


def map_style(**style: Any) -> Style:
    """How a map's thumbnails look; raises `InputError` unless `style` names nothing but what a map leaves open."""
    if extra := sorted(style.keys() - {"line_width", "smooth", "dark"}):
        raise InputError(f"style: a map takes line_width, smooth and dark, received {extra[0]}")
    return Style(**{"line_width": 1.2, **style, "cell": _THUMBNAIL, "margin": 3})


def _colours(kinds: Sequence[str], style: Style) -> dict[str, str]:
    """A colour for each kind, in the order in which they first come."""
    known = list(dict.fromkeys(kinds))
    if len(known) == 1:
        return {known[0]: style.colours.ink}
    table = matplotlib.colormaps["tab10" if len(known) <= 10 else "turbo"]
    return {kind: to_hex(table(k if len(known) <= 10 else k / (len(known) - 1))) for k, kind in enumerate(known)}
