"""Facts about names of data sets: which file or which built-in drawings a name stands for."""

from pathlib import Path

import pytest
from support.data_files import assert_same, make_drawings, write_data

from sketch_rnn_keras.conversion.inputs import READERS
from sketch_rnn_keras.data import doodles
from sketch_rnn_keras.data.catalog import DRAWING_SUFFIXES, Doodles, digest_named, read_named, resolve
from sketch_rnn_keras.data.datasets import load_dataset
from sketch_rnn_keras.data.npz import MAX_DRAWINGS
from sketch_rnn_keras.errors import InputError

# ---------------------------------------------------------------------------------------------------------- files


@pytest.fixture
def here(tmp_path, monkeypatch) -> Path:
    """An empty folder with an empty folder `data`, where the test runs."""
    monkeypatch.chdir(tmp_path)
    Path("data").mkdir()
    return tmp_path


def test_a_plain_name_is_a_file_of_the_data_folder(here):
    for name in ("mine", "cat"):
        path = write_data(Path("data") / f"{name}.npz")
        assert resolve(name) == resolve(f"{name}.npz") == path


def test_the_data_folder_can_be_another(here):
    Path("elsewhere").mkdir()
    write_data(Path("data/cat.npz"))
    path = write_data(Path("elsewhere/cat.npz"))
    assert resolve("cat", "elsewhere") == resolve("elsewhere/cat.npz") == path


def test_a_file_named_with_its_suffix_comes_before_one_of_the_data_folder(here):
    stored, own = write_data(Path("data/cat.npz")), write_data(Path("cat.npz"))
    assert resolve("cat.npz") == own
    assert resolve("cat") == stored


def test_a_folder_of_the_name_does_not_stand_in_the_way(here):
    Path("cat").mkdir()
    path = write_data(Path("data/cat.npz"))
    assert resolve("cat") == path


@pytest.mark.parametrize(
    ("name", "what", "output"),
    [
        ("mine/", "a folder", "mine.npz"),
        ("mine", "a folder", "mine.npz"),
        ("cat/", "a folder", "cat.npz"),  # not the category
        ("mine/a.ndjson", "drawings as .ndjson", "a.npz"),
        ("b.SVG", "drawings as .SVG", "b.npz"),
    ],
)
def test_drawings_that_are_no_data_file_are_to_be_converted(here, name, what, output):
    for folder in ("mine", "cat"):
        Path(folder).mkdir()
    for file in ("mine/a.ndjson", "b.SVG"):
        Path(file).touch()
    with pytest.raises(InputError) as caught:
        resolve(name)
    assert str(caught.value) == (
        f"{Path(name)}: expected an .npz file, received {what}; convert it first: "
        f"conversion.convert({str(Path(name))!r}, {output!r})"
    )


def test_what_is_to_be_converted_is_what_can_be():
    assert set(DRAWING_SUFFIXES) == READERS.keys() - {".npz", "manifest.json"}


@pytest.mark.parametrize("name", ["shep", "shep.npz"])
def test_an_unknown_plain_name_is_told_what_there_is(tmp_path, name):
    for stem in ("sheep2", "zebra2"):
        write_data(tmp_path / f"{stem}.npz")
    with pytest.raises(InputError) as caught:
        resolve(name, tmp_path)
    message = str(caught.value)
    assert f"no data set {name!r}" in message
    assert "holds sheep2.npz, zebra2.npz; did you mean sheep2.npz?" in message
    assert "categories of a similar name: sheep" in message
    assert "doodles:cat" in message


def test_a_missing_file_in_an_empty_folder_or_in_none(tmp_path):
    with pytest.raises(InputError, match=r"holds no \.npz files"):
        resolve(tmp_path / "a.npz")
    with pytest.raises(InputError, match="there is no folder"):
        resolve(tmp_path / "none" / "a.npz")


def test_a_missing_file_among_many_is_told_twenty_of_them(tmp_path):
    for index in range(25):
        (tmp_path / f"file{index:02}.npz").touch()
    with pytest.raises(InputError, match=r"file00\.npz, .*file19\.npz and 5 more; did you mean file07\.npz"):
        resolve(tmp_path / "fil07.npz")


@pytest.mark.parametrize(
    "name", ["x" * 300, "x" * 5000 + ".npz", "a/" + "x" * 300, "x" * 300 + ".ndjson", "a\0b", "a\0/b"], ids=range(6)
)
def test_a_name_that_no_file_can_have_is_refused_as_a_missing_file_is(here, name):
    with pytest.raises(InputError, match=r"no data (file|set) "):
        resolve(name)


def test_a_missing_name_of_any_length_is_told_in_a_short_sentence(here):
    write_data(Path("data/sheep.npz"))
    with pytest.raises(InputError) as caught:
        resolve("x" * 5000)
    assert len(str(caught.value)) < 500


def test_splits_that_are_not_asked_for_are_not_read(tmp_path):
    path = write_data(tmp_path / "a.npz", valid=make_drawings(1, [4]))
    assert_same(read_named(path, ["valid"])["valid"], make_drawings(1, [4]))
    assert read_named(path, ["valid"]).keys() == {"valid"}


# ------------------------------------------------------------------------------------------------- built-in drawings


def test_built_in_drawings_have_a_subject_and_a_count():
    assert resolve("doodles:cat") == Doodles("cat", 2000)
    assert resolve("doodles:flying saucer:12") == resolve("doodles:flying_saucer:12") == Doodles("flying_saucer", 12)


def test_built_in_drawings_are_those_of_seed_0():
    data = load_dataset(["doodles:owl:5"])
    assert (len(data.train), len(data.valid), len(data.test)) == (5, 100, 100)
    expected = doodles.make_splits("owl", (5, 0, 0), 0)["train"]
    assert_same(list(data.train), [drawing.astype("float32") for drawing in expected])


def test_of_built_in_drawings_only_the_splits_asked_for_are_made(monkeypatch):
    asked, make = [], doodles.make_splits
    monkeypatch.setattr(doodles, "make_splits", lambda *arguments: asked.append(arguments[1]) or make(*arguments))
    assert len(read_named(Doodles("owl", 7), ["train"])["train"]) == 7
    assert asked == [[7, 0, 0]]


def test_the_sha256_of_built_in_drawings_is_that_of_their_content():
    sources = [Doodles("owl", count) for count in (5, 5, 6)]
    digests = [digest_named(source, read_named(source, ["train"])) for source in sources]
    assert digests[0] == digests[1] != digests[2]


@pytest.mark.parametrize(
    "name",
    [
        *("doodles:dog", "doodles:", "doodles:cat:0", "doodles:cat:-1", "doodles:cat:2:3"),
        *("doodles:cat:1048577", "doodles:cat:999999999", "doodles:cat:" + "0" * 5000, "doodles:" + "c" * 5000),
    ],
    ids=lambda name: name[:24],
)
def test_bad_built_in_drawings_are_refused(name):
    with pytest.raises(InputError, match="doodles:SUBJECT:COUNT with a subject of cat, flying_saucer, owl") as caught:
        resolve(name)
    assert "a count from 1 to 1048576" in str(caught.value)
    assert len(str(caught.value)) < 500


def test_built_in_drawings_are_as_many_as_a_file_can_hold():
    assert resolve("doodles:cat:1048576") == Doodles("cat", MAX_DRAWINGS)
    assert resolve("doodles:cat:" + "0" * 5000 + "7") == Doodles("cat", 7)
