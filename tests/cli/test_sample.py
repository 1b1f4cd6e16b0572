"""`sketch-rnn sample`: a picture for a model, the same for a seed, and nothing replaced unasked."""

import itertools
import json
import shutil
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from support import paths
from support.pictures import texts

from sketch_rnn_keras import load_dataset, load_model, sampling
from sketch_rnn_keras import sample as draw
from sketch_rnn_keras.conversion import convert
from sketch_rnn_keras.strokes import from_polylines

CHECKPOINT = paths.GOLDEN / "ckpt" / "vae_lstm"


@pytest.fixture
def sample(command, saved):
    """Runs `sketch-rnn sample` with a tiny model and returns what is said."""

    def run(output, *arguments, model=saved):
        status, out, err = command("sample", "--model", model, "--output", output, *arguments)
        assert (status, out) == (0, ""), err
        return err

    return run


def test_an_svg_is_written(sample):
    assert "wrote  a.svg: 3 sketches at temperature 0.4, seed 0" in sample("a.svg", "--count", 3)
    assert ElementTree.parse("a.svg").getroot().tag.endswith("svg")


def test_a_png_is_written_into_new_folders(sample):
    sample("new/folder/a.png", "--count", 3)
    assert Path("new/folder/a.png").read_bytes().startswith(b"\x89PNG")


def test_sketches_are_numbered_if_asked(sample):
    sample("a.svg", "--count", 3, "--labels")
    assert texts(Path("a.svg")) == ["0", "1", "2"]


def test_drawings_are_written_for_convert_and_are_those_of_the_picture(sample, saved):
    assert "wrote  some.ndjson: 5 sketches" in sample("some.ndjson", "--count", 5, "--seed", 3)
    lines = [json.loads(line) for line in Path("some.ndjson").read_text().splitlines()]
    drawn = draw(load_model(saved), 5, seed=3)
    assert {line["word"] for line in lines} == {"some"}
    for line, sketch in zip(lines, drawn, strict=True):
        polylines = [np.array(stroke).T for stroke in line["drawing"]]
        np.testing.assert_allclose(from_polylines(polylines)[:, :2], sketch[:, :2], rtol=1e-5, atol=1e-4)
    convert("some.ndjson", "some.npz", as_is=True, splits=(1, 0, 0))
    assert [len(one) for one in load_dataset("some.npz").train] == [len(one) for one in drawn]


def test_what_is_for_pictures_is_refused_for_drawings(refused, saved):
    assert "leave them out" in refused("sample", "--model", saved, "--output", "a.ndjson", "--labels")
    assert not Path("a.ndjson").exists()


@pytest.mark.parametrize("name", ["a.svg", "a.ndjson"])
def test_an_interruption_leaves_nothing(command, saved, monkeypatch, name):
    whole = sampling.sample_points

    def interrupted(model, z, *arguments, **options):
        if next(calls):
            raise KeyboardInterrupt
        return whole(model, z, *arguments, **options)

    calls = itertools.count()
    monkeypatch.setattr(sampling, "sample_points", interrupted)
    status, _, _ = command("sample", "--model", saved, "--output", name, "--count", 300)
    assert status == 130
    assert next(calls) == 2  # not at the beginning
    assert list(Path.cwd().iterdir()) == []


def test_a_run_directory_draws(sample, trained_run):
    assert "2 sketches" in sample("a.svg", "--count", 2, model=trained_run.whole)


def test_a_run_that_was_never_validated_draws_from_its_checkpoint_and_that_is_said(sample, trained_run):
    shutil.copytree(trained_run.killed, "run", ignore=shutil.ignore_patterns("model.keras"))
    said = sample("a.svg", "--count", 2, model="run")
    assert "note   run: no validation has chosen a best model yet; this is the last checkpoint, of step 30" in said


def test_a_seed_repeats_to_the_byte(sample):
    for name, seed in (("a.svg", 7), ("b.svg", 7), ("c.svg", 8)):
        sample(name, "--count", 3, "--seed", seed)
    a, b, c = (Path(name).read_bytes() for name in ("a.svg", "b.svg", "c.svg"))
    assert a == b != c


def test_colour_is_spelt_either_way(sample):
    for name, style in (("a.svg", "colour=order"), ("b.svg", "color=order"), ("c.svg", "colour=ink")):
        sample(name, "--count", 1, "--style", style)
    a, b, c = (Path(name).read_bytes() for name in ("a.svg", "b.svg", "c.svg"))
    assert a == b != c


@pytest.mark.tensorflow
def test_a_checkpoint_draws_and_its_missing_scale_factor_is_noted(sample):
    said = sample("a.svg", "--count", 2, model=CHECKPOINT)
    assert "no scale factor is known: drawings are in the model's own units" in said


def test_a_file_that_is_there_is_kept_unless_asked(refused, sample, saved):
    Path("a.svg").write_text("mine")
    assert "--overwrite" in refused("sample", "--model", saved, "--output", "a.svg", "--count", 2)
    assert Path("a.svg").read_text() == "mine"
    sample("a.svg", "--count", 2, "--overwrite")
    assert Path("a.svg").read_text().startswith("<?xml")


# ------------------------------------------------------------------------------------------------------ refusals


@pytest.mark.parametrize("name", ["a.gif", "a", "a.svg.txt"])
def test_other_pictures_are_refused_before_the_model_is_looked_for(refused, name):
    message = refused("sample", "--model", "none", "--output", name)
    assert "expected a file name ending in one of .svg, .png, .pdf" in message


@pytest.mark.parametrize("options", [("--temperature", "-1"), ("--temperature", "nan"), ("--temperature-law", "x")])
def test_an_impossible_temperature_is_refused_and_nothing_written(refused, saved, options):
    assert "temperature" in refused("sample", "--model", saved, "--output", "a.svg", *options)
    assert not Path("a.svg").exists()


@pytest.mark.parametrize("option", ["--count", "--seed", "--max-points", "--columns"])
def test_a_number_below_its_least_is_refused(command, option):
    status, _, err = command("sample", "--model", "none", "--output", "a.svg", option, "-1")
    assert status == 2
    assert option in err


def test_a_run_that_has_not_saved_a_model_says_so(refused):
    Path("begun").mkdir()
    Path("begun/config.json").write_text("{}")
    assert "has not saved a model yet" in refused("sample", "--model", "begun", "--output", "a.svg")
