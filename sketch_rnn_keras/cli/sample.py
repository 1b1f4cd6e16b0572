"""`sketch-rnn sample`: what a trained model draws."""

from typing import Annotated

import typer

from .common import (
    DEFAULT_MODEL,
    Model,
    Output,
    Overwrite,
    Seed,
    Styles,
    Temperature,
    app,
    check_output,
    open_model,
    parse_style,
    progress_bar,
    say,
)


@app.command()
def sample(
    output: Output,
    model: Model = DEFAULT_MODEL,
    count: Annotated[int, typer.Option(min=1, help="Sketches to draw.")] = 16,
    temperature: Temperature = 0.4,
    seed: Seed = 0,
    columns: Annotated[int | None, typer.Option(min=1, help="Sketches in a row; near-square by default.")] = None,
    max_points: Annotated[int | None, typer.Option(min=1, help="Longest sketch; N_max by default.")] = None,
    temperature_law: Annotated[
        str, typer.Option(help="paper: variances times tau; magenta: standard deviations times tau.")
    ] = "paper",
    labels: Annotated[bool, typer.Option("--labels", help="Number the sketches.")] = False,
    style: Styles = None,
    overwrite: Overwrite = False,
) -> None:
    """Draw sketches with a trained model; without --model, one that ships with the package."""
    from ..pictures.grid import draw_sketches

    check_output(output, overwrite)
    look = parse_style(style)
    from ..sampling import sample

    loaded = open_model(model)
    with progress_bar("sketches", count) as progress:
        sketches = sample(
            loaded,
            count,
            temperature,
            seed,
            max_points=max_points,
            temperature_law=temperature_law,
            progress=progress,
        )
    texts = [str(k) for k in range(count)] if labels else None
    draw_sketches(sketches, output, columns=columns, labels=texts, **look)
    say(f"wrote  {output}: {count} sketches at temperature {temperature:g}, seed {seed}")
