"""`sketch-rnn quality` and `train-recogniser`: how good drawings are, and what tells."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..errors import InputError, few
from .common import (
    DEFAULT_MODEL,
    TAUS,
    Data,
    Overwrite,
    Seed,
    answer,
    app,
    check_output,
    describe_dataset,
    open_model,
    progress_bar,
    say,
)

if TYPE_CHECKING:
    from ..model.sketch_rnn import SketchRNN
    from ..quality.measuring import Judge, Row
    from ..quality.recogniser import Recogniser

MOST_TESTED = 100  # drawings of a category


@app.command()
def quality(
    model: Annotated[
        list[str] | None,
        typer.Option("--model", help="Whatever holds a model; several are measured with the same seeds."),
    ] = None,
    data: Data = None,
    count: Annotated[int, typer.Option(min=10, help="Sketches at each temperature, and as many real drawings.")] = 1000,
    temperature: Annotated[
        list[float] | None, typer.Option(help="A temperature; give it several times. 0.1, 0.2 ... 1.0 by default.")
    ] = None,
    split: Annotated[
        str, typer.Option(help="The real drawings that sketches are compared with: train, valid, test or all.")
    ] = "train",
    category: Annotated[
        list[str] | None,
        typer.Option(help="What the drawings are of, by default the categories of --data; give it several times."),
    ] = None,
    recogniser: Annotated[
        Path | None, typer.Option(help="A recogniser made by train-recogniser; by default that of built-in subjects.")
    ] = None,
    controls: Annotated[
        bool, typer.Option("--controls", help="Also measure training drawings, copies, scribbles, an untrained model.")
    ] = False,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Draw quality against diversity: .svg, .png or .pdf.")
    ] = None,
    seed: Seed = 0,
    overwrite: Overwrite = False,
) -> None:
    """Measure how good a model's sketches are: recognised, like people's, diverse, no copies, ended.

    Prints one JSON object on standard output and a table on standard error. FIDs can be compared with each other only
    if they are of the same recogniser, data and count; docs/quality.md says what each number means.
    """
    from ..data.datasets import load_dataset
    from ..model.mixture import check_temperature
    from ..quality import measuring, report
    from ..quality.recogniser import SHIPPED, load_recogniser

    if output:
        check_output(output, overwrite)
    names, taus = model or [DEFAULT_MODEL], temperature or TAUS
    for tau in taus:
        check_temperature(tau)
    network = load_recogniser(recogniser or SHIPPED)
    models = {name: open_model(name) for name in names}
    sources = data or list(dict.fromkeys(source for each in models.values() for source in each.hparams.data_set))
    dataset = load_dataset(sources)
    say(f"data   {describe_dataset(sources, dataset)}")
    asked = category or list(dataset.categories)
    judge = measuring.Judge(dataset, network, asked, count=count, split=split, seed=seed)
    _tell(judge, asked, count)
    rows = [{"name": "other real drawings", "temperature": None, **judge.measure(judge.floor)}]
    rows += _measured(judge, models, taus)
    shown = list(rows)
    if controls:
        rows += _controls(judge, next(iter(models.values())))
    again = {name: _reconstruction(judge, name, each, dataset.scale_factor) for name, each in models.items()}
    reconstructions = [{"name": name, **row} for name, row in again.items() if row]
    answer(json.dumps(_document(judge, dataset.sources, asked, split, recogniser, rows, reconstructions), indent=1))
    say(report.table(rows))
    if reconstructions:
        say("\n" + report.reconstruction_table(reconstructions))
    if output:
        report.plot(shown, output)
        say(f"wrote  {output}: quality against diversity at temperatures {', '.join(f'{tau:g}' for tau in taus)}")


def _tell(judge: "Judge", asked: Sequence[str], count: int) -> None:
    """Says what is compared with what, where it is not what was asked for."""
    if judge.count < count:
        say(f"note   {judge.count} of each, not {count}: half of the real drawings are set aside for comparison")
    unknown = [name for name in dict.fromkeys(asked) if name not in judge.recogniser.categories]
    if not judge.places:
        say(
            f"note   the recogniser knows none of {few(unknown)}, only {few(judge.recogniser.categories)}: its "
            "features are used, recognition is not measured; see `sketch-rnn train-recogniser`"
        )
    elif unknown:
        say(f"note   the recogniser does not know {few(unknown)}: a sketch of these counts as not recognised")


def _measured(judge: "Judge", models: dict[str, "SketchRNN"], taus: Sequence[float]) -> list[dict[str, Any]]:
    from ..quality import measuring

    rows: list[dict[str, Any]] = []
    with progress_bar("sketches", len(models) * len(taus) * judge.count) as progress:
        for name, model in models.items():
            told = measuring.counted(progress, len(rows) * judge.count)
            rows += [{"name": name, **row} for row in measuring.measure_model(judge, model, taus, told)]
    return rows


def _reconstruction(judge: "Judge", name: str, model: "SketchRNN", scale_factor: float) -> "Row | None":
    """As the judge's, for a model that does not know its scale factor too."""
    if model.hparams.conditional and model.scale_factor is None:
        model.scale_factor = scale_factor
        say(f"note   {name} reads drawings with the scale factor of the data, {scale_factor:.4f}")
    return judge.reconstruction(model)


def _controls(judge: "Judge", model: "SketchRNN") -> list[dict[str, Any]]:
    """Rows whose places are known."""
    from ..quality import measuring

    rows = [{"name": name, "temperature": None, **judge.measure(drawn)} for name, drawn in judge.controls().items()]
    [row] = measuring.measure_model(judge, measuring.untrained(model), [1.0])
    return [*rows, {"name": "untrained model", **row}]


def _document(
    judge: "Judge",
    sources: Sequence[Mapping[str, str]],
    asked: Sequence[str],
    split: str,
    recogniser: Path | None,
    rows: Sequence["Row"],
    reconstructions: Sequence["Row"],
) -> dict[str, Any]:
    from ..files.records import digest
    from ..quality.recogniser import SHIPPED

    file = recogniser or SHIPPED
    return {
        "data": [{"name": source["name"], "sha256": source["sha256"]} for source in sources],
        "split": split,
        "categories": list(asked),
        "recogniser": {
            "file": file.name,
            "sha256": digest(file).hex(),
            "categories": judge.recogniser.categories,
        },
        "count": judge.count,
        "training_drawings": len(judge.training),
        "held_out_drawings": len(judge.held_out),
        "seed": judge.seed,
        "rows": list(rows),
        "reconstructions": list(reconstructions),
    }


@app.command()
def train_recogniser(
    output: Annotated[Path, typer.Option("--output", "-o", help="The recogniser to write: .npz.")],
    data: Annotated[
        list[str] | None,
        typer.Option(
            "--data",
            help="Data sets as for other commands: one for each category, or one of many. The built-in subjects by "
            "default.",
        ),
    ] = None,
    steps: Annotated[int, typer.Option(min=1, help="Of training, 128 drawings each.")] = 3000,
    seed: Seed = 0,
    overwrite: Overwrite = False,
) -> None:
    """Train the network that tells what drawings are of, for `sketch-rnn quality --recogniser`.

    It learns from the training splits and is tested on 100 drawings of each test split; beside the categories it learns
    scribbles, which are none of them.
    """
    from ..data.datasets import load_dataset
    from ..data.doodles import SUBJECTS
    from ..quality import recogniser

    check_output(output, overwrite, suffixes=(".npz",))
    names = data or [f"doodles:{subject}" for subject in SUBJECTS]
    dataset = load_dataset(names)
    if len(dataset.categories) < 2:
        raise InputError(f"--data: expected two categories or more, received only {', '.join(dataset.categories)}")
    train, test = (
        {name: recogniser.OfCategory(split, number) for number, name in enumerate(dataset.categories)}
        for split in (dataset.train, dataset.test)
    )
    with progress_bar("steps", steps) as progress:
        trained = recogniser.train_recogniser(train, steps=steps, seed=seed, progress=progress)
    trained.save(output)
    answer(_tested(trained, test, seed))
    say(f"wrote  {output}: {len(train)} categories, {trained.network.count_params():,} weights")


def _tested(trained: "Recogniser", drawings: Mapping[str, Sequence[Any]], seed: int) -> str:
    """How many of the first test drawings of each category are recognised, and what others are taken for."""
    from ..quality.recogniser import SCRIBBLE, scribbles

    shown = {name: [each[k] for k in range(min(MOST_TESTED, len(each)))] for name, each in drawings.items()}
    shown[SCRIBBLE] = scribbles([drawing for each in shown.values() for drawing in each], seed)
    lines, right, total = [], 0, 0
    for name, each in shown.items():
        taken = trained.see(each).probabilities.argmax(axis=1).tolist()
        wrong = [trained.categories[place] for place in taken if trained.categories[place] != name]
        often = [other for other, _ in Counter(wrong).most_common(3)]
        mistaken = f"; the others for {', '.join(often)}" if often else ""
        lines.append(f"{name}: {len(each) - len(wrong)} of {len(each)} recognised{mistaken}")
        if name != SCRIBBLE:
            right, total = right + len(each) - len(wrong), total + len(each)
    share = f": {right / total:.2%}" if total else ""
    return "\n".join([*lines, f"all but scribbles: {right} of {total} recognised{share}"])
