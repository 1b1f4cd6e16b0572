"""Rows of measures as a Markdown table and as a picture. Enters: what `measuring` gave. Leaves: text; a picture file.

The picture is the field's: quality against diversity as the temperature rises.
"""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..pictures.figure import PAST, STYLE, literal, write_figure

Row = Mapping[str, Any]

COLUMNS = (  # of the table: title, measure, how it is written
    ("recognised", "recognised", "{:.1%}"),
    ("FID", "fid", "{:.2f}"),
    ("±", "fid_error", "{:.2f}"),
    ("FID∞", "fid_infinity", "{:.2f}"),
    ("KID", "kid", "{:.3f}"),
    ("±", "kid_error", "{:.3f}"),
    ("precision", "precision", "{:.2f}"),
    ("recall", "recall", "{:.2f}"),
    ("density", "density", "{:.2f}"),
    ("coverage", "coverage", "{:.2f}"),
    ("diversity", "diversity", "{:.2f}"),
    ("near copies", "near_copies", "{:.1%}"),
    ("novelty", "novelty", "{:.2f}"),
    ("ended", "ended", "{:.1%}"),
    ("points", "mean_points", "{:.1f}"),
    ("lengths apart", "length_distance", "{:.1f}"),
)


def name_of(row: Row) -> str:
    """What a row is called: its name or its model, and the temperature."""
    return row["name"] if row.get("temperature") is None else f"{row['name']}, τ = {row['temperature']:g}"


def table(rows: Sequence[Row]) -> str:
    """The rows as Markdown; a measure that none of them has is left out."""
    shown = [column for column in COLUMNS if any(row[column[1]] is not None for row in rows)]
    lines = [["sketches", *(title for title, _, _ in shown)], ["---", *("---:" for _ in shown)]]
    for row in rows:
        cells = [form.format(row[key]) if row[key] is not None else "" for _, key, form in shown]
        lines.append([name_of(row).replace("|", "\\|"), *cells])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def reconstruction_table(rows: Sequence[Row]) -> str:
    """What is known of reconstructions, as Markdown; empty without rows.

    "of others" is the distance of an original from another original.
    """
    lines = [["model", "found first", "in the first 10", "Chamfer", "of others", "Fréchet", "of others"]]
    lines += [["---", *["---:"] * 6]]
    keys = ("chamfer", "chamfer_of_others", "frechet", "frechet_of_others")
    for row in rows:
        shares = [f"{row[key]:.1%}" for key in ("top_1", "top_10")]
        lines.append([row["name"].replace("|", "\\|"), *shares, *(f"{row[key]:.3f}" for key in keys)])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) if rows else ""


def plot(rows: Sequence[Row], path: str | os.PathLike) -> Path:
    """Draws precision against recall, FID and, where it is known, recognition over temperature; a line for each model.

    Args:
        rows: as for `table`; those without temperature are the places of what they name.
        path: the file to write, ending in `.svg`, `.png` or `.pdf`; replaced if it exists.

    Returns:
        The path.
    """
    over_temperature = {"fid": "FID", "recognised": "recognised"}
    known = [key for key in over_temperature if all(row[key] is not None for row in rows)]
    with matplotlib.rc_context(STYLE):
        figure = Figure((4.2 * (1 + len(known)), 4), layout="constrained")
        trade_off, *others = figure.subplots(1, 1 + len(known))
        names = dict.fromkeys(row["name"] for row in rows if row["temperature"] is not None)
        for number, name in enumerate(names):
            of_one = [row for row in rows if row["name"] == name and row["temperature"] is not None]
            look: dict[str, Any] = {"color": f"C{number}", "label": literal(name), "markersize": 4}
            trade_off.plot([row["recall"] for row in of_one], [row["precision"] for row in of_one], "o-", **look)
            for row in of_one:
                _write(trade_off, (row["recall"], row["precision"]), f"{row['temperature']:g}", look["color"], "left")
            for key, axes in zip(known, others, strict=True):
                errors = [row["fid_error"] for row in of_one] if key == "fid" else None
                axes.errorbar(
                    [row["temperature"] for row in of_one], [row[key] for row in of_one], errors, fmt="o-", **look
                )
        for row in rows:
            if row["temperature"] is None:
                _draw_place(row, trade_off, dict(zip(known, others, strict=True)))
        trade_off.set(xlabel="recall", ylabel="precision", title="quality against diversity, at each τ")
        for key, axes in zip(known, others, strict=True):
            axes.set(xlabel="temperature τ", title=over_temperature[key])
        for axes in (trade_off, *others):
            axes.grid(alpha=0.25)
        trade_off.legend(frameon=False)
        return write_figure(figure, path)


def _draw_place(row: Row, trade_off: Axes, others: Mapping[str, Axes]) -> None:
    """What a row without temperature is: a cross, and a dashed level over all temperatures."""
    place = (row["recall"], row["precision"])
    trade_off.plot(*place, "x", color=PAST)
    _write(trade_off, place, literal(row["name"]), PAST, "right")
    for key, axes in others.items():
        axes.axhline(row[key], color=PAST, linestyle="--", linewidth=1, label=literal(row["name"]))
        axes.legend(frameon=False)


def _write(axes: Axes, place: tuple[float, float], text: str, colour: str, side: str) -> None:
    offset = (5, 5) if side == "left" else (-5, 5)
    axes.annotate(text, place, xytext=offset, textcoords="offset points", fontsize=8, color=colour, ha=side)
