"""Facts about names of many data sets at once: groups of categories, packed once, and lists in files."""

import concurrent.futures
import os
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from support.data_files import assert_same, make_drawings, write_data

from sketch_rnn_keras.data import packing, quickdraw
from sketch_rnn_keras.data.catalog import expand, resolve
from sketch_rnn_keras.data.datasets import load_dataset
from sketch_rnn_keras.data.folders import is_folder
from sketch_rnn_keras.data.npz import SPLITS
from sketch_rnn_keras.errors import InputError


@pytest.fixture
def here(tmp_path, monkeypatch) -> Path:
    """A folder where the test runs, with three categories in `data`, and a group of them."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(quickdraw.GROUPS, "pets", ("cat", "dog", "mouse"))
    Path("data").mkdir()
    for k, name in enumerate(("cat", "dog", "mouse")):
        write_data(Path(f"data/{name}.npz"), train=make_drawings(k, [4, 6 + k, 0]), valid=make_drawings(9, [k + 1]))
    return tmp_path


# ---------------------------------------------------------------------------------------------------------- groups


def test_groups_are_of_categories_and_all_is_all():
    assert len(quickdraw.GROUPS["all"]) == 345
    assert {"all", "animals", "body", "food", "instruments", "vehicles"} == set(quickdraw.GROUPS)
    for members in quickdraw.GROUPS.values():
        assert set(members) <= set(quickdraw.CATEGORIES)
        assert len(set(members)) == len(members)


def test_a_group_is_its_categories_joined(here):
    packed, joined = load_dataset("quickdraw:pets"), load_dataset(["cat", "dog", "mouse"])
    assert packed.scale_factor == joined.scale_factor
    assert packed.categories == joined.categories == ("cat", "dog", "mouse")
    for split in SPLITS:
        ours, theirs = getattr(packed, split), getattr(joined, split)
        assert_same(list(ours), list(theirs))
        np.testing.assert_array_equal(ours.categories, theirs.categories)
    assert packed.train.categories.tolist() == [0, 0, 1, 1, 2, 2]
    assert [source["name"] for source in packed.sources] == ["quickdraw:pets"]


def test_a_group_is_packed_once_and_has_a_plain_name_then(here, monkeypatch):
    folder = resolve("quickdraw:pets")
    assert is_folder(folder)
    monkeypatch.setattr(packing, "pack", None)
    monkeypatch.setattr(quickdraw, "download_categories", None)
    assert resolve("quickdraw:pets") == resolve("quickdraw_pets") == folder == Path("data/quickdraw_pets")


def test_a_packing_that_is_interrupted_goes_on(here, monkeypatch):
    files = [Path(f"data/{name}.npz") for name in ("cat", "dog", "mouse")]
    packing.pack(files, "whole", processes=1)
    read, asked = packing.read_file, []

    def interrupted(path: Path):
        asked.append(path.stem)
        if asked == ["cat", "dog"]:
            raise KeyboardInterrupt
        return read(path)

    monkeypatch.setattr(packing, "read_file", interrupted)
    with pytest.raises(KeyboardInterrupt):
        packing.pack(files, "a", processes=1)
    assert not Path("a").exists()
    packing.pack(files, "a", processes=1)
    assert asked == ["cat", "dog", "dog", "mouse"]
    for file in Path("whole").iterdir():
        assert Path("a", file.name).read_bytes() == file.read_bytes()


def test_two_that_ask_for_a_group_at_once_get_what_the_first_has_packed(here, monkeypatch, capsys):
    files = [Path(f"data/{name}.npz") for name in ("cat", "dog", "mouse")]
    packing.pack(files, "whole", processes=1)
    read, asked, sleep = packing.read_file, [], time.sleep
    is_begun, is_waited_for = threading.Event(), threading.Event()

    def slowly(path: Path):
        asked.append(path.stem)
        is_begun.set()
        assert is_waited_for.wait(60)
        return read(path)

    monkeypatch.setattr(packing, "read_file", slowly)
    monkeypatch.setattr(packing, "count_processes", lambda _: 1)
    monkeypatch.setattr("sketch_rnn_keras.data.spool.time.sleep", lambda time: (is_waited_for.set(), sleep(time)))
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        first = pool.submit(resolve, "quickdraw:pets")
        assert is_begun.wait(60)
        second = pool.submit(resolve, "quickdraw:pets")
        assert first.result(60) == second.result(60) == Path("data/quickdraw_pets")
    assert asked == ["cat", "dog", "mouse"]
    assert "another process is packing data/quickdraw_pets; waiting for it" in capsys.readouterr().err
    for file in Path("whole").iterdir():
        assert Path("data/quickdraw_pets", file.name).read_bytes() == file.read_bytes()
    assert not list(Path("data").glob(".*"))


def test_a_group_that_was_packed_in_the_meantime_is_taken(here):
    packing.pack([Path("data/cat.npz")], "a", processes=1)
    before = {file: file.read_bytes() for file in Path("a").iterdir()}
    assert packing.pack([Path("data/cat.npz"), Path("data/dog.npz")], "a", processes=1) == Path("a")
    assert {file: file.read_bytes() for file in Path("a").iterdir()} == before


def test_a_category_can_be_said_to_be_one_of_quickdraw(here):
    assert resolve("quickdraw:cat") == resolve("cat") == Path("data/cat.npz")


def test_the_group_of_a_category_is_that_category():
    assert quickdraw.group("cat") == ("cat",)
    assert quickdraw.group("body") == quickdraw.GROUPS["body"]


def test_an_unknown_group_is_told_what_is_near(here):
    with pytest.raises(InputError, match="groups and Quick, Draw! categories, received 'animal'; near: animals"):
        resolve("quickdraw:animal")


def test_a_broken_file_of_a_group_is_named_and_nothing_is_left(here):
    Path("data/dog.npz").write_bytes(b"PK")
    with pytest.raises(InputError, match=r"dog\.npz: expected an intact \.npz archive"):
        load_dataset("quickdraw:pets")
    assert not list(Path("data").glob("quickdraw*"))


def test_a_folder_in_the_data_folder_has_a_plain_name(here):
    packing.pack([Path("data/cat.npz")], "data/mine", processes=1)
    assert resolve("mine") == Path("data/mine")
    with pytest.raises(InputError, match=r"holds cat\.npz, dog\.npz, mine, mouse\.npz"):
        resolve("mime")


# ----------------------------------------------------------------------------------------------------------- lists


def test_names_in_a_file_are_those_names(here):
    Path("pets.txt").write_text("\ufeff# what we have\ncat\n\n  data/dog.npz \n#mouse\ndoodles:owl:3\n")
    names = ["cat", "data/dog.npz", "doodles:owl:3"]
    assert expand("@pets.txt") == expand("pets.txt") == names
    listed, given = load_dataset("@pets.txt"), load_dataset(names)
    assert listed.sources == given.sources
    assert listed.categories == ("cat", "dog", "owl")
    assert_same(list(listed.train), list(given.train))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"# nothing\n\n", "expected names of data sets, one to a line, received none"),
        (b"cat\n@more.txt\n", "one to a line, received the list '@more.txt'"),
        (b"cat\nmore.TXT\n", "received the list 'more.TXT'"),
        (b"\xff\xfe\x00", "in UTF-8, one to a line; this is no text"),
        (b"cat\n" * 2**19, "expected a list of at most"),
        (b"shep\n", "no data set 'shep'"),
    ],
)
def test_a_file_that_is_no_list_is_refused(here, content, message):
    Path("a.txt").write_bytes(content)
    with pytest.raises(InputError, match=message):
        load_dataset("@a.txt")


def test_a_list_that_is_missing_is_refused(here):
    with pytest.raises(InputError, match=r"none\.txt: expected a file of names of data sets, but No such file"):
        load_dataset("@none.txt")


@pytest.mark.parametrize("name", ["@" + "x" * 300, "x" * 5000 + ".txt", "@a\0"])
def test_a_list_of_a_name_that_no_file_can_have_is_refused(here, name):
    with pytest.raises(InputError, match=r"expected a file of names of data sets, but "):
        load_dataset(name)


def test_a_list_that_is_a_pipe_is_not_waited_for(here):
    os.mkfifo("names.txt")
    for name in ("@names.txt", "names.txt"):
        with pytest.raises(InputError, match=r"names\.txt: expected a file of names of data sets, received a pipe"):
            load_dataset(name)


def test_the_command_takes_groups_and_lists(here, command):
    Path("pets.txt").write_text("cat\ndog\n")
    for name, total in (("quickdraw:pets", "6"), ("@pets.txt", "4")):
        status, out, _ = command("info", name)
        assert status == 0
        assert f"train         {total}" in out


def test_what_is_verified_has_the_names_of_data_sets(here, command):
    packing.pack([Path("data/cat.npz")], "data/mine", processes=1)
    Path("all.txt").write_text("mine\nquickdraw:pets\n")
    for name, folders in (("mine", 1), ("data/mine", 1), ("quickdraw:pets", 1), ("all.txt", 2)):
        status, _, err = command("info", name, "--verify")
        assert status == 0
        assert err.count("whole  data/") == 10 * folders
    for name in ("cat", "data/cat.npz", "doodles:cat"):
        status, out, err = command("info", name, "--verify")
        assert (status, out) == (2, "")
        assert f"--verify: expected a folder that sketch-rnn convert has made, received {name}" in err
