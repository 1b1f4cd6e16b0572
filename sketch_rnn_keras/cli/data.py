"""`sketch-rnn convert` and `info`: drawings into data files, and what is in a file."""

import json
from pathlib import Path
from typing import Annotated

import typer

from .common import Seed, app, describe_dataset, progress_bar


@app.command()
def convert(
    sources: Annotated[
        list[Path],
        typer.Argument(help="Files and folders: Quick, Draw! .ndjson and .bin, .svg, polyline .json, .npz."),
    ],
    output: Annotated[Path, typer.Option("--output", "-o", help="The data file to write, .npz.")],
    epsilon: Annotated[
        float | None,
        typer.Option(
            help="Tolerance of the simplification, in pixels of a canvas of 255. By default 2, except that drawings "
            "which Quick, Draw! has simplified already stay as they are."
        ),
    ] = None,
    max_points: Annotated[int, typer.Option(min=1, help="Longer drawings are left out.")] = 250,
    per_category: Annotated[
        int | None, typer.Option(min=1, help="Drawings of each category at most, chosen at random.")
    ] = None,
    splits: Annotated[
        tuple[float, float, float] | None,
        typer.Option(
            metavar="TRAIN VALID TEST",
            help="Three counts, such as 70000 2500 2500, or fractions that add up to 1; 0.9 0.05 0.05 by default. "
            "When all sources are .npz files, drawings stay in their splits by default.",
        ),
    ] = None,
    seed: Seed = 0,
    recognized_only: Annotated[
        bool, typer.Option("--recognized-only", help="Leave out what the game did not recognise.")
    ] = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="Stop at a drawing that cannot be read instead of leaving it out.")
    ] = False,
    as_is: Annotated[bool, typer.Option("--as-is", help="Neither align, scale nor simplify.")] = False,
    polylines: Annotated[
        str | None,
        typer.Option(metavar="columns|points", help="How strokes of polyline JSON are meant if both is possible."),
    ] = None,
    layout: Annotated[
        str,
        typer.Option(
            "--format",
            metavar="quickdraw|arrays",
            help="quickdraw: as Quick, Draw!'s files, readable by the original code; arrays: without pickles.",
        ),
    ] = "quickdraw",
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace --output if it exists.")] = False,
) -> None:
    """Convert drawings into a data file to train on."""
    from ..conversion import convert

    options = {"epsilon": epsilon, "max_points": max_points, "per_category": per_category, "splits": splits}
    options |= {"seed": seed, "recognized_only": recognized_only, "strict": strict, "as_is": as_is}
    options |= {"polylines": polylines, "layout": layout, "overwrite": overwrite}
    with progress_bar("converting, %", 100) as progress:
        report = convert(sources, output, **options, progress=lambda share: progress(int(100 * share)))
    print(report)


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
