"""The `sketch-rnn` command: thin doors to the package. Enters: arguments. Leaves: files, text, an exit status.

Exit status: 0 done, 1 training diverged, 2 bad input (one sentence on standard error, no traceback), 130 interrupted.
Nothing that needs a backend is imported before a command runs, so that `--help` answers at once.
"""

import contextlib
import json
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from .errors import InputError, TrainingError

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # TensorFlow's remarks on the machine are not ours to print

app = typer.Typer(
    help="Sketch-RNN in Keras: learn to draw from pen strokes, and draw.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

Data = Annotated[
    list[str] | None,
    typer.Option(
        "--data",
        help="An .npz file, a Quick, Draw! category such as cat (downloaded into data/ when missing), or built-in "
        "drawings such as doodles:cat. Give it several times to join data sets.",
    ),
]
Set = Annotated[
    list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Override a hyperparameter: kl_weight=1.0")
]
Model = Annotated[Path, typer.Option("--model", help="A run directory or a .keras file.")]
Seed = Annotated[int, typer.Option(min=0, help="Seed of every random choice.")]


@app.command()
def train(
    run_dir: Annotated[Path, typer.Option(help="Where everything about this training is kept.")],
    config: Annotated[Path | None, typer.Option(help="JSON hyperparameters; see configs/.")] = None,
    data: Data = None,
    overrides: Set = None,
    resume: Annotated[bool, typer.Option("--resume", help="Continue the training in --run-dir.")] = False,
) -> None:
    """Train a model on a data set.

    Without --data the config's data_set is used. With --resume the config and the data are those the run began
    with; only num_steps, save_every, log_every and description may then be changed with --set.
    """
    from .hparams import HParams

    changes = HParams.parse_overrides(overrides or [])
    if resume:
        hparams, names = _resumed(run_dir, config, data, changes)
    else:
        hparams = HParams.load(config, **changes) if config else HParams(**changes)
        names = data or hparams.data_set
        hparams = hparams.replace(data_set=list(names))
    _train(hparams, names, run_dir, resume)


def _resumed(run_dir, config, data, changes):
    """Hyperparameters and data names of the run that goes on."""
    from .hparams import HParams
    from .training.checkpoints import RunDirectory

    if config:
        raise InputError("--resume takes the configuration of --run-dir; leave --config out")
    run = RunDirectory(run_dir)
    document = run.read_config()
    hparams = HParams.load(run.config, **changes)
    return hparams, data or [str(source["name"]) for source in document["data"]]


def _train(hparams, names, run_dir, resume):
    from .datasets import load_dataset

    limit = hparams.max_seq_len if "max_seq_len" in hparams.model_fields_set else None
    dataset = load_dataset(names, max_seq_len=limit)
    _print(f"data   {_describe_dataset(names, dataset)}")
    for note in dataset.dropped:
        _print(f"       {note}")

    from .training.loop import last_step, train
    from .training.report import Reporter

    first_step = last_step(run_dir) if resume else 0
    if first_step >= hparams.num_steps:
        _print(f"{run_dir} is trained to step {first_step} already; to go on, add --set num_steps=N")
        return
    try:
        with Reporter(hparams.num_steps, first_step) as reporter:
            model = train(hparams, dataset, run_dir, resume=resume, reporter=reporter)
    except KeyboardInterrupt as interrupt:
        if not interrupt.args:  # a second Ctrl-C, or one before the first step
            raise
        _print(
            f"Interrupted; saved at step {interrupt.args[0]}. To go on: sketch-rnn train --resume --run-dir {run_dir}"
        )
        raise typer.Exit(130) from None
    _print(f"done   {model.count_params():,} weights, best model in {Path(run_dir) / 'model.keras'}")


@app.command()
def sample(
    model: Model,
    output: Annotated[Path, typer.Option(help="The picture to write: .svg or .png.")],
    count: Annotated[int, typer.Option(min=1, help="Sketches to draw.")] = 16,
    temperature: Annotated[float, typer.Option(help="tau: 0 is greedy, low is careful, 1 is the model's own.")] = 0.4,
    seed: Seed = 0,
    columns: Annotated[int | None, typer.Option(min=1, help="Sketches in a row; near-square by default.")] = None,
    max_points: Annotated[int | None, typer.Option(min=1, help="Longest sketch; N_max by default.")] = None,
    temperature_law: Annotated[
        str, typer.Option(help="paper: variances times tau; magenta: standard deviations times tau.")
    ] = "paper",
    labels: Annotated[bool, typer.Option("--labels", help="Number the sketches.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace --output if it exists.")] = False,
) -> None:
    """Draw sketches with a trained model."""
    from .drawing import draw_sketches

    _check_output(output, overwrite)
    from .model import load_model
    from .sampling import sample

    loaded, options = load_model(model), {"max_points": max_points, "temperature_law": temperature_law}
    with _progress_bar("sketches", count) as progress:
        sketches = sample(loaded, count, temperature, seed, **options, progress=progress)
    texts = [str(k) for k in range(count)] if labels else None
    draw_sketches(sketches, output, columns=columns, labels=texts)
    _print(f"wrote  {output}: {count} sketches at temperature {temperature:g}, seed {seed}")


@contextlib.contextmanager
def _progress_bar(what: str, total: int):
    """A function to call with the number finished; on a terminal it moves a bar, which goes when it is full."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    columns = (TextColumn(what), MofNCompleteColumn(), BarColumn(bar_width=20), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as bar:
        task = bar.add_task("", total=total)
        yield lambda finished: bar.update(task, completed=finished)


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

    The data is put in the model's units by the model's own scale factor. Sketches longer than the model's N_max are
    left out.
    """
    from .datasets import load_dataset
    from .model import load_model

    splits = split or ["valid", "test"]
    for name in splits:
        if name not in ("train", "valid", "test"):
            raise InputError(f"--split: expected train, valid or test, received {name!r}")
    loaded = load_model(model)
    hparams = loaded.hparams
    dataset = load_dataset(data or hparams.data_set, max_seq_len=hparams.max_seq_len, scale_factor=loaded.scale_factor)

    from .training.evaluation import evaluate

    for note in dataset.dropped:
        _print(str(note))
    result = {
        name: evaluate(loaded, getattr(dataset, name), batch_size or hparams.batch_size, hparams.max_seq_len)
        for name in splits
    }
    print(json.dumps({"model": str(model), "data": data or hparams.data_set, **result}, indent=2))


@app.command()
def info(target: Annotated[str, typer.Argument(help="A data set, a config, a model or a run directory.")]) -> None:
    """Describe a data set (.npz, a category, doodles:cat), a config (.json), or a model (.keras, run directory)."""
    path = Path(target)
    if path.suffix == ".json":
        from .hparams import HParams

        print(json.dumps(HParams.load(path).model_dump(mode="json"), indent=2))
    elif path.suffix == ".keras" or (path.is_dir() and path.name):
        _describe_model(target)
    else:
        from .datasets import load_dataset

        dataset = load_dataset(target)
        print(_describe_dataset([target], dataset))
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
    from .model import load_model

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


def _describe_dataset(names, dataset) -> str:
    counts = " / ".join(str(len(split)) for split in (dataset.train, dataset.valid, dataset.test))
    return (
        f"{', '.join(map(str, names))}: {counts} sketches to train / valid / test, "
        f"N_max {dataset.max_seq_len}, scale factor {dataset.scale_factor:.4f}"
    )


def _check_output(path: Path, overwrite: bool) -> None:
    if path.suffix.lower() not in (".svg", ".png"):
        raise InputError(f"{path}: expected a file name ending in .svg or .png, got {path.suffix!r}")
    if path.exists() and not overwrite:
        raise InputError(f"{path} exists already; choose another --output, or replace it with --overwrite")


def _print(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def main() -> None:
    """Run the command line; errors of the input end in one sentence and exit status 2."""
    try:
        app()
    except (InputError, TrainingError) as error:
        _print(f"sketch-rnn: {error}")
        sys.exit(2 if isinstance(error, InputError) else 1)
    except KeyboardInterrupt:
        _print("sketch-rnn: interrupted")
        sys.exit(130)


if __name__ == "__main__":
    main()
