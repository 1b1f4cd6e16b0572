"""Facts about `sketch-rnn info` of a data set: it describes, and draws a sheet where one is asked for."""

from pathlib import Path
from xml.etree import ElementTree

import pytest

SHEET = ("info", "doodles:cat:30", "--contact-sheet", "new/a.svg", "--count", 6, "--columns", 3)


def title_of(path):
    return next(ElementTree.parse(path).iter("{http://www.w3.org/2000/svg}text")).text


def test_the_sheet_that_is_asked_for_is_drawn(command):
    status, out, err = command(*SHEET, "--split", "valid", "--seed", 5)
    assert status == 0
    assert "scale factor" in out
    assert "6 drawings" in err
    assert title_of("new/a.svg") == "doodles:cat:30, valid: 6 of 100"


def test_a_picture_that_exists_is_kept_unless_it_may_be_overwritten(command):
    Path("new").mkdir()
    Path("new/a.svg").write_text("mine")
    status, out, err = command(*SHEET)
    assert (status, out) == (2, "")
    assert "--overwrite" in err
    assert Path("new/a.svg").read_text() == "mine"
    assert command(*SHEET, "--overwrite")[0] == 0
    assert title_of("new/a.svg") == "doodles:cat:30, train: 6 of 30"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["doodles:cat:30", "--count", 5], "--count is for the picture"),
        (["doodles:cat:30", "--overwrite"], "--overwrite is for the picture"),
        (["doodles:cat:30", "--contact-sheet", "a.gif"], r"ending in one of .svg, .png, .pdf"),
        (["doodles:cat:30", "--contact-sheet", "a.svg", "--split", "tset"], "received 'tset'"),
        (["run.keras", "--contact-sheet", "a.svg"], "run.keras is a model or a config"),
        (["config.json", "--contact-sheet", "a.svg"], "config.json is a model or a config"),
    ],
)
def test_options_that_make_no_sense_are_refused(command, arguments, message):
    status, out, err = command("info", *arguments)
    assert (status, out) == (2, "")
    assert message in err
    assert list(Path().iterdir()) == []
