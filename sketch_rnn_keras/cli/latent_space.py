"""`sketch-rnn reconstruct`, `temperature`, `interpolate`, `analogy`, `complete`: drawing through the latent space."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .common import (
    DEFAULT_MODEL,
    TAUS,
    Data,
    Model,
    Output,
    Overwrite,
    Seed,
    Split,
    Styles,
    SvgSize,
    Temperature,
    app,
    check_output,
    open_model,
    parse_style,
    say,
)

if TYPE_CHECKING:
    from ..model.sketch_rnn import SketchRNN
    from .naming import DrawingFinder, Named

_FORMS = (
    "17 (a place in --data, by default the model's own), 0-9, 3,8,20-24, random, doodles:owl#3, cat.npz#random or an "
    ".svg file"
)
Drawings = Annotated[list[str], typer.Argument(help=f"Drawings: {_FORMS}.")]
SomeDrawings = Annotated[
    list[str] | None, typer.Argument(help=f"Drawings: {_FORMS}. Without any: random ones of the model's own data.")
]
DrawingName = Annotated[str, typer.Argument(help=f"A drawing: {_FORMS}.")]


def open_with_drawings(
    model: str, data: list[str] | None, split: str, seed: int, svg_size: float, encodes: bool = True
) -> tuple["SketchRNN", "DrawingFinder"]:
    """The model and a `DrawingFinder` of drawings for it, which it `encodes`: not every model can."""
    from ..latent import check_encoder
    from .naming import DrawingFinder

    loaded = open_model(model)
    if encodes:
        check_encoder(loaded)
    options: dict[str, Any] = {
        "split": split,
        "seed": seed,
        "svg_size": svg_size,
        "max_seq_len": loaded.hparams.max_seq_len,
    }
    return loaded, DrawingFinder(data or loaded.hparams.data_set, **options)


def _looks(output: Path, overwrite: bool, style: list[str] | None) -> dict[str, Any]:
    """Refuses what cannot be written or drawn before any work is done; the picture's style."""
    check_output(output, overwrite)
    return parse_style(style)


def _write(sketches: Sequence, output: Path, look: dict, what: str, **layout: Any) -> None:
    from ..pictures.grid import draw_sketches

    draw_sketches(sketches, output, **layout, **look)
    say(f"wrote  {output}: {what}")


@app.command()
def reconstruct(
    drawings: Drawings,
    output: Output,
    model: Model = DEFAULT_MODEL,
    data: Data = None,
    split: Split = "test",
    temperature: Temperature = 0.2,
    count: Annotated[int, typer.Option(min=1, help="Reconstructions of each drawing.")] = 4,
    seed: Seed = 0,
    svg_size: SvgSize = 255,
    style: Styles = None,
    overwrite: Overwrite = False,
) -> None:
    """Encode drawings and draw them again: each row a drawing, then its reconstructions.

    A drawing of another subject is read as the model's own: a toothbrush becomes a cat.
    """
    from ..latent import encode
    from ..sampling import sample

    look = _looks(output, overwrite, style)
    loaded, finder = open_with_drawings(model, data, split, seed, svg_size)
    named = finder.find_all(drawings)
    z = encode(loaded, [one.stroke3 for one in named]).repeat(count, axis=0)
    again = sample(loaded, z=z, temperature=temperature, seed=seed)
    rows = [[one.stroke3, *again[k * count : (k + 1) * count]] for k, one in enumerate(named)]
    _write(
        [sketch for row in rows for sketch in row],
        output,
        look,
        f"{len(named)} drawings, {count} reconstructions of each at temperature {temperature:g}, seed {seed}",
        columns=count + 1,
        row_captions=[one.label for one in named],
        column_captions=["original", *_samples(count, f", τ = {temperature:g}")],
    )


@app.command()
def temperature(
    output: Output,
    model: Model = DEFAULT_MODEL,
    drawings: Annotated[
        list[str] | None, typer.Argument(help=f"Drawings: {_FORMS}. Without any: random sketches.")
    ] = None,
    data: Data = None,
    split: Split = "test",
    tau: Annotated[list[float] | None, typer.Option(help="A temperature; 0.1, 0.2 ... 1.0 by default.")] = None,
    rows: Annotated[int, typer.Option(min=1, help="Rows, where no drawings are given.")] = 4,
    seed: Seed = 0,
    svg_size: SvgSize = 255,
    style: Styles = None,
    overwrite: Overwrite = False,
) -> None:
    """Draw the same at rising temperatures (thesis, figure 18): each row a drawing or, without any, a random sketch."""
    from ..latent import encode
    from ..sampling import sample

    look = _looks(output, overwrite, style)
    loaded, finder = open_with_drawings(model, data, split, seed, svg_size, encodes=bool(drawings))
    named = finder.find_all(drawings or [])
    taus, chosen = tau or TAUS, {"z": encode(loaded, [one.stroke3 for one in named])} if named else {"count": rows}
    columns = [[one.stroke3 for one in named]] if named else []
    columns += [sample(loaded, temperature=t, seed=seed, **chosen) for t in taus]
    _write(
        [sketch for row in zip(*columns, strict=True) for sketch in row],
        output,
        look,
        f"{len(columns[0])} sketches at temperatures {', '.join(f'{t:g}' for t in taus)}, seed {seed}",
        columns=len(columns),
        row_captions=[one.label for one in named] or None,
        column_captions=[*(["original"] if named else []), *(f"τ = {t:g}" for t in taus)],
    )


@app.command()
def interpolate(
    output: Output,
    drawings: SomeDrawings = None,
    model: Model = DEFAULT_MODEL,
    data: Data = None,
    split: Split = "test",
    method: Annotated[str, typer.Option(help="slerp: along the arc; lerp: along the straight line.")] = "slerp",
    steps: Annotated[int, typer.Option(min=2, help="Sketches from one drawing to the next, both included.")] = 10,
    grid: Annotated[bool, typer.Option("--grid", help="Four drawings as corners of a square.")] = False,
    temperature: Temperature = 0.1,
    seed: Seed = 0,
    svg_size: SvgSize = 255,
    style: Styles = None,
    overwrite: Overwrite = False,
) -> None:
    """Melt one drawing into another, through several, or between four corners (--grid)."""
    from .. import latent
    from ..sampling import sample

    look = _looks(output, overwrite, style)
    loaded, finder = open_with_drawings(model, data, split, seed, svg_size)
    named = finder.find_all(drawings or ["random"] * (4 if grid else 2))
    z = latent.encode(loaded, [one.stroke3 for one in named])
    z = latent.grid(z, steps, steps, method) if grid else latent.path(z, steps, method)
    sketches = sample(loaded, z=z, temperature=temperature, seed=seed, same_noise=True)
    what = f"{len(sketches)} sketches by {method} through {', '.join(one.label for one in named)}"
    _write(sketches, output, look, f"{what}, temperature {temperature:g}, seed {seed}", columns=steps)


@app.command()
def analogy(
    a: Annotated[str, typer.Argument(help=f"A drawing, or several, whose mean is taken: {_FORMS}.")],
    b: Annotated[str, typer.Argument(help="What is taken away; see A.")],
    c: Annotated[str, typer.Argument(help="What is added; see A.")],
    output: Output,
    model: Model = DEFAULT_MODEL,
    data: Data = None,
    split: Split = "test",
    count: Annotated[int, typer.Option(min=1, help="Sketches of the result.")] = 4,
    temperature: Temperature = 0.1,
    seed: Seed = 0,
    svg_size: SvgSize = 255,
    style: Styles = None,
    overwrite: Overwrite = False,
) -> None:
    """Draw A - B + C, each the mean code of one or many drawings (paper, section 4.4)."""
    from .. import latent
    from ..sampling import sample

    look = _looks(output, overwrite, style)
    loaded, finder = open_with_drawings(model, data, split, seed, svg_size)
    sets = [finder.find(name) for name in (a, b, c)]
    z = latent.analogy(*(latent.encode(loaded, [one.stroke3 for one in named]) for named in sets))
    sketches = sample(loaded, z=z[None].repeat(count, axis=0), temperature=temperature, seed=seed)
    any_mean = any(len(named) > 1 for named in sets)
    _write(
        [*(named[0].stroke3 for named in sets), *sketches],
        output,
        look,
        f"{a} - {b} + {c}: {count} sketches at temperature {temperature:g}, seed {seed}",
        columns=3 + count,
        title=f"A − B + C, each the {'mean code of its drawings' if any_mean else 'code of a drawing'}",
        column_captions=["A", "− B", "+ C", *(f"= {text}" for text in _samples(count))],
        labels=[*map(_name_set, sets), *[f"τ = {temperature:g}"] * count],
    )


def _name_set(named: Sequence["Named"]) -> str:
    """What stands under the first of the drawings whose mean code is taken."""
    return named[0].label + (f" + {len(named) - 1} more" if len(named) > 1 else "")


def _samples(count: int, details: str = "") -> list[str]:
    """What stands over each of `count` sketches from one code."""
    return [f"sample{f' {k}' if count > 1 else ''}{details}" for k in range(1, count + 1)]


@app.command()
def complete(
    output: Output,
    drawing: Annotated[
        str | None,
        typer.Argument(help=f"The unfinished drawing: {_FORMS}. By default a third of a random one."),
    ] = None,
    model: Model = DEFAULT_MODEL,
    data: Data = None,
    split: Split = "test",
    points: Annotated[int | None, typer.Option(min=1, help="Use the drawing's first points alone.")] = None,
    count: Annotated[int, typer.Option(min=1, help="Different endings.")] = 8,
    temperature: Temperature = 0.4,
    seed: Seed = 0,
    svg_size: SvgSize = 255,
    style: Styles = None,
    overwrite: Overwrite = False,
) -> None:
    """Finish an unfinished drawing in different ways (paper, section 4.1).

    A conditional model encodes it first; every model reads it point by point and goes on from there. One that leaves
    no room for an ending is simplified to half of the model's N_max, which is said.
    """
    from ..latent import complete as endings

    look = _looks(output, overwrite, style)
    loaded, finder = open_with_drawings(model, data, split, seed, svg_size, encodes=False)
    one = finder.find_unfinished(drawing or "random", points)
    prefix = one.stroke3
    if drawing is None and points is None:
        prefix = prefix[: max(1, len(prefix) // 3)]
    drawing = drawing or one.label
    sketches = endings(loaded, prefix, count, temperature=temperature, seed=seed)
    what = f"{count} endings of {drawing} after {len(prefix)} points, temperature {temperature:g}, seed {seed}"
    title = f"{one.label}: {len(prefix)} points, and {'an ending' if count == 1 else f'{count} endings'}"
    _write([prefix, *sketches], output, look, what, title=title)
