"""`sketch-rnn models`, `download` and `download-model`: what there is, and what others have published."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from ..errors import InputError
from .common import answer, app

BaseUrl = Annotated[str | None, typer.Option(help="A copy of the original server, with the same folders.")]
List = Annotated[bool, typer.Option("--list", help="Print the names and end.")]


@app.command()
def models() -> None:
    """List the models that a name opens: those that ship with the package, those in models/, those published."""
    from ..files.presets import presets
    from ..interop.published import MODELS
    from ..loading import MODEL_SUFFIXES

    for name, preset in presets().items():
        answer(f"{name:16} {preset.title}")
    stored = sorted(path.name for path in Path("models").glob("*") if path.name.endswith(MODEL_SUFFIXES))
    answer(f"in models/: {', '.join(stored) or 'none'}")
    answer(f"published for sketch-rnn-js, downloaded when named: {len(MODELS)}, such as {', '.join(MODELS[:6])}")
    answer("all their names: sketch-rnn download-model --list")


@app.command()
def download(
    categories: Annotated[list[str] | None, typer.Argument(help='Such as cat or "flying saucer".')] = None,
    format: Annotated[
        str,
        typer.Option(help="npz: for training, split; ndjson: all drawings, simplified; raw: all as drawn; binary."),
    ] = "npz",
    data_dir: Annotated[Path, typer.Option(help="The folder to put them in.")] = Path("data"),
    base_url: BaseUrl = None,
    list_names: List = False,
) -> None:
    """Download categories of Quick, Draw! (CC BY 4.0, Google).

    What is there already is compared with what was downloaded. A broken download goes on where it stopped.
    """
    from ..data.quickdraw import BASE_URL, CATEGORIES, download_categories

    if wanted := _wanted(categories, list_names, CATEGORIES):
        download_categories(wanted, data_dir, base_url or BASE_URL, format=format)


@app.command()
def download_model(
    models: Annotated[list[str] | None, typer.Argument(help="Such as bird or crabrabbitfacepig.")] = None,
    kind: Annotated[str, typer.Option(help="gen: a decoder that draws; vae: with an encoder too.")] = "gen",
    size: Annotated[
        str | None,
        typer.Option(help="small: 512 units; large: more. By default small for gen, large for vae."),
    ] = None,
    output_dir: Annotated[Path, typer.Option(help="The folder to put them in.")] = Path("models"),
    base_url: BaseUrl = None,
    list_names: List = False,
) -> None:
    """Download trained models that Google published for sketch-rnn-js and Magenta.js.

    What is there already is compared with what was downloaded. A broken download goes on where it stopped.
    """
    from ..interop.published import BASE_URL, MODELS, download_models

    if wanted := _wanted(models, list_names, MODELS):
        download_models(wanted, output_dir, kind=kind, size=size, base_url=base_url or BASE_URL)


def _wanted(names: list[str] | None, list_names: bool, known: Sequence[str]) -> list[str]:
    """The names to fetch; none where they were to be listed, which is done."""
    if list_names and names:
        raise InputError("--list prints all names; leave it or the names out")
    if list_names:
        print("\n".join(known))
        return []
    if not names:
        raise InputError("expected at least one name; --list prints them all")
    return names
