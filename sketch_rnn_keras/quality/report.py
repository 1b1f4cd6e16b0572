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

COLUMNS = {  # of the table: which measure, how it is written
    "recognised": ("recognised", "{:.1%}"),
    "FID": ("fid", "{:.2f}"),
    "±": ("fid_error", "{:.2f}"),
    "FID∞": ("fid_infinity", "{:.2f}"),
    "KID": ("kid", "{:.3f}"),
    "± ": ("kid_error", "{:.3f}"),
    "precision": ("precision", "{:.2f}"),
    "recall": ("recall", "{:.2f}"),
    "density": ("density", "{:.2f}"),
    "coverage": ("coverage", "{:.2f}"),
    "diversity": ("diversity", "{:.2f}"),
    "near copies": ("near_copies", "{:.1%}"),
    "novelty": ("novelty", "{:.2f}"),
    "ended": ("ended", "{:.1%}"),
    "points": ("mean_points", "{:.1f}"),
    "lengths apart": ("length_distance", "{:.1f}"),
}


def name_of(row: Row) -> str:
    """What a row is called: its name or its model, and the temperature."""
    return row["name"] if row.get("temperature") is None else f"{row['name']}, τ = {row['temperature']:g}"


def table(rows: Sequence[Row]) -> str:
    """The rows as Markdown; a measure that none of them has is left out."""
    shown = {title: each for title, each in COLUMNS.items() if any(row[each[0]] is not None for row in rows)}
    lines = [["sketches", *(title.strip() for title in shown)], ["---", *("---:" for _ in shown)]]
    for row in rows:
        cells = [form.format(row[key]) if row[key] is not None else "" for key, form in shown.values()]
        lines.append([name_of(row).replace("|", "\\|"), *cells])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def reconstruction_table(rows: Sequence[Row]) -> str:
    """What is known of reconstructions, as Markdown; empty where no model reads drawings."""
    lines = [["model", "found first", "in the first 10", "Chamfer", "of others", "Fréchet", "of others"]]
    lines += [["---", *["---:"] * 6]]
    keys = ("chamfer", "chamfer_of_others", "frechet", "frechet_of_others")
    for row in rows:
        shares = [f"{row[key]:.1%}" for key in ("top_1", "top_10")]
        lines.append([row["name"].replace("|", "\\|"), *shares, *(f"{row[key]:.3f}" for key in keys)])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) if rows else ""


def plot(rows: Sequence[Row], path: str | os.PathLike) -> Path:
    """Draws quality against diversity, and FID against temperature: a line for each model, its temperatures written.

    Args:
        rows: as for `table`; those without temperature are the places of what they name.
        path: the file to write, ending in `.svg`, `.png` or `.pdf`; replaced if it exists.

    Returns:
        The path.
    """
    key = "precision" if any(row["recognised"] is None for row in rows) else "recognised"
    drawn = [row for row in rows if row.get("temperature") is not None]
    fixed = [row for row in rows if row.get("temperature") is None]
    with matplotlib.rc_context(STYLE):
        figure = Figure((10, 4.2), layout="constrained")
        left, right = figure.subplots(1, 2)
        for number, name in enumerate(dict.fromkeys(row["name"] for row in drawn)):
            of_one = [row for row in drawn if row["name"] == name]
            taus = [row["temperature"] for row in of_one]
            colour, label = f"C{number}", literal(name)
            left.plot(
                [row["diversity"] for row in of_one], [row[key] for row in of_one], "o-", color=colour, label=label
            )
            bars = [row["fid_error"] for row in of_one]
            right.errorbar(taus, [row["fid"] for row in of_one], bars, fmt="o-", color=colour, label=label)
            for row in of_one:
                _write(left, (row["diversity"], row[key]), f"{row['temperature']:g}", colour)
        for row in fixed:
            left.plot(row["diversity"], row[key], "x", color=PAST)
            _write(left, (row["diversity"], row[key]), literal(row["name"]), PAST)
            right.axhline(row["fid"], color=PAST, linestyle="--", linewidth=1)
            _write(right, (max((each["temperature"] for each in drawn), default=1), row["fid"]), row["name"], PAST)
        left.set(xlabel="diversity: mean distance, real drawings' = 1", ylabel=key, title="quality against diversity")
        right.set(xlabel="temperature τ", ylabel="FID", title="distance from real drawings")
        for axes in (left, right):
            axes.grid(alpha=0.25)
        left.legend(frameon=False)
        return write_figure(figure, path)


def _write(axes: Axes, place: tuple[float, float], text: str, colour: str) -> None:
    side = "right" if text and not text[0].isdigit() else "left"
    offset = (-5, 5) if side == "right" else (5, 5)
    axes.annotate(text, place, xytext=offset, textcoords="offset points", fontsize=8, color=colour, ha=side)
