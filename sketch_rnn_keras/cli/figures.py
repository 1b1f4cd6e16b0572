"""`sketch-rnn plot`, `mixture`, `embed` and `animate`: looking at a training, a model, its latent space, a drawing."""

from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from ..errors import InputError
from .common import (
    DEFAULT_MODEL,
    Data,
    MapStyles,
    Model,
    MovingStyles,
    Output,
    Overwrite,
    Seed,
    Split,
    SvgSize,
    Temperature,
    app,
    check_output,
    parse_style,
    say,
)
from .latent_space import DrawingName, Drawings, open_with_drawings


@app.command()
def plot(
    runs: Annotated[list[Path], typer.Argument(help="Run directories; their curves are drawn over each other.")],
    output: Output,
    overwrite: Overwrite = False,
) -> None:
    """Draw the training curves of runs: losses, KL raw and floored, KL weight, learning rate."""
    from ..training.curves import plot_training

    check_output(output, overwrite)
    plot_training(runs, output)
    say(f"wrote  {output}: the curves of {', '.join(map(str, runs))}")


@app.command()
def mixture(
    drawing: DrawingName,
    step: Annotated[int, typer.Option(min=0, help="How many of the drawing's points the model has seen.")],
    output: Output,
    model: Model = DEFAULT_MODEL,
    data: Data = None,
    split: Split = "test",
    seed: Seed = 0,
    svg_size: SvgSize = 255,
    overwrite: Overwrite = False,
) -> None:
    """Draw what the model expects at a step of a drawing: the mixture of the next offset, the pen's probabilities."""
    from ..pictures.mixture_plot import plot_mixture

    check_output(output, overwrite)
    loaded, finder = open_with_drawings(model, data, split, seed, svg_size, encodes=False)
    one = finder.find_one(drawing)
    plot_mixture(loaded, one.stroke3, step, output, name=one.label)
    say(f"wrote  {output}: what is expected after {step} points of {drawing}")


@app.command()
def embed(
    output: Annotated[Path, typer.Option("--output", "-o", help="The codes to write: .npz or .csv.")],
    model: Model = DEFAULT_MODEL,
    data: Data = None,
    split: Split = "test",
    count: Annotated[int, typer.Option(min=2, help="Drawings of each data set at most, the first ones.")] = 1000,
    map_: Annotated[Path | None, typer.Option("--map", help="Also draw this map of them: .svg, .png or .pdf.")] = None,
    style: MapStyles = None,
    overwrite: Overwrite = False,
) -> None:
    """Write the latent means of data sets, and draw a map of them in the plane where they vary most."""
    from .. import latent
    from ..pictures import atlas

    check_output(output, overwrite, suffixes=(".npz", ".csv"))
    if map_:
        check_output(map_, overwrite, "--map")
    elif style:
        raise InputError("--style is for the picture that --map names; add it")
    look = parse_style(style, atlas.map_style)
    loaded, finder = open_with_drawings(model, data, split, 0, 255)
    sources = list(dict.fromkeys(data or loaded.hparams.data_set))
    stems = [Path(source).stem for source in sources]
    names: list[str] = []
    kinds: list[str] = []
    drawings: list[np.ndarray] = []
    for source, stem in zip(sources, stems, strict=True):
        found = finder.first(source, count)
        kind = stem if stems.count(stem) == 1 else source
        names += [kind + one.label.removeprefix(stem) for one in found]
        kinds, drawings = kinds + [kind] * len(found), drawings + [one.stroke3 for one in found]
    codes = latent.encode(loaded, drawings)
    places, share = atlas.project(codes)
    atlas.write_codes(output, codes, names, places)
    say(f"wrote  {output}: {len(codes)} codes; their principal plane holds {share:.0%} of the variance")
    if map_:
        shown = atlas.draw_map(drawings, places, kinds, map_, **look)
        say(f"wrote  {map_}: {shown} of {len(drawings)} drawings; the others lie in squares that are taken")


@app.command()
def animate(
    drawings: Drawings,
    output: Annotated[Path, typer.Option("--output", "-o", help="The moving picture to write: .gif or .svg.")],
    model: Annotated[
        str | None, typer.Option("--model", help="For several drawings: what interpolates, such as doodles.")
    ] = None,
    data: Data = None,
    split: Split = "test",
    steps: Annotated[int, typer.Option(min=2, help="Sketches from one drawing to the next.")] = 12,
    seconds: Annotated[float, typer.Option(help="How long one round takes, at most 60.")] = 4.0,
    temperature: Temperature = 0.1,
    seed: Seed = 0,
    svg_size: SvgSize = 255,
    style: MovingStyles = None,
    overwrite: Overwrite = False,
) -> None:
    """Show one drawing being drawn, or several melting into each other and back (which takes a --model)."""
    from ..pictures.animation import animate_drawing, animate_sequence, moving_style
    from .naming import DrawingFinder

    check_output(output, overwrite, suffixes=(".gif", ".svg"))
    look = parse_style(style, moving_style)
    if model is None:
        finder = DrawingFinder(data or (), split=split, seed=seed, svg_size=svg_size)
    else:
        loaded, finder = open_with_drawings(model, data, split, seed, svg_size, encodes=False)
    named = finder.find_all(drawings)
    if len(named) == 1:
        animate_drawing(named[0].stroke3, output, seconds=seconds, **look)
        say(f"wrote  {output}: {named[0].label}, drawn in {seconds:g} seconds")
        return
    if model is None:
        raise InputError(f"expected one drawing, or several and a --model that interpolates, received {len(named)}")
    from .. import latent
    from ..sampling import sample

    z = latent.path(latent.encode(loaded, [one.stroke3 for one in named]), steps)
    sketches = sample(loaded, z=z, temperature=temperature, seed=seed, same_noise=True)
    animate_sequence([*sketches, *sketches[-2:0:-1]], output, seconds=seconds, **look)
    say(f"wrote  {output}: from {named[0].label} to {named[-1].label} and back in {seconds:g} seconds")
