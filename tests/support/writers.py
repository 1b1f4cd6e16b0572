"""Everything in the package that writes files, as actions on a folder that can be repeated: what may be killed.

Enters: a folder for what an action needs. Leaves: by name, a function of that folder that gives a `Scenario`.
"""

import contextlib
import io
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from support import downloads, tiny_run
from support.server import Answer, Server
from support.tiny import SIZES, tiny_drawings, tiny_model

SHORT = tiny_run.HPARAMS.replace(conditional=False, num_steps=4, save_every=2, log_every=1)
Action = Callable[[Path], Any]


class Scenario(NamedTuple):
    """What is done to a folder.

    Attributes:
        action: does it, or does it again where it was left undone, as the same command would.
        before: the files in the folder beforehand, by name.
        in_one_step: whether all files are old or all new and none is a part, but for hidden ones.
        end: called when it has been done often enough.
    """

    action: Action
    before: Mapping[str, bytes] = {}
    in_one_step: bool = True
    end: Callable[[], Any] = lambda: None


SCENARIOS: dict[str, Callable[[Path], Scenario]] = {}


def _scenario(title: str, **arguments: Any) -> Callable:
    """Registers a function, to be called with a folder of its own and these arguments."""

    def register(begin: Callable[..., Scenario]) -> Callable[..., Scenario]:
        SCENARIOS[title] = partial(begin, **arguments)
        return begin

    return register


# ------------------------------------------------------------------------------------------------------- training


class StandIn:
    """A backend whose step costs nothing, and leaves in the weights what it was given: another batch would show.

    Args:
        bad: the steps, counting from 0, whose random choices give a cost that is not finite.
    """

    def __init__(self, bad: Sequence[int] = ()):
        from sketch_rnn_keras.streams import Stream, derived_seed

        self._bad = {derived_seed(SHORT.seed, Stream.DROPOUT, step) for step in bad}

    def event_writer(self, folder: Path) -> None:
        """None is written."""

    def compiled_update(
        self, model: Any, optimizer: Any, objective: Any, devices: Any
    ) -> Callable[..., dict[str, float]]:
        def update(strokes5, lengths, noise, dropout_seed, kl_weight):
            given = np.tanh(np.float32(strokes5.mean() + noise.mean() + dropout_seed % 97 + kl_weight))
            model.output_head.bias.assign(model.output_head.bias + given * optimizer.learning_rate)
            optimizer.iterations.assign_add(1)
            return self.losses(np.nan if int(dropout_seed) in self._bad else given)

        return update

    def evaluate(self, model: Any, *_: Any) -> dict[str, float]:
        return self.losses(float(np.sum(model.output_head.bias)))

    def losses(self, value: float) -> dict[str, float]:
        return dict.fromkeys(("offset", "pen", "recon", "recon_masked", "pen_masked", "kl", "kl_raw"), float(value))

    def take_the_place(self) -> None:
        """Of the backend and of what takes long, in all trainings of this process."""
        from sketch_rnn_keras.training import evaluation, log, loop

        loop.backend = log.backend = lambda: self
        loop.evaluate = evaluation.evaluate = self.evaluate
        loop.sample = tiny_run.one_dot


@_scenario("train")
@_scenario("train, rolled back", bad=(2, 3), on_divergence="rollback")
def training(place: Path, bad: Sequence[int] = (), on_divergence: str = "stop") -> Scenario:
    """A training of four steps, by the command that begins it or, where it has begun, that resumes it."""
    from sketch_rnn_keras.training.loop import train

    StandIn(bad).take_the_place()
    data = tiny_run.load_data()

    def action(run: Path) -> None:
        resume = (run / "config.json").exists()
        train(SHORT, data, run, verbose=0, resume=resume, on_divergence=on_divergence)

    return Scenario(action, in_one_step=False)


@_scenario("sweep")
def sweep(place: Path) -> Scenario:
    from sketch_rnn_keras.training.sweep import Plan, run

    StandIn().take_the_place()
    small = {name: size for name, size in SIZES.items() if name != "max_seq_len"}
    shared = small | {"num_steps": 2, "save_every": 1}
    plan = Plan(shared, {"cats": ["doodles:cat:20"]}, {"full": {}, "decoder only": {"conditional": False}}, {})
    watch = contextlib.nullcontext(tiny_run.Recorder())  # silent
    return Scenario(lambda folder: run(plan, folder, lambda _: watch), in_one_step=False)


# ----------------------------------------------------------------------------------------------- data and models


def _ndjson(path: Path) -> Path:
    line = '{"word": "cat", "drawing": [[[0, 100, %d], [0, 50, 100]]]}\n'
    path.write_text("".join(line % k for k in range(40)))
    return path


@_scenario("convert", before={})
@_scenario("convert, replacing", before={"drawings.npz": b"of before", "drawings.npz.download.json": b"{}"})
def convert(place: Path, before: Mapping[str, bytes]) -> Scenario:
    from sketch_rnn_keras.conversion import convert

    source = _ndjson(place / "drawings.ndjson")
    return Scenario(lambda folder: convert(source, folder / "drawings.npz", overwrite=True), before)


@_scenario("convert to a folder")
def convert_to_folder(place: Path) -> Scenario:
    """A folder that is whole or absent, made of several pieces."""
    from sketch_rnn_keras.conversion import convert, inputs

    source = _ndjson(place / "drawings.ndjson")
    inputs.PIECE = 1000
    return Scenario(lambda folder: convert(source, folder / "drawings", overwrite=True))


@_scenario("download")
def download(place: Path) -> Scenario:
    """A file whose transfer breaks once."""
    from sketch_rnn_keras.files import fetching, transfer

    transfer._DELAYS = (0,) * len(transfer._DELAYS)
    stack = contextlib.ExitStack()
    server = stack.enter_context(Server())

    def action(folder: Path) -> None:
        server.answers["/cat.npz"] = [Answer(downloads.WHOLE, sent=100_000), Answer(downloads.WHOLE)]
        wanted = fetching.Download(f"{server.url}/cat.npz", folder / "cat.npz", downloads.check, 2**20)
        fetching.download_all([wanted], progress=False)

    return Scenario(action, in_one_step=False, end=stack.close)


@_scenario("convert-model to .keras", name="model.keras")
@_scenario("convert-model to .gen.json", name="model.gen.json")
def convert_model(place: Path, name: str) -> Scenario:
    model = _saved_model(place)
    return Scenario(lambda folder: _command("convert-model", model, folder / name, "--overwrite"))


@_scenario("export to onnx", form="onnx")
@_scenario("export to saved_model", form="saved_model")
def export(place: Path, form: str) -> Scenario:
    model = _saved_model(place)

    def action(folder: Path) -> None:
        if not (folder / "exported").exists():
            _command("export", "--model", model, "--output", folder / "exported", "--format", form)

    return Scenario(action)


def _saved_model(place: Path) -> Path:
    """A tiny decoder-only model in a file."""
    path = place / "tiny.keras"
    tiny_model(end=-2.0, conditional=False).save(path)
    return path


def _command(*arguments: str | Path) -> None:
    """Run `sketch-rnn ARGUMENTS` as a process of its own would, without what it says and without its own ending."""
    import keras
    import tensorflow as tf

    from sketch_rnn_keras.cli import app

    keras.utils.clear_session()  # it numbers layers
    tf.get_logger().setLevel("ERROR")  # which remarks that much is compiled
    with contextlib.redirect_stderr(io.StringIO()):
        app([str(argument) for argument in arguments], standalone_mode=False)


# -------------------------------------------------------------------------------------------------------- pictures

DRAWINGS = tiny_drawings(3)


@_scenario("picture as .svg", name="a.svg")
@_scenario("picture as .png", name="a.png")
@_scenario("picture as .pdf", name="a.pdf")
def picture(place: Path, name: str) -> Scenario:
    from sketch_rnn_keras.pictures.grid import draw_sketches

    return Scenario(lambda folder: draw_sketches(DRAWINGS, folder / name))


@_scenario("animation as .svg", name="a.svg")
@_scenario("animation as .gif", name="a.gif")
def animation(place: Path, name: str) -> Scenario:
    from sketch_rnn_keras.pictures.animation import animate_drawing

    return Scenario(lambda folder: animate_drawing(DRAWINGS[0], folder / name, seconds=0.5))


@_scenario("drawings as .ndjson", name="drawings.ndjson")
def drawings(place: Path, name: str) -> Scenario:
    from sketch_rnn_keras.conversion import ndjson

    return Scenario(lambda folder: ndjson.write(folder / name, DRAWINGS, "cat"))


@_scenario("map of codes", name="a.svg")
def codes_map(place: Path, name: str) -> Scenario:
    from sketch_rnn_keras.pictures.atlas import draw_map

    return Scenario(lambda folder: draw_map(DRAWINGS, np.eye(3, 2), ["cat"] * 3, folder / name))


@_scenario("codes as .npz", name="codes.npz")
@_scenario("codes as .csv", name="codes.csv")
def codes(place: Path, name: str) -> Scenario:
    from sketch_rnn_keras.pictures.atlas import write_codes

    return Scenario(lambda folder: write_codes(folder / name, np.eye(3), ["cat"] * 3, np.eye(3, 2)))


@_scenario("curves of a sweep", name="tradeoff.svg")
def curves(place: Path, name: str) -> Scenario:
    from sketch_rnn_keras.training.curves import plot_tradeoff

    row = {"data": "cat", "L_R": 1.0, "L_KL": 0.5, "best step": 1}
    return Scenario(lambda folder: plot_tradeoff([row | {"variant": "a"}], folder / name))


@_scenario("web page", name="page.html")
def web_page(place: Path, name: str) -> Scenario:
    from sketch_rnn_keras.web.page import write_page

    model = tiny_model(end=-2.0, conditional=False)
    return Scenario(lambda folder: write_page({"tiny": model}, folder / name))


@_scenario("configuration")
def configuration(place: Path) -> Scenario:
    return Scenario(lambda folder: SHORT.save(folder / "config.json"))
