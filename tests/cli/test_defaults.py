"""One set of defaults: what a command does when nothing is said is what its function in Python does."""

import inspect

import pytest
from typer.models import ArgumentInfo, OptionInfo

from sketch_rnn_keras import cli, complete, interpolate, sample
from sketch_rnn_keras.conversion import convert
from sketch_rnn_keras.data.quickdraw import download_categories
from sketch_rnn_keras.interop.published import download_models
from sketch_rnn_keras.pictures.animation import animate_drawing, animate_sequence
from sketch_rnn_keras.pictures.contact_sheet import contact_sheet
from sketch_rnn_keras.pictures.grid import draw_sketches

PAIRS = [
    (cli.sample.sample, sample),
    (cli.sample.sample, draw_sketches),
    (cli.latent_space.interpolate, interpolate),
    (cli.latent_space.complete, complete),
    (cli.figures.animate, animate_drawing),
    (cli.figures.animate, animate_sequence),
    (cli.data.convert, convert),
    (cli.data.info, contact_sheet),
    (cli.fetch.download, download_categories),
    (cli.fetch.download_model, download_models),
]
# A function gives as many as it is asked for, a command fills a page; a switch turns the numbers of a page on.
DIFFERENT = {(sample, "count"), (complete, "count"), (draw_sketches, "labels")}


def defaults(function):
    """The defaults of a function by name, those of a command as its function receives them."""
    found = {name: one.default for name, one in inspect.signature(function).parameters.items()}
    assert not any(isinstance(default, OptionInfo | ArgumentInfo) for default in found.values())
    return {name: default for name, default in found.items() if default is not inspect.Parameter.empty}


@pytest.mark.parametrize(("command", "function"), PAIRS, ids=lambda one: f"{one.__module__}.{one.__name__}")
def test_a_command_and_its_function_have_the_same_defaults(command, function):
    of_command, of_function = defaults(command), defaults(function)
    common = {name for name in of_command.keys() & of_function.keys() if (function, name) not in DIFFERENT}
    assert common
    stated = {name: of_command[name] for name in common if of_command[name] is not None}  # None: the function's own
    assert {name: str(default) for name, default in stated.items()} == {name: str(of_function[name]) for name in stated}


def test_sketches_are_drawn_and_finished_at_one_temperature():
    commands = (cli.sample.sample, cli.latent_space.complete, sample, complete)
    assert {defaults(one)["temperature"] for one in commands} == {0.4}


def test_ways_through_the_latent_space_are_drawn_at_one_temperature():
    commands = (cli.latent_space.interpolate, cli.latent_space.analogy, cli.figures.animate, interpolate)
    assert {defaults(one)["temperature"] for one in commands} == {0.1}
