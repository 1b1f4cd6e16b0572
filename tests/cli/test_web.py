"""`sketch-rnn web`: a page of any models, the presets by default, and nothing replaced unasked."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from support.tiny import tiny_model


def documents(path):
    found = re.findall(r'<script type="application/json" class="model">(.*)</script>', Path(path).read_text("utf-8"))
    return [json.loads(text) for text in found]


def names(path):
    return [each["name"] for each in documents(path)]


def test_without_a_model_the_page_has_those_that_ship(command):
    status, out, err = command("web", "--output", "page.html")
    assert (status, out) == (0, "")
    assert names("page.html") == ["doodles", "doodles-decoder", "omniglot"]
    assert all(each["title"] and each["examples"] for each in documents("page.html"))
    size = Path("page.html").stat().st_size / 1e6
    assert f"wrote  page.html: {size:.1f} MB, with doodles, doodles-decoder, omniglot\n" in err
    assert f"open   it by a double click, or as {Path('page.html').resolve().as_uri()}\n" in err


def test_models_of_every_kind_come_in_the_order_that_they_are_named(command, models, trained_run):
    tiny_model().save("vae.keras")
    given = (models / "vae.keras", trained_run.whole, "doodles-decoder", "vae.keras")
    status, _, err = command("web", *given, "-o", "new folder/page.html")
    assert status == 0, err
    expected = ["vae", trained_run.whole.name, "doodles-decoder", "vae 2"]
    assert names("new folder/page.html") == expected
    assert f"with {', '.join(expected)}\n" in err
    assert "new%20folder/page.html" in err


def test_a_checkpoint_without_a_scale_factor_is_noted(command):
    tiny_model(scale_factor=None).save("raw.keras")
    status, _, err = command("web", "raw.keras", "-o", "page.html")
    assert status == 0
    assert "note   raw.keras: no scale factor is known" in err


def test_float32_keeps_the_weights(command, models):
    for arguments, name in (((), "half.html"), (("--float32",), "whole.html")):
        assert command("web", models / "gen.keras", *arguments, "-o", name)[0] == 0
    [half], [whole] = documents("half.html"), documents("whole.html")
    assert (half["dtype"], whole["dtype"]) == ("float16", "float32")
    assert len(whole["weights"]) > 1.9 * len(half["weights"])


def test_a_page_that_is_there_is_kept_unless_asked(command, refused, models):
    Path("page.html").write_text("mine")
    assert "page.html exists already" in refused("web", models / "gen.keras", "-o", "page.html")
    assert Path("page.html").read_text() == "mine"
    assert command("web", models / "gen.keras", "-o", "page.html", "--overwrite")[0] == 0
    assert names("page.html") == ["gen"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("-o", "page.svg"), "page.svg: expected a file name ending in .html, received '.svg'"),
        (("doodle", "-o", "page.html"), "did you mean doodles?"),
        (("doodles", "nothing.keras", "-o", "page.html"), "nothing.keras: expected what holds a model"),
        (("-o", "/proc/page.html"), "choose another"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_a_bad_request_ends_in_one_sentence_and_writes_nothing(refused, arguments, message):
    assert message in refused("web", *arguments)
    assert not Path("page.html").exists()


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (1e6, "some weights are too large for float16; keep float32 (--float32)"),
        (np.nan, "expected finite weights"),
    ],
)
def test_weights_that_cannot_travel_are_refused(refused, value, message):
    model = tiny_model()
    model.output_head.bias.assign(model.output_head.bias.numpy() + value)
    model.save("big.keras")
    assert f"big: output_head.bias: {message}" in refused("web", "big.keras", "-o", "page.html")
    assert not Path("page.html").exists()
