"""`sketch-rnn info`: what is in a file."""

import json
from pathlib import Path
from typing import Annotated

import typer

from .common import app, describe_dataset, describe_model, open_model


@app.command()
def info(target: Annotated[str, typer.Argument(help="A data set, a config, a model or a run directory.")]) -> None:
    """Describe a data set (.npz, a category, doodles:cat), a config (.json), or a model (see `sample --model`)."""
    path = Path(target)
    is_model = path.suffix == ".keras" or (path.is_dir() and path.name) or _is_json_model(path)
    if path.suffix == ".json" and not is_model:
        from ..hparams import HParams

        print(json.dumps(HParams.load(path).model_dump(mode="json"), indent=2))
    elif is_model:
        model = open_model(path)
        print(f"{target}: {describe_model(model)}")
        for variable in model.trainable_variables:
            print(f"  {variable.path:32} {tuple(variable.shape)}")
    else:
        from ..datasets import load_dataset

        dataset = load_dataset(target)
        print(describe_dataset([target], dataset))
        for name in ("train", "valid", "test"):
            lengths = sorted(getattr(dataset, name).lengths.tolist())
            if lengths:
                middle, most = lengths[len(lengths) // 2], lengths[int(0.95 * (len(lengths) - 1))]
                print(
                    f"{name:6} {len(lengths)} sketches; points: {lengths[0]} to {lengths[-1]}, "
                    f"median {middle}, 95 % {most}"
                )
        for note in dataset.dropped:
            print(note)


def _is_json_model(path: Path) -> bool:
    """Whether a JSON file begins as sketch-rnn-js models do, with a list; hyperparameters are an object."""
    if path.suffix != ".json" or not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(100).removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"[")
