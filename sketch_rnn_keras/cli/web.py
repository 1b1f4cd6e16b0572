"""`sketch-rnn web`: the page that draws with a person in any browser."""

from pathlib import Path
from typing import Annotated

import typer

from .common import Overwrite, app, check_output, open_model, say


@app.command()
def web(
    output: Annotated[Path, typer.Option("--output", "-o", help="The page to write: .html.")],
    models: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="MODEL",
            help="As --model of other commands, one or several; without any, all that ship with the package.",
        ),
    ] = None,
    float32: Annotated[
        bool, typer.Option("--float32", help="Keep weights as they are; otherwise float16, half the size.")
    ] = False,
    overwrite: Overwrite = False,
) -> None:
    """Write a page that draws with you in any browser: one file, which needs no server and no network.

    Begin a drawing, and the model goes on; see how it reads yours; melt two drawings into each other; save what you
    like as a picture, or as drawings to train on. The first decoder-only model finishes drawings, the first conditional
    one reads them; the page offers the others too.
    """
    check_output(output, overwrite, suffixes=(".html",))
    from ..files.presets import presets
    from ..loading import check_model_path, find_model

    names = models or list(presets())
    for name in names:
        check_model_path(find_model(name))  # before a backend is loaded
    from ..files.writing import write_atomically
    from ..web.entries import entries
    from ..web.page import page

    found = entries(names, open_model)
    write_atomically(output, page(found, float32=float32).encode())
    size = output.stat().st_size / 1e6
    say(f"wrote  {output}: {size:.1f} MB, with {', '.join(entry.name for entry in found)}")
    say(f"open   it by a double click, or as {output.resolve().as_uri()}")
