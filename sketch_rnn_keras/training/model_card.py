"""A model card: what whoever is given a model wants to know of it, as Markdown with Hugging Face's front matter.

Enters: a model, and what is known of its training. Leaves: `model_card.md` beside the model, the same bytes for the
same training. Names and descriptions come from files and are shown as they are, never as Markdown.
"""

import json
import os
import re
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from ..data.catalog import DOODLE_PREFIX, QUICKDRAW_PREFIX
from ..data.quickdraw import CATEGORIES
from ..files.writing import write_atomically
from ..hparams import HParams
from ..model.sketch_rnn import SketchRNN
from ..pictures.grid import draw_sketches
from ..sampling import sample
from . import history
from .checkpoint import Progress
from .run_directory import RunDirectory

CARD, PICTURE = "model_card.md", "samples.svg"
TEMPERATURE = 0.4  # of the sketches that a card shows
SHOWN = ("max_seq_len", "num_steps", "batch_size", "learning_rate", "kl_weight", "kl_tolerance", "seed")
LOSSES = {
    "cost": "objective, at the KL weight of that step",
    "recon": "L_R, its pen loss over all of N_max, as in training",
    "recon_masked": "L_R, its pen loss up to the end of each drawing, as the original evaluates",
    "kl_raw": "L_KL, nats per dimension of the code",
}
_MARKS = re.compile(r"([\\`*_\[\]<>&|~#$:@])")


class Results(NamedTuple):
    """How good a model is.

    Attributes:
        where: the drawings that were judged, such as "the validation split, at step 300".
        losses: by the names of `LOSSES`, those that are known.
    """

    where: str
    losses: Mapping[str, float]


def write_run_card(model: SketchRNN, run: RunDirectory, progress: Progress) -> Path:
    """Write the card of a training beside its `model.keras`, in place of an earlier one; returns its path."""
    results, best = None, progress.best_step
    for row in history.read(run.history):
        if (row["split"], int(row["step"])) == ("valid", best):
            where = f"the validation split after step {best}, the best of {progress.step:,} steps"
            results = Results(where, {name: float(row[name]) for name in LOSSES})
    candidates = [run.samples / f"step_{best:08d}.svg", *sorted(run.samples.glob("step_*.svg"), reverse=True)]
    pictures = [path.relative_to(run.path).as_posix() for path in candidates if path.is_file()]
    return write_model_card(
        model, run.path, file=run.model.name, picture=pictures[0] if pictures else None, results=results
    )


def write_model_card(
    model: SketchRNN,
    folder: str | os.PathLike,
    *,
    file: str | None = "model.keras",
    picture: str | None = None,
    results: Results | None = None,
    licence: str = "",
) -> Path:
    """Write `model_card.md` into the folder that holds a model, in place of an earlier one.

    Args:
        model: the model.
        folder: where the card goes.
        file: what `load_model` opens there; None if it is in another form.
        picture: what the model draws at temperature 0.4, a path within `folder`; None draws `samples.svg`.
        results: how good the model is, where that is known.
        licence: of the weights, by its SPDX name such as "Apache-2.0"; "" where it is not known.

    Returns:
        The card's path.

    Raises:
        InputError: a file cannot be written.
    """
    folder = Path(folder)
    if picture is None:
        picture = PICTURE
        draw_sketches(sample(model, count=12, temperature=TEMPERATURE, seed=0), folder / picture, columns=4)
    data = ", ".join(_plain(source["name"]) for source in _sources(model))
    parts = [
        _front_matter(licence),
        f"# Sketch-RNN of {data}",
        _introduction(model),
        f"![Sketches that the model drew at temperature {TEMPERATURE}]({picture})",
        _use(model, file),
        f"## Hyperparameters\n\n{_hyperparameters(model)}",
        f"## Losses\n\n{_losses(results, model.hparams.conditional)}",
        f"## Data\n\n{_data(model)}",
        f"## To train it again\n\n```\n{training_command(model)}\n```",
        f"## Licence\n\n{_plain(licence) or 'Not stated yet. Whoever publishes the model adds `license:` above.'}",
        "Written by sketch_rnn_keras, which writes it anew when the training goes on: keep changes under another name.",
    ]
    return write_atomically(folder / CARD, ("\n\n".join(part for part in parts if part) + "\n").encode())


def training_command(model: SketchRNN) -> str:
    """What is typed to train a model as this one was trained."""
    hparams, start, defaults = model.hparams, model.provenance.start, HParams()
    words = ["sketch-rnn", "train", "--run-dir", "runs/again"]
    words += ["--from", start["name"]] if start else []
    for source in _sources(model):
        words += ["--data", source["name"]]
    known = {"data_set", "description", *(hparams.shape if start else ())}  # from --data and --from
    for name, value in hparams.model_dump(mode="json").items():
        if name not in known and (name == "max_seq_len" or value != getattr(defaults, name)):
            words += ["--set", f"{name}={value if isinstance(value, str) else json.dumps(value)}"]
    return _printable(shlex.join(words))


def _sources(model: SketchRNN) -> list[Mapping[str, str]]:
    """Name and, where it is known, SHA-256 of each data set."""
    return list(model.provenance.data) or [{"name": name} for name in model.hparams.data_set]


def _front_matter(licence: str) -> str:
    lines = [f"license: {json.dumps(licence.lower())}"] if licence else []
    return "\n".join(["---", *lines, "library_name: keras", "tags:", "- sketch-rnn", "- sketch", "- keras", "---"])


def _introduction(model: SketchRNN) -> str:
    kind = "A conditional model: it turns a drawing into a code, and a code into drawings"
    if not model.hparams.conditional:
        kind = "A decoder alone: it draws, and ends drawings that were begun"
    source = "[Sketch-RNN](https://arxiv.org/abs/1704.03477), trained with sketch_rnn_keras"
    sentences = [f"{kind}. {source}."]
    if start := model.provenance.start:
        sentences.append(f"Its training began with the weights of {_named(start)}.")
    if origin := model.provenance.origin:
        sentences.append(f"It was converted from {_plain(origin)}.")
    description = _plain(model.hparams.description)
    return " ".join(sentences) + (f"\n\n> Description: {description}" if description else "")


def _use(model: SketchRNN, file: str | None) -> str:
    if file is None:
        return ""
    hint = "Temperature: 0.1 to 0.3 draws carefully, 0.4 to 0.6 with more variety, 1 as the model itself expects."
    unit = (
        "" if model.scale_factor else "\n\nIts scale factor is not known: drawings come out in the model's own units."
    )
    return f"""## To draw with it

```python
from sketch_rnn_keras import draw_sketches, load_model, sample

model = load_model({json.dumps(file)})
draw_sketches(sample(model, count=12, temperature={TEMPERATURE}, seed=0), "drawings.svg", columns=4)
```

{hint}{unit}"""


def _hyperparameters(model: SketchRNN) -> str:
    hparams = model.hparams
    shown = [name for name in (*hparams.shape, *SHOWN) if hparams.conditional or not name.startswith("kl_")]
    rows = [(f"`{name}`", json.dumps(getattr(hparams, name))) for name in shown]
    factor = f"{model.scale_factor:.4f}" if model.scale_factor else "not known"
    return _table(("name", "value"), [*rows, ("weights", f"{model.count_params():,}"), ("scale factor", factor)])


def _losses(results: Results | None, conditional: bool) -> str:
    if results is None:
        return "Not known: no validation drawings judged this model."
    names = [name for name in LOSSES if name in results.losses and (conditional or name != "kl_raw")]
    rows = [(LOSSES[name], f"{results.losses[name]:.4f}") for name in names]
    return f"Of {_plain(results.where)}:\n\n{_table(('loss', 'value'), rows)}"


def _table(head: tuple[str, str], rows: list[tuple[str, str]]) -> str:
    return "\n".join(f"| {name} | {value} |" for name, value in [head, ("---", "---"), *rows])


def _data(model: SketchRNN) -> str:
    return "\n".join(f"- {_named(source)}: {_data_licence(source['name'])}" for source in _sources(model))


def _data_licence(name: str) -> str:
    if name.startswith(DOODLE_PREFIX):
        return "drawings of the package's own, Apache-2.0"
    if name in CATEGORIES or name.startswith(QUICKDRAW_PREFIX):  # by its plain name, not a path of the user's
        return "Quick, Draw!, Google, CC BY 4.0"
    return "see the data's own licence"


def _named(source: Mapping[str, str]) -> str:
    digest = f" (SHA-256 {_plain(source['sha256'])})" if "sha256" in source else ""
    return _plain(source["name"]) + digest


def _plain(text: str) -> str:
    """Text from elsewhere, on one line, as Markdown shows it unchanged."""
    return _MARKS.sub(r"\\\1", _printable(text))


def _printable(text: str) -> str:
    return "".join(character if character.isprintable() else " " for character in text)
