"""What the commands share: the application, options, and how they speak to the user."""

import contextlib
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TextIO

import typer
from typer.main import get_command_name
from typer.models import CommandInfo

from .._version import __version__
from ..errors import InputError, printable, shown
from ..files.writing import PICTURE_SUFFIXES, check_suffix

if TYPE_CHECKING:
    from ..data.datasets import Dataset
    from ..model.sketch_rnn import SketchRNN

app = typer.Typer(
    help="Sketch-RNN in Keras: learn to draw from pen strokes, and draw.\n\nBegin with `sketch-rnn sample -o a.svg`",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)


def _print_version(asked: bool) -> None:
    if asked:
        print(f"sketch-rnn {__version__}")
        raise typer.Exit


@app.callback()
def _whole(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and end.")
    ] = False,
) -> None:
    pass


def command_name(command: CommandInfo) -> str:
    """What is typed for a command."""
    assert command.callback  # typer knows commands without, we have none
    return command.name or get_command_name(command.callback.__name__)


TAUS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)  # where a command shows what temperature does
Data = Annotated[
    list[str] | None,
    typer.Option(
        "--data",
        help="An .npz file, a folder made by `sketch-rnn convert`, a Quick, Draw! category such as cat (downloaded "
        "into data/ when missing), many of them (quickdraw:animals, quickdraw:all), built-in drawings such as "
        "doodles:cat, or names in a file (@names.txt). Give it several times to join data sets.",
    ),
]
Set = Annotated[
    list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Override a hyperparameter: kl_weight=1.0")
]
Model = Annotated[
    str,
    typer.Option(
        "--model",
        help="A model that ships with the package (see `sketch-rnn models`), a run directory, a .keras file, a Magenta "
        "checkpoint folder, a .gen.json or .vae.json file, or the name of a published model.",
    ),
]
DEFAULT_MODEL = "doodles"
Seed = Annotated[int, typer.Option(min=0, help="Seed of every random choice.")]
Output = Annotated[Path, typer.Option("--output", "-o", help="The picture to write: .svg, .png or .pdf.")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace --output if it exists.")]
Temperature = Annotated[float, typer.Option(help="tau: 0 is greedy, low is careful, 1 is the model's own.")]
DevicesOption = Annotated[
    str, typer.Option("--devices", metavar="N|all", help="How many devices share the work; see docs/scale.md.")
]
_LOOK = "How drawings look: dark, smooth, line_width=3"
_SPELLINGS = {"color": "colour"}


def _styles(what: str) -> Any:
    return Annotated[list[str] | None, typer.Option("--style", help=f"{what}. Give it several times to combine.")]


Styles = _styles(f"{_LOOK}, colour=order, colour=pen (or color=), cell=120 or margin=8")
MapStyles = _styles(_LOOK)
MovingStyles = _styles(f"{_LOOK}, colour=order (or color=), cell=120 or margin=8")
Split = Annotated[str, typer.Option(help="Where drawings named by index are: train, valid or test.")]
SvgSize = Annotated[float, typer.Option(min=1e-6, help="Longer side of an .svg drawing, in the data's units.")]


def parse_devices(text: str) -> int | str:
    """What `open_devices` takes, of what --devices says."""
    if text != "all" and not text.isdecimal():
        raise InputError(f"--devices: expected a number or all, received {shown(text)}")
    return text if text == "all" else int(text)


@contextlib.contextmanager
def progress_bar(what: str, total: int) -> Iterator[Callable[[int], None]]:
    """A function to call with the number finished; on a terminal it moves a bar, which goes when it is full."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    columns = (TextColumn(what), MofNCompleteColumn(), BarColumn(bar_width=20), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as bar:
        task = bar.add_task("", total=total)
        yield lambda finished: bar.update(task, completed=finished)


def describe_dataset(names: Sequence[str | Path], dataset: "Dataset") -> str:
    counts = " / ".join(str(len(split)) for split in (dataset.train, dataset.valid, dataset.test))
    return (
        f"{', '.join(map(str, names))}: {counts} sketches to train / valid / test, "
        f"N_max {dataset.max_seq_len}, scale factor {dataset.scale_factor:.4f}"
    )


def open_model(path: str) -> "SketchRNN":
    """The model at `path`; what its reader had to infer is said, and that it lacks a scale factor."""
    from ..loading import check_model_path, find_model, load_model

    found = find_model(path)
    check_model_path(found)  # before a backend is loaded
    model = load_model(found)
    notes = list(model.provenance.notes)
    if model.scale_factor is None:
        notes.append("no scale factor is known: drawings are in the model's own units; see `sketch-rnn convert-model`")
    for note in notes:
        say(f"note   {path}: {note}")
    return model


def describe_model(model: "SketchRNN") -> str:
    """What a model is, where it comes from and what it was trained on, in a few lines."""
    hparams, provenance = model.hparams, model.provenance
    encoder = f"{hparams.enc_model} encoder of {hparams.enc_rnn_size} units each way, " if hparams.conditional else ""
    latent = f"z of {hparams.z_size}, " if hparams.conditional else ""
    origin = f"converted from {provenance.origin}" if provenance.origin else "trained"
    if start := provenance.start:
        origin += f" from {start['name']}" + (f" (SHA-256 {start['sha256']})" if "sha256" in start else "")
    version = f"; file written by sketch_rnn_keras {provenance.version}" if provenance.version else ""
    digests = {source["name"]: source["sha256"] for source in provenance.data if "sha256" in source}
    data = [name + (f" (SHA-256 {digests[name]})" if name in digests else "") for name in hparams.data_set]
    named, origin = printable(", ".join(data)), printable(origin + version)
    return (
        f"{'conditional' if hparams.conditional else 'decoder only'}; {encoder}{latent}{hparams.dec_model} decoder of "
        f"{hparams.dec_rnn_size} units, {hparams.num_mixture} mixture components, {model.count_params():,} weights\n"
        f"N_max {hparams.max_seq_len}; scale factor {model.scale_factor or 'not known'}; data {named}\n{origin}"
    )


def check_output(
    path: Path, overwrite: bool, option: str = "--output", suffixes: Sequence[str] = PICTURE_SUFFIXES
) -> None:
    check_suffix(path, *suffixes)
    folder = next(parent for parent in path.absolute().parents if parent.exists())
    if not folder.is_dir() or not os.access(folder, os.W_OK):
        raise InputError(f"{path}: nothing can be written in {folder}; choose another {option}")
    check_absent(path, overwrite, option)


def check_absent(path: Path, overwrite: bool, argument: str) -> None:
    if path.exists() and not overwrite:
        raise InputError(f"{path} exists already; choose another {argument}, or replace it with --overwrite")


def parse_style(items: list[str] | None, build: Callable[..., Any] | None = None) -> dict[str, Any]:
    """The keyword arguments of `grid.Style` that `--style` names, once `build` (`Style` itself) has taken them."""
    import dataclasses

    from ..pictures.grid import Style

    kinds: dict[str, Any] = {field.name: type(field.default) for field in dataclasses.fields(Style)}
    style: dict[str, Any] = {}
    for item in items or []:
        name, equals, text = item.partition("=")
        name = _SPELLINGS.get(name, name)
        if name not in kinds or (kinds[name] is bool) == bool(equals):
            forms = ", ".join(name if kind is bool else f"{name}=..." for name, kind in kinds.items())
            raise InputError(f"--style {item}: expected one of {forms}")
        try:
            style[name] = True if kinds[name] is bool else kinds[name](text)
        except ValueError:
            raise InputError(f"--style {item}: expected a number, received {text!r}") from None
    (build or Style)(**style)
    return style


def say(text: str, file: TextIO | None = None) -> None:
    """Tell the user, on standard error or in `file`; what comes from elsewhere cannot steer the terminal."""
    print("\n".join(map(printable, text.split("\n"))), file=file or sys.stderr, flush=True)


def answer(text: str) -> None:
    """Print what was asked for on standard output, as `say` does."""
    say(text, sys.stdout)
