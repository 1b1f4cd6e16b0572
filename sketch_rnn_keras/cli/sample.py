"""`sketch-rnn sample`: what a trained model draws."""

from pathlib import Path
from typing import Annotated

import typer

from ..errors import InputError
from ..files.writing import PICTURE_SUFFIXES
from .common import (
    DEFAULT_MODEL,
    DevicesOption,
    Model,
    Overwrite,
    Seed,
    Styles,
    Temperature,
    app,
    check_output,
    open_model,
    parse_devices,
    parse_style,
    progress_bar,
    say,
)


@app.command()
def sample(
    output: Annotated[
        Path,
        typer.Option(
            "--output",
            "-o",
            help="The picture to write: .svg, .png or .pdf; or .ndjson for the drawings themselves, of which there may "
            "be any number.",
        ),
    ],
    model: Model = DEFAULT_MODEL,
    count: Annotated[int, typer.Option(min=1, help="Sketches to draw.")] = 16,
    temperature: Temperature = 0.4,
    seed: Seed = 0,
    columns: Annotated[int | None, typer.Option(min=1, help="Sketches in a row; near-square by default.")] = None,
    max_points: Annotated[int | None, typer.Option(min=1, help="Longest sketch; N_max by default.")] = None,
    temperature_law: Annotated[
        str, typer.Option(help="paper: variances times tau; magenta: standard deviations times tau.")
    ] = "paper",
    devices: DevicesOption = "1",
    labels: Annotated[bool, typer.Option("--labels", help="Number the sketches.")] = False,
    style: Styles = None,
    overwrite: Overwrite = False,
) -> None:
    """Draw sketches with a trained model; without --model, one that ships with the package."""
    from ..conversion import ndjson
    from ..pictures.grid import draw_sketches

    check_output(output, overwrite, suffixes=(*PICTURE_SUFFIXES, ".ndjson"))
    is_picture = output.suffix.lower() != ".ndjson"
    if not is_picture and (columns or labels or style):
        raise InputError("--columns, --labels and --style are for pictures, not for .ndjson; leave them out")
    look = parse_style(style)
    from ..sampling import sample_each

    loaded = open_model(model)
    with progress_bar("sketches", count) as progress:
        sketches = sample_each(
            loaded,
            count,
            temperature,
            seed,
            max_points=max_points,
            temperature_law=temperature_law,
            devices=parse_devices(devices),
            progress=progress,
        )
        if is_picture:
            drawn = list(sketches)
        else:
            ndjson.write(output, sketches, word=output.stem)
    if is_picture:
        texts = [str(k) for k in range(count)] if labels else None
        draw_sketches(drawn, output, columns=columns, labels=texts, **look)
    say(f"wrote  {output}: {count} sketches at temperature {temperature:g}, seed {seed}")
