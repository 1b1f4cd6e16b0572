"""`sketch-rnn train` and `evaluate`."""

import json
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..errors import InputError, one_of
from ..files.configs import config_names
from .common import Data, DevicesOption, Model, Set, answer, app, describe_dataset, open_model, parse_devices, say

if TYPE_CHECKING:
    from ..backends import Devices
    from ..data.datasets import Dataset
    from ..hparams import HParams
    from ..training.progress import TrainingBar
    from ..training.sweep import Run

SOONER = "; --config small trains in minutes to an hour, --set num_steps=N sets another end; Ctrl-C saves"


@app.command()
def train(
    run_dir: Annotated[Path, typer.Option(help="Where everything about this training is kept.")],
    config: Annotated[
        str | None,
        typer.Option(help=f"A JSON file of hyperparameters, or one that ships: {', '.join(config_names())}."),
    ] = None,
    data: Data = None,
    overrides: Set = None,
    start: Annotated[
        str | None,
        typer.Option("--from", metavar="MODEL", help="Begin with the weights of a trained model, whatever holds one."),
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Continue the training in --run-dir.")] = False,
    on_divergence: Annotated[
        str,
        typer.Option(
            metavar="stop|rollback",
            help="What becomes of a cost that is not finite: stop, or rollback to the last checkpoint and go on with "
            "other batches and half the learning rate, at most three times.",
        ),
    ] = "stop",
    devices: DevicesOption = "1",
) -> None:
    """Train a model on a data set.

    Without --data, the data_set of --config is used. With --resume the config and the data are those the run began
    with; only num_steps, save_every, log_every and description may then be changed with --set.

    --from doodles fine-tunes: the model's cells and sizes take the place of those in --config; the scale factor and
    N_max are those of the new data, optimiser and schedules begin anew. --config fine_tune suits a few drawings.
    """
    from ..hparams import HParams
    from ..training.divergence import ON_DIVERGENCE

    changes = parse_settings(overrides)
    one_of("--on-divergence", on_divergence, ON_DIVERGENCE)  # before the data is read
    if resume:
        if start:
            raise InputError("--resume takes the weights of --run-dir; leave --from out")
        hparams, names = _resumed(run_dir, config, data, changes)
    else:
        hparams = HParams.load(config, **changes) if config else HParams(**changes)
        if not data and "data_set" not in hparams.model_fields_set:
            raise InputError(
                "expected data to train on: add --data, such as --data doodles:cat (built in), --data cat (Quick, "
                "Draw!) or --data mine.npz (made by sketch-rnn convert)"
            )
        names = data or hparams.data_set
        hparams = hparams.replace(data_set=list(names))
    from ..backends import backend, open_devices
    from ..data.datasets import load_dataset

    dataset = load_dataset(names, max_seq_len=hparams.length_limit)
    backend().prepare_training()
    group = open_devices(parse_devices(devices))  # before anything is computed
    _describe(names, dataset, group)
    if start:
        hparams = _shaped_as(start, hparams, changes)
    options: dict[str, Any] = {"resume": resume, "start": start, "on_divergence": on_divergence, "devices": group}
    _train(hparams, dataset, run_dir, **options)


def parse_settings(overrides: list[str] | None) -> dict:
    """Hyperparameters by name that `--set KEY=VALUE` options give."""
    from ..hparams import HParams

    try:
        return HParams.parse_overrides(overrides or [])
    except InputError as error:
        raise InputError(f"--set {error}") from None


def _resumed(run_dir: Path, config: str | None, data: list[str] | None, changes: dict) -> tuple["HParams", list[str]]:
    """Hyperparameters and data names of the run that goes on."""
    from ..hparams import HParams
    from ..training.run_directory import RunDirectory

    if config:
        raise InputError("--resume takes the configuration of --run-dir; leave --config out")
    run = RunDirectory(run_dir)
    document = run.read_config()
    hparams = HParams.load(run.config, **changes)
    return hparams, data or [str(source["name"]) for source in document["data"]]


def _shaped_as(start: str, hparams: "HParams", changes: Collection[str]) -> "HParams":
    """What --config says of cells and sizes gives way to those of the model; `loop.train` refuses what --set says."""
    shape = {name: value for name, value in open_model(start).hparams.shape.items() if name not in changes}
    before = {name: getattr(hparams, name) for name in shape if name in hparams.model_fields_set}
    replaced = [f"{name} {shape[name]} (not {value})" for name, value in before.items() if value != shape[name]]
    if replaced:
        say(f"note   as {start} has them, in place of those in --config: {', '.join(replaced)}")
    return hparams.replace(**shape)


def _describe(names: Sequence[str], dataset: "Dataset", devices: "Devices") -> None:
    """Says what is trained on; of several processes the first alone does."""
    if devices.process == 0:
        say(f"data   {describe_dataset(names, dataset)}")
        for note in dataset.dropped:
            say(f"       {note}")
        if devices.count > 1:
            say(f"shared by {devices.count} devices of {devices.processes} processes")


def _train(
    hparams: "HParams", dataset: "Dataset", run_dir: Path, *, resume: bool, devices: "Devices", **options: Any
) -> None:
    from ..training.loop import train
    from ..training.progress import TrainingBar
    from ..training.run_directory import last_step

    if devices.process:
        train(hparams, dataset, run_dir, resume=resume, devices=devices, **options, verbose=0)
        return
    first_step = last_step(run_dir) if resume else 0
    if first_step >= hparams.num_steps:
        say(f"{run_dir} is trained to step {first_step} already; to go on, add --set num_steps=N")
        if devices.processes == 1:  # others wait for this one
            return
    try:
        with TrainingBar(hparams.num_steps, first_step, advice=SOONER) as reporter:
            model = train(hparams, dataset, run_dir, resume=resume, devices=devices, **options, reporter=reporter)
    except KeyboardInterrupt as interrupt:
        if not interrupt.args:  # a second Ctrl-C, or one before the first step
            raise
        say(f"Interrupted; saved at step {interrupt.args[0]}. To go on: sketch-rnn train --resume --run-dir {run_dir}")
        raise typer.Exit(130) from None
    say(f"done   {model.count_params():,} weights, best model in {run_dir / 'model.keras'}, beside it model_card.md")


@app.command()
def sweep(
    plan: Annotated[
        str,
        typer.Argument(
            help="JSON: what all runs share, data sets, variants; or a plan that ships: "
            f"{', '.join(config_names(of_sweeps=True))}."
        ),
    ],
    output_dir: Annotated[Path, typer.Option(help="Where the runs and the tables go.")],
) -> None:
    """Train several variants on several data sets, and write one table of L_R and L_KL.

    The same command goes on after an interruption.
    """
    from ..backends import backend
    from ..training.sweep import Plan, run

    loaded = Plan.load(plan)
    backend().prepare_training()
    try:
        run(loaded, output_dir, _watch)
    except KeyboardInterrupt:
        say(f"Interrupted. To go on: sketch-rnn sweep {plan} --output-dir {output_dir}")
        raise typer.Exit(130) from None
    answer((output_dir / "table.md").read_text(encoding="utf-8").rstrip("\n"))
    say(f"wrote  {output_dir}: table.md, table.csv and tradeoff.svg")


def _watch(run: "Run") -> "TrainingBar":
    """Says which run of a sweep begins; its progress bar."""
    from ..training.progress import TrainingBar

    say(f"run    {run.data}, {run.variant}")
    for note in run.dataset.dropped:
        say(f"       {note}")
    return TrainingBar(run.hparams.num_steps, run.first_step)


@app.command()
def evaluate(
    model: Model,
    data: Data = None,
    split: Annotated[list[str] | None, typer.Option(help="train, valid or test; valid and test by default.")] = None,
    batch_size: Annotated[
        int | None, typer.Option(min=1, help="Sketches per batch; the model's own by default.")
    ] = None,
) -> None:
    """Print every loss term of a model on each split, as one JSON object.

    The data is put in the model's units by the model's own scale factor, or by the data's where the model has none (a
    Magenta checkpoint). Sketches longer than the model's N_max are left out.
    """
    from ..data.datasets import load_dataset
    from ..data.npz import SPLITS

    splits = split or ["valid", "test"]
    for name in splits:
        one_of("--split", name, SPLITS)
    loaded = open_model(model)
    hparams = loaded.hparams
    dataset = load_dataset(data or hparams.data_set, max_seq_len=hparams.max_seq_len, scale_factor=loaded.scale_factor)

    from ..training.evaluation import evaluate

    if loaded.scale_factor is None:
        loaded.scale_factor = dataset.scale_factor
        say(f"note   the scale factor of the data is taken, {dataset.scale_factor:.4f}")
    for note in dataset.dropped:
        say(str(note))
    result = {
        name: evaluate(loaded, getattr(dataset, name), batch_size or hparams.batch_size, hparams.max_seq_len)
        for name in splits
    }
    print(json.dumps({"model": str(model), "data": data or hparams.data_set, **result}, indent=2))
