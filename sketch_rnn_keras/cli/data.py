"""`sketch-rnn info`: what is in a file."""

import json
from pathlib import Path
from typing import Annotated

import typer

from ..errors import InputError
from .common import app, check_output, describe_model, open_model, say


@app.command()
def info(
    target: Annotated[str, typer.Argument(help="A data set, a config, a model or a run directory.")],
    contact_sheet: Annotated[
        Path | None, typer.Option(help="Of a data set, also draw this picture of random drawings: .svg or .png.")
    ] = None,
    split: Annotated[str | None, typer.Option(help="For the sheet: train, valid or test; train by default.")] = None,
    count: Annotated[int | None, typer.Option(min=1, help="For the sheet: drawings; 64 by default.")] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="For the sheet: of the choice; 0 by default.")] = None,
    columns: Annotated[int | None, typer.Option(min=1, help="For the sheet: drawings in a row.")] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace --contact-sheet if it exists.")] = False,
) -> None:
    """Describe a data set (.npz, a category, doodles:cat), a config (.json), or a model (see `sample --model`)."""
    path = Path(target)
    settings = {"split": split, "count": count, "seed": seed, "columns": columns}
    settings = {name: value for name, value in settings.items() if value is not None}
    if contact_sheet is None and (settings or overwrite):
        raise InputError(f"--{next(iter(settings), 'overwrite')} is for the picture that --contact-sheet names; add it")
    is_model = path.suffix == ".keras" or (path.is_dir() and bool(path.name)) or _is_json_model(path)
    if contact_sheet is not None and (is_model or path.suffix == ".json"):
        raise InputError(f"--contact-sheet shows the drawings of a data set; {target} is a model or a config")
    if path.suffix == ".json" and not is_model:
        from ..hparams import HParams

        print(json.dumps(HParams.load(path).model_dump(mode="json"), indent=2))
    elif is_model:
        model = open_model(path)
        print(f"{target}: {describe_model(model)}")
        for variable in model.trainable_variables:
            print(f"  {variable.path:32} {tuple(variable.shape)}")
    else:
        if contact_sheet is not None:
            check_output(contact_sheet, overwrite, "--contact-sheet")
        from .. import inspection
        from ..datasets import load_dataset

        dataset = load_dataset(target)
        if contact_sheet is not None:
            shown = inspection.contact_sheet(dataset, contact_sheet, **settings, title=path.name)
            say(f"wrote  {contact_sheet}: {shown} drawings")
        print(inspection.describe(dataset, target))


def _is_json_model(path: Path) -> bool:
    """Whether a JSON file begins as sketch-rnn-js models do, with a list; hyperparameters are an object."""
    if path.suffix != ".json":
        return False
    try:
        with path.open("rb") as file:
            return file.read(100).removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"[")
    except OSError:  # the reader of configs says why
        return False
