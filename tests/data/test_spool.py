"""Facts about the spool: what is on disk is gone on with, what is half written is not believed."""

import concurrent.futures
import contextlib
import json
import os
import pickle
import shutil
import threading

import numpy as np
import pytest
from support.data_files import make_drawings
from support.npz_archives import memory_below

from sketch_rnn_keras.data.chunks import NO_SPLIT, Chunk, make_chunk
from sketch_rnn_keras.data.spool import Spool
from sketch_rnn_keras.errors import Hindered, InputError

PLAN = {"files": [["a", 1, 2]]}


def some(seed: int, category: str = "cat", factor: float = 1) -> Chunk:
    drawings = make_drawings(seed, [3, 5, 9])
    if factor != 1:
        drawings = [drawing * np.float32(factor) for drawing in drawings]
    return make_chunk(drawings, [category, "owl", category], [NO_SPLIT] * 3, {"seed": seed})


class Interrupted(Exception):
    """Stands for whatever ends a process."""


def interrupted(path, *chunks: Chunk, by: Exception | None = None) -> None:
    """Spools these chunks and ends as an interrupted process does, or by another error."""
    error = by or Interrupted()
    with contextlib.suppress(type(error)), Spool(path, PLAN) as spool:
        for chunk in chunks:
            spool.add(chunk)
        raise error


def content(spool: Spool) -> tuple:
    return spool.rows().tobytes(), spool.drawings().tobytes(), spool.categories, spool.notes, spool.dtype.name


def expected(path, *chunks: Chunk) -> tuple:
    with Spool(path, PLAN) as spool:
        for chunk in chunks:
            spool.add(chunk)
        return content(spool)


def test_what_was_spooled_is_there_for_the_next_attempt(tmp_path):
    interrupted(tmp_path / "a", some(0), some(1, "dog"))
    with Spool(tmp_path / "a", PLAN) as spool:
        assert spool.done == 2
        assert spool.notes == [{"seed": 0}, {"seed": 1}]
        spool.add(some(2))
        assert content(spool) == expected(tmp_path / "b", some(0), some(1, "dog"), some(2))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["journal.jsonl", "int16.npy", "drawings.bin"])
@pytest.mark.parametrize("change", [-1, 1])
def test_a_part_of_a_chunk_is_not_believed(tmp_path, name, change):
    interrupted(tmp_path / "a", some(0), some(1))
    file = tmp_path / ".a.part" / "work" / name
    before = file.read_bytes()
    file.write_bytes(before[:change] if change < 0 else before + b"{")
    with Spool(tmp_path / "a", PLAN) as spool:
        assert spool.done == (2 if change > 0 else 1)
        if change < 0:
            spool.add(some(1))
        assert content(spool) == expected(tmp_path / "b", some(0), some(1))


@pytest.mark.parametrize("damage", [b"", b"not JSON", b"[]", b'{"files": []}'])
def test_another_plan_begins_anew(tmp_path, damage):
    interrupted(tmp_path / "a", some(0))
    (tmp_path / ".a.part" / "work" / "plan.json").write_bytes(damage)
    with Spool(tmp_path / "a", PLAN) as spool:
        assert (spool.done, len(spool.drawings()), len(spool.rows())) == (0, 0, 0)


def test_rows_become_float32_with_the_first_that_needs_it(tmp_path):
    chunks = [some(0), some(1, factor=0.5), some(2)]
    with Spool(tmp_path / "a", PLAN) as spool:
        for chunk in chunks:
            spool.add(chunk)
        np.testing.assert_array_equal(spool.rows(), np.concatenate([chunk.rows for chunk in chunks]))
        whole = content(spool)
    interrupted(tmp_path / "a", *chunks[:2])
    with Spool(tmp_path / "a", PLAN) as spool:
        spool.add(chunks[2])
        assert content(spool) == whole


def test_two_processes_do_not_make_the_same(tmp_path):
    with Spool(tmp_path / "a", PLAN), pytest.raises(InputError, match="another process is making it"):
        Spool(tmp_path / "a", PLAN)


def test_what_is_refused_leaves_nothing(tmp_path):
    with pytest.raises(InputError), Spool(tmp_path / "new" / "a", PLAN):
        raise InputError("no")
    assert list(tmp_path.iterdir()) == []


def test_another_process_that_is_at_it_can_be_waited_for(tmp_path):
    asked = []
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        with Spool(tmp_path / "a", PLAN) as first:
            waiting = threading.Event()
            other = pool.submit(Spool, tmp_path / "a", PLAN, lambda: (asked.append(1), waiting.set()))
            waiting.wait(60)
            first.add(some(0))
        with other.result(60) as second:
            assert (asked, second.done) == ([1], 0)
            second.add(some(1))
    assert list(tmp_path.iterdir()) == []


def test_the_lock_is_held_until_all_is_removed(tmp_path, monkeypatch):
    seen = []
    with Spool(tmp_path / "a", PLAN) as spool:
        remove = shutil.rmtree
        monkeypatch.setattr(shutil, "rmtree", lambda *a, **k: (seen.append(spool._lock.is_locked), remove(*a, **k)))
    assert seen
    assert all(seen)
    assert not spool._lock.is_locked


def test_what_the_system_hinders_stays(tmp_path):
    interrupted(tmp_path / "a", some(0), by=pickle.loads(pickle.dumps(Hindered("no memory"))))
    with Spool(tmp_path / "a", PLAN) as spool:
        assert spool.done == 1


def replace(path, rename):
    """Replaces a data set `path`, whose new one is what a fake `os.rename` makes of it."""
    with pytest.MonkeyPatch.context() as patch, Spool(path, PLAN) as spool:
        spool.set.mkdir()
        (spool.set / "new").touch()
        patch.setattr(os, "rename", rename)
        spool.put_in_place()


@pytest.fixture
def old(tmp_path):
    """A data set that is to be replaced, and what stands for `os.rename` and fails, as told, the second time."""
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "old").touch()
    rename, calls = os.rename, []

    def failing(error):
        def renamed(source, target):
            calls.append(target)
            if len(calls) == 2:
                raise error
            rename(source, target)

        return renamed

    return tmp_path / "a", failing


def test_a_data_set_is_replaced(old):
    replace(old[0], os.rename)
    assert [path.name for path in old[0].iterdir()] == ["new"]
    assert [path.name for path in old[0].parent.iterdir()] == ["a"]


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_a_data_set_that_cannot_be_replaced_is_kept(old, error):
    path, failing = old
    with pytest.raises(type(error)):
        replace(path, failing(error))
    assert [file.name for file in path.iterdir()] == ["old"]


def test_a_data_set_comes_back_after_a_process_that_was_killed_while_it_replaced_it(old):
    path, _ = old
    interrupted(path, some(0))
    path.rename(path.parent / ".a.part" / "before")
    interrupted(path, by=InputError("no"))
    assert [file.name for file in path.iterdir()] == ["old"]
    assert [file.name for file in path.parent.iterdir()] == ["a"]


def test_a_full_disk_leaves_what_was_spooled(tmp_path, monkeypatch):
    def full(path, _):
        raise OSError(28, "No space left on device", str(path))

    interrupted(tmp_path / "a", some(0))
    monkeypatch.setattr("sketch_rnn_keras.data.spool._append", full)
    with pytest.raises(InputError, match="No space left on device"), Spool(tmp_path / "a", PLAN) as spool:
        spool.add(some(1))
    monkeypatch.undo()
    with Spool(tmp_path / "a", PLAN) as spool:
        assert spool.done == 1


def test_the_sums_are_those_of_the_clamped_offsets(tmp_path):
    drawing = np.int16([[3000, -5, 0], [7, -1200, 1]])
    chunk = make_chunk([drawing, drawing[:1]], ["a", "a"], [0, 1])
    offsets = [np.clip(one[:, :2].astype(int), -1000, 1000) for one in (drawing, drawing[:1])]
    assert chunk.drawings["total"].tolist() == [one.sum() for one in offsets]
    assert chunk.drawings["squares"].tolist() == [(one**2).sum() for one in offsets]
    assert json.dumps(chunk.notes) == "{}"


def test_a_journal_is_read_up_to_what_is_not_believed(tmp_path, monkeypatch):
    monkeypatch.setattr("sketch_rnn_keras.data.spool._MAX_PLAN", 2**16)  # Python makes room for as much as it may read
    interrupted(tmp_path / "a", some(0))
    journal = tmp_path / ".a.part" / "work" / "journal.jsonl"
    line = journal.read_bytes()
    with journal.open("ab") as file:
        for _ in range(100):
            file.write(line * 1000)
    assert journal.stat().st_size > 10_000_000
    with memory_below(2_000_000), Spool(tmp_path / "a", PLAN) as spool:
        assert spool.done == 1
        assert journal.read_bytes() == line


def flip(file):
    content = bytearray(file.read_bytes())
    content[1] ^= 1  # of the first chunk
    file.write_bytes(content)


def as_json(value):
    return lambda file: file.write_text(json.dumps(value) + "\n")


@pytest.mark.parametrize(
    ("name", "harm"),
    [
        ("drawings.bin", flip),
        ("journal.jsonl", flip),
        ("journal.jsonl", as_json(7)),
        ("journal.jsonl", as_json({"points": "1", "drawings": 2**70, "dtype": "O", "categories": 1, "notes": 1})),
        ("journal.jsonl", lambda file: file.write_text("[" * 100_000 + "\n")),
        ("plan.json", lambda file: file.write_text("{")),
        ("int16.npy", lambda file: (file.unlink(), file.mkdir())),
        ("drawings.bin", lambda file: (file.unlink(), os.mkfifo(file))),
    ],
)
def test_what_is_damaged_is_made_anew(tmp_path, name, harm):
    interrupted(tmp_path / "a", some(0), some(1))
    harm(tmp_path / ".a.part" / "work" / name)
    with Spool(tmp_path / "a", PLAN) as spool:
        assert spool.done == 0
        spool.add(some(0))
        assert content(spool) == expected(tmp_path / "b", some(0))
