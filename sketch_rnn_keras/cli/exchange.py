"""`sketch-rnn convert-model` and `export`: models of other implementations in, ours out, and back."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..errors import InputError, one_of
from .common import DEFAULT_MODEL, Model, app, check_absent, describe_dataset, describe_model, open_model, say

if TYPE_CHECKING:
    from ..model.sketch_rnn import SketchRNN

SUFFIXES = (".keras", ".gen.json", ".vae.json")


@app.command("convert-model")
def convert_model(
    source: Annotated[
        str,
        typer.Argument(help="A name, a Magenta checkpoint folder, a .keras file, a run directory or .json."),
    ],
    destination: Annotated[Path, typer.Argument(help="The file to write: .keras, .gen.json or .vae.json.")],
    scale_factor: Annotated[
        float | None, typer.Option(help="Data units per model unit, in place of what SOURCE says, if anything.")
    ] = None,
    data: Annotated[
        list[str] | None,
        typer.Option("--data", help="What the model was trained on: its scale factor is taken and its name kept."),
    ] = None,
    name: Annotated[
        str | None, typer.Option(help="What JavaScript clients call it; the file's name by default.")
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace DESTINATION if it exists.")] = False,
) -> None:
    """Convert a trained model between Magenta checkpoints, .keras files and the JSON of sketch-rnn-js.

    Magenta checkpoints do not hold the scale factor. Give the data with --data, or the factor with --scale-factor: a
    .keras file without one draws in the model's own units, and JavaScript clients need one.
    """
    if not destination.name.endswith(SUFFIXES):
        raise InputError(f"{destination}: expected a file name ending in {', '.join(SUFFIXES)}")
    check_absent(destination, overwrite, "DESTINATION")
    if data and scale_factor is not None:
        raise InputError("--data and --scale-factor both give the scale factor; leave one out")
    is_keras = destination.suffix == ".keras"
    if name is not None and is_keras:
        raise InputError("--name is for .gen.json and .vae.json files; leave it out")
    from ..loading import load_model

    model = load_model(source, scale_factor)
    for note in model.provenance.notes:
        say(f"note   {source}: {note}")
    if data:
        model = _with_data(model, data)
    say(f"read   {source}: {describe_model(model)}")
    if model.scale_factor is None:
        say("note   no scale factor is known: drawings will be in the model's own units; see --data and --scale-factor")
    if is_keras:
        _save_keras(model, destination)
    else:
        from ..interop import sketch_js

        say(f"       {sketch_js.save(model, destination, name)}")
    say(f"wrote  {destination}")


@app.command()
def export(
    output: Annotated[Path, typer.Option("--output", "-o", help="The folder to write; new or empty.")],
    model: Model = DEFAULT_MODEL,
    format: Annotated[
        str, typer.Option(help="onnx (needs the extra `export`) or saved_model, TensorFlow's own.")
    ] = "onnx",
) -> None:
    """Write a model's encoder and decoder as functions that run without this package, in other languages too.

    A folder with encoder, start and step: a drawing to its code, a code to the decoder's state, a point and a state to
    the mixture of the next point. sketch_rnn.json beside them names inputs, outputs and the scale factor; a model card
    says what the model is.
    """
    formats = {"onnx": "onnx", "saved_model": "tf_saved_model"}
    chosen = formats[one_of("--format", format, formats)]
    loaded = open_model(model)
    from ..model.serving import new_export, write_parts
    from ..training.model_card import write_model_card

    with new_export(output, chosen) as draft:
        written = [*write_parts(loaded, draft, chosen), write_model_card(loaded, draft, file=None)]
    for path in written:
        say(f"wrote  {output / path.name}")


def _with_data(model: "SketchRNN", names: list[str]) -> "SketchRNN":
    """The same weights with the scale factor, and where it was not known the N_max, of the data."""
    from ..data.datasets import load_dataset
    from ..model.sketch_rnn import SketchRNN

    dataset = load_dataset(names)
    changes: dict[str, Any] = {"data_set": names}
    if "max_seq_len" not in model.hparams.model_fields_set:
        changes["max_seq_len"] = dataset.max_seq_len
    say(f"data   {describe_dataset(names, dataset)}")
    provenance = replace(model.provenance, data=tuple(dataset.sources))
    changed = SketchRNN(model.hparams.replace(**changes), dataset.scale_factor, provenance)
    changed.set_weights(model.get_weights())
    return changed


def _save_keras(model: "SketchRNN", destination: Path) -> None:
    from ..files.writing import unwritable
    from ..model.saving import save_keras

    try:
        save_keras(model, destination)
    except OSError as error:
        raise unwritable(destination, error) from None
