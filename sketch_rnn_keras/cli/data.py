"""`sketch-rnn convert` and `info`: drawings into data files, and what is in a file."""

import json
import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..errors import InputError
from .common import Seed, answer, app, check_output, describe_model, open_model, progress_bar, say
from .words import as_typed

if TYPE_CHECKING:
    from ..conversion import Report


@app.command()
def convert(
    sources: Annotated[
        list[Path],
        typer.Argument(
            help="Files and folders: Quick, Draw! .ndjson and .bin, .svg, polyline .json, .npz; data sets in folders."
        ),
    ],
    output: Annotated[
        Path,
        typer.Option(
            "--output", "-o", help="The data file to write, .npz; or a folder, for more drawings than memory: animals/."
        ),
    ],
    epsilon: Annotated[
        float | None,
        typer.Option(
            help="Tolerance of the simplification, in pixels of a canvas of 255. By default 2, except that drawings "
            "which Quick, Draw! has simplified already stay as they are."
        ),
    ] = None,
    max_points: Annotated[
        int | None, typer.Option(min=1, help="Longer drawings are left out; 250, as the models', by default.")
    ] = None,
    per_category: Annotated[
        int | None, typer.Option(min=1, help="Drawings of each category at most, chosen at random.")
    ] = None,
    splits: Annotated[
        tuple[float, float, float] | None,
        typer.Option(
            metavar="TRAIN VALID TEST",
            help="Three counts, such as 70000 2500 2500, or fractions that add up to 1; 0.9 0.05 0.05 by default. "
            "When all sources are data sets, .npz files or folders, drawings stay in their splits by default.",
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
        str | None,
        typer.Option(
            "--format",
            metavar="quickdraw|arrays|folder",
            help="quickdraw: as Quick, Draw!'s files, readable by the original code; arrays: without pickles; folder: "
            "of any size, read while training. By default what the name of --output says.",
        ),
    ] = None,
    processes: Annotated[
        int | None, typer.Option(min=1, help="How many read and convert; one for each core by default.")
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace --output if it exists.")] = False,
) -> None:
    """Convert drawings into a data set to train on, and say how.

    An interrupted conversion goes on where it was when the same command is given again.
    """
    from ..conversion import convert

    options: dict[str, Any] = {"epsilon": epsilon, "per_category": per_category, "splits": splits}
    options |= {} if max_points is None else {"max_points": max_points}
    options |= {"seed": seed, "recognized_only": recognized_only, "strict": strict, "as_is": as_is}
    options |= {"polylines": polylines, "layout": layout, "overwrite": overwrite, "processes": processes}
    try:
        with progress_bar("converting, %", 100) as progress:
            report = convert(sources, output, **options, progress=lambda share: progress(int(100 * share)))
    except KeyboardInterrupt:
        say("Interrupted. To go on, give the same command again")
        raise typer.Exit(130) from None
    answer(as_typed(str(report)))
    say(f"next   {_training_command(report)}")


def _training_command(report: "Report") -> str:
    """What to type to train on the file that was written: the small configuration, with a batch that it can fill."""
    from ..hparams import HParams

    file, count = report.output, report.splits["train"]
    words = ["sketch-rnn", "train", "--config", "small", "--data", str(file), "--run-dir", f"runs/{file.stem}"]
    if count < HParams.load("small").batch_size:
        words += ["--set", f"batch_size={count}"]
    return shlex.join(words)


def _verify(target: str) -> None:
    from ..data.catalog import expand, resolve
    from ..data.folders import is_folder, verify_folder

    for one in expand(target):
        path = Path(one) if os.path.exists(one) else resolve(one)
        if not isinstance(path, Path) or not is_folder(path):
            raise InputError(f"--verify: expected a folder that sketch-rnn convert has made, received {one}")
        for name in verify_folder(path):
            say(f"whole  {path / name}")


@app.command()
def info(
    target: Annotated[str, typer.Argument(help="A data set, a config, a model or a run directory.")],
    contact_sheet: Annotated[
        Path | None, typer.Option(help="Of a data set, also draw this picture of random drawings: .svg, .png or .pdf.")
    ] = None,
    split: Annotated[str | None, typer.Option(help="For the sheet: train, valid or test; train by default.")] = None,
    count: Annotated[int | None, typer.Option(min=1, help="For the sheet: drawings; 64 by default.")] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="For the sheet: of the choice; 0 by default.")] = None,
    columns: Annotated[int | None, typer.Option(min=1, help="For the sheet: drawings in a row.")] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace --contact-sheet if it exists.")] = False,
    verify: Annotated[
        bool, typer.Option("--verify", help="Of a data set in a folder, also hash its files and compare.")
    ] = False,
) -> None:
    """Describe a data set (.npz, a folder, a category, doodles:cat), a training, a config (.json) or a model.

    Of a run directory: how far the training came, what was best, the time taken and the curve of its cost.
    """
    from ..files.presets import presets
    from ..loading import find_model, is_meant_as_model

    path = find_model(target) if target in presets() else Path(target)
    if verify:
        _verify(target)
    given = {"split": split, "count": count, "seed": seed, "columns": columns}
    settings: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    if contact_sheet is None and (settings or overwrite):
        raise InputError(f"--{next(iter(settings), 'overwrite')} is for the picture that --contact-sheet names; add it")
    is_model = is_meant_as_model(path)
    if contact_sheet is not None and (is_model or path.suffix == ".json"):
        raise InputError(f"--contact-sheet shows the drawings of a data set; {target} is a model or a config")
    if path.suffix == ".json" and not is_model:
        from ..hparams import HParams

        print(json.dumps(HParams.load(path).model_dump(mode="json"), indent=2))
    elif is_model:
        model = open_model(str(path))
        answer(f"{target}: {describe_model(model)}")
        if (path / "history.csv").is_file():
            from .run_report import describe_run

            answer(describe_run(path))
        for variable in model.trainable_variables:
            print(f"  {variable.path:32} {tuple(variable.shape)}")
    else:
        if contact_sheet is not None:
            check_output(contact_sheet, overwrite, "--contact-sheet")
        from ..data import summary
        from ..data.datasets import load_dataset

        dataset = load_dataset(target)
        if contact_sheet is not None:
            from ..pictures import contact_sheet as sheet

            shown = sheet.contact_sheet(dataset, contact_sheet, **settings, title=path.name)
            say(f"wrote  {contact_sheet}: {shown} drawings")
        answer(as_typed(summary.describe(dataset, target)))
