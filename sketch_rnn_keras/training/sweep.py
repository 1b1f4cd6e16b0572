"""Several trainings that differ in a few hyperparameters, and one table of what came of them.

Enters: a JSON document with what all runs share, the data sets and the variants. Leaves: a folder with a run directory
for each pair, `table.md`, `table.csv` and `tradeoff.svg`. A sweep that was interrupted goes on where it stopped.

Source: the thesis's question "why value the KL divergence?" and its table of L_R and L_KL; section 4.5 of arXiv
1704.03477 asks the same.
"""

import csv
import io
import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ..data.datasets import Dataset, load_dataset
from ..errors import InputError, few, shown
from ..files.configs import find_config
from ..files.reading import read_json
from ..files.writing import write_atomically
from ..hparams import HParams
from .run_directory import RunDirectory, last_step

if TYPE_CHECKING:
    from .log import Reporter

MAX_RUNS = 1000
COLUMNS = ("data", "variant", "L_R", "L_KL", "best step")


@dataclass(frozen=True)
class Plan:
    """What to train.

    Attributes:
        shared: hyperparameters of all runs.
        data_sets: by the name in the table, the data sets to join, as `catalog.resolve` knows them.
        variants: by the name in the table, the hyperparameters that differ.
        per_data_set: by the name of a data set, hyperparameters of its runs, such as `num_steps`.
    """

    shared: Mapping
    data_sets: Mapping[str, Sequence[str]]
    variants: Mapping[str, Mapping]
    per_data_set: Mapping[str, Mapping]

    @classmethod
    def load(cls, path: str | os.PathLike) -> "Plan":
        """Read a plan, and check the hyperparameters of every run.

        Args:
            path: the file, or the name of a plan that ships, such as "kl_tradeoff".

        Raises:
            InputError: a file that cannot be read, or is no plan.
        """
        what = "a JSON file of a sweep"
        document = read_json(find_config(path, what, of_sweeps=True), what)
        if not isinstance(document, dict):
            raise InputError(f"{path}: expected an object, received {type(document).__name__}")
        expected = {"hparams": dict, "data_sets": dict, "variants": dict}
        for key, kind in expected.items():
            if not isinstance(document.get(key), kind) or (key != "hparams" and not document[key]):
                raise InputError(f"{path}: expected an object under {key!r}, received {shown(document.get(key))}")
        known = [*expected, "per_data_set", "description"]
        if unknown := document.keys() - set(known):
            raise InputError(f"{path}: unknown key {shown(sorted(unknown)[0])}; expected {', '.join(known)}")
        if (count := len(document["data_sets"]) * len(document["variants"])) > MAX_RUNS:
            raise InputError(f"{path}: expected at most {MAX_RUNS} runs, received {count}: a data set times a variant")
        names = {k: [v] if isinstance(v, str) else v for k, v in document["data_sets"].items()}
        special = document.get("per_data_set", {})
        if not isinstance(special, dict) or not special.keys() <= names.keys():
            raise InputError(
                f"{path}: per_data_set: expected an object with keys of data_sets, {few(names)}, received "
                f"{shown(special)}"
            )
        plan = cls(document["hparams"], names, document["variants"], special)
        folders = set()
        for data, variant in plan.runs():
            if not (data + variant).isprintable():
                raise InputError(
                    f"{path}: expected names of printable characters, received {shown(data)} and {shown(variant)}"
                )
            plan.hparams(data, variant, where=str(path))
            if _folder(data, variant) in folders:
                raise InputError(f"{path}: two runs would share the folder {few([_folder(data, variant)])}; rename one")
            folders.add(_folder(data, variant))
        return plan

    def runs(self) -> list[tuple[str, str]]:
        """The data set and the variant of each run, in the order in which they are trained."""
        return [(data, variant) for data in self.data_sets for variant in self.variants]

    def hparams(self, data: str, variant: str, where: str = "sweep") -> HParams:
        """The hyperparameters of one run."""
        where = f"{where}, {few([data])}, {few([variant])}"
        parts = (self.shared, self.per_data_set.get(data, {}), self.variants[variant])
        for part in parts:
            if not isinstance(part, Mapping):
                raise InputError(f"{where}: expected objects of hyperparameters, received {shown(part)}")
        if misplaced := {"data_set", "hparams"} & {key for part in parts for key in part}:
            raise InputError(f"{where}: {misplaced.pop()!r} has no place there; see data_sets")
        merged = {key: value for part in parts for key, value in part.items()}
        return HParams.from_dict(merged | {"data_set": self.data_sets[data]}, where)


class Run(NamedTuple):
    """One training of a sweep that is about to begin, or to go on after `first_step` steps."""

    data: str
    variant: str
    dataset: Dataset
    hparams: HParams
    first_step: int


def _unwatched(_: Run) -> AbstractContextManager[None]:
    return nullcontext()


def run(
    plan: Plan,
    folder: str | os.PathLike,
    watch: "Callable[[Run], AbstractContextManager[Reporter | None]]" = _unwatched,
) -> list[dict]:
    """Train what is not trained yet, and write the table anew after each run.

    Args:
        plan: what to train.
        folder: where the runs and the tables go; the folder of an earlier call goes on from there.
        watch: called with each run as it begins; gives a context around it, with who is told of its progress.

    Returns:
        One row for each run, with the keys `COLUMNS`: L_R with the pen's loss masked after the end, and L_KL without
        its floor, both of the best checkpoint on the test split. L_KL is None for decoder-only models.

    Raises:
        InputError: a data set that cannot be used or has no test split, or a run in `folder` that was begun with other
            hyperparameters or other data, or trained for longer.
        TrainingError: a training diverged.
        KeyboardInterrupt: after Ctrl-C, once the run's state has been saved.
    """
    folder, datasets, rows = Path(folder), {}, []
    for data, variant in plan.runs():  # before hours of training
        limit = plan.hparams(data, variant).length_limit
        if (data, limit) not in datasets:
            datasets[data, limit] = load_dataset(plan.data_sets[data], max_seq_len=limit)
        if not len(datasets[data, limit].test):
            raise InputError(f"{data}: expected drawings in the test split, which the table is about, received none")
    for data, variant in plan.runs():
        hparams = plan.hparams(data, variant)
        run_dir = folder / _folder(data, variant)
        this = Run(data, variant, datasets[data, hparams.length_limit], hparams, _first_step(hparams, run_dir))
        with watch(this) as reporter:  # a run at its end is checked to be the plan's, no more
            rows.append({"data": data, "variant": variant, **_train(this, run_dir, reporter)})
        write_tables(rows, folder)
    return rows


def _first_step(hparams: HParams, run_dir: Path) -> int:
    first = last_step(run_dir)
    if first > hparams.num_steps:
        raise InputError(f"{run_dir}: trained to step {first} already, the plan asks for {hparams.num_steps}")
    return first


def _train(this: Run, run_dir: Path, reporter: "Reporter | None") -> dict:
    """Bring one run to its end; its losses on the test split."""
    from ..loading import load_model  # here: a plan is checked without a backend
    from .evaluation import evaluate
    from .loop import train

    directory = RunDirectory(run_dir)
    train(this.hparams, this.dataset, run_dir, resume=directory.config.exists(), reporter=reporter)
    losses = evaluate(load_model(run_dir), this.dataset.test, this.hparams.batch_size, this.dataset.max_seq_len)
    kl = losses["kl_raw"] if this.hparams.conditional else None
    return {"L_R": losses["recon_masked"], "L_KL": kl, "best step": directory.progress().best_step}


def write_tables(rows: Sequence[Mapping], folder: Path) -> None:
    """Write `table.csv`, a row for each run, `table.md`, a row for each data set, and `tradeoff.svg`."""
    from .curves import plot_tradeoff  # here: a plan is checked without matplotlib

    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    write_atomically(folder / "table.csv", text.getvalue().encode())
    write_atomically(folder / "table.md", markdown(rows).encode())
    plot_tradeoff(rows, folder / "tradeoff.svg")


def markdown(rows: Sequence[Mapping]) -> str:
    """The thesis's layout: a row for each data set, for each variant L_R and, where there is one, L_KL."""
    losses = {
        (row["data"], row["variant"], loss): row[loss]
        for row in rows
        for loss in ("L_R", "L_KL")
        if row[loss] is not None
    }
    with_kl = {variant for _, variant, loss in losses if loss == "L_KL"}
    columns = []
    for variant in dict.fromkeys(row["variant"] for row in rows):
        columns.append((variant, "L_R"))
        if variant in with_kl:
            columns.append((variant, "L_KL"))
    head = [f"{variant}: {loss}" for variant, loss in columns]
    lines = [f"| data | {' | '.join(head)} |", "| --- |" + " ---: |" * len(head)]
    for data in dict.fromkeys(row["data"] for row in rows):
        values = [losses.get((data, *column)) for column in columns]
        cells = ["" if value is None else f"{value:.2f}" for value in values]
        lines.append(f"| {data} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _folder(data: str, variant: str) -> str:
    return "".join(c if c.isalnum() or c in "._-" else "_" for c in f"{data}-{variant}")
