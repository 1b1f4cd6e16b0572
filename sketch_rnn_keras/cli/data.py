"""`sketch-rnn info`: what is in a file."""

import json
from pathlib import Path
from typing import Annotated

import typer

from .common import app, describe_dataset


@app.command()
def info(target: Annotated[str, typer.Argument(help="A data set, a config, a model or a run directory.")]) -> None:
    """Describe a data set (.npz, a category, doodles:cat), a config (.json), or a model (.keras, run directory)."""
    path = Path(target)
    if path.suffix == ".json":
        from ..hparams import HParams

        print(json.dumps(HParams.load(path).model_dump(mode="json"), indent=2))
    elif path.suffix == ".keras" or (path.is_dir() and path.name):
        _describe_model(target)
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


def _describe_model(target):
    from ..model import load_model

    model = load_model(target)
    hparams = model.hparams
    encoder = f"{hparams.enc_model} encoder of {hparams.enc_rnn_size} units each way, " if hparams.conditional else ""
    print(
        f"{target}: {'conditional' if hparams.conditional else 'decoder only'}; {encoder}{hparams.dec_model} decoder "
        f"of {hparams.dec_rnn_size} units, {hparams.num_mixture} mixture components, {model.count_params():,} weights\n"
        f"N_max {hparams.max_seq_len}; scale factor {model.scale_factor}; data {', '.join(hparams.data_set)}"
    )
    for variable in model.trainable_variables:
        print(f"  {variable.path:32} {tuple(variable.shape)}")
