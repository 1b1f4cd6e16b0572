"""How what is spoilt is read, through the doors that users have.

Enters: a folder that is the working directory. Leaves: what there is to say beside what is raised or printed.
"""

import functools
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from support import tiny_run
from support.writers import StandIn

OPTIONS = ("num_steps=3", "save_every=2", "log_every=1")  # of a training that is resumed: what a file says may be long
Reader = Callable[[], Sequence[str] | None]


def stand_in() -> None:
    """Have trainings whose steps, losses and pictures cost nothing, in this process from now on."""
    from sketch_rnn_keras.conversion import pipeline
    from sketch_rnn_keras.data import doodles
    from sketch_rnn_keras.training import curves

    StandIn().take_the_place()
    pipeline.plan_of = lambda *_: {"files": "as they were"}  # they lie elsewhere now, and the plan says where
    curves.plot_tradeoff = lambda *_: None
    made = functools.cache(doodles.make_splits)
    doodles.make_splits = lambda subject, counts, seed: made(subject, tuple(counts), seed)


def _load_dataset() -> None:
    from sketch_rnn_keras.data import summary
    from sketch_rnn_keras.data.datasets import load_dataset

    print(summary.describe(load_dataset("a.npz"), "a.npz"))


def _verify() -> None:
    from sketch_rnn_keras.files import records

    records.verify("a.npz")


def _convert() -> list[str]:
    from sketch_rnn_keras.conversion import convert

    [source] = [path.name for path in Path().glob("a.*")]
    report = convert(source, "out.npz", overwrite=True, splits=(1, 0, 0), processes=1)
    print(report)
    return report.details


def _hparams() -> None:
    from sketch_rnn_keras.hparams import HParams

    json.dumps(HParams.load("a.json").model_dump())


def _plan() -> None:
    from sketch_rnn_keras.training.sweep import Plan

    Plan.load("a.json")


def _recogniser() -> None:
    from sketch_rnn_keras.quality.recogniser import load_recogniser

    load_recogniser("a.npz")


def _load_folder() -> None:
    from sketch_rnn_keras.data import summary
    from sketch_rnn_keras.data.datasets import load_dataset

    data = load_dataset("cats")
    print(summary.describe(data, "cats"), *(data.train[k] for k in range(len(data.train))))


def _convert_folder() -> list[str]:
    from sketch_rnn_keras.conversion import convert

    report = convert("cats", "out", as_is=True, overwrite=True, max_points=10**6, processes=1)
    print(report)
    return report.details


def _verify_folder() -> None:
    from sketch_rnn_keras.data.folders import verify_folder

    print(*verify_folder(Path("cats")))


def _presets() -> None:
    from sketch_rnn_keras.files import presets

    there, presets._FOLDER = presets._FOLDER, Path()
    try:
        presets.presets.__wrapped__()
    finally:
        presets._FOLDER = there


def _command(*arguments: str) -> Reader:
    def run() -> None:
        from sketch_rnn_keras.cli.common import app

        app(list(arguments), standalone_mode=False)

    return run


def _plot() -> None:
    """The columns alone: to draw them takes a second."""
    from sketch_rnn_keras.training import curves

    curves._read_run(Path("run"))


def _plot_all() -> None:
    _command("plot", "run", "--output", "plot.svg")()


def _sweep() -> None:
    from sketch_rnn_keras.training import sweep

    sweep.run(sweep.Plan.load("plan.json"), "sweep")


def _train_from() -> None:
    from sketch_rnn_keras.training.loop import train

    train(tiny_run.HPARAMS.replace(num_steps=1), tiny_run.load_data(), "new", start="run", verbose=0)


READERS: Mapping[str, Reader] = {
    "load_dataset": _load_dataset,
    "verify": _verify,
    "convert": _convert,
    "hparams": _hparams,
    "plan": _plan,
    "load folder": _load_folder,
    "convert folder": _convert_folder,
    "verify folder": _verify_folder,
    "recogniser": _recogniser,
    "presets": _presets,
    "info keras": _command("info", "a.keras"),
    "info model": _command("info", "model"),
    "info gen": _command("info", "a.gen.json"),
    "info vae": _command("info", "a.vae.json"),
    "info checkpoint": _command("info", "checkpoint"),
    "info run": _command("info", "run"),
    "plot": _plot,
    "plot, drawn": _plot_all,
    "train --resume": _command(
        "train", "--resume", "--run-dir", "run", *(word for option in OPTIONS for word in ("--set", option))
    ),
    "train --from": _train_from,
    "sweep": _sweep,
}
